/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Cycles of awaits are found when they form, by whoever closes them, and nothing else is taken for one. Random graphs are
 * compared with a model. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    NODES = 10,
    KEPT = 8
};

static airt_ref node[NODES];

static void cast(sim *s, int count)
{
    for (int i = 0; i < count; i++)
        node[i] = sim_spawn(s, (char)('a' + i));
    sim_begin(s);
}

static void say_end(airt_ctx *ctx, struct puppet *self, airt_status status)
{
    char   chain[16] = "";
    size_t count = status == AIRT_EDEADLK ? airt_last_failure(ctx)->chain_count : 0;

    for (size_t i = 0; i < count; i++)
        chain[i] = sim_letter(airt_last_failure(ctx)->chain[i]);
    sim_say("%c=%s%s%s", self->tag, airt_status_name(status) + 5, count > 0 ? "," : "", chain);
}

/* Keeps a request for good. */
static airt_status keeps(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    for (int i = 0; i < KEPT; i++)
        if (self->kept[i] == NULL)
            return airt_keep(ctx, &self->kept[i]);
    return AIRT_ELIMIT;
}
static airt_status replies_to_kept(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    return airt_reply_to(ctx, &self->kept[0], command, .n = 7);
}
static airt_status replies(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    return airt_reply(ctx, command, .n = 1);
}

/* Asks node `argument`, plainly. */
static airt_status asks(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_status status = sim_command(ctx, node[(size_t)(uintptr_t)argument], AIRT_SECONDS(10), replies, NULL, NULL);

    say_end(ctx, self, status);
    return AIRT_OK;
}
/* Serves by asking the next: a long chain of requests in work. */
static airt_status serves_by_asking(airt_ctx *ctx, struct puppet *self, void *argument)
{
    size_t      last = (size_t)(uintptr_t)argument;
    size_t      me = (size_t)(self->tag - 'a');
    size_t      next = me == last ? 0 : me + 1;
    airt_status status = sim_command(ctx, node[next], AIRT_SECONDS(10), serves_by_asking, argument, NULL);

    say_end(ctx, self, status);
    return airt_reply(ctx, command, .n = 1);
}
static airt_status starts_chain(airt_ctx *ctx, struct puppet *self, void *argument)
{
    say_end(ctx, self, sim_command(ctx, node[1], AIRT_SECONDS(10), serves_by_asking, argument, NULL));
    return AIRT_OK;
}

static void cycles_body(sim *s)
{
    cast(s, 10);
    sim_do(s, node[0], asks, (void *)0); /* itself */
    sim_settle(s);
    ASSERT_SAID(s, "a=EDEADLK,a");
    sim_do(s, node[0], starts_chain, (void *)1); /* two */
    sim_settle(s);
    ASSERT_SORTED(s, "b=EDEADLK,ba a=OK");
    sim_do(s, node[0], starts_chain, (void *)9); /* ten; the chain is cut after eight */
    sim_settle(s);
    ASSERT_SORTED(s, "j=EDEADLK,jabcdefg i=OK h=OK g=OK f=OK e=OK d=OK c=OK b=OK a=OK");
}
static void cycles_short_and_long(void **state)
{
    (void)state;
    sim_each(cycles_body, NULL);
}

/* --- through what moves a request --------------------------------------------------------------------------------- */

static airt_status forwards(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_status status;

    if (self->tag != 'b')
        return airt_reply(ctx, command, .n = 1);
    status = airt_forward_any(ctx, node[(size_t)(uintptr_t)argument], command);
    if (status != AIRT_OK)
        sim_say("b.%s", airt_status_name(status) + 5);
    return AIRT_OK;
}
static airt_status asks_forwarder(airt_ctx *ctx, struct puppet *self, void *argument)
{
    say_end(ctx, self, sim_command(ctx, node[1], AIRT_SECONDS(10), forwards, argument, NULL));
    return AIRT_OK;
}
static airt_status asks_keeper(airt_ctx *ctx, struct puppet *self, void *argument)
{
    say_end(ctx, self, sim_command(ctx, node[(size_t)(uintptr_t)argument], AIRT_SECONDS(10), keeps, NULL, NULL));
    return AIRT_OK;
}

