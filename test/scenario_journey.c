/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A periodic timer has one message. It may travel: be kept and sent to another actor, and end there in any way. It comes
 * home as it left, and its owner's ticks and room are as if it had never been away. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    PERIOD_MS = 20,
    NAP_MS = 30,
    ROOM = 2
};

AIRT_SIGNAL(beat)
AIRT_SIGNAL(nap)
AIRT_SIGNAL(filler)

/* Beats by a timer when it has somewhere to send the first one; a host has not. */
struct clockwork_start {
    airt_ref host;
    bool     forwards;
};
AIRT_KIND(clockwork_start, host, forwards)

#define clockwork_ACCEPTS(KIND) KIND(beat) KIND(nap) KIND(filler)
AIRT_PROTOCOL(clockwork)
struct clockwork {
    airt_ref host;
    bool     forwards;
    uint32_t beats;
};
static uint32_t beats_home, beats_abroad;

AIRT_ON(clockwork, clockwork_start)
{
    self->host = msg->host;
    self->forwards = msg->forwards;
    return airt_send_every(ctx, AIRT_MS(PERIOD_MS), NULL, beat);
}
AIRT_ON(clockwork, beat)
{
    airt_msg *travels = NULL;

    if (airt_ref_none(self->host)) {
        beats_abroad++;
        return AIRT_OK;
    }
    beats_home++;
    if (self->forwards)
        return airt_forward_any(ctx, self->host, beat);
    if (self->beats++ > 0)
        return AIRT_OK;
    AIRT_TRY(airt_keep(ctx, &travels));
    return airt_send(ctx, self->host, &travels);
}
AIRT_ON(clockwork, nap)
{
    (void)self;
    return airt_sleep(ctx, AIRT_MS(NAP_MS));
}
AIRT_ON(clockwork, filler)
{
    (void)self;
    (void)ctx;
    return AIRT_OK;
}
#define clockwork_HANDLES(ON, A) ON(A, clockwork_start) ON(A, beat) ON(A, nap) ON(A, filler)
AIRT_BEHAVIOR(clockwork)

/* A host that naps when the first beat comes. */
static clockwork_ref host_of(sim *s, const airt_mailbox_options *mailbox)
{
    clockwork_ref      host = { 0 };
    airt_spawn_options options = { .mailbox = *mailbox };

    beats_home = beats_abroad = 0;
    ASSERT_OK(airt_spawn(s->system, clockwork, &host, &options));
    sim_run(s, PERIOD_MS / 2);
    airt_tell(s->system, host, nap);
    return host;
}

static clockwork_ref home_of(sim *s, clockwork_ref host, bool forwards)
{
    clockwork_ref      home = { 0 };
    airt_spawn_options options = { .mailbox = { .max = ROOM },
                                   .start = AIRT_START(clockwork, .host = host.ref, .forwards = forwards) };

    ASSERT_OK(airt_spawn(s->system, clockwork, &home, &options));
    sim_settle(s);
    return home;
}

/* Each tick comes, and each message has its place again when it is begun. */
static void check_home(sim *s, clockwork_ref home)
{
    uint32_t before;

    sim_run(s, 3 * PERIOD_MS); /* it is back by now */
    before = beats_home;
    sim_run(s, 10 * PERIOD_MS);
    assert_int_equal(beats_home, before + 10);
    assert_int_equal(sim_queued(s, home.ref), 0);
    sim_run(s, 1);
    airt_tell(s->system, home, nap);
    sim_settle(s);
    for (int i = 0; i < ROOM; i++)
        assert_int_equal(airt_tell(s->system, home, filler), AIRT_OK);
    assert_int_equal(airt_tell(s->system, home, filler), AIRT_EFULL);
    assert_int_equal(sim_queued(s, home.ref), ROOM);
    sim_run(s, 3 * PERIOD_MS);
    assert_int_equal(sim_queued(s, home.ref), 0);
    (void)airt_stop(s->system, home.ref, NULL);
    sim_settle(s);
}

