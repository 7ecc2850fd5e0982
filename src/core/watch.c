/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The watch: a thread that looks whether a handler has not returned since it looked before, once a stuck_ms for as long as
 * any worker is awake, and more often while a handler runs that may not compute for so long. The first worker that leaves its
 * rest arms it, the last that goes to rest disarms it, unless the last rest was short and so the next may be: it wakes
 * at most once in an idle system, not at all for a burst now and then, and a question a millisecond pays for none of it. */
#include "core/faults.h"
#include "core/flight.h"
#include "core/life.h"
#include "core/sched.h"
#include "core/trim.h"

enum {
    SHORT_REST_NS = 10 * 1000 * 1000
};

static void tell_stuck(airt_system *system, airi_worker *worker, airt_report_kind kind, int64_t ns)
{
    airt_report r = { .kind = kind,
                      .who = worker->seen_who,
                      .behavior = worker->seen_behavior,
                      .message = worker->seen_message,
                      .ns = ns,
                      .text = kind == AIRT_REPORT_STUCK ? "a handler has not returned"
                                                        : "a handler has returned after all" };

    if (system->options.report != NULL)
        system->options.report(system->options.report_context, &r);
}

/* Whose handler it is, while that can be told: a killer may make the actor go before the handler. Glances at an activation
 * that may end any moment: its memory stays, and another handler has another serial. */
static void see_who(airt_system *system, airi_worker *worker, airt_ctx *ctx)
{
    airt_ref    who = { ctx != NULL ? airi_load(&ctx->claim.running, AIRI_SEQ_CST) : 0 };
    airi_actor *actor = airi_slot(system, airi_ref_index(who));
    /* Relaxed: a glance. A kind outlives its messages. */
    const airt_kind *kind = ctx != NULL ? airi_load(&ctx->kind, AIRI_RELAXED) : NULL;

    worker->seen_who = AIRT_NONE;
    worker->seen_behavior = worker->seen_message = NULL;
    worker->seen_runaway_ms = 0;
    if (airt_ref_none(who) || actor == NULL || airi_slot_kind(actor) == AIRI_SLOT_CALLER)
        return;
    airi_mutex_lock(&actor->lock);
    if (airi_tenant_living(actor, who)) {
        worker->seen_who = who;
        worker->seen_behavior = actor->behavior->name;
        worker->seen_runaway_ms = airi_runaway_ms(system, actor->behavior);
        if (kind != NULL)
            worker->seen_message = kind->name;
    }
    airi_mutex_unlock(&actor->lock);
}

/* An actor whose kill came while its handler was just beginning. */
static void kill_again(airt_system *system, airt_ctx *ctx)
{
    airi_caller caller = { system, NULL, NULL };
    airt_ref    who = { airi_load(&ctx->claim.running, AIRI_SEQ_CST) };
    airi_actor *actor = airi_slot(system, airi_ref_index(who));
    airt_reason killed = { .exit = AIRT_EXIT_KILLED };

    if (actor != NULL && (airi_load(&actor->flags, AIRI_SEQ_CST) & AIRI_ASKED_KILL) != 0)
        (void)airi_ask_end(&caller, who, AIRI_ASKED_KILL, &killed);
}

/* The actor in the locality slot shall not wait for a stuck handler. Opened only if that handler still runs after the
 * fence, and is not just at work on it: its thread then sees that the slot is shared before it takes or holds it again. */
static void open_locality(airt_system *system, airi_worker *worker, airt_ctx *ctx, uint64_t serial)
{
    airi_locality_share(&worker->next);
    if (system->light)
        (void)system->world->fence_all(system->world);
    if (airi_worker_in(worker) == ctx && airi_worker_serial(worker) == serial && !airi_locality_is_held(&worker->next))
        airi_locality_open(&worker->next);
    airi_wake_one(system, NULL);
}