static void moved_body(sim *s)
{
    cast(s, 4);
    sim_do(s, node[2], asks_keeper, (void *)0); /* c waits for a, who keeps that */
    sim_settle(s);
    ASSERT_SAID(s, "");
    sim_do(s, node[0], asks_forwarder, (void *)2); /* a asks b, who hands it to c: the move closes the cycle */
    sim_settle(s);
    ASSERT_SORTED(s, "b.EDEADLK a=EDEADLK,ac");
    sim_do(s, node[0], asks_forwarder, (void *)0); /* handed back to the asker itself */
    sim_settle(s);
    ASSERT_SORTED(s, "b.EDEADLK a=EDEADLK,a");
    sim_do(s, node[0], asks_forwarder, (void *)3);
    sim_settle(s);
    ASSERT_SAID(s, "a=OK");
    sim_do(s, node[0], asks, (void *)2); /* c still waits for a, who holds its request */
    sim_settle(s);
    ASSERT_SAID(s, "a=EDEADLK,ac");
    sim_do(s, node[0], replies_to_kept, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "c=OK");
}
static void a_move_may_close_a_cycle(void **state)
{
    (void)state;
    sim_each(moved_body, NULL);
}

/* --- no false alarm ----------------------------------------------------------------------------------------------- */

static airt_status replies_then_asks_back(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    AIRT_CHECK_EQ(airt_reply(ctx, command, .n = 1), AIRT_OK);
    say_end(ctx, self, sim_command(ctx, node[0], AIRT_SECONDS(10), replies, NULL, NULL));
    return AIRT_OK;
}
static airt_status asks_who_asks_back(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    say_end(ctx, self, sim_command(ctx, node[1], AIRT_SECONDS(10), replies_then_asks_back, NULL, NULL));
    return AIRT_OK;
}
static airt_status sleeps_and_tells(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    AIRT_CHECK_EQ(airt_sleep(ctx, AIRT_MS(5)), AIRT_OK);
    return airt_reply(ctx, command, .n = 1);
}
static airt_status asks_sleeper(airt_ctx *ctx, struct puppet *self, void *argument)
{
    say_end(ctx, self,
            sim_command(ctx, node[(size_t)(uintptr_t)argument], AIRT_SECONDS(10), sleeps_and_tells, NULL, NULL));
    return AIRT_OK;
}
static void no_alarm_body(sim *s)
{
    cast(s, 3);
    sim_do(s, node[0], asks_who_asks_back, NULL);
    sim_settle(s);
    ASSERT_SORTED(s, "a=OK b=OK");
    sim_do(s, node[0], asks_keeper, (void *)1); /* a deferred reply: b goes on meanwhile, and asks c */
    sim_settle(s);
    sim_do(s, node[1], asks, (void *)2);
    sim_settle(s);
    ASSERT_SAID(s, "b=OK");
    sim_do(s, node[1], replies_to_kept, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "a=OK");
    sim_do(s, node[0], asks_sleeper, (void *)1); /* a sleeper comes back by itself */
    sim_do(s, node[1], asks_sleeper, (void *)2);
    sim_run(s, 30);
    ASSERT_SORTED(s, "a=OK b=OK");
}
static void no_false_alarm(void **state)
{
    (void)state;
    sim_each(no_alarm_body, NULL);
}

/* --- random graphs ------------------------------------------------------------------------------------------------ */

typedef struct wait {
    bool waiting, any;
    int  count, to[3];
} wait;
static wait     model[NODES];
static bool     refused[NODES];
static uint64_t rng;

static uint64_t rnd(uint64_t below)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return (rng >> 11) % below;
}

/* Who can go on by itself, and whom that lets go on: the least fixed point. */
static bool goes_on(int who)
{
    bool free[NODES];
    bool more = true;

    for (int i = 0; i < NODES; i++)
        free[i] = !model[i].waiting;
    while (more) {
        more = false;
        for (int i = 0; i < NODES; i++) {
            int free_count = 0;

            for (int k = 0; k < model[i].count; k++)
                free_count += free[model[i].to[k]];
            if (!free[i] && (model[i].any ? free_count > 0 : free_count == model[i].count))
                free[i] = more = true;
        }
    }
    return free[who];
}

