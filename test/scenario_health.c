/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Health probes: what the answers lead to, and when; those that never come. */
#include "otp_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* --- a patient, and how it feels ---------------------------------------------------------------------------------- */

enum {
    SILENT = 100,
    WELL_UP = 200 /* + ms: well, but so late */
};
static struct {
    uint32_t feels[16]; /* of its next checks; the last one stays */
    uint32_t checks, next;
} mood;

struct patient_start {
    uint32_t tag;
};
AIRT_KIND(patient_start, tag)
struct patient {
    struct puppet puppet;
};
AIRT_ON(patient, patient_start)
{
    self->puppet.tag = (char)msg->tag;
    sim_tag((char)msg->tag, airt_self(ctx));
    sim_say("%c+", (char)msg->tag);
    return AIRT_OK;
}
AIRT_ON(patient, airt_health_check)
{
    uint32_t feels = mood.feels[mood.next];

    (void)self;
    mood.checks++;
    if (mood.feels[mood.next + 1] != 0)
        mood.next++;
    if (feels == SILENT)
        return AIRT_OK;
    if (feels > WELL_UP) {
        AIRT_TRY(airt_sleep(ctx, AIRT_MS(feels - WELL_UP)));
        feels = AIRT_WELL + 1;
    }
    return airt_health_tell(ctx, (airt_wellness)(feels - 1));
}
AIRT_ON(patient, act)
{
    return msg->run(ctx, &self->puppet, msg->argument);
}
AIRT_ON(patient, num)
{
    (void)ctx;
    sim_say("%c:%llu", self->puppet.tag, (unsigned long long)msg->n);
    return AIRT_OK;
}
#define patient_HANDLES(ON, A) ON(A, patient_start) ON(A, airt_health_check) ON(A, act) ON(A, num)
AIRT_ACTOR(patient)
AIRT_BEHAVIOR(patient)

enum { /* as they are in feels */
    WELL = AIRT_WELL + 1,
    DEGRADED = AIRT_DEGRADED + 1,
    FAILING = AIRT_FAILING + 1
};
#define PATIENT(...) PATIENT_OF("p", __VA_ARGS__)
#define PATIENT_OF(name, ...)                                                                                          \
    {                                                                                                                  \
        .behavior = &patient_behavior, .id = (name),                                                                   \
        .start = { &patient_start_kind, &(const struct patient_start){ .tag = 'p' } }, __VA_ARGS__                     \
    }
#define MOOD(...)                                                                                                      \
    (mood.checks = mood.next = 0, memcpy(mood.feels, (const uint32_t[16]){ __VA_ARGS__ }, sizeof mood.feels))

static otp_log log_of;

static airt_ref clinic(sim *s, const airt_child *patient, uint32_t restarts_max)
{
    airt_ref top = AIRT_NONE;

    log_of = (otp_log){ .world = s->world };
    ASSERT_OK(airt_supervise(s->system, &top, .restarts_max = restarts_max, .window_ms = 3600000,
                             .on_event = otp_on_event, .on_event_context = &log_of, .children = patient,
                             .child_count = 1));
    return top;
}

/* "1000 2000": when the events of a kind were. A ms later than exactly: the clock cuts off what is below one. */
static bool times(sim *s, airt_supervision what, const char *wanted)
{
    char   text[128] = "";
    size_t length = 0;

    for (size_t i = 0; i < log_of.count && length < 100; i++)
        if (log_of.events[i].what == what)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%lld", length > 0 ? " " : "",
                                       (long long)(log_of.events[i].at_ms - log_of.events[0].at_ms) / 10 * 10);
    return otp_same(s, airt_supervision_text(what), text, wanted);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static void well_body(sim *s)
{
    const airt_child p = PATIENT(.health = { .interval_ms = 1000 });
    airt_ref         top;

    MOOD(WELL);
    top = clinic(s, &p, 1);
    sim_run(s, 999);
    assert_int_equal(mood.checks, 0); /* the first after an interval */
    sim_run(s, 9500);
    assert_int_equal(mood.checks, 10);
    assert_true(otp_logged(s, &log_of, ""));
    ASSERT_OK(airt_supervisor_stop_child(s->system, top, AIRT_ID("p"), OTP_WITHIN));
    sim_run(s, 5000);
    assert_int_equal(mood.checks, 10); /* none while it is down */
    ASSERT_OK(airt_supervisor_restart_child(s->system, top, AIRT_ID("p"), OTP_WITHIN, &(airt_ref){ 0 }));
    sim_run(s, 3500);
    assert_int_equal(mood.checks, 13);
}
static void well_is_silence(void **state)
{
    (void)state;
    sim_each(well_body, NULL);
}

