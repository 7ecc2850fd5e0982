/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* OTP's supervisor suite, in own words, 13 to 18: specifications that are refused, as a tree and added at run time. What
 * cannot be written in C is said at its case; docs/supervision.md lists what differs. */
#include "tree_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A tree that is wrong, and what the text begins with. */
static bool refused_tree(const airt_tree *tree, airt_status status, const char *begins)
{
    airt_spec_error error = { "" };
    airt_status     is = airt_tree_check(tree, &error);
    bool            ok = is == status && strncmp(error.text, begins, strlen(begins)) == 0;

    if (!ok)
        (void)fprintf(stderr, "%s: \"%s\"\n    not %s: \"%s...\"\n", airt_status_text(is), error.text,
                      airt_status_text(status), begins);
    return ok && airt_tree_check(tree, NULL) == status;
}
/* The same of a child in a tree that is right otherwise. */
static bool refused(airt_child child, airt_status status, const char *field)
{
    airt_tree   tree = { .children = &child, .child_count = 1, .auto_shutdown = AIRT_ANY_SIGNIFICANT };
    char        begins[160];
    const char *id = child.id != NULL ? child.id : child.name != NULL ? child.name : NULL;

    if (id == NULL && child.behavior != NULL)
        id = child.behavior->name;
    (void)snprintf(begins, sizeof begins, "children[0]%s%.32s%s: %s: ", id != NULL ? " \"" : "", id != NULL ? id : "",
                   id != NULL ? "\"" : "", field);
    return refused_tree(&tree, status, begins);
}

/* The same through the call that adds it. */
static airt_status add(sim *s, airt_ref supervisor, airt_child child)
{
    airt_ref none = AIRT_NONE;

    return airt_supervisor_start_child(s->system, supervisor, &child, WITHIN, &none);
}

/* 13: an id is missing only where there is no name to take. "Not a spec at all" is one with nothing in it, or none. An
 * unknown field does not compile. */
static void case_13_body(sim *s)
{
    static const airt_tree nameless = { 0 };
    airt_ref               top = kit_top(s), none = AIRT_NONE;
    const airt_child       empty = { 0 }, no_id = { .tree = &nameless }, no_start = { .id = "a" };

    assert_true(refused(no_id, AIRT_EINVAL, "id"));
    assert_true(refused(no_start, AIRT_EINVAL, "behavior"));
    assert_true(refused(empty, AIRT_EINVAL, "behavior"));
    assert_true(refused_tree(NULL, AIRT_EINVAL, "tree: "));
    assert_int_equal(airt_supervise_tree(s->system, &none, NULL), AIRT_EINVAL);
    assert_int_equal(airt_supervise(s->system, &none, .children = &no_id, .child_count = 1), AIRT_EINVAL);
    assert_int_equal(airt_supervise(s->system, &none, .children = &no_start, .child_count = 1), AIRT_EINVAL);
    assert_int_equal(airt_supervise(s->system, &none, .children = &empty, .child_count = 1), AIRT_EINVAL);
    assert_int_equal(add(s, top, no_id), AIRT_EINVAL);
    assert_int_equal(add(s, top, no_start), AIRT_EINVAL);
    assert_int_equal(add(s, top, empty), AIRT_EINVAL);
    assert_int_equal(airt_supervisor_start_child(s->system, top, NULL, WITHIN, &none), AIRT_EINVAL);
    ASSERT_OK(add(s, top, (airt_child)AIRT_CHILD(bare))); /* a behaviour and nothing else: its name is the id */
    assert_true(kit_lists(s, top, "bare:running"));
    assert_int_equal(add(s, top, no_id), AIRT_EINVAL); /* and now there is one to compare with */
    assert_int_equal(add(s, top, no_start), AIRT_EINVAL);
    assert_int_equal(add(s, top, empty), AIRT_EINVAL);
    assert_true(kit_lists(s, top, "bare:running"));
}
static void case_13_what_is_missing(void **state)
{
    (void)state;
    sim_each(case_13_body, NULL);
}

static const airt_behavior unmade = { .name = "unmade" };
static airt_behavior       misplaced; /* set up by the test */
static const airt_tree     below = { .name = "below" };
static struct act          moved;
static const struct answer answer_body = { 1 };
#define LONG_NAME                                                                                                      \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"             \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"             \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
static const airt_tree long_below = { .name = &LONG_NAME[50] }; /* long enough, but for a number */

