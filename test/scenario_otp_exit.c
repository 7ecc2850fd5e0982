/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* OTP's supervisor suite in our words: how supervisors stop, and which ends are followed by a restart. The numbers are
 * those of the list of cases; docs/supervision.md says where we differ. */
#include "otp_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const otp_end own_ends[] = { OTP_NORMAL, OTP_SHUTDOWN, OTP_SHUTDOWN_X, OTP_ABNORMAL };
static const char   *own_words[] = { "%c-normal", "%c-shutdown", "%c-shutdown", "%c!error/0 %c-error" };

/* --- stopping ----------------------------------------------------------------------------------------------------- */

enum {
    SIBLINGS = 12
};

static void end_siblings(sim *s, airt_ref top)
{
    char words[64];

    for (int i = 0; i < SIBLINGS; i++) {
        otp_finish(s, (char)('a' + i), own_ends[i % 4]);
        (void)snprintf(words, sizeof words, own_words[i % 4], 'a' + i, 'a' + i);
        ASSERT_SAID(s, words);
        assert_true(sim_alive(s, top)); /* it waits for the last one */
    }
}

/* Twelve are started at run time: three restart types times four ends. The last, slow child is stopped first. */
static void case_37_body(sim *s)
{
    otp_log  log = { 0 };
    airt_ref top = AIRT_NONE, out;

    ASSERT_OK(airt_supervise(s->system, &top, .on_event = otp_on_event, .on_event_context = &log));
    for (int i = 0; i < SIBLINGS; i++) {
        airt_child kid = OTP_KID((char)('a' + i), .restart = (airt_restart)(i / 4));

        ASSERT_OK(airt_supervisor_start_child(s->system, top, &kid, OTP_WITHIN, &out));
    }
    airt_child slow = OTP_MULE('z', (.after_ms = 100));

    ASSERT_OK(airt_supervisor_start_child(s->system, top, &slow, OTP_WITHIN, &out));
    otp_watch(s, top);
    sim_forget(s);
    (void)airt_stop(s->system, top, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "z?");
    end_siblings(s, top);
    sim_run(s, 110);
    ASSERT_SAID(s, "z-shutdown");
    assert_false(sim_alive(s, top));
    assert_true(otp_ended(s, "shutdown"));
    assert_int_equal(log.counts[AIRT_SUP_RESTARTING], 0);
    assert_int_equal(log.counts[AIRT_SUP_STOP_FAILED], 0);
}
static void case_37_children_that_end_while_the_supervisor_stops_are_not_restarted(void **state)
{
    (void)state;
    sim_each(case_37_body, NULL);
}

static airt_ref mule_pool(sim *s, airt_restart restart, uint32_t shutdown_ms)
{
    airt_ref pool = AIRT_NONE;

    ASSERT_OK(airt_supervise(
        s->system, &pool, .strategy = AIRT_DYNAMIC,
        AIRT_CHILDREN(AIRT_CHILD(mule, .restart = restart, .shutdown_ms = shutdown_ms,
                                 .start = { &mule_start_kind, &(const struct mule_start){ .tag = '0' } }))));
    return pool;
}
static void add_mule(sim *s, airt_ref pool, char tag, uint32_t after_ms, otp_end how)
{
    struct mule_start start = { (uint32_t)tag, after_ms, how };
    airt_ref          ref = AIRT_NONE;

    ASSERT_OK(airt_supervisor_start_child(s->system, pool, &(airt_child){ .start = { &mule_start_kind, &start } },
                                          OTP_WITHIN, &ref));
}

static void case_38_body(sim *s)
{
    for (int type = AIRT_PERMANENT; type <= AIRT_TEMPORARY; type++) {
        airt_ref pool = mule_pool(s, (airt_restart)type, 0);

        for (int i = 0; i < 4; i++)
            add_mule(s, pool, (char)('a' + i), 0, own_ends[i]);
        otp_watch(s, pool);
        sim_forget(s);
        (void)airt_stop(s->system, pool, NULL);
        sim_settle(s);
        ASSERT_SORTED(s, "a? b? c? d? a-normal b-shutdown c-shutdown d-error");
        assert_true(otp_ended(s, "shutdown"));
    }
}
static void case_38_pool_children_answer_with_reasons_of_their_own(void **state)
{
    (void)state;
    sim_each(case_38_body, NULL);
}

