/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A random program over a handful of actors, driven by a seed: they tell, ask, forward, keep, stash, sleep, receive, arm
 * timers, link, watch, spawn, fail, restart, stop and kill each other. Whatever the seed: every message ends exactly
 * once, mail of one sender and priority stays in order, a handler never runs beside another of its actor, the account
 * balances, nothing leaks, and the addresses of memory do not matter.
 * SEEDS=n runs n seeds; SEED=n runs that one alone. */
#include "random_program.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { SEEDS_DEFAULT = 1000, HANG_SECONDS = 20 };

static volatile uint64_t seed_now;

/* A failed check aborts, wherever it was; the seed is what one needs to see it again. */
static void tell_seed(int number)
{
    char   text[64];
    int    size = snprintf(text, sizeof text, "failed with seed %llu\n", (unsigned long long)seed_now);
    void (*standard)(int) = SIG_DFL;

    (void)!write(2, text, (size_t)size);
    (void)signal(number, standard);
    (void)raise(number);
}

static void watch_over(void)
{
    (void)signal(SIGABRT, tell_seed);
    (void)signal(SIGSEGV, tell_seed);
    (void)signal(SIGALRM, tell_seed);
}

static uint64_t run(uint64_t seed, uint32_t layout)
{
    seed_now = seed;
    (void)alarm(HANG_SECONDS); /* a hang is a failure too; nothing here is measured */
    uint64_t hash = random_program(seed, layout, NULL);
    (void)alarm(0);
    return hash;
}

static void every_seed_keeps_the_rules(void **state)
{
    const char *one = getenv("SEED");
    uint64_t    first = one != NULL ? strtoull(one, NULL, 10) : 1;
    uint64_t    last = one != NULL ? first : sim_seeds(SEEDS_DEFAULT);

    (void)state;
    watch_over();
    for (uint64_t seed = first; seed <= last; seed++) {
        uint64_t hash = run(seed, 0);

        AIRT_CHECK(hash == run(seed, 1 + (uint32_t)seed % 7) && "addresses do not matter");
    }
}

static void seeds_differ(void **state)
{
    (void)state;
    assert_true(run(1, 0) != run(2, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_seed_keeps_the_rules),
        cmocka_unit_test(seeds_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
