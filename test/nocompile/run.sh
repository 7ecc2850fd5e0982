#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Programs that must not compile: test/nocompile/run.sh COMPILER...
# Every x.c of this folder but control.c, with no flag but the standard. Its first line says what the first error must
# match: /* expect: extended regular expression */. A line /* only: clang */ is for what only that compiler can see.
# VERBOSE=1 prints each message.
set -uo pipefail
cd "$(dirname "$0")"
flags="-std=c17 -I../../include"
strict="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
status=0
[ $# -gt 0 ] || set -- cc

bad() {
    echo "nocompile: $*"
    status=1
}

for compiler in "$@"; do
    name=$(basename "$compiler")
    for standard in c11 c17; do
        # shellcheck disable=SC2086
        "$compiler" $flags $strict -std=$standard -c control.c -o /dev/null || bad "$name: control.c must compile as $standard"
    done
    count=0
    for source in *.c; do
        [ "$source" != control.c ] || continue
        expected=$(sed -n '1s|^/\* expect: \(.*\) \*/$|\1|p' "$source")
        [ -n "$expected" ] || { bad "$source: no /* expect: ... */ in its first line"; continue; }
        only=$(sed -n 's|^/\* only: \(.*\) \*/$|\1|p' "$source")
        if [ -n "$only" ] && ! "$compiler" --version | grep -q "$only"; then
            continue
        fi
        # shellcheck disable=SC2086
        if output=$(LC_ALL=C "$compiler" $flags -c "$source" -o /dev/null 2>&1); then
            bad "$name: $source compiles"
            continue
        fi
        first=$(grep -m 1 -E '(^|: )(fatal )?error: ' <<<"$output" | sed 's/^.*error: //')
        grep -qE -- "$expected" <<<"$first" || bad "$name: $source: expected /$expected/, first error: $first"
        [ -z "${VERBOSE:-}" ] || echo "$name: $source: $first"
        count=$((count + 1))
    done
    echo "nocompile: $name refuses $count programs"
done
exit $status
