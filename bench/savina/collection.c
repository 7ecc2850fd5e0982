/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "collection.h"

#include <stdlib.h>

/* --- steps -------------------------------------------------------------------------------------------------------- */

typedef struct script {
    uint64_t random; /* at first the worker's number */
    uint32_t keys;
    uint32_t write_percent, size_percent;
} script;

/* Few enough that keys are met again, also when the run is small. */
static script script_of(const bench_run *run, const collection_plan *plan, uint32_t who)
{
    uint64_t keys = run->count * run->actors / 8 + 1;

    return (script){ .random = who,
                     .keys = keys < COLLECTION_KEYS ? (uint32_t)keys : COLLECTION_KEYS,
                     .write_percent = plan->write_percent,
                     .size_percent = plan->size_percent };
}

static collection_step next_step(script *self)
{
    uint64_t        number = bench_random(&self->random);
    uint32_t        percent = (uint32_t)(number % 100);
    collection_step step = { COLLECTION_READ, (uint32_t)(number >> 32) % self->keys, number | 1 };

    if (percent < self->write_percent)
        step.what = COLLECTION_WRITE;
    else if (percent < self->write_percent + self->size_percent)
        step.what = COLLECTION_SIZE;
    return step;
}

/* All answers so far, in their order, as one number. */
static uint64_t fold_in(uint64_t fold, uint64_t answer)
{
    return bench_work(fold ^ answer, 1);
}

/* --- the log ------------------------------------------------------------------------------------------------------ */

airt_status collection_log_open(collection_log *self, airt_ctx *ctx, uint64_t steps_max)
{
    void *bytes = NULL;

    self->blob = airt_blob_space(ctx, steps_max * sizeof *self->at, &bytes);
    self->at = bytes;
    self->max = steps_max;
    return bytes != NULL ? airt_blob_keep(ctx, &self->blob) : AIRT_ENOMEM;
}

airt_status collection_log_add(collection_log *self, uint32_t who)
{
    if (self->served == self->max)
        return AIRT_ELIMIT;
    self->at[self->served++] = (uint16_t)who;
    return AIRT_OK;
}

/* --- a worker: the next request when the last is answered --------------------------------------------------------- */

AIRT_SIGNAL(collection_fold_get)
struct collection_fold {
    uint64_t fold;
};
AIRT_KIND(collection_fold, fold)
AIRT_ANSWER(collection_fold_get, collection_fold)

#define collection_worker_ACCEPTS(KIND) KIND(bench_go) KIND(collection_answer) KIND(collection_fold_get)
AIRT_PROTOCOL(collection_worker)

struct collection_worker_start {
    collection_ref         collection;
    const collection_plan *plan;
    bench_run             *run;
    uint32_t               who;
};
AIRT_LOCAL_KIND(collection_worker_start, collection_worker_start_drop)

struct collection_worker {
    bench_run             *run;
    collection_ref         collection;
    collection_answer_sink me;
    uint32_t               who;
    script                 steps;
    uint64_t               left;
    uint64_t               fold;
};

void collection_worker_start_drop(struct collection_worker_start *body)
{
    (void)body;
}

AIRT_ON(collection_worker, collection_worker_start)
{
    self->run = msg->run;
    self->collection = msg->collection;
    self->me.ref = airt_self(ctx);
    self->who = msg->who;
    self->steps = script_of(msg->run, msg->plan, msg->who);
    return AIRT_OK;
}

static airt_status request_next(struct collection_worker *self, airt_ctx *ctx)
{
    const collection_step step = next_step(&self->steps);

    switch (step.what) {
    case COLLECTION_WRITE:
        return airt_tell(ctx, self->collection, collection_write, .who = self->who, .key = step.key,
                         .value = step.value, .from = self->me);
    case COLLECTION_SIZE:
        return airt_tell(ctx, self->collection, collection_size, .who = self->who, .from = self->me);
    default:
        return airt_tell(ctx, self->collection, collection_read, .who = self->who, .key = step.key, .from = self->me);
    }
}

AIRT_ON(collection_worker, bench_go)
{
    self->left = msg->run->count;
    return request_next(self, ctx);
}

