/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The id table's growing side: segments from the world's map, free records in a queue of indexes.
 * Called by whoever starts and ends actors, timers or calls; any thread, under the table's mutex.
 * Invariant: a published segment stays published; the link of a record is read only while the record is free. */
#include "base/idtab.h"

#include "base/check.h"
#include "port/port.h"

#include <string.h>

static uint32_t segment_count(const airi_idtab *tab)
{
    return (tab->max >> AIRI_IDTAB_SHIFT) + 1;
}

/* The last segment ends with the table. */
static uint32_t segment_records(const airi_idtab *tab, uint32_t segment)
{
    uint32_t before = segment << AIRI_IDTAB_SHIFT;
    uint32_t left = tab->max + 1 - before;

    return left < AIRI_IDTAB_SEGMENT ? left : AIRI_IDTAB_SEGMENT;
}

static size_t segment_bytes(const airi_idtab *tab, uint32_t segment)
{
    return (size_t)segment_records(tab, segment) * (tab->record_size + sizeof(uint32_t));
}

static uint32_t *link_of(const airi_idtab *tab, uint32_t index)
{
    uint32_t number = index >> AIRI_IDTAB_SHIFT;
    char    *segment = airi_load(&tab->segments[number], AIRI_RELAXED); /* relaxed: written under the lock */
    char    *links = segment + (size_t)segment_records(tab, number) * tab->record_size;

    return (uint32_t *)(void *)links + (index & (AIRI_IDTAB_SEGMENT - 1));
}

airt_status airi_idtab_init(airi_idtab *tab, airt_world *world, uint32_t record_size, uint32_t max)
{
    AIRT_CHECK(record_size > 0 && record_size % 16 == 0);
    AIRT_CHECK(max > 0 && max <= AIRI_IDTAB_MAX);
    memset(tab, 0, sizeof *tab);
    tab->world = world;
    tab->record_size = record_size;
    tab->max = max;
    tab->fresh = 1;
    if (!airi_permits(world, AIRT_ALLOCATION_TABLE))
        return AIRT_ENOMEM;
    tab->mapped_bytes = segment_count(tab) * sizeof tab->segments[0];
    tab->segments = world->map(world, tab->mapped_bytes);
    return tab->segments == NULL ? AIRT_ENOMEM : AIRT_OK;
}

airt_status airi_idtab_bound(airi_idtab *tab, airi_quota *quota)
{
    AIRT_CHECK(tab->segments != NULL && tab->quota == NULL && tab->fresh == 1);
    if (!airi_quota_take(quota, tab->mapped_bytes))
        return AIRT_ENOMEM;
    tab->quota = quota;
    return AIRT_OK;
}

void airi_idtab_fini(airi_idtab *tab)
{
    if (tab->segments == NULL)
        return;
    airi_quota_give(tab->quota, tab->mapped_bytes);
    for (uint32_t i = 0; i << AIRI_IDTAB_SHIFT < tab->fresh && i < segment_count(tab); i++) {
        void *segment = airi_load(&tab->segments[i], AIRI_RELAXED); /* relaxed: nobody else is left */

        if (segment != NULL)
            tab->world->unmap(tab->world, segment, segment_bytes(tab, i));
    }
    tab->world->unmap(tab->world, (void *)tab->segments, segment_count(tab) * sizeof tab->segments[0]);
    memset(tab, 0, sizeof *tab);
}

/* Makes sure that the segment of the next fresh index exists. */
static airt_status grow(airi_idtab *tab)
{
    uint32_t number = tab->fresh >> AIRI_IDTAB_SHIFT;
    void    *segment;

    if (airi_load(&tab->segments[number], AIRI_RELAXED) != NULL) /* relaxed: written under the lock */
        return AIRT_OK;
    if (!airi_permits(tab->world, AIRT_ALLOCATION_TABLE) || !airi_quota_take(tab->quota, segment_bytes(tab, number)))
        return AIRT_ENOMEM;
    segment = tab->world->map(tab->world, segment_bytes(tab, number));
    if (segment == NULL) {
        airi_quota_give(tab->quota, segment_bytes(tab, number));
        return AIRT_ENOMEM;
    }
    tab->mapped_bytes += segment_bytes(tab, number);
    /* Release: partner is the acquire in airi_idtab_at. */
    airi_store(&tab->segments[number], segment, AIRI_RELEASE);
    return AIRT_OK;
}

static airt_status take_fresh(airi_idtab *tab, uint32_t *out_index)
{
    airt_status status;

    if (tab->fresh > tab->max)
        return AIRT_ELIMIT;
    status = grow(tab);
    if (status == AIRT_OK)
        *out_index = tab->fresh++;
    return status;
}

static airt_status take_locked(airi_idtab *tab, uint32_t *out_index)
{
    airt_status status = AIRT_OK;

    if (tab->free_oldest != 0) {
        *out_index = tab->free_oldest;
        tab->free_oldest = *link_of(tab, tab->free_oldest);
        if (tab->free_oldest == 0)
            tab->free_newest = 0;
    } else {
        status = take_fresh(tab, out_index);
    }
    tab->used += status == AIRT_OK;
    return status;
}

static void give_locked(airi_idtab *tab, uint32_t index)
{
    AIRT_CHECK(index != 0 && index < tab->fresh);
    AIRT_CHECK(tab->used > 0);
    *link_of(tab, index) = 0;
    if (tab->free_newest != 0)
        *link_of(tab, tab->free_newest) = index;
    else
        tab->free_oldest = index;
    tab->free_newest = index;
    tab->used--;
}

airt_status airi_idtab_take_some(airi_idtab *tab, uint32_t max, uint32_t *out_indexes, uint32_t *out_count)
{
    airt_status status = AIRT_OK;
    uint32_t    count = 0;

    airi_mutex_lock(&tab->lock);
    while (count < max && (status = take_locked(tab, &out_indexes[count])) == AIRT_OK)
        count++;
    airi_mutex_unlock(&tab->lock);
    *out_count = count;
    return count > 0 ? AIRT_OK : status;
}

void airi_idtab_give_some(airi_idtab *tab, const uint32_t *indexes, uint32_t count)
{
    airi_mutex_lock(&tab->lock);
    for (uint32_t i = 0; i < count; i++)
        give_locked(tab, indexes[i]);
    airi_mutex_unlock(&tab->lock);
}

airt_status airi_idtab_take(airi_idtab *tab, uint32_t *out_index)
{
    uint32_t count;

    return airi_idtab_take_some(tab, 1, out_index, &count);
}

void airi_idtab_give(airi_idtab *tab, uint32_t index)
{
    airi_idtab_give_some(tab, &index, 1);
}

size_t airi_idtab_bytes(airi_idtab *tab)
{
    size_t bytes;

    airi_mutex_lock(&tab->lock);
    bytes = tab->mapped_bytes;
    airi_mutex_unlock(&tab->lock);
    return bytes;
}
