/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Boxes: how their owner takes messages out and begins them. In a plain box, bounded or not, that needs no locked instruction:
 * the newest that was taken stays in the mail word (mailbox.h: `had`), and its memory lives until it may go. Owner only. */
#include "base/mutant.h"
#include "core/await.h"
#include "core/deadlock.h"
#include "core/letters.h"
#include "core/life.h"

/* What is lent goes back to its lender before the actor has had anything newer, and may be pushed again. What is in the lanes
 * of a drop-old box may be a sender's to end: one that took this tenant for the last one pushed it with a place. */
static bool may_leave(airi_actor *actor, const airt_msg *msg)
{
    return airi_msg_is(msg, AIRI_MSG_TIMER) || (airi_box(actor) & AIRI_BOX_DROP_OLD) != 0;
}

/* There is something new. */
static inline airi_link *have(airi_worker *worker, airi_actor *actor)
{
    airt_msg  *before = airi_had(actor);
    airi_link *oldest = airi_mail_had(&actor->mail, &actor->had);

    airi_had_no_more(worker->system, worker, before);
    airi_had(actor)->word |= (uint64_t)AIRI_MSG_HAD << AIRI_MSG_FLAGS_AT;
    if (__builtin_expect(may_leave(actor, airi_had(actor)), 0))
        airi_box_let_go(worker->system, worker, actor);
    return oldest;
}

airi_link *airi_box_gather(airi_worker *worker, airi_actor *actor)
{
    return airi_mail_more(&actor->mail, actor->had) ? have(worker, actor) : NULL;
}

void airi_box_let_go(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    airt_msg *msg = airi_had(actor);

    if (msg != NULL)
        airi_mail_let_go(&actor->mail, &actor->had);
    airi_had_no_more(system, worker, msg);
}

airi_link *airi_box_close(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    airt_msg  *before = airi_had(actor);
    airi_link *oldest = airi_mail_close(&actor->mail, actor->had);

    actor->had = 0;
    airi_had_no_more(system, worker, before);
    return oldest;
}

static bool lanes_locked(airi_actor *actor)
{
    return (airi_box(actor) & (AIRI_BOX_DROP_OLD | AIRI_BOX_WAIT)) != 0;
}

/* With an empty box: that each finds places for its next messages too. */
static uint32_t most_at_once(airi_actor *actor)
{
    return airi_box(actor) & AIRI_BOX_BYTES ? UINT32_MAX : airi_box_max(actor) / airi_box_share(actor);
}

/* What others did to the box beside the mail word: put into the lanes of a drop-old box, or left a queue of waiters whose
 * next may fit. The flag is cleared first, so that it is set again for whatever is not seen now. */
void airi_box_look(airi_worker *worker, airi_actor *actor)
{
    bool news = (airi_load(&actor->flags, AIRI_SEQ_CST) & AIRI_LANE_NEWS) != 0;

    if (news)
        (void)airi_fetch_and(&actor->flags, ~(uint32_t)AIRI_LANE_NEWS, AIRI_SEQ_CST);
    if (airi_mail_wanted(&actor->mail) && (news || actor->lane_mask == 0))
        airi_box_let_in(worker, actor, most_at_once(actor));
}

airt_msg *airi_box_next(airi_worker *worker, airi_actor *actor)
{
    airt_msg *msg;

    if (__builtin_expect(lanes_locked(actor), 0))
        airi_box_look(worker, actor);
    if (__builtin_expect((airi_box(actor) & AIRI_BOX_DROP_OLD) != 0, 0)) {
        airi_mutex_lock(&actor->lock);
        airi_lane_sort_in(actor, airi_box_gather(worker, actor));
        msg = airi_lane_pop(actor);
        airi_mutex_unlock(&actor->lock);
        return msg;
    }
    if (airi_mail_more(&actor->mail, actor->had))
        return airi_box_first(worker, actor);
    return airi_lane_pop(actor);
}

airt_msg *airi_box_first(airi_worker *worker, airi_actor *actor)
{
    airi_link *oldest = have(worker, actor);

    if (actor->lane_mask == 0 && oldest->next == NULL) /* the only one: nothing to sort */
        return (airt_msg *)(void *)oldest;
    airi_lane_sort_in(actor, oldest);
    return airi_lane_pop(actor);
}

