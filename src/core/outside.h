/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Threads outside of handlers that wait: each wait borrows a caller slot, to which answers come. */
#ifndef AIRI_CORE_OUTSIDE_H
#define AIRI_CORE_OUTSIDE_H

#include "core/await.h"

/* Wakes the thread behind a caller slot. Any thread. */
void        airi_outside_wake(airt_system *system, airi_actor *slot);
airt_status airi_outside_ask(const airi_caller *caller, const airi_request *request, void *out, size_t out_size);
/* Waits for the one open call of a slot. Fails: ETIMEDOUT. */
airt_status airi_outside_call_wait(airt_system *system, airi_actor *slot, airt_call call, int64_t deadline_ns);
/* Waits for room in a mailbox, the waiter enlisted; withdrawn when the deadline passes. */
airt_status airi_outside_wait_room(const airi_caller *caller, airi_waiter *waiter, airi_actor *slot,
                                   int64_t deadline_ns);
/* Takes a caller slot; waiters use it so that a grant can wake them. NULL: no memory. */
airi_actor *airi_outside_slot_take(airt_system *system);
void        airi_outside_slot_give(airt_system *system, airi_actor *slot);
/* Moves an answer's body out to where no runtime will release it: detach.c. Fails: ENOMEM. */
airt_status airi_answer_detach(airt_system *system, airt_msg *answer, void *out);

#endif
