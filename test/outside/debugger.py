# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs a program under gdb for the tests beside this file; where gdb is missing or may not trace, they are skipped."""
import shutil
import subprocess
import sys

SKIPPED = 77


def run(program, *commands):
    """What gdb prints when it executes the commands."""
    if shutil.which("gdb") is None:
        print("gdb is missing")
        sys.exit(SKIPPED)
    words = ["gdb", "-nx", "-batch"]
    for command in ("set pagination off", "set confirm off", "set width 0", "set breakpoint pending off",
                    "set debuginfod enabled off") + commands:
        words += ["-ex", command]
    done = subprocess.run(words + [program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    for refusal in ("ptrace: Operation not permitted", "Could not trace the inferior process", "Cannot PTRACE"):
        if refusal in done.stdout:
            print(refusal)
            sys.exit(SKIPPED)
    return done.stdout
