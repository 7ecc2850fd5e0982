# SPDX-License-Identifier: MIT OR Apache-2.0
"""What is compared: each workload with its sizes, what its count must come to, who has it, and the goals.

A size is what airt and Tokio do in a run; slower peers do a part of it, so that a run of anybody takes a second or so.
"""
import dataclasses
from typing import Callable, Optional

OURS = "airt"
EVERYTHING_ON = "airt_all"  # ours with --options all, beside the peers in the series
PEERS = ("tokio", "go", "erlang")
TITLES = {OURS: "airt", EVERYTHING_ON: "airt, all options", "tokio": "Tokio", "go": "Go", "erlang": "Erlang/OTP"}

GOAL_TO_BEST = 0.6     # ours to the best peer, in every figure: all are the less the better
GOAL_OPTIONS = 1.15    # ours with everything on to ours without
GOAL_SPEEDUP = 1.7     # of the programs with parallel work: one worker's time over two's, at least
GOALS_ALONE = {        # figure of ours: (workers, at most)
    "burst": (1, 64),
    "burst_left": (1, 10),
    "fairness_p999": (2, 2000),
}

PART = {"go": 0.5, "erlang": 0.25}
SMALL = "small"        # the size of a program of Savina with --quick; otherwise its own
QUICK_PART = 0.01
QUICK_LEAST = 400


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    what: str
    count: int
    check: Optional[Callable[[int, int], int]]  # of count and actors; None: the program's own check is enough
    actors: int = 0
    who: tuple = PEERS
    unlike: tuple = ()                # those of them who do something easier: shown, but not counted as the best
    workers: tuple = (1, 2)
    options: bool = False             # also with everything on
    parallel: bool = False            # a second worker is to help
    part: Optional[dict] = dataclasses.field(default=None, hash=False)  # of the count, for a peer; None: PART


def same(count, _):
    return count


def twice(count, _):
    return 2 * count


def shares(count, actors):
    return count // actors * actors


def pings_and_pongs(count, actors):
    return 2 * count * actors


def with_hundredth(count, _):
    return count + max(1, count // 100)


def with_tenth(count, _):
    return count + count // 10 + 1


CHANNELS, BOXES = ("tokio", "go"), ("tokio", "erlang")

WORKLOADS = (
    Workload("pingpong", "two actors, one message to and fro", 4000000, twice, options=True),
    Workload("pingpong_apart", "the same, the two actors on two threads", 20000, twice, workers=(2,), part={}),
    Workload("counting", "one producer, one counter, room for 1,024", 8000000, same, who=CHANNELS, options=True),
    Workload("counting_unbounded", "the same without bound", 8000000, same, who=BOXES, options=True),
    Workload("fanin", "100 producers, one consumer, room for 1,024", 8000000, shares, 100, CHANNELS, options=True),
    Workload("fanin_unbounded", "the same without bound", 8000000, shares, 100, BOXES, options=True),
    Workload("ring100", "a token round 100 actors", 4000000, same, 100, options=True),
    Workload("ring10k", "a token round 10,000 actors", 4000000, same, 10000, options=True),
    Workload("spawn", "actors that handle one message and end", 400000, same, options=True),
    Workload("big", "120 actors ping one another at random", 30000, pings_and_pongs, 120, options=True),
    Workload("chameneos", "100 creatures meet two by two at a mall", 800000, twice, 100, options=True),
    Workload("ask", "a thread outside asks an actor (Erlang: a process does)", 30000, with_hundredth,
             unlike=("erlang",), part={}),
    Workload("timers", "100 actors arm timers of 10 to 100 ms", 100000, shares, 100, part={}),
    Workload("restart", "from an actor's failure to its next start", 10000, with_tenth, who=("erlang",), part={}),
    Workload("burst", "messages of 8 bytes wait in a box", 10000000, same, who=(), workers=(1,)),
    Workload("fairness", "a probe beside 1,000 actors that never rest", 3000, same, 1000, ()),
)

PARALLEL = ("forkjoin", "trapezoid", "pi", "matrix", "quicksort", "queens", "fibonacci")
ALIKE = ("forkcreate", "dictionary", "sortedlist", "buffer", "philosophers", "barber", "smokers", "logistic", "bank",
         "radixsort", "filterbank", "sieve", "cobweb", "facility", "paths", "relaxation", "astar", "fibonacci_all",
         "bitonic")
SAVINA = tuple(Workload(name, "a program of the Savina suite", 0, None, who=(), parallel=name in PARALLEL)
               for name in PARALLEL + ALIKE)  # those that are not above
BY_NAME = {workload.name: workload for workload in WORKLOADS + SAVINA}


def workers_text(workers):
    return "1 worker" if workers == 1 else f"{workers} workers"


def count_for(workload, peer, quick):
    """What --count is for a peer: a multiple of 100, so that shares are even. 0: the program's own size."""
    if workload.count == 0:
        return SMALL if quick else 0
    part = (PART if workload.part is None else workload.part).get(peer, 1)
    count = workload.count * part * (QUICK_PART if quick else 1)
    least = min(workload.count, QUICK_LEAST)
    return max(int(count) // 100 * 100, least)
