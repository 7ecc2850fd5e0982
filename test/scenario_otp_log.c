/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* OTP's supervisor suite in our words: what a supervisor tells, here by events instead of log reports, each with its
 * fields, and how they read. The events of probes are in scenario_health, those of poison in scenario_poison. */
#include "otp_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The last text of each event, as a line. */
static char lines[AIRT_SUPERVISION_COUNT][512];
static void on_event(void *context, const airt_supervision_event *event)
{
    (void)airt_supervision_print(event, false, lines[event->what], sizeof lines[0]);
    otp_on_event(context, event);
}

/* The fields of the first event of a kind: "id#incarnation restarts delay reason status". */
static bool fields(sim *s, const otp_log *log, airt_supervision what, const char *wanted)
{
    const otp_event *e = otp_first(log, what);
    char             text[128] = "none";

    if (e->what == what)
        (void)snprintf(text, sizeof text, "%s#%u %u %u %s %d", e->id, (unsigned)e->incarnation, (unsigned)e->restarts,
                       (unsigned)e->delay_ms, sim_reason(&e->reason), (int)e->reason.status);
    return otp_same(s, airt_supervision_text(what), text, wanted);
}

/* What each line begins and goes on with. */
static bool reads(sim *s, airt_supervision what, airt_ref top, const char *child, const char *rest)
{
    char wanted[512];

    (void)snprintf(wanted, sizeof wanted, "top %#llx: %s%s%s", (unsigned long long)top.bits,
                   airt_supervision_text(what), child, rest);
    return otp_same(s, "line", lines[what], wanted);
}

static const char *child_of(sim *s, char tag, unsigned incarnation, unsigned restarts, const char *stops)
{
    static char text[256];

    (void)snprintf(text, sizeof text,
                   "; child: %c; actor: %#llx#%u; behaviour: %s; restarts: %u; restart: permanent; shutdown: %s; "
                   "type: worker",
                   tag, (unsigned long long)otp_ref(s, tag).bits, incarnation, tag == 'm' ? "mule" : "puppet", restarts,
                   stops);
    return text;
}

/* --- each of them ------------------------------------------------------------------------------------------------- */

static const char *origin(sim *s, char tag, const char *reason)
{
    static char text[128];

    (void)snprintf(text, sizeof text, "; reason: %s, from %#llx", reason, (unsigned long long)otp_ref(s, tag).bits);
    return text;
}

static void case_68_body(sim *s)
{
    static otp_log log;
    otp_plan       plan = { 0 };
    airt_ref       top = AIRT_NONE;

    log = (otp_log){ .count = 0 };
    ASSERT_OK(airt_supervise(
        s->system, &top, .name = "top", .restarts_max = 2, .on_event = on_event, .on_event_context = &log,
        AIRT_CHILDREN(OTP_PLANNED('a', &plan), OTP_MULE('m', (.after_ms = OTP_NEVER), .shutdown_ms = 50))));
    assert_int_equal(log.counts[AIRT_SUP_STARTED], 2);
    assert_true(fields(s, &log, AIRT_SUP_STARTED, "a#1 0 0 normal 0"));
    assert_true(reads(s, AIRT_SUP_STARTED, top, child_of(s, 'm', 1, 0, "50 ms"), ""));
    plan.fails = 1;
    otp_finish(s, 'a', OTP_ABNORMAL);
    sim_run(s, 10);
    assert_true(fields(s, &log, AIRT_SUP_TERMINATED, "a#1 0 0 error 14"));
    assert_true(fields(s, &log, AIRT_SUP_RESTARTING, "a#1 0 0 error 14"));
    assert_true(fields(s, &log, AIRT_SUP_START_FAILED, "a#2 1 0 start 14"));
    assert_true(reads(s, AIRT_SUP_TERMINATED, top, child_of(s, 'a', 1, 0, "5000 ms"),
                      origin(s, 'a', "error, invalid argument")));
    assert_true(reads(s, AIRT_SUP_START_FAILED, top, child_of(s, 'a', 2, 1, "5000 ms"),
                      origin(s, 'a', "start failed, invalid argument")));
    otp_finish(s, 'a', OTP_KILLED); /* the third: it gives up, and stops m, which does not want to */
    assert_true(fields(s, &log, AIRT_SUP_GAVE_UP, "a#3 2 0 killed 0"));
    sim_run(s, 60);
    assert_true(fields(s, &log, AIRT_SUP_STOP_FAILED, "m#1 0 0 killed 0"));
    assert_true(fields(s, &log, AIRT_SUP_STOPPED, "#0 0 0 escalated 0"));
    if (log.count > 0) /* the last of all */
        assert_int_equal(log.events[log.count - 1].what, AIRT_SUP_STOPPED);
    assert_false(otp_first(&log, AIRT_SUP_STOPPED)->has_spec);
    assert_true(reads(s, AIRT_SUP_STOPPED, top, "", origin(s, 'a', "escalated")));
}
static void case_68_every_report_has_its_offender(void **state)
{
    (void)state;
    sim_each(case_68_body, NULL);
}

