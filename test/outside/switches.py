#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A context switch is paid by a suspension, never by a dispatch: the debugger counts how often the switch routine is
entered. Usage: switches.py DIRECTORY"""
import re
import sys

import debugger

ASKS = 200


def main():
    said = debugger.run(
        f"{sys.argv[1]}/outside_switches", "break airi_switch_asm", "ignore 1 100000000", "break mark", "run",
        "info breakpoints", "continue", "info breakpoints", "continue", "info breakpoints", "continue")
    # Of breakpoint 1 in each list; it is not mentioned while it has not been hit.
    lists = said.split("Num     Type")[1:]
    hits = [int((re.search(r"airi_switch_asm.*\n(?:.*\n)??.*already hit (\d+) time", part) or [0, 0])[1]) for part in lists]
    counted = [int(n) for n in re.findall(r"^mark \d+ (\d+)", said, re.M)]
    if len(hits) != 3 or len(counted) != 3 or "exited normally" not in said:
        print(said)
        return 1
    plain, asks = hits[1] - hits[0], hits[2] - hits[1]
    print(f"10,000 dispatches: {plain} switches; {ASKS} asks: {asks} switches (the system counted {counted[2] - counted[1]})")
    return 0 if plain == 0 and asks == 2 * ASKS == counted[2] - counted[1] and counted[1] == counted[0] else 1


sys.exit(main())
