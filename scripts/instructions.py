#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""How many instructions does an operation take? scripts/instructions.py [--renew] [WORKLOAD...]

Runs workloads of airt-bench under callgrind with one worker, each in two sizes: the difference, over the operations
that the larger one has more, is free of start and stop, and repeats within three per cent where times move by tens.
Fails when one takes over 5 % more than bench/instructions.json says. Exit status 77, a skip, with another compiler than
that of the baseline, for its figures mean nothing then.

  --renew          measure, and write the baseline
  --baseline FILE  another baseline
  --bench PROGRAM  another airt-bench than build/release's
  --tries N        runs of each size, of which the least counts (3)
"""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "bench" / "compare"))
from machine import compiler  # noqa: E402  (found beside the other tools of the bench)

LIMIT = 0.05
SKIPPED = 77

TIMES = 10  # the larger --count over the smaller
TRIES = 3   # the least counts: chance mostly adds, such as a worker that looks for work while the main thread begins

# name: (operations for each of --count, the smaller --count, --actors or None)
WORKLOADS = {
    "pingpong": (2, 10000, None),
    "counting": (1, 20000, None),
    "counting_unbounded": (1, 20000, None),
    "fanin": (1, 20000, 100),
    "fanin_unbounded": (1, 20000, 100),
    "ring100": (1, 20000, 100),
    "spawn": (1, 3000, None),
    "big": (240, 100, 120),
    "chameneos": (1, 5000, 100),
    "ask": (1.01, 1000, None),  # a hundredth more come 1 ms apart
    "timers": (1, 5000, 100),
}


class Failure(Exception):
    """What is to be said, and the end."""


def collected(bench, name, count, actors):
    """All instructions of one run."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(bench), name, "--small",
               "--json", "--count", str(count)]
    if actors is not None:
        command += ["--actors", str(actors)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or found is None:
        raise Failure(f"{name} under callgrind: exit status {done.returncode}\n{done.stderr}")
    return int(found.group(1))


def measure(bench, name, tries):
    """Instructions for each operation."""
    operations, count, actors = WORKLOADS[name]
    less, more = (min(collected(bench, name, size, actors) for _ in range(tries)) for size in (count, TIMES * count))
    return round((more - less) / ((TIMES - 1) * count * operations), 1)


def measure_all(bench, names, tries):
    measured = {}
    for name in names:
        measured[name] = measure(bench, name, tries)
        print(f"{name:20} {measured[name]:10.1f} instructions", flush=True)
    return measured


def is_over(baseline, name, now):
    return now > baseline[name] * (1 + LIMIT)


def measure_again(bench, baseline, measured, tries):
    """Those that are over: what is due to chance does not come twice."""
    for name, now in measured.items():
        if name in baseline and is_over(baseline, name, now):
            measured[name] = min(now, measure(bench, name, tries))


def judge(baseline, measured):
    """A sentence for each workload that takes more than the baseline allows, or that the baseline does not know."""
    wrong = []
    for name, now in measured.items():
        if name not in baseline:
            wrong.append(f"{name} is not in the baseline")
        elif is_over(baseline, name, now):
            before = baseline[name]
            wrong.append(f"{name} went from {before:.1f} to {now:.1f} instructions an operation "
                         f"({now / before - 1:+.1%})")
    return wrong


def better(baseline, measured):
    """The names that take so much less that the baseline no longer guards them."""
    return [name for name, now in measured.items() if name in baseline and now < baseline[name] * (1 - LIMIT)]


def renew(path, bench, measured):
    old = json.loads(path.read_text())["instructions"] if path.exists() else {}
    new = {name: measured.get(name, old.get(name)) for name in WORKLOADS if name in measured or name in old}
    path.write_text(json.dumps({"compiler": compiler(bench), "instructions": new}, indent=4) + "\n")
    print(f"wrote {path}")


def gate(path, bench, names, tries):
    """The exit status."""
    baseline = json.loads(path.read_text())
    here = compiler(bench)
    if here != baseline["compiler"]:
        print(f"skipped: the baseline is of '{baseline['compiler']}', and this is '{here}'")
        return SKIPPED
    measured = measure_all(bench, names, tries)
    measure_again(bench, baseline["instructions"], measured, tries)
    wrong = judge(baseline["instructions"], measured)
    for sentence in wrong:
        print(sentence)
    for name in better(baseline["instructions"], measured):
        print(f"{name} takes much less than the baseline: renew it, so that it stays so")
    if wrong:
        print("If that is meant, renew the baseline: scripts/instructions.py --renew")
    return 1 if wrong else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", nargs="*", metavar="WORKLOAD", help=", ".join(WORKLOADS))
    parser.add_argument("--renew", action="store_true")
    parser.add_argument("--tries", type=int, default=TRIES)
    parser.add_argument("--baseline", type=pathlib.Path, default=ROOT / "bench" / "instructions.json")
    parser.add_argument("--bench", type=pathlib.Path, default=ROOT / "build" / "release" / "airt-bench")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.workload if name not in WORKLOADS]
    if unknown:
        parser.error(f"unknown workload: {', '.join(unknown)}")
    return chosen


def main():
    chosen = arguments()
    names = chosen.workload or list(WORKLOADS)
    try:
        if shutil.which("valgrind") is None:
            raise Failure("valgrind is missing (scripts/deps.sh full)")
        if not chosen.bench.exists():
            raise Failure(f"{chosen.bench} is not built (scripts/build.sh release)")
        if chosen.renew:
            renew(chosen.baseline, chosen.bench, measure_all(chosen.bench, names, chosen.tries))
            return 0
        return gate(chosen.baseline, chosen.bench, names, chosen.tries)
    except Failure as failure:
        print(f"instructions: {failure}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
