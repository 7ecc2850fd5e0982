/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* OTP's supervisor suite, in own words, 20 to 31: what is asked of a supervisor that runs. Behind them what the calls
 * answer while a child starts, waits for its restart, or stops. docs/supervision.md lists what differs. */
#include "tree_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static airt_ref one_w(sim *s, airt_ref *out_w)
{
    airt_ref top = AIRT_NONE;

    ASSERT_OK(airt_supervise(s->system, &top, .name = "top", .restarts_max = 2, .window_ms = 3600000,
                             AIRT_CHILDREN(KID('w'))));
    *out_w = kit_named(s, "w");
    sim_forget(s);
    return top;
}
static airt_status stop(sim *s, airt_ref supervisor, airt_child_key key)
{
    return airt_supervisor_stop_child(s->system, supervisor, key, WITHIN);
}
static airt_status forget(sim *s, airt_ref supervisor, airt_child_key key)
{
    return airt_supervisor_delete_child(s->system, supervisor, key, WITHIN);
}
static airt_status restart(sim *s, airt_ref supervisor, airt_child_key key, airt_ref *out_ref)
{
    *out_ref = AIRT_NONE;
    return airt_supervisor_restart_child(s->system, supervisor, key, WITHIN, out_ref);
}
static airt_status start(sim *s, airt_ref supervisor, const airt_child *child, airt_ref *out_ref)
{
    *out_ref = AIRT_NONE;
    return airt_supervisor_start_child(s->system, supervisor, child, WITHIN, out_ref);
}

static void case_20_body(sim *s)
{
    airt_ref         w, found, top = one_w(s, &w);
    const airt_child again = KID('w');

    assert_int_equal(start(s, top, &again, &found), AIRT_EEXIST);
    assert_true(airt_ref_same(found, w));
    assert_true(kit_lists(s, top, "w:running"));
    ASSERT_SAID(s, "");
}
static void case_20_an_id_that_runs(void **state)
{
    (void)state;
    sim_each(case_20_body, NULL);
}

/* 21: it keeps its ref and its name, so that both are its own again when it is restarted. */
static void case_21_body(sim *s)
{
    airt_ref        w, top = one_w(s, &w);
    airt_child_info info = { 0 };

    kit_watch(s, 'W', w);
    ASSERT_OK(stop(s, top, AIRT_ID("w")));
    sim_settle(s);
    ASSERT_SAID(s, "w-shutdown w<W:shutdown");
    assert_true(kit_lists(s, top, "w:down"));
    assert_true(kit_counts(s, top, 1, 0, 0, 1));
    ASSERT_OK(airt_supervisor_find_child(s->system, top, AIRT_ID("w"), WITHIN, &info));
    assert_true(airt_ref_same(info.ref, w));
    assert_int_equal(kit_incarnation(s, w), 0);
    assert_true(airt_ref_none(kit_named(s, "w")));
    ASSERT_OK(stop(s, top, AIRT_ID("w")));
    ASSERT_OK(stop(s, top, AIRT_BY_REF(w)));
    ASSERT_SAID(s, "");
}
static void case_21_stopped_twice(void **state)
{
    (void)state;
    sim_each(case_21_body, NULL);
}

static void case_22_body(sim *s)
{
    airt_ref         w, found, top = one_w(s, &w);
    const airt_child again = KID('w'), other_id = KID('w', .id = "other");

    ASSERT_OK(stop(s, top, AIRT_ID("w")));
    assert_int_equal(start(s, top, &again, &found), AIRT_EEXIST);
    assert_true(airt_ref_none(found));
    assert_int_equal(start(s, top, &other_id, &found), AIRT_EEXIST); /* its name is reserved */
    assert_true(kit_lists(s, top, "w:down"));
    ASSERT_SAID(s, "w-shutdown");
}
static void case_22_an_id_that_is_down(void **state)
{
    (void)state;
    sim_each(case_22_body, NULL);
}

