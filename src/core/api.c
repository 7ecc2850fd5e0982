/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where public calls come in, but for those of await.c, timers.c, ties.c, owned.c and memory.c: who calls, spawn and
 * find, tell, reply, the message in work. */
#include "base/sized.h"
#include "core/await.h"
#include "core/budget.h"
#include "core/deadlock.h"
#include "core/letters.h"
#include "core/life.h"
#include "core/near.h"
#include "core/outside.h"
#include "port/thread.h"

#include <airt/behavior.h>
#include <airt/children.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- who calls ---------------------------------------------------------------------------------------------------- */

static __attribute__((noreturn, cold)) void misuse(const char *verb, const char *what)
{
    char text[200];

    (void)snprintf(text, sizeof text, "%s: %s", verb, what);
    airi_check_failed(__FILE__, __LINE__, text);
}

airi_caller airi_resolve_ctx(airt_ctx *ctx, const char *verb)
{
    if (__builtin_expect(ctx == NULL || ctx->tag != AIRI_TAG_CTX, 0))
        misuse(verb, ctx == NULL ? "NULL is neither a system nor the ctx of a handler"
                                 : "neither a system nor the ctx of a handler");
    if (__builtin_expect(ctx->worker->thread_token != airi_thread_token(), 0))
        misuse(verb, "a ctx is good inside its own handler only");
    return (airi_caller){ ctx->system, ctx->worker, ctx };
}

static airi_caller resolve_system(airt_system *system, const char *verb)
{
    airi_worker *worker = airi_current_worker();

    if (worker != NULL && worker->system == system)
        misuse(verb, "inside a handler of this system use the handler's ctx, not the system");
    return (airi_caller){ system, NULL, NULL };
}

airi_caller airi_resolve(airt_from from, const char *verb)
{
    airt_ctx *ctx = from.ctx;

    if (ctx != NULL && ctx->tag == AIRI_TAG_SYSTEM)
        return resolve_system((airt_system *)(void *)ctx, verb);
    return airi_resolve_ctx(ctx, verb);
}

/* --- spawn and find ----------------------------------------------------------------------------------------------- */

static airt_status started_status(const airt_msg *answer)
{
    return ((const struct airt_started *)airt_msg_body(answer))->status;
}

/* What the spawner is told: that the start failed, and by what status. */
static airt_status start_result(airt_ctx *ctx, airt_status started)
{
    if (started == AIRT_OK)
        return AIRT_OK;
    (void)airi_fail(ctx, AIRT_EFAILED, airt_status_text(started));
    airi_failure_at(ctx)->code = (int32_t)started;
    return AIRT_EFAILED;
}

/* What was not even tried: the construction arguments are consumed, whatever comes. */
static airt_status unspawned(const airt_spawn_options *options, airt_status status)
{
    if (options != NULL)
        airi_body_drop(options->start.kind, options->start.body);
    return status;
}

static airt_status spawn_wait_inside(const airi_caller *caller, const airt_behavior *behavior, airt_ref *out_ref,
                                     const airt_spawn_options *options)
{
    airt_ctx           *ctx = caller->ctx;
    airi_starter        starter = { ctx->self, { 0 } };
    airt_call *const    calls[] = { &starter.call };
    struct airt_started started;
    airt_status         status = airi_may_await(ctx);

    if (status != AIRT_OK)
        return unspawned(options, status);
    starter.call = airi_call_open(ctx->system, ctx->actor, &ctx->calls, 0);
    if (starter.call.bits == 0)
        return unspawned(options, AIRT_ENOMEM);
    status = airi_spawn(caller, behavior, options, &starter, out_ref);
    if (status == AIRT_OK)
        status = airt_await_all(ctx, AIRT_MS(options->start_within_ms), calls, 1);
    if (status == AIRT_OK) {
        status = airt_call_take_body(ctx, starter.call, &airt_started_kind, &started, sizeof started);
        return status == AIRT_OK ? start_result(ctx, started.status) : status;
    }
    airi_call_end(ctx->system, ctx->worker, &ctx->calls, starter.call);
    return status;
}

