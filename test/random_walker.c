/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The actor of the random program: it does whatever chance says. */
#include "random_state.h"

/* --- what handlers do --------------------------------------------------------------------------------------------- */

static void tell(airt_ctx *ctx)
{
    airt_ref          to = anyone();
    airt_send_options options = { .priority = any_priority() };
    struct item       body;

    if (p.fuel == 0)
        return;
    p.fuel--;
    if (one_in(8))
        options.ttl_ms = 1 + (uint32_t)rnd(3);
    if (one_in(4))
        options.wait = AIRT_MS(1 + rnd(4));
    body.id = new_id(airt_self(ctx), to, options.priority, false);
    refused(body.id, airt_tell_body(AIRI_FROM(ctx), to, &item_kind, &body, &options));
    check_bound(AIRI_FROM(ctx), to);
}

/* Whether an ask of this handler is sent at all: one that is ending may not wait. */
static bool may_ask(airt_ctx *ctx)
{
    return !airi_killed(ctx) && !ctx->in_hook && (airi_load(&ctx->actor->flags, AIRI_SEQ_CST) & AIRI_ENDING) == 0;
}

static void ask(airt_ctx *ctx)
{
    airt_ref     to = anyone();
    struct reply answer = { 0 };
    uint64_t     id;
    airt_status  status;

    if (p.fuel == 0)
        return;
    p.fuel--;
    id = new_id(airt_self(ctx), to, AIRT_NORMAL, true);
    if (!may_ask(ctx))
        p.ledger[id].refused++;
    p.slot[slot_of(airt_self(ctx))].asking = id;
    status = airt_ask_any(ctx, to, &answer, AIRT_MS(1 + rnd(20)), request, .id = id);
    if (!airi_killed(ctx))
        p.slot[slot_of(airt_self(ctx))].asking = 0;
    mix((uint64_t)status);
    if (status == AIRT_EDEADLK && !p.ledger[id].told)
        check_chain(ctx);
    if (status == AIRT_OK) {
        AIRT_CHECK_EQ(answer.id, id);
        AIRT_CHECK_EQ(p.ledger[id].replied, 1);
    }
    if ((status == AIRT_ENOMEM || status == AIRT_ELIMIT) && p.ledger[id].begun + p.ledger[id].dead == 0)
        p.ledger[id].refused++; /* no stack to wait with: it was not sent */
}

static void gather(airt_ctx *ctx)
{
    request_call calls[3];
    airt_call   *waited[3];
    uint64_t     ids[3];
    size_t       index = 0;
    airt_status  status;

    if (p.fuel < 3)
        return;
    p.fuel -= 3;
    for (int i = 0; i < 3; i++) {
        airt_ref to = anyone();

        ids[i] = new_id(airt_self(ctx), to, AIRT_NORMAL, true);
        calls[i] = airt_ask_begin_any(ctx, to, AIRT_MS(1 + rnd(20)), request, .id = ids[i]);
        waited[i] = &calls[i].call;
        if (calls[i].call.bits == 0 && p.ledger[ids[i]].unaccepted == 0)
            p.ledger[ids[i]].refused++;
    }
    status = one_in(2) ? airt_await_all(ctx, AIRT_MS(1 + rnd(10)), waited, 3)
                       : airt_await_any(ctx, AIRT_MS(1 + rnd(10)), waited, 3, &index);
    mix((uint64_t)status);
    for (int i = 0; i < 3 && status == AIRT_OK; i++) {
        struct reply answer = { 0 };
        airt_status  taken = airt_call_take(ctx, request, calls[i], &answer);

        mix((uint64_t)taken);
        if (taken == AIRT_OK)
            AIRT_CHECK_EQ(answer.id, ids[i]);
    }
}

