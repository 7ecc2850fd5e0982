/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Handlers: how they are entered and left, and what few of them make of their message. */
#include "core/handler.h"

#include "core/await.h"
#include "core/budget.h"
#include "core/children.h"
#include "core/life.h"
#include "core/locks.h"

/* The message in work is over: hooks, and the next one, have nothing of it. */
static inline void message_over(airt_ctx *ctx)
{
    ctx->trace = 0;
    ctx->deadline_ns = 0;
    ctx->refused = false;
}

void airi_ctx_bind(airt_ctx *ctx, airi_actor *actor)
{
    message_over(ctx);
    airi_bind(ctx, actor);
}

void airi_ctx_unwind(airt_ctx *ctx)
{
    airt_msg *msg;

    if (ctx->foreign & AIRI_REGION_LOCKED)
        airi_locks_over(ctx, "returned");
    if (ctx->foreign & AIRI_REGION_BLOCKING) /* left by an error return */
        airt_blocking_end(ctx);
    ctx->foreign = 0;
    if (ctx->calls != 0)
        airi_calls_close(ctx->system, ctx->worker, &ctx->calls);
    airi_holds_release(ctx);
    while ((msg = airi_ring_pop(&ctx->held)) != NULL) {
        airi_budget_sub_held(ctx, airi_budget_charge(ctx, airi_msg_bytes(msg)));
        airi_msg_done(ctx->system, ctx->worker, msg);
    }
}

/* Not taken, or not yet: a killer that has asked holds the actor's lock until it is decided. */
bool airi_handler_leave_asked(airt_ctx *ctx)
{
    airi_mutex_lock(&ctx->actor->lock);
    airi_mutex_unlock(&ctx->actor->lock);
    return !airi_claim_taken(&ctx->claim);
}

void airi_handler_enter(airt_ctx *ctx)
{
    airi_count(&ctx->worker->entered, 1);
    airi_claim_enter(&ctx->claim, ctx->self.bits);
}

bool airi_handler_leave(airt_ctx *ctx)
{
    return airi_leave(ctx, AIRI_LED);
}

airt_status airi_dispatch(airt_ctx *ctx, airi_actor *actor, const airt_kind *kind, const void *body)
{
    return airi_dispatch_by(ctx, actor, actor->behavior, kind, body);
}

airt_status airi_dispatch_by(airt_ctx *ctx, airi_actor *actor, const airt_behavior *behavior, const airt_kind *kind,
                             const void *body)
{
    airi_count(&ctx->worker->entered, 1);
    return airi_call_handler(ctx, actor, (airi_handler_call){ behavior, kind, body }, AIRI_LED);
}

/* --- the end of a message in work --------------------------------------------------------------------------------- */

void airi_message_end_with_more(airt_ctx *ctx, airt_msg *msg)
{
    message_over(ctx);
    if (msg == NULL)
        return;
    if (airi_msg_is(msg, AIRI_MSG_REQUEST))
        airi_answer_fail(ctx->system, ctx->worker, msg, AIRT_ENOREPLY, 0, "the handler returned without a reply");
    airi_msg_done(ctx->system, ctx->worker, msg);
}

static void end_unhandled(airt_ctx *ctx, airt_letter reason)
{
    airt_msg *msg = ctx->msg;

    ctx->msg = NULL;
    if (msg == NULL)
        return;
    AIRI_TALLY(ctx->system, ctx->worker, in_work, -1);
    airi_dead(ctx->system, ctx->worker, ctx->self, msg, reason);
}

/* False: the actor is gone. */
static bool stopped_itself(airt_ctx *ctx, airi_actor *actor)
{
    airt_reason normal = { .exit = AIRT_EXIT_NORMAL, .origin = ctx->self };

    airi_message_handled(ctx);
    airi_life_end(ctx, actor, &normal, true);
    return false;
}

/* False: the actor is gone. */
static bool failed(airt_ctx *ctx, airi_actor *actor, airt_status status)
{
    if (airi_interrupted(actor, status)) {
        end_unhandled(ctx, AIRT_LETTER_STOPPED);
        return true;
    }
    if (ctx->msg != NULL && airi_load(&actor->child, AIRI_RELAXED) != 0) /* a glance; it looks again */
        airi_child_in_work(ctx->system, actor, ctx->msg->kind, ctx->trace);
    end_unhandled(ctx, AIRT_LETTER_FAULT);
    return airi_budget_breached(actor) || airi_life_failed(ctx, actor, status);
}

static bool decide(airt_ctx *ctx, airi_actor *actor, airt_status status)
{
    if (ctx->abandoned) {
        airi_life_orphan_ended(ctx);
        return false;
    }
    if (status == AIRT_STOP)
        return stopped_itself(ctx, actor);
    if (status != AIRT_EKIND || !ctx->refused)
        return failed(ctx, actor, status);
    end_unhandled(ctx, AIRT_LETTER_UNHANDLED);
    return true;
}

bool airi_handler_returned(airt_ctx *ctx, airi_actor *actor, airt_status status)
{
    bool lives = decide(ctx, actor, status);

    message_over(ctx);
    return lives;
}