static const struct {
    airt_child  child;
    const char *field;
    airt_status status;
} wrong_children[] = {
    { { .behavior = &bare_behavior, .tree = &below }, "behavior and tree", AIRT_EINVAL },
    { { .behavior = &unmade }, "behavior", AIRT_EINVAL },
    { { .behavior = &misplaced }, "behavior", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .id = "" }, "id", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .name = "", .id = "a" }, "name", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .name = LONG_NAME, .id = "a" }, "name", AIRT_EINVAL },
    { { .tree = &below, .id = "a", .start = { &num_kind, &answer_body } }, "start", AIRT_EINVAL },
    { { .behavior = &puppet_behavior, .start = { &num_kind, NULL } }, "start", AIRT_EINVAL },
    { { .behavior = &puppet_behavior, .start = { &act_kind, &moved } }, "start", AIRT_EINVAL },
    { { .behavior = &puppet_behavior, .start = { &answer_kind, &answer_body } }, "start", AIRT_EKIND },
    { { .behavior = &bare_behavior, .restart = (airt_restart)3 }, "restart", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .restart = (airt_restart)-1 }, "restart", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .shutdown_ms = (uint32_t)-10 }, "shutdown_ms", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .shutdown_ms = 1 << 30 }, "shutdown_ms", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .backoff_ms = 1 << 30 }, "backoff_ms", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .backoff_ms = AIRT_BRUTAL_KILL }, "backoff_ms", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .backoff_max_ms = AIRT_NO_BACKOFF }, "backoff_max_ms", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .significant = true }, "significant", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .health = { 1 << 30, 0, 0 } }, "health.interval_ms", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .health = { 10, 11, 0 } }, "health.timeout_ms", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .health = { 10, 0, 0 } }, "health", AIRT_EKIND },
    { { .tree = &below, .id = "a", .health = { 10, 0, 0 } }, "health", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .mailbox = { .overflow = (airt_overflow)9 } }, "mailbox.overflow", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .mailbox = { .max = AIRT_MAILBOX_MAX + 1 } }, "mailbox.max", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .turn_max = 65536 }, "turn_max", AIRT_EINVAL },
    { { .behavior = &bare_behavior, .memory_max = sizeof(struct puppet) - 1 }, "memory_max", AIRT_EINVAL },
    { { .tree = &below, .id = "a", .memory_max = 16 }, "memory_max", AIRT_EINVAL },
    { { .tree = &long_below, .id = "a", .count = 2 }, "name", AIRT_EINVAL },
};

/* 14: every field of a child that can be wrong, in a tree and added at run time; 'type' and 'modules' do not exist. */
static void case_14_body(sim *s)
{
    airt_ref top = kit_top(s);

    misplaced = bare_behavior;
    misplaced.placement = (airt_placement)77;
    for (size_t i = 0; i < sizeof wrong_children / sizeof wrong_children[0]; i++) {
        assert_true(refused(wrong_children[i].child, wrong_children[i].status, wrong_children[i].field));
        assert_int_equal(add(s, top, wrong_children[i].child), wrong_children[i].status);
    }
    assert_int_equal(add(s, top, (airt_child)AIRT_CHILD(bare, .count = 2)), AIRT_EINVAL); /* one more, it says */
    assert_true(kit_lists(s, top, ""));
    ASSERT_OK(add(s, top, (airt_child)AIRT_CHILD(bare)));
    assert_int_equal(kit_actors(s), 2);
}
static void case_14_every_wrong_field_is_named(void **state)
{
    (void)state;
    sim_each(case_14_body, NULL);
}

/* Of a template only the start is the caller's: that is checked all the same. */
static void template_body(sim *s)
{
    const airt_child one = AIRT_CHILD(puppet);
    airt_ref         pool = kit_pool(s, &one), a = AIRT_NONE;

    assert_int_equal(add(s, pool, (airt_child){ .start = { &answer_kind, &answer_body } }), AIRT_EKIND);
    assert_int_equal(add(s, pool, (airt_child){ .start = { &act_kind, &moved } }), AIRT_EINVAL);
    assert_int_equal(add(s, pool, (airt_child){ .start = { &num_kind, NULL } }), AIRT_EINVAL);
    assert_int_equal(add(s, pool, (airt_child){ .name = "" }), AIRT_EINVAL);
    assert_int_equal(add(s, pool, (airt_child){ .name = LONG_NAME }), AIRT_EINVAL);
    assert_true(kit_lists(s, pool, ""));
    ASSERT_OK(airt_supervisor_start_child(s->system, pool, NULL, WITHIN, &a));
    ASSERT_OK(add(s, pool, (airt_child){ .name = "named" }));
    assert_false(airt_ref_none(kit_named(s, "named")));
    assert_true(kit_lists(s, pool, "puppet:running puppet:running"));
}
/* A start is a worker's: a pool of supervisors takes none. */
static void pool_of_trees_body(sim *s)
{
    const airt_child one = { .tree = &below };
    airt_ref         pool = kit_pool(s, &one), sub = AIRT_NONE;

    assert_int_equal(add(s, pool, (airt_child){ .start = { &num_kind, &answer_body } }), AIRT_EINVAL);
    assert_true(kit_lists(s, pool, ""));
    ASSERT_OK(add(s, pool, (airt_child){ .name = "other" })); /* a name of its own */
    ASSERT_OK(airt_supervisor_start_child(s->system, pool, NULL, WITHIN, &sub));
    assert_true(airt_ref_same(kit_named(s, "below"), sub));
    assert_int_equal(airt_supervisor_start_child(s->system, pool, NULL, WITHIN, &sub), AIRT_EEXIST);
    assert_true(kit_counts(s, pool, 1, 2, 2, 0));
}
static void case_14_what_a_pool_of_supervisors_is_given(void **state)
{
    (void)state;
    sim_each(pool_of_trees_body, NULL);
}
static void case_14_what_a_pool_is_given(void **state)
{
    (void)state;
    sim_each(template_body, NULL);
}

