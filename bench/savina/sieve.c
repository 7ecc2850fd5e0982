/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a pipeline cost that grows while it runs? Numbers flow down a chain of filters. A filter keeps the first
 * thousand primes that reach it and stops their multiples; what is left goes on to the next filter, which is made when
 * it is needed. All flows one way, so a full box makes its sender wait and nobody waits in a circle. */
#include "harness.h"

#include <stdlib.h>

enum {
    FILTER_PRIMES = 1000,
    TURN_NUMBERS = 1000 /* the source goes on by a message to itself */
};

struct sieve_number {
    uint32_t number;
};
AIRT_KIND(sieve_number, number)

/* Behind all numbers: each filter adds its own, and the last one tells. */
struct sieve_found {
    uint64_t primes;
    uint64_t sum;
    uint32_t filters;
};
AIRT_KIND(sieve_found, primes, sum, filters)
struct sieve_end {
    struct sieve_found found;
    sieve_found_sink   to;
};
AIRT_KIND(sieve_end, NESTED(found, sieve_found), REF(to))

#define sieve_filter_ACCEPTS(KIND) KIND(sieve_number) KIND(sieve_end)
AIRT_PROTOCOL(sieve_filter)
AIRT_ACTOR(sieve_filter) /* it spawns its like */

AIRT_SIGNAL(sieve_more)
AIRT_SIGNAL(sieve_get)
AIRT_ANSWER(sieve_get, sieve_found)
#define sieve_source_ACCEPTS(KIND) KIND(bench_go) KIND(sieve_more) KIND(sieve_found) KIND(sieve_get)
AIRT_PROTOCOL(sieve_source)

/* A chain may stand still for as long as its last filter computes. */
static const airt_spawn_options waiting = { .mailbox = { .overflow = AIRT_WAIT, .wait_ms = 60000 } };

/* --- a filter ----------------------------------------------------------------------------------------------------- */

struct sieve_filter {
    uint32_t         prime[FILTER_PRIMES];
    uint32_t         primes;
    uint64_t         sum;
    sieve_filter_ref next;
};

static bool is_multiple(const struct sieve_filter *self, uint32_t number)
{
    for (uint32_t i = 0; i < self->primes; i++)
        if (number % self->prime[i] == 0)
            return true;
    return false;
}

AIRT_ON(sieve_filter, sieve_number)
{
    if (is_multiple(self, msg->number))
        return AIRT_OK;
    if (self->primes < FILTER_PRIMES) {
        self->prime[self->primes++] = msg->number;
        self->sum += msg->number;
        return AIRT_OK;
    }
    if (airt_ref_none(self->next.ref))
        AIRT_TRY(airt_spawn(ctx, sieve_filter, &self->next, &waiting));
    return airt_forward(ctx, self->next, sieve_number);
}

AIRT_ON(sieve_filter, sieve_end)
{
    const struct sieve_found found = { .primes = msg->found.primes + self->primes,
                                       .sum = msg->found.sum + self->sum,
                                       .filters = msg->found.filters + 1 };

    if (!airt_ref_none(self->next.ref))
        return airt_tell(ctx, self->next, sieve_end, .found = found, .to = msg->to);
    return airt_tell(ctx, msg->to, sieve_found, .primes = found.primes, .sum = found.sum, .filters = found.filters);
}

#define sieve_filter_HANDLES(ON, A) ON(A, sieve_number) ON(A, sieve_end)
AIRT_BEHAVIOR(sieve_filter)

/* --- the source: 2 and the odd numbers ---------------------------------------------------------------------------- */

struct sieve_source {
    bench_run         *run;
    sieve_filter_ref   first;
    uint32_t           number; /* the next one */
    struct sieve_found found;
};

AIRT_ON(sieve_source, bench_go)
{
    self->run = msg->run;
    self->number = 3;
    bench_start(self->run);
    AIRT_TRY(airt_spawn(ctx, sieve_filter, &self->first, &waiting));
    AIRT_TRY(airt_tell(ctx, self->first, sieve_number, .number = 2));
    return airt_tell_any(ctx, airt_self(ctx), sieve_more);
}

AIRT_ON(sieve_source, sieve_more)
{
    const sieve_found_sink me = { .ref = airt_self(ctx) };

    for (int i = 0; i < TURN_NUMBERS && self->number < self->run->count; i++, self->number += 2)
        AIRT_TRY(airt_tell(ctx, self->first, sieve_number, .number = self->number));
    if (self->number < self->run->count)
        return airt_tell_any(ctx, me.ref, sieve_more);
    return airt_tell(ctx, self->first, sieve_end, .to = me);
}

AIRT_ON(sieve_source, sieve_found)
{
    self->found = *msg;
    bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(sieve_source, sieve_get)
{
    return airt_reply(ctx, sieve_get, .primes = self->found.primes, .sum = self->found.sum,
                      .filters = self->found.filters);
}

#define sieve_source_HANDLES(ON, A) ON(A, bench_go) ON(A, sieve_more) ON(A, sieve_found) ON(A, sieve_get)
AIRT_BEHAVIOR(sieve_source)

/* --- the run ------------------------------------------------------------------------------------------------------ */

static void cross_out(bool *is_crossed, uint64_t prime, uint64_t below)
{
    for (uint64_t i = prime * prime; i < below; i += prime)
        is_crossed[i] = true;
}

/* The sieve of Eratosthenes. is_crossed: `below` of them, all false. */
static struct sieve_found primes_below(uint64_t below, bool *is_crossed)
{
    struct sieve_found found = { 0 };

    for (uint64_t i = 2; i < below; i++) {
        if (is_crossed[i])
            continue;
        found.primes++;
        found.sum += i;
        cross_out(is_crossed, i, below);
    }
    found.filters = (uint32_t)((found.primes + FILTER_PRIMES - 1) / FILTER_PRIMES);
    return found;
}

static void check_found(bench_run *run, const struct sieve_found *got)
{
    bool              *is_crossed = calloc(run->count, sizeof *is_crossed);
    struct sieve_found want;

    if (is_crossed == NULL) {
        (void)bench_fail(run, "no memory");
        return;
    }
    want = primes_below(run->count, is_crossed);
    free(is_crossed);
    run->found.check = got->primes;
    (void)bench_equal(run, "primes", got->primes, want.primes);
    (void)bench_equal(run, "sum of primes", got->sum, want.sum);
    (void)bench_equal(run, "filters", got->filters, want.filters);
}

static void sieve_run(bench_run *run)
{
    airt_system     *system = bench_open(run);
    sieve_source_ref source = { 0 };
    sieve_get_answer found = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (run->count < 3)
        (void)bench_fail(run, "no primes below that");
    else if (bench_status(run, "spawn", airt_spawn(system, sieve_source, &source, NULL))) {
        airt_tell(system, source, bench_go, .run = run);
        if (bench_wait(run) &&
            bench_status(run, "ask", airt_ask(system, source, &found, AIRT_SECONDS(60), sieve_get))) {
            run->found.value[0] = bench_ms(run);
            check_found(run, &found);
        }
    }
    bench_close(run, &system);
}

const bench_workload bench_sieve = {
    .name = "sieve",
    .what = "the primes below --count, 1,000 to a filter; 5 times Savina's size",
    .figure = { { "sieve", "ms/run" } },
    .count = 500000,
    .small = 20000,
    .run = sieve_run,
};
