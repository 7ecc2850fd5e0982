/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Mailboxes: bounds and what a full one does, order, priorities, times to live, dead letters. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ASSERT_SAID(s, words) assert_true(sim_said((s), (words)))
#define ASSERT_OK(expr) assert_int_equal((expr), AIRT_OK)

enum { SENDERS = 8, EACH = 6, BOUND = 5 };

static airt_status sleeps(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_sleep(ctx, AIRT_MS((int64_t)(intptr_t)argument));
}

static void forget(sim *s)
{
    s->size = 0;
    s->text[0] = 0;
}

/* A receiver with a handler that sleeps for so many ms. */
static airt_ref stuck(sim *s, char tag, const airt_spawn_options *options, int64_t ms)
{
    airt_ref ref = sim_spawn_with(s, tag, NULL, options);

    sim_settle(s);
    forget(s);
    sim_do(s, ref, sleeps, (void *)(intptr_t)ms);
    sim_settle(s);
    return ref;
}

static uint32_t queued(sim *s, airt_ref who)
{
    airt_actor_info info = { 0 };

    return airt_info(s->system, who, &info) == AIRT_OK ? info.queued : UINT32_MAX;
}

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
        case AIRT_OK: crowd.ok++; break;
        case AIRT_EFULL: crowd.full++; break;
        case AIRT_ETIMEDOUT: crowd.timed_out++; break;
        case AIRT_EDEAD: crowd.dead++; break;
        default: crowd.other++; break;
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
    crowd.to = stuck(s, 'r', &options, stuck_ms);
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
    assert_int_equal(queued(s, crowd.to), BOUND);
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
    assert_int_equal(queued(s, crowd.to), BOUND);
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
    assert_int_equal(queued(s, crowd.to), BOUND);
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
    assert_int_equal(queued(s, crowd.to), BOUND);
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
    assert_int_equal(queued(s, crowd.to), BOUND);
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
    airt_ref           r = stuck(s, 'r', &one, 10);
    airt_ref           w[6];

    sim_num(s, r, 1);
    for (int i = 0; i < 6; i++) {
        w[i] = sim_spawn(s, (char)('a' + i));
        sim_settle(s);
        sim_do(s, w[i], tell_once, &r);
        sim_settle(s); /* one after the other */
    }
    forget(s);
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
    forget(s);
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

/* --- order and priorities ----------------------------------------------------------------------------------------- */

static void tell_with(sim *s, airt_ref to, uint64_t n, airt_priority priority)
{
    (void)sim_num_with(AIRI_FROM(s->system), to, n, &(airt_send_options){ .priority = priority });
}

static void priorities_body(sim *s)
{
    airt_ref r = stuck(s, 'r', NULL, 10);

    tell_with(s, r, 1, AIRT_LOW);
    tell_with(s, r, 2, AIRT_NORMAL);
    tell_with(s, r, 3, AIRT_CRITICAL);
    tell_with(s, r, 4, AIRT_HIGH);
    tell_with(s, r, 5, AIRT_LOW);
    tell_with(s, r, 6, AIRT_CRITICAL);
    sim_run(s, 20);
    ASSERT_SAID(s, "r:3 r:6 r:4 r:2 r:1 r:5");
}
static void higher_leaves_first(void **state)
{
    (void)state;
    sim_each(priorities_body, NULL);
}

static void starvation_body(sim *s)
{
    airt_ref    r = stuck(s, 'r', &(airt_spawn_options){ .mailbox = { .max = AIRT_UNBOUNDED } }, 10);
    int         before = 0;
    const char *at;

    tell_with(s, r, 7, AIRT_LOW);
    for (int i = 0; i < 2000; i++)
        tell_with(s, r, 1, AIRT_CRITICAL);
    assert_int_equal(queued(s, r), 2001);
    sim_run(s, 20);
    for (at = s->text; strncmp(at, "r:7", 3) != 0; at = strchr(at, ' ') + 1)
        before++;
    assert_true(before > 0 && before <= 64);
}
static void low_is_not_starved(void **state)
{
    (void)state;
    sim_each(starvation_body, NULL);
}

