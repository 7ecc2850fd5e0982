/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A sweep takes all free blocks of a depot and all its chunks, sorts the blocks by chunk, unmaps the chunks that have all
 * of theirs, and gives back the rest as batches: now with neighbours side by side. Those who want blocks meanwhile carve
 * new ones. Each step under the sweep's own lock.
 * Invariant: away = blocks in batches, in loose, and found by hauls that are not settled. */
#include "base/sweep.h"

#include "base/chunk.h"
#include "base/depot.h"
#include "port/port.h"

#define UNMAP_COST 2048   /* an unmapping, in blocks looked at */
#define STEP_WHOLE 65536u /* for who waits for the end */

/* What goes back to the depot with one taking of its lock. */
typedef struct returned {
    airi_block *batches, *last_batch;
    airi_block *loose, *last_loose; /* less than a batch */
    airi_chunk *chunks, *last_chunk;
    uint32_t    chunk_count;
    uint32_t    loose_count;
    uint64_t    count;    /* blocks in both */
    uint64_t    unmapped; /* blocks that exist no more */
} returned;

static void return_block(returned *back, airi_block *block, uint32_t batch)
{
    if (back->loose_count == 0)
        back->last_loose = block;
    airi_block_set_next(block, back->loose);
    back->loose = block;
    back->count++;
    if (++back->loose_count < batch)
        return;
    airi_block_set_next_batch(back->loose, back->batches);
    if (back->batches == NULL)
        back->last_batch = back->loose;
    back->batches = back->loose;
    back->loose = NULL;
    back->loose_count = 0;
}

static void return_chunk(returned *back, airi_chunk *chunk)
{
    if (back->chunks == NULL)
        back->last_chunk = chunk;
    chunk->next = back->chunks;
    back->chunks = chunk;
    back->chunk_count++;
}

static void hand_back(airi_heap *heap, returned *back)
{
    airi_depot *depot = &heap->depots[heap->sweep.number];

    airi_mutex_lock(&depot->lock);
    if (back->batches != NULL) {
        airi_block_set_next_batch(back->last_batch, depot->batches);
        depot->batches = back->batches;
    }
    if (back->loose != NULL) {
        airi_block_set_next(back->last_loose, depot->loose);
        depot->loose = back->loose;
    }
    if (back->chunks != NULL) {
        back->last_chunk->next = depot->chunks;
        depot->chunks = back->chunks;
        depot->chunk_count += back->chunk_count;
    }
    depot->free += back->count;
    depot->away -= back->count + back->unmapped;
    depot->carved -= back->unmapped;
    airi_depot_weigh(heap, depot);
    airi_mutex_unlock(&depot->lock);
}

/* --- the index: hauls by address -------------------------------------------------------------------------------- */

/* Chunks lie anywhere: one overlaps two windows of its own size, and is found by either. */
static uint32_t slot_of(const airi_sweep *sweep, uintptr_t window)
{
    return (uint32_t)((uint64_t)window * 0x9e3779b97f4a7c15ull >> 32) & sweep->slot_mask;
}

static void slot_fill(airi_sweep *sweep, uintptr_t window, uint32_t haul)
{
    uint32_t slot = slot_of(sweep, window);

    while (sweep->slots[slot] != 0)
        slot = (slot + 1) & sweep->slot_mask;
    sweep->slots[slot] = haul + 1;
}

static bool holds(const airi_haul *haul, const airi_block *block)
{
    return (uintptr_t)block - (uintptr_t)haul->memory < AIRI_CHUNK_BYTES;
}

/* NULL: it is in a mixed chunk. Neighbours come in a row. */
static airi_haul *haul_of(airi_sweep *sweep, const airi_block *block)
{
    uint32_t slot = slot_of(sweep, (uintptr_t)block >> AIRI_CHUNK_SHIFT);

    if (holds(&sweep->hauls[sweep->latest], block))
        return &sweep->hauls[sweep->latest];
    for (; sweep->slots[slot] != 0; slot = (slot + 1) & sweep->slot_mask) {
        if (holds(&sweep->hauls[sweep->slots[slot] - 1], block)) {
            sweep->latest = sweep->slots[slot] - 1;
            return &sweep->hauls[sweep->latest];
        }
    }
    return NULL;
}