/* 23: "a new pid" is the next incarnation of the same ref. */
static void case_23_body(sim *s)
{
    airt_ref w, found, top = one_w(s, &w);

    assert_int_equal(kit_incarnation(s, w), 1);
    ASSERT_OK(stop(s, top, AIRT_ID("w")));
    ASSERT_OK(restart(s, top, AIRT_ID("w"), &found));
    assert_true(airt_ref_same(found, w));
    assert_int_equal(kit_incarnation(s, w), 2);
    assert_true(airt_ref_same(kit_named(s, "w"), w));
    assert_int_equal(restart(s, top, AIRT_ID("w"), &found), AIRT_ERUNNING);
    sim_num(s, w, 1);
    sim_settle(s);
    ASSERT_SAID(s, "w-shutdown w+ w:1");
    assert_true(kit_lists(s, top, "w:running"));
}
static void case_23_restarted_by_hand(void **state)
{
    (void)state;
    sim_each(case_23_body, NULL);
}

static void case_24_body(sim *s)
{
    airt_ref         w, found, top = one_w(s, &w);
    const airt_child again = KID('w');

    assert_int_equal(forget(s, top, AIRT_ID("w")), AIRT_ERUNNING);
    ASSERT_OK(stop(s, top, AIRT_ID("w")));
    ASSERT_OK(forget(s, top, AIRT_ID("w")));
    assert_true(kit_counts(s, top, 0, 0, 0, 0));
    assert_true(kit_lists(s, top, ""));
    assert_int_equal(forget(s, top, AIRT_ID("w")), AIRT_ENOENT);
    ASSERT_OK(start(s, top, &again, &found)); /* id and name are free */
    assert_false(airt_ref_same(found, w));
    assert_int_equal(stop(s, top, AIRT_BY_REF(w)), AIRT_OK); /* the old ref: it is down, and the new one untouched */
    ASSERT_SAID(s, "w-shutdown w+");
    ASSERT_OK(stop(s, top, AIRT_ID("w"))); /* the same of one that was added: its spec goes with it */
    ASSERT_OK(forget(s, top, AIRT_ID("w")));
    assert_true(kit_lists(s, top, ""));
}
static void case_24_deleted(void **state)
{
    (void)state;
    sim_each(case_24_body, NULL);
}

static void all_calls(sim *s, airt_ref supervisor, airt_status status)
{
    const airt_child child = KID('n');
    airt_child_info  info;
    size_t           count;
    airt_ref         none;

    assert_int_equal(stop(s, supervisor, AIRT_ID("n")), status);
    assert_int_equal(forget(s, supervisor, AIRT_ID("n")), status);
    assert_int_equal(restart(s, supervisor, AIRT_ID("n"), &none), status);
    if (status == AIRT_ENOENT)
        return;
    assert_int_equal(start(s, supervisor, &child, &none), status);
    assert_int_equal(airt_supervisor_set_auto_shutdown(s->system, supervisor, AIRT_NEVER, WITHIN), status);
    if (status == AIRT_ESTOPPING)
        return;
    assert_int_equal(airt_supervisor_find_child(s->system, supervisor, AIRT_ID("n"), WITHIN, &info), status);
    assert_int_equal(airt_supervisor_list(s->system, supervisor, WITHIN, &info, 1, &count), status);
}
static void case_25_body(sim *s)
{
    airt_ref w, none, top = one_w(s, &w), other = sim_spawn(s, 'o');

    all_calls(s, top, AIRT_ENOENT);
    assert_int_equal(stop(s, top, AIRT_BY_REF(other)), AIRT_ENOENT);
    assert_int_equal(stop(s, top, AIRT_BY_REF(AIRT_NONE)), AIRT_ENOENT);
    assert_int_equal(forget(s, top, AIRT_BY_REF(other)), AIRT_ENOENT);
    assert_int_equal(forget(s, top, AIRT_BY_REF(AIRT_NONE)), AIRT_ENOENT);
    assert_int_equal(restart(s, top, AIRT_BY_REF(AIRT_NONE), &none), AIRT_ENOENT);
    all_calls(s, other, AIRT_EKIND); /* no supervisor */
    ASSERT_OK(airt_stop(s->system, top, NULL));
    sim_settle(s);
    all_calls(s, top, AIRT_EDEAD);
    assert_true(sim_alive(s, other));
}
static void case_25_nobody_of_that_name(void **state)
{
    (void)state;
    sim_each(case_25_body, NULL);
}

