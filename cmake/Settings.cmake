# How every target of this project is compiled: C++20, all warnings are errors, hardened; sanitizers by preset.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(TOUCHSTONE_SANITIZE "" CACHE STRING "Sanitizers to build with, e.g. address,undefined or thread")
set(TOUCHSTONE_SANITIZE_NOT "" CACHE STRING "Checks of these sanitizers to leave out")

find_program(CCACHE ccache)
if(CCACHE)
  # Paths below the tree count as relative, so that another clone of it finds what this one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

add_library(touchstone_settings INTERFACE)
target_include_directories(touchstone_settings INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(touchstone_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wimplicit-fallthrough -Wformat=2 -Werror
  -fstack-protector-strong -fstack-clash-protection -fcf-protection
  # g++ 12 sees overlapping copies in plain string concatenation (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  # libstdc++ 12's std::stable_sort calls what it has itself marked as deprecated, and clang tells whoever sorts.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>
  # What only a bug can break is asserted in release builds too.
  -UNDEBUG)
target_link_options(touchstone_settings INTERFACE -Wl,-z,relro,-z,now -pie)

if(TOUCHSTONE_SANITIZE)
  target_compile_options(touchstone_settings INTERFACE
    -fsanitize=${TOUCHSTONE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
  if(TOUCHSTONE_SANITIZE_NOT)
    target_compile_options(touchstone_settings INTERFACE -fno-sanitize=${TOUCHSTONE_SANITIZE_NOT})
  endif()
  target_link_options(touchstone_settings INTERFACE -fsanitize=${TOUCHSTONE_SANITIZE})
else()
  target_compile_definitions(touchstone_settings INTERFACE
    $<$<CONFIG:Release>:_FORTIFY_SOURCE=2> _GLIBCXX_ASSERTIONS)
endif()

# touchstone_layer(NAME SOURCES... [LIBRARIES...]): the library of one layer of the house.
function(touchstone_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC touchstone_settings ${ARG_LIBRARIES})
endfunction()

# touchstone_allocator(PROGRAM): jemalloc instead of glibc's malloc, which takes a fifth off the CPU an event costs and
# gives back what a burst has left behind. Sanitizers bring an allocator of their own.
function(touchstone_allocator program)
  if(NOT TOUCHSTONE_SANITIZE)
    target_link_libraries(${program} PRIVATE -Wl,--no-as-needed PkgConfig::jemalloc -Wl,--as-needed)
  endif()
endfunction()

# touchstone_test(NAME SOURCES... LIBRARIES... [LABELS...]): a GoogleTest program, one ctest entry a program.
function(touchstone_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES} ${TOUCHSTONE_TEST_SOURCES})
  target_link_libraries(${name} PRIVATE touchstone_settings ${ARG_LIBRARIES} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE TOUCHSTONE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  # A guard against hanging only; nothing measures time here.
  set_tests_properties(${name} PROPERTIES TIMEOUT 900 LABELS "${ARG_LABELS}")
endfunction()
