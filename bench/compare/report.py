# SPDX-License-Identifier: MIT OR Apache-2.0
"""The files of a series: its records, one a line behind a line of what was measured on; the page; a plot for each
workload; and the line in the bench's README that leads to them."""
import json

import noise
from plot import plot
from summary import summarise
from table import page

MARKS = {"results": "series", "results/savina": "savina"}  # in the bench's README, by folder


def read(path):
    """(meta, records) of a file of records."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return lines[0]["meta"], lines[1:]


def judged(meta, records, spread_max):
    """The meta with what the floor did. Raises noise.TooNoisy. A floor stands with each figure of its run."""
    floors = [floor for _, floor in sorted({(run_of(record), record["floor_ns"]) for record in records})]
    moved = noise.check_floors(floors, spread_max)
    return {**meta, "floor": noise.statistics.median(floors), "spread": moved}


def run_of(record):
    return record["workload"], record["workers"], record["peer"], record["repeat"]


def write(folder, meta, records):
    """All files but the records; gives back the names of the workloads that have a plot."""
    figures = summarise(records)
    names = list(dict.fromkeys(figure.workload for figure in figures))
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        own = [figure for figure in figures if figure.workload == name]
        (folder / f"{name}.svg").write_text(plot(name, own, meta))
    (folder / "README.md").write_text(page(meta, figures, names))
    return names


def link(readme, folder_name, meta):
    """Puts the newest series between the two marks of the bench's README."""
    begin, end = f"<!-- {MARKS[folder_name]} -->", f"<!-- /{MARKS[folder_name]} -->"
    before, rest = readme.read_text().split(begin)
    after = rest.split(end)[1]
    line = (f"The newest series: [{folder_name}/README.md]({folder_name}/README.md), {meta['date']}, "
            f"{meta['compiler']}, {meta['processor']}.")
    readme.write_text(f"{before}{begin}\n{line}\n{end}{after}")
