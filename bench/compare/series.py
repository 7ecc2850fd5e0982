# SPDX-License-Identifier: MIT OR Apache-2.0
"""The series: every cell (workload, workers, who) as often as asked, each round in an order of its own, so that what
the machine does in a minute falls on everybody alike. A run that counted wrong ends the series."""
import dataclasses
import json
import random

import noise
import peers
from workloads import EVERYTHING_ON, OURS, Workload, count_for, workers_text


class Wrong(Exception):
    """A run failed, or counted something else than it should."""


@dataclasses.dataclass(frozen=True)
class Cell:
    workload: Workload
    workers: int
    peer: str


def cells(workloads, names):
    """All cells of those who take part."""
    found = []
    for workload in workloads:
        who = [OURS] + [EVERYTHING_ON] * workload.options + list(workload.who)
        found += [Cell(workload, workers, peer) for workers in workload.workers for peer in who if peer in names]
    return found


def rounds(all_cells, repeats, seed):
    """(repeat, cell) in the order of the series."""
    generator = random.Random(seed)
    for repeat in range(repeats):
        order = list(all_cells)
        generator.shuffle(order)
        for cell in order:
            yield repeat, cell


def figures(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def validated(cell, count, answer):
    """The figures of a run, if it counted right."""
    status, output, errors = answer
    where = f"{cell.peer}, {cell.workload.name}, {workers_text(cell.workers)}"
    if status != 0:
        raise Wrong(f"{where}: exit status {status}\n{errors}")
    found = figures(output)
    if not found:
        raise Wrong(f"{where}: no figure\n{output}{errors}")
    if cell.workload.check is None:
        return found
    want = cell.workload.check(count, cell.workload.actors)
    for figure in found:
        if figure["check"] != want:
            raise Wrong(f"{where}: {figure['name']} counted {figure['check']} instead of {want}")
    return found


def records(cell, found, extra):
    """A flat record for each figure."""
    return [{"workload": cell.workload.name, "peer": cell.peer, "workers": cell.workers, "name": figure["name"],
             "value": figure["value"], "unit": figure["unit"], "check": figure["check"], **extra} for figure in found]


def floor_now(bench):
    """The best of three, in nanoseconds a hop."""
    status, output, errors = peers.start(bench, FLOOR_CELL, 500000)
    if status != 0:
        raise Wrong(f"the floor: exit status {status}\n{errors}")
    return figures(output)[0]["floor_ns"]


FLOOR_CELL = Cell(Workload("floor", "", 0, lambda count, _: count), 1, OURS)


def run_all(there, all_cells, chosen, emit, say):
    """The whole series; emit is given each record as it comes. Raises Wrong or noise.TooNoisy."""
    total = len(all_cells) * chosen.repeats
    for number, (repeat, cell) in enumerate(rounds(all_cells, chosen.repeats, chosen.seed), 1):
        load = noise.wait_for_quiet(chosen.load_max, chosen.wait)
        floor_ns = floor_now(there[OURS])
        count = count_for(cell.workload, cell.peer, chosen.quick)
        found = validated(cell, count, peers.start(there[cell.peer], cell, count))
        for record in records(cell, found, {"repeat": repeat, "count": count, "floor_ns": floor_ns, "load": load}):
            emit(record)
        say(f"[{number}/{total}] {cell.workload.name}, {workers_text(cell.workers)}, {cell.peer}: "
            f"{found[0]['value']:.4g} {found[0]['unit']} (floor {floor_ns:.1f})")
