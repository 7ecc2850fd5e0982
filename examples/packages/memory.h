/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Copies and growing arrays in an actor's own memory, which the runtime releases when the actor ends. */
#ifndef PACKAGES_MEMORY_H
#define PACKAGES_MEMORY_H

#include <airt/airt.h>

#include <string.h>

/* Makes *view a view of a copy of its bytes. */
static inline airt_status memory_copy(airt_ctx *ctx, airt_str *view)
{
    char *copy = airt_alloc(ctx, view->size + 1);

    if (copy == NULL)
        return AIRT_ENOMEM;
    if (view->size > 0)
        memcpy(copy, view->at, view->size);
    view->at = copy;
    return AIRT_OK;
}

/* An array of `count` items with room for more. */
struct memory_array {
    void  *items;
    size_t count;
    size_t room;
};

/* Makes room for one item more; the caller then writes item number `count` and counts it. */
static inline airt_status memory_grow(airt_ctx *ctx, struct memory_array *array, size_t item_bytes)
{
    size_t room = array->room == 0 ? 1 : array->room * 2;
    void  *items;

    if (array->count < array->room)
        return AIRT_OK;
    items = airt_alloc(ctx, room * item_bytes);
    if (items == NULL)
        return AIRT_ENOMEM;
    if (array->count > 0)
        memcpy(items, array->items, array->count * item_bytes);
    airt_free(ctx, array->items);
    array->items = items;
    array->room = room;
    return AIRT_OK;
}

static inline airt_status memory_append(airt_ctx *ctx, struct memory_array *array, const void *item, size_t item_bytes)
{
    AIRT_TRY(memory_grow(ctx, array, item_bytes));
    memcpy((char *)array->items + array->count++ * item_bytes, item, item_bytes);
    return AIRT_OK;
}

static inline void memory_clear(airt_ctx *ctx, struct memory_array *array)
{
    airt_free(ctx, array->items);
    *array = (struct memory_array){ 0 };
}

#endif
