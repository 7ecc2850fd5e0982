/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A contained fault. The signal's handler (port/signals.c) asks whether the worker was in a handler that may be cut off,
 * and makes its thread go on here, on the stack that was kept for this; what follows is ordinary code of the owner.
 * Invariant: between a fault and the next a worker takes one stack and gives one back. */
#include "core/faults.h"

#include "base/sized.h"
#include "core/children.h"
#include "core/flight.h"
#include "core/handler.h"
#include "core/letters.h"
#include "core/life.h"
#include "core/loop.h"

#include <airt/behavior.h>
#include <stdio.h>
#include <string.h>

static airi_worker *worker_of(airi_trap_thread *thread)
{
    return AIRI_CONTAINER(thread, airi_worker, trap);
}

/* --- in the signal's handler -------------------------------------------------------------------------------------- */

/* Of the newest `max` faults the oldest must be out of the window. */
static bool within_budget(airi_faults *faults, int64_t now)
{
    uint64_t number = airi_fetch_add(&faults->admitted, 1, AIRI_SEQ_CST);
    int64_t  before = airi_exchange(&faults->when[number % faults->max], now, AIRI_SEQ_CST);

    return before == 0 || now - before >= faults->window_ns;
}

static bool on_its_stack(const airi_worker *worker, const airi_trap *trap)
{
    uintptr_t low = (uintptr_t)worker->stack->low;

    return trap->end >= low && trap->end <= low + worker->stack->size;
}

static const char *refuse(airi_trap_thread *thread, const airi_trap *trap)
{
    airi_worker *worker = worker_of(thread);
    airt_ctx    *ctx = airi_worker_in(worker);

    if (ctx == NULL || !on_its_stack(worker, trap))
        return "no handler was running";
    if (ctx->foreign == AIRI_REGION_LOCKED)
        return "holding a lock";
    if (ctx->foreign)
        return "in a blocking or foreign region";
    if (trap->signal == AIRI_RUNAWAY_SIGNAL && airi_load(&worker->runaway, AIRI_SEQ_CST) != airi_worker_serial(worker))
        return "another handler was meant";
    if (worker->reserve == NULL)
        return "no stack to go on with";
    return NULL;
}

static airi_stack *admit(airi_trap_thread *thread, const airi_trap *trap)
{
    airi_worker *worker = worker_of(thread);
    airt_system *system = worker->system;

    (void)trap;
    return within_budget(system->faults, system->world->now_ns(system->world)) ? worker->reserve : NULL;
}

static void describe(airi_trap_thread *thread, airi_trap_who *out_who)
{
    airi_worker     *worker = worker_of(thread);
    airt_ctx        *ctx = airi_worker_in(worker);
    const airt_kind *kind = ctx != NULL ? airi_load(&ctx->kind, AIRI_RELAXED) : NULL; /* relaxed: its own thread's */

    *out_who = (airi_trap_who){ .path = worker->system->faults->path };
    if (ctx == NULL)
        return;
    out_who->ref = ctx->self.bits;
    out_who->message = kind != NULL ? kind->name : NULL;
    out_who->behavior = airi_load(&ctx->claim.wanted, AIRI_SEQ_CST) == 0 ? ctx->actor->behavior->name : "(killed)";
}

/* --- after it ----------------------------------------------------------------------------------------------------- */

static void copy_trap(airt_fault *fault, const airi_trap *trap)
{
    _Static_assert(sizeof fault->text == sizeof trap->text && (int)AIRI_TRAP_FRAMES == AIRT_FAULT_FRAMES_MAX,
                   "as seen");

    fault->signal = trap->signal;
    fault->code = trap->code;
    fault->address = trap->address;
    fault->pc = trap->pc;
    fault->frames = trap->frames;
    fault->frames_seen = trap->frames_seen;
    for (uint32_t i = 0; i < trap->frames; i++)
        fault->frame[i] = trap->frame[i];
    memcpy(fault->text, trap->text, sizeof fault->text);
}

/* In the guard below a stack: it was used up. A little above it the kernel cannot tell a push from a store. */
static bool in_guard(airt_system *system, const airi_stack *stack, const airi_trap *trap)
{
    uintptr_t low = (uintptr_t)stack->low;

    return trap->signal != 0 && trap->address < low && trap->address >= low - system->stacks.guard_bytes;
}

static airt_fault *fault_keep(airt_system *system, airt_fault *fault)
{
    airi_faults *faults = system->faults;

    airi_mutex_lock(&faults->lock);
    fault->number = ++faults->number;
    faults->kept[fault->number % AIRT_FAULTS_KEPT] = *fault;
    airi_mutex_unlock(&faults->lock);
    return fault;
}

