#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What examples/packages must find out, worked out a second time and in another way.

The rules: counted are records with `Status: install ok installed`; of two with the same name and architecture the first.
A package needs of each clause of Pre-Depends and Depends the first alternative that is installed, or provided by an
installed package, of several providers the first by name; never itself. A chain's length counts components.
"""
import re
import subprocess
import sys

sys.setrecursionlimit(1_000_000)
TOP = 20
FIELDS = ["Package", "Status", "Architecture", "Section", "Installed-Size", "Pre-Depends", "Depends", "Provides"]


def from_dpkg_query():
    """The machine's own database, as dpkg itself reads it."""
    form = "".join("${%s}\x01" % field for field in FIELDS) + "\x02"
    text = subprocess.run(["dpkg-query", "-W", "-f", form], check=True, capture_output=True).stdout.decode()
    rows = [dict(zip(FIELDS, row.split("\x01"))) for row in text.split("\x02") if row]
    return [row for row in rows if row["Status"] == "install ok installed"]


def names(relations):
    """[[alternative, ...], ...]"""
    clauses = [clause for clause in relations.split(",") if clause.strip()]
    return [[re.match(r"\s*([^\s:(\[<]+)", part).group(1) for part in clause.split("|")] for clause in clauses]


def link(records):
    installed = {record["Package"] for record in records}
    providers = {}
    for record in records:
        for (name, *_) in names(record["Provides"]):
            providers.setdefault(name, set()).add(record["Package"])
    needs = {name: set() for name in installed}
    unmet = 0
    for record in records:
        for clause in names(record["Pre-Depends"] + "," + record["Depends"]):
            found = [name if name in installed else min(providers[name]) for name in clause
                     if name in installed or name in providers]
            unmet += not found
            needs[record["Package"]].update(found[:1])
    for name in needs:
        needs[name].discard(name)
    return needs, unmet


def reverse(needs):
    by = {name: set() for name in needs}
    for name, targets in needs.items():
        for target in targets:
            by[target].add(name)
    return by


def closure(graph, start):
    seen, todo = set(), [start]
    while todo:
        for name in graph[todo.pop()]:
            if name not in seen:
                seen.add(name)
                todo.append(name)
    return seen


def components(needs):
    """Kosaraju: not the way the program does it."""
    order, seen = [], set()
    for root in sorted(needs):
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(sorted(needs[root])))]
        while stack:
            for name in stack[-1][1]:
                if name not in seen:
                    seen.add(name)
                    stack.append((name, iter(sorted(needs[name]))))
                    break
            else:
                order.append(stack.pop()[0])
    by, of = reverse(needs), {}
    for root in reversed(order):
        if root not in of:
            todo = [root]
            of[root] = root
            while todo:
                for name in by[todo.pop()]:
                    if name not in of:
                        of[name] = root
                        todo.append(name)
    members = {}
    for name, root in of.items():
        members.setdefault(root, []).append(name)
    return of, {root: sorted(group) for root, group in members.items()}


def longest_chain(needs):
    of, members = components(needs)
    arcs = {root: {of[target] for name in group for target in needs[name]} - {root} for root, group in members.items()}
    length = {}
    for root in sorted(members):
        stack = [root]
        while stack:
            missing = [target for target in arcs[stack[-1]] if target not in length]
            if missing:
                stack.extend(missing)
            else:
                done = stack.pop()
                length[done] = 1 + max((length[target] for target in arcs[done]), default=0)
    chain, choices = [], list(members)
    while choices:
        best = min(choices, key=lambda root: (-length[root], members[root][0]))
        chain.append(members[best])
        choices = list(arcs[best])
    return chain, sorted(group for group in members.values() if len(group) > 1)


def report(records):
    unique = {}
    for record in records:
        unique.setdefault((record["Package"], record["Architecture"]), record)
    counted = list(unique.values())
    needs, unmet = link(counted)
    by = reverse(needs)
    sections = {}
    for record in counted:
        row = sections.setdefault(record["Section"], [0, 0])
        row[0] += 1
        row[1] += int(record["Installed-Size"] or 0)
    top = sorted((name for name in by if by[name]), key=lambda name: (-len(by[name]), name))[:TOP]
    chain, cycles = longest_chain(needs)
    return {
        "packages": len(counted),
        "names": len(needs),
        "kilobytes": sum(size for _, size in sections.values()),
        "duplicates": len(records) - len(counted),
        "unmet": unmet,
        "sections": [{"name": name, "packages": row[0], "kilobytes": row[1]}
                     for name, row in sorted(sections.items(), key=lambda item: (-item[1][1], item[0]))],
        "top": [{"name": name, "dependents": len(by[name]), "closure": len(closure(by, name) - {name})}
                for name in top],
        "chain": chain,
        "cycles": cycles,
    }


def parse(text):
    """A well-formed database."""
    records = []
    for block in re.split(r"\n(?:\r?\n)+", text.replace("\r\n", "\n").strip("\n")):
        record = dict.fromkeys(FIELDS, "")
        for match in re.finditer(r"^([^\s:]+):(.*(?:\n[ \t].*)*)", block, re.M):
            if match.group(1) in record:
                record[match.group(1)] = match.group(2).strip()
        records.append(record)
    return [record for record in records if record["Status"] == "install ok installed"]
