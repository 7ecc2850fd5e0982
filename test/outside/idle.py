#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Idle costs nothing: no thread of an idle process runs, however long one looks; one message wakes one worker.

Counts the context switches of every thread, from /proc, of processes with 10,000 idle actors and far timers: over
IDLE_SECONDS (default 10) without anything to do, and over as many messages, one a second, the thread that sends them
included. Usage: IDLE_SECONDS=n idle.py DIRECTORY"""
import glob
import os
import re
import subprocess
import sys
import time

WORKERS = (1, 2)
MESSAGE_MAX = 2  # a worker's, and the sender's


def switches(process, which):
    """Thread -> switches so far; which: a pattern of the lines of its status that count."""
    counted = {}
    for status in glob.glob(f"/proc/{process.pid}/task/*/status"):
        thread = int(status.split("/")[-2])
        with open(status, encoding="ascii", errors="replace") as lines:
            counted[thread] = sum(int(n) for n in re.findall(which + r":\s+(\d+)", lines.read()))
    return counted


def passed(before, after):
    return sum(count - before.get(thread, 0) for thread, count in after.items())


def message_each(processes):
    for process in processes:
        process.stdin.write(b"m")
        process.stdin.flush()
    time.sleep(1)


def settle(processes):
    """Until nothing has happened for three seconds."""
    last, quiet = None, 0
    for _ in range(60):
        time.sleep(1)
        now = [switches(p, "ctxt_switches") for p in processes]
        quiet = quiet + 1 if now == last else 0
        last = now
        if quiet == 3:
            return
    sys.exit("not idle after a minute")


def main():
    seconds = int(os.environ.get("IDLE_SECONDS", "10"))
    pipe = subprocess.PIPE
    processes = [subprocess.Popen([f"{sys.argv[1]}/outside_idle", str(n)], stdin=pipe, stdout=pipe) for n in WORKERS]
    bad = False
    for process in processes:
        if process.stdout.readline() != b"ready\n":
            sys.exit("the program did not start")
    settle(processes)
    before = [switches(p, "ctxt_switches") for p in processes]
    time.sleep(seconds)
    after = [switches(p, "ctxt_switches") for p in processes]
    for workers, b, a in zip(WORKERS, before, after):
        print(f"workers {workers}: {len(a)} threads, {passed(b, a)} context switches in {seconds} s of doing nothing")
        bad = bad or passed(b, a) != 0
    before = [switches(p, "\nvoluntary_ctxt_switches") for p in processes]
    for _ in range(seconds):
        message_each(processes)
    after = [switches(p, "\nvoluntary_ctxt_switches") for p in processes]
    for process, workers, b, a in zip(processes, WORKERS, before, after):
        print(f"workers {workers}: {passed(b, a)} for {seconds} messages")
        bad = bad or passed(b, a) > MESSAGE_MAX * seconds
        rest = process.communicate()[0].decode()
        if process.returncode != 0 or rest != f"handled {10000 + seconds}\n":
            print(f"status {process.returncode}, {rest!r}")
            bad = True
    return 1 if bad else 0


sys.exit(main())
