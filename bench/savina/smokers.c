/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does it cost when an arbiter starts one of many at random? It picks a smoker and tells him how long to smoke; he
 * reports that he has begun, upon which the arbiter picks the next, and smokes: several may at a time. One order is
 * under way at a time, so no mailbox fills. */
#include "harness.h"

#include <stdlib.h>

enum {
    SMOKE_MAX = 1000 /* rounds of work */
};

struct smokers_smoke {
    uint64_t rounds;
};
AIRT_KIND(smokers_smoke, rounds)
AIRT_SIGNAL(smokers_begun)
AIRT_SIGNAL(smokers_tally_get)
struct smokers_tally {
    uint64_t times;
    uint64_t ash; /* what came of the work, one time after the other */
};
AIRT_KIND(smokers_tally, times, ash)
AIRT_ANSWER(smokers_tally_get, smokers_tally)

#define smokers_smoker_ACCEPTS(KIND) KIND(smokers_smoke) KIND(smokers_tally_get)
AIRT_PROTOCOL(smokers_smoker)
#define smokers_arbiter_ACCEPTS(KIND) KIND(bench_go) KIND(smokers_begun) KIND(smokers_tally_get)
AIRT_PROTOCOL(smokers_arbiter)

/* What the arbiter picks: a sequence that a replay can draw again. */
typedef struct pick {
    uint32_t who;
    uint64_t rounds;
} pick;

static pick pick_next(uint64_t *random, uint32_t smokers)
{
    uint32_t who = (uint32_t)(bench_random(random) % smokers);

    return (pick){ who, bench_random(random) % SMOKE_MAX + 1 };
}

/* --- a smoker ----------------------------------------------------------------------------------------------------- */

struct smokers_smoker_start {
    smokers_arbiter_ref arbiter;
};
AIRT_KIND(smokers_smoker_start, REF(arbiter))

struct smokers_smoker {
    smokers_arbiter_ref  arbiter;
    struct smokers_tally tally;
};

AIRT_ON(smokers_smoker, smokers_smoker_start)
{
    self->arbiter = msg->arbiter;
    return AIRT_OK;
}

AIRT_ON(smokers_smoker, smokers_smoke)
{
    AIRT_TRY(airt_tell(ctx, self->arbiter, smokers_begun));
    self->tally.times++;
    self->tally.ash = bench_work(self->tally.ash, msg->rounds);
    return AIRT_OK;
}

AIRT_ON(smokers_smoker, smokers_tally_get)
{
    return airt_reply(ctx, smokers_tally_get, .times = self->tally.times, .ash = self->tally.ash);
}

#define smokers_smoker_HANDLES(ON, A) ON(A, smokers_smoker_start) ON(A, smokers_smoke) ON(A, smokers_tally_get)
AIRT_BEHAVIOR(smokers_smoker)

/* --- the arbiter -------------------------------------------------------------------------------------------------- */

struct smokers_arbiter {
    bench_run           *run;
    smokers_smoker_ref  *smoker;
    uint64_t             random;
    uint64_t             left; /* rounds not begun */
    struct smokers_tally tally;
};

static airt_status start_one(struct smokers_arbiter *self, airt_ctx *ctx)
{
    const pick next = pick_next(&self->random, self->run->actors);

    self->left--;
    return airt_tell(ctx, self->smoker[next.who], smokers_smoke, .rounds = next.rounds);
}

/* Whose answer has come has smoked his last. */
static airt_status wait_for_all(struct smokers_arbiter *self, airt_ctx *ctx)
{
    for (uint32_t i = 0; i < self->run->actors; i++) {
        smokers_tally_get_answer answer = { 0 };

        AIRT_TRY(airt_ask(ctx, self->smoker[i], &answer, AIRT_FOREVER, smokers_tally_get));
        self->tally.times += answer.times;
        self->tally.ash += answer.ash;
    }
    bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(smokers_arbiter, bench_go)
{
    const smokers_arbiter_ref me = { .ref = airt_self(ctx) };
    const airt_spawn_options  options = { .start = AIRT_START(smokers_smoker, .arbiter = me) };

    self->run = msg->run;
    self->left = msg->run->count;
    self->smoker = airt_alloc(ctx, msg->run->actors * sizeof *self->smoker);
    if (self->smoker == NULL)
        return AIRT_ENOMEM;
    for (uint32_t i = 0; i < msg->run->actors; i++)
        AIRT_TRY(airt_spawn(ctx, smokers_smoker, &self->smoker[i], &options));
    bench_start(self->run);
    return start_one(self, ctx);
}

AIRT_ON(smokers_arbiter, smokers_begun)
{
    return self->left > 0 ? start_one(self, ctx) : wait_for_all(self, ctx);
}

AIRT_ON(smokers_arbiter, smokers_tally_get)
{
    return airt_reply(ctx, smokers_tally_get, .times = self->tally.times, .ash = self->tally.ash);
}

#define smokers_arbiter_HANDLES(ON, A) ON(A, bench_go) ON(A, smokers_begun) ON(A, smokers_tally_get)
AIRT_BEHAVIOR(smokers_arbiter)

/* --- the run ------------------------------------------------------------------------------------------------------ */

static void check_tally(bench_run *run, airt_system *system, smokers_arbiter_ref arbiter)
{
    uint64_t                *ash = calloc(run->actors, sizeof *ash);
    uint64_t                 random = 0, sum = 0;
    smokers_tally_get_answer tally = { 0 };

    (void)bench_status(run, "ask", airt_ask(system, arbiter, &tally, AIRT_SECONDS(60), smokers_tally_get));
    for (uint64_t i = 0; ash != NULL && i < run->count; i++) {
        const pick next = pick_next(&random, run->actors);

        ash[next.who] = bench_work(ash[next.who], next.rounds);
    }
    for (uint32_t i = 0; ash != NULL && i < run->actors; i++)
        sum += ash[i];
    free(ash);
    run->found.check = tally.times;
    (void)bench_equal(run, "rounds", tally.times, run->count);
    (void)bench_equal(run, "ash", tally.ash, sum);
}

static void smokers_run(bench_run *run)
{
    airt_system        *system = bench_open(run);
    smokers_arbiter_ref arbiter = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (bench_status(run, "spawn", airt_spawn(system, smokers_arbiter, &arbiter, NULL))) {
        airt_tell(system, arbiter, bench_go, .run = run);
        if (bench_wait(run)) {
            run->found.value[0] = bench_ns_each(run, run->count);
            check_tally(run, system, arbiter);
        }
    }
    bench_close(run, &system);
}

const bench_workload bench_smokers = {
    .name = "smokers",
    .what =
        "an arbiter starts one of 200 smokers (--actors) after the other; --count rounds, 2,000 times Savina's size",
    .figure = { { "smokers", "ns/round" } },
    .count = 2000000,
    .small = 500,
    .actors = 200,
    .small_actors = 20,
    .run = smokers_run,
};