/* A child that asks for it: not in OTP. */
static void escalate_body(sim *s)
{
    static otp_log            log;
    const struct puppet_start start = { .tag = 'a', .verdict = AIRT_ESCALATE };
    airt_ref                  top = AIRT_NONE;

    log = (otp_log){ .count = 0 };
    ASSERT_OK(airt_supervise(s->system, &top, .name = "top", .restarts_max = 9, .on_event = on_event,
                             .on_event_context = &log,
                             AIRT_CHILDREN(AIRT_CHILD(puppet, .id = "a", .start = { &puppet_start_kind, &start }))));
    otp_finish(s, 'a', OTP_ABNORMAL);
    assert_true(otp_logged(s, &log, "terminated a; escalated a"));
    assert_false(sim_alive(s, top));
}
static void a_child_may_escalate(void **state)
{
    (void)state;
    sim_each(escalate_body, NULL);
}

static void auto_body(sim *s)
{
    static otp_log log;
    airt_ref       top = AIRT_NONE;

    log = (otp_log){ .count = 0 };
    ASSERT_OK(airt_supervise(s->system, &top, .name = "top", .auto_shutdown = AIRT_ANY_SIGNIFICANT,
                             .on_event = on_event, .on_event_context = &log,
                             AIRT_CHILDREN(OTP_KID('a', .restart = AIRT_TRANSIENT, .significant = true))));
    otp_finish(s, 'a', OTP_NORMAL);
    assert_true(fields(s, &log, AIRT_SUP_AUTO_SHUTDOWN, "a#1 0 0 shutdown 0"));
    assert_true(fields(s, &log, AIRT_SUP_STOPPED, "#0 0 0 shutdown 0"));
    assert_non_null(strstr(lines[AIRT_SUP_AUTO_SHUTDOWN], "; type: worker; significant; reason: shutdown"));
}
static void an_automatic_shutdown_names_the_child(void **state)
{
    (void)state;
    sim_each(auto_body, NULL);
}

/* Over restarts_per_s of the system: told, tried again, and not counted twice. */
static void delayed_body(sim *s)
{
    static otp_log log;
    airt_ref       top = AIRT_NONE;

    log = (otp_log){ .count = 0 };
    ASSERT_OK(airt_supervise(s->system, &top, .name = "top", .restarts_max = 3, .on_event = on_event,
                             .on_event_context = &log, AIRT_CHILDREN(OTP_KID('a'))));
    for (int i = 0; i < 3; i++)
        otp_finish(s, 'a', OTP_ABNORMAL);
    assert_true(fields(s, &log, AIRT_SUP_DELAYED, "a#3 2 10 start 17"));
    assert_non_null(strstr(lines[AIRT_SUP_DELAYED], "; in: 10 ms"));
    assert_true(otp_states(s, top, "a restarting/2"));
    sim_run(s, 1000);
    assert_true(otp_states(s, top, "a running/3"));
    assert_int_equal(log.counts[AIRT_SUP_RESTARTING], 3);
    assert_int_equal(log.counts[AIRT_SUP_GAVE_UP], 0);
}
static void restarts_over_the_systems_rate_are_delayed(void **state)
{
    static const airt_system_options slow = { .restarts_per_s = 2 };

    (void)state;
    sim_each(delayed_body, &slow);
}

/* Permanent: always told; the others: failures only. */
static void told_body(sim *s)
{
    static otp_log log;
    airt_ref       top = AIRT_NONE;

    log = (otp_log){ .count = 0 };
    ASSERT_OK(airt_supervise(s->system, &top, .restarts_max = 9, .on_event = otp_on_event, .on_event_context = &log,
                             AIRT_CHILDREN(OTP_KID('a'), OTP_KID('b', .restart = AIRT_TRANSIENT),
                                           OTP_KID('c', .restart = AIRT_TEMPORARY),
                                           OTP_KID('d', .restart = AIRT_TEMPORARY))));
    otp_finish(s, 'a', OTP_NORMAL);
    otp_finish(s, 'b', OTP_ABNORMAL);
    otp_finish(s, 'b', OTP_SHUTDOWN_X);
    otp_finish(s, 'c', OTP_NORMAL);
    otp_finish(s, 'd', OTP_KILLED);
    assert_true(otp_logged(s, &log, "terminated a; restarting a; terminated b; restarting b; terminated d"));
}
static void orderly_ends_are_told_of_permanent_children_only(void **state)
{
    (void)state;
    sim_each(told_body, NULL);
}

