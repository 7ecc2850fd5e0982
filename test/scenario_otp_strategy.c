/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* OTP's supervisor suite in our words: what is restarted with a child that failed, and how often is too often. The
 * numbers are those of the list of cases; case 60 is stress_otp_many. "New pid" reads: the same ref, one incarnation
 * further. */
#include "otp_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum {
    HOUR = 3600000
};

/* "123": incarnations of a, b, c... */
static bool incarnations(sim *s, const char *wanted)
{
    char text[8] = "";

    for (int i = 0; wanted[i] != '\0' && i < 7; i++) {
        text[i] = (char)('0' + otp_incarnation(s, (char)('a' + i)) % 10);
        text[i + 1] = '\0';
    }
    return otp_same(s, "incarnations", text, wanted);
}

/* --- one for one, and the window ---------------------------------------------------------------------------------- */

static void case_48_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .restarts_max = 2, .window_ms = HOUR,
                             AIRT_CHILDREN(OTP_KID('a'), OTP_KID('b'))));
    otp_watch(s, top);
    otp_finish(s, 'a', OTP_ABNORMAL);
    assert_true(incarnations(s, "21"));
    otp_finish(s, 'b', OTP_KILLED);
    assert_true(incarnations(s, "22"));
    sim_forget(s);
    otp_finish(s, 'a', OTP_NORMAL);
    ASSERT_SAID(s, "a-normal b-shutdown");
    assert_true(otp_ended(s, "escalated"));
}
static void case_48_one_for_one_leaves_others_alone_and_ends_at_the_third(void **state)
{
    (void)state;
    sim_each(case_48_body, NULL);
}

/* One restart in a window of a second: a restart counts while it is younger than that. */
static airt_ref windowed(sim *s)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .restarts_max = 1, .window_ms = 1000, AIRT_CHILDREN(OTP_KID('a'))));
    otp_finish(s, 'a', OTP_ABNORMAL);
    assert_true(sim_alive(s, top));
    return top;
}
static void case_49_body(sim *s)
{
    airt_ref top = windowed(s);

    for (int i = 0; i < 4; i++) {
        sim_run(s, 2100);
        otp_finish(s, 'a', OTP_ABNORMAL);
        assert_true(sim_alive(s, top));
    }
    for (int i = 0; i < 4; i++) { /* exactly the window is not younger */
        sim_run(s, 1000);
        otp_finish(s, 'a', OTP_ABNORMAL);
        assert_true(sim_alive(s, top));
    }
    sim_run(s, 999);
    otp_watch(s, top);
    otp_finish(s, 'a', OTP_ABNORMAL);
    assert_true(otp_ended(s, "escalated"));
}
static void case_49_the_window_is_exact_to_the_millisecond(void **state)
{
    (void)state;
    sim_each(case_49_body, NULL);
}

/* The ring of times: of three restarts in a second each drops out on its own. */
static void ring_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .restarts_max = 3, .window_ms = 1000, AIRT_CHILDREN(OTP_KID('a'))));
    for (int i = 0; i < 12; i++) { /* ages 0, 334, 668, 1002: never four */
        otp_finish(s, 'a', OTP_ABNORMAL);
        assert_true(sim_alive(s, top));
        sim_run(s, 334);
    }
    otp_finish(s, 'a', OTP_ABNORMAL);
    sim_run(s, 331);
    assert_true(sim_alive(s, top));
    otp_finish(s, 'a', OTP_ABNORMAL); /* 0, 331, 665, 999 */
    assert_false(sim_alive(s, top));
}
static void each_restart_leaves_the_window_on_its_own(void **state)
{
    (void)state;
    sim_each(ring_body, NULL);
}

