/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What an incarnation owns and loses at its end: memory, kept and built messages. One list under the actor's lock; a
 * killer that takes the actor from a running handler takes the list with it. */
#include "core/await.h"
#include "core/budget.h"
#include "core/deadlock.h"
#include "core/letters.h"
#include "core/life.h"

#include <airt/children.h>
#include <string.h>

static airi_owned *owned_take(airt_system *system, airi_worker *worker, airt_allocation site, size_t bytes,
                              uint8_t what)
{
    airi_owned *owned;

    if (bytes > UINT32_MAX || !airi_permits(system->world, site))
        return NULL;
    owned = airi_heap_take(&system->heap, airi_cache_of(worker), bytes);
    if (owned == NULL)
        return NULL;
    memset(owned, 0, bytes);
    airi_list_init(&owned->link);
    owned->bytes = (uint32_t)bytes;
    owned->what = what;
    owned->system = system;
    return owned;
}

static void owned_give(airi_worker *worker, airi_owned *owned)
{
    airi_heap_give(&owned->system->heap, airi_cache_of(worker), owned, owned->bytes);
}

bool airi_owned_add(airt_ctx *ctx, airi_owned *owned)
{
    airi_extra *extra = airi_extra_of(ctx->system, ctx->worker, ctx->self);
    bool        added = false;

    if (extra == NULL)
        return false;
    airi_mutex_lock(&ctx->actor->lock);
    if (!airi_killed(ctx)) {
        airi_list_push_back(&extra->owned, &owned->link);
        airi_budget_add(extra, owned->charge);
        owned->guard = ctx->actor;
        added = true;
    }
    airi_mutex_unlock(&ctx->actor->lock);
    return added;
}

void airi_owned_take_off(airi_owned *owned)
{
    airi_list_remove(&owned->link);
    if (owned->charge != 0) /* so it has a guard, whose extra has the list */
        airi_budget_sub(airi_extra_seen(owned->guard), owned->charge);
    owned->guard = NULL;
}

