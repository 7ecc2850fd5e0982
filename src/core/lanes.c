/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the owner of a box has taken: one ring per rank, newest first in hand so that the oldest is one step away.
 * Owner only; drop-old boxes under their lock. Higher ranks leave first; after AIRI_SKIPS_MAX picks past a waiting
 * lower rank, the lowest waiting one leaves: starvation is bounded. */
#include "base/mutant.h"
#include "core/actor.h"
#include "core/kind.h"

#include <string.h>

enum {
    AIRI_SKIPS_MAX = 63
};

/* A chain, linked from `first` to `last`. */
static void ring_append_chain(airt_msg **newest, airt_msg *first, airt_msg *last)
{
    if (*newest == NULL) {
        last->link.next = &first->link;
    } else {
        last->link.next = (*newest)->link.next;
        (*newest)->link.next = &first->link;
        if (AIRI_MUTANT_IS(1))
            return;
    }
    *newest = last;
}

void airi_ring_append(airt_msg **newest, airt_msg *msg)
{
    ring_append_chain(newest, msg, msg);
}

static void append_chain(airi_actor *actor, airt_msg *first, airt_msg *last)
{
    unsigned rank = airi_priority_rank((airt_priority)first->priority);

    ring_append_chain(&actor->lane[rank], first, last);
    actor->lane_mask = (uint8_t)(actor->lane_mask | (1u << rank));
}

void airi_lane_append(airi_actor *actor, airt_msg *msg)
{
    append_chain(actor, msg, msg);
}

/* Those of one rank in a row are linked already: they go in as they are. */
void airi_lane_sort_in(airi_actor *actor, airi_link *oldest_first)
{
    airt_msg *next = (airt_msg *)(void *)oldest_first;

    while (next != NULL) {
        airt_msg *first = next;
        airt_msg *last;

        do {
            last = next;
            next = (airt_msg *)(void *)last->link.next;
        } while (next != NULL && next->priority == first->priority);
        append_chain(actor, first, last);
    }
}

void airi_lanes_take(airi_actor *actor, airt_msg *out_lane[AIRI_LANES])
{
    memcpy(out_lane, actor->lane, sizeof actor->lane);
    memset(actor->lane, 0, sizeof actor->lane);
    actor->lane_mask = 0;
}

static airt_msg *pop_rank(airi_actor *actor, unsigned rank)
{
    airt_msg *msg = airi_ring_pop(&actor->lane[rank]);

    if (actor->lane[rank] == NULL)
        actor->lane_mask = (uint8_t)(actor->lane_mask & ~(1u << rank));
    return msg;
}

airt_msg *airi_lane_pop_any(airi_actor *actor)
{
    unsigned mask = actor->lane_mask;
    unsigned highest, lowest;

    if (mask == 0)
        return NULL;
    highest = 31u - (unsigned)__builtin_clz(mask);
    lowest = (unsigned)__builtin_ctz(mask);
    if (highest == lowest)
        return pop_rank(actor, highest);
    if (actor->lane_skips >= AIRI_SKIPS_MAX) {
        actor->lane_skips = 0;
        return pop_rank(actor, lowest);
    }
    actor->lane_skips++;
    return pop_rank(actor, highest);
}

/* Two rings become one: `front` before what is in *newest. */
static void ring_join_front(airt_msg **newest, airt_msg *front)
{
    airi_link *oldest = front->link.next;

    if (*newest == NULL) {
        *newest = front;
        return;
    }
    front->link.next = (*newest)->link.next;
    (*newest)->link.next = oldest;
}

void airi_lane_put_back(airi_actor *actor, airt_msg **ring)
{
    airt_msg *by_rank[AIRI_LANES] = { NULL };
    airt_msg *msg;

    while ((msg = airi_ring_pop(ring)) != NULL)
        airi_ring_append(&by_rank[airi_priority_rank((airt_priority)msg->priority)], msg);
    for (unsigned rank = 0; rank < AIRI_LANES; rank++) {
        if (by_rank[rank] == NULL)
            continue;
        ring_join_front(&actor->lane[rank], by_rank[rank]);
        actor->lane_mask = (uint8_t)(actor->lane_mask | (1u << rank));
    }
}

/* What a search in a ring looks for: a kind, or a message that takes room. */
typedef bool (*wanted_fn)(const airt_msg *msg, const void *what);

static bool takes_room(const airt_msg *msg, const void *what)
{
    (void)what;
    return airi_msg_is(msg, AIRI_MSG_COUNTED);
}

static bool of_kind(const airt_msg *msg, const void *what)
{
    for (const airt_kind *const *kinds = what; *kinds != NULL; kinds++)
        if (airt_kind_same(msg->kind, *kinds))
            return true;
    return false;
}

/* Takes the oldest wanted message out of one ring; the order of the others is kept. */
static airt_msg *ring_extract(airt_msg **newest, wanted_fn wanted, const void *what)
{
    airt_msg *previous = *newest;

    if (previous == NULL)
        return NULL;
    do {
        airt_msg *msg = (airt_msg *)(void *)previous->link.next;

        if (wanted(msg, what)) {
            if (msg == previous)
                *newest = NULL;
            else if (msg == *newest)
                *newest = previous;
            previous->link.next = msg->link.next;
            return msg;
        }
        previous = msg;
    } while (previous != *newest);
    return NULL;
}

static airt_msg *rank_extract(airi_actor *actor, unsigned rank, wanted_fn wanted, const void *what)
{
    airt_msg *msg = ring_extract(&actor->lane[rank], wanted, what);

    if (actor->lane[rank] == NULL)
        actor->lane_mask = (uint8_t)(actor->lane_mask & ~(1u << rank));
    return msg;
}

airt_msg *airi_lane_evict(airi_actor *actor, unsigned highest)
{
    airt_msg *msg = NULL;

    for (unsigned rank = 0; rank <= highest && msg == NULL; rank++)
        msg = rank_extract(actor, rank, takes_room, NULL);
    return msg;
}

airt_msg *airi_lane_extract(airi_actor *actor, const airt_kind *const kinds[])
{
    airt_msg *msg = NULL;

    for (unsigned rank = AIRI_LANES; rank-- > 0 && msg == NULL;)
        msg = rank_extract(actor, rank, of_kind, kinds);
    return msg;
}