/* For up to so many chunks. False: no memory. Beside the quota, since it is for a moment, and less is held after it. */
static bool index_make(airi_heap *heap, uint32_t chunks)
{
    airi_sweep *sweep = &heap->sweep;
    uint32_t    slots = 1;
    char       *memory;

    while (slots < 4 * chunks)
        slots *= 2;
    sweep->index_bytes = airi_pages_round(chunks * sizeof(airi_haul) + slots * sizeof(uint32_t));
    memory = heap->world->map(heap->world, sweep->index_bytes);
    if (memory == NULL)
        return false;
    sweep->hauls = (airi_haul *)(void *)memory;
    sweep->haul_max = chunks;
    sweep->slots = (uint32_t *)(void *)(memory + chunks * sizeof(airi_haul));
    sweep->slot_mask = slots - 1;
    return true;
}

static void index_drop(airi_heap *heap)
{
    heap->world->unmap(heap->world, heap->sweep.hauls, heap->sweep.index_bytes);
}

static void index_fill(airi_sweep *sweep, airi_chunk *chunks)
{
    uint32_t i = 0;

    for (airi_chunk *chunk = chunks; chunk != NULL; chunk = chunk->next, i++) {
        sweep->hauls[i] = (airi_haul){ .memory = chunk->memory, .chunk = chunk };
        slot_fill(sweep, (uintptr_t)chunk->memory >> AIRI_CHUNK_SHIFT, i);
        slot_fill(sweep, ((uintptr_t)chunk->memory + AIRI_CHUNK_BYTES - 1) >> AIRI_CHUNK_SHIFT, i);
    }
    sweep->haul_count = i;
    sweep->settled = sweep->latest = 0;
}

/* --- begin -------------------------------------------------------------------------------------------------------- */

/* How many chunks there are for a sweep, if the depot has had enough left over since the last look; else 0. */
static uint32_t look(airi_heap *heap, uint32_t number, uint64_t *out_needed)
{
    airi_depot *depot = &heap->depots[number];
    bool        surplus;
    uint64_t    above;
    uint32_t    chunks;

    airi_mutex_lock(&depot->lock);
    surplus = depot->free_min >= depot->hoard_at;
    chunks = surplus ? depot->chunk_count : 0;
    above = airi_hoard_above(number, depot->free_min, depot->carved - depot->free_min);
    /* Lower: what lay scattered is in use again. Higher: until the sweep knows better, if there is one. */
    if (above < depot->hoard_at || surplus)
        depot->hoard_at = above;
    *out_needed = depot->free - depot->free_min;
    depot->free_min = depot->free;
    airi_depot_weigh(heap, depot);
    airi_mutex_unlock(&depot->lock);
    return chunks;
}

/* False: there are more chunks than when it was looked at. */
static bool detach(airi_heap *heap, uint32_t number, airi_chunk **out_chunks)
{
    airi_depot *depot = &heap->depots[number];
    airi_sweep *sweep = &heap->sweep;
    bool        fits;

    airi_mutex_lock(&depot->lock);
    fits = depot->chunk_count <= sweep->haul_max;
    if (fits) {
        sweep->batches = depot->batches;
        sweep->loose = depot->loose;
        *out_chunks = depot->chunks;
        depot->away = depot->free;
        depot->batches = depot->loose = NULL;
        depot->chunks = NULL;
        depot->chunk_count = 0;
        depot->free = depot->free_min = 0;
        airi_depot_weigh(heap, depot);
    }
    airi_mutex_unlock(&depot->lock);
    return fits;
}

static bool begin(airi_heap *heap, uint32_t number)
{
    airi_sweep *sweep = &heap->sweep;
    airi_chunk *list;
    uint32_t    chunks = look(heap, number, &sweep->keep);

    if (chunks == 0 || !index_make(heap, chunks))
        return false;
    if (!detach(heap, number, &list)) {
        index_drop(heap);
        return false;
    }
    index_fill(sweep, list);
    sweep->number = number;
    sweep->kept = 0;
    return true;
}

