/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For tests with real threads: waits for a state, gates, reports that were heard, and what the process holds. */
#ifndef TEST_THREADS_H
#define TEST_THREADS_H

#include <airt/airt.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Waits until the condition holds. The minute is for a machine that is busy; nothing is decided by its length. */
#define UNTIL(condition)                                                                                               \
    do {                                                                                                               \
        for (int tries_ = 0; !(condition); tries_++) {                                                                 \
            if (tries_ >= 60000)                                                                                       \
                fail_msg("still not so: %s", #condition);                                                              \
            pause_us(1000);                                                                                            \
        }                                                                                                              \
    } while (0)

#define OK(call) assert_string_equal(airt_status_name(call), "AIRT_OK")
#define IS(call, status) assert_string_equal(airt_status_name(call), airt_status_name(status))

/* For stuck_ms where stuck handlers are not the subject: a machine that is busy must not make some. */
#define NEVER_STUCK UINT32_MAX

static inline void pause_us(long us)
{
    struct timespec span = { us / 1000000, us % 1000000 * 1000 };

    (void)nanosleep(&span, NULL);
}

static inline long thread_id(void)
{
    return syscall(SYS_gettid);
}

/* Who passes stays inside until it is opened. */
typedef struct gate {
    _Atomic(int) inside, most, passed, open;
} gate;

static inline void gate_pass(gate *g)
{
    int now = atomic_fetch_add(&g->inside, 1) + 1;
    int most = atomic_load(&g->most);

    while (now > most && !atomic_compare_exchange_weak(&g->most, &most, now))
        ;
    while (!atomic_load(&g->open))
        pause_us(200);
    atomic_fetch_sub(&g->inside, 1);
    atomic_fetch_add(&g->passed, 1);
}

static inline void gate_close(gate *g)
{
    atomic_store(&g->inside, 0);
    atomic_store(&g->most, 0);
    atomic_store(&g->passed, 0);
    atomic_store(&g->open, 0);
}

static inline void gate_open(gate *g)
{
    atomic_store(&g->open, 1);
}

/* The reports of a system. What is said of an actor is counted for it alone: a handler that was only preempted may be
 * reported as stuck too, and must not make a test fail. */
enum {
    HEARD_MAX = 4096
};
typedef struct heard {
    _Atomic(int) count;
    struct {
        _Atomic(bool)    there; /* the rest is written */
        airt_report_kind kind;
        airt_ref         who;
        const char      *behavior;
    } report[HEARD_MAX];
} heard;

static inline void hear(void *context, const airt_report *report)
{
    heard *h = (heard *)context;
    int    i = atomic_fetch_add(&h->count, 1);

    if (i >= HEARD_MAX)
        return;
    h->report[i].kind = report->kind;
    h->report[i].who = report->who;
    h->report[i].behavior = report->behavior;
    atomic_store(&h->report[i].there, true);
}

static inline void hear_nothing(heard *h)
{
    memset(h, 0, sizeof *h);
}

/* How often this was reported of an actor, whose behaviour's name is then the newest one's; AIRT_NONE: of anybody. */
static inline int heard_of(heard *h, airt_report_kind kind, airt_ref who, const char **out_behavior)
{
    int count = 0;

    for (int i = 0; i < HEARD_MAX && i < atomic_load(&h->count); i++) {
        if (!atomic_load(&h->report[i].there) || h->report[i].kind != kind ||
            (!airt_ref_none(who) && !airt_ref_same(h->report[i].who, who)))
            continue;
        count++;
        if (out_behavior != NULL)
            *out_behavior = h->report[i].behavior;
    }
    return count;
}

static inline int entries(const char *folder)
{
    DIR *open = opendir(folder);
    int  count = 0;

    assert_non_null(open);
    while (readdir(open) != NULL)
        count++;
    (void)closedir(open);
    return count;
}

static inline int threads_now(void)
{
    return entries("/proc/self/task") - 2;
}

static inline void *thread_nothing(void *argument)
{
    return argument;
}

/* Before the first system of this process. A sanitizer has one of its own once any was started. A thread that was joined
 * may still be listed for a moment, so a test waits for this number rather than to compare with it. */
static inline int threads_without(void)
{
    static int threads;
    pthread_t  first;

    if (threads == 0) {
        assert_int_equal(pthread_create(&first, NULL, thread_nothing, NULL), 0);
        assert_int_equal(pthread_join(first, NULL), 0);
        for (int still = 0; still < 100; still++) { /* until it is listed no more, and the number has settled */
            still = threads_now() == threads ? still : 0;
            threads = threads_now();
            pause_us(100);
        }
    }
    return threads;
}

static inline airt_system_stats stats_of(airt_system *system)
{
    airt_system_stats stats;

    airt_system_stats_get(system, &stats);
    return stats;
}

/* accepted = handled + dead letters of accepted ones + in work + queued, of a quiet system. */
static inline void check_account(airt_system *system)
{
    airt_system_stats stats = stats_of(system);
    uint64_t          dead = 0;

    for (int i = 0; i <= AIRT_LETTER_INCARNATION; i++)
        dead += stats.dead[i];
    assert_int_equal(stats.accepted, stats.handled + dead + stats.in_work + stats.queued);
}

/* A system for one test, whose handlers stay in a gate and count what must not be; the end of both. */
static inline airt_system *begin_system(gate *g, _Atomic(int) *failures, const airt_system_options *options)
{
    airt_system *system = NULL;

    UNTIL(threads_now() == threads_without());
    gate_close(g);
    atomic_store(failures, 0);
    OK(airt_system_create(options, &system));
    return system;
}

static inline void end_system(_Atomic(int) *failures, airt_system **system)
{
    assert_int_equal(atomic_load(failures), 0);
    OK(airt_system_quiesce(*system, AIRT_SECONDS(60)));
    check_account(*system);
    OK(airt_system_stop(system, AIRT_SECONDS(60)));
    UNTIL(threads_now() == threads_without());
}

#endif
