/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/heap.h"

#include "fake_world.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_classes(void **state)
{
    size_t before = 0;

    (void)state;
    assert_int_equal(airi_heap_round(0), 16);
    assert_int_equal(airi_heap_round(65792), 65792);
    assert_int_equal(airi_heap_round(65793), 69632);
    for (size_t bytes = 1; bytes <= AIRI_HEAP_CLASS_MAX; bytes++) {
        size_t size = airi_heap_round(bytes);

        assert_true(size >= bytes && size >= before);
        assert_true(size == before || before < bytes); /* the smallest that fits */
        assert_int_equal(size % 16, 0);
        before = size;
    }
}

static void test_alignment(void **state)
{
    fake_world fake;
    airi_heap  heap;
    airi_cache cache;

    (void)state;
    airi_heap_init(&heap, fake_world_init(&fake));
    airi_cache_init(&cache);
    assert_int_equal(fake.maps, 0); /* nothing until something is wanted */
    for (size_t bytes = 1; bytes < 200000; bytes += 1 + bytes / 7) {
        void  *memory = airi_heap_take(&heap, bytes % 2 ? &cache : NULL, bytes);
        size_t align = airi_heap_round(bytes) % 64 == 0 ? 64 : 16;

        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % align, 0);
        memset(memory, 1, bytes);
        airi_heap_give(&heap, bytes % 3 ? &cache : NULL, memory, bytes);
    }
    airi_heap_give(&heap, &cache, NULL, 100);
    airi_heap_give(&heap, NULL, NULL, 100000);
    airi_cache_flush(&heap, &cache);
    assert_int_equal(airi_heap_fini(&heap), 0);
    assert_int_equal(airi_heap_fini(&heap), 0);
    assert_int_equal(fake.mapped_bytes, 0);
}

/* A small system holds one small chunk. */
static void test_small(void **state)
{
    fake_world fake;
    airi_heap  heap;
    airi_cache cache;
    void      *memory;

    (void)state;
    airi_heap_init(&heap, fake_world_init(&fake));
    airi_cache_init(&cache);
    memory = airi_heap_take(&heap, &cache, 100);
    assert_int_equal(airi_heap_bytes(&heap), 64 * 1024);
    airi_heap_give(&heap, &cache, memory, 100);
    for (int i = 0; i < 100000; i++) /* the fast path asks the world for nothing */
        airi_heap_give(&heap, &cache, airi_heap_take(&heap, &cache, 100), 100);
    assert_int_equal(fake.maps, 1);
    airi_cache_flush(&heap, &cache);
    assert_int_equal(airi_heap_in_use(&heap), 0);
    assert_int_equal(airi_heap_fini(&heap), 0);
}

static void test_leak(void **state)
{
    fake_world fake;
    airi_heap  heap;
    airi_cache cache;
    void      *large;
    uint32_t   size = 0;
    uint64_t   blocks = 0;

    (void)state;
    airi_heap_init(&heap, fake_world_init(&fake));
    airi_cache_init(&cache);
    assert_non_null(airi_heap_take(&heap, &cache, 100)); /* 128 */
    assert_non_null(airi_heap_take(&heap, NULL, 5000));  /* 6144 */
    large = airi_heap_take(&heap, &cache, 100000);
    assert_int_equal(airi_heap_in_use(&heap), 64 * 128 + 6144 + 102400); /* the cache's batch included */
    airi_cache_flush(&heap, &cache);
    assert_int_equal(airi_heap_in_use(&heap), 128 + 6144 + 102400);
    assert_true(airi_heap_class(&heap, 5, &size, &blocks));
    assert_int_equal(size, 128);
    assert_int_equal(blocks, 1);
    assert_false(airi_heap_class(&heap, AIRI_HEAP_CLASS_COUNT, &size, &blocks));
    airi_heap_give(&heap, NULL, large, 100000);
    assert_int_equal(airi_heap_fini(&heap), 128 + 6144);
    assert_int_equal(fake.mapped_bytes, 0);
}

static void test_no_memory(void **state)
{
    fake_world fake;
    airi_heap  heap;
    airi_cache cache;
    void      *held[64];
    int        count = 0;

    (void)state;
    airi_heap_init(&heap, fake_world_init(&fake));
    airi_cache_init(&cache);
    fake.fail_map = 1;
    assert_null(airi_heap_take(&heap, &cache, 10));
    assert_null(airi_heap_take(&heap, NULL, 10));
    assert_null(airi_heap_take(&heap, &cache, 30000));
    assert_null(airi_heap_take(&heap, &cache, 300000));
    assert_null(airi_heap_take(&heap, &cache, SIZE_MAX));
    assert_null(airi_heap_take(&heap, &cache, SIZE_MAX - 4096));
    fake.fail_map = fake.maps + 2; /* one chunk, no more */
    while (count < 64 && (held[count] = airi_heap_take(&heap, &cache, 4096)) != NULL)
        count++;
    assert_int_equal(count, 15); /* 64 KiB less the header */
    while (count > 0)
        airi_heap_give(&heap, &cache, held[--count], 4096);
    airi_cache_flush(&heap, &cache);
    assert_int_equal(airi_heap_in_use(&heap), 0);
    assert_int_equal(airi_heap_fini(&heap), 0);
    assert_int_equal(fake.mapped_bytes, 0);
}

#define MODEL_HELD 2000
#define MODEL_STEPS 200000

typedef struct held_block {
    unsigned char *memory;
    size_t         bytes;
    unsigned char  mark;
} held_block;

static size_t model_size(uint64_t *seed)
{
    static const size_t limits[] = { 16, 64, 300, 1100, 9000, 70000, 200000 };
    uint64_t            random = test_random(seed) % 100;
    size_t              limit = limits[random < 40 ? 1 : random < 70 ? 2 : random < 90 ? 3 : random < 97 ? 4 : 5];

    return (size_t)(test_random(seed) % (random == 99 ? limits[6] : limit)) + 1;
}

