/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Timers: an await's end is part of the await; a message timer is a record that owns its message while armed. A
 * one-shot's message leaves with it; a periodic's comes back after it was handled, and a tick meanwhile is skipped; so
 * does that of a timer to be armed again, whose firing meanwhile is made up for.
 * Everything here is under system->timer_lock, the owner's list of timers too. */
#include "core/timers.h"

#include "base/mutant.h"
#include "core/budget.h"
#include "core/letters.h"
#include "core/life.h"

#include <airt/children.h>

enum {
    DENSE = 8,        /* due at once */
    REST_NS = 250000, /* after that many */
    AHEAD = 8
};

void airi_timers_init(airt_system *system)
{
    airi_wheel_init(&system->wheel, system->world->now_ns(system->world));
    airi_store(&system->timer_due, AIRI_NEVER, AIRI_SEQ_CST);
}

/* After a change of the wheel: publishes the earliest due time. True: it became earlier. */
static bool due_changed(airt_system *system, int64_t *out_due)
{
    int64_t due = airi_wheel_next_ns(&system->wheel);
    int64_t before = airi_load(&system->timer_due, AIRI_SEQ_CST);

    *out_due = due;
    if (due != before)
        airi_store(&system->timer_due, due, AIRI_SEQ_CST);
    return due < before;
}

static void arm(airt_system *system, airi_worker *worker, airi_timer_head *head, int64_t due_ns)
{
    int64_t due;

    airi_wheel_add(&system->wheel, &head->wheel, AIRI_MUTANT_IS(6) ? due_ns - due_ns % 1000000 : due_ns);
    AIRI_TALLY(system, worker, timers_armed, 1);
    if (due_changed(system, &due))
        airi_wake_timekeeper(system, due);
}

static void disarm(airt_system *system, airi_timer_head *head)
{
    int64_t due;

    if (airi_wheel_remove(&system->wheel, &head->wheel))
        (void)due_changed(system, &due);
}

void airi_timer_arm_await(airt_system *system, airi_worker *worker, airi_await *await, int64_t due_ns)
{
    await->armed = true;
    await->timer.index = 0;
    airi_mutex_lock(&system->timer_lock);
    arm(system, worker, &await->timer, due_ns);
    airi_mutex_unlock(&system->timer_lock);
}

void airi_timer_cancel_await(airt_system *system, airi_await *await)
{
    if (!await->armed)
        return;
    airi_mutex_lock(&system->timer_lock);
    disarm(system, &await->timer);
    airi_mutex_unlock(&system->timer_lock);
}

/* --- message timers ----------------------------------------------------------------------------------------------- */

static airt_timer handle_of(const airi_timer *timer)
{
    return (airt_timer){ airi_ref_bits(timer->head.index, timer->generation) };
}

static airi_timer *timer_of(airt_system *system, uint64_t bits)
{
    airt_ref    handle = { bits };
    airi_timer *timer = airi_timer_at(system, airi_ref_index(handle));

    return timer != NULL && timer->generation == airi_ref_generation(handle) ? timer : NULL;
}

/* Of the actor on whose list it is: there as long as the list has something. */
static airi_extra *owner_of(airt_system *system, const airi_timer *timer)
{
    return airi_extra_seen(airi_slot(system, timer->owner));
}

static bool owned_by(const airi_timer *timer, const airt_ctx *ctx)
{
    return timer->owner == ctx->actor->index;
}

static void own(airt_system *system, airt_ctx *ctx, airi_extra *extra, airi_timer *timer)
{
    timer->owner = ctx->actor->index & AIRI_INDEX_MASK;
    timer->older = extra->timers;
    if (timer->older != 0)
        airi_timer_at(system, timer->older)->newer = timer->head.index;
    extra->timers = timer->head.index;
    airi_budget_add(extra, timer->head.charge);
}

static void disown(airt_system *system, airi_timer *timer)
{
    if (timer->owner == 0)
        return;
    if (timer->head.charge != 0)
        airi_budget_sub(owner_of(system, timer), timer->head.charge);
    if (timer->newer != 0)
        airi_timer_at(system, timer->newer)->older = timer->older;
    else
        owner_of(system, timer)->timers = timer->older;
    if (timer->older != 0)
        airi_timer_at(system, timer->older)->newer = timer->newer;
}

