# SPDX-License-Identifier: MIT OR Apache-2.0
"""Who takes part: where each one's tools are, how its program is built, and how a workload of it is started. Built
into build/peers/; nothing is fetched."""
import os
import pathlib
import re
import shutil
import subprocess

from workloads import EVERYTHING_ON, OURS, PEERS, SMALL

CRATES = pathlib.Path("/usr/share/cargo/registry")


class BuildFailed(Exception):
    """What the compiler said."""


def run(command, folder):
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildFailed(f"{' '.join(str(word) for word in command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def fresh_copy(source, target):
    """Builds that write beside their sources do so there."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    return target


class Airt:
    def __init__(self, program, options):
        self.program, self.options = program, options

    def missing(self):
        return None if self.program.exists() else f"{self.program} is not built (scripts/build.sh release)"

    def build(self):
        pass

    def version(self):
        cache = (self.program.parent / "CMakeCache.txt").read_text()
        number = re.search(r"^CMAKE_PROJECT_VERSION:\w+=(.*)$", cache, re.M).group(1)
        done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=self.program.parent, capture_output=True,
                              text=True, check=False)
        return f"{number} ({done.stdout.strip()})" if done.returncode == 0 else number

    def command(self, cell, count):
        size = ["--small"] if count == SMALL else ["--count", count] if count else []
        words = [self.program, cell.workload.name, "--json", "--repeats", 1, "--workers", cell.workers, *size,
                 "--options", self.options]
        return words + (["--actors", cell.workload.actors] if cell.workload.actors else []), {}


class Erlang:
    def __init__(self, source, target):
        self.source, self.target = source / "erlang", target / "erlang"

    def missing(self):
        return None if shutil.which("erlc") else "no erlc (Debian: erlang-base)"

    def build(self):
        self.target.mkdir(parents=True, exist_ok=True)
        run(["erlc", "+inline", "-o", self.target, *sorted(self.source.glob("*.erl"))], self.source)

    def version(self):
        said = run(["erl", "-noinput", "-eval",
                    'io:put_chars([erlang:system_info(otp_release), ", ERTS ", erlang:system_info(version)]), halt().'],
                   self.target)
        return said

    def command(self, cell, count):
        call = f'actors:main(["{cell.workload.name}","{count}","{cell.workload.actors}"]).'
        return ["erl", "+S", f"{cell.workers}:{cell.workers}", "+P", 4000000, "-noinput", "-pa", self.target, "-eval",
                call], {}


class Go:
    def __init__(self, source, target):
        self.source, self.program = source / "go", target / "go" / "actors"

    def missing(self):
        return None if shutil.which("go") else "no go (Debian: golang-go)"

    def build(self):
        self.program.parent.mkdir(parents=True, exist_ok=True)
        run(["go", "build", "-o", self.program, "."], self.source)

    def version(self):
        return run(["go", "version"], self.source).split()[2]

    def command(self, cell, count):
        return [self.program, cell.workload.name, count, cell.workload.actors], {"GOMAXPROCS": str(cell.workers)}


class Tokio:
    def __init__(self, source, target):
        self.source, self.folder = source / "tokio", target / "tokio"
        self.program = self.folder / "target" / "release" / "actors"

    def missing(self):
        if not shutil.which("cargo"):
            return "no cargo (Debian: cargo)"
        return None if any(CRATES.glob("tokio-1*")) else f"no tokio in {CRATES} (Debian: librust-tokio-dev)"

    def build(self):
        fresh_copy(self.source, self.folder)
        (self.folder / "Cargo.lock").unlink(missing_ok=True)  # of another cargo, perhaps
        run(["cargo", "build", "--release", "--offline"], self.folder)

    def version(self):
        lock = (self.folder / "Cargo.lock").read_text()
        found = re.search(r'name = "tokio"\nversion = "([^"]+)"', lock)
        return f"{found.group(1)}, {run(['rustc', '--version'], self.folder).strip()}"

    def command(self, cell, count):
        return [self.program, cell.workload.name, count, cell.workload.actors, cell.workers], {}


def all_known(root, bench):
    """Everybody by name, whether there or not."""
    source, target = root / "bench" / "peers", root / "build" / "peers"
    return {OURS: Airt(bench, "none"), EVERYTHING_ON: Airt(bench, "all"), "tokio": Tokio(source, target),
            "go": Go(source, target), "erlang": Erlang(source, target)}


def present(known, only, say):
    """Those that take part, built; the absent are said. Ours must be there."""
    there = {}
    for name, one in known.items():
        if name in PEERS and name not in only:
            continue
        reason = one.missing()
        if reason is None:
            one.build()
            there[name] = one
        elif name in PEERS:
            say(f"{name} is absent and left out: {reason}; make bench-peers INSTALL=1 installs it")
        else:
            raise BuildFailed(reason)
    return there


def start(one, cell, count):
    """Runs a cell to its end: (exit status, standard output, standard error)."""
    words, extra = one.command(cell, count)
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=600, check=False,
                          env={**os.environ, **extra})
    return done.returncode, done.stdout, done.stderr
