/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tell and forward. Most messages are told by a handler, in order and whole: a body without views or blobs, to a living
 * actor's box that has room. Those go the short way, which fails for every other case without having done
 * anything; then the long way is gone from the beginning, and says what is wrong. Any thread. */
#include "base/compiler.h"
#include "base/mutant.h"
#include "base/sized.h"
#include "core/await.h"
#include "core/letters.h"
#include "core/life.h"
#include "core/near.h"
#include "port/thread.h"

#include <airt/behavior.h>
#include <string.h>

enum {
    FLAT_MAX = AIRI_HEAP_INLINE_MAX - (int)sizeof(struct airt_msg)
};

/* --- the long way ------------------------------------------------------------------------------------------------- */

static airt_status apply_options(airt_system *system, airt_msg *msg, const airt_send_options *options)
{
    if ((unsigned)options->priority > 3)
        return AIRT_EINVAL;
    msg->priority = (unsigned)options->priority & 3;
    if (options->ttl_ms != 0)
        airi_msg_set_deadline(msg, system->world->now_ns(system->world) + (int64_t)options->ttl_ms * 1000000);
    return AIRT_OK;
}

static uint64_t trace_of(const airi_caller *caller, const airt_send_options *options)
{
    if (options != NULL && options->trace != 0)
        return options->trace;
    return caller->ctx != NULL ? caller->ctx->trace : 0;
}

/* Any message, any box, any caller: the status says what is wrong. */
static __attribute__((noinline)) airt_status tell_at_length(airt_from from, airt_ref to, const airt_kind *kind,
                                                            const void *body, const airt_send_options *given,
                                                            size_t options_size)
{
    airt_send_options        whole;
    const airt_send_options *options = airi_sized_read(given, options_size, &whole, sizeof whole);
    airi_caller              caller = airi_resolve(from, "airt_tell");
    airi_source              source = airi_source_of(caller.system, caller.worker);
    airt_status              status = AIRT_OK;
    airt_msg                *msg;
    uint64_t                 trace = trace_of(&caller, options);

    if (caller.ctx != NULL && airi_killed(caller.ctx))
        return airi_unsent(&caller, to, kind, body, AIRT_EKILLED);
    msg = airi_msg_create(&source, kind, body, false, &status);
    if (msg == NULL)
        return airi_unsent(&caller, to, kind, body, status);
    if (caller.ctx != NULL)
        msg->sender = caller.ctx->self;
    if (trace != 0)
        airi_msg_set_trace(msg, trace);
    if (options != NULL)
        status = apply_options(caller.system, msg, options);
    if (status == AIRT_OK)
        status = airi_deliver(&caller, to, msg, options != NULL ? options->wait.ns : 0);
    if (status != AIRT_OK) /* after a wait the worker may be another */
        airi_refused(caller.system, caller.ctx != NULL ? caller.ctx->worker : NULL, to, msg, status);
    return status;
}

/* --- the short way ------------------------------------------------------------------------------------------------ */

/* A body goes from function to function in two registers: as a struct it would be written and read again in one, which stalls. */

/* The ctx of the handler that this thread is in, and it was not killed. */
static inline bool is_running(airt_ctx *ctx)
{
    return ctx != NULL && ctx->tag == AIRI_TAG_CTX && ctx->worker->thread_token == airi_thread_token() &&
           !airi_killed(ctx);
}

/* A body that is copied by its struct alone, into memory that a worker has at hand; what a LOCAL one owns goes with it. */
static inline bool is_flat(const airt_kind *kind, size_t size)
{
    return (kind->flags & (AIRI_KIND_VIEWS | AIRI_KIND_BLOBS)) == 0 && size <= FLAT_MAX;
}

/* A move or two where the size is a constant; else a call may be in it. */
static AIRI_ALWAYS_INLINE void copy_flat(void *to, const void *from, size_t size)
{
    if (size != 0)
        memcpy(to, from, size);
}

/* From this handler, counted, for that tenant. NULL: none at hand. */
static AIRI_ALWAYS_INLINE airt_msg *flat_msg(airt_ctx *ctx, airt_ref to, const airt_kind *kind, size_t size)
{
    size_t    units = airi_msg_units(size, 0, false);
    airt_msg *msg = airi_cache_take(&ctx->worker->cache, units);

    if (__builtin_expect(msg == NULL, 0))
        return NULL;
    msg->kind = kind;
    msg->sender = ctx->self;
    msg->word = airi_msg_word(AIRI_MSG_COUNTED, units) | airi_ref_generation(to);
    if (__builtin_expect(ctx->trace != 0, 0))
        airi_msg_set_trace(msg, ctx->trace);
    return msg;
}

