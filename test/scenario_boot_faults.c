/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Supervisors with memory refused, whatever it is for, and whenever. A start: children that had started are stopped in
 * reverse order. A request for one more child: it leaves nothing behind. */
#include "otp_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static unsigned came_far; /* runs that failed when children had started */
static unsigned requests_failed;

/* What was said: starts "a+ b+", then the same letters backwards "b-shutdown a-shutdown". One that had not succeeded to
 * start says "/unstarted" behind its end. */
static bool in_order(const char *words)
{
    char   up[16], tag, end[32];
    size_t count = 0;

    for (; sscanf(words, "%c%31s", &tag, end) == 2; words = strchr(words, ' ') + 1) {
        if (strcmp(end, "+") == 0)
            up[count++] = tag;
        else if (strncmp(end, "-shutdown", 9) != 0 && strcmp(end, "-start/unstarted") != 0)
            return false;
        else if (count > 0 && up[count - 1] == tag)
            count--;
        else if (strchr(end, '/') == NULL)
            return false;
    }
    return count == 0;
}

static airt_status supervise(sim *s)
{
    static otp_plan  slow;
    const airt_child kids[] = { OTP_KID('a'), OTP_KID('b'), OTP_PLANNED('c', &slow), OTP_KID('d') };
    airt_ref         top = AIRT_NONE;

    slow = (otp_plan){ .sleep_ms = 5 };
    return airt_supervise(s->system, &top, .name = "top", .children = kids, .child_count = 4);
}

/* True: something was refused. */
static bool refused(airt_fault_options fault, uint64_t seed)
{
    static sim s;
    uint64_t   before;

    fault.sites = (1u << AIRT_ALLOCATION_MESSAGE) | (1u << AIRT_ALLOCATION_STACK) | (1u << AIRT_ALLOCATION_CHILD) |
                  (1u << AIRT_ALLOCATION_MEMORY) | (1u << AIRT_ALLOCATION_TIMER);
    if (sim_open(&s, &(sim_options){ .seed = seed, .fault = &fault, .system = { .workers = 2 } }) != AIRT_OK)
        return true;
    if (supervise(&s) != AIRT_OK) {
        sim_settle(&s);
        s.text[s.size] = '\0';
        came_far += strchr(s.text, '+') != NULL;
        if (!in_order(s.text))
            print_error("allocation %llu%s: %s\n", (unsigned long long)fault.nth, fault.onwards ? " onwards" : "",
                        s.text);
        assert_true(in_order(s.text));
    }
    before = airt_fault_refused(s.world);
    sim_close(&s);
    return before > 0;
}

static void children_are_stopped_in_reverse_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++)
        for (int onwards = 0; onwards < 2; onwards++)
            for (uint64_t nth = 1; refused((airt_fault_options){ .nth = nth, .onwards = onwards != 0 }, seed); nth++)
                continue;
    assert_true(came_far > 10);
}

/* True: something was refused. The supervisor has a record to spare, so that each step of the request may be the one. */
static bool refused_request(uint64_t nth, uint64_t seed)
{
    static sim         s;
    const airt_child   kid = OTP_KID('z');
    airt_fault_options fault = { .nth = nth };
    airt_ref           top = AIRT_NONE, ref = AIRT_NONE;
    airt_status        status;
    uint64_t           before;

    if (sim_open(&s, &(sim_options){ .seed = seed, .fault = &fault }) != AIRT_OK)
        return true;
    if (airt_supervise(s.system, &top, AIRT_CHILDREN(OTP_KID('a'))) == AIRT_OK) {
        before = airt_fault_refused(s.world);
        status = airt_supervisor_start_child(s.system, top, &kid, OTP_WITHIN, &ref);
        if (airt_fault_refused(s.world) > before) {
            assert_true(status == AIRT_OK || airt_status_retryable(status) || status == AIRT_EFAILED);
            requests_failed += status != AIRT_OK;
        }
        if (status != AIRT_OK) /* nothing is left of it: neither its id is taken, nor its name */
            assert_int_equal(airt_supervisor_start_child(s.system, top, &kid, OTP_WITHIN, &ref), AIRT_OK);
        if (airt_fault_refused(s.world) > 0) /* or it would be this */
            assert_true(otp_states(&s, top, "a running/0, z running/0"));
    }
    before = airt_fault_refused(s.world);
    sim_close(&s);
    return before > 0;
}

static void a_request_leaves_nothing(void **state)
{
    (void)state;
    for (uint64_t nth = 1; refused_request(nth, 1); nth++)
        continue;
    assert_true(requests_failed > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = { SIM_TEST(children_are_stopped_in_reverse_order),
                                        SIM_TEST(a_request_leaves_nothing) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
