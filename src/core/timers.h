/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Time: one wheel a system, under its lock. A worker at a turn boundary, or the parked timekeeper, runs what is due. */
#ifndef AIRI_CORE_TIMERS_H
#define AIRI_CORE_TIMERS_H

#include "core/await.h"

void airi_timers_init(airt_system *system);
/* Fires what is due now. Thread: any worker, between handlers. */
void airi_timers_run(airt_system *system, airi_worker *worker);

/* When a thread that sleeps until a timer that is due at due_ns is to wake. A sleep costs as much as tens of timers, however
 * short it is: where many come due at once, those that come within a quarter millisecond share one. */
static inline int64_t airi_timers_wake_ns(airt_system *system, int64_t due_ns)
{
    int64_t rest_ns = airi_load(&system->timer_rest, AIRI_RELAXED); /* relaxed: an older one wakes it earlier */

    return due_ns > rest_ns ? due_ns : rest_ns;
}

/* The end of an await; nothing of it fires after the cancel has returned. */
void airi_timer_arm_await(airt_system *system, airi_worker *worker, airi_await *await, int64_t due_ns);
void airi_timer_cancel_await(airt_system *system, airi_await *await);

/* Cancels every timer of an incarnation. Owner, or killer. */
void airi_timers_release(airt_system *system, airi_worker *worker, airi_extra *extra);
/* A periodic timer's message has been handled: it goes back, or dies with its timer. */
void airi_timer_message_back(airt_system *system, airi_worker *worker, airt_msg *msg);

#endif
