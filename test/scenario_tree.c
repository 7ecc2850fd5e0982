/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Trees as data: how they read in the three formats and how they are cut, and what the lint finds, each rule by itself.
 * How a running tree reads is at the end. */
#include "otp_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

AIRT_ACTOR(nurse)
struct nurse {
    char airt_nothing;
};
AIRT_ON(nurse, airt_health_check)
{
    (void)self;
    (void)msg;
    return airt_health_tell(ctx, AIRT_WELL);
}
#define nurse_HANDLES(ON, A) ON(A, airt_health_check)
AIRT_BEHAVIOR(nurse)

/* --- formats ------------------------------------------------------------------------------------------------------ */

static const airt_child storage[] = {
    AIRT_CHILD(puppet, .id = "store", .shutdown_ms = AIRT_BRUTAL_KILL),
    AIRT_CHILD(puppet, .id = "say \"hi\"\\\n", .restart = AIRT_TEMPORARY, .shutdown_ms = 100),
};
static const airt_tree  storage_tree = { .name = "storage",
                                         .strategy = AIRT_ONE_FOR_ALL,
                                         .restarts_max = AIRT_NO_RESTARTS,
                                         .children = storage,
                                         .child_count = 2 };
static const airt_child gateway[] = {
    { .tree = &storage_tree, .count = 2, .restart = AIRT_TRANSIENT, .significant = true },
    AIRT_CHILD(nurse, .name = "nurse", .count = 4, .restart = AIRT_TRANSIENT, .significant = true,
               .health = { .interval_ms = 1000 }),
    AIRT_CHILD(puppet, .shutdown_ms = AIRT_INFINITY),
};
static const airt_tree   gateway_tree = { .name = "gateway",
                                          .strategy = AIRT_REST_FOR_ONE,
                                          .auto_shutdown = AIRT_ANY_SIGNIFICANT,
                                          .restarts_max = 3,
                                          .window_ms = 10000,
                                          .backoff_ms = 50,
                                          .children = gateway,
                                          .child_count = 3 };
static const char *const as_text =
    "gateway/  rest for one, 3 restarts in 10000 ms, backoff from 50 ms, stops with any significant\n"
    "  storage x 2/  one for all, 0 restarts in 5000 ms, transient, stops without limit, significant\n"
    "    store  puppet, permanent, stops by a kill\n"
    "    say \"hi\"\\\n"
    "  puppet, temporary, stops in 100 ms\n"
    "  nurse x 4  nurse, transient, stops in 5000 ms, significant, probed every 1000 ms\n"
    "  puppet  puppet, permanent, stops without limit\n";
static const char *const as_json =
    "{\"name\":\"gateway\",\"strategy\":\"rest for one\",\"restarts_max\":3,\"window_ms\":10"
    "000,\"backoff_ms\":50,\"auto_shutdown\":\"any significant\",\"children\":[{\"id\":\"st"
    "orage\",\"behavior\":\"supervisor\",\"name\":null,\"count\":2,\"restart\":\"transient\","
    "\"shutdown\":\"infinity\",\"significant\":true,\"health_interval_ms\":0,\"tree\":{\"n"
    "ame\":\"storage\",\"strategy\":\"one for all\",\"restarts_max\":0,\"window_ms\":5000,\""
    "backoff_ms\":0,\"auto_shutdown\":\"never\",\"children\":[{\"id\":\"store\",\"behavior\":"
    "\"puppet\",\"name\":null,\"count\":1,\"restart\":\"permanent\",\"shutdown\":\"brutal kil"
    "l\",\"significant\":false,\"health_interval_ms\":0},{\"id\":\"say \\\"hi\\\"\\\\\\u000a\",\""
    "behavior\":\"puppet\",\"name\":null,\"count\":1,\"restart\":\"temporary\",\"shutdown\":\""
    "100 ms\",\"significant\":false,\"health_interval_ms\":0}]}},{\"id\":\"nurse\",\"behav"
    "ior\":\"nurse\",\"name\":\"nurse\",\"count\":4,\"restart\":\"transient\",\"shutdown\":\"500"
    "0 ms\",\"significant\":true,\"health_interval_ms\":1000},{\"id\":\"puppet\",\"behavio"
    "r\":\"puppet\",\"name\":null,\"count\":1,\"restart\":\"permanent\",\"shutdown\":\"infinit"
    "y\",\"significant\":false,\"health_interval_ms\":0}]}";
