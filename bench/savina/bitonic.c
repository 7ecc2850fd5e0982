/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a network of very many actors cost? Batcher's bitonic sorter: wires carry a number each, and an actor for
 * each comparator tells the smaller of its two numbers down one wire and the larger down the other. The next batch
 * enters when the last number of this one has left, so a comparator has two numbers at most. */
#include "harness.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    VALUE_BITS = 60,
    SEED = 2048
};

struct bitonic_value {
    uint32_t wire;
    uint64_t value;
};
AIRT_KIND(bitonic_value, wire, value)

/* Where the smaller and the larger number go. */
struct bitonic_comparator_start {
    uint32_t           small_wire, large_wire;
    bitonic_value_sink small, large;
};
AIRT_KIND(bitonic_comparator_start, small_wire, large_wire, REF(small), REF(large))
#define bitonic_comparator_ACCEPTS(KIND) KIND(bitonic_value)
AIRT_PROTOCOL(bitonic_comparator)

AIRT_SIGNAL(bitonic_get)
struct bitonic_sorted {
    airt_blob values; /* of uint64_t: all batches, one behind the other */
};
AIRT_KIND(bitonic_sorted, values)
AIRT_ANSWER(bitonic_get, bitonic_sorted)
#define bitonic_ends_ACCEPTS(KIND) KIND(bench_go) KIND(bitonic_value) KIND(bitonic_get)
AIRT_PROTOCOL(bitonic_ends)

static uint64_t next_value(uint64_t *random)
{
    return bench_random(random) >> (64 - VALUE_BITS);
}

/* --- a comparator ------------------------------------------------------------------------------------------------- */

struct bitonic_comparator {
    struct bitonic_comparator_start place;
    uint64_t                        first;
    bool                            has_first;
};

AIRT_ON(bitonic_comparator, bitonic_comparator_start)
{
    self->place = *msg;
    return AIRT_OK;
}

AIRT_ON(bitonic_comparator, bitonic_value)
{
    const uint64_t first = self->first, second = msg->value;

    self->has_first = !self->has_first;
    if (self->has_first) {
        self->first = second;
        return AIRT_OK;
    }
    AIRT_TRY(airt_tell(ctx, self->place.small, bitonic_value, .wire = self->place.small_wire,
                       .value = first < second ? first : second));
    return airt_tell(ctx, self->place.large, bitonic_value, .wire = self->place.large_wire,
                     .value = first < second ? second : first);
}

#define bitonic_comparator_HANDLES(ON, A) ON(A, bitonic_comparator_start) ON(A, bitonic_value)
AIRT_BEHAVIOR(bitonic_comparator)

/* --- both ends of the wires --------------------------------------------------------------------------------------- */

struct bitonic_ends {
    bench_run          *run;
    bitonic_value_sink *wire; /* who is next on it, seen from the entry */
    airt_blob           blob; /* not written any more once it is sent */
    uint64_t           *value;
    uint64_t            batch; /* that is in the network */
    uint32_t            missing;
    uint64_t            random;
};

/* Before all that is there already. */
static airt_status add_comparator(struct bitonic_ends *self, airt_ctx *ctx, uint32_t small, uint32_t large)
{
    const airt_spawn_options options = { .start =
                                             AIRT_START(bitonic_comparator, .small_wire = small, .large_wire = large,
                                                        .small = self->wire[small], .large = self->wire[large]) };
    bitonic_comparator_ref   comparator = { 0 };

    AIRT_TRY(airt_spawn(ctx, bitonic_comparator, &comparator, &options));
    self->wire[small] = self->wire[large] = airt_sink(bitonic_value, comparator);
    return AIRT_OK;
}

/* A comparator for each two wires that are `distance` apart. Runs of `run` wires are merged upwards and downwards in
 * turn. */
static airt_status add_stage(struct bitonic_ends *self, airt_ctx *ctx, uint32_t run, uint32_t distance)
{
    for (uint32_t low = 0; low < self->run->actors; low++) {
        const uint32_t high = low | distance;
        const bool     is_upward = (low & run) == 0;

        if (high != low)
            AIRT_TRY(add_comparator(self, ctx, is_upward ? low : high, is_upward ? high : low));
    }
    return AIRT_OK;
}

/* From its end. */
static airt_status build(struct bitonic_ends *self, airt_ctx *ctx)
{
    for (uint32_t run = self->run->actors; run > 1; run /= 2)
        for (uint32_t distance = 1; distance < run; distance *= 2)
            AIRT_TRY(add_stage(self, ctx, run, distance));
    return AIRT_OK;
}