airt_msg *airi_box_extract(airi_worker *worker, airi_actor *actor, const airt_kind *const kinds[])
{
    bool      locked = lanes_locked(actor);
    airt_msg *msg;

    if (locked) {
        airi_box_look(worker, actor);
        airi_box_grant(worker, actor); /* what is wanted may be with one who waits */
        airi_mutex_lock(&actor->lock);
    }
    airi_lane_sort_in(actor, airi_box_gather(worker, actor));
    msg = airi_lane_extract(actor, kinds);
    if (locked)
        airi_mutex_unlock(&actor->lock);
    return msg;
}

bool airi_box_empty(airi_actor *actor)
{
    bool locked = lanes_locked(actor);
    bool empty;

    if (locked)
        airi_mutex_lock(&actor->lock);
    empty = actor->lane_mask == 0 && !airi_mail_more(&actor->mail, actor->had) && !airi_mail_wanted(&actor->mail);
    if (locked)
        airi_mutex_unlock(&actor->lock);
    return empty;
}

/* Whether a message that carries a deadline, or belongs to a call or an incarnation, is still wanted. */
static bool wanted(airi_worker *worker, airi_actor *actor, const airt_msg *msg, airt_letter *out_reason)
{
    airt_system *system = worker->system;

    *out_reason = AIRT_LETTER_EXPIRED;
    if (!AIRI_MUTANT_IS(7) && airi_msg_is(msg, AIRI_MSG_DEADLINE) &&
        msg->deadline_ns <= system->world->now_ns(system->world))
        return false;
    if (airi_msg_is(msg, AIRI_MSG_REQUEST) && !airi_call_alive(system, msg->correlation))
        return false;
    *out_reason = AIRT_LETTER_INCARNATION;
    return !airi_msg_is(msg, AIRI_MSG_BOUND) ||
           msg->correlation == airi_load(&actor->incarnation, AIRI_RELAXED); /* owner's own */
}

/* Gives the place back, in a box that counts bytes or drops: senders write there too, under the lock. */
static void begun_locked(airi_worker *worker, airi_actor *actor, const airt_msg *msg)
{
    airi_mutex_lock(&actor->lock);
    airi_box_place_back(actor, airi_extra_seen(actor), msg);
    airi_mutex_unlock(&actor->lock);
    if (airi_mail_wanted(&actor->mail))
        airi_box_let_in(worker, actor, UINT32_MAX);
}

static void begun(airi_worker *worker, airi_actor *actor, airt_msg *msg)
{
    if (!airi_msg_is(msg, AIRI_MSG_COUNTED))
        return;
    airi_msg_clear(msg, AIRI_MSG_COUNTED);
    if (__builtin_expect((airi_box(actor) & (AIRI_BOX_DROP_OLD | AIRI_BOX_BYTES)) != 0, 0))
        begun_locked(worker, actor, msg);
    else
        airi_begin_place(worker, actor, airi_mail_seen(&actor->mail));
}

void airi_drop_queued(airi_worker *worker, airi_actor *actor, airt_msg *msg)
{
    airt_ref to = { airi_ref_bits(actor->index, msg->generation) };

    begun(worker, actor, msg);
    AIRI_TALLY(worker->system, worker, queued, -1);
    airi_dead(worker->system, worker, to, msg, AIRT_LETTER_INCARNATION);
}

bool airi_begin(airi_worker *worker, airi_actor *actor, airt_msg *msg)
{
    airt_letter reason = AIRT_LETTER_GONE;
    uint64_t    generation = msg->generation; /* read before begun writes a part of its word */

    begun(worker, actor, msg);
    /* Relaxed: the owner's own generation. */
    if (__builtin_expect(generation != airi_load(&actor->generation, AIRI_RELAXED), 0) ||
        ((msg->flags & (AIRI_MSG_DEADLINE | AIRI_MSG_REQUEST | AIRI_MSG_BOUND)) != 0 &&
         !wanted(worker, actor, msg, &reason))) {
        AIRI_TALLY(worker->system, worker, queued, -1);
        airi_dead(worker->system, worker, (airt_ref){ airi_ref_bits(actor->index, generation) }, msg, reason);
        return false;
    }
    airi_begun(worker, actor, msg, AIRI_LED);
    return true;
}
