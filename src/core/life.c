/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From the start to the final stop. The owner does it all; the one exception is a killer that takes the actor from its
 * running handler (kill.c), and is the owner from then on. */
#include "core/life.h"

#include "base/mutant.h"
#include "core/await.h"
#include "core/budget.h"
#include "core/children.h"
#include "core/deadlock.h"
#include "core/flight.h"
#include "core/handler.h"
#include "core/letters.h"
#include "core/timers.h"

#include <airt/behavior.h>
#include <string.h>

/* What the spawn, the end or the restart that stands beside it says, too. */
static bool goes_without_saying(airi_actor *actor, airt_state from, airt_state to)
{
    airi_extra *extra = airi_extra_seen(actor);

    if (to == AIRT_STATE_RUNNING)
        return extra == NULL || extra->start == NULL;
    return to == AIRT_STATE_STARTING || (to != AIRT_STATE_RESTARTING && from != AIRT_STATE_RESTARTING);
}

void airi_state_tell(airt_system *system, airi_actor *actor, airt_state from, airt_state to)
{
    const airt_recorder *recorder = system->recorder;

    if (recorder != NULL && recorder->state != NULL)
        recorder->state(recorder->context, airi_actor_ref(actor), from, to);
    if (system->flight != NULL && !goes_without_saying(actor, from, to))
        airi_flight_note(system, (airi_flight_fact){ AIRI_FLIGHT_STATE, airi_actor_ref(actor), actor->behavior,
                                                     AIRT_NONE, (unsigned)from << 8 | (unsigned)to });
}

/* --- start, failure, restart -------------------------------------------------------------------------------------- */

