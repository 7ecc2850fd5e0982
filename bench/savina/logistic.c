/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does an answer cost that a handler awaits? Ten series, each an actor, compute the logistic map term by term: each
 * asks an actor that knows its rate for the next term, and waits for it in straight-line code. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_RATE 3.46
#define RATE_STEP 0.0025
#define FIRST_TERM 0.5

enum {
    TURN_TERMS =
        1000 /* the answers that a handler got live until it returns: a series goes on by a message to itself */
};

struct logistic_step {
    double term;
};
AIRT_KIND(logistic_step, term)
struct logistic_next {
    double term;
};
AIRT_KIND(logistic_next, term)
AIRT_ANSWER(logistic_step, logistic_next)

#define logistic_rate_ACCEPTS(KIND) KIND(logistic_step)
AIRT_PROTOCOL(logistic_rate)

AIRT_SIGNAL(logistic_more)
AIRT_SIGNAL(logistic_sum_get)
struct logistic_sum {
    double sum;
};
AIRT_KIND(logistic_sum, sum)
AIRT_ANSWER(logistic_sum_get, logistic_sum)

#define logistic_series_ACCEPTS(KIND) KIND(bench_go) KIND(logistic_sum_get)
AIRT_PROTOCOL(logistic_series)

/* --- a rate ------------------------------------------------------------------------------------------------------- */

struct logistic_rate_start {
    double rate;
};
AIRT_KIND(logistic_rate_start, rate)

struct logistic_rate {
    double rate;
};

AIRT_ON(logistic_rate, logistic_rate_start)
{
    self->rate = msg->rate;
    return AIRT_OK;
}

AIRT_ON(logistic_rate, logistic_step)
{
    return airt_reply(ctx, logistic_step, .term = self->rate * msg->term * (1 - msg->term));
}

#define logistic_rate_HANDLES(ON, A) ON(A, logistic_rate_start) ON(A, logistic_step)
AIRT_BEHAVIOR(logistic_rate)

/* --- a series ----------------------------------------------------------------------------------------------------- */

struct logistic_series_start {
    logistic_rate_ref rate;
};
AIRT_KIND(logistic_series_start, REF(rate))

struct logistic_series {
    bench_run        *run;
    logistic_rate_ref rate;
    uint64_t          terms;
    double            term;
    double            sum;
};

AIRT_ON(logistic_series, logistic_series_start)
{
    self->rate = msg->rate;
    return AIRT_OK;
}

AIRT_ON(logistic_series, logistic_more)
{
    for (int i = 0; i < TURN_TERMS && self->terms < self->run->count; i++, self->terms++) {
        struct logistic_next next = { 0 };

        AIRT_TRY(airt_ask(ctx, self->rate, &next, AIRT_FOREVER, logistic_step, .term = self->term));
        self->term = next.term;
        self->sum += next.term;
    }
    if (self->terms < self->run->count)
        return airt_tell_any(ctx, airt_self(ctx), logistic_more);
    bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(logistic_series, bench_go)
{
    self->run = msg->run;
    self->term = FIRST_TERM;
    return airt_tell_any(ctx, airt_self(ctx), logistic_more);
}

AIRT_ON(logistic_series, logistic_sum_get)
{
    return airt_reply(ctx, logistic_sum_get, .sum = self->sum);
}

#define logistic_series_HANDLES(ON, A)                                                                                 \
    ON(A, logistic_series_start) ON(A, bench_go) ON(A, logistic_more) ON(A, logistic_sum_get)
AIRT_BEHAVIOR(logistic_series)

/* --- the run ------------------------------------------------------------------------------------------------------ */

static double rate_of(uint32_t series)
{
    return FIRST_RATE + series * RATE_STEP;
}

static bool spawn_series(bench_run *run, airt_system *system, logistic_series_ref *series)
{
    for (uint32_t i = 0; i < run->actors; i++) {
        const airt_spawn_options of_rate = { .start = AIRT_START(logistic_rate, .rate = rate_of(i)) };
        logistic_rate_ref        rate = { 0 };

        if (!bench_status(run, "spawn", airt_spawn(system, logistic_rate, &rate, &of_rate)) ||
            !bench_status(run, "spawn",
                          airt_spawn(system, logistic_series, &series[i],
                                     &(airt_spawn_options){ .start = AIRT_START(logistic_series, .rate = rate) })))
            return false;
    }
    return true;
}

static bool compute(bench_run *run, airt_system *system, const logistic_series_ref *series)
{
    bench_expect(run, run->actors);
    bench_start(run);
    for (uint32_t i = 0; i < run->actors; i++)
        airt_tell(system, series[i], bench_go, .run = run);
    if (!bench_wait(run))
        return false;
    run->found.value[0] = bench_ns_each(run, run->count * run->actors);
    return true;
}

/* The same operations in the same order give the same bits, chaotic as the map is. */
static double sum_of_series(double rate, uint64_t terms)
{
    double sum = 0, x = FIRST_TERM;

    for (uint64_t i = 0; i < terms; i++) {
        x = rate * x * (1 - x);
        sum += x;
    }
    return sum;
}

static bool check_sum(bench_run *run, airt_system *system, logistic_series_ref series, double want)
{
    logistic_sum_get_answer got = { 0 };

    return bench_status(run, "ask", airt_ask(system, series, &got, AIRT_SECONDS(60), logistic_sum_get)) &&
           (memcmp(&got.sum, &want, sizeof want) == 0 ||
            bench_fail(run, "a series sums to %.17g instead of %.17g", got.sum, want));
}

static void logistic_run(bench_run *run)
{
    airt_system         *system = bench_open(run);
    logistic_series_ref *series = calloc(run->actors, sizeof *series);

    if (series == NULL)
        (void)bench_fail(run, "no memory");
    else if (system != NULL && spawn_series(run, system, series) && compute(run, system, series))
        for (uint32_t i = 0; i < run->actors; i++)
            if (check_sum(run, system, series[i], sum_of_series(rate_of(i), run->count)))
                run->found.check += run->count;
    bench_close(run, &system);
    free(series);
}

const bench_workload bench_logistic = {
    .name = "logistic",
    .what = "10 series (--actors) ask another actor for each term and await it; --count terms each, 20 times Savina's\n"
            "size",
    .figure = { { "logistic", "ns/term" } },
    .count = 500000,
    .small = 100,
    .actors = 10,
    .small_actors = 10,
    .run = logistic_run,
};
