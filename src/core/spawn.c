/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How an actor comes to be: its slot, its state, what most do not have (the extra), its name; and how each of these is
 * given back. Any thread, until the boxes are open. */
#include "core/life.h"

#include "base/mutant.h"
#include "core/await.h"
#include "core/budget.h"
#include "core/children.h"
#include "core/deadlock.h"
#include "core/flight.h"
#include "core/letters.h"
#include "core/quarantine.h"
#include "core/timers.h"

#include <airt/behavior.h>
#include <string.h>

bool airi_behavior_handles(const airt_behavior *behavior, const airt_kind *kind)
{
    const airt_kind *const *listed = behavior->kinds;

    /* The same kind has the same size: most that are another are told apart without a call. */
    while (*listed != NULL && *listed != kind && ((*listed)->size != kind->size || !airt_kind_same(*listed, kind)))
        listed++;
    return *listed != NULL;
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
    airi_list_init(&extra->ties_a);
    airi_list_init(&extra->ties_b);
    extra->stash_max = 1024;
    return extra;
}

bool airi_tenant_living(airi_actor *actor, airt_ref who)
{
    /* From here on it does not end without the lock, if it has not ended already: then the acquire in the notice shows it. */
    airi_mail_notice(&actor->urgent);
    return airi_tenant_is(actor, who) && airi_load(&actor->state, AIRI_ACQUIRE) < AIRT_STATE_STOPPED;
}