/* 15: what is right, and significant against the two rules that forbid it. */
static airt_status combination(unsigned i, airt_spec_error *error)
{
    static const uint32_t shutdowns[] = { 0, 1000, AIRT_BRUTAL_KILL, AIRT_INFINITY };
    airt_child            child = { .id = "a",
                                    .behavior = i % 2 == 0 ? &bare_behavior : NULL,
                                    .tree = i % 2 == 0 ? NULL : &below,
                                    .shutdown_ms = shutdowns[i / 2 % 4],
                                    .restart = (airt_restart)(i / 8 % 3),
                                    .significant = i / 24 % 2 != 0 };
    airt_tree tree = { .children = &child, .child_count = 1, .auto_shutdown = (airt_auto_shutdown)(i / 48) };

    return airt_tree_check(&tree, error);
}
static void case_15_all_combinations(void **state)
{
    unsigned ok = 0;

    (void)state;
    for (unsigned i = 0; i < 144; i++) {
        airt_spec_error error = { "" };
        bool            permanent = i / 8 % 3 == AIRT_PERMANENT, significant = i / 24 % 2 != 0, never = i / 48 == 0;
        airt_status     status = combination(i, &error);

        assert_int_equal(status, significant && (permanent || never) ? AIRT_EINVAL : AIRT_OK);
        ok += status == AIRT_OK;
        assert_string_equal(error.text, !significant || (!permanent && !never) ? ""
                                        : never
                                            ? "children[0] \"a\": significant: its supervisor's auto_shutdown is never"
                                            : "children[0] \"a\": significant: a permanent child never ends for good");
    }
    assert_int_equal(ok, 72 + 2 * 16);
}

/* The same of a child that is added: it is the supervisor's rule in force that counts. */
static void significant_body(sim *s)
{
    airt_ref   top = AIRT_NONE;
    airt_child child = KID('a', .significant = true, .restart = AIRT_TRANSIENT);

    ASSERT_OK(airt_supervise(s->system, &top, .name = NULL));
    assert_int_equal(add(s, top, child), AIRT_EINVAL);
    ASSERT_OK(airt_supervisor_set_auto_shutdown(s->system, top, AIRT_ANY_SIGNIFICANT, WITHIN));
    child.restart = AIRT_PERMANENT;
    assert_int_equal(add(s, top, child), AIRT_EINVAL);
    child.restart = AIRT_TRANSIENT;
    ASSERT_OK(add(s, top, child));
    assert_true(kit_lists(s, top, "a:running"));
    assert_int_equal(airt_supervisor_set_auto_shutdown(s->system, top, AIRT_NEVER, WITHIN), AIRT_EINVAL);
    assert_int_equal(airt_supervisor_set_auto_shutdown(s->system, top, (airt_auto_shutdown)3, WITHIN), AIRT_EINVAL);
}
static void case_15_added_at_run_time(void **state)
{
    (void)state;
    sim_each(significant_body, NULL);
}

