# SPDX-License-Identifier: MIT OR Apache-2.0
# A thin front for CMake's presets: `make help`. Nothing is written outside build/, but by install.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := all

PREFIX  ?= /usr/local
DESTDIR ?=
FILES   ?=
ARGS    ?=

.PHONY: all run check check-full bench bench-peers coverage format install clean help
# Targets do their own work in parallel.
.NOTPARALLEL:

all:
	@scripts/deps.sh run
	@scripts/build.sh release

# Standard output is the program's alone.
run:
	@scripts/deps.sh run
	@scripts/build.sh release
	@build/release/packages $(if $(FAULTS),--faults 3) $(ARGS) $(FILES)

check:
	@scripts/deps.sh check
	@scripts/check.sh

check-full:
	@scripts/deps.sh full
	@scripts/check.sh --full

bench:
	@scripts/deps.sh run
	@scripts/build.sh release
	@build/release/airt-bench $(ARGS)

# INSTALL=1: the peers' tools too.
bench-peers:
	@scripts/deps.sh run
	@$(if $(INSTALL),scripts/deps.sh peers,true)
	@scripts/build.sh release airt-bench
	@python3 -B bench/compare $(ARGS)

coverage:
	@scripts/deps.sh full
	@scripts/coverage.sh

format:
	@tools/tidy.sh --format

install:
	@scripts/deps.sh run
	@scripts/build.sh minimal -DCMAKE_INSTALL_PREFIX="$(abspath $(PREFIX))"
	@DESTDIR="$(DESTDIR)" cmake --install build/minimal --prefix "$(abspath $(PREFIX))"

clean:
	@rm -rf build
	@echo "removed build/"

help:
	@echo "make             build the library, airt, the examples and airt-bench into build/release"
	@echo "make run         build, then run examples/packages: make run FILES=\"a b\" ARGS=--json"
	@echo "make check       the tests on gcc and clang, with sanitizers; ends with N passed, N failed (SEEDS=n for more)"
	@echo "make check-full  all that and what takes longer: the random programs against planted bugs, the observation of"
	@echo "                 an idle process, the memory sweep under a sanitizer, the hostile build, more seeds, every"
	@echo "                 sanitizer on clang, aarch64 under qemu, valgrind, coverage, fuzzing"
	@echo "make bench       run the benchmarks: make bench ARGS=..."
	@echo "make bench-peers the same workloads of Tokio, Go and Erlang beside ours, ratios and plots; about half an hour on a"
	@echo "                 quiet machine: ARGS=--quick shows that it works, INSTALL=1 installs the peers' tools with apt"
	@echo "make coverage    which lines no test executes"
	@echo "make format      clang-format the sources in place"
	@echo "make install     PREFIX=/usr/local DESTDIR="
	@echo "make clean       remove build/"
	@echo
	@echo "run and check first install what they need with apt (as root or by sudo), or say what is missing."
	@echo "Presets for cmake --preset NAME: dev release minimal hard asan tsan ubsan coverage fuzz aarch64"
	@echo "and dev-clang asan-clang tsan-clang."
