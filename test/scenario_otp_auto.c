/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* OTP's supervisor suite in our words: significant children and the supervisors that stop with them. The numbers are
 * those of the list of cases. */
#include "otp_kit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void add(sim *s, airt_ref top, const airt_child *kid)
{
    airt_ref ref = AIRT_NONE;

    ASSERT_OK(airt_supervisor_start_child(s->system, top, kid, OTP_WITHIN, &ref));
}

static void stop(sim *s, airt_ref top)
{
    (void)airt_stop(s->system, top, NULL);
    sim_settle(s);
}

/* --- who does not matter ------------------------------------------------------------------------------------------ */

static void insignificant(sim *s, airt_auto_shutdown rule, airt_restart restart)
{
    static const otp_end ends[] = { OTP_KILLED, OTP_ABNORMAL, OTP_NORMAL };
    airt_child           kid = OTP_KID('a', .restart = restart);
    airt_ref             top = AIRT_NONE;

    ASSERT_OK(
        airt_supervise(s->system, &top, .auto_shutdown = rule, .restarts_max = 9, .children = &kid, .child_count = 1));
    ASSERT_OK(airt_supervisor_stop_child(s->system, top, AIRT_ID("a"), OTP_WITHIN));
    assert_true(otp_counts(s, top, restart == AIRT_TEMPORARY ? "0/0/0/0" : "1/0/0/1"));
    if (restart == AIRT_TEMPORARY)
        add(s, top, &kid);
    else
        ASSERT_OK(airt_supervisor_restart_child(s->system, top, AIRT_ID("a"), OTP_WITHIN, &(airt_ref){ 0 }));
    for (int i = 0; i < 3; i++) {
        otp_finish(s, 'a', ends[i]);
        if (restart == AIRT_TEMPORARY)
            add(s, top, &kid);
    }
    assert_true(otp_counts(s, top, restart == AIRT_TEMPORARY ? "1/1/0/1" : "1/0/0/1"));
    assert_true(sim_alive(s, top));
    stop(s, top);
}
static void case_61_body(sim *s)
{
    for (int rule = AIRT_NEVER; rule <= AIRT_ALL_SIGNIFICANT; rule++) {
        insignificant(s, (airt_auto_shutdown)rule, AIRT_TEMPORARY);
        insignificant(s, (airt_auto_shutdown)rule, AIRT_TRANSIENT);
    }
}
static void case_61_others_end_as_they_like(void **state)
{
    (void)state;
    sim_each(case_61_body, NULL);
}

/* --- any ---------------------------------------------------------------------------------------------------------- */

static void case_62_body(sim *s)
{
    static const otp_end     ends[] = { OTP_KILLED, OTP_ABNORMAL, OTP_NORMAL };
    static const char *const words[] = { "b-killed c-shutdown", "b!error/0 b-error c-shutdown", "b-normal c-shutdown" };

    for (int i = 0; i < 3; i++) {
        otp_log  log = { 0 };
        airt_ref top = AIRT_NONE;

        ASSERT_OK(airt_supervise(
            s->system, &top, .auto_shutdown = AIRT_ANY_SIGNIFICANT, .on_event = otp_on_event, .on_event_context = &log,
            AIRT_CHILDREN(OTP_KID('a', .restart = AIRT_TEMPORARY, .significant = true),
                          OTP_KID('b', .restart = AIRT_TEMPORARY, .significant = true), OTP_KID('c'))));
        ASSERT_OK(airt_supervisor_stop_child(s->system, top, AIRT_ID("a"), OTP_WITHIN));
        assert_true(otp_counts(s, top, "2/2/0/2")); /* by the supervisor's own hand */
        otp_watch(s, top);
        sim_forget(s);
        otp_finish(s, 'b', ends[i]);
        ASSERT_SAID(s, words[i]);
        assert_true(otp_ended(s, "shutdown"));
        assert_true(otp_logged(s, &log, i == 2 ? "automatic shutdown b" : "terminated b; automatic shutdown b"));
    }
}
static void case_62_any_significant_end_is_the_supervisors(void **state)
{
    (void)state;
    sim_each(case_62_body, NULL);
}

