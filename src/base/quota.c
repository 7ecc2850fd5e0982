/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The count is exact: a taker that does not fit leaves no trace, so that it never makes another one fail who would. */
#include "base/quota.h"

#include "base/check.h"

#include <string.h>

void airi_quota_init(airi_quota *quota, uint64_t max, void (*on_hit)(void *context), void *context)
{
    memset(quota, 0, sizeof *quota);
    quota->max = max;
    quota->on_hit = on_hit;
    quota->context = context;
}

static void refused(airi_quota *quota)
{
    /* Relaxed: of all that come at once, the exchange lets one tell. */
    if (airi_exchange(&quota->was_hit, 1, AIRI_RELAXED) == 0 && quota->on_hit != NULL)
        quota->on_hit(quota->context);
}

bool airi_quota_take(airi_quota *quota, size_t bytes)
{
    uint64_t before;

    if (quota == NULL || quota->max == 0)
        return true;
    /* Relaxed, here and below, no partner: a number is counted, nothing is published by it. */
    before = airi_load(&quota->bytes, AIRI_RELAXED);
    do {
        if (bytes > quota->max - before) {
            refused(quota);
            return false;
        }
    } while (!airi_cas_weak(&quota->bytes, &before, before + bytes, AIRI_RELAXED, AIRI_RELAXED));
    return true;
}

void airi_quota_give(airi_quota *quota, size_t bytes)
{
    uint64_t before;

    if (quota == NULL || quota->max == 0)
        return;
    before = airi_fetch_sub(&quota->bytes, bytes, AIRI_RELAXED); /* relaxed: as above, and so is the next */
    AIRT_CHECK(before >= bytes);
    if (before - bytes < quota->max - quota->max / 10 && airi_load(&quota->was_hit, AIRI_RELAXED) != 0)
        airi_store(&quota->was_hit, 0, AIRI_RELAXED); /* relaxed: as above */
}
