#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the unit tests of the dev preset under valgrind: reads of uninitialised memory, which no sanitizer of gcc sees.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
status=0
for test in src/*/*_test.c; do
    program=build/dev/tests/$(basename "$test" .c)
    if [ ! -x "$program" ]; then
        echo "$program is not built"
        status=1
        continue
    fi
    if timeout 300 valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
        --fair-sched=yes "$program" >build/dev/valgrind.log 2>&1; then
        echo "$program clean"
    else
        echo "$program: exit status $?"
        grep -E '^==|error|FAILED' build/dev/valgrind.log | head -n 60
        status=1
    fi
done
exit $status