/* airi_box_of, as far as its answer matters here: a slot that no actor ever lived in has no room. */
static inline airi_actor *glance_at(airt_system *system, airt_ref to)
{
    airi_actor *actor = airi_slot(system, airi_ref_index(to));

    /* Relaxed: a stale answer is caught when the receiver compares generations. */
    if (actor == NULL || (!AIRI_MUTANT_IS(5) && airi_load(&actor->generation, AIRI_RELAXED) != airi_ref_generation(to)))
        return NULL;
    return actor;
}

/* No room: the body is still the caller's. */
static __attribute__((noinline)) airt_status tell_after_all(airt_ctx *ctx, airt_ref to, airt_body what, airt_msg *msg)
{
    airi_heap_give(&ctx->system->heap, &ctx->worker->cache, msg, airi_msg_bytes(msg));
    return tell_at_length((airt_from){ .ctx = ctx }, to, what.kind, what.body, NULL, 0);
}

/* The recorder last, so that nothing need be saved for it; who begins the message elsewhere may tell of it earlier anyway. */
static AIRI_ALWAYS_INLINE airt_status was_told(airt_system *system, airi_actor *actor, const airt_kind *kind,
                                               airi_audience by)
{
    if (by != AIRI_UNHEARD)
        airi_recorded(system, actor, kind);
    return AIRT_OK;
}

/* The owner is to be scheduled; or it is, and is sent one after the other. */
static void see_to(airi_worker *worker, airi_actor *actor, airi_mail_pushed how)
{
    if (how == AIRI_PUSHED_WAKE)
        airi_schedule(worker->system, worker, actor);
    else
        airi_near_fetch(worker, actor);
}

static __attribute__((noinline)) airt_status seen_to(airi_worker *worker, airi_actor *actor, airi_mail_pushed how)
{
    see_to(worker, actor, how);
    return AIRT_OK;
}

static __attribute__((noinline)) airt_status seen_to_heard(airi_worker *worker, airi_actor *actor, airi_mail_pushed how,
                                                           const airt_kind *kind)
{
    airt_system *system = worker->system;

    see_to(worker, actor, how);
    return was_told(system, actor, kind, AIRI_HEARD);
}

/* No room, or others push at the same moment. */
static __attribute__((noinline)) airt_status push_again(airt_ctx *ctx, airi_actor *actor, airt_msg *msg,
                                                        const void *body)
{
    airi_worker     *worker = ctx->worker;
    const airt_kind *kind = msg->kind;
    airt_ref         to = { airi_ref_bits(actor->index, msg->generation) };
    airi_mail_pushed how = airi_box_push(actor, msg);

    if (how > AIRI_PUSHED_WAKE)
        return tell_after_all(ctx, to, (airt_body){ kind, body }, msg);
    airi_count(&worker->account.accepted, 1);
    if (how == AIRI_PUSHED_WAKE)
        airi_schedule(worker->system, worker, actor);
    return was_told(worker->system, actor, kind, AIRI_HEARD);
}

/* To the actor that the worker runs next. */
static AIRI_ALWAYS_INLINE airt_status tell_near(airt_ctx *ctx, airi_actor *actor, airt_msg *msg, const void *body,
                                                airi_audience by)
{
    if (__builtin_expect(!airi_near_append(ctx->worker, actor, msg), 0))
        return push_again(ctx, actor, msg, body);
    airi_count(&ctx->worker->account.accepted, 1);
    return was_told(ctx->system, actor, msg->kind, by);
}
static __attribute__((noinline)) airt_status near_unheard(airt_ctx *ctx, airi_actor *actor, airt_msg *msg,
                                                          const void *body)
{
    return tell_near(ctx, actor, msg, body, AIRI_UNHEARD);
}
static __attribute__((noinline)) airt_status near_heard(airt_ctx *ctx, airi_actor *actor, airt_msg *msg,
                                                        const void *body)
{
    return tell_near(ctx, actor, msg, body, AIRI_HEARD);
}

/* `by`: whom the worker is heard by, a constant. `size`: the kind's; where it is a constant, this is a path without a call. */
static AIRI_ALWAYS_INLINE airt_status tell_shortly(airt_ctx *ctx, airt_ref to, airt_body what, size_t size,
                                                   airi_audience by)
{
    airi_actor      *actor = glance_at(ctx->system, to);
    airi_mail_pushed how;
    airt_msg        *msg;

    if (actor == NULL || !airi_box_is_plain(actor) || !is_flat(what.kind, size) ||
        (msg = flat_msg(ctx, to, what.kind, size)) == NULL)
        return tell_at_length((airt_from){ .ctx = ctx }, to, what.kind, what.body, NULL, 0);
    copy_flat(airi_msg_body(msg), what.body, size);
    if (by == AIRI_LED)
        airi_seam(ctx->worker);
    if (airi_locality_has(&ctx->worker->next, actor))
        return by == AIRI_UNHEARD ? near_unheard(ctx, actor, msg, what.body) : near_heard(ctx, actor, msg, what.body);
    how = airi_box_try_push(actor, msg);
    if (__builtin_expect(how > AIRI_PUSHED_WAKE, 0))
        return push_again(ctx, actor, msg, what.body);
    airi_count(&ctx->worker->account.accepted, 1);
    if (how == AIRI_PUSHED_WAKE ? !airi_schedule_near(ctx->worker, actor) : airi_near_is_due(ctx->worker))
        return by == AIRI_UNHEARD ? seen_to(ctx->worker, actor, how)
                                  : seen_to_heard(ctx->worker, actor, how, what.kind);
    return was_told(ctx->system, actor, what.kind, by);
}