static const char *const as_dot =
    "digraph tree {\n"
    "    node [shape=ellipse];\n"
    "    n0 [shape=box, label=\"gateway\", xlabel=\"rest for one\"];\n"
    "    n0 -> n1;\n"
    "    n1 [shape=box, label=\"storage\", xlabel=\"one for all x 2\", tooltip=\"transient\"];\n"
    "    n1 -> n2;\n"
    "    n2 [label=\"store\", tooltip=\"permanent\"];\n"
    "    n1 -> n3;\n"
    "    n3 [label=\"say \\\"hi\\\"\\\\\\u000a\", tooltip=\"temporary\"];\n"
    "    n0 -> n4;\n"
    "    n4 [label=\"nurse\", xlabel=\"x 4\", tooltip=\"transient\"];\n"
    "    n0 -> n5;\n"
    "    n5 [label=\"puppet\", tooltip=\"permanent\"];\n"
    "}\n";

/* Whole, and cut at every size. */
static void reads(const airt_tree *tree, airt_tree_format format, const char *wanted)
{
    char   text[2048], cut[2048];
    size_t length = strlen(wanted);

    assert_int_equal(airt_tree_print(tree, format, text, sizeof text), length);
    assert_string_equal(text, wanted);
    for (size_t size = 0; size <= length + 1; size++) {
        memset(cut, '#', sizeof cut);
        assert_int_equal(airt_tree_print(tree, format, size > 0 ? cut : NULL, size), length);
        assert_int_equal(cut[size], '#');
        if (size > 0) {
            assert_memory_equal(cut, wanted, size - 1);
            assert_int_equal(cut[size - 1], '\0');
        }
    }
}

static void a_tree_as_text(void **state)
{
    (void)state;
    reads(&gateway_tree, AIRT_TREE_TEXT, as_text);
    reads(&gateway_tree, (airt_tree_format)9, as_text);
}
static void a_tree_as_json(void **state)
{
    (void)state;
    reads(&gateway_tree, AIRT_TREE_JSON, as_json);
}
static void a_tree_as_a_graph(void **state)
{
    (void)state;
    reads(&gateway_tree, AIRT_TREE_DOT, as_dot);
}

static void a_tree_without_a_name(void **state)
{
    const airt_child kid = AIRT_CHILD(puppet, .name = "n");
    const airt_tree  tree = {
         .strategy = AIRT_DYNAMIC, .auto_shutdown = AIRT_ALL_SIGNIFICANT, .children = &kid, .child_count = 1
    };

    (void)state;
    reads(&tree, AIRT_TREE_TEXT,
          "supervisor/  dynamic, 1 restart in 5000 ms, stops with all significant\n"
          "  n  puppet, permanent, stops in 5000 ms\n");
    reads(&tree, AIRT_TREE_JSON,
          "{\"name\":\"supervisor\",\"strategy\":\"dynamic\",\"restarts_max\":1,\"window_ms\":5000,\"backoff_ms\":0,"
          "\"auto_shutdown\":\"all significant\",\"children\":[{\"id\":\"n\",\"behavior\":\"puppet\",\"name\":\"n\","
          "\"count\":1,\"restart\":\"permanent\",\"shutdown\":\"5000 ms\",\"significant\":false,"
          "\"health_interval_ms\":0}]}");
}

/* --- lint --------------------------------------------------------------------------------------------------------- */

static char   found[1024];
static size_t found_size;
static void   on_found(void *context, const char *place, const char *text)
{
    (void)context;
    found_size += (size_t)snprintf(found + found_size, sizeof found - found_size, "%s| %s\n", place, text);
}

static bool lints(const airt_tree *tree, const char *wanted)
{
    size_t count = 0;
    bool   same;

    found_size = 0;
    found[0] = '\0';
    for (const char *at = wanted; *at != '\0'; at++)
        count += *at == '\n';
    same = airt_tree_lint(tree, on_found, NULL) == count && airt_tree_lint(tree, NULL, NULL) == count;
    if (same && strcmp(found, wanted) == 0)
        return true;
    (void)fprintf(stderr, "found:\n%snot:\n%s", found, wanted);
    return false;
}

/* One child in a tree, and what is said about either. */
static bool lints_child(const airt_tree *like, const airt_child *child, const char *wanted)
{
    airt_tree tree = *like;

    tree.children = child;
    tree.child_count = 1;
    return lints(&tree, wanted);
}

