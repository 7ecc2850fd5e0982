/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a fault leaves of its actor: nothing. Links, watches and askers hear of it; timers, memory, kept messages, open
 * calls and blobs go; a supervisor starts it again, with its mail. */
#include "faulty.h"
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <signal.h>

#include <cmocka.h>

static const airt_system_options contain = { .faults = AIRT_FAULTS_CONTAIN };

static airt_status watch(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_monitor(ctx, *(airt_ref *)argument);
}
static airt_status link_to(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_link(ctx, *(airt_ref *)argument);
}
static airt_status trap(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    airt_trap_exit(ctx, true);
    return AIRT_OK;
}

/* With everything that a handler can hold, and has not given back. */
static airt_status hoard_and_fault(airt_ctx *ctx, struct puppet *self, void *argument)
{
    const struct query question = { 1 };
    airt_call          call =
        airt_ask_begin_body(ctx, *(airt_ref *)argument, &query_kind, &question, AIRT_SECONDS(60), &answer_kind);
    airt_blob blob = airt_blob_new(ctx, "bytes", 5);

    (void)call;
    (void)blob;
    self->memory = airt_alloc(ctx, 1000);
    AIRT_CHECK(airt_send_every(ctx, AIRT_MS(10), &self->timer, tick, .n = 1) == AIRT_OK);
    AIRT_CHECK(airt_msg_new(ctx, &self->kept[0], num, .n = 9) == AIRT_OK);
    AIRT_CHECK(airt_keep(ctx, &self->kept[1]) == AIRT_OK);
    AIRT_CHECK(airt_sleep(ctx, AIRT_MS(1)) == AIRT_OK);
    faulty_do(FAULTY_NULL);
    return AIRT_OK;
}

static void hoard_body(sim *s)
{
    airt_ref r[4]; /* a faults; b watches it, c is linked to it, d is too and traps exits */

    if (!airt_faults_contained(s->system))
        return;
    for (int i = 0; i < 4; i++)
        r[i] = sim_spawn(s, (char)('a' + i));
    sim_begin(s);
    sim_do(s, r[3], trap, NULL);
    sim_do(s, r[1], watch, &r[0]);
    sim_do(s, r[2], link_to, &r[0]);
    sim_do(s, r[3], link_to, &r[0]);
    sim_settle(s);
    sim_do(s, r[0], hoard_and_fault, &r[1]);
    sim_run(s, 100);
    ASSERT_SORTED(s, "b?1 b<a:fault c-linked d~a:fault");
    assert_int_equal(s->letters[AIRT_LETTER_FAULT], 0); /* the message in work was kept: it was the actor's */
    assert_int_equal(s->reports[AIRT_REPORT_FAULT], 1);
}
static void a_fault_leaves_nothing(void **state)
{
    (void)state;
    sim_each(hoard_body, &contain);
}

static void killed_body(sim *s)
{
    airt_ref   a = sim_spawn(s, 'a');
    airt_fault fault;

    if (!airt_faults_contained(s->system))
        return;
    sim_begin(s);
    sim_do(s, a, hoard_and_fault, &a);
    sim_settle(s); /* asleep */
    (void)airt_kill(s->system, a, NULL);
    sim_run(s, 100);
    assert_int_equal(airt_fault_last(s->system, a, &fault), AIRT_ENOENT);
}
static void a_kill_comes_before_the_fault(void **state)
{
    (void)state;
    sim_each(killed_body, &contain);
}

/* --- supervised --------------------------------------------------------------------------------------------------- */

static void supervised_body(sim *s)
{
    static const char *const text = "victim";
    faulty_actor_ref         who = { 0 };
    airt_ref                 top;
    uint32_t                 incarnation = 0;
    struct faulty_done       done = { 0 };

    if (!airt_faults_contained(s->system))
        return;
    assert_int_equal(airt_supervise(s->system, &top, .restarts_max = 100,
                                    AIRT_CHILDREN(AIRT_CHILD(faulty_actor, .name = text,
                                                             .start = AIRT_START(faulty_actor, .how = FAULTY_NONE)))),
                     AIRT_OK);
    if (airt_lookup(s->system, faulty_actor, text, &who) != AIRT_OK)
        return;
    for (unsigned place = 0; place < FAULTY_PLACES; place++) {
        if (place == FAULTY_IN_START)
            continue;
        (void)airt_tell(s->system, who, faulty_go, .how = FAULTY_NULL, .place = place);
        (void)airt_tell(s->system, who, faulty_ping, .value = 1);
        sim_run(s, 1000);
        assert_int_equal(airt_incarnation(s->system, who.ref, &incarnation), AIRT_OK);
        assert_int_equal(airt_ask(s->system, who, &done, AIRT_SECONDS(1), faulty_ping, .value = 7), AIRT_OK);
        assert_int_equal(done.value, 7);
    }
    assert_int_equal(incarnation, FAULTY_PLACES); /* one fault in each place but the start */
    assert_int_equal(s->reports[AIRT_REPORT_FAULT], FAULTY_PLACES - 1);
}
static void a_supervisor_starts_it_again(void **state)
{
    (void)state;
    sim_each(supervised_body, &contain);
}

/* --- without memory ----------------------------------------------------------------------------------------------- */

/* Whatever else is refused: a fault needs nothing. Stacks are given, for without one in store it is not contained. */
static void refused(uint64_t nth, bool onwards)
{
    static sim         s;
    airt_fault_options fault = { .nth = nth, .onwards = onwards };
    airt_ref           a, b;

    fault.sites = (1u << AIRT_ALLOCATION_COUNT) - 1;
    fault.sites &= ~(1u << AIRT_ALLOCATION_STACK | 1u << AIRT_ALLOCATION_SIGNAL_STACK);
    if (sim_open(&s, &(sim_options){ .seed = nth, .fault = &fault, .system = contain }) != AIRT_OK)
        return;
    a = sim_spawn(&s, 'a');
    b = sim_spawn(&s, 'b');
    if (airt_faults_contained(s.system)) {
        sim_do(&s, a, link_to, &b);
        sim_do(&s, b, watch, &a);
        sim_do(&s, a, hoard_and_fault, &b);
        sim_run(&s, 100);
    }
    sim_close(&s);
}
static void a_fault_needs_no_memory(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 80; nth++) {
        refused(nth, false);
        refused(nth, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(a_fault_leaves_nothing),
        SIM_TEST(a_kill_comes_before_the_fault),
        SIM_TEST(a_supervisor_starts_it_again),
        cmocka_unit_test(a_fault_needs_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