static void case_63_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .auto_shutdown = AIRT_ANY_SIGNIFICANT, .restarts_max = 9,
                             AIRT_CHILDREN(OTP_KID('a', .restart = AIRT_TRANSIENT, .significant = true))));
    otp_watch(s, top);
    otp_finish(s, 'a', OTP_KILLED);
    assert_int_equal(otp_incarnation(s, 'a'), 2);
    otp_finish(s, 'a', OTP_ABNORMAL);
    assert_int_equal(otp_incarnation(s, 'a'), 3);
    otp_finish(s, 'a', OTP_NORMAL);
    assert_true(otp_ended(s, "shutdown"));
}
static void case_63_a_significant_transient_child_is_restarted_until_it_is_done(void **state)
{
    (void)state;
    sim_each(case_63_body, NULL);
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

static void all_of_two(sim *s, airt_restart restart, otp_end first)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .auto_shutdown = AIRT_ALL_SIGNIFICANT,
                             AIRT_CHILDREN(OTP_KID('a', .restart = restart, .significant = true),
                                           OTP_KID('b', .restart = restart, .significant = true), OTP_KID('c'))));
    otp_watch(s, top);
    otp_finish(s, 'a', first);
    assert_true(otp_ended(s, ""));
    assert_true(sim_alive(s, otp_ref(s, 'c')));
    otp_finish(s, 'b', OTP_NORMAL);
    assert_true(otp_ended(s, "shutdown"));
    assert_false(sim_alive(s, otp_ref(s, 'c')));
}
static void case_64_body(sim *s)
{
    all_of_two(s, AIRT_TRANSIENT, OTP_NORMAL);
    all_of_two(s, AIRT_TRANSIENT, OTP_SHUTDOWN_X);
    all_of_two(s, AIRT_TEMPORARY, OTP_NORMAL);
    all_of_two(s, AIRT_TEMPORARY, OTP_ABNORMAL);
}
static void case_64_all_significant_must_have_ended(void **state)
{
    (void)state;
    sim_each(case_64_body, NULL);
}

/* One that is stopped by hand is not active: the other one's end is the last. */
static void by_hand_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .auto_shutdown = AIRT_ALL_SIGNIFICANT,
                             AIRT_CHILDREN(OTP_KID('a', .restart = AIRT_TRANSIENT, .significant = true),
                                           OTP_KID('b', .restart = AIRT_TRANSIENT, .significant = true))));
    otp_watch(s, top);
    ASSERT_OK(airt_supervisor_stop_child(s->system, top, AIRT_ID("a"), OTP_WITHIN));
    assert_true(otp_ended(s, ""));
    otp_finish(s, 'b', OTP_NORMAL);
    assert_true(otp_ended(s, "shutdown"));
}
static void case_64_one_stopped_by_hand_is_not_waited_for(void **state)
{
    (void)state;
    sim_each(by_hand_body, NULL);
}

/* One that is still to be started is. */
static void boot_body(sim *s)
{
    otp_plan   plan = { .sleep_ms = 1000 };
    airt_ref   top = AIRT_NONE;
    airt_child kids[] = { OTP_KID('a', .restart = AIRT_TRANSIENT, .significant = true), OTP_PLANNED('b', &plan),
                          OTP_KID('c', .restart = AIRT_TRANSIENT, .significant = true) };
    airt_child sub = { .tree =
                           &(const airt_tree){
                               .name = "x", .auto_shutdown = AIRT_ALL_SIGNIFICANT, .children = kids, .child_count = 3 },
                       .restart = AIRT_TRANSIENT };

    ASSERT_OK(airt_supervise(s->system, &top, .restarts_max = 1));
    assert_int_equal(airt_supervisor_start_child(s->system, top, &sub, AIRT_MS(10), &(airt_ref){ 0 }), AIRT_ETIMEDOUT);
    ASSERT_SAID(s, "a+ b+");
    otp_finish(s, 'a', OTP_NORMAL);
    ASSERT_SAID(s, "a-normal");
    sim_run(s, 2000);
    ASSERT_SAID(s, "c+");
    assert_true(otp_states(s, top, "x running/0"));
    otp_finish(s, 'c', OTP_NORMAL);
    ASSERT_SAID(s, "c-normal b-shutdown");
}
static void case_64_one_not_started_yet_is_waited_for(void **state)
{
    (void)state;
    sim_each(boot_body, NULL);
}

