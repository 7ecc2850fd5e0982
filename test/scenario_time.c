/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Timers: exact in virtual time, without drift; what cancels them; and that nothing happens while nothing is due. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define START_MS 1000

enum {
    MANY = 100000
};

static int64_t now_ms(airt_ctx *ctx)
{
    return airt_now_ns(ctx) / 1000000 - START_MS;
}

struct clock {
    uint64_t   fired, wrong, period_ms, sleep_ms;
    airt_timer timer;
    int64_t    due[MANY];
};
struct ring {
    uint64_t index;
};
struct arm {
    uint64_t count;
    uint64_t seed;
};
struct every {
    uint64_t period_ms, sleep_ms;
};
struct beat {
    uint64_t n;
};
struct cancel {
    uint64_t n;
};
AIRT_KIND(ring, index)
AIRT_KIND(arm, count, seed)
AIRT_KIND(every, period_ms, sleep_ms)
AIRT_KIND(beat, n)
AIRT_KIND(cancel, n)

/* Arms so many at random times. */
AIRT_ON(clock, arm)
{
    uint64_t rng = msg->seed * UINT64_C(0x9e3779b97f4a7c15) | 1;

    for (uint64_t i = 0; i < msg->count; i++) {
        rng ^= rng << 13;
        rng ^= rng >> 7;
        rng ^= rng << 17;
        self->due[i] = airt_now_ns(ctx) + (int64_t)(rng >> 20) % 2000000000;
        AIRT_TRY(airt_send_after(ctx, AIRT_NS(self->due[i] - airt_now_ns(ctx)), NULL, ring, .index = i));
    }
    return AIRT_OK;
}
AIRT_ON(clock, ring)
{
    self->fired++;
    if (airt_now_ns(ctx) != self->due[msg->index])
        self->wrong++;
    self->due[msg->index] = 0;
    return AIRT_OK;
}
AIRT_ON(clock, every)
{
    self->sleep_ms = msg->sleep_ms;
    return airt_send_every(ctx, AIRT_MS(msg->period_ms), &self->timer, beat, .n = msg->period_ms);
}
AIRT_ON(clock, beat)
{
    sim_say("%d", (int)now_ms(ctx));
    return self->sleep_ms > 0 ? airt_sleep(ctx, AIRT_MS(self->sleep_ms)) : AIRT_OK;
}
AIRT_ON(clock, cancel)
{
    sim_say(airt_timer_cancel(ctx, self->timer) ? "cancelled" : "not");
    return AIRT_OK;
}
AIRT_ON(clock, num)
{
    sim_say("%d/%d", (int)self->fired, (int)self->wrong);
    return AIRT_OK;
}
AIRT_ON(clock, act)
{
    (void)msg;
    return AIRT_ELIMIT;
}
AIRT_ON(clock, airt_failed)
{
    (void)msg;
    return AIRT_RESTART;
}
#define clock_HANDLES(ON, A)                                                                                           \
    ON(A, arm) ON(A, ring) ON(A, every) ON(A, beat) ON(A, cancel) ON(A, num) ON(A, act) ON(A, airt_failed)
AIRT_BEHAVIOR(clock)

static airt_ref clock_of(sim *s)
{
    airt_ref ref = AIRT_NONE;

    ASSERT_OK(airt_spawn_any(s->system, clock, &ref, &(airt_spawn_options){ .mailbox = { .max = AIRT_UNBOUNDED } }));
    return ref;
}

static void one_shots_body(sim *s)
{
    airt_ref c = clock_of(s);

    (void)airt_tell_any(s->system, c, arm, .count = 200, .seed = s->options.seed);
    sim_run(s, 3000);
    sim_num(s, c, 0);
    sim_settle(s);
    ASSERT_SAID(s, "200/0"); /* each exactly at its time */
}
static void a_one_shot_is_exact(void **state)
{
    (void)state;
    sim_each(one_shots_body, NULL);
}

static void a_hundred_thousand(void **state)
{
    static sim        s;
    airt_system_stats stats;
    airt_ref          c;

    (void)state;
    ASSERT_OK(sim_open(&s, &(sim_options){ .seed = 7 }));
    c = clock_of(&s);
    (void)airt_tell_any(s.system, c, arm, .count = MANY, .seed = 7);
    sim_settle(&s);
    airt_system_stats_get(s.system, &stats);
    assert_int_equal(stats.timers_armed, MANY);
    sim_run(&s, 3000);
    sim_num(&s, c, 0);
    sim_settle(&s);
    ASSERT_SAID(&s, "100000/0");
    (void)airt_tell_any(s.system, c, arm, .count = MANY, .seed = 8); /* and left armed at the end */
    sim_close(&s);
}

