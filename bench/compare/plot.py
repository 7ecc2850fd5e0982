# SPDX-License-Identifier: MIT OR Apache-2.0
"""A plot of one workload as SVG: a panel for each figure, in it a bar for each who took part and each number of
workers, with its name, its median and a whisker over its range. Readable on light and on dark ground."""
from html import escape

from table import number
from workloads import BY_NAME, OURS, PEERS, TITLES, workers_text

WIDTH, LEFT, RIGHT = 760, 170, 110  # names stand in LEFT, values in RIGHT
BAR, STEP, GAP, PANEL_HEAD, TOP, BOTTOM = 16, 24, 8, 34, 56, 16  # GAP: between numbers of workers
CLIP = 2.0  # whiskers reach at most so many times the longest bar

# No variables: not every program that draws SVG knows them.
STYLE = """\
.ground { fill: #ffffff; }
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 17px; font-weight: 600; }
.faint { fill: #59636e; font-size: 12px; }
.ours { fill: #0969da; }
.theirs { fill: #a8b3bf; }
.range { stroke: #1f2328; stroke-width: 1.5; fill: none; }
@media (prefers-color-scheme: dark) {
  .ground { fill: #0d1117; }
  text { fill: #e6edf3; }
  .faint { fill: #9198a1; }
  .ours { fill: #4493f8; }
  .theirs { fill: #4d5661; }
  .range { stroke: #e6edf3; }
}"""


def text(x, y, words, attributes=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" {attributes}>{escape(words)}</text>'


def bars_of(figures):
    """(who, workers, Seen) of one panel: by workers, ours first."""
    return [(who, figure.workers, figure.by[who]) for figure in figures for who in [OURS, *PEERS] if who in figure.by]


def scale_of(bars):
    """Units a pixel: all whiskers fit, unless one is far longer than the bars."""
    longest = max(seen.median for _, _, seen in bars)
    reach = max(longest, min(max(seen.most for _, _, seen in bars), CLIP * longest))
    return (WIDTH - LEFT - RIGHT) / reach if reach > 0 else 0.0


def whisker(seen, scale, y):
    """From the least to the greatest; an arrow where the plot ends before it does."""
    end, middle = WIDTH - RIGHT, y + BAR / 2
    low, high = LEFT + max(0.0, seen.least) * scale, LEFT + max(0.0, seen.most) * scale
    clipped, high, low = high > end + 0.5, min(high, end), min(low, end)
    tip = f"M{high - 5:.1f} {middle - 4:.1f}L{high:.1f} {middle:.1f}L{high - 5:.1f} {middle + 4:.1f}" if clipped else \
        f"M{high:.1f} {y + 3:.1f}V{y + BAR - 3:.1f}"
    return f'<path class="range" d="M{low:.1f} {y + 3:.1f}V{y + BAR - 3:.1f}M{low:.1f} {middle:.1f}H{high:.1f}{tip}"/>'


def bar(one, scale, y):
    who, workers, seen = one
    label = f"{TITLES[who]}, {workers_text(workers)}"
    length = max(1.0, seen.median * scale)
    return [text(LEFT - 8, y + 13, label, 'text-anchor="end"'),
            f'<rect class="{"ours" if who == OURS else "theirs"}" x="{LEFT}" y="{y:.0f}" width="{length:.1f}" '
            f'height="{BAR}" rx="2"><title>{escape(label)}: {number(seen.median)} ({number(seen.least)} to '
            f'{number(seen.most)}, {seen.runs} runs)</title></rect>',
            whisker(seen, scale, y), text(WIDTH - RIGHT + 10, y + 13, number(seen.median))]


def panel(name, unit, bars, top):
    """(lines, where the next panel begins)."""
    lines = [text(LEFT, top + 18, f"{name}, {unit}", 'class="faint"')]
    scale, y, workers = scale_of(bars), top + PANEL_HEAD - 8, bars[0][1]
    for one in bars:
        y += GAP if one[1] != workers else 0
        lines += bar(one, scale, y)
        y, workers = y + STEP, one[1]
    return lines, y + GAP


def plot(workload, figures, meta):
    """The SVG of one workload, from all of its figures."""
    lines, y = [], TOP
    for name in dict.fromkeys(figure.name for figure in figures):
        same = [figure for figure in figures if figure.name == name]
        bars = bars_of(same)
        if bars:
            more, y = panel(name, same[0].unit, bars, y)
            lines += more
    height = y + BOTTOM
    where = f"{meta['date']}, {meta['processor']}; less is better; whiskers: range of {meta['repeats']} runs"
    return "\n".join([
        "<!-- SPDX-License-Identifier: MIT OR Apache-2.0 -->",
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}" role="img" aria-label="{escape(workload, quote=True)}">',
        f"<style>{STYLE}</style>", '<rect class="ground" width="100%" height="100%"/>',
        text(16, 26, f"{workload}: {BY_NAME[workload].what}", 'class="title"'),
        text(16, 45, where, 'class="faint"'), *lines, "</svg>"]) + "\n"
