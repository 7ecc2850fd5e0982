/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The worker's loop. It runs on a pooled stack; a handler that waits keeps that stack and the loop goes on with
 * another, so the loop keeps nothing it needs in its frame: after a handler has returned, ctx->worker says who runs. */
#include "core/loop.h"

#include "core/await.h"
#include "core/flight.h"
#include "core/letters.h"
#include "core/life.h"

#include <stddef.h>
#include <string.h>

static void ctx_init(airi_stack *stack, airi_worker *worker)
{
    airt_ctx *ctx = airi_ctx_of(stack);

    memset((char *)ctx + offsetof(airt_ctx, system), 0, sizeof *ctx - offsetof(airt_ctx, system));
    ctx->tag = AIRI_TAG_CTX;
    ctx->abandoned = false;
    airi_store(&ctx->kind, NULL,
               AIRI_RELAXED); /* for reports; a fresh stack's claim is all zero, a used one's was left */
    ctx->system = worker->system;
    ctx->worker = worker;
    ctx->stack = stack;
    airi_list_init(&ctx->orphan_owned);
}

static void give_retired(airi_worker *worker)
{
    airi_stack *stack = worker->retired;

    worker->retired = NULL;
    if (stack == NULL)
        return;
    if (worker->spare == NULL)
        worker->spare = stack;
    else
        airi_stacks_give(&worker->system->stacks, stack);
}

/* What was left undone by the stack that was just left. True: it was a handler that waits. */
static bool arrive(airi_worker *worker)
{
    airi_actor *actor = worker->committing;

    give_retired(worker);
    worker->committing = NULL;
    if (actor != NULL && !airi_loop_commit(worker, actor, worker->committing_receive))
        airi_schedule(worker->system, worker, actor);
    return actor != NULL;
}

static void __attribute__((noreturn)) leave_thread(airi_worker *worker)
{
    worker->retired = worker->stack;
    airi_worker_goes_on(worker, NULL);
    airi_stack_leave(worker->retired, &worker->native);
}

void airi_loop_go_on(airt_ctx *ctx, bool after_turn)
{
    if (after_turn && ctx->worker->driven_mode)
        airi_loop_yield(ctx->worker, false);
    for (;;) {
        airi_worker *worker = ctx->worker;
        airi_actor  *actor;

        actor = airi_next_quickly(worker);
        if (actor == NULL) {
            if (airi_worker_leaves(worker) && !worker->driven_mode)
                leave_thread(worker);
            actor = airi_find_work(worker);
        }
        if (actor != NULL) {
            airi_turns(ctx, actor);
            worker = ctx->worker;
        } else if (!worker->driven_mode) {
            airi_park(worker);
        }
        if (worker->driven_mode)
            airi_loop_yield(worker, false);
    }
}

static void loop_entry(void *argument)
{
    airt_ctx *ctx = airi_ctx_of(argument);
    bool      waits = arrive(ctx->worker);

    airi_loop_go_on(ctx, waits); /* that was the turn of this step */
}

void airi_loop_prepare_at(airi_worker *worker, airi_stack *stack, void (*entry)(void *stack))
{
    ctx_init(stack, worker);
    airi_stack_prepare(stack, entry, stack);
}

void airi_loop_prepare(airi_worker *worker, airi_stack *stack)
{
    airi_worker_goes_on(worker, stack);
    airi_loop_prepare_at(worker, stack, loop_entry);
}

/* Driven: back to whoever steps this worker; returns at the next step. */
void airi_loop_yield(airi_worker *worker, bool mid_turn)
{
    worker->mid_turn = mid_turn;
    airi_set_current_worker(NULL);
    airi_stack_switch(worker->stack, &worker->native);
}

bool airi_loop_reserve(airi_worker *worker, airt_status *out_status)
{
    if (worker->spare != NULL)
        return true;
    *out_status = airi_stacks_take(&worker->system->stacks, &worker->spare);
    return *out_status == AIRT_OK;
}

void airi_loop_suspend(airt_ctx *ctx, bool receive)
{
    airi_worker *worker = ctx->worker;
    airi_actor  *actor = ctx->actor;
    airi_stack  *fresh = worker->spare;

    actor->suspended = true; /* and `active`, since its turn began */
    if (airi_pinned(actor))
        (void)airi_fetch_add(&worker->pinned_away, 1, AIRI_SEQ_CST);
    worker->spare = NULL;
    worker->committing = actor;
    worker->committing_receive = receive;
    AIRI_TALLY(worker->system, worker, switches, 1);
    airi_flight_await(worker);
    airi_loop_prepare(worker, fresh);
    airi_stack_switch(ctx->stack, fresh);
    (void)arrive(ctx->worker); /* resumed: perhaps another worker, certainly another loop stack retired */
}

void airi_loop_resume(airi_worker *worker, airt_ctx *ctx)
{
    airi_stack *over = worker->stack;

    if (airi_pinned(ctx->actor))
        (void)airi_fetch_sub(&worker->pinned_away, 1, AIRI_SEQ_CST);

    worker->retired = over;
    airi_worker_goes_on(worker, ctx->stack);
    ctx->worker = worker;
    AIRI_TALLY(worker->system, worker, switches, 1);
    airi_flight_resume(ctx);
    airi_stack_leave(over, ctx->stack);
}

bool airi_loop_commit(airi_worker *worker, airi_actor *actor, bool receive)
{
    airi_mail *word = receive ? &actor->mail : &actor->urgent;

    airi_seam(worker);
    if (receive)
        airi_box_let_go(worker->system, worker, actor); /* the message in work may outlast the actor's right to run */
    if (!airi_mail_idle(word, 0))
        return false;
    airi_seam(worker);
    /* From here on others may run the actor, unless we claim it back. A flag set before our idle is seen here; one set
     * after claims for itself. */
    if (airi_await_attention(actor, receive) && airi_mail_claim(word))
        airi_schedule(worker->system, worker, actor); /* it may not even be suspended any more */
    return true;
}
