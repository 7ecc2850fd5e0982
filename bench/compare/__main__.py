# SPDX-License-Identifier: MIT OR Apache-2.0
"""airt beside its peers: python3 -B bench/compare [OPTION...] [WORKLOAD...], or make bench-peers ARGS=...

Runs the workloads of airt-bench and the same of Tokio, Go and Erlang, where their tools are, with 1 and 2 workers, in
one shuffled series; validates each run by its count. `savina`, alone: the programs of that suite, with 1 and 2
workers. Writes bench/results/ (with --quick build/peers/results/): the
records, the page with medians, ratios and goals, a plot for each workload. Exit status 1: a run counted wrong or a
program did not build; 2: wrong arguments; 3: the machine is too noisy, nothing is reported."""
import argparse
import json
import pathlib
import shutil
import sys
import time

import machine
import noise
import peers
import report
import series
from workloads import BY_NAME, PEERS, SAVINA, WORKLOADS

ROOT = pathlib.Path(__file__).resolve().parents[2]
QUICK_REPEATS, REPEATS, REPEATS_LEAST = 2, 5, 5
NO_LIMIT = float("inf")
SUITE = "savina"
FAILED, TOO_NOISY = 1, 3


def say(words):
    print(words, file=sys.stderr, flush=True)


def parser():
    made = argparse.ArgumentParser(prog="bench/compare", description=__doc__,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("workload", nargs="*", help="all of them unless some are named: "
                      + ", ".join(workload.name for workload in WORKLOADS) + f"; or {SUITE}, or some of its programs")
    made.add_argument("--quick", action="store_true",
                      help="small sizes, 2 repeats, no limit on noise: shows that it works")
    made.add_argument("--json", action="store_true", help="the records on standard output too, as they come")
    made.add_argument("--repeats", type=int, help=f"at least {REPEATS_LEAST} but with --quick")
    made.add_argument("--peers", default=",".join(PEERS), help="who of them, by commas")
    made.add_argument("--seed", type=int, default=int(time.time()), help="of the order")
    made.add_argument("--load-max", type=float, help=f"processors others may keep busy before a run ({noise.LOAD_MAX})")
    made.add_argument("--wait", type=float, default=noise.WAIT_SECONDS, help="seconds to wait for that (%(default)s)")
    made.add_argument("--spread-max", type=float, help=f"how far the floor may move ({noise.SPREAD_MAX})")
    made.add_argument("--bench", type=pathlib.Path, default=ROOT / "build" / "release" / "airt-bench")
    made.add_argument("--out", type=pathlib.Path, help="another folder for the files")
    made.add_argument("--from", dest="source", type=pathlib.Path, help="no runs: files from these records again")
    return made


def with_defaults(chosen):
    """What the arguments leave open."""
    if chosen.repeats is None:
        chosen.repeats = QUICK_REPEATS if chosen.quick else REPEATS
    if chosen.load_max is None:
        chosen.load_max = NO_LIMIT if chosen.quick else noise.LOAD_MAX
    if chosen.spread_max is None:
        chosen.spread_max = NO_LIMIT if chosen.quick else noise.SPREAD_MAX
    chosen.recorded = chosen.out is None and not chosen.quick  # the project's own record
    chosen.folder = "results/savina" if chosen.workload == [SUITE] else "results"
    chosen.records = (chosen.out or ROOT / "build/peers" / chosen.folder) / "series.jsonl"
    if chosen.out is None:
        chosen.out = ROOT / ("build/peers" if chosen.quick else "bench") / chosen.folder
    chosen.peers = [name for name in chosen.peers.split(",") if name]
    return chosen


def arguments():
    made = parser()
    chosen = with_defaults(made.parse_args())
    known_workloads = [SUITE] if SUITE in chosen.workload else BY_NAME
    for kind, given, known in (("workload", chosen.workload, known_workloads), ("peer", chosen.peers, PEERS)):
        for name in given:
            if name not in known:
                made.error(f"unknown {kind}: {name}")
    if chosen.repeats < (1 if chosen.quick else REPEATS_LEAST):
        made.error(f"--repeats: at least {REPEATS_LEAST}, or --quick")
    return chosen


def measure(chosen):
    """Runs the series; gives back the file of its records."""
    there = peers.present(peers.all_known(ROOT, chosen.bench.resolve()), chosen.peers, say)
    suite = SAVINA if chosen.workload == [SUITE] else WORKLOADS
    workloads = [BY_NAME[name] for name in chosen.workload if name != SUITE] or suite
    path = chosen.records
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = {**machine.describe(chosen.bench.resolve()), "repeats": chosen.repeats, "seed": chosen.seed,
            "quick": chosen.quick, "versions": {name: one.version() for name, one in there.items()}}
    with path.open("w") as file:
        def emit(record):
            for stream in [file] + [sys.stdout] * chosen.json:
                print(json.dumps(record), file=stream, flush=True)
        emit({"meta": meta})
        series.run_all(there, series.cells(workloads, there), chosen, emit, say)
    return path


def publish(chosen, path):
    """Writes the files, unless the floor moved too far."""
    meta, records = report.read(path)
    meta = report.judged(meta, records, chosen.spread_max)
    names = report.write(chosen.out, meta, records)
    if path.resolve() != (chosen.out / "series.jsonl").resolve():
        shutil.copy(path, chosen.out / "series.jsonl")
    if chosen.recorded:
        report.link(ROOT / "bench" / "README.md", chosen.folder, meta)
    say(f"wrote {chosen.out}/: README.md, series.jsonl and {len(names)} plots")


def main():
    chosen = arguments()
    try:
        publish(chosen, chosen.source or measure(chosen))
    except noise.TooNoisy as noisy:
        say(f"too noisy: {noisy}")
        return TOO_NOISY
    except (series.Wrong, peers.BuildFailed) as failure:
        say(f"failed: {failure}")
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
