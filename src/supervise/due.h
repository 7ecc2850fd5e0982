/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is due first: a binary heap of times on a supervisor's clock, each in whatever it is the time of. Times that are
 * compared lie less than 24 days apart, for the clock wraps. Invariant: none is due before the one above it, and each
 * knows its place. */
#ifndef AIRI_SUPERVISE_DUE_H
#define AIRI_SUPERVISE_DUE_H

#include <airt/actor.h>

typedef struct airi_due {
    uint32_t at_ms;
    uint32_t place;
} airi_due;

typedef struct airi_dues { /* zero is an empty one */
    airi_due **items;
    uint32_t   count, room;
} airi_dues;

static inline bool airi_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

/* Room for one more. False: no memory. */
bool airi_dues_reserve(airt_ctx *ctx, airi_dues *dues);
/* There is room. */
void airi_dues_add(airi_dues *dues, airi_due *due);
void airi_dues_remove(airi_dues *dues, airi_due *due);
/* Its time was changed. */
void airi_dues_moved(airi_dues *dues, airi_due *due);

static inline airi_due *airi_dues_first(const airi_dues *dues)
{
    return dues->count > 0 ? dues->items[0] : NULL;
}

#endif
