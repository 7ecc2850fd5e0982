/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Gives memory back: finds the chunks of a class whose blocks are all free, and unmaps them.
 * Called by whoever has time, on any thread: first a look at what each depot has had left over since the look before,
 * then step after step. A step holds no depot's lock for longer than it takes to hang a list in or out.
 * Invariant: while a sweep is under way its depot's `away` blocks are in its hands, and nobody else's. */
#ifndef AIRI_BASE_SWEEP_H
#define AIRI_BASE_SWEEP_H

#include "base/heap.h"

static inline bool airi_sweep_under_way(airi_heap *heap)
{
    return airi_load(&heap->sweep.under_way, AIRI_RELAXED); /* relaxed: a glance */
}

/* Whether looks are worth while: some depot has a lot of free blocks, or a sweep is under way. */
static inline bool airi_sweep_wanted(airi_heap *heap)
{
    /* Relaxed: a glance; what it misses is seen when the next block goes to a depot, or by the next glance. */
    return airi_load(&heap->hoards, AIRI_RELAXED) != 0 || airi_sweep_under_way(heap);
}

/* A look, one a period: what a depot has not needed since the last one is not needed, and the sweep of the first such
 * depot begins. True: a sweep is under way. */
bool airi_sweep_begin(airi_heap *heap);

/* Goes on with the sweep that is under way, for as many blocks. True: it still is. */
bool airi_sweep_step(airi_heap *heap, uint32_t blocks);

/* To its end. Also called by who would be refused, since the sweep may have what it wants. */
void airi_sweep_finish(airi_heap *heap);

#endif
