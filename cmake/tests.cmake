# SPDX-License-Identifier: MIT OR Apache-2.0
# Every test is found by its name; there is no list to forget.
#
#   src/<folder>/x_test.c            unit        one cmocka executable a file; base, port and sim link no higher floor
#   test/{scenario,stress,oom}_x.c   scenario... one executable a file; SEEDS and the like pass through the environment
#                                    scenarios run once more as oom.oom_x, with allocations refused
#   test/fuzz_x.c                    fuzz        with libFuzzer in the fuzz preset, else driven by cmake/fuzz_main.c
#   test/*.c otherwise               (support)   a library all of the above link; test/ is on their include path
#   test/relacy/x.cpp                model       and once for each n of its `// mutants: 1 2 3`, which must be refuted
#   test/spin/x.pml                  model       and once for each of its `/* mutants: A B */`, which must be refuted
#   test/outside/x.c                 outside     a program that test/outside/x.py DIRECTORY SOURCE looks at, alone
#   test/mutants.sh                  mutants     mutants.sh COMPILER DIRECTORY: the random programs find planted bugs
#   test/nocompile/run.sh            nocompile   run.sh COMPILER...
#   test/headers/run.sh              headers     run.sh COMPILER...
#   test/headers/macros.cpp          headers     every public macro in C++17, as a program
#   include/airt/*.h                 headers     each compiled alone, twice in a file, as C11, C17 and C++17
#   test/abi/run.sh                  package     run.sh LIBRARY COMPILER...: programs with frozen headers
#   README.md, ARCHITECTURE.md, docs docs        tools/doc_blocks.py, with each compiler
#   tools/                           house       floors.sh and tidy.sh
#
# Exit status 77 is a skip. Time limits are in seconds and times AIRT_TIMEOUT_SCALE.
find_package(Python3 COMPONENTS Interpreter REQUIRED)
find_library(CMOCKA_LIBRARY cmocka)
if(CMOCKA_LIBRARY)
    find_path(CMOCKA_INCLUDE cmocka.h REQUIRED)
elseif(CMAKE_CROSSCOMPILING)
    # Debian has no cross-built cmocka; a stand-in for the part of it that the tests use.
    set(CMOCKA_INCLUDE ${PROJECT_SOURCE_DIR}/cmake/cmocka_small)
    add_library(airt_cmocka_small STATIC cmake/cmocka_small/cmocka_small.c)
    airt_own(airt_cmocka_small)
    set(CMOCKA_LIBRARY airt_cmocka_small)
else()
    message(FATAL_ERROR "the tests need cmocka: scripts/deps.sh check, or configure with -DAIRT_TESTS=OFF")
endif()

function(airt_limit name seconds label)
    math(EXPR limit "${seconds} * ${AIRT_TIMEOUT_SCALE}")
    set_tests_properties(${name} PROPERTIES TIMEOUT ${limit} LABELS ${label} SKIP_RETURN_CODE 77)
endfunction()

# --- unit tests and whole-system tests -------------------------------------------------------------------------------