bool airi_sweep_begin(airi_heap *heap)
{
    airi_sweep *sweep = &heap->sweep;
    uint32_t    first;
    bool        under_way;

    airi_mutex_lock(&sweep->lock);
    under_way = airi_load(&sweep->under_way, AIRI_RELAXED); /* relaxed: written under the lock */
    first = sweep->number + 1;
    for (uint32_t i = 0; i < AIRI_HEAP_CLASS_COUNT && !under_way; i++)
        under_way = begin(heap, (first + i) % AIRI_HEAP_CLASS_COUNT);
    airi_store(&sweep->under_way, under_way, AIRI_RELAXED); /* relaxed: read under the lock, or as a glance */
    airi_mutex_unlock(&sweep->lock);
    return under_way;
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

static airi_block *next_block(airi_sweep *sweep)
{
    airi_block *block;

    if (sweep->loose == NULL && sweep->batches != NULL) {
        sweep->loose = sweep->batches;
        sweep->batches = airi_block_next_batch(sweep->batches);
    }
    block = sweep->loose;
    if (block != NULL)
        sweep->loose = airi_block_next(block);
    return block;
}

/* Up to `blocks` of the free ones go to their chunks' hauls. False: there are no more. */
static bool sort(airi_sweep *sweep, uint32_t blocks, returned *back)
{
    airi_block *block = NULL;

    while (blocks-- > 0 && (block = next_block(sweep)) != NULL) {
        airi_haul *haul = haul_of(sweep, block);

        if (haul == NULL) {
            return_block(back, block, airi_batch_of(sweep->number));
            continue;
        }
        airi_block_set_next(block, haul->found);
        haul->found = block;
        haul->count++;
    }
    return block != NULL;
}

/* What it holds returns, block by block. */
static void settle_kept(airi_sweep *sweep, airi_haul *haul, returned *back)
{
    airi_block *next;

    for (airi_block *block = haul->found; block != NULL; block = next) {
        next = airi_block_next(block);
        return_block(back, block, airi_batch_of(sweep->number));
    }
    sweep->keep -= sweep->keep < haul->count ? sweep->keep : haul->count;
    return_chunk(back, haul->chunk);
}

/* Returns what it has cost. */
static uint32_t settle(airi_heap *heap, airi_haul *haul, returned *back)
{
    airi_sweep *sweep = &heap->sweep;
    bool        whole = haul->count == AIRI_CHUNK_BYTES / airi_class_sizes[sweep->number];

    if (whole && sweep->keep == 0) {
        back->unmapped += haul->count;
        airi_chunk_unmap(heap, haul->chunk);
        return UNMAP_COST;
    }
    if (whole)
        sweep->kept += haul->count;
    settle_kept(sweep, haul, back);
    return haul->count + 1;
}

/* The next sweep of this class is worth while when more is free than what could not be given back now. */
static void end(airi_heap *heap)
{
    airi_sweep *sweep = &heap->sweep;
    airi_depot *depot = &heap->depots[sweep->number];
    uint64_t    left;

    index_drop(heap);
    airi_mutex_lock(&depot->lock);
    left = depot->free < sweep->kept ? 0 : depot->free - sweep->kept;
    depot->hoard_at = airi_hoard_above(sweep->number, left, depot->carved - depot->free);
    depot->free_min = depot->free;
    airi_depot_weigh(heap, depot);
    airi_mutex_unlock(&depot->lock);
    airi_store(&sweep->under_way, false, AIRI_RELAXED); /* relaxed: as in airi_sweep_begin */
}

/* Under the sweep's lock, while it is under way. */
static void step(airi_heap *heap, uint32_t blocks)
{
    airi_sweep *sweep = &heap->sweep;
    returned    back = { .batches = NULL };
    uint32_t    cost = 0;

    if (!sort(sweep, blocks, &back)) {
        while (cost < blocks && sweep->settled < sweep->haul_count)
            cost += settle(heap, &sweep->hauls[sweep->settled++], &back);
    }
    hand_back(heap, &back);
    if (sweep->loose == NULL && sweep->batches == NULL && sweep->settled == sweep->haul_count)
        end(heap);
}

bool airi_sweep_step(airi_heap *heap, uint32_t blocks)
{
    airi_sweep *sweep = &heap->sweep;
    bool        under_way;

    airi_mutex_lock(&sweep->lock);
    if (airi_load(&sweep->under_way, AIRI_RELAXED)) /* relaxed: written under the lock */
        step(heap, blocks);
    under_way = airi_load(&sweep->under_way, AIRI_RELAXED);
    airi_mutex_unlock(&sweep->lock);
    return under_way;
}

void airi_sweep_finish(airi_heap *heap)
{
    while (airi_sweep_step(heap, STEP_WHOLE))
        continue;
}
