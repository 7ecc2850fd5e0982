/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A full mailbox: what each rule does with one message more, and who waits for room. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    SENDERS = 8,
    EACH = 6,
    BOUND = 5
};

/* --- eight senders, a stuck receiver ------------------------------------------------------------------------------ */

static struct {
    airt_ref to;
    uint32_t ok, full, timed_out, dead, other, most;
    sim     *s;
} crowd;

static airt_status pour(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    for (uint64_t i = 0; i < EACH; i++) {
        airt_actor_info info;

        switch (sim_num_with(AIRI_FROM(ctx), crowd.to, (uint64_t)(self->tag - 'a') * 100 + i, NULL)) {
        case AIRT_OK:
            crowd.ok++;
            break;
        case AIRT_EFULL:
            crowd.full++;
            break;
        case AIRT_ETIMEDOUT:
            crowd.timed_out++;
            break;
        case AIRT_EDEAD:
            crowd.dead++;
            break;
        default:
            crowd.other++;
            break;
        }
        if (airt_info(ctx, crowd.to, &info) == AIRT_OK && info.queued > crowd.most)
            crowd.most = info.queued;
    }
    return AIRT_OK;
}

static void crowd_begins(sim *s, airt_overflow rule, int64_t stuck_ms, uint32_t wait_ms)
{
    airt_spawn_options options = { .mailbox = { .max = BOUND, .overflow = rule, .wait_ms = wait_ms } };

    memset(&crowd, 0, sizeof crowd);
    crowd.s = s;
    crowd.to = sim_stuck(s, 'r', &options, stuck_ms);
    for (int i = 0; i < SENDERS; i++)
        sim_do(s, sim_spawn(s, (char)('a' + i)), pour, NULL);
}

static void refuse_body(sim *s)
{
    crowd_begins(s, AIRT_REFUSE, 10, 0);
    sim_settle(s);
    assert_int_equal(crowd.ok, BOUND);
    assert_int_equal(crowd.full, SENDERS * EACH - BOUND);
    assert_int_equal(s->letters[AIRT_LETTER_FULL], crowd.full);
    assert_int_equal(crowd.most, BOUND);
    assert_int_equal(sim_queued(s, crowd.to), BOUND);
}
static void refuse(void **state)
{
    (void)state;
    sim_each(refuse_body, NULL);
}
static void drop_new_body(sim *s)
{
    crowd_begins(s, AIRT_DROP_NEW, 10, 0);
    sim_settle(s);
    assert_int_equal(crowd.ok, SENDERS * EACH);
    assert_int_equal(s->letters[AIRT_LETTER_DROPPED], SENDERS * EACH - BOUND);
    assert_int_equal(crowd.most, BOUND);
    assert_int_equal(sim_queued(s, crowd.to), BOUND);
}
static void drop_new(void **state)
{
    (void)state;
    sim_each(drop_new_body, NULL);
}
static void drop_old_body(sim *s)
{
    crowd_begins(s, AIRT_DROP_OLD, 10, 0);
    sim_settle(s);
    assert_int_equal(crowd.ok, SENDERS * EACH);
    assert_int_equal(s->letters[AIRT_LETTER_DROPPED], SENDERS * EACH - BOUND);
    assert_true(crowd.most <= BOUND);
    assert_int_equal(sim_queued(s, crowd.to), BOUND);
}
static void drop_old(void **state)
{
    (void)state;
    sim_each(drop_old_body, NULL);
}
static void wait_body(sim *s)
{
    crowd_begins(s, AIRT_WAIT, 10, 1000);
    sim_settle(s);
    assert_int_equal(sim_queued(s, crowd.to), BOUND);
    assert_int_equal(crowd.ok, BOUND);
    sim_run(s, 50);
    assert_int_equal(crowd.ok, SENDERS * EACH); /* everyone got in, and never one too many */
    assert_int_equal(crowd.most, BOUND);
    /* Each sender's own in order. */
    for (int i = 0; i < SENDERS; i++)
        for (int n = 0; n + 1 < EACH; n++) {
            char one[32], next[32];

            (void)snprintf(one, sizeof one, "r:%d ", i * 100 + n);
            (void)snprintf(next, sizeof next, "r:%d ", i * 100 + n + 1);
            assert_non_null(strstr(s->text, one));
            assert_true(strstr(s->text, one) < strstr(s->text, next));
        }
}
static void wait_for_room(void **state)
{
    (void)state;
    sim_each(wait_body, NULL);
}
static void wait_times_out_body(sim *s)
{
    crowd_begins(s, AIRT_WAIT, 100, 2);
    sim_run(s, 50);
    assert_int_equal(crowd.ok, BOUND);
    assert_int_equal(crowd.timed_out, SENDERS * EACH - BOUND);
    assert_int_equal(sim_queued(s, crowd.to), BOUND);
    assert_int_equal(s->letters[AIRT_LETTER_FULL], crowd.timed_out);
}
static void a_wait_has_a_deadline(void **state)
{
    (void)state;
    sim_each(wait_times_out_body, NULL);
}
static void receiver_ends_body(sim *s)
{
    crowd_begins(s, AIRT_WAIT, 100, 1000);
    sim_settle(s);
    ASSERT_OK(airt_kill(s->system, crowd.to, NULL));
    sim_settle(s);
    assert_int_equal(crowd.ok, BOUND);
    assert_int_equal(crowd.dead, SENDERS * EACH - BOUND);
    assert_int_equal(s->letters[AIRT_LETTER_STOPPED], BOUND + 1);
}
static void the_receivers_end_releases_waiters(void **state)
{
    (void)state;
    sim_each(receiver_ends_body, NULL);
}

