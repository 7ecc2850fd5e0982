/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How long does an actor wait its turn beside a thousand that never rest? Each of these works 1 us a message and tells
 * itself the next. A probe sleeps 1 ms and then asks an idle actor: how long the answer took, and how late the sleep
 * ended. And whether the busy ones themselves got equal shares: the least progress of one against the mean. */
#include "harness.h"

#include <stdlib.h>

enum {
    WORK_NS = 1000,
    SLEEP_NS = 1000000
};

typedef struct fairness_hall {
    bench_run   *run;
    _Atomic bool over;   /* the probe has finished */
    uint64_t    *spins;  /* of each busy actor, written by it alone */
    double      *ask_us; /* the probe's */
    double      *late_us;
} fairness_hall;

/* --- the busy ones ------------------------------------------------------------------------------------------------- */

struct fairness_join {
    fairness_hall *hall;
    uint32_t       index;
};
AIRT_LOCAL_KIND(fairness_join, fairness_join_drop)
AIRT_SIGNAL(fairness_spin)
#define fairness_busy_ACCEPTS(KIND) KIND(fairness_join) KIND(fairness_spin)
AIRT_PROTOCOL(fairness_busy)

struct fairness_busy {
    fairness_hall *hall;
    uint64_t      *spins;
};

void fairness_join_drop(struct fairness_join *body)
{
    (void)body;
}

static void work(void)
{
    int64_t until_ns = bench_now_ns() + WORK_NS;

    while (bench_now_ns() < until_ns) {
    }
}

AIRT_ON(fairness_busy, fairness_join)
{
    self->hall = msg->hall;
    self->spins = &msg->hall->spins[msg->index];
    bench_event(self->hall->run);
    return airt_tell_any(ctx, airt_self(ctx), fairness_spin);
}

AIRT_ON(fairness_busy, fairness_spin)
{
    work();
    ++*self->spins;
    return atomic_load(&self->hall->over) ? AIRT_STOP : airt_tell_any(ctx, airt_self(ctx), fairness_spin);
}

#define fairness_busy_HANDLES(ON, A) ON(A, fairness_join) ON(A, fairness_spin)
AIRT_BEHAVIOR(fairness_busy)

/* --- the idle one -------------------------------------------------------------------------------------------------- */

struct fairness_question {
    uint64_t number;
};
struct fairness_reply {
    uint64_t number;
};
AIRT_KIND(fairness_question, number)
AIRT_KIND(fairness_reply, number)
AIRT_ANSWER(fairness_question, fairness_reply)
#define fairness_idle_ACCEPTS(KIND) KIND(fairness_question)
AIRT_PROTOCOL(fairness_idle)
struct fairness_idle {
    char nothing;
};

AIRT_ON(fairness_idle, fairness_question)
{
    return airt_reply(ctx, fairness_question, .number = msg->number + 1);
}

#define fairness_idle_HANDLES(ON, A) ON(A, fairness_question)
AIRT_BEHAVIOR(fairness_idle)

/* --- the probe ----------------------------------------------------------------------------------------------------- */

struct fairness_measure {
    fairness_hall    *hall;
    fairness_idle_ref idle;
};
AIRT_LOCAL_KIND(fairness_measure, fairness_measure_drop)
#define fairness_probe_ACCEPTS(KIND) KIND(fairness_measure)
AIRT_PROTOCOL(fairness_probe)
struct fairness_probe {
    fairness_hall    *hall;
    fairness_idle_ref idle;
};

void fairness_measure_drop(struct fairness_measure *body)
{
    (void)body;
}

static airt_status measure_once(struct fairness_probe *self, airt_ctx *ctx, uint64_t number)
{
    struct fairness_reply reply = { 0 };
    int64_t               asleep_ns = bench_now_ns(), asked_ns;

    AIRT_TRY(airt_sleep(ctx, AIRT_NS(SLEEP_NS)));
    asked_ns = bench_now_ns();
    AIRT_TRY(airt_ask(ctx, self->idle, &reply, AIRT_SECONDS(60), fairness_question, .number = number));
    self->hall->ask_us[number] = (double)(bench_now_ns() - asked_ns) / 1e3;
    self->hall->late_us[number] = (double)(asked_ns - asleep_ns - SLEEP_NS) / 1e3;
    self->hall->run->found.check += reply.number == number + 1;
    return AIRT_OK;
}