static void case_39_body(sim *s)
{
    airt_ref pool = mule_pool(s, AIRT_PERMANENT, 200);

    add_mule(s, pool, 'a', 100, OTP_SHUTDOWN);
    add_mule(s, pool, 'b', 100, OTP_SHUTDOWN);
    add_mule(s, pool, 'c', 500, OTP_SHUTDOWN);
    otp_watch(s, pool);
    sim_forget(s);
    (void)airt_stop(s->system, pool, NULL);
    sim_settle(s);
    ASSERT_SORTED(s, "a? b? c?"); /* all at once */
    sim_run(s, 99);
    ASSERT_SAID(s, "");
    sim_run(s, 2);
    ASSERT_SORTED(s, "a-shutdown b-shutdown");
    sim_run(s, 98);
    assert_true(sim_alive(s, pool));
    sim_run(s, 3);
    ASSERT_SAID(s, "c-killed");
    assert_true(otp_ended(s, "shutdown"));
    assert_false(sim_alive(s, pool));
}
static void case_39_a_pool_stops_all_at_once_and_kills_the_straggler(void **state)
{
    (void)state;
    sim_each(case_39_body, NULL);
}

static void case_40_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .strategy = AIRT_REST_FOR_ONE,
                             AIRT_CHILDREN(OTP_KID('c'), OTP_KID('a'), OTP_KID('e'), OTP_KID('b'), OTP_KID('d'))));
    ASSERT_SAID(s, "c+ a+ e+ b+ d+");
    otp_finish(s, 'e', OTP_ABNORMAL);
    ASSERT_SAID(s, "e!error/0 e-error d-shutdown b-shutdown e+ b+ d+");
    (void)airt_stop(s->system, top, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "d-shutdown b-shutdown e-shutdown a-shutdown c-shutdown");
    assert_false(sim_alive(s, top));
}
static void case_40_order_is_the_specs_not_the_ids(void **state)
{
    (void)state;
    sim_each(case_40_body, NULL);
}

/* Supervision is no link here, so nothing can be unlinked; a child that tries is stopped like any other. A message that
 * supervisors do not know is refused at the sender where it can be, and a dead letter otherwise. */
static airt_status unlinks(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)airt_unlink(ctx, *(airt_ref *)argument);
    return AIRT_OK;
}
static void case_41_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, AIRT_CHILDREN(OTP_KID('a'))));
    sim_do(s, otp_ref(s, 'a'), unlinks, &top);
    sim_settle(s);
    sim_forget(s);
    ASSERT_OK(airt_supervisor_stop_child(s->system, top, AIRT_ID("a"), OTP_WITHIN));
    ASSERT_SAID(s, "a-shutdown");
    sim_num(s, top, 1);
    sim_settle(s);
    assert_int_equal(sim_queued(s, top), 0);
    assert_true(otp_counts(s, top, "1/0/0/1"));
}
static void case_41_a_child_cannot_unlink_itself_and_strays_are_consumed(void **state)
{
    (void)state;
    sim_each(case_41_body, NULL);
}

/* --- restart type and reason -------------------------------------------------------------------------------------- */

static airt_ref one(sim *s, airt_restart restart)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .restarts_max = 10, AIRT_CHILDREN(OTP_KID('a', .restart = restart))));
    return top;
}

static void case_42_body(sim *s)
{
    airt_ref top = one(s, AIRT_PERMANENT);
    airt_ref kid = otp_ref(s, 'a');

    for (uint32_t how = 0; how < OTP_ENDS; how++) {
        assert_int_equal(otp_incarnation(s, 'a'), how + 1);
        otp_finish(s, 'a', (otp_end)how);
        assert_int_equal(otp_incarnation(s, 'a'), how + 2);
        assert_true(otp_counts(s, top, "1/1/0/1"));
    }
    assert_true(airt_ref_same(otp_ref(s, 'a'), kid));
    assert_true(otp_states(s, top, "a running/5"));
}
static void case_42_permanent_is_always_restarted(void **state)
{
    (void)state;
    sim_each(case_42_body, NULL);
}

