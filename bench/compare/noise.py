# SPDX-License-Identifier: MIT OR Apache-2.0
"""Is the machine quiet enough for a figure? Two questions: before each run, how many processors others keep busy;
after the series, how far the floor that was measured before each run has moved."""
import statistics
import time

LOAD_MAX = 0.2      # processors that are busy while we sleep
SPREAD_MAX = 0.35   # of the floors: from the tenth to the ninetieth percentile, over the median
WAIT_SECONDS = 300  # for a quiet moment, before it is given up
WINDOW_SECONDS = 0.4


class TooNoisy(Exception):
    """No figure can be had; says why."""


def busy_and_all(text):
    """Ticks of all processors together, from /proc/stat: (busy, all). Time that a hypervisor took away is busy."""
    ticks = [int(word) for word in text.splitlines()[0].split()[1:9]]
    user, nice, system, idle, iowait, irq, softirq, steal = ticks
    busy = user + nice + system + irq + softirq + steal
    return busy, busy + idle + iowait


def processors_busy(before, after, processors):
    """Between two readings."""
    ticks = after[1] - before[1]
    return processors * (after[0] - before[0]) / ticks if ticks > 0 else 0.0


def read_stat():
    with open("/proc/stat", encoding="ascii") as file:
        return file.read()


def load_now(read=read_stat, sleep=time.sleep):
    text = read()
    processors = sum(1 for line in text.splitlines() if line.startswith("cpu")) - 1
    before = busy_and_all(text)
    sleep(WINDOW_SECONDS)
    return processors_busy(before, busy_and_all(read()), processors)


def wait_for_quiet(load_max, wait_seconds, load=load_now, now=time.monotonic):
    """Gives back the load that was small enough, or raises TooNoisy."""
    until = now() + wait_seconds
    while True:
        seen = load()
        if seen <= load_max:
            return seen
        if now() >= until:
            raise TooNoisy(f"others keep {seen:.2f} processors busy, and for {wait_seconds:.0f} s it was never "
                           f"{load_max:.2f} or less: try again on a quiet machine (--load-max)")


def spread(floors):
    """From the tenth to the ninetieth percentile, over the median."""
    if len(floors) < 2:
        return 0.0
    tenths = statistics.quantiles(floors, n=10, method="inclusive")
    return (tenths[-1] - tenths[0]) / statistics.median(floors)


def check_floors(floors, spread_max):
    seen = spread(floors)
    if seen > spread_max:
        raise TooNoisy(f"the floor moved by {seen:.0%} of its median during the series, over {spread_max:.0%}: the "
                       "machine was not the same from run to run, and nothing is reported (--spread-max)")
    return seen
