/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/sweep.h"

#include "base/chunk.h"
#include "fake_world.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SIZE 64
#define CLASS 3
#define CHUNK_BLOCKS (AIRI_CHUNK_BYTES / SIZE)
#define BLOCKS 100000 /* the first 4,096 in mixed chunks, then chunks of their own */
#define SMALL (1024 * 1024)

typedef struct fixture {
    fake_world fake;
    airi_heap  heap;
    airi_cache cache;
    uint64_t  *held[BLOCKS];
} fixture;

static int setup(void **state)
{
    fixture *f = aligned_alloc(_Alignof(fixture), sizeof *f);

    if (f == NULL)
        return -1;
    memset(f, 0, sizeof *f);
    airi_heap_init(&f->heap, fake_world_init(&f->fake));
    airi_cache_init(&f->cache);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    airi_cache_flush(&f->heap, &f->cache);
    assert_int_equal(airi_heap_fini(&f->heap), 0);
    assert_int_equal(f->fake.mapped_bytes, 0);
    free(f);
    return 0;
}

static void take(fixture *f, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        f->held[i] = airi_heap_take(&f->heap, &f->cache, SIZE);
        assert_non_null(f->held[i]);
        f->held[i][0] = i;
        f->held[i][7] = ~i;
    }
}

static void give(fixture *f, size_t i)
{
    assert_int_equal(f->held[i][0], i);
    assert_int_equal(f->held[i][7], ~i);
    airi_heap_give(&f->heap, &f->cache, f->held[i], SIZE);
    f->held[i] = NULL;
}

/* All but each `every`th; 0: all. */
static void give_most(fixture *f, size_t every)
{
    for (size_t i = 0; i < BLOCKS; i++)
        if (f->held[i] != NULL && (every == 0 || i % every != 0))
            give(f, i);
    airi_cache_flush(&f->heap, &f->cache);
}

static uint64_t in_use(fixture *f)
{
    uint32_t size = 0;
    uint64_t blocks = 0;

    assert_true(airi_heap_class(&f->heap, CLASS, &size, &blocks));
    assert_int_equal(size, SIZE);
    return blocks;
}

/* A period in which nothing happens, and a sweep in small steps if there is something to sweep. */
static bool look_and_sweep(fixture *f)
{
    uint64_t blocks = in_use(f);
    bool     swept;

    (void)airi_sweep_begin(&f->heap);
    swept = airi_sweep_begin(&f->heap);
    assert_int_equal(swept, airi_sweep_under_way(&f->heap));
    while (airi_sweep_step(&f->heap, 500))
        assert_int_equal(in_use(f), blocks);
    assert_int_equal(in_use(f), blocks);
    assert_false(airi_sweep_under_way(&f->heap));
    return swept;
}

/* A chunk is all blocks; what is kept about it is small change. */
static void test_overhead(void **state)
{
    fixture *f = *state;
    uint64_t before;
    size_t   chunks = 20;

    take(f, 0, 2 * CHUNK_BLOCKS); /* mixed, and the first of its own */
    before = airi_heap_bytes(&f->heap);
    take(f, 2 * CHUNK_BLOCKS, chunks * CHUNK_BLOCKS);
    assert_int_equal(airi_heap_bytes(&f->heap) - before, chunks * CHUNK_BLOCKS * SIZE);
    give_most(f, 0);
}

static void test_burst(void **state)
{
    fixture *f = *state;

    assert_false(airi_sweep_wanted(&f->heap));
    take(f, 0, BLOCKS);
    assert_false(airi_sweep_wanted(&f->heap));
    assert_true(airi_heap_bytes(&f->heap) > (uint64_t)BLOCKS * SIZE);
    give_most(f, 0);
    assert_true(airi_sweep_wanted(&f->heap));
    assert_true(look_and_sweep(f));
    assert_true(airi_heap_bytes(&f->heap) < SMALL);
    assert_false(airi_sweep_wanted(&f->heap));
    assert_false(look_and_sweep(f));
    take(f, 0, BLOCKS); /* and again */
    give_most(f, 0);
    assert_true(look_and_sweep(f));
    assert_true(airi_heap_bytes(&f->heap) < SMALL);
}

