/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One worker's bounded run queue: the owner pushes at the tail and pops at the head (first in, first out), other
 * workers steal from the head. Owner calls: push, pop, drain_half, and steal into its own; any worker: steal from.
 * Model-checked as it stands by test/relacy/runq.cpp.
 * Invariant: items in [head, tail) belong to the queue; whoever advances head over an item owns it. */
#ifndef AIRI_CORE_RUNQ_H
#define AIRI_CORE_RUNQ_H

#include "base/atomic.h"
#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef AIRI_RUNQ_MAX
#ifdef AIRI_HARD
#define AIRI_RUNQ_MAX 2u
#else
#define AIRI_RUNQ_MAX 256u /* a power of two */
#endif
#endif
/* Both counters start shortly before they wrap, so that every long test crosses it. */
#define AIRI_RUNQ_FIRST (0u - 2u * AIRI_RUNQ_MAX)

/* The orders of this header by the place they stand in; the model checker weakens one at a time, and must notice. */
#define AIRI_RUNQ_TAIL_WRITE AIRI_RELEASE
#define AIRI_RUNQ_TAIL_READ AIRI_ACQUIRE
#define AIRI_RUNQ_HEAD_READ AIRI_ACQUIRE
#define AIRI_RUNQ_HEAD_STEAL AIRI_ACQ_REL
#define AIRI_RUNQ_POP_BY_CAS true
#include AIRI_MODEL_MUTANT

#ifndef AIRI_CACHE_LINE
#define AIRI_CACHE_LINE 64
#endif
#if defined(__cplusplus)
#define AIRI_RUNQ_ALIGN
#else
#define AIRI_RUNQ_ALIGN _Alignas(AIRI_CACHE_LINE)
#endif

typedef struct airi_runq {
    /* shared, atomic: owner and thieves advance it */
    AIRI_RUNQ_ALIGN AIRI_ATOMIC(uint32_t) head;
    /* owner writes, thieves read */
    AIRI_RUNQ_ALIGN AIRI_ATOMIC(uint32_t) tail;
    AIRI_RUNQ_ALIGN AIRI_ATOMIC(void *)   items[AIRI_RUNQ_MAX];
} airi_runq;

static inline void airi_runq_init(airi_runq *queue)
{
    airi_store(&queue->head, (uint32_t)AIRI_RUNQ_FIRST, AIRI_RELAXED); /* relaxed: before the queue is shared */
    airi_store(&queue->tail, (uint32_t)AIRI_RUNQ_FIRST, AIRI_RELAXED);
}

/* Relaxed on items throughout: head and tail order them. */
static inline void *airi_runq_item(airi_runq *queue, uint32_t position)
{
    return airi_load(&queue->items[position & (AIRI_RUNQ_MAX - 1)], AIRI_RELAXED);
}

static inline void airi_runq_place(airi_runq *queue, uint32_t position, void *item)
{
    airi_store(&queue->items[position & (AIRI_RUNQ_MAX - 1)], item, AIRI_RELAXED);
}

/* Owner: a glance. Relaxed: thieves may empty it at any time. */
static inline bool airi_runq_empty(airi_runq *queue)
{
    return airi_load(&queue->tail, AIRI_RELAXED) == airi_load(&queue->head, AIRI_RELAXED);
}

/* Re-check before parking: sequentially consistent, partner is whatever the pusher does between its push and its look
 * at the parked workers (a sequentially consistent fence or read-modify-write; test/spin/park.pml). */
static inline bool airi_runq_empty_sync(airi_runq *queue)
{
    uint32_t head = airi_load(&queue->head, AIRI_SEQ_CST);

    return airi_load(&queue->tail, AIRI_SEQ_CST) == head;
}

/* Owner; false: full, the caller drains half to elsewhere. No locked instruction. */
static inline bool airi_runq_push(airi_runq *queue, void *item)
{
    uint32_t tail = airi_load(&queue->tail, AIRI_RELAXED); /* relaxed: own */
    /* Acquire: partner is the release of a thief's advance: it has read the items that are overwritten here. */
    uint32_t head = airi_load(&queue->head, AIRI_RUNQ_HEAD_READ);

    if (tail - head >= AIRI_RUNQ_MAX)
        return false;
    airi_runq_place(queue, tail, item);
    /* Release: partner is the acquire of tail in airi_runq_steal; publishes the item and what it points to. */
    airi_store(&queue->tail, tail + 1, AIRI_RUNQ_TAIL_WRITE);
    return true;
}

