/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How well does long arithmetic spread, when each result is large? Pi is the sum over k of (4/(8k+1) - 2/(8k+4) -
 * 1/(8k+5) - 1/(8k+6)) / 16^k. A master gives each of twenty workers some terms, adds their sum, which comes as a blob,
 * to its own, and gives the worker the next ones: a message under way for each, no box fills. */
#include "bignum.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_TERMS = 32,
    TERM_BITS = 4, /* that a term adds */
    WORD_BITS = 32
};

struct pi_terms {
    uint64_t first;
    uint32_t words; /* of the whole sum */
};
AIRT_KIND(pi_terms, first, words)

#define pi_worker_ACCEPTS(KIND) KIND(pi_terms)
AIRT_PROTOCOL(pi_worker)

struct pi_sum {
    airt_blob     words; /* the last ones of the whole sum: those before are 0 */
    pi_worker_ref worker;
};
AIRT_KIND(pi_sum, words, REF(worker))

struct pi_worker_start {
    pi_sum_sink master;
};
AIRT_KIND(pi_worker_start, REF(master))

AIRT_SIGNAL(pi_get)
struct pi_places {
    airt_blob text; /* with its NUL */
};
AIRT_KIND(pi_places, text)
AIRT_ANSWER(pi_get, pi_places)

#define pi_master_ACCEPTS(KIND) KIND(bench_go) KIND(pi_sum) KIND(pi_get)
AIRT_PROTOCOL(pi_master)

/* --- terms -------------------------------------------------------------------------------------------------------- */

static uint64_t terms_for(uint32_t words)
{
    return (uint64_t)words * WORD_BITS / TERM_BITS;
}

/* numerator / 16^k is its bits `shift` places to the left in word `at`. */
static void add_term(bignum sum, uint64_t k, size_t skipped)
{
    const size_t   at = (k * TERM_BITS + WORD_BITS - 1) / WORD_BITS;
    const uint32_t shift = (uint32_t)(at * WORD_BITS - k * TERM_BITS);
    const uint32_t divisor = (uint32_t)(8 * k);

    bignum_add_ratio(sum, at - skipped, 4u << shift, divisor + 1);
    bignum_subtract_ratio(sum, at - skipped, 2u << shift, divisor + 4);
    bignum_subtract_ratio(sum, at - skipped, 1u << shift, divisor + 5);
    bignum_subtract_ratio(sum, at - skipped, 1u << shift, divisor + 6);
}

/* --- a worker ----------------------------------------------------------------------------------------------------- */

struct pi_worker {
    pi_sum_sink master;
};

AIRT_ON(pi_worker, pi_worker_start)
{
    self->master = msg->master;
    return AIRT_OK;
}

AIRT_ON(pi_worker, pi_terms)
{
    const size_t skipped = msg->first * TERM_BITS / WORD_BITS;
    const size_t count = msg->words - skipped;
    void        *bytes = NULL;
    airt_blob    words = airt_blob_space(ctx, count * sizeof(uint32_t), &bytes);

    if (bytes == NULL)
        return AIRT_ENOMEM;
    memset(bytes, 0, words.size);
    for (uint64_t k = msg->first; k < msg->first + BLOCK_TERMS && k < terms_for(msg->words); k++)
        add_term((bignum){ bytes, count }, k, skipped);
    return airt_tell(ctx, self->master, pi_sum, .words = words, .worker.ref = airt_self(ctx));
}

#define pi_worker_HANDLES(ON, A) ON(A, pi_worker_start) ON(A, pi_terms)
AIRT_BEHAVIOR(pi_worker)

/* --- the master --------------------------------------------------------------------------------------------------- */

struct pi_master {
    bench_run *run;
    bignum     sum;
    uint64_t   next; /* term */
    uint32_t   busy; /* workers */
};

static airt_status give_terms(struct pi_master *self, airt_ctx *ctx, pi_worker_ref worker)
{
    const uint64_t first = self->next;

    if (first >= terms_for((uint32_t)self->sum.count))
        return AIRT_OK;
    self->next += BLOCK_TERMS;
    self->busy++;
    return airt_tell(ctx, worker, pi_terms, .first = first, .words = (uint32_t)self->sum.count);
}