static airt_status send_batch(struct bitonic_ends *self, airt_ctx *ctx)
{
    self->missing = self->run->actors;
    for (uint32_t i = 0; i < self->run->actors; i++)
        AIRT_TRY(airt_tell(ctx, self->wire[i], bitonic_value, .wire = i, .value = next_value(&self->random)));
    return AIRT_OK;
}

AIRT_ON(bitonic_ends, bench_go)
{
    void *bytes = NULL;

    self->run = msg->run;
    self->random = SEED;
    self->wire = airt_alloc(ctx, msg->run->actors * sizeof *self->wire);
    self->blob = airt_blob_space(ctx, msg->run->count * msg->run->actors * sizeof *self->value, &bytes);
    self->value = bytes;
    if (self->wire == NULL || self->value == NULL)
        return AIRT_ENOMEM;
    AIRT_TRY(airt_blob_keep(ctx, &self->blob));
    for (uint32_t i = 0; i < msg->run->actors; i++)
        self->wire[i].ref = airt_self(ctx);
    AIRT_TRY(build(self, ctx));
    bench_start(self->run);
    return send_batch(self, ctx);
}

AIRT_ON(bitonic_ends, bitonic_value)
{
    self->value[self->batch * self->run->actors + msg->wire] = msg->value;
    if (--self->missing > 0)
        return AIRT_OK;
    if (++self->batch < self->run->count)
        return send_batch(self, ctx);
    bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(bitonic_ends, bitonic_get)
{
    return airt_reply(ctx, bitonic_get, .values = self->blob);
}

#define bitonic_ends_HANDLES(ON, A) ON(A, bench_go) ON(A, bitonic_value) ON(A, bitonic_get)
AIRT_BEHAVIOR(bitonic_ends)

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* Stages of log n (log n + 1) / 2, each with a message on every wire; and the message that enters. */
static uint64_t messages(const bench_run *run)
{
    uint64_t stages = 0, runs = 0;

    for (uint32_t wires = run->actors; wires > 1; wires /= 2)
        stages += ++runs;
    return run->count * run->actors * (stages + 1);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void check_batches(bench_run *run, const uint64_t *got, uint64_t *want)
{
    uint64_t random = SEED;

    for (uint64_t batch = 0; batch < run->count; batch++, got += run->actors) {
        for (uint32_t i = 0; i < run->actors; i++)
            want[i] = next_value(&random);
        qsort(want, run->actors, sizeof *want, compare);
        for (uint32_t i = 0; i < run->actors; i++)
            if (got[i] != want[i])
                (void)bench_fail(run, "batch %" PRIu64 ", wire %" PRIu32 ": %" PRIu64 " instead of %" PRIu64, batch, i,
                                 got[i], want[i]);
    }
    run->found.check = run->count * run->actors;
}

static void check_values(bench_run *run, airt_system *system, bitonic_ends_ref ends)
{
    bitonic_get_answer sorted = { 0 };
    uint64_t          *want = calloc(run->actors, sizeof *want);

    if (want == NULL)
        (void)bench_fail(run, "no memory");
    else if (bench_status(run, "ask", airt_ask(system, ends, &sorted, AIRT_SECONDS(60), bitonic_get)) &&
             bench_equal(run, "bytes of values", sorted.values.size, run->count * run->actors * sizeof *want))
        check_batches(run, (const void *)sorted.values.at, want);
    airt_answer_clear(system, bitonic_sorted, &sorted);
    free(want);
}

static void bitonic_run(bench_run *run)
{
    const airt_spawn_options options = { .mailbox.max = run->actors + 1 }; /* a batch, and a question */
    airt_system             *system = bench_open(run);
    bitonic_ends_ref         ends = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (run->actors < 2 || (run->actors & (run->actors - 1)) != 0)
        (void)bench_fail(run, "the wires are not a power of two");
    else if (bench_status(run, "spawn", airt_spawn(system, bitonic_ends, &ends, &options))) {
        airt_tell(system, ends, bench_go, .run = run);
        if (bench_wait(run)) {
            run->found.value[0] = bench_ns_each(run, messages(run));
            check_values(run, system, ends);
        }
    }
    bench_close(run, &system);
}

const bench_workload bench_bitonic = {
    .name = "bitonic",
    .what = "--count batches of 4,096 values (--actors) through a network of 159,744 comparators; Savina has one batch",
    .figure = { { "bitonic", "ns/message" } },
    .count = 20,
    .small = 2,
    .actors = 4096,
    .small_actors = 16,
    .run = bitonic_run,
};
