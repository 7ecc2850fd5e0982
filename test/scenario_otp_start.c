/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* OTP's supervisor suite, in own words, 1 to 12 and 19: starts. What cannot be written in C is said at its case, which
 * then shows the nearest thing that can go wrong; docs/supervision.md lists what differs. */
#include "tree_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* 1: a supervisor without children starts, ends as asked, and frees its name. */
static void case_01_body(sim *s)
{
    airt_ref top = kit_top(s);

    assert_true(airt_ref_same(kit_named(s, "top"), top));
    kit_watch(s, 't', top);
    ASSERT_OK(airt_stop(s->system, top, NULL));
    sim_settle(s);
    ASSERT_SAID(s, "w<t:shutdown");
    assert_true(airt_ref_none(kit_named(s, "top")));
    top = kit_top(s);
    assert_true(airt_ref_same(kit_named(s, "top"), top));
}
static void case_01_no_children(void **state)
{
    (void)state;
    sim_each(case_01_body, NULL);
}

/* 2: a supervisor has no init of its own that could say "ignore". Its children's starts may: it runs without them. */
static void case_02_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, AIRT_CHILDREN(KID_RUN('a', kit_not_now))));
    ASSERT_SAID(s, "a+ a-normal");
    assert_true(kit_lists(s, top, "a:down"));
    ASSERT_OK(airt_stop(s->system, top, NULL));
    sim_settle(s);
    assert_int_equal(kit_actors(s), 0);
}
static void case_02_all_children_say_not_now(void **state)
{
    (void)state;
    sim_each(case_02_body, NULL);
}

static void case_03_body(sim *s)
{
    airt_ref         top = kit_top(s), a = top, b = AIRT_NONE;
    const airt_child ignoring = KID_RUN('a', kit_not_now), well = KID('b');

    ASSERT_OK(airt_supervisor_start_child(s->system, top, &ignoring, WITHIN, &a));
    assert_true(airt_ref_none(a));
    ASSERT_OK(airt_supervisor_start_child(s->system, top, &well, WITHIN, &b));
    assert_true(kit_lists(s, top, "a:down b:running"));
    assert_true(kit_counts(s, top, 2, 1, 0, 2));
    sim_num(s, b, 1);
    sim_settle(s);
    ASSERT_SAID(s, "a+ a-normal b+ b:1");
}
static void case_03_not_now_is_kept(void **state)
{
    (void)state;
    sim_each(case_03_body, NULL);
}

static void case_04_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(
        s->system, &top,
        AIRT_CHILDREN(KID_RUN('a', kit_not_now, .restart = AIRT_TEMPORARY), KID('b', .restart = AIRT_TEMPORARY))));
    assert_true(kit_lists(s, top, "b:running"));
    assert_true(kit_counts(s, top, 1, 1, 0, 1));
    assert_true(airt_ref_none(kit_named(s, "a")));
}
static void case_04_a_temporary_that_says_not_now_is_dropped(void **state)
{
    (void)state;
    sim_each(case_04_body, NULL);
}

static void case_05_body(sim *s)
{
    airt_ref         top = kit_top(s), a = top, b = AIRT_NONE;
    const airt_child ignoring = KID_RUN('a', kit_not_now, .restart = AIRT_TEMPORARY);
    const airt_child well = KID('b', .restart = AIRT_TEMPORARY), again = KID('a', .restart = AIRT_TEMPORARY);

    ASSERT_OK(airt_supervisor_start_child(s->system, top, &ignoring, WITHIN, &a));
    assert_true(airt_ref_none(a));
    ASSERT_OK(airt_supervisor_start_child(s->system, top, &well, WITHIN, &b));
    assert_true(kit_lists(s, top, "b:running"));
    ASSERT_OK(airt_supervisor_start_child(s->system, top, &again, WITHIN, &a)); /* id and name are free again */
    assert_true(kit_lists(s, top, "b:running a:running"));
}
static void case_05_nor_when_added_later(void **state)
{
    (void)state;
    sim_each(case_05_body, NULL);
}