static void good_trees_are_silent(void **state)
{
    const airt_child kids[] = { OTP_KID('a'), OTP_KID('b', .restart = AIRT_TEMPORARY) };
    const airt_tree  tree = { .name = "top", .backoff_ms = 100, .restarts_max = 3, .children = kids, .child_count = 2 };

    (void)state;
    assert_true(lints(&tree, ""));
}

static void a_tree_that_cannot_start(void **state)
{
    const airt_child nobody = { .id = "x" };

    (void)state;
    assert_true(lints_child(&(const airt_tree){ .name = "top" }, &nobody,
                            "root| children[0] \"x\": behavior: missing; or give a tree\n"));
}

static void restarts_that_cannot_help(void **state)
{
    const airt_child a = OTP_KID('a'), spares = OTP_KID('a', .backoff_ms = 100, .backoff_max_ms = 100),
                     t = OTP_KID('a', .restart = AIRT_TEMPORARY, .backoff_ms = 5);
    const char *storm = "top| restarts_max: more than a thousand in ten seconds, without backoff, will burn a core and "
                        "help nobody\n";
    const char *ever =
        "children[0] \"a\"| with its backoff a child that always fails never uses up restarts_max within "
        "window_ms: it is restarted for ever and nothing escalates\n";

    (void)state;
    assert_true(lints_child(&(const airt_tree){ .name = "top", .restarts_max = 1001 }, &a, storm));
    assert_true(lints_child(&(const airt_tree){ .name = "top", .restarts_max = 1001, .window_ms = 10001 }, &a, ""));
    assert_true(lints_child(&(const airt_tree){ .name = "top", .restarts_max = 1000 }, &a, ""));
    assert_true(lints_child(&(const airt_tree){ .restarts_max = 4, .backoff_ms = 9, .backoff_max_ms = 8 }, &a,
                            "root| backoff_max_ms is below backoff_ms: every backoff is cut\n"));
    assert_true(lints_child(
        &(const airt_tree){ .restarts_max = AIRT_NO_RESTARTS, .backoff_ms = 9, .backoff_max_ms = 8 }, &a, ""));
    assert_true(lints_child(&(const airt_tree){ .restarts_max = 5 }, &t,
                            "children[0] \"a\"| backoff of a temporary child, which is never restarted\n"));
    /* 500 + 1000 + 2000 + 4000 ms at least */
    assert_true(lints_child(&(const airt_tree){ .restarts_max = 5, .backoff_ms = 1000, .window_ms = 7499 }, &a, ever));
    assert_true(lints_child(&(const airt_tree){ .restarts_max = 5, .backoff_ms = 1000, .window_ms = 7500 }, &a, ""));
    /* 199 times 50 ms */
    assert_true(lints_child(&(const airt_tree){ .restarts_max = 200, .window_ms = 9949 }, &spares, ever));
    assert_true(lints_child(&(const airt_tree){ .restarts_max = 200, .window_ms = 9950 }, &spares, ""));
}

static void stops_and_probes(void **state)
{
    const airt_tree  empty = { .name = "sub", AIRT_CHILDREN(OTP_KID('z')) };
    const airt_child probed = AIRT_CHILD(nurse, .id = "a", .restart = AIRT_TEMPORARY, .health = { .interval_ms = 9 });
    const airt_child limited = { .tree = &empty, .shutdown_ms = 100 };
    const airt_child endless = OTP_KID('a', .shutdown_ms = AIRT_INFINITY);
    const airt_child temporary = { .tree = &empty, .restart = AIRT_TEMPORARY };
    const airt_child waits = OTP_KID('a', .drop_mail = true, .asks_fail = true, .mailbox = { .overflow = AIRT_WAIT });
    const airt_tree  top = { .name = "top" };

    (void)state;
    assert_true(lints_child(&top, &probed,
                            "children[0] \"a\"| health probes of a temporary child: unhealthy, it is killed and not "
                            "restarted\n"));
    assert_true(lints_child(&top, &limited,
                            "children[0] \"sub\"| shutdown_ms of a supervisor is not infinity: killed, it cannot stop "
                            "its children in order\n"));
    assert_true(lints_child(&top, &endless,
                            "children[0] \"a\"| shutdown_ms of a worker is infinity: one that does not stop holds the "
                            "whole tree\n"));
    assert_true(lints_child(&top, &temporary,
                            "children[0] \"sub\"| a temporary supervisor: when it gives up, nobody brings it back, and "
                            "nothing escalates\n"));
    assert_true(
        lints_child(&top, &waits,
                    "children[0] \"a\"| drop_mail with a mailbox that makes senders wait: they wait for what is "
                    "then dropped\n"));
}

