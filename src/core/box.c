/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Boxes: how a message gets in, also by waiting for room. A plain box, bounded or not, needs one locked instruction; a box with
 * another rule for the full case takes its slot's lock. Any thread. */
#include "base/mutant.h"
#include "core/await.h"
#include "core/deadlock.h"
#include "core/letters.h"
#include "core/life.h"
#include "core/outside.h"

/* What follows a push: the owner is scheduled if that is ours to do. */
static airt_status pushed(airt_system *system, airi_worker *worker, airi_actor *actor, airi_mail_pushed how,
                          const airt_kind *kind)
{
    if (how > AIRI_PUSHED_WAKE)
        return AIRT_EDEAD;
    if (how == AIRI_PUSHED_WAKE)
        airi_schedule(system, worker, actor);
    AIRI_TALLY(system, worker, accepted, 1);
    airi_recorded(system, actor, kind);
    return AIRT_OK;
}

/* Pushes what has its place. No seam: notices leave under relations_lock. */
static airt_status push(airt_system *system, airi_worker *worker, airi_actor *actor, airt_msg *msg)
{
    const airt_kind *kind = msg->kind; /* after the push the message is not ours */

    return pushed(system, worker, actor, airi_mail_push(&actor->mail, &msg->link), kind);
}

/* Pushes if there is room. EFULL, EDEAD: the message is still the caller's. */
static airt_status push_within(airt_system *system, airi_worker *worker, airi_actor *actor, airt_msg *msg)
{
    const airt_kind *kind = msg->kind;
    airi_mail_pushed how;

    airi_seam(worker);
    msg->flags |= AIRI_MSG_COUNTED;
    how = airi_box_push(actor, msg);
    if (__builtin_expect(how <= AIRI_PUSHED_WAKE, 1))
        return pushed(system, worker, actor, how, kind);
    airi_msg_clear(msg, AIRI_MSG_COUNTED);
    return how == AIRI_PUSH_FULL ? AIRT_EFULL : AIRT_EDEAD;
}

/* --- boxes with a rule of their own ------------------------------------------------------------------------------- */

/* Under actor->lock: the extra of the very tenant that a sender means; it stays until the lock is let go. NULL: gone. */
static airi_extra *tenant_extra(airi_actor *actor, airt_ref to)
{
    return airi_tenant_is(actor, to) && !airi_mail_closed(&actor->mail) ? airi_extra_seen(actor) : NULL;
}

/* What bytes_max counts: the struct and what its views show. */
static int64_t body_bytes(const airt_msg *msg)
{
    return (int64_t)(msg->kind->size + airi_body_tail(msg->kind, airt_msg_body(msg)));
}

/* One that would not fit into an empty box: nobody waits with it, and nobody makes room for it. */
static bool too_large(airi_actor *actor, const airi_extra *extra, const airt_msg *msg)
{
    return (airi_box(actor) & AIRI_BOX_BYTES) != 0 && body_bytes(msg) > (int64_t)extra->bytes_max;
}

/* Under the lock: the place and the bytes, or neither. */
static bool room_take(airi_actor *actor, airi_extra *extra, const airt_msg *msg)
{
    int64_t bytes = airi_box(actor) & AIRI_BOX_BYTES ? body_bytes(msg) : 0;

    if (bytes != 0 && extra->bytes_used + bytes > (int64_t)extra->bytes_max)
        return false;
    if (!airi_room_take(&actor->mail, &actor->room, airi_box_max(actor)))
        return false;
    extra->bytes_used += bytes;
    return true;
}

/* Drop-old: makes room by the oldest of the lowest rank, the new message included. NULL: the new one is the victim. */
static airt_msg *evict_for(airi_actor *actor, const airt_msg *msg)
{
    unsigned rank = airi_priority_rank((airt_priority)msg->priority);

    return airi_lane_evict(actor, rank);
}

/* Under the lock: a counted message gives its place back. */
void airi_box_place_back(airi_actor *actor, airi_extra *extra, const airt_msg *msg)
{
    airi_room_begin(&actor->room);
    /* What came from a sender that took this tenant for the last one was never counted. Relaxed: the owner's own. */
    if ((airi_box(actor) & AIRI_BOX_BYTES) && msg->generation == airi_load(&actor->generation, AIRI_RELAXED))
        extra->bytes_used -= body_bytes(msg);
}

/* Under the lock; *out_victim is to be dead-lettered after it. A victim that is the new message itself is accepted and
 * dropped. */
