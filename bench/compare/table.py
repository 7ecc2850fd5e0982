# SPDX-License-Identifier: MIT OR Apache-2.0
"""The page of a series, in markdown: medians with their ranges, ratios to each peer and to the best one, what all
options cost, and our figures that have goals of their own."""
from summary import alone, options_cost, speedups, to_best
from workloads import (BY_NAME, EVERYTHING_ON, GOAL_OPTIONS, GOAL_SPEEDUP, GOAL_TO_BEST, OURS, PEERS, SAVINA, TITLES,
                       workers_text)


def number(value):
    """Three digits that count."""
    if value == 0:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def ranged(seen):
    return "–" if seen is None else f"{number(seen.median)} ({number(seen.least)}–{number(seen.most)})"


def ratio_text(ratio):
    return "–" if ratio is None else f"{ratio:.2f}"


def ratio_of(figure, peer):
    """In parentheses where the peer does something easier."""
    words = ratio_text(figure.ratio(peer))
    return f"({words})" if peer in BY_NAME[figure.workload].unlike and peer in figure.by else words


def grid(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] * len(head)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def taking_part(figures):
    return [peer for peer in PEERS if any(peer in figure.by for figure in figures)]


def compared(figures):
    return [figure for figure in figures if OURS in figure.by and figure.best_peer() is not None]


def medians_table(figures, peers):
    rows = [[figure.name, figure.unit] + [ranged(figure.by.get(who)) for who in [OURS, *peers]] for figure in figures]
    return grid(["figure", "unit", *(TITLES[who] for who in [OURS, *peers])], rows)


def ratios_table(figures, peers):
    rows = []
    for figure in figures:
        best, ratio, verdict = to_best(figure) or ("–", None, "–")
        rows.append([figure.name] + [ratio_of(figure, peer) for peer in peers] +
                    [TITLES.get(best, best), ratio_text(ratio), verdict])
    return grid(["figure", *(f"to {TITLES[peer]}" for peer in peers), "best peer", "to the best",
                 f"goal: at most {GOAL_TO_BEST:.2f}"], rows)


def options_table(figures):
    rows = []
    for figure in figures:
        cost = options_cost(figure)
        if cost is not None:
            rows.append([figure.name, str(figure.workers), figure.unit, ranged(figure.by[OURS]),
                         ranged(figure.by[EVERYTHING_ON]), ratio_text(cost[0]), cost[1]])
    return grid(["figure", "workers", "unit", "without", "with all", "ratio", f"goal: at most {GOAL_OPTIONS:.2f}"],
                rows)


def alone_table(figures):
    rows = []
    for figure in figures:
        workload = BY_NAME[figure.workload]
        if workload.who == () and workload not in SAVINA and OURS in figure.by:
            most, verdict = alone(figure) or (None, "–")
            rows.append([figure.name, str(figure.workers), figure.unit, ranged(figure.by[OURS]),
                         "–" if most is None else f"at most {number(most)}", verdict])
    return grid(["figure", "workers", "unit", "airt", "goal", ""], rows)


def savina_table(figures):
    rows = [[one.name, one.unit, ranged(one.by[OURS]), ranged(two.by[OURS]), ratio_text(ratio), verdict or "–"]
            for one, two, ratio, verdict in speedups(figures)]
    return grid(["program", "unit", "1 worker", "2 workers", "1 to 2", f"goal: at least {GOAL_SPEEDUP:.2f}"], rows)


def tally(figures):
    """How many goals to the best peer are met, of how many."""
    verdicts = [to_best(figure)[2] for figure in compared(figures) if to_best(figure)]
    return f"{verdicts.count('met')} of {len(verdicts)}"


def head(meta, figures):
    versions = "; ".join(f"{TITLES[who]} {version}" for who, version in meta["versions"].items()
                         if who in PEERS or who == OURS)
    lines = ["# airt beside its peers", "",
             f"{meta['date']}; {meta['compiler']}; {meta['processor']}; Linux {meta['kernel']}. {versions}.", "",
             f"{meta['repeats']} runs of each, interleaved in one shuffled series (seed {meta['seed']}); medians, with "
             "the least and the greatest in parentheses; every run validated by its count. The floor, a hop by hand "
             f"before each run, was {meta['floor']:.1f} ns and moved by {meta['spread']:.0%} (tenth to ninetieth "
             "percentile over the median). Less is better everywhere."]
    if meta["quick"]:
        lines += ["", "**Quick: sizes that only show that it works. These are no figures to quote.**"]
    return lines + (["", f"Goals against the best peer met: {tally(figures)}."] if compared(figures) else [])


def page(meta, figures, plots):
    """The whole page; plots: names of files beside it."""
    peers, parts = taking_part(figures), head(meta, figures)
    for workers in sorted({figure.workers for figure in compared(figures)}):
        some = [figure for figure in compared(figures) if figure.workers == workers]
        label = workers_text(workers)
        parts += ["", f"## {label}", "", medians_table(some, peers), "", f"### Ratios, {label}", "",
                  "Ours to theirs: below 1, ours is quicker; in parentheses: theirs is an easier task (bench/README.md).",
                  "", ratios_table(some, peers)]
    for title, table in (("All options on", options_table), ("Ours alone", alone_table), ("Savina", savina_table)):
        rows = table(figures)
        if rows.count("\n") > 1:
            parts += ["", f"## {title}", "", rows]
    parts += ["", "## Plots", ""]
    return "\n".join(parts + [f"![{name}]({name}.svg)" for name in plots]) + "\n"
