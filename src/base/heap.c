/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The slow side of the heap: caches exchange whole batches with the depots, depots carve chunks.
 * Called by airi_heap_take and airi_heap_give, any thread; one mutex a class, one for the newest chunk inside it.
 * Invariant: carved = in use + in caches + in the depot, a class; that difference is how leaks are counted. */
#include "base/heap.h"

#include "port/port.h"

#define CHUNK_FIRST ((size_t)64 * 1024) /* a small system needs no more */
#define CHUNK_NEXT ((size_t)256 * 1024)
#define CHUNK_HEADER ((size_t)64)
#define PAGE ((size_t)4096)

#define CLASS_SIZE(size) size,
static const uint32_t class_sizes[] = { AIRI_HEAP_CLASSES(CLASS_SIZE) };
#undef CLASS_SIZE
_Static_assert(sizeof class_sizes / sizeof class_sizes[0] == AIRI_HEAP_CLASS_COUNT, "one entry a class");
_Static_assert(sizeof(airi_block) <= 16, "links fit the smallest class");
_Static_assert(CHUNK_FIRST > CHUNK_HEADER && CHUNK_NEXT >= CHUNK_HEADER + AIRI_HEAP_CLASS_MAX, "a block fits");

/* clang-format off */
const uint8_t airi_heap_class_of[AIRI_HEAP_INLINE_MAX / 16 + 1] = {
    0, 0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7,
    8, 8, 8, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9, 9, 9, 9,
    10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
    11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11,
};
/* clang-format on */

static uint32_t class_of(size_t bytes)
{
    uint32_t number = 11;

    if (bytes <= AIRI_HEAP_INLINE_MAX)
        return airi_heap_class_of[(bytes + 15) / 16];
    while (class_sizes[number] < bytes)
        number++;
    return number;
}

static uint32_t batch_of(uint32_t number)
{
    uint32_t blocks = AIRI_HEAP_BATCH_BYTES / class_sizes[number];

    if (blocks > AIRI_HEAP_BATCH_MAX)
        return AIRI_HEAP_BATCH_MAX;
    return blocks == 0 ? 1 : blocks;
}

static size_t large_size(size_t bytes)
{
    return bytes > SIZE_MAX - PAGE ? 0 : (bytes + PAGE - 1) / PAGE * PAGE;
}

static airi_block *next_batch(airi_block *block)
{
    airi_block *next;

    airi_heap_show(block, sizeof *block);
    next = block->next_batch;
    airi_heap_hide(block, sizeof *block);
    return next;
}

static void set_next_batch(airi_block *block, airi_block *next)
{
    airi_heap_show(block, sizeof *block);
    block->next_batch = next;
    airi_heap_hide(block, sizeof *block);
}

void airi_heap_init(airi_heap *heap, airt_world *world)
{
    memset(heap, 0, sizeof *heap);
    heap->world = world;
}

void airi_cache_init(airi_cache *cache)
{
    memset(cache, 0, sizeof *cache);
    for (uint32_t i = 0; i < AIRI_HEAP_CACHED_COUNT; i++)
        cache->bins[i].batch = batch_of(i);
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
    *out_class_size = class_sizes[number];
    *out_blocks = depot->carved - depot->loose_count - depot->batch_count * batch_of(number);
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
    return bytes > AIRI_HEAP_CLASS_MAX ? large_size(bytes) : class_sizes[class_of(bytes)];
}

/* Pages from the world, within the quota. */
static void *pages_take(airi_heap *heap, size_t bytes)
{
    void *memory;

    if (!airi_quota_take(heap->quota, bytes))
        return NULL;
    memory = heap->world->map(heap->world, bytes);
    if (memory == NULL) {
        airi_quota_give(heap->quota, bytes);
        return NULL;
    }
    (void)airi_fetch_add(&heap->mapped_bytes, bytes, AIRI_RELAXED); /* relaxed: a statistic */
    return memory;
}

static void pages_give(airi_heap *heap, void *memory, size_t bytes)
{
    heap->world->unmap(heap->world, memory, bytes);
    (void)airi_fetch_sub(&heap->mapped_bytes, bytes, AIRI_RELAXED); /* relaxed: a statistic */
    airi_quota_give(heap->quota, bytes);
}

uint64_t airi_heap_fini(airi_heap *heap)
{
    uint64_t in_use = airi_heap_in_use(heap);

    while (heap->chunks != NULL) {
        airi_chunk *chunk = heap->chunks;

        heap->chunks = chunk->next;
        airi_heap_show(chunk, chunk->bytes);
        pages_give(heap, chunk, chunk->bytes);
    }
    memset(heap, 0, sizeof *heap);
    return in_use;
}