static void degraded_body(sim *s)
{
    const airt_child p = PATIENT(.health = { .interval_ms = 1000 });

    MOOD(WELL, DEGRADED, DEGRADED, DEGRADED, DEGRADED, WELL);
    (void)clinic(s, &p, 1);
    sim_run(s, 10500);
    assert_true(times(s, AIRT_SUP_DEGRADED, "2000"));
    assert_true(times(s, AIRT_SUP_RECOVERED, "6000"));
    assert_int_equal(otp_first(&log_of, AIRT_SUP_DEGRADED)->incarnation, 1);
    assert_true(otp_logged(s, &log_of, "degraded p; recovered p"));
    assert_int_equal(otp_incarnation(s, 'p'), 1);
}
static void degraded_is_told_and_nothing_else(void **state)
{
    (void)state;
    sim_each(degraded_body, NULL);
}

static void failing_body(sim *s)
{
    const airt_child p = PATIENT(.health = { .interval_ms = 1000 });
    airt_ref         top;
    const otp_event *event;

    MOOD(FAILING, FAILING, WELL, FAILING, FAILING, FAILING, WELL);
    top = clinic(s, &p, 1);
    sim_run(s, 8500);
    event = otp_first(&log_of, AIRT_SUP_UNHEALTHY);
    assert_int_equal(event->incarnation, 1);
    assert_int_equal(event->reason.exit, AIRT_EXIT_KILLED);
    assert_true(times(s, AIRT_SUP_UNHEALTHY, "6000"));
    assert_int_equal(otp_first(&log_of, AIRT_SUP_TERMINATED)->reason.exit, AIRT_EXIT_KILLED);
    assert_true(otp_logged(s, &log_of, "degraded p; recovered p; degraded p; unhealthy p; terminated p; restarting p"));
    assert_int_equal(otp_incarnation(s, 'p'), 2);
    assert_true(otp_states(s, top, "p running/1"));
}
static void three_failing_answers_in_a_row_are_a_kill(void **state)
{
    (void)state;
    sim_each(failing_body, NULL);
}

/* An answer that is neither well nor failing ends the row. */
static void row_body(sim *s)
{
    const airt_child p = PATIENT(.health = { .interval_ms = 1000, .failed_max = 2 });

    MOOD(FAILING, DEGRADED, FAILING, DEGRADED, FAILING, WELL, FAILING, FAILING, WELL);
    (void)clinic(s, &p, 1);
    sim_run(s, 7500);
    assert_int_equal(log_of.counts[AIRT_SUP_UNHEALTHY], 0);
    sim_run(s, 1000);
    assert_true(times(s, AIRT_SUP_UNHEALTHY, "8000"));
}
static void degraded_ends_a_row(void **state)
{
    (void)state;
    sim_each(row_body, NULL);
}

enum {
#ifdef SWEEP_SCENARIO
    EVEN = 2,
    LATER = 3
#else
    EVEN = 20,
    LATER = 40
#endif
};

/* Each at its own pace, whoever else is probed, and while children come and go. */
static void many_body(sim *s)
{
    const airt_child kids[] = { PATIENT(.count = EVEN, .health = { .interval_ms = 700, .timeout_ms = 100 }),
                                PATIENT_OF("q", .count = EVEN / 2, .health = { .interval_ms = 3000 }) };
    airt_ref         top = AIRT_NONE;

    MOOD(WELL);
    log_of = (otp_log){ .world = s->world };
    ASSERT_OK(airt_supervise(s->system, &top, .on_event = otp_on_event, .on_event_context = &log_of, .children = kids,
                             .child_count = 2));
    sim_run(s, 6050);
    assert_int_equal(mood.checks, EVEN * 8 + EVEN / 2 * 2);
    for (int i = 2; i <= EVEN; i += 2) {
        char id[16];

        (void)snprintf(id, sizeof id, "p.%d", i);
        ASSERT_OK(airt_supervisor_stop_child(s->system, top, AIRT_ID(id), OTP_WITHIN));
    }
    mood.checks = 0;
    sim_run(s, 6050);
    assert_int_equal(mood.checks, EVEN / 2 * 9 + EVEN / 2 * 2);
    assert_true(otp_logged(s, &log_of, ""));
}
static void many_are_probed_each_at_its_own_pace(void **state)
{
    (void)state;
    sim_each(many_body, NULL);
}