/* 26: here a static supervisor's children may be named by ref too. */
static void case_26_body(sim *s)
{
    airt_ref w, found, top = one_w(s, &w);

    ASSERT_OK(stop(s, top, AIRT_BY_REF(w)));
    assert_true(kit_lists(s, top, "w:down"));
    ASSERT_OK(restart(s, top, AIRT_BY_REF(w), &found));
    assert_true(airt_ref_same(found, w));
    ASSERT_OK(stop(s, top, AIRT_BY_REF(w)));
    ASSERT_OK(forget(s, top, AIRT_BY_REF(w)));
    assert_true(kit_counts(s, top, 0, 0, 0, 0));
    ASSERT_SAID(s, "w-shutdown w+ w-shutdown");
}
static void case_26_by_ref(void **state)
{
    (void)state;
    sim_each(case_26_body, NULL);
}

static void case_27_body(sim *s)
{
    const airt_child one = AIRT_CHILD(puppet);
    airt_ref         pool = kit_pool(s, &one), a, b, other = sim_spawn(s, 'o');

    ASSERT_OK(kit_add(s, pool, 'a', NULL, &a));
    ASSERT_OK(kit_add(s, pool, 'b', NULL, &b));
    assert_int_equal(stop(s, pool, AIRT_ID("puppet")), AIRT_EINVAL);
    sim_begin(s);
    ASSERT_OK(stop(s, pool, AIRT_BY_REF(a)));
    ASSERT_SAID(s, "a-shutdown");
    assert_true(kit_counts(s, pool, 1, 1, 0, 1));
    ASSERT_OK(stop(s, pool, AIRT_BY_REF(a)));
    assert_int_equal(stop(s, pool, AIRT_BY_REF(other)), AIRT_ENOENT);
    assert_int_equal(stop(s, pool, AIRT_BY_REF(pool)), AIRT_ENOENT);
    assert_true(sim_alive(s, other));
    assert_true(sim_alive(s, b));
    ASSERT_SAID(s, "");
}
static void case_27_stopped_in_a_pool(void **state)
{
    (void)state;
    sim_each(case_27_body, NULL);
}

static void case_28_body(sim *s)
{
    const airt_child one = AIRT_CHILD(puppet);
    airt_ref         pool = kit_pool(s, &one), a, none;

    ASSERT_OK(kit_add(s, pool, 'a', NULL, &a));
    assert_int_equal(restart(s, pool, AIRT_BY_REF(a), &none), AIRT_EINVAL);
    assert_int_equal(restart(s, pool, AIRT_ID("puppet"), &none), AIRT_EINVAL);
    assert_int_equal(forget(s, pool, AIRT_BY_REF(a)), AIRT_EINVAL);
    assert_int_equal(forget(s, pool, AIRT_ID("puppet")), AIRT_EINVAL);
    assert_true(kit_lists(s, pool, "puppet:running"));
    ASSERT_SAID(s, "a+");
}
static void case_28_not_of_a_pool(void **state)
{
    (void)state;
    sim_each(case_28_body, NULL);
}

/* 29: a start gives back nothing but its status. What remains: the ref comes back from both calls, a restart after a
 * failure works, and those by hand do not count toward the intensity. */
static void case_29_body(sim *s)
{
    airt_ref         w, x, found, top = one_w(s, &w);
    const airt_child more = KID('x');
    airt_child_info  info = { 0 };

    ASSERT_OK(start(s, top, &more, &x));
    assert_true(airt_ref_same(kit_named(s, "x"), x));
    for (int i = 0; i < 5; i++) {
        ASSERT_OK(stop(s, top, AIRT_ID("x")));
        ASSERT_OK(restart(s, top, AIRT_ID("x"), &found));
        assert_true(airt_ref_same(found, x));
    }
    sim_begin(s);
    for (int i = 0; i < 2; i++) {
        sim_do(s, x, kit_failing, NULL);
        sim_settle(s);
    }
    ASSERT_SAID(s, "x!error/5 x-error x+ x!error/6 x-error x+");
    ASSERT_OK(airt_supervisor_find_child(s->system, top, AIRT_ID("x"), WITHIN, &info));
    assert_int_equal(info.restarts, 2);
    assert_int_equal(kit_incarnation(s, x), 8);
    assert_true(kit_lists(s, top, "w:running x:running"));
}
static void case_29_the_ref_comes_back(void **state)
{
    (void)state;
    sim_each(case_29_body, NULL);
}

