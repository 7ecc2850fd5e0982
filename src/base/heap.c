/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The slow side of the heap: caches exchange whole batches with the depots, depots carve chunks.
 * Called by airi_heap_take and airi_heap_give, any thread; one mutex a class, one for mixed chunks inside it.
 * Invariant: carved = in use + in caches + in the depot + away, a class; that difference is how leaks are counted. */
#include "base/heap.h"

#include "base/chunk.h"
#include "base/depot.h"
#include "base/sweep.h"

#define CLASS_SIZE(size) size,
const uint32_t airi_class_sizes[] = { AIRI_HEAP_CLASSES(CLASS_SIZE) };
#undef CLASS_SIZE
_Static_assert(sizeof airi_class_sizes / sizeof airi_class_sizes[0] == AIRI_HEAP_CLASS_COUNT, "one entry a class");
_Static_assert(sizeof(airi_block) <= 16, "links fit the smallest class");

/* clang-format off */
const uint8_t airi_heap_class_of[AIRI_HEAP_INLINE_MAX / 16 + 1] = {
    0, 0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7,
    8, 8, 8, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9, 9, 9, 9,
    10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
    11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11,
};
/* clang-format on */

#define BELOW_64(size) +((size) < 64)
_Static_assert(AIRI_HEAP_CLASSES(BELOW_64) == AIRI_HEAP_CLASS_64, "the number of the class of 64");

static uint32_t class_of(size_t bytes)
{
    uint32_t number = 11;

    if (bytes <= AIRI_HEAP_INLINE_MAX)
        return airi_heap_class_of[(bytes + 15) / 16];
    while (airi_class_sizes[number] < bytes)
        number++;
    return number;
}

void airi_heap_init(airi_heap *heap, airt_world *world)
{
    memset(heap, 0, sizeof *heap);
    heap->world = world;
    for (uint32_t i = 0; i < AIRI_HEAP_CLASS_COUNT; i++)
        heap->depots[i].hoard_at = airi_hoard_above(i, 0, 0);
}

void airi_cache_init(airi_cache *cache)
{
    memset(cache, 0, sizeof *cache);
    for (uint32_t i = 0; i < AIRI_HEAP_CACHED_COUNT; i++)
        cache->bins[i].batch = airi_batch_of(i);
}

uint64_t airi_heap_bytes(airi_heap *heap)
{
    return airi_load(&heap->mapped_bytes, AIRI_RELAXED); /* relaxed: a statistic */
}

bool airi_heap_class(airi_heap *heap, uint32_t number, uint32_t *out_class_size, uint64_t *out_blocks)
{
    airi_depot *depot;

    if (number >= AIRI_HEAP_CLASS_COUNT)
        return false;
    depot = &heap->depots[number];
    airi_mutex_lock(&depot->lock);
    *out_class_size = airi_class_sizes[number];
    *out_blocks = depot->carved - depot->free - depot->away;
    airi_mutex_unlock(&depot->lock);
    return true;
}

uint64_t airi_heap_in_use(airi_heap *heap)
{
    uint64_t bytes = airi_load(&heap->large_bytes, AIRI_RELAXED); /* relaxed: a statistic */
    uint64_t blocks = 0;
    uint32_t size = 0;

    for (uint32_t i = 0; airi_heap_class(heap, i, &size, &blocks); i++)
        bytes += blocks * size;
    return bytes;
}

size_t airi_heap_round(size_t bytes)
{
    return bytes > AIRI_HEAP_CLASS_MAX ? airi_pages_round(bytes) : airi_class_sizes[class_of(bytes)];
}

uint64_t airi_heap_fini(airi_heap *heap)
{
    uint64_t in_use;

    airi_sweep_finish(heap);
    in_use = airi_heap_in_use(heap);
    airi_chunks_unmap(heap);
    memset(heap, 0, sizeof *heap);
    return in_use;
}

