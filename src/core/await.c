/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Waiting inside a handler. A wait that is over before it begins costs no switch. */
#include "core/await.h"

#include "core/budget.h"
#include "core/deadlock.h"
#include "core/handler.h"
#include "core/letters.h"
#include "core/life.h"
#include "core/locks.h"
#include "core/outside.h"
#include "core/quarantine.h"
#include "core/timers.h"

#include <string.h>

bool airi_await_attention(airi_actor *actor, bool receive)
{
    uint32_t flags = airi_load(&actor->flags, AIRI_SEQ_CST);

    if (flags & (AIRI_ENDING | AIRI_WAIT_OVER | AIRI_ROOM_OVER | AIRI_LANE_NEWS))
        return true;
    return receive && airi_mail_has_new(&actor->urgent);
}

static bool call_done(airt_system *system, airt_call call)
{
    airi_call_record *record = airi_call_of(system, call);

    return record == NULL || record->done;
}

static bool calls_over(airt_system *system, airi_await *await)
{
    for (size_t i = 0; i < await->count; i++) {
        bool done = call_done(system, *await->calls[i]);

        if (done && await->mode == AIRI_AWAIT_ANY) {
            await->index = i;
            return true;
        }
        if (!done && await->mode == AIRI_AWAIT_ALL)
            return false;
    }
    return await->mode == AIRI_AWAIT_ALL;
}

static bool begins(airi_worker *worker, airi_actor *actor, airt_msg *msg)
{
    bool quarantine = (airi_load(&actor->flags, AIRI_SEQ_CST) & AIRI_QUARANTINE) != 0;

    return airi_begin(worker, actor, msg) && !(quarantine && airi_quarantined(worker, actor, msg));
}

static bool received(airi_worker *worker, airi_actor *actor, airi_await *await)
{
    while ((await->received = airi_box_extract(worker, actor, await->kinds)) != NULL)
        if (begins(worker, actor, await->received))
            return true;
    return false;
}

static bool satisfied(airi_worker *worker, airi_actor *actor, airi_await *await)
{
    switch (await->mode) {
    case AIRI_AWAIT_ALL:
    case AIRI_AWAIT_ANY:
        return calls_over(worker->system, await);
    case AIRI_AWAIT_RECEIVE:
        return received(worker, actor, await);
    case AIRI_AWAIT_ROOM:
        /* Acquire: pairs with the grant's release. */
        return airi_waiter_status(await->waiter) != AIRT_EPENDING;
    case AIRI_AWAIT_SLEEP:
        break;
    }
    return false;
}

static void take_answers(airi_worker *worker, airi_actor *actor)
{
    airi_link *link = airi_mail_has_new(&actor->urgent) ? airi_mail_take(&actor->urgent) : NULL;

    while (link != NULL) {
        airi_link *next = link->next;

        airi_call_accept(worker->system, worker, actor, (airt_msg *)(void *)link);
        link = next;
    }
}

bool airi_await_over(airi_worker *worker, airt_ctx *ctx)
{
    airi_actor *actor = ctx->actor;
    airi_await *await = ctx->await;
    uint32_t    flags;

    take_answers(worker, actor);
    await->status = AIRT_OK;
    if (satisfied(worker, actor, await))
        return true;
    flags = airi_load(&actor->flags, AIRI_SEQ_CST);
    if (flags & AIRI_ENDING)
        await->status = flags & AIRI_ASKED_KILL ? AIRT_EKILLED : AIRT_ESTOPPING;
    else if (flags & AIRI_WAIT_OVER)
        await->status = await->mode == AIRI_AWAIT_SLEEP ? AIRT_OK : AIRT_ETIMEDOUT;
    else
        return false;
    return true;
}

/* At the end of a wait, never at the beginning of one: a sender is on the list of waiters by then, whoever decides sets
 * the flag, then the status, and its poke does nothing while the handler runs. With the flag gone nobody would look. */
static void flags_clear(airi_actor *actor)
{
    (void)airi_fetch_and(&actor->flags, ~(uint32_t)(AIRI_WAIT_OVER | AIRI_ROOM_OVER), AIRI_SEQ_CST);
}

