/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Restarts that are put off: how long, what begins anew, what goes on meanwhile, and storms. */
#include "otp_kit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum {
    HOUR = 3600000,
#ifdef SWEEP_SCENARIO
    STORM = 8
#else
    STORM = 1000
#endif
};

static otp_log log_of;

static airt_ref start(sim *s, const airt_tree *tree)
{
    airt_tree with = *tree;
    airt_ref  top = AIRT_NONE;

    log_of = (otp_log){ .world = s->world };
    with.window_ms = HOUR;
    with.on_event = otp_on_event;
    with.on_event_context = &log_of;
    ASSERT_OK(airt_supervise_tree(s->system, &top, &with));
    return top;
}

/* The delays of the restarts so far, which are forgotten. */
static size_t delays(uint32_t *out, size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < log_of.count; i++)
        if (log_of.events[i].what == AIRT_SUP_RESTARTING && count < max)
            out[count++] = log_of.events[i].delay_ms;
    log_of.count = 0;
    return count;
}

/* --- how long ----------------------------------------------------------------------------------------------------- */

/* Each within [half, whole] of what is wanted; "whole" of the first is 0. */
static void check_delays(const uint32_t *whole, size_t count)
{
    uint32_t seen[16];

    assert_int_equal(delays(seen, 16), count);
    for (size_t i = 0; i < count; i++) {
        assert_true(seen[i] <= whole[i]);
        assert_true(seen[i] >= whole[i] / 2);
    }
}

static void fail_starts(sim *s, const airt_tree *tree, otp_plan *plan, unsigned times)
{
    (void)start(s, tree);
    plan->fails = times;
    otp_finish(s, 'a', OTP_ABNORMAL);
    sim_run(s, HOUR / 2);
    assert_int_equal(plan->starts, times + 2);
}

static void doubling_body(sim *s)
{
    static const uint32_t whole[] = { 0, 100, 200, 400, 800, 1000, 1000, 1000 };
    otp_plan              plan = { 0 };
    const airt_tree       tree = {
              .restarts_max = 100, .backoff_ms = 100, .backoff_max_ms = 1000, AIRT_CHILDREN(OTP_PLANNED('a', &plan))
    };

    fail_starts(s, &tree, &plan, 7);
    check_delays(whole, 8);
}
static void it_doubles_up_to_its_bound(void **state)
{
    (void)state;
    sim_each(doubling_body, NULL);
}

static void own_body(sim *s)
{
    static const uint32_t whole[] = { 0, 10, 20, 25, 25 };
    otp_plan              plan = { 0 };
    const airt_tree       tree = { .restarts_max = 100,
                                   .backoff_ms = 100,
                                   .backoff_max_ms = 1000,
                                   AIRT_CHILDREN(OTP_PLANNED('a', &plan, .backoff_ms = 10, .backoff_max_ms = 25)) };

    fail_starts(s, &tree, &plan, 4);
    check_delays(whole, 5);
}
static void none_body(sim *s)
{
    static const uint32_t none[5] = { 0 };
    otp_plan              plan = { 0 };
    const airt_tree       tree = { .restarts_max = 100,
                                   .backoff_ms = 100,
                                   AIRT_CHILDREN(OTP_PLANNED('a', &plan, .backoff_ms = AIRT_NO_BACKOFF)) };

    fail_starts(s, &tree, &plan, 4);
    check_delays(none, 5);
}
static void a_child_may_have_its_own(void **state)
{
    (void)state;
    sim_each(own_body, NULL);
    sim_each(none_body, NULL);
}

/* The default bound is 30 seconds, however often it doubles. */
static void bound_body(sim *s)
{
    uint32_t        seen[64];
    otp_plan        plan = { 0 };
    const airt_tree tree = { .restarts_max = 100, .backoff_ms = 1, AIRT_CHILDREN(OTP_PLANNED('a', &plan)) };
    size_t          count;

    fail_starts(s, &tree, &plan, 40);
    count = delays(seen, 64);
    assert_int_equal(count, 41);
    for (size_t i = 20; i < count; i++)
        assert_true(seen[i] >= 15000 && seen[i] <= 30000);
}
static void the_bound_is_half_a_minute_by_default(void **state)
{
    (void)state;
    sim_each(bound_body, NULL);
}

/* Those that failed together do not come back together. */
static uint32_t least, most;
static void     jitter_body(sim *s)
{
    static const uint32_t whole[] = { 0, 10000 };
    uint32_t              seen[2] = { 0 };
    const airt_tree       tree = { .restarts_max = 100, .backoff_ms = 10000, AIRT_CHILDREN(OTP_KID('a')) };

    (void)start(s, &tree);
    otp_finish(s, 'a', OTP_ABNORMAL);
    otp_finish(s, 'a', OTP_ABNORMAL);
    sim_run(s, 10010);
    assert_int_equal(otp_incarnation(s, 'a'), 3);
    assert_int_equal(otp_first(&log_of, AIRT_SUP_RESTARTING)->delay_ms, whole[0]);
    assert_int_equal(delays(seen, 2), 2);
    least = seen[1] < least ? seen[1] : least;
    most = seen[1] > most ? seen[1] : most;
}
static void it_is_spread_over_its_upper_half(void **state)
{
    (void)state;
    least = UINT32_MAX;
    most = 0;
    sim_each(jitter_body, NULL);
    assert_true(least >= 5000);
    assert_true(least < 7500);
    assert_true(most > 7500);
    assert_true(most <= 10000);
}

