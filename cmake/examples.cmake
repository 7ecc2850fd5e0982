# SPDX-License-Identifier: MIT OR Apache-2.0
# examples/x.c is the executable example-x; examples/x/ is the executable x. They link the shared library as a user's
# program does. With examples/x.expected beside it, a test compares what it prints when run in examples/ with the
# arguments in examples/x.args, if there is such a file. test/x/run.py, given the program, tests a folder's.
function(airt_example name base)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
    target_link_libraries(${name} PRIVATE airt Threads::Threads)
    airt_own(${name})
    if(AIRT_TESTS AND EXISTS ${base}.expected)
        set(arguments "")
        if(EXISTS ${base}.args)
            file(STRINGS ${base}.args arguments)
            separate_arguments(arguments UNIX_COMMAND "${arguments}")
        endif()
        add_test(NAME example.${name}
            COMMAND ${PROJECT_SOURCE_DIR}/tools/expect.sh ${base}.expected ${CMAKE_CROSSCOMPILING_EMULATOR}
                $<TARGET_FILE:${name}> ${arguments}
            WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/examples)
        airt_limit(example.${name} 60 example)
    endif()
endfunction()

file(GLOB singles CONFIGURE_DEPENDS examples/*.c)
foreach(source ${singles})
    cmake_path(GET source STEM name)
    add_executable(example-${name} ${source})
    airt_example(example-${name} ${PROJECT_SOURCE_DIR}/examples/${name})
endforeach()

file(GLOB entries CONFIGURE_DEPENDS LIST_DIRECTORIES true examples/*)
foreach(folder ${entries})
    if(IS_DIRECTORY ${folder})
        file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.c)
        if(sources)
            cmake_path(GET folder FILENAME name)
            add_executable(${name} ${sources})
            set_target_properties(${name} PROPERTIES ENABLE_EXPORTS ON) # names in lists of return addresses
            target_include_directories(${name} PRIVATE ${folder})
            airt_example(${name} ${folder})
            if(AIRT_TESTS AND EXISTS ${PROJECT_SOURCE_DIR}/test/${name}/run.py)
                add_test(NAME example.${name} COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/test/${name}/run.py
                    ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:${name}>)
                airt_limit(example.${name} 300 example)
            endif()
        endif()
    endif()
endforeach()
