/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From spawn to the final stop. The owner does it all; the one exception is a killer that takes the actor from its
 * running handler by a compare-exchange on the activation, and is the owner from then on. */
#include "core/life.h"

#include "base/mutant.h"
#include "core/await.h"
#include "core/deadlock.h"
#include "core/letters.h"
#include "core/timers.h"

#include <airt/behavior.h>
#include <string.h>

bool airi_behavior_handles(const airt_behavior *behavior, const airt_kind *kind)
{
    const airt_kind *const *listed = behavior->kinds;

    while (*listed != NULL && *listed != kind)
        listed++;
    return *listed != NULL || airt_kind_match(behavior->kinds, kind) != NULL;
}

static void set_state(airi_actor *actor, airt_state state)
{
    airi_store(&actor->state, (uint8_t)state, AIRI_RELEASE); /* readers of airt_info: a reading, nothing hangs on it */
}

static airi_extra *extra_make(airt_system *system, airi_worker *worker)
{
    airi_extra *extra = NULL;

    if (airi_permits(system->world, AIRT_ALLOCATION_EXTRA))
        extra = airi_heap_take(&system->heap, airi_cache_of(worker), sizeof *extra);
    if (extra == NULL)
        return NULL;
    memset(extra, 0, sizeof *extra);
    airi_list_init(&extra->waiters);
    airi_list_init(&extra->owned);
    airi_list_init(&extra->timers);
    airi_list_init(&extra->ties_a);
    airi_list_init(&extra->ties_b);
    extra->stash_max = 1024;
    return extra;
}

static bool tenant_living(airi_actor *actor, airt_ref who)
{
    /* Acquire on the state: pairs with set_state; both under the lock where it matters. */
    return airi_tenant_is(actor, who) && airi_load(&actor->state, AIRI_ACQUIRE) < AIRT_STATE_STOPPED;
}

airt_status airi_extra_at(airt_system *system, airi_worker *worker, airt_ref who, airi_extra **out_extra)
{
    airi_actor *actor = airi_slot(system, airi_ref_index(who));
    airt_status status = AIRT_EDEAD;

    if (actor == NULL || airi_slot_kind(actor) == AIRI_SLOT_CALLER)
        return AIRT_EDEAD;
    airi_mutex_lock(&actor->lock); /* an ended tenant gets no extra any more: see airi_life_close */
    if (tenant_living(actor, who)) {
        airi_extra *extra = airi_extra_seen(actor);

        if (extra == NULL) {
            extra = extra_make(system, worker);
            /* Release: pairs with the acquire of every reader. */
            airi_store(&actor->extra, extra, AIRI_RELEASE);
        }
        *out_extra = extra;
        status = extra != NULL ? AIRT_OK : AIRT_ENOMEM;
    }
    airi_mutex_unlock(&actor->lock);
    return status;
}

/* By ref: a handler whose actor was killed makes none for the slot's next tenant. What it finds here it may use only after
 * it has looked, under the lock, that it still owns the actor. */
airi_extra *airi_extra_of(airt_system *system, airi_worker *worker, airt_ref who)
{
    /* Acquire: pairs with the release in airi_extra_at. */
    airi_extra *extra = airi_load(&airi_slot(system, airi_ref_index(who))->extra, AIRI_ACQUIRE);

    if (extra == NULL && airi_extra_at(system, worker, who, &extra) != AIRT_OK)
        return NULL;
    return extra;
}

/* --- spawn -------------------------------------------------------------------------------------------------------- */

typedef struct birth {
    const airi_caller        *caller;
    const airt_behavior      *behavior;
    const airt_spawn_options *options;
    const airi_starter       *starter; /* who waits for the start, or NULL */
    airi_actor               *actor;
    airt_ref                  ref;
} birth;

static airt_status options_valid(const airi_caller *caller, const airt_behavior *behavior,
                                 const airt_spawn_options *options)
{
    bool inside = caller->ctx != NULL;

    if (behavior == NULL || behavior->receive == NULL || (unsigned)behavior->placement > AIRT_DEDICATED)
        return AIRT_EINVAL;
    if ((unsigned)options->mailbox.overflow > AIRT_WAIT || options->turn_max > UINT16_MAX ||
        (options->mailbox.max > AIRI_ROOM_MAX && options->mailbox.max != AIRT_UNBOUNDED))
        return AIRT_EINVAL;
    if (!inside && (options->link || options->monitor || options->child || options->notify_start))
        return AIRT_EINVAL;
    if (options->start.kind != NULL && !airi_behavior_handles(behavior, options->start.kind))
        return AIRT_EKIND;
    return AIRT_OK;
}

