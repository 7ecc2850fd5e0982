/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Workers and their threads: start, replacement, the end. A worker that is held up is replaced by a spare one, its
 * queues are open to thieves, and it leaves when its handler returns after all. */
#include "core/faults.h"
#include "core/flight.h"
#include "core/letters.h"
#include "core/life.h"
#include "core/loop.h"
#include "core/sched.h"
#include "core/trim.h"
#include "port/thread.h"

#include <string.h>

/* The library's one thread-local: what it knows of a thread. */
static _Thread_local struct {
    airi_worker *worker;  /* that it runs; NULL: none */
    airt_failure failure; /* of its newest call from outside of handlers that failed */
} this_thread;

__attribute__((noinline)) airi_worker *airi_current_worker(void)
{
    return this_thread.worker;
}

__attribute__((noinline)) void airi_set_current_worker(airi_worker *worker)
{
    this_thread.worker = worker;
}

__attribute__((noinline)) airt_failure *airi_failure_outside(void)
{
    return &this_thread.failure;
}

/* --- a worker's thread -------------------------------------------------------------------------------------------- */

static void worker_enter(airi_worker *worker)
{
    airi_stack_of_thread(&worker->native);
    worker->thread_token = airi_thread_token();
    airi_set_current_worker(worker);
    airi_faults_enter(worker);
}

static void return_unstarted(airi_worker *worker)
{
    airi_actor *actor;

    while ((actor = airi_runq_pop(&worker->runq)) != NULL)
        airi_schedule(worker->system, NULL, actor);
    actor = airi_next_taken(airi_locality_evict(&worker->next));
    if (actor != NULL)
        airi_schedule(worker->system, NULL, actor);
}

/* What it has queued goes back; and a wake that chose it, or the time it kept, passes to another. */
static void hand_over_pool(airi_worker *worker)
{
    return_unstarted(worker);
    if (worker->class > AIRI_CLASS_SPARE)
        return;
    airi_wake_one(worker->system, NULL);
    airi_wake_timekeeper(worker->system, airi_load(&worker->system->timer_due, AIRI_SEQ_CST));
}

/* Its stacks, its memory, its queue go back. */
static void worker_leave(airi_worker *worker)
{
    airt_system *system = worker->system;

    airi_set_current_worker(NULL);
    if (worker->retired != NULL)
        airi_stacks_give(&system->stacks, worker->retired);
    if (worker->spare != NULL)
        airi_stacks_give(&system->stacks, worker->spare);
    worker->retired = worker->spare = NULL;
    airi_faults_clear(worker);
    if (!airi_load(&system->halt, AIRI_SEQ_CST))
        hand_over_pool(worker);
    airi_slots_flush(&worker->slots, &system->slots);
    airi_slots_flush(&worker->timer_slots, &system->timers);
    airi_cache_flush(&system->heap, &worker->cache);
}

static void worker_run(void *argument)
{
    airi_worker *worker = argument;

    worker_enter(worker);
    airi_watch_awake(worker);
    airi_stack_switch(&worker->native, worker->stack);
    airi_faults_leave(worker);
    worker_leave(worker);
    airi_watch_rest(worker);
    airi_store(&worker->gone, true, AIRI_SEQ_CST); /* the record lasts until the thread has been joined */
    if (worker->class <= AIRI_CLASS_SPARE &&
        airi_load(&worker->stuck, AIRI_SEQ_CST)) /* its replacement stays instead */
        (void)airi_fetch_sub(&worker->system->spare_workers, 1, AIRI_SEQ_CST);
    airi_idle_changed(worker->system);
}

/* --- start -------------------------------------------------------------------------------------------------------- */

static void driven_step(airi_driven *driven)
{
    airi_worker *worker = AIRI_CONTAINER(driven, airi_worker, driven);

    worker_enter(worker);
    worker->now_ns = worker->system->world->now_ns(worker->system->world);
    airi_stack_switch(&worker->native, worker->stack);
    airi_faults_leave(worker);
    airi_set_current_worker(NULL);
    airi_trim_driven(worker->system, worker->now_ns);
}

static bool driven_ready(airi_driven *driven, int64_t now_ns)
{
    airi_worker *worker = AIRI_CONTAINER(driven, airi_worker, driven);

    return worker->mid_turn || airi_work_visible(worker) ||
           airi_load(&worker->system->timer_due, AIRI_SEQ_CST) <= now_ns || worker->system->trim_due <= now_ns;
}

static int64_t driven_due(airi_driven *driven)
{
    airt_system *system = AIRI_CONTAINER(driven, airi_worker, driven)->system;
    int64_t      due = airi_load(&system->timer_due, AIRI_SEQ_CST);

    return system->trim_due < due ? system->trim_due : due;
}

/* Thieves look into the queues of pooled workers: a record never changes sides. */
static bool fits(const airi_worker *worker, airi_class class)
{
    return worker->class == class || (worker->class <= AIRI_CLASS_SPARE && class <= AIRI_CLASS_SPARE);
}

