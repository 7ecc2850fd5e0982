/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "random_program.h"

#include "core/system.h"

#include <stdio.h>
#include <string.h>

enum {
    ACTORS = 7,       /* places; a place's actor may be replaced by a new one */
    IDS_MAX = 6000,   /* messages of a run at most */
    FUEL = 1200,       /* messages of a run that are sent on by actors */
    ROUNDS = 80,
    KEPT = 3,
    SLOTS = 128,
};

/* What became of a message; each has an id. */
typedef struct entry {
    uint64_t     from, to; /* refs, 0 outside */
    airt_priority priority;
    uint32_t     begun;   /* times a handler or a receive got it */
    uint32_t     handled, dead, refused, unaccepted;
    uint32_t     replied; /* requests: answers given by servers */
    bool         request, answered;
    bool         moved, told; /* forwarded or sent on; a move told its asker of a cycle */
} entry;

static struct {
    sim      s;
    uint64_t rng;
    entry    ledger[IDS_MAX];
    uint64_t ids;
    uint32_t fuel;
    airt_ref place[ACTORS];
    uint64_t hash;
    struct {
        airt_ref who;
        uint32_t bound;      /* of its mailbox */
        uint64_t asking;     /* the id of its request, while it waits for that alone */
        int64_t  started_ns; /* its newest start */
    } slot[SLOTS];
} p;

struct item { uint64_t id; };
struct request { uint64_t id; };
struct reply { uint64_t id; };
struct bell { uint32_t what; int64_t due_ns; };
struct walker_start { uint32_t verdict; bool fails; };
AIRT_KIND(item, id)
AIRT_KIND(request, id)
AIRT_KIND(reply, id)
AIRT_KIND(bell, what, due_ns)
AIRT_KIND(walker_start, verdict, fails)
AIRT_ANSWER(request, reply)

struct walker {
    bool       inside;
    uint32_t   verdict;
    airt_msg  *kept[KEPT];
    bool       kept_request[KEPT];
    airt_timer timer;
    void      *memory;
    struct {
        uint64_t from, id;
    } last[SLOTS][4][2]; /* the newest id begun, by the sender's slot, priority, and item or request */
};

static uint64_t rnd(uint64_t below)
{
    p.rng += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = p.rng;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % below;
}

static bool one_in(uint64_t n)
{
    return rnd(n) == 0;
}

static void mix(uint64_t value)
{
    p.hash = (p.hash ^ value) * UINT64_C(1099511628211);
}

static uint32_t slot_of(airt_ref who)
{
    return airi_ref_index(who) % SLOTS;
}

static airt_ref anyone(void)
{
    return p.place[rnd(ACTORS)];
}

/* --- the ledger --------------------------------------------------------------------------------------------------- */

static uint64_t new_id(airt_ref from, airt_ref to, airt_priority priority, bool request)
{
    uint64_t id = ++p.ids;

    AIRT_CHECK(id < IDS_MAX);
    p.ledger[id] = (entry){ .from = from.bits, .to = to.bits, .priority = priority, .request = request };
    return id;
}

static uint64_t id_of(const airt_kind *kind, const void *body)
{
    if (body == NULL)
        return 0;
    return kind == &item_kind      ? ((const struct item *)body)->id
           : kind == &request_kind ? ((const struct request *)body)->id
                                   : 0;
}

static void on_letter(void *context, const airt_dead_letter *letter)
{
    uint64_t id = id_of(letter->kind, letter->body);

    (void)context;
    mix(id * 16 + letter->reason);
    if (letter->kind == &bell_kind && letter->reason == AIRT_LETTER_INCARNATION &&
        ((const struct bell *)letter->body)->what == 1)
        AIRT_CHECK(((const struct bell *)letter->body)->due_ns <= p.slot[slot_of(letter->to)].started_ns &&
                   "a timer of an incarnation that was over");
    if (id == 0)
        return;
    if (letter->reason <= AIRT_LETTER_INCARNATION)
        p.ledger[id].dead++;
    else
        p.ledger[id].unaccepted++;
}

static void refused(uint64_t id, airt_status status)
{
    if (status != AIRT_OK)
        p.ledger[id].refused++;
}

static void handled(airt_ctx *ctx, uint64_t id)
{
    if (!airi_killed(ctx)) /* otherwise the killer has ended it */
        p.ledger[id].handled++;
}