AIRT_ON(pi_master, bench_go)
{
    const airt_spawn_options options = { .start = AIRT_START(pi_worker, .master.ref = airt_self(ctx)) };

    self->run = msg->run;
    self->sum.count = bignum_words(msg->run->count);
    self->sum.word = airt_alloc(ctx, self->sum.count * sizeof *self->sum.word);
    if (self->sum.word == NULL)
        return AIRT_ENOMEM;
    bench_start(self->run);
    for (uint32_t i = 0; i < msg->run->actors; i++) {
        pi_worker_ref worker = { 0 };

        AIRT_TRY(airt_spawn(ctx, pi_worker, &worker, &options));
        AIRT_TRY(give_terms(self, ctx, worker));
    }
    return AIRT_OK;
}

AIRT_ON(pi_master, pi_sum)
{
    self->busy--;
    AIRT_TRY(give_terms(self, ctx, msg->worker));
    bignum_add(self->sum, (const void *)msg->words.at, msg->words.size / sizeof(uint32_t));
    if (self->busy == 0)
        bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(pi_master, pi_get)
{
    void     *text = NULL;
    airt_blob places = airt_blob_space(ctx, self->run->count + 1, &text);

    if (text == NULL)
        return AIRT_ENOMEM;
    bignum_take_places(self->sum, text, self->run->count);
    return airt_reply(ctx, pi_get, .text = places);
}

#define pi_master_HANDLES(ON, A) ON(A, bench_go) ON(A, pi_sum) ON(A, pi_get)
AIRT_BEHAVIOR(pi_master)

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* Scratch of Machin's series, as long as the sum. */
typedef struct machin {
    bignum sum, power, term;
} machin;

/* sum += factor * arctan(1/x), or sum -= it: the terms of both signs in turn. */
static void add_arctan(machin *self, uint32_t factor, uint32_t x, bool is_negative)
{
    const size_t count = self->sum.count;
    size_t       skipped = 0;

    memset(self->power.word, 0, count * sizeof *self->power.word);
    self->power.word[0] = factor;
    bignum_divide(self->power, self->power, x);
    for (uint32_t i = 1; skipped < count; i += 2, is_negative = !is_negative) {
        const bignum power = bignum_tail(self->power, skipped), term = bignum_tail(self->term, skipped);

        bignum_divide(term, power, i);
        (is_negative ? bignum_subtract : bignum_add)(self->sum, term.word, term.count);
        bignum_divide(power, power, x * x);
        while (skipped < count && self->power.word[skipped] == 0)
            skipped++;
    }
}

/* pi = 16 arctan(1/5) - 4 arctan(1/239). words: three times as many as the sum has, all 0. */
static void places_of_pi(uint32_t *words, char *text, size_t places)
{
    const size_t count = bignum_words(places);
    machin       self = { { words, count }, { words + count, count }, { words + 2 * count, count } };

    add_arctan(&self, 16, 5, false);
    add_arctan(&self, 4, 239, true);
    bignum_take_places(self.sum, text, places);
}

static void compare(bench_run *run, const char *got, const char *want)
{
    size_t equal = 0;

    while (equal < run->count && got[equal] == want[equal])
        equal++;
    run->found.check = equal;
    (void)bench_equal(run, "places of pi", equal, run->count);
}

static void check_places(bench_run *run, airt_system *system, pi_master_ref master)
{
    pi_get_answer got = { 0 };
    char         *want = malloc(run->count + 1);
    uint32_t     *words = calloc(3 * bignum_words(run->count), sizeof *words);

    if (want == NULL || words == NULL)
        (void)bench_fail(run, "no memory");
    else if (bench_status(run, "ask", airt_ask(system, master, &got, AIRT_SECONDS(60), pi_get)) &&
             bench_equal(run, "bytes of places", got.text.size, run->count + 1)) {
        places_of_pi(words, want, run->count);
        compare(run, (const void *)got.text.at, want);
    }
    airt_answer_clear(system, pi_places, &got);
    free(words);
    free(want);
}

static void pi_run(bench_run *run)
{
    airt_system  *system = bench_open(run);
    pi_master_ref master = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (bench_status(run, "spawn", airt_spawn(system, pi_master, &master, NULL))) {
        airt_tell(system, master, bench_go, .run = run);
        if (bench_wait(run)) {
            run->found.value[0] = bench_ms(run);
            check_places(run, system, master);
        }
    }
    bench_close(run, &system);
}

const bench_workload bench_pi = {
    .name = "pi",
    .what =
        "--count decimal places, computed by 20 workers (--actors) and compared with another series; 8 times Savina's\n"
        "places",
    .figure = { { "pi", "ms/run" } },
    .count = 40000,
    .small = 600,
    .actors = 20,
    .small_actors = 5,
    .run = pi_run,
};