void airi_await_drop_stale(airt_ctx *ctx)
{
    if (ctx->await->mode != AIRI_AWAIT_ROOM && (airi_load(&ctx->actor->flags, AIRI_SEQ_CST) & AIRI_ROOM_OVER) != 0)
        (void)airi_fetch_and(&ctx->actor->flags, ~(uint32_t)AIRI_ROOM_OVER, AIRI_SEQ_CST);
}

static void await_end(airt_ctx *ctx, airi_await *await)
{
    airi_timer_cancel_await(ctx->system, await);
    flags_clear(ctx->actor);
    ctx->await = NULL;
}

/* Between leave and enter the handler is the actor's plain owner: a killer then sets its flag and leaves the rest to us.
 * Where leave says false a killer was first, the actor is not ours any more; airi_leave will find that again. */

void airi_await_forget(airt_ctx *ctx)
{
    if (!airi_handler_leave(ctx))
        return;
    flags_clear(ctx->actor);
    airi_handler_enter(ctx);
}

/* Between leaving and entering the handler. */
static airt_status await_run(airt_ctx *ctx, airi_await *await, int64_t deadline_ns)
{
    await->owner = ctx->self;
    await->status = AIRT_EPENDING;
    ctx->await = await;
    AIRI_TALLY(ctx->system, ctx->worker, awaits, 1);
    airi_box_grant(ctx->worker, ctx->actor); /* nobody shall wait for room while there is some */
    if (airi_await_over(ctx->worker, ctx)) {
        flags_clear(ctx->actor);
        ctx->await = NULL;
        return await->status;
    }
    if (deadline_ns != AIRI_NEVER)
        airi_timer_arm_await(ctx->system, ctx->worker, await, deadline_ns);
    airi_loop_suspend(ctx, await->mode == AIRI_AWAIT_RECEIVE);
    await_end(ctx, await);
    return await->status;
}

static airt_status await_alone(airt_ctx *ctx, airi_await *await, int64_t deadline_ns)
{
    airt_status status;

    if (!airi_handler_leave(ctx))
        return AIRT_EKILLED;
    status = await_run(ctx, await, deadline_ns);
    airi_handler_enter(ctx);
    return status;
}

/* An await with edges in the wait graph, the first of them given. */
static airt_status await_edges(airt_ctx *ctx, airi_await *await, uint32_t first, int64_t deadline_ns)
{
    airt_status status = AIRT_EDEADLK;

    if (!airi_handler_leave(ctx))
        return AIRT_EKILLED;
    if (!airi_wait_begin(ctx, await, first)) {
        status = await_run(ctx, await, deadline_ns);
        airi_wait_end(ctx->actor);
    }
    airi_handler_enter(ctx);
    return status;
}

/* A waiter that nobody will continue: out of the target's list, its message not sent unless it just was. */
static void abort_room(airt_ctx *ctx)
{
    airi_waiter *waiter = ctx->await->waiter;
    bool         refused = airi_waiter_withdraw(ctx->system, waiter) ||
                   airi_waiter_status(waiter) != AIRT_OK; /* pairs with the release of who decided */

    airi_keeper_abort(ctx, waiter->to, refused ? waiter->msg : NULL);
}

void airi_await_abort(airi_worker *worker, airi_actor *actor, airt_letter reason)
{
    airt_system *system = worker->system;
    airt_ctx    *ctx = airi_suspended(actor);
    airt_msg    *msg = ctx->msg;

    take_answers(worker, actor);
    airi_timer_cancel_await(system, ctx->await);
    airi_wait_end(actor);
    ctx->worker = worker;
    if (ctx->await->mode == AIRI_AWAIT_ROOM)
        abort_room(ctx);
    else
        airi_keeper_unreserve(ctx);
    airi_ctx_unwind(ctx);
    if (ctx->room_call != 0)
        airi_calls_close(system, worker, &ctx->room_call);
    ctx->msg = NULL;
    if (msg != NULL) {
        AIRI_TALLY(system, worker, in_work, -1);
        airi_dead(system, worker, ctx->self, msg, reason);
    }
    actor->suspended = false;
    if (airi_pinned(actor)) /* on its own thread, as in airi_loop_resume */
        (void)airi_fetch_sub(&worker->pinned_away, 1, AIRI_SEQ_CST);
    airi_stacks_give(&system->stacks, ctx->stack);
}

