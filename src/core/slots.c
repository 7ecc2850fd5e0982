/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "core/slots.h"

#include <string.h>

/* Some at the first need, so that a system of few actors has few. */
static airt_status refill(airi_slots *slots, airi_idtab *table)
{
    return airi_idtab_take_some(table, AIRI_SLOTS_BATCH, slots->index, &slots->count);
}

/* The ones that rested longest. */
static void give_back(airi_slots *slots, airi_idtab *table, uint32_t count)
{
    airi_idtab_give_some(table, slots->index, count);
    slots->count -= count;
    memmove(slots->index, slots->index + count, slots->count * sizeof slots->index[0]);
}

airt_status airi_slots_take(airi_slots *slots, airi_idtab *table, uint32_t *out_index)
{
    airt_status status = AIRT_OK;

    if (slots == NULL)
        return airi_idtab_take(table, out_index);
    if (slots->count == 0)
        status = refill(slots, table);
    if (status == AIRT_OK)
        *out_index = slots->index[--slots->count];
    return status;
}

void airi_slots_give(airi_slots *slots, airi_idtab *table, uint32_t index)
{
    if (slots == NULL) {
        airi_idtab_give(table, index);
        return;
    }
    if (slots->count == AIRI_SLOTS_MAX)
        give_back(slots, table, AIRI_SLOTS_MAX / 2);
    slots->index[slots->count++] = index;
}

void airi_slots_flush(airi_slots *slots, airi_idtab *table)
{
    if (slots->count > 0)
        give_back(slots, table, slots->count);
}
