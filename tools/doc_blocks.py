#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Compiles and runs what the documents show, so that no example rots.

Reads README.md, ARCHITECTURE.md and docs/**/*.md. What happens to a fenced block depends on its language and on the
HTML comments in the lines directly above it (several may stand one below the other):

    ```c               with `int main`: a program; compiled, linked and run, must exit 0
                       otherwise: a translation unit after #include <airt/airt.h> and some standard headers; compiled
    ```cpp             the same as C++17
    ```text            nothing, unless marked as output
    ```sh              nothing, unless marked to be run

    <!-- prelude: docs/prelude.h -->   c, cpp: that file is included before the block
    <!-- fragment -->                  c, cpp: statements; compiled as the body of a function returning airt_status with
                                       airt_ctx *ctx and airt_system *system at hand
    <!-- continues -->                 c, cpp: compiled after the block before it (and what that one continues)
    <!-- fails -->                     c, cpp: must not compile; `<!-- fails: some words -->`: and the compiler says so
    <!-- from: examples/01_hello.c --> any: the block is a verbatim part of that file
    <!-- exits: 3 -->                  c program, run sh: that exit status
    <!-- output -->                    text: exactly what the last program or run block above printed
    <!-- run -->                       sh: run by bash -e in the source tree, must exit 0

Messages of the compiler carry the document's own line numbers. Warnings are errors, but unused things may be unused.
"""
import argparse
import concurrent.futures
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys

C_FLAGS = ["-std=c17", "-D_DEFAULT_SOURCE"]
CXX_FLAGS = ["-std=c++17"]
FLAGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-Wno-unused", "-Wno-unused-parameter",
         "-fstack-clash-protection", "-g", "-O1"]
STANDARD = ["airt/airt.h", "inttypes.h", "stdbool.h", "stdint.h", "stdio.h", "stdlib.h", "string.h"]
LIMIT_S = 60
KNOWN = {"prelude", "fragment", "continues", "fails", "from", "exits", "output", "run"}


class Block:
    def __init__(self, path, line, language, marks):
        self.path, self.line, self.language, self.marks = path, line, language, marks
        self.lines = []
        self.printed = None   # what it printed, once run
        self.expected = None  # the text block marked as its output
        self.before = None    # the block that this one continues

    def where(self):
        return f"{self.path}:{self.line}"

    def text(self):
        return "\n".join(self.lines) + "\n"

    def is_code(self):
        return self.language in ("c", "cpp")

    def is_program(self):
        return self.is_code() and re.search(r"\bint\s+main\s*\(", self.text()) is not None


def read_blocks(root, path, problems):
    """All fenced blocks of a document, each with the marks above it."""
    blocks, marks, block, fence, indent = [], {}, None, "", 0
    for number, line in enumerate((root / path).read_text(encoding="utf-8").splitlines(), 1):
        if block is not None:
            if line.strip() == fence:
                blocks.append(block)
                block = None
            else:
                block.lines.append(line[indent:] if line[:indent].isspace() else line)
            continue
        opening = re.match(r"^(\s*)(```+)\s*([A-Za-z+]*)", line)
        mark = re.match(r"^\s*<!--\s*([a-z]+)\s*(?::\s*(.*?))?\s*-->\s*$", line)
        if opening:
            indent, fence = len(opening.group(1)), opening.group(2)
            block = Block(path, number, opening.group(3).lower(), marks)
            marks = {}
        elif mark and mark.group(1) in KNOWN:
            marks[mark.group(1)] = mark.group(2) or ""
        elif line.strip():
            if marks:
                problems.append(f"{path}:{number}: a mark ({', '.join(marks)}) that no block follows")
            marks = {}
    if block is not None:
        problems.append(f"{block.where()}: a block that does not end")
    return blocks


def link_blocks(blocks, problems):
    """Finds for each block the one it continues, and for each program its expected output."""
    code, ran = None, None
    for block in blocks:
        if block.is_code():
            if "continues" in block.marks:
                if code is None or code.language != block.language:
                    problems.append(f"{block.where()}: nothing above that it could continue")
                else:
                    block.before = code
            code = block
        if block.is_program() or "run" in block.marks:
            ran = block
        if "output" in block.marks:
            if ran is None:
                problems.append(f"{block.where()}: output of nothing")
            else:
                ran.expected = block
                ran = None


def source_of(block, root, inner=False):
    """The text that is compiled for a block."""
    parts = []
    if block.before is not None:
        parts.append(source_of(block.before, root, inner=True))
    elif not block.is_program() or inner:
        parts += [f"#include <{name}>\n" for name in STANDARD]
    if "prelude" in block.marks:
        parts.append(f'#include "{root / block.marks["prelude"]}"\n')
    body = f'#line {block.line + 1} "{block.path}"\n' + block.text()
    if "fragment" in block.marks:
        name = f"doc_fragment_{block.line}"
        body = (f"airt_status {name}(airt_ctx *ctx, airt_system *system);\n"
                f"airt_status {name}(airt_ctx *ctx, airt_system *system)\n{{\n(void)ctx;\n(void)system;\n{body}"
                "return AIRT_OK;\n}\n")
    return "".join(parts) + body


def run(command, **options):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=LIMIT_S, **options)
        return done.returncode, done.stdout.decode(errors="replace"), (done.stderr or b"").decode(errors="replace")
    except subprocess.TimeoutExpired:
        return -1, "", f"not done after {LIMIT_S} s\n"


def check_run(block, command, cwd):
    """Runs a command and compares exit status and output; the problems."""
    status, printed, errors = run(command, cwd=cwd, stderr=subprocess.PIPE)
    problems = []
    wanted = int(block.marks.get("exits", "0"))
    if status != wanted:
        problems.append(f"{block.where()}: exit status {status}, not {wanted}\n{printed}{errors}")
    if block.expected is not None and printed != block.expected.text():
        difference = "\n".join(difflib.unified_diff(block.expected.lines, printed.splitlines(), "document", "printed",
                                                    lineterm=""))
        problems.append(f"{block.expected.where()}: the output differs\n{difference}")
    return problems


def check_code(block, root, options, folder):
    cpp = block.language == "cpp"
    stem = re.sub(r"[^A-Za-z0-9]", "_", f"{block.path}_{block.line}")
    source, program = folder / f"{stem}.{'cpp' if cpp else 'c'}", folder / stem
    source.write_text(source_of(block, root), encoding="utf-8")
    command = [options.cxx if cpp else options.cc, *(CXX_FLAGS if cpp else C_FLAGS), *FLAGS, f"-I{root / 'include'}",
               str(source)]
    if block.is_program() and "fails" not in block.marks:
        library = pathlib.Path(options.library).resolve()
        command += ["-o", str(program), str(library), f"-Wl,-rpath,{library.parent}", "-pthread"]
    else:
        command += ["-c", "-o", os.devnull]
    status, _, errors = run(command, stderr=subprocess.PIPE)
    if "fails" in block.marks:
        if status == 0:
            return [f"{block.where()}: compiles, and must not"]
        words = block.marks["fails"]
        return [f"{block.where()}: fails without saying '{words}'\n{errors}"] if words not in errors else []
    if status != 0:
        return [f"{block.where()}: does not compile\n{errors}"]
    if block.is_program():
        return check_run(block, [str(program)], folder)
    return []


def check_block(block, root, options, folder):
    problems = []
    if "from" in block.marks:
        file = root / block.marks["from"]
        if not file.is_file():
            problems.append(f"{block.where()}: no file {block.marks['from']}")
        elif block.text() not in file.read_text(encoding="utf-8"):
            problems.append(f"{block.where()}: not (any more) a part of {block.marks['from']}")
    if block.is_code():
        problems += check_code(block, root, options, folder)
    elif "run" in block.marks:
        problems += check_run(block, ["bash", "-e", "-c", block.text()], root)
    return problems


def main():
    parser = argparse.ArgumentParser(description="Compiles and runs the code blocks of the documents.")
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--cxx", default="c++")
    parser.add_argument("--library", required=True, help="libairt.so or libairt.a")
    parser.add_argument("--work", required=True, help="scratch folder, made anew")
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("files", nargs="*", help="documents; default: all")
    options = parser.parse_args()

    root = pathlib.Path(options.root).resolve()
    folder = pathlib.Path(options.work).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files = options.files or [name for name in ("README.md", "ARCHITECTURE.md") if (root / name).is_file()] + sorted(
        str(path.relative_to(root)) for path in (root / "docs").glob("**/*.md"))

    problems, blocks = [], []
    for file in files:
        found = read_blocks(root, file, problems)
        link_blocks(found, problems)
        blocks += found
    work = [block for block in blocks if block.is_code() or "run" in block.marks or "from" in block.marks]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(lambda block: check_block(block, root, options, folder), work):
            problems += found
    for problem in problems:
        print(problem)
    programs = sum(1 for block in work if block.is_program())
    outputs = sum(1 for block in work if block.expected is not None)
    print(f"{len(files)} documents, {len(work)} blocks checked, {programs} programs run, {outputs} outputs compared, "
          f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
