# SPDX-License-Identifier: MIT OR Apache-2.0
# airt_own(target): how our own code is compiled. airt_lend(target): what reaches those who link with the library.
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

if(NOT CMAKE_C_COMPILER_ID MATCHES "^(GNU|Clang)$")
    message(WARNING "airt is tested with gcc 12 and clang 14, not with ${CMAKE_C_COMPILER_ID}")
endif()

# Debug is optimised a little: stack use and speed stay near the real thing. Release keeps its debug information, which
# costs nothing at run time and gives back traces with names; `cmake --install --strip` drops it.
if(PROJECT_IS_TOP_LEVEL)
    set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
    set(CMAKE_C_FLAGS_RELEASE "-O2 -g -DNDEBUG")
    set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g")
    set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g -DNDEBUG")
endif()

set(AIRT_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla)

# Large frames must touch every page on the way down, or a stack overflow can jump over the guard. The library's own
# code and its users' code both need it. clang 14 knows the flag on x86 only.
set(AIRT_STACK_FLAGS "")
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" OR AIRT_ARCH STREQUAL "x86_64")
    set(AIRT_STACK_FLAGS -fstack-clash-protection)
endif()

set(AIRT_OWN_FLAGS
    -fno-omit-frame-pointer
    -fstack-protector-strong
    ${AIRT_STACK_FLAGS}
    -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
set(AIRT_OWN_LINK_FLAGS LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack LINKER:--as-needed)
if(AIRT_ARCH STREQUAL "x86_64")
    list(APPEND AIRT_OWN_FLAGS -fcf-protection)
endif()

# gcc would copy and clear what it knows to be small by string instructions, each of which takes some 8 ns to begin.
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND AIRT_ARCH STREQUAL "x86_64")
    list(APPEND AIRT_OWN_FLAGS -mmemcpy-strategy=vector_loop:512:noalign,libcall:-1:noalign
         -mmemset-strategy=vector_loop:512:noalign,libcall:-1:noalign)
endif()
if(AIRT_WERROR)
    list(APPEND AIRT_OWN_FLAGS -Werror)
endif()

set(AIRT_INSTRUMENT "")
if(AIRT_SANITIZE)
    list(APPEND AIRT_INSTRUMENT -fsanitize=${AIRT_SANITIZE} -fno-sanitize-recover=all)
endif()
if(AIRT_COVERAGE)
    list(APPEND AIRT_INSTRUMENT --coverage -fprofile-update=atomic)
endif()
if(AIRT_FUZZ)
    list(APPEND AIRT_INSTRUMENT -fsanitize=fuzzer-no-link)
endif()
if(NOT AIRT_SANITIZE)
    list(APPEND AIRT_OWN_FLAGS $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE>
         $<$<CONFIG:Release,RelWithDebInfo>:-D_FORTIFY_SOURCE=2>)
endif()

# POSIX and the usual Linux calls are visible; a file that needs more says #define _GNU_SOURCE in its first line.
function(airt_own target)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C,CXX>:${AIRT_WARNINGS}>
        $<$<COMPILE_LANGUAGE:C,CXX>:${AIRT_OWN_FLAGS}> $<$<COMPILE_LANGUAGE:C,CXX>:${AIRT_INSTRUMENT}>
        $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>)
    target_compile_definitions(${target} PRIVATE _DEFAULT_SOURCE)
    if(AIRT_SANITIZE OR AIRT_FUZZ)
        target_compile_definitions(${target} PRIVATE AIRI_NO_FAULTS=1)
    endif()
    if(AIRT_HARD)
        target_compile_definitions(${target} PRIVATE AIRI_HARD=1)
    endif()
    get_target_property(type ${target} TYPE)
    if(type MATCHES "EXECUTABLE|SHARED_LIBRARY")
        target_link_options(${target} PRIVATE ${AIRT_OWN_LINK_FLAGS} ${AIRT_INSTRUMENT})
    endif()
endfunction()

function(airt_lend target)
    target_compile_options(${target} INTERFACE
        $<$<COMPILE_LANG_AND_ID:C,GNU>:-fstack-clash-protection> $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fstack-clash-protection>)
    if(AIRT_ARCH STREQUAL "x86_64")
        target_compile_options(${target} INTERFACE $<$<COMPILE_LANG_AND_ID:C,Clang>:-fstack-clash-protection>
            $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-fstack-clash-protection>)
    endif()
endfunction()