/* A record for a new worker: a gone one's, or fresh. Under workers_lock. */
static airi_worker *worker_record(airt_system *system, airi_class class, uint32_t *out_index)
{
    uint32_t     count = airi_worker_total(system); /* ours: under the lock */
    airi_worker *worker;

    for (uint32_t i = 0; i < count; i++) {
        worker = system->worker[i];
        if (airi_load(&worker->gone, AIRI_SEQ_CST) && fits(worker, class)) {
            system->world->thread_join(system->world, &worker->thread);
            *out_index = i;
            return worker;
        }
    }
    if (count == system->workers_max || !airi_permits(system->world, AIRT_ALLOCATION_WORKER))
        return NULL;
    *out_index = count;
    return airi_heap_take(&system->heap, NULL, sizeof *worker);
}

static airi_audience audience(const airt_system *system)
{
    const airt_world *world = system->world;

    if (world->driven || world->event != NULL || world->refuse != NULL || system->foreign || !system->light)
        return AIRI_LED;
    return system->recorder != NULL || system->flight != NULL ? AIRI_HEARD : AIRI_UNHEARD;
}

static void worker_init(airt_system *system, airi_worker *worker, uint32_t index, airi_class class)
{
    memset(worker, 0, sizeof *worker);
    worker->system = system;
    worker->index = index;
    worker->class = class;
    worker->driven_mode = system->world->driven || system->foreign;
    worker->audience = audience(system);
    airi_tell_init(worker);
    worker->turn_ns = (int64_t)system->options.turn_us * 1000;
    worker->driven = (airi_driven){ .ready = driven_ready, .step = driven_step, .next_due_ns = driven_due };
    worker->now_ns = system->world->now_ns(system->world);
    worker->rng = 0x9e3779b97f4a7c15ull * (index + 1) ^ system->world->random(system->world);
    worker->rng |= 1;
    worker->clock_at = 0;
    airi_store(&worker->word, 1, AIRI_SEQ_CST); /* awake */
    airi_list_init(&worker->parked);
    airi_list_init(&worker->driven.link);
    airi_cache_init(&worker->cache);
    airi_runq_init(&worker->runq);
    airi_locality_init(&worker->next, !system->light);
    airi_spin_init(&worker->spin, system->spin_ns);
    worker->worth.look_ns = worker->driven_mode || system->options.workers == 1 ? AIRI_NEVER : worker->now_ns;
}

/* A gone worker's record begins again. Thieves, the watch and readings may be looking at it: what they see was left empty,
 * goes on (counters, the serial), or is atomic. */
static void worker_again(airi_worker *worker)
{
    worker->committing = NULL;
    worker->chosen = false;
    worker->now_ns = worker->system->world->now_ns(worker->system->world);
    worker->now_age = 0;
    worker->next_streak = 0;
    worker->clock_at = 0;
    airi_cache_init(&worker->cache);
    airi_store(&worker->word, 1, AIRI_SEQ_CST);
    airi_store(&worker->blocked, false, AIRI_SEQ_CST);
    airi_store(&worker->stuck, false, AIRI_SEQ_CST);
    airi_store(&worker->gone, false, AIRI_SEQ_CST);
}

static airt_status worker_launch(airt_system *system, airi_worker *worker)
{
    airi_stack *stack;
    airt_status status = airi_stacks_take(&system->stacks, &stack);

    if (status != AIRT_OK)
        return status;
    airi_loop_prepare(worker, stack);
    if (worker->driven_mode) {
        if (!system->foreign)
            system->world->attach(system->world, &worker->driven);
        return AIRT_OK;
    }
    status = system->world->thread_start(system->world, "airt-worker", worker_run, worker, &worker->thread);
    if (status != AIRT_OK)
        airi_stacks_give(&system->stacks, stack);
    return status;
}

airt_status airi_worker_start(airt_system *system, airi_class class, airi_worker **out_worker)
{
    airi_worker *worker;
    uint32_t     index;
    airt_status  status = AIRT_ENOMEM;
    bool         fresh;

    airi_mutex_lock(&system->workers_lock);
    worker = worker_record(system, class, &index);
    if (worker != NULL) {
        fresh = index == airi_worker_total(system);
        if (!fresh) {
            worker_again(worker);
        } else {
            worker_init(system, worker, index, class);
            system->worker[index] = worker;
            /* Release: pairs with the acquire of who walks the workers. */
            airi_store(&system->worker_count, index + 1, AIRI_RELEASE);
        }
        status = airi_flight_attach(worker);
        if (status == AIRT_OK)
            status = worker_launch(system, worker);
        if (status != AIRT_OK)
            airi_store(&worker->gone, true, AIRI_SEQ_CST);
    }
    airi_mutex_unlock(&system->workers_lock);
    if (status == AIRT_OK && out_worker != NULL)
        *out_worker = worker;
    return status;
}

