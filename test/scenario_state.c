/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* States of a machine, the stash, and messages in hand: kept, dropped, sent on, forwarded. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* --- a door: closed stashes, open ignores, broken refuses --------------------------------------------------------- */

struct turn {
    uint32_t to;
};
struct door_start {
    uint32_t verdict;
};
AIRT_KIND(turn, to)
AIRT_KIND(door_start, verdict)
struct door {
    uint32_t verdict;
    int      passed;
};
#define door_ACCEPTS(KIND) KIND(turn) KIND(num) KIND(query)
AIRT_PROTOCOL(door)
AIRT_STATE_AHEAD(door, closed)
AIRT_STATE_AHEAD(door, open)
AIRT_STATE_AHEAD(door, broken)

static airt_status go(airt_ctx *ctx, uint32_t to)
{
    const airt_behavior *const states[] = { &door_closed_state, &door_open_state, &door_broken_state };

    if (to >= 3)
        return AIRT_EINVAL;
    AIRT_TRY(airt_become(ctx, states[to]));
    return to == 1 ? airt_unstash(ctx) : AIRT_OK;
}
AIRT_ON_IN(door, closed, door_start)
{
    self->verdict = msg->verdict;
    sim_say("start");
    return AIRT_OK;
}
AIRT_ON_IN(door, closed, turn)
{
    return go(ctx, msg->to);
}
AIRT_ON_IN(door, closed, airt_failed)
{
    return (airt_status)self->verdict;
}
AIRT_ON_IN(door, closed, airt_stopping)
{
    sim_say("stopping");
    return AIRT_OK;
}
AIRT_ON_IN(door, open, turn)
{
    return go(ctx, msg->to);
}
AIRT_ON_IN(door, open, num)
{
    sim_say("%d", (int)msg->n);
    return AIRT_OK;
}
AIRT_ON_IN(door, broken, turn)
{
    return go(ctx, msg->to);
}
#define door_closed_HANDLES(ON, A) ON(A, door_start) ON(A, turn) ON(A, airt_failed) ON(A, airt_stopping)
#define door_open_HANDLES(ON, A) ON(A, turn) ON(A, num)
#define door_broken_HANDLES(ON, A) ON(A, turn)
AIRT_STATE(door, closed, airt_stash)
AIRT_STATE(door, open, airt_ignore)
AIRT_STATE(door, broken, airt_refuse)
AIRT_MACHINE(door, closed)

static airt_status asks_door(airt_ctx *ctx, struct puppet *self, void *argument)
{
    sim_say("%c=%s", self->tag, airt_status_name(sim_query(ctx, *(airt_ref *)argument, AIRT_MS(10), 1, NULL)) + 5);
    return AIRT_OK;
}

static void door_body(sim *s)
{
    airt_spawn_options o = { .start = AIRT_START(door, .verdict = AIRT_RESTART), .stash_max = 4 };
    door_ref           d = { 0 };
    airt_ref           a = sim_spawn(s, 'a');

    ASSERT_OK(airt_spawn(s->system, door, &d, &o));
    for (uint64_t n = 1; n <= 4; n++)
        airt_tell(s->system, d, num, .n = n);
    sim_settle(s);
    ASSERT_SORTED(s, "a+ start");
    sim_check_account(s);
    airt_tell(s->system, d, turn, .to = 1);
    airt_tell(s->system, d, num, .n = 5);
    sim_settle(s);
    ASSERT_SAID(s, "1 2 3 4 5"); /* stashed mail before queued mail */
    sim_do(s, a, asks_door, &d.ref);
    sim_settle(s);
    ASSERT_SAID(s, "a=ENOREPLY"); /* ignored: handled, without a reply */
    assert_int_equal(s->letters[AIRT_LETTER_UNHANDLED], 0);
    airt_tell(s->system, d, turn, .to = 2);
    sim_do(s, a, asks_door, &d.ref);
    airt_tell(s->system, d, num, .n = 6);
    sim_settle(s);
    ASSERT_SAID(s, "a=EKIND");
    assert_int_equal(s->letters[AIRT_LETTER_UNHANDLED], 2);
    airt_tell(s->system, d, turn, .to = 9); /* fails: the hooks of its birth still count, and it is born again */
    sim_settle(s);
    ASSERT_SAID(s, "start");
    airt_tell(s->system, d, num, .n = 7);
    sim_settle(s);
    airt_tell(s->system, d, turn, .to = 2);
    sim_settle(s);
    ASSERT_OK(airt_stop(s->system, d.ref, NULL));
    sim_settle(s);
    ASSERT_SAID(s, "stopping");
    assert_int_equal(s->letters[AIRT_LETTER_STOPPED], 1); /* in the stash */
}
static void a_machine_has_states(void **state)
{
    (void)state;
    sim_each(door_body, NULL);
}

