#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks that includes only go down the floors of src/floors.txt: tools/floors.sh [TREE]
#
#   - A file includes its own floor's headers and lower ones', never higher.
#   - Floor 5 sees the public headers, base/ and port/port.h, and no other folder of floor 5.
#   - cli/ sees the public headers and base/ only. Public headers see only each other.
#   - Nothing in src/ includes the umbrella airt/airt.h. A source includes its own header first.
#   - Every folder has a floor, and every name in src/floors.txt is a file or a folder with files.
#
# tools/floors.sh --self-test plants one breach of each rule in a scratch tree and expects to find it.
set -euo pipefail

check() {
    cd "$1"
    # shellcheck disable=SC2046
    awk '
        function complain(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; bad++ }
        function stem_of(path) { sub(/\.[A-Za-z]+$/, "", path); return path }
        function folder_of(path) { sub(/\/[^\/]*$/, "/", path); return path }
        # The floor of "core/msg.h", "airt/base.h"; -1: unknown.
        function floor_of(path,   stem) {
            if (path in table) return table[path]
            stem = stem_of(path)
            if (stem in table) return table[stem]
            path = folder_of(path)
            return path in table ? table[path] : -1
        }
        FILENAME == "src/floors.txt" {
            if ($1 ~ /^[0-9]+$/) { table[$2] = $1; line_of[$2] = FNR }
            next
        }
        FNR == 1 {
            public = FILENAME ~ /^include\//
            me = FILENAME; sub(/^(src|include)\//, "", me)
            folder = folder_of(me)
            there[me]; there[stem_of(me)]; there[folder]
            test = me ~ /_test\.c$/
            floor = test ? (folder in table ? table[folder] : -1) : floor_of(me)
            if (floor < 0) complain("no floor for this file: add its folder to src/floors.txt")
            own = me; sub(/\.[cS]$/, ".h", own)
            has_own = 0
            if (me ~ /\.c$/ && !test) {
                has_own = (getline line < ("src/" own)) >= 0
                close("src/" own)
            }
            first = 1
        }
        /^[ \t]*#[ \t]*include[ \t]*["<]/ {
            path = $0
            sub(/^[^"<]*["<]/, "", path); sub(/[">].*$/, "", path)
            quoted = $0 ~ /include[ \t]*"/
            if (quoted && path !~ /\//) path = (public ? "airt/" : folder) path
            if (has_own && first && path != own) complain("includes " path " before its own header " own)
            first = 0
            if (!quoted && path !~ /^airt\//) next
            if (path == "airt/airt.h" && me != "airt/airt.h") {
                complain("includes the umbrella header")
                next
            }
            other = path !~ /^airt\//
            if (public) {
                if (other) complain("a public header includes " path)
                next
            }
            to = floor_of(path)
            if (to < 0) { if (other) complain("no floor for " path); next }
            if (other && floor == 6 && path !~ /^base\// && folder_of(path) != folder)
                complain("cli sees public headers and base/ only, not " path)
            else if (other && floor == 5 && path !~ /^base\// && path != "port/port.h" && folder_of(path) != folder)
                complain("floor 5 sees public headers, base/ and port/port.h, not " path)
            else if (to > floor) complain("floor " floor " includes " path " of floor " to)
        }
        END {
            for (name in line_of)
                if (!(name in there)) { printf "src/floors.txt:%d: there is no %s\n", line_of[name], name; bad++ }
            exit bad > 0
        }
    ' src/floors.txt $(find include src \( -name '*.c' -o -name '*.h' -o -name '*.S' \) | LC_ALL=C sort)
}

self_test() {
    tree=$(mktemp -d)
    trap 'rm -rf "$tree"' EXIT
    mkdir -p "$tree"/src/{base,port,core,broker,observe,cli,attic} "$tree"/include/airt
    cd "$tree"
    for name in src/{base/list,port/port,core/msg,core/mailbox,core/actor,core/registry,broker/topic,observe/page,cli/cmd}.h \
        include/airt/{base,world}.h; do
        echo '/* empty */' >"$name"
    done
    printf '%s\n' '0 base/' '0 port/port.h' '1 port/' '2 core/msg' '2 core/mailbox' '3 core/actor' '3 core/registry' \
        '4 core/' '5 broker/' '5 observe/' '6 cli/' '0 airt/base.h' '0 airt/world.h' '2 airt/' >src/floors.txt
    plant() { # plant FILE CONTENT: must be found
        printf "$2" >"$1"
        if check . >found; then
            echo "not seen: $1 with $2"
            exit 1
        fi
        grep -q "^$1:" found || { cat found; echo "wrong file named for $1"; exit 1; }
        rm "$1"
    }
    allow() { # allow FILE CONTENT: must pass, and stays
        printf "$2" >"$1"
        check . || { echo "refused: $1 with $2"; exit 1; }
    }
    allow include/airt/airt.h '#include <airt/base.h>\n'
    allow src/base/list.h '#include <airt/base.h>\n#include <stddef.h>\n'
    allow src/port/port.h '#include "base/list.h"\n#include <airt/world.h>\n'
    allow src/core/msg.h '#include <airt/message.h>\n#include "port/port.h"\n'
    allow src/core/msg.c '#define _GNU_SOURCE\n#include "core/msg.h"\n#include <stdio.h>\n'
    allow src/core/actor.h '#include "msg.h"\n'
    allow src/core/msg_test.c '#include "core/actor.h"\n'
    allow src/broker/topic.h '#include "base/list.h"\n#include <airt/actor.h>\n'
    allow src/broker/topic.c '#include "broker/topic.h"\n#include "port/port.h"\n'
    allow src/cli/main.c '#include <airt/system.h>\n#include "base/list.h"\n#include "cli/cmd.h"\n'
    plant src/base/x.c '#include "port/stack.h"\n'
    plant src/base/x.c '#include <airt/actor.h>\n'
    plant src/port/x.c '#include <stdio.h>\n#  include "core/msg.h"\n'
    plant src/core/mailbox.c '#include "core/actor.h"\n'
    plant src/core/registry.h '#include "sched.h"\n'
    plant src/core/sched.h '#include <airt/airt.h>\n'
    plant src/broker/x.c '#include "core/msg.h"\n'
    plant src/broker/x.c '#include "observe/page.h"\n'
    plant src/broker/x.c '#include "port/stack.h"\n'
    plant src/cli/x.c '#include "port/port.h"\n'
    plant src/cli/x.c '#include "core/msg.h"\n'
    plant include/airt/x.h '#include "core/msg.h"\n'
    plant src/attic/x.c '#include <stdio.h>\n'
    table=$(cat src/floors.txt)
    plant src/floors.txt "$table\n5 attic/\n"
    plant src/floors.txt "$table\n2 core/gone\n"
    echo "$table" >src/floors.txt
    rm src/core/msg.c
    plant src/core/msg.c '#include <stdio.h>\n#include "core/msg.h"\n'
    echo "every planted breach was found"
}

if [ "${1:-}" = --self-test ]; then
    self_test
else
    check "${1:-$(dirname "$0")/..}" || { echo "floors: an include goes where it may not, or src/floors.txt is not the tree's"; exit 1; }
fi
