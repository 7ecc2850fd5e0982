# SPDX-License-Identifier: MIT OR Apache-2.0
# The library, floor by floor. A folder's objects are compiled once and go into libairt.so and libairt.a alike. Unit
# tests of floors 0 and 1 link only their own floor and those below (airt_floor_0, airt_floor_1), so that an upward call
# does not link.
set(AIRT_FOLDERS_0 base)
set(AIRT_FOLDERS_1 port sim)
set(AIRT_FOLDERS_4 core)
set(AIRT_FOLDERS_5 supervise broker observe os wasm node testkit)

set(objects "")
foreach(floor 0 1 4 5)
    foreach(folder ${AIRT_FOLDERS_${floor}})
        file(GLOB sources CONFIGURE_DEPENDS src/${folder}/*.c)
        list(FILTER sources EXCLUDE REGEX "_test\\.c$")
        file(GLOB assembly CONFIGURE_DEPENDS src/${folder}/*_${AIRT_ARCH}.S)
        if(sources OR assembly)
            add_library(airt_${folder} OBJECT ${sources} ${assembly})
            target_include_directories(airt_${folder} PRIVATE include src)
            target_compile_definitions(airt_${folder} PRIVATE AIRI_BUILDING $<$<EQUAL:${floor},5>:AIRI_FLAT>)
            target_link_libraries(airt_${folder} PRIVATE Threads::Threads)
            airt_own(airt_${folder})
            list(APPEND objects $<TARGET_OBJECTS:airt_${folder}>)
        endif()
    endforeach()
    if(floor EQUAL 1 AND objects)
        add_library(airt_floor_1 STATIC EXCLUDE_FROM_ALL ${objects})
        set_target_properties(airt_floor_1 PROPERTIES LINKER_LANGUAGE C)
        target_include_directories(airt_floor_1 PUBLIC include src)
        target_link_libraries(airt_floor_1 PUBLIC Threads::Threads)
    endif()
endforeach()

# One object, whose code is a section of its own: see cmake/text.ld. Sanitizers keep books of sections that a partial link
# would upset, and faults are not contained there.
set(whole ${objects})
if(NOT AIRT_SANITIZE AND NOT AIRT_FUZZ)
    set(whole ${PROJECT_BINARY_DIR}/airt_whole.o)
    separate_arguments(given NATIVE_COMMAND "${CMAKE_C_FLAGS}")
    if(CMAKE_C_COMPILER_TARGET)
        list(APPEND given --target=${CMAKE_C_COMPILER_TARGET})
    endif()
    add_custom_command(OUTPUT ${whole}
        COMMAND ${CMAKE_C_COMPILER} ${given} -r -nostdlib -Wl,-T,${PROJECT_SOURCE_DIR}/cmake/text.ld -o ${whole} ${objects}
        DEPENDS ${objects} ${PROJECT_SOURCE_DIR}/cmake/text.ld
        COMMENT "Joining the library's objects" COMMAND_EXPAND_LISTS VERBATIM)
    set_source_files_properties(${whole} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
    add_custom_target(airt_whole DEPENDS ${whole})
endif()
add_library(airt SHARED ${whole})
add_library(airt_static STATIC ${whole})
if(TARGET airt_whole)
    add_dependencies(airt airt_whole)
    add_dependencies(airt_static airt_whole)
    # For unit tests that stand in for a file of the library: only the files that are needed are linked.
    add_library(airt_parts STATIC EXCLUDE_FROM_ALL ${objects})
    set_target_properties(airt_parts PROPERTIES LINKER_LANGUAGE C)
    target_include_directories(airt_parts PUBLIC include)
    target_link_libraries(airt_parts PUBLIC Threads::Threads)
    target_link_options(airt PRIVATE -static-libgcc) # the unwinder; nothing but libc is needed at run time
endif()
add_library(airt::airt ALIAS airt)
add_library(airt::airt_static ALIAS airt_static)
foreach(target airt airt_static)
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C)
    target_include_directories(${target} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    airt_lend(${target})
endforeach()
target_link_libraries(airt PRIVATE Threads::Threads)
target_link_libraries(airt_static PUBLIC Threads::Threads)
set_target_properties(airt_static PROPERTIES OUTPUT_NAME airt)
airt_own(airt)

# The soname is the ABI's number: programs built against an older header of the same number go on working. While the
# major version is 0, a minor one may break them.
set(AIRT_ABI ${PROJECT_VERSION_MAJOR})
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(AIRT_ABI 0.${PROJECT_VERSION_MINOR})
endif()
configure_file(cmake/airt.map.in airt.map @ONLY)
set_target_properties(airt PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${AIRT_ABI}
    LINK_DEPENDS ${PROJECT_BINARY_DIR}/airt.map)
target_link_options(airt PRIVATE LINKER:--version-script=${PROJECT_BINARY_DIR}/airt.map)
if(NOT AIRT_INSTRUMENT)
    target_link_options(airt PRIVATE LINKER:-z,defs)
endif()

# The lock checker: stands before libc's locks, as sanitizers do, and is linked or preloaded into programs that link
# with either library. It calls the runtime only if there is one.
if(NOT AIRT_SANITIZE)
    add_library(airt_lockcheck SHARED src/lockcheck/lockcheck.c)
    set_target_properties(airt_lockcheck PROPERTIES OUTPUT_NAME airt-lockcheck)
    target_include_directories(airt_lockcheck PRIVATE include)
    target_link_libraries(airt_lockcheck PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
    airt_own(airt_lockcheck)
    target_compile_options(airt_lockcheck PRIVATE -Wno-address)
endif()

# A file that includes upward fails the build.
if(PROJECT_IS_TOP_LEVEL)
    file(GLOB_RECURSE all_sources CONFIGURE_DEPENDS src/*.c src/*.h include/*.h)
    set(stamp ${PROJECT_BINARY_DIR}/floors.stamp)
    add_custom_command(OUTPUT ${stamp}
        COMMAND ${PROJECT_SOURCE_DIR}/tools/floors.sh
        COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
        DEPENDS ${all_sources} ${PROJECT_SOURCE_DIR}/src/floors.txt ${PROJECT_SOURCE_DIR}/tools/floors.sh
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
        COMMENT "Checking floors" VERBATIM)
    add_custom_target(floors ALL DEPENDS ${stamp})
endif()
