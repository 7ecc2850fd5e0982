/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sweep.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HANG_SECONDS = 30
};

static const char       *now_name = "";
static volatile uint64_t now_nth;
static volatile bool     now_onwards;

static void tell_where(int number)
{
    char text[160];
    int  size = snprintf(text, sizeof text, "%s, allocation %llu%s refused: signal %d\n", now_name,
                         (unsigned long long)now_nth, now_onwards ? " and all later ones" : "", number);

    (void)!write(2, text, (size_t)size);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

bool sweep_full(void)
{
    const char *text = getenv("SWEEP");

    return text != NULL && strcmp(text, "full") == 0;
}

void sweep(const char *name, sweep_run run, void *argument, bool onwards, uint64_t step)
{
    uint64_t before;

    (void)signal(SIGABRT, tell_where);
    (void)signal(SIGSEGV, tell_where);
    (void)signal(SIGALRM, tell_where);
    now_name = name;
    now_onwards = onwards;
    now_nth = 1;
    do {
        airt_fault_options fault = { .nth = now_nth, .onwards = onwards };

        before = sim_refused;
        (void)alarm(HANG_SECONDS);
        run(argument, &fault);
        (void)alarm(0);
        now_nth += step;
    } while (sim_refused > before);
}

struct scenario {
    sim_body                   body;
    const airt_system_options *system;
    uint64_t                   seed;
};

static void run_scenario(void *argument, const airt_fault_options *fault)
{
    const struct scenario *scenario = (const struct scenario *)argument;
    sim_options            options = { .seed = scenario->seed, .layout = (uint32_t)scenario->seed % 3, .fault = fault };
    static sim             s;

    if (scenario->system != NULL)
        options.system = *scenario->system;
    if (sim_open(&s, &options) != AIRT_OK)
        return;
    scenario->body(&s);
    sim_close(&s);
}

void sweep_each(const char *name, sim_body body, const airt_system_options *system)
{
    uint64_t before = sim_refused;

    for (uint64_t seed = 1; seed <= (sweep_full() ? 5u : 1u); seed++) {
        struct scenario scenario = { body, system, seed };

        sweep(name, run_scenario, &scenario, false, 1);
        sweep(name, run_scenario, &scenario, true, 1);
    }
    AIRT_CHECK(sim_refused > before + 2);
}
