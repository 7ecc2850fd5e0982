#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Shows that the random programs of scenario_random.c find bugs: mutants.sh COMPILER DIRECTORY builds the library once
# with each of the mutants below (src/base/mutant.h), and each must be found within 1,000 seeds, and the seed that found
# it must show the same failure 100 times out of 100. Without a mutant nothing may be found.
set -euo pipefail
cd "$(dirname "$0")/.."
cc=${1:-cc}
work=${2:-build/mutants}
seeds=1000
again=${AGAIN:-100}
export HANG=5 # no seed takes a second

mutants="
1  the newest of a lane is taken for the oldest
2  an actor goes idle without a second look
3  a message is handled twice
4  a mailbox takes one more than its bound
5  a stale ref reaches the slot's next tenant
6  a timer is due a little early
7  what has expired is handled
8  an answered request still counts as waited for
9  who waits for room is told that it got in when the receiver ends
10 a restart keeps the timers
"

flags="-std=c17 -D_DEFAULT_SOURCE -O1 -g -pthread -Iinclude -Isrc -Itest"
arch=$(uname -m)
mkdir -p "$work"
rm -f "$work"/*.o "$work"/*.log

compile() { # compile SOURCE OBJECT [FLAG...]
    local source=$1 object=$2
    shift 2
    case $source in
    src/*) set -- "$@" -DAIRI_BUILDING ;;
    esac
    # shellcheck disable=SC2086
    "$cc" $flags "$@" -c "$source" -o "$object"
}

object_of() { # object_of SOURCE: its object's file name
    echo "${1//\//_}.o"
}

sources() {
    find src/base src/port src/sim src/core -name '*.c' ! -name '*_test.c'
    find src/port -name "*_$arch.S"
    echo test/sim.c
    echo test/puppet.c
    find test -maxdepth 1 -name "random_*.c"
    echo test/scenario_random.c
}

link() { # link OUTPUT [OBJECT...]: all objects of the plain build, but for those that a mutant replaces
    local output=$1 object
    shift
    local objects=("$@")
    for object in "$work"/plain/*.o; do
        [[ " ${*##*/} " == *" ${object##*/} "* ]] || objects+=("$object")
    done
    "$cc" -pthread -o "$output" "${objects[@]}" -lcmocka -lm
}

failure() { # failure LOG: what failed, without what differs from run to run
    grep -aE "check failed|seed [0-9]+$|Segmentation" "$1" | head -2 | tr '\n' '|'
}

mkdir -p "$work/plain"
export cc flags work
export -f compile object_of
sources | xargs -P "$(nproc)" -I{} bash -c 'compile {} "$work/plain/$(object_of {})"'
link "$work/plain/run"
if ! SEEDS=100 "$work/plain/run" >"$work/plain.log" 2>&1; then
    echo "without a mutant: $(failure "$work/plain.log")"
    exit 1
fi

hunt() { # hunt NUMBER WHAT
    local number=$1 what=$2 dir=$work/$1 source objects=() seed found i same=0
    mkdir -p "$dir"
    for source in $(grep -lE "AIRI_MUTANT_IS\($number\)" src/core/*.c); do
        compile "$source" "$dir/$(object_of "$source")" "-DAIRI_MUTANT=$number"
        objects+=("$dir/$(object_of "$source")")
    done
    if [ ${#objects[@]} -eq 0 ]; then
        echo "$number $what: not in the sources"
        return 1
    fi
    link "$dir/run" "${objects[@]}"
    if { SEEDS=$seeds "$dir/run" >"$dir.log" 2>&1; } 2>/dev/null; then
        echo "$number $what: NOT found within $seeds seeds"
        return 1
    fi
    found=$(failure "$dir.log")
    seed=$(grep -aoE "failed with seed [0-9]+" "$dir.log" | tail -1 | grep -oE "[0-9]+")
    for ((i = 0; i < again; i++)); do
        { SEED=$seed "$dir/run" >"$dir.again.log" 2>&1 || true; } 2>/dev/null
        [ "$(failure "$dir.again.log")" = "$found" ] && same=$((same + 1))
    done
    echo "$number $what: seed $seed, $same of $again alike: $found"
    [ "$same" -eq "$again" ]
}

status=0
while read -r number what; do
    [ -z "$number" ] || hunt "$number" "$what" || status=1
done <<<"$mutants"
exit $status
