/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A message handed to its behaviour, and what becomes of both. Every handler is called from here, inlined into turn.c or in
 * handler.c, which cmake/text.ld tells the walk of a faulting stack. What takes part in every message is compiled once for
 * each audience. The worker that runs the actor. */
#ifndef AIRI_CORE_HANDLER_H
#define AIRI_CORE_HANDLER_H

#include "base/compiler.h"
#include "base/mutant.h"
#include "core/flight.h"
#include "core/letters.h"

#include <airt/behavior.h>

/* Hands a message to the behaviour; the status it returned. AIRT_EKILLED with ctx->abandoned: the actor is gone. */
airt_status airi_dispatch(airt_ctx *ctx, airi_actor *actor, const airt_kind *kind, const void *body);
/* The same to a behaviour that is not the present one. */
airt_status airi_dispatch_by(airt_ctx *ctx, airi_actor *actor, const airt_behavior *behavior, const airt_kind *kind,
                             const void *body);
/* The handler has the actor, until it leaves; a killer may take it meanwhile. False: one has. */
void airi_handler_enter(airt_ctx *ctx);
bool airi_handler_leave(airt_ctx *ctx);
/* The activation is this actor's. */
void airi_ctx_bind(airt_ctx *ctx, airi_actor *actor);
/* Releases what a handler held: answers, calls, blobs. */
void airi_ctx_unwind(airt_ctx *ctx);

/* --- what every message takes ------------------------------------------------------------------------------------- */

/* Out of line: what few do. */
bool airi_handler_leave_asked(airt_ctx *ctx);
void airi_message_end_with_more(airt_ctx *ctx, airt_msg *msg);
/* What a handler returned that is not OK. False: the actor is gone. */
bool airi_handler_returned(airt_ctx *ctx, airi_actor *actor, airt_status status);

/* airi_ctx_bind, where no message was in work. */
static inline void airi_bind(airt_ctx *ctx, airi_actor *actor)
{
    ctx->actor = actor;
    ctx->self = airi_actor_ref(actor);
    ctx->incarnation = airi_load(&actor->incarnation, AIRI_RELAXED); /* owner's own */
    if (__builtin_expect(ctx->failure.status != AIRT_OK, 0))
        ctx->failure = (airt_failure){ 0 };
    /* Release: pairs with the killer's acquire in abandon, which reads the activation it finds here. Relaxed: the owner's
     * own; most often this worker ran it last. */
    if (airi_load(&actor->active, AIRI_RELAXED) != ctx)
        airi_store(&actor->active, ctx, AIRI_RELEASE);
}

static inline bool airi_leave(airt_ctx *ctx, airi_audience by)
{
    return __builtin_expect(airi_claim_leave(&ctx->claim, by != AIRI_LED || ctx->system->light), 1) ||
           airi_handler_leave_asked(ctx);
}

/* What a handler may leave behind, looked at in one. */
static inline bool airi_left_something(const airt_ctx *ctx)
{
    return ((uintptr_t)ctx->held | (uintptr_t)ctx->blobs | ctx->left) != 0;
}

typedef struct airi_handler_call {
    const airt_behavior *behavior;
    const airt_kind     *kind;
    const void          *body;
} airi_handler_call;

/* `by`: whom its worker is heard by, a constant; AIRI_LED does for all. */
static AIRI_ALWAYS_INLINE airt_status airi_call_handler(airt_ctx *ctx, airi_actor *actor, airi_handler_call c,
                                                        airi_audience by)
{
    void       *self = actor->self; /* read now: a killer may take the actor as soon as the handler is announced */
    airt_status status;

    airi_claim_enter(&ctx->claim, ctx->self.bits);
    status = c.behavior->receive(self, ctx, c.kind, c.body);
    if (by != AIRI_UNHEARD)
        airi_flight_done(ctx->worker, status);
    if (!airi_leave(ctx, by)) {
        ctx->abandoned = true;
        status = AIRT_EKILLED;
    }
    if (__builtin_expect(airi_left_something(ctx), 0)) {
        airi_ctx_unwind(ctx);
        ctx->refused = ctx->refused && status == AIRT_EKIND; /* who refuses and goes on has not refused */
    }
    return status;
}

