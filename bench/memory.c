/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does an idle actor weigh? Resident growth of a process per actor with 16 bytes of state that has handled one
 * message; and of one that has a name, a monitor and a link besides. Each in a process of its own. */
#include "harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum {
    TURN_SPAWNS = 1000,
    SETTLE_MS = 300
};

#define memory_idler_ACCEPTS(KIND) KIND(bench_go)
AIRT_PROTOCOL(memory_idler)
struct memory_idler {
    bench_run *run;
    uint64_t   handled;
};
_Static_assert(sizeof(struct memory_idler) == 16, "what the figure says");

AIRT_ON(memory_idler, bench_go)
{
    self->run = msg->run;
    self->handled++;
    bench_event(msg->run);
    return AIRT_OK;
}

#define memory_idler_HANDLES(ON, A) ON(A, bench_go)
AIRT_BEHAVIOR(memory_idler)

/* --- the parent: it watches and links the actors that are tied ---------------------------------------------------- */

struct memory_breed {
    bench_run *run;
    bool       tied;
};
AIRT_LOCAL_KIND(memory_breed, memory_breed_drop)
AIRT_SIGNAL(memory_more)
#define memory_parent_ACCEPTS(KIND) KIND(memory_breed) KIND(memory_more)
AIRT_PROTOCOL(memory_parent)
struct memory_parent {
    struct memory_breed job;
    uint32_t            born;
};

void memory_breed_drop(struct memory_breed *body)
{
    (void)body;
}

static airt_status breed_one(struct memory_parent *self, airt_ctx *ctx)
{
    memory_idler_ref   idler;
    char               name[24];
    airt_spawn_options options = { .monitor = self->job.tied, .link = self->job.tied };

    if (self->job.tied) {
        (void)snprintf(name, sizeof name, "actor-%" PRIu32, self->born);
        options.name = name;
    }
    self->born++;
    AIRT_TRY(airt_spawn(ctx, memory_idler, &idler, &options));
    return airt_tell(ctx, idler, bench_go, .run = self->job.run);
}

static airt_status breed(struct memory_parent *self, airt_ctx *ctx)
{
    for (int i = 0; i < TURN_SPAWNS && self->born < self->job.run->actors; i++)
        AIRT_TRY(breed_one(self, ctx));
    return self->born < self->job.run->actors ? airt_tell_any(ctx, airt_self(ctx), memory_more) : AIRT_OK;
}

AIRT_ON(memory_parent, memory_breed)
{
    self->job = *msg;
    return breed(self, ctx);
}

AIRT_ON(memory_parent, memory_more)
{
    return breed(self, ctx);
}

#define memory_parent_HANDLES(ON, A) ON(A, memory_breed) ON(A, memory_more)
AIRT_BEHAVIOR(memory_parent)

/* --- in the child process ----------------------------------------------------------------------------------------- */

static void weigh(bench_run *run, airt_system *system, memory_parent_ref parent, bool tied)
{
    const struct timespec settle = { .tv_nsec = SETTLE_MS * 1000000L };
    double                before = bench_resident_bytes();
    airt_system_stats     stats;

    bench_expect(run, run->actors);
    bench_tell(run, system, parent, memory_breed, .run = run, .tied = tied);
    if (!bench_wait(run))
        return;
    (void)nanosleep(&settle, NULL);
    run->found.value[0] = (bench_resident_bytes() - before) / (double)run->actors;
    airt_system_stats_get(system, &stats);
    run->found.check = stats.actors - 1;
    (void)bench_equal(run, "living actors", stats.actors, (uint64_t)run->actors + 1);
}

static void weigh_one(bench_run *run, bool tied)
{
    airt_system      *system = bench_open(run);
    memory_parent_ref parent = { 0 };

    if (system == NULL)
        return;
    if (bench_status(run, "spawn", airt_spawn(system, memory_parent, &parent, NULL)) &&
        bench_status(run, "quiescence", airt_system_quiesce(system, AIRT_SECONDS(1))))
        weigh(run, system, parent, tied);
    bench_close(run, &system);
}

static void weigh_plain(bench_run *run, int from_parent, int to_parent)
{
    (void)from_parent;
    (void)to_parent;
    weigh_one(run, false);
}

static void weigh_tied(bench_run *run, int from_parent, int to_parent)
{
    (void)from_parent;
    (void)to_parent;
    weigh_one(run, true);
}

static void memory_run(bench_run *run)
{
    bench_child child;
    double      plain;

    if (!bench_child_start(run, weigh_plain, &child))
        return;
    bench_child_end(run, &child);
    plain = run->found.value[0];
    if (run->found.failure[0] != '\0' || !bench_child_start(run, weigh_tied, &child))
        return;
    bench_child_end(run, &child);
    run->found.value[1] = run->found.value[0];
    run->found.value[0] = plain;
}

const bench_workload bench_memory = {
    .name = "memory",
    .what = "resident bytes per idle actor with 16 bytes of state after one message, among --actors;\n"
            "memory_tied: with a name, a monitor and a link",
    .figure = { { "memory", "bytes/actor" }, { "memory_tied", "bytes/actor" } },
    .actors = 1000000,
    .small_actors = 2000,
    .repeats = 3,
    .real_only = "it measures a process",
    .run = memory_run,
};
