#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Compares what a shared library exports with what the public headers mark AIRT_API: exports.py CC LIBRARY INCLUDE"""
import pathlib
import re
import subprocess
import sys


def declared(compiler, include):
    """Names declared with AIRT_API in any header, as the preprocessor sees them in the library's own build."""
    headers = sorted(path.relative_to(include) for path in include.glob("airt/*.h"))
    text = "".join(f"#include <{header}>\n" for header in headers)
    text = subprocess.run([compiler, "-std=c17", "-E", "-P", "-DAIRI_BUILDING", f"-I{include}", "-x", "c", "-"],
                          input=text, capture_output=True, text=True, check=True).stdout
    names = set()
    for piece in text.split('__attribute__((visibility("default")))')[1:]:
        piece = re.split(r"[;{=]", piece, maxsplit=1)[0]
        piece = re.sub(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)", " ", piece)
        name = re.search(r"([A-Za-z_]\w*)\s*\(", piece) or re.search(r"([A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)?$", piece.strip())
        names.add(name.group(1))
    return names


def exported(library):
    lines = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", library], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    return {line.split()[0].split("@")[0] for line in lines if line.split()[1] != "A"}


def main():
    compiler, library, include = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    wanted, found = declared(compiler, include), exported(library)
    for name in sorted(found - wanted):
        print(f"exported, but no public header marks it AIRT_API: {name}")
    for name in sorted(wanted - found):
        print(f"marked AIRT_API, but not exported (not defined, or src/ does not see its header): {name}")
    for name in sorted(found):
        if not re.match(r"(airt|airi)_", name):
            print(f"exported without a prefix of ours: {name}")
    print(f"{len(found)} symbols exported")
    return 0 if wanted == found and found else 1


if __name__ == "__main__":
    sys.exit(main())
