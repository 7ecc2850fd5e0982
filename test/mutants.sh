#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Shows that the random programs of scenario_random.c, and from 20 on scenario_model.c, find bugs: mutants.sh COMPILER DIRECTORY builds the library once
# with each of the mutants below (src/base/mutant.h), and each must be found within 1,000 seeds, and the seed that found
# it must show the same failure 100 times out of 100. Without a mutant nothing may be found, nor with those that change
# the history and break no rule: found is what a rule caught, with a seed and a reason.
set -euo pipefail
cd "$(dirname "$0")/.."
cc=${1:-cc}
work=${2:-build/mutants}
seeds=1000
again=${AGAIN:-100}
export HANG=5 # no seed takes a second
export RULES=1

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
20 a supervisor stops the first child first
21 a group restart brings temporary children back
22 a supervisor bears one restart less
23 a restart as old as the window still counts
24 a significant child ends like any other
25 a restart by hand counts
26 a backoff never begins anew
27 a supervisor gives up with the one below it
"
harmless="
90 one worker more, another history
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
    find src/base src/port src/sim src/core src/supervise -name '*.c' ! -name '*_test.c'
    find src/port -name "*_$arch.S"
    echo test/sim.c
    echo test/puppet.c
    find test -maxdepth 1 -name "random_*.c"
    echo test/supervise_model.c
    echo test/scenario_random.c
    echo test/scenario_model.c
}

program_of() { # program_of NUMBER: which of the two is to find it
    if [ "$1" -ge 20 ] && [ "$1" -lt 90 ]; then echo model; else echo random; fi
}

link() { # link PROGRAM OUTPUT [OBJECT...]: all objects of the plain build, but for those that a mutant replaces
    local program=$1 output=$2 object
    shift 2
    local objects=("$@")
    for object in "$work"/plain/*.o; do
        [[ $object != *scenario_* || $object == *"scenario_$program"* ]] || continue
        [[ " ${*##*/} " == *" ${object##*/} "* ]] || objects+=("$object")
    done
    "$cc" -pthread -o "$output" "${objects[@]}" -lcmocka -lm
}

failure() { # failure LOG: the rule that was broken, or the signal, without what differs from run to run
    grep -aE "check failed|^signal (11|14)$" "$1" | head -2 | tr '\n' '|' || true
}

seed_of() { # seed_of LOG: with which it failed
    grep -aoE "^failed with seed [0-9]+$" "$1" | tail -1 | grep -oE "[0-9]+" || true
}

mkdir -p "$work/plain"
export cc flags work
export -f compile object_of
sources | xargs -P "$(nproc)" -I{} bash -c 'compile {} "$work/plain/$(object_of {})"'
for program in random model; do
    link "$program" "$work/plain/run"
    if ! SEEDS=100 "$work/plain/run" >"$work/plain.log" 2>&1; then
        echo "without a mutant: $(failure "$work/plain.log")"
        exit 1
    fi
done

places() { # places NUMBER: the sources that a mutant changes; in a header of the core it may be all of them
    if grep -qE "AIRI_MUTANT_IS\($1\)" src/core/*.h; then
        find src/core -name '*.c' ! -name '*_test.c'
    else
        grep -lE "AIRI_MUTANT_IS\($1\)" src/core/*.c src/supervise/*.c test/random_*.c
    fi
}

hunt() { # hunt NUMBER WHAT: builds it and looks for it
    local number=$1 what=$2 dir=$work/$1 source objects=()
    mkdir -p "$dir"
    for source in $(places "$number"); do
        compile "$source" "$dir/$(object_of "$source")" "-DAIRI_MUTANT=$number"
        objects+=("$dir/$(object_of "$source")")
    done
    if [ ${#objects[@]} -eq 0 ]; then
        echo "$number $what: not in the sources"
        return 1
    fi
    link "$(program_of "$number")" "$dir/run" "${objects[@]}"
    look "$number" "$what" "$dir"
}

look() { # look NUMBER WHAT DIRECTORY: whether a rule stops DIRECTORY/run, every time alike
    local number=$1 what=$2 dir=$3 seed found i same=0
    if { SEEDS=$seeds "$dir/run" >"$dir.log" 2>&1; } 2>/dev/null; then
        echo "$number $what: NOT found within $seeds seeds"
        return 1
    fi
    found=$(failure "$dir.log")
    seed=$(seed_of "$dir.log")
    if [ -z "$seed" ] || [ -z "$found" ]; then
        echo "$number $what: NOT found: it failed without a seed or without a reason ($dir.log)"
        return 1
    fi
    for ((i = 0; i < again; i++)); do
        { SEED=$seed "$dir/run" >"$dir.again.log" 2>&1 || true; } 2>/dev/null
        [ "$(failure "$dir.again.log") $(seed_of "$dir.again.log")" = "$found $seed" ] && same=$((same + 1))
    done
    echo "$number $what: seed $seed, $same of $again alike: $found"
    [ "$same" -eq "$again" ]
}

stub() { # stub NAME LINE: a program that fails with these words
    mkdir -p "$work/$1"
    printf '#!/bin/sh\n%s\nexit 1\n' "$2" >"$work/$1/run"
    chmod +x "$work/$1/run"
}

must_not() { # must_not COMMAND...: it may not say that something was found
    "$@" || return 0
    echo "a mutant that no rule caught was reported as found: $*"
    return 1
}

spared() { # spared NUMBER WHAT: it is in the program, as the other history shows, and still nothing is found
    must_not hunt "$1" "$2" || return 1
    if env -u RULES SEEDS=1 "$work/$1/run" >"$work/$1.log" 2>&1 || ! grep -q "^the history is" "$work/$1.log"; then
        echo "$1 $2: changes no history"
        return 1
    fi
}

status=0
while read -r number what; do
    [ -z "$number" ] || hunt "$number" "$what" || status=1
done <<<"$mutants"
while read -r number what; do
    [ -z "$number" ] || spared "$number" "$what (harmless)" || status=1
done <<<"$harmless"
stub silent ""
stub seedless 'echo "check failed: a.c:1: x"'
stub reasonless 'echo "failed with seed 7"'
for name in silent seedless reasonless; do
    must_not look "-" "a run that is $name" "$work/$name" || status=1
done
exit $status
