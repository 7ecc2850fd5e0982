#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes a made-up package database to standard output: generate.py RECORDS [SEED]"""
import random
import sys


def relation(rng, i):
    """Mostly on a package before this one, sometimes on any: so there are cycles, but not one of everything."""
    target = int(i * rng.random() ** 3) if i and rng.random() < 0.998 else rng.randrange(i + 1)
    form = rng.randrange(8)
    if form == 0:
        return "missing%d | p%d (>= 1.%d)" % (i, target, i)
    if form == 1:
        return "virtual%d | p%d" % (target % 500, target)
    return ["p%d", "p%d:any", "p%d (>= 1.0~)", "p%d [amd64]", "p%d | missing", "p%d (<< 2:3-4)"][form - 2] % target


def main():
    count, rng = int(sys.argv[1]), random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    for i in range(count):
        lines = ["Package: p%d" % i, "Status: install ok installed", "Architecture: amd64",
                 "Section: s%d" % rng.randrange(40), "Installed-Size: %d" % rng.randrange(10000)]
        if rng.random() < 0.05:
            lines[1] = "Status: deinstall ok config-files"
        if rng.random() < 0.1:
            lines.append("Provides: virtual%d, extra%d (= 1)" % (rng.randrange(500), i))
        needs = [relation(rng, i) for _ in range(rng.randrange(8))]
        if needs:
            lines.append("Depends: " + ",\n ".join(needs))
        lines.append("Description: package number %d\n %s\n .\n %s" % (i, "word " * 40, "text " * 60))
        print("\n".join(lines) + "\n")


main()
