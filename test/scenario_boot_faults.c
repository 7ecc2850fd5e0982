/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A supervisor's start with memory refused: whatever is refused, and whenever, children that had started are stopped in
 * reverse order. */
#include "otp_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static unsigned came_far; /* runs that failed when children had started */

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

int main(void)
{
    const struct CMUnitTest tests[] = { SIM_TEST(children_are_stopped_in_reverse_order) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
