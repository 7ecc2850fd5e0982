/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a failed check does: one line to standard error, then abort; unless the handler that failed it is ended instead.
 * Called by AIRT_CHECK and AIRI_ASSERT, on any thread; the line is one write, so lines of two threads do not mix.
 * Invariant: neither function returns, allocates or takes a lock of ours. */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_MAX_BYTES 512

AIRI_ATOMIC(airi_check_fn) airi_check_hook;

static __attribute__((noreturn, cold)) void die(char *line, int length, void *called_from)
{
    airi_check_fn hook = airi_load(&airi_check_hook, AIRI_SEQ_CST);
    size_t        size = length < 0 ? 0 : (size_t)length;
    ssize_t       written = 0;

    if (hook != NULL)
        hook(line, called_from);
    if (size >= LINE_MAX_BYTES) {
        size = LINE_MAX_BYTES;
        line[size - 1] = '\n';
    }
    written = write(STDERR_FILENO, line, size);
    (void)written; /* nowhere left to complain to */
    abort();
}

void airi_check_failed(const char *file, int line, const char *text)
{
    char buffer[LINE_MAX_BYTES];

    die(buffer, snprintf(buffer, sizeof buffer, "%s:%d: check failed: %s\n", file, line, text),
        __builtin_return_address(0));
}

void airi_check_eq_failed(const char *file, int line, const char *text, long long a, long long b)
{
    char buffer[LINE_MAX_BYTES];

    die(buffer, snprintf(buffer, sizeof buffer, "%s:%d: check failed: %s (%lld vs %lld)\n", file, line, text, a, b),
        __builtin_return_address(0));
}
