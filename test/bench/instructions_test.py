#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""instructions_test.py AIRT_BENCH: the gate of scripts/instructions.py passes what it measured itself, fails against a
baseline that was doctored, and skips another compiler's. The whole program runs, under valgrind."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else None


class Gate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.baseline = pathlib.Path(cls.folder.name) / "baseline.json"
        cls.renewed = cls.gate("--renew")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def gate(cls, *options):
        command = [sys.executable, "-B", str(ROOT / "scripts" / "instructions.py"), "--bench", str(BENCH),
                   "--baseline", str(cls.baseline), "--tries", "1", "spawn", *options]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def doctored(self, change):
        """The gate's answer when `change` was made to the baseline, which is as before afterwards."""
        true = self.baseline.read_text()
        false = json.loads(true)
        change(false)
        self.baseline.write_text(json.dumps(false))
        answer = self.gate()
        self.baseline.write_text(true)
        return answer

    def test_renews(self):
        self.assertEqual(self.renewed.returncode, 0, self.renewed.stderr)
        self.assertGreater(json.loads(self.baseline.read_text())["instructions"]["spawn"], 50)

    def test_passes_what_it_measured(self):
        answer = self.gate()
        self.assertEqual(answer.returncode, 0, answer.stdout)

    def test_fails_beyond_five_per_cent(self):
        answer = self.doctored(lambda baseline: scale(baseline, 1 / 1.08))
        self.assertEqual(answer.returncode, 1, answer.stdout)
        self.assertRegex(answer.stdout, r"spawn went from [\d.]+ to [\d.]+ instructions an operation \(\+[78]\.")
        self.assertIn("scripts/instructions.py --renew", answer.stdout)

    def test_says_that_a_baseline_is_too_generous(self):
        answer = self.doctored(lambda baseline: scale(baseline, 1.2))
        self.assertEqual(answer.returncode, 0, answer.stdout)
        self.assertIn("spawn takes much less", answer.stdout)

    def test_fails_a_workload_without_baseline(self):
        answer = self.doctored(lambda baseline: baseline["instructions"].clear())
        self.assertEqual(answer.returncode, 1, answer.stdout)
        self.assertIn("spawn is not in the baseline", answer.stdout)

    def test_skips_another_compiler(self):
        answer = self.doctored(lambda baseline: baseline.update(compiler="another"))
        self.assertEqual(answer.returncode, 77, answer.stdout)
        self.assertIn("skipped: the baseline is of 'another'", answer.stdout)


def scale(baseline, factor):
    baseline["instructions"]["spawn"] *= factor


if __name__ == "__main__":
    if shutil.which("valgrind") is None:
        print("skipped: no valgrind")
        sys.exit(77)
    unittest.main()