AIRT_ON(collection_worker, collection_answer)
{
    self->fold = fold_in(self->fold, msg->value);
    if (--self->left > 0)
        return request_next(self, ctx);
    bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(collection_worker, collection_fold_get)
{
    return airt_reply(ctx, collection_fold_get, .fold = self->fold);
}

#define collection_worker_HANDLES(ON, A)                                                                               \
    ON(A, collection_worker_start) ON(A, bench_go) ON(A, collection_answer) ON(A, collection_fold_get)
AIRT_BEHAVIOR(collection_worker)

/* --- the replay --------------------------------------------------------------------------------------------------- */

typedef struct crewman {
    collection_worker_ref ref;
    uint64_t              fold;          /* of the answers that it got */
    script                steps;         /* of the replay, and what follows too */
    uint64_t              replayed;      /* steps */
    uint64_t              replayed_fold; /* of the answers that it must have got */
} crewman;

typedef struct crew {
    bench_run             *run;
    const collection_plan *plan;
    collection_ref         collection;
    crewman               *man; /* run->actors of them */
} crew;

static bool replay(const crew *all, airt_blob served, void *reference)
{
    const uint16_t *who = (const void *)served.at;

    for (uint64_t i = 0; i < served.size / sizeof *who; i++) {
        crewman        *man = &all->man[who[i]];
        collection_step step;

        if (who[i] >= all->run->actors)
            return bench_fail(all->run, "somebody else was served");
        step = next_step(&man->steps);
        man->replayed_fold = fold_in(man->replayed_fold, all->plan->answer(reference, &step));
        man->replayed++;
    }
    return true;
}

static void compare(const crew *all)
{
    for (uint32_t i = 0; i < all->run->actors; i++) {
        const crewman *man = &all->man[i];

        all->run->found.check += man->replayed;
        (void)bench_equal(all->run, "steps of a worker", man->replayed, all->run->count);
        (void)bench_equal(all->run, "answers to a worker", man->fold, man->replayed_fold);
    }
}

static void check_answers(const crew *all, airt_system *system)
{
    collection_served_answer history = { 0 };
    void                    *reference = calloc(1, all->plan->reference_bytes);

    for (uint32_t i = 0; i < all->run->actors; i++)
        all->man[i].steps = script_of(all->run, all->plan, i);
    if (reference == NULL)
        (void)bench_fail(all->run, "no memory");
    else if (bench_status(all->run, "ask",
                          airt_ask(system, all->collection, &history, AIRT_SECONDS(60), collection_served)) &&
             replay(all, history.served, reference))
        compare(all);
    airt_answer_clear(system, collection_history, &history);
    free(reference);
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* A worker has one request under way at most, so the collection's box cannot fill. */
static bool spawn_collection(crew *all, airt_system *system)
{
    const struct collection_start start = { .steps_max = all->run->count * all->run->actors };
    const airt_spawn_options      options = { .start = AIRT_BODY(collection_start, &start),
                                              .mailbox.max = all->run->actors + 1 };

    return bench_status(all->run, "spawn",
                        airt_spawn_behavior(system, all->plan->behavior, &all->collection.ref, &options));
}

static bool spawn_workers(crew *all, airt_system *system)
{
    for (uint32_t i = 0; i < all->run->actors; i++) {
        const airt_spawn_options options = { .start = AIRT_START(collection_worker, .run = all->run, .plan = all->plan,
                                                                 .collection = all->collection, .who = i) };

        if (!bench_status(all->run, "spawn", airt_spawn(system, collection_worker, &all->man[i].ref, &options)))
            return false;
    }
    return true;
}

static bool work(const crew *all, airt_system *system)
{
    bench_expect(all->run, all->run->actors);
    bench_start(all->run);
    for (uint32_t i = 0; i < all->run->actors; i++)
        airt_tell(system, all->man[i].ref, bench_go, .run = all->run);
    if (!bench_wait(all->run))
        return false;
    all->run->found.value[0] = bench_ns_each(all->run, all->run->count * all->run->actors);
    for (uint32_t i = 0; i < all->run->actors; i++) {
        collection_fold_get_answer answer = { 0 };

        if (!bench_status(all->run, "ask",
                          airt_ask(system, all->man[i].ref, &answer, AIRT_SECONDS(60), collection_fold_get)))
            return false;
        all->man[i].fold = answer.fold;
    }
    return true;
}

void collection_run(bench_run *run, const collection_plan *plan)
{
    airt_system *system = bench_open(run);
    crew         all = { .run = run, .plan = plan, .man = calloc(run->actors, sizeof *all.man) };

    if (run->actors > COLLECTION_WORKERS_MAX)
        (void)bench_fail(run, "at most %d workers", COLLECTION_WORKERS_MAX);
    else if (all.man == NULL)
        (void)bench_fail(run, "no memory");
    else if (system != NULL && spawn_collection(&all, system) && spawn_workers(&all, system) && work(&all, system))
        check_answers(&all, system);
    bench_close(run, &system);
    free(all.man);
}
