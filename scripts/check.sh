#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds and tests everything: scripts/check.sh [--full]. Prints a line a step, what failed and why, and at the end
# "N passed, N failed". The steps are the two lists below. Logs lie in build/check/.
#
#   SEEDS=n           seeds a scenario runs (each test has its own default)
#   SWEEP=full        every allocation refused, of more programs (full)
#   FUZZ_SECONDS=n    length of each libFuzzer campaign (full; default 60)
set -uo pipefail
cd "$(dirname "$0")/.." || exit

# What is quick, and under ten minutes on two cores.
quick_steps() {
    build dev
    tests dev -E "outside.idle|mutants"
    build dev-clang
    tests dev-clang -L "$behaviour"
    build asan
    SEEDS=${SEEDS:-20} tests asan -L "$behaviour" -LE oom
    build tsan -DAIRT_EXAMPLES=OFF -DAIRT_BENCH=OFF
    SEEDS=${SEEDS:-5} tests tsan -L "unit|scenario|stress"
    build minimal
}

# What takes longer: the great numbers, more seeds, every compiler with every sanitizer, another processor, coverage, fuzzing.
full_steps() {
    tests dev -R "outside.idle|mutants"
    run faults-1e5 env FAULTS=100000 build/dev/tests/stress_faults
    run model-1e6 env STEPS=1000000 build/dev/tests/scenario_model
    run supervise-1e6 env ROUNDS=300000 build/dev/tests/stress_supervise
    run children-1e6 env CHILDREN=10000 build/dev/tests/stress_otp_many
    run law-1e8 env MESSAGES=100000000 build/dev/tests/stress_law
    run asks-1e7 env ASKS=10000000 build/dev/tests/stress_asks
    run stacks-1e5 env STACKS=100000 build/dev/tests/stress_stacks
    build release
    run memory scripts/memory.sh
    run instructions scripts/instructions.py
    tests asan -L oom
    build hard
    tests hard -L "$behaviour"
    SEEDS=${SEEDS:-1000} SWEEP=full tests dev -L "scenario|stress|oom|fuzz"
    build ubsan
    tests ubsan -L "$behaviour"
    build asan-clang
    tests asan-clang -L "$behaviour"
    build tsan-clang
    tests tsan-clang -L "unit|scenario|stress"
    build aarch64
    SEEDS=${SEEDS:-20} tests aarch64 -L "$behaviour"
    run valgrind scripts/valgrind.sh
    run coverage scripts/coverage.sh
    build fuzz
    run fuzz scripts/fuzz.sh
}
behaviour="unit|scenario|stress|oom|fuzz|example"

logs=build/check
jobs=$(nproc)
number=0
passed=0
failed=0
skipped=0
broken=" " # presets whose build failed
export CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$jobs}
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1:history_size=4}
export MALLOC_PERTURB_=${MALLOC_PERTURB_:-165}

# The sanitizers of gcc 12 and clang 14 cannot place their shadow memory under the widest address randomisation.
calm=""
if setarch -R true 2>/dev/null; then
    calm="setarch -R"
fi

begin() { # begin NAME: announces a step
    number=$((number + 1))
    began=$SECONDS
    printf '[%2d] %-28s ' "$number" "$1"
}

end() { # end TEXT
    printf '%s (%ds)\n' "$1" $((SECONDS - began))
}

indent() {
    sed 's/^/     /'
}

run() { # run NAME COMMAND...: a step that passes or fails as a whole; exit status 77 is a skip
    local name=$1 status
    shift
    begin "$name"
    "$@" >"$logs/$name.log" 2>&1
    status=$?
    if [ $status -eq 0 ]; then
        passed=$((passed + 1))
        end ok
        return 0
    elif [ $status -eq 77 ]; then
        skipped=$((skipped + 1))
        end skipped
        tail -n 1 "$logs/$name.log" | indent
        return 0
    fi
    failed=$((failed + 1))
    end FAILED
    tail -n 150 "$logs/$name.log" | indent
    return 1
}

build() { # build PRESET [ARGUMENT...]
    run "build-$1" scripts/build.sh "$@" || broken="$broken$1 "
}

# Reads ctest's log: "passed failed skipped".
count() {
    awk '/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
            if (/ Passed +[0-9.]+ sec$/) passed++
            else if (/\*\*\*Skipped/) skipped++
            else failed++
        }
        END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

# The failed tests' own words, at most 60 lines each.
explain() {
    awk '/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
            show = !(/ Passed +[0-9.]+ sec$/ || /\*\*\*Skipped/)
            lines = 0
        }
        /^ +Start +[0-9]+: / { next }
        /^[0-9]+% tests passed/ { show = 0 }
        show && lines++ < 60
        show && lines == 61 { print "     ..." }' "$1"
}

tests() { # tests PRESET [CTEST ARGUMENT...]
    local preset=$1 log status p f s none="" calm=$calm
    shift
    log=$logs/tests-$preset.log
    begin "tests-$preset"
    [[ $preset == *san* ]] || calm=""
    if [[ $broken == *" $preset "* ]]; then
        end "not run: its build failed"
        return
    fi
    $calm ctest --test-dir "build/$preset" --no-tests=error --output-on-failure "$@" >"$log" 2>&1
    status=$?
    read -r p f s < <(count "$log")
    if [ $status -ne 0 ] && [ "$f" -eq 0 ]; then
        f=1
        none=yes
    fi
    passed=$((passed + p))
    failed=$((failed + f))
    skipped=$((skipped + s))
    end "$p passed, $f failed, $s skipped"
    if [ -n "$none" ]; then
        tail -n 30 "$log" | indent
    elif [ "$f" -ne 0 ]; then
        explain "$log" | indent
    fi
    [ "$s" -eq 0 ] || sed -n 's/^.*Test *#[0-9]*: \([^ ]*\) .*\*\*\*Skipped.*/skipped: \1/p' "$log" | indent
}

# Does this runner see a failure? Three tests, one of each kind, and two steps, through the very functions above.
self_test() {
    local tree got
    tree=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$tree'" EXIT
    cd "$tree" || exit
    mkdir -p build/three build/check
    cat >build/three/CTestTestfile.cmake <<'END'
add_test(good "/bin/true")
add_test(bad "/bin/sh" "-c" "echo the reason; exit 1")
add_test(shy "/bin/sh" "-c" "exit 77")
set_tests_properties(shy PROPERTIES SKIP_RETURN_CODE 77)
END
    tests three >said
    tests missing >>said
    run planted false >>said
    run bashful sh -c 'echo no such machine; exit 77' >>said
    got="$passed passed, $failed failed, $skipped skipped"
    cat said
    [ "$got" = "1 passed, 3 failed, 2 skipped" ] || { echo "miscounted: $got"; exit 1; }
    grep -q 'the reason' said || { echo "the reason is not shown"; exit 1; }
    grep -q 'no such machine' said || { echo "the reason of a skipped step is not shown"; exit 1; }
    grep -q 'skipped: shy' said || { echo "the skip is not shown"; exit 1; }
    echo "the runner sees failures"
}

case ${1:-} in
--self-test)
    self_test
    exit
    ;;
--full | '') ;;
*)
    echo "usage: scripts/check.sh [--full | --self-test]" >&2
    exit 2
    ;;
esac

mkdir -p "$logs"
rm -f "$logs/result"
SECONDS=0
quick_steps
[ "${1:-}" != --full ] || full_steps
echo "$number steps in ${SECONDS}s, $skipped skipped"
echo "$passed passed, $failed failed" | tee "$logs/result"
[ "$failed" -eq 0 ]
