/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Asking and waiting: every way an ask can end, deadlines that travel, and what happens to a request whose server
 * or asker ends. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* --- servers ------------------------------------------------------------------------------------------------------ */

static airt_status replies(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_reply(ctx, command, .n = (uint64_t)(uintptr_t)argument);
}
static airt_status refuses(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    return airt_reply_failure(ctx, 42, "not today: %d", 7);
}
static airt_status silent(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return AIRT_OK;
}
static airt_status fails(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return AIRT_EFORMAT;
}
static airt_status sleeps_first(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_status status = airt_sleep(ctx, AIRT_MS((int64_t)(intptr_t)argument));

    sim_say("%c.slept", self->tag);
    return status != AIRT_OK ? status : airt_reply(ctx, command, .n = 1);
}
static airt_status replies_twice(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    AIRT_CHECK_EQ(airt_reply(ctx, command, .n = 1), AIRT_OK);
    AIRT_CHECK_EQ(airt_reply(ctx, command, .n = 2), AIRT_EINVAL);
    return AIRT_OK;
}
static airt_status keeps(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    return airt_keep(ctx, &self->kept[0]);
}
static airt_status replies_to_kept(airt_ctx *ctx, struct puppet *self, void *argument)
{
    return airt_reply_to(ctx, &self->kept[0], command, .n = (uint64_t)(uintptr_t)argument);
}
static airt_status drops_kept(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)argument;
    airt_drop(&self->kept[0]);
    return AIRT_OK;
}
static airt_status forwards(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_forward_any(ctx, *(airt_ref *)argument, command);
}

/* --- an asker ----------------------------------------------------------------------------------------------------- */

typedef struct plan {
    airt_ref  to;
    puppet_fn serve;
    void     *argument;
    int64_t   ms;
} plan;

static airt_status asks(airt_ctx *ctx, struct puppet *self, void *argument)
{
    const plan *p = argument;
    uint64_t    n = 0;
    airt_status status = sim_command(ctx, p->to, AIRT_MS(p->ms), p->serve, p->argument, &n);

    if (status == AIRT_OK)
        sim_say("%c=%llu", self->tag, (unsigned long long)n);
    else
        sim_say("%c=%s", self->tag, airt_status_name(status) + 6);
    if (status == AIRT_EREFUSED) {
        AIRT_CHECK_EQ(airt_last_failure(ctx)->code, 42);
        AIRT_CHECK(strcmp(airt_last_failure(ctx)->text, "not today: 7") == 0);
    }
    return AIRT_OK;
}

static void every_end_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    airt_ref b = sim_spawn(s, 'b');
    plan     plans[] = {
            { b, replies, (void *)5, 10 },  { b, refuses, NULL, 10 },         { b, silent, NULL, 10 },
            { b, replies_twice, NULL, 10 }, { AIRT_NONE, replies, NULL, 10 }, { b, sleeps_first, (void *)20, 10 },
            { b, fails, NULL, 10 },         { b, replies, NULL, 10 },
    };

    sim_begin(s);
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        sim_do(s, a, asks, &plans[i]);
        sim_run(s, 50);
    }
    ASSERT_SORTED(s, "a=5 a=REFUSED a=NOREPLY a=1 a=DEAD a=TIMEDOUT b.slept b!error/0 a=FAILED b-error a=DEAD");
}
static void every_way_an_ask_can_end(void **state)
{
    (void)state;
    sim_each(every_end_body, NULL);
}

static airt_status asks_wrong_kind(airt_ctx *ctx, struct puppet *self, void *argument)
{
    struct answer answer;

    (void)self;
    /* bare handles neither; the reply of another kind is refused at the asker. */
    AIRT_CHECK_EQ(airt_ask_any(ctx, *(airt_ref *)argument, &answer, AIRT_MS(10), query, .n = 1), AIRT_EKIND);
    return AIRT_OK;
}
static void wrong_kind_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    airt_ref b = AIRT_NONE;

    ASSERT_OK(airt_spawn_any(s->system, bare, &b, NULL));
    sim_do(s, a, asks_wrong_kind, &b);
    sim_settle(s);
    assert_int_equal(s->reports[AIRT_REPORT_FAILED], 0);
    assert_int_equal(s->letters[AIRT_LETTER_UNHANDLED], 1);
}
static void a_request_that_is_not_handled(void **state)
{
    (void)state;
    sim_each(wrong_kind_body, NULL);
}