/* The start of a supervisor is not a failure because a job was done before its helpers were up. */
static void quick_body(sim *s)
{
    otp_plan   plan = { .sleep_ms = 1000 };
    otp_log    log = { .count = 0 };
    airt_ref   top = AIRT_NONE;
    airt_child kids[] = { OTP_KID('a', .restart = AIRT_TEMPORARY, .significant = true), OTP_PLANNED('b', &plan) };
    airt_child sub = { .tree =
                           &(const airt_tree){
                               .name = "x", .auto_shutdown = AIRT_ANY_SIGNIFICANT, .children = kids, .child_count = 2 },
                       .restart = AIRT_TRANSIENT };

    ASSERT_OK(airt_supervise(s->system, &top, .restarts_max = 1, .on_event = otp_on_event, .on_event_context = &log));
    assert_int_equal(airt_supervisor_start_child(s->system, top, &sub, AIRT_MS(10), &(airt_ref){ 0 }), AIRT_ETIMEDOUT);
    otp_finish(s, 'a', OTP_NORMAL);
    ASSERT_SAID(s, "a+ b+ a-normal");
    sim_run(s, 2000);
    ASSERT_SAID(s, "b-shutdown");
    assert_true(otp_states(s, top, "x down/0"));
    assert_true(otp_logged(s, &log, "automatic shutdown "));
}
static void case_62_an_end_during_the_start_is_heeded_after_it(void **state)
{
    (void)state;
    sim_each(quick_body, NULL);
}

/* --- bystanders --------------------------------------------------------------------------------------------------- */

static void bystanders(sim *s, airt_strategy strategy, airt_restart restart, airt_auto_shutdown rule)
{
    static const char *const words[] = { "b-killed b+", "b-killed c-shutdown a-shutdown a+ b+ c+",
                                         "b-killed c-shutdown b+ c+" };
    static const char *const temporary[] = { "b-killed b+", "b-killed c-shutdown a-shutdown b+",
                                             "b-killed c-shutdown b+" };
    airt_ref                 top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .strategy = strategy, .auto_shutdown = rule,
                             AIRT_CHILDREN(OTP_KID('a', .restart = restart, .significant = true), OTP_KID('b'),
                                           OTP_KID('c', .restart = restart, .significant = true))));
    sim_forget(s);
    otp_finish(s, 'b', OTP_KILLED);
    ASSERT_SAID(s, restart == AIRT_TEMPORARY ? temporary[strategy] : words[strategy]);
    assert_true(sim_alive(s, top));
    stop(s, top);
}
static void case_65_body(sim *s)
{
    for (int strategy = AIRT_ONE_FOR_ONE; strategy <= AIRT_REST_FOR_ONE; strategy++)
        for (int rule = AIRT_ANY_SIGNIFICANT; rule <= AIRT_ALL_SIGNIFICANT; rule++) {
            bystanders(s, (airt_strategy)strategy, AIRT_TRANSIENT, (airt_auto_shutdown)rule);
            bystanders(s, (airt_strategy)strategy, AIRT_TEMPORARY, (airt_auto_shutdown)rule);
        }
}
static void case_65_bystanders_of_a_group_do_not_matter(void **state)
{
    (void)state;
    sim_each(case_65_body, NULL);
}

/* --- trees -------------------------------------------------------------------------------------------------------- */

static void nested(sim *s, bool significant)
{
    airt_child kid = OTP_KID('c', .restart = AIRT_TRANSIENT, .significant = true);
    airt_tree  b = { .name = "b", .auto_shutdown = AIRT_ANY_SIGNIFICANT, .children = &kid, .child_count = 1 };
    airt_child below[] = { { .tree = &b, .restart = AIRT_TRANSIENT, .significant = significant }, OTP_KID('d') };
    airt_ref   top = AIRT_NONE;

    ASSERT_OK(
        airt_supervise(s->system, &top, .auto_shutdown = AIRT_ANY_SIGNIFICANT, .children = below, .child_count = 2));
    otp_watch(s, top);
    sim_forget(s);
    otp_finish(s, 'c', OTP_NORMAL);
    ASSERT_SAID(s, significant ? "c-normal d-shutdown" : "c-normal");
    assert_true(otp_ended(s, significant ? "shutdown" : ""));
    if (!significant)
        assert_true(otp_states(s, top, "b down/0, d running/0"));
    stop(s, top);
}
static void case_66_body(sim *s)
{
    nested(s, true);
    nested(s, false);
}
static void case_66_it_goes_up_through_significant_supervisors(void **state)
{
    (void)state;
    sim_each(case_66_body, NULL);
}