file(GLOB whole CONFIGURE_DEPENDS test/*.c)
if(NOT TARGET airt_lockcheck)
    list(FILTER whole EXCLUDE REGEX "/stress_lockcheck\\.c$")
endif()
set(support ${whole})
list(FILTER whole INCLUDE REGEX "/(scenario|stress|oom|fuzz)_[^/]*\\.c$")
list(FILTER support EXCLUDE REGEX "/(scenario|stress|oom|fuzz)_[^/]*\\.c$")
if(support)
    add_library(airt_test_support STATIC ${support})
    target_include_directories(airt_test_support PUBLIC ${PROJECT_SOURCE_DIR}/test src)
    target_link_libraries(airt_test_support PUBLIC airt_static)
    airt_own(airt_test_support)
endif()

# airt_test(target library source...): one test executable.
function(airt_test_executable target library)
    add_executable(${target} ${ARGN})
    target_include_directories(${target} PRIVATE include src test ${CMOCKA_INCLUDE})
    # The command's parts are floor 6: for their own tests, by name.
    if(target MATCHES "flight")
        target_link_libraries(${target} PRIVATE airt_cli_parts)
    endif()
    if(target MATCHES "lockcheck")
        target_link_libraries(${target} PRIVATE airt_lockcheck)
    endif()
    target_link_libraries(${target} PRIVATE ${library} ${CMOCKA_LIBRARY} Threads::Threads ${CMAKE_DL_LIBS} m)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    airt_own(${target})
endfunction()

file(GLOB units CONFIGURE_DEPENDS src/*/*_test.c)
foreach(source ${units})
    cmake_path(GET source STEM name)
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(GET folder FILENAME folder)
    set(library airt_static)
    if(folder IN_LIST AIRT_FOLDERS_0 OR folder IN_LIST AIRT_FOLDERS_1)
        set(library airt_floor_1)
    endif()
    if(library STREQUAL "airt_static" AND TARGET airt_parts)
        set(library airt_parts)
    endif()
    airt_test_executable(${name} ${library} ${source})
    add_test(NAME unit.${folder}.${name} COMMAND ${name})
    airt_limit(unit.${folder}.${name} 60 unit)
endforeach()

foreach(source ${whole})
    cmake_path(GET source STEM name)
    string(REGEX MATCH "^[a-z]+" label ${name})
    set(sources ${source})
    if(label STREQUAL "fuzz")
        file(STRINGS ${source} entry REGEX "LLVMFuzzerTestOneInput")
        if(entry AND NOT AIRT_FUZZ)
            list(APPEND sources cmake/fuzz_main.c)
        endif()
    endif()
    set(library airt_static)
    if(support)
        set(library airt_test_support)
    endif()
    if(label STREQUAL "fuzz" AND TARGET airt_parts) # it stands in for a file of the library, as unit tests do
        set(library airt_parts)
    endif()
    airt_test_executable(${name} ${library} ${sources})
    if(label STREQUAL "fuzz" AND entry AND AIRT_FUZZ)
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
        add_test(NAME ${label}.${name} COMMAND ${name} -runs=20000 -max_total_time=60)
    else()
        add_test(NAME ${label}.${name} COMMAND ${name})
    endif()
    airt_limit(${label}.${name} 120 ${label})
endforeach()

# The bodies of the scenarios with allocations refused (test/sweep.h). Not swept: what parses its own words (order), what
# checks in helpers (local), makes a system of its own (misuse), may die for want of a stack (faults: it sweeps itself),
# allocates until it is refused (bound), or by the ten thousand (trim), is about a way that no message takes where memory
# may be refused (near), reads a file (flight), has a model that knows of no refusals (model), and the random programs,
# which oom_sweep has.
foreach(source ${whole})
    cmake_path(GET source STEM name)
    if(NOT name MATCHES "^scenario_" OR name MATCHES "_(order|local|misuse|bound|trim|near|flight|random|faults|model)$")
        continue()
    endif()
    string(REPLACE "scenario_" "oom_" name ${name})
    airt_test_executable(${name} airt_test_support ${source})
    target_compile_definitions(${name} PRIVATE SWEEP_SCENARIO)
    target_compile_options(${name} PRIVATE -include ${PROJECT_SOURCE_DIR}/test/sweep.h)
    add_test(NAME oom.${name} COMMAND ${name})
    airt_limit(oom.${name} 120 oom)
endforeach()

# --- models: relacy for the lock-free headers, spin for the protocols ------------------------------------------------

