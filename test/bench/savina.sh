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

# simulate SEED WORKERS [OPTION...]: prints the histories.
simulate() {
    local seed=$1 workers=$2 output
    shift 2
    output=$("$bench" savina --small --json --workers "$workers" --simulated "$seed" "$@") || return 1
    python3 -c "$check" "$folder" <<<"$output"
}

# Of two runs airt-bench itself compares the histories.
first=$(simulate 1 3 --repeats 2) || fail "seed 1, 3 workers"
second=$(simulate 2 3) || fail "seed 2, 3 workers"
for one in $first; do
    case " $second " in
    *" $one "*) fail "seeds 1 and 2 have one history: $one" ;;
    esac
done
for workers in 1 2 4; do
    simulate $((workers + 2)) "$workers" >/dev/null || fail "seed $((workers + 2)), $workers workers"
done

[ "$failures" -eq 0 ]
