/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How well does a pipeline of uneven stages spread? A signal is split into channels, thinned out, and joined again:
 *   source: --count samples, whole numbers from -100 to 100, to each of C channels (--actors); of channel c:
 *   delay by c samples; FIR by the coefficients h; down: every C-th sample, the first included; up: C-1 zeros behind
 *   each; delay by C-1-c; FIR by the coefficients f; then join: sample by sample the sum over all channels.
 * FIR: y(t) = sum over k of h(k) x(t-k), with count / 2 coefficients, whole numbers from -8 to 8; every signal is 0
 * before its start. An actor for each stage, a message for each sample. All flows one way: a full box makes its sender
 * wait, and nobody waits in a circle. */
#include "harness.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    SAMPLE_MAX = 100,
    COEFFICIENT_MAX = 8
};

/* Of a channel: which of its two filters. */
typedef enum side {
    ANALYSIS,
    SYNTHESIS
} side;

struct filterbank_sample {
    double value; /* whole, and below 2^53: sums are exact, in any order */
};
AIRT_KIND(filterbank_sample, value)

struct filterbank_delay_start {
    uint32_t               samples;
    filterbank_sample_sink next;
};
AIRT_KIND(filterbank_delay_start, samples, REF(next))
struct filterbank_fir_start {
    uint32_t               channel;
    side                   side;
    uint64_t               taps;
    filterbank_sample_sink next;
};
AIRT_KIND(filterbank_fir_start, channel, side, taps, REF(next))
struct filterbank_down_start {
    uint32_t               factor;
    filterbank_sample_sink next;
};
AIRT_KIND(filterbank_down_start, factor, REF(next))
struct filterbank_up_start {
    uint32_t               factor;
    filterbank_sample_sink next;
};
AIRT_KIND(filterbank_up_start, factor, REF(next))

/* What leaves a channel says when it is; the channels do not keep step. */
struct filterbank_timed {
    uint64_t time;
    double   value;
};
AIRT_KIND(filterbank_timed, time, value)
struct filterbank_timer_start {
    filterbank_timed_sink join;
};
AIRT_KIND(filterbank_timer_start, REF(join))

AIRT_SIGNAL(filterbank_get)
struct filterbank_signal {
    airt_blob values; /* of double */
};
AIRT_KIND(filterbank_signal, values)
AIRT_ANSWER(filterbank_get, filterbank_signal)
#define filterbank_join_ACCEPTS(KIND) KIND(bench_go) KIND(filterbank_timed) KIND(filterbank_get)
AIRT_PROTOCOL(filterbank_join)

struct filterbank_channel {
    filterbank_sample_sink first;
};
AIRT_KIND(filterbank_channel, REF(first))
#define filterbank_source_ACCEPTS(KIND) KIND(bench_go) KIND(filterbank_channel)
AIRT_PROTOCOL(filterbank_source)

/* --- numbers ------------------------------------------------------------------------------------------------------ */

static double whole_number(uint64_t seed, uint32_t max)
{
    return (double)((int64_t)(bench_random(&seed) % (2 * max + 1)) - (int64_t)max);
}

static double sample_at(uint64_t time)
{
    return whole_number(time, SAMPLE_MAX);
}

static double coefficient(uint32_t channel, side which, uint64_t index)
{
    return whole_number((uint64_t)channel << 48 | (uint64_t)which << 40 | index, COEFFICIENT_MAX);
}

/* --- stages ------------------------------------------------------------------------------------------------------- */

struct filterbank_delay {
    filterbank_sample_sink next;
};

/* As many zeros in front are as many samples of delay. */
AIRT_ON(filterbank_delay, filterbank_delay_start)
{
    self->next = msg->next;
    for (uint32_t i = 0; i < msg->samples; i++)
        AIRT_TRY(airt_tell(ctx, self->next, filterbank_sample));
    return AIRT_OK;
}

AIRT_ON(filterbank_delay, filterbank_sample)
{
    return airt_forward(ctx, self->next, filterbank_sample);
}

#define filterbank_delay_HANDLES(ON, A) ON(A, filterbank_delay_start) ON(A, filterbank_sample)
AIRT_BEHAVIOR(filterbank_delay)

