/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "harness.h"

#include <airt/world.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    FAILED_STOP_SECONDS = 2
};

/* --- clock -------------------------------------------------------------------------------------------------------- */

int64_t bench_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static double timeval_ns(struct timeval span)
{
    return (double)span.tv_sec * 1e9 + (double)span.tv_usec * 1e3;
}

double bench_cpu_ns(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime);
}

void bench_expect(bench_run *run, uint64_t events)
{
    atomic_init(&run->events_left, events);
    (void)sem_init(&run->over, 0, 0);
}

void bench_start(bench_run *run)
{
    run->start_ns = bench_now_ns();
}

void bench_event(bench_run *run)
{
    if (atomic_fetch_sub(&run->events_left, 1) != 1)
        return;
    run->end_ns = bench_now_ns();
    (void)sem_post(&run->over); /* publishes both times to bench_wait */
}

/* Work that goes in circles never comes to an end by itself: the bound in time holds here too. */
static bool simulate(bench_run *run)
{
    const int64_t until_ns = bench_now_ns() + (int64_t)BENCH_SECONDS_MAX * 1000000000;

    while (atomic_load(&run->events_left) > 0 && !atomic_load(&run->has_failed))
        if (bench_now_ns() > until_ns || !airt_sim_step(run->world))
            return false;
    return true;
}

static bool wait_for_post(bench_run *run)
{
    struct timespec until;
    int             result;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += BENCH_SECONDS_MAX;
    do {
        result = sem_timedwait(&run->over, &until);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

bool bench_wait(bench_run *run)
{
    bool in_time = run->world != NULL ? simulate(run) : wait_for_post(run);

    if (atomic_load(&run->has_failed))
        return bench_fail(run, "%s", run->actor_failure);
    return in_time || bench_fail(run, "not over after %d s, or never: %" PRIu64 " events are missing",
                                 BENCH_SECONDS_MAX, atomic_load(&run->events_left));
}

double bench_ns_each(const bench_run *run, uint64_t operations)
{
    return (double)(run->end_ns - run->start_ns) / (double)operations;
}

double bench_ms(const bench_run *run)
{
    return (double)(run->end_ns - run->start_ns) / 1e6;
}

/* --- checks ------------------------------------------------------------------------------------------------------- */

bool bench_fail(bench_run *run, const char *format, ...)
{
    va_list arguments;

    if (run->found.failure[0] != '\0')
        return false;
    va_start(arguments, format);
    (void)vsnprintf(run->found.failure, sizeof run->found.failure, format, arguments);
    va_end(arguments);
    return false;
}

bool bench_status(bench_run *run, const char *what, airt_status status)
{
    return status == AIRT_OK || bench_fail(run, "%s: %s", what, airt_status_text(status));
}

bool bench_equal(bench_run *run, const char *what, uint64_t got, uint64_t want)
{
    return got == want || bench_fail(run, "%s: %" PRIu64 " instead of %" PRIu64, what, got, want);
}

/* --- systems and actors ------------------------------------------------------------------------------------------- */

void bench_go_drop(struct bench_go *body)
{
    (void)body;
}

/* A program whose actor failed would wait in vain: it ends at once. */
static void on_report(void *context, const airt_report *report)
{
    bench_run *run = context;

    if (report->kind != AIRT_REPORT_FAILED || atomic_exchange(&run->is_failing, true))
        return;
    (void)snprintf(run->actor_failure, sizeof run->actor_failure, "an actor failed: %s at %s: %s", report->behavior,
                   report->message != NULL ? report->message : "nothing known", airt_status_text(report->status));
    atomic_store(&run->has_failed, true);
    (void)sem_post(&run->over);
}

airt_system *bench_open(bench_run *run)
{
    airt_system_options options = {
        .world = run->world, .workers = run->workers, .report = on_report, .report_context = run
    };
    airt_system *system = NULL;
    airt_status  status =
        run->all_options ? bench_create_all(run, &options, &system) : airt_system_create(&options, &system);

    (void)bench_status(run, "system", status);
    return system;
}

static void check_account(bench_run *run, airt_system *system)
{
    airt_system_stats stats;
    uint64_t          dead = 0;

    airt_system_stats_get(system, &stats);
    for (int reason = 0; reason < AIRT_LETTER_COUNT; reason++)
        dead += stats.dead[reason];
    (void)bench_equal(run, "dead letters", dead, 0);
    (void)bench_equal(run, "refused messages", stats.refused, 0);
    (void)bench_equal(run, "messages handled", stats.handled, stats.accepted);
    if (run->all_options)
        bench_check_all(run, &stats);
}

/* The actors of a run that failed end too, before what they point to does; those that do not are left behind, for the
 * process ends soon. */
void bench_close(bench_run *run, airt_system **system)
{
    airt_duration within = AIRT_SECONDS(BENCH_SECONDS_MAX);

    if (atomic_load(&run->has_failed))
        (void)bench_fail(run, "%s", run->actor_failure);
    if (run->found.failure[0] != '\0')
        within = AIRT_SECONDS(FAILED_STOP_SECONDS);
    else if (bench_status(run, "quiescence", airt_system_quiesce(*system, within)))
        check_account(run, *system);
    (void)bench_status(run, "stop", airt_system_stop(system, within));
}

uint64_t bench_handled(bench_run *run, airt_system *system, airt_ref who)
{
    airt_actor_info info = { 0 };

    (void)bench_status(run, "info", airt_info(system, who, &info));
    return info.handled;
}

/* Exact: the short counters in statm lag behind by up to 32 pages a processor. */
double bench_resident_bytes(void)
{
    char      line[128];
    long long resident = 0;
    FILE     *file = fopen("/proc/self/smaps_rollup", "r");

    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Anonymous: %lld kB", &resident) == 1)
            break;
    (void)fclose(file);
    return (double)resident * 1024;
}

/* --- samples ------------------------------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void bench_sort(double *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, compare);
}

double bench_percentile(const double *sorted, size_t count, double part)
{
    return sorted[(size_t)((double)(count - 1) * part)];
}

/* --- child processes ---------------------------------------------------------------------------------------------- */

static void __attribute__((noreturn)) child_main(bench_run *run, void (*body)(bench_run *, int, int), int in, int out)
{
    body(run, in, out);
    _exit(write(out, &run->found, sizeof run->found) == (ssize_t)sizeof run->found ? 0 : 1);
}

bool bench_child_start(bench_run *run, void (*body)(bench_run *run, int from_parent, int to_parent), bench_child *child)
{
    int down[2], up[2];

    if (pipe(down) != 0)
        return bench_fail(run, "no pipe");
    if (pipe(up) != 0) {
        (void)close(down[0]);
        (void)close(down[1]);
        return bench_fail(run, "no pipe");
    }
    (void)fflush(NULL);
    *child = (bench_child){ .pid = fork(), .to = down[1], .from = up[0] };
    if (child->pid == 0) {
        (void)close(down[1]);
        (void)close(up[0]);
        child_main(run, body, down[0], up[1]);
    }
    (void)close(down[0]);
    (void)close(up[1]);
    return child->pid > 0 || bench_fail(run, "no child process");
}

void bench_child_end(bench_run *run, bench_child *child)
{
    bench_found found;

    (void)close(child->to);
    if (read(child->from, &found, sizeof found) != (ssize_t)sizeof found)
        (void)bench_fail(run, "the child process ended early");
    else if (run->found.failure[0] == '\0')
        run->found = found;
    (void)close(child->from);
    (void)waitpid(child->pid, NULL, 0);
}