/* 16: an id twice among siblings, near to each other and far apart, and a name twice. */
static void case_16_body(sim *s)
{
    enum {
        MANY = 600
    };
    static char       ids[MANY][12];
    static airt_child many[MANY];
    const airt_child  twice[] = { KID('a'), KID('b'), KID('a') };
    const airt_child  names[] = { KID('a', .id = "x"), KID('a', .id = "y") };
    airt_tree tree = { .children = twice, .child_count = 3 }, one_name = { .children = names, .child_count = 2 };
    airt_tree large = { .children = many, .child_count = MANY };
    airt_ref  top = AIRT_NONE;

    assert_true(refused_tree(&tree, AIRT_EEXIST, "children[0] and children[2] have one id, \"a\""));
    assert_int_equal(airt_supervise_tree(s->system, &top, &tree), AIRT_EEXIST);
    assert_true(refused_tree(&one_name, AIRT_EEXIST, "children[0] and children[1] have one name, \"a\""));
    assert_int_equal(airt_supervise_tree(s->system, &top, &one_name), AIRT_EEXIST);
    ASSERT_SAID(s, "");
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "%d", i);
        many[i] = (airt_child){ .behavior = &bare_behavior, .id = ids[i] };
    }
    ASSERT_OK(airt_tree_check(&large, NULL));
    many[7].id = ids[MANY - 1];
    assert_true(refused_tree(&large, AIRT_EEXIST, "children[7] and children[599] have one id, \"599\""));
    assert_int_equal(kit_actors(s), 0);
}
static void case_16_one_id_twice(void **state)
{
    (void)state;
    sim_each(case_16_body, NULL);
}

/* What is numbered may not be written by hand next to it. */
static bool clashes(const char *id, uint32_t count, bool expected)
{
    const airt_child both[] = { AIRT_CHILD(bare, .id = id), AIRT_CHILD(bare, .id = "w", .count = count) };
    const airt_child names[] = { AIRT_CHILD(bare, .id = "x", .name = id),
                                 AIRT_CHILD(bare, .id = "y", .name = "w", .count = count) };
    airt_tree        tree = { .children = both, .child_count = 2 };
    airt_status      ids = airt_tree_check(&tree, NULL);

    tree.children = names;
    return ids == (expected ? AIRT_EEXIST : AIRT_OK) && airt_tree_check(&tree, NULL) == ids;
}
static void case_16_numbers_written_by_hand(void **state)
{
    (void)state;
    assert_true(clashes("w.2", 2, true));
    assert_true(clashes("w.12", 12, true));
    assert_true(clashes("w.4294967295", UINT32_MAX, true));
    assert_true(clashes("w.13", 12, false));
    assert_true(clashes("w.2", 1, false));
    assert_true(clashes("w.1", 12, false)); /* the first has no number */
    assert_true(clashes("w.02", 12, false));
    assert_true(clashes("w.", 12, false));
    assert_true(clashes("w.2x", 12, false));
    assert_true(clashes("w2", 12, false));
    assert_true(clashes("w.99999999999999999999999999999", 12, false));
}

/* Of several equal children the second is numbered, and so are supervisors below. */
static void counted_body(sim *s)
{
    static const airt_tree  pool = { .name = "pool" };
    static const airt_child both[] = { AIRT_CHILD(bare, .name = "w", .count = 2), { .tree = &pool, .count = 2 } };
    static const airt_child one[] = { { .tree = &pool }, AIRT_CHILD(bare, .name = "pool", .id = "other") };
    const airt_tree         clash = { .children = one, .child_count = 2 };
    airt_ref                top = AIRT_NONE;
    airt_child_info         info = { 0 };

    ASSERT_OK(airt_supervise(s->system, &top, .children = both, .child_count = 2));
    assert_true(kit_lists(s, top, "w:running w.2:running pool:running pool.2:running"));
    ASSERT_OK(airt_supervisor_find_child(s->system, top, AIRT_ID("pool.2"), WITHIN, &info));
    assert_int_equal(info.number, 2);
    assert_true(airt_ref_same(kit_named(s, "pool.2"), info.ref));
    ASSERT_OK(airt_supervisor_find_child(s->system, top, AIRT_ID("w.2"), WITHIN, &info));
    assert_true(airt_ref_same(kit_named(s, "w.2"), info.ref));
    assert_int_equal(airt_supervisor_find_child(s->system, top, AIRT_ID("w.1"), WITHIN, &info), AIRT_ENOENT);
    assert_int_equal(add(s, top, (airt_child)AIRT_CHILD(bare, .id = "w.2")), AIRT_EEXIST);
    assert_true(refused_tree(&clash, AIRT_EEXIST, "children[0] and children[1] have one name, \"pool\""));
}
static void case_16_numbered_ids(void **state)
{
    (void)state;
    sim_each(counted_body, NULL);
}

