/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An actor's turn: requests to end first, then answers, then mail, until nothing is left or the turn's budget is used
 * up. The caller owns the actor; when the turn ends it is idle, queued, suspended or gone, and not to be touched. */
#include "base/mutant.h"
#include "core/await.h"
#include "core/children.h"
#include "core/budget.h"
#include "core/flight.h"
#include "core/letters.h"
#include "core/life.h"
#include "core/locks.h"
#include "core/loop.h"
#include "core/quarantine.h"

#include <airt/behavior.h>

enum {
    CLOCK_EVERY_MAX = 32,
    QUICK_LOOKS = 256
};

static inline void bind(airt_ctx *ctx, airi_actor *actor)
{
    ctx->actor = actor;
    ctx->self = airi_actor_ref(actor);
    ctx->incarnation = airi_load(&actor->incarnation, AIRI_RELAXED); /* owner's own */
    ctx->trace = 0;                                                  /* hooks have none of another's */
    ctx->deadline_ns = 0;
    if (__builtin_expect(ctx->failure.status != AIRT_OK, 0))
        ctx->failure = (airt_failure){ 0 };
    /* Release: pairs with the killer's acquire in abandon, which reads the activation it finds here. */
    airi_store(&actor->active, ctx, AIRI_RELEASE);
}

