#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks a Promela model exhaustively: tools/spin.sh MODEL.pml WORK_FOLDER [MUTANT]
# With a mutant, the model is made with -DMUTANT's name and must be refuted. Lines in the model can say more:
#   /* mutants: A B */       names of planted faults (#ifdef A)
#   /* cc: -DSAFETY */       options for compiling the checker; default -DSAFETY unless there is an ltl or accept label
#   /* pan: -a -f -m100000 */  options for running it; default -m1000000, and -a with an ltl or accept label
#   /* claims: p q */        ltl formulas by name, each checked; default: the only one, if any
set -euo pipefail
model=$(realpath "$1")
work=$2
mutant=${3:-}

line() {
    sed -n "s|^/\\* $1:\\(.*\\)\\*/.*|\\1|p" "$model" | tr '\n' ' '
}
cc_options=$(line cc)
pan_options=$(line pan)
claims=$(line claims)
liveness=""
if grep -qE '^[[:space:]]*ltl[[:space:]{]|accept[A-Za-z0-9_]*:|progress[A-Za-z0-9_]*:' "$model"; then
    liveness=yes
fi
if [ -z "${cc_options// /}" ]; then
    [ -n "$liveness" ] || cc_options="-DSAFETY"
fi
if [ -z "${pan_options// /}" ]; then
    pan_options="-m1000000"
    [ -z "$liveness" ] || pan_options="$pan_options -a"
fi

rm -rf "$work"
mkdir -p "$work"
# Copied, because the trail of a counterexample is written beside the model.
cp "$(dirname "$model")"/*.pml "$work"
cd "$work"
spin ${mutant:+-D"$mutant"} -a "$(basename "$model")" >spin.log 2>&1 || { cat spin.log; echo "spin cannot read the model"; exit 1; }
[ -f pan.c ] || { cat spin.log; echo "spin made no checker"; exit 1; }
"${CC:-cc}" -O2 -w $cc_options -o pan pan.c

refuted=""
logs=""
for claim in $claims; do
    ./pan $pan_options -N "$claim" >"pan.$claim.log" 2>&1 || true
    logs="$logs pan.$claim.log"
done
if [ -z "$logs" ]; then
    ./pan $pan_options >pan.log 2>&1 || true
    logs=pan.log
fi
for log in $logs; do
    if ! grep -q 'errors: ' "$log"; then
        cat "$log"
        echo "the checker gave no verdict"
        exit 1
    fi
    if ! grep -q 'errors: 0$' "$log"; then
        refuted=$log
    elif grep -qE 'max search depth too small|out of memory|interrupted|search truncated' "$log"; then
        cat "$log"
        echo "the search was cut short"
        exit 1
    fi
done

if [ -n "$mutant" ]; then
    if [ -z "$refuted" ]; then
        echo "mutant $mutant survives: the model does not see the fault it plants"
        exit 1
    fi
    grep -m1 -E '^pan:[0-9]+: ' "$refuted"
elif [ -n "$refuted" ]; then
    cat "$refuted"
    echo "the steps that lead there:"
    spin -t -p "$(basename "$model")" 2>&1 | tail -n 100 || true
    exit 1
else
    cat $logs | grep -E 'errors: 0|states, stored$' || true
fi