/* The short ways of an audience: of a body of 8 bytes, of 16, of any. */
#define TELL_SHORTLY(name, bytes, by)                                                                                  \
    static airt_status name(airt_ctx *ctx, airt_ref to, const airt_kind *kind, const void *body)                       \
    {                                                                                                                  \
        return tell_shortly(ctx, to, (airt_body){ kind, body }, bytes, by);                                            \
    }
TELL_SHORTLY(tell_8_unheard, 8, AIRI_UNHEARD)
TELL_SHORTLY(tell_16_unheard, 16, AIRI_UNHEARD)
TELL_SHORTLY(tell_any_unheard, kind->size, AIRI_UNHEARD)
TELL_SHORTLY(tell_8_heard, 8, AIRI_HEARD)
TELL_SHORTLY(tell_16_heard, 16, AIRI_HEARD)
TELL_SHORTLY(tell_any_heard, kind->size, AIRI_HEARD)
TELL_SHORTLY(tell_any_led, kind->size, AIRI_LED)

/* Where memory may be refused, it is asked for once. */
static airt_status tell_refused(airt_ctx *ctx, airt_ref to, const airt_kind *kind, const void *body)
{
    return tell_at_length((airt_from){ .ctx = ctx }, to, kind, body, NULL, 0);
}

void airi_tell_init(airi_worker *worker)
{
    static const airi_ways unheard = { tell_8_unheard, tell_16_unheard, tell_any_unheard };
    static const airi_ways heard = { tell_8_heard, tell_16_heard, tell_any_heard };
    static const airi_ways led = { tell_any_led, tell_any_led, tell_any_led };
    static const airi_ways refused = { tell_refused, tell_refused, tell_refused };

    worker->tell = worker->system->world->refuse != NULL ? refused
                   : worker->audience == AIRI_LED        ? led
                   : worker->audience == AIRI_HEARD      ? heard
                                                         : unheard;
}

airt_status airt_tell_body_sized(airt_from from, airt_ref to, const airt_kind *kind, const void *body,
                                 const airt_send_options *options, size_t options_size)
{
    if (__builtin_expect(options != NULL || !is_running(from.ctx), 0))
        return tell_at_length(from, to, kind, body, options, options_size);
    if (kind->size == 8)
        return from.ctx->worker->tell.of_8(from.ctx, to, kind, body);
    return (kind->size == 16 ? from.ctx->worker->tell.of_16 : from.ctx->worker->tell.of_any)(from.ctx, to, kind, body);
}

/* --- forward ------------------------------------------------------------------------------------------------------ */

/* A timer's own message stays with it; a copy travels. */
static airt_status forward_copy(airt_ctx *ctx, airt_ref to, airt_msg *msg)
{
    airi_ring_append(&ctx->held, msg); /* goes home when the handler ends, however it ends */
    return airt_tell_body((airt_from){ .ctx = ctx }, to, msg->kind, airi_msg_body(msg), NULL);
}

airt_status airt_forward_kind(airt_ctx *ctx, airt_ref to, const airt_kind *kind)
{
    airi_caller caller = airi_resolve_ctx(ctx, "airt_forward");
    airt_status status;
    airt_msg   *msg;

    if (airi_killed(ctx))
        return AIRT_EKILLED;
    if (ctx->msg == NULL || !airt_kind_same(ctx->msg->kind, kind))
        return AIRT_EINVAL;
    msg = airi_msg_from_work(ctx);
    if (msg == NULL)
        return AIRT_EKILLED;
    AIRI_TALLY(ctx->system, ctx->worker, handled, 1);
    if (airi_msg_is(msg, AIRI_MSG_TIMER))
        return forward_copy(ctx, to, msg);
    airi_msg_unbind(msg);
    status = airi_deliver(&caller, to, msg, 0);
    if (status != AIRT_OK)
        airi_refused(ctx->system, ctx->worker, to, msg, status);
    return status;
}