/* The newest chunk must be too short for the block that is wanted; what is left of it stays untouched. */
static bool chunk_add(airi_heap *heap, size_t block_size)
{
    bool        first = heap->chunks == NULL && CHUNK_FIRST - CHUNK_HEADER >= block_size;
    size_t      bytes = first ? CHUNK_FIRST : CHUNK_NEXT;
    airi_chunk *chunk = pages_take(heap, bytes);

    if (chunk == NULL)
        return false;
    chunk->next = heap->chunks;
    chunk->bytes = bytes;
    heap->chunks = chunk;
    heap->carve_at = CHUNK_HEADER;
    airi_heap_hide((char *)chunk + CHUNK_HEADER, bytes - CHUNK_HEADER);
    return true;
}

/* Cuts up to `wanted` blocks off the newest chunk. Returns how many; *out_memory is the first. */
static uint32_t carve(airi_heap *heap, uint32_t size, uint32_t wanted, char **out_memory)
{
    uint32_t count = 0;

    airi_mutex_lock(&heap->chunk_lock);
    if ((heap->chunks != NULL && heap->chunks->bytes - heap->carve_at >= size) || chunk_add(heap, size)) {
        size_t fit = (heap->chunks->bytes - heap->carve_at) / size;

        count = fit < wanted ? (uint32_t)fit : wanted;
        *out_memory = (char *)heap->chunks + heap->carve_at;
        /* The next cut is for any class: keep it at a multiple of 64. Chunks are multiples of 64 long. */
        heap->carve_at += ((size_t)count * size + 63) / 64 * 64;
    }
    airi_mutex_unlock(&heap->chunk_lock);
    return count;
}

/* Depot locked. New blocks as a list; *out_count of them. */
static airi_block *carve_list(airi_heap *heap, uint32_t number, uint32_t wanted, uint32_t *out_count)
{
    char       *memory = NULL;
    uint32_t    size = class_sizes[number];
    uint32_t    count = carve(heap, size, wanted, &memory);
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

static airi_block *depot_pop_batch(airi_depot *depot)
{
    airi_block *batch = depot->batches;

    if (batch != NULL) {
        depot->batches = next_batch(batch);
        depot->batch_count--;
    }
    return batch;
}

static void depot_push_batch(airi_depot *depot, airi_block *batch)
{
    set_next_batch(batch, depot->batches);
    depot->batches = batch;
    depot->batch_count++;
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
    depot->loose_count -= count;
    *out_count = count;
    return list;
}

static void depot_push_loose(airi_depot *depot, airi_block *block)
{
    airi_block_set_next(block, depot->loose);
    depot->loose = block;
    depot->loose_count++;
}

/* A batch, or what there is; *out_count 0: no memory. */
static airi_block *depot_take_batch(airi_heap *heap, uint32_t number, uint32_t *out_count)
{
    airi_depot *depot = &heap->depots[number];
    airi_block *list;

    airi_mutex_lock(&depot->lock);
    *out_count = batch_of(number);
    list = depot_pop_batch(depot);
    if (list == NULL)
        list = depot_pop_loose(depot, batch_of(number), out_count);
    if (list == NULL)
        list = carve_list(heap, number, batch_of(number), out_count);
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
    if (depot->loose == NULL) {
        depot->loose = depot_pop_batch(depot);
        depot->loose_count = depot->loose == NULL ? 0 : batch_of(number);
    }
    block = depot_pop_loose(depot, 1, &count);
    if (block == NULL)
        block = carve_list(heap, number, 1, &count);
    airi_mutex_unlock(&depot->lock);
    return block;
}

static void *large_take(airi_heap *heap, size_t bytes)
{
    size_t size = large_size(bytes);
    void  *memory = size == 0 ? NULL : pages_take(heap, size);

    if (memory != NULL)
        (void)airi_fetch_add(&heap->large_bytes, size, AIRI_RELAXED); /* relaxed: a statistic */
    return memory;
}

static void large_give(airi_heap *heap, void *memory, size_t bytes)
{
    size_t size = large_size(bytes);

    pages_give(heap, memory, size);
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
        depot_push_batch(depot, bin->spare);
        airi_mutex_unlock(&depot->lock);
    }
    bin->spare = bin->hot;
    bin->hot = NULL;
    bin->count = 0;
}

void *airi_heap_take_slow(airi_heap *heap, airi_cache *cache, size_t bytes)
{
    airi_block *block;
    uint32_t    number;

    if (bytes > AIRI_HEAP_CLASS_MAX)
        return large_take(heap, bytes);
    number = class_of(bytes);
    if (cache == NULL || number >= AIRI_HEAP_CACHED_COUNT) {
        block = depot_take_one(heap, number);
    } else {
        airi_bin *bin = &cache->bins[number];

        if (bin->hot == NULL)
            bin_fill(heap, bin, number);
        block = bin->hot;
        if (block != NULL) {
            bin->hot = airi_block_next(block);
            bin->count--;
        }
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
            depot_push_batch(depot, bin->spare);
        bin->spare = NULL;
        bin->count = 0;
        airi_mutex_unlock(&depot->lock);
    }
}
