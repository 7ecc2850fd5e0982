/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A system's own life: create, stop, quiesce, step, and its account. */
#include "core/system.h"

#include "base/sized.h"
#include "core/deadlock.h"
#include "core/faults.h"
#include "core/flight.h"
#include "core/letters.h"
#include "core/life.h"
#include "core/sched.h"
#include "core/timers.h"

#include <string.h>

enum {
    KILL_GRACE_MS = 500,
    KILL_EVERY_MS = 10,
    AWAITS_MAX = 1 << 24,
    TIMERS_MAX = 1 << 26
};

/* For calls that a handler may make as well. */
static void check_system(const airt_system *system, const char *otherwise)
{
    if (system == NULL || system->tag != AIRI_TAG_SYSTEM)
        airi_check_failed(__FILE__, __LINE__, otherwise);
}

/* --- create ------------------------------------------------------------------------------------------------------- */

static uint32_t or_default(uint32_t value, uint32_t instead)
{
    return value != 0 ? value : instead;
}

static void defaults(airt_system_options *o)
{
    if (o->world == NULL)
        o->world = airt_world_linux();
    o->workers = o->foreign_loop ? 1 : or_default(o->workers, o->world->cores(o->world));
    o->workers_spare_max = or_default(o->workers_spare_max, 64);
    o->blocking_max = or_default(o->blocking_max, 64);
    o->dedicated_max = or_default(o->dedicated_max, 64);
    o->actors_max = or_default(o->actors_max, 1u << 24);
    o->turn_us = or_default(o->turn_us, 1000);
    o->stuck_ms = or_default(o->stuck_ms, 1000);
    o->spin_us = or_default(o->spin_us, o->world->cores(o->world) > 1 ? 50 : UINT32_MAX);
    o->abandoned_max = or_default(o->abandoned_max, 1024);
    o->flight_events = or_default(o->flight_events, AIRI_FLIGHT_EVENTS_DEFAULT);
    o->faults_max = or_default(o->faults_max, 1000);
    o->faults_window_ms = or_default(o->faults_window_ms, 10000);
}

static void locks_and_lists(airt_system *system)
{
    airi_list_init(&system->parked);
    airi_list_init(&system->parked_blocking);
    airi_store(&system->keeper_due, AIRI_NEVER, AIRI_SEQ_CST);
    system->trim_due = AIRI_NEVER;
    system->foreign = system->options.foreign_loop;
}

/* Where others run this thread's work, nothing comes while it looks. */
static int64_t spin_ns(const airt_system *system)
{
    bool never = system->world->driven || system->options.foreign_loop || system->options.spin_us == UINT32_MAX;

    return never ? 0 : (int64_t)system->options.spin_us * 1000;
}

/* Threads at once. Of dedicated ones as many again, which killed handlers hold that have not returned. */
static uint32_t workers_max(const airt_system_options *o)
{
    return o->workers + o->workers_spare_max + o->blocking_max + 2 * o->dedicated_max;
}

/* Beside the living: callers' slots, and those that workers have at hand. */
static uint32_t slots_max(const airt_system_options *o)
{
    uint64_t max = o->actors_max + 65536u + (uint64_t)workers_max(o) * AIRI_SLOTS_MAX;

    return max > AIRI_IDTAB_MAX ? AIRI_IDTAB_MAX : (uint32_t)max;
}

static airt_status tables(airt_system *system)
{
    airt_world *world = system->world;
    airt_status status;

    status = airi_idtab_init(&system->slots, world, sizeof(airi_actor), slots_max(&system->options));
    if (status == AIRT_OK)
        status = airi_idtab_init(&system->calls, world, sizeof(airi_call_record), AWAITS_MAX);
    if (status == AIRT_OK)
        status = airi_idtab_init(&system->timers, world, sizeof(airi_timer), TIMERS_MAX);
    if (status == AIRT_OK)
        status = airi_idtab_init(&system->children, world, sizeof(airi_child), system->options.actors_max);
    if (status == AIRT_OK)
        status = airi_stacks_init(&system->stacks, world, system->options.stack_bytes, system->options.stacks_max);
    return status;
}

