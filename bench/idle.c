/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a system do that has nothing to do? Context switches of all threads of a process with 10,000 idle actors,
 * each with a timer an hour ahead; counted from outside, and once more with one message a second from outside. */
#include "harness.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    HOURS_AHEAD_S = 3600,
    SETTLE_S = 6
};

AIRT_SIGNAL(idle_alarm)
AIRT_SIGNAL(idle_poke)
#define idle_sleeper_ACCEPTS(KIND) KIND(bench_go) KIND(idle_poke)
AIRT_PROTOCOL(idle_sleeper)
struct idle_sleeper {
    bench_run *run;
};

AIRT_ON(idle_sleeper, bench_go)
{
    self->run = msg->run;
    AIRT_TRY(airt_send_after(ctx, AIRT_SECONDS(HOURS_AHEAD_S), NULL, idle_alarm));
    bench_event(msg->run);
    return AIRT_OK;
}

AIRT_ON(idle_sleeper, idle_poke)
{
    self->run->found.check++; /* this actor alone is poked, and read after the end */
    return AIRT_OK;
}

AIRT_ON(idle_sleeper, idle_alarm)
{
    (void)bench_fail(self->run, "a timer fired an hour early");
    return AIRT_OK;
}

#define idle_sleeper_HANDLES(ON, A) ON(A, bench_go) ON(A, idle_poke) ON(A, idle_alarm)
AIRT_BEHAVIOR(idle_sleeper)

/* --- the child: fills itself with idle actors, then passes a message on for every byte it reads ------------------- */

static bool fill(bench_run *run, airt_system *system, idle_sleeper_ref *sleeper)
{
    bench_expect(run, run->actors);
    for (uint32_t i = 0; i < run->actors; i++) {
        if (!bench_status(run, "spawn", airt_spawn(system, idle_sleeper, sleeper, NULL)))
            return false;
        airt_tell(system, *sleeper, bench_go, .run = run);
    }
    return bench_wait(run);
}

static void idle_child(bench_run *run, int from_parent, int to_parent)
{
    airt_system     *system = bench_open(run);
    idle_sleeper_ref sleeper = { 0 };
    char             byte = 'r';

    if (system == NULL || !fill(run, system, &sleeper) || write(to_parent, &byte, 1) != 1)
        return;
    while (read(from_parent, &byte, 1) == 1)
        airt_tell(system, sleeper, idle_poke);
    bench_close(run, &system);
}

/* --- the parent: counts from outside ------------------------------------------------------------------------------ */

static uint64_t switches_of_task(pid_t process, const char *task)
{
    char     path[300], line[128];
    uint64_t sum = 0, number;
    FILE    *file;

    (void)snprintf(path, sizeof path, "/proc/%d/task/%s/status", (int)process, task);
    file = fopen(path, "r");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "voluntary_ctxt_switches: %" SCNu64, &number) == 1 ||
            sscanf(line, "nonvoluntary_ctxt_switches: %" SCNu64, &number) == 1)
            sum += number;
    (void)fclose(file);
    return sum;
}

static uint64_t switches(pid_t process)
{
    char           path[64];
    uint64_t       sum = 0;
    struct dirent *entry;
    DIR           *tasks;

    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)process);
    tasks = opendir(path);
    if (tasks == NULL)
        return 0;
    while ((entry = readdir(tasks)) != NULL)
        if (entry->d_name[0] != '.')
            sum += switches_of_task(process, entry->d_name);
    (void)closedir(tasks);
    return sum;
}

static void pause_s(time_t seconds)
{
    const struct timespec span = { .tv_sec = seconds };

    (void)nanosleep(&span, NULL);
}

static void idle_watch(bench_run *run, const bench_child *child)
{
    uint64_t before;

    /* Once all is quiet the watch over stuck handlers takes a few of its periods, of 1 s, to fall asleep too. */
    pause_s((time_t)(run->count < SETTLE_S ? run->count : SETTLE_S));
    before = switches(child->pid);
    pause_s((time_t)run->count);
    run->found.value[0] = (double)(switches(child->pid) - before);
    before = switches(child->pid);
    for (uint64_t i = 0; i < run->count; i++) {
        if (write(child->to, "p", 1) != 1)
            (void)bench_fail(run, "the child process ended early");
        pause_s(1);
    }
    run->found.value[1] = (double)(switches(child->pid) - before);
}

static void idle_run(bench_run *run)
{
    bench_child child;
    char        ready = 0;
    double      value[2];

    if (!bench_child_start(run, idle_child, &child))
        return;
    if (read(child.from, &ready, 1) == 1 && ready == 'r')
        idle_watch(run, &child);
    memcpy(value, run->found.value, sizeof value);
    bench_child_end(run, &child); /* brings the child's own account */
    memcpy(run->found.value, value, sizeof value);
    (void)bench_equal(run, "messages from outside", run->found.check, run->count);
}

const bench_workload bench_idle = {
    .name = "idle",
    .what = "context switches of all threads in --count seconds, with 10,000 idle actors (--actors) and as many armed\n"
            "timers; idle_poked: one message a second comes from outside (the thread that sends it counts too)",
    .figure = { { "idle", "switches" }, { "idle_poked", "switches" } },
    .count = 10,
    .small = 1,
    .actors = 10000,
    .small_actors = 100,
    .repeats = 1,
    .real_only = "it measures a process",
    .run = idle_run,
};
