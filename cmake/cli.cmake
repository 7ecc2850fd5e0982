# SPDX-License-Identifier: MIT OR Apache-2.0
# The command airt, in the build folder's root. Its parts but main.c are a library too, for their tests. It carries
# libairt within itself: a post-mortem is read where the program lies that died, or elsewhere.
file(GLOB sources CONFIGURE_DEPENDS src/cli/*.c)
list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.c$")
add_library(airt_cli_parts STATIC ${sources})
target_include_directories(airt_cli_parts PUBLIC src)
target_link_libraries(airt_cli_parts PUBLIC airt_static)
airt_own(airt_cli_parts)
add_executable(airt_cli src/cli/main.c)
set_target_properties(airt_cli PROPERTIES OUTPUT_NAME airt RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
target_link_libraries(airt_cli PRIVATE airt_cli_parts Threads::Threads)
airt_own(airt_cli)