/* A stop that ends as it was asked to is not told; any other end is. */
static void stops_body(sim *s)
{
    static otp_log log;
    airt_ref       top = AIRT_NONE;

    log = (otp_log){ .count = 0 };
    ASSERT_OK(airt_supervise(s->system, &top, .restarts_max = 9, .on_event = otp_on_event, .on_event_context = &log,
                             AIRT_CHILDREN(OTP_MULE('a', (.how = OTP_NORMAL), .restart = AIRT_TRANSIENT),
                                           OTP_MULE('b', (.how = OTP_NORMAL)), OTP_MULE('c', (.how = OTP_ABNORMAL)),
                                           OTP_KID('d', .shutdown_ms = AIRT_BRUTAL_KILL),
                                           OTP_MULE('e', (.after_ms = 99), .shutdown_ms = 9), OTP_KID('f'))));
    (void)airt_stop(s->system, top, NULL);
    sim_run(s, 20);
    assert_true(otp_logged(s, &log, "stop failed e; stop failed c; stop failed b"));
    assert_false(sim_alive(s, top));
}
static void stops_that_went_wrong_are_told(void **state)
{
    (void)state;
    sim_each(stops_body, NULL);
}

static void case_69_body(sim *s)
{
    static otp_log            log;
    const struct puppet_start start = { .tag = 'a' };
    airt_ref                  pool = AIRT_NONE, ref = AIRT_NONE;

    log = (otp_log){ .count = 0 };
    ASSERT_OK(airt_supervise(s->system, &pool, .strategy = AIRT_DYNAMIC, .on_event = otp_on_event,
                             .on_event_context = &log,
                             AIRT_CHILDREN(AIRT_CHILD(puppet, .start = { &puppet_start_kind, &start }))));
    ASSERT_OK(airt_supervisor_start_child(s->system, pool, NULL, OTP_WITHIN, &ref));
    otp_finish(s, 'a', OTP_ABNORMAL);
    assert_int_equal(otp_incarnation(s, 'a'), 2);
    assert_int_equal(log.counts[AIRT_SUP_STARTED], 0);
    assert_true(otp_logged(s, &log, "terminated puppet; restarting puppet"));
}
static void case_69_no_progress_of_pool_children(void **state)
{
    (void)state;
    sim_each(case_69_body, NULL);
}

/* Trees below tell what theirs above tells, unless they have an on_event of their own. */
static void below_body(sim *s)
{
    static otp_log log, own;
    airt_ref       top = AIRT_NONE;

    log = own = (otp_log){ .count = 0 };
    ASSERT_OK(airt_supervise(s->system, &top, .name = "top", .on_event = otp_on_event, .on_event_context = &log,
                             AIRT_CHILDREN(AIRT_SUBTREE(.name = "mid", AIRT_CHILDREN(OTP_KID('a'))),
                                           AIRT_SUBTREE(.name = "own", .on_event = otp_on_event,
                                                        .on_event_context = &own, AIRT_CHILDREN(OTP_KID('b'))))));
    otp_finish(s, 'a', OTP_KILLED);
    assert_string_equal(otp_first(&log, AIRT_SUP_TERMINATED)->supervisor_name, "mid");
    otp_finish(s, 'b', OTP_KILLED);
    assert_true(otp_logged(s, &log, "terminated a; restarting a"));
    assert_true(otp_logged(s, &own, "terminated b; restarting b"));
}
static void trees_below_tell_it_too(void **state)
{
    (void)state;
    sim_each(below_body, NULL);
}

/* --- texts -------------------------------------------------------------------------------------------------------- */

static airt_supervision_event sample(const airt_child *spec)
{
    return (airt_supervision_event){ .what = AIRT_SUP_RESTARTING,
                                     .supervisor = { 0x10 },
                                     .supervisor_name = "pool",
                                     .child = { 0x2f },
                                     .id = "worker",
                                     .number = 3,
                                     .behavior = "puppet",
                                     .incarnation = 4,
                                     .restarts = 3,
                                     .delay_ms = 250,
                                     .reason = { AIRT_EXIT_ERROR, AIRT_EINVAL, 7, { 0x2f } },
                                     .spec = spec };
}