# Model checkers bring their own threads and interleavings; a sanitizer, counters, another compiler or processor add
# nothing but time.
if(NOT AIRT_INSTRUMENT AND NOT AIRT_HARD AND NOT CMAKE_CROSSCOMPILING AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    file(GLOB models CONFIGURE_DEPENDS test/relacy/*.cpp)
    if(models)
        enable_language(CXX)
        find_path(RELACY_INCLUDE relacy/relacy.hpp REQUIRED)
    endif()
    foreach(source ${models})
        cmake_path(GET source STEM name)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
        file(STRINGS ${source} mutants REGEX "^// mutants:")
        string(REGEX MATCHALL "[0-9]+" mutants "${mutants}")
        foreach(mutant "" ${mutants})
            set(target relacy_${name})
            if(mutant)
                string(APPEND target _mutant_${mutant})
            endif()
            add_executable(${target} ${source})
            target_include_directories(${target} PRIVATE include src test/relacy)
            target_include_directories(${target} SYSTEM PRIVATE ${RELACY_INCLUDE})
            target_compile_features(${target} PRIVATE cxx_std_17)
            target_compile_options(${target} PRIVATE -O2 -Wall -Wextra)
            target_link_libraries(${target} PRIVATE Threads::Threads)
            set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
            if(mutant)
                target_compile_definitions(${target} PRIVATE MUTANT=${mutant})
                add_test(NAME model.${target}
                    COMMAND ${PROJECT_SOURCE_DIR}/tools/refuted.sh $<TARGET_FILE:${target}>)
            else()
                add_test(NAME model.${target} COMMAND ${target})
            endif()
            airt_limit(model.${target} 120 model)
        endforeach()
    endforeach()

    file(GLOB models CONFIGURE_DEPENDS test/spin/*.pml)
    foreach(source ${models})
        cmake_path(GET source STEM name)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
        file(STRINGS ${source} mutants REGEX "^/\\* mutants:")
        string(REGEX REPLACE "^/\\* mutants:|\\*/.*$" "" mutants "${mutants}")
        string(REGEX MATCHALL "[A-Za-z0-9_]+" mutants "${mutants}")
        foreach(mutant "" ${mutants})
            set(test model.spin_${name})
            if(mutant)
                string(APPEND test _mutant_${mutant})
            endif()
            add_test(NAME ${test} COMMAND ${PROJECT_SOURCE_DIR}/tools/spin.sh ${source}
                ${PROJECT_BINARY_DIR}/spin/${test} ${mutant})
            airt_limit(${test} 120 model)
            set_tests_properties(${test} PROPERTIES ENVIRONMENT "CC=${CMAKE_C_COMPILER}")
        endforeach()
    endforeach()
endif()

# --- headers, documents, house, packaging: once, in the plain native build --------------------------------------------

if(AIRT_INSTRUMENT OR AIRT_HARD OR CMAKE_CROSSCOMPILING OR NOT PROJECT_IS_TOP_LEVEL)
    return()
endif()

enable_language(CXX)
file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include include/airt/*.h)
foreach(dialect c11 c17 cxx17)
    set(sources "")
    foreach(header ${headers})
        string(REGEX REPLACE "[/.]" "_" name ${header})
        if(dialect MATCHES "^cxx")
            set(file ${PROJECT_BINARY_DIR}/headers/${dialect}_${name}.cpp)
        else()
            set(file ${PROJECT_BINARY_DIR}/headers/${dialect}_${name}.c)
        endif()
        file(CONFIGURE OUTPUT ${file} CONTENT
            "#include <${header}>\n#include <${header}>\nextern int airt_header_alone;\nint airt_header_alone;\n")
        list(APPEND sources ${file})
    endforeach()
    add_library(headers_${dialect} OBJECT ${sources})
    target_include_directories(headers_${dialect} PRIVATE include)
    target_compile_options(headers_${dialect} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
    if(dialect MATCHES "^cxx")
        set_target_properties(headers_${dialect} PROPERTIES CXX_STANDARD 17 CXX_EXTENSIONS OFF)
    else()
        string(SUBSTRING ${dialect} 1 -1 standard)
        set_target_properties(headers_${dialect} PROPERTIES C_STANDARD ${standard} C_EXTENSIONS OFF)
    endif()
endforeach()

add_executable(headers_macros test/headers/macros.cpp)
target_link_libraries(headers_macros PRIVATE airt_static)
set_target_properties(headers_macros PROPERTIES CXX_STANDARD 17 CXX_EXTENSIONS OFF
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
add_test(NAME headers.macros COMMAND headers_macros)
airt_limit(headers.macros 60 headers)

set(compilers ${CMAKE_C_COMPILER})
find_program(OTHER_COMPILER NAMES clang clang-14)
if(OTHER_COMPILER AND NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
    list(APPEND compilers ${OTHER_COMPILER})
endif()
foreach(folder nocompile headers)
    if(EXISTS ${PROJECT_SOURCE_DIR}/test/${folder}/run.sh)
        add_test(NAME ${folder} COMMAND bash ${PROJECT_SOURCE_DIR}/test/${folder}/run.sh ${compilers}
            WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
        airt_limit(${folder} 300 ${folder})
    endif()
endforeach()

file(GLOB programs CONFIGURE_DEPENDS test/outside/*.c)
foreach(source ${programs})
    cmake_path(GET source STEM name)
    airt_test_executable(outside_${name} airt_static ${source})
    add_test(NAME outside.${name} COMMAND ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/test/outside/${name}.py
        ${PROJECT_BINARY_DIR}/tests ${PROJECT_SOURCE_DIR})
    airt_limit(outside.${name} 120 outside)
    set_tests_properties(outside.${name} PROPERTIES RUN_SERIAL ON)
endforeach()

add_test(NAME mutants COMMAND bash ${PROJECT_SOURCE_DIR}/test/mutants.sh ${CMAKE_C_COMPILER} ${PROJECT_BINARY_DIR}/mutants)
airt_limit(mutants 240 mutants)
add_test(NAME docs COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/doc_blocks.py --cc ${CMAKE_C_COMPILER}
    --cxx ${CMAKE_CXX_COMPILER} --library $<TARGET_FILE:airt> --work ${PROJECT_BINARY_DIR}/docs WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
airt_limit(docs 300 docs)
if(OTHER_COMPILER AND NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
    string(REGEX REPLACE "clang([^/]*)$" "clang++\\1" other_cxx ${OTHER_COMPILER})
    add_test(NAME docs.clang COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/doc_blocks.py
        --cc ${OTHER_COMPILER} --cxx ${other_cxx} --library $<TARGET_FILE:airt> --work ${PROJECT_BINARY_DIR}/docs-clang
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    airt_limit(docs.clang 300 docs)
endif()
add_test(NAME abi COMMAND ${PROJECT_SOURCE_DIR}/test/abi/run.sh $<TARGET_FILE:airt> ${compilers}
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
airt_limit(abi 120 package)
add_test(NAME house.floors COMMAND ${PROJECT_SOURCE_DIR}/tools/floors.sh WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
airt_limit(house.floors 60 house)
add_test(NAME house.floors_sees COMMAND ${PROJECT_SOURCE_DIR}/tools/floors.sh --self-test
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
airt_limit(house.floors_sees 60 house)
add_test(NAME house.tidy COMMAND ${PROJECT_SOURCE_DIR}/tools/tidy.sh WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
airt_limit(house.tidy 120 house)
add_test(NAME house.tidy_sees COMMAND ${PROJECT_SOURCE_DIR}/tools/tidy.sh --self-test
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
airt_limit(house.tidy_sees 120 house)
add_test(NAME house.runner_sees COMMAND ${PROJECT_SOURCE_DIR}/scripts/check.sh --self-test
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
airt_limit(house.runner_sees 60 house)
if(AIRT_INSTALL AND EXISTS ${PROJECT_SOURCE_DIR}/test/install/run.sh)
    add_test(NAME package COMMAND ${PROJECT_SOURCE_DIR}/test/install/run.sh ${PROJECT_BINARY_DIR}
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    airt_limit(package 300 package)
    set_tests_properties(package PROPERTIES ENVIRONMENT
        "CC=${CMAKE_C_COMPILER};CXX=${CMAKE_CXX_COMPILER}")
endif()
