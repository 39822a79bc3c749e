# The live page: TypeScript made into three files by Vite, in the build directory, and these made into a source of the
# exporters. npm runs only where package-lock.json changed, when the build is configured; Vite only where the page changed.
# Where npm cannot fetch, the program is built without the page, and says so.
option(TOUCHSTONE_PAGE "Build the live page into the program; wants Node 18 or newer with npm" ON)
if(TOUCHSTONE_SANITIZE)
  set(TOUCHSTONE_PAGE OFF)  # it has nothing to gain there
endif()

set(page_source ${CMAKE_SOURCE_DIR}/exporters/page)
set(page_build ${CMAKE_BINARY_DIR}/page)
set(page_openapi ${CMAKE_SOURCE_DIR}/exporters/schema/openapi.json)
set(TOUCHSTONE_PAGE_FILES ${CMAKE_BINARY_DIR}/generated/page_files.cc)

if(TOUCHSTONE_PAGE)
  find_program(TOUCHSTONE_NPM npm)
  if(NOT TOUCHSTONE_NPM)
    message(FATAL_ERROR "npm is missing, which builds the live page: deploy/setup installs it, -DTOUCHSTONE_PAGE=OFF builds without the page")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page_source}/package-lock.json)
  set(page_stamp ${page_build}/node_modules/.stamp)
  if(NOT EXISTS ${page_stamp} OR ${page_source}/package-lock.json IS_NEWER_THAN ${page_stamp})
    message(STATUS "fetching what builds the live page")
    file(COPY ${page_source}/package.json ${page_source}/package-lock.json DESTINATION ${page_build})
    # Nothing of these packages is run while they are installed.
    execute_process(COMMAND ${TOUCHSTONE_NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
      WORKING_DIRECTORY ${page_build} RESULT_VARIABLE npm_failed OUTPUT_QUIET ERROR_VARIABLE npm_said)
    if(npm_failed)
      message(WARNING "this build goes without the live page, because npm cannot fetch what builds it:\n${npm_said}")
      set(TOUCHSTONE_PAGE OFF)
    else()
      file(TOUCH ${page_stamp})
    endif()
  endif()
endif()

if(TOUCHSTONE_PAGE)
  file(GLOB page_sources CONFIGURE_DEPENDS ${page_source}/src/* ${page_source}/public/*)
  list(APPEND page_sources ${page_source}/index.html ${page_source}/vite.config.ts ${page_source}/tsconfig.json)
  add_custom_command(OUTPUT ${TOUCHSTONE_PAGE_FILES}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${page_build}/src ${page_build}/dist
    COMMAND ${CMAKE_COMMAND} -E copy_directory ${page_source}/src ${page_build}/src
    COMMAND ${CMAKE_COMMAND} -E copy_directory ${page_source}/public ${page_build}/public
    COMMAND ${CMAKE_COMMAND} -E copy
      ${page_source}/index.html ${page_source}/vite.config.ts ${page_source}/tsconfig.json ${page_build}
    COMMAND ${TOUCHSTONE_NPM} run --silent build
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${TOUCHSTONE_PAGE_FILES}
      "-DFILES=${page_build}/dist/index.html;${page_build}/dist/page.js;${page_build}/dist/page.css;${page_build}/dist/icon.svg;${page_openapi}" -P ${CMAKE_SOURCE_DIR}/cmake/EmbedFiles.cmake
    DEPENDS ${page_sources} ${page_stamp} ${page_openapi} ${CMAKE_SOURCE_DIR}/cmake/EmbedFiles.cmake
    WORKING_DIRECTORY ${page_build}
    COMMENT "Building the page" VERBATIM)
else()
  file(WRITE ${page_build}/index.html
    "<!doctype html><html lang=\"en\"><title>Touchstone</title><p>This program was built without the live page. The same figures are at <a href=\"api/v1/map\">api/v1/map</a>.</p></html>\n")
  add_custom_command(OUTPUT ${TOUCHSTONE_PAGE_FILES}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${TOUCHSTONE_PAGE_FILES} "-DFILES=${page_build}/index.html;${page_openapi}"
      -P ${CMAKE_SOURCE_DIR}/cmake/EmbedFiles.cmake
    DEPENDS ${page_openapi} ${CMAKE_SOURCE_DIR}/cmake/EmbedFiles.cmake VERBATIM)
endif()