airt_status airi_extra_at(airt_system *system, airi_worker *worker, airt_ref who, airi_extra **out_extra)
{
    airi_actor *actor = airi_slot(system, airi_ref_index(who));
    airt_status status = AIRT_EDEAD;

    if (actor == NULL || airi_slot_kind(actor) == AIRI_SLOT_CALLER)
        return AIRT_EDEAD;
    airi_mutex_lock(&actor->lock); /* an ended tenant gets no extra any more: see airi_life_close */
    if (airi_tenant_living(actor, who)) {
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
    bool                      start_taken; /* the construction arguments: what a LOCAL body owns is not the caller's */
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
    if (!inside &&
        (options->link || options->monitor || options->child || options->notify_start || options->supervised))
        return AIRT_EINVAL;
    if (options->memory_max != 0 && behavior->state_size > options->memory_max)
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

/* A backlog in a box without bound is worked off while it is in the caches; turn_us is its limit. */
static uint16_t turn_max_of(const airt_spawn_options *options)
{
    if (options->turn_max != 0)
        return (uint16_t)options->turn_max;
    return options->mailbox.max == AIRT_UNBOUNDED ? UINT16_MAX : 1024;
}

static uint32_t flags_of(uint8_t box, const airt_mailbox_options *mailbox)
{
    return (box & ~(unsigned)AIRI_BOX_PLAIN) != 0 || mailbox->ttl_ms != 0 ? AIRI_RULES : 0;
}

/* More than can be in use, where there is no end of places. */
static uint32_t bound_of(uint8_t box, const airt_mailbox_options *mailbox)
{
    if (box & AIRI_BOX_UNBOUNDED)
        return UINT32_MAX;
    return mailbox->max == 0 ? 1024 : mailbox->max > AIRI_ROOM_MAX ? AIRI_ROOM_MAX : mailbox->max;
}

/* The slot of a new tenant; nobody can reach it yet but by a stale ref, whose message it would dead-letter. */
/* Relaxed throughout: the opening of the box publishes the tenant. */
static void slot_fill(birth *b)
{
    airi_actor               *actor = b->actor;
    const airt_spawn_options *options = b->options;
    uint8_t                   box = box_of(&options->mailbox);

    airi_store(&actor->mailbox_max, bound_of(box, &options->mailbox), AIRI_RELAXED);
    airi_store(&actor->ttl_ms, options->mailbox.ttl_ms, AIRI_RELAXED);
    airi_store(&actor->box, box, AIRI_RELAXED);
    airi_room_renew(&actor->room);
    actor->turn_max = turn_max_of(options);
    actor->behavior = b->behavior;
    /* Relaxed: see the field. */
    airi_store(&actor->slot_kind,
               (uint8_t)(airi_placed(b->behavior) | (options->memory_max != 0 ? AIRI_SLOT_BUDGETED : 0u)),
               AIRI_RELAXED);
    memset(actor->lane, 0, sizeof actor->lane);
    actor->lane_mask = 0;
    actor->lane_skips = 0;
    actor->suspended = false;
    actor->had = 0;
    actor->trap_exit = false;
    /* Relaxed: the release in airi_mail_open publishes all of it. */
    airi_store(&actor->extra, NULL, AIRI_RELAXED);
    airi_store(&actor->flags, flags_of(box, &options->mailbox), AIRI_RELAXED);
    airi_store(&actor->incarnation, 1, AIRI_RELAXED);
    airi_store(&actor->handled, 0, AIRI_RELAXED);
    airi_store(&actor->last_message_ns, 0, AIRI_RELAXED);
    airi_store(&actor->started_ns, airi_now(b->caller->system, b->caller->worker), AIRI_RELAXED);
    airi_store(&actor->active, NULL, AIRI_RELAXED);
    airi_store(&actor->child, 0u, AIRI_RELAXED);
    airi_state_set(b->caller->system, actor, AIRT_STATE_STARTING);
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
        status = airi_slots_take(airi_slots_of(b->caller->worker), &system->slots, &index);
    if (status != AIRT_OK) {
        (void)airi_fetch_sub(&system->actors, 1, AIRI_SEQ_CST);
        return status;
    }
    b->actor = airi_slot(system, index);
    /* Relaxed: ours alone until the box opens. A fresh slot is zeroed. */
    generation = airi_load(&b->actor->generation, AIRI_RELAXED);
    if (generation == 0) {
        b->actor->index = index;
        airi_mail_init(&b->actor->mail);
        airi_mail_init(&b->actor->urgent);
        airi_store(&b->actor->state, AIRT_STATE_STOPPED, AIRI_RELAXED);
        generation = system->generation;
    }
    airi_store(&b->actor->generation, generation, AIRI_RELEASE); /* partner: who asks all, in system.c */
    b->ref = (airt_ref){ airi_ref_bits(index, generation) };
    slot_fill(b);
    return AIRT_OK;
}

void airi_slot_give(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    uint64_t generation = airi_load(&actor->generation, AIRI_RELAXED) + 1; /* owner's own */

    /* Release: who sees the next tenant's sees the last one's boxes closed; partner is the acquire in airi_tenant_is. Who
     * still sees the last one's under the lock sees that it has ended. */
    airi_store(&actor->generation, generation, AIRI_RELEASE);
    if (generation < AIRI_GENERATION_LAST) /* a slot at its last generation is retired */
        airi_slots_give(airi_slots_of(worker), &system->slots, actor->index);
    (void)airi_fetch_sub(&system->actors, 1, AIRI_SEQ_CST);
    airi_idle_changed(system);
}

airt_status airi_state_take(airt_system *system, airi_worker *worker, airi_actor *actor)
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

void airi_state_give(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    if (actor->self != NULL)
        airi_heap_give(&system->heap, airi_cache_of(worker), actor->self, actor->behavior->state_size);
    actor->self = NULL;
}

static bool wants_extra(const birth *b)
{
    const airt_spawn_options *options = b->options;

    return options->name != NULL || options->start.kind != NULL || options->stash_max != 0 || airi_box(b->actor) != 0 ||
           options->notify_start || options->memory_max != 0 || b->starter != NULL ||
           b->behavior->placement == AIRT_DEDICATED;
}

static airt_status start_copy(birth *b, airi_extra *extra)
{
    airi_source source = airi_source_of(b->caller->system, b->caller->worker);
    airt_status status = AIRT_OK;

    if (b->options->start.kind == NULL)
        return AIRT_OK;
    extra->start = airi_msg_create(&source, b->options->start.kind, b->options->start.body, false, &status);
    b->start_taken = extra->start != NULL;
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
    extra->memory_max = b->options->memory_max;
    airi_budget_renew(b->actor, extra);
    status = start_copy(b, extra);
    if (status == AIRT_OK)
        status = starter_take(b, extra);
    if (status == AIRT_OK && b->behavior->placement == AIRT_DEDICATED && !system->world->driven && !system->foreign)
        status = airi_dedicated_start(system, &extra->dedicated);
    return status;
}

/* Without the name and the ties, which are for who could be reached. */
void airi_extra_release(airt_system *system, airi_worker *worker, airi_actor *actor, airi_extra *extra)
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
    airi_quarantine_free(system, worker, extra);
    airi_brood_free(system, worker, extra);
    airi_heap_give(&system->heap, airi_cache_of(worker), extra, sizeof *extra);
}

static void stillborn(birth *b)
{
    airt_system *system = b->caller->system;
    airi_extra  *extra = airi_extra_seen(b->actor);

    airi_state_give(system, b->caller->worker, b->actor);
    if (extra != NULL)
        airi_extra_release(system, b->caller->worker, b->actor, extra);
    airi_state_set(system, b->actor, AIRT_STATE_STOPPED);
    airi_slot_give(system, b->caller->worker, b->actor);
}

/* Both boxes are still the spawner's: it schedules the owner. */
static void open_boxes(airt_system *system, airi_actor *actor, bool quiet)
{
    airi_mail_open(&actor->urgent);
    if (quiet) /* nothing to do at the start: it runs with its first message */
        airi_state_set(system, actor, AIRT_STATE_RUNNING);
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
        open_boxes(system, b->actor, quiet);
        return AIRT_OK;
    }
    name.size = strlen(name.at);
    airi_mutex_lock(&system->names_lock);
    status = airi_names_insert(&system->names, airi_cache_of(b->caller->worker), name, b->ref.bits, &key);
    extra->name = key;
    if (status == AIRT_OK)
        open_boxes(system, b->actor, quiet);
    airi_mutex_unlock(&system->names_lock);
    return status;
}