/* Depot locked. New blocks as a list; *out_count of them. */
static airi_block *carve_list(airi_heap *heap, uint32_t number, uint32_t wanted, uint32_t *out_count)
{
    char       *memory = NULL;
    uint32_t    size = airi_class_sizes[number];
    uint32_t    count = airi_carve(heap, number, wanted, &memory);
    airi_block *list = NULL;

    for (uint32_t i = count; i-- > 0;) {
        airi_block *block = (airi_block *)(void *)(memory + (size_t)i * size);

        airi_block_set_next(block, list);
        list = block;
    }
    heap->depots[number].carved += count;
    *out_count = count;
    return list;
}

/* Depot locked: after it has given or got blocks. */
static void depot_changed(airi_heap *heap, airi_depot *depot)
{
    if (depot->free < depot->free_min)
        depot->free_min = depot->free;
    airi_depot_weigh(heap, depot);
}

static airi_block *depot_pop_batch(airi_depot *depot)
{
    airi_block *batch = depot->batches;

    if (batch != NULL)
        depot->batches = airi_block_next_batch(batch);
    return batch;
}

static void depot_push_batch(airi_depot *depot, airi_block *batch, uint32_t count)
{
    airi_block_set_next_batch(batch, depot->batches);
    depot->batches = batch;
    depot->free += count;
}

static airi_block *depot_pop_loose(airi_depot *depot, uint32_t wanted, uint32_t *out_count)
{
    airi_block *list = NULL;
    uint32_t    count = 0;

    while (count < wanted && depot->loose != NULL) {
        airi_block *block = depot->loose;

        depot->loose = airi_block_next(block);
        airi_block_set_next(block, list);
        list = block;
        count++;
    }
    *out_count = count;
    return list;
}

static void depot_push_loose(airi_depot *depot, airi_block *block)
{
    airi_block_set_next(block, depot->loose);
    depot->loose = block;
    depot->free++;
}

/* A batch, or what there is; *out_count 0: no memory. */
static airi_block *depot_take_batch(airi_heap *heap, uint32_t number, uint32_t *out_count)
{
    airi_depot *depot = &heap->depots[number];
    airi_block *list;

    airi_mutex_lock(&depot->lock);
    *out_count = airi_batch_of(number);
    list = depot_pop_batch(depot);
    if (list == NULL)
        list = depot_pop_loose(depot, airi_batch_of(number), out_count);
    depot->free -= *out_count;
    depot_changed(heap, depot);
    if (list == NULL)
        list = carve_list(heap, number, airi_batch_of(number), out_count);
    airi_mutex_unlock(&depot->lock);
    return list;
}

/* One block, for callers without a cache and classes that are not cached. The rest of an opened batch stays here. */
static airi_block *depot_take_one(airi_heap *heap, uint32_t number)
{
    airi_depot *depot = &heap->depots[number];
    airi_block *block;
    uint32_t    count = 0;

    airi_mutex_lock(&depot->lock);
    if (depot->loose == NULL)
        depot->loose = depot_pop_batch(depot);
    block = depot_pop_loose(depot, 1, &count);
    depot->free -= count;
    depot_changed(heap, depot);
    if (block == NULL)
        block = carve_list(heap, number, 1, &count);
    airi_mutex_unlock(&depot->lock);
    return block;
}

static void *large_take(airi_heap *heap, size_t bytes)
{
    size_t size = airi_pages_round(bytes);
    void  *memory = size == 0 ? NULL : airi_pages_take(heap, size);

    if (memory != NULL)
        (void)airi_fetch_add(&heap->large_bytes, size, AIRI_RELAXED); /* relaxed: a statistic */
    return memory;
}

static void large_give(airi_heap *heap, void *memory, size_t bytes)
{
    size_t size = airi_pages_round(bytes);

    airi_pages_give(heap, memory, size);
    (void)airi_fetch_sub(&heap->large_bytes, size, AIRI_RELAXED); /* relaxed: a statistic */
}

