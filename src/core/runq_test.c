/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "core/runq.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static int items[4 * AIRI_RUNQ_MAX + 8];

static void test_fifo(void **state)
{
    static airi_runq queue;

    (void)state;
    airi_runq_init(&queue);
    assert_null(airi_runq_pop(&queue));
    for (uint32_t round = 0; round < 8; round++) { /* over the wrap of both counters */
        assert_true(airi_runq_empty_sync(&queue));
        for (uint32_t i = 0; i < AIRI_RUNQ_MAX; i++)
            assert_true(airi_runq_push(&queue, &items[i]));
        assert_false(airi_runq_push(&queue, &items[AIRI_RUNQ_MAX]));
        assert_false(airi_runq_empty_sync(&queue));
        for (uint32_t i = 0; i < AIRI_RUNQ_MAX; i++)
            assert_ptr_equal(airi_runq_pop(&queue), &items[i]);
        assert_null(airi_runq_pop(&queue));
    }
}

static void test_steal(void **state)
{
    static airi_runq from;
    static airi_runq to;

    (void)state;
    airi_runq_init(&from);
    airi_runq_init(&to);
    assert_int_equal(airi_runq_steal(&from, &to, 100), 0);
    assert_true(airi_runq_push(&from, &items[0]));
    assert_int_equal(airi_runq_steal(&from, &to, 100), 1); /* a single one may go */
    assert_ptr_equal(airi_runq_pop(&to), &items[0]);
    for (uint32_t i = 0; i < AIRI_RUNQ_MAX; i++)
        assert_true(airi_runq_push(&from, &items[i]));
    assert_int_equal(airi_runq_steal(&from, &to, 1), 1);
    assert_int_equal(airi_runq_steal(&from, &to, AIRI_RUNQ_MAX), AIRI_RUNQ_MAX / 2);
    for (uint32_t i = 0; i < AIRI_RUNQ_MAX / 2 + 1; i++)
        assert_ptr_equal(airi_runq_pop(&to), &items[i]);
    for (uint32_t i = AIRI_RUNQ_MAX / 2 + 1; i < AIRI_RUNQ_MAX; i++)
        assert_ptr_equal(airi_runq_pop(&from), &items[i]);
    for (uint32_t i = 0; i < AIRI_RUNQ_MAX; i++)
        assert_true(airi_runq_push(&from, &items[i]) && airi_runq_push(&to, &items[i]));
    assert_int_equal(airi_runq_steal(&from, &to, AIRI_RUNQ_MAX), 0); /* no room */
}

static void test_drain(void **state)
{
    static airi_runq queue;
    void            *out[AIRI_RUNQ_MAX];

    (void)state;
    airi_runq_init(&queue);
    assert_int_equal(airi_runq_drain_half(&queue, out, AIRI_RUNQ_MAX), 0);
    for (uint32_t i = 0; i < AIRI_RUNQ_MAX; i++)
        assert_true(airi_runq_push(&queue, &items[i]));
    assert_int_equal(airi_runq_drain_half(&queue, out, AIRI_RUNQ_MAX), AIRI_RUNQ_MAX / 2);
    for (uint32_t i = 0; i < AIRI_RUNQ_MAX / 2; i++)
        assert_ptr_equal(out[i], &items[i]);
    assert_int_equal(airi_runq_drain_half(&queue, out, 1), 1);
    assert_ptr_equal(out[0], &items[AIRI_RUNQ_MAX / 2]);
}

#define WORKERS 4
#define TOTAL 200000u

typedef struct shared {
    airi_runq             queues[WORKERS];
    AIRI_ATOMIC(uint32_t) made;
    AIRI_ATOMIC(uint32_t) done;
    uint32_t              seen[TOTAL]; /* plain: each item is seen by one worker, once */
} shared;

typedef struct worker {
    shared  *all;
    uint32_t number;
} worker;

static void see(shared *all, void *item)
{
    all->seen[(uintptr_t)item - 1]++;
    (void)airi_fetch_add(&all->done, 1, AIRI_RELAXED);
}

static void make_some(shared *all, airi_runq *mine)
{
    void *overflow[AIRI_RUNQ_MAX];

    for (int i = 0; i < 5; i++) {
        uint32_t number = airi_fetch_add(&all->made, 1, AIRI_RELAXED);

        if (number >= TOTAL)
            return;
        while (!airi_runq_push(mine, (void *)(uintptr_t)(number + 1))) {
            uint32_t count = airi_runq_drain_half(mine, overflow, AIRI_RUNQ_MAX);

            for (uint32_t j = 0; j < count; j++)
                see(all, overflow[j]);
        }
    }
}

static void *work(void *argument)
{
    worker    *me = argument;
    shared    *all = me->all;
    airi_runq *mine = &all->queues[me->number];

    for (uint32_t turn = 0; airi_load(&all->done, AIRI_RELAXED) < TOTAL; turn++) {
        airi_runq *victim = &all->queues[(me->number + turn) % WORKERS];
        void      *item;

        if (me->number < 2 || turn % 16 == 0) /* two makers, two that mostly steal */
            make_some(all, mine);
        if (victim != mine)
            (void)airi_runq_steal(victim, mine, AIRI_RUNQ_MAX / 2);
        for (int i = 0; i < 4 && (item = airi_runq_pop(mine)) != NULL; i++)
            see(all, item);
    }
    return NULL;
}

static void test_threads(void **state)
{
    static shared all;
    worker        workers[WORKERS];
    pthread_t     threads[WORKERS];

    (void)state;
    for (uint32_t i = 0; i < WORKERS; i++)
        airi_runq_init(&all.queues[i]);
    for (uint32_t i = 0; i < WORKERS; i++) {
        workers[i] = (worker){ &all, i };
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (uint32_t i = 0; i < TOTAL; i++)
        assert_int_equal(all.seen[i], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fifo),
        cmocka_unit_test(test_steal),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
