/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Chunks: pages of the world that depots carve blocks from.
 * Called by the heap and the sweep. A chunk of one class is its depot's, under the depot's lock; mixed chunks and records
 * are under chunk_lock, which is taken inside it.
 * Invariant: what was mapped is in one list: mixed, record_pages, a depot's chunks, or the sweep's. */
#include "base/chunk.h"

#include "base/depot.h"
#include "port/port.h"

#define MIXED_FIRST ((size_t)64 * 1024) /* a small system needs no more */
#define MIXED_HEADER ((size_t)64)
#define PAGE ((size_t)4096)
#define PAGE_RECORDS (PAGE / sizeof(airi_chunk))

_Static_assert(MIXED_FIRST > MIXED_HEADER && AIRI_CHUNK_BYTES >= MIXED_HEADER + AIRI_HEAP_CLASS_MAX, "a block fits");

/* --- pages -------------------------------------------------------------------------------------------------------- */

size_t airi_pages_round(size_t bytes)
{
    return bytes > SIZE_MAX - PAGE ? 0 : (bytes + PAGE - 1) / PAGE * PAGE;
}

void *airi_pages_take(airi_heap *heap, size_t bytes)
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

void airi_pages_give(airi_heap *heap, void *memory, size_t bytes)
{
    heap->world->unmap(heap->world, memory, bytes);
    (void)airi_fetch_sub(&heap->mapped_bytes, bytes, AIRI_RELAXED); /* relaxed: a statistic */
    airi_quota_give(heap->quota, bytes);
}

/* --- records ------------------------------------------------------------------------------------------------------ */

/* Under chunk_lock. The first record of a page lists the page. */
static bool record_page_add(airi_heap *heap)
{
    airi_chunk *page = airi_pages_take(heap, PAGE);

    if (page == NULL)
        return false;
    *page = (airi_chunk){ .next = heap->record_pages, .memory = (char *)page };
    heap->record_pages = page;
    for (size_t i = PAGE_RECORDS - 1; i > 0; i--) {
        page[i].next = heap->records;
        heap->records = &page[i];
    }
    return true;
}

static airi_chunk *record_take(airi_heap *heap)
{
    airi_chunk *record = NULL;

    airi_mutex_lock(&heap->chunk_lock);
    if (heap->records != NULL || record_page_add(heap)) {
        record = heap->records;
        heap->records = record->next;
    }
    airi_mutex_unlock(&heap->chunk_lock);
    return record;
}

static void record_give(airi_heap *heap, airi_chunk *record)
{
    airi_mutex_lock(&heap->chunk_lock);
    record->next = heap->records;
    heap->records = record;
    airi_mutex_unlock(&heap->chunk_lock);
}

/* --- chunks of one class ------------------------------------------------------------------------------------------ */

/* Depot locked, and its newest chunk carved up. */
static bool chunk_add(airi_heap *heap, uint32_t number)
{
    airi_depot *depot = &heap->depots[number];
    airi_chunk *chunk = record_take(heap);
    char       *memory = chunk == NULL ? NULL : airi_pages_take(heap, AIRI_CHUNK_BYTES);

    if (memory == NULL) {
        if (chunk != NULL)
            record_give(heap, chunk);
        return false;
    }
    airi_heap_hide(memory, AIRI_CHUNK_BYTES);
    *chunk = (airi_chunk){ .next = depot->chunks, .memory = memory };
    depot->chunks = chunk;
    depot->chunk_count++;
    depot->fresh = memory;
    depot->fresh_count = (uint32_t)(AIRI_CHUNK_BYTES / airi_class_sizes[number]);
    return true;
}

static uint32_t carve_own(airi_heap *heap, uint32_t number, uint32_t wanted, char **out_memory)
{
    airi_depot *depot = &heap->depots[number];
    uint32_t    count;

    if (depot->fresh_count == 0 && !chunk_add(heap, number))
        return 0;
    count = depot->fresh_count < wanted ? depot->fresh_count : wanted;
    *out_memory = depot->fresh;
    depot->fresh += (size_t)count * airi_class_sizes[number];
    depot->fresh_count -= count;
    return count;
}

void airi_chunk_unmap(airi_heap *heap, airi_chunk *chunk)
{
    airi_heap_show(chunk->memory, AIRI_CHUNK_BYTES);
    airi_pages_give(heap, chunk->memory, AIRI_CHUNK_BYTES);
    record_give(heap, chunk);
}

/* --- mixed chunks ------------------------------------------------------------------------------------------------- */

/* The newest chunk must be too short for the block that is wanted; what is left of it stays untouched. */
static bool mixed_add(airi_heap *heap, size_t block_size)
{
    bool        first = heap->mixed == NULL && MIXED_FIRST - MIXED_HEADER >= block_size;
    size_t      bytes = first ? MIXED_FIRST : AIRI_CHUNK_BYTES;
    airi_mixed *chunk = airi_pages_take(heap, bytes);

    if (chunk == NULL)
        return false;
    chunk->next = heap->mixed;
    chunk->bytes = bytes;
    heap->mixed = chunk;
    heap->carve_at = MIXED_HEADER;
    airi_heap_hide((char *)chunk + MIXED_HEADER, bytes - MIXED_HEADER);
    return true;
}

static uint32_t carve_mixed(airi_heap *heap, uint32_t size, uint32_t wanted, char **out_memory)
{
    uint32_t count = 0;

    airi_mutex_lock(&heap->chunk_lock);
    if ((heap->mixed != NULL && heap->mixed->bytes - heap->carve_at >= size) || mixed_add(heap, size)) {
        size_t fit = (heap->mixed->bytes - heap->carve_at) / size;

        count = fit < wanted ? (uint32_t)fit : wanted;
        *out_memory = (char *)heap->mixed + heap->carve_at;
        /* The next cut is for any class: keep it at a multiple of 64. Chunks are multiples of 64 long. */
        heap->carve_at += ((size_t)count * size + 63) / 64 * 64;
    }
    airi_mutex_unlock(&heap->chunk_lock);
    return count;
}

/* --- both --------------------------------------------------------------------------------------------------------- */

uint32_t airi_carve(airi_heap *heap, uint32_t number, uint32_t wanted, char **out_memory)
{
    uint32_t size = airi_class_sizes[number];
    uint32_t count = 0;

    if (heap->depots[number].carved * size >= AIRI_CHUNK_BYTES)
        count = carve_own(heap, number, wanted, out_memory);
    return count != 0 ? count : carve_mixed(heap, size, wanted, out_memory);
}

void airi_chunks_unmap(airi_heap *heap)
{
    for (uint32_t i = 0; i < AIRI_HEAP_CLASS_COUNT; i++) {
        while (heap->depots[i].chunks != NULL) {
            airi_chunk *chunk = heap->depots[i].chunks;

            heap->depots[i].chunks = chunk->next;
            airi_chunk_unmap(heap, chunk);
        }
    }
    while (heap->mixed != NULL) {
        airi_mixed *chunk = heap->mixed;

        heap->mixed = chunk->next;
        airi_heap_show(chunk, chunk->bytes);
        airi_pages_give(heap, chunk, chunk->bytes);
    }
    while (heap->record_pages != NULL) {
        airi_chunk *page = heap->record_pages;

        heap->record_pages = page->next;
        airi_pages_give(heap, page, PAGE);
    }
}