/* Off its list, whoever's it is by now. */
static void owned_remove(airi_owned *owned)
{
    airi_actor *guard = owned->guard;

    if (guard == NULL)
        return;
    airi_mutex_lock(&guard->lock);
    airi_owned_take_off(owned);
    airi_mutex_unlock(&guard->lock);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

enum {
    MEMORY_HEAD = (sizeof(airi_owned) + 15) / 16 * 16
};

void *airt_alloc(airt_ctx *ctx, size_t size)
{
    airi_owned *owned;

    (void)airi_resolve_ctx(ctx, "airt_alloc");
    if (airi_killed(ctx) || size > UINT32_MAX - MEMORY_HEAD || !airi_budget_may(ctx, MEMORY_HEAD + size))
        return NULL;
    owned = owned_take(ctx->system, ctx->worker, AIRT_ALLOCATION_MEMORY, MEMORY_HEAD + size, AIRI_OWNED_MEMORY);
    if (owned == NULL)
        return NULL;
    owned->charge = airi_budget_charge(ctx, MEMORY_HEAD + size);
    if (!airi_owned_add(ctx, owned)) {
        owned_give(ctx->worker, owned);
        return NULL;
    }
    return (char *)owned + MEMORY_HEAD;
}

void airt_free(airt_ctx *ctx, void *memory)
{
    airi_owned *owned;

    (void)airi_resolve_ctx(ctx, "airt_free");
    if (memory == NULL || airi_killed(ctx))
        return;
    owned = (airi_owned *)(void *)((char *)memory - MEMORY_HEAD);
    AIRT_CHECK(owned->system == ctx->system && owned->what == AIRI_OWNED_MEMORY && "memory of airt_alloc");
    owned_remove(owned);
    owned_give(ctx->worker, owned);
}

/* --- kept and built messages -------------------------------------------------------------------------------------- */

static airi_keeper *keeper_take(airt_system *system, airi_worker *worker)
{
    return (airi_keeper *)(void *)owned_take(system, worker, AIRT_ALLOCATION_MESSAGE, sizeof(airi_keeper),
                                             AIRI_OWNED_MESSAGE);
}

static airi_keeper *keeper_of(airt_msg *msg)
{
    return (airi_keeper *)(void *)msg->link.next;
}

static void keeper_bind(airi_keeper *keeper, airt_msg *msg)
{
    keeper->msg = msg;
    msg->flags |= AIRI_MSG_KEPT;
    msg->link.next = (airi_link *)(void *)keeper;
}

/* The message leaves its keeper, which is freed. */
static void keeper_release(airi_worker *worker, airt_msg *msg)
{
    airi_keeper *keeper = keeper_of(msg);

    owned_remove(&keeper->owned);
    airi_msg_clear(msg, AIRI_MSG_KEPT);
    msg->link.next = NULL;
    owned_give(worker, &keeper->owned);
}

airt_status airi_keeper_reserve(airt_ctx *ctx)
{
    ctx->keeper = keeper_take(ctx->system, ctx->worker);
    return ctx->keeper != NULL ? AIRT_OK : AIRT_ENOMEM;
}

void airi_keeper_unreserve(airt_ctx *ctx)
{
    if (ctx->keeper != NULL)
        owned_give(ctx->worker, &ctx->keeper->owned);
    ctx->keeper = NULL;
}

/* One that was kept, and so counts as queued, has been handled. Nothing is begun: the handler is the same (airi_worker_serial). */
static void count_ended(airt_system *system, airi_worker *worker)
{
    AIRI_TALLY(system, worker, queued, -1);
    AIRI_TALLY(system, worker, in_work, 1);
    AIRI_TALLY(system, worker, handled, 1);
}

void airi_keeper_abort(airt_ctx *ctx, airt_ref to, airt_msg *undelivered)
{
    airi_worker *worker = ctx->worker;
    bool         kept = ctx->keeper != NULL && ctx->keeper->msg != NULL && !ctx->keeper->built; /* counts as queued */

    if (undelivered != NULL && kept) {
        AIRI_TALLY(ctx->system, worker, queued, -1);
        airi_dead(ctx->system, worker, to, undelivered, AIRT_LETTER_STOPPED);
    } else if (undelivered != NULL) {
        airi_refused(ctx->system, worker, to, undelivered, AIRT_EKILLED);
    } else if (kept) { /* it was sent on */
        count_ended(ctx->system, worker);
    }
    airi_keeper_unreserve(ctx);
}

/* A message in work becomes the actor's own: queued again, as far as the account goes. */
static void count_kept(airt_ctx *ctx)
{
    AIRI_TALLY(ctx->system, ctx->worker, in_work, -1);
    AIRI_TALLY(ctx->system, ctx->worker, queued, 1);
}

/* A killer has let go of it already. */
static void leave_box(airt_ctx *ctx, const airt_msg *msg)
{
    airi_mutex_lock(&ctx->actor->lock);
    if (!airi_killed(ctx) && airi_msg_is(msg, AIRI_MSG_HAD))
        airi_box_let_go(ctx->system, ctx->worker, ctx->actor);
    airi_mutex_unlock(&ctx->actor->lock);
}

airt_status airi_keeper_fill(airt_ctx *ctx, airt_msg *msg, airt_msg **out_msg)
{
    airi_keeper *keeper = ctx->keeper;
    size_t       bytes;

    ctx->keeper = NULL;
    leave_box(ctx, msg);
    bytes = sizeof *keeper + airi_msg_bytes(msg); /* not before: a killer may write the message's word */
    keeper_bind(keeper, msg);
    count_kept(ctx);
    if (!airi_budget_may(ctx, bytes)) {
        airt_drop(&msg);
        return AIRT_ENOMEM;
    }
    keeper->owned.charge = airi_budget_charge(ctx, bytes);
    if (airi_owned_add(ctx, &keeper->owned)) {
        *out_msg = msg;
        return AIRT_OK;
    }
    airt_drop(&msg);
    return airi_killed(ctx) ? AIRT_EKILLED : AIRT_ENOMEM;
}

/* The message in work leaves the handler, unless a killer has it. */
airt_msg *airi_msg_from_work(airt_ctx *ctx)
{
    airt_msg *msg = NULL;

    airi_mutex_lock(&ctx->actor->lock);
    if (!airi_killed(ctx)) {
        msg = ctx->msg;
        ctx->msg = NULL;
        if (msg != NULL && airi_msg_is(msg, AIRI_MSG_HAD))
            airi_box_let_go(ctx->system, ctx->worker, ctx->actor);
        if (msg != NULL)
            airi_msg_clear(msg, AIRI_MSG_COUNTED);
    }
    airi_mutex_unlock(&ctx->actor->lock);
    return msg;
}

airt_status airt_keep(airt_ctx *ctx, airt_msg **out_msg)
{
    airt_status status;
    airt_msg   *msg;

    (void)airi_resolve_ctx(ctx, "airt_keep");
    if (airi_killed(ctx))
        return AIRT_EKILLED;
    if (ctx->msg == NULL)
        return AIRT_EINVAL;
    if (airi_extra_of(ctx->system, ctx->worker, ctx->self) == NULL)
        return AIRT_ENOMEM;
    if (!airi_budget_may(ctx, sizeof(airi_keeper) + airi_msg_bytes(ctx->msg)))
        return AIRT_ENOMEM;
    status = airi_keeper_reserve(ctx);
    if (status != AIRT_OK)
        return status;
    msg = airi_msg_from_work(ctx);
    if (msg == NULL) {
        airi_keeper_unreserve(ctx);
        return AIRT_EKILLED;
    }
    return airi_keeper_fill(ctx, msg, out_msg);
}

airt_status airt_msg_detach(airt_from from, airt_msg *msg)
{
    airt_ctx    *ctx = airi_resolve(from, "airt_msg_detach").ctx;
    airi_keeper *keeper;
    airt_status  status = AIRT_OK;

    if (ctx == NULL)
        return AIRT_OK;
    if (msg == NULL || !airi_msg_is(msg, AIRI_MSG_KEPT) || !airi_msg_is(msg, AIRI_MSG_BUILT))
        return AIRT_EINVAL;
    keeper = keeper_of(msg);
    airi_mutex_lock(&ctx->actor->lock);
    if (airi_killed(ctx)) /* the list is the killer's */
        status = AIRT_EKILLED;
    else if (keeper->owned.guard != ctx->actor)
        status = AIRT_EINVAL;
    else
        airi_owned_take_off(&keeper->owned);
    airi_mutex_unlock(&ctx->actor->lock);
    return status;
}

airt_status airt_msg_attach(airt_ctx *ctx, airt_msg *msg)
{
    (void)airi_resolve_ctx(ctx, "airt_msg_attach");
    if (msg == NULL || !airi_msg_is(msg, AIRI_MSG_KEPT) || keeper_of(msg)->owned.guard != NULL)
        return AIRT_EINVAL;
    if (airi_owned_add(ctx, &keeper_of(msg)->owned))
        return AIRT_OK;
    return airi_killed(ctx) ? AIRT_EKILLED : AIRT_ENOMEM;
}

airt_status airt_msg_new_body(airt_from from, const airt_kind *kind, const void *body, airt_msg **out_msg)
{
    airi_caller  caller = airi_resolve(from, "airt_msg_new");
    airi_source  source = airi_source_of(caller.system, caller.worker);
    airt_status  status = AIRT_OK;
    uint64_t     charge = 0;
    airi_keeper *keeper;
    airt_msg    *msg;

    if (caller.ctx != NULL && airi_killed(caller.ctx))
        status = AIRT_EKILLED;
    else if (!airi_budget_may_make(caller.ctx, kind, body, sizeof *keeper, &charge))
        status = AIRT_ENOMEM;
    msg = status == AIRT_OK ? airi_msg_create(&source, kind, body, false, &status) : NULL;
    if (msg == NULL) {
        airi_body_drop(kind, body); /* consumed, whatever comes */
        return status;
    }
    msg->flags |= AIRI_MSG_BUILT;
    keeper = keeper_take(caller.system, caller.worker);
    if (keeper == NULL) {
        airi_msg_free(&caller.system->heap, airi_cache_of(caller.worker), msg);
        return AIRT_ENOMEM;
    }
    keeper_bind(keeper, msg);
    keeper->owned.charge = charge;
    if (caller.ctx != NULL && !airi_owned_add(caller.ctx, &keeper->owned)) {
        airt_drop(&msg);
        return airi_killed(caller.ctx) ? AIRT_EKILLED : AIRT_ENOMEM;
    }
    *out_msg = msg;
    return AIRT_OK;
}

/* Ends a message that stands outside of boxes and handlers. Its keeper is gone. */
static void end_kept(airt_system *system, airi_worker *worker, airt_msg *msg)
{
    if (!airi_msg_is(msg, AIRI_MSG_BUILT)) {
        count_ended(system, worker);
        airi_answer_fail(system, worker, msg, AIRT_ENOREPLY, 0, "the request was dropped without a reply");
    }
    airi_msg_done(system, worker, msg);
}

static airi_worker *worker_here(airt_system *system)
{
    airi_worker *worker = airi_current_worker();

    return worker != NULL && worker->system == system ? worker : NULL;
}

void airt_drop(airt_msg **msg)
{
    airt_msg    *dropped;
    airt_system *system;
    airi_worker *worker;

    if (msg == NULL)
        airi_check_failed(__FILE__, __LINE__, "airt_drop: NULL is not the address of a message");
    dropped = *msg;
    if (dropped == NULL)
        return;
    *msg = NULL;
    AIRT_CHECK(airi_msg_is(dropped, AIRI_MSG_KEPT) && "a message that was kept, built or received");
    system = keeper_of(dropped)->owned.system;
    worker = worker_here(system);
    keeper_release(worker, dropped);
    end_kept(system, worker, dropped);
}

airt_status airt_send(airt_from from, airt_ref to, airt_msg **msg)
{
    airi_caller  caller = airi_resolve(from, "airt_send");
    airt_msg    *sent = *msg;
    airi_keeper *keeper;
    bool         built, detached;
    airt_status  status;

    if (sent == NULL)
        return AIRT_ENOMEM; /* airt_msg_new found no memory, and nobody looked */
    if (caller.ctx != NULL && airi_killed(caller.ctx))
        return AIRT_EKILLED;
    AIRT_CHECK(airi_msg_is(sent, AIRI_MSG_KEPT) && "a message that was kept, built or received");
    keeper = keeper_of(sent);
    built = airi_msg_is(sent, AIRI_MSG_BUILT);
    detached = keeper->owned.guard == NULL; /* no incarnation's: nor does it become one's by failing */
    owned_remove(&keeper->owned);           /* while it is on its way the message is nobody's */
    keeper->built = built;
    airi_msg_clear(sent, AIRI_MSG_KEPT | AIRI_MSG_BUILT);
    airi_msg_unbind(sent);
    if (built)
        sent->sender = caller.ctx != NULL ? caller.ctx->self : AIRT_NONE;
    if (caller.ctx != NULL)
        caller.ctx->keeper = keeper;
    status = airi_deliver(&caller, to, sent, 0);
    if (caller.ctx != NULL) {
        caller.ctx->keeper = NULL;
        caller.worker = caller.ctx->worker; /* after a wait it may be another */
    }
    if (status == AIRT_OK) {
        if (!built) /* a kept one is handled once, and accepted once more */
            count_ended(caller.system, caller.worker);
        owned_give(caller.worker, &keeper->owned);
        *msg = NULL;
        return AIRT_OK;
    }
    sent->flags |= built ? AIRI_MSG_BUILT : 0;
    if (caller.ctx != NULL && airi_msg_is(sent, AIRI_MSG_REQUEST))
        airi_edge_move(caller.system, sent->correlation, airi_ref_index(caller.ctx->self)); /* still held here */
    AIRI_TALLY(caller.system, caller.worker, refused, 1);
    keeper->owned.guard = NULL;
    keeper_bind(keeper, sent);
    if (caller.ctx != NULL && !detached && !airi_owned_add(caller.ctx, &keeper->owned))
        airt_drop(msg);
    return status;
}

static airt_status reply_to_end(airi_caller *caller, airt_msg **request, bool answered)
{
    airt_msg *msg = *request;

    *request = NULL;
    keeper_release(caller->worker, msg);
    end_kept(caller->system, caller->worker, msg);
    return answered ? AIRT_OK : AIRT_EINVAL;
}

/* A request that was told, not asked, and kept: nobody waits for the reply. */
static bool unasked(airi_caller *caller, airt_msg **request)
{
    if (airi_msg_is(*request, AIRI_MSG_REQUEST))
        return false;
    AIRI_TALLY(caller->system, caller->worker, late_replies, 1);
    (void)reply_to_end(caller, request, false);
    return true;
}

airt_status airt_reply_to_body(airt_ctx *ctx, airt_msg **request, const airt_kind *kind, const void *body)
{
    airi_caller caller = airi_resolve_ctx(ctx, "airt_reply_to");
    airt_status status;

    if (airi_killed(ctx))
        return AIRT_EKILLED;
    if (*request == NULL || !airi_body_fits(kind, body))
        return AIRT_EINVAL;
    if (unasked(&caller, request)) {
        airi_body_drop(kind, body);
        return AIRT_OK;
    }
    status = airi_answer(ctx, *request, kind, body);
    return status == AIRT_EKIND ? status : reply_to_end(&caller, request, status == AIRT_OK);
}

airt_status airi_reply_failure_to(airt_ctx *ctx, airt_msg **request, int32_t code, const char *text)
{
    airi_caller caller = airi_resolve_ctx(ctx, "airt_reply_failure_to");

    if (airi_killed(ctx))
        return AIRT_EKILLED;
    if (*request == NULL)
        return AIRT_EINVAL;
    if (unasked(&caller, request))
        return AIRT_OK;
    return reply_to_end(&caller, request,
                        airi_answer_fail(ctx->system, ctx->worker, *request, AIRT_EREFUSED, code, text));
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void release_message(airt_system *system, airi_worker *worker, airi_keeper *keeper, airt_letter reason)
{
    airt_msg *msg = keeper->msg;

    airi_msg_clear(msg, AIRI_MSG_KEPT);
    if (airi_msg_is(msg, AIRI_MSG_BUILT)) {
        airi_msg_done(system, worker, msg);
        return;
    }
    AIRI_TALLY(system, worker, queued, -1);
    airi_dead(system, worker, AIRT_NONE, msg, reason);
}

void airi_owned_release(airt_system *system, airi_worker *worker, airi_list *owned, airt_letter reason)
{
    while (!airi_list_empty(owned)) {
        airi_owned *one = AIRI_CONTAINER(airi_list_pop_front(owned), airi_owned, link);

        if (one->what == AIRI_OWNED_MESSAGE)
            release_message(system, worker, (airi_keeper *)(void *)one, reason);
        else if (one->what == AIRI_OWNED_BLOB)
            airi_hold_release(one);
        owned_give(worker, one);
    }
}