static void case_43_body(sim *s)
{
    static const otp_end ends[] = { OTP_NORMAL, OTP_SHUTDOWN, OTP_SHUTDOWN_X };
    airt_ref             top = one(s, AIRT_TRANSIENT), ref = AIRT_NONE, kid = otp_ref(s, 'a');

    for (uint32_t i = 0; i < 3; i++) {
        otp_finish(s, 'a', ends[i]);
        assert_true(otp_counts(s, top, "1/0/0/1"));
        assert_true(otp_states(s, top, "a down/0"));
        ASSERT_OK(airt_supervisor_restart_child(s->system, top, AIRT_ID("a"), OTP_WITHIN, &ref));
        assert_true(airt_ref_same(ref, kid));
        assert_int_equal(otp_incarnation(s, 'a'), i + 2);
        assert_true(otp_counts(s, top, "1/1/0/1"));
    }
}
static void case_43_transient_is_not_restarted_after_an_orderly_end(void **state)
{
    (void)state;
    sim_each(case_43_body, NULL);
}

static void case_44_body(sim *s)
{
    airt_ref top = one(s, AIRT_TRANSIENT);

    otp_finish(s, 'a', OTP_ABNORMAL);
    assert_int_equal(otp_incarnation(s, 'a'), 2);
    otp_finish(s, 'a', OTP_KILLED);
    assert_int_equal(otp_incarnation(s, 'a'), 3);
    assert_true(otp_counts(s, top, "1/1/0/1"));
}
static void case_44_transient_is_restarted_after_a_failure(void **state)
{
    (void)state;
    sim_each(case_44_body, NULL);
}

static void case_45_body(sim *s)
{
    airt_ref top = one(s, AIRT_TEMPORARY), ref = AIRT_NONE;

    for (uint32_t how = 0; how < OTP_ENDS; how++) {
        airt_child again = OTP_KID('a', .restart = AIRT_TEMPORARY);

        assert_true(otp_counts(s, top, "1/1/0/1"));
        otp_finish(s, 'a', (otp_end)how);
        assert_false(sim_alive(s, otp_ref(s, 'a')));
        assert_true(otp_counts(s, top, "0/0/0/0"));
        ASSERT_OK(airt_supervisor_start_child(s->system, top, &again, OTP_WITHIN, &ref));
    }
}
static void case_45_temporary_is_gone_with_its_spec(void **state)
{
    (void)state;
    sim_each(case_45_body, NULL);
}

static void case_46_body(sim *s)
{
    for (int strategy = AIRT_ONE_FOR_ALL; strategy <= AIRT_REST_FOR_ONE; strategy++) {
        airt_ref top = AIRT_NONE;

        ASSERT_OK(airt_supervise(s->system, &top, .strategy = (airt_strategy)strategy,
                                 AIRT_CHILDREN(OTP_KID('a'), OTP_KID('b', .restart = AIRT_TEMPORARY))));
        sim_forget(s);
        otp_finish(s, 'a', OTP_ABNORMAL);
        ASSERT_SAID(s, "a!error/0 a-error b-shutdown a+");
        assert_true(otp_counts(s, top, "1/1/0/1"));
        assert_int_equal(otp_incarnation(s, 'a'), 2);
        assert_false(sim_alive(s, otp_ref(s, 'b')));
        (void)airt_stop(s->system, top, NULL);
        sim_settle(s);
    }
}
static void case_46_a_temporary_bystander_does_not_come_back(void **state)
{
    (void)state;
    sim_each(case_46_body, NULL);
}

/* --- construction arguments --------------------------------------------------------------------------------------- */

struct eater_start {
    uint32_t tag;
    airt_str text;
};
AIRT_KIND(eater_start, tag, text)
struct eater {
    struct puppet puppet;
};
AIRT_ON(eater, eater_start)
{
    self->puppet.tag = (char)msg->tag;
    sim_tag((char)msg->tag, airt_self(ctx));
    sim_say("%c%zu", (char)msg->tag, msg->text.size);
    return AIRT_OK;
}
AIRT_ON(eater, act)
{
    return msg->run(ctx, &self->puppet, msg->argument);
}
#define eater_HANDLES(ON, A) ON(A, eater_start) ON(A, act)
AIRT_ACTOR(eater)
AIRT_BEHAVIOR(eater)