/* --- at run time -------------------------------------------------------------------------------------------------- */

/* There is no code change here; the rule alone changes, by request. A child's flag is its spec's: to change it, delete
 * it and add another. */
static void case_67_body(sim *s)
{
    airt_child significant = OTP_KID('a', .restart = AIRT_TRANSIENT, .significant = true);
    airt_child permanent = OTP_KID('p', .significant = true);
    airt_child plain = OTP_KID('a', .restart = AIRT_TRANSIENT);
    airt_ref   top = AIRT_NONE, none = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .restarts_max = 9));
    assert_int_equal(airt_supervisor_start_child(s->system, top, &significant, OTP_WITHIN, &none), AIRT_EINVAL);
    assert_true(otp_counts(s, top, "0/0/0/0"));
    ASSERT_OK(airt_supervisor_set_auto_shutdown(s->system, top, AIRT_ALL_SIGNIFICANT, OTP_WITHIN));
    assert_int_equal(airt_supervisor_start_child(s->system, top, &permanent, OTP_WITHIN, &none), AIRT_EINVAL);
    add(s, top, &significant);
    assert_int_equal(airt_supervisor_set_auto_shutdown(s->system, top, AIRT_NEVER, OTP_WITHIN), AIRT_EINVAL);
    assert_int_equal(airt_supervisor_set_auto_shutdown(s->system, top, (airt_auto_shutdown)9, OTP_WITHIN), AIRT_EINVAL);
    assert_true(otp_states(s, top, "a running/0"));
    ASSERT_OK(airt_supervisor_stop_child(s->system, top, AIRT_ID("a"), OTP_WITHIN)); /* another flag */
    ASSERT_OK(airt_supervisor_delete_child(s->system, top, AIRT_ID("a"), OTP_WITHIN));
    add(s, top, &plain);
    ASSERT_OK(airt_supervisor_set_auto_shutdown(s->system, top, AIRT_NEVER, OTP_WITHIN));
    otp_finish(s, 'a', OTP_NORMAL);
    assert_true(sim_alive(s, top));
}
static void case_67_at_once_body(sim *s)
{
    airt_child a = OTP_KID('a', .restart = AIRT_TRANSIENT, .significant = true);
    airt_child b = OTP_KID('b', .restart = AIRT_TRANSIENT, .significant = true);
    airt_ref   top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .auto_shutdown = AIRT_ALL_SIGNIFICANT, .restarts_max = 9));
    add(s, top, &a);
    add(s, top, &b);
    otp_finish(s, 'a', OTP_NORMAL);
    assert_true(sim_alive(s, top));
    ASSERT_OK(airt_supervisor_restart_child(s->system, top, AIRT_ID("a"), OTP_WITHIN, &(airt_ref){ 0 }));
    ASSERT_OK(airt_supervisor_set_auto_shutdown(s->system, top, AIRT_ANY_SIGNIFICANT, OTP_WITHIN));
    otp_watch(s, top);
    otp_finish(s, 'a', OTP_NORMAL);
    assert_true(otp_ended(s, "shutdown"));
}
static void case_67_the_rule_may_change_and_holds_at_once(void **state)
{
    (void)state;
    sim_each(case_67_body, NULL);
    sim_each(case_67_at_once_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(case_61_others_end_as_they_like),
        SIM_TEST(case_62_any_significant_end_is_the_supervisors),
        SIM_TEST(case_63_a_significant_transient_child_is_restarted_until_it_is_done),
        SIM_TEST(case_64_all_significant_must_have_ended),
        SIM_TEST(case_64_one_stopped_by_hand_is_not_waited_for),
        SIM_TEST(case_64_one_not_started_yet_is_waited_for),
        SIM_TEST(case_62_an_end_during_the_start_is_heeded_after_it),
        SIM_TEST(case_65_bystanders_of_a_group_do_not_matter),
        SIM_TEST(case_66_it_goes_up_through_significant_supervisors),
        SIM_TEST(case_67_the_rule_may_change_and_holds_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
