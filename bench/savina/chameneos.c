/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a meeting cost when one actor is the bottleneck? A hundred chameneos meet two by two at a mall and take
 * the third colour when their colours differ. Four messages a meeting. */
#include "harness.h"

struct chameneos_met {
    uint32_t colour; /* the other one's */
};
AIRT_KIND(chameneos_met, colour)
AIRT_SIGNAL(chameneos_fade)

#define chameneos_creature_ACCEPTS(KIND) KIND(chameneos_met) KIND(chameneos_fade)
AIRT_PROTOCOL(chameneos_creature)
AIRT_ACTOR(chameneos_creature)

struct chameneos_meet {
    uint32_t               colour;
    chameneos_creature_ref who;
};
AIRT_KIND(chameneos_meet, colour, REF(who))
struct chameneos_faded {
    uint64_t met; /* times */
};
AIRT_KIND(chameneos_faded, met)
AIRT_SIGNAL(chameneos_count_get)
struct chameneos_count {
    uint64_t met; /* counted by the creatures */
};
AIRT_KIND(chameneos_count, met)
AIRT_ANSWER(chameneos_count_get, chameneos_count)

#define chameneos_mall_ACCEPTS(KIND) KIND(bench_go) KIND(chameneos_meet) KIND(chameneos_faded) KIND(chameneos_count_get)
AIRT_PROTOCOL(chameneos_mall)

struct chameneos_creature_start {
    chameneos_mall_ref mall;
    uint32_t           colour;
};
AIRT_KIND(chameneos_creature_start, REF(mall), colour)

/* --- the mall ----------------------------------------------------------------------------------------------------- */

struct chameneos_mall {
    bench_run            *run;
    uint64_t              left; /* meetings */
    struct chameneos_meet waiting;
    bool                  waits;
    uint32_t              creatures; /* that have not faded */
    uint64_t              met;       /* counted by those that have */
};

AIRT_ON(chameneos_mall, bench_go)
{
    const chameneos_mall_ref me = { .ref = airt_self(ctx) };

    self->run = msg->run;
    self->left = msg->run->count;
    bench_start(self->run);
    for (; self->creatures < self->run->actors; self->creatures++) {
        const airt_spawn_options options = { .start = AIRT_START(chameneos_creature, .mall = me,
                                                                 .colour = self->creatures % 3) };
        chameneos_creature_ref   creature = { 0 };

        AIRT_TRY(airt_spawn(ctx, chameneos_creature, &creature, &options));
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

AIRT_ON(chameneos_mall, chameneos_faded)
{
    self->met += msg->met;
    if (--self->creatures == 0)
        bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(chameneos_mall, chameneos_count_get)
{
    return airt_reply(ctx, chameneos_count_get, .met = self->met);
}

#define chameneos_mall_HANDLES(ON, A)                                                                                  \
    ON(A, bench_go) ON(A, chameneos_meet) ON(A, chameneos_faded) ON(A, chameneos_count_get)
AIRT_BEHAVIOR(chameneos_mall)

/* --- a creature --------------------------------------------------------------------------------------------------- */

struct chameneos_creature {
    chameneos_mall_ref     mall;
    chameneos_creature_ref me;
    uint32_t               colour;
    uint64_t               met;
};

static airt_status go_to_mall(struct chameneos_creature *self, airt_ctx *ctx)
{
    return airt_tell(ctx, self->mall, chameneos_meet, .colour = self->colour, .who = self->me);
}

AIRT_ON(chameneos_creature, chameneos_creature_start)
{
    self->mall = msg->mall;
    self->colour = msg->colour;
    self->me.ref = airt_self(ctx);
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
    AIRT_TRY(airt_tell(ctx, self->mall, chameneos_faded, .met = self->met));
    return AIRT_STOP;
}

#define chameneos_creature_HANDLES(ON, A) ON(A, chameneos_creature_start) ON(A, chameneos_met) ON(A, chameneos_fade)
AIRT_BEHAVIOR(chameneos_creature)

/* --- the run ------------------------------------------------------------------------------------------------------ */

static void meet(bench_run *run, airt_system *system)
{
    const airt_spawn_options   options = { .mailbox.max = run->actors + 1 }; /* a creature waits for each answer */
    chameneos_mall_ref         mall = { 0 };
    chameneos_count_get_answer count = { 0 };

    if (!bench_status(run, "spawn", airt_spawn(system, chameneos_mall, &mall, &options)))
        return;
    bench_expect(run, 1);
    bench_tell(run, system, mall, bench_go, .run = run);
    if (!bench_wait(run) ||
        !bench_status(run, "ask", airt_ask(system, mall, &count, AIRT_SECONDS(60), chameneos_count_get)))
        return;
    run->found.value[0] = bench_ns_each(run, run->count);
    run->found.check = count.met;
    (void)bench_equal(run, "meetings counted by both", count.met, run->count * 2);
}

static void chameneos_run(bench_run *run)
{
    airt_system *system = bench_open(run);

    if (run->actors < 2)
        (void)bench_fail(run, "needs two creatures");
    else if (system != NULL)
        meet(run, system);
    bench_close(run, &system);
}

const bench_workload bench_chameneos = {
    .name = "chameneos",
    .what = "100 creatures (--actors) meet two by two at one mall; --count meetings, each four messages; 20 times\n"
            "Savina's size",
    .figure = { { "chameneos", "ns/meeting" } },
    .count = 4000000,
    .small = 1000,
    .actors = 100,
    .small_actors = 10,
    .run = chameneos_run,
};