/* 30: thousands with the first seed, and with the others (and with every allocation refused once) a few. */
enum {
#ifdef SWEEP_SCENARIO
    MANY = 1,
#else
    MANY = 1000,
#endif
    FEW = 10
};
static void many_of(sim *s, airt_ref pool, uint32_t *count, uint32_t more, bool supervisors)
{
    static airt_child_info infos[2 * MANY + 1];
    size_t                 listed = 0;

    for (uint32_t i = 0; i < more; i++) {
        airt_ref ref = AIRT_NONE;

        ASSERT_OK(airt_supervisor_start_child(s->system, pool, NULL, WITHIN, &ref));
    }
    *count += more;
    assert_true(kit_counts(s, pool, 1, *count, supervisors ? *count : 0, supervisors ? 0 : *count));
    ASSERT_OK(airt_supervisor_list(s->system, pool, WITHIN, infos, 2 * MANY + 1, &listed));
    assert_int_equal(listed, *count);
    if (*count < 2 * more)
        return;
    for (size_t i = 0; i < listed; i++)
        (void)airt_kill(s->system, infos[i].ref, NULL);
    sim_settle(s);
    assert_true(kit_counts(s, pool, 1, 0, 0, 0));
    ASSERT_OK(airt_supervisor_list(s->system, pool, WITHIN, infos, 2 * MANY + 1, &listed));
    assert_int_equal(listed, 0);
}
static void case_30_body(sim *s)
{
    static const airt_child worker = AIRT_CHILD(bare, .restart = AIRT_TEMPORARY);
    static const airt_tree  empty = { .strategy = AIRT_ONE_FOR_ALL };
    static const airt_child supervisor = { .tree = &empty, .id = "sup", .restart = AIRT_TEMPORARY };
    airt_ref                pool;
    uint32_t                count = 0, more = s->options.seed == 1 || MANY < FEW ? MANY : FEW;

    pool = kit_pool(s, &worker);
    many_of(s, pool, &count, more, false);
    many_of(s, pool, &count, more, false);
    pool = kit_pool(s, &supervisor);
    count = 0;
    many_of(s, pool, &count, more, true);
    many_of(s, pool, &count, more, true);
    assert_int_equal(kit_actors(s), 2);
}
static void case_30_thousands(void **state)
{
    (void)state;
    sim_each(case_30_body, NULL);
}

/* 31: each failed restart counts and is tried again, a ms later at the earliest. */
static bool        healthy;
static airt_status if_healthy(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return healthy ? AIRT_OK : AIRT_ESYSTEM;
}
static void case_31_body(sim *s)
{
    const airt_child  one = AIRT_CHILD(puppet);
    airt_ref          pool = kit_pool(s, &one), kid[3];
    airt_child_counts counts = { 0 };

    healthy = true;
    for (int i = 0; i < 3; i++)
        ASSERT_OK(kit_add(s, pool, (char)('a' + i), if_healthy, &kid[i]));
    healthy = false;
    sim_do(s, kid[0], kit_failing, NULL);
    sim_do(s, kid[2], kit_failing, NULL);
    sim_run(s, 100);
    assert_true(kit_counts(s, pool, 1, 1, 0, 3));
    assert_true(kit_lists(s, pool, "puppet:restarting puppet:running puppet:restarting"));
    ASSERT_OK(airt_supervisor_count(s->system, pool, WITHIN, &counts));
    assert_int_equal(counts.restarting, 2);
    healthy = true;
    sim_run(s, 100);
    sim_forget(s);
    assert_true(kit_counts(s, pool, 1, 3, 0, 3));
    for (unsigned i = 0; i < 3; i++)
        sim_num(s, kid[i], i);
    sim_settle(s);
    ASSERT_SORTED(s, "a:0 b:1 c:2");
}
static void case_31_starts_that_fail_for_a_while(void **state)
{
    (void)state;
    sim_each(case_31_body, NULL);
}

/* --- what a call finds in between --------------------------------------------------------------------------------- */