static airt_status spawn_wait_outside(const airi_caller *caller, const airt_behavior *behavior, airt_ref *out_ref,
                                      const airt_spawn_options *options)
{
    airt_system *system = caller->system;
    airi_actor  *slot = airi_outside_slot_take(system);
    airi_starter starter;
    uint32_t     calls = 0;
    int64_t      due = system->world->now_ns(system->world) + (int64_t)options->start_within_ms * 1000000;
    airt_status  status;

    if (slot == NULL)
        return unspawned(options, AIRT_ENOMEM);
    starter = (airi_starter){ airi_actor_ref(slot), airi_call_open(system, slot, &calls, 0) };
    if (starter.call.bits == 0)
        status = unspawned(options, AIRT_ENOMEM);
    else
        status = airi_spawn(caller, behavior, options, &starter, out_ref);
    if (status == AIRT_OK)
        status = airi_outside_call_wait(system, slot, starter.call, due);
    if (status == AIRT_OK)
        status = start_result(NULL, started_status(airi_call_of(system, starter.call)->answer));
    airi_calls_close(system, NULL, &calls);
    airi_outside_slot_give(system, slot);
    return status;
}

airt_status airt_spawn_behavior_sized(airt_from from, const airt_behavior *behavior, airt_ref *out_ref,
                                      const airt_spawn_options *options, size_t options_size)
{
    airi_caller        caller = airi_resolve(from, "airt_spawn");
    airt_spawn_options whole;

    options = airi_sized_read(options, options_size, &whole, sizeof whole);
    if (caller.ctx != NULL && airi_killed(caller.ctx))
        return unspawned(options, AIRT_EKILLED);
    if (options == NULL || options->start_within_ms == 0)
        return airi_spawn(&caller, behavior, options, NULL, out_ref);
    return caller.ctx != NULL ? spawn_wait_inside(&caller, behavior, out_ref, options)
                              : spawn_wait_outside(&caller, behavior, out_ref, options);
}

/* A living actor, its slot locked; NULL: gone. */
static airi_actor *lock_living(airt_system *system, airt_ref who)
{
    airi_actor *actor = airi_slot(system, airi_ref_index(who));

    if (actor == NULL || airi_slot_kind(actor) == AIRI_SLOT_CALLER)
        return NULL;
    airi_mutex_lock(&actor->lock);
    if (airi_tenant_living(actor, who) && !airi_mail_closed(&actor->mail))
        return actor;
    airi_mutex_unlock(&actor->lock);
    return NULL;
}

/* The behaviour it was spawned with: what it takes as a whole, whatever its present state. Under its lock. */
static const airt_behavior *born_with(airi_actor *actor)
{
    airi_extra *extra = airi_extra_seen(actor);

    return extra != NULL && extra->born != NULL ? extra->born : actor->behavior;
}

static airt_status check_kinds(airt_system *system, const airt_kind *const kinds[], airt_ref who)
{
    airi_actor *actor = lock_living(system, who);
    airt_status status = AIRT_OK;

    if (actor == NULL)
        return AIRT_EDEAD;
    for (; *kinds != NULL && status == AIRT_OK; kinds++)
        if (!airi_behavior_handles(born_with(actor), *kinds))
            status = AIRT_EKIND;
    airi_mutex_unlock(&actor->lock);
    return status;
}

airt_status airt_as_kinds(airt_from from, const airt_kind *const kinds[], airt_ref any, airt_ref *out_ref)
{
    airt_status status = check_kinds(airi_resolve(from, "airt_as").system, kinds, any);

    if (status == AIRT_OK)
        *out_ref = any;
    return status;
}

