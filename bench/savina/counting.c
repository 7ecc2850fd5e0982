/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a message cost on a one-way street: a producer, a counter? Once all sent in one handler turn into a box of
 * 1,024 messages whose sender waits when it is full, and once into a box without bound, 1,000 a turn. */
#include "harness.h"

enum {
    BOX_MAX = 1024,
    TURN_SENDS = 1000
};

struct counting_one {
    uint64_t amount;
};
struct counting_end {
    bench_run *run;
};
AIRT_KIND(counting_one, amount)
AIRT_LOCAL_KIND(counting_end, counting_end_drop)
AIRT_SIGNAL(counting_get)
struct counting_total {
    uint64_t total;
};
AIRT_KIND(counting_total, total)
AIRT_ANSWER(counting_get, counting_total)

#define counting_counter_ACCEPTS(KIND) KIND(counting_one) KIND(counting_end) KIND(counting_get)
AIRT_PROTOCOL(counting_counter)

struct counting_produce {
    bench_run           *run;
    counting_counter_ref counter;
    uint64_t             count, a_turn;
};
AIRT_LOCAL_KIND(counting_produce, counting_produce_drop)
AIRT_SIGNAL(counting_more)
#define counting_producer_ACCEPTS(KIND) KIND(counting_produce) KIND(counting_more)
AIRT_PROTOCOL(counting_producer)

/* --- the counter -------------------------------------------------------------------------------------------------- */

struct counting_counter {
    uint64_t total;
};

void counting_end_drop(struct counting_end *body)
{
    (void)body;
}

AIRT_ON(counting_counter, counting_one)
{
    self->total += msg->amount;
    return AIRT_OK;
}

AIRT_ON(counting_counter, counting_end)
{
    bench_event(msg->run);
    return AIRT_OK;
}

AIRT_ON(counting_counter, counting_get)
{
    return airt_reply(ctx, counting_get, .total = self->total);
}

#define counting_counter_HANDLES(ON, A) ON(A, counting_one) ON(A, counting_end) ON(A, counting_get)
AIRT_BEHAVIOR(counting_counter)

/* --- the producer ------------------------------------------------------------------------------------------------- */

struct counting_producer {
    struct counting_produce job;
};

void counting_produce_drop(struct counting_produce *body)
{
    (void)body;
}

static airt_status produce(struct counting_producer *self, airt_ctx *ctx)
{
    struct counting_produce *job = &self->job;

    for (uint64_t i = 0; i < job->a_turn && job->count > 0; i++, job->count--)
        AIRT_TRY(airt_tell(ctx, job->counter, counting_one, .amount = 1));
    if (job->count > 0)
        return airt_tell_any(ctx, airt_self(ctx), counting_more);
    return airt_tell(ctx, job->counter, counting_end, .run = job->run);
}

AIRT_ON(counting_producer, counting_produce)
{
    self->job = *msg;
    bench_start(msg->run);
    return produce(self, ctx);
}

AIRT_ON(counting_producer, counting_more)
{
    return produce(self, ctx);
}

#define counting_producer_HANDLES(ON, A) ON(A, counting_produce) ON(A, counting_more)
AIRT_BEHAVIOR(counting_producer)

/* --- the run ------------------------------------------------------------------------------------------------------ */

static void counting_count(bench_run *run, airt_system *system, const airt_mailbox_options *box, uint64_t a_turn)
{
    const airt_spawn_options options = { .mailbox = *box };
    counting_producer_ref    producer = { 0 };
    counting_counter_ref     counter = { 0 };
    counting_get_answer      answer = { 0 };

    if (!bench_status(run, "spawn", airt_spawn(system, counting_producer, &producer, NULL)) ||
        !bench_status(run, "spawn", airt_spawn(system, counting_counter, &counter, &options)))
        return;
    bench_expect(run, 1);
    bench_tell(run, system, producer, counting_produce, .run = run, .counter = counter, .count = run->count,
               .a_turn = a_turn);
    if (!bench_wait(run) ||
        !bench_status(run, "ask", airt_ask(system, counter, &answer, AIRT_SECONDS(60), counting_get)))
        return;
    run->found.value[0] = bench_ns_each(run, run->count);
    run->found.check = answer.total;
    (void)bench_equal(run, "count", answer.total, run->count);
}

static void counting_run(bench_run *run)
{
    const airt_mailbox_options bounded = { .max = BOX_MAX, .overflow = AIRT_WAIT };
    airt_system               *system = bench_open(run);

    if (system == NULL)
        return;
    counting_count(run, system, &bounded, run->count);
    bench_close(run, &system);
}

static void counting_unbounded_run(bench_run *run)
{
    const airt_mailbox_options unbounded = { .max = AIRT_UNBOUNDED };
    airt_system               *system = bench_open(run);

    if (system == NULL)
        return;
    counting_count(run, system, &unbounded, TURN_SENDS);
    bench_close(run, &system);
}

const bench_workload bench_counting = {
    .name = "counting",
    .what = "a producer, a counter with a box of 1,024, the producer waiting when it is full; --count messages, 20\n"
            "times Savina's size",
    .figure = { { "counting", "ns/message" } },
    .count = 20000000,
    .small = 4000,
    .run = counting_run,
};

/* A tenth of the messages: on one worker nearly all of them stand in the box at a time. */
const bench_workload bench_counting_unbounded = {
    .name = "counting_unbounded",
    .what = "the same without a bound, 1,000 sends a turn; twice Savina's size",
    .figure = { { "counting_unbounded", "ns/message" } },
    .count = 2000000,
    .small = 4000,
    .run = counting_unbounded_run,
};