static void default_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, AIRT_CHILDREN(OTP_KID('a')))); /* 1 in 5 seconds */
    otp_finish(s, 'a', OTP_ABNORMAL);
    sim_run(s, 5000);
    otp_finish(s, 'a', OTP_ABNORMAL);
    sim_run(s, 4999);
    assert_true(sim_alive(s, top));
    otp_finish(s, 'a', OTP_ABNORMAL);
    assert_false(sim_alive(s, top));
}
static void none_body(sim *s)
{
    airt_ref none = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &none, .restarts_max = AIRT_NO_RESTARTS, AIRT_CHILDREN(OTP_KID('b'))));
    otp_finish(s, 'b', OTP_NORMAL); /* permanent: that counts too */
    assert_false(sim_alive(s, none));
}
static void intensity_by_default_and_none_at_all(void **state)
{
    (void)state;
    sim_each(default_body, NULL);
    sim_each(none_body, NULL);
}

/* --- groups ------------------------------------------------------------------------------------------------------- */

static void case_50_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .strategy = AIRT_ONE_FOR_ALL, .restarts_max = 2, .window_ms = HOUR,
                             AIRT_CHILDREN(OTP_KID('a'), OTP_KID('b'))));
    otp_watch(s, top);
    otp_finish(s, 'a', OTP_ABNORMAL);
    assert_true(incarnations(s, "22"));
    otp_finish(s, 'b', OTP_ABNORMAL);
    assert_true(incarnations(s, "33"));
    sim_forget(s);
    otp_finish(s, 'b', OTP_ABNORMAL);
    ASSERT_SAID(s, "b!error/2 b-error a-shutdown");
    assert_true(otp_ended(s, "escalated"));
}
static void case_50_one_for_all_restarts_all_and_counts_once(void **state)
{
    (void)state;
    sim_each(case_50_body, NULL);
}

static void case_51_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .strategy = AIRT_REST_FOR_ONE, .restarts_max = 2, .window_ms = HOUR,
                             AIRT_CHILDREN(OTP_KID('a'), OTP_KID('b'), OTP_KID('c'))));
    otp_finish(s, 'b', OTP_KILLED);
    assert_true(incarnations(s, "122"));
    otp_finish(s, 'c', OTP_KILLED);
    assert_true(incarnations(s, "123"));
    assert_true(otp_counts(s, top, "3/3/0/3"));
    otp_finish(s, 'a', OTP_KILLED);
    assert_false(sim_alive(s, top));
}
static void case_51_rest_for_one_restarts_those_after_it(void **state)
{
    (void)state;
    sim_each(case_51_body, NULL);
}

static airt_ref pool_of(sim *s, uint32_t restarts_max, otp_plan *plan, const char *tags)
{
    airt_ref pool = AIRT_NONE, ref;

    ASSERT_OK(airt_supervise(s->system, &pool, .strategy = AIRT_DYNAMIC, .restarts_max = restarts_max,
                             .window_ms = HOUR, AIRT_CHILDREN(AIRT_CHILD(puppet))));
    for (; *tags != '\0'; tags++) {
        struct puppet_start start = { .tag = (unsigned char)*tags };

        if (plan != NULL) {
            start.run = (uint64_t)(uintptr_t)otp_start;
            start.argument = (uint64_t)(uintptr_t)plan;
        }
        ref = AIRT_NONE;
        ASSERT_OK(airt_supervisor_start_child(s->system, pool, &(airt_child){ .start = { &puppet_start_kind, &start } },
                                              OTP_WITHIN, &ref));
    }
    return pool;
}

static void case_52_body(sim *s)
{
    airt_ref pool = pool_of(s, 2, NULL, "abc");

    otp_watch(s, pool);
    otp_finish(s, 'b', OTP_ABNORMAL);
    assert_true(incarnations(s, "121"));
    otp_finish(s, 'b', OTP_ABNORMAL);
    assert_true(incarnations(s, "131"));
    sim_forget(s);
    otp_finish(s, 'a', OTP_ABNORMAL);
    ASSERT_SORTED(s, "a!error/0 a-error b-shutdown c-shutdown");
    assert_true(otp_ended(s, "escalated"));
}
static void case_52_a_pool_restarts_one_and_ends_at_the_third(void **state)
{
    (void)state;
    sim_each(case_52_body, NULL);
}

