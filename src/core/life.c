/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From the start to the final stop. The owner does it all; the one exception is a killer that takes the actor from its
 * running handler (kill.c), and is the owner from then on. */
#include "core/life.h"

#include "base/mutant.h"
#include "core/await.h"
#include "core/deadlock.h"
#include "core/letters.h"
#include "core/timers.h"

#include <airt/behavior.h>
#include <string.h>

/* What may follow what. A killer ends an actor in any state; a new tenant begins where the last one ended. */
static bool may_follow(airt_state from, airt_state to)
{
#define BIT(state) (1u << AIRT_STATE_##state)
    static const unsigned follows[] = {
        [AIRT_STATE_STARTING] = BIT(RUNNING) | BIT(STOPPING) | BIT(STOPPED) | BIT(FAILED),
        [AIRT_STATE_RUNNING] = BIT(RESTARTING) | BIT(STOPPING) | BIT(STOPPED) | BIT(FAILED),
        [AIRT_STATE_RESTARTING] = BIT(STARTING) | BIT(STOPPED) | BIT(FAILED),
        [AIRT_STATE_STOPPING] = BIT(STOPPED) | BIT(FAILED),
        [AIRT_STATE_STOPPED] = BIT(STARTING),
        [AIRT_STATE_FAILED] = BIT(STARTING),
    };
#undef BIT

    return (follows[from] & 1u << to) != 0;
}

void airi_state_set(airt_system *system, airi_actor *actor, airt_state state)
{
    airt_state           from = (airt_state)airi_load(&actor->state, AIRI_RELAXED); /* owner's own */
    const airt_recorder *recorder = system->recorder;

    AIRT_CHECK(may_follow(from, state));
    airi_store(&actor->state, (uint8_t)state, AIRI_RELEASE); /* readers of airt_info: a reading, nothing hangs on it */
    if (__builtin_expect(recorder != NULL && recorder->state != NULL, 0))
        recorder->state(recorder->context, airi_actor_ref(actor), from, state);
}

/* --- start, failure, restart -------------------------------------------------------------------------------------- */

void airi_life_report(airt_system *system, const airt_kind *kind, airt_report_kind report_kind, airi_actor *actor,
                      airt_status status)
{
    airt_report r = {
        report_kind, airi_actor_ref(actor),   actor->behavior->name, kind != NULL ? kind->name : NULL, status,
        0,           airt_status_text(status)
    };

    if (system->options.report != NULL)
        system->options.report(system->options.report_context, &r);
}

static void report(airt_ctx *ctx, airt_report_kind kind, airi_actor *actor, airt_status status)
{
    airi_life_report(ctx->system, airi_load(&ctx->kind, AIRI_RELAXED), kind, actor, status); /* relaxed: its own */
}

/* Tells who waits for the start how it went. */
static void starter_tell(airt_system *system, airi_worker *worker, airi_actor *actor, airi_extra *extra,
                         airt_status status)
{
    airt_msg *answer = extra->starter;

    if (answer == NULL)
        return;
    extra->starter = NULL;
    *(struct airt_started *)airi_msg_body(answer) = (struct airt_started){ airi_actor_ref(actor), status };
    if (extra->starter_call != 0) {
        answer->correlation = extra->starter_call;
        airi_answer_send(system, worker, extra->starter_ref, answer);
    } else if (airi_deliver_reserved(system, worker, extra->starter_ref, answer) != AIRT_OK) {
        airi_refused(system, worker, extra->starter_ref, answer, AIRT_EDEAD);
    }
}

bool airi_interrupted(airi_actor *actor, airt_status status)
{
    return (status == AIRT_ESTOPPING || status == AIRT_EKILLED) &&
           (airi_load(&actor->flags, AIRI_SEQ_CST) & AIRI_ENDING) != 0;
}

