/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Telling the actor that the worker runs next. While it is in the locality slot, and held there, nobody else can get at it, so
 * the worker has an owner's right to it: the message goes where the owner would put it, into the lanes, without a locked
 * instruction. It takes one of several places that one such instruction has set aside; how many are left goes with the slot's
 * item, and whoever takes that gives them back. Only in boxes where nobody is refused because of it: those whose senders wait,
 * or without a bound. Handlers of pooled workers. */
#ifndef AIRI_CORE_NEAR_H
#define AIRI_CORE_NEAR_H

#include "base/compiler.h"
#include "core/letters.h"
#include "core/sched.h"

/* Before a message that is not so quickly appended. False: it is not worth the places, or there are none. */
bool airi_near_prepare(airi_worker *worker, airi_actor *actor, uint32_t *places);

/* An actor that is scheduled is sent one message after the other: if it is the first in this worker's ring, and the locality
 * slot is empty, it goes there. */
void airi_near_fetch(airi_worker *worker, airi_actor *actor);
/* Whether to try that after this message: a glance at the ring is worth it now and then. */
static inline bool airi_near_is_due(airi_worker *worker)
{
    enum {
        FETCH_EVERY = 16
    };

    return (airi_load(&worker->account.accepted, AIRI_RELAXED) & (FETCH_EVERY - 1)) == 0; /* relaxed: its own */
}

/* airi_box_used without places that are set aside and not taken. Any thread: a reading. */
uint32_t airi_near_queued(airt_system *system, airi_actor *actor);

/* A message of normal priority, counted, to an actor with a plain box that airi_locality_has. False: nothing was done. */
static AIRI_ALWAYS_INLINE bool airi_near_append(airi_worker *worker, airi_actor *actor, airt_msg *msg)
{
    bool     ready;
    uint32_t places;
    uint64_t word;

    _Static_assert(AIRT_NORMAL == 0, "a message's word says so without being asked to");
    if (!airi_locality_hold(&worker->next, actor, &places))
        return false;
    /* This thread sees at least what it has pushed itself: that is older, and goes first. */
    word = airi_mail_seen(&actor->mail);
    ready = __builtin_expect(places != 0 && (word & (AIRI_MAIL_LINK | AIRI_MAIL_WANTED)) == actor->had, 1) ||
            airi_near_prepare(worker, actor, &places);
    if (ready) {
        airi_lane_append_normal(actor, msg);
        places--;
    }
    airi_locality_let_go(&worker->next, actor, places);
    return ready;
}

#endif
