/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A recorder hears of every message what the account counts: accepted, begun, refused, dead; and of every actor the
 * changes of its state, each from where the last one led. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    SENDERS = 4,
    EACH = 5,
    BOUND = 3,
    ACTORS_MAX = 64
};

static struct {
    uint64_t wrong, accepted, begun, refused, dead[AIRT_LETTER_COUNT];
    uint64_t born, restarted, ended;
    size_t   actors;
    struct {
        airt_ref   who;
        airt_state state;
    } actor[ACTORS_MAX];
} seen;

static void on_accepted(void *context, airt_ref who, const airt_kind *kind)
{
    (void)context;
    seen.wrong += airt_ref_none(who) || kind == NULL;
    seen.accepted++;
}
static void on_begun(void *context, airt_ref who, const airt_kind *kind)
{
    (void)context;
    seen.wrong += airt_ref_none(who) || kind == NULL;
    seen.begun++;
}
static void on_refused(void *context, airt_ref who, const airt_kind *kind, airt_status status)
{
    (void)context;
    (void)who;
    seen.wrong += kind == NULL || status == AIRT_OK;
    seen.refused++;
}
static void on_dead(void *context, airt_ref who, const airt_kind *kind, airt_letter reason)
{
    (void)context;
    (void)who;
    seen.wrong += kind == NULL;
    seen.dead[reason]++;
}
static void on_state(void *context, airt_ref who, airt_state from, airt_state to)
{
    size_t i = 0;

    (void)context;
    while (i < seen.actors && !airt_ref_same(seen.actor[i].who, who))
        i++;
    if (i == ACTORS_MAX)
        return;
    seen.wrong += airt_ref_none(who) || (i < seen.actors && seen.actor[i].state != from);
    if (i == seen.actors) {
        seen.wrong += to != AIRT_STATE_STARTING;
        seen.actors++;
        seen.born++;
    }
    seen.restarted += from == AIRT_STATE_RESTARTING && to == AIRT_STATE_STARTING;
    seen.ended += to == AIRT_STATE_STOPPED || to == AIRT_STATE_FAILED;
    seen.actor[i].who = who;
    seen.actor[i].state = to;
}
static const airt_recorder recorder = { NULL, on_accepted, on_begun, on_refused, on_dead, on_state };

/* --- the comparison ----------------------------------------------------------------------------------------------- */

static bool same(const sim *s, const char *what, uint64_t recorded, uint64_t counted)
{
    if (recorded == counted || s->options.fault != NULL)
        return true;
    (void)fprintf(stderr, "%s: the recorder heard %llu, the account has %llu\n", what, (unsigned long long)recorded,
                  (unsigned long long)counted);
    return false;
}

/* Every message that was accepted and did not begin has one of the reasons that end mail in a box; what was put aside
 * (kept, stashed) had begun. Restarts and stops end both, so `aside` of their letters are of messages that had begun; and
 * `again` messages began a second time, out of the stash. */
static bool agrees(sim *s, uint64_t aside, uint64_t again)
{
    airt_system_stats stats;
    uint64_t          unbegun;
    bool              good;

    airt_system_stats_get(s->system, &stats);
    unbegun = stats.queued + stats.dead[AIRT_LETTER_EXPIRED] + stats.dead[AIRT_LETTER_DROPPED] +
              stats.dead[AIRT_LETTER_GONE] + stats.dead[AIRT_LETTER_INCARNATION] + stats.dead[AIRT_LETTER_STOPPED] -
              aside;
    good = same(s, "wrong", seen.wrong, 0);
    good = same(s, "accepted", seen.accepted, stats.accepted) && good;
    good = same(s, "begun", seen.begun, stats.accepted - unbegun + again) && good;
    good = same(s, "born", seen.born, stats.spawned) && good;
    good = same(s, "restarted", seen.restarted, stats.restarts) && good;
    good = same(s, "ended", seen.ended, stats.stopped) && good;
    good = same(s, "refused", seen.refused, stats.refused) && good;
    for (unsigned i = 0; i < AIRT_LETTER_COUNT; i++)
        good = same(s, airt_letter_text((airt_letter)i), seen.dead[i], stats.dead[i]) && good;
    return good;
}