bool airi_life_start(airt_ctx *ctx, airi_actor *actor)
{
    airi_extra *extra = airi_extra_seen(actor);
    airt_reason reason = { .exit = AIRT_EXIT_START, .origin = ctx->self };

    if (extra != NULL && extra->start != NULL) {
        ctx->msg = NULL;
        ctx->deadline_ns = 0;
        airi_store(&ctx->kind, extra->start->kind, AIRI_RELAXED); /* for reports */
        reason.status = airi_dispatch(ctx, actor, extra->start->kind, airi_msg_body(extra->start));
        if (ctx->abandoned) {
            airi_life_orphan_ended(ctx);
            return false;
        }
    }
    if (extra != NULL && reason.status != AIRT_STOP)
        starter_tell(ctx->system, ctx->worker, actor, extra, reason.status);
    if (reason.status == AIRT_OK || reason.status == AIRT_STOP)
        airi_state_set(ctx->system, actor, AIRT_STATE_RUNNING);
    if (reason.status == AIRT_OK)
        return true;
    if (reason.status == AIRT_STOP)
        reason = (airt_reason){ .exit = AIRT_EXIT_NORMAL, .origin = ctx->self };
    else if (airi_interrupted(actor, reason.status))
        reason = airi_life_reason(actor);
    else
        report(ctx, AIRT_REPORT_FAILED, actor, reason.status);
    airi_life_end(ctx, actor, &reason, true);
    return false;
}

/* Everything of the present incarnation but its mail. */
static void incarnation_release(airt_system *system, airi_worker *worker, airi_actor *actor, airt_letter reason)
{
    airi_extra *extra = airi_extra_seen(actor);
    airi_list   owned;
    airt_msg   *msg;

    if (extra == NULL)
        return;
    if (!AIRI_MUTANT_IS(10) || reason != AIRT_LETTER_INCARNATION)
        airi_timers_release(system, worker, extra);
    airi_list_init(&owned);
    airi_mutex_lock(&actor->lock);
    airi_list_splice_back(&owned, &extra->owned);
    airi_mutex_unlock(&actor->lock);
    airi_owned_release(system, worker, &owned, reason);
    while ((msg = airi_ring_pop(&extra->stash)) != NULL) {
        AIRI_TALLY(system, worker, queued, -1);
        airi_dead(system, worker, airi_actor_ref(actor), msg, reason);
    }
    extra->stash_count = 0;
}

/* A fresh incarnation in the same slot, with its mail. False: the actor is gone. */
static bool restart(airt_ctx *ctx, airi_actor *actor, const airt_reason *why)
{
    airt_system *system = ctx->system;
    airi_extra  *extra;

    airi_state_set(system, actor, AIRT_STATE_RESTARTING);
    airi_ties_announce(system, ctx->worker, actor, why, false); /* and there is a new incarnation */
    incarnation_release(system, ctx->worker, actor, AIRT_LETTER_INCARNATION);
    if (actor->self != NULL)
        memset(actor->self, 0, actor->behavior->state_size);
    extra = airi_extra_seen(actor);
    airi_mutex_lock(&actor->lock);
    if (extra != NULL && extra->born != NULL)
        actor->behavior = extra->born; /* a fresh incarnation begins in its first state */
    airi_mutex_unlock(&actor->lock);
    airi_store(&actor->started_ns, ctx->worker->now_ns, AIRI_RELAXED); /* a statistic */
    AIRI_TALLY(system, ctx->worker, restarts, 1);
    if (extra != NULL)
        extra->restarts++;
    airi_ctx_bind(ctx, actor);
    airi_state_set(system, actor, AIRT_STATE_STARTING);
    return airi_life_start(ctx, actor);
}

/* The hook of the present state, or the one the actor was born with. AIRT_STOP: neither has one. */
static airt_status run_hook(airt_ctx *ctx, airi_actor *actor, const airt_kind *kind, const void *body)
{
    airi_extra          *extra = airi_extra_seen(actor);
    const airt_behavior *behavior = actor->behavior;

    if (!airi_behavior_handles(behavior, kind))
        behavior = extra != NULL ? extra->born : NULL;
    if (behavior == NULL || !airi_behavior_handles(behavior, kind))
        return AIRT_STOP;
    return airi_dispatch_by(ctx, actor, behavior, kind, body);
}

static airt_status verdict(airt_ctx *ctx, airi_actor *actor, const airt_reason *why)
{
    airi_extra        *extra = airi_extra_seen(actor);
    struct airt_failed failed = { *why, extra != NULL ? extra->restarts : 0 };

    return run_hook(ctx, actor, &airt_failed_kind, &failed);
}

