/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A bound on the bytes that the heap and the tables of one system map: taken before pages are mapped, given back after
 * they are unmapped. Any thread, also under the locks of its users; it has none of its own.
 * Invariant: bytes <= max, whenever there is a bound. */
#ifndef AIRI_BASE_QUOTA_H
#define AIRI_BASE_QUOTA_H

#include "base/atomic.h"

#include <airt/base.h>

typedef struct airi_quota {
    /* fixed after init */
    uint64_t max; /* 0: no bound, and nothing is counted */
    void (*on_hit)(void *context);
    void *context;
    /* shared, atomic */
    AIRI_ATOMIC(uint64_t) bytes;
    AIRI_ATOMIC(uint32_t) was_hit; /* told since it last was a tenth below the bound */
} airi_quota;

/* on_hit (NULL: nobody) is called on the thread that is refused, under the locks of whoever wanted the pages: at the
 * first refusal, and at the first one after the bytes had fallen below nine tenths of max. */
void airi_quota_init(airi_quota *quota, uint64_t max, void (*on_hit)(void *context), void *context);
/* False: they would be more than max, and nothing was taken. NULL: no bound. */
bool airi_quota_take(airi_quota *quota, size_t bytes);
void airi_quota_give(airi_quota *quota, size_t bytes);

#endif
