# SPDX-License-Identifier: MIT OR Apache-2.0
"""From the records of a series to one number with its range for each figure, and to the ratios that are asked about."""
import collections
import dataclasses
import statistics

from workloads import (BY_NAME, EVERYTHING_ON, GOAL_OPTIONS, GOAL_SPEEDUP, GOAL_TO_BEST, GOALS_ALONE, OURS, PEERS, SAVINA,
                       WORKLOADS)


@dataclasses.dataclass(frozen=True)
class Seen:
    """The runs of one figure by one who takes part."""
    median: float
    least: float
    most: float
    runs: int


@dataclasses.dataclass(frozen=True)
class Figure:
    """One figure with one number of workers, and what everybody had."""
    workload: str
    name: str
    unit: str
    workers: int
    by: dict  # who: Seen

    def ratio(self, who, to=OURS):
        """The median of one to that of another; None when either has none, or the other's is 0."""
        if who not in self.by or to not in self.by or self.by[who].median == 0:
            return None
        return self.by[to].median / self.by[who].median

    def best_peer(self):
        """Whose median is the least of those who do the same, or None."""
        there = [peer for peer in PEERS if peer in self.by and peer not in BY_NAME[self.workload].unlike]
        return min(there, key=lambda peer: self.by[peer].median) if there else None


def seen(values):
    return Seen(statistics.median(values), min(values), max(values), len(values))


def summarise(records):
    """All figures in the order of the workloads, and of their names within one."""
    values, units = collections.defaultdict(lambda: collections.defaultdict(list)), {}
    for record in records:
        key = (record["workload"], record["name"], record["workers"])
        values[key][record["peer"]].append(record["value"])
        units[key] = record["unit"]
    rank = {workload.name: index for index, workload in enumerate(WORKLOADS + SAVINA)}
    keys = sorted(values, key=lambda key: (rank[key[0]], key[1:]))
    return [Figure(*key[:2], units[key], key[2], {who: seen(runs) for who, runs in values[key].items()})
            for key in keys]


def verdict(reached):
    return "met" if reached else "missed"


def to_best(figure):
    """(best peer, ratio of ours to it, verdict); None without a peer."""
    best = figure.best_peer()
    ratio = figure.ratio(best) if best is not None else None
    return None if ratio is None else (best, ratio, verdict(ratio <= GOAL_TO_BEST))


def options_cost(figure):
    """(ratio of ours with everything on to ours without, verdict), or None."""
    ratio = figure.ratio(OURS, EVERYTHING_ON)
    return None if ratio is None else (ratio, verdict(ratio <= GOAL_OPTIONS))


def speedups(figures):
    """(figure with one worker, figure with two, how much less time two need, verdict or None) of Savina's programs."""
    found = []
    for one in figures:
        two = next((other for other in figures if (other.name, other.workers) == (one.name, 2)), None)
        if one.workers != 1 or two is None or BY_NAME[one.workload] not in SAVINA:
            continue
        ratio = one.by[OURS].median / two.by[OURS].median
        found.append((one, two, ratio, verdict(ratio >= GOAL_SPEEDUP) if BY_NAME[one.workload].parallel else None))
    return found


def alone(figure):
    """(goal, verdict) of a figure of ours that has a goal of its own, or None."""
    workers, most = GOALS_ALONE.get(figure.name, (None, None))
    if workers != figure.workers or OURS not in figure.by:
        return None
    return most, verdict(figure.by[OURS].median <= most)