/* Called where pages are wanted, under the locks of who wants them. */
static void memory_hit(void *context)
{
    airt_system *system = context;
    airt_report  report = { .kind = AIRT_REPORT_MEMORY,
                            .status = AIRT_ENOMEM,
                            .text = "the system has come to its memory_max: calls that need more are refused" };

    if (system->options.report != NULL)
        system->options.report(system->options.report_context, &report);
}

/* What the tables hold already, and all that they will map, is within memory_max. */
static airt_status tables_bound(airt_system *system)
{
    airi_idtab *const tables[] = { &system->slots, &system->calls, &system->timers, &system->children };
    airt_status       status = AIRT_OK;

    for (size_t i = 0; i < sizeof tables / sizeof tables[0] && status == AIRT_OK; i++)
        status = airi_idtab_bound(tables[i], &system->quota);
    return status;
}

static airt_status start_workers(airt_system *system)
{
    airt_system_options *o = &system->options;
    airt_status          status = AIRT_OK;

    system->workers_max = workers_max(o);
    if (!airi_permits(system->world, AIRT_ALLOCATION_SYSTEM))
        return AIRT_ENOMEM;
    system->worker = airi_heap_take(&system->heap, NULL, system->workers_max * sizeof(airi_worker *));
    if (system->worker == NULL)
        return AIRT_ENOMEM;
    status = airi_flight_create(system);
    if (status == AIRT_OK && system->foreign)
        status = system->world->poll_create(system->world, &system->poll);
    if (status == AIRT_OK)
        status = airi_watch_prepare(system);
    for (uint32_t i = 0; i < o->workers && status == AIRT_OK; i++)
        status = airi_worker_start(system, AIRI_CLASS_POOLED, NULL);
    return status == AIRT_OK ? airi_watch_start(system) : status;
}

static void system_destroy(airt_system *system)
{
    airt_world *world = system->world;
    uint32_t    count;

    airi_watch_stop(system);
    count = airi_worker_total(system); /* the watch, which starts spare ones, is gone */
    if (system->worker != NULL)
        airi_workers_halt(system);
    for (uint32_t i = 0; i < count; i++)
        airi_worker_end(system->worker[i]);
    if (system->poll != NULL)
        world->poll_destroy(world, &system->poll);
    if (system->watch_poll != NULL)
        world->poll_destroy(world, &system->watch_poll);
    airi_faults_destroy(system);
    airi_names_fini(&system->names, NULL);
    airi_stacks_fini(&system->stacks);
    airi_idtab_fini(&system->children);
    airi_idtab_fini(&system->timers);
    airi_idtab_fini(&system->calls);
    airi_idtab_fini(&system->slots);
    airi_flight_destroy(system);
    for (uint32_t i = 0; i < count; i++)
        airi_heap_give(&system->heap, NULL, system->worker[i], sizeof(airi_worker));
    if (system->worker != NULL)
        airi_heap_give(&system->heap, NULL, system->worker, system->workers_max * sizeof(airi_worker *));
    airi_leaks_report(system);
    airi_heap_fini(&system->heap);
    world->unmap(world, system, sizeof *system);
}

void airi_leaks_report(airt_system *system)
{
    uint64_t    bytes = airi_heap_in_use(&system->heap);
    airt_report report = { .kind = AIRT_REPORT_LEAK,
                           .ns = (int64_t)bytes,
                           .text = "memory is still held: a message, blob or answer was not dropped" };

    if (bytes != 0 && system->options.report != NULL)
        system->options.report(system->options.report_context, &report);
}

/* What the soname says: the major version, and while that is 0 the minor one. */
static int abi_of(int version)
{
    return version / 10000 != 0 ? version / 10000 * 100 : version / 100;
}

