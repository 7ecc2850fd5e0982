/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a meeting cost when one actor is the bottleneck? A hundred chameneos meet two by two at a mall and take
 * the third colour when their colours differ. Four messages a meeting. */
#include "harness.h"

AIRT_SIGNAL(chameneos_fade)
struct chameneos_met {
    uint32_t colour; /* the other one's */
};
AIRT_KIND(chameneos_met, colour)

typedef struct chameneos_town chameneos_town;
struct chameneos_go {
    chameneos_town *town;
};
AIRT_LOCAL_KIND(chameneos_go, chameneos_go_drop)

#define chameneos_creature_ACCEPTS(KIND) KIND(chameneos_go) KIND(chameneos_met) KIND(chameneos_fade)
AIRT_PROTOCOL(chameneos_creature)
AIRT_ACTOR(chameneos_creature)

struct chameneos_meet {
    uint32_t               colour;
    chameneos_creature_ref who;
};
AIRT_KIND(chameneos_meet, colour, REF(who))

#define chameneos_mall_ACCEPTS(KIND) KIND(chameneos_go) KIND(chameneos_meet)
AIRT_PROTOCOL(chameneos_mall)

struct chameneos_town {
    bench_run         *run;
    chameneos_mall_ref mall;
    _Atomic uint64_t   born;
    _Atomic uint64_t   met; /* counted by the creatures that have faded */
};

/* --- the mall ----------------------------------------------------------------------------------------------------- */

struct chameneos_mall {
    uint64_t              left; /* meetings */
    struct chameneos_meet waiting;
    bool                  waits;
};

void chameneos_go_drop(struct chameneos_go *body)
{
    (void)body;
}

AIRT_ON(chameneos_mall, chameneos_go)
{
    bench_run *run = msg->town->run;

    self->left = run->count;
    bench_start(run);
    for (uint32_t i = 0; i < run->actors; i++) {
        chameneos_creature_ref creature;

        AIRT_TRY(airt_spawn(ctx, chameneos_creature, &creature, NULL));
        AIRT_TRY(airt_tell(ctx, creature, chameneos_go, .town = msg->town));
    }
    return AIRT_OK;
}

AIRT_ON(chameneos_mall, chameneos_meet)
{
    if (self->left == 0)
        return airt_tell(ctx, msg->who, chameneos_fade);
    self->waits = !self->waits;
    if (self->waits) {
        self->waiting = *msg;
        return AIRT_OK;
    }
    self->left--;
    AIRT_TRY(airt_tell(ctx, self->waiting.who, chameneos_met, .colour = msg->colour));
    return airt_tell(ctx, msg->who, chameneos_met, .colour = self->waiting.colour);
}

#define chameneos_mall_HANDLES(ON, A) ON(A, chameneos_go) ON(A, chameneos_meet)
AIRT_BEHAVIOR(chameneos_mall)

/* --- a creature --------------------------------------------------------------------------------------------------- */

struct chameneos_creature {
    chameneos_town        *town;
    chameneos_creature_ref me;
    uint32_t               colour;
    uint64_t               met;
};

static airt_status go_to_mall(struct chameneos_creature *self, airt_ctx *ctx)
{
    return airt_tell(ctx, self->town->mall, chameneos_meet, .colour = self->colour, .who = self->me);
}

AIRT_ON(chameneos_creature, chameneos_go)
{
    self->town = msg->town;
    self->me.ref = airt_self(ctx);
    self->colour = (uint32_t)(atomic_fetch_add(&self->town->born, 1) % 3);
    return go_to_mall(self, ctx);
}

AIRT_ON(chameneos_creature, chameneos_met)
{
    self->met++;
    if (msg->colour != self->colour)
        self->colour = 3 - self->colour - msg->colour;
    return go_to_mall(self, ctx);
}

AIRT_ON(chameneos_creature, chameneos_fade)
{
    atomic_fetch_add(&self->town->met, self->met);
    bench_event(self->town->run);
    return AIRT_STOP;
}

#define chameneos_creature_HANDLES(ON, A) ON(A, chameneos_go) ON(A, chameneos_met) ON(A, chameneos_fade)
AIRT_BEHAVIOR(chameneos_creature)

/* --- the run ------------------------------------------------------------------------------------------------------ */

static void chameneos_run(bench_run *run)
{
    airt_system             *system = bench_open(run);
    chameneos_town           town = { .run = run };
    const airt_spawn_options options = { .mailbox.max = run->actors + 1 };

    if (system == NULL)
        return;
    bench_expect(run, run->actors);
    if (bench_status(run, "spawn", airt_spawn(system, chameneos_mall, &town.mall, &options))) {
        airt_tell(system, town.mall, chameneos_go, .town = &town);
        if (bench_wait(run)) {
            run->found.value[0] = bench_ns_each(run, run->count);
            run->found.check = atomic_load(&town.met);
            (void)bench_equal(run, "meetings counted by both", run->found.check, run->count * 2);
        }
    }
    bench_close(run, &system);
}

const bench_workload bench_chameneos = {
    .name = "chameneos",
    .what = "100 creatures (--actors) meet two by two at one mall; --count meetings, each four messages; 20 times "
            "Savina's\n"
            "size",
    .figure = { { "chameneos", "ns/meeting" } },
    .count = 4000000,
    .small = 1000,
    .actors = 100,
    .small_actors = 10,
    .run = chameneos_run,
};
