/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a long pipeline cost? Numbers pass through one actor for each bit, the lowest first. Each lets the numbers
 * without its bit pass, keeps those with it, and sends them after the last one has come: behind the highest bit they
 * are in order. All flows one way, so a full box makes its sender wait and nobody waits in a circle. */
#include "harness.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    BITS_MAX = 63,
    SEED = 2048
};

struct radixsort_value {
    uint64_t value;
};
AIRT_KIND(radixsort_value, value)

struct radixsort_bit_start {
    uint32_t             bit;
    uint64_t             values; /* that will come */
    radixsort_value_sink next;
};
AIRT_KIND(radixsort_bit_start, bit, values, REF(next))
#define radixsort_bit_ACCEPTS(KIND) KIND(radixsort_value)
AIRT_PROTOCOL(radixsort_bit)

AIRT_SIGNAL(radixsort_get)
struct radixsort_sorted {
    airt_blob values; /* of uint64_t */
};
AIRT_KIND(radixsort_sorted, values)
AIRT_ANSWER(radixsort_get, radixsort_sorted)
#define radixsort_end_ACCEPTS(KIND) KIND(bench_go) KIND(radixsort_value) KIND(radixsort_get)
AIRT_PROTOCOL(radixsort_end)

#define radixsort_source_ACCEPTS(KIND) KIND(bench_go)
AIRT_PROTOCOL(radixsort_source)

static uint64_t next_value(uint64_t *random, uint32_t bits)
{
    return bench_random(random) >> (64 - bits);
}

/* --- a bit -------------------------------------------------------------------------------------------------------- */

struct radixsort_bit {
    uint64_t             bit; /* as a number */
    uint64_t             left;
    radixsort_value_sink next;
    uint64_t            *kept;
    uint64_t             kept_count;
};

AIRT_ON(radixsort_bit, radixsort_bit_start)
{
    self->bit = UINT64_C(1) << msg->bit;
    self->left = msg->values;
    self->next = msg->next;
    self->kept = airt_alloc(ctx, msg->values * sizeof *self->kept);
    return self->kept != NULL ? AIRT_OK : AIRT_ENOMEM;
}

AIRT_ON(radixsort_bit, radixsort_value)
{
    self->left--;
    if ((msg->value & self->bit) != 0)
        self->kept[self->kept_count++] = msg->value;
    else
        AIRT_TRY(airt_forward(ctx, self->next, radixsort_value));
    if (self->left > 0)
        return AIRT_OK;
    for (uint64_t i = 0; i < self->kept_count; i++)
        AIRT_TRY(airt_tell(ctx, self->next, radixsort_value, .value = self->kept[i]));
    return AIRT_STOP;
}

#define radixsort_bit_HANDLES(ON, A) ON(A, radixsort_bit_start) ON(A, radixsort_value)
AIRT_BEHAVIOR(radixsort_bit)

/* --- both ends ---------------------------------------------------------------------------------------------------- */

struct radixsort_end {
    bench_run *run;
    airt_blob  values; /* not written any more once it is sent */
    uint64_t  *at;
    uint64_t   count;
};

AIRT_ON(radixsort_end, bench_go)
{
    void *bytes = NULL;

    self->run = msg->run;
    self->values = airt_blob_space(ctx, msg->run->count * sizeof *self->at, &bytes);
    self->at = bytes;
    return self->at != NULL ? airt_blob_keep(ctx, &self->values) : AIRT_ENOMEM;
}