/* --- starts that fail --------------------------------------------------------------------------------------------- */

/* The crash and each failed start count: four are borne, the fifth is not. */
static void goes_on_failing(sim *s, airt_strategy strategy)
{
    otp_plan plan = { 0 };
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .strategy = strategy, .restarts_max = 4, .window_ms = HOUR,
                             AIRT_CHILDREN(OTP_KID('a'), OTP_PLANNED('b', &plan), OTP_KID('c'))));
    otp_watch(s, top);
    plan.fails = 1000;
    otp_finish(s, 'b', OTP_ABNORMAL);
    sim_run(s, 100);
    assert_int_equal(plan.starts, 5);
    assert_true(otp_ended(s, "escalated"));
    assert_false(sim_alive(s, otp_ref(s, 'a')) || sim_alive(s, otp_ref(s, 'c')));
}
static void case_53_one_body(sim *s)
{
    goes_on_failing(s, AIRT_ONE_FOR_ONE);
}
static void case_53_all_body(sim *s)
{
    goes_on_failing(s, AIRT_ONE_FOR_ALL);
}
static void case_53_rest_body(sim *s)
{
    goes_on_failing(s, AIRT_REST_FOR_ONE);
}
static void case_53_pool_body(sim *s)
{
    otp_plan plan = { 0 };
    airt_ref pool = pool_of(s, 4, &plan, "ab");

    otp_watch(s, pool);
    plan.fails = 1000;
    otp_finish(s, 'b', OTP_ABNORMAL);
    sim_run(s, 100);
    assert_int_equal(plan.starts, 2 + 4);
    assert_true(otp_ended(s, "escalated"));
    assert_false(sim_alive(s, otp_ref(s, 'a')));
}
static void case_53_a_start_that_goes_on_failing_ends_the_supervisor(void **state)
{
    (void)state;
    sim_each(case_53_one_body, NULL);
    sim_each(case_53_all_body, NULL);
    sim_each(case_53_rest_body, NULL);
    sim_each(case_53_pool_body, NULL);
}

static void case_54_body(sim *s)
{
    otp_plan plan = { 0 };
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .strategy = AIRT_ONE_FOR_ALL, .restarts_max = 4, .window_ms = HOUR,
                             AIRT_CHILDREN(OTP_KID('a'), OTP_PLANNED('b', &plan))));
    sim_forget(s);
    plan.fails = 1;
    otp_finish(s, 'a', OTP_ABNORMAL);
    sim_run(s, 100);
    ASSERT_SAID(s, "a!error/0 a-error b-shutdown a+ b+ b-start/unstarted a-shutdown a+ b+");
    assert_true(incarnations(s, "33"));
    assert_true(otp_counts(s, top, "2/2/0/2"));
}
static void case_54_one_for_all_stops_again_what_it_had_restarted(void **state)
{
    (void)state;
    sim_each(case_54_body, NULL);
}

static void case_55_body(sim *s)
{
    otp_plan plan = { 0 };
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .strategy = AIRT_REST_FOR_ONE, .restarts_max = 4, .window_ms = HOUR,
                             AIRT_CHILDREN(OTP_KID('a'), OTP_PLANNED('b', &plan))));
    sim_forget(s);
    plan.fails = 1;
    otp_finish(s, 'a', OTP_ABNORMAL);
    sim_run(s, 100);
    ASSERT_SAID(s, "a!error/0 a-error b-shutdown a+ b+ b-start/unstarted b+");
    assert_true(incarnations(s, "23"));
    assert_true(otp_counts(s, top, "2/2/0/2"));
}
static void case_55_rest_for_one_retries_only_the_one_that_failed(void **state)
{
    (void)state;
    sim_each(case_55_body, NULL);
}