static void pool_says_not_now(sim *s, airt_restart restart)
{
    const airt_child one = AIRT_CHILD(puppet, .restart = restart);
    airt_ref         pool = kit_pool(s, &one), a = pool, b = AIRT_NONE;

    ASSERT_OK(kit_add(s, pool, 'a', kit_not_now, &a));
    assert_true(airt_ref_none(a));
    ASSERT_OK(kit_add(s, pool, 'b', NULL, &b));
    assert_true(kit_lists(s, pool, "puppet:running"));
    assert_true(kit_counts(s, pool, 1, 1, 0, 1));
    kit_watch(s, 'p', pool);
    ASSERT_OK(airt_stop(s->system, pool, NULL));
    sim_settle(s);
    ASSERT_SORTED(s, "b-shutdown w<p:shutdown");
}
static void case_06_body(sim *s)
{
    pool_says_not_now(s, AIRT_TEMPORARY);
}
static void case_06_a_pool_never_keeps_not_now(void **state)
{
    (void)state;
    sim_each(case_06_body, NULL);
}
static void case_07_body(sim *s)
{
    pool_says_not_now(s, AIRT_PERMANENT);
}
static void case_07_not_even_permanent_ones(void **state)
{
    (void)state;
    sim_each(case_07_body, NULL);
}

/* --- starts that fail --------------------------------------------------------------------------------------------- */

static airt_status garbage(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return (airt_status)200;
}
static airt_status kills_itself(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    (void)airt_kill(ctx, airt_self(ctx), NULL);
    return airt_sleep(ctx, AIRT_MS(1));
}

static airt_status sleeps_long(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    return airt_sleep(ctx, AIRT_MS(100));
}

static struct {
    airt_reason  reason;
    unsigned int start_failed;
} seen;
static void on_event(void *context, const airt_supervision_event *event)
{
    (void)context;
    if (event->what == AIRT_SUP_START_FAILED) {
        seen.reason = event->reason;
        seen.start_failed++;
    }
}

/* 8: a tree is a struct, and there is no init to return something else. A start handler can return a number that is no
 * status: the start has failed, and the reason has that number. */
static void case_08_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    memset(&seen, 0, sizeof seen);
    assert_int_equal(airt_supervise(s->system, &top, .name = "top", .on_event = on_event,
                                    AIRT_CHILDREN(KID('a'), KID('b'), KID_RUN('c', garbage), KID('d'))),
                     AIRT_EFAILED);
    sim_settle(s);
    ASSERT_SAID(s, "a+ b+ c+ c-start/unstarted b-shutdown a-shutdown");
    assert_int_equal(seen.start_failed, 1);
    assert_int_equal(seen.reason.exit, AIRT_EXIT_START);
    assert_int_equal(seen.reason.status, 200);
    assert_true(airt_ref_none(top));
    assert_true(airt_ref_none(kit_named(s, "top")));
    assert_int_equal(kit_actors(s), 0);
}
static void case_08_a_start_returns_garbage(void **state)
{
    (void)state;
    sim_each(case_08_body, NULL);
}

/* 9: the same of a start that does not come to its end, of one that the behaviour has no handler for, and one level
 * further down. */
static void case_09_body(sim *s)
{
    static const struct num one = { 1 };
    airt_ref                top = AIRT_NONE;

    assert_int_equal(airt_supervise(s->system, &top, AIRT_CHILDREN(KID('a'), KID_RUN('b', kills_itself))),
                     AIRT_EFAILED);
    sim_settle(s);
    ASSERT_SAID(s, "a+ b+ b-killed/unstarted a-shutdown");
    assert_int_equal(kit_actors(s), 0);
    assert_int_equal(
        airt_supervise(s->system, &top, AIRT_CHILDREN(KID('a'), AIRT_CHILD(deaf, .start = { &answer_kind, &one }))),
        AIRT_EKIND);
    ASSERT_SAID(s, ""); /* seen before anything was started */
    assert_int_equal(
        airt_supervise(
            s->system, &top,
            AIRT_CHILDREN(KID('a'), AIRT_SUBTREE(.name = "mid", AIRT_CHILDREN(KID('b'), KID_RUN('c', kit_no_start))))),
        AIRT_EFAILED);
    sim_settle(s);
    ASSERT_SAID(s, "a+ b+ c+ c-start/unstarted b-shutdown a-shutdown");
    assert_int_equal(kit_actors(s), 0);
}
static void case_09_a_start_crashes(void **state)
{
    (void)state;
    sim_each(case_09_body, NULL);
}

