/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An actor's turn: requests to end first, then answers, then mail, until nothing is left or the turn's budget is used
 * up. The caller owns the actor; when the turn ends it is idle, queued, suspended or gone, and not to be touched. */
#include "core/await.h"
#include "core/budget.h"
#include "core/handler.h"
#include "core/life.h"
#include "core/loop.h"
#include "core/quarantine.h"

enum {
    CLOCK_EVERY_MAX = 32,
    QUICK_LOOKS = 256
};

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

    return (flags & (AIRI_CLOSED_TO_SENDERS | AIRI_LANE_NEWS | AIRI_OVER_BUDGET)) != 0 ||
           airi_mail_has_new(&actor->urgent) || airi_mail_wanted(&actor->mail);
}

/* True: the turn is over, the actor idle and no longer ours. */
static AIRI_ALWAYS_INLINE bool went_idle(airi_worker *worker, airi_actor *actor, airi_audience by)
{
    airt_msg *last = airi_had(actor);
    uint64_t  had = actor->had;

    if (by == AIRI_LED)
        airi_seam(worker);
    actor->had = 0; /* afterwards it is not ours to write */
    if (!airi_mail_idle(&actor->mail, had)) {
        actor->had = had;
        return false;
    }
    AIRI_ASSERT(last == NULL || airi_msg_is(last, AIRI_MSG_OVER));
    if (last != NULL) /* over, like all that was taken; only the word kept it */
        airi_msg_give_back(&worker->system->heap, &worker->cache, last);
    if (by == AIRI_LED)
        airi_seam(worker);
    /* Somebody may have set a flag or pushed an answer before our idle; later ones claim for themselves.
     * Claimed back, it is ours like any actor from a queue: others may have run it meanwhile, suspended it too. */
    if (!AIRI_MUTANT_IS(2) && work_came(actor) && airi_mail_claim(&actor->mail))
        airi_schedule(worker->system, worker, actor);
    return true;
}

/* Quick handlers are timed 32 at a time, a reading of the clock being worth a message or two; those of an actor that was
 * found slow one by one, and a young actor's at its second, fourth, eighth... message (pause_turn), to find that out. */
static inline bool time_to_look(airi_worker *worker)
{
    return airi_load(&worker->account.begun, AIRI_RELAXED) >= worker->clock_at; /* relaxed: its own */
}

