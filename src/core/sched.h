/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The scheduler's face: making actors runnable, finding the next one, parking and waking. The park and wake protocol is
 * modelled in test/spin/park.pml. */
#ifndef AIRI_CORE_SCHED_H
#define AIRI_CORE_SCHED_H

#include "core/system.h"

/* Makes an actor runnable. The caller has claimed it (AIRI_PUSHED_WAKE, airi_mail_claim) and must not touch it after. */
void airi_schedule(airt_system *system, airi_worker *worker, airi_actor *actor);
/* The same at the back of the queue: its turn is over, others first. */
void airi_schedule_last(airt_system *system, airi_worker *worker, airi_actor *actor);

/* Its locality slot's actor goes where others can take it. Its own thread, inside a handler. */
void airi_spill(airi_worker *worker);

/* All that it has queued goes where others take it. Its own thread; wakes nobody. */
void airi_hand_over(airi_worker *worker);

/* What came out of a locality slot; NULL: nothing. The places that are set aside in its box, and were not needed, go back. */
static inline airi_actor *airi_next_taken(uintptr_t item)
{
    airi_actor *actor = airi_locality_item(item);

    if (__builtin_expect(airi_locality_places(item) != 0, 0))
        airi_room_give_back(&actor->room, airi_locality_places(item));
    return actor;
}

/* The actor that runs next, or NULL. Timers, and other queues, are looked at every few turns. */
airi_actor *airi_find_work(airi_worker *worker);
/* The same where the worker's own queues are enough; NULL: find_work says. */
static inline airi_actor *airi_next_quickly(airi_worker *worker)
{
    airi_actor *actor;

    if (airi_load(&worker->account.turns, AIRI_RELAXED) >= worker->look_at_turn) /* relaxed: its own */
        return NULL;
    actor = airi_next_taken(airi_locality_take(&worker->next));
    return actor != NULL ? actor : airi_runq_pop(&worker->runq);
}
/* The next time it looks at them. */
static inline void airi_look_around(airi_worker *worker)
{
    worker->look_at_turn = 0;
}
bool airi_work_visible(airi_worker *worker);
/* Sleeps until woken or until the next timer; returns at once when work became visible meanwhile. */
void airi_park(airi_worker *worker);
/* Wakes one parked worker if none is searching. Call after a push that others may steal. */
void airi_wake_one(airt_system *system, airi_worker *by);
/* Wakes this worker. */
void airi_ring_worker(airt_system *system, airi_worker *worker, airi_worker *by);
void airi_wake_timekeeper(airt_system *system, int64_t due_ns);

/* Workers: floor 4's own. */
/* Whether its thread is to end: the system does, or another stands in for it and no pinned handler will come back. */
bool        airi_worker_leaves(airi_worker *worker);
airt_status airi_worker_start(airt_system *system, airi_class class, airi_worker **out_worker);
void        airi_worker_end(airi_worker *worker);
/* Whether every worker rests and nothing is left to run. */
bool airi_all_quiet(airt_system *system);
void airi_leaks_report(airt_system *system);
void airi_workers_halt(airt_system *system);
bool airi_spare_start(airt_system *system);
/* Its timer, before the first worker; its thread, after the last. */
airt_status airi_watch_prepare(airt_system *system);
airt_status airi_watch_start(airt_system *system);
void        airi_watch_stop(airt_system *system);
/* A worker's thread leaves its rest, or goes to it. */
void airi_watch_awake(airi_worker *worker);
void airi_watch_rest(airi_worker *worker);
/* A spare worker goes on in its stead, and it leaves when its handler returns. True: it is replaced, now or before. */
bool airi_worker_replace(airt_system *system, airi_worker *worker);

/* The loop of a worker, on a pooled stack; see loop.c. */
void airi_loop_prepare(airi_worker *worker, airi_stack *stack);
void airi_loop_yield(airi_worker *worker, bool mid_turn);
bool airi_loop_reserve(airi_worker *worker, airt_status *out_status);

/* A place where the simulated world may let others run. */
static inline void airi_seam(airi_worker *worker)
{
    if (__builtin_expect(worker != NULL && worker->driven_mode, 0) && !worker->system->foreign)
        airi_loop_yield(worker, true);
}

/* Time at turn precision; exact outside. */
static inline int64_t airi_now(airt_system *system, airi_worker *worker)
{
    return worker != NULL ? worker->now_ns : system->world->now_ns(system->world);
}

/* In a marked region, or reported, or running handlers that were found slow: what it makes runnable is for others. Relaxed:
 * the region's flag is this thread's own; the watch, which sets the other, looks again later for what is in the slot
 * (look_at). */
static inline bool airi_held_up(airi_worker *worker)
{
    return worker->clock_every == 1 || airi_load(&worker->blocked, AIRI_RELAXED) ||
           airi_load(&worker->reported, AIRI_RELAXED);
}

/* airi_schedule for who does it often: a pooled actor that nothing was made runnable after is one store away. False: it is not
 * done. */
static inline bool airi_schedule_near(airi_worker *worker, airi_actor *actor)
{
    /* Relaxed: see the field. */
    return __builtin_expect(worker->class <= AIRI_CLASS_SPARE && !airi_held_up(worker), 1) &&
           airi_load(&actor->slot_kind, AIRI_RELAXED) == AIRI_SLOT_ACTOR && airi_locality_put(&worker->next, actor);
}

#endif
