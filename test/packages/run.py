#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tests examples/packages: run.py COMMAND... (the program, with an emulator before it if it needs one).
RUNS=50 runs that must all say the same; RECORDS=3000 of the made-up database. Exit status 77: nothing failed, but
something could not be tried here; it says what."""
import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tty

import reference

HERE = pathlib.Path(__file__).parent
COMMAND = sys.argv[1:]
RUNS = int(os.environ.get("RUNS", "50"))
RECORDS = os.environ.get("RECORDS", "3000")
PATIENCE = 60 # for a machine that is busy; nothing is decided by it
NOBODY = 65534
failures, skips = [], []


def check(name, got, wanted):
    if got != wanted:
        failures.append(name)
        print("FAILED %s:\n  got    %s\n  wanted %s" % (name, str(got)[:2000], str(wanted)[:2000]))


def skip(name, why):
    skips.append(name)
    print("SKIPPED %s: %s" % (name, why))


def run(*arguments, data=None, timeout=120, preexec=None):
    done = subprocess.run([*COMMAND, *map(str, arguments)], input=data, capture_output=True, timeout=timeout,
                          preexec_fn=preexec)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def run_json(*arguments, data=None):
    status, out, err = run("--json", *arguments, data=data)
    tool = subprocess.run([sys.executable, "-m", "json.tool"], input=out, capture_output=True)
    if tool.returncode != 0:
        sys.exit("%s: exit status %d, no JSON: %s" % (arguments, status, err or tool.stderr.decode()))
    report = json.loads(out)
    check("account " + str(arguments), report["runtime"]["account_holds"], True)
    check("dead letters " + str(arguments), report["runtime"]["dead_letters"], len(report["poison"]))
    return status, report, err


def findings(report):
    return {key: report[key] for key in ("packages", "names", "kilobytes", "duplicates", "unmet", "sections", "top",
                                         "chain", "cycles")}


def record(name, depends="", provides="", status="install ok installed", section="libs", size="10", arch="amd64",
           more=""):
    fields = [("Package", name), ("Status", status), ("Architecture", arch), ("Section", section),
              ("Installed-Size", size), ("Provides", provides), ("Depends", depends)]
    return "".join("%s: %s\n" % field for field in fields if field[1]) + more


def fixture(folder, name, text):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# --- the machine's own database ---------------------------------------------------------------------------------------

def test_own_database():
    status, report, err = run_json()
    wanted = reference.report(reference.from_dpkg_query())
    for key, value in findings(report).items():
        check("own database: " + key, value, wanted[key])
    check("own database: status", (status, err), (0, ""))
    awk = ("dpkg-query -W -f '${Status}\\t${Section}\\t${Installed-Size}\\n' |"
           "awk -F '\\t' '$1 == \"install ok installed\" { n++; size[$2] += $3 }"
           " END { print n; for (s in size) print s, size[s] }'")
    count, *lines = subprocess.run(awk, shell=True, check=True, capture_output=True, text=True).stdout.splitlines()
    check("own database: awk's count", report["packages"], int(count))
    check("own database: awk's sizes", {row["name"]: row["kilobytes"] for row in report["sections"]},
          {name: int(size) for name, size in (line.rsplit(" ", 1) for line in lines)})


def test_same_every_time(path):
    wanted = None
    for i in range(RUNS):
        status, report, _ = run_json("--workers", [1, 2, 8][i % 3], "--parsers", 1 + i % 5, *path)
        del report["runtime"], report["tree"]
        wanted = wanted or report
        check("run %d" % i, (status, report), (0, wanted))


# --- hand-written databases -------------------------------------------------------------------------------------------

def test_small(folder):
    text = "\n".join([
        record("app", "libx (>= 1) | liby, mail-agent,\n loop-a:any", section="net", size="100"),
        record("libx", "base [amd64]"), record("liby", "base"), record("base"),
        record("loop-a", "loop-b"), record("loop-b", "loop-a, base (<< 2:1~)"),
        record("zmail", "base", provides="mail-agent (= 1), extra"), record("amail", "base", provides="mail-agent"),
        record("other", "gone | zmail, nothing", status="deinstall ok config-files"),
        record("user", "absent | other | liby, nowhere", more="Description: x\n more: y\n .\n"),
        record("self", "myself", provides="myself"),
        record("libx", "base", arch="i386", size="7"), record("libx", "liby", arch="i386", size="999"),
        record("plain", section="", size=""),
    ])
    status, report, err = run_json(fixture(folder, "small", text))
    check("small: status", (status, err), (0, ""))
    wanted = reference.report(reference.parse(text))
    for key, value in findings(report).items():
        check("small: " + key, value, wanted[key])
    check("small: count", report["packages"], 12)
    check("small: others, duplicates, unmet",
          (report["not_installed"], report["duplicates"], report["unmet"], report["records"]), (1, 1, 1, 14))
    check("small: top", report["top"][0], {"name": "base", "dependents": 5, "closure": 8})
    check("small: virtual", [row for row in report["top"] if "mail" in row["name"]],
          [{"name": "amail", "dependents": 1, "closure": 1}])
    check("small: chain", report["chain"], [["app"], ["amail"], ["base"]])
    check("small: cycles", report["cycles"], [["loop-a", "loop-b"]])


def test_forms(folder):
    two = record("a", "b") + "\n" + record("b")
    forms = {"plain": two, "no final newline": two.rstrip("\n"), "CRLF": two.replace("\n", "\r\n"),
             "CRLF, no final newline": two.replace("\n", "\r\n").rstrip(), "blank lines": "\n\n\n" + two + "\n\n\n",
             "1 MB line": record("a", "b", more="Description: " + "x" * 1_000_000 + "\n") + "\n" + record("b"),
             "lower case": two.replace("Package:", "package:"), "blanks at the end": two + "\n  \n"}
    for name, text in forms.items():
        status, report, err = run_json(fixture(folder, "form", text))
        check(name, (status, report["packages"], report["chain"], err), (0, 2, [["a"], ["b"]], ""))
    status, report, _ = run_json("-", data=two.encode())
    check("standard input", (status, report["packages"]), (0, 2))


def bad_record(folder, name, text, line, what, number=2):
    """A bad record between two good ones."""
    whole = record("a").encode() + b"\n" + (text if isinstance(text, bytes) else text.encode()) + b"\n" + record("b").encode()
    path = fixture(folder, "bad", whole)
    status, report, err = run_json(path)
    check(name, (status, report["packages"], report["errors_total"]), (1, 2, 1))
    check(name + ": where", report["errors"][0], {"file": str(path), "record": number, "line": 7 + line, "what": what})
    check(name + ": stderr", err, "packages: %s: record %d, line %d: %s\n" % (path, number, 7 + line, what))


def test_bad_records(folder):
    good = "Package: x\nStatus: install ok installed\n"
    bad_record(folder, "no colon", "Package: x\njust words\n", 1, 'neither a field nor a continuation: "just words"')
    bad_record(folder, "continuation first", " Package: x\n", 0, 'begins with a continuation line: " Package: x"')
    bad_record(folder, "NUL", b"Package: x\nStatus: a\0b\n", 1, "contains a NUL byte")
    bad_record(folder, "no name", "Status: install ok installed\n", 0, "no Package field")
    bad_record(folder, "bad name", "Package: a b\nStatus: a b c\n", 0, 'Package: "a b" is no name')
    bad_record(folder, "empty name", "Package:\nStatus: a b c\n", 0, 'Package: "" is no name')
    bad_record(folder, "no status", "Package: x\n", 0, "no Status field")
    bad_record(folder, "short status", "Package: x\nStatus: installed\n", 0, 'Status: "installed" is not three words')
    bad_record(folder, "twice", "Package: x\nPackage: y\n", 1, "field Package is there twice")
    bad_record(folder, "size", good + "Installed-Size: 1k\n", 0, 'Installed-Size: "1k" is no size')
    bad_record(folder, "relation", good + "Depends: a (>= 1, b\n", 0, 'Depends: "a (>= 1" is no relation')
    bad_record(folder, "provides", good + "Provides: ?\n", 0, 'Provides: "?" is no relation')
    bad_record(folder, "field name", "Package: x\n\x7f\x01: y\n", 1, '"??" is no field name')
    bad_record(folder, "9 MB record", "Package: x\nDescription: " + "\n x" * 3_000_000 + "\n", 0,
               "record is longer than 8 MiB")
    whole = b"Package: x\nDescription:" + b" y" * 5_000_000 + b"\n\nnonsense\n\n" + record("a").encode()
    status, report, _ = run_json(fixture(folder, "long", whole))
    check("after a long record", (status, report["packages"], [(note["record"], note["line"]) for note in report["errors"]]),
          (1, 1, [(1, 1), (2, 4)]))


def test_files(folder):
    good, empty, blank = (fixture(folder, name, text) for name, text in
                          (("good", record("a")), ("empty", ""), ("blank", "\n\n\n")))
    junk = fixture(folder, "junk", bytes((i * i * 31 + i // 7) % 256 for i in range(300_000)))
    missing, hollow, mixed = folder / "missing", folder / "hollow", folder / "mixed"
    hollow.mkdir()
    mixed.mkdir()
    (mixed / "folder").mkdir()
    fixture(mixed, "1", record("a"))
    fixture(mixed, "2", record("b", "a"))
    for path, what in ((empty, "no record in it"), (blank, "no record in it"), (hollow, "no file in this directory"),
                       (missing, "cannot open: No such file or directory"), ("/dev/null", "no record in it")):
        check(str(path), run_json(path)[0::2], (2, "packages: %s: %s\n" % (path, what)))
        status, report, _ = run_json(path, good)
        check("%s and a good one" % path, (status, report["packages"], report["errors"][0]["what"]), (1, 1, what))
        check("%s: nothing printed" % path, run(path)[:2], (2, b""))
    status, report, err = run_json(junk)
    check("junk", (status, report["packages"], report["errors_total"] > 0, "record 1, line" in err), (2, 0, True, True))
    check("junk and a good one", run_json(junk, good)[0], 1)
    check("directory", (lambda r: (r[0], r[1]["packages"], r[1]["chain"], r[2]))(run_json(mixed)),
          (0, 2, [["b"], ["a"]], ""))
    (mixed / "3").symlink_to(missing)
    status, report, err = run_json(mixed)
    check("vanished", (status, report["packages"], report["errors"][0]["what"]),
          (1, 2, "cannot open: No such file or directory"))
    odd = fixture(folder, 'odd"\udcff\n', "x")
    check("odd path", run_json(os.fsencode(odd).decode(errors="surrogateescape"))[0], 2)
    test_unreadable(folder, good)


def become_nobody():
    """In the child: root may read everything."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def test_unreadable(folder, good):
    folder.chmod(0o755)
    good.chmod(0)
    try:
        check("unreadable", run("--json", good, preexec=become_nobody)[0::2],
              (2, "packages: %s: cannot open: Permission denied\n" % good))
    except (PermissionError, subprocess.SubprocessError) as error:
        skip("unreadable", error) # the program itself lies where nobody may look
    good.chmod(0o644)


