/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Queues of runnable actors: a locality slot and a ring per worker, one injection queue, and queues of their own for
 * blocking and dedicated behaviours. An actor is in at most one of them: whoever claimed it put it there. */
#include "core/sched.h"

#include "core/faults.h"
#include "core/flight.h"
#include "core/life.h"
#include "core/outside.h"
#include "core/timers.h"
#include "core/trim.h"

#include <string.h>

enum {
    QUICK_TURNS = 31,     /* in a row from the worker's own queues, before timers and other queues are looked at */
    NEXT_STREAK_MAX = 64, /* turns; then the ring comes before the locality slot */
    INJECT_EVERY = 32,    /* turns; then the injection queue comes first */
    REFILL_MAX = AIRI_RUNQ_MAX / 2,
    FEW = 2, /* in a queue, that thieves leave alone at first */
    PATIENCE_NS = 300000,
    TAKEN_SOON_NS = 1500,
    NOW_AGE_MAX = 32, /* turns on one reading of the clock, where handlers are quick */
};

/* --- injection queues --------------------------------------------------------------------------------------------- */

static void inject_append(airi_injection *queue, airi_actor *actor)
{
    actor->run_next = 0;
    if (queue->last != NULL)
        queue->last->run_next = actor->index;
    else
        queue->first = actor;
    queue->last = actor;
}

static void inject_push_all(airi_injection *queue, void *const actors[], uint32_t count)
{
    airi_mutex_lock(&queue->lock);
    for (uint32_t i = 0; i < count; i++)
        inject_append(queue, actors[i]);
    /* Seq_cst: meets the parker's glance after it has announced itself; see airi_wake_one. */
    (void)airi_fetch_add(&queue->count, count, AIRI_SEQ_CST);
    airi_mutex_unlock(&queue->lock);
}

static void inject_push(airi_injection *queue, airi_actor *actor)
{
    void *const one[] = { actor };

    inject_push_all(queue, one, 1);
}

/* Under the lock; NULL: empty. */
static airi_actor *inject_first(airt_system *system, airi_injection *queue)
{
    airi_actor *actor = queue->first;

    if (actor == NULL)
        return NULL;
    queue->first = airi_slot(system, actor->run_next);
    if (queue->first == NULL)
        queue->last = NULL;
    return actor;
}

static airi_actor *inject_pop(airt_system *system, airi_injection *queue)
{
    airi_actor *actor;

    if (airi_load(&queue->count, AIRI_SEQ_CST) == 0)
        return NULL;
    airi_mutex_lock(&queue->lock);
    actor = inject_first(system, queue);
    if (actor != NULL)
        (void)airi_fetch_sub(&queue->count, 1, AIRI_SEQ_CST);
    airi_mutex_unlock(&queue->lock);
    return actor;
}

/* Into its own ring, which is empty, come as many as are a fair share, and the first is for now. Visible to others all the
 * time: they leave the queue when they are in the ring. */
static airi_actor *inject_refill(airi_worker *worker)
{
    airt_system    *system = worker->system;
    airi_injection *queue = &system->inject;
    uint32_t        share = airi_load(&queue->count, AIRI_SEQ_CST) / (system->options.workers + 1);
    uint32_t        taken = 0;
    airi_actor     *first, *next;

    if (share < 2)
        return inject_pop(system, queue);
    airi_mutex_lock(&queue->lock);
    first = inject_first(system, queue);
    for (next = NULL; taken < share && taken < REFILL_MAX && (next = inject_first(system, queue)) != NULL; taken++)
        (void)airi_runq_push(&worker->runq, next);
    (void)airi_fetch_sub(&queue->count, taken + (first != NULL), AIRI_SEQ_CST);
    airi_mutex_unlock(&queue->lock);
    return first;
}

/* --- waking ------------------------------------------------------------------------------------------------------- */