/* The ways in which a box may be bounded. */
static const airt_mailbox_options boxes[] = {
    { 0 },
    { .ttl_ms = 1000 },
    { .max = 4, .overflow = AIRT_WAIT },
    { .max = 4, .overflow = AIRT_DROP_OLD, .ttl_ms = 1000 },
    { .bytes_max = 4096, .overflow = AIRT_WAIT },
};
enum {
    BOXES = sizeof boxes / sizeof boxes[0]
};

static void handled_body(sim *s)
{
    for (int i = 0; i < BOXES; i++) {
        clockwork_ref home = home_of(s, host_of(s, &boxes[i]), false);

        sim_run(s, 3 * PERIOD_MS);
        assert_int_equal(beats_abroad, 1);
        sim_run(s, 1000); /* longer than it was to live there */
        check_home(s, home);
    }
}
static void handled_by_another(void **state)
{
    (void)state;
    sim_each(handled_body, NULL);
}

static void ended_body(sim *s)
{
    for (int i = 0; i < BOXES * 2; i++) {
        clockwork_ref host = host_of(s, &boxes[i / 2]);
        clockwork_ref home = home_of(s, host, false);

        sim_run(s, PERIOD_MS + 1);
        assert_int_equal(sim_queued(s, host.ref), 1);
        (void)(i % 2 == 0 ? airt_stop(s->system, host.ref, NULL) : airt_kill(s->system, host.ref, NULL));
        sim_settle(s);
        assert_int_equal(beats_abroad, 0);
        check_home(s, home);
    }
}
static void in_the_box_of_one_who_ends(void **state)
{
    (void)state;
    sim_each(ended_body, NULL);
}

static void evicted_body(sim *s)
{
    airt_mailbox_options mailbox = { .max = 1, .overflow = AIRT_DROP_OLD };
    clockwork_ref        host = host_of(s, &mailbox);
    clockwork_ref        home = home_of(s, host, false);

    sim_run(s, PERIOD_MS + 1);
    assert_int_equal(airt_tell(s->system, host, filler), AIRT_OK);
    assert_int_equal(s->letters[AIRT_LETTER_DROPPED], 1);
    check_home(s, home);
    assert_int_equal(beats_abroad, 0);
}
static void evicted_from_a_box(void **state)
{
    (void)state;
    sim_each(evicted_body, NULL);
}

static void expired_body(sim *s)
{
    airt_mailbox_options mailbox = { .ttl_ms = 1 };
    clockwork_ref        home = home_of(s, host_of(s, &mailbox), false);

    sim_run(s, 3 * PERIOD_MS);
    assert_int_equal(s->letters[AIRT_LETTER_EXPIRED], 1);
    check_home(s, home);
    assert_int_equal(beats_abroad, 0);
}
static void expired_in_a_box(void **state)
{
    (void)state;
    sim_each(expired_body, NULL);
}

/* The handler of a tick waits for room, with a copy of it, and is killed. What it had is not lost: see sim_close. */
static void forwards_body(sim *s)
{
    airt_mailbox_options mailbox = { .max = 1, .overflow = AIRT_WAIT };
    clockwork_ref        host = host_of(s, &mailbox);
    clockwork_ref        home;

    sim_settle(s);
    airt_tell(s->system, host, filler); /* full */
    home = home_of(s, host, true);
    sim_run(s, PERIOD_MS + 1);
    assert_int_equal(beats_home, 1);
    assert_int_equal(sim_queued(s, host.ref), 1);
    (void)airt_kill(s->system, home.ref, NULL);
    sim_run(s, 3 * PERIOD_MS);
    assert_int_equal(beats_abroad, 0);
    assert_false(sim_alive(s, home.ref));
}
static void killed_while_a_tick_waits_for_room(void **state)
{
    (void)state;
    sim_each(forwards_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(handled_by_another), SIM_TEST(in_the_box_of_one_who_ends),         SIM_TEST(evicted_from_a_box),
        SIM_TEST(expired_in_a_box),   SIM_TEST(killed_while_a_tick_waits_for_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