static void pending_body(sim *s)
{
    airt_ref         top = AIRT_NONE, a, found;
    const airt_child again = KID('a');

    ASSERT_OK(airt_supervise(s->system, &top, .restarts_max = 10, .backoff_ms = 1000, AIRT_CHILDREN(KID('a'))));
    a = kit_named(s, "a");
    for (int i = 0; i < 2; i++) {
        sim_do(s, a, kit_failing, NULL);
        sim_settle(s);
    }
    ASSERT_SAID(s, "a+ a!error/0 a-error a+ a!error/1 a-error"); /* the second restart is put off */
    assert_true(kit_lists(s, top, "a:restarting"));
    assert_int_equal(restart(s, top, AIRT_ID("a"), &found), AIRT_EPENDING);
    assert_int_equal(forget(s, top, AIRT_ID("a")), AIRT_EPENDING);
    assert_int_equal(start(s, top, &again, &found), AIRT_EEXIST);
    assert_true(airt_ref_none(found));
    ASSERT_OK(stop(s, top, AIRT_ID("a"))); /* given up */
    assert_true(kit_lists(s, top, "a:down"));
    sim_run(s, 5000);
    ASSERT_SAID(s, "");
    ASSERT_OK(restart(s, top, AIRT_ID("a"), &found));
    assert_true(airt_ref_same(found, a));
    ASSERT_SAID(s, "a+");
}
static void a_restart_that_is_put_off(void **state)
{
    (void)state;
    sim_each(pending_body, NULL);
}

static bool        slow_and_failing;
static airt_status slow_start(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    return slow_and_failing ? AIRT_ELIMIT : airt_sleep(ctx, AIRT_MS(100));
}

struct starter { /* starts a child out of a handler */
    airt_ref     supervisor;
    airt_status  status;
    char         letter;
    airt_restart restart;
};
static airt_status start_slowly(airt_ctx *ctx, struct puppet *self, void *argument)
{
    struct starter  *starter = argument;
    const airt_child child = KID_RUN((uint32_t)starter->letter, slow_start, .restart = starter->restart);
    airt_ref         ref = AIRT_NONE;

    (void)self;
    starter->status = airt_supervisor_start_child(ctx, starter->supervisor, &child, WITHIN, &ref);
    return AIRT_OK;
}
static void slow_body(sim *s)
{
    static struct starter starter;
    airt_ref              w, found, top = one_w(s, &w), x = sim_spawn(s, 'x');

    starter = (struct starter){ top, AIRT_EPENDING, 'c', AIRT_PERMANENT };
    sim_begin(s);
    sim_do(s, x, start_slowly, &starter);
    sim_run(s, 50);
    assert_true(kit_lists(s, top, "w:running c:starting")); /* it answers meanwhile */
    assert_int_equal(restart(s, top, AIRT_ID("c"), &found), AIRT_EPENDING);
    assert_int_equal(forget(s, top, AIRT_ID("c")), AIRT_EPENDING);
    sim_run(s, 60);
    ASSERT_OK(starter.status);
    assert_true(kit_lists(s, top, "w:running c:running"));
    ASSERT_OK(stop(s, top, AIRT_ID("c")));
    ASSERT_OK(forget(s, top, AIRT_ID("c")));
    starter.status = AIRT_EPENDING;
    sim_do(s, x, start_slowly, &starter);
    sim_run(s, 50);
    ASSERT_OK(stop(s, top, AIRT_ID("c"))); /* in its start */
    sim_settle(s);
    assert_int_equal(starter.status, AIRT_ESTOPPING);
    assert_int_equal(kit_incarnation(s, kit_named(s, "c")), 0);
    starter.status = AIRT_EPENDING;
    assert_int_equal(restart(s, top, AIRT_ID("c"), &found), AIRT_OK);
    ASSERT_OK(stop(s, top, AIRT_ID("c")));
    ASSERT_OK(forget(s, top, AIRT_ID("c")));
    sim_do(s, x, start_slowly, &starter);
    sim_run(s, 50);
    ASSERT_OK(airt_stop(s->system, top, NULL)); /* and with the whole supervisor */
    sim_settle(s);
    assert_int_equal(starter.status, AIRT_ESTOPPING);
    assert_int_equal(kit_actors(s), 1);
}
static void a_start_that_takes_its_time(void **state)
{
    (void)state;
    sim_each(slow_body, NULL);
}

