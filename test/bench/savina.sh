#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# savina.sh AIRT_BENCH FOLDER: every workload of the folder runs small and validates, in the real world with 1, 2 and 4
# workers, and in simulated ones, where a seed is one history and another seed another.
set -u
bench=$1
folder=$2
failures=0

fail() {
    echo "savina.sh: $*" >&2
    failures=$((failures + 1))
}

# Of lines of JSON, an object each: every workload of the folder is there, and each has checked something. Prints the
# histories.
check='
import glob, json, os, sys
lines = [json.loads(line) for line in sys.stdin]
names = [line["name"] for line in lines]
for source in glob.glob(os.path.join(sys.argv[1], "*.c")):
    stem = os.path.basename(source)[:-2]
    if "const bench_workload" not in open(source).read():
        continue
    assert any(name.startswith(stem) for name in names), stem + " did not run"
for line in lines:
    assert line["check"] > 0, line
    assert line.get("min", 1) > 0, line
print(" ".join(line["name"] + "=" + line["history"] for line in lines if "history" in line))
'

for workers in 1 2 4; do
    output=$("$bench" savina --small --json --workers "$workers") || fail "a program failed with $workers workers"
    python3 -c "$check" "$folder" <<<"$output" >/dev/null || fail "output with $workers workers: $output"
done

# Two runs of each seed: airt-bench compares their histories.
histories=()
for seed in 1 2 3 4 5 6; do
    output=$("$bench" savina --small --json --repeats 2 --workers $((seed % 4 + 1)) --simulated "$seed") ||
        fail "a program failed in the simulated world of seed $seed"
    histories+=("$(python3 -c "$check" "$folder" <<<"$output")") || fail "output of seed $seed: $output"
done

# Seeds 2 and 6 have as many workers: their histories must differ, program for program.
for one in ${histories[1]}; do
    case " ${histories[5]} " in
    *" $one "*) fail "seeds 2 and 6 have one history: $one" ;;
    esac
done

[ "$failures" -eq 0 ]