static void periodic_body(sim *s)
{
    airt_ref c = clock_of(s);

    (void)airt_tell_any(s->system, c, every, .period_ms = 10);
    sim_run(s, 55);
    ASSERT_SAID(s, "10 20 30 40 50");
    (void)airt_tell_any(s->system, c, cancel);
    sim_run(s, 50);
    ASSERT_SAID(s, "cancelled");
    (void)airt_tell_any(s->system, c, cancel);
    sim_settle(s);
    ASSERT_SAID(s, "not");
    (void)airt_tell_any(s->system, c, every, .period_ms = 10, .sleep_ms = 25); /* from 105 on */
    sim_run(s, 100);
    ASSERT_SAID(s, "115 145 175 205"); /* ticks meanwhile are skipped, and the beat is kept */
}
static void a_periodic_does_not_drift(void **state)
{
    (void)state;
    sim_each(periodic_body, NULL);
}

/* What others do with a handle. */
static airt_status arm_for_others(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_send_after(ctx, AIRT_MS(10), argument, num, .n = 7);
}
static airt_status cancel_what_was_armed(airt_ctx *ctx, struct puppet *self, void *argument)
{
    sim_say(airt_timer_cancel(ctx, *(airt_timer *)argument) ? "%c cancels" : "%c does not", self->tag);
    return AIRT_OK;
}
static void owner_body(sim *s)
{
    airt_ref   a = sim_spawn(s, 'a');
    airt_ref   b = sim_spawn(s, 'b');
    airt_timer timer;

    sim_settle(s);
    sim_forget(s);
    sim_do(s, a, arm_for_others, &timer);
    sim_settle(s);
    sim_do(s, b, cancel_what_was_armed, &timer);
    sim_run(s, 20);
    ASSERT_SAID(s, "b does not a:7"); /* so it comes */
    sim_do(s, a, arm_for_others, &timer);
    sim_settle(s);
    sim_do(s, a, cancel_what_was_armed, &timer);
    sim_run(s, 20);
    ASSERT_SAID(s, "a cancels");
}
static void only_its_owner_cancels(void **state)
{
    (void)state;
    sim_each(owner_body, NULL);
}

static void gone_body(sim *s)
{
    airt_ref c = clock_of(s);

    (void)airt_tell_any(s->system, c, every, .period_ms = 10);
    sim_run(s, 15);
    ASSERT_SAID(s, "10");
    sim_do(s, c, NULL, NULL); /* fails: a restart */
    sim_run(s, 50);
    ASSERT_SAID(s, "");
    (void)airt_tell_any(s->system, c, every, .period_ms = 10);
    sim_settle(s);
    ASSERT_OK(airt_stop(s->system, c, NULL));
    sim_run(s, 50);
    ASSERT_SAID(s, "");
    assert_false(airt_sim_step(s->world)); /* no timer is left */
}
static void timers_end_with_their_incarnation(void **state)
{
    (void)state;
    sim_each(gone_body, NULL);
}

/* What happens in one long sleep: one clock move, and the turn that ends it. */
static airt_status sleep_a_day(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    AIRT_TRY(airt_sleep(ctx, AIRT_SECONDS(86400)));
    sim_say("%c@%d", self->tag, (int)(now_ms(ctx) / 1000));
    return AIRT_OK;
}
static void quiet_body(sim *s)
{
    airt_system_stats before, after;
    int               steps = 0;

    sim_do(s, sim_spawn(s, 'a'), sleep_a_day, NULL);
    (void)clock_of(s);
    sim_settle(s);
    airt_system_stats_get(s->system, &before);
    assert_true(airt_sim_step(s->world)); /* the clock goes straight there */
    assert_int_equal(airt_sim_now_ns(s->world), INT64_C(86401000000000));
    while (airt_sim_step(s->world))
        steps++;
    airt_system_stats_get(s->system, &after);
    ASSERT_SAID(s, "a+ a@86400");
    assert_true(after.turns - before.turns <= 2); /* it may be told of its time once more as it goes to sleep */
    assert_true(steps <= 8);                      /* a timer that is due makes every worker ready once, at most */
}
static void nothing_happens_while_nothing_is_due(void **state)
{
    (void)state;
    sim_each(quiet_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(a_one_shot_is_exact),
        cmocka_unit_test(a_hundred_thousand),
        SIM_TEST(a_periodic_does_not_drift),
        SIM_TEST(only_its_owner_cancels),
        SIM_TEST(timers_end_with_their_incarnation),
        SIM_TEST(nothing_happens_while_nothing_is_due),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
