#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# run.sh AIRT_BENCH: every workload but those of Savina runs small, with one and two workers, and
# validates; wrong arguments say so.
set -u
bench=$1
failures=0

fail() {
    echo "run.sh: $*" >&2
    failures=$((failures + 1))
}

# Each line is one object that has the promised members.
check_lines() {
    python3 -c '
import json, sys
lines = [json.loads(line) for line in sys.stdin]
for line in lines:
    for member in ("name", "workers", "value", "unit", "min", "max", "repeats", "count", "check", "floor_ns"):
        assert member in line, (member, line)
    assert line["min"] <= line["value"] <= line["max"], line
    assert line["floor_ns"] > 0 and line["check"] > 0, line
names = {line["name"] for line in lines}
wanted = set("floor pingpong_apart fanin fanin_unbounded ring10k spawn ask_busy_p50 ask_idle_p999 timers_cpu memory "
             "memory_tied idle idle_poked burst burst_left fairness_p999 fairness_least".split())
assert wanted <= names, wanted - names
'
}

for workers in 1 2; do
    output=$("$bench" basics --small --json --workers "$workers") || fail "a workload failed with $workers workers"
    check_lines <<<"$output" || fail "output with $workers workers: $output"
done
output=$("$bench" all --small --json --options all --workers 2) || fail "a workload failed with all options"
check_lines <<<"$output" || fail "output with all options: $output"
grep -q '"options":"none"' <<<"$output" && fail "--options all says none"
"$bench" pingpong ring100 --small --repeats 3 | grep -q '^pingpong ' || fail "no table"
"$bench" --help | grep -q '^chameneos ' || fail "--help does not list the workloads"

# refuses WORD ARGUMENT...: exit 2, nothing on standard output, and a message that holds the word.
refuses() {
    local word=$1 output message status
    shift
    message=$(mktemp)
    output=$("$bench" "$@" 2>"$message")
    status=$?
    [ "$status" -eq 2 ] && [ -z "$output" ] && grep -q -- "$word" "$message" || fail "airt-bench $* gives $status"
    rm -f "$message"
}
refuses "which workload"
refuses bogus bogus
refuses --bogus --bogus
refuses "not a number" pingpong --count x
refuses "not a number" pingpong --count 0
refuses "not a number" pingpong --workers -1
refuses "needs a value" pingpong --count
refuses "all or none" pingpong --options some
refuses "not a number" pingpong --simulated 0
refuses "not in the simulated world" pingpong memory --simulated 1

[ "$failures" -eq 0 ]
