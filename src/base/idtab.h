/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A table of equal records found by a 32-bit index, whose memory stays where it is and is never unmapped before fini:
 * a stale index finds a record, perhaps a later tenant's. Look-up on any thread without a lock; take and give on any
 * thread, under the table's mutex.
 * Invariant: index 0 is never given; free records are reused oldest first, before fresh ones are touched. */
#ifndef AIRI_BASE_IDTAB_H
#define AIRI_BASE_IDTAB_H

#include "base/atomic.h"
#include "base/mutex.h"
#include "base/quota.h"

#include <airt/base.h>
#include <airt/world.h>

#ifdef AIRI_HARD
#define AIRI_IDTAB_SHIFT 6
#else
#define AIRI_IDTAB_SHIFT 13 /* records a segment, as a power of two */
#endif
#define AIRI_IDTAB_SEGMENT ((uint32_t)1 << AIRI_IDTAB_SHIFT)
#define AIRI_IDTAB_MAX ((uint32_t)1 << 28)

typedef struct airi_idtab {
    /* fixed after init */
    airt_world          *world;
    AIRI_ATOMIC(void *) *segments; /* records, then one uint32_t a record: the link of the free list */
    uint32_t             record_size;
    uint32_t             max;   /* records; indexes are 1 to max */
    airi_quota          *quota; /* of what is mapped; NULL: no bound */
    /* guarded by lock */
    airi_mutex lock;
    uint32_t   fresh; /* the lowest index never given */
    uint32_t   free_oldest;
    uint32_t   free_newest;
    uint32_t   used; /* given and not given back */
    size_t     mapped_bytes;
} airi_idtab;

/* record_size: a multiple of 16. max: 1 to AIRI_IDTAB_MAX. Maps the directory only; its pages are touched as the
 * table grows. Fails: ENOMEM (site TABLE). A zeroed table may be given to fini. */
AIRT_MUST_CHECK airt_status airi_idtab_init(airi_idtab *tab, airt_world *world, uint32_t record_size, uint32_t max);
/* Before the first take: what it has mapped and will map counts in a quota, which outlives the table. Fails: ENOMEM (the
 * directory does not fit). */
AIRT_MUST_CHECK airt_status airi_idtab_bound(airi_idtab *tab, airi_quota *quota);
/* Unmaps everything, whatever is still in use. Harmless twice. */
void airi_idtab_fini(airi_idtab *tab);

/* A record that is zeroed when fresh, and otherwise as its last tenant left it. Fails: ELIMIT (max are in use), ENOMEM
 * (a new segment was refused, site TABLE; asked again at the next take). */
AIRT_MUST_CHECK airt_status airi_idtab_take(airi_idtab *tab, uint32_t *out_index);
void                        airi_idtab_give(airi_idtab *tab, uint32_t index);
/* The same for several at once. Take: at least one on OK, *out_count of them, oldest first. */
AIRT_MUST_CHECK airt_status airi_idtab_take_some(airi_idtab *tab, uint32_t max, uint32_t *out_indexes,
                                                 uint32_t *out_count);
void                        airi_idtab_give_some(airi_idtab *tab, const uint32_t *indexes, uint32_t count);

/* Mapped, mostly untouched. A reading under the lock. */
size_t airi_idtab_bytes(airi_idtab *tab);

/* NULL for 0, for an index out of range, and for a segment that never was needed. record_size: the table's, where the
 * caller knows it as a constant. */
static inline void *airi_idtab_find(const airi_idtab *tab, uint32_t index, uint32_t record_size)
{
    void *segment;

    if (index - 1 >= tab->max) /* 0 wraps */
        return NULL;
    /* Acquire: partner is the release where grow publishes the segment. */
    segment = airi_load(&tab->segments[index >> AIRI_IDTAB_SHIFT], AIRI_ACQUIRE);
    if (segment == NULL)
        return NULL;
    return (char *)segment + (size_t)(index & (AIRI_IDTAB_SEGMENT - 1)) * record_size;
}
static inline void *airi_idtab_at(const airi_idtab *tab, uint32_t index)
{
    return airi_idtab_find(tab, index, tab->record_size);
}

#endif