static void outside_body(sim *s)
{
    airt_ref      b = sim_spawn(s, 'b');
    struct answer answer = { 0 };

    ASSERT_OK(airt_ask_any(s->system, b, &answer, AIRT_MS(10), query, .n = 1));
    assert_int_equal(answer.n, 101);
    assert_int_equal(airt_ask_any(s->system, b, &answer, AIRT_MS(10), command, .run = (uint64_t)(uintptr_t)sleeps_first,
                                  .argument = 20),
                     AIRT_ETIMEDOUT);
    assert_int_equal(airt_sim_now_ns(s->world), 1010000000);
    assert_int_equal(airt_ask_any(s->system, b, &answer, AIRT_MS(10), query, .n = 2), AIRT_ETIMEDOUT);
    sim_run(s, 20);
    ASSERT_SAID(s, "b+ b?1 b.slept"); /* 2 has expired and is not executed */
    assert_int_equal(s->letters[AIRT_LETTER_EXPIRED], 1);
}
static void asked_from_outside(void **state)
{
    (void)state;
    sim_each(outside_body, NULL);
}

typedef struct why {
    plan         plan;
    airt_failure failure; /* as a handler saw it */
} why;

static airt_status asks_why(airt_ctx *ctx, struct puppet *self, void *argument)
{
    why *w = argument;

    (void)self;
    AIRT_CHECK(sim_command(ctx, w->plan.to, AIRT_MS(w->plan.ms), w->plan.serve, w->plan.argument, NULL) != AIRT_OK);
    w->failure = *airt_last_failure(ctx);
    return AIRT_OK;
}
static void asks_why_outside(sim *s, const why *w)
{
    struct answer answer;
    airt_status   status =
        airt_ask_any(s->system, w->plan.to, &answer, AIRT_MS(w->plan.ms), command,
                     .run = (uint64_t)(uintptr_t)w->plan.serve, .argument = (uint64_t)(uintptr_t)w->plan.argument);
    const airt_failure *failure = airt_last_failure(s->system);

    assert_int_equal(status, w->failure.status);
    assert_int_equal(failure->status, w->failure.status);
    assert_int_equal(failure->code, w->failure.code);
    assert_string_equal(failure->text, w->failure.text);
    assert_int_equal(failure->chain_count, 0);
}
/* Each of a server of its own: one that failed is gone. */
static void why_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    why      w[] = {
             { .plan = { .serve = refuses, .ms = 10 } },
             { .plan = { .serve = silent, .ms = 10 } },
             { .plan = { .serve = fails, .ms = 10 } },
             { .plan = { .serve = sleeps_first, .argument = (void *)20, .ms = 10 } },
             { .plan = { .serve = NULL, .ms = 10 } },
    };

    for (size_t i = 0; i < sizeof w / sizeof *w; i++) {
        w[i].plan.to = w[i].plan.serve != NULL ? sim_spawn(s, 'b') : AIRT_NONE;
        sim_do(s, a, asks_why, &w[i]);
        sim_run(s, 50);
        w[i].plan.to = w[i].plan.serve != NULL ? sim_spawn(s, 'c') : AIRT_NONE;
        asks_why_outside(s, &w[i]);
    }
    assert_int_equal(w[0].failure.code, 42);
    assert_string_equal(w[0].failure.text, "not today: 7");
    assert_int_equal(w[4].failure.status, AIRT_EDEAD);
}
static void told_why_inside_and_outside(void **state)
{
    (void)state;
    sim_each(why_body, NULL);
}

static void start_body(sim *s)
{
    puppet_plan        failing = { .run = fails };
    airt_spawn_options options = { .start_within_ms = 10 };
    airt_ref           who = AIRT_NONE;

    assert_int_equal(puppet_spawn(AIRI_FROM(s->system), 'a', &failing, &options, &who), AIRT_EFAILED);
    assert_int_equal(airt_last_failure(s->system)->status, AIRT_EFAILED);
    assert_int_equal(airt_last_failure(s->system)->code, AIRT_EFORMAT);
    assert_string_equal(airt_last_failure(s->system)->text, airt_status_text(AIRT_EFORMAT));
}
static void told_why_a_start_failed(void **state)
{
    (void)state;
    sim_each(start_body, NULL);
}

/* --- deadlines, ends of asker and server -------------------------------------------------------------------------- */

static airt_status asks_on(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_status status = sim_command(ctx, *(airt_ref *)argument, AIRT_SECONDS(100), sleeps_first, (void *)1000, NULL);

    sim_say("%c=%s@%lld", self->tag, airt_status_name(status) + 6, (long long)airt_now_ns(ctx) / 1000000 - 1000);
    return airt_sleep(ctx, AIRT_MS(5)); /* that it has not replied shall not come at the same moment */
}
static void deadline_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    airt_ref b = sim_spawn(s, 'b');
    airt_ref c = sim_spawn(s, 'c');
    plan     p = { b, asks_on, &c, 7 };

    sim_begin(s);
    sim_do(s, a, asks, &p);
    sim_run(s, 20);
    ASSERT_SORTED(s, "a=TIMEDOUT b=TIMEDOUT@7");
}
static void deadlines_travel(void **state)
{
    (void)state;
    sim_each(deadline_body, NULL);
}

