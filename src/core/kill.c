/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Asked to end: the first reason counts. A killer takes the actor from its running handler, which then goes on alone,
 * abandoned, with the memory it uses, until it returns. */
#include "core/life.h"

#include "core/await.h"
#include "core/children.h"
#include "core/flight.h"
#include "core/letters.h"

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

void airi_reason_set(airi_actor *actor, const airt_reason *reason)
{
    actor->asked_exit = (uint8_t)reason->exit;
    actor->asked_status = (uint8_t)reason->status;
    actor->asked_code = reason->code;
    actor->asked_origin = reason->origin.bits;
}

/* The first who asks decides the reason. */
static void reason_put(airi_actor *actor, const airt_reason *reason)
{
    if ((airi_fetch_or(&actor->flags, AIRI_REASON_TAKEN, AIRI_SEQ_CST) & AIRI_REASON_TAKEN) == 0)
        airi_reason_set(actor, reason);
}

/* Takes the actor from its running handler. Under actor->lock, so that the handler's loop, which passes the lock before
 * it cleans up, finds everything handed over; and after any call of the handler that is changing what it owns. */
static bool take_from_handler(airt_system *system, airt_ref who, airi_actor *actor, airt_ctx **out_ctx)
{
    airt_ctx *ctx = airi_load(&actor->active, AIRI_ACQUIRE); /* pairs with airi_ctx_bind */
    bool      taken = false;

    /* Until it is taken the activation may be anybody's, or given back: nothing but its claim is looked at. */
    *out_ctx = ctx;
    if (ctx == NULL)
        return false;
    airi_mutex_lock(&system->kill_lock);
    if (airi_claim_ask(&ctx->claim, who.bits)) {
        if (system->light)
            (void)system->world->fence_all(system->world);
        taken = airi_claim_take(&ctx->claim, who.bits);
    }
    airi_mutex_unlock(&system->kill_lock);
    return taken;
}

/* Who asked for what the actor kept is told now, not when the abandoned handler returns. What that handler gives back
 * is no more in a budget that may be another's by then. */
static void tell_kept_askers(const airi_caller *caller, airi_list *owned)
{
    AIRI_LIST_EACH (link, owned) {
        airi_owned *one = AIRI_CONTAINER(link, airi_owned, link);
        airt_msg   *msg = one->what == AIRI_OWNED_MESSAGE ? ((airi_keeper *)(void *)one)->msg : NULL;

        one->charge = 0;
        if (msg != NULL && !airi_msg_is(msg, AIRI_MSG_BUILT))
            airi_answer_fail(caller->system, caller->worker, msg, AIRT_EDEAD, 0, "the server was killed");
    }
}

/* The handler goes on with its incarnation's memory and the message it reads; the asker is told now. Under actor->lock. */
static void hand_over(const airi_caller *caller, airi_actor *actor, airt_ctx *ctx)
{
    airt_system *system = caller->system;
    airi_extra  *extra = airi_extra_seen(actor);

    (void)airi_fetch_add(&system->abandoned, 1, AIRI_SEQ_CST);
    if (actor->had != 0 && airi_had(actor) == ctx->msg) /* its handler reads it, and gives it back */
        airi_mail_let_go(&actor->mail, &actor->had);
    else
        airi_box_let_go(system, caller->worker, actor);
    ctx->orphan_self = actor->self;
    ctx->orphan_bytes = actor->behavior->state_size;
    actor->self = NULL;
    if (extra != NULL)
        tell_kept_askers(caller, &extra->owned);
    if (extra != NULL)
        airi_list_splice_back(&ctx->orphan_owned, &extra->owned);
    if (extra != NULL && airi_load(&actor->state, AIRI_RELAXED) == AIRT_STATE_STARTING) { /* now the killer's own */
        ctx->orphan_start = extra->start;
        extra->start = NULL;
        extra->start_out = ctx->orphan_start != NULL;
    }
    if (extra != NULL)
        extra->orphaned = true;
    /* The ref may come back in another incarnation, while this handler still runs under it. Relaxed: under the lock. */
    airi_store(&actor->active, NULL, AIRI_RELAXED);
    if (ctx->msg == NULL)
        return;
    AIRI_TALLY(system, caller->worker, in_work, -1);
    airi_answer_fail(system, caller->worker, ctx->msg, AIRT_EDEAD, 0, "the server was killed");
    airi_dead_told(system, caller->worker, ctx->self, ctx->msg, AIRT_LETTER_STOPPED);
}

