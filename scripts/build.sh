#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Configures (once) and builds a preset: scripts/build.sh PRESET [-DNAME=VALUE...] [TARGET...]
# One progress line; the full log is build/PRESET/build.log. Everything goes to standard error.
set -euo pipefail
cd "$(dirname "$0")/.."
exec 1>&2

preset=$1
shift
settings=()
targets=()
for argument in "$@"; do
    case $argument in
    -D*) settings+=("$argument") ;;
    *) targets+=(--target "$argument") ;;
    esac
done

folder=build/$preset
log=$folder/build.log
mkdir -p "$folder"
exec 9>"$folder/.lock"
flock 9
SECONDS=0

# The compiler's words without ninja's: each failed step's name and what it printed.
explain() {
    if grep -q '^FAILED: ' "$log"; then
        awk '/^FAILED: / { show = 1; print; getline; next } /^\[[0-9]+\/[0-9]+\]/ { show = 0 } show' "$log" | head -n 200
    else
        tail -n 40 "$log"
    fi
    echo "build: $preset failed after ${SECONDS}s (whole log: $log)"
}

if [ ! -f "$folder/build.ninja" ] || [ ${#settings[@]} -gt 0 ]; then
    if ! cmake --preset "$preset" "${settings[@]}" >"$log" 2>&1; then
        tail -n 40 "$log"
        echo "build: cannot configure $preset (a moved or half-made build folder: make clean)"
        exit 1
    fi
fi
if [ -t 2 ]; then
    printf 'build: %s ...\r' "$preset"
fi
if ! cmake --build --preset "$preset" "${targets[@]}" >"$log" 2>&1 9>&-; then
    explain
    exit 1
fi
# Silent when there was nothing to do.
if ! grep -q 'ninja: no work to do' "$log"; then
    echo "build: $preset done in ${SECONDS}s"
fi