/* Children come while the checks of others are out: their answers are known all the same. */
static void grows_body(sim *s)
{
    const airt_child p = PATIENT(.health = { .interval_ms = 1000 });
    airt_ref         pool = AIRT_NONE, ref = AIRT_NONE;

    MOOD(WELL_UP + 500);
    log_of = (otp_log){ .world = s->world };
    ASSERT_OK(airt_supervise(s->system, &pool, .strategy = AIRT_DYNAMIC, .on_event = otp_on_event,
                             .on_event_context = &log_of, .children = &p, .child_count = 1));
    for (int i = 0; i < LATER; i++) {
        ASSERT_OK(airt_supervisor_start_child(s->system, pool, NULL, OTP_WITHIN, &ref));
        sim_run(s, 70);
    }
    sim_run(s, 1000);
    assert_true(mood.checks > LATER);
    assert_true(otp_logged(s, &log_of, ""));
}
static void answers_are_known_though_children_come(void **state)
{
    (void)state;
    sim_each(grows_body, NULL);
}

/* The check is passed on, and answered by another. */
struct deputy {
    airt_ref to;
};
AIRT_ACTOR(deputy)
static airt_ref asked_instead;
AIRT_ON(deputy, airt_health_check)
{
    (void)self;
    (void)msg;
    return airt_forward_any(ctx, asked_instead, airt_health_check);
}
#define deputy_HANDLES(ON, A) ON(A, airt_health_check)
AIRT_BEHAVIOR(deputy)

static void passed_on_body(sim *s)
{
    const airt_child kids[] = { AIRT_CHILD(deputy, .id = "p", .health = { .interval_ms = 1000 }, .count = 2),
                                PATIENT_OF("q", .health = { .interval_ms = 10000 }) };

    airt_ref top = AIRT_NONE;

    MOOD(WELL, WELL, DEGRADED, WELL, WELL);
    log_of = (otp_log){ .world = s->world };
    ASSERT_OK(airt_supervise(s->system, &top, .on_event = otp_on_event, .on_event_context = &log_of, .children = kids,
                             .child_count = 2));
    asked_instead = otp_ref(s, 'p');
    sim_run(s, 8500);
    assert_int_equal(mood.checks, 16);
    assert_true(otp_logged(s, &log_of, "degraded p; recovered p"));
}
static void a_check_may_be_passed_on(void **state)
{
    (void)state;
    sim_each(passed_on_body, NULL);
}

/* --- no answers --------------------------------------------------------------------------------------------------- */

static void missed_body(sim *s)
{
    const airt_child p = PATIENT(.health = { .interval_ms = 1000 });

    MOOD(SILENT, SILENT, SILENT, WELL);
    (void)clinic(s, &p, 1);
    sim_run(s, 9500);
    assert_true(times(s, AIRT_SUP_DEGRADED, "2000")); /* the interval is the timeout */
    assert_true(times(s, AIRT_SUP_UNHEALTHY, "4000"));
    assert_true(otp_logged(s, &log_of, "degraded p; unhealthy p; terminated p; restarting p"));
}
static void three_missed_answers_are_a_kill(void **state)
{
    (void)state;
    sim_each(missed_body, NULL);
}

static void timeout_body(sim *s)
{
    const airt_child p = PATIENT(.health = { .interval_ms = 1000, .timeout_ms = 100, .failed_max = 2 });

    MOOD(WELL_UP + 50, WELL_UP + 150, WELL_UP + 50, WELL_UP + 150, WELL_UP + 150, WELL);
    (void)clinic(s, &p, 1);
    sim_run(s, 5500);
    assert_true(times(s, AIRT_SUP_DEGRADED, "2100 4100"));
    assert_true(times(s, AIRT_SUP_RECOVERED, "3050"));
    assert_true(times(s, AIRT_SUP_UNHEALTHY, "5100"));
    assert_int_equal(otp_incarnation(s, 'p'), 2);
}
static void an_answer_that_comes_too_late_is_none(void **state)
{
    (void)state;
    sim_each(timeout_body, NULL);
}

