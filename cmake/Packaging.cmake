# What is installed where, and the Debian package made of it: cpack --config build/release/CPackConfig.cmake
include(GNUInstallDirs)
# Packing does not build: what is not there is an error.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

# gzip as Debian wants it: the smallest, and the same bytes each time.
find_program(GZIP_PROGRAM gzip)
function(touchstone_gzip source name destination)
  if(GZIP_PROGRAM)
    set(made ${CMAKE_BINARY_DIR}/package/${name}.gz)
    add_custom_command(OUTPUT ${made}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/package
      COMMAND ${GZIP_PROGRAM} -9nc ${source} > ${made}
      DEPENDS ${source} VERBATIM)
    add_custom_target(package_${name} ALL DEPENDS ${made})
    install(FILES ${made} DESTINATION ${destination})
  endif()
endfunction()

set(TOUCHSTONE_DOC ${CMAKE_INSTALL_DATADIR}/doc/touchstone)
install(TARGETS touchstone RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${CMAKE_SOURCE_DIR}/deploy/maps/retail.yaml ${CMAKE_SOURCE_DIR}/deploy/maps/saas.yaml
  ${CMAKE_SOURCE_DIR}/deploy/maps/restaurant.yaml DESTINATION ${CMAKE_INSTALL_DATADIR}/touchstone/maps)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/deploy/prometheus ${CMAKE_SOURCE_DIR}/deploy/grafana
  DESTINATION ${TOUCHSTONE_DOC}/examples PATTERN generate EXCLUDE)
install(FILES ${CMAKE_SOURCE_DIR}/deploy/touchstone.example.yaml DESTINATION ${TOUCHSTONE_DOC}/examples)
install(FILES ${CMAKE_SOURCE_DIR}/deploy/debian/copyright DESTINATION ${TOUCHSTONE_DOC})
install(FILES ${CMAKE_SOURCE_DIR}/deploy/completions/touchstone.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME touchstone)
install(FILES ${CMAKE_SOURCE_DIR}/deploy/completions/touchstone.zsh
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions RENAME _touchstone)
install(FILES ${CMAKE_SOURCE_DIR}/deploy/systemd/touchstone.service DESTINATION lib/systemd/system)
install(FILES ${CMAKE_SOURCE_DIR}/deploy/systemd/touchstone.sysusers DESTINATION lib/sysusers.d RENAME touchstone.conf)
touchstone_gzip(${CMAKE_SOURCE_DIR}/deploy/man/touchstone.1 touchstone.1 ${CMAKE_INSTALL_MANDIR}/man1)
touchstone_gzip(${CMAKE_SOURCE_DIR}/deploy/debian/changelog changelog ${TOUCHSTONE_DOC})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME touchstone)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The Touchstone maintainers <maintainers@touchstone.invalid>")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "kcat, prometheus, prometheus-alertmanager")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "real-time analytics for customer touchpoints")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Touchstone reads customer events from Kafka and finds for each its touchpoint,
segment and lifecycle stage by a map, the table with a column for each stage
and a row for each segment, made executable.
.
It writes interactions, transitions, conversions with their credit, and
rolling windows of satisfaction, customers and waiting to derived topics,
exactly once, and answers Prometheus.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/deploy/debian/postinst ${CMAKE_SOURCE_DIR}/deploy/debian/prerm ${CMAKE_SOURCE_DIR}/deploy/debian/postrm)
set(CPACK_OUTPUT_FILE_PREFIX ${CMAKE_BINARY_DIR}/package)
include(CPack)