static void events_as_text(void **state)
{
    const airt_child       spec = { .restart = AIRT_TRANSIENT, .shutdown_ms = AIRT_INFINITY, .significant = true };
    airt_supervision_event event = sample(&spec);
    const char *line = "pool 0x10: restarting; child: worker.3; actor: 0x2f#4; behaviour: puppet; restarts: 3; "
                       "restart: transient; shutdown: infinity; type: worker; significant; reason: error, "
                       "invalid argument, code 7, from 0x2f; in: 250 ms";
    char        text[1024], small[20];
    size_t      length = strlen(line);

    (void)state;
    assert_int_equal(airt_supervision_print(&event, false, text, sizeof text), length);
    assert_string_equal(text, line);
    assert_int_equal(airt_supervision_print(&event, false, small, sizeof small), length);
    assert_string_equal(small, "pool 0x10: restarti");
    assert_int_equal(airt_supervision_print(&event, false, small, 1), length);
    assert_string_equal(small, "");
    assert_int_equal(airt_supervision_print(&event, false, NULL, 0), length);
    (void)airt_supervision_print(&event, true, text, sizeof text);
    assert_string_equal(text,
                        "pool 0x10: restarting\n    child: worker.3\n    actor: 0x2f#4\n    behaviour: puppet\n"
                        "    restarts: 3\n    restart: transient\n    shutdown: infinity\n    type: worker\n"
                        "    significant\n    reason: error, invalid argument, code 7, from 0x2f\n    in: 250 ms");
}

static void an_event_of_a_message_names_it(void **state)
{
    airt_supervision_event event = { .what = AIRT_SUP_POISON,
                                     .supervisor = { 0x10 },
                                     .supervisor_name = "pool",
                                     .delay_ms = 60000,
                                     .reason = { AIRT_EXIT_ERROR, AIRT_EINVAL, 0, { 0 } },
                                     .message = "order",
                                     .trace = 0x4d };
    char                   text[256];

    (void)state;
    (void)airt_supervision_print(&event, false, text, sizeof text);
    assert_string_equal(text, "pool 0x10: poison quarantined; reason: error, invalid argument; message: order, "
                              "trace 0x4d; in: 60000 ms");
}

/* Long names are cut, so that a line is never longer than a few hundred bytes. */
static void long_names_are_cut(void **state)
{
    static const airt_tree tree = { .name = "below" };
    const airt_child       spec = { .tree = &tree, .restart = AIRT_TEMPORARY, .shutdown_ms = AIRT_BRUTAL_KILL };
    airt_supervision_event event = sample(&spec);
    char                   name[301], text[1024];

    (void)state;
    memset(name, 'n', 300);
    name[300] = '\0';
    event.id = event.behavior = event.supervisor_name = name;
    assert_true(airt_supervision_print(&event, false, text, sizeof text) < 500);
    assert_non_null(strstr(text, "; restart: temporary; shutdown: brutal kill; type: supervisor; reason: "));
    event.spec = NULL;
    assert_true(airt_supervision_print(&event, true, text, sizeof text) < 500);
    assert_null(strstr(text, "type"));
}

static void every_event_and_state_has_a_text(void **state)
{
    (void)state;
    for (int i = 0; i < AIRT_SUPERVISION_COUNT; i++)
        assert_string_not_equal(airt_supervision_text((airt_supervision)i), "unknown event");
    assert_string_equal(airt_supervision_text(AIRT_SUPERVISION_COUNT), "unknown event");
    for (int i = 0; i <= AIRT_CHILD_DOWN; i++)
        assert_string_not_equal(airt_child_state_text((airt_child_state)i), "unknown state");
    assert_string_equal(airt_child_state_text((airt_child_state)(AIRT_CHILD_DOWN + 1)), "unknown state");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(case_68_every_report_has_its_offender),
        SIM_TEST(a_child_may_escalate),
        SIM_TEST(an_automatic_shutdown_names_the_child),
        SIM_TEST(restarts_over_the_systems_rate_are_delayed),
        SIM_TEST(orderly_ends_are_told_of_permanent_children_only),
        SIM_TEST(stops_that_went_wrong_are_told),
        SIM_TEST(case_69_no_progress_of_pool_children),
        SIM_TEST(trees_below_tell_it_too),
        cmocka_unit_test(events_as_text),
        cmocka_unit_test(an_event_of_a_message_names_it),
        cmocka_unit_test(long_names_are_cut),
        cmocka_unit_test(every_event_and_state_has_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
