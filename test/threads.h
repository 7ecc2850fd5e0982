/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For tests with real threads: waits for a state, gates, reports that were heard, and what the process holds. */
#ifndef TEST_THREADS_H
#define TEST_THREADS_H

#include <airt/airt.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
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

/* The reports of a system, counted; of each kind the newest one's actor, and its behaviour's name. */
typedef struct heard {
    _Atomic(int)          count[AIRT_REPORT_LEAK + 1];
    _Atomic(uint64_t)     who[AIRT_REPORT_LEAK + 1];
    _Atomic(const char *) behavior[AIRT_REPORT_LEAK + 1];
} heard;

static inline void hear(void *context, const airt_report *report)
{
    heard *h = (heard *)context;

    atomic_store(&h->who[report->kind], report->who.bits);
    atomic_store(&h->behavior[report->kind], report->behavior);
    atomic_fetch_add(&h->count[report->kind], 1);
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
}

#endif
