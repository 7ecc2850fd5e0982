/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A worker's locality slot: an actor it made runnable, which it runs next (a dedicated worker's: its one actor).
 * Owner calls, without a locked instruction: put, take. It is nobody else's business until the owner is held up in a
 * handler: then the watch shares it (share, a fence that every thread passes, a look that the handler still runs, open)
 * and thieves may take from it. Once shared it stays so, and the owner pays an exchange. Model-checked as it stands by
 * test/relacy/locality.cpp. */
#ifndef AIRI_CORE_LOCALITY_H
#define AIRI_CORE_LOCALITY_H

#include "base/atomic.h"
#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>

/* The orders of this header by the place they stand in; the model checker weakens one at a time, and must notice. */
#define AIRI_LOCALITY_PUT AIRI_RELEASE
#define AIRI_LOCALITY_STEAL AIRI_ACQ_REL
#define AIRI_LOCALITY_LOOKS true
#define AIRI_LOCALITY_FENCE() airi_fence_light() /* the handlers' owner, after it has said that one is over */
#include AIRI_MODEL_MUTANT

typedef struct airi_locality {
    AIRI_ATOMIC(void *) item;
    AIRI_ATOMIC(bool)   shared; /* the owner's takes are exchanges from here on */
    AIRI_ATOMIC(bool)   open;   /* thieves may take: the owner has seen, or will see first, that it is shared */
} airi_locality;

/* Before anyone else may look. `shared`: from the beginning, where the world has no fence for all. */
static inline void airi_locality_init(airi_locality *slot, bool shared)
{
    airi_store(&slot->item, (void *)NULL, AIRI_RELAXED); /* relaxed: before it is shared */
    airi_store(&slot->shared, shared, AIRI_RELAXED);
    airi_store(&slot->open, false, AIRI_RELAXED);
}

/* Any thread, and no more than a glance. Sequentially consistent for who parks: as airi_runq_empty_sync. */
static inline bool airi_locality_empty(airi_locality *slot)
{
    return airi_load(&slot->item, AIRI_SEQ_CST) == NULL;
}

/* Owner; false: there is one. Only the owner fills it: what it finds empty stays empty, and a store does. Release: what is
 * behind the item; partner is the acquire of a thief. */
static inline bool airi_locality_put(airi_locality *slot, void *item)
{
    if (airi_load(&slot->item, AIRI_RELAXED) != NULL)
        return false;
    airi_store(&slot->item, item, AIRI_LOCALITY_PUT);
    return true;
}

/* Owner, outside of handlers (inside one the watch may be opening the slot: evict); NULL: empty. */
static inline void *airi_locality_take(airi_locality *slot)
{
    /* Acquire: a dedicated worker's slot is filled by others; partner is the store in schedule_dedicated. */
    void *item = airi_load(&slot->item, AIRI_ACQUIRE);

    if (item == NULL)
        return NULL;
    /* Relaxed: who opens the slot does so after a fence that this thread passed inside a handler, before this look. */
    if (AIRI_LOCALITY_LOOKS && airi_load(&slot->shared, AIRI_RELAXED))
        return airi_exchange(&slot->item, (void *)NULL, AIRI_LOCALITY_STEAL);
    airi_store(&slot->item, (void *)NULL, AIRI_RELAXED); /* relaxed: empty promises nothing */
    return item;
}

/* Owner, anywhere. */
static inline void *airi_locality_evict(airi_locality *slot)
{
    return airi_exchange(&slot->item, (void *)NULL, AIRI_LOCALITY_STEAL);
}

/* The watch: asks the owner to share. Then a fence for all; if the owner is still inside the same handler: open. */
static inline void airi_locality_share(airi_locality *slot)
{
    airi_store(&slot->shared, true, AIRI_SEQ_CST);
}
static inline void airi_locality_open(airi_locality *slot)
{
    airi_store(&slot->open, true, AIRI_SEQ_CST);
}

/* Thieves; NULL: closed to them, or empty. */
static inline void *airi_locality_steal(airi_locality *slot)
{
    /* Acquire: partner is airi_locality_open, and with it the watch's look at the owner. */
    if (!airi_load(&slot->open, AIRI_ACQUIRE) || airi_load(&slot->item, AIRI_RELAXED) == NULL)
        return NULL;
    return airi_exchange(&slot->item, (void *)NULL, AIRI_LOCALITY_STEAL);
}

#endif