/* Takes a parked worker out of the list; the timekeeper last, so that time goes on being kept. */
static airi_worker *unpark_one(airt_system *system, airi_list *list)
{
    airi_worker *worker = NULL;

    airi_mutex_lock(&system->idle_lock);
    if (!airi_list_empty(list)) {
        worker = AIRI_CONTAINER(list->prev, airi_worker, parked);
        if (worker == system->timekeeper && list->next != list->prev)
            worker = AIRI_CONTAINER(list->next, airi_worker, parked);
        airi_list_remove(&worker->parked);
        worker->is_parked = false;
        if (list == &system->parked) {
            (void)airi_fetch_sub(&system->parked_count, 1, AIRI_SEQ_CST);
            (void)airi_fetch_add(&system->searching, 1, AIRI_SEQ_CST);
        }
    }
    airi_mutex_unlock(&system->idle_lock);
    return worker;
}

void airi_ring_worker(airt_system *system, airi_worker *worker, airi_worker *by)
{
    airi_store(&worker->word, 1, AIRI_SEQ_CST);
    system->world->wake(system->world, &worker->word, 1);
    AIRI_TALLY(system, by, wakes, 1);
}

static airi_worker *worker_at(airt_system *system, uint32_t index)
{
    return system->worker[index];
}

/* In what all workers of the pool may take from. */
static bool is_any_queued(airt_system *system)
{
    uint32_t count = airi_worker_total(system);

    if (airi_load(&system->inject.count, AIRI_SEQ_CST) != 0)
        return true;
    for (uint32_t i = 0; i < count; i++) {
        airi_worker *other = worker_at(system, i);

        if (!airi_runq_empty_sync(&other->runq))
            return true;
        if (airi_load(&other->reported, AIRI_SEQ_CST) && airi_load(&other->next.open, AIRI_SEQ_CST) &&
            !airi_locality_empty(&other->next))
            return true;
    }
    return false;
}

/* A thread outside has made somebody runnable, visibly: while a worker is awake, it is worth a moment to see whether that one takes it,
 * as it often is about to. True: nothing is left to be woken for, or somebody searches. */
static bool is_taken_soon(airt_system *system)
{
    int64_t now_ns, until_ns;

    if (system->spin_ns == 0 || airi_load(&system->parked_count, AIRI_SEQ_CST) >= system->options.workers)
        return false;
    now_ns = system->world->now_ns(system->world);
    for (until_ns = now_ns + TAKEN_SOON_NS; now_ns < until_ns; now_ns = system->world->now_ns(system->world)) {
        if (airi_load(&system->searching, AIRI_SEQ_CST) != 0 || !is_any_queued(system))
            return true;
        airi_thread_pause();
    }
    return false;
}

/* The pool's only worker is at work, and nobody stands in for it: no one is parked that could do its work. */
static bool is_all_alone(const airt_system *system, const airi_worker *by)
{
    /* Relaxed: before a stand-in starts, all threads pass a fence (grow in workers.c). What was pushed before that it finds. */
    return by != NULL && by->class == AIRI_CLASS_POOLED && system->options.workers == 1 && system->light &&
           airi_load(&system->spare_workers, AIRI_RELAXED) == 0;
}

void airi_wake_one(airt_system *system, airi_worker *by)
{
    airi_worker *worker;

    if (is_all_alone(system, by))
        return;
    if (system->foreign) {
        if (by == NULL)
            system->world->poll_ring(system->poll);
        return;
    }
    /* A read-modify-write, not a load: it orders the push before it against the announcement of a parking worker, which
     * is one too. Either this sees the worker parked, or the worker's glance afterwards sees the push. */
    if (airi_fetch_add(&system->parked_count, 0, AIRI_SEQ_CST) == 0)
        return;
    if (airi_load(&system->searching, AIRI_SEQ_CST) != 0)
        return;
    worker = unpark_one(system, &system->parked);
    if (worker != NULL)
        airi_ring_worker(system, worker, by);
}

