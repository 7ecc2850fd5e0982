/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/mutex.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#define THREADS 4
#define ROUNDS 20000

typedef struct shared {
    airi_mutex mutex;
    uint64_t   plain; /* guarded by mutex */
    uint64_t   twin;  /* guarded by mutex, equal to plain */
    uint64_t   torn;  /* guarded by mutex: times they were not */
} shared;

static void *count_up(void *argument)
{
    shared *s = argument;

    for (int i = 0; i < ROUNDS; i++) {
        if (i % 3 != 0 || !airi_mutex_trylock(&s->mutex))
            airi_mutex_lock(&s->mutex);
        s->torn += s->plain != s->twin;
        s->plain++;
        if (i % 1024 == 0)
            sched_yield(); /* held across a switch: others sleep */
        s->twin++;
        airi_mutex_unlock(&s->mutex);
    }
    return NULL;
}

static void test_threads(void **state)
{
    static shared s; /* zeroed is unlocked */
    pthread_t     threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, &s), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(s.plain, THREADS * ROUNDS);
    assert_int_equal(s.twin, THREADS * ROUNDS);
    assert_int_equal(s.torn, 0);
}

static void test_alone(void **state)
{
    airi_mutex mutex;

    (void)state;
    airi_mutex_init(&mutex);
    assert_int_equal(sizeof mutex, 4);
    airi_mutex_lock(&mutex);
    assert_false(airi_mutex_trylock(&mutex));
    airi_mutex_unlock(&mutex);
    assert_true(airi_mutex_trylock(&mutex));
    airi_mutex_unlock(&mutex);
}

static void *lock_once(void *argument)
{
    shared *s = argument;

    errno = 77;
    airi_mutex_lock(&s->mutex);
    s->plain = errno == 77;
    airi_mutex_unlock(&s->mutex);
    return NULL;
}

/* A thread that has slept comes back with errno as it was, and the sleeper is woken. */
static void test_sleeper(void **state)
{
    static shared   s;
    pthread_t       thread;
    struct timespec pause = { .tv_nsec = 1000000 };

    (void)state;
    airi_mutex_lock(&s.mutex);
    assert_int_equal(pthread_create(&thread, NULL, lock_once, &s), 0);
    while (airi_load(&s.mutex.word, AIRI_RELAXED) != AIRI_MUTEX_CONTENDED)
        (void)nanosleep(&pause, NULL);
    (void)nanosleep(&pause, NULL);
    airi_mutex_unlock(&s.mutex);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(s.plain, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_sleeper),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
