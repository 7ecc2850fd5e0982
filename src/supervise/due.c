/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "supervise/due.h"

#include <string.h>

enum {
    ROOM_MIN = 16
};

bool airi_dues_reserve(airt_ctx *ctx, airi_dues *dues)
{
    uint32_t   room = dues->room != 0 ? 2 * dues->room : ROOM_MIN;
    airi_due **items;

    if (dues->count < dues->room)
        return true;
    items = airt_alloc(ctx, room * sizeof(airi_due *));
    if (items == NULL)
        return false;
    if (dues->count > 0)
        memcpy(items, dues->items, dues->count * sizeof items[0]);
    airt_free(ctx, dues->items);
    dues->items = items;
    dues->room = room;
    return true;
}

static void put(airi_dues *dues, airi_due *due, uint32_t place)
{
    dues->items[place] = due;
    due->place = place;
}

static void rise(airi_dues *dues, airi_due *due)
{
    uint32_t place = due->place;

    for (; place > 0 && airi_before(due->at_ms, dues->items[(place - 1) / 2]->at_ms); place = (place - 1) / 2)
        put(dues, dues->items[(place - 1) / 2], place);
    put(dues, due, place);
}

static void sink(airi_dues *dues, airi_due *due)
{
    uint32_t place = due->place, below;

    for (; (below = 2 * place + 1) < dues->count; place = below) {
        if (below + 1 < dues->count && airi_before(dues->items[below + 1]->at_ms, dues->items[below]->at_ms))
            below++;
        if (!airi_before(dues->items[below]->at_ms, due->at_ms))
            break;
        put(dues, dues->items[below], place);
    }
    put(dues, due, place);
}

void airi_dues_moved(airi_dues *dues, airi_due *due)
{
    rise(dues, due);
    sink(dues, due);
}

void airi_dues_add(airi_dues *dues, airi_due *due)
{
    put(dues, due, dues->count++);
    rise(dues, due);
}

void airi_dues_remove(airi_dues *dues, airi_due *due)
{
    airi_due *last = dues->items[--dues->count];

    if (last == due)
        return;
    put(dues, last, due->place);
    airi_dues_moved(dues, last);
}
