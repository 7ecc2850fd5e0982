/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does an actor cost from birth to death? A spawner starts 1,000 a turn and tells each one thing; each handles it
 * and stops. `spawn` ends at the last message, `spawn_gone` when the last actor is gone. */
#include "harness.h"

enum {
    TURN_SPAWNS = 1000
};

#define spawn_child_ACCEPTS(KIND) KIND(bench_go)
AIRT_PROTOCOL(spawn_child)
struct spawn_child {
    char nothing;
};

AIRT_ON(spawn_child, bench_go)
{
    bench_event(msg->run);
    return AIRT_STOP;
}

#define spawn_child_HANDLES(ON, A) ON(A, bench_go)
AIRT_BEHAVIOR(spawn_child)

AIRT_SIGNAL(spawn_more)
#define spawn_parent_ACCEPTS(KIND) KIND(bench_go) KIND(spawn_more)
AIRT_PROTOCOL(spawn_parent)
struct spawn_parent {
    bench_run *run;
    uint64_t   left;
};

static airt_status spawn_turn(struct spawn_parent *self, airt_ctx *ctx)
{
    for (int i = 0; i < TURN_SPAWNS && self->left > 0; i++, self->left--) {
        spawn_child_ref child;

        AIRT_TRY(airt_spawn(ctx, spawn_child, &child, NULL));
        AIRT_TRY(airt_tell(ctx, child, bench_go, .run = self->run));
    }
    return self->left > 0 ? airt_tell_any(ctx, airt_self(ctx), spawn_more) : AIRT_STOP;
}

AIRT_ON(spawn_parent, bench_go)
{
    self->run = msg->run;
    self->left = msg->run->count;
    bench_start(msg->run);
    return spawn_turn(self, ctx);
}

AIRT_ON(spawn_parent, spawn_more)
{
    return spawn_turn(self, ctx);
}

#define spawn_parent_HANDLES(ON, A) ON(A, bench_go) ON(A, spawn_more)
AIRT_BEHAVIOR(spawn_parent)

static void spawn_measure(bench_run *run, airt_system *system, spawn_parent_ref parent)
{
    airt_system_stats stats;

    bench_expect(run, run->count);
    bench_tell(run, system, parent, bench_go, .run = run);
    if (!bench_wait(run))
        return;
    if (!bench_status(run, "quiescence", airt_system_quiesce(system, AIRT_SECONDS(BENCH_SECONDS_MAX))))
        return;
    run->found.value[0] = bench_ns_each(run, run->count);
    run->found.value[1] = (double)(bench_now_ns() - run->start_ns) / (double)run->count;
    airt_system_stats_get(system, &stats);
    run->found.check = stats.stopped - 1;
    (void)bench_equal(run, "actors stopped", stats.stopped, run->count + 1);
    (void)bench_equal(run, "actors left", stats.actors, 0);
}

static void spawn_run(bench_run *run)
{
    airt_system     *system = bench_open(run);
    spawn_parent_ref parent = { 0 };

    if (system == NULL)
        return;
    if (bench_status(run, "spawn", airt_spawn(system, spawn_parent, &parent, NULL)))
        spawn_measure(run, system, parent);
    bench_close(run, &system);
}

const bench_workload bench_spawn = {
    .name = "spawn",
    .what =
        "actors started 1,000 a turn, one message each, then their end; --count actors; spawn_gone: until the last\n"
        "one is gone",
    .figure = { { "spawn", "ns/actor" }, { "spawn_gone", "ns/actor" } },
    .count = 200000,
    .small = 3000,
    .run = spawn_run,
};
