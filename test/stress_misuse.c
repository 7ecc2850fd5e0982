/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Programmer errors abort, and say what is wrong: each in a process of its own. */
#include "threads.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

AIRT_SIGNAL(enter)

typedef enum misuse {
    SYSTEM_INSIDE,
    STOP_INSIDE,
    CTX_OUTSIDE,
    AWAIT_IN_REGION,
    REGION_TWICE,
    REGION_ENDED_TWICE,
    NOBODY,
    NULL_SYSTEM, /* from here on outside of handlers */
    NULL_STATS,
    NULL_PLACE,
    NULL_NAME,
    NULL_STOP,
    NULL_MESSAGE,
    NULL_KIND,
    MISUSES
} misuse;
static const char *const said[] = {
    [SYSTEM_INSIDE] = "airt_tell: inside a handler of this system use the handler's ctx",
    [STOP_INSIDE] = "airt_system_stop: inside a handler of this system",
    [CTX_OUTSIDE] = "airt_tell: a ctx is good inside its own handler only",
    [AWAIT_IN_REGION] = "no await inside airt_blocking_begin",
    [REGION_TWICE] = "airt_blocking_begin inside airt_blocking_begin",
    [REGION_ENDED_TWICE] = "airt_blocking_end without airt_blocking_begin",
    [NOBODY] = "airt_tell: NULL is neither a system nor the ctx of a handler",
    [NULL_SYSTEM] = "airt_tell: NULL is neither a system nor the ctx of a handler",
    [NULL_STATS] = "airt_system_stats_get: NULL, or no system",
    [NULL_PLACE] = "airt_system_create: NULL is no place for the system",
    [NULL_NAME] = "airt_lookup: the name is NULL",
    [NULL_STOP] = "airt_system_stop: NULL, not the address of a pointer to a system",
    [NULL_MESSAGE] = "airt_msg_kind: the message is NULL",
    [NULL_KIND] = "airt_body_print: the kind is NULL",
};

struct err {
    uint32_t how;
};
AIRT_KIND(err, how)
#define wrong_ACCEPTS(KIND) KIND(err) KIND(enter)
AIRT_PROTOCOL(wrong)
struct wrong {
    char nothing;
};

static void *tell_from_elsewhere(void *argument)
{
    airt_ctx *ctx = (airt_ctx *)argument;

    airt_tell(ctx, (wrong_ref){ .ref = airt_self(ctx) }, enter);
    return NULL;
}

AIRT_ON(wrong, enter)
{
    return AIRT_OK;
}
AIRT_ON(wrong, err)
{
    airt_system *system = airt_ctx_system(ctx);
    airt_ctx    *nobody = NULL;
    wrong_ref    me = { .ref = airt_self(ctx) };
    pthread_t    thread;

    switch (msg->how) {
    case SYSTEM_INSIDE:
        return airt_tell(system, me, enter);
    case STOP_INSIDE:
        return airt_system_stop(&system, AIRT_MS(1));
    case CTX_OUTSIDE:
        (void)pthread_create(&thread, NULL, tell_from_elsewhere, ctx);
        (void)pthread_join(thread, NULL);
        return AIRT_OK;
    case NOBODY:
        return airt_tell(nobody, me, enter);
    default:
        break;
    }
    (void)airt_blocking_begin(ctx);
    if (msg->how == AWAIT_IN_REGION)
        return airt_sleep(ctx, AIRT_MS(1));
    if (msg->how == REGION_TWICE)
        return airt_blocking_begin(ctx);
    airt_blocking_end(ctx);
    airt_blocking_end(ctx);
    return AIRT_OK;
}
#define wrong_HANDLES(ON, A) ON(A, err) ON(A, enter)
AIRT_BEHAVIOR(wrong)

static void err_outside(uint32_t how, airt_system *system, wrong_ref wrong)
{
    airt_system      *none = NULL;
    airt_system_stats stats;
    char              text[8];

    switch (how) {
    case NULL_SYSTEM:
        (void)airt_tell(none, wrong, enter);
        return;
    case NULL_STATS:
        airt_system_stats_get(NULL, &stats);
        return;
    case NULL_PLACE:
        AIRT_CHECK_EQ(airt_system_create(NULL, NULL), AIRT_OK);
        return;
    case NULL_NAME:
        AIRT_CHECK_EQ(airt_lookup(system, wrong, NULL, &wrong), AIRT_OK);
        return;
    case NULL_STOP:
        AIRT_CHECK_EQ(airt_system_stop(NULL, AIRT_MS(1)), AIRT_OK);
        return;
    case NULL_MESSAGE:
        (void)airt_msg_kind(NULL);
        return;
    default:
        (void)airt_body_print(NULL, NULL, text, sizeof text);
    }
}

static void __attribute__((noreturn)) err_in_child(uint32_t how)
{
    struct rlimit no_core = { 0, 0 };
    airt_system  *system = NULL;
    wrong_ref     wrong;

    (void)setrlimit(RLIMIT_CORE, &no_core);
    if (airt_system_create((&(airt_system_options){ .workers = 2 }), &system) != AIRT_OK ||
        airt_spawn(system, wrong, &wrong, NULL) != AIRT_OK)
        _exit(1);
    if (how >= NULL_SYSTEM)
        err_outside(how, system, wrong);
    airt_tell(system, wrong, err, .how = how);
    _exit(airt_system_quiesce(system, AIRT_SECONDS(60)) == AIRT_OK ? 0 : 2);
}

static void programmer_errors_abort_and_say_so(void **state)
{
    (void)state;
    for (uint32_t how = 0; how < MISUSES; how++) {
        char    text[4096] = "";
        size_t  size = 0;
        ssize_t got;
        int     pipes[2], status;
        pid_t   child;

        assert_int_equal(pipe(pipes), 0);
        child = fork();
        if (child == 0) {
            (void)dup2(pipes[1], STDERR_FILENO);
            err_in_child(how);
        }
        (void)close(pipes[1]);
        while (size < sizeof text - 1 && (got = read(pipes[0], text + size, sizeof text - 1 - size)) > 0)
            size += (size_t)got;
        (void)close(pipes[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || strstr(text, said[how]) == NULL)
            fail_msg("misuse %u: status %x, not \"%s\" but: %s", how, (unsigned)status, said[how], text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programmer_errors_abort_and_say_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