/* Starts of a group go one after the other; one that waits for its turn is stopped before it had it. */
static void queued_body(sim *s)
{
    static struct starter first, second;
    airt_ref              top = AIRT_NONE, x = sim_spawn(s, 'x'), y = sim_spawn(s, 'y'), ref;
    const airt_child      another = KID('e');

    ASSERT_OK(airt_supervise(s->system, &top, .strategy = AIRT_ONE_FOR_ALL));
    first = (struct starter){ top, AIRT_EPENDING, 'c', AIRT_PERMANENT };
    second = (struct starter){ top, AIRT_EPENDING, 'd', AIRT_TEMPORARY };
    sim_begin(s);
    sim_do(s, x, start_slowly, &first);
    sim_settle(s);
    sim_do(s, y, start_slowly, &second);
    sim_run(s, 50);
    assert_true(kit_lists(s, top, "c:starting d:starting"));
    ASSERT_OK(stop(s, top, AIRT_ID("d")));
    sim_settle(s);
    assert_int_equal(second.status, AIRT_ESTOPPING);
    assert_true(kit_lists(s, top, "c:starting"));
    ASSERT_OK(start(s, top, &another, &ref)); /* behind the first */
    sim_settle(s);
    ASSERT_OK(first.status);
    assert_int_equal(second.status, AIRT_ESTOPPING);
    ASSERT_SAID(s, "c+ e+");
}
static void a_start_that_waits_for_its_turn(void **state)
{
    (void)state;
    sim_each(queued_body, NULL);
}

/* Stopped in its first start it is a child like others: a restart by hand that fails does not remove it. */
static void kept_body(sim *s)
{
    static struct starter starter;
    airt_ref              top = AIRT_NONE, x = sim_spawn(s, 'x'), ref;

    ASSERT_OK(airt_supervise(s->system, &top, .name = NULL));
    starter = (struct starter){ top, AIRT_EPENDING, 'c', AIRT_PERMANENT };
    sim_do(s, x, start_slowly, &starter);
    sim_run(s, 50);
    ASSERT_OK(stop(s, top, AIRT_ID("c")));
    assert_true(kit_lists(s, top, "c:down"));
    slow_and_failing = true;
    assert_int_equal(restart(s, top, AIRT_ID("c"), &ref), AIRT_EFAILED);
    slow_and_failing = false;
    assert_true(kit_lists(s, top, "c:down"));
    ASSERT_OK(restart(s, top, AIRT_ID("c"), &ref));
    assert_true(kit_lists(s, top, "c:running"));
}
static void stopped_in_its_first_start(void **state)
{
    (void)state;
    sim_each(kept_body, NULL);
}

static void late_body(sim *s)
{
    airt_ref         w, top = one_w(s, &w), found = AIRT_NONE;
    const airt_child slow = KID_RUN('c', slow_start);

    assert_int_equal(airt_supervisor_start_child(s->system, top, &slow, AIRT_MS(10), &found), AIRT_ETIMEDOUT);
    assert_true(airt_ref_none(found));
    sim_run(s, 100);
    assert_true(kit_lists(s, top, "w:running c:running")); /* nobody waits for it, but it has started */
}
static void an_answer_that_comes_late(void **state)
{
    (void)state;
    sim_each(late_body, NULL);
}

/* A supervisor answers its own children, in their starts too; one may ask for its own stop. */
static airt_status count_siblings(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_child_counts counts = { 0 };
    airt_ref          top = AIRT_NONE;
    airt_status       status = airt_lookup_kinds(ctx, (const airt_kind *const[]){ NULL }, "top", &top);

    (void)argument;
    if (status == AIRT_OK)
        status = airt_supervisor_count(ctx, top, WITHIN, &counts);
    if (status == AIRT_OK)
        sim_say("%c=%u/%u", self->tag, counts.specs, counts.active);
    return status;
}
static airt_status stop_myself(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_status status = airt_supervisor_stop_child(ctx, *(airt_ref *)argument, AIRT_BY_REF(self->self), WITHIN);

    sim_say("%c=%s", self->tag, airt_status_text(status));
    return status;
}
static void from_below_body(sim *s)
{
    static airt_ref top;

    top = AIRT_NONE;
    ASSERT_OK(airt_supervise(s->system, &top, .name = "top",
                             AIRT_CHILDREN(KID_RUN('a', count_siblings), KID_RUN('b', count_siblings))));
    ASSERT_SAID(s, "a+ a=2/1 b+ b=2/2");
    sim_do(s, kit_named(s, "a"), stop_myself, &top);
    sim_settle(s);
    ASSERT_SAID(s, "a=stopping a-shutdown");
    assert_true(kit_lists(s, top, "a:down b:running"));
}
static void asked_from_below(void **state)
{
    (void)state;
    sim_each(from_below_body, NULL);
}