/* Chunks in which something lives stay, the others go. */
static void test_survivors(void **state)
{
    fixture *f = *state;
    uint64_t left;

    take(f, 0, BLOCKS);
    give_most(f, 3 * CHUNK_BLOCKS);
    assert_int_equal(in_use(f), (BLOCKS + 3 * CHUNK_BLOCKS - 1) / (3 * CHUNK_BLOCKS));
    assert_true(look_and_sweep(f));
    left = airi_heap_bytes(&f->heap);
    assert_in_range(left, in_use(f) * AIRI_CHUNK_BYTES, SMALL + in_use(f) * AIRI_CHUNK_BYTES);
    give_most(f, 0);
    assert_true(look_and_sweep(f));
    assert_true(airi_heap_bytes(&f->heap) < SMALL);
}

/* Scattered blocks cannot go: that is tried once, and again when a lot more is free. */
static void test_scattered(void **state)
{
    fixture *f = *state;
    uint64_t held;

    take(f, 0, BLOCKS);
    held = airi_heap_bytes(&f->heap);
    give_most(f, 16);
    assert_true(look_and_sweep(f));
    assert_int_equal(airi_heap_bytes(&f->heap), held);
    assert_false(airi_sweep_wanted(&f->heap));
    assert_false(look_and_sweep(f));
    give_most(f, 16); /* as before */
    for (size_t i = 0; i < BLOCKS; i += 48)
        give(f, i);
    airi_cache_flush(&f->heap, &f->cache);
    assert_false(airi_sweep_wanted(&f->heap));
    give_most(f, 0);
    assert_true(airi_sweep_wanted(&f->heap));
    assert_true(look_and_sweep(f));
    assert_true(airi_heap_bytes(&f->heap) < SMALL);
}

/* What was used since the last look stays, and is there without a mapping. */
static void test_hysteresis(void **state)
{
    const size_t used = 5 * CHUNK_BLOCKS;
    fixture     *f = *state;
    uint64_t     maps;

    take(f, 0, BLOCKS);
    give_most(f, 0);
    assert_false(airi_sweep_begin(&f->heap));
    take(f, 0, BLOCKS); /* all */
    give_most(f, 0);
    assert_false(airi_sweep_begin(&f->heap));
    take(f, 0, used); /* some */
    give_most(f, 0);
    assert_true(airi_sweep_begin(&f->heap));
    airi_sweep_finish(&f->heap);
    assert_in_range(airi_heap_bytes(&f->heap), used * SIZE, used * SIZE + SMALL);
    maps = f->fake.maps;
    for (int i = 0; i < 10; i++) {
        take(f, 0, used);
        give_most(f, 0);
        assert_false(airi_sweep_begin(&f->heap));
    }
    assert_int_equal(f->fake.maps, maps);
    assert_true(look_and_sweep(f)); /* the load is over */
    assert_true(airi_heap_bytes(&f->heap) < SMALL);
}

/* Without memory for its index a sweep does not begin, nor is it asked for again and again; nothing is lost. */
static void test_no_index(void **state)
{
    fixture *f = *state;
    uint64_t held;

    take(f, 0, BLOCKS);
    held = airi_heap_bytes(&f->heap);
    give_most(f, 0);
    f->fake.fail_map = f->fake.maps + 1;
    assert_false(look_and_sweep(f));
    assert_false(airi_sweep_wanted(&f->heap));
    assert_int_equal(airi_heap_bytes(&f->heap), held);
    take(f, 0, BLOCKS);
    f->fake.fail_map = 0;
    assert_false(look_and_sweep(f));
    give_most(f, 0);
    assert_true(look_and_sweep(f));
    assert_true(airi_heap_bytes(&f->heap) < SMALL);
}

/* Who finds no memory gets what the sweep has. */
static void test_refused_while_sweeping(void **state)
{
    fixture *f = *state;
    size_t   count = 0;

    take(f, 0, BLOCKS);
    give_most(f, 50);
    (void)airi_sweep_begin(&f->heap);
    assert_true(airi_sweep_begin(&f->heap));
    assert_true(airi_sweep_step(&f->heap, 30000));
    f->fake.fail_map = f->fake.maps + 1;
    for (size_t i = 0; i < BLOCKS; i++) {
        if (f->held[i] == NULL) {
            f->held[i] = airi_heap_take(&f->heap, NULL, SIZE);
            assert_non_null(f->held[i]);
            f->held[i][0] = i;
            f->held[i][7] = ~i;
            count++;
        }
    }
    assert_int_equal(count, BLOCKS - BLOCKS / 50);
    assert_false(airi_sweep_under_way(&f->heap));
    give_most(f, 0);
}

/* A heap may end in the middle of a sweep. */
static void test_end_while_sweeping(void **state)
{
    fixture *f = *state;

    take(f, 0, BLOCKS);
    give_most(f, 50);
    (void)airi_sweep_begin(&f->heap);
    assert_true(airi_sweep_begin(&f->heap));
    assert_true(airi_sweep_step(&f->heap, 30000));
    for (size_t i = 0; i < BLOCKS; i += 50)
        give(f, i);
}