static void fault_report(airt_system *system, const airt_fault *fault)
{
    airt_report r = { .kind = AIRT_REPORT_FAULT,
                      .who = fault->who,
                      .behavior = fault->behavior,
                      .message = fault->message,
                      .status = AIRT_EFAILED,
                      .text = fault->signal != 0 ? airi_signal_name(fault->signal) : fault->text,
                      .fault = fault };

    if (system->options.report != NULL)
        system->options.report(system->options.report_context, &r);
}

/* What is known of it; the behaviour's name only of an actor that is still the worker's. */
static void note(airi_worker *worker, airt_ctx *over, const airi_actor *actor, const airi_stack *stack)
{
    airt_system     *system = worker->system;
    const airt_kind *kind = airi_load(&over->kind, AIRI_RELAXED); /* relaxed: its own thread's */
    airt_fault       fault = { .who = over->self,
                               .at_ns = system->world->now_ns(system->world),
                               .incarnation = over->incarnation,
                               .behavior = actor != NULL ? actor->behavior->name : NULL,
                               .message = kind != NULL ? kind->name : NULL };

    copy_trap(&fault, &worker->trap.trap);
    fault.stack = in_guard(system, stack, &worker->trap.trap);
    airi_flight_note(system, (airi_flight_fact){ AIRI_FLIGHT_FAULT, over->self, actor != NULL ? actor->behavior : NULL,
                                                 AIRT_NONE, (unsigned)fault.signal });
    fault_report(system, fault_keep(system, &fault));
}

static void end_message(airt_ctx *over)
{
    airt_msg *msg = over->msg;

    over->msg = NULL;
    if (msg == NULL)
        return;
    AIRI_TALLY(over->system, over->worker, in_work, -1);
    airi_dead(over->system, over->worker, over->self, msg, AIRT_LETTER_FAULT);
}

/* The actor as it was left, without its handler; ctx is the worker's new activation. No hook is run: its state is not to
 * be trusted. One that was in its post_stop is closed already but for the rest. */
static void end_actor(airt_ctx *ctx, airi_actor *actor)
{
    const airi_trap *trap = &ctx->worker->trap.trap;
    airt_reason      reason = { .exit = trap->signal != 0 ? AIRT_EXIT_FAULT : AIRT_EXIT_CHECK,
                                .status = AIRT_EFAILED,
                                .code = trap->signal,
                                .origin = airi_actor_ref(actor) };

    AIRI_TALLY(ctx->system, ctx->worker, failed, 1);
    airi_ctx_bind(ctx, actor);
    if (airi_load(&actor->state, AIRI_RELAXED) == AIRT_STATE_STOPPING) /* owner's own */
        airi_life_close(ctx->system, ctx->worker, actor, &reason);
    else
        airi_life_end(ctx, actor, &reason, false);
}

/* The activation that faulted ends as if its handler had returned; its frames are not looked at. */
static void end_activation(airt_ctx *ctx, airt_ctx *over, const airi_stack *stack)
{
    airi_worker *worker = ctx->worker;
    airi_actor  *actor = over->actor;
    bool         ours;

    airi_flight_done(worker, AIRT_EFAILED);
    ours = airi_handler_leave(over);
    note(worker, over, ours ? actor : NULL, stack);
    airi_ctx_unwind(over);
    if (!ours) { /* a killer was first, and has told everybody */
        over->abandoned = true;
        airi_life_orphan_ended(over);
        return;
    }
    if (over->msg != NULL && airi_load(&actor->child, AIRI_RELAXED) != 0) /* a glance; it looks again */
        airi_child_in_work(ctx->system, actor, over->msg->kind, over->trace);
    end_message(over);
    end_actor(ctx, actor);
}

/* Where a worker goes on after a fault. */
static void after_fault(void *argument)
{
    airi_stack  *fresh = argument;
    airt_ctx    *ctx = airi_ctx_of(fresh);
    airi_worker *worker = ctx->worker;
    airi_stack  *over = worker->stack;

    worker->reserve = NULL;
    airi_worker_goes_on(worker, fresh);
    end_activation(ctx, airi_ctx_of(over), over);
    airi_stacks_give(&worker->system->stacks, over);
    airi_faults_replenish(worker);
    airi_loop_go_on(ctx, true);
}

/* --- workers ------------------------------------------------------------------------------------------------------ */

void airi_faults_replenish(airi_worker *worker)
{
    airi_stack *stack;

    if (worker->system->faults == NULL || worker->reserve != NULL ||
        airi_stacks_take(&worker->system->stacks, &stack) != AIRT_OK)
        return;
    airi_loop_prepare_at(worker, stack, after_fault);
    worker->reserve = stack;
}

