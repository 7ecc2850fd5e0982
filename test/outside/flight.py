#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The flight recorder and `airt postmortem` as their users meet them: processes that are killed at full load, crash,
stop; and everything that the command may say. By content; nothing depends on how long something takes.
Usage: flight.py DIRECTORY"""
import atexit
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

DIRECTORY = sys.argv[1]
AIRT = os.path.join(DIRECTORY, "..", "airt")
PROGRAM = os.path.join(DIRECTORY, "outside_flight")
KILLS = 5


def airt(*words):
    done = subprocess.run([AIRT, *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def check(fact, *what):
    if not fact:
        sys.exit("not so: " + " ".join(str(w) for w in what))


def read(path, *options):
    status, out, err = airt("postmortem", "--json", *options, path)
    check(status == 0 and err == "", status, err)
    return json.loads(out)


def run(mode, path):
    process = subprocess.Popen([PROGRAM, mode, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    atexit.register(process.kill)  # a check that fails leaves nobody behind at full load
    return process


def handlers(facts):
    return {(w["class"], w["behavior"], w["message"]) for w in facts["workers"] if w["doing"] == "handler"}


def in_order(facts):
    times = [e["ns"] for e in facts["events"]]
    check(times == sorted(times), "events in the order of time")


def text_agrees(path, facts):
    """The text says what the JSON says."""
    status, text, _ = airt("postmortem", path)
    check(status == 0)
    check(f"process {facts['pid']}, 2 workers" in text, text)
    check(("It stopped cleanly." in text) == facts["clean"], text)
    for worker in facts["workers"]:
        line = re.search(rf"^worker {worker['worker']} \({worker['class']}\): (.*\n.*)", text, re.M)
        check(line, "no line for", worker)
        if worker["doing"] == "handler":
            at = f"{worker['since_ns'] // 10**9}.{worker['since_ns'] // 1000 % 10**6:06d} s"
            says = f"actor {worker['actor']}, behaviour {worker['behavior']}, message {worker['message']}"
            check("in a handler for at least" in line[1] and at in line[1] and says in line[1], worker, line[1])
    lines = re.search(r"^(\d+) events? of the last 1\.000000 s:\n((?:.*\n)*)", text, re.M)
    check(int(lines[1]) == len(facts["events"]) == lines[2].count("\n"), lines[1], len(facts["events"]))
    for line, event in zip(lines[2].splitlines(), facts["events"]):
        check(re.match(rf" +{event['ns'] // 10**9}\.{event['ns'] // 1000 % 10**6:06d} s ", line), line, event)
        check(event["type"] in line and event.get("actor", "") in line and event.get("behavior", "") in line, line)


def killed_at_full_load(path):
    for _ in range(KILLS):
        process = run("load", path)
        check(process.stdout.readline() == "ready\n", "the program starts")
        alive = read(path)
        check(alive["alive"] and not alive["clean"] and alive["pid"] == process.pid, alive["pid"])
        check("It is still running" in airt("postmortem", path)[1])
        process.send_signal(signal.SIGKILL)
        process.communicate()
        facts = read(path)
        check(facts["state"] == "running" and not facts["alive"] and not facts["clean"], facts["state"])
        check(("pooled", "spinner", "spin") in handlers(facts), handlers(facts))
        check(("dedicated", "waiter", "wait_input") in handlers(facts), handlers(facts))
        busy = [w["worker"] for w in facts["workers"] if w["doing"] != "parked" and w["class"] == "pooled"]
        check(len(busy) == 2, "both workers are in work", facts["workers"])
        mail = [e for e in facts["events"] if e["type"] == "message"]
        check(any((e["behavior"], e["message"], e["outcome"]) == ("runner", "hop", "AIRT_OK") for e in mail), mail[-3:])
        newest = facts["events"][-1]["ns"]
        check(all(newest - e["ns"] <= 10**9 for e in facts["events"]), "the last second")
        in_order(facts)
        text_agrees(path, facts)
    one = read(path, "--events", "7")
    check(len(one["events"]) == 7 and one["events"] == read(path, "--last", "all")["events"][-7:])
    some = read(path, "--last", "1ms")
    check(some["events"] and some["events"][-1]["ns"] - some["events"][0]["ns"] <= 10**6)
    worker = next(w["worker"] for w in facts["workers"] if w["doing"] == "handler")
    only = read(path, "--worker", str(worker), "--last", "all")
    check({e["worker"] for e in only["events"]} == {worker} and len(only["workers"]) == 1)
    outside = read(path, "--worker", "outside", "--last", "all")
    check({e["worker"] for e in outside["events"]} == {None} and outside["workers"] == [])
    check(sum(e["type"] == "spawn" and e["behavior"] == "runner" for e in outside["events"]) > 0)


def crashed(path):
    process = run("crash", path)
    process.communicate()
    check(process.returncode == -signal.SIGABRT, process.returncode)
    facts = read(path)
    check(not facts["clean"] and ("pooled", "spinner", "die") in handlers(facts), facts["workers"])
    last = [e for e in facts["events"] if e["type"] == "message"][-1]
    check(last["message"] == "die" and last["outcome"] == "in work", last)


def stopped(path):
    process = run("clean", path)
    process.communicate()
    check(process.returncode == 0, process.returncode)
    facts = read(path)
    check(facts["clean"] and facts["state"] == "stopped" and handlers(facts) == set(), facts)
    ends = [e for e in facts["events"] if e["type"] == "end"]
    check([(e["behavior"], e["exit"], e["status"]) for e in ends] == [("runner", "shutdown", "AIRT_OK")], ends)
    check(read(path + ".beside")["clean"])
    text_agrees(path, facts)


def refused_paths(folder):
    """What airt_system_create does with a path that is not for it."""
    thesis = os.path.join(folder, "thesis")
    with open(thesis, "w", encoding="ascii") as file:
        file.write("years of work")
    for path, status in ((thesis, "AIRT_EEXIST"), (os.path.join(folder, "no", "such"), "AIRT_ESYSTEM"),
                         (folder, "AIRT_ESYSTEM")):
        out = run("clean", path).communicate()[0]
        check(out == status + "\n", path, out)
    with open(thesis, encoding="ascii") as file:
        check(file.read() == "years of work")


def bad_files(folder, path):
    with open(path, "rb") as file:
        good = file.read()

    def changed(at, new):
        return good[:at] + new + good[at + len(new):]

    cases = ((b"", "is empty"), (b"%PDF-1.4 and so on", "is no flight recorder's file"),
             (good[:100], "not even its header"), (good[:-1], "shorter than its header says"),
             (good + b"x", "longer than its header says"), (changed(8, b"\x63\0\0\0"), "does not know"),
             (changed(12, b"\1\2\3\4"), "other byte order"), (changed(12, b"\0\0\0\0"), "before the recorder had begun"),
             (changed(96, b"\xff\xff\xff\xff"), "its header contradicts itself"))
    for content, words in cases:
        name = os.path.join(folder, "bad")
        with open(name, "wb") as file:
            file.write(content)
        for options in ((), ("--json",)):
            status, out, err = airt("postmortem", *options, name)
            check(status == 1 and out == "" and words in err and name in err, words, status, err)
    for name, words in ((os.path.join(folder, "nothing"), "No such file"), (folder, "no regular file")):
        status, out, err = airt("postmortem", name)
        check(status == 1 and out == "" and words in err and name in err, words, status, err)
    status, _, err = airt("postmortem", "--worker", "77", path)
    check(status == 1 and "has nothing of that worker" in err, err)


def command_line(path):
    status, out, _ = airt("--help")
    check(status == 0 and "postmortem" in out)
    status, out, _ = airt("--version")
    check(status == 0 and re.fullmatch(r"airt \d+\.\d+\.\d+\n", out))
    status, out, _ = airt("postmortem", "--help")
    check(status == 0 and "--last DURATION" in out)
    misuse = (((), "no command given"), (("--frob",), "unknown option --frob"), (("frob",), "unknown command frob"),
              (("postmortem",), "no file given"), (("postmortem", "--frob", path), "unknown option --frob"),
              (("postmortem", path, path), "one file at a time"), (("postmortem", "--last"), "missing behind --last"),
              (("postmortem", "--last", "5", path), "takes a duration such as 500ms or 2s, not 5"),
              (("postmortem", "--last", "-1s", path), "not -1s"), (("postmortem", "--last", "9" * 30 + "s", path), "not 9"),
              (("postmortem", "--events", "x", path), "takes a number, not x"),
              (("postmortem", "--worker", "-1", path), "`outside`, not -1"))
    for words, says in misuse:
        status, out, err = airt(*words)
        check(status == 2 and out == "" and says in err and "--help`" in err, words, status, err)
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([AIRT, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    check(done.returncode == 1 and "writing the output" in done.stderr, done)


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a \"file\" of \u00e9vents.flight")
        killed_at_full_load(path)
        crashed(path)
        bad_files(folder, path)
        command_line(path)
        stopped(path)
        refused_paths(folder)
    print(f"{KILLS} kills, a crash, a stop: the post-mortem tells")


main()