/* Ends a record; its message, if it is here, is the caller's. */
static airt_msg *record_end(airt_system *system, airi_worker *worker, airi_timer *timer)
{
    airt_msg *msg = timer->msg;

    timer->msg = NULL;
    disarm(system, &timer->head);
    disown(system, timer);
    timer->owner = 0;
    timer->newer = 0;
    timer->older = 0;
    timer->generation++;
    airi_slots_give(worker == NULL ? NULL : &worker->timer_slots, &system->timers, timer->head.index);
    return msg;
}

static void message_free(airt_system *system, airi_worker *worker, airt_msg *msg)
{
    if (msg == NULL)
        return;
    airi_msg_clear(msg, AIRI_MSG_TIMER);
    airi_msg_done(system, worker, msg);
}

static airt_status timer_open(airt_system *system, airi_worker *worker, airi_timer **out_timer)
{
    uint32_t    index;
    airi_timer *timer;

    if (!airi_permits(system->world, AIRT_ALLOCATION_TIMER) ||
        airi_slots_take(&worker->timer_slots, &system->timers, &index) != AIRT_OK)
        return AIRT_ENOMEM;
    timer = airi_timer_at(system, index);
    timer->head = (airi_timer_head){ .index = index };
    timer->msg = NULL;
    if (timer->generation == 0) /* fresh: no handle was ever given out. Others' stale ones may be compared just now */
        timer->generation = 1;
    *out_timer = timer;
    return AIRT_OK;
}

static airt_msg *message_make(const airi_caller *caller, airi_timer *timer, const airt_kind *kind, const void *body,
                              bool periodic, airt_status *out_status)
{
    airi_source source = airi_source_of(caller->system, caller->worker);
    airt_msg   *msg = airi_msg_create(&source, kind, body, periodic, out_status);

    if (msg == NULL)
        return NULL;
    msg->sender = caller->ctx->self;
    msg->flags |= AIRI_MSG_BOUND;
    msg->correlation = caller->ctx->incarnation;
    if (periodic) {
        msg->flags |= AIRI_MSG_TIMER;
        airi_msg_trailer(msg)->trace = handle_of(timer).bits;
    }
    return msg;
}

/* period_ns of a timer that is made unarmed, and armed whenever its owner likes. */
#define REARMED (-1)

static airt_status timer_start(airt_ctx *ctx, airt_duration delay, int64_t period_ns, airt_timer *out_timer,
                               const airt_kind *kind, const void *body, const char *verb)
{
    airi_caller  caller = airi_resolve_ctx(ctx, verb);
    airt_system *system = ctx->system;
    airi_extra  *extra;
    airi_timer  *timer = NULL;
    int64_t      now = system->world->now_ns(system->world);
    uint64_t     charge = 0;
    airt_status  status = airi_killed(ctx) ? AIRT_EKILLED : AIRT_OK;

    if (status == AIRT_OK && !airi_budget_may_make(ctx, kind, body, sizeof *timer, &charge))
        status = AIRT_ENOMEM;
    extra = status == AIRT_OK ? airi_extra_of(system, ctx->worker, ctx->self) : NULL;
    if (status == AIRT_OK)
        status = extra == NULL ? AIRT_ENOMEM : timer_open(system, ctx->worker, &timer);
    if (status == AIRT_OK) {
        timer->period_ns = period_ns;
        timer->msg = message_make(&caller, timer, kind, body, period_ns != 0, &status);
    }
    if (status != AIRT_OK)
        airi_body_drop(kind, body); /* consumed, whatever comes */
    if (timer == NULL)
        return status;
    airi_mutex_lock(&system->timer_lock);
    if (timer->msg == NULL || airi_killed(ctx)) { /* the killer releases timers under this lock */
        airt_msg *msg = record_end(system, ctx->worker, timer);

        airi_mutex_unlock(&system->timer_lock);
        message_free(system, ctx->worker, msg);
        return status != AIRT_OK ? status : AIRT_EKILLED;
    }
    timer->head.charge = (uint32_t)charge & INT32_MAX;
    own(system, ctx, extra, timer);
    if (out_timer != NULL)
        *out_timer = handle_of(timer);
    if (period_ns != REARMED)
        arm(system, ctx->worker, &timer->head, delay.ns >= AIRI_NEVER - now ? AIRI_NEVER : now + delay.ns);
    airi_mutex_unlock(&system->timer_lock);
    return AIRT_OK;
}