static void case_10_body(sim *s)
{
    const airt_child fails = KID_RUN('a', kit_no_start), bad = KID_RUN('b', garbage), one = AIRT_CHILD(puppet);
    airt_ref         top = kit_top(s), pool = kit_pool(s, &one), none = AIRT_NONE;

    assert_int_equal(airt_supervisor_start_child(s->system, top, &fails, WITHIN, &none), AIRT_EFAILED);
    assert_int_equal(airt_supervisor_start_child(s->system, top, &bad, WITHIN, &none), AIRT_EFAILED);
    assert_int_equal(kit_add(s, pool, 'c', kit_no_start, &none), AIRT_EFAILED);
    assert_int_equal(kit_add(s, pool, 'd', garbage, &none), AIRT_EFAILED);
    assert_true(airt_ref_none(none));
    sim_forget(s);
    assert_true(kit_lists(s, top, ""));
    assert_true(kit_counts(s, top, 0, 0, 0, 0));
    assert_true(kit_lists(s, pool, ""));
    assert_true(kit_counts(s, pool, 1, 0, 0, 0));
    ASSERT_OK(kit_add(s, pool, 'e', NULL, &none)); /* both go on */
    assert_int_equal(kit_actors(s), 3);
}
static void case_10_a_failed_start_is_not_kept(void **state)
{
    (void)state;
    sim_each(case_10_body, NULL);
}

/* The same out of a handler: as with start_link the caller is linked from the first moment on, and goes on only if it
 * traps exits. And a supervisor that is stopped while its children start. */
static airt_status supervise_a_failure(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref top = AIRT_NONE;

    (void)self;
    airt_trap_exit(ctx, true);
    *(airt_status *)argument =
        airt_supervise(ctx, &top, .name = "top", AIRT_CHILDREN(KID('a'), KID_RUN('b', kit_no_start)));
    return AIRT_OK;
}
static airt_status supervise_slowly(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref top = AIRT_NONE;

    (void)self;
    airt_trap_exit(ctx, true);
    *(airt_status *)argument =
        airt_supervise(ctx, &top, .name = "top",
                       AIRT_CHILDREN(KID('a'), { .behavior = &puppet_behavior, .start = KID_START('b', sleeps_long) }));
    return AIRT_OK;
}
static void inside_body(sim *s)
{
    static airt_status status;
    airt_ref           x = sim_spawn(s, 'x');

    status = AIRT_OK;
    sim_begin(s);
    sim_do(s, x, supervise_a_failure, &status);
    sim_settle(s);
    assert_int_equal(status, AIRT_EFAILED);
    ASSERT_SAID(s, "a+ b+ b-start/unstarted a-shutdown x~?:start");
    sim_num(s, x, 1);
    sim_settle(s);
    ASSERT_SAID(s, "x:1");
    sim_do(s, x, supervise_slowly, &status);
    sim_run(s, 50);
    ASSERT_OK(airt_stop(s->system, kit_named(s, "top"), NULL));
    sim_settle(s);
    assert_int_equal(status, AIRT_EFAILED);
    ASSERT_SAID(s, "a+ b+ b-shutdown/unstarted a-shutdown");
    sim_num(s, x, 2);
    sim_settle(s);
    ASSERT_SAID(s, "x:2");
    assert_int_equal(kit_actors(s), 1);
}
static void case_09_inside_a_handler(void **state)
{
    (void)state;
    sim_each(inside_body, NULL);
}

/* --- specs -------------------------------------------------------------------------------------------------------- */

static void on_started(void *context, const airt_supervision_event *event)
{
    char text[400], *at;

    (void)context;
    if (event->what != AIRT_SUP_STARTED)
        return;
    (void)airt_supervision_print(event, false, text, sizeof text);
    at = strstr(text, "restart: ");
    sim_say("%s %s", event->id, at != NULL ? at : "");
}

/* 11: the defaults, as the events print them: a spec is not read back, but each event lends it. */
static void case_11_body(sim *s)
{
    airt_ref        top = AIRT_NONE;
    airt_child_info info = { 0 };

    ASSERT_OK(
        airt_supervise(s->system, &top, .on_event = on_started,
                       AIRT_CHILDREN(AIRT_CHILD(bare), AIRT_CHILD(bare, .id = "b", .shutdown_ms = AIRT_BRUTAL_KILL),
                                     AIRT_SUBTREE(.name = "c"))));
    ASSERT_SAID(s, "bare restart: permanent; shutdown: 5000 ms; type: worker "
                   "b restart: permanent; shutdown: brutal kill; type: worker "
                   "c restart: permanent; shutdown: infinity; type: supervisor");
    ASSERT_OK(airt_supervisor_find_child(s->system, top, AIRT_ID("c"), WITHIN, &info));
    assert_true(info.supervisor);
    assert_int_equal(info.restart, AIRT_PERMANENT);
    assert_string_equal(info.id, "c");
    assert_int_equal(info.number, 1);
    assert_int_equal(info.restarts, 0);
    assert_int_equal(airt_supervisor_find_child(s->system, top, AIRT_ID("d"), WITHIN, &info), AIRT_ENOENT);
}
static void case_11_defaults(void **state)
{
    (void)state;
    sim_each(case_11_body, NULL);
}

