/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a timer cost, how late is it, and is it ever early? A hundred actors each arm their part of the timers, 10
 * to 100 ms ahead, and take the time when each fires. */
#include "harness.h"

#include <stdlib.h>

enum {
    SHORTEST_MS = 10,
    SPREAD_MS = 91
};

struct timers_due {
    int64_t due_ns;
};
AIRT_KIND(timers_due, due_ns)

typedef struct timers_log { /* each owner writes its own part */
    bench_run *run;
    double    *late_ns;
} timers_log;
struct timers_arm {
    timers_log *log;
    uint32_t    owner;
    uint64_t    count;
};
AIRT_LOCAL_KIND(timers_arm, timers_arm_drop)

#define timers_owner_ACCEPTS(KIND) KIND(timers_arm)
AIRT_PROTOCOL(timers_owner)
struct timers_owner {
    bench_run *run;
    double    *late_ns; /* next to write */
};

void timers_arm_drop(struct timers_arm *body)
{
    (void)body;
}

AIRT_ON(timers_owner, timers_arm)
{
    uint32_t random = msg->owner * 7919;

    self->run = msg->log->run;
    self->late_ns = &msg->log->late_ns[msg->owner * msg->count];
    for (uint64_t i = 0; i < msg->count; i++) {
        airt_duration delay = AIRT_MS(SHORTEST_MS + (random & 0xffffff) % SPREAD_MS);

        AIRT_TRY(airt_send_after(ctx, delay, NULL, timers_due, .due_ns = bench_now_ns() + delay.ns));
        random = (random * 1103515245u + 12345u) & 0x7fffffff;
    }
    return AIRT_OK;
}

AIRT_ON(timers_owner, timers_due)
{
    *self->late_ns++ = (double)(bench_now_ns() - msg->due_ns);
    bench_event(self->run);
    return AIRT_OK;
}

#define timers_owner_HANDLES(ON, A) ON(A, timers_arm) ON(A, timers_due)
AIRT_BEHAVIOR(timers_owner)

static bool timers_measure(timers_log *log, airt_system *system, uint64_t each)
{
    bench_run *run = log->run;

    bench_expect(run, each * run->actors);
    for (uint32_t i = 0; i < run->actors; i++) {
        timers_owner_ref owner;

        if (!bench_status(run, "spawn", airt_spawn(system, timers_owner, &owner, NULL)))
            return false;
        bench_tell(run, system, owner, timers_arm, .log = log, .owner = i, .count = each);
    }
    return bench_wait(run);
}

static void timers_report(timers_log *log, uint64_t total, double cpu_ns)
{
    bench_found *found = &log->run->found;

    bench_sort(log->late_ns, total);
    found->value[0] = cpu_ns / (double)total;
    found->value[1] = bench_percentile(log->late_ns, total, 0.5) / 1e6;
    found->value[2] = bench_percentile(log->late_ns, total, 0.99) / 1e6;
    found->check = total;
    if (log->late_ns[0] < 0)
        (void)bench_fail(log->run, "a timer fired %.0f ns early", -log->late_ns[0]);
}

static void timers_run(bench_run *run)
{
    uint64_t     each = run->count / run->actors;
    airt_system *system = bench_open(run);
    timers_log   log = { run, calloc(each * run->actors, sizeof(double)) };
    double       cpu_ns = bench_cpu_ns();

    if (log.late_ns == NULL || each == 0)
        (void)bench_fail(run, each == 0 ? "less than a timer for each actor" : "no memory");
    else if (system != NULL && timers_measure(&log, system, each))
        timers_report(&log, each * run->actors, bench_cpu_ns() - cpu_ns);
    bench_close(run, &system);
    free(log.late_ns);
}

const bench_workload bench_timers = {
    .name = "timers",
    .what = "100 actors (--actors) arm --count timers of 10 to 100 ms; CPU time each, and lateness; never early",
    .figure = { { "timers_cpu", "ns CPU/timer" }, { "timers_late_p50", "ms" }, { "timers_late_p99", "ms" } },
    .count = 100000,
    .small = 500,
    .actors = 100,
    .small_actors = 10,
    .real_only = "it measures the clock",
    .run = timers_run,
};