void airi_wake_timekeeper(airt_system *system, int64_t due_ns)
{
    airi_worker *keeper = NULL;

    if (system->foreign) {
        system->world->poll_arm(system->poll, due_ns);
        return;
    }
    /* As in airi_wake_one: the arming before it, or the keeper's glance at timer_due after its announcement. */
    if (airi_fetch_add(&system->parked_count, 0, AIRI_SEQ_CST) == 0 ||
        airi_load(&system->keeper_due, AIRI_SEQ_CST) <= airi_timers_wake_ns(system, due_ns))
        return;
    airi_mutex_lock(&system->idle_lock);
    keeper = system->timekeeper;
    if (keeper == NULL && !airi_list_empty(&system->parked))
        keeper = AIRI_CONTAINER(system->parked.next, airi_worker, parked);
    airi_mutex_unlock(&system->idle_lock);
    if (keeper != NULL)
        airi_ring_worker(system, keeper,
                         NULL); /* it finds itself still parked, and parks again with the new deadline */
}

/* --- making runnable ---------------------------------------------------------------------------------------------- */

static void push_ring(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    void    *overflow[AIRI_RUNQ_MAX / 2 + 1];
    uint32_t count;

    if (airi_runq_push(&worker->runq, actor)) {
        airi_wake_one(system, worker);
        return;
    }
    count = airi_runq_drain_half(&worker->runq, overflow, AIRI_RUNQ_MAX / 2);
    overflow[count] = actor;
    inject_push_all(&system->inject, overflow, count + 1);
    airi_wake_one(system, worker);
}

static void schedule_blocking(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    airi_worker *idle;

    inject_push(&system->blocking, actor);
    idle = unpark_one(system, &system->parked_blocking);
    if (idle != NULL)
        airi_ring_worker(system, idle, worker);
    else if (!airi_blocking_grow(system) && (actor = inject_pop(system, &system->blocking)) != NULL) {
        inject_push(&system->inject, actor); /* no thread to be had: better on a worker than never */
        airi_wake_one(system, worker);
    }
}

static void schedule_dedicated(airt_system *system, airi_worker *worker, airi_actor *actor, airi_worker *own)
{
    airi_store(&own->next.item, (uintptr_t)actor,
               AIRI_SEQ_CST);                     /* empty: its one actor is not queued yet; see airi_park */
    if (airi_load(&own->word, AIRI_SEQ_CST) == 0) /* else it is awake, and looks before it rests */
        airi_ring_worker(system, own, worker);
}

/* Back to the thread that its handler was suspended on. */
static void schedule_pinned(airt_system *system, airi_worker *worker, airi_actor *actor, airi_worker *own)
{
    inject_push(&own->pinned, actor);
    if (own != worker && system->foreign)
        airi_wake_one(system, worker);
    else if (own != worker && !own->driven_mode)
        airi_ring_worker(system, own, worker);
}

/* True: the actor has a thread class of its own and is on its way there. */
static bool schedule_elsewhere(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    airi_extra *extra;

    if (airi_slot_kind(actor) == AIRI_SLOT_CALLER) {
        airi_outside_wake(system, actor);
        return true;
    }
    if (airi_pinned(actor) && actor->suspended) {
        schedule_pinned(system, worker, actor, airi_suspended(actor)->worker);
        return true;
    }
    if (airi_placement(actor) == AIRT_POOLED || system->world->driven || system->foreign)
        return false;
    if (airi_placement(actor) == AIRT_BLOCKING) {
        schedule_blocking(system, worker, actor);
        return true;
    }
    extra = airi_extra_seen(actor); /* pairs with the release in airi_extra_of */
    if (extra == NULL || extra->dedicated == NULL)
        return false;
    schedule_dedicated(system, worker, actor, extra->dedicated);
    return true;
}

static bool runs_pool(const airi_worker *worker)
{
    return worker != NULL && worker->class <= AIRI_CLASS_SPARE;
}

