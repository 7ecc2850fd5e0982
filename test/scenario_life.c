/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From spawn to the final stop: starts and how they fail, stop, drain and kill, what the hooks see, what a restart
 * keeps, limits and names. Each over many schedules. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static airt_status failing(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    return argument != NULL ? (airt_status)(uintptr_t)argument : AIRT_EINVAL;
}
static airt_status end_normally(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return AIRT_STOP;
}

/* --- start -------------------------------------------------------------------------------------------------------- */

static void start_fails_body(sim *s)
{
    puppet_plan        plan = { .run = failing };
    airt_spawn_options options = { .start_within_ms = 100 };
    airt_ref           ref = AIRT_NONE;

    (void)sim_spawn_with(s, 'a', &plan, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "a+ a-start/unstarted");
    assert_int_equal(puppet_spawn(AIRI_FROM(s->system), 'b', &plan, &options, &ref), AIRT_EFAILED);
    sim_settle(s);
    ASSERT_SAID(s, "b+ b-start/unstarted");
    plan.run = NULL;
    ASSERT_OK(puppet_spawn(AIRI_FROM(s->system), 'c', &plan, &options, &ref));
    ASSERT_SAID(s, "c+");
    assert_int_equal(s->reports[AIRT_REPORT_FAILED], 2);
}
static void a_start_that_fails(void **state)
{
    (void)state;
    sim_each(start_fails_body, NULL);
}

static airt_status spawn_in_turn(airt_ctx *ctx, struct puppet *self, void *argument)
{
    puppet_plan        bad = { .run = failing, .argument = (void *)(uintptr_t)AIRT_EFORMAT };
    puppet_plan        over = { .run = end_normally };
    airt_spawn_options waits = { .start_within_ms = 100 };
    airt_spawn_options tells = { .notify_start = true };
    airt_ref           ref = AIRT_NONE;

    (void)self;
    (void)argument;
    AIRT_CHECK_EQ(puppet_spawn(AIRI_FROM(ctx), 'b', NULL, &waits, &ref), AIRT_OK);
    AIRT_CHECK_EQ(puppet_spawn(AIRI_FROM(ctx), 'c', &bad, &waits, &ref), AIRT_EFAILED);
    AIRT_CHECK_EQ(airt_last_failure(ctx)->status, AIRT_EFAILED);
    AIRT_CHECK_EQ(airt_last_failure(ctx)->code, AIRT_EFORMAT);
    AIRT_CHECK_EQ(puppet_spawn(AIRI_FROM(ctx), 'd', &over, &waits, &ref), AIRT_EFAILED);
    AIRT_CHECK_EQ(puppet_spawn(AIRI_FROM(ctx), 'e', NULL, &tells, &ref), AIRT_OK);
    AIRT_CHECK_EQ(puppet_spawn(AIRI_FROM(ctx), 'f', &bad, &tells, &ref), AIRT_OK);
    return AIRT_OK;
}
static void starts_are_told_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');

    sim_do(s, a, spawn_in_turn, NULL);
    sim_settle(s);
    assert_true(sim_said_sorted(s, "a+ b+ c+ c-start/unstarted d+ d-normal e+ f+ f-start/unstarted a^e:ok a^f:failed"));
}
static void a_spawner_hears_of_the_start(void **state)
{
    (void)state;
    sim_each(starts_are_told_body, NULL);
}

static void stopped_before_start_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');

    sim_num(s, a, 1);
    ASSERT_OK(airt_stop(s->system, a, NULL));
    sim_settle(s);
    assert_false(sim_alive(s, a));
    assert_int_equal(s->letters[AIRT_LETTER_STOPPED], 1);
    ASSERT_SAID(s, "0-shutdown/unstarted"); /* its state was never set up, and post_stop is told so */
}
static void stopped_before_its_start(void **state)
{
    (void)state;
    sim_each(stopped_before_start_body, NULL);
}

/* --- stop, drain, kill -------------------------------------------------------------------------------------------- */

static airt_status busy(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref *ends = argument;

    for (uint64_t n = 1; n <= 3; n++)
        (void)sim_num_with(AIRI_FROM(ctx), self->self, n, NULL);
    if (ends != NULL)
        AIRT_CHECK_EQ(airt_stop(ctx, *ends, NULL), AIRT_OK);
    return AIRT_OK;
}
static airt_status drain_me(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    (void)busy(ctx, self, NULL);
    AIRT_CHECK_EQ(airt_drain(ctx, self->self, NULL), AIRT_OK);
    AIRT_CHECK_EQ(sim_num_with(AIRI_FROM(ctx), self->self, 4, NULL), AIRT_EDEAD);
    return AIRT_OK;
}
static airt_status kill_me(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    (void)busy(ctx, self, NULL);
    AIRT_CHECK_EQ(airt_kill(ctx, self->self, NULL), AIRT_OK);
    AIRT_CHECK_EQ(airt_sleep(ctx, AIRT_MS(1)), AIRT_EKILLED);
    sim_say("on");
    return AIRT_OK;
}

