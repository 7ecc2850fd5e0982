/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Messages on their way in and out of boxes: delivery, and the ends that are not handlers. Any thread. */
#ifndef AIRI_CORE_LETTERS_H
#define AIRI_CORE_LETTERS_H

#include "base/compiler.h"
#include "base/mutant.h"
#include "core/sched.h"

/* Puts a message into the box of `to`; taken on OK only. wait_ns: longest wait for room, 0: the box's own. */
airt_status airi_deliver(const airi_caller *caller, airt_ref to, airt_msg *msg, int64_t wait_ns);
/* The same for a message whose room was reserved at registration: no bound. */
airt_status airi_deliver_reserved(airt_system *system, airi_worker *worker, airt_ref to, airt_msg *msg);
/* Ends an accepted message that will not be handled; its asker is told. Consumes it. */
void airi_dead(airt_system *system, airi_worker *worker, airt_ref to, airt_msg *msg, airt_letter reason);
/* The same for one that its abandoned handler still reads: it is not freed. */
void airi_dead_told(airt_system *system, airi_worker *worker, airt_ref to, airt_msg *msg, airt_letter reason);
/* Ends a message that was not accepted, with the status its sender got. Consumes it. */
void airi_refused(airt_system *system, airi_worker *worker, airt_ref to, airt_msg *msg, airt_status status);
/* A message that never came to be, with the status its sender gets: told of, and what its body owns is dropped. */
airt_status airi_unsent(const airi_caller *caller, airt_ref to, const airt_kind *kind, const void *body,
                        airt_status status);
/* Chooses the ways of a worker whose audience is known. */
void airi_tell_init(airi_worker *worker);
/* Frees a message for good: back to its timer, or to the heap. Its answer, if still owed, must have been given. */
void airi_msg_done(airt_system *system, airi_worker *worker, airt_msg *msg);
/* The owner begins a message: room, waiting senders, counters. False: it was a dead letter (expired, old). */
bool airi_begin(airi_worker *worker, airi_actor *actor, airt_msg *msg);
/* A queued one that its actor's next incarnation is not to have. Owner. */
void airi_drop_queued(airi_worker *worker, airi_actor *actor, airt_msg *msg);
/* The owner takes the next message of its box, or NULL. */
airt_msg *airi_box_next(airi_worker *worker, airi_actor *actor);
/* The same where something new is known to be in the mail word of a box whose lanes need no lock. */
airt_msg *airi_box_first(airi_worker *worker, airi_actor *actor);
/* Under the lock: a counted message of a box with a rule of its own gives its place back. */
void airi_box_place_back(airi_actor *actor, airi_extra *extra, const airt_msg *msg);
/* Owner: those who wait, as far as there is room, and at most so many. */
void airi_box_let_in(airi_worker *worker, airi_actor *actor, uint32_t most);
/* Of a box where senders wait, a share being begun: the place is handed on to one of them, or free. */
void airi_begin_wanted_place(airi_worker *worker, airi_actor *actor);
/* Owner: looks at what others did to the box beside the mail word. */
void airi_box_look(airi_worker *worker, airi_actor *actor);
/* Owner: whoever waits for room has it now, as far as there is some. */
void airi_box_grant(airi_worker *worker, airi_actor *actor);
bool airi_box_empty(airi_actor *actor);
/* What is new, oldest first. The newest of it is `had` from now on. */
airi_link *airi_box_gather(airi_worker *worker, airi_actor *actor);
/* Owner: `had` is a message like any other again. Before it leaves its actor's hands, and before the actor's right to run
 * goes while the message is still in work. */
void airi_box_let_go(airt_system *system, airi_worker *worker, airi_actor *actor);
/* Owner, at the end: refuses from here on; what was new, oldest first. */
airi_link *airi_box_close(airt_system *system, airi_worker *worker, airi_actor *actor);

/* Owner: the newest message that was taken, as long as the mail word holds it; or NULL. */
static inline airt_msg *airi_had(airi_actor *actor)
{
    return (airt_msg *)(void *)airi_mail_link_at(actor->had);
}

/* Owner: of the message that was `had` until now. */
static inline void airi_had_no_more(airt_system *system, airi_worker *worker, airt_msg *msg)
{
    if (msg == NULL)
        return;
    airi_msg_clear(msg, AIRI_MSG_HAD);
    if (airi_msg_is(msg, AIRI_MSG_OVER))
        airi_heap_give(&system->heap, airi_cache_of(worker), msg, airi_msg_bytes(msg));
}

/* Owner: the oldest of these kinds, or NULL. */
airt_msg *airi_box_extract(airi_worker *worker, airi_actor *actor, const airt_kind *const kinds[]);
/* Takes a waiting sender out of its queue. False: it has been decided already. Any thread. */
bool airi_waiter_withdraw(airt_system *system, airi_waiter *waiter);
/* At the final stop: lets every waiting sender go. Under actor->lock. */
void airi_box_release_waiters(airt_system *system, airi_worker *worker, airi_actor *actor);