airt_status airt_lookup_kinds(airt_from from, const airt_kind *const kinds[], const char *name, airt_ref *out_ref)
{
    airt_system *system = airi_resolve(from, "airt_lookup").system;
    airt_ref     found;
    airt_status  status;

    if (name == NULL)
        misuse("airt_lookup", "the name is NULL");
    airi_mutex_lock(&system->names_lock);
    found.bits = airi_names_find(&system->names, (airt_str){ name, strlen(name) });
    airi_mutex_unlock(&system->names_lock);
    if (airt_ref_none(found))
        return AIRT_ENOENT;
    status = check_kinds(system, kinds, found);
    if (status == AIRT_OK)
        *out_ref = found;
    return status == AIRT_EDEAD ? AIRT_ENOENT : status;
}

static airt_status end_verb(airt_from from, airt_ref who, uint32_t how, airt_exit exit, const airt_reason *reason,
                            const char *verb)
{
    airi_caller caller = airi_resolve(from, verb);
    airt_reason why = reason != NULL ? *reason : (airt_reason){ .exit = exit };

    if (caller.ctx != NULL && airi_killed(caller.ctx))
        return AIRT_EKILLED;
    if (airt_ref_none(why.origin) && caller.ctx != NULL)
        why.origin = caller.ctx->self;
    return airi_ask_end(&caller, who, how, &why);
}

airt_status airt_stop(airt_from from, airt_ref who, const airt_reason *reason)
{
    return end_verb(from, who, AIRI_ASKED_STOP, AIRT_EXIT_SHUTDOWN, reason, "airt_stop");
}

airt_status airt_drain(airt_from from, airt_ref who, const airt_reason *reason)
{
    return end_verb(from, who, AIRI_ASKED_DRAIN, AIRT_EXIT_SHUTDOWN, reason, "airt_drain");
}

airt_status airt_kill(airt_from from, airt_ref who, const airt_reason *reason)
{
    return end_verb(from, who, AIRI_ASKED_KILL, AIRT_EXIT_KILLED, reason, "airt_kill");
}

airt_status airt_incarnation(airt_from from, airt_ref who, uint32_t *out_incarnation)
{
    airi_actor *actor = lock_living(airi_resolve(from, "airt_incarnation").system, who);

    if (actor == NULL)
        return AIRT_EDEAD;
    *out_incarnation = airi_load(&actor->incarnation, AIRI_SEQ_CST);
    airi_mutex_unlock(&actor->lock);
    return AIRT_OK;
}

airt_status airt_info_sized(airt_from from, airt_ref who, airt_actor_info *out_info, size_t info_size)
{
    airt_system    *system = airi_resolve(from, "airt_info").system;
    airi_actor     *actor = lock_living(system, who);
    airi_extra     *extra;
    airt_actor_info info;

    if (actor == NULL)
        return AIRT_EDEAD;
    /* Relaxed: readings. */
    info = (airt_actor_info){ .state = (airt_state)airi_load(&actor->state, AIRI_RELAXED),
                              .incarnation = airi_load(&actor->incarnation, AIRI_RELAXED),
                              .queued = airi_near_queued(system, actor),
                              .handled = airi_load(&actor->handled, AIRI_RELAXED),
                              .started_ns = airi_load(&actor->started_ns, AIRI_RELAXED),
                              .last_message_ns = airi_load(&actor->last_message_ns, AIRI_RELAXED),
                              .behavior = actor->behavior->name };
    extra = airi_extra_seen(actor);
    if (extra != NULL && extra->memory_max != 0)
        info.memory = airi_load(&extra->memory_used, AIRI_RELAXED); /* relaxed: as above */
    airi_mutex_unlock(&actor->lock);
    airi_sized_write(out_info, info_size, &info, sizeof info);
    return AIRT_OK;
}

/* --- reply -------------------------------------------------------------------------------------------------------- */

static airt_status may_reply(airt_ctx *ctx, const char *verb)
{
    (void)airi_resolve_ctx(ctx, verb);
    if (airi_killed(ctx))
        return AIRT_EKILLED;
    return ctx->msg != NULL ? AIRT_OK : AIRT_EINVAL;
}