static void look_at(airt_system *system, airi_worker *worker, int64_t now)
{
    airt_ctx *ctx = airi_worker_in(worker);
    uint64_t  serial = airi_worker_serial(worker);

    if (ctx == NULL || serial != worker->seen_serial || airi_load(&worker->gone, AIRI_SEQ_CST)) {
        if (airi_exchange(&worker->reported, false, AIRI_SEQ_CST)) {
            (void)airi_fetch_sub(&system->reported, 1, AIRI_SEQ_CST);
            tell_stuck(system, worker, AIRT_REPORT_UNSTUCK, now - worker->seen_ns);
        }
        worker->seen_serial = serial;
        worker->seen_ns = now;
        see_who(system, worker, ctx);
        return;
    }
    kill_again(system, ctx);
    if (worker->seen_runaway_ms != 0 && now - worker->seen_ns >= (int64_t)worker->seen_runaway_ms * 1000000 &&
        !airi_load(&worker->blocked, AIRI_SEQ_CST))
        airi_runaway_stop(worker, serial); /* or, if it cannot be cut off where it is now, at the next look */
    if (airi_load(&worker->reported, AIRI_SEQ_CST)) {
        airi_worker_replace(system, worker);     /* if it could not be before */
        if (!airi_locality_empty(&worker->next)) /* queued before it saw that it is reported (held_up), or held */
            open_locality(system, worker, ctx, serial);
    }
    if (airi_load(&worker->reported, AIRI_SEQ_CST) || worker->class > AIRI_CLASS_SPARE ||
        airi_load(&worker->blocked, AIRI_SEQ_CST) ||
        now - worker->seen_ns < (int64_t)system->options.stuck_ms * 1000000)
        return;
    airi_store(&worker->reported, true, AIRI_SEQ_CST);
    (void)airi_fetch_add(&system->reported, 1, AIRI_SEQ_CST);
    tell_stuck(system, worker, AIRT_REPORT_STUCK, now - worker->seen_ns);
    airi_worker_replace(system, worker);
    open_locality(system, worker, ctx, serial);
    airi_wake_timekeeper(system, airi_load(&system->timer_due, AIRI_SEQ_CST)); /* it may have kept the time */
}

/* When to look again. */
static uint32_t look(airt_system *system)
{
    uint32_t count = airi_worker_total(system);
    uint32_t period_ms = system->options.stuck_ms;
    int64_t  now = system->world->now_ns(system->world);

    airi_flight_seen(system, now);
    for (uint32_t i = 0; i < count; i++) {
        airi_worker *worker = system->worker[i];

        look_at(system, worker, now);
        if (worker->seen_runaway_ms != 0 && worker->seen_runaway_ms < period_ms)
            period_ms = worker->seen_runaway_ms;
    }
    return period_ms;
}

/* Under idle_lock. Off: for what the heap has left over, if anything. */
static void arm(airt_system *system, bool on, uint32_t period_ms)
{
    airt_world *world = system->world;
    int64_t     due = AIRI_NEVER;

    system->watch_armed = on;
    if (system->watch_poll == NULL)
        return;
    if (on)
        due = world->now_ns(world) + (int64_t)period_ms * 1000000;
    airi_trim_plan(system);
    world->poll_arm(system->watch_poll, system->trim_due < due ? system->trim_due : due);
}

static void watch_run(void *argument)
{
    airt_system *system = argument;
    airt_world  *world = system->world;

    while (!airi_load(&system->watch_halt, AIRI_SEQ_CST)) {
        uint32_t period_ms;

        world->poll_wait(system->watch_poll);
        world->poll_clear(system->watch_poll);
        period_ms = look(system);
        airi_trim_watched(system);
        airi_mutex_lock(&system->idle_lock);
        arm(system, system->awake > 0 || airi_load(&system->reported, AIRI_SEQ_CST) != 0, period_ms);
        airi_mutex_unlock(&system->idle_lock);
    }
}

void airi_watch_awake(airi_worker *worker)
{
    airt_system *system = worker->system;

    airi_mutex_lock(&system->idle_lock);
    if (system->awake++ == 0) {
        system->rests_shortly = worker->now_ns - system->rest_since_ns < SHORT_REST_NS;
        if (!system->watch_armed)
            arm(system, true, system->options.stuck_ms);
    }
    airi_mutex_unlock(&system->idle_lock);
}

/* While one stands reported the watch goes on: that its handler has returned is told, too. */
void airi_watch_rest(airi_worker *worker)
{
    airt_system *system = worker->system;

    airi_mutex_lock(&system->idle_lock);
    if (--system->awake == 0) {
        system->rest_since_ns = worker->now_ns;
        if (!system->rests_shortly && airi_load(&system->reported, AIRI_SEQ_CST) == 0)
            arm(system, false, 0);
    }
    airi_mutex_unlock(&system->idle_lock);
}

airt_status airi_watch_prepare(airt_system *system)
{
    airt_world *world = system->world;

    if (world->driven || system->foreign || system->options.stuck_ms == UINT32_MAX)
        return AIRT_OK;
    return world->poll_create(world, &system->watch_poll);
}

airt_status airi_watch_start(airt_system *system)
{
    if (system->watch_poll == NULL)
        return AIRT_OK;
    return system->world->thread_start(system->world, "airt-watch", watch_run, system, &system->watch);
}

void airi_watch_stop(airt_system *system)
{
    airi_store(&system->watch_halt, true, AIRI_SEQ_CST);
    if (system->watch == NULL)
        return;
    system->world->poll_ring(system->watch_poll);
    system->world->thread_join(system->world, &system->watch);
}