bool airi_life_failed(airt_ctx *ctx, airi_actor *actor, airt_status status)
{
    airt_reason why = { .exit = AIRT_EXIT_ERROR, .status = status, .origin = ctx->self };
    airt_status choice;

    ctx->deadline_ns = 0; /* the request is over; its deadline is not on_error's */
    AIRI_TALLY(ctx->system, ctx->worker, failed, 1);
    report(ctx, AIRT_REPORT_FAILED, actor, status);
    choice = verdict(ctx, actor, &why);
    if (ctx->abandoned) {
        airi_life_orphan_ended(ctx);
        return false;
    }
    switch (choice) {
    case AIRT_RESUME:
        return true;
    case AIRT_RESTART:
        return restart(ctx, actor, &why);
    case AIRT_ESCALATE: /* to its supervisor; there is none to hear it */
        report(ctx, AIRT_REPORT_ESCALATED, actor, status);
        why.exit = AIRT_EXIT_ESCALATED;
        break;
    default:
        break;
    }
    airi_life_end(ctx, actor, &why, true);
    return false;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void post_stop(airt_ctx *ctx, airi_actor *actor, const airt_reason *reason, bool started)
{
    struct airt_stopping stopping = { *reason, started };

    ctx->in_hook = true;
    ctx->msg = NULL;
    (void)run_hook(ctx, actor, &airt_stopping_kind, &stopping);
    ctx->in_hook = false;
}

static void dead_list(airt_system *system, airi_worker *worker, airi_actor *actor, airi_link *link)
{
    while (link != NULL) {
        airi_link *next = link->next;
        airt_msg  *msg = (airt_msg *)(void *)link;

        AIRI_TALLY(system, worker, queued, -1);
        if (airi_msg_is(msg, AIRI_MSG_COUNTED))
            airi_room_begin(&actor->room);
        msg->flags &= ~(unsigned)AIRI_MSG_COUNTED & 0x3ff;
        airi_dead(system, worker, airi_actor_ref(actor), msg,
                  airi_msg_is(msg, AIRI_MSG_ANSWER) ? AIRT_LETTER_INCARNATION : AIRT_LETTER_STOPPED);
        link = next;
    }
}

static void close_boxes(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    airi_link *urgent = airi_mail_close(&actor->urgent);
    airi_link *mail;
    airt_msg  *msg;

    airi_mutex_lock(&actor->lock); /* senders of special boxes look under it */
    mail = airi_mail_close(&actor->mail);
    airi_box_release_waiters(system, worker, actor);
    airi_mutex_unlock(&actor->lock);
    dead_list(system, worker, actor, urgent);
    airi_lane_sort_in(actor, mail);
    while ((msg = airi_lane_pop(actor)) != NULL) {
        msg->link.next = NULL;
        dead_list(system, worker, actor, &msg->link);
    }
}

void airi_life_close(airt_system *system, airi_worker *worker, airi_actor *actor, const airt_reason *reason)
{
    airi_extra *extra;

    (void)airi_fetch_or(&actor->flags, AIRI_ASKED_STOP, AIRI_SEQ_CST); /* senders are refused from now on */
    airi_mutex_lock(&actor->lock); /* ties and stashes are refused from now on: see airi_extra_at */
    airi_state_set(system, actor, airt_exit_is_failure(reason->exit) ? AIRT_STATE_FAILED : AIRT_STATE_STOPPED);
    airi_mutex_unlock(&actor->lock);
    extra = airi_extra_seen(actor);
    if (extra != NULL) {
        starter_tell(system, worker, actor, extra, AIRT_EFAILED); /* ended before it started */
        airi_name_drop(system, worker, extra);
        airi_ties_announce(system, worker, actor, reason, true);
    }
    airi_store(&actor->waits, 0, AIRI_SEQ_CST);
    close_boxes(system, worker, actor);
    incarnation_release(system, worker, actor, AIRT_LETTER_STOPPED);
    airi_state_give(system, worker, actor);
    if (extra != NULL)
        airi_extra_release(system, worker, actor, extra);
    AIRI_TALLY(system, worker, stopped, 1);
    if (system->world->event != NULL)
        system->world->event(system->world, 0xdead, actor->index, (uint64_t)reason->exit);
    airi_slot_give(system, actor);
}

void airi_life_end(airt_ctx *ctx, airi_actor *actor, const airt_reason *reason, bool cooperative)
{
    bool started = airi_load(&actor->state, AIRI_RELAXED) != AIRT_STATE_STARTING; /* owner's own */

    airi_state_set(ctx->system, actor, AIRT_STATE_STOPPING);
    if (cooperative) {
        post_stop(ctx, actor, reason, started);
        if (ctx->abandoned) { /* killed in its post_stop */
            airi_life_orphan_ended(ctx);
            return;
        }
    }
    airi_life_close(ctx->system, ctx->worker, actor, reason);
}
