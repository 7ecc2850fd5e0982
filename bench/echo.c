/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "echo.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A word is one above the number that was said last; 0: nothing yet. */
struct bench_echo {
    pthread_t        thread;
    _Atomic uint32_t asked, answered;
};

#define OVER UINT32_MAX

static void say(_Atomic uint32_t *word, uint32_t value)
{
    atomic_store(word, value);
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* Asleep while the word is as it was. */
static uint32_t hear(_Atomic uint32_t *word, uint32_t before)
{
    while (atomic_load(word) == before)
        (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, before, NULL, NULL, 0);
    return atomic_load(word);
}

static void *answer(void *argument)
{
    bench_echo *echo = argument;
    uint32_t    asked = 0;

    while ((asked = hear(&echo->asked, asked)) != OVER)
        say(&echo->answered, asked + 1);
    return NULL;
}

bench_echo *bench_echo_start(bench_run *run)
{
    bench_echo *echo = calloc(1, sizeof *echo);

    if (echo != NULL && pthread_create(&echo->thread, NULL, answer, echo) == 0)
        return echo;
    (void)bench_fail(run, "no thread to ask");
    free(echo);
    return NULL;
}

uint32_t bench_echo_ask(bench_echo *echo, uint32_t number)
{
    uint32_t before = atomic_load(&echo->answered);

    say(&echo->asked, number + 1);
    return hear(&echo->answered, before) - 1;
}

void bench_echo_stop(bench_echo *echo)
{
    if (echo == NULL)
        return;
    say(&echo->asked, OVER);
    (void)pthread_join(echo->thread, NULL);
    free(echo);
}