static airt_status drop_old(airt_system *system, airi_worker *worker, airi_actor *actor, airi_extra *extra,
                            airt_msg *msg, airt_msg **out_victim)
{
    while (too_large(actor, extra, msg) || !room_take(actor, extra, msg)) {
        airt_msg *victim = too_large(actor, extra, msg) ? NULL : evict_for(actor, msg);

        if (victim == NULL) {
            msg->link.next = *out_victim == NULL ? NULL : &(*out_victim)->link;
            *out_victim = msg;
            AIRI_TALLY(system, worker, accepted, 1);
            AIRI_TALLY(system, worker, queued, -1);
            airi_recorded(system, actor, msg->kind);
            return AIRT_OK;
        }
        AIRI_ASSERT(!airi_msg_is(victim, AIRI_MSG_HAD)); /* its memory would be its owner's to give back, too */
        airi_box_place_back(actor, extra, victim);       /* it takes room: airi_lane_evict saw to that */
        AIRI_TALLY(system, worker, queued, -1);
        victim->link.next = *out_victim == NULL ? NULL : &(*out_victim)->link;
        *out_victim = victim;
    }
    msg->flags |= AIRI_MSG_COUNTED;
    airi_lane_append(actor, msg);
    AIRI_TALLY(system, worker, accepted, 1);
    airi_recorded(system, actor, msg->kind);
    return AIRT_OK;
}

static void drop_victims(airt_system *system, airi_worker *worker, airt_ref to, airt_msg *victim)
{
    while (victim != NULL) {
        airt_msg *next = (airt_msg *)(void *)victim->link.next;

        airi_dead(system, worker, to, victim, AIRT_LETTER_DROPPED);
        victim = next;
    }
}

static airt_status deliver_drop_old(const airi_caller *caller, airi_actor *actor, airt_ref to, airt_msg *msg)
{
    airt_msg   *victims = NULL;
    airi_extra *extra;
    airt_status status = AIRT_EDEAD;
    bool        claimed = false;

    airi_mutex_lock(&actor->lock);
    extra = tenant_extra(actor, to);
    if (extra != NULL) {
        msg->link.next = NULL;
        status = drop_old(caller->system, caller->worker, actor, extra, msg, &victims);
        (void)airi_fetch_or(&actor->flags, AIRI_LANE_NEWS, AIRI_SEQ_CST);
        claimed = airi_mail_claim(&actor->mail);
    }
    airi_mutex_unlock(&actor->lock);
    if (claimed)
        airi_schedule(caller->system, caller->worker, actor);
    drop_victims(caller->system, caller->worker, to, victims);
    return status;
}

/* A box that counts bytes: into it at once, or EFULL; never past those who wait. All of it under the lock, so that the
 * bytes are counted by the tenant that will begin the message. */
static airt_status deliver_bytes(const airi_caller *caller, airi_actor *actor, airt_ref to, airt_msg *msg)
{
    const airt_kind *kind = msg->kind;
    airi_mail_pushed how = AIRI_PUSH_CLOSED;
    airi_extra      *extra;
    bool             full = false;

    airi_mutex_lock(&actor->lock);
    extra = tenant_extra(actor, to);
    if (extra != NULL)
        full = !airi_list_empty(&extra->waiters) || too_large(actor, extra, msg) || !room_take(actor, extra, msg);
    if (extra != NULL && !full) {
        msg->flags |= AIRI_MSG_COUNTED;
        how = airi_mail_push(&actor->mail, &msg->link);
    }
    airi_mutex_unlock(&actor->lock);
    return full ? AIRT_EFULL : pushed(caller->system, caller->worker, actor, how, kind);
}

/* --- waiting for room --------------------------------------------------------------------------------------------- */

static int64_t wait_deadline(const airi_caller *caller, const airi_extra *extra, int64_t wait_ns)
{
    int64_t now = caller->system->world->now_ns(caller->system->world);
    int64_t own = (int64_t)extra->wait_ms * 1000000;
    int64_t due;

    if (wait_ns <= 0)
        wait_ns = own;
    due = wait_ns >= AIRI_NEVER - now ? AIRI_NEVER : now + wait_ns;
    if (caller->ctx != NULL && caller->ctx->deadline_ns != 0 && caller->ctx->deadline_ns < due)
        due = caller->ctx->deadline_ns;
    return due;
}

/* Announces first, then looks for room: the owner makes room, then looks for waiters. True: there was some after all. */
static bool room_or_wait(airi_actor *actor, airi_extra *extra, airi_waiter *waiter)
{
    bool others = airi_mail_want(&actor->mail);

    if (others || !room_take(actor, extra, waiter->msg)) {
        airi_list_push_back(&extra->waiters, &waiter->link);
        return false;
    }
    airi_mail_unwant(&actor->mail);
    return true;
}

