/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a message cost when everybody talks to everybody? Each actor pings another one chosen at random, and the
 * next when its pong has come. */
#include "harness.h"

#include <stdlib.h>

AIRT_SIGNAL(big_pong)
struct big_ping {
    big_pong_sink from;
};
AIRT_KIND(big_ping, REF(from))
AIRT_SIGNAL(big_get)
struct big_total {
    uint64_t total; /* pings and pongs handled */
};
AIRT_KIND(big_total, total)
AIRT_ANSWER(big_get, big_total)

typedef struct big_table big_table;
struct big_go {
    big_table *table;
    uint32_t   index;
};
AIRT_LOCAL_KIND(big_go, big_go_drop)

#define big_ACCEPTS(KIND) KIND(big_go) KIND(big_ping) KIND(big_pong) KIND(big_get)
AIRT_PROTOCOL(big)

struct big_table { /* fixed while the run lasts */
    bench_run *run;
    big_ref   *actor;
};

struct big {
    const big_table *table;
    uint64_t         left; /* pongs still to come */
    uint64_t         total;
    uint64_t         random;
    uint32_t         index;
    big_pong_sink    me;
};

void big_go_drop(struct big_go *body)
{
    (void)body;
}

static airt_status ping_somebody(struct big *self, airt_ctx *ctx)
{
    uint32_t others = self->table->run->actors - 1;
    uint32_t index;

    self->random ^= self->random << 13;
    self->random ^= self->random >> 7;
    self->random ^= self->random << 17;
    index = (uint32_t)(self->random % others);
    if (index >= self->index)
        index++;
    return airt_tell(ctx, self->table->actor[index], big_ping, .from = self->me);
}

AIRT_ON(big, big_go)
{
    self->table = msg->table;
    self->index = msg->index;
    self->me = airt_sink(big_pong, msg->table->actor[msg->index]);
    self->left = msg->table->run->count;
    self->random = (msg->index + 1) * 0x9E3779B97F4A7C15u | 1;
    return ping_somebody(self, ctx);
}

AIRT_ON(big, big_ping)
{
    self->total++; /* perhaps before our own go */
    return airt_tell(ctx, msg->from, big_pong);
}

AIRT_ON(big, big_pong)
{
    self->total++;
    if (--self->left > 0)
        return ping_somebody(self, ctx);
    bench_event(self->table->run);
    return AIRT_OK;
}

AIRT_ON(big, big_get)
{
    return airt_reply(ctx, big_get, .total = self->total);
}

#define big_HANDLES(ON, A) ON(A, big_go) ON(A, big_ping) ON(A, big_pong) ON(A, big_get)
AIRT_BEHAVIOR(big)

static bool big_spawn(big_table *table, airt_system *system)
{
    bench_run *run = table->run;
    /* A box holds at most a ping from each other one, the pong, the go and the question at the end. */
    const airt_spawn_options options = { .mailbox.max = run->actors + 3 };

    for (uint32_t i = 0; i < run->actors; i++)
        if (!bench_status(run, "spawn", airt_spawn(system, big, &table->actor[i], &options)))
            return false;
    return true;
}

static void big_play(big_table *table, airt_system *system)
{
    bench_run *run = table->run;
    uint64_t   messages = 2 * run->count * run->actors;

    bench_expect(run, run->actors);
    bench_start(run);
    for (uint32_t i = 0; i < run->actors; i++)
        bench_tell(run, system, table->actor[i], big_go, .table = table, .index = i);
    if (!bench_wait(run))
        return;
    run->found.value[0] = bench_ns_each(run, messages);
    for (uint32_t i = 0; i < run->actors; i++) {
        big_get_answer answer = { 0 };

        if (!bench_status(run, "ask", airt_ask(system, table->actor[i], &answer, AIRT_SECONDS(1), big_get)))
            return;
        run->found.check += answer.total;
    }
    (void)bench_equal(run, "pings and pongs", run->found.check, messages);
}

static void big_run(bench_run *run)
{
    airt_system *system = bench_open(run);
    big_table    table = { run, calloc(run->actors, sizeof(big_ref)) };

    if (run->actors < 2 || table.actor == NULL)
        (void)bench_fail(run, run->actors < 2 ? "needs two actors" : "no memory");
    else if (system != NULL && big_spawn(&table, system))
        big_play(&table, system);
    bench_close(run, &system);
    free(table.actor);
}

const bench_workload bench_big = {
    .name = "big",
    .what = "120 actors (--actors), each pings another at random and waits for the pong; --count pings each, 3\n"
            "times Savina's size",
    .figure = { { "big", "ns/message" } },
    .count = 60000,
    .small = 50,
    .actors = 120,
    .small_actors = 20,
    .run = big_run,
};