/* A request that was told, not asked: nobody waits for the reply. A client cannot make a server fail by that. */
static bool unasked(airt_ctx *ctx)
{
    if (airi_msg_is(ctx->msg, AIRI_MSG_REQUEST))
        return false;
    AIRI_TALLY(ctx->system, ctx->worker, late_replies, 1);
    return true;
}

airt_status airt_reply_body(airt_ctx *ctx, const airt_kind *kind, const void *body)
{
    airt_status status = may_reply(ctx, "airt_reply");

    if (status != AIRT_OK)
        return status;
    if (unasked(ctx)) {
        airi_body_drop(kind, body);
        return AIRT_OK;
    }
    if (!airi_body_fits(kind, body))
        return AIRT_EINVAL; /* the request is still to be answered */
    return airi_answer(ctx, ctx->msg, kind, body);
}

airt_status airt_reply_failure(airt_ctx *ctx, int32_t code, const char *format, ...)
{
    char        text[sizeof(((airi_answer_failure *)0)->text)];
    airt_status status = may_reply(ctx, "airt_reply_failure");
    va_list     arguments;

    if (status != AIRT_OK || unasked(ctx))
        return status;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!airi_answer_fail(ctx->system, ctx->worker, ctx->msg, AIRT_EREFUSED, code, text))
        status = airi_killed(ctx) ? AIRT_EKILLED : AIRT_EINVAL;
    return status;
}

airt_status airt_reply_failure_to(airt_ctx *ctx, airt_msg **request, int32_t code, const char *format, ...)
{
    char    text[sizeof(((airi_answer_failure *)0)->text)];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return airi_reply_failure_to(ctx, request, code, text);
}

/* --- the message in work ------------------------------------------------------------------------------------------ */

airt_ctx *airt_from_ctx(airt_from from)
{
    return airi_resolve(from, "airt_from_ctx").ctx;
}

airt_ref airt_self(airt_ctx *ctx)
{
    return ctx->self;
}

airt_ref airt_sender(airt_ctx *ctx)
{
    airi_actor *slot;

    if (ctx->msg == NULL)
        return AIRT_NONE;
    slot = airi_slot(ctx->system, airi_ref_index(ctx->msg->sender));
    return slot == NULL || airi_slot_kind(slot) == AIRI_SLOT_CALLER ? AIRT_NONE : ctx->msg->sender;
}

airt_system *airt_ctx_system(airt_ctx *ctx)
{
    return ctx->system;
}

const airt_msg *airt_message(airt_ctx *ctx)
{
    return ctx->msg;
}

int64_t airt_now_ns(airt_from from)
{
    airi_caller caller = airi_resolve(from, "airt_now_ns");

    return airi_now(caller.system, caller.worker);
}

uint64_t airt_random(airt_from from)
{
    airt_system *system = airi_resolve(from, "airt_random").system;

    return system->world->random(system->world);
}

/* Not inlined, so that no address of a thread's errno is kept across an await. */
__attribute__((noinline)) int airt_errno(void)
{
    return errno;
}