AIRT_ON(fairness_probe, fairness_measure)
{
    bench_run *run = msg->hall->run;

    self->hall = msg->hall;
    self->idle = msg->idle;
    for (uint64_t i = 0; i < run->count; i++)
        AIRT_TRY(measure_once(self, ctx, i));
    atomic_store(&self->hall->over, true);
    bench_event(run);
    return AIRT_OK;
}

#define fairness_probe_HANDLES(ON, A) ON(A, fairness_measure)
AIRT_BEHAVIOR(fairness_probe)

/* --- the run ------------------------------------------------------------------------------------------------------- */

static bool fill_hall(fairness_hall *hall, airt_system *system)
{
    bench_run *run = hall->run;

    bench_expect(run, run->actors);
    for (uint32_t i = 0; i < run->actors; i++) {
        fairness_busy_ref busy;

        if (!bench_status(run, "spawn", airt_spawn(system, fairness_busy, &busy, NULL)))
            return false;
        bench_tell(run, system, busy, fairness_join, .hall = hall, .index = i);
    }
    return bench_wait(run);
}

static double least_share(const fairness_hall *hall)
{
    uint32_t actors = hall->run->actors;
    uint64_t least = UINT64_MAX, total = 0;

    for (uint32_t i = 0; i < actors; i++) {
        total += hall->spins[i];
        if (hall->spins[i] < least)
            least = hall->spins[i];
    }
    return (double)least * actors / (double)total;
}

static void fairness_report(fairness_hall *hall)
{
    bench_run *run = hall->run;
    double    *value = run->found.value;

    bench_sort(hall->ask_us, run->count);
    bench_sort(hall->late_us, run->count);
    value[0] = bench_percentile(hall->ask_us, run->count, 0.5);
    value[1] = bench_percentile(hall->ask_us, run->count, 0.99);
    value[2] = bench_percentile(hall->ask_us, run->count, 0.999);
    value[3] = bench_percentile(hall->late_us, run->count, 0.5);
    value[4] = bench_percentile(hall->late_us, run->count, 0.999);
    value[5] = least_share(hall);
    (void)bench_equal(run, "answers", run->found.check, run->count);
}

static void fairness_play(fairness_hall *hall, airt_system *system)
{
    bench_run         *run = hall->run;
    fairness_idle_ref  idle = { 0 };
    fairness_probe_ref probe = { 0 };

    if (!bench_status(run, "spawn", airt_spawn(system, fairness_idle, &idle, NULL)) ||
        !bench_status(run, "spawn", airt_spawn(system, fairness_probe, &probe, NULL)) || !fill_hall(hall, system))
        return;
    bench_expect(run, 1);
    bench_tell(run, system, probe, fairness_measure, .hall = hall, .idle = idle);
    if (bench_wait(run) && bench_status(run, "quiescence", airt_system_quiesce(system, AIRT_SECONDS(60))))
        fairness_report(hall);
}

static void fairness_run(bench_run *run)
{
    airt_system  *system = bench_open(run);
    fairness_hall hall = { .run = run,
                           .spins = calloc(run->actors, sizeof *hall.spins),
                           .ask_us = calloc(run->count, sizeof *hall.ask_us),
                           .late_us = calloc(run->count, sizeof *hall.late_us) };

    if (hall.spins == NULL || hall.ask_us == NULL || hall.late_us == NULL)
        (void)bench_fail(run, "no memory");
    else if (system != NULL)
        fairness_play(&hall, system);
    bench_close(run, &system);
    free(hall.spins);
    free(hall.ask_us);
    free(hall.late_us);
}

const bench_workload bench_fairness = {
    .name = "fairness",
    .what =
        "a probe beside 1,000 actors (--actors) that never rest; --count times it sleeps 1 ms, then asks an idle\n"
        "actor: the answer's latency; fairness_late: the end of the sleep; fairness_least: the slowest busy actor's\n"
        "progress, as a share of the mean",
    .figure = { { "fairness_p50", "us" },
                { "fairness_p99", "us" },
                { "fairness_p999", "us" },
                { "fairness_late_p50", "us" },
                { "fairness_late_p999", "us" },
                { "fairness_least", "of the mean" } },
    .count = 3000,
    .small = 20,
    .actors = 1000,
    .small_actors = 50,
    .repeats = 3,
    .real_only = "it measures the clock",
    .run = fairness_run,
};
