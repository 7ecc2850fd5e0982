/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Supervisors: a first walk through them; the cases of OTP's suite are in otp_*.c beside this file. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static airt_status failing(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return AIRT_EINVAL;
}

#define PUPPET(letter)                                                                                                 \
    AIRT_CHILD(puppet, .name = (const char[]){ letter, 0 },                                                            \
               .start = { &puppet_start_kind, &(const struct puppet_start){ .tag = letter } })

static airt_ref named(sim *s, const char *name)
{
    const airt_kind *const any[] = { &act_kind, NULL };
    airt_ref               ref = AIRT_NONE;

    (void)!airt_lookup_kinds(s->system, any, name, &ref);
    return ref;
}

static void three(sim *s, airt_strategy strategy, airt_ref *out)
{
    ASSERT_OK(airt_supervise(s->system, out, .strategy = strategy, .restarts_max = 2, .window_ms = 3600000,
                             AIRT_CHILDREN(PUPPET('a'), PUPPET('b'), PUPPET('c'))));
}

static void one_body(sim *s)
{
    airt_ref    top = AIRT_NONE, b;
    airt_reason why = { .exit = AIRT_EXIT_NORMAL };

    three(s, AIRT_ONE_FOR_ONE, &top);
    ASSERT_SAID(s, "a+ b+ c+");
    b = named(s, "b");
    sim_do(s, b, failing, NULL);
    sim_num(s, b, 1);
    sim_settle(s);
    ASSERT_SAID(s, "b!error/0 b-error b+ b:1");
    assert_true(airt_ref_same(named(s, "b"), b));
    sim_do(s, b, failing, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "b!error/1 b-error b+");
    sim_do(s, named(s, "a"), failing, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "a!error/0 a-error c-shutdown b-shutdown");
    assert_false(sim_alive(s, top));
    ASSERT_OK(airt_system_wait(s->system, AIRT_MS(0), &why));
    assert_int_equal(why.exit, AIRT_EXIT_ESCALATED);
}
static void one_for_one(void **state)
{
    (void)state;
    sim_each(one_body, NULL);
}

static void groups_body(sim *s)
{
    airt_ref all = AIRT_NONE, rest = AIRT_NONE;

    three(s, AIRT_ONE_FOR_ALL, &all);
    sim_forget(s);
    sim_do(s, named(s, "b"), failing, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "b!error/0 b-error c-shutdown a-shutdown a+ b+ c+");
    ASSERT_OK(airt_stop(s->system, all, NULL));
    sim_settle(s);
    ASSERT_SAID(s, "c-shutdown b-shutdown a-shutdown");
    assert_false(sim_alive(s, all));
    three(s, AIRT_REST_FOR_ONE, &rest);
    sim_forget(s);
    sim_do(s, named(s, "b"), failing, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "b!error/0 b-error c-shutdown b+ c+");
}
static void one_for_all_and_rest_for_one(void **state)
{
    (void)state;
    sim_each(groups_body, NULL);
}

static void deep_body(sim *s)
{
    airt_ref top = AIRT_NONE;
    char     text[512];
    size_t   length = 0;

    ASSERT_OK(airt_supervise(s->system, &top, .name = "top", .strategy = AIRT_REST_FOR_ONE,
                             AIRT_CHILDREN(PUPPET('a'),
                                           AIRT_SUBTREE(.name = "mid", .restarts_max = AIRT_NO_RESTARTS,
                                                        AIRT_CHILDREN(PUPPET('b'), PUPPET('c'))),
                                           PUPPET('d'))));
    ASSERT_SAID(s, "a+ b+ c+ d+");
    sim_do(s, named(s, "b"), failing, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "b!error/0 b-error c-shutdown d-shutdown b+ c+ d+");
    ASSERT_OK(airt_supervisor_print(s->system, top, AIRT_SECONDS(1), text, sizeof text, &length));
    assert_string_equal(text, "a  running, 0 restarts\n"
                              "mid/  running, 1 restart\n"
                              "  b  running, 0 restarts\n"
                              "  c  running, 0 restarts\n"
                              "d  running, 1 restart\n");
    ASSERT_OK(airt_stop(s->system, top, NULL));
    sim_settle(s);
    ASSERT_SAID(s, "d-shutdown c-shutdown b-shutdown a-shutdown");
}
static void trees_of_two_levels(void **state)
{
    (void)state;
    sim_each(deep_body, NULL);
}

static void dynamic_body(sim *s)
{
    airt_ref          pool = AIRT_NONE, kid[3] = { { 0 } };
    airt_child_counts counts = { 0 };

    ASSERT_OK(airt_supervise(s->system, &pool, .strategy = AIRT_DYNAMIC, .restarts_max = 5,
                             AIRT_CHILDREN(AIRT_CHILD(puppet))));
    for (int i = 0; i < 3; i++) {
        struct puppet_start start = { .tag = (uint32_t)('a' + i) };

        ASSERT_OK(airt_supervisor_start_child(s->system, pool, &(airt_child){ .start = { &puppet_start_kind, &start } },
                                              AIRT_SECONDS(1), &kid[i]));
    }
    ASSERT_SAID(s, "a+ b+ c+");
    sim_do(s, kid[1], failing, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "b!error/0 b-error b+");
    ASSERT_OK(airt_supervisor_stop_child(s->system, pool, AIRT_BY_REF(kid[0]), AIRT_SECONDS(1)));
    ASSERT_SAID(s, "a-shutdown");
    ASSERT_OK(airt_supervisor_count(s->system, pool, AIRT_SECONDS(1), &counts));
    assert_int_equal(counts.active, 2);
    ASSERT_OK(airt_stop(s->system, pool, NULL));
    sim_settle(s);
    ASSERT_SORTED(s, "b-shutdown c-shutdown");
}
static void a_dynamic_pool(void **state)
{
    (void)state;
    sim_each(dynamic_body, NULL);
}

/* --- a system that is asked to end -------------------------------------------------------------------------------- */

/* What fails from then on stays down, now and later, and the supervisor goes on until it is stopped. */
static void ending_body(sim *s)
{
    airt_child_counts counts = { 0 };
    airt_ref          top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .strategy = AIRT_ONE_FOR_ONE, .restarts_max = 5,
                             AIRT_CHILDREN(PUPPET('a'), PUPPET('b'), PUPPET('c'))));
    ASSERT_SAID(s, "a+ b+ c+");
    ASSERT_OK(airt_system_end(s->system, NULL));
    sim_do(s, named(s, "b"), failing, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "b!error/0 b-error");
    sim_do(s, named(s, "a"), failing, NULL);
    sim_run(s, 60000);
    ASSERT_SAID(s, "a!error/0 a-error");
    assert_true(sim_alive(s, top));
    ASSERT_OK(airt_supervisor_count(s->system, top, AIRT_SECONDS(1), &counts));
    assert_int_equal(counts.specs, 3);
    assert_int_equal(counts.active, 1);
    ASSERT_OK(airt_stop(s->system, top, NULL));
    sim_settle(s);
    ASSERT_SAID(s, "c-shutdown");
}
static void nothing_is_restarted_in_a_system_that_ends(void **state)
{
    (void)state;
    sim_each(ending_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(one_for_one),
        SIM_TEST(one_for_all_and_rest_for_one),
        SIM_TEST(trees_of_two_levels),
        SIM_TEST(a_dynamic_pool),
        SIM_TEST(nothing_is_restarted_in_a_system_that_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