/* A message that was begun and is in nobody's way: it is freed like any memory. */
static inline bool airi_ends_plainly(const airt_msg *msg)
{
    const unsigned plain = AIRI_MSG_COUNTED | AIRI_MSG_HAD | AIRI_MSG_TRACED;
    const uint64_t more = (uint64_t)(AIRI_MSG_FLAGS & ~plain) << AIRI_MSG_FLAGS_AT;

    return (msg->word & more) == 0 && (msg->kind->flags & (AIRI_KIND_BLOBS | AIRI_KIND_LOCAL)) == 0;
}

/* The message in work has been handled, unless the handler kept, stashed or forwarded it. */
static AIRI_ALWAYS_INLINE void airi_message_handled(airt_ctx *ctx)
{
    airi_worker *worker = ctx->worker;
    airt_msg    *msg = ctx->msg;

    if (__builtin_expect(msg != NULL, 1)) {
        ctx->msg = NULL;
        airi_count(&worker->account.handled, 1);
        if (__builtin_expect(airi_ends_plainly(msg), 1)) {
            if (__builtin_expect(ctx->trace != 0, 0))
                ctx->trace = 0;
            airi_msg_give(&ctx->system->heap, &worker->cache, msg);
            return;
        }
    }
    airi_message_end_with_more(ctx, msg);
}

/* The message is the handler's. Without a request's deadline, or a trace, ctx has none either: message_over. */
static inline void airi_take_in_work(airt_ctx *ctx, airt_msg *msg)
{
    ctx->msg = msg;
    if (__builtin_expect((msg->word & AIRI_MSG_REQUEST_OR_TRACED) != 0, 0)) {
        if ((msg->word & AIRI_MSG_REQUEST_OR_TRACED) == (uint64_t)AIRI_MSG_TRACED << AIRI_MSG_FLAGS_AT) {
            ctx->trace = msg->correlation;
        } else {
            ctx->deadline_ns = airi_msg_deadline(msg);
            ctx->trace = airi_msg_trace(msg);
        }
    }
    /* Relaxed: for reports. */
    if (airi_load(&ctx->kind, AIRI_RELAXED) != msg->kind)
        airi_store(&ctx->kind, msg->kind, AIRI_RELAXED);
}

/* For those who hear of every message. */
static AIRI_ALWAYS_INLINE void airi_announce(airt_ctx *ctx, airi_actor *actor, const airt_msg *msg, airi_audience by)
{
    airt_world *world = ctx->system->world;

    if (by == AIRI_LED && world->event != NULL)
        world->event(world, airi_kind_hash(msg->kind), actor->index, msg->generation);
    if (by != AIRI_UNHEARD)
        airi_flight_message(ctx, actor->behavior, msg->kind);
}

/* False: the actor is gone. */
static AIRI_ALWAYS_INLINE bool airi_handle(airt_ctx *ctx, airi_actor *actor, airt_msg *msg, airi_audience by)
{
    const airt_kind *kind = msg->kind;
    airt_status      status;

    airi_take_in_work(ctx, msg);
    airi_announce(ctx, actor, msg, by);
    status = airi_call_handler(ctx, actor, (airi_handler_call){ actor->behavior, kind, airi_msg_body(msg) }, by);
    if (AIRI_MUTANT_IS(3) && status == AIRT_OK && ctx->msg == msg && !ctx->abandoned)
        status = airi_dispatch(ctx, actor, kind, airi_msg_body(msg));
    if (__builtin_expect(status != AIRT_OK, 0))
        return airi_handler_returned(ctx, actor, status);
    airi_message_handled(ctx);
    return true;
}

#endif
