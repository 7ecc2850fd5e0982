/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where new blocks come from. A class begins in mixed chunks, which all share, so that a small system stays small; one
 * that has carved as much as a chunk holds gets chunks of its own, which can be given back when all their blocks are free.
 * Called by the heap and the sweep, any thread, some with a depot's lock held.
 * Invariant: a chunk of one class holds AIRI_CHUNK_BYTES / size blocks and nothing else; its record is outside of it. */
#ifndef AIRI_BASE_CHUNK_H
#define AIRI_BASE_CHUNK_H

#include "base/heap.h"

#define AIRI_CHUNK_SHIFT 18
#define AIRI_CHUNK_BYTES ((size_t)1 << AIRI_CHUNK_SHIFT)

/* Pages from the world, within the quota. */
void *airi_pages_take(airi_heap *heap, size_t bytes);
void  airi_pages_give(airi_heap *heap, void *memory, size_t bytes);
/* To whole pages; 0: too much. */
size_t airi_pages_round(size_t bytes);

/* Depot locked. Cuts up to `wanted` new blocks; returns how many, 0: no memory. *out_memory is the first. */
uint32_t airi_carve(airi_heap *heap, uint32_t number, uint32_t wanted, char **out_memory);

/* A chunk of one class that no list has any more: its pages and its record. */
void airi_chunk_unmap(airi_heap *heap, airi_chunk *chunk);
/* All that is left, at the end. */
void airi_chunks_unmap(airi_heap *heap);

#endif
