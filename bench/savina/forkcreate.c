/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does an actor cost that lives for one message? A creator keeps a thousand alive: each computes a little, tells
 * its result and dies, and for each result there is a next one. That is as many results as the creator's box holds. */
#include "harness.h"

enum {
    WORK_ROUNDS = 10
};

struct forkcreate_result {
    uint64_t value;
};
AIRT_KIND(forkcreate_result, value)
struct forkcreate_job {
    uint64_t               number;
    forkcreate_result_sink creator;
};
AIRT_KIND(forkcreate_job, number, REF(creator))
AIRT_SIGNAL(forkcreate_get)
struct forkcreate_sum {
    uint64_t results;
    uint64_t sum;
};
AIRT_KIND(forkcreate_sum, results, sum)
AIRT_ANSWER(forkcreate_get, forkcreate_sum)

#define forkcreate_child_ACCEPTS(KIND) KIND(forkcreate_job)
AIRT_PROTOCOL(forkcreate_child)
#define forkcreate_creator_ACCEPTS(KIND) KIND(bench_go) KIND(forkcreate_result) KIND(forkcreate_get)
AIRT_PROTOCOL(forkcreate_creator)

/* --- a child ------------------------------------------------------------------------------------------------------ */

struct forkcreate_child {
    char nothing;
};

AIRT_ON(forkcreate_child, forkcreate_job)
{
    AIRT_TRY(airt_tell(ctx, msg->creator, forkcreate_result, .value = bench_work(msg->number, WORK_ROUNDS)));
    return AIRT_STOP;
}

#define forkcreate_child_HANDLES(ON, A) ON(A, forkcreate_job)
AIRT_BEHAVIOR(forkcreate_child)

/* --- the creator -------------------------------------------------------------------------------------------------- */

struct forkcreate_creator {
    bench_run             *run;
    forkcreate_result_sink me;
    uint64_t               created;
    struct forkcreate_sum  total;
};

static airt_status create_next(struct forkcreate_creator *self, airt_ctx *ctx)
{
    forkcreate_child_ref child = { 0 };

    AIRT_TRY(airt_spawn(ctx, forkcreate_child, &child, NULL));
    return airt_tell(ctx, child, forkcreate_job, .number = self->created++, .creator = self->me);
}

AIRT_ON(forkcreate_creator, bench_go)
{
    self->run = msg->run;
    self->me.ref = airt_self(ctx);
    bench_start(self->run);
    for (uint32_t i = 0; i < self->run->actors && self->created < self->run->count; i++)
        AIRT_TRY(create_next(self, ctx));
    return AIRT_OK;
}

AIRT_ON(forkcreate_creator, forkcreate_result)
{
    self->total.results++;
    self->total.sum += msg->value;
    if (self->created < self->run->count)
        return create_next(self, ctx);
    if (self->total.results == self->run->count)
        bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(forkcreate_creator, forkcreate_get)
{
    return airt_reply(ctx, forkcreate_get, .results = self->total.results, .sum = self->total.sum);
}

#define forkcreate_creator_HANDLES(ON, A) ON(A, bench_go) ON(A, forkcreate_result) ON(A, forkcreate_get)
AIRT_BEHAVIOR(forkcreate_creator)

/* --- the run ------------------------------------------------------------------------------------------------------ */

static void check_sum(bench_run *run, airt_system *system, forkcreate_creator_ref creator)
{
    uint64_t              sum = 0;
    forkcreate_get_answer answer = { 0 };

    if (!bench_status(run, "ask", airt_ask(system, creator, &answer, AIRT_SECONDS(60), forkcreate_get)))
        return;
    for (uint64_t i = 0; i < run->count; i++)
        sum += bench_work(i, WORK_ROUNDS);
    (void)bench_equal(run, "results", answer.results, run->count);
    (void)bench_equal(run, "sum", answer.sum, sum);
}

static void check_deaths(bench_run *run, airt_system *system)
{
    airt_system_stats stats;

    if (!bench_status(run, "quiescence", airt_system_quiesce(system, AIRT_SECONDS(60))))
        return;
    airt_system_stats_get(system, &stats);
    run->found.check = stats.stopped;
    (void)bench_equal(run, "deaths", stats.stopped, run->count);
}

static void forkcreate_run(bench_run *run)
{
    const airt_spawn_options options = { .mailbox.max = run->actors + 2 };
    airt_system             *system = bench_open(run);
    forkcreate_creator_ref   creator = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (bench_status(run, "spawn", airt_spawn(system, forkcreate_creator, &creator, &options))) {
        airt_tell(system, creator, bench_go, .run = run);
        if (bench_wait(run)) {
            run->found.value[0] = bench_ns_each(run, run->count);
            check_sum(run, system, creator);
            check_deaths(run, system);
        }
    }
    bench_close(run, &system);
}

const bench_workload bench_forkcreate = {
    .name = "forkcreate",
    .what = "actors that handle one message and die, 1,000 alive at a time (--actors); --count in all, 125 times\n"
            "Savina's size",
    .figure = { { "forkcreate", "ns/actor" } },
    .count = 5000000,
    .small = 2000,
    .actors = 1000,
    .small_actors = 100,
    .run = forkcreate_run,
};