/* 12: the same, and no id finds a child of a pool. */
static void case_12_body(sim *s)
{
    const airt_child one = AIRT_CHILD(puppet, .id = "one", .restart = AIRT_TRANSIENT);
    airt_ref         pool = kit_pool(s, &one), kid[3] = { { 0 } }, other = sim_spawn(s, 'o');
    airt_child_info  info;

    for (int i = 0; i < 3; i++)
        ASSERT_OK(kit_add(s, pool, (char)('a' + i), NULL, &kid[i]));
    for (int i = 0; i < 3; i++) {
        info = (airt_child_info){ 0 };
        ASSERT_OK(airt_supervisor_find_child(s->system, pool, AIRT_BY_REF(kid[i]), WITHIN, &info));
        assert_true(airt_ref_same(info.ref, kid[i]));
        assert_string_equal(info.id, "one");
        assert_int_equal(info.state, AIRT_CHILD_RUNNING);
        assert_int_equal(info.restart, AIRT_TRANSIENT);
        assert_false(info.supervisor);
    }
    assert_int_equal(airt_supervisor_find_child(s->system, pool, AIRT_BY_REF(other), WITHIN, &info), AIRT_ENOENT);
    assert_int_equal(airt_supervisor_find_child(s->system, pool, AIRT_BY_REF(AIRT_NONE), WITHIN, &info), AIRT_ENOENT);
    assert_int_equal(airt_supervisor_find_child(s->system, pool, AIRT_ID("one"), WITHIN, &info), AIRT_ENOENT);
}
static void case_12_children_of_a_pool_by_ref(void **state)
{
    (void)state;
    sim_each(case_12_body, NULL);
}

/* 19: an outside actor's name. EEXIST, but not its ref, which is no child of this supervisor. */
static void case_19_body(sim *s)
{
    airt_ref         top = kit_top(s), out = AIRT_NONE;
    airt_ref         other = sim_spawn_with(s, 'o', NULL, &(airt_spawn_options){ .name = "a" });
    const airt_child one = KID('a');

    sim_begin(s);
    assert_int_equal(airt_supervisor_start_child(s->system, top, &one, WITHIN, &out), AIRT_EEXIST);
    assert_true(airt_ref_none(out));
    assert_true(kit_lists(s, top, ""));
    assert_true(airt_ref_same(kit_named(s, "a"), other));
    assert_int_equal(airt_supervise(s->system, &out, AIRT_CHILDREN(KID('b'), KID('a'))), AIRT_EFAILED);
    assert_int_equal(airt_supervise(s->system, &out, .name = "top"), AIRT_EEXIST);
    sim_settle(s);
    ASSERT_SAID(s, "b+ b-shutdown");
    assert_int_equal(kit_actors(s), 2);
}
static void case_19_a_name_that_is_taken(void **state)
{
    (void)state;
    sim_each(case_19_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(case_01_no_children),
        SIM_TEST(case_02_all_children_say_not_now),
        SIM_TEST(case_03_not_now_is_kept),
        SIM_TEST(case_04_a_temporary_that_says_not_now_is_dropped),
        SIM_TEST(case_05_nor_when_added_later),
        SIM_TEST(case_06_a_pool_never_keeps_not_now),
        SIM_TEST(case_07_not_even_permanent_ones),
        SIM_TEST(case_08_a_start_returns_garbage),
        SIM_TEST(case_09_a_start_crashes),
        SIM_TEST(case_09_inside_a_handler),
        SIM_TEST(case_10_a_failed_start_is_not_kept),
        SIM_TEST(case_11_defaults),
        SIM_TEST(case_12_children_of_a_pool_by_ref),
        SIM_TEST(case_19_a_name_that_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