/* --- verbs -------------------------------------------------------------------------------------------------------- */

airt_status airi_may_await(airt_ctx *ctx)
{
    uint32_t    flags = airi_load(&ctx->actor->flags, AIRI_SEQ_CST);
    airt_status status = AIRT_OK;

    if (ctx->foreign & AIRI_REGION_LOCKED)
        airi_locks_over(ctx, "waited");
    AIRT_CHECK(!ctx->foreign && "no await inside airt_blocking_begin or airt_foreign_begin");
    if (flags & AIRI_ENDING || ctx->in_hook)
        return flags & AIRI_ASKED_KILL ? AIRT_EKILLED : AIRT_ESTOPPING;
    (void)airi_loop_reserve(ctx->worker, &status);
    return status;
}

static int64_t deadline_of(airt_ctx *ctx, airt_duration within)
{
    int64_t now = ctx->system->world->now_ns(ctx->system->world);
    int64_t due = within.ns >= AIRI_NEVER - now ? AIRI_NEVER : now + (within.ns > 0 ? within.ns : 0);

    return ctx->deadline_ns != 0 && ctx->deadline_ns < due ? ctx->deadline_ns : due;
}

airt_failure *airi_failure_at(airt_ctx *ctx)
{
    return ctx != NULL ? &ctx->failure : airi_failure_outside();
}

airt_status airi_fail(airt_ctx *ctx, airt_status status, const char *text)
{
    airt_failure *failure = airi_failure_at(ctx);

    *failure = (airt_failure){ .status = status };
    (void)strncpy(failure->text, text, sizeof failure->text - 1);
    return status;
}

/* A call that is in the list twice is linked once: the walkers' list must have an end. */
static bool named_again(const airi_await *await, size_t index)
{
    for (size_t i = index + 1; i < await->count; i++)
        if (await->calls[i]->bits == await->calls[index]->bits)
            return true;
    return false;
}

/* Links the calls that are still open for the walkers; *due becomes the earliest end of one, if that is earlier. */
static uint32_t calls_link(airt_system *system, const airi_await *await, int64_t *due)
{
    uint32_t first = 0;

    for (size_t i = await->count; i-- > 0;) {
        airi_call_record *record = airi_call_of(system, *await->calls[i]);

        if (record == NULL || record->done || named_again(await, i))
            continue;
        airi_store(&record->sibling, first, AIRI_SEQ_CST);
        first = airi_ref_index((airt_ref){ await->calls[i]->bits });
        if (record->due_ns < *due)
            *due = record->due_ns;
    }
    return first;
}

/* Calls whose own time has passed are over. */
static void calls_expire(airt_system *system, const airi_await *await)
{
    int64_t now = system->world->now_ns(system->world);

    for (size_t i = 0; i < await->count; i++) {
        airi_call_record *record = airi_call_of(system, *await->calls[i]);

        if (record == NULL || record->done || record->due_ns > now)
            continue;
        airi_edge_clear(system, await->calls[i]->bits);
        record->done = true;
        record->status = AIRT_ETIMEDOUT;
    }
}

static airt_status calls_await(airt_ctx *ctx, airi_await *await, int64_t deadline_ns)
{
    for (;;) {
        int64_t     due = deadline_ns;
        uint32_t    first = calls_link(ctx->system, await, &due);
        airt_status status = await_edges(ctx, await, first, due);

        if (status != AIRT_ETIMEDOUT || due == deadline_ns)
            return status;
        calls_expire(ctx->system, await);
    }
}

airt_status airi_fail_call(airt_ctx *ctx, const airi_call_record *record)
{
    airt_failure              *failure = airi_failure_at(ctx);
    const airi_answer_failure *told;

    if (record->answer == NULL)
        return airi_fail(ctx, record->status, airt_status_text(record->status));
    told = (const airi_answer_failure *)(const void *)airt_msg_body(record->answer);
    if (record->status == AIRT_EDEADLK) {
        airi_failure_chain(failure, &told->chain);
        return record->status;
    }
    *failure = (airt_failure){ .status = record->status, .code = told->code };
    memcpy(failure->text, told->text, sizeof failure->text);
    return record->status;
}

