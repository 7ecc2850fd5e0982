#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""compare_test.py AIRT_BENCH: the comparison with the peers, on records made up here: what it computes, writes, and
refuses; and the whole program with our own bench alone."""
import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else None
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "bench" / "compare"))

import noise  # noqa: E402
import plot  # noqa: E402
import report  # noqa: E402
import series  # noqa: E402
import summary  # noqa: E402
import table  # noqa: E402
from workloads import BY_NAME, OURS, SAVINA, WORKLOADS, count_for  # noqa: E402

META = {"date": "2026-01-02", "compiler": "gcc 12", "processor": "a machine <of> ours", "kernel": "6.1", "repeats": 3,
        "seed": 7, "quick": False, "floor": 20.0, "spread": 0.1,
        "versions": {"airt": "0.1.0", "tokio": "1.24.2", "go": "go1.19"}}
SVG = "{http://www.w3.org/2000/svg}"


def runs(peer, values, workload="pingpong", name=None, workers=1, floor_ns=20.0):
    """The records of one cell."""
    return [{"workload": workload, "peer": peer, "workers": workers, "name": name or workload, "value": value,
             "unit": "ns/message", "check": 8, "repeat": repeat, "count": 4, "floor_ns": floor_ns, "load": 0.0}
            for repeat, value in enumerate(values)]


def canned(ours=(50, 52, 60)):
    return (runs("airt", ours) + runs("tokio", (90, 80, 100)) + runs("go", (210, 200, 220)) +
            runs("airt_all", (55, 56, 70)) + runs("airt", (100, 110, 120), workers=2) +
            runs("tokio", (80, 90, 95), workers=2) + runs("airt", (63, 65, 64), workload="burst"))


def only(figures, name, workers=1):
    return next(figure for figure in figures if (figure.name, figure.workers) == (name, workers))


class Summary(unittest.TestCase):
    def test_median_and_range(self):
        seen = only(summary.summarise(canned()), "pingpong").by["airt"]
        self.assertEqual((seen.median, seen.least, seen.most, seen.runs), (52, 50, 60, 3))

    def test_ratio_to_each_and_to_the_best(self):
        figure = only(summary.summarise(canned()), "pingpong")
        self.assertAlmostEqual(figure.ratio("go"), 52 / 210)
        self.assertIsNone(figure.ratio("erlang"))
        self.assertEqual(summary.to_best(figure), ("tokio", 52 / 90, "met"))

    def test_an_easier_task_is_never_the_best(self):
        figure = only(summary.summarise(runs("airt", [8], "ask") + runs("erlang", [1], "ask") + runs("go", [9], "ask")),
                      "ask")
        self.assertEqual(figure.best_peer(), "go")
        self.assertEqual(table.ratio_of(figure, "erlang"), "(8.00)")

    def test_everything_on_is_no_peer(self):
        figure = only(summary.summarise(runs("airt", [5]) + runs("airt_all", [4])), "pingpong")
        self.assertIsNone(figure.best_peer())
        self.assertEqual(summary.options_cost(figure), (0.8, "met"))

    def test_goals_are_missed_too(self):
        figures = summary.summarise(canned())
        self.assertEqual(summary.to_best(only(figures, "pingpong", 2))[2], "missed")
        self.assertEqual(summary.options_cost(only(summary.summarise(canned((40, 41, 42))), "pingpong"))[1], "missed")
        self.assertEqual(summary.alone(only(figures, "burst")), (64, "met"))
        self.assertEqual(summary.alone(only(summary.summarise(runs("airt", [65], "burst")), "burst"))[1], "missed")


class Table(unittest.TestCase):
    def rows(self, records):
        page = table.page(META, summary.summarise(records), ["pingpong"])
        return [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| ")]

    def test_cells(self):
        rows = self.rows(canned())
        self.assertIn(["pingpong", "ns/message", "52 (50–60)", "90 (80–100)", "210 (200–220)"], rows)
        self.assertIn(["pingpong", "0.58", "0.25", "Tokio", "0.58", "met"], rows)
        self.assertIn(["pingpong", "1.22", "–", "Tokio", "1.22", "missed"], rows)
        self.assertIn(["pingpong", "1", "ns/message", "52 (50–60)", "56 (55–70)", "1.08", "met"], rows)
        self.assertIn(["burst", "1", "ns/message", "64 (63–65)", "at most 64", "met"], rows)

    def test_every_row_has_the_columns_of_its_head(self):
        page = table.page(META, summary.summarise(canned()), [])
        for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
            self.assertEqual(len({line.count("|") for line in block.splitlines()}), 1, block)

    def test_head(self):
        page = table.page(META, summary.summarise(canned()), ["pingpong"])
        self.assertIn("2026-01-02; gcc 12; a machine <of> ours; Linux 6.1. airt 0.1.0; Tokio 1.24.2; Go go1.19.", page)
        self.assertIn("Goals against the best peer met: 1 of 2.", page)
        self.assertIn("![pingpong](pingpong.svg)", page)
        self.assertNotIn("no figures to quote", page)
        self.assertIn("no figures to quote", table.page({**META, "quick": True}, [], []))


class Savina(unittest.TestCase):
    def test_two_workers_beside_one(self):
        figures = summary.summarise(runs("airt", (90, 100, 110), "matrix") + runs("airt", (50, 55, 60), "matrix", workers=2)
                                    + runs("airt", [8], "bank") + runs("airt", [9], "bank", workers=2))
        self.assertEqual([(one.name, round(ratio, 2), verdict) for one, _, ratio, verdict in summary.speedups(figures)],
                         [("matrix", 1.82, "met"), ("bank", 0.89, None)])
        self.assertIn("| matrix | ns/message | 100 (90–110) | 55 (50–60) | 1.82 | met |", table.page(META, figures, []))

    def test_a_second_worker_that_helps_too_little(self):
        figures = summary.summarise(runs("airt", [100], "matrix") + runs("airt", [60], "matrix", workers=2))
        self.assertEqual(summary.speedups(figures)[0][3], "missed")

    def test_the_whole_suite_is_known(self):
        words = (pathlib.Path(__file__).resolve().parents[2] / "bench/savina/list.h").read_text()
        self.assertEqual(set(re.findall(r"^    X\((\w+)\)", words, re.M)) - {workload.name for workload in WORKLOADS},
                         {workload.name for workload in SAVINA})

    def test_its_check_is_its_own(self):
        cell = series.Cell(BY_NAME["matrix"], 1, OURS)
        answer = json.dumps({"name": "matrix", "value": 1.0, "unit": "ms/run", "check": 5})
        self.assertEqual(len(series.validated(cell, 0, (0, answer, ""))), 1)
        self.assertEqual(count_for(BY_NAME["matrix"], OURS, False), 0)


class Plot(unittest.TestCase):
    def drawn(self, records):
        words = plot.plot("pingpong", summary.summarise(records), META)
        return words, xml.etree.ElementTree.fromstring(words)

    def test_a_bar_each_as_long_as_its_median(self):
        _, tree = self.drawn(runs("airt", (50, 52, 60)) + runs("go", (210, 208, 220)))
        _, ours, theirs = tree.iter(f"{SVG}rect")
        self.assertEqual((ours.get("class"), theirs.get("class")), ("ours", "theirs"))
        self.assertAlmostEqual(float(theirs.get("width")) / float(ours.get("width")), 210 / 52, places=1)

    def test_names_and_values(self):
        words, tree = self.drawn(canned())
        said = [text.text for text in tree.iter(f"{SVG}text")]
        for wanted in ("airt, 1 worker", "Tokio, 2 workers", "52", "210", "pingpong, ns/message"):
            self.assertIn(wanted, said)
        self.assertNotIn("airt, all options, 1 worker", said)
        self.assertIn("prefers-color-scheme: dark", words)
        self.assertIn("a machine &lt;of&gt; ours", words)

    def test_a_whisker_each_within_the_plot(self):
        _, tree = self.drawn(runs("airt", (50, 52, 5000)) + runs("go", (60, 60, 60)))
        whiskers = [path.get("d") for path in tree.iter(f"{SVG}path")]
        self.assertEqual(len(whiskers), 2)
        for reach in re.findall(r"H([\d.]+)", " ".join(whiskers)):
            self.assertLessEqual(float(reach), plot.WIDTH - plot.RIGHT + 0.1)


class Noise(unittest.TestCase):
    STAT = "cpu  {} 0 10 {} 0 0 0 {} 0 0\ncpu0 0\ncpu1 0\nintr 5\n"

    def test_load_is_what_others_keep_busy(self):
        read = iter([self.STAT.format(100, 1000, 0), self.STAT.format(130, 1160, 10)])
        self.assertAlmostEqual(noise.load_now(lambda: next(read), lambda _: None), 2 * 40 / 200)

    def test_waits_until_it_is_quiet(self):
        loads = iter([1.9, 0.7, 0.1])
        self.assertEqual(noise.wait_for_quiet(0.2, 100, lambda: next(loads), lambda: 0), 0.1)

    def test_gives_up(self):
        clock = iter(range(0, 1000, 10))
        with self.assertRaisesRegex(noise.TooNoisy, "others keep 1.50 processors busy"):
            noise.wait_for_quiet(0.2, 60, lambda: 1.5, lambda: next(clock))

    def test_floor_that_moved(self):
        self.assertLess(noise.check_floors([20, 21] * 8 + [40], 0.35), 0.1)
        with self.assertRaisesRegex(noise.TooNoisy, "the floor moved by 67%"):
            noise.check_floors([20, 40, 20, 40, 20, 40], 0.35)

    def test_a_floor_stands_for_its_run_once(self):
        steady = [record for i in range(8) for record in runs("go", [1], workers=i)]
        many = [record for name in "abcdef" for record in runs("airt", [1], name=name, floor_ns=90.0)]
        self.assertEqual(report.judged(META, steady + many, 1.0)["floor"], 20.0)


class Series(unittest.TestCase):
    CELL = series.Cell(BY_NAME["pingpong"], 1, OURS)

    def answer(self, check=8, status=0):
        figure = {"name": "pingpong", "value": 1.0, "unit": "ns/message", "check": check}
        return status, json.dumps(figure) + "\n", "why"

    def test_a_count_that_is_right(self):
        self.assertEqual(len(series.validated(self.CELL, 4, self.answer())), 1)

    def test_what_is_wrong(self):
        for answer, words in ((self.answer(check=7), "counted 7 instead of 8"), (self.answer(status=1), "why"),
                              ((0, "", ""), "no figure")):
            with self.assertRaisesRegex(series.Wrong, words):
                series.validated(self.CELL, 4, answer)

    def test_each_round_has_every_cell_once_in_its_own_order(self):
        cells = series.cells(WORKLOADS, {"airt", "airt_all", "tokio", "go", "erlang"})
        order = collections.defaultdict(list)
        for repeat, cell in series.rounds(cells, 3, 1):
            order[repeat].append(cell)
        self.assertEqual([set(one) for one in order.values()], [set(cells)] * 3)
        self.assertEqual([len(one) for one in order.values()], [len(cells)] * 3)
        self.assertNotEqual(order[0], order[1])

    def test_the_absent_are_left_out(self):
        self.assertEqual({cell.peer for cell in series.cells(WORKLOADS, {"airt", "go"})}, {"airt", "go"})

    def test_sizes_divide_evenly(self):
        for workload in WORKLOADS:
            for peer in (OURS, *workload.who):
                for quick in (False, True):
                    count = count_for(workload, peer, quick)
                    self.assertTrue(count > 0 and count % 100 == 0, (workload.name, peer, quick, count))


class Program(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def compare(self, *options):
        command = [sys.executable, "-B", str(ROOT / "bench" / "compare"), "--out", str(self.folder / "out"), *options]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def recorded(self, records):
        path = self.folder / "records.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in [{"meta": META}, *records]))
        return str(path)

    def test_writes_from_records(self):
        done = self.compare("--from", self.recorded(canned()))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({path.name for path in (self.folder / "out").iterdir()},
                         {"README.md", "series.jsonl", "pingpong.svg", "burst.svg"})

    def test_refuses_a_floor_that_moved_and_writes_nothing(self):
        moved = [{**record, "floor_ns": 20.0 + 10 * (index % 3)} for index, record in enumerate(canned())]
        done = self.compare("--from", self.recorded(moved))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("too noisy: the floor moved", done.stderr)
        self.assertFalse((self.folder / "out").exists())
        self.assertEqual(self.compare("--from", self.recorded(moved), "--spread-max", "2").returncode, 0)

    def test_refuses_a_machine_that_never_gets_quiet(self):
        done = self.compare("--bench", str(BENCH), "--quick", "--peers", "", "--load-max", "-1", "--wait", "0",
                            "ring100")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("processors busy", done.stderr)
        self.assertFalse((self.folder / "out" / "README.md").exists())

    def test_runs_ours_from_end_to_end(self):
        done = self.compare("--bench", str(BENCH), "--quick", "--peers", "", "--repeats", "1", "--json", "ring100")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([(line["peer"], line["workers"]) for line in sorted(lines[1:], key=lambda line: (
            line["peer"], line["workers"]))], [("airt", 1), ("airt", 2), ("airt_all", 1), ("airt_all", 2)])
        self.assertIn("## All options on", (self.folder / "out" / "README.md").read_text())

    def test_wrong_arguments(self):
        for options in (["bogus"], ["--peers", "bogus"], ["--repeats", "2"], ["--bogus"]):
            self.assertEqual(self.compare(*options).returncode, 2, options)

    def test_the_readme_leads_to_the_newest(self):
        readme = self.folder / "README.md"
        readme.write_text("before\n<!-- series -->\nold\n<!-- /series -->\nafter\n")
        report.link(readme, "results", META)
        words = readme.read_text()
        self.assertIn("(results/README.md), 2026-01-02, gcc 12, a machine", words)
        self.assertTrue(words.startswith("before\n") and words.endswith("<!-- /series -->\nafter\n"))
        self.assertNotIn("old", words)


if __name__ == "__main__":
    unittest.main()