/* Enlists a sender behind those already waiting. Not EPENDING: there was room after all, or none ever, or no such box
 * any more. */
static airt_status enlist(const airi_caller *caller, airi_actor *actor, airi_waiter *waiter, int64_t wait_ns)
{
    airt_msg        *msg = waiter->msg;
    const airt_kind *kind = msg->kind;
    airt_status      status = AIRT_EPENDING;
    airi_mail_pushed how = AIRI_PUSH_CLOSED;
    airi_extra      *extra;

    airi_mutex_lock(&actor->lock);
    extra = tenant_extra(actor, waiter->to);
    if (extra == NULL) {
        status = AIRT_EDEAD;
    } else if (too_large(actor, extra, msg)) {
        status = AIRT_EFULL;
    } else {
        waiter->due_ns = wait_deadline(caller, extra, wait_ns);
        if (room_or_wait(actor, extra, waiter)) {
            status = AIRT_OK;
            msg->flags |= AIRI_MSG_COUNTED;
            how = airi_mail_push(&actor->mail, &msg->link);
        }
    }
    airi_mutex_unlock(&actor->lock);
    return status == AIRT_OK ? pushed(caller->system, caller->worker, actor, how, kind) : status;
}

/* Under the lock. */
static void unlist(airi_actor *actor, airi_extra *extra, airi_waiter *waiter)
{
    airi_list_remove(&waiter->link);
    if (airi_list_empty(&extra->waiters))
        airi_mail_unwant(&actor->mail);
}

bool airi_waiter_withdraw(airt_system *system, airi_waiter *waiter)
{
    airi_actor *actor = airi_slot(system, airi_ref_index(waiter->to));
    bool        withdrawn = false;
    bool        poke = false;

    airi_mutex_lock(&actor->lock);
    if (airi_waiter_status(waiter) == AIRT_EPENDING) { /* listed: its tenant, and the extra, are there */
        airi_extra *extra = airi_extra_seen(actor);

        unlist(actor, extra, waiter);
        /* Those behind may need fewer bytes, and nothing may be left in the box to bring its owner to look. */
        if (!airi_list_empty(&extra->waiters) && (airi_box(actor) & AIRI_BOX_BYTES) != 0) {
            (void)airi_fetch_or(&actor->flags, AIRI_LANE_NEWS, AIRI_SEQ_CST);
            poke = airi_mail_claim(&actor->urgent) || airi_mail_claim(&actor->mail);
        }
        withdrawn = true;
    }
    airi_mutex_unlock(&actor->lock);
    if (poke)
        airi_schedule(system, NULL, actor);
    return withdrawn;
}

/* Tells a waiter; its thread or handler may be gone with the waiter the moment the status is written. */
static void waiter_tell(airt_system *system, airi_worker *worker, airi_waiter *waiter, airt_status status)
{
    airi_actor *sender = airi_slot(system, airi_ref_index(waiter->sender_slot));

    if (waiter->call != 0)
        airi_edge_clear(system, waiter->call); /* it waits no more, whenever it may notice */
    /* The flag first: the sender cannot leave before the status is written. Release: pairs with the sender's acquire. */
    (void)airi_fetch_or(&sender->flags, AIRI_ROOM_OVER, AIRI_SEQ_CST);
    airi_store(&waiter->status, (uint32_t)status, AIRI_RELEASE);
    airi_poke(system, worker, sender);
}

/* Under the lock. Its place is taken, and what it sent before is in the lanes, to stay before this. */
static void let_in(airi_worker *worker, airi_actor *actor, airi_waiter *waiter)
{
    airt_msg *msg = waiter->msg;

    unlist(actor, airi_extra_seen(actor), waiter); /* owner's own */
    msg->flags |= AIRI_MSG_COUNTED;
    airi_lane_append(actor, msg);
    AIRI_TALLY(worker->system, worker, accepted, 1);
    if (worker->system->recorder != NULL)
        airi_recorded(worker->system, actor, msg->kind);
    waiter_tell(worker->system, worker, waiter, AIRT_OK);
}

/* Under the lock. */
static airi_waiter *first_waiter(airi_actor *actor)
{
    airi_extra *extra = airi_extra_seen(actor);

    return airi_list_empty(&extra->waiters) ? NULL : AIRI_CONTAINER(extra->waiters.next, airi_waiter, link);
}

