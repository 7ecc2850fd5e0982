#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs a program and compares its standard output with a file: tools/expect.sh EXPECTED PROGRAM [ARGUMENT...]
# A program that must fail has its exit status in EXPECTED's last line: "exit 3".
set -u
expected=$1
shift
actual=$(mktemp)
trap 'rm -f "$actual"' EXIT
"$@" >"$actual"
status=$?
[ $status = 0 ] || echo "exit $status" >>"$actual"
diff -u --label expected "$expected" --label printed "$actual"