enum {
    BIG = 50000,
#ifdef SWEEP_SCENARIO
    EATERS = 2
#else
    EATERS = 25
#endif
};
static char big[BIG];

static uint64_t memory(sim *s)
{
    airt_system_stats stats;

    sim_settle(s);
    airt_system_stats_get(s->system, &stats);
    return stats.bytes;
}

static void add_eater(sim *s, airt_ref top, airt_restart restart, uint32_t tag, size_t size)
{
    struct eater_start start = { tag, { big, size } };
    const char         id[] = { (char)tag, 0 };
    airt_child         kid = {
                .behavior = &eater_behavior, .id = id, .restart = restart, .start = { &eater_start_kind, &start }
    };
    airt_ref ref = AIRT_NONE;

    ASSERT_OK(airt_supervisor_start_child(s->system, top, &kid, OTP_WITHIN, &ref));
}

/* The runtime keeps a child's arguments for its restarts, the supervisor the spec of one that is not of a template. What
 * is kept of a temporary child goes with it, for each strategy. */
static void case_47_body(sim *s)
{
    for (int strategy = AIRT_ONE_FOR_ONE; strategy <= AIRT_DYNAMIC; strategy++) {
        static const airt_child template[] = { { .behavior = &eater_behavior, .restart = AIRT_TEMPORARY } };
        airt_ref top = AIRT_NONE;
        uint64_t before = 0;

        ASSERT_OK(airt_supervise(s->system, &top, .strategy = (airt_strategy)strategy, .children = template,
                                 .child_count = strategy == AIRT_DYNAMIC ? 1 : 0));
        for (uint32_t i = 0; i < EATERS; i++) {
            if (i == 4) /* the heap has what it needs */
                before = memory(s);
            add_eater(s, top, AIRT_TEMPORARY, 'a' + i, BIG);
            otp_finish(s, (char)('a' + i), OTP_NORMAL);
        }
        assert_true(memory(s) <= before + 10 * BIG);
        assert_true(otp_counts(s, top, strategy == AIRT_DYNAMIC ? "1/0/0/0" : "0/0/0/0"));
    }
}
static void case_47_arguments_of_temporary_children_go_with_them(void **state)
{
    (void)state;
    sim_each(case_47_body, NULL);
}

/* OTP-16804: after the first pool child had died, the others' arguments were wrong. */
static void case_47_pool_body(sim *s)
{
    static const airt_child template[] = { { .behavior = &eater_behavior } };
    airt_ref pool = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &pool, .strategy = AIRT_DYNAMIC, .restarts_max = 9, .children = template,
                             .child_count = 1));
    for (uint32_t i = 0; i < 3; i++)
        add_eater(s, pool, AIRT_PERMANENT, 'a' + i, 11 * (i + 1));
    ASSERT_SAID(s, "a11 b22 c33");
    for (uint32_t i = 0; i < 3; i++)
        otp_finish(s, (char)('a' + i), OTP_ABNORMAL);
    ASSERT_SAID(s, "a11 b22 c33");
    otp_finish(s, 'b', OTP_KILLED);
    ASSERT_SAID(s, "b22");
}
static void case_47_pool_children_keep_their_own_arguments(void **state)
{
    (void)state;
    sim_each(case_47_pool_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(case_37_children_that_end_while_the_supervisor_stops_are_not_restarted),
        SIM_TEST(case_38_pool_children_answer_with_reasons_of_their_own),
        SIM_TEST(case_39_a_pool_stops_all_at_once_and_kills_the_straggler),
        SIM_TEST(case_40_order_is_the_specs_not_the_ids),
        SIM_TEST(case_41_a_child_cannot_unlink_itself_and_strays_are_consumed),
        SIM_TEST(case_42_permanent_is_always_restarted),
        SIM_TEST(case_43_transient_is_not_restarted_after_an_orderly_end),
        SIM_TEST(case_44_transient_is_restarted_after_a_failure),
        SIM_TEST(case_45_temporary_is_gone_with_its_spec),
        SIM_TEST(case_46_a_temporary_bystander_does_not_come_back),
        SIM_TEST(case_47_arguments_of_temporary_children_go_with_them),
        SIM_TEST(case_47_pool_children_keep_their_own_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