static void stop_drain_kill_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    airt_ref b = sim_spawn(s, 'b');
    airt_ref c = sim_spawn(s, 'c');
    airt_ref d = sim_spawn(s, 'd');

    sim_settle(s);
    (void)sim_said_sorted(s, "a+ b+ c+ d+");
    sim_do(s, a, busy, &a);
    sim_settle(s);
    ASSERT_SAID(s, "a-shutdown"); /* a stop overtakes */
    assert_int_equal(s->letters[AIRT_LETTER_STOPPED], 3);
    sim_do(s, b, drain_me, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "b:1 b:2 b:3 b-shutdown"); /* a drain does not */
    assert_int_equal(s->letters[AIRT_LETTER_DEAD], 1);
    sim_do(s, c, kill_me, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "on c-killed"); /* by its own handler, which comes to its end first */
    assert_int_equal(s->letters[AIRT_LETTER_STOPPED], 6);
    ASSERT_OK(airt_kill(s->system, d, NULL));
    sim_settle(s);
    ASSERT_SAID(s, "d-killed"); /* an idle one */
    assert_int_equal(airt_stop(s->system, d, NULL), AIRT_EDEAD);
    assert_int_equal(airt_drain(s->system, d, NULL), AIRT_EDEAD);
    assert_int_equal(airt_kill(s->system, AIRT_NONE, NULL), AIRT_EDEAD);
}
static void stop_overtakes_drain_does_not(void **state)
{
    (void)state;
    sim_each(stop_drain_kill_body, NULL);
}

static void own_end_body(sim *s)
{
    airt_reason why = { .exit = AIRT_EXIT_ERROR, .status = AIRT_EFORMAT, .code = 7 };
    airt_ref    a = sim_spawn(s, 'a');
    airt_ref    b = sim_spawn(s, 'b');
    airt_ref    c;

    sim_settle(s);
    assert_true(sim_said_sorted(s, "a+ b+"));
    sim_do(s, a, end_normally, NULL);
    sim_num(s, a, 1);
    ASSERT_OK(airt_stop(s->system, b, &why));
    ASSERT_OK(airt_stop(s->system, b, NULL)); /* the first reason counts */
    sim_settle(s);
    assert_true(sim_said_sorted(s, "a-normal b-error"));
    assert_int_equal(s->letters[AIRT_LETTER_STOPPED], 1);
    c = sim_spawn(s, 'c');
    sim_settle(s);
    ASSERT_OK(airt_drain(s->system, c, NULL));
    sim_settle(s);
    ASSERT_SAID(s, "c+ c-shutdown");
}
static void an_actor_ends_itself(void **state)
{
    (void)state;
    sim_each(own_end_body, NULL);
}

static airt_status sleep_long(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_status first = airt_sleep(ctx, AIRT_SECONDS(1000));
    airt_status second = airt_sleep(ctx, AIRT_MS(1));

    sim_say("%c.%s,%s", self->tag, airt_status_name(first), airt_status_name(second));
    return argument != NULL ? first : AIRT_OK;
}

static void suspended_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    airt_ref b = sim_spawn(s, 'b');
    airt_ref c = sim_spawn(s, 'c');

    sim_do(s, a, sleep_long, NULL);
    sim_do(s, b, sleep_long, s);
    sim_do(s, c, sleep_long, NULL);
    sim_settle(s);
    assert_true(sim_said_sorted(s, "a+ b+ c+"));
    ASSERT_OK(airt_stop(s->system, a, NULL));
    sim_settle(s);
    ASSERT_SAID(s, "a.AIRT_ESTOPPING,AIRT_ESTOPPING a-shutdown");
    ASSERT_OK(airt_stop(s->system, b, NULL));
    sim_settle(s);
    /* To say that one was stopped is no failure. */
    ASSERT_SAID(s, "b.AIRT_ESTOPPING,AIRT_ESTOPPING b-shutdown");
    assert_int_equal(s->reports[AIRT_REPORT_FAILED], 0);
    ASSERT_OK(airt_kill(s->system, c, NULL));
    sim_settle(s);
    ASSERT_SAID(s, ""); /* nothing of it runs any more */
    assert_false(sim_alive(s, c));
    assert_int_equal(s->letters[AIRT_LETTER_STOPPED], 2); /* b's message and c's were in work */
}
static void a_suspended_handler_is_stopped_or_killed(void **state)
{
    (void)state;
    sim_each(suspended_body, NULL);
}

