/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* OTP's supervisor suite, in own words, 32 to 36: how a supervisor that is asked to stop stops its children. A handler
 * that awaits is woken by the request; the deaf are children that do not heed it. docs/supervision.md lists what
 * differs. */
#include "tree_kit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct {
    unsigned    stop_failed;
    airt_reason reason;
    airt_reason stopped;
} seen;
static void on_event(void *context, const airt_supervision_event *event)
{
    (void)context;
    if (event->what == AIRT_SUP_STOP_FAILED) {
        seen.stop_failed++;
        seen.reason = event->reason;
    } else if (event->what == AIRT_SUP_STOPPED) {
        seen.stopped = event->reason;
    }
}

static void begin(sim *s, airt_ref top)
{
    seen.stop_failed = 0;
    kit_watch(s, 't', top);
}
static void stop(sim *s, airt_ref top)
{
    ASSERT_OK(airt_stop(s->system, top, NULL));
    sim_settle(s);
}

/* 32: however long it takes. */
static void case_32_body(sim *s)
{
    airt_ref top = AIRT_NONE, m;

    ASSERT_OK(airt_supervise(s->system, &top, .on_event = on_event,
                             AIRT_CHILDREN(DEAF('m', .shutdown_ms = AIRT_INFINITY),
                                           AIRT_SUBTREE(.name = "sub", AIRT_CHILDREN(KID('a'))), )));
    begin(s, top);
    m = kit_named(s, "m");
    kit_watch(s, 's', kit_named(s, "sub"));
    stop(s, top);
    ASSERT_SORTED(s, "a-shutdown w<s:shutdown m_");
    sim_run(s, INT64_C(86400000) * 60);
    ASSERT_SAID(s, "");
    assert_true(sim_alive(s, m));
    sim_num(s, m, AIRT_EXIT_SHUTDOWN);
    sim_settle(s);
    ASSERT_SAID(s, "m-shutdown w<t:shutdown");
    assert_int_equal(seen.stop_failed, 0);
    assert_int_equal(seen.stopped.exit, AIRT_EXIT_SHUTDOWN);
}
static void case_32_waited_for(void **state)
{
    (void)state;
    sim_each(case_32_body, NULL);
}

/* 33: one at a time, in reverse order: the first is not asked before the last is gone. */
static void case_33_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(
        airt_supervise(s->system, &top, .on_event = on_event, AIRT_CHILDREN(KID('a'), DEAF('m', .shutdown_ms = 1000))));
    begin(s, top);
    stop(s, top);
    ASSERT_SAID(s, "m_");
    sim_run(s, 999);
    ASSERT_SAID(s, "");
    sim_run(s, 5);
    ASSERT_SAID(s, "m-killed a-shutdown w<t:shutdown");
    assert_int_equal(seen.stop_failed, 1);
    assert_int_equal(seen.reason.exit, AIRT_EXIT_KILLED);
    assert_int_equal(kit_actors(s), 1); /* the one that watches */
}
static void case_33_killed_past_its_limit(void **state)
{
    (void)state;
    sim_each(case_33_body, NULL);
}

/* The default of a worker is 5000 ms; a handler that sleeps is woken at once. */
static void sleeper_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .on_event = on_event, AIRT_CHILDREN(DEAF('m'), KID('a'))));
    begin(s, top);
    sim_do(s, kit_named(s, "a"), sim_sleeps, (void *)(intptr_t)60000);
    sim_settle(s);
    stop(s, top);
    ASSERT_SAID(s, "a-shutdown m_");
    sim_run(s, 4999);
    ASSERT_SAID(s, "");
    sim_run(s, 5);
    ASSERT_SAID(s, "m-killed w<t:shutdown");
    assert_int_equal(seen.stop_failed, 1);
}
static void case_33_the_default_limit(void **state)
{
    (void)state;
    sim_each(sleeper_body, NULL);
}

static airt_ref deaf_pool(sim *s, uint32_t shutdown_ms)
{
    const airt_child one = AIRT_CHILD(deaf, .shutdown_ms = shutdown_ms);
    airt_ref         pool = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &pool, .strategy = AIRT_DYNAMIC, .on_event = on_event, .children = &one,
                             .child_count = 1));
    return pool;
}

/* 34: in a pool all are asked at once. */
static void case_34_body(sim *s)
{
    airt_ref pool = deaf_pool(s, 1000), a, m;

    ASSERT_OK(kit_add(s, pool, 'm', NULL, &m));
    ASSERT_OK(kit_add(s, pool, 'a', NULL, &a));
    begin(s, pool);
    stop(s, pool);
    ASSERT_SORTED(s, "m_ a_");
    sim_num(s, a, AIRT_EXIT_SHUTDOWN);
    sim_run(s, 999);
    ASSERT_SAID(s, "a-shutdown");
    sim_run(s, 5);
    ASSERT_SAID(s, "m-killed w<t:shutdown");
    assert_int_equal(seen.stop_failed, 1);
}
static void case_34_in_a_pool(void **state)
{
    (void)state;
    sim_each(case_34_body, NULL);
}

static void case_35_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .on_event = on_event,
                             AIRT_CHILDREN(KID('a', .shutdown_ms = AIRT_BRUTAL_KILL),
                                           DEAF('m', .shutdown_ms = AIRT_BRUTAL_KILL), KID('b'))));
    begin(s, top);
    stop(s, top);
    ASSERT_SAID(s, "b-shutdown m-killed a-killed w<t:shutdown");
    assert_int_equal(seen.stop_failed, 0); /* that is what was asked for */
}
static void case_35_brutally(void **state)
{
    (void)state;
    sim_each(case_35_body, NULL);
}

static void case_36_body(sim *s)
{
    airt_ref pool = deaf_pool(s, AIRT_BRUTAL_KILL);

    for (int i = 0; i < 10; i++)
        ASSERT_OK(kit_add(s, pool, (char)('a' + i), NULL, NULL));
    begin(s, pool);
    stop(s, pool);
    ASSERT_SORTED(s, "a-killed b-killed c-killed d-killed e-killed f-killed g-killed h-killed i-killed j-killed "
                     "w<t:shutdown");
    assert_int_equal(seen.stop_failed, 0);
    assert_int_equal(seen.stopped.exit, AIRT_EXIT_SHUTDOWN);
}
static void case_36_ten_at_once(void **state)
{
    (void)state;
    sim_each(case_36_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(case_32_waited_for),        SIM_TEST(case_33_killed_past_its_limit),
        SIM_TEST(case_33_the_default_limit), SIM_TEST(case_34_in_a_pool),
        SIM_TEST(case_35_brutally),          SIM_TEST(case_36_ten_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