static airt_status options_read(const airt_system_options *options, size_t size, int version, airt_system_options *out)
{
    memset(out, 0, sizeof *out);
    if (abi_of(version) != abi_of(AIRT_VERSION))
        return AIRT_EVERSION;
    if (options != NULL)
        *out = *(const airt_system_options *)airi_sized_read(options, size, out, sizeof *out);
    defaults(out);
    return out->actors_max <= AIRT_ACTORS_LIMIT && out->workers <= 4096 && out->blocking_max <= 65536 &&
                   out->dedicated_max <= 65536 && out->workers_spare_max <= 65536 &&
                   out->flight_events <= AIRI_FLIGHT_EVENTS_MAX && airi_faults_valid(out)
               ? AIRT_OK
               : AIRT_EINVAL;
}

/* Copied: the user's may be shorter, and need not outlive the call. */
static void recorder_read(airt_system *system, size_t size)
{
    const airt_recorder *given = system->options.recorder;

    if (given == NULL || given == &airt_recorder_none)
        return;
    system->heard = *(const airt_recorder *)airi_sized_read(given, size, &system->heard, sizeof *given);
    system->recorder = &system->heard;
}

airt_status airt_system_create_sized(const airt_system_options *options, size_t options_size, size_t recorder_size,
                                     int header_version, airt_system **out_system)
{
    airt_system_options read;
    airt_system        *system;
    airt_status         status = options_read(options, options_size, header_version, &read);

    if (out_system == NULL)
        airi_check_failed(__FILE__, __LINE__, "airt_system_create: NULL is no place for the system");
    if (status != AIRT_OK)
        return status;
    system = airi_permits(read.world, AIRT_ALLOCATION_SYSTEM) ? read.world->map(read.world, sizeof *system) : NULL;
    if (system == NULL)
        return AIRT_ENOMEM;
    system->tag = AIRI_TAG_SYSTEM;
    system->options = read;
    system->world = read.world;
    system->generation = 1 + (read.world->random(read.world) & (AIRI_GENERATION_LAST >> 1));
    system->light = read.world->fence_all(read.world);
    system->spin_ns = spin_ns(system);
    airi_spin_init(&system->spin_outside, system->spin_ns);
    locks_and_lists(system);
    recorder_read(system, recorder_size);
    airi_quota_init(&system->quota, read.memory_max, memory_hit, system);
    airi_heap_init(&system->heap, system->world);
    system->heap.quota = &system->quota;
    airi_names_init(&system->names, system->world, &system->heap, 0x61697274);
    airi_timers_init(system);
    status = tables(system);
    if (status == AIRT_OK)
        status = tables_bound(system);
    if (status == AIRT_OK)
        status = airi_faults_create(system);
    if (status == AIRT_OK)
        status = start_workers(system);
    if (status != AIRT_OK) {
        system_destroy(system);
        return status;
    }
    airi_flight_running(system);
    system->options.flight_path = NULL; /* the caller's */
    *out_system = system;
    return AIRT_OK;
}

/* --- stop --------------------------------------------------------------------------------------------------------- */

void airi_idle_changed(airt_system *system)
{
    if (airi_load(&system->idle_waiters, AIRI_SEQ_CST) == 0)
        return;
    (void)airi_fetch_add(&system->idle_word, 1, AIRI_SEQ_CST);
    system->world->wake(system->world, &system->idle_word, UINT32_MAX);
}

static bool has_children(airt_system *system, airi_actor *actor)
{
    airi_extra *extra = airi_extra_seen(actor);
    bool        found = false;

    for (airi_list *link = extra != NULL ? extra->ties_a.next : NULL; link != NULL && link != &extra->ties_a && !found;
         link = link->next)
        found = AIRI_CONTAINER(link, airi_relation, link_a)->tie == AIRI_TIE_CHILD;
    (void)system;
    return found;
}