void airi_spill(airi_worker *worker)
{
    airi_actor *actor = airi_next_taken(airi_locality_evict(&worker->next));

    if (actor != NULL)
        push_ring(worker->system, worker, actor);
}

void airi_hand_over(airi_worker *worker)
{
    void       *actors[AIRI_RUNQ_MAX];
    uint32_t    count;
    airi_actor *next = airi_next_taken(airi_locality_evict(&worker->next));

    if (next != NULL)
        inject_push(&worker->system->inject, next);
    while ((count = airi_runq_drain_half(&worker->runq, actors, AIRI_RUNQ_MAX)) != 0)
        inject_push_all(&worker->system->inject, actors, count);
}

void airi_schedule(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    if (__builtin_expect(airi_slot_kind(actor) != AIRI_SLOT_ACTOR, 0) && schedule_elsewhere(system, worker, actor))
        return;
    if (!runs_pool(worker)) {
        inject_push(&system->inject, actor);
        if (worker != NULL || !is_taken_soon(system))
            airi_wake_one(system, worker);
        return;
    }
    if (__builtin_expect(airi_held_up(worker), 0) || !airi_locality_put(&worker->next, actor))
        push_ring(system, worker, actor);
}

void airi_schedule_last(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    if (airi_slot_kind(actor) != AIRI_SLOT_ACTOR && schedule_elsewhere(system, worker, actor))
        return;
    /* Where older ones overflowed to the injection queue, it goes behind them: by the ring alone a few would go in circles
     * while those wait. Relaxed: a glance. */
    if (runs_pool(worker) && airi_load(&system->inject.count, AIRI_RELAXED) == 0) {
        push_ring(system, worker, actor);
        return;
    }
    inject_push(&system->inject, actor);
    airi_wake_one(system, worker);
}

/* --- finding work ------------------------------------------------------------------------------------------------- */

/* One or two have their data where they are, and are often begun there before they could be here: a pair that talks stays
 * together. They are left alone until the thief has found nothing else for a while. Relaxed: glances. */
static bool ripe(airi_worker *thief, airi_worker *victim)
{
    uint32_t head = airi_load(&victim->runq.head, AIRI_RELAXED);
    uint32_t count = airi_load(&victim->runq.tail, AIRI_RELAXED) - head;
    int64_t  now_ns;

    if (count == 0 || count > FEW || thief->driven_mode)
        return true;
    now_ns = thief->system->world->now_ns(thief->system->world);
    if (thief->hungry_since_ns == 0)
        thief->hungry_since_ns = now_ns;
    return now_ns - thief->hungry_since_ns >= PATIENCE_NS;
}

static airi_actor *steal_from(airi_worker *thief, airi_worker *victim)
{
    airi_actor *actor;

    if (ripe(thief, victim) && airi_runq_steal(&victim->runq, &thief->runq, AIRI_RUNQ_MAX / 2) > 0) {
        AIRI_TALLY(thief->system, thief, steals, 1);
        actor = airi_runq_pop(&thief->runq);
        /* What was between two rings, nobody may have seen: with the first of it in hand, it wakes somebody for the rest. */
        thief->chosen = thief->chosen || !airi_runq_empty(&thief->runq);
        return actor;
    }
    /* A worker held up in a handler gives up its locality slot too. */
    actor = airi_load(&victim->reported, AIRI_SEQ_CST) ? airi_next_taken(airi_locality_steal(&victim->next)) : NULL;
    if (actor != NULL)
        AIRI_TALLY(thief->system, thief, steals, 1);
    return actor;
}

static uint64_t worker_random(airi_worker *worker)
{
    worker->rng ^= worker->rng << 13;
    worker->rng ^= worker->rng >> 7;
    worker->rng ^= worker->rng << 17;
    return worker->rng;
}