/* A worker without a thread of its own runs on any; that thread may have no stack for signals. */
static bool signal_stack(airi_worker *worker)
{
    if (worker->driven_mode && worker->trap.stack == NULL &&
        airi_permits(worker->system->world, AIRT_ALLOCATION_SIGNAL_STACK))
        worker->trap.stack = airi_signal_stack_map(worker->system->world, &worker->trap.stack_bytes);
    return !worker->driven_mode || worker->trap.stack != NULL;
}

void airi_faults_enter(airi_worker *worker)
{
    if (worker->system->faults == NULL || !signal_stack(worker))
        return;
    worker->trap.refuse = refuse;
    worker->trap.admit = admit;
    worker->trap.describe = describe;
    airi_faults_replenish(worker);
    airi_trap_enter(&worker->trap);
}

void airi_faults_leave(airi_worker *worker)
{
    if (worker->system->faults != NULL && worker->trap.refuse != NULL)
        airi_trap_leave(&worker->trap);
}

void airi_faults_clear(airi_worker *worker)
{
    if (worker->reserve != NULL)
        airi_stacks_give(&worker->system->stacks, worker->reserve);
    worker->reserve = NULL;
    airi_signal_stack_unmap(worker->system->world, worker->trap.stack, worker->trap.stack_bytes);
    worker->trap.stack = NULL;
}

/* --- runaway handlers --------------------------------------------------------------------------------------------- */

uint32_t airi_runaway_ms(const airt_system *system, const airt_behavior *behavior)
{
    bool told = behavior->struct_size >= offsetof(airt_behavior, runaway_ms) + sizeof behavior->runaway_ms;

    return system->faults != NULL && told ? behavior->runaway_ms : 0;
}

void airi_runaway_stop(airi_worker *worker, uint64_t serial)
{
    airi_store(&worker->runaway, serial, AIRI_SEQ_CST);
    airi_trap_nudge(&worker->trap);
}

/* --- a system's --------------------------------------------------------------------------------------------------- */

bool airi_faults_valid(const airt_system_options *options)
{
    return options->faults <= AIRT_FAULTS_CONTAIN && options->faults_max <= AIRT_FAULTS_LIMIT;
}

static airt_status path_copy(airt_system *system, airi_faults *faults)
{
    const char *path = system->options.postmortem_path;

    if (path == NULL)
        return AIRT_OK;
    faults->path_bytes = strlen(path) + 1;
    faults->path = airi_heap_take(&system->heap, NULL, faults->path_bytes);
    if (faults->path == NULL)
        return AIRT_ENOMEM;
    memcpy(faults->path, path, faults->path_bytes);
    return AIRT_OK;
}

static size_t when_bytes(const airi_faults *faults)
{
    return faults->max * sizeof *faults->when;
}

static airt_status faults_fill(airt_system *system, airi_faults *faults)
{
    faults->max = system->options.faults_max;
    faults->window_ns = (int64_t)system->options.faults_window_ms * 1000000;
    faults->when = system->world->map(system->world, when_bytes(faults));
    return faults->when != NULL ? path_copy(system, faults) : AIRT_ENOMEM;
}

airt_status airi_faults_create(airt_system *system)
{
    airi_faults *faults;

    if (system->options.faults != AIRT_FAULTS_CONTAIN)
        return AIRT_OK;
    if (!airi_permits(system->world, AIRT_ALLOCATION_SYSTEM)) /* for all of it */
        return AIRT_ENOMEM;
    if (!airi_signals_acquire())
        return AIRT_OK;
    faults = system->world->map(system->world, sizeof *faults);
    if (faults == NULL) {
        airi_signals_release();
        return AIRT_ENOMEM;
    }
    system->faults = faults;
    return faults_fill(system, faults);
}

void airi_faults_destroy(airt_system *system)
{
    airi_faults *faults = system->faults;

    if (faults == NULL)
        return;
    airi_signals_release();
    if (faults->path != NULL)
        airi_heap_give(&system->heap, NULL, faults->path, faults->path_bytes);
    if (faults->when != NULL)
        system->world->unmap(system->world, faults->when, when_bytes(faults));
    system->world->unmap(system->world, faults, sizeof *faults);
    system->faults = NULL;
}

/* --- public ------------------------------------------------------------------------------------------------------- */