void airi_name_drop(airt_system *system, airi_worker *worker, airi_extra *extra)
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

static void note_birth(const birth *b)
{
    AIRI_TALLY(b->caller->system, b->caller->worker, spawned, 1);
    airi_flight_note(b->caller->system,
                     (airi_flight_fact){ AIRI_FLIGHT_SPAWN, b->ref, b->behavior,
                                         b->caller->ctx != NULL ? b->caller->ctx->self : AIRT_NONE, 0 });
}

/* Without an extra it has no name, tie or start, and unsupervised no supervisor: nobody has heard of it, nobody can ask
 * anything of it before its box is open, and it need not be looked at again afterwards. */
static bool is_unheard_of(const birth *b)
{
    return airi_extra_seen(b->actor) == NULL && !b->options->supervised;
}

/* The last act: whoever sends the first message, be it meant for an earlier tenant, schedules it. */
static void appear(const birth *b)
{
    airi_mail_open(&b->actor->urgent);
    airi_state_set(b->caller->system, b->actor, AIRT_STATE_RUNNING);
    note_birth(b);
    airi_mail_open_idle(&b->actor->mail);
}

/* From here on the actor is its owner's: the first turn's. */
static void deliver_birth(birth *b, bool quiet)
{
    airt_system *system = b->caller->system;
    airi_actor  *actor = b->actor;

    note_birth(b);
    /* As at the end of a turn: idle, then a second look. */
    if (quiet && airi_mail_idle(&actor->mail, 0) &&
        (!airi_await_attention(actor, true) || !airi_mail_claim(&actor->mail)))
        return;
    airi_schedule(system, b->caller->worker, actor);
}

airt_status airi_spawn(const airi_caller *caller, const airt_behavior *behavior, const airt_spawn_options *options,
                       const airi_starter *starter, airt_ref *out_ref)
{
    static const airt_spawn_options defaults = { 0 };
    birth       b = { caller, behavior, options != NULL ? options : &defaults, starter, NULL, AIRT_NONE, false };
    airt_status status = options_valid(caller, behavior, b.options);
    bool        quiet;

    if (status == AIRT_OK)
        status = slot_take(&b);
    if (status != AIRT_OK) {
        airi_body_drop(b.options->start.kind, b.options->start.body);
        return status;
    }
    status = airi_state_take(caller->system, caller->worker, b.actor);
    if (status == AIRT_OK)
        status = extra_fill(&b);
    if (status == AIRT_OK)
        status = airi_ties_of_birth(caller, b.options, b.ref);
    if (status == AIRT_OK && is_unheard_of(&b)) {
        appear(&b);
        *out_ref = b.ref;
        return AIRT_OK;
    }
    quiet = starts_quietly(airi_extra_seen(b.actor));
    if (status == AIRT_OK && b.options->supervised)
        status = airi_child_of_birth(caller, b.options, b.ref, quiet);
    if (status == AIRT_OK)
        status = name_and_open(&b, quiet);
    if (status != AIRT_OK) {
        airi_child_undo(caller->system, b.actor);
        if (airi_extra_seen(b.actor) != NULL)
            airi_ties_undo(caller->system, caller->worker, b.actor);
        if (!b.start_taken) /* consumed, whatever comes */
            airi_body_drop(b.options->start.kind, b.options->start.body);
        stillborn(&b);
        return status;
    }
    *out_ref = b.ref;
    deliver_birth(&b, quiet);
    return AIRT_OK;
}