airt_status airt_send_after_body(airt_ctx *ctx, airt_duration delay, airt_timer *out_timer, const airt_kind *kind,
                                 const void *body)
{
    if (delay.ns < 0)
        delay.ns = 0;
    return timer_start(ctx, delay, 0, out_timer, kind, body, "airt_send_after");
}

airt_status airt_send_every_body(airt_ctx *ctx, airt_duration period, airt_timer *out_timer, const airt_kind *kind,
                                 const void *body)
{
    if (period.ns <= 0 || kind->drop != NULL)
        return AIRT_EINVAL; /* a LOCAL body moves: it can be sent once only */
    return timer_start(ctx, period, period.ns, out_timer, kind, body, "airt_send_every");
}

airt_status airt_timer_new_body(airt_ctx *ctx, airt_timer *out_timer, const airt_kind *kind, const void *body)
{
    airt_duration none = { 0 };

    if (kind->drop != NULL)
        return AIRT_EINVAL; /* as above */
    return timer_start(ctx, none, REARMED, out_timer, kind, body, "airt_timer_new");
}

bool airt_timer_arm(airt_ctx *ctx, airt_timer handle, airt_duration delay)
{
    airt_system *system = airi_resolve_ctx(ctx, "airt_timer_arm").system;
    int64_t      now = system->world->now_ns(system->world);
    int64_t      span = delay.ns < 0 ? 0 : delay.ns;
    airi_timer  *timer;

    airi_mutex_lock(&system->timer_lock);
    timer = airi_killed(ctx) ? NULL : timer_of(system, handle.bits);
    if (timer != NULL && timer->period_ns == REARMED && owned_by(timer, ctx)) {
        disarm(system, &timer->head);
        timer->head.missed = false;
        arm(system, ctx->worker, &timer->head, span >= AIRI_NEVER - now ? AIRI_NEVER : now + span);
    } else {
        timer = NULL;
    }
    airi_mutex_unlock(&system->timer_lock);
    return timer != NULL;
}

bool airt_timer_cancel(airt_ctx *ctx, airt_timer handle)
{
    airt_system *system = airi_resolve_ctx(ctx, "airt_timer_cancel").system;
    airi_timer  *timer;
    airt_msg    *msg = NULL;

    airi_mutex_lock(&system->timer_lock);
    timer = airi_killed(ctx) ? NULL : timer_of(system, handle.bits);
    if (timer != NULL && owned_by(timer, ctx))
        msg = record_end(system, ctx->worker, timer);
    airi_mutex_unlock(&system->timer_lock);
    message_free(system, ctx->worker, msg);
    return msg != NULL;
}

void airi_timers_release(airt_system *system, airi_worker *worker, airi_extra *extra)
{
    airt_msg *messages = NULL;
    airt_msg *msg;

    airi_mutex_lock(&system->timer_lock);
    while (extra->timers != 0) {
        msg = record_end(system, worker, airi_timer_at(system, extra->timers));
        if (msg != NULL)
            airi_ring_append(&messages, msg);
    }
    airi_mutex_unlock(&system->timer_lock);
    while ((msg = airi_ring_pop(&messages)) != NULL)
        message_free(system, worker, msg);
}

/* --- firing ------------------------------------------------------------------------------------------------------- */

static void fire_await(airt_system *system, airi_worker *worker, airi_timer_head *head)
{
    airi_await *await = AIRI_CONTAINER(head, airi_await, timer);
    airi_actor *actor = airi_slot(system, airi_ref_index(await->owner));

    (void)airi_fetch_or(&actor->flags, AIRI_WAIT_OVER, AIRI_SEQ_CST);
    airi_poke(system, worker, actor);
}

