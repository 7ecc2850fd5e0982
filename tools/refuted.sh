#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Succeeds when the model checker refutes a mutant: it must end by itself with a failure. A crash is no refutation.
set -u
"$@" >/dev/null 2>&1
status=$?
if [ $status = 0 ]; then
    echo "this mutant survives: the model does not see the fault it plants"
    exit 1
fi
if [ $status -gt 125 ]; then
    echo "this mutant crashed (status $status) instead of being refuted"
    exit 1
fi