static void check_and_give(airi_heap *heap, airi_cache *cache, held_block *block)
{
    for (size_t i = 0; i < block->bytes; i += block->bytes < 64 ? 1 : block->bytes / 64)
        assert_int_equal(block->memory[i], block->mark);
    assert_int_equal(block->memory[block->bytes - 1], block->mark);
    airi_heap_give(heap, cache, block->memory, block->bytes);
    block->memory = NULL;
}

/* Random takes and gives through three caches and none: no two blocks overlap, everything comes home. */
static void test_model(void **state)
{
    static held_block held[MODEL_HELD];
    fake_world        fake;
    airi_heap         heap;
    airi_cache        caches[3];
    uint64_t          seed = test_seed();

    (void)state;
    airi_heap_init(&heap, fake_world_init(&fake));
    for (int i = 0; i < 3; i++)
        airi_cache_init(&caches[i]);
    for (int step = 0; step < MODEL_STEPS; step++) {
        held_block *block = &held[test_random(&seed) % MODEL_HELD];
        uint64_t    choice = test_random(&seed) % 4;
        airi_cache *cache = choice == 3 ? NULL : &caches[choice];

        if (block->memory != NULL) {
            check_and_give(&heap, cache, block);
            continue;
        }
        block->bytes = model_size(&seed);
        block->mark = (unsigned char)step;
        block->memory = airi_heap_take(&heap, cache, block->bytes);
        assert_non_null(block->memory);
        memset(block->memory, block->mark, block->bytes);
    }
    for (int i = 0; i < MODEL_HELD; i++)
        if (held[i].memory != NULL)
            check_and_give(&heap, &caches[i % 3], &held[i]);
    for (int i = 0; i < 3; i++)
        airi_cache_flush(&heap, &caches[i]);
    assert_int_equal(airi_heap_in_use(&heap), 0);
    assert_int_equal(airi_heap_fini(&heap), 0);
    assert_int_equal(fake.mapped_bytes, 0);
}

/* A cache never holds more than two batches of a class: what is freed here can be taken there. */
static void test_batches_go_home(void **state)
{
    fake_world   fake;
    airi_heap    heap;
    airi_cache   maker;
    airi_cache   eater;
    static void *held[256];
    uint64_t     before = 0;

    (void)state;
    airi_heap_init(&heap, fake_world_init(&fake));
    airi_cache_init(&maker);
    airi_cache_init(&eater);
    for (int round = 0; round < 1000; round++) {
        for (int i = 0; i < 256; i++)
            held[i] = airi_heap_take(&heap, &maker, 64);
        for (int i = 0; i < 256; i++)
            airi_heap_give(&heap, &eater, held[i], 64);
        if (round == 2)
            before = airi_heap_bytes(&heap);
    }
    assert_int_equal(airi_heap_bytes(&heap), before);
    assert_true(airi_heap_in_use(&heap) <= (uint64_t)4 * AIRI_HEAP_BATCH_MAX * 64);
    airi_cache_flush(&heap, &maker);
    airi_cache_flush(&heap, &eater);
    assert_int_equal(airi_heap_fini(&heap), 0);
}

#define THREADS 4
#define EXCHANGE 512

typedef struct exchange {
    airi_heap              *heap;
    AIRI_ATOMIC(uint64_t *) places[EXCHANGE];
} exchange;

/* Blocks are handed to other threads, which free them into their own caches; one thread has no cache. */
static void *trade(void *argument)
{
    exchange         *shared = argument;
    airi_cache        cache;
    airi_cache       *mine = &cache;
    uint64_t          seed = (uintptr_t)&cache | 1;
    uintptr_t         bad = 0;
    static atomic_int numbers = 0;

    airi_cache_init(&cache);
    if (atomic_fetch_add(&numbers, 1) == 0)
        mine = NULL;
    for (int i = 0; i < 30000; i++) {
        uint64_t  bytes = 16 + test_random(&seed) % 600;
        uint64_t *memory = airi_heap_take(shared->heap, mine, bytes);
        uint64_t *other;

        if (memory == NULL) {
            bad++;
            continue;
        }
        memory[0] = bytes;
        memory[1] = ~bytes;
        other = airi_exchange(&shared->places[test_random(&seed) % EXCHANGE], memory, AIRI_ACQ_REL);
        if (other != NULL) {
            bad += other[0] != ~other[1];
            airi_heap_give(shared->heap, mine, other, other[0]);
        }
    }
    airi_cache_flush(shared->heap, &cache);
    return (void *)bad;
}

static void test_threads(void **state)
{
    static exchange shared;
    fake_world      fake;
    airi_heap       heap;
    pthread_t       threads[THREADS];

    (void)state;
    airi_heap_init(&heap, fake_world_init(&fake));
    shared.heap = &heap;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, trade, &shared), 0);
    for (int i = 0; i < THREADS; i++) {
        void *bad = NULL;

        assert_int_equal(pthread_join(threads[i], &bad), 0);
        assert_null(bad);
    }
    for (int i = 0; i < EXCHANGE; i++) {
        uint64_t *left = airi_load(&shared.places[i], AIRI_RELAXED);

        if (left != NULL)
            airi_heap_give(&heap, NULL, left, left[0]);
    }
    assert_int_equal(airi_heap_fini(&heap), 0);
    assert_int_equal(fake.mapped_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes), cmocka_unit_test(test_alignment), cmocka_unit_test(test_small),
        cmocka_unit_test(test_leak),    cmocka_unit_test(test_model),     cmocka_unit_test(test_batches_go_home),
        cmocka_unit_test(test_threads), cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