static airi_actor *steal(airi_worker *worker)
{
    airt_system *system = worker->system;
    /* Acquire: pairs with the release that made the newest entry visible. */
    uint32_t count = airi_worker_total(system);
    uint32_t first = (uint32_t)(worker_random(worker) % count);

    for (uint32_t i = 0; i < count; i++) {
        airi_worker *victim = worker_at(system, (first + i) % count);
        airi_actor  *actor;

        if (victim == worker || victim->class > AIRI_CLASS_SPARE)
            continue;
        actor = steal_from(worker, victim);
        if (actor != NULL)
            return actor;
    }
    return NULL;
}

static void keep_time(airi_worker *worker)
{
    airt_system *system = worker->system;

    if (worker->now_age >= NOW_AGE_MAX || worker->clock_every <= 1 || worker->driven_mode) {
        worker->now_ns = system->world->now_ns(system->world);
        worker->now_age = 0;
    }
    /* Relaxed glance: airi_timers_run looks again under its lock. */
    if (airi_load(&system->timer_due, AIRI_RELAXED) <= worker->now_ns)
        airi_timers_run(system, worker);
}

static airi_actor *find_pooled(airi_worker *worker)
{
    airt_system *system = worker->system;
    airi_actor  *actor;

    if (__builtin_expect(worker->now_ns >= worker->worth.look_ns, 0))
        airi_worth_weigh(worker);
    if (worker->inject_age >= INJECT_EVERY) {
        worker->inject_age = 0;
        if ((actor = inject_pop(system, &system->inject)) != NULL)
            return actor;
    }
    if (worker->next_streak >= NEXT_STREAK_MAX) {
        worker->next_streak = 0;
        if ((actor = airi_runq_pop(&worker->runq)) != NULL)
            return actor;
    }
    if ((actor = airi_next_taken(airi_locality_take(&worker->next))) != NULL)
        return actor;
    if ((actor = airi_runq_pop(&worker->runq)) != NULL)
        return actor;
    if ((actor = inject_refill(worker)) != NULL)
        return actor;
    return steal(worker);
}

/* Pushes made while this worker was on its way were left to it: with work in hand, it wakes the next for the rest. */
static void hand_on(airi_worker *worker)
{
    airt_system *system = worker->system;

    worker->chosen = false;
    (void)airi_fetch_add(&system->parked_count, 0, AIRI_SEQ_CST); /* before the look, as in airi_wake_one */
    if (airi_work_visible(worker))
        airi_wake_one(system, worker);
}

/* It kept the time while it was parked; its handlers may last, so another one that is parked does now. */
static void pass_the_clock(airi_worker *worker)
{
    int64_t due = airi_load(&worker->system->timer_due, AIRI_SEQ_CST);

    worker->was_keeper = false;
    /* What is farther away is the watch's, should the handler be found stuck. */
    if (due != AIRI_NEVER && due - worker->now_ns < (int64_t)worker->system->options.stuck_ms * 1000000)
        airi_wake_timekeeper(worker->system, due);
}

static airi_actor *find_by_class(airi_worker *worker);

/* The turns since the last look, of which there are QUICK_TURNS without one from here on. With slow handlers, or in the
 * simulated world, every turn looks. */
static void account_turns(airi_worker *worker)
{
    int64_t  now = airi_load(&worker->account.turns, AIRI_RELAXED); /* its own */
    uint32_t turns = (uint32_t)(now - worker->looked_at_turn);

    worker->now_age += turns;
    worker->inject_age += turns;
    worker->next_streak += turns;
    worker->looked_at_turn = now;
    worker->look_at_turn = worker->clock_every > 1 && !worker->driven_mode ? now + 1 + QUICK_TURNS : 0;
}

airi_actor *airi_find_work(airi_worker *worker)
{
    airi_actor *actor;

    account_turns(worker);
    actor = find_by_class(worker);

    if (actor != NULL)
        worker->hungry_since_ns = 0;
    if (actor != NULL && worker->chosen)
        hand_on(worker);
    if (actor != NULL && worker->was_keeper)
        pass_the_clock(worker);
    return actor;
}