/* Health restarts count toward the intensity. */
static void intensity_body(sim *s)
{
    const airt_child p = PATIENT(.health = { .interval_ms = 1000, .failed_max = 1 });
    airt_ref         top;

    MOOD(SILENT);
    top = clinic(s, &p, 2);
    otp_watch(s, top);
    sim_run(s, 5500);
    assert_true(otp_ended(s, "")); /* killed at 2000 and 4000 */
    assert_int_equal(log_of.counts[AIRT_SUP_UNHEALTHY], 2);
    sim_run(s, 1000);
    assert_int_equal(log_of.counts[AIRT_SUP_GAVE_UP], 1);
    assert_true(otp_ended(s, "escalated"));
}
static void unhealthy_restarts_count(void **state)
{
    (void)state;
    sim_each(intensity_body, NULL);
}

static uint64_t switches_of(sim *s)
{
    airt_system_stats stats;

    airt_system_stats_get(s->system, &stats);
    return stats.switches;
}

/* A check that finds no room is a missed one, and does not make the supervisor wait. */
static void full_body(sim *s)
{
    static const airt_overflow rules[] = { AIRT_REFUSE, AIRT_WAIT };

    for (int i = 0; i < 2; i++) {
        const airt_child p =
            PATIENT(.health = { .interval_ms = 1000, .failed_max = 2 },
                    .mailbox = { .max = 1, .overflow = rules[i], .wait_ms = 500000 }, .drop_mail = true);
        airt_ref top;
        uint64_t switches, full;
        int64_t  before;

        MOOD(WELL);
        top = clinic(s, &p, 1);
        sim_do(s, otp_ref(s, 'p'), sim_sleeps, (void *)(intptr_t)1000000);
        sim_settle(s);
        sim_num(s, otp_ref(s, 'p'), 1);
        sim_run(s, 500);
        switches = switches_of(s);
        full = s->letters[AIRT_LETTER_FULL];
        sim_run(s, 1000);
        assert_int_equal(s->letters[AIRT_LETTER_FULL], full + 1);
        assert_int_equal(switches_of(s), switches);
        before = airt_now_ns(s->system);
        assert_true(otp_states(s, top, "p running/0")); /* it answers while the check is out */
        assert_int_equal(airt_now_ns(s->system), before);
        sim_run(s, 3000);
        assert_true(times(s, AIRT_SUP_UNHEALTHY, "3000"));
        assert_true(otp_states(s, top, "p running/1"));
        (void)airt_stop(s->system, top, NULL);
        sim_settle(s);
    }
}
static void a_full_mailbox_is_not_healthy(void **state)
{
    (void)state;
    sim_each(full_body, NULL);
}

/* --- misuse ------------------------------------------------------------------------------------------------------- */

static airt_status tells(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    *(airt_status *)argument = airt_health_tell(ctx, AIRT_WELL);
    return AIRT_OK;
}
static void forged_body(sim *s)
{
    const airt_child p = PATIENT(.health = { .interval_ms = 1000, .failed_max = 1 });
    airt_status      status = AIRT_OK;
    airt_ref         top;

    MOOD(SILENT);
    top = clinic(s, &p, 9);
    sim_do(s, otp_ref(s, 'p'), tells, &status);
    sim_run(s, 1500);
    assert_int_equal(status, AIRT_EINVAL);
    for (uint64_t number = 0; number < 3; number += 2) /* no check, and one that was never sent */
        (void)airt_tell_any(s->system, top, airt_health_report, .number = number, .wellness = AIRT_WELL);
    sim_run(s, 1000);
    assert_int_equal(log_of.counts[AIRT_SUP_UNHEALTHY], 1);
}
static void answers_to_no_check_are_ignored(void **state)
{
    (void)state;
    sim_each(forged_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(well_is_silence),
        SIM_TEST(degraded_is_told_and_nothing_else),
        SIM_TEST(three_failing_answers_in_a_row_are_a_kill),
        SIM_TEST(degraded_ends_a_row),
        SIM_TEST(many_are_probed_each_at_its_own_pace),
        SIM_TEST(answers_are_known_though_children_come),
        SIM_TEST(a_check_may_be_passed_on),
        SIM_TEST(three_missed_answers_are_a_kill),
        SIM_TEST(an_answer_that_comes_too_late_is_none),
        SIM_TEST(unhealthy_restarts_count),
        SIM_TEST(a_full_mailbox_is_not_healthy),
        SIM_TEST(answers_to_no_check_are_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