static airt_status await_in_hook(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    self->count = 1;
    return airt_sleep(ctx, AIRT_SECONDS(5));
}
static void stopped_while_starting_body(sim *s)
{
    puppet_plan        plan = { .run = await_in_hook };
    airt_spawn_options waits = { .start_within_ms = 10 };
    airt_ref           ref = AIRT_NONE;
    airt_actor_info    info;

    assert_int_equal(puppet_spawn(AIRI_FROM(s->system), 'a', &plan, &waits, &ref), AIRT_ETIMEDOUT);
    ref = sim_spawn_with(s, 'b', &plan, NULL);
    sim_settle(s);
    ASSERT_OK(airt_info(s->system, ref, &info));
    assert_int_equal(info.state, AIRT_STATE_STARTING);
    assert_int_equal(info.incarnation, 1);
    assert_string_equal(info.behavior, "puppet");
    ASSERT_OK(airt_stop(s->system, ref, NULL));
    sim_settle(s);
    ASSERT_SAID(s, "a+ b+ b-shutdown/unstarted");
    sim_run(s, 6000);
    ref = s->tagged['a'];
    ASSERT_OK(airt_info(s->system, ref, &info));
    assert_int_equal(info.state, AIRT_STATE_RUNNING); /* its spawner did not wait, it goes on */
}
static void a_start_that_awaits(void **state)
{
    (void)state;
    sim_each(stopped_while_starting_body, NULL);
}

/* --- hooks begin with nothing of another's ------------------------------------------------------------------------ */

enum {
    TRACE = 0xbeef
};
static airt_ref witness;

static airt_status fails_an_ask(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    AIRT_CHECK(airt_msg_trace(airt_message(ctx)) == TRACE);
    AIRT_CHECK_EQ(sim_query(ctx, AIRT_NONE, AIRT_MS(1), 1, NULL), AIRT_EDEAD);
    return AIRT_OK;
}
static airt_status serves_with_a_failure(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    (void)sim_query(ctx, AIRT_NONE, AIRT_MS(1), 1, NULL);
    return airt_reply(ctx, command, .n = 1);
}
static airt_status says_trace(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    sim_say("%c.%llx", self->tag, (unsigned long long)airt_msg_trace(airt_message(ctx)));
    return AIRT_OK;
}
static airt_status looks_about(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    (void)airt_tell_any(ctx, witness, act, .run = says_trace);
    sim_say("%c.%s", self->tag, airt_status_name(airt_last_failure(ctx)->status) + 5);
    sim_say("%c.%s", self->tag, airt_status_name(sim_query(ctx, witness, AIRT_SECONDS(1), 1, NULL)) + 5);
    return AIRT_OK;
}
static void hook_body(sim *s)
{
    puppet_plan   plan = { .run = looks_about };
    airt_ref      x = sim_spawn(s, 'x');
    struct act    act = { fails_an_ask, NULL };
    struct answer answer = { 0 };

    witness = sim_spawn(s, 'w');
    sim_begin(s);
    (void)airt_tell_body(s->system, x, &act_kind, &act, &(airt_send_options){ .trace = TRACE });
    sim_settle(s);
    (void)sim_spawn_with(s, 'y', &plan, NULL);
    sim_settle(s);
    ASSERT_SORTED(s, "y+ y.OK y.OK w.0 w?1");
    assert_int_equal(
        airt_ask_any(s->system, x, &answer, AIRT_MS(5), command, .run = (uint64_t)(uintptr_t)serves_with_a_failure),
        AIRT_OK);
    sim_run(s, 10);
    (void)sim_spawn_with(s, 'z', &plan, NULL); /* when that request's time is over */
    sim_settle(s);
    ASSERT_SORTED(s, "z+ z.OK z.OK w.0 w?1");
}
static void a_start_has_no_trace_of_another(void **state)
{
    (void)state;
    sim_each(hook_body, &(airt_system_options){ .workers = 1 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(a_start_that_fails),       SIM_TEST(a_spawner_hears_of_the_start),
        SIM_TEST(stopped_before_its_start), SIM_TEST(stop_overtakes_drain_does_not),
        SIM_TEST(an_actor_ends_itself),     SIM_TEST(a_suspended_handler_is_stopped_or_killed),
        SIM_TEST(a_start_that_awaits),      SIM_TEST(a_start_has_no_trace_of_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
