/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the heap and the sweep agree on about a depot: its class, its batches, and when it hoards.
 * Called with the depot's lock held, or about blocks that nobody else has.
 * Invariant: heap->hoards is the number of depots whose `hoards` is set. */
#ifndef AIRI_BASE_DEPOT_H
#define AIRI_BASE_DEPOT_H

#include "base/heap.h"

#define AIRI_HOARD_BYTES (1024 * 1024) /* less than this is not worth a sweep */

extern const uint32_t airi_class_sizes[AIRI_HEAP_CLASS_COUNT];

static inline uint32_t airi_batch_of(uint32_t number)
{
    uint32_t blocks = AIRI_HEAP_BATCH_BYTES / airi_class_sizes[number];

    if (blocks > AIRI_HEAP_BATCH_MAX)
        return AIRI_HEAP_BATCH_MAX;
    return blocks == 0 ? 1 : blocks;
}

static inline airi_block *airi_block_next_batch(airi_block *block)
{
    airi_block *next;

    airi_heap_show(block, sizeof *block);
    next = block->next_batch;
    airi_heap_hide(block, sizeof *block);
    return next;
}

static inline void airi_block_set_next_batch(airi_block *block, airi_block *next)
{
    airi_heap_show(block, sizeof *block);
    block->next_batch = next;
    airi_heap_hide(block, sizeof *block);
}

/* How many free blocks are worth a sweep, when `left` were there, none of it could be given back, and `used` were not
 * free: an eighth more, or half of what held it. So blocks that lie scattered among others are not swept again and again,
 * and all are in the end. */
static inline uint64_t airi_hoard_above(uint32_t number, uint64_t left, uint64_t used)
{
    uint64_t least = AIRI_HOARD_BYTES / airi_class_sizes[number];
    uint64_t more = left / 8 > least ? left / 8 : least;

    if (more > used / 2)
        more = used / 2 + 1;
    return left + more > least ? left + more : least;
}

static inline void airi_depot_weigh(airi_heap *heap, airi_depot *depot)
{
    bool hoards = depot->free >= depot->hoard_at;

    if (hoards == depot->hoards)
        return;
    depot->hoards = hoards;
    /* Relaxed: a glance of whoever asks whether a look is due. */
    (void)airi_fetch_add(&heap->hoards, hoards ? 1u : UINT32_MAX, AIRI_RELAXED);
}

#endif