static void listen(sim *s)
{
    (void)s;
    memset(&seen, 0, sizeof seen);
}

static void each(sim_body body)
{
    airt_system_options options = { .recorder = &recorder };

    sim_each(body, &options);
}

/* --- a full mailbox ----------------------------------------------------------------------------------------------- */

static airt_status pours(airt_ctx *ctx, struct puppet *self, void *argument)
{
    static const airt_priority priority[] = { AIRT_NORMAL, AIRT_HIGH, AIRT_LOW };

    for (uint64_t i = 0; i < EACH; i++)
        (void)sim_num_with(AIRI_FROM(ctx), *(airt_ref *)argument, i,
                           &(airt_send_options){ .priority = priority[(i + (uint64_t)self->tag) % 3] });
    return AIRT_OK;
}

static void overflow(sim *s, airt_overflow rule, uint32_t wait_ms)
{
    airt_spawn_options options = { .mailbox = { .max = BOUND, .overflow = rule, .wait_ms = wait_ms } };
    airt_ref           to;

    listen(s);
    to = sim_stuck(s, 'r', &options, 10);
    for (int i = 0; i < SENDERS; i++)
        sim_do(s, sim_spawn(s, (char)('a' + i)), pours, &to);
    sim_settle(s);
    assert_true(agrees(s, 0, 0)); /* full, and senders wait */
    sim_num(s, to, 9);            /* this thread too */
    sim_run(s, 100);
    assert_true(agrees(s, 0, 0)); /* and empty */
}

static void refuse_body(sim *s)
{
    overflow(s, AIRT_REFUSE, 0);
    assert_true(seen.refused > 0 && seen.refused == seen.dead[AIRT_LETTER_FULL]);
}
static void refused_when_full(void **state)
{
    (void)state;
    each(refuse_body);
}
static void drop_new_body(sim *s)
{
    overflow(s, AIRT_DROP_NEW, 0);
    assert_true(seen.dead[AIRT_LETTER_DROPPED] > 0);
}
static void the_new_one_dropped(void **state)
{
    (void)state;
    each(drop_new_body);
}
static void drop_old_body(sim *s)
{
    overflow(s, AIRT_DROP_OLD, 0);
    assert_true(seen.dead[AIRT_LETTER_DROPPED] > 0);
}
static void the_old_one_evicted(void **state)
{
    (void)state;
    each(drop_old_body);
}
static void wait_body(sim *s)
{
    overflow(s, AIRT_WAIT, 1000);
    assert_int_equal(seen.refused, 0); /* everybody was granted room */
}
static void a_waiter_is_granted_room(void **state)
{
    (void)state;
    each(wait_body);
}
static void wait_over_body(sim *s)
{
    overflow(s, AIRT_WAIT, 2);
    assert_true(seen.refused > 0);
}
static void a_waiters_time_is_over(void **state)
{
    (void)state;
    each(wait_over_body);
}

/* --- other ends --------------------------------------------------------------------------------------------------- */

static void expiry_body(sim *s)
{
    airt_spawn_options options = { .mailbox = { .ttl_ms = 3 } };
    airt_ref           r;

    listen(s);
    r = sim_stuck(s, 'r', &options, 10);
    for (uint64_t i = 0; i < EACH; i++)
        sim_num(s, r, i);
    (void)sim_num_with(AIRI_FROM(s->system), r, 9, &(airt_send_options){ .ttl_ms = 100 });
    sim_run(s, 20);
    assert_true(agrees(s, 0, 0));
    assert_int_equal(seen.dead[AIRT_LETTER_EXPIRED], EACH);
}
static void expired(void **state)
{
    (void)state;
    each(expiry_body);
}

