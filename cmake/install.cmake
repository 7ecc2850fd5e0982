# SPDX-License-Identifier: MIT OR Apache-2.0
# What `make install` puts where: headers, the libraries, the command, the pkg-config file, the CMake package, gdb's printers,
# licences.
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/airt)

install(DIRECTORY include/airt TYPE INCLUDE FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(TARGETS airt airt_static EXPORT airt)
if(AIRT_CLI)
    install(TARGETS airt_cli)
endif()
if(TARGET airt_lockcheck)
    install(TARGETS airt_lockcheck)
endif()
install(EXPORT airt NAMESPACE airt:: FILE airtTargets.cmake DESTINATION ${package_folder})
configure_package_config_file(cmake/airtConfig.cmake.in airtConfig.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(airtConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/airtConfig.cmake ${PROJECT_BINARY_DIR}/airtConfigVersion.cmake
    DESTINATION ${package_folder})
install(FILES tools/gdb/airt_gdb.py DESTINATION ${CMAKE_INSTALL_DATADIR}/airt/gdb)
install(FILES LICENSE-MIT LICENSE-APACHE TYPE DOC)

# The pkg-config file finds its prefix from where it lies, so that a moved or staged tree works.
string(REGEX REPLACE "[^/]+" ".." up "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
string(REPLACE ";" " " AIRT_STACK_FLAGS_TEXT "${AIRT_STACK_FLAGS}")
set(AIRT_PC_PREFIX "\${pcfiledir}/${up}")
set(AIRT_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
set(AIRT_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
    set(AIRT_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
    set(AIRT_PC_LIBDIR "${CMAKE_INSTALL_FULL_LIBDIR}")
    set(AIRT_PC_INCLUDEDIR "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
endif()
configure_file(cmake/airt.pc.in airt.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/airt.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
