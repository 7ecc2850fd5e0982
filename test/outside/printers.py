#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What gdb prints for refs, messages, blobs and the rest with tools/gdb/airt_gdb.py, in a program stopped in a handler.
Usage: printers.py DIRECTORY SOURCE"""
import sys

import debugger

BODY = ('parcel{owner=<5.7>, amount=-42, weight=2.5, fragile=true, code="AB\\"C", sizes=[1, 2, 3], place={x=4, y=-5}, '
        'patience=1500ms, label="to\\nyou", stamp=3:0102ff, contents=blob 20:a0a1a2a3a4a5a6a7a8a9aaabacadaeaf...}')
EXPECTED = {
    "print ref": "<5.7>",
    "print none": "none",
    "print parcel->patience": "1500ms",
    "print parcel->label": '"to\\nyou"',
    "print parcel->stamp": "3:0102ff",
    "print parcel->contents": "blob 20:a0a1a2a3a4a5a6a7a8a9aaabacadaeaf...",
    "print point_kind": "kind point (2 fields, 8 bytes)",
    "print *msg": f"message from none: {BODY}",
    "airt-body &parcel_kind parcel": BODY,
}


def main():
    commands = ["source " + sys.argv[2] + "/tools/gdb/airt_gdb.py", "break look", "run"]
    for command in EXPECTED:
        commands += [f"echo \\n[{command}]\\n".replace("&", "\\&"), command]
    said = debugger.run(f"{sys.argv[1]}/outside_printers", *commands, "continue")
    bad = False
    for command, expected in EXPECTED.items():
        lines = said.split(f"[{command}]\n")[-1].splitlines() or [""]
        got = lines[0].split(" = ", 1)[1] if lines[0].startswith("$") else lines[0]
        if got != expected:
            print(f"{command}: {got}\n{' ' * len(command)}  not {expected}")
            bad = True
    if bad or "exited normally" not in said:
        print(said)
        return 1
    print(f"{len(EXPECTED)} printed as expected")
    return 0


sys.exit(main())