/* hot is empty: the spare takes its place, else a batch from the depot. */
static void bin_fill(airi_heap *heap, airi_bin *bin, uint32_t number)
{
    AIRT_CHECK(bin->batch != 0); /* airi_cache_init */
    if (bin->spare != NULL) {
        bin->hot = bin->spare;
        bin->count = bin->batch;
        bin->spare = NULL;
        return;
    }
    bin->hot = depot_take_batch(heap, number, &bin->count);
}

/* hot is full: it becomes the spare, and the spare goes home. */
static void bin_spill(airi_heap *heap, airi_bin *bin, uint32_t number)
{
    airi_depot *depot = &heap->depots[number];

    if (bin->spare != NULL) {
        airi_mutex_lock(&depot->lock);
        depot_push_batch(depot, bin->spare, bin->batch);
        airi_depot_weigh(heap, depot);
        airi_mutex_unlock(&depot->lock);
    }
    bin->spare = bin->hot;
    bin->hot = NULL;
    bin->count = 0;
}

static airi_block *block_take(airi_heap *heap, airi_cache *cache, uint32_t number)
{
    airi_bin   *bin;
    airi_block *block;

    if (cache == NULL || number >= AIRI_HEAP_CACHED_COUNT)
        return depot_take_one(heap, number);
    bin = &cache->bins[number];
    if (bin->hot == NULL)
        bin_fill(heap, bin, number);
    block = bin->hot;
    if (block != NULL) {
        bin->hot = airi_block_next(block);
        bin->count--;
    }
    return block;
}

void *airi_heap_take_slow(airi_heap *heap, airi_cache *cache, size_t bytes)
{
    airi_block *block;
    uint32_t    number;

    if (bytes > AIRI_HEAP_CLASS_MAX)
        return large_take(heap, bytes);
    number = class_of(bytes);
    block = block_take(heap, cache, number);
    if (block == NULL) { /* nobody is refused what a sweep has in its hands */
        airi_sweep_finish(heap);
        block = block_take(heap, cache, number);
    }
    return block == NULL ? NULL : airi_heap_reveal(block, bytes);
}

static void bin_give(airi_heap *heap, airi_bin *bin, uint32_t number, airi_block *block)
{
    AIRT_CHECK(bin->batch != 0); /* airi_cache_init */
    if (bin->count == bin->batch)
        bin_spill(heap, bin, number);
    airi_block_set_next(block, bin->hot);
    bin->hot = block;
    bin->count++;
}

void airi_heap_give_slow(airi_heap *heap, airi_cache *cache, void *memory, size_t bytes)
{
    airi_block *block;
    airi_depot *depot;
    uint32_t    number;

    if (memory == NULL)
        return;
    if (bytes > AIRI_HEAP_CLASS_MAX) {
        large_give(heap, memory, bytes);
        return;
    }
    number = class_of(bytes);
    block = airi_heap_bury(memory, bytes);
    if (cache != NULL && number < AIRI_HEAP_CACHED_COUNT) {
        bin_give(heap, &cache->bins[number], number, block);
        return;
    }
    depot = &heap->depots[number];
    airi_mutex_lock(&depot->lock);
    depot_push_loose(depot, block);
    airi_depot_weigh(heap, depot);
    airi_mutex_unlock(&depot->lock);
}

void airi_cache_flush(airi_heap *heap, airi_cache *cache)
{
    for (uint32_t i = 0; i < AIRI_HEAP_CACHED_COUNT; i++) {
        airi_bin   *bin = &cache->bins[i];
        airi_depot *depot = &heap->depots[i];

        airi_mutex_lock(&depot->lock);
        while (bin->hot != NULL) {
            airi_block *block = bin->hot;

            bin->hot = airi_block_next(block);
            depot_push_loose(depot, block);
        }
        if (bin->spare != NULL)
            depot_push_batch(depot, bin->spare, bin->batch);
        bin->spare = NULL;
        bin->count = 0;
        airi_depot_weigh(heap, depot);
        airi_mutex_unlock(&depot->lock);
    }
}