/* Asks every living actor, or every one without children and without a supervisor to stop it, to end. Returns how many there were. */
static uint32_t ask_all(airt_system *system, uint32_t how, bool leaves_only)
{
    airi_caller caller = { system, NULL, NULL };
    airt_reason reason = { .exit = how & AIRI_ASKED_KILL ? AIRT_EXIT_KILLED : AIRT_EXIT_SHUTDOWN };
    uint32_t    asked = 0;
    airi_actor *actor;

    for (uint32_t index = 1; (actor = airi_slot(system, index)) != NULL; index++) {
        /* Acquire: pairs with the release that gave the slot back, so that an open box seen below is this tenant's. */
        uint64_t generation = airi_load(&actor->generation, AIRI_ACQUIRE);
        airt_ref who = { airi_ref_bits(index, generation) };
        bool     skip;

        if (generation == 0) /* nobody has lived here yet */
            continue;
        /* Relaxed: a glance, so that the children of a great supervisor are passed over without a lock. */
        if (leaves_only && airi_load(&actor->child, AIRI_RELAXED) != 0)
            continue;
        if (airi_slot_kind(actor) == AIRI_SLOT_CALLER || airi_mail_closed(&actor->mail) ||
            (how == AIRI_ASKED_STOP && (airi_load(&actor->flags, AIRI_SEQ_CST) & how) != 0))
            continue; /* a kill is repeated: it may have come while a handler was just beginning */
        airi_mutex_lock(&system->relations_lock);
        airi_mutex_lock(&actor->lock);
        skip = leaves_only && has_children(system, actor);
        airi_mutex_unlock(&actor->lock);
        airi_mutex_unlock(&system->relations_lock);
        if (!skip && airi_ask_end(&caller, who, how, &reason) == AIRT_OK)
            asked++;
    }
    return asked;
}

/* Sleeps until an actor or an abandoned handler has ended, or the deadline. */
static void wait_for_ends(airt_system *system, uint32_t word, int64_t deadline_ns)
{
    if (airi_load(&system->actors, AIRI_SEQ_CST) == 0 && airi_load(&system->abandoned, AIRI_SEQ_CST) == 0)
        return;
    system->world->wait(system->world, &system->idle_word, word, deadline_ns);
}

static bool all_ended(airt_system *system)
{
    return airi_load(&system->actors, AIRI_SEQ_CST) == 0 && airi_load(&system->abandoned, AIRI_SEQ_CST) == 0;
}

/* A foreign loop has no thread that would let actors end. */
static void step_foreign(airt_system *system)
{
    bool more = system->foreign;

    while (more)
        (void)airt_system_step(system, 0, &more);
}

static void stop_orderly(airt_system *system, int64_t deadline_ns)
{
    while (!all_ended(system) && system->world->now_ns(system->world) < deadline_ns) {
        uint32_t word = airi_load(&system->idle_word, AIRI_SEQ_CST);

        (void)ask_all(system, AIRI_ASKED_STOP, true);
        step_foreign(system);
        wait_for_ends(system, word, deadline_ns);
    }
}

static void stop_by_kill(airt_system *system)
{
    airt_world *world = system->world;
    int64_t     deadline = world->now_ns(world) + (int64_t)KILL_GRACE_MS * 1000000;

    while (!all_ended(system) && world->now_ns(world) < deadline) {
        uint32_t word = airi_load(&system->idle_word, AIRI_SEQ_CST);

        (void)ask_all(system, AIRI_ASKED_KILL, false);
        step_foreign(system);
        wait_for_ends(system, word, world->now_ns(world) + (int64_t)KILL_EVERY_MS * 1000000);
    }
}

airt_status airt_system_end(airt_from from, const airt_reason *reason)
{
    airi_caller  caller = airi_resolve(from, "airt_system_end");
    airt_system *system = caller.system;

    if (caller.ctx != NULL && airi_killed(caller.ctx))
        return AIRT_EKILLED;
    airi_mutex_lock(&system->names_lock);
    if (!system->ended) {
        system->ended_reason = reason != NULL ? *reason : (airt_reason){ .exit = AIRT_EXIT_SHUTDOWN };
        system->ended = true;
    }
    airi_mutex_unlock(&system->names_lock);
    airi_store(&system->stopping, true, AIRI_SEQ_CST);
    airi_idle_changed(system);
    return AIRT_OK;
}

static bool has_ended(airt_system *system, airt_reason *out_reason)
{
    bool ended;

    airi_mutex_lock(&system->names_lock);
    ended = system->ended;
    if (ended && out_reason != NULL)
        *out_reason = system->ended_reason;
    airi_mutex_unlock(&system->names_lock);
    return ended;
}

