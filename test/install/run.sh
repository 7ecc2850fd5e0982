#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Installs a build and uses it as a stranger would: test/install/run.sh BUILD_FOLDER
# Exports, dependencies and hardening of libairt.so; then consumers in C11, C17 and C++17, shared and static, by
# pkg-config and by find_package, with gcc and clang, built without a warning and run; then the source tree as a
# subdirectory of somebody's project.
set -euo pipefail
source_tree=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
consumer=$source_tree/test/consumer
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CC=${CC:-cc}
CXX=${CXX:-c++}

die() {
    echo "install: $*"
    exit 1
}

step() {
    echo "install: $*"
}

# Staged with DESTDIR as a distribution does, then moved: nothing may depend on where it was installed to.
DESTDIR=$work/stage cmake --install "$build" --strip --prefix /opt/first >"$work/log" 2>&1 || { cat "$work/log"; die "cmake --install"; }
mv "$work/stage/opt/first" "$work/usr"
prefix=$work/usr
library=$(find "$prefix" -name 'libairt.so')
static=$(find "$prefix" -name 'libairt.a')
[ -n "$library" ] && [ -n "$static" ] || die "a library is missing"
libdir=$(dirname "$library")
export PKG_CONFIG_PATH=$libdir/pkgconfig LD_LIBRARY_PATH=$libdir
version=$(sed -n 's/^#define AIRT_VERSION_STRING "\(.*\)"/\1/p' "$prefix/include/airt/base.h")
[ -n "$version" ] || die "no version in the installed base.h"

step "libairt.so: exports, soname, dependencies, hardening"
python3 "$source_tree/test/install/exports.py" "$CC" "$library" "$prefix/include"
dynamic=$(readelf -dW "$library")
program=$(readelf -lW "$library")
abi=${version%%.*}
[ "$abi" != 0 ] || abi=${version%.*}
grep -q "SONAME.*\[libairt\.so\.${abi//./\\.}\]" <<<"$dynamic" || die "soname is not libairt.so.$abi"
[ "$(nm -D --defined-only "$library" | sed -n 's/.*@@//p' | sort -u)" = "AIRT_$abi" ] || die "symbols are not of AIRT_$abi"
others=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<<"$dynamic" | grep -vE '^(libc\.so\.6|ld-linux-.*)$' || true)
[ -z "$others" ] || die "needs more than libc: $others"
others=$(ldd "$library" | grep -vE 'linux-vdso|libc\.so\.6|ld-linux' || true)
[ -z "$others" ] || die "ldd shows more than libc: $others"
grep -qE 'FLAGS.*NOW' <<<"$dynamic" || die "not bound at start (-z now)"
grep -q 'GNU_RELRO' <<<"$program" || die "no relro"
grep -qE 'GNU_STACK.* RW ' <<<"$program" || die "wants an executable stack: a .S file without .note.GNU-stack?"
! grep -q TEXTREL <<<"$dynamic" || die "text relocations"
! grep -qaF "$source_tree/" "$library" || die "carries the path of its source tree"
! find "$prefix" -name '*.h' -print0 | xargs -0 grep -nE '#[ \t]*include "' || die "an installed header includes with quotes"

[ "$(env -u LD_LIBRARY_PATH "$prefix/bin/airt" --version)" = "airt $version" ] || die "the command airt does not run by itself"

python3 -m py_compile "$prefix/share/airt/gdb/airt_gdb.py" || die "the printers for gdb are not installed"

[ -f "$consumer/consumer.c" ] && [ -f "$consumer/consumer.cpp" ] || { step "no test/consumer sources: skipped"; exit 77; }

warnings="-Wall -Wextra -Wpedantic -Wconversion -Werror"
[ "$(pkg-config --modversion airt)" = "$version" ] || die "airt.pc has another version than base.h"
[ -z "$(pkg-config --print-requires airt)" ] || die "airt.pc requires something"
pkg-config --cflags airt | grep -q -- -fstack-clash-protection || die "airt.pc does not pass -fstack-clash-protection"

try() { # try NAME COMMAND...: builds $work/NAME and runs it
    local name=$1
    shift
    "$@" -o "$work/$name" || die "$name does not build: $*"
    timeout 60 "$work/$name" >"$work/$name.out" 2>&1 || { cat "$work/$name.out"; die "$name fails"; }
    step "$name runs"
}