/* At this very message: another look would find that nothing has lasted. */
static inline bool has_looked(airi_worker *worker)
{
    return airi_load(&worker->account.begun, AIRI_RELAXED) + worker->clock_every ==
           worker->clock_at; /* relaxed: its own */
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

/* True: the time budget is used up. Slow: a quarter of it since the clock was last read. A turn's time begins with the last
 * reading before it. */
static __attribute__((noinline)) bool out_of_time(airi_worker *worker, airi_actor *actor)
{
    airt_system *system = worker->system;
    int64_t      before = worker->now_ns;
    int64_t      turn = airi_load(&worker->account.turns, AIRI_RELAXED); /* its own */
    bool         slow;

    if (worker->timed_turn != turn) {
        worker->timed_turn = turn;
        worker->turn_end_ns = before + worker->turn_ns;
    }
    worker->now_ns = system->world->now_ns(system->world);
    worker->now_age = 0;
    airi_look_around(worker); /* timers may be due */
    slow = worker->now_ns - before > (int64_t)system->options.turn_us * 250;
    mark_slow(worker, actor, slow);
    worker->clock_every = slow ? 1 : CLOCK_EVERY_MAX;
    worker->clock_at = airi_load(&worker->account.begun, AIRI_RELAXED) + worker->clock_every; /* relaxed: its own */
    return worker->now_ns >= worker->turn_end_ns;
}

typedef struct turn {
    uint32_t left;  /* messages until it is over, or pauses */
    uint32_t after; /* the pause; 0: there is none */
    bool     took;  /* what was there when it began */
} turn;

static inline uint32_t turn_length(airi_worker *worker, airi_actor *actor)
{
    enum {
        DRIVEN_MAX = 1024
    }; /* so that turns are cut short, too, where there is no end to them */

    if (__builtin_expect(worker->driven_mode, 0) &&
        !worker->system->foreign) { /* the seed decides how long a turn is */
        uint32_t most = actor->turn_max < DRIVEN_MAX ? actor->turn_max : DRIVEN_MAX;

        return 1 + (uint32_t)(worker->system->world->random(worker->system->world) % most);
    }
    return actor->turn_max;
}

/* A young actor's turn pauses where it has handled a power of two in all. */
static inline turn turn_of(airi_actor *actor, uint32_t length, bool took)
{
    uint64_t handled = airi_load(&actor->handled, AIRI_RELAXED); /* owner's own */
    turn     t = { .left = length, .took = took };

    if (__builtin_expect(handled < CLOCK_EVERY_MAX / 2, 0)) {
        uint32_t next = handled < 2 ? 2 : 2u << (31 - __builtin_clz((uint32_t)handled));

        t.left = next - (uint32_t)handled;
        t.left = t.left < length ? t.left : length;
        t.after = length - t.left;
    }
    return t;
}

/* It is resumed, still waiting, or gone. */
static __attribute__((noinline)) void continue_suspended(airt_ctx *ctx, airi_actor *actor)
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

/* Most messages, in a box that has no rule of its own: counted, for this tenant, and no more to be asked. */
static inline bool begins_plainly(airi_actor *actor, const airt_msg *msg)
{
    const uint64_t open =
        (uint64_t)(AIRI_MSG_TRACED | AIRI_MSG_HAD) << AIRI_MSG_FLAGS_AT | AIRI_MSG_PRIORITY | AIRI_MSG_UNITS;
    /* Relaxed: the owner's own generation. */
    uint64_t counted = airi_load(&actor->generation, AIRI_RELAXED) | (uint64_t)AIRI_MSG_COUNTED << AIRI_MSG_FLAGS_AT;

    return (msg->word & ~open) == counted;
}

/* The next message of a box without rules, begun. NULL: that was a dead letter. */
static AIRI_ALWAYS_INLINE airt_msg *begin_next(airi_worker *worker, airi_actor *actor, uint64_t word, airi_audience by)
{
    airt_msg *msg = airi_mail_more_by(word, actor->had) ? airi_box_first(worker, actor) : airi_lane_pop(actor);

    if (__builtin_expect(!begins_plainly(actor, msg), 0))
        return airi_begin(worker, actor, msg) ? msg : NULL;
    airi_begin_place(worker, actor, word);
    airi_begun(worker, actor, msg, by);
    return msg;
}

/* The same in one, if it is the only one and begins plainly. NULL: neither taken nor begun. */
static AIRI_ALWAYS_INLINE airt_msg *begin_single(airi_worker *worker, airi_actor *actor, uint64_t word,
                                                 airi_audience by)
{
    airt_msg *before = airi_had(actor);
    airt_msg *msg = (airt_msg *)(void *)airi_mail_link_at(airi_mail_link(word));

    if (__builtin_expect((airt_msg *)(void *)airi_link_next(&msg->link) != before || !begins_plainly(actor, msg), 0))
        return NULL;
    actor->had = airi_mail_link(word);
    airi_had_no_more(worker->system, worker, before);
    msg->word |= (uint64_t)AIRI_MSG_HAD << AIRI_MSG_FLAGS_AT;
    airi_room_begin(&actor->room);
    airi_begun(worker, actor, msg, by);
    return msg;
}

/* What was there when the turn began is done. What has come since, often by the actor's own doing, may wait for its next
 * turn if others wait for this worker. */
static inline bool others_wait(airi_worker *worker)
{
    return !airi_locality_empty(&worker->next) || !airi_runq_empty(&worker->runq) ||
           airi_load(&worker->system->inject.count, AIRI_RELAXED) != 0; /* relaxed: a glance */
}

/* False, for who says that the turn is over. */
static bool end_turn(airt_ctx *ctx, airi_actor *actor)
{
    airi_schedule_last(ctx->system, ctx->worker, actor);
    return false;
}

typedef enum step_end {
    STEP_LAST, /* the turn is over, the actor no longer ours */
    STEP_ON,
    STEP_TOOK /* and what is new in the box was taken */
} step_end;

/* A step in which there is more to see to than mail. */
static __attribute__((noinline)) step_end step_at_length(airt_ctx *ctx, airi_actor *actor, uint32_t flags, bool took)
{
    airi_worker *worker = ctx->worker;
    bool         takes;
    airt_msg    *msg;

    if (ended(ctx, actor, flags))
        return STEP_LAST;
    if (airi_mail_has_new(&actor->urgent))
        drop_late_answers(worker, actor);
    /* The lanes of a drop-old box are under the actor's lock: it takes turns by what has come alone. */
    takes = airi_mail_more(&actor->mail, actor->had) &&
            ((airi_box(actor) & AIRI_BOX_DROP_OLD) != 0 || actor->lane_mask == 0);
    if (takes && took && others_wait(worker))
        return end_turn(ctx, actor) ? STEP_ON : STEP_LAST;
    msg = airi_box_next(worker, actor);
    if (msg == NULL)
        return drained(ctx, actor) || went_idle(worker, actor, AIRI_LED) ? STEP_LAST : STEP_ON;
    if (airi_begin(worker, actor, msg) && !((flags & AIRI_QUARANTINE) != 0 && airi_quarantined(worker, actor, msg)) &&
        !airi_handle(ctx, actor, msg, AIRI_LED))
        return STEP_LAST;
    worker = ctx->worker; /* after an await another */
    if ((time_to_look(worker) || (flags & AIRI_SLOW) != 0) && out_of_time(worker, actor))
        return end_turn(ctx, actor) ? STEP_ON : STEP_LAST;
    return takes ? STEP_TOOK : STEP_ON;
}

static AIRI_ALWAYS_INLINE bool is_done(airi_worker *worker, airi_actor *actor, airi_audience by)
{
    return actor->lane_mask == 0 && !airi_mail_more(&actor->mail, actor->had) && went_idle(worker, actor, by);
}

/* As many messages as it was to be. The turn that goes on, or one without messages. */
static __attribute__((noinline)) turn pause_turn(airt_ctx *ctx, airi_actor *actor, turn t)
{
    airi_worker *worker = ctx->worker; /* after an await another */
    bool         late = !has_looked(worker) && (t.after != 0 || time_to_look(worker)) && out_of_time(worker, actor);

    if (airi_box_empty(actor) && went_idle(worker, actor, AIRI_LED))
        return (turn){ .left = 0 };
    if (t.after != 0 && !late)
        return turn_of(actor, t.after, t.took);
    (void)end_turn(ctx, actor);
    return (turn){ .left = 0 };
}

static __attribute__((noinline)) bool end_late(airt_ctx *ctx, airi_actor *actor)
{
    return !is_done(ctx->worker, actor, AIRI_LED) && end_turn(ctx, actor);
}

/* A message has been handled. False: the turn is over. */
static AIRI_ALWAYS_INLINE bool goes_on(airt_ctx *ctx, airi_actor *actor, turn *t, airi_audience by)
{
    airi_worker *worker = ctx->worker; /* after an await another */

    if (__builtin_expect(--t->left == 0, 0)) {
        *t = pause_turn(ctx, actor, *t);
        return t->left != 0;
    }
    if (__builtin_expect(time_to_look(worker), 0) && out_of_time(worker, actor))
        return end_late(ctx, actor);
    return !is_done(worker, actor, by);
}

/* One message, or the end of the turn. True: go on. Whoever went idle with a flag set is claimed back by it, and finds it
 * here. */
static AIRI_ALWAYS_INLINE bool step(airt_ctx *ctx, airi_actor *actor, turn *t, airi_audience by)
{
    airi_worker *worker = ctx->worker;
    uint32_t     flags = airi_load(&actor->flags, AIRI_SEQ_CST);
    uint64_t     word = airi_mail_seen(&actor->mail);
    bool         more = airi_mail_more_by(word, actor->had);
    bool         takes;
    airt_msg    *msg = NULL;

    /* A request to the actor, or a box with rules, whose lanes may be others' to write; or with empty lanes nothing at all, or
     * senders to be let in. */
    if (__builtin_expect((flags & AIRI_STEP_FLAGS) != 0 || airi_mail_has_new(&actor->urgent), 0) ||
        ((takes = actor->lane_mask == 0) && __builtin_expect(!more || (word & AIRI_MAIL_WANTED) != 0, 0))) {
        step_end end = step_at_length(ctx, actor, flags, t->took);

        if (end == STEP_LAST)
            return false;
        t->took |= end == STEP_TOOK;
        if (--t->left == 0)
            *t = pause_turn(ctx, actor, *t);
        return t->left != 0;
    }
    if (takes) {
        if (t->took && others_wait(worker))
            return end_turn(ctx, actor);
        t->took = true;
        msg = begin_single(worker, actor, word, by);
    }
    if (msg == NULL)
        msg = begin_next(worker, actor, word, by);
    return (msg == NULL || airi_handle(ctx, actor, msg, by)) && goes_on(ctx, actor, t, by);
}

/* False: it is gone, or not to begin. */
static __attribute__((noinline)) bool begin_life(airt_ctx *ctx, airi_actor *actor)
{
    return !ended(ctx, actor, airi_load(&actor->flags, AIRI_SEQ_CST)) && airi_life_start(ctx, actor);
}

static AIRI_ALWAYS_INLINE void run(airt_ctx *ctx, airi_actor *actor, airi_audience by)
{
    turn t = turn_of(actor, turn_length(ctx->worker, actor), false);

    airi_count(&ctx->worker->account.turns, 1);
    if (__builtin_expect(actor->suspended, 0)) {
        continue_suspended(ctx, actor);
        return;
    }
    airi_bind(ctx, actor);
    if (by != AIRI_UNHEARD)
        airi_flight_turn(ctx);
    if (__builtin_expect(airi_load(&actor->state, AIRI_RELAXED) == AIRT_STATE_STARTING, 0)) /* owner's own */
        if (!begin_life(ctx, actor))
            return;
    while (step(ctx, actor, &t, by)) {
    }
}

static __attribute__((noinline)) void run_heard(airt_ctx *ctx, airi_actor *actor)
{
    do
        run(ctx, actor, AIRI_HEARD);
    while ((actor = airi_next_quickly(ctx->worker)) != NULL);
}

static __attribute__((noinline)) void run_led(airt_ctx *ctx, airi_actor *actor)
{
    run(ctx, actor, AIRI_LED);
}

void airi_turns(airt_ctx *ctx, airi_actor *actor)
{
    switch (ctx->worker->audience) {
    case AIRI_HEARD:
        run_heard(ctx, actor);
        return;
    case AIRI_LED:
        run_led(ctx, actor);
        return;
    case AIRI_UNHEARD:
        break;
    }
    do
        run(ctx, actor, AIRI_UNHEARD);
    while ((actor = airi_next_quickly(ctx->worker)) != NULL);
}