static void case_17_body(sim *s)
{
    const airt_child two[] = { KID('a'), KID('b') };
    airt_tree        tree = { .strategy = AIRT_DYNAMIC, .children = two, .child_count = 2 };
    airt_ref         top = AIRT_NONE;

    assert_true(refused_tree(&tree, AIRT_EINVAL, "children: "));
    assert_int_equal(airt_supervise_tree(s->system, &top, &tree), AIRT_EINVAL);
    tree.child_count = 0;
    assert_true(refused_tree(&tree, AIRT_EINVAL, "children: "));
    assert_int_equal(airt_supervise_tree(s->system, &top, &tree), AIRT_EINVAL);
    assert_int_equal(
        airt_supervise(s->system, &top, .strategy = AIRT_DYNAMIC, AIRT_CHILDREN(AIRT_CHILD(bare, .count = 2))),
        AIRT_EINVAL);
    tree.child_count = 1;
    ASSERT_OK(airt_supervise_tree(s->system, &top, &tree));
    ASSERT_SAID(s, ""); /* a template is not started */
}
static void case_17_a_pool_has_one_template(void **state)
{
    (void)state;
    sim_each(case_17_body, NULL);
}

static const struct {
    airt_tree   tree;
    const char *field;
} wrong_trees[] = {
    { { .strategy = (airt_strategy)4 }, "strategy: 4 " },
    { { .strategy = (airt_strategy)-1 }, "strategy: -1 " },
    { { .auto_shutdown = (airt_auto_shutdown)3 }, "auto_shutdown: 3 " },
    { { .restarts_max = 65537 }, "restarts_max: 65537 " },
    { { .restarts_max = UINT32_MAX - 1 }, "restarts_max: " },
    { { .window_ms = AIRT_INFINITY }, "window_ms: " },
    { { .window_ms = 1 << 30 }, "window_ms: " },
    { { .name = "" }, "name: " },
    { { .name = LONG_NAME }, "name: " },
    { { .backoff_ms = AIRT_NO_BACKOFF }, "backoff_ms: " },
    { { .backoff_max_ms = AIRT_INFINITY }, "backoff_max_ms: " },
    { { .backoff_reset_ms = AIRT_INFINITY }, "backoff_reset_ms: " },
    { { .child_count = 2 }, "children: NULL, and child_count is 2" },
};
/* 18: every field of a tree that can be wrong. 0 is the default everywhere, so a window of 0 is one of 5 s; restarts
 * without end cannot be said. */
static void case_18_body(sim *s)
{
    airt_ref top = AIRT_NONE;

    for (size_t i = 0; i < sizeof wrong_trees / sizeof wrong_trees[0]; i++) {
        assert_true(refused_tree(&wrong_trees[i].tree, AIRT_EINVAL, wrong_trees[i].field));
        assert_int_equal(airt_supervise_tree(s->system, &top, &wrong_trees[i].tree), AIRT_EINVAL);
    }
    assert_int_equal(kit_actors(s), 0);
    ASSERT_OK(airt_supervise(s->system, &top, .window_ms = 0, .restarts_max = 65536));
    ASSERT_OK(airt_supervise(s->system, &top, AIRT_CHILDREN({ .tree = &long_below })));
}
static void case_18_every_wrong_option_is_named(void **state)
{
    (void)state;
    sim_each(case_18_body, NULL);
}

/* A fault deep down is named with the way to it; a tree without an end is cut. */
static void case_18_the_place_is_told(void **state)
{
    airt_child      round = { .id = "again" };
    airt_tree       endless = { .children = &round, .child_count = 1 };
    const airt_tree deep = { AIRT_CHILDREN(
        AIRT_CHILD(bare),
        AIRT_SUBTREE(.name = "mid", AIRT_CHILDREN(AIRT_CHILD(bare, .id = "leaf", .turn_max = 70000)))) };

    (void)state;
    round.tree = &endless;
    assert_true(refused_tree(&deep, AIRT_EINVAL, "children[1] \"mid\": children[0] \"leaf\": turn_max: 70000 "));
    assert_int_equal(airt_tree_check(&endless, NULL), AIRT_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(case_13_what_is_missing),
        SIM_TEST(case_14_every_wrong_field_is_named),
        SIM_TEST(case_14_what_a_pool_is_given),
        SIM_TEST(case_14_what_a_pool_of_supervisors_is_given),
        SIM_TEST(case_15_all_combinations),
        SIM_TEST(case_15_added_at_run_time),
        SIM_TEST(case_16_one_id_twice),
        SIM_TEST(case_16_numbered_ids),
        SIM_TEST(case_16_numbers_written_by_hand),
        SIM_TEST(case_17_a_pool_has_one_template),
        SIM_TEST(case_18_every_wrong_option_is_named),
        SIM_TEST(case_18_the_place_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