/* --- one that waits ----------------------------------------------------------------------------------------------- */

static airt_status tell_once(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_status status = sim_num_with(AIRI_FROM(ctx), *(airt_ref *)argument, (uint64_t)self->tag, NULL);

    sim_say("%c=%s", self->tag, airt_status_name(status));
    return AIRT_OK;
}
static void waiting_senders_body(sim *s)
{
    airt_spawn_options one = { .mailbox = { .max = 1, .overflow = AIRT_WAIT } };
    airt_ref           r = sim_stuck(s, 'r', &one, 10);
    airt_ref           w[6];

    sim_num(s, r, 1);
    for (int i = 0; i < 6; i++) {
        w[i] = sim_spawn(s, (char)('a' + i));
        sim_settle(s);
        sim_do(s, w[i], tell_once, &r);
        sim_settle(s); /* one after the other */
    }
    sim_forget(s);
    ASSERT_OK(airt_stop(s->system, w[1], NULL));
    ASSERT_OK(airt_kill(s->system, w[3], NULL));
    sim_settle(s);
    ASSERT_SAID(s, "b=AIRT_ESTOPPING b-shutdown");
    assert_int_equal(airt_tell_any(s->system, r, num, .n = 2), AIRT_OK); /* this thread waits too, behind the others */
    sim_run(s, 30);
    s->text[s->size > 0 ? s->size - 1 : 0] = 0;
    assert_non_null(strstr(s->text, "r:1"));
    assert_true(strstr(s->text, "r:97") < strstr(s->text, "r:99"));
    assert_true(strstr(s->text, "r:99") < strstr(s->text, "r:101"));
    assert_true(strstr(s->text, "r:101") < strstr(s->text, "r:102"));
    assert_true(strstr(s->text, "r:102") < strstr(s->text, "r:2"));
    assert_null(strstr(s->text, "r:98"));
    assert_null(strstr(s->text, "r:100"));
}
static void first_come_first_served(void **state)
{
    (void)state;
    sim_each(waiting_senders_body, NULL);
}

/* --- one that keeps its box full ---------------------------------------------------------------------------------- */

enum {
    ROOM = 32,
    ROUNDS = 10
};

static struct {
    airt_ref to;
    uint32_t handled, handled_before; /* until the one who waited had its turn */
} full_box;