/* It is put off by exactly what the event says. */
static void exact_body(sim *s)
{
    const airt_tree tree = { .restarts_max = 100, .backoff_ms = 1000, AIRT_CHILDREN(OTP_KID('a')) };
    uint32_t        seen[2] = { 0 };

    (void)start(s, &tree);
    otp_finish(s, 'a', OTP_ABNORMAL);
    otp_finish(s, 'a', OTP_ABNORMAL);
    (void)delays(seen, 2);
    sim_run(s, (int64_t)seen[1] - 1);
    assert_int_equal(otp_first(&log_of, AIRT_SUP_STARTED)->what, AIRT_SUPERVISION_COUNT);
    sim_run(s, 3);
    assert_int_equal(otp_first(&log_of, AIRT_SUP_STARTED)->incarnation, 3);
}
static void it_is_what_was_told(void **state)
{
    (void)state;
    sim_each(exact_body, NULL);
}

/* --- anew --------------------------------------------------------------------------------------------------------- */

static void reset_body(sim *s)
{
    const airt_tree tree = {
        .restarts_max = 100, .backoff_ms = 100, .backoff_reset_ms = 5000, AIRT_CHILDREN(OTP_KID('a'))
    };
    uint32_t seen[3] = { 0 };

    (void)start(s, &tree);
    otp_finish(s, 'a', OTP_ABNORMAL);
    sim_run(s, 4999);
    otp_finish(s, 'a', OTP_ABNORMAL);
    assert_int_equal(delays(seen, 3), 2);
    assert_true(seen[1] >= 50); /* still in a row */
    sim_run(s, 200);
    assert_int_equal(otp_incarnation(s, 'a'), 3);
    sim_run(s, 5000);
    otp_finish(s, 'a', OTP_ABNORMAL);
    assert_int_equal(delays(seen, 3), 1);
    assert_int_equal(seen[0], 0);
}
static void a_child_that_ran_long_enough_begins_anew(void **state)
{
    (void)state;
    sim_each(reset_body, NULL);
}

/* --- meanwhile ---------------------------------------------------------------------------------------------------- */

static void meanwhile_body(sim *s)
{
    const airt_tree  tree = { .restarts_max = 100, .backoff_ms = 10000, AIRT_CHILDREN(OTP_KID('a'), OTP_KID('b')) };
    const airt_child more = OTP_KID('c');
    airt_ref         top = start(s, &tree), ref = AIRT_NONE;
    int64_t          before;

    otp_finish(s, 'a', OTP_ABNORMAL);
    otp_finish(s, 'a', OTP_ABNORMAL);
    before = airt_now_ns(s->system);
    assert_true(otp_states(s, top, "a restarting/1, b running/0"));
    assert_int_equal(airt_supervisor_restart_child(s->system, top, AIRT_ID("a"), OTP_WITHIN, &ref), AIRT_EPENDING);
    assert_int_equal(airt_supervisor_delete_child(s->system, top, AIRT_ID("a"), OTP_WITHIN), AIRT_EPENDING);
    ASSERT_OK(airt_supervisor_start_child(s->system, top, &more, OTP_WITHIN, &ref));
    otp_finish(s, 'b', OTP_ABNORMAL); /* it restarts others meanwhile */
    assert_true(otp_states(s, top, "a restarting/1, b running/1, c running/0"));
    ASSERT_OK(airt_supervisor_stop_child(s->system, top, AIRT_ID("a"), OTP_WITHIN)); /* gives the restart up */
    assert_int_equal(airt_now_ns(s->system), before);
    sim_run(s, 20000);
    assert_true(otp_states(s, top, "a down/1, b running/1, c running/0"));
    otp_finish(s, 'b', OTP_ABNORMAL);
    (void)airt_stop(s->system, top, NULL); /* does not wait for the backoff */
    sim_settle(s);
    assert_false(sim_alive(s, top));
}
static void the_supervisor_goes_on_meanwhile(void **state)
{
    (void)state;
    sim_each(meanwhile_body, NULL);
}

/* In a group those before it are up again at once, it and those behind it after its time. */
static void group_body(sim *s)
{
    const airt_tree tree = { .strategy = AIRT_ONE_FOR_ALL,
                             .restarts_max = 100,
                             .backoff_ms = 100,
                             AIRT_CHILDREN(OTP_KID('a'), OTP_KID('b'), OTP_KID('c')) };

    (void)start(s, &tree);
    sim_forget(s);
    otp_finish(s, 'b', OTP_KILLED);
    ASSERT_SAID(s, "b-killed c-shutdown a-shutdown a+ b+ c+");
    otp_finish(s, 'b', OTP_KILLED);
    ASSERT_SAID(s, "b-killed c-shutdown a-shutdown a+");
    sim_run(s, 102);
    ASSERT_SAID(s, "b+ c+");
}
static void a_group_waits_for_the_one_that_failed(void **state)
{
    (void)state;
    sim_each(group_body, NULL);
}

