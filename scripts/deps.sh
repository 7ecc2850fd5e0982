#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Makes sure that what a target needs is installed (Debian packages): scripts/deps.sh run|check|full|peers
# Says what it installs; as root or with sudo that asks for no password it does so, otherwise it prints the command and
# fails. With everything there it is silent and instant. Messages go to standard error.
set -eu

run="gcc libc6-dev cmake ninja-build"
check="$run g++ clang clang-format libclang-rt-14-dev libcmocka-dev relacy-dev spin python3 pkgconf gdb"
peers="python3 erlang-base golang-go librust-tokio-dev" # and cargo, where there is none
full="$check gcovr valgrind qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross"

case "${1:-}" in
run) wanted=$run commands="cc cmake ninja" ;;
check) wanted=$check commands="cc c++ cmake ninja clang clang++ clang-format spin python3 pkg-config" ;;
full) wanted=$full commands="cc c++ cmake ninja clang clang++ clang-format spin python3 pkg-config gcovr valgrind qemu-aarch64 aarch64-linux-gnu-gcc" ;;
peers)
    command -v cargo >/dev/null 2>&1 || peers="$peers cargo"
    wanted=$peers commands="python3 erlc go cargo"
    ;;
*)
    echo "usage: scripts/deps.sh run|check|full|peers" >&2
    exit 2
    ;;
esac

say() {
    echo "deps: $*" >&2
}

# Elsewhere than on Debian: take the machine as it is, as long as the commands are there.
if ! command -v dpkg-query >/dev/null 2>&1; then
    for command in $commands; do
        if ! command -v "$command" >/dev/null 2>&1; then
            say "'$command' is missing; on Debian 12 these packages bring everything: $wanted"
            exit 1
        fi
    done
    exit 0
fi

# One question for all: dpkg-query lists the packages it knows; only "installed" counts.
present=$(dpkg-query -W -f '${binary:Package} ${db:Status-Status}\n' $wanted 2>/dev/null |
    sed -n 's/^\([^ :]*\)[^ ]* installed$/\1/p' || true)
missing=""
for package in $wanted; do
    case "
$present
" in
    *"
$package
"*) ;;
    *) missing="$missing $package" ;;
    esac
done
missing=${missing# }
[ -n "$missing" ] || exit 0

install="apt-get install -y --no-install-recommends $missing"
if [ "$(id -u)" = 0 ]; then
    as_root="env"
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n env"
else
    say "missing: $missing"
    say "install them as root, then try again:"
    echo "    apt-get update && $install" >&2
    exit 1
fi

say "installing: $missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
options="-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3"
# An update that fails in part may still leave lists that will do: what counts is whether the install succeeds.
$as_root DEBIAN_FRONTEND=noninteractive apt-get $options -q update >"$log" 2>&1 ||
    say "apt-get update reported errors; going on with the lists there are"
if ! $as_root DEBIAN_FRONTEND=noninteractive apt-get $options -q install -y --no-install-recommends $missing \
    >>"$log" 2>&1 </dev/null; then
    tail -n 30 "$log" >&2
    say "this failed: $install"
    exit 1
fi
say "installed"
