/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a message weigh that waits, and does its memory come back? A consumer waits for an answer while everything
 * is queued in its unbounded box; then it handles all of it. Resident bytes for each queued message of 8 bytes, from the
 * thousandth on, when code and stacks are there; and what is still resident some time after the last. In a process of its
 * own. */
#include "harness.h"

#include <time.h>

enum {
    TURN_SENDS = 1000,
    SETTLE_MS = 1500
};

struct burst_one {
    uint64_t amount;
};
AIRT_KIND(burst_one, amount)
AIRT_SIGNAL(burst_last)

typedef struct burst_scale { /* written by who reads the scale, before it tells the next one */
    bench_run *run;
    double     before, full, after;
    uint64_t   sent_before;
    uint64_t   total;
} burst_scale;

#define burst_box_ACCEPTS(KIND) KIND(burst_one) KIND(burst_last)
AIRT_PROTOCOL(burst_box)

struct burst_fill {
    burst_scale  *scale;
    burst_box_ref box;
};
struct burst_full {
    uint64_t queued;
};
AIRT_LOCAL_KIND(burst_fill, burst_fill_drop)
AIRT_KIND(burst_full, queued)
AIRT_ANSWER(burst_fill, burst_full)
AIRT_SIGNAL(burst_more)

#define burst_producer_ACCEPTS(KIND) KIND(burst_fill) KIND(burst_more)
AIRT_PROTOCOL(burst_producer)

void burst_fill_drop(struct burst_fill *body)
{
    (void)body;
}

/* --- the producer: answers when everything is queued --------------------------------------------------------------- */

struct burst_producer {
    struct burst_fill job;
    airt_msg         *request;
    uint64_t          sent;
};

static airt_status burst_end(struct burst_producer *self, airt_ctx *ctx)
{
    AIRT_TRY(airt_tell(ctx, self->job.box, burst_last));
    self->job.scale->full = bench_resident_bytes();
    return airt_reply_to(ctx, &self->request, burst_fill, .queued = self->sent);
}

static airt_status burst_turn(struct burst_producer *self, airt_ctx *ctx)
{
    burst_scale *scale = self->job.scale;
    uint64_t     count = scale->run->count;

    for (int i = 0; i < TURN_SENDS && self->sent < count; i++, self->sent++)
        AIRT_TRY(airt_tell(ctx, self->job.box, burst_one, .amount = 1));
    if (self->sent == TURN_SENDS && self->sent < count) {
        scale->before = bench_resident_bytes();
        scale->sent_before = self->sent;
    }
    return self->sent < count ? airt_tell_any(ctx, airt_self(ctx), burst_more) : burst_end(self, ctx);
}

AIRT_ON(burst_producer, burst_fill)
{
    self->job = *msg;
    AIRT_TRY(airt_keep(ctx, &self->request));
    return burst_turn(self, ctx);
}

AIRT_ON(burst_producer, burst_more)
{
    return burst_turn(self, ctx);
}

#define burst_producer_HANDLES(ON, A) ON(A, burst_fill) ON(A, burst_more)
AIRT_BEHAVIOR(burst_producer)

/* --- the consumer -------------------------------------------------------------------------------------------------- */

struct burst_open {
    burst_scale       *scale;
    burst_producer_ref producer;
    burst_box_ref      self;
};
AIRT_LOCAL_KIND(burst_open, burst_open_drop)
#define burst_consumer_ACCEPTS(KIND) KIND(burst_open) KIND(burst_one) KIND(burst_last)
AIRT_PROTOCOL(burst_consumer)

struct burst_consumer {
    burst_scale *scale;
    uint64_t     total;
};

void burst_open_drop(struct burst_open *body)
{
    (void)body;
}

/* While it waits here, nothing else of its box is handled. */
AIRT_ON(burst_consumer, burst_open)
{
    struct burst_full full;

    self->scale = msg->scale;
    self->scale->before = bench_resident_bytes();
    return airt_ask(ctx, msg->producer, &full, AIRT_SECONDS(BENCH_SECONDS_MAX), burst_fill, .scale = msg->scale,
                    .box = msg->self);
}

AIRT_ON(burst_consumer, burst_one)
{
    self->total += msg->amount;
    return AIRT_OK;
}

AIRT_ON(burst_consumer, burst_last)
{
    self->scale->total = self->total;
    bench_event(self->scale->run);
    return AIRT_OK;
}

#define burst_consumer_HANDLES(ON, A) ON(A, burst_open) ON(A, burst_one) ON(A, burst_last)
AIRT_BEHAVIOR(burst_consumer)

/* --- in the child process ------------------------------------------------------------------------------------------ */

static void burst_weigh(burst_scale *scale, airt_system *system, burst_producer_ref producer,
                        burst_consumer_ref consumer)
{
    const struct timespec settle = { .tv_sec = SETTLE_MS / 1000, .tv_nsec = SETTLE_MS % 1000 * 1000000L };
    bench_run            *run = scale->run;
    burst_box_ref         box = { .ref = consumer.ref };

    bench_expect(run, 1);
    bench_tell(run, system, consumer, burst_open, .scale = scale, .producer = producer, .self = box);
    if (!bench_wait(run))
        return;
    (void)nanosleep(&settle, NULL);
    scale->after = bench_resident_bytes();
    run->found.value[0] = (scale->full - scale->before) / (double)(run->count - scale->sent_before);
    run->found.value[1] = 100 * (scale->after - scale->before) / (scale->full - scale->before);
    run->found.check = scale->total;
    (void)bench_equal(run, "sum", scale->total, run->count);
}

static void burst_child(bench_run *run, int from_parent, int to_parent)
{
    const airt_spawn_options unbounded = { .mailbox.max = AIRT_UNBOUNDED };
    airt_system             *system = bench_open(run);
    burst_scale              scale = { .run = run };
    burst_producer_ref       producer = { 0 };
    burst_consumer_ref       consumer = { 0 };

    (void)from_parent;
    (void)to_parent;
    if (system == NULL)
        return;
    if (bench_status(run, "spawn", airt_spawn(system, burst_producer, &producer, NULL)) &&
        bench_status(run, "spawn", airt_spawn(system, burst_consumer, &consumer, &unbounded)))
        burst_weigh(&scale, system, producer, consumer);
    bench_close(run, &system);
}

static void burst_run(bench_run *run)
{
    bench_child child;

    if (bench_child_start(run, burst_child, &child))
        bench_child_end(run, &child);
}

const bench_workload bench_burst = {
    .name = "burst",
    .what = "--count messages of 8 bytes wait in an unbounded box, then are handled: resident bytes for each;\n"
            "burst_left: what is still resident 1.5 s after the last, as a share of that growth",
    .figure = { { "burst", "bytes/message" }, { "burst_left", "%" } },
    .count = 10000000,
    .small = 20000,
    .repeats = 3,
    .real_only = "it measures a process",
    .run = burst_run,
};