/* A message in hand that was kept or received goes on, or ends. */
static void release(airt_ctx *ctx, airt_msg **msg)
{
    uint64_t    id = id_of(airt_msg_kind(*msg), airt_msg_body(*msg));
    bool        is_request = airt_msg_kind(*msg) == &request_kind;
    airt_status status = AIRT_EFULL;

    if (one_in(3) && p.fuel > 0) {
        p.fuel--;
        p.ledger[id].moved = true;
        status = airt_send(ctx, anyone(), msg);
        p.ledger[id].told = p.ledger[id].told || status == AIRT_EDEADLK;
        if (status == AIRT_OK)
            return;
        if (*msg == NULL) { /* killed meanwhile, and dropped */
            p.ledger[id].handled++;
            return;
        }
    }
    if (airi_killed(ctx))
        return;
    if (is_request && one_in(2)) {
        p.ledger[id].replied++;
        handled(ctx, id);
        if (airt_reply_to(ctx, msg, request, .id = id) != AIRT_OK)
            AIRT_CHECK_EQ(status, AIRT_EDEADLK); /* a move that would have closed a cycle has told the asker so */
        return;
    }
    handled(ctx, id);
    airt_drop(msg);
}

static void receive(airt_ctx *ctx, struct walker *self)
{
    static const airt_kind *const kinds[] = { &item_kind, NULL };
    airt_msg                     *msg = NULL;
    airt_status                   status = airt_receive_kinds(ctx, AIRT_MS(rnd(6)), kinds, &msg);

    mix((uint64_t)status);
    if (status != AIRT_OK)
        return;
    begin(ctx, self, id_of(airt_msg_kind(msg), airt_msg_body(msg)));
    release(ctx, &msg);
}

static bool keep(airt_ctx *ctx, struct walker *self)
{
    for (int i = 0; i < KEPT; i++)
        if (self->kept[i] == NULL)
            return airt_keep(ctx, &self->kept[i]) == AIRT_OK;
    return false;
}

static void let_go(airt_ctx *ctx, struct walker *self)
{
    int i = (int)rnd(KEPT);

    if (self->kept[i] != NULL) {
        airt_msg *msg = self->kept[i];

        self->kept[i] = NULL;
        release(ctx, &msg);
    }
}

static void times(airt_ctx *ctx, struct walker *self)
{
    int64_t delay = (int64_t)rnd(5000) * 1000;

    switch (rnd(3)) {
    case 0:
        (void)!airt_send_after(ctx, AIRT_NS(delay), &self->timer, bell, .what = 1, .due_ns = airt_now_ns(ctx) + delay);
        break;
    case 1:
        (void)!airt_send_every(ctx, AIRT_US(500 + rnd(3000)), &self->timer, bell, .what = 2);
        break;
    default:
        mix(airt_timer_cancel(ctx, self->timer));
        break;
    }
}

static void ties(airt_ctx *ctx)
{
    switch (rnd(5)) {
    case 0:
        (void)!airt_link(ctx, anyone());
        break;
    case 1:
        (void)!airt_monitor(ctx, anyone());
        break;
    case 2:
        airt_unlink(ctx, anyone());
        break;
    case 3:
        airt_demonitor(ctx, anyone());
        break;
    default:
        airt_trap_exit(ctx, one_in(2));
        break;
    }
}

static void memory(airt_ctx *ctx, struct walker *self)
{
    if (self->memory != NULL && one_in(2)) {
        airt_free(ctx, self->memory);
        self->memory = NULL;
    } else {
        self->memory = airt_alloc(ctx, 1 + rnd(300));
    }
}

static void something(airt_ctx *ctx, struct walker *self)
{
    switch (rnd(24)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
        tell(ctx);
        break;
    case 7:
    case 8:
    case 9:
        ask(ctx);
        break;
    case 10:
        gather(ctx);
        break;
    case 11:
        receive(ctx, self);
        break;
    case 12:
    case 13:
        let_go(ctx, self);
        break;
    case 14:
        times(ctx, self);
        break;
    case 15:
        if (one_in(2))
            ties(ctx);
        break;
    case 16:
        for (int i = 0; i < 3; i++)
            tell(ctx);
        break;
    case 17:
        memory(ctx, self);
        break;
    case 18:
        mix((uint64_t)airt_sleep(ctx, AIRT_US(rnd(4000))));
        break;
    case 19:
        (void)airt_unstash(ctx);
        break;
    case 20:
        spawn(AIRI_FROM(ctx), true, rnd(ACTORS));
        break;
    case 21:
        if (one_in(2))
            ends(AIRI_FROM(ctx));
        break;
    default:
        break;
    }
}

static void enter(struct walker *self)
{
    AIRT_CHECK(!self->inside && "one handler at a time");
    self->inside = true;
}