/* Takes the place that its begin has made free, if it is. */
static airt_status goes_on(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    if (++full_box.handled < ROUNDS * ROOM)
        (void)airt_tell_any(ctx, airt_self(ctx), act, .run = goes_on);
    return AIRT_OK;
}
static airt_status is_there(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    full_box.handled_before = full_box.handled;
    return AIRT_OK;
}
/* Many, so that its worker has seen that it is quick. */
static airt_status warms(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    for (int i = 0; i < ROUNDS * ROOM; i++)
        AIRT_TRY(airt_tell_any(ctx, full_box.to, act, .run = is_there));
    return AIRT_OK;
}
static airt_status fills_and_waits(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    for (int i = 0; i < ROOM; i++)
        AIRT_TRY(airt_tell_any(ctx, full_box.to, act, .run = goes_on));
    return airt_tell_any(ctx, full_box.to, act, .run = is_there);
}
static void full_box_body(sim *s)
{
    airt_spawn_options options = { .mailbox = { .max = ROOM, .overflow = AIRT_WAIT } };

    memset(&full_box, 0, sizeof full_box);
    full_box.to = sim_spawn_with(s, 'r', NULL, &options);
    sim_do(s, sim_spawn(s, 'a'), warms, NULL);
    sim_settle(s);
    sim_do(s, sim_spawn(s, 'b'), fills_and_waits, NULL);
    sim_settle(s);
    assert_in_range(full_box.handled_before, s->options.fault != NULL ? 0 : 1, 3 * ROOM); /* behind at most two boxes */
}
static void nobody_waits_for_ever_beside_quick_ones(void **state)
{
    (void)state;
    sim_each(full_box_body, NULL);
}

static airt_status fill_and_wait(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref    to = *(airt_ref *)argument;
    airt_status status = AIRT_OK;

    for (int i = 0; i < 3 && status == AIRT_OK; i++)
        status = sim_num_with(AIRI_FROM(ctx), to, 1, NULL);
    sim_say("%c=%s", self->tag, airt_status_name(status));
    return AIRT_OK;
}
static void room_cycle_body(sim *s)
{
    airt_spawn_options two = { .mailbox = { .max = 2, .overflow = AIRT_WAIT, .wait_ms = 1000 } };
    airt_ref           a = sim_spawn_with(s, 'a', NULL, &two);
    airt_ref           b = sim_spawn_with(s, 'b', NULL, &two);

    sim_settle(s);
    sim_forget(s);
    sim_do(s, a, fill_and_wait, &a); /* for itself */
    sim_settle(s);
    assert_true(sim_said(s, "a=AIRT_EDEADLK a:1 a:1"));
    sim_do(s, a, fill_and_wait, &b);
    sim_do(s, b, fill_and_wait, &a);
    sim_settle(s);
    sim_check_account(s);
    /* Whoever came second was told, unless one was through before the other began. */
    assert_null(strstr(s->text, "TIMEDOUT"));
    sim_run(s, 2000);
    assert_null(strstr(s->text, "TIMEDOUT"));
}
static void a_wait_that_closes_a_cycle_is_refused(void **state)
{
    (void)state;
    sim_each(room_cycle_body, NULL);
}

static airt_status tries(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_send_options at_once = { .wait = AIRT_NO_WAIT };

    sim_say("%c=%s", self->tag, airt_status_name(sim_num_with(AIRI_FROM(ctx), *(airt_ref *)argument, 1, &at_once)));
    return AIRT_OK;
}
static void no_wait_body(sim *s)
{
    airt_spawn_options one = { .mailbox = { .max = 1, .overflow = AIRT_WAIT } };
    airt_ref           a = sim_spawn(s, 'a'), r = sim_stuck(s, 'r', &one, 100);
    airt_system_stats  before, after;

    sim_do(s, a, tries, &r);
    sim_settle(s);
    sim_begin(s);
    airt_system_stats_get(s->system, &before);
    sim_do(s, a, tries, &r);
    sim_settle(s);
    ASSERT_SAID(s, "a=AIRT_EFULL");
    airt_system_stats_get(s->system, &after);
    assert_int_equal(after.switches, before.switches); /* it was not even suspended */
    assert_int_equal(sim_num_with(AIRI_FROM(s->system), r, 2, &(airt_send_options){ .wait = AIRT_NO_WAIT }),
                     AIRT_EFULL);
    sim_run(s, 1000);
    ASSERT_SAID(s, "r:1");
}
static void who_will_not_wait_hears_that_it_is_full(void **state)
{
    (void)state;
    sim_each(no_wait_body, NULL);
}

