/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How long is a supervised actor away? From the last instruction of the handler that fails to the first of the start
 * handler of its next incarnation, by way of its supervisor; back to back, and with the system asleep before each
 * failure. `restart`: the handler returns an error. `restart_fault`: it reads through a null pointer, and the fault is
 * contained. */
#include "harness.h"

#include <stdlib.h>

enum {
    PACED_PART = 10, /* one in so many failures comes after the gap */
    GAP_MS = 1
};

static _Atomic int64_t failed_at_ns;

struct restart_up {
    int64_t after_ns; /* since the failure */
};
struct restart_die {
    bool fault;
};
struct restart_victim_start {
    airt_ref driver;
};
struct restart_go {
    bench_run *run;
    double    *sample;
    airt_ref   victim;
    uint64_t   count;
    bool       fault, paced;
};
AIRT_KIND(restart_up, after_ns)
AIRT_KIND(restart_die, fault)
AIRT_KIND(restart_victim_start, driver)
AIRT_LOCAL_KIND(restart_go, restart_go_drop)

void restart_go_drop(struct restart_go *body)
{
    (void)body;
}

struct restart_victim {
    char nothing;
};

AIRT_ON(restart_victim, restart_victim_start)
{
    int64_t now = bench_now_ns();

    return airt_tell_any(ctx, msg->driver, restart_up, .after_ns = now - atomic_load(&failed_at_ns));
}

AIRT_ON(restart_victim, restart_die)
{
    volatile int *nowhere = NULL;

    atomic_store(&failed_at_ns, bench_now_ns());
    return msg->fault ? (airt_status)*nowhere : AIRT_EINVAL;
}

#define restart_victim_HANDLES(ON, A) ON(A, restart_victim_start) ON(A, restart_die)
AIRT_BEHAVIOR(restart_victim)

struct restart_driver {
    struct restart_go job;
    uint64_t          taken;
};

static airt_status next_one(struct restart_driver *self, airt_ctx *ctx)
{
    if (self->job.paced)
        AIRT_TRY(airt_sleep(ctx, AIRT_MS(GAP_MS)));
    return airt_tell_any(ctx, self->job.victim, restart_die, .fault = self->job.fault);
}

AIRT_ON(restart_driver, restart_go)
{
    self->job = *msg;
    self->taken = 0;
    return next_one(self, ctx);
}

AIRT_ON(restart_driver, restart_up)
{
    if (self->job.sample == NULL) /* the very first start */
        return AIRT_OK;
    self->job.sample[self->taken++] = (double)msg->after_ns / 1e3;
    bench_event(self->job.run);
    return self->taken < self->job.count ? next_one(self, ctx) : AIRT_OK;
}

#define restart_driver_HANDLES(ON, A) ON(A, restart_go) ON(A, restart_up)
AIRT_BEHAVIOR(restart_driver)

static airt_ref victim_of(bench_run *run, airt_system *system, airt_ref driver)
{
    airt_ref        supervisor = AIRT_NONE;
    airt_child_info info = { .ref = AIRT_NONE };
    airt_status     status = airt_supervise(
            system, &supervisor, .restarts_max = 65536, .window_ms = 1,
            AIRT_CHILDREN(AIRT_CHILD(restart_victim, .start = AIRT_START(restart_victim, .driver = driver))));

    if (bench_status(run, "supervise", status))
        (void)bench_status(
            run, "find",
            airt_supervisor_find_child(system, supervisor, AIRT_ID("restart_victim"), AIRT_SECONDS(10), &info));
    return info.ref;
}

/* Two figures. */
static void series(bench_run *run, airt_system *system, airt_ref driver, struct restart_go job, double *out)
{
    job.sample = malloc(job.count * sizeof *job.sample);
    if (job.sample == NULL) {
        (void)bench_fail(run, "no memory");
        return;
    }
    bench_expect(run, job.count);
    airt_tell_any(system, driver, restart_go, .run = run, .sample = job.sample, .victim = job.victim,
                  .count = job.count, .fault = job.fault, .paced = job.paced);
    if (bench_wait(run)) {
        bench_sort(job.sample, job.count);
        out[0] = bench_percentile(job.sample, job.count, 0.5);
        out[1] = bench_percentile(job.sample, job.count, 0.99);
        run->found.check += job.count;
    }
    free(job.sample);
}

static void restarts(bench_run *run, bool fault)
{
    airt_system_options options = { .workers = run->workers,
                                    .faults_max = AIRT_FAULTS_LIMIT,
                                    .faults = fault ? AIRT_FAULTS_CONTAIN : AIRT_FAULTS_DEFAULT };
    struct restart_go   job = { .run = run, .count = run->count, .fault = fault };
    airt_system        *system = NULL;
    airt_ref            driver = AIRT_NONE;

    if (!bench_status(run, "system", airt_system_create(&options, &system)))
        return;
    if (bench_status(run, "spawn", airt_spawn_any(system, restart_driver, &driver, NULL)))
        job.victim = victim_of(run, system, driver);
    if (run->found.failure[0] == '\0')
        series(run, system, driver, job, &run->found.value[0]);
    job.paced = true;
    job.count = run->count / PACED_PART + 1;
    if (run->found.failure[0] == '\0')
        series(run, system, driver, job, &run->found.value[2]);
    if (run->found.failure[0] == '\0')
        (void)bench_status(run, "stop", airt_system_stop(&system, AIRT_SECONDS(10)));
}

static void by_error(bench_run *run)
{
    restarts(run, false);
}

static void by_fault(bench_run *run)
{
    restarts(run, true);
}

const bench_workload bench_restart = {
    .name = "restart",
    .what = "from a handler's error to the start of its actor's next incarnation; --count failures back to back, and a "
            "tenth of that 1 ms apart",
    .figure = { { "restart_busy_p50", "us" },
                { "restart_busy_p99", "us" },
                { "restart_paced_p50", "us" },
                { "restart_paced_p99", "us" } },
    .count = 10000,
    .small = 50,
    .real_only = "it measures the clock",
    .run = by_error,
};

const bench_workload bench_restart_fault = {
    .name = "restart_fault",
    .what = "the same by a contained SIGSEGV",
    .figure = { { "restart_fault_busy_p50", "us" },
                { "restart_fault_busy_p99", "us" },
                { "restart_fault_paced_p50", "us" },
                { "restart_fault_paced_p99", "us" } },
    .count = 10000,
    .small = 50,
    .real_only = "it measures the clock",
    .run = by_fault,
};
