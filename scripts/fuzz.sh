#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# A libFuzzer campaign of FUZZ_SECONDS (60) for each test/fuzz_x.c of the fuzz preset. Seeds lie in test/corpus/fuzz_x/,
# new inputs and findings in build/fuzz/corpus/fuzz_x/. Stops at the first finding of each and fails at the end.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
found=0
status=0
for program in build/fuzz/tests/fuzz_*; do
    [ -x "$program" ] || continue
    name=$(basename "$program")
    grep -q LLVMFuzzerTestOneInput "test/$name.c" || continue
    found=1
    corpus=build/fuzz/corpus/$name
    mkdir -p "$corpus"
    seeds=()
    [ ! -d "test/corpus/$name" ] || seeds=("test/corpus/$name")
    echo "== $name for ${FUZZ_SECONDS:-60}s"
    "$program" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -print_final_stats=1 \
        -artifact_prefix="$corpus/found-" "$corpus" "${seeds[@]}" 2>&1 | tail -n 40
    [ "${PIPESTATUS[0]}" -eq 0 ] || status=1
done
[ $found -eq 1 ] || echo "no test/fuzz_*.c with LLVMFuzzerTestOneInput"
exit $status
