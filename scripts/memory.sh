#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# An idle actor with 16 bytes of state that has handled one message costs under 256 bytes of resident growth, everything
# counted: at a million actors and, where the memory is there (3 GB), at ten. Needs build/release. Prints the figures,
# and those of an actor with a name, a monitor and a link.
set -euo pipefail
cd "$(dirname "$0")/.."
limit=256

weigh() { # weigh ACTORS
    local line
    build/release/airt-bench memory --actors "$1" --repeats 1 --json | while read -r line; do
        printf '%s\n' "$line"
        printf '%s\n' "$line" | awk -F'"value":' -v limit=$limit \
            '/"name":"memory",/ { split($2, value, ","); if (value[1] + 0 <= 0 || value[1] >= limit) exit 1 }' || {
            echo "an idle actor costs $limit bytes or more" >&2
            return 1
        }
    done
}

weigh 1000000
if awk '/^MemAvailable:/ { exit !($2 > 14 * 1024 * 1024) }' /proc/meminfo; then
    weigh 10000000
else
    echo "ten million actors: not enough memory to weigh them all (14 GB with the tied ones)"
fi