static uint8_t box_of(const airt_mailbox_options *mailbox)
{
    static const uint8_t rule[] = { [AIRT_REFUSE] = 0,
                                    [AIRT_DROP_NEW] = AIRI_BOX_DROP_NEW,
                                    [AIRT_DROP_OLD] = AIRI_BOX_DROP_OLD,
                                    [AIRT_WAIT] = AIRI_BOX_WAIT };
    unsigned             box = rule[mailbox->overflow];

    if (mailbox->max == AIRT_UNBOUNDED && mailbox->bytes_max == 0)
        return AIRI_BOX_UNBOUNDED; /* never full: no rule for that */
    if (mailbox->bytes_max != 0)
        box |= AIRI_BOX_BYTES;
    return (uint8_t)box;
}

/* The slot of a new tenant; nobody can reach it yet but by a stale ref, whose message it would dead-letter. */
/* Relaxed throughout: the opening of the box publishes the tenant. */
static void slot_fill(birth *b)
{
    airi_actor               *actor = b->actor;
    const airt_spawn_options *options = b->options;
    uint32_t                  max = options->mailbox.max;

    airi_store(&actor->mailbox_max, max == 0 ? 1024 : max > AIRI_ROOM_MAX ? AIRI_ROOM_MAX : max, AIRI_RELAXED);
    airi_store(&actor->ttl_ms, options->mailbox.ttl_ms, AIRI_RELAXED);
    airi_store(&actor->box, box_of(&options->mailbox), AIRI_RELAXED);
    airi_store(&actor->room.sent, airi_load(&actor->room.begun, AIRI_RELAXED), AIRI_RELAXED);
    actor->turn_max = (uint16_t)(options->turn_max == 0 ? 64 : options->turn_max);
    actor->behavior = b->behavior;
    /* Relaxed: see the field. */
    airi_store(&actor->slot_kind, airi_placed(b->behavior), AIRI_RELAXED);
    memset(actor->lane, 0, sizeof actor->lane);
    actor->lane_mask = 0;
    actor->lane_skips = 0;
    actor->suspended = NULL;
    actor->trap_exit = false;
    /* Relaxed: the release in airi_mail_open publishes all of it. */
    airi_store(&actor->extra, NULL, AIRI_RELAXED);
    airi_store(&actor->flags, 0, AIRI_RELAXED);
    airi_store(&actor->incarnation, 1, AIRI_RELAXED);
    airi_store(&actor->handled, 0, AIRI_RELAXED);
    airi_store(&actor->last_message_ns, 0, AIRI_RELAXED);
    airi_store(&actor->started_ns, airi_now(b->caller->system, b->caller->worker), AIRI_RELAXED);
    airi_store(&actor->active, NULL, AIRI_RELAXED);
    airi_store(&actor->waits, 0, AIRI_SEQ_CST);
    set_state(actor, AIRT_STATE_STARTING);
}

static airt_status slot_take(birth *b)
{
    airt_system *system = b->caller->system;
    uint32_t     index;
    uint64_t     generation;
    airt_status  status;

    if (airi_load(&system->stopping, AIRI_SEQ_CST))
        return AIRT_ESTOPPING;
    if (!airi_permits(system->world, AIRT_ALLOCATION_SLOT))
        return AIRT_ENOMEM;
    if (airi_fetch_add(&system->actors, 1, AIRI_SEQ_CST) >= system->options.actors_max)
        status = AIRT_ELIMIT;
    else
        status = airi_idtab_take(&system->slots, &index);
    if (status != AIRT_OK) {
        (void)airi_fetch_sub(&system->actors, 1, AIRI_SEQ_CST);
        return status;
    }
    b->actor = airi_slot(system, index);
    b->actor->index = index;
    /* Relaxed: ours alone until the box opens. A fresh slot is zeroed. */
    generation = airi_load(&b->actor->generation, AIRI_RELAXED);
    if (generation == 0) {
        airi_mail_init(&b->actor->mail);
        airi_mail_init(&b->actor->urgent);
        generation = system->generation;
    }
    airi_store(&b->actor->generation, generation, AIRI_RELAXED);
    b->ref = (airt_ref){ airi_ref_bits(index, generation) };
    slot_fill(b);
    return AIRT_OK;
}

