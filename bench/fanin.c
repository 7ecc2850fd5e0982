/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a message cost when a hundred senders have one receiver? Each sends 1,000 a turn and tells itself to go
 * on. Once into a box of 1,024 messages whose senders wait when it is full, and once into a box without bound. */
#include "harness.h"

enum {
    BOX_MAX = 1024,
    TURN_SENDS = 1000
};

struct fanin_one {
    uint64_t amount;
};
AIRT_KIND(fanin_one, amount)
AIRT_SIGNAL(fanin_get)
struct fanin_total {
    uint64_t total;
};
AIRT_KIND(fanin_total, total)
AIRT_ANSWER(fanin_get, fanin_total)

#define fanin_consumer_ACCEPTS(KIND) KIND(fanin_one) KIND(bench_go) KIND(fanin_get)
AIRT_PROTOCOL(fanin_consumer)

struct fanin_produce {
    bench_run         *run;
    fanin_consumer_ref consumer;
    uint64_t           count;
};
AIRT_LOCAL_KIND(fanin_produce, fanin_produce_drop)
AIRT_SIGNAL(fanin_more)
#define fanin_producer_ACCEPTS(KIND) KIND(fanin_produce) KIND(fanin_more)
AIRT_PROTOCOL(fanin_producer)

/* --- the consumer ------------------------------------------------------------------------------------------------- */

struct fanin_consumer {
    uint64_t total;
};

AIRT_ON(fanin_consumer, fanin_one)
{
    self->total += msg->amount;
    return AIRT_OK;
}

/* A producer has sent its last. */
AIRT_ON(fanin_consumer, bench_go)
{
    bench_event(msg->run);
    return AIRT_OK;
}

AIRT_ON(fanin_consumer, fanin_get)
{
    return airt_reply(ctx, fanin_get, .total = self->total);
}

#define fanin_consumer_HANDLES(ON, A) ON(A, fanin_one) ON(A, bench_go) ON(A, fanin_get)
AIRT_BEHAVIOR(fanin_consumer)

/* --- a producer --------------------------------------------------------------------------------------------------- */

struct fanin_producer {
    struct fanin_produce job;
};

void fanin_produce_drop(struct fanin_produce *body)
{
    (void)body;
}

static airt_status produce(struct fanin_producer *self, airt_ctx *ctx)
{
    struct fanin_produce *job = &self->job;

    for (int i = 0; i < TURN_SENDS && job->count > 0; i++, job->count--)
        AIRT_TRY(airt_tell(ctx, job->consumer, fanin_one, .amount = 1));
    if (job->count > 0)
        return airt_tell_any(ctx, airt_self(ctx), fanin_more);
    AIRT_TRY(airt_tell(ctx, job->consumer, bench_go, .run = job->run));
    return AIRT_STOP;
}

AIRT_ON(fanin_producer, fanin_produce)
{
    self->job = *msg;
    return produce(self, ctx);
}

AIRT_ON(fanin_producer, fanin_more)
{
    return produce(self, ctx);
}

#define fanin_producer_HANDLES(ON, A) ON(A, fanin_produce) ON(A, fanin_more)
AIRT_BEHAVIOR(fanin_producer)

/* --- the starter: the clock starts inside ------------------------------------------------------------------------- */

#define fanin_starter_ACCEPTS(KIND) KIND(fanin_produce)
AIRT_PROTOCOL(fanin_starter)
struct fanin_starter {
    char nothing;
};

AIRT_ON(fanin_starter, fanin_produce)
{
    uint32_t producers = msg->run->actors;

    bench_start(msg->run);
    for (uint32_t i = 0; i < producers; i++) {
        fanin_producer_ref producer;

        AIRT_TRY(airt_spawn(ctx, fanin_producer, &producer, NULL));
        AIRT_TRY(airt_tell(ctx, producer, fanin_produce, .run = msg->run, .consumer = msg->consumer,
                           .count = msg->count / producers));
    }
    return AIRT_STOP;
}

#define fanin_starter_HANDLES(ON, A) ON(A, fanin_produce)
AIRT_BEHAVIOR(fanin_starter)

/* --- the run ------------------------------------------------------------------------------------------------------ */

static void fanin_measure(bench_run *run, airt_system *system, const airt_mailbox_options *box)
{
    uint64_t           count = run->count / run->actors * run->actors;
    fanin_consumer_ref consumer = { 0 };
    fanin_starter_ref  starter = { 0 };
    fanin_get_answer   answer = { 0 };

    if (!bench_status(run, "spawn", airt_spawn(system, fanin_starter, &starter, NULL)) ||
        !bench_status(run, "spawn",
                      airt_spawn(system, fanin_consumer, &consumer, &(airt_spawn_options){ .mailbox = *box })))
        return;
    bench_expect(run, run->actors);
    bench_tell(run, system, starter, fanin_produce, .run = run, .consumer = consumer, .count = count);
    if (!bench_wait(run) || !bench_status(run, "ask", airt_ask(system, consumer, &answer, AIRT_SECONDS(1), fanin_get)))
        return;
    run->found.value[0] = bench_ns_each(run, count);
    run->found.check = answer.total;
    (void)bench_equal(run, "count", answer.total, count);
}

static void fanin_run(bench_run *run)
{
    const airt_mailbox_options bounded = { .max = BOX_MAX, .overflow = AIRT_WAIT, .wait_ms = 60000 };
    airt_system               *system = bench_open(run);

    if (system == NULL)
        return;
    fanin_measure(run, system, &bounded);
    bench_close(run, &system);
}

static void fanin_unbounded_run(bench_run *run)
{
    const airt_mailbox_options unbounded = { .max = AIRT_UNBOUNDED };
    airt_system               *system = bench_open(run);

    if (system == NULL)
        return;
    fanin_measure(run, system, &unbounded);
    bench_close(run, &system);
}

const bench_workload bench_fanin = {
    .name = "fanin",
    .what =
        "--actors producers of 1,000 sends a turn, one consumer with a box of 1,024, the producers waiting when it\n"
        "is full; --count messages in all",
    .figure = { { "fanin", "ns/message" } },
    .count = 2000000,
    .small = 5000,
    .actors = 100,
    .small_actors = 10,
    .run = fanin_run,
};

const bench_workload bench_fanin_unbounded = {
    .name = "fanin_unbounded",
    .what = "the same without a bound",
    .figure = { { "fanin_unbounded", "ns/message" } },
    .count = 2000000,
    .small = 5000,
    .actors = 100,
    .small_actors = 10,
    .run = fanin_unbounded_run,
};