static airi_actor *find_by_class(airi_worker *worker)
{
    airi_actor *pinned;

    keep_time(worker);
    if ((pinned = inject_pop(worker->system, &worker->pinned)) != NULL)
        return pinned;
    switch (worker->class) {
    case AIRI_CLASS_BLOCKING:
        return inject_pop(worker->system, &worker->system->blocking);
    case AIRI_CLASS_DEDICATED:
        return airi_next_taken(airi_locality_take(&worker->next));
    case AIRI_CLASS_POOLED:
    case AIRI_CLASS_SPARE:
        break;
    }
    return find_pooled(worker);
}

static bool pool_work_visible(airi_worker *worker)
{
    return !airi_locality_empty(&worker->next) || is_any_queued(worker->system);
}

bool airi_work_visible(airi_worker *worker)
{
    if (airi_load(&worker->pinned.count, AIRI_SEQ_CST) != 0)
        return true;
    if (worker->class == AIRI_CLASS_BLOCKING)
        return airi_load(&worker->system->blocking.count, AIRI_SEQ_CST) != 0;
    if (worker->class == AIRI_CLASS_DEDICATED)
        return !airi_locality_empty(&worker->next);
    return pool_work_visible(worker);
}

bool airi_worker_leaves(airi_worker *worker)
{
    /* Seq_cst: the watch replaced this worker, or the system ends. */
    if (airi_load(&worker->system->halt, AIRI_SEQ_CST))
        return true;
    return airi_load(&worker->stuck, AIRI_SEQ_CST) && airi_load(&worker->pinned_away, AIRI_SEQ_CST) == 0;
}

/* --- parking ------------------------------------------------------------------------------------------------------ */

static void announce_parked(airi_worker *worker)
{
    airt_system *system = worker->system;
    bool         pooled = worker->class <= AIRI_CLASS_SPARE;

    airi_store(&worker->word, 0, AIRI_SEQ_CST); /* of a dedicated one: it rests */
    if (worker->class == AIRI_CLASS_DEDICATED)
        return;
    airi_mutex_lock(&system->idle_lock);
    airi_list_push_back(pooled ? &system->parked : &system->parked_blocking, &worker->parked);
    worker->is_parked = true;
    if (pooled) {
        (void)airi_fetch_add(&system->parked_count, 1, AIRI_SEQ_CST); /* partner: airi_wake_one */
        if (system->timekeeper == NULL)
            system->timekeeper = worker;
    }
    airi_mutex_unlock(&system->idle_lock);
}

static void withdraw_parked(airi_worker *worker)
{
    airt_system *system = worker->system;

    if (worker->class == AIRI_CLASS_DEDICATED) {
        airi_store(&worker->word, 1, AIRI_SEQ_CST); /* before it takes what it saw: see worker_quiet */
        return;
    }
    airi_mutex_lock(&system->idle_lock);
    if (worker->is_parked) {
        airi_list_remove(&worker->parked);
        worker->is_parked = false;
        if (worker->class <= AIRI_CLASS_SPARE)
            (void)airi_fetch_sub(&system->parked_count, 1, AIRI_SEQ_CST);
    } else if (worker->class <= AIRI_CLASS_SPARE) {
        (void)airi_fetch_sub(&system->searching, 1, AIRI_SEQ_CST); /* the waker counted us as searching */
        worker->chosen = true;
    }
    if (system->timekeeper == worker) {
        system->timekeeper = NULL;
        worker->was_keeper = true;
        airi_store(&system->keeper_due, AIRI_NEVER, AIRI_SEQ_CST);
    }
    airi_mutex_unlock(&system->idle_lock);
}