/* --- bytes to wait for -------------------------------------------------------------------------------------------- */

struct pair {
    uint64_t first, second;
};
AIRT_KIND(pair, first, second)

static airt_status sends_large(airt_ctx *ctx, struct puppet *self, void *argument)
{
    struct pair pair = { 1, 2 };
    airt_status status =
        airt_tell_body(ctx, *(airt_ref *)argument, &pair_kind, &pair, &(airt_send_options){ .wait = AIRT_MS(5) });

    sim_say("%c=%s", self->tag, airt_status_name(status) + 5);
    return AIRT_OK;
}
static airt_status sends_small(airt_ctx *ctx, struct puppet *self, void *argument)
{
    sim_say("%c=%s", self->tag, airt_status_name(sim_num_with(AIRI_FROM(ctx), *(airt_ref *)argument, 1, NULL)) + 5);
    return AIRT_OK;
}
/* Room for one small one, and a large one waits at the head, in an owner's box that sleeps, receives or asks. */
static void small_behind_large_body(sim *s)
{
    airt_spawn_options options = { .mailbox = { .bytes_max = 24, .overflow = AIRT_WAIT, .wait_ms = 1000 } };
    airt_ref           r = sim_stuck(s, 'r', &options, 100);
    airt_ref           a = sim_spawn(s, 'a'), b = sim_spawn(s, 'b'), c = sim_spawn(s, 'c');

    sim_begin(s);
    sim_num(s, r, 1);
    sim_num(s, r, 2);
    sim_do(s, a, sends_large, &r);
    sim_settle(s);
    sim_do(s, b, sends_small, &r);
    sim_settle(s);
    sim_do(s, c, sends_small, &r);
    sim_settle(s);
    ASSERT_SAID(s, "");
    sim_run(s, 6);
    ASSERT_SORTED(s, "a=ETIMEDOUT b=OK"); /* while its owner is away; c has to wait for it */
    assert_int_equal(sim_queued(s, r), 3);
    sim_run(s, 200);
    ASSERT_SORTED(s, "c=OK r:1 r:1 r:1 r:2");
}
static void who_gives_up_lets_smaller_ones_in(void **state)
{
    (void)state;
    sim_each(small_behind_large_body, NULL);
}

/* --- a sender that looked before the slot was let anew ------------------------------------------------------------ */

/* It is the newest that a drop-old box has had, it lies in its lanes, and a sender ends it to make room. */
static void late_body(sim *s)
{
    airt_spawn_options options = { .mailbox = { .max = 3, .overflow = AIRT_DROP_OLD } };
    airt_ref           r = sim_stuck(s, 'r', &options, 10);

    (void)airt_tell_body(s->system, r, &act_kind, &(struct act){ sim_sleeps, (void *)10 },
                         &(airt_send_options){ .priority = AIRT_HIGH });
    sim_push_late(s, r);
    sim_run(s, 12); /* it has sorted both, and sleeps again */
    for (uint64_t n = 1; n <= 3; n++)
        sim_num(s, r, n);
    sim_settle(s);
    assert_int_equal(s->letters[AIRT_LETTER_DROPPED], 1);
    sim_run(s, 50);
    ASSERT_SAID(s, "r:1 r:2 r:3");
    assert_int_equal(s->letters[AIRT_LETTER_GONE], 0);
}
static void what_came_late_is_ended_once(void **state)
{
    (void)state;
    sim_each(late_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(refuse),
        SIM_TEST(drop_new),
        SIM_TEST(drop_old),
        SIM_TEST(wait_for_room),
        SIM_TEST(a_wait_has_a_deadline),
        SIM_TEST(the_receivers_end_releases_waiters),
        SIM_TEST(first_come_first_served),
        SIM_TEST(nobody_waits_for_ever_beside_quick_ones),
        SIM_TEST(a_wait_that_closes_a_cycle_is_refused),
        SIM_TEST(who_will_not_wait_hears_that_it_is_full),
        SIM_TEST(who_gives_up_lets_smaller_ones_in),
        SIM_TEST(what_came_late_is_ended_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