airt_status airt_system_wait(airt_system *system, airt_duration within, airt_reason *out_reason)
{
    airt_world *world = airi_resolve((airt_from){ .system = system }, "airt_system_wait").system->world;
    int64_t     now = world->now_ns(world);
    int64_t     deadline = within.ns >= AIRI_NEVER - now ? AIRI_NEVER : now + within.ns;
    bool        ended;

    (void)airi_fetch_add(&system->idle_waiters, 1, AIRI_SEQ_CST);
    for (;;) {
        uint32_t word = airi_load(&system->idle_word, AIRI_SEQ_CST);

        step_foreign(system);
        ended = has_ended(system, out_reason);
        if (ended || world->now_ns(world) >= deadline)
            break;
        world->wait(world, &system->idle_word, word, deadline);
    }
    (void)airi_fetch_sub(&system->idle_waiters, 1, AIRI_SEQ_CST);
    return ended ? AIRT_OK : AIRT_ETIMEDOUT;
}

airt_status airt_system_stop(airt_system **system, airt_duration within)
{
    airt_system *stopping;
    airt_world  *world;
    int64_t      now;

    if (system == NULL)
        airi_check_failed(__FILE__, __LINE__, "airt_system_stop: NULL, not the address of a pointer to a system");
    stopping = *system;
    if (stopping == NULL)
        return AIRT_OK;
    AIRT_CHECK(stopping->tag == AIRI_TAG_SYSTEM);
    (void)airi_resolve((airt_from){ .system = stopping }, "airt_system_stop");
    world = stopping->world;
    now = world->now_ns(world);
    airi_store(&stopping->stopping, true, AIRI_SEQ_CST);
    (void)airi_fetch_add(&stopping->idle_waiters, 1, AIRI_SEQ_CST);
    stop_orderly(stopping, within.ns >= AIRI_NEVER - now ? AIRI_NEVER : now + within.ns);
    stop_by_kill(stopping);
    (void)airi_fetch_sub(&stopping->idle_waiters, 1, AIRI_SEQ_CST);
    if (!all_ended(stopping))
        return AIRT_ELEFT;
    system_destroy(stopping);
    *system = NULL;
    return AIRT_OK;
}

/* --- quiesce and step --------------------------------------------------------------------------------------------- */

static bool worker_quiet(airi_worker *worker)
{
    if (airi_load(&worker->gone, AIRI_SEQ_CST))
        return true;
    if (airi_work_visible(worker) || airi_worker_in(worker) != NULL)
        return false;
    return worker->class == AIRI_CLASS_DEDICATED ? airi_load(&worker->word, AIRI_SEQ_CST) == 0 : worker->is_parked;
}

bool airi_all_quiet(airt_system *system)
{
    uint32_t count = airi_worker_total(system);
    bool     all = true;

    airi_mutex_lock(&system->idle_lock);
    for (uint32_t i = 0; i < count && all; i++)
        all = worker_quiet(system->worker[i]);
    airi_mutex_unlock(&system->idle_lock);
    return all;
}

airt_status airt_system_quiesce(airt_system *system, airt_duration within)
{
    airt_world *world = airi_resolve((airt_from){ .system = system }, "airt_system_quiesce").system->world;
    int64_t     now = world->now_ns(world);
    int64_t     deadline = within.ns >= AIRI_NEVER - now ? AIRI_NEVER : now + within.ns;
    airt_status status = AIRT_OK;

    if (world->driven) {
        airt_sim_settle(world);
        return AIRT_OK;
    }
    if (system->foreign) {
        step_foreign(system);
        return AIRT_OK;
    }
    (void)airi_fetch_add(&system->idle_waiters, 1, AIRI_SEQ_CST);
    for (;;) {
        uint32_t word = airi_load(&system->idle_word, AIRI_SEQ_CST);

        if (airi_all_quiet(system))
            break;
        if (world->now_ns(world) >= deadline) {
            status = AIRT_ETIMEDOUT;
            break;
        }
        world->wait(world, &system->idle_word, word, deadline);
    }
    (void)airi_fetch_sub(&system->idle_waiters, 1, AIRI_SEQ_CST);
    return status;
}