static int64_t park_deadline(airi_worker *worker)
{
    airt_system *system = worker->system;
    int64_t      due, wake;
    bool         keeper;

    airi_mutex_lock(&system->idle_lock);
    keeper = system->timekeeper == worker;
    airi_mutex_unlock(&system->idle_lock);
    if (!keeper)
        return AIRI_NEVER;
    /* Announce the deadline, then look at the timers again: whoever arms an earlier one in between either sees this
     * announcement or is seen here. */
    do {
        due = airi_load(&system->timer_due, AIRI_SEQ_CST);
        wake = airi_timers_wake_ns(system, due);
        airi_store(&system->keeper_due, wake, AIRI_SEQ_CST);
    } while (due != airi_load(&system->timer_due, AIRI_SEQ_CST));
    return wake;
}

/* Before it parks: whether work came while it looked. A pool worker that looks counts as searching, so that nobody is woken
 * for what it will find, and wakes the next when it has found some, like one that was woken. */
static bool look_for_work(airi_worker *worker, int64_t began_ns)
{
    airt_system *system = worker->system;
    int64_t      until_ns = began_ns + airi_spin_span_ns(&worker->spin);
    unsigned     looks = 0;
    bool         found = false;

    while (!found &&
           (++looks % AIRI_SPIN_LOOKS != 0 || (worker->now_ns = system->world->now_ns(system->world)) < until_ns)) {
        airi_thread_pause();
        found = airi_work_visible(worker) || airi_worker_leaves(worker) ||
                airi_load(&system->timer_due, AIRI_RELAXED) <= worker->now_ns; /* relaxed: a glance */
    }
    return found;
}

/* What was waited for. A due time that one can sleep until is nothing to look for, however soon it was. */
static void learn(airi_worker *worker)
{
    airt_system *system = worker->system;
    bool         by_time = airi_load(&system->timer_due, AIRI_RELAXED) <= worker->now_ns; /* relaxed: a glance */

    airi_spin_learn(&worker->spin, by_time ? AIRI_NEVER : worker->now_ns - worker->idle_since_ns, system->spin_ns);
}

static bool spin(airi_worker *worker)
{
    airt_system *system = worker->system;
    bool         pooled = worker->class <= AIRI_CLASS_SPARE;
    bool         found;

    worker->now_ns = system->world->now_ns(system->world);
    worker->now_age = 1;
    worker->idle_since_ns = worker->now_ns;
    /* Who makes a blocking actor runnable takes a thread that is parked, or starts one: one that looks is neither. */
    if (worker->class == AIRI_CLASS_BLOCKING || airi_spin_span_ns(&worker->spin) == 0 ||
        (pooled && airi_load(&system->searching, AIRI_SEQ_CST) != 0))
        return false;
    if (pooled)
        (void)airi_fetch_add(&system->searching, 1, AIRI_SEQ_CST);
    found = look_for_work(worker, worker->now_ns);
    if (pooled)
        (void)airi_fetch_sub(&system->searching, 1, AIRI_SEQ_CST);
    worker->chosen = worker->chosen || pooled; /* found or not: who pushed meanwhile has left it to this one */
    return found;
}

void airi_park(airi_worker *worker)
{
    airt_system *system = worker->system;
    int64_t      deadline;
    bool         rested = false;

    if (spin(worker)) {
        airi_faults_replenish(worker);
        learn(worker);
        return;
    }
    airi_trim_rest(worker);
    announce_parked(worker);
    deadline = park_deadline(worker);
    airi_watch_rest(worker);
    if (!airi_work_visible(worker) && !airi_worker_leaves(worker)) {
        AIRI_TALLY(system, worker, parks, 1);
        airi_flight_note(system, (airi_flight_fact){ .type = AIRI_FLIGHT_PARK });
        airi_idle_changed(system);
        system->world->wait(system->world, &worker->word, 0, deadline);
        worker->hungry_since_ns = 0;
        rested = true;
    }
    worker->now_ns = system->world->now_ns(system->world);
    worker->now_age = 1;
    airi_watch_awake(worker);
    withdraw_parked(worker);
    airi_faults_replenish(worker);
    learn(worker);
    if (rested)
        airi_flight_note(system, (airi_flight_fact){ .type = AIRI_FLIGHT_UNPARK });
}