static void drop_old_victims_body(sim *s)
{
    airt_ref r = stuck(s, 'r', &(airt_spawn_options){ .mailbox = { .max = 3, .overflow = AIRT_DROP_OLD } }, 10);

    tell_with(s, r, 1, AIRT_NORMAL);
    tell_with(s, r, 2, AIRT_LOW);
    tell_with(s, r, 3, AIRT_LOW);
    tell_with(s, r, 4, AIRT_HIGH);   /* 2 goes */
    tell_with(s, r, 5, AIRT_NORMAL); /* 3 goes */
    tell_with(s, r, 6, AIRT_LOW);    /* 6 itself */
    tell_with(s, r, 7, AIRT_NORMAL); /* 1 goes */
    assert_int_equal(queued(s, r), 3);
    assert_int_equal(s->letters[AIRT_LETTER_DROPPED], 4);
    sim_run(s, 20);
    ASSERT_SAID(s, "r:4 r:5 r:7");
}
static void the_victim_is_the_oldest_of_the_lowest(void **state)
{
    (void)state;
    sim_each(drop_old_victims_body, NULL);
}

/* --- time to live, bytes ------------------------------------------------------------------------------------------ */

static void ttl_body(sim *s)
{
    airt_ref r = stuck(s, 'r', &(airt_spawn_options){ .mailbox = { .ttl_ms = 5 } }, 10);

    sim_run(s, 4);
    sim_num(s, r, 1); /* lives until 9 */
    sim_run(s, 2);
    sim_num(s, r, 2); /* until 11 */
    (void)sim_num_with(AIRI_FROM(s->system), r, 3, &(airt_send_options){ .ttl_ms = 3 });
    (void)sim_num_with(AIRI_FROM(s->system), r, 4, &(airt_send_options){ .ttl_ms = 5 });
    sim_run(s, 10);
    ASSERT_SAID(s, "r:2 r:4");
    assert_int_equal(s->letters[AIRT_LETTER_EXPIRED], 2);
}
static void what_expires_is_not_handled(void **state)
{
    (void)state;
    sim_each(ttl_body, NULL);
}

static void bytes_body(sim *s)
{
    static const airt_overflow rules[] = { AIRT_REFUSE, AIRT_DROP_NEW, AIRT_DROP_OLD };

    for (int i = 0; i < 3; i++) {
        airt_spawn_options o = { .mailbox = { .bytes_max = 24, .overflow = rules[i] } }; /* three nums */
        airt_ref           r = stuck(s, 'r', &o, 10);

        for (uint64_t n = 1; n <= 5; n++)
            sim_num(s, r, n);
        assert_int_equal(queued(s, r), 3);
        (void)airt_tell_any(s->system, r, puppet_start, .tag = 'r'); /* 24 bytes: only into an empty box */
        assert_int_equal(queued(s, r), rules[i] == AIRT_DROP_OLD ? 1 : 3);
        sim_run(s, 20);
        ASSERT_SAID(s, rules[i] == AIRT_DROP_OLD ? "r+" : "r:1 r:2 r:3");
        (void)airt_stop(s->system, r, NULL);
        sim_settle(s);
    }
}
static void a_bound_by_bytes(void **state)
{
    (void)state;
    sim_each(bytes_body, NULL);
}

/* --- nobody there ------------------------------------------------------------------------------------------------- */

static void nobody_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    airt_ref b;

    assert_int_equal(airt_tell_any(s->system, AIRT_NONE, num, .n = 1), AIRT_EDEAD);
    ASSERT_OK(airt_stop(s->system, a, NULL));
    sim_settle(s);
    assert_int_equal(airt_tell_any(s->system, a, num, .n = 2), AIRT_EDEAD);
    for (int i = 0; i < 100; i++) { /* slots are used again, and the old ref still means nobody */
        b = sim_spawn(s, 'b');
        sim_settle(s);
        assert_int_equal(airt_tell_any(s->system, a, num, .n = 3), AIRT_EDEAD);
        assert_false(airt_ref_same(a, b));
        ASSERT_OK(airt_stop(s->system, b, NULL));
        sim_settle(s);
    }
    assert_int_equal(s->letters[AIRT_LETTER_DEAD], 102);
    assert_null(strstr(s->text, ":"));
    b = sim_spawn(s, 'b');
    assert_int_equal(airt_tell_any(s->system, b, answer, .n = 1), AIRT_OK); /* a kind that is not handled */
    sim_settle(s);
    assert_int_equal(s->letters[AIRT_LETTER_UNHANDLED], 1);
    assert_true(sim_alive(s, b));
}
static void letters_to_nobody(void **state)
{
    (void)state;
    sim_each(nobody_body, NULL);
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
        SIM_TEST(a_wait_that_closes_a_cycle_is_refused),
        SIM_TEST(higher_leaves_first),
        SIM_TEST(low_is_not_starved),
        SIM_TEST(the_victim_is_the_oldest_of_the_lowest),
        SIM_TEST(what_expires_is_not_handled),
        SIM_TEST(a_bound_by_bytes),
        SIM_TEST(letters_to_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