static airt_status puts_aside(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    AIRT_CHECK_EQ(airt_send_every(ctx, AIRT_MS(2), NULL, tick, .n = 1), AIRT_OK);
    return airt_keep(ctx, &self->kept[0]);
}
static airt_status stashes(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    return airt_stash(ctx);
}
static airt_status fails(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return AIRT_EFORMAT;
}
static void restart_body(sim *s)
{
    puppet_plan restart = { .verdict = AIRT_RESTART };
    airt_ref    a;

    listen(s);
    a = sim_spawn_with(s, 'a', &restart, NULL);
    sim_do(s, a, puts_aside, NULL);
    sim_run(s, 9);
    sim_do(s, a, stashes, NULL);
    sim_do(s, a, fails, NULL);
    sim_num(s, a, 1);
    sim_settle(s);
    sim_check_account(s);
    assert_int_equal(seen.dead[AIRT_LETTER_INCARNATION], 2);
    assert_true(agrees(s, 2, 0));
    sim_run(s, 9); /* no tick of the old incarnation */
    (void)airt_tell_any(s->system, a, answer, .n = 1);
    sim_settle(s);
    assert_int_equal(seen.dead[AIRT_LETTER_UNHANDLED], 1);
    assert_true(agrees(s, 2, 0));
}
static void restarted(void **state)
{
    (void)state;
    each(restart_body);
}

static airt_status unstashes(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    return airt_unstash(ctx);
}
static airt_status forwards(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref to = *(airt_ref *)argument;

    return airt_ref_same(self->self, to) ? AIRT_OK : airt_forward_any(ctx, to, act);
}
static airt_status stashes_once(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    return self->count++ == 0 ? airt_stash(ctx) : AIRT_OK;
}
static void moved_body(sim *s)
{
    airt_ref a, b;

    listen(s);
    a = sim_spawn(s, 'a');
    b = sim_spawn(s, 'b');
    sim_do(s, a, forwards, &b);
    sim_do(s, a, stashes_once, NULL);
    sim_do(s, a, unstashes, NULL);
    sim_settle(s);
    sim_check_account(s);
    assert_int_equal(seen.dead[AIRT_LETTER_STOPPED], 0);
    assert_true(agrees(s, 0, 1));
}
static void forwarded_and_stashed(void **state)
{
    (void)state;
    each(moved_body);
}

static airt_status asks(airt_ctx *ctx, struct puppet *self, void *argument)
{
    uint64_t n = 0;

    (void)self;
    AIRT_CHECK_EQ(sim_query(ctx, *(airt_ref *)argument, AIRT_MS(2), 1, &n), AIRT_ETIMEDOUT);
    return AIRT_OK;
}
static void ends_body(sim *s)
{
    airt_ref a, r, late;

    listen(s);
    r = sim_stuck(s, 'r', NULL, 1000);
    a = sim_spawn(s, 'a');
    for (uint64_t i = 0; i < EACH; i++)
        sim_num(s, r, i);
    sim_do(s, a, asks, &r); /* its answer comes when nobody waits */
    late = sim_stuck(s, 'l', NULL, 5);
    sim_do(s, a, asks, &late);
    sim_run(s, 20);
    (void)airt_kill(s->system, r, NULL);
    sim_settle(s);
    sim_num(s, r, 1);
    assert_int_equal(seen.refused, 1);
    assert_int_equal(seen.dead[AIRT_LETTER_DEAD], 1);
    assert_true(seen.dead[AIRT_LETTER_STOPPED] >= EACH);
    assert_true(agrees(s, 1, 0)); /* the one whose handler slept had begun */
}
static void killed(void **state)
{
    (void)state;
    each(ends_body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(refused_when_full),
        SIM_TEST(the_new_one_dropped),
        SIM_TEST(the_old_one_evicted),
        SIM_TEST(a_waiter_is_granted_room),
        SIM_TEST(a_waiters_time_is_over),
        SIM_TEST(expired),
        SIM_TEST(restarted),
        SIM_TEST(forwarded_and_stashed),
        SIM_TEST(killed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