void airi_slot_give(airt_system *system, airi_actor *actor)
{
    uint64_t generation = airi_load(&actor->generation, AIRI_RELAXED) + 1; /* owner's own */

    airi_store(&actor->generation, generation, AIRI_SEQ_CST);
    if (generation < AIRI_GENERATION_LAST) /* a slot at its last generation is retired */
        airi_idtab_give(&system->slots, actor->index);
    (void)airi_fetch_sub(&system->actors, 1, AIRI_SEQ_CST);
    airi_idle_changed(system);
}

static airt_status state_take(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    actor->self = NULL;
    if (actor->behavior->state_size == 0)
        return AIRT_OK;
    if (!airi_permits(system->world, AIRT_ALLOCATION_STATE))
        return AIRT_ENOMEM;
    actor->self = airi_heap_take(&system->heap, airi_cache_of(worker), actor->behavior->state_size);
    if (actor->self == NULL)
        return AIRT_ENOMEM;
    memset(actor->self, 0, actor->behavior->state_size);
    return AIRT_OK;
}

static void state_give(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    if (actor->self != NULL)
        airi_heap_give(&system->heap, airi_cache_of(worker), actor->self, actor->behavior->state_size);
    actor->self = NULL;
}

static bool wants_extra(const birth *b)
{
    const airt_spawn_options *options = b->options;

    return options->name != NULL || options->start.kind != NULL || options->stash_max != 0 || airi_box(b->actor) != 0 ||
           options->notify_start || b->starter != NULL || b->behavior->placement == AIRT_DEDICATED;
}

static airt_status start_copy(birth *b, airi_extra *extra)
{
    airi_source source = airi_source_of(b->caller->system, b->caller->worker);
    airt_status status = AIRT_OK;

    if (b->options->start.kind == NULL)
        return AIRT_OK;
    extra->start = airi_msg_create(&source, b->options->start.kind, b->options->start.body, 0, &status);
    return status;
}

/* Who hears how the start went: the message is reserved here. */
static airt_status starter_take(birth *b, airi_extra *extra)
{
    airi_source source = airi_source_of(b->caller->system, b->caller->worker);

    if (b->starter == NULL && !b->options->notify_start)
        return AIRT_OK;
    extra->starter = airi_msg_reserve(&source, sizeof(struct airt_started));
    if (extra->starter == NULL)
        return AIRT_ENOMEM;
    extra->starter->kind = &airt_started_kind;
    if (b->starter != NULL) {
        extra->starter_ref = b->starter->asker;
        extra->starter_call = b->starter->call.bits;
        airi_edge_set(airi_call_of(b->caller->system, b->starter->call),
                      airi_ref_generation((airt_ref){ b->starter->call.bits }), b->actor->index);
    } else {
        extra->starter_ref = b->caller->ctx->self;
        extra->starter->flags |= AIRI_MSG_BOUND;
        extra->starter->correlation = b->caller->ctx->incarnation;
    }
    return AIRT_OK;
}

static airt_status extra_fill(birth *b)
{
    airt_system *system = b->caller->system;
    airi_extra  *extra;
    airt_status  status;

    if (!wants_extra(b))
        return AIRT_OK;
    extra = airi_extra_of(system, b->caller->worker, b->ref);
    if (extra == NULL)
        return AIRT_ENOMEM;
    extra->stash_max = b->options->stash_max == 0 ? 1024 : b->options->stash_max;
    extra->wait_ms = b->options->mailbox.wait_ms == 0 ? 5000 : b->options->mailbox.wait_ms;
    extra->bytes_max = b->options->mailbox.bytes_max;
    status = start_copy(b, extra);
    if (status == AIRT_OK)
        status = starter_take(b, extra);
    if (status == AIRT_OK && b->behavior->placement == AIRT_DEDICATED && !system->world->driven && !system->foreign)
        status = airi_dedicated_start(system, &extra->dedicated);
    return status;
}