/* The system is over: its thread is joined, or its loop, which will never be stepped again, is left where it is. */
void airi_worker_end(airi_worker *worker)
{
    airt_system *system = worker->system;

    if (worker->thread != NULL) {
        system->world->thread_join(system->world, &worker->thread);
        return;
    }
    if (worker->driven_mode && !airi_load(&worker->gone, AIRI_SEQ_CST)) {
        if (!system->foreign)
            system->world->detach(system->world, &worker->driven);
        if (worker->stack != NULL)
            airi_stacks_give(&system->stacks, worker->stack);
        worker_leave(worker);
    }
}

void airi_worker_dismiss(airt_system *system, airi_worker *by, airi_worker *dedicated)
{
    airi_store(&dedicated->stuck, true, AIRI_SEQ_CST);
    (void)airi_fetch_sub(&system->dedicated_workers, 1, AIRI_SEQ_CST);
    airi_ring_worker(system, dedicated, by);
}

/* One more thread of a class, within its maximum. Fails: ELIMIT, and as airi_worker_start. */
static airt_status grow(airt_system *system, AIRI_ATOMIC(uint32_t) *count, uint32_t max, airi_class class,
                        airi_worker **out_worker)
{
    airt_status status = AIRT_ELIMIT;

    if (airi_fetch_add(count, 1, AIRI_SEQ_CST) < max) {
        if (system->light)
            (void)system->world->fence_all(system->world); /* partner: is_all_alone in sched.c */
        status = airi_worker_start(system, class, out_worker);
    }
    if (status != AIRT_OK)
        (void)airi_fetch_sub(count, 1, AIRI_SEQ_CST);
    return status;
}

airt_status airi_dedicated_start(airt_system *system, airi_worker **out_worker)
{
    return grow(system, &system->dedicated_workers, system->options.dedicated_max, AIRI_CLASS_DEDICATED, out_worker);
}

bool airi_blocking_grow(airt_system *system)
{
    if (airi_load(&system->blocking_workers, AIRI_SEQ_CST) < system->options.blocking_max &&
        grow(system, &system->blocking_workers, system->options.blocking_max, AIRI_CLASS_BLOCKING, NULL) == AIRT_OK)
        return true;
    return airi_load(&system->blocking_workers, AIRI_SEQ_CST) != 0;
}

bool airi_spare_start(airt_system *system)
{
    return grow(system, &system->spare_workers, system->options.workers_spare_max, AIRI_CLASS_SPARE, NULL) == AIRT_OK;
}

void airi_workers_halt(airt_system *system)
{
    uint32_t count = airi_worker_total(system);

    airi_store(&system->halt, true, AIRI_SEQ_CST);
    for (uint32_t i = 0; i < count; i++)
        airi_ring_worker(system, system->worker[i], NULL);
}

/* A spare worker goes on in its stead, and it leaves when its handler returns. Once; by itself or the watch. True: it is
 * replaced. */
bool airi_worker_replace(airt_system *system, airi_worker *worker)
{
    bool replaced;

    airi_mutex_lock(&system->replace_lock);
    replaced = airi_load(&worker->stuck, AIRI_SEQ_CST);
    if (!replaced && airi_spare_start(system)) { /* told to leave only when the other is there */
        airi_store(&worker->stuck, true, AIRI_SEQ_CST);
        replaced = true;
    }
    airi_mutex_unlock(&system->replace_lock);
    return replaced;
}

/* --- blocking regions --------------------------------------------------------------------------------------------- */

airt_status airt_blocking_begin(airt_ctx *ctx)
{
    airi_worker *worker = airi_resolve_ctx(ctx, "airt_blocking_begin").worker;

    AIRT_CHECK(!(ctx->foreign & AIRI_REGION_BLOCKING) && "airt_blocking_begin inside airt_blocking_begin");
    ctx->foreign |= AIRI_REGION_BLOCKING;
    if (worker->class > AIRI_CLASS_SPARE || worker->driven_mode)
        return AIRT_OK;
    airi_store(&worker->blocked, true, AIRI_SEQ_CST);
    airi_spill(worker);
    if (airi_load(&ctx->system->parked_count, AIRI_SEQ_CST) > 0 ||
        airi_load(&ctx->system->searching, AIRI_SEQ_CST) > 0) {
        airi_wake_one(ctx->system, worker); /* somebody is free to go on with what this worker has queued */
        return AIRT_OK;
    }
    if (airi_worker_replace(ctx->system, worker)) /* it leaves after this handler */
        return AIRT_OK;
    airi_store(&worker->blocked, false, AIRI_SEQ_CST);
    return AIRT_ELIMIT;
}

void airt_blocking_end(airt_ctx *ctx)
{
    airi_worker *worker = airi_resolve_ctx(ctx, "airt_blocking_end").worker;

    AIRT_CHECK((ctx->foreign & AIRI_REGION_BLOCKING) && "airt_blocking_end without airt_blocking_begin");
    ctx->foreign &= (uint16_t)~AIRI_REGION_BLOCKING;
    airi_store(&worker->blocked, false, AIRI_SEQ_CST);
    airi_count(&worker->entered, 1);
}
