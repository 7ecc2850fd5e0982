/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* LOCAL bodies: dropped exactly once however their message ends, and not at all once they are taken. */
#include "sim.h"

#include "port/port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct load {
    int *box;
};
static uint32_t made, dropped;
static int      carried[64]; /* what the boxes point to: outside of any actor */
static void     load_drop(struct load *body);
AIRT_LOCAL_KIND(load, load_drop)
AIRT_ANSWER(load, answer)

static void load_drop(struct load *body)
{
    dropped++;
    body->box = NULL;
}

#define porter_ACCEPTS(KIND) KIND(load)
AIRT_PROTOCOL(porter)
struct porter {
    uint32_t    seen;
    struct load mine;
};

/* The first is taken, the second left to the runtime, the third is one failure too many. */
AIRT_ON(porter, load)
{
    struct load again;

    switch (self->seen++) {
    case 0:
        assert_ptr_equal(msg->box, &carried[0]);
        AIRT_TRY(airt_take(ctx, load, &self->mine));
        assert_int_equal(airt_take(ctx, load, &again), AIRT_EKIND);
        return AIRT_OK;
    case 1:
        return AIRT_OK;
    default:
        return AIRT_EFAILED;
    }
}

#define porter_HANDLES(ON, A) ON(A, load)
AIRT_BEHAVIOR(porter)

static void send_load(sim *s, porter_ref to)
{
    airt_tell(s->system, to, load, .box = &carried[made]);
    made++;
}

static void a_local_body_is_dropped_once_or_taken(void **state)
{
    sim        s;
    porter_ref porter = { 0 };

    (void)state;
    made = dropped = 0;
    assert_int_equal(sim_open(&s, &(sim_options){ .seed = 7 }), AIRT_OK);
    assert_int_equal(airt_spawn(s.system, porter, &porter, NULL), AIRT_OK);
    send_load(&s, porter);
    sim_settle(&s);
    assert_int_equal(dropped, 0);
    send_load(&s, porter);
    sim_settle(&s);
    assert_int_equal(dropped, 1);
    send_load(&s, porter); /* fails its handler: dead-lettered, and dropped */
    send_load(&s, porter); /* queued at the end */
    sim_settle(&s);
    assert_int_equal(dropped, 3);
    send_load(&s, porter); /* nobody there */
    assert_int_equal(dropped, 4);
    sim_close(&s);
    assert_int_equal(dropped, made - 1);
}

/* --- every way to send one, with every allocation refused --------------------------------------------------------- */

#define server_ACCEPTS(KIND) KIND(load)
AIRT_PROTOCOL(server)
struct server {
    char nothing;
};
AIRT_ON(server, load)
{
    (void)self;
    return airt_reply(ctx, load, .n = 1);
}
#define server_HANDLES(ON, A) ON(A, load)
AIRT_BEHAVIOR(server)

static airt_status tells(airt_from from, airt_ref to, const struct load *body)
{
    return airt_tell_body(from, to, &load_kind, body, NULL);
}
static airt_status builds(airt_from from, airt_ref to, const struct load *body)
{
    airt_msg *msg = NULL;

    AIRT_TRY(airt_msg_new_body(from, &load_kind, body, &msg));
    return airt_send(from, to, &msg);
}
static airt_status builds_and_drops(airt_from from, airt_ref to, const struct load *body)
{
    airt_msg *msg = NULL;

    (void)to;
    AIRT_TRY(airt_msg_new_body(from, &load_kind, body, &msg));
    airt_drop(&msg);
    return AIRT_OK;
}
static airt_status asks(airt_from from, airt_ref to, const struct load *body)
{
    struct answer answer;

    return airt_ask_body(from, to, &load_kind, body, AIRT_MS(50), &answer_kind, &answer, sizeof answer);
}
static airt_status begins(airt_from from, airt_ref to, const struct load *body)
{
    struct answer answer;
    airt_call     call = airt_ask_begin_body(from.ctx, to, &load_kind, body, AIRT_MS(50), &answer_kind);
    airt_call    *calls[] = { &call };

    AIRT_TRY(airt_await_all(from.ctx, AIRT_MS(50), calls, 1));
    return airt_call_take_body(from.ctx, call, &answer_kind, &answer, sizeof answer);
}
static airt_status sends_later(airt_from from, airt_ref to, const struct load *body)
{
    (void)to;
    return airt_send_after_body(from.ctx, AIRT_MS(1), NULL, &load_kind, body);
}
static airt_status sends_periodically(airt_from from, airt_ref to, const struct load *body)
{
    (void)to;
    /* A LOCAL body can be sent once only: refused, and still the caller's. */
    assert_int_equal(airt_send_every_body(from.ctx, AIRT_MS(1), NULL, &load_kind, body), AIRT_EINVAL);
    load_drop((struct load *)(uintptr_t)body);
    return AIRT_EINVAL;
}

