#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Every public header alone, and twice, in C11, C17 and C++17, with every pair of a C compiler and its C++ sister; also
# the consumers and every macro in C++, with our headers as the user's own and as a system's:
# test/headers/run.sh C-COMPILER...
set -uo pipefail
cd "$(dirname "$0")/../.."
strict="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-definition -Wstrict-prototypes -Werror"
strict_cxx="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
status=0
count=0
[ $# -gt 0 ] || set -- cc

try() { # try NAME COMMAND...: the source comes from the standard input or is named
    local name=$1
    shift
    count=$((count + 1))
    "$@" -o /dev/null || { echo "headers: $name does not compile"; status=1; }
}

sister() { # the C++ compiler that belongs to a C one
    case $(basename "$1") in
    *clang*) echo "${1/clang/clang++}" ;;
    *gcc*) echo "${1/gcc/g++}" ;;
    *) echo "${1%cc}c++" ;;
    esac
}

macros() { # the public ones that C++ COMPILER sees
    "$1" -std=c++17 -Iinclude -x c++ -E -dM - <<<'#include <airt/airt.h>' |
        sed -n 's/^#define \(\(AIRT\|airt\)_[A-Za-z0-9_]*\).*/\1/p' | grep -v '^AIRT_[A-Z]*_H$'
}

for compiler in "$@"; do
    cxx=$(sister "$compiler")
    command -v "$cxx" >/dev/null || { echo "headers: no $cxx: C++ left out"; cxx=; }
    for header in include/airt/*.h; do
        name=airt/$(basename "$header")
        text=$(printf '#include <%s>\n#include <%s>\nextern int alone;\nint alone;\n' "$name" "$name")
        # shellcheck disable=SC2086
        for standard in c11 c17; do
            try "$name ($compiler, $standard)" "$compiler" -std=$standard $strict -Iinclude -x c -c - <<<"$text"
        done
        # shellcheck disable=SC2086
        [ -z "$cxx" ] || try "$name ($cxx)" "$cxx" -std=c++17 $strict_cxx -Iinclude -x c++ -c - <<<"$text"
    done
    for how in -I -isystem; do
        # shellcheck disable=SC2086
        for standard in c11 c17; do
            try "consumer.c ($compiler, $standard, $how)" "$compiler" -std=$standard $strict $how include -c test/consumer/consumer.c
        done
        # shellcheck disable=SC2086
        [ -z "$cxx" ] || for source in test/consumer/consumer.cpp test/headers/macros.cpp; do
            try "${source##*/} ($cxx, $how)" "$cxx" -std=c++17 $strict_cxx $how include -c "$source"
        done
    done
    [ -z "$cxx" ] || for macro in $(macros "$cxx"); do
        grep -qw "$macro" test/headers/macros.cpp || { echo "headers: macros.cpp does not use $macro ($cxx)"; status=1; }
    done
done
echo "headers: $count compilations"
exit $status