/* Without the name and the ties, which are for who could be reached. */
static void extra_release(airt_system *system, airi_worker *worker, airi_actor *actor, airi_extra *extra)
{
    airi_mutex_lock(&actor->lock);
    airi_store(&actor->extra, NULL, AIRI_SEQ_CST);
    airi_mutex_unlock(&actor->lock);
    if (extra->start != NULL)
        airi_msg_done(system, worker, extra->start);
    if (extra->starter != NULL)
        airi_msg_free(&system->heap, airi_cache_of(worker), extra->starter);
    if (extra->dedicated != NULL)
        airi_worker_dismiss(system, worker, extra->dedicated);
    airi_heap_give(&system->heap, airi_cache_of(worker), extra, sizeof *extra);
}

static void stillborn(birth *b)
{
    airt_system *system = b->caller->system;
    airi_extra  *extra = airi_extra_seen(b->actor);

    state_give(system, b->caller->worker, b->actor);
    if (extra != NULL)
        extra_release(system, b->caller->worker, b->actor, extra);
    airi_slot_give(system, b->actor);
}

/* Both boxes are still the spawner's: it schedules the owner. */
static void open_boxes(airi_actor *actor, bool quiet)
{
    airi_mail_open(&actor->urgent);
    if (quiet) /* nothing to do at the start: it runs with its first message */
        set_state(actor, AIRT_STATE_RUNNING);
    airi_mail_open(&actor->mail);
}

/* The last that can fail. Name and boxes appear together: whoever is told that the name is taken can find its actor. */
static airt_status name_and_open(birth *b, bool quiet)
{
    airt_system *system = b->caller->system;
    airt_str     name = { b->options->name, 0 };
    airi_extra  *extra = airi_extra_seen(b->actor);
    const char  *key = NULL;
    airt_status  status;

    if (name.at == NULL) {
        open_boxes(b->actor, quiet);
        return AIRT_OK;
    }
    name.size = strlen(name.at);
    airi_mutex_lock(&system->names_lock);
    status = airi_names_insert(&system->names, airi_cache_of(b->caller->worker), name, b->ref.bits, &key);
    extra->name = key;
    if (status == AIRT_OK)
        open_boxes(b->actor, quiet);
    airi_mutex_unlock(&system->names_lock);
    return status;
}

static void name_drop(airt_system *system, airi_worker *worker, airi_extra *extra)
{
    airt_str name;

    if (extra->name == NULL)
        return;
    name = (airt_str){ extra->name, strlen(extra->name) };
    airi_mutex_lock(&system->names_lock);
    extra->name = NULL;
    (void)airi_names_remove(&system->names, airi_cache_of(worker), name);
    airi_mutex_unlock(&system->names_lock);
}

static bool starts_quietly(const airi_extra *extra)
{
    return extra == NULL || (extra->start == NULL && extra->starter == NULL && extra->dedicated == NULL);
}

/* From here on the actor is its owner's: the first turn's. */
static void deliver_birth(birth *b, bool quiet)
{
    airt_system *system = b->caller->system;
    airi_actor  *actor = b->actor;

    AIRI_TALLY(system, b->caller->worker, spawned, 1);
    /* As at the end of a turn: idle, then a second look. */
    if (quiet && airi_mail_idle(&actor->mail) && (!airi_await_attention(actor, true) || !airi_mail_claim(&actor->mail)))
        return;
    airi_schedule(system, b->caller->worker, actor);
}

airt_status airi_spawn(const airi_caller *caller, const airt_behavior *behavior, const airt_spawn_options *options,
                       const airi_starter *starter, airt_ref *out_ref)
{
    static const airt_spawn_options defaults = { 0 };
    birth       b = { caller, behavior, options != NULL ? options : &defaults, starter, NULL, AIRT_NONE };
    airt_status status = options_valid(caller, behavior, b.options);
    bool        quiet;

    if (status == AIRT_OK)
        status = slot_take(&b);
    if (status != AIRT_OK)
        return status;
    status = state_take(caller->system, caller->worker, b.actor);
    if (status == AIRT_OK)
        status = extra_fill(&b);
    if (status == AIRT_OK)
        status = airi_ties_of_birth(caller, b.options, b.ref);
    quiet = starts_quietly(airi_extra_seen(b.actor));
    if (status == AIRT_OK)
        status = name_and_open(&b, quiet);
    if (status != AIRT_OK) {
        if (airi_extra_seen(b.actor) != NULL)
            airi_ties_undo(caller->system, caller->worker, b.actor);
        stillborn(&b);
        return status;
    }
    *out_ref = b.ref;
    deliver_birth(&b, quiet);
    return AIRT_OK;
}

/* --- start, failure, restart -------------------------------------------------------------------------------------- */