static airt_status waits(airt_ctx *ctx, struct puppet *self, void *argument)
{
    wait        *w = argument;
    command_call calls[3];
    airt_call   *all[3];
    size_t       index;
    airt_status  status;

    for (int k = 0; k < w->count; k++) {
        calls[k] =
            airt_ask_begin_any(ctx, node[w->to[k]], AIRT_SECONDS(100), command, .run = (uint64_t)(uintptr_t)keeps);
        all[k] = &calls[k].call;
    }
    status = w->any ? airt_await_any(ctx, AIRT_SECONDS(100), all, (size_t)w->count, &index)
                    : airt_await_all(ctx, AIRT_SECONDS(100), all, (size_t)w->count);
    refused[self->tag - 'a'] = status == AIRT_EDEADLK;
    return AIRT_OK;
}

static void graph_body(sim *s)
{
    rng = s->options.seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    memset(model, 0, sizeof model);
    memset(refused, 0, sizeof refused);
    cast(s, NODES);
    for (int turns = 0; turns < 3 * NODES; turns++) {
        int  who = (int)rnd(NODES);
        wait w = { .waiting = true, .any = rnd(2) == 0, .count = 1 + (int)rnd(3) };
        bool hopeless;

        if (model[who].waiting)
            continue;
        for (int k = 0; k < w.count; k++)
            w.to[k] = (int)rnd(NODES);
        model[who] = w;
        hopeless = !goes_on(who);
        refused[who] = false;
        sim_do(s, node[who], waits, &model[who]);
        sim_settle(s);
        if (refused[who] != hopeless && s->options.fault == NULL)
            (void)fprintf(stderr, "node %d: refused %d, hopeless %d\n", who, refused[who], hopeless);
        assert_int_equal(refused[who], hopeless);
        if (hopeless)
            model[who].waiting = false;
    }
}
static void random_graphs_agree_with_the_model(void **state)
{
    (void)state;
    sim_each(graph_body, NULL);
}

/* --- a ring that is not one's own --------------------------------------------------------------------------------- */

/* b closes a ring with c, and is about to find that out. */
static airt_status about_to_close(airt_ctx *ctx, struct puppet *self, void *argument)
{
    command_call call = airt_ask_begin_any(ctx, node[2], AIRT_SECONDS(10), command, .run = (uint64_t)(uintptr_t)keeps);

    sim_announce_wait(ctx, call.call);
    (void)sim_stays(ctx, self, argument);
    sim_announce_wait(ctx, (airt_call){ 0 });
    return airt_reply_to(ctx, &self->kept[0], command, .n = 7);
}
static void lasso_body(sim *s)
{
    struct sim_stay stay = { 0 };

    cast(s, 4);
    sim_do(s, node[2], asks_keeper, (void *)1);
    sim_settle(s);
    sim_do(s, node[1], about_to_close, &stay);
    sim_until(s, &stay.inside);
    sim_do(s, node[0], asks, (void *)1); /* neither is in the ring */
    sim_do(s, node[3], asks, (void *)2);
    for (int i = 0; i < 1000 && !stay.left; i++)
        (void)airt_sim_step(s->world);
    assert_int_equal(s->letters[AIRT_LETTER_DEADLOCK], 0);
    ASSERT_SAID(s, "");
    stay.open = true;
    sim_settle(s);
    ASSERT_SORTED(s, "a=OK c=OK d=OK");
}
static void a_ring_is_told_to_none_but_who_closes_it(void **state)
{
    (void)state;
    sim_each(lasso_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(cycles_short_and_long),
        SIM_TEST(a_move_may_close_a_cycle),
        SIM_TEST(no_false_alarm),
        SIM_TEST(a_ring_is_told_to_none_but_who_closes_it),
        SIM_TEST(random_graphs_agree_with_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