AIRT_ON(radixsort_end, radixsort_value)
{
    self->at[self->count++] = msg->value;
    if (self->count == self->run->count)
        bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(radixsort_end, radixsort_get)
{
    return airt_reply(ctx, radixsort_get, .values = self->values);
}

#define radixsort_end_HANDLES(ON, A) ON(A, bench_go) ON(A, radixsort_value) ON(A, radixsort_get)
AIRT_BEHAVIOR(radixsort_end)

struct radixsort_source_start {
    radixsort_value_sink first;
};
AIRT_KIND(radixsort_source_start, REF(first))

struct radixsort_source {
    radixsort_value_sink first;
};

AIRT_ON(radixsort_source, radixsort_source_start)
{
    self->first = msg->first;
    return AIRT_OK;
}

AIRT_ON(radixsort_source, bench_go)
{
    uint64_t random = SEED;

    bench_start(msg->run);
    for (uint64_t i = 0; i < msg->run->count; i++)
        AIRT_TRY(airt_tell(ctx, self->first, radixsort_value, .value = next_value(&random, msg->run->actors)));
    return AIRT_OK;
}

#define radixsort_source_HANDLES(ON, A) ON(A, radixsort_source_start) ON(A, bench_go)
AIRT_BEHAVIOR(radixsort_source)

/* --- the run ------------------------------------------------------------------------------------------------------ */

typedef struct pipeline {
    radixsort_source_ref source;
    radixsort_end_ref    end;
} pipeline;

/* From its end: each spawn names the next one. A pipeline may stand still while a bit sends what it kept. */
static bool spawn_all(bench_run *run, airt_system *system, pipeline *all)
{
    const airt_mailbox_options waiting = { .overflow = AIRT_WAIT, .wait_ms = 60000 };
    radixsort_value_sink       next;

    if (!bench_status(run, "spawn",
                      airt_spawn(system, radixsort_end, &all->end, &(airt_spawn_options){ .mailbox = waiting })))
        return false;
    airt_tell(system, all->end, bench_go, .run = run);
    next = airt_sink(radixsort_value, all->end);
    for (uint32_t bit = run->actors; bit-- > 0;) {
        const airt_spawn_options options = {
            .start = AIRT_START(radixsort_bit, .bit = bit, .values = run->count, .next = next), .mailbox = waiting
        };
        radixsort_bit_ref ref = { 0 };

        if (!bench_status(run, "spawn", airt_spawn(system, radixsort_bit, &ref, &options)))
            return false;
        next = airt_sink(radixsort_value, ref);
    }
    return bench_status(run, "spawn",
                        airt_spawn(system, radixsort_source, &all->source,
                                   &(airt_spawn_options){ .start = AIRT_START(radixsort_source, .first = next) }));
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void check_order(bench_run *run, const uint64_t *got, uint64_t *want)
{
    uint64_t random = SEED;

    for (uint64_t i = 0; i < run->count; i++)
        want[i] = next_value(&random, run->actors);
    qsort(want, run->count, sizeof *want, compare);
    for (uint64_t i = 0; i < run->count; i++)
        if (got[i] != want[i])
            (void)bench_fail(run, "value %" PRIu64 ": %" PRIu64 " instead of %" PRIu64, i, got[i], want[i]);
    run->found.check = run->count;
}

static void check_values(bench_run *run, airt_system *system, radixsort_end_ref end)
{
    radixsort_get_answer sorted = { 0 };
    uint64_t            *want = calloc(run->count, sizeof *want);

    if (want == NULL)
        (void)bench_fail(run, "no memory");
    else if (bench_status(run, "ask", airt_ask(system, end, &sorted, AIRT_SECONDS(60), radixsort_get)) &&
             bench_equal(run, "bytes of values", sorted.values.size, run->count * sizeof *want))
        check_order(run, (const void *)sorted.values.at, want);
    airt_answer_clear(system, radixsort_sorted, &sorted);
    free(want);
}

static void radixsort_run(bench_run *run)
{
    airt_system *system = bench_open(run);
    pipeline     all = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (run->actors > BITS_MAX)
        (void)bench_fail(run, "more than %d bits", BITS_MAX);
    else if (spawn_all(run, system, &all)) {
        airt_tell(system, all.source, bench_go, .run = run);
        if (bench_wait(run)) {
            run->found.value[0] = bench_ns_each(run, run->count * run->actors);
            check_values(run, system, all.end);
        }
    }
    bench_close(run, &system);
}

const bench_workload bench_radixsort = {
    .name = "radixsort",
    .what = "--count values pass through an actor for each of their 60 bits (--actors); 5 times Savina's size",
    .figure = { { "radixsort", "ns/message" } },
    .count = 500000,
    .small = 300,
    .actors = 60,
    .small_actors = 8,
    .run = radixsort_run,
};