/* What its body shows lives until the handler returns, and counts as the actor's. A flat one ends with its call: a
 * handler's memory does not grow with the asks it makes. */
static airt_status answer_copy(airt_ctx *ctx, airi_call_record *record, void *out)
{
    airt_msg *answer = record->answer;

    if (!airi_kind_flat(answer->kind)) {
        if (!airi_budget_may(ctx, airi_msg_bytes(answer)))
            return airi_fail(ctx, AIRT_ENOMEM, "the answer is more than the memory_max of this actor");
        airi_budget_add_held(ctx, airi_budget_charge(ctx, airi_msg_bytes(answer)));
        airi_ring_append(&ctx->held, answer);
        record->answer = NULL;
    }
    memcpy(out, airi_msg_body(answer), answer->kind->size);
    return AIRT_OK;
}

static airt_status call_take(airt_ctx *ctx, airt_call call, const airt_kind *kind, void *out, size_t out_size)
{
    airi_call_record *record = airi_call_of(ctx->system, call);
    airt_status       status;

    if (record == NULL)
        return airi_fail(ctx, call.bits == 0 ? AIRT_ENOMEM : AIRT_EINVAL, "no such call");
    if (!record->done)
        return AIRT_EPENDING;
    if (record->status != AIRT_OK) {
        status = airi_fail_call(ctx, record);
    } else if (!airt_kind_same(record->answer->kind, kind) || out_size != kind->size) {
        status = airi_fail(ctx, AIRT_EKIND, "the answer is of another kind");
    } else {
        status = answer_copy(ctx, record, out);
    }
    airi_call_end(ctx->system, ctx->worker, &ctx->calls, call);
    return status;
}

static airt_status ask_inside(const airi_caller *caller, const airi_request *request, void *out, size_t out_size)
{
    airt_ctx        *ctx = caller->ctx;
    airt_call        call;
    airt_call *const calls[] = { &call };
    airi_await       await = { .mode = AIRI_AWAIT_ALL, .calls = calls, .count = 1 };
    airt_status      status = airi_may_await(ctx);

    if (status != AIRT_OK)
        return airi_fail(ctx, airi_unsent(caller, request->to, request->kind, request->body, status),
                         airt_status_text(status));
    call = airi_call_send(caller, ctx->actor, &ctx->calls, request);
    if (call.bits == 0)
        return airi_fail(ctx, AIRT_ENOMEM, "no memory for the call");
    status = calls_await(ctx, &await, request->deadline_ns);
    if (status == AIRT_OK)
        return call_take(ctx, call, request->answer_kind, out, out_size);
    airi_call_end(ctx->system, ctx->worker, &ctx->calls, call);
    return status == AIRT_EDEADLK ? status : airi_fail(ctx, status, airt_status_text(status));
}

airt_status airt_ask_body(airt_from from, airt_ref to, const airt_kind *kind, const void *body, airt_duration within,
                          const airt_kind *answer_kind, void *out, size_t out_size)
{
    airi_caller  caller = airi_resolve(from, "airt_ask");
    airi_request request = { to, kind, body, answer_kind, 0 };
    int64_t      now;

    if (caller.ctx != NULL) {
        if (airi_killed(caller.ctx))
            return airi_unsent(&caller, to, kind, body, AIRT_EKILLED);
        request.deadline_ns = deadline_of(caller.ctx, within);
        return ask_inside(&caller, &request, out, out_size);
    }
    now = caller.system->world->now_ns(caller.system->world);
    request.deadline_ns = within.ns >= AIRI_NEVER - now ? AIRI_NEVER : now + within.ns;
    return airi_outside_ask(&caller, &request, out, out_size);
}