static void case_56_body(sim *s)
{
    otp_plan plan = { 0 };
    airt_ref pool = pool_of(s, 9, &plan, "ab");

    otp_finish(s, 'a', OTP_KILLED);
    assert_true(incarnations(s, "21"));
    plan.ignores = 1;
    sim_forget(s);
    otp_finish(s, 'a', OTP_KILLED);
    ASSERT_SAID(s, "a-killed a+ a-normal");
    assert_false(sim_alive(s, otp_ref(s, 'a')));
    assert_true(otp_counts(s, pool, "1/1/0/1"));
    otp_finish(s, 'b', OTP_KILLED);
    assert_int_equal(otp_incarnation(s, 'b'), 2);
}
static void case_56_a_pool_child_that_says_not_now_on_restart_is_forgotten(void **state)
{
    (void)state;
    sim_each(case_56_body, NULL);
}

/* --- starts that hang --------------------------------------------------------------------------------------------- */

static int64_t now_ms(sim *s)
{
    return airt_now_ns(s->system) / 1000000;
}

/* While its start hangs for two seconds at a time all requests are answered at once. */
static void ask_about_it(sim *s, airt_ref top, const char *states)
{
    int64_t    before = now_ms(s);
    airt_ref   ref = AIRT_NONE;
    airt_child again = OTP_KID('b');

    assert_int_equal(airt_supervisor_start_child(s->system, top, &again, OTP_WITHIN, &ref), AIRT_EEXIST);
    assert_int_equal(airt_supervisor_restart_child(s->system, top, AIRT_ID("b"), OTP_WITHIN, &ref), AIRT_EPENDING);
    assert_int_equal(airt_supervisor_delete_child(s->system, top, AIRT_ID("b"), OTP_WITHIN), AIRT_EPENDING);
    assert_true(otp_states(s, top, states));
    assert_int_equal(now_ms(s), before);
}

static void hang_body(sim *s, airt_strategy strategy)
{
    otp_plan plan = { 0 };
    airt_ref top = AIRT_NONE, ref = AIRT_NONE;
    int64_t  before;

    ASSERT_OK(airt_supervise(s->system, &top, .strategy = strategy, .restarts_max = 100, .window_ms = HOUR,
                             AIRT_CHILDREN(OTP_KID('a'), OTP_PLANNED('b', &plan))));
    plan.sleep_ms = 2000;
    plan.fails = 1000;
    otp_finish(s, 'b', OTP_ABNORMAL);
    ask_about_it(s, top, "a running/0, b restarting/1");
    sim_run(s, 7000);
    ask_about_it(s, top, "a running/0, b restarting/4");
    before = now_ms(s);
    ASSERT_OK(airt_supervisor_stop_child(s->system, top, AIRT_ID("b"), OTP_WITHIN));
    assert_int_equal(now_ms(s), before);
    assert_true(otp_states(s, top, "a running/0, b down/4"));
    plan.fails = 0;
    ASSERT_OK(airt_supervisor_restart_child(s->system, top, AIRT_ID("b"), OTP_WITHIN, &ref));
    assert_int_equal(now_ms(s), before + 2000);
    plan.fails = 1000;
    otp_finish(s, 'b', OTP_ABNORMAL);
    (void)airt_stop(s->system, top, NULL); /* and stops while it hangs */
    sim_settle(s);
    assert_false(sim_alive(s, top));
}
static void case_57_one_body(sim *s)
{
    hang_body(s, AIRT_ONE_FOR_ONE);
}
static void case_57_rest_body(sim *s)
{
    hang_body(s, AIRT_REST_FOR_ONE);
}
static void case_57_pool_body(sim *s)
{
    otp_plan       plan = { 0 };
    airt_ref       pool = pool_of(s, 100, &plan, "ab");
    airt_child_key b = AIRT_BY_REF(otp_ref(s, 'b'));
    int64_t        before;

    plan.sleep_ms = 2000;
    plan.fails = 1000;
    otp_finish(s, 'b', OTP_ABNORMAL);
    sim_run(s, 3000);
    before = now_ms(s);
    assert_true(otp_states(s, pool, "puppet running/0, puppet restarting/2"));
    assert_int_equal(airt_supervisor_restart_child(s->system, pool, b, OTP_WITHIN, &(airt_ref){ 0 }), AIRT_EINVAL);
    assert_int_equal(airt_supervisor_delete_child(s->system, pool, b, OTP_WITHIN), AIRT_EINVAL);
    ASSERT_OK(airt_supervisor_stop_child(s->system, pool, b, OTP_WITHIN));
    assert_true(otp_counts(s, pool, "1/1/0/1"));
    otp_finish(s, 'a', OTP_ABNORMAL);
    (void)airt_stop(s->system, pool, NULL);
    sim_settle(s);
    assert_false(sim_alive(s, pool));
    assert_int_equal(now_ms(s), before);
}
static void case_57_a_start_that_hangs_does_not_block_its_supervisor(void **state)
{
    (void)state;
    sim_each(case_57_one_body, NULL);
    sim_each(case_57_rest_body, NULL);
    sim_each(case_57_pool_body, NULL);
}

