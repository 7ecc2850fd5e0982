/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Many messages from one handler to the actor that its worker runs next, which go straight into its lanes: their order among
 * others, the bound, what is read of the box meanwhile, and its end. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    SENDERS = 4,
    ROUNDS = 30,
    EACH = 50, /* a round */
    ROOM = 64
};

static const airt_send_options  plain = { .priority = AIRT_NORMAL }, urgent = { .priority = AIRT_CRITICAL };
static const airt_spawn_options unbounded = { .mailbox = { .max = AIRT_UNBOUNDED } };

/* --- order -------------------------------------------------------------------------------------------------------- */

static struct {
    airt_ref to;
    uint64_t expected[SENDERS]; /* the next of each */
    uint32_t near, fetched, urgent, handled;
    bool     wrong;
} order;

static airt_status tells(airt_ctx *ctx, struct act body, const airt_send_options *options)
{
    return airt_tell_body(AIRI_FROM(ctx), order.to, &act_kind, &body, options);
}

static airt_status takes(airt_ctx *ctx, struct puppet *self, void *argument)
{
    uint64_t n = (uint64_t)(uintptr_t)argument;

    (void)ctx;
    (void)self;
    order.handled++;
    if (order.expected[n % SENDERS] != n / SENDERS)
        order.wrong = true;
    order.expected[n % SENDERS]++;
    return AIRT_OK;
}

static airt_status is_urgent(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    order.urgent++;
    return AIRT_OK;
}

/* The short way, the long way, and now and then something urgent: all between each other. */
static airt_status sends_many(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    for (int i = 0; i < EACH; i++) {
        uint64_t n = self->count++ * SENDERS + (uint64_t)(self->tag - 'a');
        bool     before = sim_is_first_in_ring(ctx, order.to);

        AIRT_TRY(tells(ctx, (struct act){ takes, (void *)(uintptr_t)n }, i % 7 == 6 ? &plain : NULL));
        order.fetched += before && sim_is_next(ctx, order.to);
        if (i % 11 == 10)
            AIRT_TRY(tells(ctx, (struct act){ is_urgent, NULL }, &urgent));
        order.near += sim_has_places(ctx, order.to);
    }
    return self->count < ROUNDS * EACH ? airt_tell_any(ctx, airt_self(ctx), act, .run = sends_many) : AIRT_OK;
}

static void order_in(sim *s, const airt_spawn_options *box)
{
    memset(order.expected, 0, sizeof order.expected);
    order.handled = order.urgent = 0;
    order.to = sim_spawn_with(s, 'r', NULL, box);
    for (int i = 0; i < SENDERS; i++)
        sim_do(s, sim_spawn(s, (char)('a' + i)), sends_many, NULL);
    sim_settle(s);
    assert_false(order.wrong);
    assert_int_equal(order.handled, SENDERS * ROUNDS * EACH);
    assert_int_equal(order.urgent, SENDERS * ROUNDS * (EACH / 11));
    assert_int_equal(sim_queued(s, order.to), 0);
    assert_int_equal(sim_places_taken(s, order.to), 0);
}

static void order_body(sim *s)
{
    order_in(s, &unbounded);
    order_in(s, &(airt_spawn_options){ .mailbox = { .max = 1024, .overflow = AIRT_WAIT, .wait_ms = 60000 } });
    order_in(s, &(airt_spawn_options){ .mailbox = { .max = ROOM, .overflow = AIRT_WAIT, .wait_ms = 60000 } });
}
static void each_senders_order_is_kept(void **state)
{
    (void)state;
    memset(&order, 0, sizeof order);
    sim_each(order_body, NULL);
    assert_true(order.near > 0 && order.fetched > 0); /* or it was about something else */
}

/* --- readings and the bound --------------------------------------------------------------------------------------- */

static airt_ref box;
static uint32_t near_ones;

static airt_status fills(airt_ctx *ctx, struct puppet *self, void *argument)
{
    const airt_send_options at_once = { .wait = AIRT_NO_WAIT };
    airt_actor_info         info;

    (void)self;
    (void)argument;
    for (uint32_t i = 0; i < ROOM; i++) {
        ASSERT_OK(sim_num_with(AIRI_FROM(ctx), box, i, NULL));
        ASSERT_OK(airt_info(ctx, box, &info));
        assert_int_equal(info.queued, i + 1);
        near_ones += sim_has_places(ctx, box);
    }
    assert_int_equal(sim_num_with(AIRI_FROM(ctx), box, 0, &at_once), AIRT_EFULL);
    return AIRT_OK;
}

static void bound_body(sim *s)
{
    box = sim_spawn_with(s, 'r', NULL, &(airt_spawn_options){ .mailbox = { .max = ROOM, .overflow = AIRT_WAIT } });
    sim_do(s, sim_spawn(s, 'a'), fills, NULL);
    sim_settle(s);
    sim_forget(s);
    assert_int_equal(sim_places_taken(s, box), 0);
}
static void the_bound_and_readings_are_exact(void **state)
{
    (void)state;
    near_ones = 0;
    sim_each(bound_body, &(airt_system_options){ .workers = 1 });
    assert_true(near_ones > 0);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static airt_status sends_and_ends(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    for (uint32_t i = 0; i < EACH; i++)
        ASSERT_OK(sim_num_with(AIRI_FROM(ctx), box, i, NULL));
    near_ones += sim_has_places(ctx, box);
    return argument != NULL ? airt_kill(ctx, box, NULL) : airt_stop(ctx, box, NULL);
}

static void end_body(sim *s)
{
    for (intptr_t kill = 0; kill < 2; kill++) {
        memset(s->letters, 0, sizeof s->letters);
        box = sim_spawn_with(s, 'r', NULL, &unbounded);
        sim_do(s, sim_spawn(s, 'a'), sends_and_ends, (void *)kill);
        sim_settle(s);
        sim_forget(s);
        assert_int_equal(s->letters[AIRT_LETTER_STOPPED], EACH);
        assert_int_equal(sim_places_taken(s, box), 0);
    }
}
static void what_waits_at_the_end_is_dead(void **state)
{
    (void)state;
    near_ones = 0;
    sim_each(end_body, &(airt_system_options){ .workers = 1 });
    assert_true(near_ones > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(each_senders_order_is_kept),
        SIM_TEST(the_bound_and_readings_are_exact),
        SIM_TEST(what_waits_at_the_end_is_dead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
