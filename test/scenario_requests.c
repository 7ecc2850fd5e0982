/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What those hear who asked a supervisor for something, when other things happen to the child before it is done. */
#include "otp_kit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static airt_ref top;

static airt_status says(struct puppet *self, airt_status status)
{
    sim_say("%c=%s", self->tag, airt_status_name(status));
    return AIRT_OK;
}

/* For sim_do, so that the test goes on while they wait. */
static airt_status ask_start(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref ref = AIRT_NONE;

    return says(self, airt_supervisor_start_child(ctx, top, argument, OTP_WITHIN, &ref));
}
static airt_status ask_restart(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref ref = AIRT_NONE;

    return says(self, airt_supervisor_restart_child(ctx, top, AIRT_ID((const char *)argument), OTP_WITHIN, &ref));
}

static airt_status supervise(airt_ctx *ctx, struct puppet *self, void *argument)
{
    return says(self, airt_supervise_tree(ctx, &top, argument));
}

static void trio(sim *s, airt_strategy strategy, otp_plan *plan)
{
    const airt_child kids[] = { OTP_KID('a'), OTP_PLANNED('b', plan), OTP_KID('c') };

    ASSERT_OK(
        airt_supervise(s->system, &top, .strategy = strategy, .restarts_max = 3, .children = kids, .child_count = 3));
    ASSERT_SAID(s, "a+ b+ c+");
}

/* --- a group is restarted meanwhile ------------------------------------------------------------------------------- */

static void start_in_group(sim *s, airt_restart restart)
{
    otp_plan         plan = { 0 }, slow = { .sleep_ms = 10 };
    const airt_child d = OTP_PLANNED('d', &slow, .restart = restart);

    trio(s, AIRT_ONE_FOR_ALL, &plan);
    sim_do(s, sim_spawn(s, 'q'), ask_start, (void *)(uintptr_t)&d);
    sim_run(s, 5);
    sim_forget(s);
    otp_finish(s, 'a', OTP_ABNORMAL);
    sim_run(s, 8);
    assert_true(otp_states(s, top, "a running/1, b running/1, c running/1, d starting/0"));
    sim_run(s, 5);
    assert_true(otp_states(s, top, "a running/1, b running/1, c running/1, d running/0"));
    assert_int_equal(slow.starts, 2);
    ASSERT_SAID(s, "a!error/0 a-error d-shutdown/unstarted c-shutdown b-shutdown a+ b+ c+ d+ q=AIRT_OK");
    ASSERT_OK(airt_stop(s->system, top, NULL));
    sim_settle(s);
}
static void new_body(sim *s)
{
    start_in_group(s, AIRT_PERMANENT);
}
static void new_temporary_body(sim *s)
{
    start_in_group(s, AIRT_TEMPORARY);
}
static void who_asked_for_a_new_child_waits_for_the_group(void **state)
{
    (void)state;
    sim_each(new_body, NULL);
    sim_each(new_temporary_body, NULL);
}

static void by_hand_body(sim *s)
{
    otp_plan plan = { 0 };

    trio(s, AIRT_REST_FOR_ONE, &plan);
    ASSERT_OK(airt_supervisor_stop_child(s->system, top, AIRT_ID("b"), OTP_WITHIN));
    plan.sleep_ms = 10;
    sim_do(s, sim_spawn(s, 'q'), ask_restart, (void *)(uintptr_t) "b");
    sim_run(s, 5);
    sim_forget(s);
    otp_finish(s, 'a', OTP_ABNORMAL);
    sim_run(s, 8);
    assert_true(otp_states(s, top, "a running/1, b starting/0, c restarting/0"));
    sim_run(s, 5);
    assert_true(otp_states(s, top, "a running/1, b running/0, c running/1"));
    ASSERT_SAID(s, "a!error/0 a-error c-shutdown b-shutdown/unstarted a+ b+ c+ q=AIRT_OK");
}
static void who_asked_for_a_restart_waits_for_the_group(void **state)
{
    (void)state;
    sim_each(by_hand_body, NULL);
}