pairs="$CC:$CXX"
if [ "$(basename "$CC")" != clang ] && command -v clang >/dev/null && command -v clang++ >/dev/null; then
    pairs="$pairs clang:clang++"
fi
for pair in $pairs; do
    cc=${pair%%:*} cxx=${pair#*:}
    name=$(basename "$cc")
    for standard in c11 c17; do
        # shellcheck disable=SC2046
        try "$name-$standard-shared" "$cc" -std=$standard $warnings $(pkg-config --cflags airt) "$consumer/consumer.c" $(pkg-config --libs airt)
        # shellcheck disable=SC2046
        try "$name-$standard-static" "$cc" -std=$standard $warnings $(pkg-config --cflags airt) "$consumer/consumer.c" -Wl,-Bstatic $(pkg-config --libs airt) -Wl,-Bdynamic $(pkg-config --static --libs-only-other airt)
    done
    # shellcheck disable=SC2046
    try "$name-c++17-shared" "$cxx" -std=c++17 $warnings $(pkg-config --cflags airt) "$consumer/consumer.cpp" $(pkg-config --libs airt)
    # shellcheck disable=SC2046
    try "$name-c++17-static" "$cxx" -std=c++17 $warnings $(pkg-config --cflags airt) "$consumer/consumer.cpp" -Wl,-Bstatic $(pkg-config --libs airt) -Wl,-Bdynamic $(pkg-config --static --libs-only-other airt)

    folder=$work/cmake-$name
    {
        cmake -G Ninja -S "$source_tree/test/install" -B "$folder" -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" \
            -DCMAKE_PREFIX_PATH="$prefix" -DCONSUMER="$consumer" -DAIRT_EXPECTED="$version" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON &&
            cmake --build "$folder"
    } >"$work/log" 2>&1 || { cat "$work/log"; die "find_package with $name"; }
    grep -q -- -fstack-clash-protection "$folder/compile_commands.json" || die "the CMake package does not pass -fstack-clash-protection"
    for program in "$folder"/airt*_c{11,17} "$folder"/airt*_cxx17; do
        timeout 60 "$program" >"$work/out" 2>&1 || { cat "$work/out"; die "$(basename "$program") by find_package fails"; }
    done
    step "$name by find_package: 6 programs run"
done

# Using the library, word for word as README.md shows it: find_package, a subdirectory, pkg-config.
readme() { # readme N: its Nth block of CMake or shell
    awk -v n="$1" '/^```(cmake|sh)$/ { inside = ++count == n; next } /^```/ { inside = 0 } inside' "$source_tree/README.md"
}
gateway() { # gateway N: a project in C around that block
    local folder=$work/gateway-$1
    mkdir "$folder"
    ln -s "$source_tree" "$folder/airt"
    {
        printf 'cmake_minimum_required(VERSION 3.25)\nproject(gateway LANGUAGES C)\nadd_executable(gateway %s)\n' "$consumer/consumer.c"
        readme "$1"
    } >"$folder/CMakeLists.txt"
    grep -q "$2" "$folder/CMakeLists.txt" || die "README.md shows no $2"
    {
        cmake -G Ninja -S "$folder" -B "$folder/build" -DCMAKE_C_COMPILER="$CC" -DCMAKE_PREFIX_PATH="$prefix" &&
            cmake --build "$folder/build" --target gateway
    } >"$work/log" 2>&1 || { cat "$work/log"; die "README.md: $2"; }
    timeout 60 "$folder/build/gateway" >"$work/out" 2>&1 || { cat "$work/out"; die "README.md: a program by $2 fails"; }
    [ -z "$(find "$folder/build" -name '*_test*')" ] || die "$2 builds our tests"
}
gateway 1 find_package
gateway 2 add_subdirectory
mkdir "$work/gateway-3"
cp "$consumer/consumer.c" "$work/gateway-3/gateway.c"
readme 3 | grep -q pkg-config || die "README.md shows no pkg-config"
(cd "$work/gateway-3" && readme 3 | PATH="$PATH" bash -e && timeout 60 ./gateway >"$work/out") || die "README.md: pkg-config"
step "what README.md shows builds and runs: find_package, add_subdirectory, pkg-config"