/* Of an activation's actor, and the message that its handler had. */
static void report(airt_ctx *ctx, airt_report_kind report_kind, airi_actor *actor, airt_status status)
{
    airt_system     *system = ctx->system;
    const airt_kind *kind = airi_load(&ctx->kind, AIRI_RELAXED); /* its own, or handed over with the actor */
    airt_report      r = {
             report_kind, airi_actor_ref(actor),   actor->behavior->name, kind != NULL ? kind->name : NULL, status,
             0,           airt_status_text(status)
    };

    if (system->options.report != NULL)
        system->options.report(system->options.report_context, &r);
}

/* Tells who waits for the start how it went. */
static void starter_tell(airt_system *system, airi_worker *worker, airi_actor *actor, airi_extra *extra,
                         airt_status status)
{
    airt_msg *answer = extra->starter;

    if (answer == NULL)
        return;
    extra->starter = NULL;
    *(struct airt_started *)airi_msg_body(answer) = (struct airt_started){ airi_actor_ref(actor), status };
    if (extra->starter_call != 0) {
        answer->correlation = extra->starter_call;
        airi_answer_send(system, worker, extra->starter_ref, answer);
    } else if (airi_deliver_reserved(system, worker, extra->starter_ref, answer) != AIRT_OK) {
        airi_refused(system, worker, extra->starter_ref, answer, AIRT_EDEAD);
    }
}

bool airi_interrupted(airi_actor *actor, airt_status status)
{
    return (status == AIRT_ESTOPPING || status == AIRT_EKILLED) &&
           (airi_load(&actor->flags, AIRI_SEQ_CST) & AIRI_ENDING) != 0;
}

bool airi_life_start(airt_ctx *ctx, airi_actor *actor)
{
    airi_extra *extra = airi_extra_seen(actor);
    airt_reason reason = { .exit = AIRT_EXIT_START, .origin = ctx->self };

    if (extra != NULL && extra->start != NULL) {
        ctx->msg = NULL;
        ctx->deadline_ns = 0;
        airi_store(&ctx->kind, extra->start->kind, AIRI_RELAXED); /* for reports */
        reason.status = airi_dispatch(ctx, actor, extra->start->kind, airi_msg_body(extra->start));
        if (ctx->abandoned) {
            airi_life_orphan_ended(ctx);
            return false;
        }
    }
    if (extra != NULL && reason.status != AIRT_STOP)
        starter_tell(ctx->system, ctx->worker, actor, extra, reason.status);
    if (reason.status == AIRT_OK || reason.status == AIRT_STOP)
        set_state(actor, AIRT_STATE_RUNNING);
    if (reason.status == AIRT_OK)
        return true;
    if (reason.status == AIRT_STOP)
        reason = (airt_reason){ .exit = AIRT_EXIT_NORMAL, .origin = ctx->self };
    else if (airi_interrupted(actor, reason.status))
        reason = airi_life_reason(actor);
    else
        report(ctx, AIRT_REPORT_FAILED, actor, reason.status);
    airi_life_end(ctx, actor, &reason, true);
    return false;
}

/* Everything of the present incarnation but its mail. */
static void incarnation_release(airt_system *system, airi_worker *worker, airi_actor *actor, airt_letter reason)
{
    airi_extra *extra = airi_extra_seen(actor);
    airi_list   owned;
    airt_msg   *msg;

    if (extra == NULL)
        return;
    if (!AIRI_MUTANT_IS(10) || reason != AIRT_LETTER_INCARNATION)
        airi_timers_release(system, worker, extra);
    airi_list_init(&owned);
    airi_mutex_lock(&actor->lock);
    airi_list_splice_back(&owned, &extra->owned);
    airi_mutex_unlock(&actor->lock);
    airi_owned_release(system, worker, &owned, reason);
    while ((msg = airi_ring_pop(&extra->stash)) != NULL) {
        AIRI_TALLY(system, worker, queued, -1);
        airi_dead(system, worker, airi_actor_ref(actor), msg, reason);
    }
    extra->stash_count = 0;
}