airt_status airt_stash(airt_ctx *ctx)
{
    airi_extra *extra;
    airt_status status = AIRT_EKILLED;

    (void)airi_resolve_ctx(ctx, "airt_stash");
    if (airi_killed(ctx))
        return AIRT_EKILLED;
    if (ctx->msg == NULL)
        return AIRT_EINVAL;
    extra = airi_extra_of(ctx->system, ctx->worker, ctx->self);
    if (extra == NULL)
        return AIRT_ENOMEM;
    airi_mutex_lock(&ctx->actor->lock);
    if (!airi_killed(ctx)) {
        status = extra->stash_count < extra->stash_max ? AIRT_OK : AIRT_ELIMIT;
        if (status == AIRT_OK && !airi_budget_may_locked(ctx, extra, airi_msg_bytes(ctx->msg)))
            status = AIRT_ENOMEM;
        if (status == AIRT_OK) {
            uint64_t charge = airi_budget_charge(ctx, airi_msg_bytes(ctx->msg));

            airi_budget_add(extra, charge);
            if (airi_msg_is(ctx->msg, AIRI_MSG_HAD))
                airi_box_let_go(ctx->system, ctx->worker, ctx->actor);
            airi_msg_clear(ctx->msg, AIRI_MSG_COUNTED);
            extra->stash_charge += charge;
            airi_ring_append(&extra->stash, ctx->msg);
            extra->stash_count++;
            ctx->msg = NULL;
        }
    }
    airi_mutex_unlock(&ctx->actor->lock);
    if (status == AIRT_OK) {
        AIRI_TALLY(ctx->system, ctx->worker, in_work, -1);
        AIRI_TALLY(ctx->system, ctx->worker, queued, 1);
    }
    return status;
}

airt_status airt_unstash(airt_ctx *ctx)
{
    airi_actor *actor = ctx->actor;
    airi_extra *extra;

    (void)airi_resolve_ctx(ctx, "airt_unstash");
    airi_mutex_lock(&actor->lock);
    extra = airi_killed(ctx) ? NULL : airi_extra_seen(actor);
    if (extra != NULL) {
        airi_lane_put_back(actor, &extra->stash);
        extra->stash_count = 0;
        airi_budget_sub(extra, extra->stash_charge);
        extra->stash_charge = 0;
    }
    airi_mutex_unlock(&actor->lock);
    return airi_killed(ctx) ? AIRT_EKILLED : AIRT_OK;
}

airt_status airt_take_body(airt_ctx *ctx, const airt_kind *kind, void *out_body)
{
    static const airt_kind taken = { .name = "taken" }; /* what is left in the message: nothing to drop */
    airt_status            status = AIRT_EKILLED;

    (void)airi_resolve_ctx(ctx, "airt_take");
    if ((kind->flags & AIRI_KIND_LOCAL) == 0)
        return AIRT_EINVAL;
    airi_mutex_lock(&ctx->actor->lock); /* a killer may be looking at the message */
    if (!airi_killed(ctx)) {
        status = ctx->msg == NULL ? AIRT_EINVAL : airt_kind_same(ctx->msg->kind, kind) ? AIRT_OK : AIRT_EKIND;
        if (status == AIRT_OK) {
            memcpy(out_body, airi_msg_body(ctx->msg), kind->size);
            ctx->msg->kind = &taken;
        }
    }
    airi_mutex_unlock(&ctx->actor->lock);
    return status;
}

/* The mark tells a message that nobody handles from a handler that failed with AIRT_EKIND. */
airt_status airt_refuse(airt_ctx *ctx)
{
    ctx->refused = true;
    return AIRT_EKIND;
}

airt_status airt_become(airt_ctx *ctx, const airt_behavior *state)
{
    airi_extra *extra;
    airt_status status = AIRT_EKILLED;

    (void)airi_resolve_ctx(ctx, "airt_become");
    if (airi_killed(ctx))
        return AIRT_EKILLED;
    if (state == NULL || state->receive == NULL)
        return AIRT_EINVAL;
    extra = airi_extra_of(ctx->system, ctx->worker, ctx->self);
    if (extra == NULL)
        return airi_killed(ctx) ? AIRT_EKILLED : AIRT_ENOMEM;
    airi_mutex_lock(&ctx->actor->lock);
    if (!airi_killed(ctx)) { /* otherwise the slot may be another's by now */
        status = state->state_size == ctx->actor->behavior->state_size ? AIRT_OK : AIRT_EINVAL;
        if (status == AIRT_OK && extra->born == NULL)
            extra->born = ctx->actor->behavior;
        if (status == AIRT_OK)
            ctx->actor->behavior = state;
    }
    airi_mutex_unlock(&ctx->actor->lock);
    return status;
}