airt_call airt_ask_begin_body(airt_ctx *ctx, airt_ref to, const airt_kind *kind, const void *body, airt_duration within,
                              const airt_kind *answer_kind)
{
    airi_caller  caller = airi_resolve_ctx(ctx, "airt_ask_begin");
    airi_request request = { to, kind, body, answer_kind, 0 };

    if (airi_killed(ctx)) {
        (void)airi_unsent(&caller, to, kind, body, AIRT_EKILLED);
        return (airt_call){ 0 };
    }
    request.deadline_ns = deadline_of(ctx, within);
    return airi_call_send(&caller, ctx->actor, &ctx->calls, &request);
}

static airt_status await_calls(airt_ctx *ctx, airi_await *await, airt_duration within)
{
    airt_status status;

    (void)airi_resolve_ctx(ctx, "airt_await");
    if (airi_killed(ctx))
        return AIRT_EKILLED;
    if (await->count == 0)
        return AIRT_EINVAL;
    status = airi_may_await(ctx);
    return status != AIRT_OK ? status : calls_await(ctx, await, deadline_of(ctx, within));
}

airt_status airt_await_all(airt_ctx *ctx, airt_duration within, airt_call *const calls[], size_t count)
{
    airi_await await = { .mode = AIRI_AWAIT_ALL, .calls = calls, .count = count };

    return await_calls(ctx, &await, within);
}

airt_status airt_await_any(airt_ctx *ctx, airt_duration within, airt_call *const calls[], size_t count,
                           size_t *out_index)
{
    airi_await  await = { .mode = AIRI_AWAIT_ANY, .calls = calls, .count = count };
    airt_status status = await_calls(ctx, &await, within);

    if (status == AIRT_OK)
        *out_index = await.index;
    return status;
}

airt_status airt_call_take_body(airt_ctx *ctx, airt_call call, const airt_kind *answer_kind, void *out, size_t out_size)
{
    airi_caller caller = airi_resolve_ctx(ctx, "airt_call_take");

    if (airi_killed(ctx))
        return AIRT_EKILLED;
    if (airi_mail_has_new(&ctx->actor->urgent) && airi_handler_leave(ctx)) {
        take_answers(caller.worker, ctx->actor);
        airi_handler_enter(ctx);
    }
    return call_take(ctx, call, answer_kind, out, out_size);
}

const airt_failure *airt_last_failure(airt_from from)
{
    return airi_failure_at(airi_resolve(from, "airt_last_failure").ctx);
}

airt_status airt_sleep(airt_ctx *ctx, airt_duration span)
{
    airi_await  await = { .mode = AIRI_AWAIT_SLEEP };
    airt_status status;
    int64_t     now;

    (void)airi_resolve_ctx(ctx, "airt_sleep");
    if (airi_killed(ctx))
        return AIRT_EKILLED;
    status = airi_may_await(ctx);
    if (status != AIRT_OK)
        return status;
    now = ctx->system->world->now_ns(ctx->system->world);
    return await_alone(ctx, &await, span.ns >= AIRI_NEVER - now ? AIRI_NEVER : now + (span.ns > 0 ? span.ns : 0));
}

airt_status airt_receive_kinds(airt_ctx *ctx, airt_duration within, const airt_kind *const kinds[], airt_msg **out_msg)
{
    airi_await  await = { .mode = AIRI_AWAIT_RECEIVE, .kinds = kinds };
    airt_status status;

    (void)airi_resolve_ctx(ctx, "airt_receive");
    if (airi_killed(ctx))
        return AIRT_EKILLED;
    status = airi_may_await(ctx);
    if (status == AIRT_OK)
        status = airi_keeper_reserve(ctx);
    if (status != AIRT_OK)
        return status;
    status = await_alone(ctx, &await, deadline_of(ctx, within));
    if (status == AIRT_OK)
        return airi_keeper_fill(ctx, await.received, out_msg);
    airi_keeper_unreserve(ctx);
    return status;
}

airt_status airi_await_room(airt_ctx *ctx, airi_waiter *waiter, int64_t deadline_ns)
{
    airi_await await = { .mode = AIRI_AWAIT_ROOM, .waiter = waiter };

    return await_edges(ctx, &await, airi_ref_index((airt_ref){ waiter->call }), deadline_ns);
}