airt_status airt_fault_last_sized(airt_from from, airt_ref who, airt_fault *out_fault, size_t fault_size)
{
    airi_faults *faults = airi_resolve(from, "airt_fault_last").system->faults;
    airt_fault   found = { 0 };

    if (faults == NULL)
        return AIRT_ENOENT;
    airi_mutex_lock(&faults->lock);
    for (unsigned i = 0; i < AIRT_FAULTS_KEPT; i++)
        if (faults->kept[i].number > found.number && (airt_ref_none(who) || airt_ref_same(faults->kept[i].who, who)))
            found = faults->kept[i];
    airi_mutex_unlock(&faults->lock);
    if (found.number == 0)
        return AIRT_ENOENT;
    airi_sized_write(out_fault, fault_size, &found, sizeof found);
    return AIRT_OK;
}

typedef struct text {
    char  *out;
    size_t size, used;
} text;

static char *text_at(const text *t)
{
    return t->used < t->size ? t->out + t->used : NULL;
}

static size_t text_room(const text *t)
{
    return t->used < t->size ? t->size - t->used : 0;
}

static void text_add(text *t, int length)
{
    t->used += length > 0 ? (size_t)length : 0;
}

static void print_address(text *t, const char *what, uint64_t address)
{
    text_add(t, snprintf(text_at(t), text_room(t), "  %s ", what));
    text_add(t, airi_symbol_print((uintptr_t)address, text_at(t), text_room(t)));
    text_add(t, snprintf(text_at(t), text_room(t), "\n"));
}

static void print_head(text *t, const airt_fault *fault)
{
    const char *message = fault->message != NULL ? fault->message : "(none)";
    const char *behavior = fault->behavior != NULL ? fault->behavior : "(killed)";

    text_add(t,
             snprintf(text_at(t), text_room(t), "%s%s%s in %s, message %s, incarnation %u\n",
                      airi_signal_name(fault->signal), fault->stack ? " (stack used up)" : "",
                      fault->text[0] != '\0' ? " (see below)" : "", behavior, message, (unsigned)fault->incarnation));
    if (fault->text[0] != '\0')
        text_add(t, snprintf(text_at(t), text_room(t), "  %s\n", fault->text));
    else if (fault->address != 0)
        text_add(t, snprintf(text_at(t), text_room(t), "  address 0x%llx\n", (unsigned long long)fault->address));
}

/* Of a recursion one frame, and how often. */
static void print_frames(text *t, const airt_fault *fault)
{
    uint32_t count = fault->frames < AIRT_FAULT_FRAMES_MAX ? fault->frames : AIRT_FAULT_FRAMES_MAX;
    uint32_t next;

    for (uint32_t i = 0; i < count; i = next) {
        print_address(t, "from", fault->frame[i] - 1); /* the call: another function may begin behind it */
        for (next = i + 1; next < count && fault->frame[next] == fault->frame[i];)
            next++;
        if (next > i + 1)
            text_add(t, snprintf(text_at(t), text_room(t), "  and the same %u times more\n", (unsigned)(next - i - 1)));
    }
}

size_t airt_fault_print(const airt_fault *fault, char *out, size_t size)
{
    text t = { out, size, 0 };

    print_head(&t, fault);
    print_address(&t, "at", fault->signal != 0 ? fault->pc : fault->pc - 1); /* a check's was a call, too */
    print_frames(&t, fault);
    if (fault->frames_seen > fault->frames)
        text_add(&t, snprintf(text_at(&t), text_room(&t), "  and %u more\n",
                              (unsigned)(fault->frames_seen - fault->frames)));
    return t.used;
}

bool airt_faults_contained(airt_system *system)
{
    return system->faults != NULL;
}

airt_status airt_faults_register(const void *address)
{
    return airi_signals_register(address);
}

void airt_faults_unregister(const void *address)
{
    airi_signals_unregister(address);
}

/* --- foreign regions ---------------------------------------------------------------------------------------------- */

void airt_foreign_begin(airt_ctx *ctx)
{
    (void)airi_resolve_ctx(ctx, "airt_foreign_begin");
    AIRT_CHECK(ctx->foreign < AIRI_REGION_DEPTH_MAX * AIRI_REGION_FOREIGN && "airt_foreign_begin without end");
    ctx->foreign = (uint16_t)(ctx->foreign + AIRI_REGION_FOREIGN);
}

void airt_foreign_end(airt_ctx *ctx)
{
    (void)airi_resolve_ctx(ctx, "airt_foreign_end");
    AIRT_CHECK(ctx->foreign >= AIRI_REGION_FOREIGN && "airt_foreign_end without airt_foreign_begin");
    ctx->foreign = (uint16_t)(ctx->foreign - AIRI_REGION_FOREIGN);
}
