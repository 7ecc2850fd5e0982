#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The rules of the house that a machine can check: tools/tidy.sh [--format | --self-test]
#
#   format     clang-format 14 has nothing to change (--format rewrites the files)
#   licence    the SPDX line in the first three lines of every source and script
#   size       no file over 800 lines, no function over 70
#   atomics    an order weaker than the default has a comment on its line, or one about the order in the ten lines above
#   door       no clock, randomness, thread, memory or file call outside port/ and sim/ (cli/, os/, lockcheck/ and check.c may)
#   if         no #if in src/core and the folders of floor 5, but defaults (#ifndef AIRI_...) in headers; trace.h may
#   contracts  every AIRT_API declaration has a comment above it, or stands below one that names it; Thread: and Blocks:
#              are said there, or in the `Unless said otherwise:` of its section, or of its file
#   map        ARCHITECTURE.md names every file of src/ (a header may stand with its source)
#   marks      no left-over marks, no paths below somebody's home, no trailing blanks
set -euo pipefail

list() { # list FOLDER... -- PATTERN...: files, sorted
    local folders=() names=()
    while [ "$1" != -- ]; do
        [ ! -e "$1" ] || folders+=("$1")
        shift
    done
    shift
    for pattern in "$@"; do
        names+=(-o -name "$pattern")
    done
    [ ${#folders[@]} -eq 0 ] || find "${folders[@]}" -type f \( "${names[@]:1}" \) | LC_ALL=C sort
}

c_files() {
    list src include test examples bench cmake -- '*.c' '*.h' '*.hpp' '*.cpp' | grep -v '^test/nocompile/' || true
}

text_files() {
    list src include test examples bench cmake tools scripts docs .ci -- '*.c' '*.h' '*.hpp' '*.cpp' '*.S' '*.pml' '*.sh' \
        '*.py' '*.cmake' '*.in' '*.map' '*.txt' '*.md' '*.def' run
    ls CMakeLists.txt Makefile README.md ARCHITECTURE.md 2>/dev/null || true
}

bad=0
report() { # report NAME OUTPUT
    if [ -n "$2" ]; then
        printf '%s\n' "$2" | sed "s|^|$1: |"
        bad=1
    fi
}

check_format() {
    local files
    files=$(c_files)
    [ -n "$files" ] || return 0
    if ! command -v clang-format >/dev/null; then
        echo "format: clang-format is missing (scripts/deps.sh check)"
        bad=1
        return
    fi
    report format "$(echo "$files" | xargs -r clang-format --dry-run 2>&1 | sed -n 's/: \(warning\|error\): code should be clang-formatted.*//p' |
        awk -F: '{ count[$1]++; if (!($1 in first)) first[$1] = $2 }
            END { for (f in count) printf "%s:%d: %d place(s) differ: make format\n", f, first[f], count[f] }' | LC_ALL=C sort)"
}

check_licence() {
    report licence "$(text_files | grep -vE '\.(md|txt)$|^CMakeLists|\.expected$' | while read -r file; do
        head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT OR Apache-2.0' || echo "$file: no SPDX line"
    done)"
}

check_size() {
    report size "$(c_files | xargs -r awk '
        FNR == 1 { if (before > 800) printf "%s: %d lines, at most 800\n", file, before; open = 0 }
        { file = FILENAME; before = FNR }
        /^{/ { open = FNR }
        /^}/ { if (open && FNR - open - 1 > 70) printf "%s:%d: function of %d lines, at most 70\n", FILENAME, open, FNR - open - 1; open = 0 }
        END { if (before > 800) printf "%s: %d lines, at most 800\n", file, before }')"
}

check_atomics() {
    report atomics "$(list src -- '*.c' '*.h' | grep -vE '_test\.c$|^src/base/atomic\.h$' | xargs -r awk '
        FNR == 1 { said = -100; inside = 0 }
        {
            comment = ""
            if (inside || /\/\*/) comment = $0
            if (!inside && comment != "") sub(/^.*\/\*/, "", comment)
            if (/\/\*/) inside = 1
            if (/\*\//) inside = 0
            if (tolower(comment) ~ /relaxed|acquire|release|pairs|partner|order/) said = FNR
            if (comment != "" && !inside && $0 !~ /^[ \t]*\/?\*/) next
            code = $0
            sub(/\/\*.*$/, "", code)
            if (code ~ /(AIRI|memory_order)_(RELAXED|ACQUIRE|RELEASE|ACQ_REL|relaxed|acquire|release|acq_rel)/ && FNR - said > 10)
                printf "%s:%d: a weak order without a comment that says why and names its partner\n", FILENAME, FNR
        }')"
}

check_door() {
    report door "$(list src -- '*.c' '*.h' | grep -vE '_test\.c$|^src/(port|sim|cli|os|lockcheck)/|^src/base/check\.c$' | xargs -r awk '
        FNR == 1 { inside = 0 }
        {
            code = $0
            if (inside) { if (!sub(/^.*\*\//, "", code)) next; inside = 0 }
            gsub(/"([^"\\]|\\.)*"/, "\"\"", code)
            gsub(/\/\*([^*]|\*[^\/])*\*\//, "", code)
            if (sub(/\/\*.*$/, "", code)) inside = 1
            if (code ~ /(^|[^A-Za-z0-9_.>])(time|clock|clock_gettime|gettimeofday|nanosleep|usleep|sleep|rand|srand|random|drand48|getrandom|malloc|calloc|realloc|free|strdup|strndup|aligned_alloc|posix_memalign|mmap|munmap|mprotect|madvise|sched_yield|syscall|fork|execve|getenv|open|close|read|write|poll|epoll_[a-z0-9_]+|pthread_[a-z_]+|socket|signal|sigaction|raise)[ ]*\(/)
                printf "%s:%d: a call outside the door:%s\n", FILENAME, FNR, code
            if (code ~ /^[ \t]*#[ \t]*include[ \t]*<(pthread|unistd|time|threads|fcntl|sys\/[a-z]+|signal|linux\/[a-z]+)\.h>/)
                printf "%s:%d: a header from outside the door:%s\n", FILENAME, FNR, code
        }')"
}

check_if() {
    report if "$(list src/core src/supervise src/broker src/observe src/node src/testkit -- '*.c' '*.h' |
        grep -vE '_test\.c$|/trace\.h$' | xargs -r awk '
        /^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)/ && !(FILENAME ~ /\.h$/ && /#(ifndef AIRI_[A-Z0-9_]+|if defined\(AIRI_HARD\)|ifdef AIRI_HARD)$/) && !/__cplusplus/ {
            printf "%s:%d: a conditional in logic: %s\n", FILENAME, FNR, $0 }')"
}

check_contracts() {
    report contracts "$(list include -- '*.h' | xargs -r awk '
        function judge(    words, n, last) {
            name = code
            sub(/^.*[^A-Za-z0-9_](airt_|airi_)/, "", name)
            n = split(name, words, "_")
            last = words[n] == "text" || words[n] == "body" || words[n] == "sized" ? words[n - 1] : words[n]
            if (comment == "")
                printf "%s:%d: no comment: %s\n", FILENAME, begun, code
            else if (others && index(tolower(comment), tolower(last)) == 0)
                printf "%s:%d: no comment of its own, and the one above does not speak of it: %s\n", FILENAME, begun, code
            if (comment !~ /Thread:/ && file !~ /Thread:/ && section !~ /Thread:/)
                printf "%s:%d: nobody says Thread: for %s\n", FILENAME, begun, code
            if (comment !~ /Blocks:/ && file !~ /Blocks:/ && section !~ /Blocks:/)
                printf "%s:%d: nobody says Blocks: for %s\n", FILENAME, begun, code
            others++
        }
        FNR == 1 { file = section = comment = ""; inside = declaring = others = 0 }
        /^#define/ { macro = 1 }
        macro { if (!/\\$/) macro = 0; next }
        /^\/\* --- / { section = ""; next }
        inside || /^[ \t]*\/\*/ {
            if (!inside) { comment = ""; others = 0 }
            comment = comment " " $0
            inside = !/\*\//
            if (!inside && comment ~ /Unless said otherwise:/) {
                if (section == "" && !seen[FILENAME]++ && FNR < 20) file = comment
                else section = comment
            }
            next
        }
        /^$/ { comment = ""; next }
        /^AIRT_API/ { declaring = 1; begun = FNR; code = "" }
        declaring {
            code = code $0
            if (/;/) {
                declaring = 0
                gsub(/__attribute__ *\(\(.*\)\)/, "", code)
                sub(/\(.*$/, "", code)
                sub(/;.*$/, "", code)
                judge()
            }
        }')"
}

check_map() {
    local file stem
    [ -f ARCHITECTURE.md ] || return 0
    report map "$(list src -- '*.c' '*.h' '*.S' | grep -v '_test\.c$' | while read -r file; do
        stem=${file#src/*/}
        grep -qE "^\|.*\`([a-z]+/)?(${stem%.*}\.c|$stem)\`" ARCHITECTURE.md || echo "$file: not in the table of files of ARCHITECTURE.md"
    done)"
}

check_marks() {
    local marks='\b(TO''DO|FIX''ME|X''XX)\b'
    local paths='(^|[^A-Za-z0-9_./])/(ho''me|ro''ot|Us''ers)/'
    report marks "$(text_files | xargs -r grep -nE "$marks" /dev/null | cut -c1-160 || true)"
    report marks "$(text_files | xargs -r grep -nE "$paths" /dev/null | cut -c1-160 || true)"
    report marks "$(text_files | grep -v '\.md$' | xargs -r grep -nE '[[:blank:]]+$' /dev/null | sed 's/:[^:]*$/: trailing blank/' || true)"
}

check() {
    check_format
    check_licence
    check_size
    check_atomics
    check_door
    check_if
    check_contracts
    check_map
    check_marks
    return $bad
}

self_test() {
    local tree license='/* SPDX-License-Identifier: MIT OR Apache-2.0 */'
    tree=$(mktemp -d)
    # The path is wanted now: the function's variable is gone when the shell ends.
    # shellcheck disable=SC2064
    trap "rm -rf '$tree'" EXIT
    cp .clang-format "$tree"/
    cd "$tree"
    mkdir -p src/core src/port include/airt tools
    printf '%s\n/* malloc(3) is not called; see "time(" */\nint  ok;\nchar ok_too;\n' "$license" | sed 's/int  ok/int  ok/' >src/core/ok.c
    printf '%s\nint x; /* relaxed: a statistic */\n' "$license" >src/core/ok.h
    printf '%s\n#include <pthread.h>\n\nvoid *f(void)\n{\n    return malloc(1);\n}\n' "$license" >src/port/ok.c
    printf '%s\n/* Unless said otherwise: Thread: any. */\n\n/* Goes.\n * Blocks: no. */\nAIRT_API void airt_go(void);\n' "$license" \
        >include/airt/ok.h
    (check) || { echo "a clean tree is refused"; exit 1; }
    plant() { # plant NAME CONTENT [FILE]
        local file=${3:-src/core/x.c}
        printf "$license\n$2" >"$file"
        if (check) >found; then
            echo "not seen: $1: $2"
            exit 1
        fi
        grep -q "^$1: $file" found || { cat found; echo "not named: $1"; exit 1; }
        rm "$file"
    }
    plant format 'int   a  ;\n'
    plant size "$(printf 'int a;\\n%.0s' $(seq 801))"
    plant size "void f(void)\n{\n$(printf '    g();\\n%.0s' $(seq 71))}\n"
    plant atomics 'int f(int *a)\n{\n    return airi_load(a, AIRI_RELAXED);\n}\n'
    plant door 'void *f(void)\n{\n    return malloc(1);\n}\n'
    plant door 'long f(void)\n{\n    return time(0);\n}\n'
    plant door '#include <pthread.h>\n'
    plant if '#ifdef FAST\nint a;\n#endif\n'
    plant contracts 'AIRT_API int airt_x(void);\n' include/airt/x.h
    plant contracts '/* Goes. Blocks: no. */\nAIRT_API void airt_go(void);\n' include/airt/x.h
    plant contracts '/* Goes. Thread: any. */\nAIRT_API void airt_go(void);\n' include/airt/x.h
    plant contracts '/* Goes. Thread: any.  Blocks: no. */\nAIRT_API void airt_go(void);\nAIRT_API void airt_stay(void);\n' include/airt/x.h
    printf '| `ok.c` | fine |\n' >ARCHITECTURE.md
    plant map 'int a;\n'
    rm ARCHITECTURE.md
    plant marks '/* TO''DO */\n'
    plant marks 'const char *path = "/ho''me/somebody/x";\n'
    license=''
    plant licence 'int a;\n'
    echo "every planted breach was found"
}

cd "$(dirname "$0")/.."
case ${1:-} in
--format) c_files | xargs -r clang-format -i ;;
--self-test) self_test ;;
'') check || { echo "tidy: the above must change"; exit 1; } ;;
*) echo "usage: tools/tidy.sh [--format | --self-test]" >&2; exit 2 ;;
esac