/* Stopped by hand while its group is being stopped: then it is not started again. */
static void both_body(sim *s)
{
    const airt_child kids[] = { OTP_KID('a'), OTP_MULE('b', (.after_ms = 20)) };
    otp_plan         slow = { .sleep_ms = 10 };
    const airt_child d = OTP_PLANNED('d', &slow);

    ASSERT_OK(airt_supervise(s->system, &top, .strategy = AIRT_ONE_FOR_ALL, .children = kids, .child_count = 2));
    sim_do(s, sim_spawn(s, 'q'), ask_start, (void *)(uintptr_t)&d);
    sim_run(s, 5);
    sim_forget(s);
    otp_finish(s, 'a', OTP_ABNORMAL);
    ASSERT_OK(airt_supervisor_stop_child(s->system, top, AIRT_ID("d"), OTP_WITHIN));
    sim_run(s, 40);
    ASSERT_SAID(s, "a!error/0 a-error d-shutdown/unstarted b? q=AIRT_ESTOPPING b-shutdown a+ b+");
    assert_true(otp_states(s, top, "a running/1, b running/1, d down/0"));
}
static void who_asked_hears_of_a_stop_within_the_group(void **state)
{
    (void)state;
    sim_each(both_body, NULL);
}

/* --- it is stopped meanwhile -------------------------------------------------------------------------------------- */

static void stopped_body(sim *s)
{
    otp_plan plan = { 0 };

    trio(s, AIRT_ONE_FOR_ONE, &plan);
    ASSERT_OK(airt_supervisor_stop_child(s->system, top, AIRT_ID("b"), OTP_WITHIN));
    plan.sleep_ms = 10;
    sim_do(s, sim_spawn(s, 'q'), ask_restart, (void *)(uintptr_t) "b");
    sim_run(s, 5);
    sim_forget(s);
    ASSERT_OK(airt_supervisor_stop_child(s->system, top, AIRT_ID("b"), OTP_WITHIN));
    sim_settle(s);
    ASSERT_SORTED(s, "b-shutdown/unstarted q=AIRT_ESTOPPING");
    assert_true(otp_states(s, top, "a running/0, b down/0, c running/0"));
    sim_do(s, otp_ref(s, 'q'), ask_restart, (void *)(uintptr_t) "b");
    sim_run(s, 5);
    ASSERT_OK(airt_stop(s->system, top, NULL));
    sim_settle(s);
    ASSERT_SORTED(s, "b+ q=AIRT_ESTOPPING c-shutdown b-shutdown/unstarted a-shutdown ");
}
static void who_asked_hears_of_a_stop(void **state)
{
    (void)state;
    sim_each(stopped_body, NULL);
}

/* --- the system stops meanwhile ----------------------------------------------------------------------------------- */

/* A child has failed, and its supervisor hears of it before it is itself asked to stop: no restart any more, and no
 * failure of the supervisor's. */
static void a_failure_while_the_system_stops_is_no_failure(void **state)
{
    static sim     s;
    static otp_log log_of;

    (void)state;
    for (unsigned steps = 0; steps < 12; steps++) {
        log_of = (otp_log){ .world = NULL };
        ASSERT_OK(sim_open(&s, &(sim_options){ .seed = steps }));
        ASSERT_OK(airt_supervise(s.system, &top, .restarts_max = 1, .on_event = otp_on_event,
                                 .on_event_context = &log_of, AIRT_CHILDREN(OTP_KID('a'))));
        sim_do(&s, otp_ref(&s, 'a'), otp_ends, (void *)(uintptr_t)OTP_ABNORMAL);
        for (unsigned i = 0; i < steps; i++)
            (void)airt_sim_step(s.inner);
        sim_close_at_once(&s);
        assert_int_equal(log_of.counts[AIRT_SUP_START_FAILED], 0);
        assert_int_equal(log_of.counts[AIRT_SUP_GAVE_UP], 0);
    }
}

/* --- while it starts ---------------------------------------------------------------------------------------------- */

