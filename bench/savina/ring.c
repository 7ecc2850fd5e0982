/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a hop cost when one token goes round many actors, few enough for the caches and too many for them? */
#include "harness.h"

#include <stdlib.h>

struct ring_token {
    uint64_t left; /* hops still to come */
};
AIRT_KIND(ring_token, left)

struct ring_join {
    bench_run      *run;
    ring_token_sink next;
    uint64_t        first; /* hops, for who sends the token off; 0: not this one */
};
AIRT_LOCAL_KIND(ring_join, ring_join_drop)

#define ring_ACCEPTS(KIND) KIND(ring_join) KIND(ring_token)
AIRT_PROTOCOL(ring)

struct ring {
    bench_run      *run;
    ring_token_sink next;
};

void ring_join_drop(struct ring_join *body)
{
    (void)body;
}

AIRT_ON(ring, ring_join)
{
    self->run = msg->run;
    self->next = msg->next;
    if (msg->first == 0)
        return AIRT_OK;
    bench_start(self->run);
    return airt_tell(ctx, self->next, ring_token, .left = msg->first - 1);
}

AIRT_ON(ring, ring_token)
{
    if (msg->left > 0)
        return airt_tell(ctx, self->next, ring_token, .left = msg->left - 1);
    bench_event(self->run);
    return AIRT_OK;
}

#define ring_HANDLES(ON, A) ON(A, ring_join) ON(A, ring_token)
AIRT_BEHAVIOR(ring)

/* Everybody but the first has joined before the token sets off. */
static bool ring_join(bench_run *run, airt_system *system, const ring_ref *actor)
{
    for (uint32_t i = 1; i < run->actors; i++)
        if (!bench_status(run, "join",
                          bench_tell(run, system, actor[i], ring_join, .run = run,
                                     .next = airt_sink(ring_token, actor[(i + 1) % run->actors]))))
            return false;
    return bench_status(run, "quiescence", airt_system_quiesce(system, AIRT_SECONDS(BENCH_SECONDS_MAX)));
}

static bool ring_go_round(bench_run *run, airt_system *system, ring_ref *actor)
{
    for (uint32_t i = 0; i < run->actors; i++)
        if (!bench_status(run, "spawn", airt_spawn(system, ring, &actor[i], NULL)))
            return false;
    if (!ring_join(run, system, actor))
        return false;
    bench_expect(run, 1);
    bench_tell(run, system, actor[0], ring_join, .run = run, .next = airt_sink(ring_token, actor[1 % run->actors]),
               .first = run->count);
    if (!bench_wait(run) || !bench_status(run, "quiescence", airt_system_quiesce(system, AIRT_SECONDS(1))))
        return false;
    run->found.value[0] = bench_ns_each(run, run->count);
    for (uint32_t i = 0; i < run->actors; i++)
        run->found.check += bench_handled(run, system, actor[i].ref) - 1;
    return bench_equal(run, "hops", run->found.check, run->count);
}

static void ring_run(bench_run *run)
{
    airt_system *system = bench_open(run);
    ring_ref    *actor = calloc(run->actors, sizeof *actor);

    if (actor == NULL)
        (void)bench_fail(run, "no memory");
    else if (system != NULL)
        (void)ring_go_round(run, system, actor);
    free(actor);
    bench_close(run, &system);
}

const bench_workload bench_ring100 = {
    .name = "ring100",
    .what = "one token round 100 actors (--actors); --count hops, 200 times Savina's size",
    .figure = { { "ring100", "ns/hop" } },
    .count = 20000000,
    .small = 1000,
    .actors = 100,
    .small_actors = 100,
    .run = ring_run,
};

const bench_workload bench_ring10k = {
    .name = "ring10k",
    .what = "one token round 10,000 actors (--actors); --count hops",
    .figure = { { "ring10k", "ns/hop" } },
    .count = 2000000,
    .small = 20000,
    .actors = 10000,
    .small_actors = 1000,
    .run = ring_run,
};