# --- what happens while it runs ---------------------------------------------------------------------------------------

def until(name, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            sys.exit("still not so: " + name)
        time.sleep(0.002)


@contextlib.contextmanager
def terminal():
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, slave
    for fd in (master, slave):
        with contextlib.suppress(OSError):
            os.close(fd)


def start(*arguments, **files):
    return subprocess.Popen([*COMMAND, *map(str, arguments)], **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                                                                 **files})


def open_files(process):
    """The paths that it has open; itself or, with an emulator before it, the emulator."""
    found = set()
    for fd in pathlib.Path("/proc/%d/fd" % process.pid).iterdir():
        with contextlib.suppress(OSError):
            found.add(os.readlink(fd))
    return found


def test_vanishing(folder):
    """Three files are listed; while the first is read the second goes and the third becomes a directory."""
    place = folder / "vanishing"
    place.mkdir()
    first, second, third = (fixture(place, name, record(name)) for name in "abc")
    os.truncate(first, 1 << 42) # would be read for minutes
    process = start("--json", place)
    until("the first file is open", lambda: str(first) in open_files(process))
    process.send_signal(signal.SIGSTOP)
    second.unlink()
    third.unlink()
    third.mkdir()
    fixture(third, "d", record("d"))
    os.truncate(first, 0)
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=PATIENCE)
    report = json.loads(out)
    check("vanishing: status", process.returncode, 1)
    check("vanishing", [note["what"] for note in report["errors"] if note["file"] == str(second)],
          ["cannot open: No such file or directory"])
    check("vanishing: a directory in its place", (report["packages"], str(third) in err.decode()), (1, False))