void airi_box_let_in(airi_worker *worker, airi_actor *actor, uint32_t most)
{
    airi_waiter *waiter;

    airi_mutex_lock(&actor->lock);
    airi_lane_sort_in(actor, airi_box_gather(worker, actor));
    while (most-- > 0 && (waiter = first_waiter(actor)) != NULL &&
           room_take(actor, airi_extra_seen(actor), waiter->msg))
        let_in(worker, actor, waiter);
    airi_mutex_unlock(&actor->lock);
}

void airi_box_grant(airi_worker *worker, airi_actor *actor)
{
    if (__builtin_expect((airi_box(actor) & AIRI_BOX_WAIT) != 0, 0) && airi_mail_look(&actor->mail))
        airi_box_let_in(worker, actor, UINT32_MAX);
}

/* A quick owner lets one in for each share that it begins (airi_is_share_begun) once half of the box is free. Those who have
 * not waited may take the other places; so that they cannot take all, one is let in for every whole box in any case. */
static bool hands_on(const airi_worker *worker, airi_actor *actor)
{
    return worker->clock_every <= 1 || (airi_extra_seen(actor)->begun_wanted & (airi_box_floor(actor) - 1)) == 0 ||
           airi_room_used(&actor->mail, &actor->room) <= airi_box_max(actor) / 2;
}

/* False: nobody waits. */
static bool hand_on(airi_worker *worker, airi_actor *actor)
{
    airi_waiter *waiter;

    airi_mutex_lock(&actor->lock);
    waiter = first_waiter(actor);
    if (waiter != NULL) {
        airi_lane_sort_in(actor, airi_box_gather(worker, actor));
        let_in(worker, actor, waiter);
    }
    airi_mutex_unlock(&actor->lock);
    return waiter != NULL;
}

void airi_begin_wanted_place(airi_worker *worker, airi_actor *actor)
{
    if (!hands_on(worker, actor) || !hand_on(worker, actor))
        airi_room_begin(&actor->room);
}

void airi_box_release_waiters(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    airi_extra *extra = airi_extra_seen(actor);

    while (extra != NULL && !airi_list_empty(&extra->waiters)) {
        airi_waiter *waiter = AIRI_CONTAINER(extra->waiters.next, airi_waiter, link);

        unlist(actor, extra, waiter);
        waiter_tell(system, worker, waiter, AIRI_MUTANT_IS(9) ? AIRT_OK : AIRT_EDEAD);
    }
}

static airt_status wait_inside(const airi_caller *caller, airi_actor *actor, airi_waiter *waiter, int64_t wait_ns)
{
    airt_ctx   *ctx = caller->ctx;
    airt_status status = airi_may_await(ctx);
    bool        waits;

    if (status != AIRT_OK)
        return status;
    waiter->sender_slot = ctx->self;
    /* Its edge: before it is enlisted, because whoever decides ends it. */
    waiter->call = airi_call_open(ctx->system, ctx->actor, &ctx->room_call, airi_ref_index(waiter->to)).bits;
    if (waiter->call == 0)
        return AIRT_ENOMEM;
    status = enlist(caller, actor, waiter, wait_ns);
    waits = status == AIRT_EPENDING;
    if (waits)
        status = airi_await_room(ctx, waiter, waiter->due_ns);
    airi_calls_close(ctx->system, ctx->worker, &ctx->room_call);
    if (!waits)
        return status;
    if (status != AIRT_OK && airi_waiter_withdraw(ctx->system, waiter))
        return status;
    if (status != AIRT_OK)
        airi_await_forget(ctx);
    return (airt_status)airi_waiter_status(waiter);
}

static airt_status wait_outside(const airi_caller *caller, airi_actor *actor, airi_waiter *waiter, int64_t wait_ns)
{
    airi_actor *slot = airi_outside_slot_take(caller->system);
    airt_status status;

    if (slot == NULL)
        return AIRT_ENOMEM;
    waiter->sender_slot = airi_actor_ref(slot);
    status = enlist(caller, actor, waiter, wait_ns);
    if (status == AIRT_EPENDING)
        status = airi_outside_wait_room(caller, waiter, slot, waiter->due_ns);
    airi_outside_slot_give(caller->system, slot);
    return status;
}

/* Nobody waits and there is room: as in a plain box. EFULL: not so. */
static airt_status deliver_plainly(const airi_caller *caller, airi_actor *actor, airt_ref to, airt_msg *msg)
{
    if (airi_box(actor) & AIRI_BOX_BYTES)
        return deliver_bytes(caller, actor, to, msg);
    return push_within(caller->system, caller->worker, actor, msg);
}