struct filterbank_fir {
    filterbank_sample_sink next;
    double                *coefficient; /* the last one first */
    double                *past;        /* twice as many samples: the last `taps` lie side by side at `at` */
    uint64_t               taps, at;
};

AIRT_ON(filterbank_fir, filterbank_fir_start)
{
    self->next = msg->next;
    self->taps = msg->taps;
    self->coefficient = airt_alloc(ctx, msg->taps * sizeof *self->coefficient);
    self->past = airt_alloc(ctx, 2 * msg->taps * sizeof *self->past);
    if (self->coefficient == NULL || self->past == NULL)
        return AIRT_ENOMEM;
    for (uint64_t i = 0; i < msg->taps; i++)
        self->coefficient[i] = coefficient(msg->channel, msg->side, msg->taps - 1 - i);
    return AIRT_OK;
}

/* Four sums at a time keep the adders busy. */
static double product_of(const double *a, const double *b, uint64_t count)
{
    double   sum[4] = { 0 };
    uint64_t i = 0;

    for (; i + 4 <= count; i += 4)
        for (uint64_t j = 0; j < 4; j++)
            sum[j] += a[i + j] * b[i + j];
    for (; i < count; i++)
        sum[0] += a[i] * b[i];
    return sum[0] + sum[1] + sum[2] + sum[3];
}

AIRT_ON(filterbank_fir, filterbank_sample)
{
    self->past[self->at] = self->past[self->at + self->taps] = msg->value;
    self->at = (self->at + 1) % self->taps;
    return airt_tell(ctx, self->next, filterbank_sample,
                     .value = product_of(self->coefficient, self->past + self->at, self->taps));
}

#define filterbank_fir_HANDLES(ON, A) ON(A, filterbank_fir_start) ON(A, filterbank_sample)
AIRT_BEHAVIOR(filterbank_fir)

struct filterbank_down {
    filterbank_sample_sink next;
    uint32_t               factor, skipped;
};

AIRT_ON(filterbank_down, filterbank_down_start)
{
    self->next = msg->next;
    self->factor = msg->factor;
    return AIRT_OK;
}

AIRT_ON(filterbank_down, filterbank_sample)
{
    const bool is_kept = self->skipped == 0;

    self->skipped = (self->skipped + 1) % self->factor;
    return is_kept ? airt_forward(ctx, self->next, filterbank_sample) : AIRT_OK;
}

#define filterbank_down_HANDLES(ON, A) ON(A, filterbank_down_start) ON(A, filterbank_sample)
AIRT_BEHAVIOR(filterbank_down)

struct filterbank_up {
    filterbank_sample_sink next;
    uint32_t               factor;
};

AIRT_ON(filterbank_up, filterbank_up_start)
{
    self->next = msg->next;
    self->factor = msg->factor;
    return AIRT_OK;
}

AIRT_ON(filterbank_up, filterbank_sample)
{
    AIRT_TRY(airt_tell(ctx, self->next, filterbank_sample, .value = msg->value));
    for (uint32_t i = 1; i < self->factor; i++)
        AIRT_TRY(airt_tell(ctx, self->next, filterbank_sample));
    return AIRT_OK;
}

#define filterbank_up_HANDLES(ON, A) ON(A, filterbank_up_start) ON(A, filterbank_sample)
AIRT_BEHAVIOR(filterbank_up)

struct filterbank_timer {
    filterbank_timed_sink join;
    uint64_t              time;
};

AIRT_ON(filterbank_timer, filterbank_timer_start)
{
    self->join = msg->join;
    return AIRT_OK;
}

AIRT_ON(filterbank_timer, filterbank_sample)
{
    return airt_tell(ctx, self->join, filterbank_timed, .time = self->time++, .value = msg->value);
}

#define filterbank_timer_HANDLES(ON, A) ON(A, filterbank_timer_start) ON(A, filterbank_sample)
AIRT_BEHAVIOR(filterbank_timer)

/* --- both ends ---------------------------------------------------------------------------------------------------- */

struct filterbank_join {
    bench_run *run;
    airt_blob  values; /* not written any more once it is sent */
    double    *sum;
    uint64_t   left; /* samples of all channels */
};