/* --- trees -------------------------------------------------------------------------------------------------------- */

static airt_ref below(sim *s, airt_ref top, const char *id)
{
    airt_child_info info = { .ref = AIRT_NONE };

    (void)!airt_supervisor_find_child(s->system, top, AIRT_ID(id), OTP_WITHIN, &info);
    return info.ref;
}

static void grow(sim *s, airt_ref sup, const airt_child *kid)
{
    airt_ref ref = AIRT_NONE;

    ASSERT_OK(airt_supervisor_start_child(s->system, sup, kid, OTP_WITHIN, &ref));
}

static void case_58_body(sim *s)
{
    otp_plan   plan = { 0 };
    airt_ref   top = AIRT_NONE, sub[3];
    airt_child kids[] = { OTP_KID('a'), OTP_PLANNED('b', &plan), OTP_KID('c') };
    uint32_t   incarnation = 0;

    ASSERT_OK(airt_supervise(s->system, &top, .strategy = AIRT_ONE_FOR_ALL, .restarts_max = 1, .window_ms = HOUR,
                             AIRT_CHILDREN(AIRT_SUBTREE(.name = "x", .restarts_max = 2),
                                           AIRT_SUBTREE(.name = "y", .restarts_max = 2),
                                           AIRT_SUBTREE(.name = "z", .restarts_max = 2, AIRT_CHILDREN(OTP_KID('d'))))));
    for (int i = 0; i < 3; i++) {
        sub[i] = below(s, top, (const char[]){ (char)('x' + i), 0 });
        grow(s, sub[i], &kids[i]);
    }
    otp_finish(s, 'b', OTP_ABNORMAL);
    assert_true(incarnations(s, "1211"));
    sim_forget(s);
    plan.fails = 1000;
    otp_finish(s, 'b', OTP_ABNORMAL);
    sim_run(s, 100);
    ASSERT_SAID(s, "b!error/1 b-error b+ b-start/unstarted c-shutdown d-shutdown a-shutdown d+");
    assert_true(otp_states(s, top, "x running/1, y running/1, z running/1"));
    for (int i = 0; i < 3; i++) {
        assert_true(otp_counts(s, sub[i], i == 2 ? "1/1/0/1" : "0/0/0/0")); /* its ref is the same */
        ASSERT_OK(airt_incarnation(s->system, sub[i], &incarnation));
        assert_int_equal(incarnation, 2);
    }
}
static void case_58_a_failure_escalates_and_the_tree_is_rebuilt(void **state)
{
    (void)state;
    sim_each(case_58_body, NULL);
}