/* --- storms ------------------------------------------------------------------------------------------------------- */

static uint64_t fly_starts;
static bool     fly_fails;
struct fly_start {
    uint32_t tag;
};
AIRT_KIND(fly_start, tag)
struct fly {
    char airt_nothing;
};
AIRT_ON(fly, fly_start)
{
    (void)self;
    (void)ctx;
    (void)msg;
    fly_starts++;
    return fly_fails ? AIRT_EINVAL : AIRT_OK;
}
#define fly_HANDLES(ON, A) ON(A, fly_start)
AIRT_ACTOR(fly)
AIRT_BEHAVIOR(fly)

/* A thousand of them are slow where every access is checked, and more seeds show nothing new. */
static bool enough(const sim *s)
{
    return s->options.seed > 3;
}

static airt_ref swarm(sim *s, uint32_t restarts_max)
{
    const airt_tree tree = { .restarts_max = restarts_max,
                             .backoff_ms = 1000,
                             .backoff_max_ms = 16000,
                             AIRT_CHILDREN(AIRT_CHILD(fly, .count = STORM, .start = AIRT_START(fly, .tag = 1))) };

    fly_fails = false;
    return start(s, &tree);
}

/* All are killed at once, and no start works any more. */
static void strike(sim *s, airt_ref top)
{
    static airt_child_info infos[STORM];
    size_t                 count = 0;

    (void)!airt_supervisor_list(s->system, top, OTP_WITHIN, infos, STORM, &count);
    fly_fails = true;
    fly_starts = 0;
    for (size_t i = 0; i < count; i++)
        (void)airt_kill(s->system, infos[i].ref, NULL);
}

static uint64_t turns(sim *s)
{
    airt_system_stats stats;

    airt_system_stats_get(s->system, &stats);
    return stats.turns;
}

/* At once, then within 1, 2, 4, 8 and 16 seconds of each other, jitter not counted: never more often than that. Each
 * start costs a few turns: of the child, of the supervisor that hears of it, and of its timer. */
static void storm_body(sim *s)
{
    static const uint32_t bound[] = { 3, 4, 4, 5, 5, 5, 6, 6 }; /* starts of each by the end of that second */
    airt_ref              top;
    uint64_t              before;

    if (enough(s))
        return;
    top = swarm(s, 65536);
    sim_settle(s);
    before = turns(s);
    strike(s, top);
    for (int second = 0; second < 8; second++) {
        sim_run(s, 1000);
        assert_true(fly_starts <= (uint64_t)bound[second] * STORM);
        assert_true(turns(s) - before <= 4 * fly_starts + 4 * STORM + 1000);
    }
    assert_true(fly_starts >= 3 * STORM);
    for (int i = 0; i < 2; i++) { /* from then on, each twice in 16 seconds at most */
        sim_run(s, 20000);
        before = fly_starts;
        sim_run(s, 16000);
        assert_true(fly_starts - before <= 2 * STORM + STORM / 2);
    }
    assert_int_equal(log_of.counts[AIRT_SUP_GAVE_UP], 0);
    assert_true(sim_alive(s, top));
    fly_fails = false;
    sim_run(s, 17000);
    assert_int_equal(log_of.counts[AIRT_SUP_STARTED], 2 * STORM);
}
static void a_storm_costs_a_bounded_number_of_turns(void **state)
{
    (void)state;
    sim_each(storm_body, NULL);
}

static void escalation_body(sim *s)
{
    airt_ref top;

    if (enough(s))
        return;
    top = swarm(s, 4 * STORM);
    otp_watch(s, top);
    strike(s, top);
    sim_run(s, 60000);
    assert_true(otp_ended(s, "escalated"));
    assert_int_equal(log_of.counts[AIRT_SUP_GAVE_UP], 1);
    assert_int_equal(log_of.counts[AIRT_SUP_RESTARTING], 4 * STORM);
}
static void a_storm_escalates_when_the_intensity_says_so(void **state)
{
    (void)state;
    sim_each(escalation_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(it_doubles_up_to_its_bound),
        SIM_TEST(a_child_may_have_its_own),
        SIM_TEST(the_bound_is_half_a_minute_by_default),
        SIM_TEST(it_is_spread_over_its_upper_half),
        SIM_TEST(it_is_what_was_told),
        SIM_TEST(a_child_that_ran_long_enough_begins_anew),
        SIM_TEST(the_supervisor_goes_on_meanwhile),
        SIM_TEST(a_group_waits_for_the_one_that_failed),
        SIM_TEST(a_storm_costs_a_bounded_number_of_turns),
        SIM_TEST(a_storm_escalates_when_the_intensity_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
