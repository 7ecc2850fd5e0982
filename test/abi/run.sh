#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# A program compiled with the frozen headers of this ABI runs with the library as it is now, and what such a program has
# compiled in still holds: test/abi/run.sh LIBRARY COMPILER...
#
# test/abi/<abi>/airt is a copy of include/airt as the first release of that ABI has it. Until then, and with a new
# soname, whoever changes a layout copies anew and says so: test/abi/run.sh --freeze
set -euo pipefail
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^#define AIRT_VERSION_STRING "\(.*\)"/\1/p' include/airt/base.h)
abi=${version%%.*}
[ "$abi" != 0 ] || abi=${version%.*}
frozen=test/abi/$abi

if [ "${1:-}" = --freeze ]; then
    mkdir -p "$frozen/airt"
    cp include/airt/*.h "$frozen/airt/"
    exit
fi
[ -f "$frozen/airt/airt.h" ] || { echo "abi: no frozen headers of $abi: test/abi/run.sh --freeze"; exit 1; }
library=$(realpath "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() { # build NAME INCLUDE SOURCE [FLAG...]: by $compiler, against the library
    local name=$1 include=$2
    shift 2
    "$compiler" -std=c17 -Wall -Wextra -I"$include" "$@" -o "$work/$name" "$library" \
        -Wl,-rpath,"$(dirname "$library")" -pthread
}

# Every line of the first is a line of the second.
holds() {
    ! LC_ALL=C comm -23 <(LC_ALL=C sort "$1") <(LC_ALL=C sort "$2") | grep .
}

for compiler in "$@"; do
    build program "$frozen" "$frozen/program.c"
    "$work/program" || { echo "abi: a program of $abi fails with the library of today ($compiler)"; exit 1; }
    build consumer "$frozen" test/consumer/consumer.c
    "$work/consumer" >"$work/said" || { cat "$work/said"; echo "abi: consumer.c fails ($compiler)"; exit 1; }
    build then "$frozen" "$frozen/layouts.c"
    build now include "$frozen/layouts.c"
    "$work/then" >"$work/then.txt"
    "$work/now" >"$work/now.txt"
    holds "$work/then.txt" "$work/now.txt" || { echo "abi: the lines above do not hold any more ($compiler)"; exit 1; }
done

# Does it see? A field in the middle moves what is behind it; an enumerator in the middle too.
mkdir -p "$work/planted/airt"
for edit in 's/^    uint32_t      ttl_ms;   /    uint32_t      planted;\n&/' 's/^    X(AIRT_EFULL,/    X(AIRT_EPLANTED, "planted", 0) \\\n&/'; do
    cp include/airt/*.h "$work/planted/airt/"
    sed -i "$edit" "$work/planted/airt/"*.h
    # The static assertions see it first; here the comparison is asked.
    build breach "$work/planted" "$frozen/layouts.c" '-D_Static_assert(cond,text)=struct airi_ignored' 2>"$work/said" ||
        { cat "$work/said"; echo "abi: the planted breach does not compile"; exit 1; }
    "$work/breach" >"$work/breach.txt"
    if holds "$work/then.txt" "$work/breach.txt" >/dev/null; then
        echo "abi: a planted breach is not seen: $edit"
        exit 1
    fi
done
echo "abi: $abi, $(wc -l <"$work/then.txt") facts hold"