static void boot_body(sim *s)
{
    otp_plan          slow = { .sleep_ms = 10 };
    const airt_child  kids[] = { OTP_PLANNED('a', &slow), OTP_KID('b', .count = 2) };
    const airt_tree   tree = { .name = "top", .children = kids, .child_count = 2 };
    airt_child_counts counts = { 0 };

    sim_do(s, sim_spawn(s, 'q'), supervise, (void *)(uintptr_t)&tree);
    sim_run(s, 5);
    ASSERT_OK(airt_lookup_kinds(s->system, (const airt_kind *const[]){ NULL }, "top", &top));
    assert_true(otp_states(s, top, "a starting/0, b starting/0, b.2 starting/0"));
    ASSERT_OK(airt_supervisor_count(s->system, top, OTP_WITHIN, &counts));
    assert_int_equal(counts.restarting, 0);
    assert_int_equal(counts.active, 1);
    sim_run(s, 10);
    assert_true(otp_states(s, top, "a running/0, b running/0, b.2 running/0"));
}
static void what_never_started_is_not_restarting(void **state)
{
    (void)state;
    sim_each(boot_body, NULL);
}

/* --- what a request may fail of ----------------------------------------------------------------------------------- */

static airt_status ask_when_full(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref          mid = *(airt_ref *)argument;
    airt_child_counts counts;

    (void)airt_tell_any(ctx, mid, airt_health_report, .number = 0);
    return says(self, airt_supervisor_count(ctx, mid, OTP_WITHIN, &counts));
}
static void full_body(sim *s)
{
    airt_tree        below = { AIRT_CHILDREN(OTP_KID('a')) };
    const airt_child kid = { .tree = &below, .id = "mid", .mailbox = { .max = 1 } };
    airt_child_info  info = { .ref = AIRT_NONE };

    ASSERT_OK(airt_supervise(s->system, &top, .children = &kid, .child_count = 1));
    ASSERT_OK(airt_supervisor_find_child(s->system, top, AIRT_ID("mid"), OTP_WITHIN, &info));
    sim_forget(s);
    sim_do(s, sim_spawn(s, 'q'), ask_when_full, &info.ref);
    sim_settle(s);
    ASSERT_SAID(s, "q+ q=AIRT_EFULL");
}
static void a_bounded_supervisor_may_be_full(void **state)
{
    (void)state;
    sim_each(full_body, NULL);
}

/* An automatic restart would be tried again later; one by hand is its asker's to try. */
static void limit_body(sim *s)
{
    otp_plan plan = { 0 };
    airt_ref ref;

    trio(s, AIRT_ONE_FOR_ONE, &plan);
    for (int i = 0; i < 2; i++) {
        ASSERT_OK(airt_supervisor_stop_child(s->system, top, AIRT_ID("b"), OTP_WITHIN));
        assert_int_equal(airt_supervisor_restart_child(s->system, top, AIRT_ID("b"), OTP_WITHIN, &ref),
                         i == 0 ? AIRT_OK : AIRT_ELIMIT);
    }
    assert_true(otp_states(s, top, "a running/0, b down/0, c running/0"));
    sim_run(s, 1000);
    ASSERT_OK(airt_supervisor_restart_child(s->system, top, AIRT_ID("b"), OTP_WITHIN, &ref));
}
static void a_restart_by_hand_may_be_over_the_rate(void **state)
{
    (void)state;
    sim_each(limit_body, &(airt_system_options){ .restarts_per_s = 1 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(who_asked_for_a_new_child_waits_for_the_group),
        SIM_TEST(who_asked_for_a_restart_waits_for_the_group),
        SIM_TEST(who_asked_hears_of_a_stop_within_the_group),
        SIM_TEST(who_asked_hears_of_a_stop),
        cmocka_unit_test(a_failure_while_the_system_stops_is_no_failure),
        SIM_TEST(what_never_started_is_not_restarting),
        SIM_TEST(a_bounded_supervisor_may_be_full),
        SIM_TEST(a_restart_by_hand_may_be_over_the_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