static void by_hand_body(sim *s)
{
    airt_ref         w, c, found, top = one_w(s, &w);
    const airt_child child = KID_RUN('c', if_healthy);

    healthy = true;
    ASSERT_OK(start(s, top, &child, &c));
    ASSERT_OK(stop(s, top, AIRT_ID("c")));
    healthy = false;
    for (int i = 0; i < 5; i++) { /* a failure by hand is not tried again, and does not count */
        assert_int_equal(restart(s, top, AIRT_ID("c"), &found), AIRT_EFAILED);
        assert_true(kit_lists(s, top, "w:running c:down"));
    }
    sim_run(s, 100);
    assert_true(kit_lists(s, top, "w:running c:down"));
    healthy = true;
    ASSERT_OK(restart(s, top, AIRT_ID("c"), &found));
    assert_true(airt_ref_same(found, c));
}
static void a_restart_by_hand_that_fails(void **state)
{
    (void)state;
    sim_each(by_hand_body, NULL);
}

/* The second of two stops waits for the first: the limit is not begun anew. */
struct stopper {
    airt_ref    supervisor;
    airt_status status;
};
static airt_status stop_m(airt_ctx *ctx, struct puppet *self, void *argument)
{
    struct stopper *stopper = argument;

    (void)self;
    stopper->status = airt_supervisor_stop_child(ctx, stopper->supervisor, AIRT_ID("m"), AIRT_SECONDS(10));
    return AIRT_OK;
}
static void twice_body(sim *s)
{
    static struct stopper first, second;
    airt_ref              top = AIRT_NONE, x = sim_spawn(s, 'x'), y = sim_spawn(s, 'y');

    ASSERT_OK(airt_supervise(s->system, &top, AIRT_CHILDREN(DEAF('m', .shutdown_ms = 1000))));
    first = second = (struct stopper){ top, AIRT_EPENDING };
    sim_do(s, x, stop_m, &first);
    sim_run(s, 500);
    ASSERT_SORTED(s, "x+ y+ m+ m_");
    assert_true(kit_lists(s, top, "m:stopping"));
    sim_do(s, y, stop_m, &second);
    sim_run(s, 499);
    ASSERT_SAID(s, "");
    assert_int_equal(first.status, AIRT_EPENDING);
    sim_run(s, 5);
    ASSERT_SAID(s, "m-killed");
    ASSERT_OK(first.status);
    ASSERT_OK(second.status);
    assert_true(kit_lists(s, top, "m:down"));
}
static void stopped_twice_at_a_time(void **state)
{
    (void)state;
    sim_each(twice_body, NULL);
}

static void stopping_body(sim *s)
{
    airt_ref top = AIRT_NONE, m;

    ASSERT_OK(airt_supervise(s->system, &top, AIRT_CHILDREN(DEAF('m', .shutdown_ms = AIRT_INFINITY))));
    m = kit_named(s, "m");
    ASSERT_OK(airt_stop(s->system, top, NULL));
    sim_settle(s);
    ASSERT_SAID(s, "m+ m_");
    all_calls(s, top, AIRT_ESTOPPING);
    assert_true(kit_lists(s, top, "m:stopping"));
    assert_true(kit_counts(s, top, 1, 1, 0, 1));
    sim_num(s, m, AIRT_EXIT_SHUTDOWN);
    sim_settle(s);
    ASSERT_SAID(s, "m-shutdown");
    assert_int_equal(kit_actors(s), 0);
}
static void a_supervisor_that_stops(void **state)
{
    (void)state;
    sim_each(stopping_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(case_20_an_id_that_runs),
        SIM_TEST(case_21_stopped_twice),
        SIM_TEST(case_22_an_id_that_is_down),
        SIM_TEST(case_23_restarted_by_hand),
        SIM_TEST(case_24_deleted),
        SIM_TEST(case_25_nobody_of_that_name),
        SIM_TEST(case_26_by_ref),
        SIM_TEST(case_27_stopped_in_a_pool),
        SIM_TEST(case_28_not_of_a_pool),
        SIM_TEST(case_29_the_ref_comes_back),
        SIM_TEST(case_30_thousands),
        SIM_TEST(case_31_starts_that_fail_for_a_while),
        SIM_TEST(a_restart_that_is_put_off),
        SIM_TEST(a_start_that_takes_its_time),
        SIM_TEST(a_start_that_waits_for_its_turn),
        SIM_TEST(stopped_in_its_first_start),
        SIM_TEST(an_answer_that_comes_late),
        SIM_TEST(asked_from_below),
        SIM_TEST(a_restart_by_hand_that_fails),
        SIM_TEST(stopped_twice_at_a_time),
        SIM_TEST(a_supervisor_that_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