static void stash_bound_body(sim *s)
{
    airt_spawn_options o = { .start = AIRT_START(door, .verdict = AIRT_RESUME), .stash_max = 2 };
    door_ref           d = { 0 };

    ASSERT_OK(airt_spawn(s->system, door, &d, &o));
    for (uint64_t n = 1; n <= 3; n++)
        airt_tell(s->system, d, num, .n = n);
    sim_settle(s);
    assert_int_equal(s->reports[AIRT_REPORT_FAILED], 1); /* the rule failed: AIRT_ELIMIT */
    assert_int_equal(s->letters[AIRT_LETTER_FAULT], 1);
    airt_tell(s->system, d, turn, .to = 1);
    sim_settle(s);
    ASSERT_SAID(s, "start 1 2");
}
static void the_stash_is_bounded(void **state)
{
    (void)state;
    sim_each(stash_bound_body, NULL);
}

/* --- in hand ------------------------------------------------------------------------------------------------------ */

static airt_status keeps(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_msg *again = NULL;

    (void)argument;
    AIRT_CHECK_EQ(airt_keep(ctx, &self->kept[self->count]), AIRT_OK);
    AIRT_CHECK_EQ(airt_keep(ctx, &again), AIRT_EINVAL);
    AIRT_CHECK_EQ(airt_stash(ctx), AIRT_EINVAL);
    self->count++;
    return AIRT_OK;
}
static airt_status nums(airt_ctx *ctx, struct puppet *self, void *argument)
{
    sim_say("%c:%c%d", self->tag, sim_letter(airt_sender(ctx)), (int)(intptr_t)argument);
    return AIRT_OK;
}
static airt_status sends_kept(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref *to = argument;
    airt_msg *built = NULL;

    AIRT_CHECK_EQ(airt_send(ctx, AIRT_NONE, &self->kept[0]), AIRT_EDEAD);
    AIRT_CHECK(self->kept[0] != NULL && "still the caller's");
    AIRT_CHECK_EQ(airt_send(ctx, *to, &self->kept[0]), AIRT_OK);
    AIRT_CHECK(self->kept[0] == NULL);
    AIRT_CHECK_EQ(airt_send(ctx, *to, &self->kept[0]), AIRT_ENOMEM);
    airt_drop(&self->kept[0]); /* harmless */
    airt_drop(&self->kept[1]);
    AIRT_CHECK_EQ(airt_msg_new(ctx, &built, num, .n = 3), AIRT_OK);
    AIRT_CHECK_EQ(airt_send(ctx, *to, &built), AIRT_OK);
    AIRT_CHECK_EQ(airt_msg_new(ctx, &built, num, .n = 4), AIRT_OK);
    airt_drop(&built);
    return AIRT_OK;
}
/* The act itself travels: at b it runs nums. */
static airt_status keeps_or_says(airt_ctx *ctx, struct puppet *self, void *argument)
{
    return self->tag == 'a' ? keeps(ctx, self, argument) : nums(ctx, self, argument);
}
static airt_status forwards_or_says(airt_ctx *ctx, struct puppet *self, void *argument)
{
    if (self->tag != 'a')
        return nums(ctx, self, argument);
    AIRT_CHECK_EQ(airt_forward_any(ctx, self->self, num), AIRT_EINVAL); /* of another kind */
    AIRT_CHECK_EQ(airt_forward_any(ctx, *(airt_ref *)argument, act), AIRT_OK);
    AIRT_CHECK_EQ(airt_forward_any(ctx, *(airt_ref *)argument, act), AIRT_EINVAL);
    AIRT_CHECK_EQ(airt_keep(ctx, &self->kept[7]), AIRT_EINVAL);
    return AIRT_OK;
}
static airt_status hand_to(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref *to = argument; /* a, b */

    (void)self;
    (void)airt_tell_any(ctx, to[0], act, .run = keeps_or_says, .argument = (void *)1);
    (void)airt_tell_any(ctx, to[0], act, .run = keeps_or_says, .argument = (void *)2);
    return AIRT_OK;
}

static void hand_body(sim *s)
{
    airt_ref    r[3] = { sim_spawn(s, 'a'), sim_spawn(s, 'b'), sim_spawn(s, 'c') };
    sim_account before, after;

    sim_settle(s);
    s->size = 0;
    sim_do(s, r[2], hand_to, r);
    sim_settle(s);
    before = sim_account_of(s);
    assert_int_equal(before.queued, 2);
    sim_check_account(s);
    sim_do(s, r[0], sends_kept, &r[1]);
    sim_settle(s);
    ASSERT_SAID(s, "b:c1 b:3"); /* with the sender it had */
    after = sim_account_of(s);
    assert_int_equal(after.queued, 0);
    /* sends_kept, the kept one sent on, the built one: accepted; handled are these, and the two that were kept. */
    assert_int_equal(after.accepted - before.accepted, 3);
    assert_int_equal(after.handled - before.handled, 5);
    sim_do(s, r[0], forwards_or_says, &r[1]);
    sim_settle(s);
    after = sim_account_of(s);
    assert_int_equal(after.accepted - before.accepted, 5); /* accepted twice, handled twice */
    assert_int_equal(after.handled - before.handled, 7);
}
static void messages_in_hand(void **state)
{
    (void)state;
    sim_each(hand_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(a_machine_has_states),
        SIM_TEST(the_stash_is_bounded),
        SIM_TEST(messages_in_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