/* --- the way in, for who pushes many -------------------------------------------------------------------------------- */

/* The living slot behind a ref, as far as a glance can tell; the receiver decides for good. */
static inline airi_actor *airi_box_of(airt_system *system, airt_ref to)
{
    airi_actor *actor = airi_slot(system, airi_ref_index(to));

    /* Relaxed: a stale answer is caught when the receiver compares generations. */
    if (actor == NULL || airi_slot_kind(actor) == AIRI_SLOT_CALLER || airi_ref_generation(to) == 0 ||
        (!AIRI_MUTANT_IS(5) && airi_load(&actor->generation, AIRI_RELAXED) != airi_ref_generation(to)))
        return NULL;
    return actor;
}

/* One that takes whatever fits, with or without senders that wait, with or without a bound. Relaxed: a glance, and see the
 * fields. */
static inline bool airi_box_is_plain(airi_actor *actor)
{
    return (airi_load(&actor->flags, AIRI_RELAXED) & (AIRI_CLOSED_TO_SENDERS | AIRI_RULES)) == 0;
}

static inline uint32_t airi_box_bound(airi_actor *actor)
{
    return airi_box_max(actor) + (AIRI_MUTANT_IS(4) && airi_box_max(actor) != UINT32_MAX ? 1 : 0);
}

/* Into a plain box, with a place of its own. */
static inline airi_mail_pushed airi_box_push(airi_actor *actor, airt_msg *msg)
{
    uint32_t max = airi_box_bound(actor); /* read once: a stale sender's slot may be let anew */

    return max == UINT32_MAX ? airi_mail_push_unbounded(&actor->mail, &actor->room, &msg->link)
                             : airi_mail_push_within(&actor->mail, &actor->room, max, &msg->link);
}

/* The same, tried once: anything but a push means nothing. */
static AIRI_ALWAYS_INLINE airi_mail_pushed airi_box_try_push(airi_actor *actor, airt_msg *msg)
{
    return airi_mail_try_push(&actor->mail, &actor->room, airi_box_bound(actor), &msg->link);
}

/* The places of a box, to the power of two below. */
static inline uint32_t airi_box_floor(airi_actor *actor)
{
    return 1u << (31 - __builtin_clz(airi_box_max(actor)));
}

/* Of how many begins of a quick owner one lets a waiting sender in, a power of two. A wait costs its sender two switches: who is
 * let in shall find places for its next messages too. */
static inline uint32_t airi_box_share(airi_actor *actor)
{
    uint32_t floor = airi_box_floor(actor);

    return floor < 16 ? 1 : floor / 16;
}

/* Owner, at a begin while senders wait: whether one of them has its turn. Slow owners let in whom they can. */
static inline bool airi_is_share_begun(const airi_worker *worker, airi_actor *actor)
{
    return (++airi_extra_seen(actor)->begun_wanted & (airi_box_share(actor) - 1)) == 0 || worker->clock_every <= 1;
}

/* Owner: gives back the place of a message that it begins, where neither bytes count nor old ones are dropped. `word`: the
 * mail's, as seen. */
static inline void airi_begin_place(airi_worker *worker, airi_actor *actor, uint64_t word)
{
    /* A glance: one that announces itself just now is seen at the next begin, or before the owner goes idle or waits. */
    if (__builtin_expect((word & AIRI_MAIL_WANTED) != 0, 0) && airi_is_share_begun(worker, actor))
        airi_begin_wanted_place(worker, actor);
    else
        airi_room_begin(&actor->room);
}

/* Owner: it is begun, as far as account and readings go. */
static inline void airi_begun(airi_worker *worker, airi_actor *actor, const airt_msg *msg, airi_audience by)
{
    const airt_recorder *heard = &worker->system->heard;

    airi_count(&worker->account.begun, 1);
    airi_count(&actor->handled, 1);
    /* Relaxed: a statistic; its time changes more seldom. */
    if (airi_load(&actor->last_message_ns, AIRI_RELAXED) != worker->now_ns)
        airi_store(&actor->last_message_ns, worker->now_ns, AIRI_RELAXED);
    if (by != AIRI_UNHEARD && heard->begun != NULL)
        heard->begun(heard->context, airi_actor_ref(actor), msg->kind);
}

/* For the recorder: accepted. */
static inline void airi_recorded(airt_system *system, airi_actor *actor, const airt_kind *kind)
{
    const airt_recorder *heard = &system->heard;

    if (heard->accepted != NULL)
        heard->accepted(heard->context, airi_actor_ref(actor), kind);
}

#endif