static const struct way {
    airt_status (*send)(airt_from from, airt_ref to, const struct load *body);
    bool outside; /* too */
} ways[] = {
    { tells, true },   { builds, true },       { builds_and_drops, true },    { asks, true },
    { begins, false }, { sends_later, false }, { sends_periodically, false },
};
enum {
    WAYS = sizeof ways / sizeof ways[0]
};

/* The nth allocation from when it is armed. */
static struct {
    bool     armed, refused;
    uint32_t left;
} fault;

static bool refuse_nth(airt_world *world, airt_allocation what, const airi_site *site)
{
    (void)world;
    (void)what;
    (void)site;
    if (!fault.armed || fault.left == 0 || --fault.left != 0)
        return false;
    fault.refused = true;
    return true;
}

static struct {
    const struct way *way;
    airt_ref          to;
    struct sim_stay  *killed;
} journey;

static airt_status go(airt_from from)
{
    struct load body = { &carried[0] };
    airt_status status;

    made++;
    fault.armed = true;
    status = journey.way->send(from, journey.to, &body);
    fault.armed = false;
    if (status != AIRT_OK && journey.way->send != asks && journey.way->send != begins) /* consumed, whatever comes */
        assert_int_equal(dropped, made);
    return status;
}
static airt_status goes(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_status status;

    (void)argument;
    if (journey.killed != NULL)
        AIRT_TRY(sim_stays(ctx, self, journey.killed));
    status = go((airt_from){ .ctx = ctx });
    if (journey.killed != NULL && journey.way->send != sends_periodically)
        assert_int_equal(status, AIRT_EKILLED);
    return AIRT_OK;
}

/* From: outside, a handler, a handler that was killed. */
enum {
    OUTSIDE,
    INSIDE,
    KILLED,
    PLACES
};
static bool refused_once(int place, const struct way *way, uint32_t nth)
{
    struct sim_stay stay = { 0 };
    server_ref      server = { 0 };
    airt_ref        puppet;
    sim             s;

    made = dropped = 0;
    memset(&fault, 0, sizeof fault);
    fault.left = nth;
    assert_int_equal(sim_open(&s, &(sim_options){ .seed = nth }), AIRT_OK);
    assert_int_equal(airt_spawn(s.system, server, &server, NULL), AIRT_OK);
    puppet = sim_spawn(&s, 'a');
    sim_settle(&s);
    journey.way = way;
    journey.to = server.ref;
    journey.killed = place == KILLED ? &stay : NULL;
    s.world->refuse = refuse_nth;
    if (place == OUTSIDE) {
        (void)go(AIRI_FROM(s.system));
    } else {
        sim_do(&s, puppet, goes, NULL);
        if (place == KILLED) {
            sim_until(&s, &stay.inside);
            assert_int_equal(airt_kill(s.system, puppet, NULL), AIRT_OK);
            stay.open = true;
        }
    }
    sim_run(&s, 100);
    sim_close(&s);
    assert_int_equal(made, 1);
    assert_int_equal(dropped, 1);
    return fault.refused;
}

static void a_local_body_is_dropped_once_when_memory_is_refused(void **state)
{
    (void)state;
    for (int place = 0; place < PLACES; place++)
        for (int i = 0; i < WAYS; i++)
            if (place != OUTSIDE || ways[i].outside)
                for (uint32_t nth = 1; refused_once(place, &ways[i], nth); nth++)
                    continue;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_local_body_is_dropped_once_or_taken),
        cmocka_unit_test(a_local_body_is_dropped_once_when_memory_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