void airi_ctx_bind(airt_ctx *ctx, airi_actor *actor)
{
    bind(ctx, actor);
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

static inline void handler_enter(airt_ctx *ctx)
{
    airi_count(&ctx->worker->serial, 1);
    /* Release: who sees it sees the serial, and that what this worker did between handlers is done. The watch's. */
    airi_store(&ctx->worker->running, ctx, AIRI_RELEASE);
    airi_claim_enter(&ctx->claim, ctx->self.bits);
}

/* Not taken, or not yet: a killer that has asked holds the actor's lock until it is decided. */
static bool __attribute__((noinline)) leave_asked(airt_ctx *ctx)
{
    airi_mutex_lock(&ctx->actor->lock);
    airi_mutex_unlock(&ctx->actor->lock);
    return !airi_claim_taken(&ctx->claim);
}

static inline bool handler_leave(airt_ctx *ctx)
{
    return __builtin_expect(airi_claim_leave(&ctx->claim, ctx->system->light), 1) || leave_asked(ctx);
}

void airi_handler_enter(airt_ctx *ctx)
{
    handler_enter(ctx);
}

bool airi_handler_leave(airt_ctx *ctx)
{
    return handler_leave(ctx);
}

/* Every handler is called from here. */
static inline __attribute__((always_inline)) airt_status dispatch(airt_ctx *ctx, airi_actor *actor,
                                                                  const airt_behavior *behavior, const airt_kind *kind,
                                                                  const void *body)
{
    void       *self = actor->self; /* read now: a killer may take the actor as soon as the handler is announced */
    airt_status status;

    handler_enter(ctx);
    status = behavior->receive(self, ctx, kind, body);
    airi_flight_done(ctx->worker, status);
    airi_store(&ctx->worker->running, NULL, AIRI_RELAXED); /* for the watch: airi_claim_leave has the fence */
    if (!handler_leave(ctx)) {
        ctx->abandoned = true;
        status = AIRT_EKILLED;
    }
    if (ctx->held != NULL || ctx->calls != 0 || ctx->blobs != NULL || ctx->foreign)
        airi_ctx_unwind(ctx);
    return status;
}

airt_status airi_dispatch(airt_ctx *ctx, airi_actor *actor, const airt_kind *kind, const void *body)
{
    return airi_dispatch_by(ctx, actor, actor->behavior, kind, body);
}

airt_status airi_dispatch_by(airt_ctx *ctx, airi_actor *actor, const airt_behavior *behavior, const airt_kind *kind,
                             const void *body)
{
    return dispatch(ctx, actor, behavior, kind, body);
}

/* --- a message in work -------------------------------------------------------------------------------------------- */

/* Flags of a message that was begun and is in nobody's way: it is freed like any memory. */
static inline bool ends_plainly(const airt_msg *msg)
{
    const uint64_t more = (uint64_t)(AIRI_MSG_FLAGS & ~(unsigned)(AIRI_MSG_TRAILER | AIRI_MSG_HAD))
                          << AIRI_MSG_FLAGS_AT;

    return (msg->word & more) == 0 && (msg->kind->flags & (AIRI_KIND_BLOBS | AIRI_KIND_LOCAL)) == 0;
}

static __attribute__((noinline)) void end_with_more(airt_ctx *ctx, airt_msg *msg)
{
    if (airi_msg_is(msg, AIRI_MSG_REQUEST))
        airi_answer_fail(ctx->system, ctx->worker, msg, AIRT_ENOREPLY, 0, "the handler returned without a reply");
    airi_msg_done(ctx->system, ctx->worker, msg);
}

/* The message in work has been handled, unless the handler kept, stashed or forwarded it. */
static inline void end_handled(airt_ctx *ctx)
{
    airi_worker *worker = ctx->worker;
    airt_msg    *msg = ctx->msg;

    if (msg == NULL)
        return;
    ctx->msg = NULL;
    airi_count(&worker->account.handled, 1);
    if (__builtin_expect(ends_plainly(msg), 1))
        airi_msg_give(&ctx->system->heap, &worker->cache, msg);
    else
        end_with_more(ctx, msg);
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
static __attribute__((noinline)) bool stopped_itself(airt_ctx *ctx, airi_actor *actor)
{
    airt_reason normal = { .exit = AIRT_EXIT_NORMAL, .origin = ctx->self };

    end_handled(ctx);
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

/* What a handler returned that is not OK. False: the actor is gone. */
static __attribute__((noinline)) bool returned(airt_ctx *ctx, airi_actor *actor, airt_status status)
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

/* The message is the handler's. */
static inline void take_in_work(airt_ctx *ctx, airt_msg *msg)
{
    ctx->msg = msg;
    ctx->deadline_ns = __builtin_expect(airi_msg_is(msg, AIRI_MSG_REQUEST), 0) ? msg->deadline_ns : 0;
    ctx->trace = __builtin_expect(airi_msg_is(msg, AIRI_MSG_TRAILER), 0) ? airt_msg_trace(msg) : 0;
    ctx->refused = false;
    airi_store(&ctx->kind, msg->kind, AIRI_RELAXED); /* for reports */
}

/* False: the actor is gone. */
static inline bool handle(airt_ctx *ctx, airi_actor *actor, airt_msg *msg)
{
    const airt_kind *kind = msg->kind;
    airt_status      status;

    take_in_work(ctx, msg);
    if (__builtin_expect(ctx->system->world->event != NULL, 0))
        ctx->system->world->event(ctx->system->world, airi_kind_hash(kind), actor->index, msg->generation);
    airi_flight_message(ctx, actor->behavior, kind);
    status = dispatch(ctx, actor, actor->behavior, kind, airi_msg_body(msg));
    if (AIRI_MUTANT_IS(3) && status == AIRT_OK && ctx->msg == msg && !ctx->abandoned)
        status = airi_dispatch(ctx, actor, kind, airi_msg_body(msg));
    if (__builtin_expect(status != AIRT_OK, 0))
        return returned(ctx, actor, status);
    end_handled(ctx);
    return true;
}

/* Answers that came after their call was over. */
static void drop_late_answers(airi_worker *worker, airi_actor *actor)
{
    airi_link *link = airi_mail_take(&actor->urgent);

    while (link != NULL) {
        airi_link *next = link->next;

        airi_call_accept(worker->system, worker, actor, (airt_msg *)(void *)link);
        link = next;
    }
}

/* Apart, so that the look at the flags before every message stays a few instructions. */
static void __attribute__((noinline)) end_as_asked(airt_ctx *ctx, airi_actor *actor, uint32_t flags)
{
    airt_reason reason = (flags & AIRI_ENDING) != 0 ? airi_life_reason(actor) : airi_budget_reason(ctx, actor);

    airi_life_end(ctx, actor, &reason, true);
}

/* True: asked to end, or over its budget, and gone. */
static inline bool ended(airt_ctx *ctx, airi_actor *actor, uint32_t flags)
{
    if (__builtin_expect((flags & (AIRI_ENDING | AIRI_OVER_BUDGET)) == 0, 1))
        return false;
    end_as_asked(ctx, actor, flags);
    return true;
}

static __attribute__((noinline)) bool drain_is_over(airt_ctx *ctx, airi_actor *actor)
{
    airt_reason reason;

    if (!airi_box_empty(actor))
        return false;
    reason = airi_life_reason(actor);
    airi_life_end(ctx, actor, &reason, true);
    return true;
}

static inline bool drained(airt_ctx *ctx, airi_actor *actor)
{
    return __builtin_expect((airi_load(&actor->flags, AIRI_SEQ_CST) & AIRI_ASKED_DRAIN) != 0, 0) &&
           drain_is_over(ctx, actor);
}

/* --- the turn ----------------------------------------------------------------------------------------------------- */

/* What an actor without an await must not sleep over. Flags of an await that is over mean nothing here. */
static inline bool work_came(airi_actor *actor)
{
    uint32_t flags = airi_load(&actor->flags, AIRI_SEQ_CST);

    return (flags & (AIRI_ENDING | AIRI_ASKED_DRAIN | AIRI_LANE_NEWS)) != 0 || airi_mail_has_new(&actor->urgent) ||
           airi_mail_wanted(&actor->mail);
}

/* True: the turn is over, the actor idle and no longer ours. */
static inline bool went_idle(airi_worker *worker, airi_actor *actor)
{
    airt_msg *last = airi_had(actor);
    uint64_t  had = actor->had;

    airi_seam(worker);
    actor->had = 0; /* afterwards it is not ours to write */
    if (!airi_mail_idle(&actor->mail, had)) {
        actor->had = had;
        return false;
    }
    AIRI_ASSERT(last == NULL || airi_msg_is(last, AIRI_MSG_OVER));
    if (last != NULL) /* over, like all that was taken; only the word kept it */
        airi_heap_give(&worker->system->heap, &worker->cache, last, airi_msg_bytes(last));
    airi_seam(worker);
    /* Somebody may have set a flag or pushed an answer before our idle; later ones claim for themselves.
     * Claimed back, it is ours like any actor from a queue: others may have run it meanwhile, suspended it too. */
    if (!AIRI_MUTANT_IS(2) && work_came(actor) && airi_mail_claim(&actor->mail))
        airi_schedule(worker->system, worker, actor);
    return true;
}

/* Quick handlers are timed 32 at a time, a reading of the clock being worth a message or two; those of an actor that was
 * found slow one by one, and a young actor's at its second, fourth, eighth... message, to find that out. */
static inline bool time_to_look(airi_worker *worker, airi_actor *actor)
{
    uint64_t handled = airi_load(&actor->handled, AIRI_RELAXED); /* owner's own */

    return --worker->clock_left <= 0 ||
           __builtin_expect(handled < CLOCK_EVERY_MAX && handled > 1 && (handled & (handled - 1)) == 0, 0) ||
           (airi_load(&actor->flags, AIRI_RELAXED) & AIRI_SLOW) != 0; /* relaxed: the owner's own bit */
}

/* One slow reading marks an actor; many quick ones in a row clear it, since quick messages may stand between slow ones. */
static void mark_slow(airi_worker *worker, airi_actor *actor, bool slow)
{
    bool marked = (airi_load(&actor->flags, AIRI_RELAXED) & AIRI_SLOW) != 0; /* relaxed: the owner's own bit */

    worker->quick_looks = slow ? 0 : worker->quick_looks + 1;
    if (slow && !marked)
        (void)airi_fetch_or(&actor->flags, AIRI_SLOW, AIRI_SEQ_CST);
    if (marked && worker->quick_looks >= QUICK_LOOKS)
        (void)airi_fetch_and(&actor->flags, ~(uint32_t)AIRI_SLOW, AIRI_SEQ_CST);
}

/* True: the time budget is used up. Slow: a quarter of it since the clock was last read. */
static __attribute__((noinline)) bool out_of_time(airi_worker *worker, airi_actor *actor)
{
    airt_system *system = worker->system;
    int64_t      before = worker->now_ns;
    bool         slow;

    worker->now_ns = system->world->now_ns(system->world);
    worker->now_age = 0;
    airi_look_around(worker); /* timers may be due */
    slow = worker->now_ns - before > (int64_t)system->options.turn_us * 250;
    mark_slow(worker, actor, slow);
    worker->clock_every = slow ? 1 : CLOCK_EVERY_MAX;
    worker->clock_left = worker->clock_every;
    return worker->now_ns >= worker->turn_end_ns;
}

static inline void start_turn(airi_worker *worker, airi_actor *actor)
{
    airi_count(&worker->account.turns, 1);
    worker->turn_left = actor->turn_max;
    worker->turn_took = false;
    worker->turn_end_ns = worker->now_ns + worker->turn_ns;
    if (__builtin_expect(worker->driven_mode, 0) && !worker->system->foreign) /* the seed decides how long a turn is */
        worker->turn_left = 1 + (uint32_t)(worker->system->world->random(worker->system->world) % actor->turn_max);
}

/* Suspended: true when it may go on with its mail, which is never: it is resumed, still waiting, or gone. */
static void continue_suspended(airt_ctx *ctx, airi_actor *actor)
{
    for (;;) {
        airi_worker *worker = ctx->worker;
        airt_ctx    *waiting = airi_suspended(actor);
        airt_reason  reason;

        if (airi_load(&actor->flags, AIRI_SEQ_CST) & AIRI_ASKED_KILL) {
            reason = airi_life_reason(actor);
            airi_await_abort(worker, actor, AIRT_LETTER_STOPPED);
            airi_life_end(ctx, actor, &reason, false);
            return;
        }
        airi_box_look(worker, actor); /* before the await does: what is let in now may be what it receives */
        if (airi_await_over(worker, waiting)) {
            actor->suspended = false;
            airi_loop_resume(worker, waiting);
        }
        airi_await_drop_stale(waiting);
        if (airi_loop_commit(worker, actor, waiting->await->mode == AIRI_AWAIT_RECEIVE))
            return;
    }
}

/* Counted, for this tenant, and no more to be asked: most messages, in a box that has no rule of its own. */
static inline bool begins_plainly(airi_actor *actor, const airt_msg *msg)
{
    const uint64_t open =
        (uint64_t)(AIRI_MSG_TRAILER | AIRI_MSG_HAD) << AIRI_MSG_FLAGS_AT | AIRI_MSG_PRIORITY | AIRI_MSG_UNITS;
    /* Relaxed: the owner's own generation. */
    uint64_t counted = airi_load(&actor->generation, AIRI_RELAXED) | (uint64_t)AIRI_MSG_COUNTED << AIRI_MSG_FLAGS_AT;

    return (msg->word & ~open) == counted && msg->deadline_ns == 0 &&
           (airi_box(actor) & ~(unsigned)AIRI_BOX_PLAIN) == 0;
}

/* airi_begin. */
static inline bool begin(airi_worker *worker, airi_actor *actor, airt_msg *msg)
{
    if (__builtin_expect(!begins_plainly(actor, msg), 0))
        return airi_begin(worker, actor, msg);
    airi_msg_clear(msg, AIRI_MSG_COUNTED);
    airi_begin_place(worker, actor);
    airi_begun(worker, actor, msg);
    return true;
}

/* airi_box_next, by a glance at the mail word. */
static inline airt_msg *next_mail(airi_worker *worker, airi_actor *actor, uint32_t flags, uint64_t word)
{
    bool rules = ((airi_box(actor) & ~(unsigned)AIRI_BOX_PLAIN) | (flags & AIRI_LANE_NEWS)) != 0;

    if (__builtin_expect(rules || (word & AIRI_MAIL_WANTED) != 0, 0))
        return airi_box_next(worker, actor);
    if (airi_mail_more_by(word, actor->had))
        return airi_box_first(worker, actor);
    return actor->lane_mask != 0 ? airi_lane_pop(actor) : NULL;
}

/* What was there when the turn began is done. What has come since, often by the actor's own doing, may wait for its next
 * turn if others wait for this worker. */
static inline bool has_had_its_turn(airi_worker *worker, airi_actor *actor, uint64_t word)
{
    if (!airi_mail_more_by(word, actor->had) || actor->lane_mask != 0)
        return false;
    if (__builtin_expect(!worker->turn_took, 1)) {
        worker->turn_took = true;
        return false;
    }
    return !airi_locality_empty(&worker->next) || !airi_runq_empty(&worker->runq) ||
           airi_load(&worker->system->inject.count, AIRI_RELAXED) != 0; /* relaxed: a glance */
}

/* One message, or the end of the turn. True: go on. */
static inline bool step(airt_ctx *ctx, airi_actor *actor)
{
    uint32_t  flags = airi_load(&actor->flags, AIRI_SEQ_CST);
    uint64_t  word;
    airt_msg *msg;

    if (ended(ctx, actor, flags))
        return false;
    if (__builtin_expect(airi_mail_has_new(&actor->urgent), 0))
        drop_late_answers(ctx->worker, actor);
    word = airi_mail_glance(&actor->mail);
    if (has_had_its_turn(ctx->worker, actor, word)) {
        airi_schedule_last(ctx->system, ctx->worker, actor);
        return false;
    }
    msg = next_mail(ctx->worker, actor, flags, word);
    if (msg == NULL)
        return !drained(ctx, actor) && !went_idle(ctx->worker, actor);
    if (begin(ctx->worker, actor, msg) &&
        !(__builtin_expect((flags & AIRI_QUARANTINE) != 0, 0) && airi_quarantined(ctx->worker, actor, msg)) &&
        !handle(ctx, actor, msg))
        return false;
    if (--ctx->worker->turn_left == 0 || (time_to_look(ctx->worker, actor) && out_of_time(ctx->worker, actor))) {
        airi_schedule_last(ctx->system, ctx->worker, actor);
        return false;
    }
    return true;
}

void airi_turn(airt_ctx *ctx, airi_actor *actor)
{
    start_turn(ctx->worker, actor);
    if (__builtin_expect(actor->suspended, 0)) {
        continue_suspended(ctx, actor);
        return;
    }
    bind(ctx, actor);
    if (__builtin_expect(airi_load(&actor->state, AIRI_RELAXED) == AIRT_STATE_STARTING, 0)) /* owner's own */
        if (ended(ctx, actor, airi_load(&actor->flags, AIRI_SEQ_CST)) || !airi_life_start(ctx, actor))
            return;
    while (step(ctx, actor)) {
    }
}
