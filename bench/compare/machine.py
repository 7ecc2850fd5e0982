# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a series was measured on, and with."""
import datetime
import os
import pathlib
import re
import subprocess


def compiler(bench):
    """The first line of the version of the compiler that made the folder of airt-bench."""
    cache = (bench.parent / "CMakeCache.txt").read_text()
    path = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", cache, re.M).group(1)
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    return re.sub(r"^cc\b", "gcc", said.splitlines()[0])  # it calls itself as it was called


def processor():
    found = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return f"{found.group(1) if found else os.uname().machine}, {os.cpu_count()} processors"


def kernel():
    """Its number; what else its builder called it says nothing here."""
    return re.match(r"[\d.]*", os.uname().release).group(0)


def describe(bench):
    """The head of a series."""
    return {"date": datetime.date.today().isoformat(), "compiler": compiler(bench), "processor": processor(),
            "kernel": kernel()}