/* A supervised actor's next incarnation needs its construction arguments again. Under actor->lock. */
static void start_back(airt_ctx *ctx)
{
    airi_extra *extra = airi_tenant_is(ctx->actor, ctx->self) ? airi_extra_seen(ctx->actor) : NULL;

    if (extra == NULL || !extra->start_out || ctx->orphan_start == NULL)
        return;
    extra->start = ctx->orphan_start;
    extra->start_out = false;
    ctx->orphan_start = NULL;
}

void airi_life_orphan_ended(airt_ctx *ctx)
{
    airt_system *system = ctx->system;

    airi_mutex_lock(&ctx->actor->lock); /* the killer has handed over when it lets go of it */
    start_back(ctx);
    airi_mutex_unlock(&ctx->actor->lock);
    airi_owned_release(system, ctx->worker, &ctx->orphan_owned, AIRT_LETTER_STOPPED);
    if (ctx->orphan_self != NULL)
        airi_heap_give(&system->heap, &ctx->worker->cache, ctx->orphan_self, ctx->orphan_bytes);
    ctx->orphan_self = NULL;
    if (ctx->orphan_start != NULL)
        airi_msg_done(system, ctx->worker, ctx->orphan_start);
    ctx->orphan_start = NULL;
    if (ctx->msg != NULL) {
        airi_msg_clear(ctx->msg, AIRI_MSG_HAD); /* the killer has taken it out of the box */
        airi_msg_done(system, ctx->worker, ctx->msg);
    }
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
    airt_system     *system = caller->system;
    airi_actor      *actor = airi_slot(system, airi_ref_index(who));
    const airt_kind *kind = NULL;
    airt_msg        *stop_notice = NULL;
    airt_ctx        *ctx;
    bool             alive, asked;
    bool             taken = false;

    if (actor == NULL || airi_slot_kind(actor) == AIRI_SLOT_CALLER)
        return AIRT_EDEAD;
    /* Under the lock the slot cannot pass to a new tenant whose flags we would set. */
    airi_mutex_lock(&actor->lock);
    alive = airi_tenant_living(actor, who); /* also one that is just being born: it finds the flag at its start */
    asked = alive && (airi_load(&actor->flags, AIRI_SEQ_CST) & AIRI_DOWN) == 0 && /* that one is down already */
            ((how & AIRI_NOT_TRAPPED) != 0 || !airi_stop_trapped(actor, how, reason, &stop_notice));
    if (asked) {
        reason_put(actor, reason);
        (void)airi_fetch_or(&actor->flags, how & ~(uint32_t)AIRI_NOT_TRAPPED, AIRI_SEQ_CST);
        if ((how & AIRI_ASKED_KILL) && may_abandon(caller, who) &&
            (taken = take_from_handler(system, who, actor, &ctx))) {
            kind = airi_load(&ctx->kind, AIRI_RELAXED); /* ours now; after the unlock it may go on to another */
            hand_over(caller, actor, ctx);
        }
    }
    airi_mutex_unlock(&actor->lock);
    if (stop_notice != NULL && airi_deliver_reserved(system, caller->worker, who, stop_notice) != AIRT_OK)
        airi_refused(system, caller->worker, who, stop_notice, AIRT_EDEAD);
    if (taken) {
        airt_reason why = airi_life_reason(actor);

        airi_life_report(system, kind, AIRT_REPORT_ABANDONED, actor, AIRT_EKILLED);
        airi_flight_note(system, (airi_flight_fact){ AIRI_FLIGHT_ABANDON, who, actor->behavior, AIRT_NONE, 0 });
        airi_life_close(system, caller->worker, actor, &why);
    } else if (asked) {
        airi_poke(system, caller->worker, actor);
    }
    return alive ? AIRT_OK : AIRT_EDEAD;
}