/* A fresh incarnation in the same slot, with its mail. False: the actor is gone. */
static bool restart(airt_ctx *ctx, airi_actor *actor, const airt_reason *why)
{
    airt_system *system = ctx->system;
    airi_extra  *extra;

    set_state(actor, AIRT_STATE_RESTARTING);
    airi_mutex_lock(&system->relations_lock);
    actor->trap_exit = false; /* its start says again whether it traps */
    airi_mutex_unlock(&system->relations_lock);
    airi_ties_announce(system, ctx->worker, actor, why, false);
    incarnation_release(system, ctx->worker, actor, AIRT_LETTER_INCARNATION);
    if (actor->self != NULL)
        memset(actor->self, 0, actor->behavior->state_size);
    (void)airi_fetch_add(&actor->incarnation, 1, AIRI_SEQ_CST);
    extra = airi_extra_seen(actor);
    airi_mutex_lock(&actor->lock);
    if (extra != NULL && extra->born != NULL)
        actor->behavior = extra->born; /* a fresh incarnation begins in its first state */
    airi_mutex_unlock(&actor->lock);
    airi_store(&actor->started_ns, ctx->worker->now_ns, AIRI_RELAXED); /* a statistic */
    AIRI_TALLY(system, ctx->worker, restarts, 1);
    if (extra != NULL)
        extra->restarts++;
    airi_ctx_bind(ctx, actor);
    set_state(actor, AIRT_STATE_STARTING);
    return airi_life_start(ctx, actor);
}

/* The hook of the present state, or the one the actor was born with. AIRT_STOP: neither has one. */
static airt_status run_hook(airt_ctx *ctx, airi_actor *actor, const airt_kind *kind, const void *body)
{
    airi_extra          *extra = airi_extra_seen(actor);
    const airt_behavior *behavior = actor->behavior;

    if (!airi_behavior_handles(behavior, kind))
        behavior = extra != NULL ? extra->born : NULL;
    if (behavior == NULL || !airi_behavior_handles(behavior, kind))
        return AIRT_STOP;
    return airi_dispatch_by(ctx, actor, behavior, kind, body);
}

static airt_status verdict(airt_ctx *ctx, airi_actor *actor, const airt_reason *why)
{
    airi_extra        *extra = airi_extra_seen(actor);
    struct airt_failed failed = { *why, extra != NULL ? extra->restarts : 0 };

    return run_hook(ctx, actor, &airt_failed_kind, &failed);
}

