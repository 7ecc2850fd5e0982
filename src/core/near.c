/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Telling the actor that the worker runs next: what few of those messages need. */
#include "core/near.h"

enum {
    PLACES_MAX = 32,  /* set aside at once, */
    PLACES_SHARE = 32 /* and no more than one in so many of a box */
};
_Static_assert((uintptr_t)PLACES_MAX <= AIRI_LOCALITY_PLACES, "they go with the slot's item");

/* 0: none, ever. */
static uint32_t places_at_once(airi_actor *actor)
{
    uint32_t share = airi_box_max(actor) / PLACES_SHARE;

    if ((airi_box(actor) & (AIRI_BOX_WAIT | AIRI_BOX_UNBOUNDED)) == 0)
        return 0;
    return share < PLACES_MAX ? share : PLACES_MAX;
}

/* More than one message waits there: it is being sent many. */
static bool is_sent_many(airi_actor *actor, uint64_t word)
{
    return actor->lane_mask != 0 ||
           (airi_mail_more_by(word, actor->had) &&
            airi_link_next(airi_mail_link_at(airi_mail_link(word))) != airi_mail_link_at(actor->had));
}

static bool set_aside(airi_actor *actor, uint64_t word, uint32_t *places)
{
    uint32_t count = places_at_once(actor);

    if (count == 0 || !is_sent_many(actor, word) ||
        !airi_room_set_aside(&actor->mail, &actor->room, airi_box_max(actor), count))
        return false;
    *places = count;
    return true;
}

bool airi_near_prepare(airi_worker *worker, airi_actor *actor, uint32_t *places)
{
    uint64_t word = airi_mail_seen(&actor->mail);

    /* Those who wait for room have been here longer; the actor's turn lets them in. */
    if ((word & AIRI_MAIL_WANTED) != 0 && (airi_box(actor) & AIRI_BOX_WAIT) != 0)
        return false;
    if (*places == 0 && !set_aside(actor, word, places))
        return false;
    airi_lane_sort_in(actor, airi_box_gather(worker, actor));
    return true;
}

void airi_near_fetch(airi_worker *worker, airi_actor *actor)
{
    if (worker->class > AIRI_CLASS_SPARE || airi_held_up(worker) || !airi_locality_empty(&worker->next) ||
        airi_runq_first(&worker->runq) != actor || places_at_once(actor) == 0)
        return;
    actor = airi_runq_pop(&worker->runq); /* or another one, if a thief was here: that is the next, too */
    if (actor != NULL)
        (void)airi_locality_put(&worker->next, actor);
}

static uint32_t places_aside(airt_system *system, const airi_actor *actor)
{
    uint32_t count = airi_worker_total(system);

    for (uint32_t i = 0; i < count; i++) {
        uintptr_t item = airi_load(&system->worker[i]->next.item, AIRI_RELAXED); /* relaxed: a reading */

        if (airi_locality_item(item) == actor)
            return airi_locality_places(item);
    }
    return 0;
}

uint32_t airi_near_queued(airt_system *system, airi_actor *actor)
{
    uint32_t used = airi_box_used(actor); /* first: what is taken meanwhile counts once more, not less */
    uint32_t aside = places_aside(system, actor);

    return used > aside ? used - aside : 0;
}