def test_failing_read(folder):
    """A terminal that is hung up: what was sent is read, and then comes an error."""
    with terminal() as (master, slave):
        os.write(slave, (record("a") + "\n" + record("b", "a")).encode())
        process = start("--json", "-", stdin=master)
        until("all is read", lambda: not select.select([master], [], [], 0)[0])
        os.close(slave)
        out, err = process.communicate(timeout=PATIENCE)
    report = json.loads(out)
    check("failing read", (process.returncode, report["packages"], err.decode()),
          (1, 2, "packages: -: cannot read on: Input/output error\n"))
    if os.path.exists("/proc/self/mem"):
        check("failing at once", run_json("/proc/self/mem")[0::2],
              (2, "packages: /proc/self/mem: cannot read on: Input/output error\n"))


def test_progress(folder):
    """The bar is drawn while standard input is waited for, and gone at the end."""
    path = fixture(folder, "whole", record("a"))
    seen = b""
    with terminal() as (master, slave):
        process = start(path, "-", stdin=subprocess.PIPE, stderr=slave)
        process.stdin.write((record("b") + "\n" + record("c") + "\nPackage:").encode())
        process.stdin.flush()
        end = time.monotonic() + PATIENCE
        while b"3 records\x1b[K" not in seen and time.monotonic() < end:
            if select.select([master], [], [], 0.1)[0]:
                seen += os.read(master, 4096)
        frame = seen.split(b"\r")[-1]
        check("progress: a bar", frame, b"reading  [%s] 100%%  3 records\x1b[K" % (b"#" * 30))
        process.stdin.write(b" d\nStatus: install ok installed\n")
        out, _ = process.communicate(timeout=PATIENCE)
        while select.select([master], [], [], 0)[0]:
            seen += os.read(master, 4096)
    check("progress: gone", (process.returncode, seen[-4:], b"accepted" in out), (0, b"\r\x1b[K", True))