bool airi_life_failed(airt_ctx *ctx, airi_actor *actor, airt_status status)
{
    airt_reason why = { .exit = AIRT_EXIT_ERROR, .status = status, .origin = ctx->self };
    airt_status choice;

    ctx->deadline_ns = 0; /* the request is over; its deadline is not on_error's */
    AIRI_TALLY(ctx->system, ctx->worker, failed, 1);
    report(ctx, AIRT_REPORT_FAILED, actor, status);
    choice = verdict(ctx, actor, &why);
    if (ctx->abandoned) {
        airi_life_orphan_ended(ctx);
        return false;
    }
    switch (choice) {
    case AIRT_RESUME:
        return true;
    case AIRT_RESTART:
        return restart(ctx, actor, &why);
    case AIRT_ESCALATE: /* to its supervisor; there is none to hear it */
        report(ctx, AIRT_REPORT_ESCALATED, actor, status);
        why.exit = AIRT_EXIT_ESCALATED;
        break;
    default:
        break;
    }
    airi_life_end(ctx, actor, &why, true);
    return false;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void post_stop(airt_ctx *ctx, airi_actor *actor, const airt_reason *reason, bool started)
{
    struct airt_stopping stopping = { *reason, started };

    ctx->in_hook = true;
    ctx->msg = NULL;
    (void)run_hook(ctx, actor, &airt_stopping_kind, &stopping);
    ctx->in_hook = false;
}

static void dead_list(airt_system *system, airi_worker *worker, airi_actor *actor, airi_link *link)
{
    while (link != NULL) {
        airi_link *next = link->next;
        airt_msg  *msg = (airt_msg *)(void *)link;

        AIRI_TALLY(system, worker, queued, -1);
        if (airi_msg_is(msg, AIRI_MSG_COUNTED))
            airi_room_begin(&actor->room);
        airi_dead(system, worker, airi_actor_ref(actor), msg,
                  airi_msg_is(msg, AIRI_MSG_ANSWER) ? AIRT_LETTER_INCARNATION : AIRT_LETTER_STOPPED);
        link = next;
    }
}

static void close_boxes(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    airi_link *urgent = airi_mail_close(&actor->urgent);
    airi_link *mail;
    airt_msg  *msg;

    airi_mutex_lock(&actor->lock); /* senders of special boxes look under it */
    mail = airi_mail_close(&actor->mail);
    airi_box_release_waiters(system, worker, actor);
    airi_mutex_unlock(&actor->lock);
    dead_list(system, worker, actor, urgent);
    airi_lane_sort_in(actor, mail);
    while ((msg = airi_lane_pop(actor)) != NULL) {
        msg->link.next = NULL;
        dead_list(system, worker, actor, &msg->link);
    }
}

void airi_life_close(airt_system *system, airi_worker *worker, airi_actor *actor, const airt_reason *reason)
{
    airi_extra *extra;

    (void)airi_fetch_or(&actor->flags, AIRI_ASKED_STOP, AIRI_SEQ_CST); /* senders are refused from now on */
    airi_mutex_lock(&actor->lock); /* ties and stashes are refused from now on: see airi_extra_at */
    set_state(actor, airt_exit_is_failure(reason->exit) ? AIRT_STATE_FAILED : AIRT_STATE_STOPPED);
    airi_mutex_unlock(&actor->lock);
    extra = airi_extra_seen(actor);
    if (extra != NULL) {
        starter_tell(system, worker, actor, extra, AIRT_EFAILED); /* ended before it started */
        name_drop(system, worker, extra);
        airi_ties_announce(system, worker, actor, reason, true);
    }
    airi_store(&actor->waits, 0, AIRI_SEQ_CST);
    close_boxes(system, worker, actor);
    incarnation_release(system, worker, actor, AIRT_LETTER_STOPPED);
    state_give(system, worker, actor);
    if (extra != NULL)
        extra_release(system, worker, actor, extra);
    AIRI_TALLY(system, worker, stopped, 1);
    if (system->world->event != NULL)
        system->world->event(system->world, 0xdead, actor->index, (uint64_t)reason->exit);
    airi_slot_give(system, actor);
}

void airi_life_end(airt_ctx *ctx, airi_actor *actor, const airt_reason *reason, bool cooperative)
{
    bool started = airi_load(&actor->state, AIRI_RELAXED) != AIRT_STATE_STARTING; /* owner's own */

    set_state(actor, AIRT_STATE_STOPPING);
    if (cooperative) {
        post_stop(ctx, actor, reason, started);
        if (ctx->abandoned) { /* killed in its post_stop */
            airi_life_orphan_ended(ctx);
            return;
        }
    }
    airi_life_close(ctx->system, ctx->worker, actor, reason);
}

/* --- asked to end ------------------------------------------------------------------------------------------------- */

airt_reason airi_life_reason(airi_actor *actor)
{
    uint32_t    flags = airi_load(&actor->flags, AIRI_SEQ_CST);
    airt_reason reason = { .exit = (airt_exit)actor->asked_exit,
                           .status = (airt_status)actor->asked_status,
                           .code = actor->asked_code,
                           .origin = { actor->asked_origin } };

    if (flags & AIRI_ASKED_KILL && !airt_exit_is_failure(reason.exit))
        reason.exit = AIRT_EXIT_KILLED;
    return reason;
}

void airi_poke(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    if (airi_slot_kind(actor) == AIRI_SLOT_CALLER || airi_mail_claim(&actor->urgent) || airi_mail_claim(&actor->mail))
        airi_schedule(system, worker, actor);
}

/* The first who asks decides the reason. */
static void reason_put(airi_actor *actor, const airt_reason *reason)
{
    if (airi_fetch_or(&actor->flags, AIRI_REASON_TAKEN, AIRI_SEQ_CST) & AIRI_REASON_TAKEN)
        return;
    actor->asked_exit = (uint8_t)reason->exit;
    actor->asked_status = (uint8_t)reason->status;
    actor->asked_code = reason->code;
    actor->asked_origin = reason->origin.bits;
}

/* Takes the actor from its running handler. Under actor->lock, so that the handler's loop, which passes the lock before
 * it cleans up, finds everything handed over; and after any call of the handler that is changing what it owns. */
static bool take_from_handler(airt_ref who, airi_actor *actor, airt_ctx **out_ctx)
{
    airt_ctx *ctx = airi_load(&actor->active, AIRI_ACQUIRE); /* pairs with airi_ctx_bind */
    bool      taken = false;

    *out_ctx = ctx;
    if (ctx == NULL)
        return false;
    airi_mutex_lock(&ctx->system->kill_lock);
    if (airi_claim_ask(&ctx->claim, who.bits)) {
        if (ctx->system->light)
            (void)ctx->system->world->fence_all(ctx->system->world);
        taken = airi_claim_take(&ctx->claim, who.bits);
    }
    airi_mutex_unlock(&ctx->system->kill_lock);
    return taken;
}

/* The handler goes on with its incarnation's memory and the message it reads; the asker is told now. Under actor->lock. */
static void hand_over(const airi_caller *caller, airi_actor *actor, airt_ctx *ctx)
{
    airt_system *system = caller->system;
    airi_extra  *extra = airi_extra_seen(actor);

    (void)airi_fetch_add(&system->abandoned, 1, AIRI_SEQ_CST);
    ctx->orphan_self = actor->self;
    ctx->orphan_bytes = actor->behavior->state_size;
    actor->self = NULL;
    if (extra != NULL)
        airi_list_splice_back(&ctx->orphan_owned, &extra->owned);
    if (extra != NULL && airi_load(&actor->state, AIRI_RELAXED) == AIRT_STATE_STARTING) { /* now the killer's own */
        ctx->orphan_start = extra->start;
        extra->start = NULL;
    }
    if (ctx->msg == NULL)
        return;
    AIRI_TALLY(system, caller->worker, in_work, -1);
    airi_answer_fail(system, caller->worker, ctx->msg, AIRT_EDEAD, 0, "the server was killed");
    airi_dead_told(system, caller->worker, ctx->self, ctx->msg, AIRT_LETTER_STOPPED);
}

void airi_life_orphan_ended(airt_ctx *ctx)
{
    airt_system *system = ctx->system;

    airi_mutex_lock(&ctx->actor->lock); /* the killer has handed over when it lets go of it */
    airi_mutex_unlock(&ctx->actor->lock);
    airi_owned_release(system, ctx->worker, &ctx->orphan_owned, AIRT_LETTER_STOPPED);
    if (ctx->orphan_self != NULL)
        airi_heap_give(&system->heap, &ctx->worker->cache, ctx->orphan_self, ctx->orphan_bytes);
    ctx->orphan_self = NULL;
    if (ctx->orphan_start != NULL)
        airi_msg_done(system, ctx->worker, ctx->orphan_start);
    ctx->orphan_start = NULL;
    if (ctx->msg != NULL)
        airi_msg_done(system, ctx->worker, ctx->msg);
    ctx->msg = NULL;
    ctx->abandoned = false;
    airi_claim_end(&ctx->claim);
    (void)airi_fetch_sub(&system->abandoned, 1, AIRI_SEQ_CST);
    airi_idle_changed(system);
}

/* Not one's own handler, and not more than the system bears. */
static bool may_abandon(const airi_caller *caller, airt_ref who)
{
    return !(caller->ctx != NULL && caller->ctx->self.bits == who.bits) &&
           airi_load(&caller->system->abandoned, AIRI_SEQ_CST) < caller->system->options.abandoned_max;
}

airt_status airi_ask_end(const airi_caller *caller, airt_ref who, uint32_t how, const airt_reason *reason)
{
    airt_system *system = caller->system;
    airi_actor  *actor = airi_slot(system, airi_ref_index(who));
    airt_ctx    *ctx;
    bool         alive;
    bool         taken = false;

    if (actor == NULL || airi_slot_kind(actor) == AIRI_SLOT_CALLER)
        return AIRT_EDEAD;
    /* Under the lock the slot cannot pass to a new tenant whose flags we would set. */
    airi_mutex_lock(&actor->lock);
    alive = airi_tenant_is(actor, who) && !airi_mail_closed(&actor->mail);
    if (alive) {
        reason_put(actor, reason);
        (void)airi_fetch_or(&actor->flags, how, AIRI_SEQ_CST);
        if ((how & AIRI_ASKED_KILL) && may_abandon(caller, who) && (taken = take_from_handler(who, actor, &ctx)))
            hand_over(caller, actor, ctx);
    }
    airi_mutex_unlock(&actor->lock);
    if (taken) {
        airt_reason why = airi_life_reason(actor);

        report(ctx, AIRT_REPORT_ABANDONED, actor, AIRT_EKILLED);
        airi_life_close(system, caller->worker, actor, &why);
    } else if (alive) {
        airi_poke(system, caller->worker, actor);
    }
    return alive ? AIRT_OK : AIRT_EDEAD;
}