/* Large blocks have no cache and few fit a chunk. */
static void test_large_class(void **state)
{
    enum {
        COUNT = 300
    };
    fixture *f = *state;
    void    *held[COUNT];

    for (int i = 0; i < COUNT; i++)
        held[i] = airi_heap_take(&f->heap, &f->cache, 65792);
    for (int i = 0; i < COUNT; i++)
        airi_heap_give(&f->heap, &f->cache, held[i], 65792);
    assert_true(look_and_sweep(f));
    assert_true(airi_heap_bytes(&f->heap) < SMALL);
}

/* The chunk that is refused in the middle of growth: what is there goes on, and goes back. */
static void test_refused_chunk(void **state)
{
    fixture *f = *state;
    size_t   count = 0;

    for (uint64_t nth = 1; nth <= 5; nth++) {
        f->fake.fail_map = f->fake.maps + nth;
        for (count = 0; (f->held[count] = airi_heap_take(&f->heap, &f->cache, SIZE)) != NULL; count++) {
            f->held[count][0] = count;
            f->held[count][7] = ~(uint64_t)count;
        }
        f->fake.fail_map = 0;
        give_most(f, 0);
        assert_int_equal(in_use(f), 0);
    }
    assert_true(count > 4 * CHUNK_BLOCKS);
    assert_true(look_and_sweep(f));
    assert_true(airi_heap_bytes(&f->heap) < SMALL);
}

/* --- with threads ------------------------------------------------------------------------------------------------- */

#define THREADS 3
#define ROUNDS 40
#define ROUND_BLOCKS 40000

typedef struct crowd {
    airi_heap            *heap;
    AIRI_ATOMIC(bool)     over;
    AIRI_ATOMIC(uint32_t) sweeps;
} crowd;

/* Bursts, each with a few blocks that outlive it. */
static void *bursts(void *argument)
{
    crowd     *all = argument;
    airi_cache cache;
    uint64_t **held = calloc(ROUND_BLOCKS, sizeof *held);
    uintptr_t  bad = held == NULL;

    airi_cache_init(&cache);
    for (int round = 0; round < ROUNDS && !bad; round++) {
        size_t bytes = round % 3 == 0 ? 128 : SIZE;

        for (size_t i = 0; i < ROUND_BLOCKS && !bad; i++) {
            held[i] = airi_heap_take(all->heap, &cache, bytes);
            bad = held[i] == NULL;
            if (!bad)
                held[i][0] = held[i][7] = i ^ (uintptr_t)held;
        }
        for (size_t i = 0; i < ROUND_BLOCKS && !bad; i++) {
            bad = held[i][0] != (i ^ (uintptr_t)held) || held[i][7] != held[i][0];
            airi_heap_give(all->heap, i % 7 == 0 ? NULL : &cache, held[i], bytes);
        }
    }
    airi_cache_flush(all->heap, &cache);
    free(held);
    return (void *)bad;
}

static void *sweeps(void *argument)
{
    crowd *all = argument;

    while (!airi_load(&all->over, AIRI_ACQUIRE)) { /* acquire: partner is the release in test_threads */
        if (airi_sweep_begin(all->heap))
            (void)airi_fetch_add(&all->sweeps, 1, AIRI_RELAXED);
        while (airi_sweep_step(all->heap, 2000))
            continue;
    }
    return NULL;
}

static void test_threads(void **state)
{
    fixture  *f = *state;
    crowd     all = { .heap = &f->heap };
    pthread_t threads[THREADS];
    pthread_t sweeper;

    assert_int_equal(pthread_create(&sweeper, NULL, sweeps, &all), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, bursts, &all), 0);
    for (int i = 0; i < THREADS; i++) {
        void *bad = NULL;

        assert_int_equal(pthread_join(threads[i], &bad), 0);
        assert_null(bad);
    }
    airi_store(&all.over, true, AIRI_RELEASE); /* release: partner in sweeps */
    assert_int_equal(pthread_join(sweeper, NULL), 0);
    assert_true(airi_load(&all.sweeps, AIRI_RELAXED) > 0);
    assert_int_equal(airi_heap_in_use(&f->heap), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_overhead, setup, teardown),
        cmocka_unit_test_setup_teardown(test_burst, setup, teardown),
        cmocka_unit_test_setup_teardown(test_survivors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scattered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hysteresis, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_index, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_while_sweeping, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end_while_sweeping, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_class, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_chunk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