void airi_life_report(airt_system *system, const airt_kind *kind, airt_report_kind report_kind, airi_actor *actor,
                      airt_status status)
{
    airt_report r = { report_kind,
                      airi_actor_ref(actor),
                      actor->behavior->name,
                      kind != NULL ? kind->name : NULL,
                      status,
                      0,
                      airt_status_text(status),
                      NULL };

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

/* A start that went over the budget has failed, whatever it says. */
static void start_judge(airi_actor *actor, airt_reason *reason)
{
    bool asked = (airi_load(&actor->flags, AIRI_SEQ_CST) & AIRI_ENDING) != 0;

    if (reason->status == AIRT_STOP || !airi_budget_breached(actor))
        return;
    reason->exit = AIRT_EXIT_NOMEM;
    reason->status = asked ? AIRT_ESTOPPING : AIRT_ENOMEM; /* asked to end: that is the reason */
}

bool airi_life_start(airt_ctx *ctx, airi_actor *actor)
{
    airi_extra *extra = airi_extra_seen(actor);
    airt_reason reason = { .exit = AIRT_EXIT_START, .origin = ctx->self };

    if (extra != NULL && extra->start != NULL) {
        ctx->msg = NULL;
        ctx->deadline_ns = 0;
        airi_store(&ctx->kind, extra->start->kind, AIRI_RELAXED); /* for reports */
        airi_flight_hook(ctx, actor->behavior, extra->start->kind);
        reason.status = airi_dispatch(ctx, actor, extra->start->kind, airi_msg_body(extra->start));
        if (ctx->abandoned) {
            airi_life_orphan_ended(ctx);
            return false;
        }
        start_judge(actor, &reason);
    }
    if (extra != NULL && reason.status != AIRT_STOP)
        starter_tell(ctx->system, ctx->worker, actor, extra, reason.status);
    if (reason.status == AIRT_OK && airi_load(&actor->child, AIRI_RELAXED) != 0) /* a glance; it looks again */
        airi_child_started(ctx->system, ctx->worker, actor);
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
    airi_stop_untrap(system, worker, actor, false);
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
    extra->stash_charge = 0;
    airi_budget_renew(actor, extra);
}

/* Fresh state for a new incarnation in the same slot. */
static void renew(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    airi_extra *extra = airi_extra_seen(actor);

    if (actor->self != NULL)
        memset(actor->self, 0, actor->behavior->state_size);
    airi_mutex_lock(&actor->lock);
    if (extra != NULL && extra->born != NULL)
        actor->behavior = extra->born; /* it begins in its first state */
    airi_mutex_unlock(&actor->lock);
    airi_store(&actor->started_ns, worker->now_ns, AIRI_RELAXED); /* a statistic */
    AIRI_TALLY(system, worker, restarts, 1);
    if (extra != NULL)
        extra->restarts++;
    airi_flight_note(system, (airi_flight_fact){ AIRI_FLIGHT_RESTART, airi_actor_ref(actor), actor->behavior,
                                                 airi_supervisor_of(system, actor),
                                                 airi_load(&actor->incarnation, AIRI_RELAXED) /* relaxed: its own */ });
}

/* A fresh incarnation at once, with its mail. False: the actor is gone. */
static bool restart(airt_ctx *ctx, airi_actor *actor, const airt_reason *why)
{
    airt_system *system = ctx->system;

    airi_state_set(system, actor, AIRT_STATE_RESTARTING);
    airi_ties_announce(system, ctx->worker, actor, why, AIRI_GOES_DOWN); /* and there is a new incarnation */
    airi_stop_untrap(system, ctx->worker, actor, true);
    incarnation_release(system, ctx->worker, actor, AIRT_LETTER_INCARNATION);
    renew(system, ctx->worker, actor);
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
    airi_flight_hook(ctx, behavior, kind);
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
    bool        supervised = airi_load(&actor->child, AIRI_RELAXED) != 0; /* a glance; who ends it looks again */
    airt_status choice;

    ctx->deadline_ns = 0; /* the request is over; its deadline is not on_error's */
    AIRI_TALLY(ctx->system, ctx->worker, failed, 1);
    airi_flight_note(ctx->system, (airi_flight_fact){ AIRI_FLIGHT_FAILED, ctx->self, actor->behavior,
                                                      airi_supervisor_of(ctx->system, actor), (unsigned)status });
    report(ctx, AIRT_REPORT_FAILED, actor, status);
    choice = verdict(ctx, actor, &why);
    if (ctx->abandoned) {
        airi_life_orphan_ended(ctx);
        return false;
    }
    if (airi_budget_breached(actor)) /* in on_error: the next look at its flags ends it */
        return true;
    switch (choice) {
    case AIRT_RESUME:
        if (supervised)
            airi_child_in_work(ctx->system, actor, NULL, 0);
        return true;
    case AIRT_RESTART:
        if (!supervised)
            return restart(ctx, actor, &why);
        airi_child_wants_restart(ctx->system, actor);
        break;
    case AIRT_ESCALATE:
        if (!supervised)
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
        airi_msg_clear(msg, AIRI_MSG_COUNTED);
        airi_dead(system, worker, airi_actor_ref(actor), msg,
                  airi_msg_is(msg, AIRI_MSG_ANSWER) ? AIRT_LETTER_INCARNATION : AIRT_LETTER_STOPPED);
        link = next;
    }
}

/* What was new in a box that is closed now. */
static void dead_mail(airt_system *system, airi_worker *worker, airi_actor *actor, airi_link *mail)
{
    airt_msg *msg;

    airi_lane_sort_in(actor, mail);
    while ((msg = airi_lane_pop(actor)) != NULL) {
        msg->link.next = NULL;
        dead_list(system, worker, actor, &msg->link);
    }
}

static void close_boxes(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    airi_link *urgent = airi_mail_close(&actor->urgent, 0);
    airi_link *mail;

    airi_mutex_lock(&actor->lock); /* senders of special boxes look under it */
    mail = airi_box_close(system, worker, actor);
    airi_box_release_waiters(system, worker, actor);
    airi_mutex_unlock(&actor->lock);
    dead_list(system, worker, actor, urgent);
    dead_mail(system, worker, actor, mail);
}

/* Its last: nobody can reach it, its boxes are closed. */
static void vacate(airt_system *system, airi_worker *worker, airi_actor *actor, airt_exit exit)
{
    airi_extra *extra = airi_extra_seen(actor);

    airi_state_give(system, worker, actor);
    if (extra != NULL)
        airi_extra_release(system, worker, actor, extra);
    AIRI_TALLY(system, worker, stopped, 1);
    if (system->world->event != NULL)
        system->world->event(system->world, 0xdead, actor->index, (uint64_t)exit);
    airi_slot_give(system, worker, actor);
}

/* Who looks at it from here on makes no extra or tie for it any more: see airi_tenant_living. */
static void set_ended(airt_system *system, airi_actor *actor, airt_exit exit)
{
    airi_state_set(system, actor, airt_exit_is_failure(exit) ? AIRT_STATE_FAILED : AIRT_STATE_STOPPED);
}

/* And who looked before is done with it. */
static void await_lookers(airi_actor *actor)
{
    airi_mutex_lock(&actor->lock);
    airi_mutex_unlock(&actor->lock);
}

/* Who ends while it waits, waits no more. Relaxed: the owner's own word. */
static void forget_wait(airi_actor *actor)
{
    if (airi_load(&actor->waits, AIRI_RELAXED) != 0)
        airi_store(&actor->waits, 0, AIRI_SEQ_CST);
}

/* --- supervised: down, and up again ------------------------------------------------------------------------------- */

/* The slot as a place between two incarnations: asks to end find nothing to do from here on. */
static void set_down(airt_system *system, airi_actor *actor, const airt_reason *reason)
{
    uint32_t over = AIRI_CLOSED_TO_SENDERS | AIRI_REASON_TAKEN | AIRI_WAIT_OVER | AIRI_ROOM_OVER | AIRI_SLOW;
    bool     asks_fail = airi_child_asks_fail(system, actor);

    airi_mutex_lock(&actor->lock);
    airi_state_set(system, actor, AIRT_STATE_RESTARTING);
    airi_reason_set(actor, reason);
    (void)airi_fetch_and(&actor->flags, ~over, AIRI_SEQ_CST);
    (void)airi_fetch_or(&actor->flags, asks_fail ? AIRI_DOWN | AIRI_ASKS_FAIL : AIRI_DOWN, AIRI_SEQ_CST);
    airi_mutex_unlock(&actor->lock);
}

static void go_down(airt_system *system, airi_worker *worker, airi_actor *actor, const airt_reason *reason)
{
    airi_extra *extra = airi_extra_seen(actor);

    set_down(system, actor, reason);
    if (extra != NULL)
        starter_tell(system, worker, actor, extra, AIRT_EFAILED); /* ended before it started */
    airi_ties_announce(system, worker, actor, reason, AIRI_GOES_DOWN);
    incarnation_release(system, worker, actor, AIRT_LETTER_INCARNATION);
    forget_wait(actor);
    actor->suspended = false;
    if (!airi_child_down(system, worker, actor)) /* its supervisor has ended meanwhile */
        airi_life_finish(system, worker, actor, false);
}

void airi_life_rest(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    airt_reason reason = airi_life_reason(actor);

    set_ended(system, actor, reason.exit);
    await_lookers(actor);
    airi_ties_announce(system, worker, actor, &reason, AIRI_STAYS_DOWN);
    close_boxes(system, worker, actor);
}

void airi_life_finish(airt_system *system, airi_worker *worker, airi_actor *actor, bool resting)
{
    airi_extra *extra = airi_extra_seen(actor);

    if (!resting)
        airi_life_rest(system, worker, actor);
    if (extra != NULL)
        airi_name_drop(system, worker, extra);
    vacate(system, worker, actor, airi_life_reason(actor).exit);
}

/* The thread of a dedicated actor whose handler was abandoned is that handler's; its place under dedicated_max stays the
 * actor's. */
static airt_status thread_again(airt_system *system, airi_worker *worker, airi_extra *extra)
{
    airi_worker *before = extra->dedicated;
    airt_status  status = AIRT_OK;

    if (before != NULL)
        status = airi_worker_start(system, AIRI_CLASS_DEDICATED, &extra->dedicated);
    if (before == NULL || status != AIRT_OK)
        return status;
    (void)airi_fetch_add(&system->dedicated_workers, 1, AIRI_SEQ_CST); /* the dismissal takes it away again */
    airi_worker_dismiss(system, worker, before);
    return AIRT_OK;
}

airt_status airi_life_may_revive(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    airi_extra *extra = airi_extra_seen(actor);
    bool        waits;

    airi_mutex_lock(&actor->lock); /* the abandoned handler brings them back under it */
    waits = extra != NULL && extra->start_out;
    airi_mutex_unlock(&actor->lock);
    if (waits)
        return AIRT_EPENDING;
    if (actor->self == NULL && airi_state_take(system, worker, actor) != AIRT_OK)
        return AIRT_ENOMEM;
    if (extra == NULL || !extra->orphaned)
        return AIRT_OK;
    if (!airi_brood_renew(system, worker, actor) || thread_again(system, worker, extra) != AIRT_OK)
        return AIRT_ENOMEM;
    extra->orphaned = false;
    return AIRT_OK;
}

void airi_life_revive(airt_ctx *ctx, airi_actor *actor)
{
    airi_mutex_lock(&actor->lock);
    airi_state_set(ctx->system, actor, AIRT_STATE_STARTING);
    (void)airi_fetch_and(&actor->flags, ~(uint32_t)(AIRI_DOWN | AIRI_ASKS_FAIL), AIRI_SEQ_CST);
    airi_mutex_unlock(&actor->lock);
}

/* As at a spawn: nobody has used the boxes since they were closed. */
static void reopen_boxes(airi_actor *actor)
{
    airi_extra *extra = airi_extra_seen(actor);

    airi_room_renew(&actor->room);
    if (extra != NULL)
        extra->bytes_used = 0;
    airi_mail_open(&actor->urgent);
    airi_mail_open(&actor->mail);
}

/* What is in the box at this moment, however many send meanwhile, or wait for the room that comes free. */
static void drop_queued(airt_ctx *ctx, airi_actor *actor)
{
    airt_msg *queued[AIRI_LANES];
    airt_msg *msg;

    airi_mutex_lock(&actor->lock); /* senders of special boxes use the lanes under it */
    airi_lane_sort_in(actor, airi_box_gather(ctx->worker, actor));
    airi_lanes_take(actor, queued);
    airi_mutex_unlock(&actor->lock);
    for (unsigned rank = 0; rank < AIRI_LANES; rank++)
        while ((msg = airi_ring_pop(&queued[rank])) != NULL)
            airi_drop_queued(ctx->worker, actor, msg);
}

void airi_life_revived(airt_ctx *ctx, airi_actor *actor, bool resting, bool drop_mail)
{
    renew(ctx->system, ctx->worker, actor);
    if (resting)
        reopen_boxes(actor);
    else if (drop_mail)
        drop_queued(ctx, actor);
    airi_schedule(ctx->system, ctx->worker, actor);
}

/* --- for good ----------------------------------------------------------------------------------------------------- */

/* Who has no extra has nothing but its boxes to close, and nobody to tell; and if nobody looks at it, who might be making one,
 * that needs no lock. False: it may have one. */
static bool close_plainly(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    airi_link *urgent, *mail;

    if (airi_extra_seen(actor) != NULL || !airi_mail_close_unnoticed(&actor->urgent, &urgent))
        return false;
    mail = airi_box_close(system, worker, actor);
    dead_list(system, worker, actor, urgent);
    if (mail != NULL || actor->lane_mask != 0)
        dead_mail(system, worker, actor, mail);
    return true;
}

static void close_at_length(airt_system *system, airi_worker *worker, airi_actor *actor, const airt_reason *reason)
{
    airi_extra *extra;

    await_lookers(actor);
    extra = airi_extra_seen(actor);
    if (extra != NULL) {
        starter_tell(system, worker, actor, extra, AIRT_EFAILED); /* ended before it started */
        airi_name_drop(system, worker, extra);
        airi_ties_announce(system, worker, actor, reason, AIRI_ENDS);
    }
    close_boxes(system, worker, actor);
    incarnation_release(system, worker, actor, AIRT_LETTER_STOPPED);
}

static void close_for_good(airt_system *system, airi_worker *worker, airi_actor *actor, const airt_reason *reason)
{
    forget_wait(actor);
    if (airi_extra_seen(actor) != NULL)
        (void)airi_fetch_or(&actor->flags, AIRI_ASKED_STOP, AIRI_SEQ_CST); /* senders are refused from now on */
    set_ended(system, actor, reason->exit);
    if (!close_plainly(system, worker, actor))
        close_at_length(system, worker, actor, reason);
    vacate(system, worker, actor, reason->exit);
}

void airi_life_close(airt_system *system, airi_worker *worker, airi_actor *actor, const airt_reason *reason)
{
    airi_flight_note(system,
                     (airi_flight_fact){ AIRI_FLIGHT_END, airi_actor_ref(actor), actor->behavior, reason->origin,
                                         (unsigned)reason->exit << 8 | (unsigned)reason->status });
    if (airi_load(&actor->child, AIRI_RELAXED) != 0) /* a glance; it looks again */
        go_down(system, worker, actor, reason);
    else
        close_for_good(system, worker, actor, reason);
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
