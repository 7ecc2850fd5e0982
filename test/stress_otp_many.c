/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* OTP's case 60: starting and stopping many children, static ones and those of a pool. What is checked is that each
 * started once and ended once, and that all ended before their supervisor did; how time grows is only told.
 * CHILDREN (100): so many, and ten times as many in a pool, a hundred times as many static ones. */
#include <airt/airt.h>
#include <airt/children.h>
#include <airt/supervise.h>

#include "base/atomic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define WITHIN AIRT_SECONDS(300)

static _Atomic(uint32_t) started, ended;

struct ant_start {
    uint32_t number;
};
AIRT_KIND(ant_start, number)
struct ant {
    uint32_t number;
};
AIRT_ON(ant, ant_start)
{
    (void)ctx;
    self->number = msg->number;
    atomic_fetch_add(&started, 1);
    return AIRT_OK;
}
AIRT_ON(ant, airt_stopping)
{
    (void)self;
    (void)ctx;
    if (msg->reason.exit == AIRT_EXIT_SHUTDOWN)
        atomic_fetch_add(&ended, 1);
    return AIRT_OK;
}
#define ant_HANDLES(ON, A) ON(A, ant_start) ON(A, airt_stopping)
AIRT_ACTOR(ant)
AIRT_BEHAVIOR(ant)

static airt_system *system_of(void)
{
    airt_system *system = NULL;

    assert_int_equal(airt_system_create(&(airt_system_options){ .workers = 2 }, &system), AIRT_OK);
    atomic_store(&started, 0);
    atomic_store(&ended, 0);
    return system;
}

/* All are up; stops the supervisor, and all are down when it is. */
static void end_of(airt_system *system, airt_ref supervisor, uint32_t count)
{
    airt_child_counts counts = { 0 };
    airt_actor_info   info;

    assert_int_equal(atomic_load(&started), count);
    assert_int_equal(airt_supervisor_count(system, supervisor, WITHIN, &counts), AIRT_OK);
    assert_int_equal(counts.active, count);
    assert_int_equal(airt_stop(system, supervisor, NULL), AIRT_OK);
    while (airt_info(system, supervisor, &info) == AIRT_OK)
        (void)usleep(200);
    assert_int_equal(atomic_load(&ended), count);
    assert_int_equal(atomic_load(&started), count);
}

static int64_t static_ns(uint32_t count)
{
    airt_system *system = system_of();
    airt_ref     top = AIRT_NONE;
    int64_t      begin = airt_now_ns(system), took;

    assert_int_equal(
        airt_supervise(system, &top, .name = "top",
                       AIRT_CHILDREN(AIRT_CHILD(ant, .count = count, .start = AIRT_START(ant, .number = 1)))),
        AIRT_OK);
    end_of(system, top, count);
    took = airt_now_ns(system) - begin;
    assert_int_equal(airt_system_stop(&system, WITHIN), AIRT_OK);
    return took;
}

static int64_t pool_ns(uint32_t count)
{
    airt_system *system = system_of();
    airt_ref     pool = AIRT_NONE, ref = AIRT_NONE;
    int64_t      begin = airt_now_ns(system), took;

    assert_int_equal(
        airt_supervise(system, &pool, .strategy = AIRT_DYNAMIC,
                       AIRT_CHILDREN(AIRT_CHILD(ant, .shutdown_ms = 600000, .start = AIRT_START(ant, .number = 1)))),
        AIRT_OK);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(airt_supervisor_start_child(system, pool, NULL, WITHIN, &ref), AIRT_OK);
    end_of(system, pool, count);
    took = airt_now_ns(system) - begin;
    assert_int_equal(airt_system_stop(&system, WITHIN), AIRT_OK);
    return took;
}

static uint32_t children(void)
{
    const char   *text = getenv("CHILDREN");
    unsigned long count = text != NULL ? strtoul(text, NULL, 10) : 0;

    return count != 0 && count <= 10000 ? (uint32_t)count : 100;
}

static void tell(const char *what, uint32_t few, int64_t few_ns, uint32_t many, int64_t many_ns)
{
    (void)printf("%s: %u in %lld us, %u in %lld us: %.1f times as long\n", what, (unsigned)few,
                 (long long)few_ns / 1000, (unsigned)many, (long long)many_ns / 1000,
                 (double)many_ns / (double)(few_ns != 0 ? few_ns : 1));
}

static void case_60_many_children_of_a_pool(void **state)
{
    uint32_t few = children();
    int64_t  few_ns = pool_ns(few);

    (void)state;
    tell("pool", few, few_ns, 10 * few, pool_ns(10 * few));
}

static void case_60_many_static_children(void **state)
{
    uint32_t few = children();
    int64_t  few_ns = static_ns(few);

    (void)state;
    tell("static", few, few_ns, 100 * few, static_ns(100 * few));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_60_many_children_of_a_pool),
        cmocka_unit_test(case_60_many_static_children),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
