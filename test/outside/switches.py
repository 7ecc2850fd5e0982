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
    # Breakpoint 1 has been hit before the first mark: by the worker, when it came from its thread's stack to its own.
    hits = [int(n) for n in re.findall(r"^1 .*\n\s+breakpoint already hit (\d+) time", said, re.M)]
    counted = [int(n) for n in re.findall(r"^mark \d+ (\d+)", said, re.M)]
    if len(hits) != 3 or len(counted) != 3 or "exited normally" not in said:
        print(said)
        return 1
    plain, asks = hits[1] - hits[0], hits[2] - hits[1]
    print(f"10,000 dispatches: {plain} switches; {ASKS} asks: {asks} switches (the system counted {counted[2] - counted[1]})")
    return 0 if plain == 0 and asks == 2 * ASKS == counted[2] - counted[1] and counted[1] == counted[0] else 1


sys.exit(main())