/* Not as in OTP: giving up is a failure, with a reason of its own, and not an orderly shutdown. */
static void transient_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(
        s->system, &top,
        AIRT_CHILDREN(
            { .tree = &(const airt_tree){ .name = "x", .restarts_max = AIRT_NO_RESTARTS, AIRT_CHILDREN(OTP_KID('a')) },
              .restart = AIRT_TRANSIENT })));
    sim_forget(s);
    otp_finish(s, 'a', OTP_ABNORMAL);
    ASSERT_SAID(s, "a!error/0 a-error a+");
    assert_true(otp_states(s, top, "x running/1"));
    ASSERT_OK(airt_stop(s->system, below(s, top, "x"), NULL));
    sim_settle(s);
    assert_true(otp_states(s, top, "x down/1"));
}
static void case_58_a_transient_supervisor_that_gave_up_is_restarted(void **state)
{
    (void)state;
    sim_each(transient_body, NULL);
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static airt_ref named(sim *s, const char *name)
{
    const airt_kind *const any[] = { NULL };
    airt_ref               ref = AIRT_NONE;

    (void)!airt_lookup_kinds(s->system, any, name, &ref);
    return ref;
}
static bool resolves(sim *s, airt_ref sup, airt_ref worker)
{
    return airt_ref_same(named(s, "sup"), sup) && airt_ref_same(named(s, "a"), worker) && sim_alive(s, sup) &&
           sim_alive(s, worker);
}

static void case_59_body(sim *s)
{
    airt_ref top = AIRT_NONE, sup, ref = AIRT_NONE;

    ASSERT_OK(
        airt_supervise(s->system, &top, .restarts_max = 9,
                       AIRT_CHILDREN(AIRT_SUBTREE(.name = "sup", .restarts_max = 9, AIRT_CHILDREN(OTP_KID('a'))))));
    sup = named(s, "sup");
    assert_true(resolves(s, sup, otp_ref(s, 'a')));
    (void)airt_kill(s->system, sup, NULL); /* its children are asked to stop, and new ones are made */
    sim_run(s, 100);
    assert_true(resolves(s, sup, otp_ref(s, 'a')));
    otp_finish(s, 'a', OTP_KILLED);
    assert_true(resolves(s, sup, otp_ref(s, 'a')));
    otp_finish(s, 'a', OTP_NORMAL);
    assert_true(resolves(s, sup, otp_ref(s, 'a')));
    ASSERT_OK(airt_supervisor_stop_child(s->system, sup, AIRT_ID("a"), OTP_WITHIN));
    assert_true(airt_ref_none(named(s, "a")));
    ASSERT_OK(airt_supervisor_restart_child(s->system, sup, AIRT_ID("a"), OTP_WITHIN, &ref));
    assert_true(resolves(s, sup, ref));
}
static void case_59_names_resolve_to_the_living(void **state)
{
    (void)state;
    sim_each(case_59_body, NULL);
}

/* The children of a killed supervisor are killed with it: their successors find the names free. */
static void orphans_body(sim *s)
{
    airt_ref top = AIRT_NONE, before, sup;

    ASSERT_OK(
        airt_supervise(s->system, &top, .restarts_max = 100,
                       AIRT_CHILDREN(AIRT_SUBTREE(.name = "sup", AIRT_CHILDREN(OTP_MULE('m', (.after_ms = 20)))))));
    sup = named(s, "sup");
    before = otp_ref(s, 'm');
    (void)airt_kill(s->system, sup, NULL);
    sim_run(s, 10); /* sooner than the child would have stopped */
    assert_true(sim_alive(s, top));
    assert_true(airt_ref_same(named(s, "sup"), sup));
    assert_false(airt_ref_same(named(s, "m"), before));
    assert_true(sim_alive(s, named(s, "m")));
    assert_false(sim_alive(s, before));
    assert_true(otp_counts(s, sup, "1/1/0/1"));
}
static void case_59_orphans_of_a_killed_supervisor_go_before_their_successors_come(void **state)
{
    (void)state;
    sim_each(orphans_body, NULL);
}

/* --- failures while the supervisor starts its children ------------------------------------------------------------ */

/* In one_for_one only the one that failed is restarted, though others are still being started. */
static void boot_body(sim *s)
{
    otp_plan         plan = { .sleep_ms = 1000 };
    airt_ref         top = AIRT_NONE;
    airt_child       kids[] = { OTP_KID('a'), OTP_KID('b'), OTP_PLANNED('c', &plan) };
    airt_child       sub = { .tree = &(const airt_tree){ .name = "x", .children = kids, .child_count = 3 } };
    const airt_child end = OTP_KID('z');
    airt_status      status;

    ASSERT_OK(airt_supervise(s->system, &top, .restarts_max = 1));
    status = airt_supervisor_start_child(s->system, top, &sub, AIRT_MS(10), &(airt_ref){ 0 });
    assert_int_equal(status, AIRT_ETIMEDOUT);
    ASSERT_SAID(s, "a+ b+ c+");
    otp_finish(s, 'a', OTP_ABNORMAL);
    ASSERT_SAID(s, "a!error/0 a-error a+");
    sim_run(s, 2000);
    ASSERT_SAID(s, "");
    grow(s, top, &end);
    assert_true(incarnations(s, "211"));
    assert_true(otp_states(s, top, "x running/0, z running/0"));
}
static void a_failure_during_the_start_concerns_those_of_the_strategy(void **state)
{
    (void)state;
    sim_each(boot_body, NULL);
}

static airt_status fails_after_10_ms(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self, (void)argument;
    AIRT_TRY(airt_sleep(ctx, AIRT_MS(10)));
    return AIRT_EFAILED;
}

/* The supervisor may hear in one breath that a failed and that b is up again; b is of a's group all the same. */
static void same_moment_body(sim *s)
{
    otp_plan plan = { 0 };
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .strategy = AIRT_REST_FOR_ONE, .restarts_max = 3,
                             AIRT_CHILDREN(OTP_KID('a'), OTP_PLANNED('b', &plan), OTP_KID('c'))));
    plan.sleep_ms = 10;
    sim_do(s, otp_ref(s, 'b'), otp_ends, (void *)(uintptr_t)OTP_ABNORMAL);
    sim_do(s, otp_ref(s, 'a'), fails_after_10_ms, NULL);
    sim_run(s, 100);
    assert_true(otp_states(s, top, "a running/1, b running/2, c running/1"));
}
static void a_failure_at_the_moment_when_one_of_its_group_has_started(void **state)
{
    (void)state;
    sim_each(same_moment_body, &(airt_system_options){ .workers = 4 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(case_48_one_for_one_leaves_others_alone_and_ends_at_the_third),
        SIM_TEST(case_49_the_window_is_exact_to_the_millisecond),
        SIM_TEST(each_restart_leaves_the_window_on_its_own),
        SIM_TEST(intensity_by_default_and_none_at_all),
        SIM_TEST(case_50_one_for_all_restarts_all_and_counts_once),
        SIM_TEST(case_51_rest_for_one_restarts_those_after_it),
        SIM_TEST(case_52_a_pool_restarts_one_and_ends_at_the_third),
        SIM_TEST(case_53_a_start_that_goes_on_failing_ends_the_supervisor),
        SIM_TEST(case_54_one_for_all_stops_again_what_it_had_restarted),
        SIM_TEST(case_55_rest_for_one_retries_only_the_one_that_failed),
        SIM_TEST(case_56_a_pool_child_that_says_not_now_on_restart_is_forgotten),
        SIM_TEST(case_57_a_start_that_hangs_does_not_block_its_supervisor),
        SIM_TEST(case_58_a_failure_escalates_and_the_tree_is_rebuilt),
        SIM_TEST(case_58_a_transient_supervisor_that_gave_up_is_restarted),
        SIM_TEST(case_59_names_resolve_to_the_living),
        SIM_TEST(case_59_orphans_of_a_killed_supervisor_go_before_their_successors_come),
        SIM_TEST(a_failure_during_the_start_concerns_those_of_the_strategy),
        SIM_TEST(a_failure_at_the_moment_when_one_of_its_group_has_started),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