int airt_system_fd(airt_system *system)
{
    check_system(system, "airt_system_fd: NULL, or no system");
    return system->foreign ? system->world->poll_fd(system->poll) : -1;
}

airt_status airt_system_step(airt_system *system, uint32_t turns_max, bool *out_more)
{
    airi_driven *driven;
    uint32_t     turns = 0;

    check_system(system, "airt_system_step: NULL, or no system");
    if (!system->foreign || system->worker == NULL)
        return AIRT_EINVAL;
    driven = &system->worker[0]->driven;
    system->world->poll_clear(system->poll);
    while ((turns_max == 0 || turns < turns_max) && driven->ready(driven, system->world->now_ns(system->world))) {
        driven->step(driven);
        turns++;
    }
    *out_more = driven->ready(driven, system->world->now_ns(system->world));
    if (*out_more)
        system->world->poll_ring(system->poll);
    system->world->poll_arm(system->poll, driven->next_due_ns(driven));
    return AIRT_OK;
}

/* --- the account -------------------------------------------------------------------------------------------------- */

static void account_add(airi_account *sum, airi_account *one)
{
/* Relaxed: readings; exact when nothing runs. */
#define ADD(name) airi_count(&sum->name, airi_load(&one->name, AIRI_RELAXED));
    AIRI_ACCOUNT_TABLE(ADD)
#undef ADD
    for (unsigned i = 0; i < AIRT_LETTER_COUNT; i++)
        airi_count(&sum->dead[i], airi_load(&one->dead[i], AIRI_RELAXED));
}

static uint64_t reading(AIRI_ATOMIC(int64_t) *value)
{
    int64_t n = airi_load(value, AIRI_RELAXED); /* a local sum */

    return n > 0 ? (uint64_t)n : 0;
}

static void stats_fill(airt_system *system, airi_account *sum, airt_system_stats *out)
{
    uint32_t count = airi_worker_total(system);

    /* Relaxed: local sums. */
    airi_count(&sum->queued, airi_load(&sum->accepted, AIRI_RELAXED) - airi_load(&sum->begun, AIRI_RELAXED));
    airi_count(&sum->in_work, airi_load(&sum->begun, AIRI_RELAXED) - airi_load(&sum->handled, AIRI_RELAXED));
#define FILL(name) out->name = reading(&sum->name);
    AIRI_STATS_TABLE(FILL)
#undef FILL
    for (unsigned i = 0; i < AIRT_LETTER_COUNT; i++)
        out->dead[i] = reading(&sum->dead[i]);
    out->actors = airi_load(&system->actors, AIRI_SEQ_CST);
    out->abandoned = airi_load(&system->abandoned, AIRI_SEQ_CST);
    out->stacks = airi_stacks_in_use(&system->stacks);
    out->stacks_max = airi_stacks_max(&system->stacks);
    out->bytes = airi_heap_bytes(&system->heap) + airi_idtab_bytes(&system->slots) + airi_idtab_bytes(&system->calls) +
                 airi_idtab_bytes(&system->timers) + airi_idtab_bytes(&system->children);
    out->bytes_max = system->options.memory_max;
    out->workers = system->options.workers;
    for (uint32_t i = 0; i < count; i++)
        out->workers_stuck += airi_load(&system->worker[i]->reported, AIRI_SEQ_CST);
}

void airt_system_stats_get_sized(airt_system *system, airt_system_stats *out_stats, size_t size)
{
    airt_system_stats stats = { 0 };
    airi_account      sum = { 0 };
    uint32_t          count;

    check_system(system, "airt_system_stats_get: NULL, or no system");
    count = airi_worker_total(system);
    account_add(&sum, &system->outside);
    for (uint32_t i = 0; i < count; i++)
        account_add(&sum, &system->worker[i]->account);
    stats_fill(system, &sum, &stats);
    airi_sized_write(out_stats, size, &stats, sizeof stats);
}
