/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/check.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <airt/world.h>
#include <cmocka.h>

/* Runs a check that must fail in a child; gives back its line. */
static void die_in_child(void (*run)(void), char *line, size_t size)
{
    int     ends[2];
    int     status = 0;
    size_t  length = 0;
    ssize_t got = 0;
    pid_t   child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL); /* cmocka's own handler prints */
        (void)dup2(ends[1], STDERR_FILENO);
        run();
        _exit(0);
    }
    (void)close(ends[1]);
    while (length < size - 1 && (got = read(ends[0], line + length, size - 1 - length)) > 0)
        length += (size_t)got;
    line[length] = '\0';
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void run_check(void)
{
    int two = 2;

    AIRT_CHECK(two + two == 5);
}

static void run_check_eq(void)
{
    int64_t answer = 42;

    AIRT_CHECK_EQ(answer - 1, -7);
}

static void run_long(void)
{
    char text[4096];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    airi_check_failed("file.c", 7, text);
}

static void test_check(void **state)
{
    char line[1024];

    (void)state;
    die_in_child(run_check, line, sizeof line);
    assert_non_null(strstr(line, "check_test.c:"));
    assert_non_null(strstr(line, ": check failed: two + two == 5\n"));
    die_in_child(run_check_eq, line, sizeof line);
    assert_non_null(strstr(line, ": check failed: answer - 1 == -7 (41 vs -7)\n"));
    die_in_child(run_long, line, sizeof line);
    assert_int_equal(line[strlen(line) - 1], '\n');
    AIRT_CHECK(line[0] == 'f');
    AIRT_CHECK_EQ(1 + 1, 2);
}

static void run_assert(void)
{
    AIRI_ASSERT(1 > 2);
    if (!AIRI_CHECKED)
        airi_check_failed(__FILE__, __LINE__, "off, as it should be");
}

static void test_assert(void **state)
{
    char line[1024];

    (void)state;
    die_in_child(run_assert, line, sizeof line);
    assert_non_null(strstr(line, AIRI_CHECKED ? "1 > 2" : "off, as it should be"));
}

static void test_status(void **state)
{
    (void)state;
    assert_string_equal(airt_status_text(AIRT_OK), "ok");
    assert_string_equal(airt_status_name(AIRT_EFULL), "AIRT_EFULL");
    assert_string_equal(airt_status_text(AIRT_ESYSTEM), "operating system refused");
    assert_true(airt_status_retryable(AIRT_EFULL));
    assert_false(airt_status_retryable(AIRT_EDEAD));
    for (int i = 0; i < AIRI_STATUS_COUNT; i++) {
        assert_true(strlen(airt_status_text((airt_status)i)) > 0);
        assert_memory_equal(airt_status_name((airt_status)i), "AIRT_", 5);
    }
    assert_string_equal(airt_status_text((airt_status)AIRI_STATUS_COUNT), "unknown status");
    assert_string_equal(airt_status_text((airt_status)12345), "unknown status");
    assert_string_equal(airt_status_name((airt_status)12345), "AIRT_UNKNOWN");
    assert_false(airt_status_retryable((airt_status)12345));
}

static void test_version_and_sites(void **state)
{
    char text[64];

    (void)state;
    assert_int_equal(airt_version(), AIRT_VERSION);
    (void)snprintf(text, sizeof text, "%d.%d.%d", AIRT_VERSION_MAJOR, AIRT_VERSION_MINOR, AIRT_VERSION_PATCH);
    assert_string_equal(airt_version_string(), text);
    assert_string_equal(airt_allocation_text(AIRT_ALLOCATION_MESSAGE), "message");
    assert_string_equal(airt_allocation_text(AIRT_ALLOCATION_SIGNAL_STACK), "signal stack");
    assert_string_equal(airt_allocation_text(AIRT_ALLOCATION_COUNT), "unknown site");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_assert),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_version_and_sites),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