static void groups(void **state)
{
    const airt_child a = OTP_KID('a'), many[] = { OTP_KID('a', .count = 1001), OTP_KID('b') },
                     two = OTP_KID('a', .count = 2);
    const airt_tree  none = { .name = "below" };
    const airt_child sub = { .tree = &none };

    (void)state;
    assert_true(lints(&none, "below| children: none; a supervisor of nobody\n"));
    assert_true(lints_child(&(const airt_tree){ .name = "top" }, &sub,
                            "children[0] \"below\"| children: none; a supervisor of nobody\n"));
    assert_true(lints_child(&(const airt_tree){ .strategy = AIRT_ONE_FOR_ALL }, &a,
                            "root| strategy: a group of one is one for one\n"));
    assert_true(lints_child(&(const airt_tree){ .strategy = AIRT_ONE_FOR_ALL }, &two, ""));
    assert_true(
        lints(&(const airt_tree){ .strategy = AIRT_REST_FOR_ONE, .children = many, .child_count = 2 },
              "children[0] \"a\"| more than a thousand children in a group: each failure restarts them all, one "
              "after the other\n"));
}

/* --- running ------------------------------------------------------------------------------------------------------ */

static void running_body(sim *s)
{
    otp_plan    plan = { 0 };
    airt_ref    top = AIRT_NONE;
    char        text[512] = "", small[12] = "";
    size_t      length = 0;
    const char *wanted = "a  down, 0 restarts\n"
                         "mid/  running, 1 restart\n"
                         "  b  running, 0 restarts\n"
                         "  c  down, 0 restarts\n"
                         "d  restarting, 1 restart\n"
                         "d.2  running, 0 restarts\n";

    ASSERT_OK(
        airt_supervise(s->system, &top, .restarts_max = 9,
                       AIRT_CHILDREN(OTP_KID('a'),
                                     AIRT_SUBTREE(.name = "mid", .restarts_max = AIRT_NO_RESTARTS,
                                                  AIRT_CHILDREN(OTP_KID('b'), OTP_KID('c', .restart = AIRT_TRANSIENT))),
                                     OTP_PLANNED('d', &plan, .count = 2))));
    otp_finish(s, 'b', OTP_ABNORMAL);
    otp_finish(s, 'c', OTP_NORMAL);
    ASSERT_OK(airt_supervisor_stop_child(s->system, top, AIRT_ID("a"), OTP_WITHIN));
    plan.sleep_ms = 1000;
    {
        airt_child_info info = { .ref = AIRT_NONE };

        (void)!airt_supervisor_find_child(s->system, top, AIRT_ID("d"), OTP_WITHIN, &info);
        (void)airt_kill(s->system, info.ref, NULL);
    }
    sim_settle(s);
    ASSERT_OK(airt_supervisor_print(s->system, top, OTP_WITHIN, text, sizeof text, &length));
    assert_true(otp_same(s, "running tree", text, wanted));
    assert_int_equal(length, strlen(wanted));
    length = 0;
    ASSERT_OK(airt_supervisor_print(s->system, top, OTP_WITHIN, small, sizeof small, &length));
    assert_int_equal(length, strlen(wanted));
    assert_string_equal(small, "a  down, 0 ");
    ASSERT_OK(airt_supervisor_print(s->system, top, OTP_WITHIN, NULL, 0, &length));
    assert_int_equal(length, strlen(wanted));
}
static void a_running_tree_reads_with_its_states(void **state)
{
    (void)state;
    sim_each(running_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_as_text),
        cmocka_unit_test(a_tree_as_json),
        cmocka_unit_test(a_tree_as_a_graph),
        cmocka_unit_test(a_tree_without_a_name),
        cmocka_unit_test(good_trees_are_silent),
        cmocka_unit_test(a_tree_that_cannot_start),
        cmocka_unit_test(restarts_that_cannot_help),
        cmocka_unit_test(stops_and_probes),
        cmocka_unit_test(groups),
        SIM_TEST(a_running_tree_reads_with_its_states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
