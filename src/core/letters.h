/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Messages on their way in and out of boxes: delivery, and the ends that are not handlers. Any thread. */
#ifndef AIRI_CORE_LETTERS_H
#define AIRI_CORE_LETTERS_H

#include "core/system.h"

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
/* Frees a message for good: back to its timer, or to the heap. Its answer, if still owed, must have been given. */
void airi_msg_done(airt_system *system, airi_worker *worker, airt_msg *msg);
/* The owner begins a message: room, waiting senders, counters. False: it was a dead letter (expired, old). */
bool airi_begin(airi_worker *worker, airi_actor *actor, airt_msg *msg);
/* A queued one that its actor's next incarnation is not to have. Owner. */
void airi_drop_queued(airi_worker *worker, airi_actor *actor, airt_msg *msg);
/* The owner takes the next message of its box, or NULL. */
airt_msg *airi_box_next(airi_worker *worker, airi_actor *actor);
/* Owner: looks at what others did to the box beside the mail word. */
void airi_box_look(airi_worker *worker, airi_actor *actor);
/* Owner: whoever waits for room has it now, as far as there is some. */
void       airi_box_grant(airi_worker *worker, airi_actor *actor);
bool       airi_box_empty(airi_actor *actor);
airi_link *airi_box_gather(airi_actor *actor); /* what is new, oldest first */
airt_msg  *airi_box_extract(airi_worker *worker, airi_actor *actor, const airt_kind *const kinds[]);
/* Takes a waiting sender out of its queue. False: it has been decided already. Any thread. */
bool airi_waiter_withdraw(airt_system *system, airi_waiter *waiter);
/* At the final stop: lets every waiting sender go. Under actor->lock. */
void airi_box_release_waiters(airt_system *system, airi_worker *worker, airi_actor *actor);

#endif
