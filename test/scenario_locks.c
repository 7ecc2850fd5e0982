/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Locks as a lock checker tells of them: what a handler holds when it returns or waits is reported, once; what it gave
 * back, took in a marked region, or took outside of handlers is not. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int locks[10];

static void take(int n)
{
    airt_lock_taken(&locks[n], "lock", NULL);
}
static void give(int n)
{
    airt_lock_given(&locks[n]);
}

static airt_status gives_back(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    take(0);
    take(1);
    take(0);
    give(0);
    give(0);
    give(2); /* taken before there was a checker, or too many */
    give(1);
    return airt_sleep(ctx, AIRT_MS(1));
}

static airt_status in_a_region(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    airt_foreign_begin(ctx);
    take(0);
    airt_foreign_end(ctx);
    if (airt_blocking_begin(ctx) == AIRT_OK) {
        take(1);
        airt_blocking_end(ctx);
    }
    return AIRT_OK;
}

static airt_status keeps(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    for (int i = 0; i < *(int *)argument; i++)
        take(i);
    return AIRT_OK;
}

static airt_status fails_with(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    take(0);
    airt_foreign_begin(ctx); /* left open, too */
    return AIRT_EINVAL;
}

static airt_status waits_with(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_status status;

    (void)self;
    (void)argument;
    take(0);
    status = airt_sleep(ctx, AIRT_MS(1));
    give(0); /* said already */
    return status;
}

static uint64_t reports_of(sim *s, airt_ref who, puppet_fn run, int count)
{
    uint64_t before = s->reports[AIRT_REPORT_LOCK];

    sim_do(s, who, run, &count);
    sim_run(s, 5);
    return s->reports[AIRT_REPORT_LOCK] - before;
}

static void body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a'), b = sim_spawn(s, 'b');

    take(0); /* outside of handlers */
    assert_int_equal(reports_of(s, a, gives_back, 0), 0);
    assert_int_equal(reports_of(s, a, in_a_region, 0), 0);
    assert_int_equal(reports_of(s, a, keeps, 0), 0);
    assert_int_equal(reports_of(s, a, keeps, 1), 1);
    assert_int_equal(reports_of(s, a, keeps, 0), 0); /* forgotten */
    assert_int_equal(reports_of(s, a, keeps, 3), 3);
    assert_int_equal(reports_of(s, a, keeps, 10), 8); /* as many as are remembered */
    assert_int_equal(reports_of(s, a, waits_with, 0), 1);
    assert_int_equal(reports_of(s, b, fails_with, 0), 1);
    assert_int_equal(reports_of(s, a, gives_back, 0), 0);
}
static void what_is_held_is_reported(void **state)
{
    (void)state;
    sim_each(body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { SIM_TEST(what_is_held_is_reported) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