/* A message that was sent on or kept and sent was begun before: its order says nothing. */
static void begin(airt_ctx *ctx, struct walker *self, uint64_t id)
{
    entry    *e = &p.ledger[id];
    airt_ref  from = { e->from };

    AIRT_CHECK(id != 0 && id <= p.ids);
    AIRT_CHECK(e->handled == 0 && e->dead == 0 && "a message that had ended");
    AIRT_CHECK((e->moved || e->to == airt_self(ctx).bits) && "for somebody else");
    if (e->begun++ == 0 && e->to == airt_self(ctx).bits) {
        uint32_t slot = airi_ref_index(from) % SLOTS;
        bool     same = self->last[slot][e->priority][e->request].from == e->from;

        AIRT_CHECK((!same || id > self->last[slot][e->priority][e->request].id) && "in order");
        self->last[slot][e->priority][e->request].from = e->from;
        self->last[slot][e->priority][e->request].id = id;
    }
    mix(id);
}

static void check_ledger(void)
{
    for (uint64_t id = 1; id <= p.ids; id++) {
        const entry *e = &p.ledger[id];
        uint32_t     not_accepted = e->refused > 0 || e->unaccepted > 0 ? 1 : 0;

        if (e->handled + e->dead + not_accepted == 1 && e->replied <= 1)
            continue;
        (void)fprintf(stderr, "message %llu%s: begun %u, handled %u, dead %u, refused %u, not accepted %u, replies %u\n",
                      (unsigned long long)id, e->request ? " (request)" : "", e->begun, e->handled, e->dead, e->refused,
                      e->unaccepted, e->replied);
        AIRT_CHECK(!"every message ends exactly once");
    }
}

/* --- what handlers do --------------------------------------------------------------------------------------------- */

static airt_priority any_priority(void)
{
    return (airt_priority)rnd(4);
}

static void check_bound(airt_from from, airt_ref who)
{
    airt_actor_info info;

    if (airt_ref_same(p.slot[slot_of(who)].who, who) && airt_info(from, who, &info) == AIRT_OK)
        AIRT_CHECK(info.queued <= p.slot[slot_of(who)].bound && "the bound of a mailbox");
}

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

