/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Poison: a message that is sent again and again, and fails its receiver each time, is found by its identity and
 * quarantined; the others are handled once each. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct {
    unsigned    found[AIRT_SUPERVISION_COUNT];
    uint64_t    trace;
    const char *message;
} seen;

static void on_event(void *context, const airt_supervision_event *event)
{
    (void)context;
    seen.found[event->what]++;
    if (event->what == AIRT_SUP_POISON) {
        seen.trace = event->trace;
        seen.message = event->message;
    }
}

/* Fails of every num above 1000. */
struct picky {
    char nothing;
};
AIRT_ON(picky, num)
{
    sim_say("%llu", (unsigned long long)msg->n);
    return msg->n > 1000 ? AIRT_EINVAL : AIRT_OK;
}
AIRT_ON(picky, query)
{
    return msg->n > 1000 ? AIRT_EINVAL : airt_reply(ctx, query, .n = msg->n);
}
#define picky_HANDLES(ON, A) ON(A, num) ON(A, query)
AIRT_BEHAVIOR(picky)

static airt_ref picky_under(sim *s, airt_poison poison)
{
    airt_child      child = AIRT_CHILD(picky, .poison = poison);
    airt_ref        top = AIRT_NONE;
    airt_child_info info = { .ref = AIRT_NONE };

    memset(&seen, 0, sizeof seen);
    ASSERT_OK(airt_supervise(s->system, &top, .restarts_max = 100, .on_event = on_event, .children = &child,
                             .child_count = 1));
    (void)!airt_supervisor_find_child(s->system, top, AIRT_ID("picky"), AIRT_SECONDS(1), &info);
    return info.ref;
}

static void send(sim *s, airt_ref who, uint64_t n, uint64_t trace)
{
    (void)!sim_num_with(AIRI_FROM(s->system), who, n, &(airt_send_options){ .trace = trace });
    sim_settle(s);
}

static void identity_body(sim *s)
{
    airt_ref who = picky_under(s, (airt_poison){ .failures_max = 3, .quarantine_ms = 1000 });

    for (int i = 0; i < 5; i++) {
        send(s, who, 2000, 77); /* somebody retries */
        send(s, who, (uint64_t)i, 0);
    }
    send(s, who, 2001, 78); /* another one is innocent until then */
    ASSERT_SAID(s, "2000 0 2000 1 2000 2 3 4 2001");
    assert_int_equal(seen.found[AIRT_SUP_POISON], 1);
    assert_int_equal(seen.trace, 77);
    assert_string_equal(seen.message, "num");
    assert_int_equal(s->letters[AIRT_LETTER_POISON], 2);
    assert_int_equal(s->letters[AIRT_LETTER_FAULT], 4);
    sim_run(s, 1001);
    send(s, who, 2000, 77); /* it is over, and begins anew */
    ASSERT_SAID(s, "2000");
}
static void by_identity(void **state)
{
    (void)state;
    sim_each(identity_body, NULL);
}

/* The next child that gets the same record begins with a clean one. */
static void forgotten_body(sim *s)
{
    airt_child child = AIRT_CHILD(picky, .poison = { .failures_max = 2 });
    airt_ref   top = AIRT_NONE, who = AIRT_NONE;

    memset(&seen, 0, sizeof seen);
    ASSERT_OK(airt_supervise(s->system, &top, .restarts_max = 100, .on_event = on_event));
    for (int i = 0; i < 2; i++) {
        ASSERT_OK(airt_supervisor_start_child(s->system, top, &child, AIRT_SECONDS(1), &who));
        send(s, who, 2000, 77);
        ASSERT_OK(airt_supervisor_stop_child(s->system, top, AIRT_ID("picky"), AIRT_SECONDS(1)));
        ASSERT_OK(airt_supervisor_delete_child(s->system, top, AIRT_ID("picky"), AIRT_SECONDS(1)));
    }
    assert_int_equal(seen.found[AIRT_SUP_RESTARTING], 2);
    assert_int_equal(seen.found[AIRT_SUP_POISON], 0);
}
static void forgotten_with_its_child(void **state)
{
    (void)state;
    sim_each(forgotten_body, NULL);
}

static airt_status ask_picky(airt_ctx *ctx, struct puppet *self, void *argument)
{
    uint64_t n = 0;

    sim_say("%c=%d", self->tag, (int)sim_query(ctx, *(airt_ref *)argument, AIRT_SECONDS(1), 5, &n));
    return AIRT_OK;
}
static void kind_body(sim *s)
{
    airt_ref who = picky_under(s, (airt_poison){ .kind_failures_max = 2, .quarantine_ms = 1000 });
    airt_ref asker = sim_spawn(s, 'q');

    for (uint64_t i = 0; i < 4; i++)
        send(s, who, 2000 + i, 0);
    send(s, who, 1, 0); /* a good one of the same kind waits out the quarantine as a dead letter too */
    ASSERT_SORTED(s, "2000 2001 q+");
    assert_int_equal(seen.found[AIRT_SUP_POISON], 1);
    assert_int_equal(s->letters[AIRT_LETTER_POISON], 3);
    sim_do(s, asker, ask_picky, &who); /* other kinds are handled */
    sim_settle(s);
    ASSERT_SAID(s, "q=0");
    sim_run(s, 1001);
    send(s, who, 1, 0);
    ASSERT_SAID(s, "1");
}
static void by_kind(void **state)
{
    (void)state;
    sim_each(kind_body, NULL);
}

static void off_body(sim *s)
{
    airt_ref who = picky_under(s, (airt_poison){ 0 });

    for (int i = 0; i < 20; i++)
        send(s, who, 2000, 77);
    assert_int_equal(seen.found[AIRT_SUP_POISON], 0);
    assert_int_equal(s->letters[AIRT_LETTER_FAULT], 20);
}
static void off_unless_asked_for(void **state)
{
    (void)state;
    sim_each(off_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(by_identity),
        SIM_TEST(forgotten_with_its_child),
        SIM_TEST(by_kind),
        SIM_TEST(off_unless_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