static airt_status deliver_wait(const airi_caller *caller, airi_actor *actor, airt_ref to, airt_msg *msg,
                                int64_t wait_ns)
{
    airi_waiter waiter = { .msg = msg, .to = to };
    airt_status status = deliver_plainly(caller, actor, to, msg);

    if (status != AIRT_EFULL || wait_ns < 0)
        return status;
    airi_store(&waiter.status, AIRT_EPENDING, AIRI_RELAXED); /* not shared yet */
    return caller->ctx != NULL ? wait_inside(caller, actor, &waiter, wait_ns)
                               : wait_outside(caller, actor, &waiter, wait_ns);
}

static airt_status deliver_special(const airi_caller *caller, airi_actor *actor, airt_ref to, airt_msg *msg,
                                   int64_t wait_ns)
{
    unsigned    box = airi_box(actor);
    airt_status status;

    if (box & AIRI_BOX_DROP_OLD)
        return deliver_drop_old(caller, actor, to, msg);
    if (box & AIRI_BOX_WAIT)
        return deliver_wait(caller, actor, to, msg, wait_ns);
    status = deliver_plainly(caller, actor, to, msg);
    if (status != AIRT_EFULL || (box & AIRI_BOX_DROP_NEW) == 0)
        return status;
    AIRI_TALLY(caller->system, caller->worker, accepted, 1);
    AIRI_TALLY(caller->system, caller->worker, queued, -1);
    if (caller->system->recorder != NULL)
        airi_recorded(caller->system, actor, msg->kind);
    airi_dead(caller->system, caller->worker, to, msg, AIRT_LETTER_DROPPED);
    return AIRT_OK;
}

/* --- in ----------------------------------------------------------------------------------------------------------- */

/* A request expires by its own deadline; anything else by the box's time-to-live. */
static void stamp(airt_system *system, airi_actor *actor, airt_msg *msg)
{
    int64_t ttl_ms = airi_load(&actor->ttl_ms, AIRI_RELAXED); /* relaxed: see the field */

    if (ttl_ms != 0 && airi_msg_deadline(msg) == 0) {
        airi_msg_set_deadline(msg, system->world->now_ns(system->world) + 1000000 * ttl_ms);
        msg->flags |= AIRI_MSG_TTL;
    }
    if (airi_msg_is(msg, AIRI_MSG_REQUEST))
        airi_edge_move(system, msg->correlation, actor->index);
}

airt_status airi_deliver(const airi_caller *caller, airt_ref to, airt_msg *msg, int64_t wait_ns)
{
    airt_system *system = caller->system;
    airi_actor  *actor = airi_box_of(system, to);
    airi_chain   chain;

    if (actor == NULL)
        return AIRT_EDEAD;
    /* Relaxed: a glance, so that an actor that is draining or ending comes to an end. */
    if (airi_load(&actor->flags, AIRI_RELAXED) & AIRI_CLOSED_TO_SENDERS)
        return AIRT_EDEAD;
    if (airi_msg_is(msg, AIRI_MSG_REQUEST) && (airi_load(&actor->flags, AIRI_RELAXED) & AIRI_ASKS_FAIL) != 0)
        return AIRT_EDEAD; /* relaxed: a glance, as above */
    if (airi_load(&actor->ttl_ms, AIRI_RELAXED) != 0 || airi_msg_is(msg, AIRI_MSG_REQUEST))
        stamp(system, actor, msg);
    if (airi_msg_is(msg, AIRI_MSG_REQUEST) && airi_move_closes(system, msg, to, &chain)) {
        (void)airi_answer_deadlock(system, caller->worker, msg, &chain);
        return AIRT_EDEADLK;
    }
    msg->generation = airi_ref_generation(AIRI_MUTANT_IS(5) ? airi_actor_ref(actor) : to) & AIRI_GENERATION_LAST;
    if (airi_box(actor) != 0)
        return deliver_special(caller, actor, to, msg, wait_ns);
    return push_within(system, caller->worker, actor, msg);
}

airt_status airi_deliver_reserved(airt_system *system, airi_worker *worker, airt_ref to, airt_msg *msg)
{
    airi_actor *actor = airi_box_of(system, to);

    if (actor == NULL)
        return AIRT_EDEAD;
    msg->generation = airi_ref_generation(to) & AIRI_GENERATION_LAST;
    return push(system, worker, actor, msg);
}
