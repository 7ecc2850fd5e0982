/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Intrusive doubly-linked circular list: the head is a link like any other, an element embeds one.
 * Called by everything above; no locking of its own, the owner of the list guards it.
 * Invariant: a link is either in exactly one list or points to itself (unlinked). Zeroed memory counts as unlinked. */
#ifndef AIRI_BASE_LIST_H
#define AIRI_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct airi_list airi_list;
struct airi_list {
    airi_list *next;
    airi_list *prev;
};

/* The struct that embeds the link. `link` must not be NULL. */
#define AIRI_CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Walks without removing. */
#define AIRI_LIST_EACH(it, list) for (airi_list *it = (list)->next; it != (list); it = it->next)

static inline void airi_list_init(airi_list *list)
{
    list->next = list;
    list->prev = list;
}

static inline bool airi_list_empty(const airi_list *list)
{
    return list->next == list;
}

/* Whether a link is in a list. */
static inline bool airi_list_linked(const airi_list *link)
{
    return link->next != NULL && link->next != link;
}

static inline void airi_list_push_back(airi_list *list, airi_list *link)
{
    link->next = list;
    link->prev = list->prev;
    list->prev->next = link;
    list->prev = link;
}

/* Leaves the link unlinked, so that removing twice does nothing and airi_list_linked tells. */
static inline void airi_list_remove(airi_list *link)
{
    if (link->next == NULL)
        return;
    link->prev->next = link->next;
    link->next->prev = link->prev;
    airi_list_init(link);
}

/* NULL when the list is empty. */
static inline airi_list *airi_list_first(airi_list *list)
{
    return airi_list_empty(list) ? NULL : list->next;
}

static inline airi_list *airi_list_pop_front(airi_list *list)
{
    airi_list *link = airi_list_first(list);

    if (link != NULL)
        airi_list_remove(link);
    return link;
}

/* Moves everything in `from` to the end of `to`, in order. */
static inline void airi_list_splice_back(airi_list *to, airi_list *from)
{
    if (airi_list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    airi_list_init(from);
}

#endif