def test_command_line():
    check("help", run("--help")[0::2], (0, ""))
    check("version", run("--version")[1].decode().startswith("packages "), True)
    for arguments in (["--nonsense"], ["--workers"], ["--workers", "0"], ["--parsers", "65"], ["--parsers", "x"],
                      ["--faults", "0"], ["--faults", "101"], ["--faults"], ["--flight"]):
        status, out, err = run(*arguments)
        check(str(arguments), (status, out, err.startswith("packages: ")), (2, b"", True))
    check("the range is told", "--workers: 99999 is not a number from 1 to 1024" in run("--workers", "99999")[2], True)


def test_generated(folder):
    text = subprocess.run([sys.executable, HERE / "generate.py", RECORDS], check=True, capture_output=True, text=True).stdout
    path = fixture(folder, "generated", text)
    wanted = reference.report(reference.parse(text))
    for workers in (1, 8):
        status, report, _ = run_json("--workers", workers, path)
        check("generated: status", status, 0)
        for key, value in findings(report).items():
            check("generated, %d workers: %s" % (workers, key), value, wanted[key])
    status, out, err = run(path)
    check("table", (status, b"accepted" in out and b"holds" in out, err), (0, True, ""))
    return path


SIGNALS = {"null dereference": signal.SIGSEGV, "abort": signal.SIGABRT, "illegal instruction": signal.SIGILL,
           "stack overflow": signal.SIGSEGV, "endless loop": signal.SIGXCPU}


def test_faults(path):
    """Records of poison end their parsers, are listed, and change nothing else."""
    status, out, err = run("--json", "--faults", "2", path)
    if status == 2 and "faults are not contained" in err:
        skip("faults", err.strip())
        return
    _, without, _ = run_json(path)
    status, report, err = run_json("--faults", "2", path)
    check("faults: status", (status, err), (0, ""))
    check("faults: the report", findings(report), findings(without))
    check("faults: records", report["records"], without["records"])
    check("faults: contained", report["poison_contained"], True)
    check("faults: signals", [(one["kind"], one["signal"]) for one in report["poison"]], 2 * list(SIGNALS.items()))
    check("faults: where", ["poison_" in one["text"] for one in report["poison"]], 10 * [True])
    check("faults: the tree", sum(int(line.split(", ")[1].split()[0]) for line in report["tree"].splitlines()), 10)
    status, out, err = run("--faults", "1", path)
    check("faults: text", (status, b"each ended its parser and nothing else" in out, b"parser.4  running" in out, err),
          (0, True, True, ""))


def test_flight(folder, path):
    """Killed in full load, it leaves what its workers did."""
    command = pathlib.Path(COMMAND[-1]).parent / "airt"
    if len(COMMAND) > 1 or not command.exists():
        skip("flight", "no airt command beside the program")
        return
    file = folder / "packages.flight"
    text = path.read_bytes()
    process = start("--flight", file, "-", stdin=subprocess.PIPE)
    for _ in range(20): # the pipe is full of work then: what is not read yet, and what was
        process.stdin.write(text)
    process.kill()
    process.communicate()
    done = subprocess.run([command, "postmortem", "--json", "--last", "1s", file], capture_output=True, text=True)
    check("flight: status", (done.returncode, done.stderr), (0, ""))
    report = json.loads(done.stdout)
    seen = {(event.get("behavior"), event.get("message")) for event in report["events"]}
    check("flight: not clean", (report["clean"], report["alive"]), (False, False))
    wanted = {("parser", "parser_record"), ("reader", "reader_next")}
    if report["names_lost"]: # the hostile build has room for a few names and a few events
        check("flight: something that ran is named", bool(wanted & seen), True)
    else:
        check("flight: what ran", wanted - seen, set())


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        test_command_line()
        test_small(folder)
        test_forms(folder)
        test_bad_records(folder)
        test_files(folder)
        test_vanishing(folder)
        test_failing_read(folder)
        test_progress(folder)
        path = test_generated(folder)
        test_faults(path)
        test_flight(folder, path)
        if shutil.which("dpkg-query"):
            test_own_database()
            test_same_every_time([])
        else:
            skip("own database", "there is no dpkg-query")
            test_same_every_time([path])
    print("%d failed, %d skipped" % (len(failures), len(skips)))
    return 1 if failures else 77 if skips else 0


sys.exit(main())
