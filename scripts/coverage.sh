#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Which lines of src/ no test executes. Fails under COVERAGE_MIN (95) percent. The list is printed; the sources with their
# counts are in build/coverage/html/index.html.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh coverage
find build/coverage -name '*.gcda' -delete
# A failing test is the check's business; here it only means fewer lines.
ctest --test-dir build/coverage --no-tests=error -j "$(nproc)" >build/coverage/ctest.log 2>&1 ||
    echo "some tests failed (build/coverage/ctest.log): the figures are too low"
mkdir -p build/coverage/html
gcovr --root . --filter 'src/' --exclude '.*_test\.c$' --exclude-unreachable-branches \
    --gcov-ignore-parse-errors --print-summary --txt build/coverage/coverage.txt \
    --html-details build/coverage/html/index.html --fail-under-line "${COVERAGE_MIN:-95}" build/coverage >build/coverage/summary.txt 2>build/coverage/gcovr.log && status=0 || status=$?
cat build/coverage/coverage.txt build/coverage/summary.txt
if [ "$status" -ne 0 ]; then
    tail -n 5 build/coverage/gcovr.log
    echo "coverage: under ${COVERAGE_MIN:-95} percent of lines (or gcovr failed): the Missing column says which"
fi
exit "$status"