/* Whoever is said to wait for one answer has none yet. */
static void check_chain(airt_ctx *ctx)
{
    const airt_failure *failure = airt_last_failure(ctx);

    for (uint32_t i = 1; i < failure->chain_count; i++) {
        uint32_t slot = slot_of(failure->chain[i]);
        uint64_t id = airt_ref_same(p.slot[slot].who, failure->chain[i]) ? p.slot[slot].asking : 0;

        if (id != 0)
            AIRT_CHECK(!p.ledger[id].answered && p.ledger[id].dead == 0 && "a false deadlock");
    }
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
    airt_msg   *msg = NULL;
    airt_status status = airt_receive_kinds(ctx, AIRT_MS(rnd(6)), kinds, &msg);

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

static airt_spawn_options any_options(void)
{
    static const airt_overflow rules[] = { AIRT_REFUSE, AIRT_DROP_NEW, AIRT_DROP_OLD, AIRT_WAIT };
    airt_spawn_options         o = { .turn_max = (uint32_t)rnd(4), .stash_max = (uint32_t)rnd(3) };

    o.mailbox.overflow = rules[rnd(4)];
    o.mailbox.max = one_in(2) ? 1 + (uint32_t)rnd(4) : 0;
    if (one_in(6))
        o.mailbox.bytes_max = 200;
    if (one_in(5))
        o.mailbox.ttl_ms = 1 + (uint32_t)rnd(4);
    o.mailbox.wait_ms = 1 + (uint32_t)rnd(8);
    return o;
}

AIRT_ACTOR(walker)

static void spawn(airt_from from, bool inside, size_t place)
{
    static const uint32_t verdicts[] = { AIRT_STOP, AIRT_RESUME, AIRT_RESTART, AIRT_RESTART, AIRT_ESCALATE };
    struct walker_start   start = { verdicts[rnd(5)], one_in(10) };
    airt_spawn_options    o = any_options();
    airt_ref              ref;

    o.start = (airt_body){ &walker_start_kind, &start };
    if (one_in(4))
        o.name = one_in(2) ? "ann" : "bob";
    if (inside) {
        o.link = one_in(4);
        o.monitor = one_in(3);
        o.child = one_in(2);
        o.notify_start = one_in(4);
    }
    if (one_in(5))
        o.start_within_ms = 1 + (uint32_t)rnd(5);
    ref.bits = 0;
    mix((uint64_t)airt_spawn_behavior(from, &walker_behavior, &ref, &o));
    if (ref.bits != 0)
        p.place[place] = ref;
    if (ref.bits != 0 && p.slot[slot_of(ref)].who.bits < ref.bits) { /* it may be gone, and another have its slot */
        p.slot[slot_of(ref)].who = ref;
        p.slot[slot_of(ref)].asking = 0; /* its last tenant's, who was killed meanwhile */
        p.slot[slot_of(ref)].bound = o.mailbox.max != 0 ? o.mailbox.max : 1024;
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

static void ends(airt_from from)
{
    switch (rnd(6)) {
    case 0:
    case 1:
        (void)airt_stop(from, anyone(), NULL);
        break;
    case 2:
    case 3:
        (void)airt_kill(from, anyone(), NULL);
        break;
    default:
        (void)airt_drain(from, anyone(), NULL);
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
    case 0: case 1: case 2: case 3: case 4: case 5: case 6: tell(ctx); break;
    case 7: case 8: case 9: ask(ctx); break;
    case 10: gather(ctx); break;
    case 11: receive(ctx, self); break;
    case 12: case 13: let_go(ctx, self); break;
    case 14: times(ctx, self); break;
    case 15: if (one_in(2)) ties(ctx); break;
    case 16: for (int i = 0; i < 3; i++) tell(ctx); break;
    case 17: memory(ctx, self); break;
    case 18: mix((uint64_t)airt_sleep(ctx, AIRT_US(rnd(4000)))); break;
    case 19: (void)airt_unstash(ctx); break;
    case 20: spawn(AIRI_FROM(ctx), true, rnd(ACTORS)); break;
    case 21: if (one_in(2)) ends(AIRI_FROM(ctx)); break;
    default: break;
    }
}

static void check_deadline(airt_ctx *ctx)
{
    AIRT_CHECK(airt_msg_deadline_ns(airt_message(ctx)) > airt_sim_now_ns(p.s.world) && "expired, and handled");
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
        p.ledger[id].answered = (one_in(6) ? airt_reply_failure(ctx, 7, "number %d", 7)
                                           : airt_reply(ctx, request, .id = id)) == AIRT_OK;
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
    ON(A, walker_start) ON(A, item) ON(A, request) ON(A, bell) ON(A, airt_down) ON(A, airt_exited) ON(A, airt_started) \
    ON(A, airt_failed) ON(A, airt_stopping)
AIRT_BEHAVIOR(walker)

/* --- the driver --------------------------------------------------------------------------------------------------- */

static void outside(void)
{
    airt_ref          to = anyone();
    airt_send_options options = { .priority = any_priority(), .wait = AIRT_MS(1) };
    struct item       body;
    struct reply      answer;
    uint64_t          id;
    airt_status       status;

    switch (rnd(24)) {
    case 0:
        ends(AIRI_FROM(p.s.system));
        break;
    case 1:
        spawn(AIRI_FROM(p.s.system), false, rnd(ACTORS));
        break;
    case 2:
        id = new_id(AIRT_NONE, to, AIRT_NORMAL, true);
        status = airt_ask_any(p.s.system, to, &answer, AIRT_MS(1 + rnd(10)), request, .id = id);
        mix((uint64_t)status);
        if (status == AIRT_ENOMEM && p.ledger[id].begun + p.ledger[id].dead == 0)
            p.ledger[id].refused++;
        break;
    default:
        body.id = new_id(AIRT_NONE, to, options.priority, false);
        refused(body.id, airt_tell_body(AIRI_FROM(p.s.system), to, &item_kind, &body, &options));
        break;
    }
}

/* So that there is somebody to talk to. */
static void fill_a_place(void)
{
    size_t place = rnd(ACTORS);

    if (!sim_alive(&p.s, p.place[place]))
        spawn(AIRI_FROM(p.s.system), false, place);
}

static void walk(void)
{
    switch (rnd(4)) {
    case 0:
        airt_sim_run(p.s.world, AIRT_US(rnd(1500)));
        break;
    case 1:
        sim_settle(&p.s);
        break;
    default:
        for (uint64_t steps = rnd(12); steps > 0; steps--)
            (void)airt_sim_step(p.s.world);
        break;
    }
}

uint64_t random_program(uint64_t seed, uint32_t layout, const airt_fault_options *fault)
{
    sim_options options = { .seed = seed, .layout = layout, .fault = fault, .system.dead_letter = on_letter };

    options.system.workers = 1 + (uint32_t)seed % 4;
    memset(&p, 0, sizeof p);
    p.rng = seed * UINT64_C(0x2545f4914f6cdd1d);
    p.fuel = FUEL;
    if (sim_open(&p.s, &options) != AIRT_OK)
        return 0;
    for (int i = 0; i < ACTORS; i++)
        spawn(AIRI_FROM(p.s.system), false, (size_t)i);
    for (int round = 0; round < ROUNDS; round++) {
        fill_a_place();
        for (uint64_t bursts = rnd(8); bursts > 0; bursts--)
            outside();
        walk();
    }
    airt_sim_run(p.s.world, AIRT_MS(50));
    sim_check_account(&p.s);
    mix(airt_sim_hash(p.s.world));
    if (one_in(2))
        sim_close(&p.s);
    else
        sim_close_at_once(&p.s);
    check_ledger();
    return p.hash;
}
