# SPDX-License-Identifier: MIT OR Apache-2.0
# bench/*.c and bench/savina/*.c are one executable, airt-bench in the build folder's root.
file(GLOB sources CONFIGURE_DEPENDS bench/*.c bench/savina/*.c)
if(sources)
    add_executable(airt-bench ${sources})
    set_target_properties(airt-bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
    target_include_directories(airt-bench PRIVATE bench)
    target_link_libraries(airt-bench PRIVATE airt_static Threads::Threads m)
    airt_own(airt-bench)
    if(AIRT_TESTS AND NOT CMAKE_CROSSCOMPILING)
        add_test(NAME bench COMMAND ${PROJECT_SOURCE_DIR}/test/bench/run.sh $<TARGET_FILE:airt-bench>)
        airt_limit(bench 120 bench)
        add_test(NAME bench.savina COMMAND ${PROJECT_SOURCE_DIR}/test/bench/savina.sh $<TARGET_FILE:airt-bench>
            ${PROJECT_SOURCE_DIR}/bench/savina)
        airt_limit(bench.savina 120 bench)
    endif()
    if(AIRT_TESTS AND NOT CMAKE_CROSSCOMPILING AND NOT AIRT_INSTRUMENT AND NOT AIRT_HARD)
        foreach(name instructions compare)
            add_test(NAME bench.${name} COMMAND ${Python3_EXECUTABLE} -B
                ${PROJECT_SOURCE_DIR}/test/bench/${name}_test.py $<TARGET_FILE:airt-bench>)
            airt_limit(bench.${name} 120 bench)
        endforeach()
    endif()
endif()
