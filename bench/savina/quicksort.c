/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How does a sort spread that divides as it goes? An actor parts its numbers at a pivot and spawns two for both sides;
 * one with few numbers sorts them by itself. A message carries where the numbers lie: whoever has it owns this part of
 * the array, and gives it back when it says that it is sorted. So nothing is copied, and nothing is shared. */
#include "harness.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    VALUE_BITS = 60,
    THRESHOLD = 2048, /* fewer numbers are sorted by one actor */
    INSERTED_MAX = 16,
    SEED = 1024
};

typedef struct part {
    uint64_t *at;
    size_t    count;
} part;

AIRT_SIGNAL(quicksort_sorted) /* the part is its owner's again */
struct quicksort_start {
    part                  values; /* lent until sorted: of an array outside */
    quicksort_sorted_sink to;
};
AIRT_LOCAL_KIND(quicksort_start, quicksort_start_drop)

#define quicksort_ACCEPTS(KIND) KIND(quicksort_sorted)
AIRT_PROTOCOL(quicksort)
AIRT_ACTOR(quicksort) /* it spawns its like */

struct quicksort_go {
    bench_run *run;
    part       values;
};
AIRT_LOCAL_KIND(quicksort_go, quicksort_go_drop)
#define quicksort_root_ACCEPTS(KIND) KIND(quicksort_go) KIND(quicksort_sorted)
AIRT_PROTOCOL(quicksort_root)

void quicksort_start_drop(struct quicksort_start *body)
{
    (void)body;
}

void quicksort_go_drop(struct quicksort_go *body)
{
    (void)body;
}

/* --- sorting ------------------------------------------------------------------------------------------------------ */

static void swap(uint64_t *a, uint64_t *b)
{
    uint64_t was = *a;

    *a = *b;
    *b = was;
}

/* The middle one of three, which is put in the middle; the others are on their sides then. */
static uint64_t choose_pivot(part values)
{
    uint64_t *first = values.at, *middle = values.at + values.count / 2, *last = values.at + values.count - 1;

    if (*middle < *first)
        swap(middle, first);
    if (*last < *middle)
        swap(last, middle);
    if (*middle < *first)
        swap(middle, first);
    return *middle;
}

/* Numbers up to the pivot, and those from it on; neither is empty. Three numbers or more. */
static void divide(part values, part *out_low, part *out_high)
{
    const uint64_t pivot = choose_pivot(values);
    uint64_t      *low = values.at, *high = values.at + values.count - 1;

    for (;;) {
        while (*low < pivot)
            low++;
        while (*high > pivot)
            high--;
        if (low >= high)
            break;
        swap(low++, high--);
    }
    *out_low = (part){ values.at, (size_t)(low - values.at) };
    *out_high = (part){ low, values.count - out_low->count };
}

static void insert_all(part values)
{
    for (size_t i = 1; i < values.count; i++)
        for (size_t j = i; j > 0 && values.at[j] < values.at[j - 1]; j--)
            swap(&values.at[j], &values.at[j - 1]);
}

/* Recurses into the smaller side only: the depth is a logarithm. */
static void sort(part values)
{
    while (values.count > INSERTED_MAX) {
        part low, high;
        bool is_low_smaller;

        divide(values, &low, &high);
        is_low_smaller = low.count < high.count;
        sort(is_low_smaller ? low : high);
        values = is_low_smaller ? high : low;
    }
    insert_all(values);
}

/* --- a part ------------------------------------------------------------------------------------------------------- */

struct quicksort {
    quicksort_sorted_sink to;
    uint32_t              sorted; /* of its two sides */
};

static airt_status spawn_for(airt_ctx *ctx, part values)
{
    const airt_spawn_options options = { .start = AIRT_START(quicksort, .values = values, .to.ref = airt_self(ctx)) };
    quicksort_ref            side = { 0 };

    return airt_spawn(ctx, quicksort, &side, &options);
}

AIRT_ON(quicksort, quicksort_start)
{
    part low, high;

    self->to = msg->to;
    if (msg->values.count <= THRESHOLD) {
        sort(msg->values);
        AIRT_TRY(airt_tell(ctx, self->to, quicksort_sorted));
        return AIRT_STOP;
    }
    divide(msg->values, &low, &high);
    AIRT_TRY(spawn_for(ctx, low));
    return spawn_for(ctx, high);
}

AIRT_ON(quicksort, quicksort_sorted)
{
    if (++self->sorted < 2)
        return AIRT_OK;
    AIRT_TRY(airt_tell(ctx, self->to, quicksort_sorted));
    return AIRT_STOP;
}

#define quicksort_HANDLES(ON, A) ON(A, quicksort_start) ON(A, quicksort_sorted)
AIRT_BEHAVIOR(quicksort)

struct quicksort_root {
    bench_run *run;
};

AIRT_ON(quicksort_root, quicksort_go)
{
    self->run = msg->run;
    bench_start(self->run);
    return spawn_for(ctx, msg->values);
}

AIRT_ON(quicksort_root, quicksort_sorted)
{
    bench_event(self->run);
    return AIRT_OK;
}

#define quicksort_root_HANDLES(ON, A) ON(A, quicksort_go) ON(A, quicksort_sorted)
AIRT_BEHAVIOR(quicksort_root)

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* Equal for two arrays if they hold the same numbers, each as often. */
static uint64_t digest(part values)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < values.count; i++)
        sum += bench_work(values.at[i], 2);
    return sum;
}

static void fill(part values)
{
    uint64_t random = SEED;

    for (size_t i = 0; i < values.count; i++)
        values.at[i] = bench_random(&random) >> (64 - VALUE_BITS);
}

static void check_order(bench_run *run, part values, uint64_t want_digest)
{
    for (size_t i = 1; i < values.count; i++)
        if (values.at[i - 1] > values.at[i])
            (void)bench_fail(run, "not in order at %zu", i);
    run->found.check = values.count;
    (void)bench_equal(run, "digest of the values", digest(values), want_digest);
}

static void sort_by_actors(bench_run *run, part values)
{
    airt_system       *system = bench_open(run);
    quicksort_root_ref root = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (bench_status(run, "spawn", airt_spawn(system, quicksort_root, &root, NULL))) {
        airt_tell(system, root, quicksort_go, .run = run, .values = values);
        if (bench_wait(run))
            run->found.value[0] = bench_ms(run);
    }
    bench_close(run, &system);
}

static void quicksort_run(bench_run *run)
{
    const part values = { calloc(run->count, sizeof *values.at), run->count };
    uint64_t   before;

    if (values.at == NULL) {
        (void)bench_fail(run, "no memory");
        return;
    }
    fill(values);
    before = digest(values);
    sort_by_actors(run, values);
    if (run->found.failure[0] == '\0')
        check_order(run, values, before);
    free(values.at);
}

const bench_workload bench_quicksort = {
    .name = "quicksort",
    .what = "--count values, divided among actors down to 2,048 and sorted in place; 15 times Savina's size",
    .figure = { { "quicksort", "ms/run" } },
    .count = 15000000,
    .small = 20000,
    .run = quicksort_run,
};