AIRT_ON(filterbank_join, bench_go)
{
    void *bytes = NULL;

    self->run = msg->run;
    self->left = msg->run->count * msg->run->actors;
    self->values = airt_blob_space(ctx, msg->run->count * sizeof *self->sum, &bytes);
    self->sum = bytes;
    if (self->sum == NULL)
        return AIRT_ENOMEM;
    for (uint64_t i = 0; i < msg->run->count; i++)
        self->sum[i] = 0;
    return airt_blob_keep(ctx, &self->values);
}

/* The delays push a channel's last samples beyond the signal's end. */
AIRT_ON(filterbank_join, filterbank_timed)
{
    if (msg->time >= self->run->count)
        return AIRT_OK;
    self->sum[msg->time] += msg->value;
    if (--self->left == 0)
        bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(filterbank_join, filterbank_get)
{
    return airt_reply(ctx, filterbank_get, .values = self->values);
}

#define filterbank_join_HANDLES(ON, A) ON(A, bench_go) ON(A, filterbank_timed) ON(A, filterbank_get)
AIRT_BEHAVIOR(filterbank_join)

struct filterbank_source_start {
    uint32_t channels;
};
AIRT_KIND(filterbank_source_start, channels)

struct filterbank_source {
    filterbank_sample_sink *channel;
    uint32_t                channels;
};

AIRT_ON(filterbank_source, filterbank_source_start)
{
    self->channel = airt_alloc(ctx, msg->channels * sizeof *self->channel);
    return self->channel != NULL ? AIRT_OK : AIRT_ENOMEM;
}

AIRT_ON(filterbank_source, filterbank_channel)
{
    self->channel[self->channels++] = msg->first;
    return AIRT_OK;
}

AIRT_ON(filterbank_source, bench_go)
{
    bench_start(msg->run);
    for (uint64_t time = 0; time < msg->run->count; time++)
        for (uint32_t i = 0; i < self->channels; i++)
            AIRT_TRY(airt_tell(ctx, self->channel[i], filterbank_sample, .value = sample_at(time)));
    return AIRT_OK;
}

#define filterbank_source_HANDLES(ON, A) ON(A, filterbank_source_start) ON(A, filterbank_channel) ON(A, bench_go)
AIRT_BEHAVIOR(filterbank_source)

/* --- building ----------------------------------------------------------------------------------------------------- */

/* A pipeline may stand still for as long as its slowest stage computes. */
static const airt_mailbox_options waiting = { .overflow = AIRT_WAIT, .wait_ms = 60000 };

typedef struct bank {
    bench_run            *run;
    airt_system          *system;
    filterbank_source_ref source;
    filterbank_join_ref   join;
} bank;

/* Spawns a stage, which sends to *next: the next one to be spawned then sends to this one. */
static void add_stage(bank *all, filterbank_sample_sink *next, const airt_behavior *stage, airt_body start)
{
    const airt_spawn_options options = { .start = start, .mailbox = waiting };

    (void)bench_status(all->run, "spawn", airt_spawn_behavior(all->system, stage, &next->ref, &options));
}

static void add_fir(bank *all, filterbank_sample_sink *next, uint32_t channel, side which)
{
    const struct filterbank_fir_start start = {
        .channel = channel, .side = which, .taps = all->run->count / 2, .next = *next
    };

    add_stage(all, next, &filterbank_fir_behavior, AIRT_BODY(filterbank_fir_start, &start));
}

static void add_delay(bank *all, filterbank_sample_sink *next, uint32_t samples)
{
    const struct filterbank_delay_start start = { .samples = samples, .next = *next };

    add_stage(all, next, &filterbank_delay_behavior, AIRT_BODY(filterbank_delay_start, &start));
}

static void add_thinning(bank *all, filterbank_sample_sink *next)
{
    const struct filterbank_up_start up = { .factor = all->run->actors, .next = *next };
    struct filterbank_down_start     down = { .factor = all->run->actors };

    add_stage(all, next, &filterbank_up_behavior, AIRT_BODY(filterbank_up_start, &up));
    down.next = *next;
    add_stage(all, next, &filterbank_down_behavior, AIRT_BODY(filterbank_down_start, &down));
}

/* From its end. */
static void add_channel(bank *all, uint32_t channel)
{
    const struct filterbank_timer_start start = { .join = airt_sink(filterbank_timed, all->join) };
    filterbank_sample_sink              next = { 0 };

    add_stage(all, &next, &filterbank_timer_behavior, AIRT_BODY(filterbank_timer_start, &start));
    add_fir(all, &next, channel, SYNTHESIS);
    add_delay(all, &next, all->run->actors - 1 - channel);
    add_thinning(all, &next);
    add_fir(all, &next, channel, ANALYSIS);
    add_delay(all, &next, channel);
    airt_tell(all->system, all->source, filterbank_channel, .first = next);
}

static bool build(bank *all)
{
    const airt_spawn_options of_source = { .start = AIRT_START(filterbank_source, .channels = all->run->actors) };

    if (!bench_status(
            all->run, "spawn",
            airt_spawn(all->system, filterbank_join, &all->join, &(airt_spawn_options){ .mailbox = waiting })) ||
        !bench_status(all->run, "spawn", airt_spawn(all->system, filterbank_source, &all->source, &of_source)))
        return false;
    airt_tell(all->system, all->join, bench_go, .run = all->run);
    for (uint32_t channel = 0; channel < all->run->actors; channel++)
        add_channel(all, channel);
    return all->run->found.failure[0] == '\0';
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* A channel's signal after its first filter, at one time: delay included. */
static double analysed(uint32_t channel, uint64_t time, uint64_t taps)
{
    double sum = 0;

    for (uint64_t k = 0; k < taps && k + channel <= time; k++)
        sum += coefficient(channel, ANALYSIS, k) * sample_at(time - channel - k);
    return sum;
}

/* Only every C-th sample of the first filter is kept, so only these are computed, and each is added where the second
 * filter carries it: a channel's signal is thus made in an order of its own. */
static void add_channel_to(double *sum, uint32_t channel, const bench_run *run)
{
    const uint64_t taps = run->count / 2;

    for (uint64_t time = 0; time < run->count; time += run->actors) {
        const double   value = analysed(channel, time, taps);
        const uint64_t delayed = time + run->actors - 1 - channel;

        for (uint64_t k = 0; k < taps && delayed + k < run->count; k++)
            sum[delayed + k] += coefficient(channel, SYNTHESIS, k) * value;
    }
}

static void compare(bench_run *run, const double *got, double *want)
{
    for (uint32_t channel = 0; channel < run->actors; channel++)
        add_channel_to(want, channel, run);
    for (uint64_t i = 0; i < run->count; i++)
        if (got[i] != want[i])
            (void)bench_fail(run, "sample %" PRIu64 ": %.17g instead of %.17g", i, got[i], want[i]);
    run->found.check = run->count;
}

static void check_signal(bank *all)
{
    bench_run            *run = all->run;
    filterbank_get_answer joined = { 0 };
    double               *want = calloc(run->count, sizeof *want);

    if (want == NULL)
        (void)bench_fail(run, "no memory");
    else if (bench_status(run, "ask", airt_ask(all->system, all->join, &joined, AIRT_SECONDS(60), filterbank_get)) &&
             bench_equal(run, "bytes of samples", joined.values.size, run->count * sizeof *want))
        compare(run, (const void *)joined.values.at, want);
    airt_answer_clear(all->system, filterbank_signal, &joined);
    free(want);
}

static void filterbank_run(bench_run *run)
{
    bank all = { .run = run, .system = bench_open(run) };

    if (all.system == NULL)
        return;
    bench_expect(run, 1);
    if (run->count % run->actors != 0 || run->count < 2)
        (void)bench_fail(run, "the samples do not divide by the channels");
    else if (build(&all)) {
        airt_tell(all.system, all.source, bench_go, .run = run);
        if (bench_wait(run)) {
            run->found.value[0] = bench_ms(run);
            check_signal(&all);
        }
    }
    bench_close(run, &all.system);
}

const bench_workload bench_filterbank = {
    .name = "filterbank",
    .what =
        "--count samples through 8 channels (--actors) of two FIR filters each, half as many coefficients as samples\n"
        "each; Savina has 34,816 samples and 16,384 coefficients",
    .figure = { { "filterbank", "ms/run" } },
    .count = 32768,
    .small = 400,
    .actors = 8,
    .small_actors = 4,
    .run = filterbank_run,
};