static void caller_dies_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    airt_ref b = sim_spawn(s, 'b');
    plan     slow = { b, sleeps_first, (void *)10, 100 };
    plan     quick = { b, replies, NULL, 100 };
    airt_ref c = sim_spawn(s, 'c');

    sim_begin(s);
    sim_do(s, c, asks, &slow);
    sim_settle(s);
    sim_do(s, a, asks, &quick);
    sim_settle(s);
    ASSERT_OK(airt_kill(s->system, a, NULL));
    sim_run(s, 20);
    ASSERT_SORTED(s, "b.slept c=1"); /* a's request was never executed */
    assert_int_equal(s->letters[AIRT_LETTER_EXPIRED], 1);
}
static void a_dead_asker_cancels(void **state)
{
    (void)state;
    sim_each(caller_dies_body, NULL);
}

static void server_killed_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    airt_ref b = sim_spawn(s, 'b');
    airt_ref c = sim_spawn(s, 'c');
    plan     slow = { b, sleeps_first, (void *)1000, 5000 };
    plan     next = { b, replies, NULL, 5000 };

    sim_begin(s);
    sim_do(s, a, asks, &slow);
    sim_settle(s);
    sim_do(s, c, asks, &next);
    sim_settle(s);
    ASSERT_OK(airt_kill(s->system, b, NULL)); /* the handler is dropped, the one in work and the queued are told */
    sim_settle(s);
    ASSERT_SORTED(s, "a=DEAD c=DEAD");
    assert_int_equal(s->letters[AIRT_LETTER_STOPPED], 2);
}
static void a_killed_server_answers(void **state)
{
    (void)state;
    sim_each(server_killed_body, NULL);
}

static void deferred_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    airt_ref b = sim_spawn(s, 'b');
    airt_ref c = sim_spawn(s, 'c');
    plan     kept = { b, keeps, NULL, 100 };
    plan     over = { c, forwards, &b, 100 };

    sim_begin(s);
    sim_do(s, a, asks, &kept);
    sim_settle(s);
    ASSERT_SAID(s, "");
    sim_do(s, b, replies_to_kept, (void *)7);
    sim_settle(s);
    ASSERT_SAID(s, "a=7");
    sim_do(s, a, asks, &kept);
    sim_settle(s);
    sim_do(s, b, drops_kept, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "a=NOREPLY");
    sim_do(s, a, asks, &kept);
    sim_settle(s);
    ASSERT_OK(airt_stop(s->system, b, NULL));
    sim_settle(s);
    ASSERT_SORTED(s, "b-shutdown a=DEAD");
    sim_do(s, a, asks, &over); /* forwarded to one who is gone */
    sim_settle(s);
    ASSERT_SORTED(s, "c!error/0 c-error a=DEAD");
}
static void a_reply_may_come_later(void **state)
{
    (void)state;
    sim_each(deferred_body, NULL);
}

static airt_status forwards_serving(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref *to = argument;

    if (airt_ref_same(airt_self(ctx), *to))
        return airt_reply(ctx, command, .n = 55);
    (void)self;
    return airt_forward_any(ctx, *to, command);
}
static void forward_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    airt_ref b = sim_spawn(s, 'b');
    airt_ref c = sim_spawn(s, 'c');
    plan     p = { b, forwards_serving, &c, 100 };

    sim_begin(s);
    sim_do(s, a, asks, &p);
    sim_settle(s);
    ASSERT_SAID(s, "a=55");
}
static void a_forwarded_request_keeps_its_asker(void **state)
{
    (void)state;
    sim_each(forward_body, NULL);
}

/* --- late replies ------------------------------------------------------------------------------------------------- */

static void late_body(sim *s)
{
    airt_ref          a = sim_spawn(s, 'a');
    airt_ref          b = sim_spawn(s, 'b');
    plan              p = { b, keeps, NULL, 5 };
    airt_system_stats stats;

    sim_begin(s);
    sim_do(s, a, asks, &p);
    sim_run(s, 10);
    ASSERT_SAID(s, "a=TIMEDOUT");
    sim_do(s, b, replies_to_kept, NULL); /* is OK for the server */
    sim_settle(s);
    assert_true(sim_alive(s, b));
    airt_system_stats_get(s->system, &stats);
    assert_int_equal(stats.late_replies, 1);
}
static void late_replies_are_counted(void **state)
{
    (void)state;
    sim_each(late_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(every_way_an_ask_can_end), SIM_TEST(a_request_that_is_not_handled),
        SIM_TEST(asked_from_outside),       SIM_TEST(deadlines_travel),
        SIM_TEST(a_dead_asker_cancels),     SIM_TEST(a_killed_server_answers),
        SIM_TEST(a_reply_may_come_later),   SIM_TEST(a_forwarded_request_keeps_its_asker),
        SIM_TEST(late_replies_are_counted), SIM_TEST(told_why_inside_and_outside),
        SIM_TEST(told_why_a_start_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
