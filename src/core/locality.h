/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A worker's locality slot: an actor it made runnable, which it runs next (a dedicated worker's: its one actor).
 * Owner calls, without a locked instruction: put, take, and hold, under which the actor is the owner's to work on. It is
 * nobody else's business until the owner is held up in a handler: then the watch shares it (share, a fence that every thread
 * passes, a look that the handler still runs and holds nothing, open) and thieves may take from it. Once shared it stays so,
 * the owner pays an exchange and holds no more. Model-checked as it stands by test/relacy/locality.cpp. */
#ifndef AIRI_CORE_LOCALITY_H
#define AIRI_CORE_LOCALITY_H

#include "base/atomic.h"
#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The orders of this header by the place they stand in; the model checker weakens one at a time, and must notice. */
#define AIRI_LOCALITY_PUT AIRI_RELEASE
#define AIRI_LOCALITY_STEAL AIRI_ACQ_REL
#define AIRI_LOCALITY_LOOKS true
#define AIRI_LOCALITY_LET_GO AIRI_RELEASE
#define AIRI_LOCALITY_FENCE() airi_fence_light() /* the handlers' owner, after it has said that one is over */
#define AIRI_LOCALITY_HOLD_FENCE() airi_fence_light()
#include AIRI_MODEL_MUTANT

/* An item is 64-aligned. Its lower bits are a number that goes with it: whoever has the item has that many places, set aside in
 * its box (near.h). 0: the slot is empty. */
#define AIRI_LOCALITY_PLACES ((uintptr_t)63)

typedef struct airi_locality {
    AIRI_ATOMIC(uintptr_t) item;
    AIRI_ATOMIC(bool)      shared; /* the owner's takes are exchanges from here on */
    AIRI_ATOMIC(bool)      held;   /* the owner works on what is in it */
    AIRI_ATOMIC(bool)      open;   /* thieves may take: the owner has seen, or will see first, that it is shared */
} airi_locality;

static inline void *airi_locality_item(uintptr_t item)
{
    return (void *)(item & ~AIRI_LOCALITY_PLACES);
}
static inline uint32_t airi_locality_places(uintptr_t item)
{
    return (uint32_t)(item & AIRI_LOCALITY_PLACES);
}

/* Before anyone else may look. `shared`: from the beginning, where the world has no fence for all. */
static inline void airi_locality_init(airi_locality *slot, bool shared)
{
    airi_store(&slot->item, (uintptr_t)0, AIRI_RELAXED); /* relaxed: before it is shared */
    airi_store(&slot->shared, shared, AIRI_RELAXED);
    airi_store(&slot->held, false, AIRI_RELAXED);
    airi_store(&slot->open, false, AIRI_RELAXED);
}

/* Any thread, and no more than a glance. Sequentially consistent for who parks: as airi_runq_empty_sync. */
static inline bool airi_locality_empty(airi_locality *slot)
{
    return airi_load(&slot->item, AIRI_SEQ_CST) == 0;
}

/* Owner; false: there is one. Only the owner fills it: what it finds empty stays empty, and a store does. Release: what is
 * behind the item; partner is the acquire of a thief. */
static inline bool airi_locality_put(airi_locality *slot, void *item)
{
    if (airi_load(&slot->item, AIRI_RELAXED) != 0)
        return false;
    airi_store(&slot->item, (uintptr_t)item, AIRI_LOCALITY_PUT);
    return true;
}

/* Owner, outside of handlers (inside one the watch may be opening the slot: evict); 0: empty. */
static inline uintptr_t airi_locality_take(airi_locality *slot)
{
    /* Acquire: a dedicated worker's slot is filled by others; partner is the store in schedule_dedicated. */
    uintptr_t item = airi_load(&slot->item, AIRI_ACQUIRE);

    if (item == 0)
        return 0;
    /* Relaxed: who opens the slot does so after a fence that this thread passed inside a handler, before this look. */
    if (AIRI_LOCALITY_LOOKS && airi_load(&slot->shared, AIRI_RELAXED))
        return airi_exchange(&slot->item, (uintptr_t)0, AIRI_LOCALITY_STEAL);
    airi_store(&slot->item, (uintptr_t)0, AIRI_RELAXED); /* relaxed: empty promises nothing */
    return item;
}

/* Owner, anywhere. */
static inline uintptr_t airi_locality_evict(airi_locality *slot)
{
    return airi_exchange(&slot->item, (uintptr_t)0, AIRI_LOCALITY_STEAL);
}

/* Owner, inside a handler: whether this is in the slot. A hint: hold decides. */
static inline bool airi_locality_has(airi_locality *slot, const void *item)
{
    /* Relaxed: only the owner fills it. */
    return (airi_load(&slot->item, AIRI_RELAXED) & ~AIRI_LOCALITY_PLACES) == (uintptr_t)item;
}

/* Owner, inside a handler: this is in the slot and nobody takes it until it is let go, with so many places. False: it is not so.
 * Either this sees that the slot is shared, or the watch, behind its fence, that it is held: both write first. */
static inline bool airi_locality_hold(airi_locality *slot, const void *item, uint32_t *out_places)
{
    airi_store(&slot->held, true,
               AIRI_RELAXED); /* relaxed: ordered by the fence, whose partner is the watch's for all */
    AIRI_LOCALITY_HOLD_FENCE();
    if (!airi_load(&slot->shared, AIRI_RELAXED) && airi_locality_has(slot, item)) {
        *out_places = airi_locality_places(airi_load(&slot->item, AIRI_RELAXED)); /* relaxed: it is ours */
        return true;
    }
    airi_store(&slot->held, false, AIRI_RELAXED); /* relaxed: nothing was done */
    return false;
}
static inline void airi_locality_let_go(airi_locality *slot, const void *item, uint32_t places)
{
    airi_store(&slot->item, (uintptr_t)item | places, AIRI_RELAXED); /* relaxed: published by the next */
    /* Release: what was done to the item; partner is the acquire in airi_locality_is_held. */
    airi_store(&slot->held, false, AIRI_LOCALITY_LET_GO);
}
/* The watch, behind its fence: not now. */
static inline bool airi_locality_is_held(airi_locality *slot)
{
    return airi_load(&slot->held, AIRI_ACQUIRE);
}

/* The watch: asks the owner to share. Then a fence for all; if the owner is still inside the same handler, holding nothing:
 * open. */
static inline void airi_locality_share(airi_locality *slot)
{
    airi_store(&slot->shared, true, AIRI_SEQ_CST);
}
static inline void airi_locality_open(airi_locality *slot)
{
    airi_store(&slot->open, true, AIRI_SEQ_CST);
}

/* Thieves; 0: closed to them, or empty. */
static inline uintptr_t airi_locality_steal(airi_locality *slot)
{
    /* Acquire: partner is airi_locality_open, and with it the watch's look at the owner. */
    if (!airi_load(&slot->open, AIRI_ACQUIRE) || airi_load(&slot->item, AIRI_RELAXED) == 0)
        return 0;
    return airi_exchange(&slot->item, (uintptr_t)0, AIRI_LOCALITY_STEAL);
}

#endif
