/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How fast does one actor feed many? A master deals numbers out to sixty workers, round after round; each computes a
 * little with its number and adds up. When a worker's box is full the master waits: nothing flows back but the sums, so
 * nobody waits in a circle. */
#include "harness.h"

enum {
    TURN_ROUNDS = 100, /* the master goes on by a message to itself */
    WORK_ROUNDS = 10
};

struct forkjoin_job {
    uint64_t number;
};
struct forkjoin_sum {
    uint64_t handled;
    uint64_t sum;
};
AIRT_KIND(forkjoin_job, number)
AIRT_KIND(forkjoin_sum, handled, sum)
AIRT_SIGNAL(forkjoin_get)
AIRT_ANSWER(forkjoin_get, forkjoin_sum)
AIRT_SIGNAL(forkjoin_more)

#define forkjoin_worker_ACCEPTS(KIND) KIND(forkjoin_job) KIND(forkjoin_get)
AIRT_PROTOCOL(forkjoin_worker)
#define forkjoin_master_ACCEPTS(KIND) KIND(bench_go) KIND(forkjoin_more) KIND(forkjoin_get)
AIRT_PROTOCOL(forkjoin_master)

/* --- a worker ----------------------------------------------------------------------------------------------------- */

struct forkjoin_worker {
    struct forkjoin_sum total;
};

AIRT_ON(forkjoin_worker, forkjoin_job)
{
    self->total.handled++;
    self->total.sum += bench_work(msg->number, WORK_ROUNDS);
    return AIRT_OK;
}

AIRT_ON(forkjoin_worker, forkjoin_get)
{
    return airt_reply(ctx, forkjoin_get, .handled = self->total.handled, .sum = self->total.sum);
}

#define forkjoin_worker_HANDLES(ON, A) ON(A, forkjoin_job) ON(A, forkjoin_get)
AIRT_BEHAVIOR(forkjoin_worker)

/* --- the master --------------------------------------------------------------------------------------------------- */

struct forkjoin_master {
    bench_run           *run;
    forkjoin_worker_ref *worker;
    uint64_t             rounds; /* dealt */
    struct forkjoin_sum  total;
};

static airt_status deal_round(struct forkjoin_master *self, airt_ctx *ctx)
{
    const uint32_t workers = self->run->actors;

    for (uint32_t i = 0; i < workers; i++)
        AIRT_TRY(airt_tell(ctx, self->worker[i], forkjoin_job, .number = self->rounds * workers + i));
    self->rounds++;
    return AIRT_OK;
}

/* A question stands in the box behind all the numbers: its answer is the join. */
static airt_status join(struct forkjoin_master *self, airt_ctx *ctx)
{
    for (uint32_t i = 0; i < self->run->actors; i++) {
        forkjoin_get_answer answer = { 0 };

        AIRT_TRY(airt_ask(ctx, self->worker[i], &answer, AIRT_FOREVER, forkjoin_get));
        self->total.handled += answer.handled;
        self->total.sum += answer.sum;
    }
    bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(forkjoin_master, forkjoin_more)
{
    for (int i = 0; i < TURN_ROUNDS && self->rounds < self->run->count; i++)
        AIRT_TRY(deal_round(self, ctx));
    return self->rounds < self->run->count ? airt_tell_any(ctx, airt_self(ctx), forkjoin_more) : join(self, ctx);
}

AIRT_ON(forkjoin_master, bench_go)
{
    const airt_spawn_options waiting = { .mailbox.overflow = AIRT_WAIT };

    self->run = msg->run;
    self->worker = airt_alloc(ctx, msg->run->actors * sizeof *self->worker);
    if (self->worker == NULL)
        return AIRT_ENOMEM;
    for (uint32_t i = 0; i < msg->run->actors; i++)
        AIRT_TRY(airt_spawn(ctx, forkjoin_worker, &self->worker[i], &waiting));
    bench_start(self->run);
    return airt_tell_any(ctx, airt_self(ctx), forkjoin_more);
}

AIRT_ON(forkjoin_master, forkjoin_get)
{
    return airt_reply(ctx, forkjoin_get, .handled = self->total.handled, .sum = self->total.sum);
}

#define forkjoin_master_HANDLES(ON, A) ON(A, bench_go) ON(A, forkjoin_more) ON(A, forkjoin_get)
AIRT_BEHAVIOR(forkjoin_master)

/* --- the run ------------------------------------------------------------------------------------------------------ */

static void check_sum(bench_run *run, airt_system *system, forkjoin_master_ref master)
{
    const uint64_t      jobs = run->count * run->actors;
    uint64_t            sum = 0;
    forkjoin_get_answer answer = { 0 };

    if (!bench_status(run, "ask", airt_ask(system, master, &answer, AIRT_SECONDS(60), forkjoin_get)))
        return;
    for (uint64_t i = 0; i < jobs; i++)
        sum += bench_work(i, WORK_ROUNDS);
    run->found.check = answer.handled;
    (void)bench_equal(run, "jobs", answer.handled, jobs);
    (void)bench_equal(run, "sum", answer.sum, sum);
}

static void forkjoin_run(bench_run *run)
{
    airt_system        *system = bench_open(run);
    forkjoin_master_ref master = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (bench_status(run, "spawn", airt_spawn(system, forkjoin_master, &master, NULL))) {
        airt_tell(system, master, bench_go, .run = run);
        if (bench_wait(run))
            check_sum(run, system, master);
        run->found.value[0] = bench_ms(run);
    }
    bench_close(run, &system);
}

const bench_workload bench_forkjoin = {
    .name = "forkjoin",
    .what = "a master deals --count numbers to each of 60 workers (--actors); 30 times Savina's size",
    .figure = { { "forkjoin", "ms/run" } },
    .count = 300000,
    .small = 200,
    .actors = 60,
    .small_actors = 10,
    .run = forkjoin_run,
};