typedef struct firing {
    airt_system *system;
    airi_worker *worker;
    int64_t      now_ns;
    airt_msg    *outgoing; /* sent after the lock is released */
} firing;

static void fire_message(firing *f, airi_timer *timer)
{
    airt_msg *msg = timer->msg;
    int64_t   period = timer->period_ns;

    if (period == 0) {
        msg = record_end(f->system, f->worker, timer);
    } else if (period == REARMED) {
        timer->head.missed = msg == NULL;
        timer->msg = NULL;
    } else {
        int64_t due = timer->head.wheel.due_ns; /* from the due time, not from now: no drift */

        airi_wheel_add(&f->system->wheel, &timer->head.wheel, due + period * (1 + (f->now_ns - due) / period));
        timer->head.missed = msg == NULL;
        timer->msg = NULL;
    }
    if (msg != NULL)
        airi_ring_append(&f->outgoing, msg);
}

static void send_fired(firing *f)
{
    airt_msg *msg;

    while ((msg = airi_ring_pop(&f->outgoing)) != NULL) {
        airt_ref    to = msg->sender; /* from its owner to itself */
        airt_status status = airi_deliver_reserved(f->system, f->worker, to, msg);

        if (status != AIRT_OK)
            airi_refused(f->system, f->worker, to, msg, status);
    }
}

void airi_timer_message_back(airt_system *system, airi_worker *worker, airt_msg *msg)
{
    firing      again = { .system = system, .worker = worker };
    airi_timer *timer;

    airi_mutex_lock(&system->timer_lock);
    timer = timer_of(system, airi_msg_trailer(msg)->trace);
    if (timer != NULL) {
        airi_msg_unbind(msg); /* it may have been on a journey, through another's box */
        airi_msg_clear(msg, AIRI_MSG_COUNTED);
        msg->flags |= AIRI_MSG_BOUND;
        timer->msg = msg;
        if (timer->head.missed && timer->period_ns == REARMED)
            fire_message(&again, timer);
        timer->head.missed = false;
    }
    airi_mutex_unlock(&system->timer_lock);
    if (timer == NULL)
        message_free(system, worker, msg);
    send_fired(&again);
}

static void fire(firing *f, airi_timer_head *head)
{
    AIRI_TALLY(f->system, f->worker, timers_fired, 1);
    if (head->index == 0)
        fire_await(f->system, f->worker, head);
    else
        fire_message(f, AIRI_CONTAINER(head, airi_timer, head));
}

/* Their messages have long left the cache, and are of no order: each is asked for AHEAD timers before its own. */
static airi_list *fetch_message(airi_list *link)
{
    airi_timer_head *head = AIRI_CONTAINER(link, airi_timer_head, wheel.link);

    if (head->index != 0)
        __builtin_prefetch(AIRI_CONTAINER(head, airi_timer, head)->msg, 1);
    return link->next;
}

static void fire_all(firing *f, airi_list *expired)
{
    airi_list *ahead = expired->next;

    for (int i = 0; i < AHEAD && ahead != expired; i++)
        ahead = fetch_message(ahead);
    while (!airi_list_empty(expired)) {
        if (ahead != expired)
            ahead = fetch_message(ahead);
        fire(f, AIRI_CONTAINER(airi_list_pop_front(expired), airi_timer_head, wheel.link));
    }
}

void airi_timers_run(airt_system *system, airi_worker *worker)
{
    firing    f = { system, worker, system->world->now_ns(system->world), NULL };
    airi_list expired;
    int64_t   due;

    airi_list_init(&expired);
    airi_mutex_lock(&system->timer_lock);
    if (airi_wheel_expire(&system->wheel, f.now_ns, &expired) >= DENSE)
        airi_store(&system->timer_rest, f.now_ns + REST_NS, AIRI_RELAXED); /* a glance is enough: see timers.h */
    fire_all(&f, &expired);
    (void)due_changed(system, &due);
    if (system->foreign)
        system->world->poll_arm(system->poll, due);
    airi_mutex_unlock(&system->timer_lock);
    send_fired(&f);
}
