/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Runs a group of tests one after the other; a failed check jumps out of its test. One thread checks, as with cmocka. */
#include "cmocka.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    OUTCOME_FAILED = 1,
    OUTCOME_SKIPPED = 2
};

static jmp_buf escape;
static int     running;

static void leave(int outcome)
{
    if (!running) {
        fprintf(stderr, "a check failed outside of any test\n");
        exit(1);
    }
    longjmp(escape, outcome);
}

void print_message(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
}

void print_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
}

void small_check(int holds, const char *file, int line, const char *format, ...)
{
    va_list arguments;

    if (holds)
        return;
    fprintf(stderr, "%s:%d: error: ", file, line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    leave(OUTCOME_FAILED);
}

void small_check_text(int equal, const char *a, const char *b, const char *file, int line)
{
    small_check(equal, file, line, "\"%s\", \"%s\"", a, b);
}

void small_check_bytes(int equal, const void *a, const void *b, size_t size, const char *file, int line)
{
    size_t at = 0;

    while (at < size && ((const unsigned char *)a)[at] == ((const unsigned char *)b)[at])
        at++;
    small_check(equal, file, line, "%zu bytes, first difference at %zu", size, at);
}

void small_skip(void)
{
    leave(OUTCOME_SKIPPED);
    abort();
}

void small_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s:%d: error: ", file, line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    leave(OUTCOME_FAILED);
    abort();
}

/* One test with its fixtures: 0, or why not. */
static int run_one(const struct CMUnitTest *test, void *group_state)
{
    void        *state = test->initial_state != NULL ? test->initial_state : group_state;
    volatile int outcome;

    if (test->setup_func != NULL && test->setup_func(&state) != 0)
        return OUTCOME_FAILED;
    running = 1;
    outcome = setjmp(escape);
    if (outcome == 0)
        test->test_func(&state);
    running = 0;
    if (test->teardown_func != NULL && test->teardown_func(&state) != 0)
        outcome = OUTCOME_FAILED;
    return outcome;
}

int small_run(const char *name, const struct CMUnitTest *tests, size_t count, small_fixture_fn setup,
              small_fixture_fn teardown)
{
    static const char *const words[] = { "OK", "FAILED", "SKIPPED" };
    void                    *state = NULL;
    int                      failed = 0;

    if (setup != NULL && setup(&state) != 0) {
        fprintf(stderr, "%s: the group's setup failed\n", name);
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        int outcome;

        printf("[ RUN      ] %s\n", tests[i].name);
        fflush(stdout);
        outcome = run_one(&tests[i], state);
        printf("[ %-8s ] %s\n", words[outcome], tests[i].name);
        failed += outcome == OUTCOME_FAILED;
    }
    if (teardown != NULL && teardown(&state) != 0)
        failed++;
    printf("[==========] %s: %zu test(s) run, %d failed\n", name, count, failed);
    return failed;
}