static airt_status leave(struct walker *self, airt_status status)
{
    self->inside = false;
    return status;
}

/* True: the message went elsewhere, or to the stash. */
static bool passed_on(airt_ctx *ctx, struct walker *self, uint64_t id, const airt_kind *kind)
{
    airt_status status;

    switch (rnd(12)) {
    case 0:
        if (p.fuel == 0)
            return false;
        p.fuel--;
        p.ledger[id].moved = true;
        status = airt_forward_kind(ctx, anyone(), kind);
        p.ledger[id].told = p.ledger[id].told || status == AIRT_EDEADLK;
        if (status != AIRT_OK && !airi_killed(ctx))
            refused(id, status);
        return true;
    case 1:
        return keep(ctx, self);
    case 2:
        return airt_stash(ctx) == AIRT_OK;
    default:
        return false;
    }
}

AIRT_ON(walker, walker_start)
{
    enter(self);
    p.slot[slot_of(airt_self(ctx))].started_ns = airt_now_ns(ctx);
    self->verdict = msg->verdict;
    if (one_in(4))
        something(ctx, self);
    return leave(self, msg->fails && one_in(2) ? AIRT_EINVAL : AIRT_OK);
}
AIRT_ON(walker, item)
{
    uint64_t id = msg->id;

    enter(self);
    check_deadline(ctx);
    begin(ctx, self, id);
    for (uint64_t things = rnd(4); things > 0; things--)
        something(ctx, self);
    if (one_in(40))
        return leave(self, AIRT_EFORMAT);
    if (passed_on(ctx, self, id, &item_kind))
        return leave(self, AIRT_OK);
    handled(ctx, id);
    return leave(self, one_in(80) ? AIRT_STOP : AIRT_OK);
}
AIRT_ON(walker, request)
{
    uint64_t id = msg->id;

    enter(self);
    check_deadline(ctx);
    begin(ctx, self, id);
    something(ctx, self);
    if (one_in(30))
        return leave(self, AIRT_EFORMAT);
    if (passed_on(ctx, self, id, &request_kind))
        return leave(self, AIRT_OK);
    if (!one_in(8) && !airi_killed(ctx)) {
        p.ledger[id].replied++;
        p.ledger[id].answered =
            (one_in(6) ? airt_reply_failure(ctx, 7, "number %d", 7) : airt_reply(ctx, request, .id = id)) == AIRT_OK;
    }
    if (one_in(3))
        something(ctx, self);
    handled(ctx, id);
    return leave(self, AIRT_OK);
}
AIRT_ON(walker, bell)
{
    enter(self);
    AIRT_CHECK(airt_now_ns(ctx) >= msg->due_ns && "never early");
    mix(msg->what);
    something(ctx, self);
    if (msg->what == 2 && one_in(4))
        (void)airt_timer_cancel(ctx, self->timer);
    return leave(self, AIRT_OK);
}
AIRT_ON(walker, airt_down)
{
    enter(self);
    mix(airi_ref_index(msg->who));
    return leave(self, AIRT_OK);
}
AIRT_ON(walker, airt_exited)
{
    enter(self);
    mix(airi_ref_index(msg->who));
    return leave(self, AIRT_OK);
}
AIRT_ON(walker, airt_started)
{
    enter(self);
    mix((uint64_t)msg->status);
    return leave(self, AIRT_OK);
}
AIRT_ON(walker, airt_failed)
{
    enter(self);
    mix((uint64_t)msg->restarts);
    return leave(self, (airt_status)(msg->restarts < 4 ? self->verdict : AIRT_STOP));
}
AIRT_ON(walker, airt_stopping)
{
    enter(self);
    mix((uint64_t)msg->reason.exit);
    tell(ctx);
    return leave(self, AIRT_OK);
}
#define walker_HANDLES(ON, A)                                                                                          \
    ON(A, walker_start)                                                                                                \
    ON(A, item)                                                                                                        \
    ON(A, request)                                                                                                     \
    ON(A, bell) ON(A, airt_down) ON(A, airt_exited) ON(A, airt_started) ON(A, airt_failed) ON(A, airt_stopping)
AIRT_BEHAVIOR(walker)