/* Owner; NULL: empty. One locked instruction, none when empty. */
static inline void *airi_runq_pop(airi_runq *queue)
{
    uint32_t tail = airi_load(&queue->tail, AIRI_RELAXED); /* relaxed: own */
    uint32_t head = airi_load(&queue->head, AIRI_RELAXED); /* relaxed: a guess that the compare-exchange checks */

    while (head != tail) {
        void *item = airi_runq_item(queue, head); /* own write: what the owner pushed or stole itself */

        if (!AIRI_RUNQ_POP_BY_CAS) {
            airi_store(&queue->head, head + 1, AIRI_RELEASE);
            return item;
        }
        /* Relaxed: no data passes to the owner here; a thief's release before it reaches the owner's next push
         * through this read-modify-write. */
        if (airi_cas(&queue->head, &head, head + 1, AIRI_RELAXED, AIRI_RELAXED))
            return item;
    }
    return NULL;
}

/* Owner: what it would pop now, or NULL. A glance: thieves may take it at any time. */
static inline void *airi_runq_first(airi_runq *queue)
{
    uint32_t head = airi_load(&queue->head, AIRI_RELAXED); /* relaxed: a glance; the tail is its own */

    return head != airi_load(&queue->tail, AIRI_RELAXED) ? airi_runq_item(queue, head) : NULL;
}

/* How many of `size` a thief or an overflow takes: half, rounded up, at most `max`. */
static inline uint32_t airi_runq_half(uint32_t size, uint32_t max)
{
    uint32_t half = size - size / 2;

    return half < max ? half : max;
}

/* The owner of `to` (not of `from`): moves up to half of `from`, at most max, by one compare-exchange. Returns how
 * many; 0 when there is nothing, or another was faster: a caller that must not miss an item looks again. */
static inline uint32_t airi_runq_steal(airi_runq *from, airi_runq *to, uint32_t max)
{
    uint32_t tail = airi_load(&to->tail, AIRI_RELAXED); /* relaxed: own */
    uint32_t room = AIRI_RUNQ_MAX - (tail - airi_load(&to->head, AIRI_RUNQ_HEAD_READ));
    uint32_t head = airi_load(&from->head, AIRI_RUNQ_HEAD_READ); /* acquire: tail is read after it */
    /* Acquire: partner is the release in airi_runq_push (and at the end of this function, when `from` stole). */
    uint32_t size = airi_load(&from->tail, AIRI_RUNQ_TAIL_READ) - head;
    uint32_t count = size > AIRI_RUNQ_MAX ? 0 : airi_runq_half(size, max < room ? max : room);

    if (count == 0)
        return 0;
    for (uint32_t i = 0; i < count; i++)
        airi_runq_place(to, tail + i, airi_runq_item(from, head + i));
    /* Success says that head never moved, so none of the items read was overwritten (head would have to go round
     * 2^32 pushes during this call). Release: partner is the acquire of head in airi_runq_push by the owner. */
    if (!airi_cas(&from->head, &head, head + count, AIRI_RUNQ_HEAD_STEAL, AIRI_RELAXED))
        return 0;
    airi_store(&to->tail, tail + count, AIRI_RUNQ_TAIL_WRITE); /* release: as in push */
    return count;
}

/* Owner, when push said full: takes the older half out, oldest first, for the shared overflow list. `out` holds
 * `max` items. Returns how many; 0 when thieves emptied it meanwhile. */
static inline uint32_t airi_runq_drain_half(airi_runq *from, void **out, uint32_t max)
{
    uint32_t tail = airi_load(&from->tail, AIRI_RELAXED); /* relaxed: own */
    uint32_t head = airi_load(&from->head, AIRI_RELAXED); /* relaxed: a guess that the compare-exchange checks */

    for (;;) {
        uint32_t count = airi_runq_half(tail - head, max);

        for (uint32_t i = 0; i < count; i++)
            out[i] = airi_runq_item(from, head + i);
        /* Relaxed: as in pop. */
        if (count == 0 || airi_cas(&from->head, &head, head + count, AIRI_RELAXED, AIRI_RELAXED))
            return count;
    }
}

#endif
