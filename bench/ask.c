/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How long does a thread outside wait for an answer: when it asks without a pause, and when everything has been asleep
 * for a millisecond? */
#include "harness.h"

#include <stdlib.h>
#include <time.h>

enum {
    IDLE_PART = 100,
    GAP_NS = 1000000
}; /* one in so many asks is asked of a sleeping system, after the gap */

struct ask_question {
    uint64_t number;
};
struct ask_reply {
    uint64_t number;
};
AIRT_KIND(ask_question, number)
AIRT_KIND(ask_reply, number)
AIRT_ANSWER(ask_question, ask_reply)

#define ask_server_ACCEPTS(KIND) KIND(ask_question)
AIRT_PROTOCOL(ask_server)
struct ask_server {
    char nothing;
};

AIRT_ON(ask_server, ask_question)
{
    return airt_reply(ctx, ask_question, .number = msg->number + 1);
}

#define ask_server_HANDLES(ON, A) ON(A, ask_question)
AIRT_BEHAVIOR(ask_server)

static bool ask_once(bench_run *run, airt_system *system, ask_server_ref server, uint64_t number, double *out_us)
{
    struct ask_reply reply = { 0 };
    int64_t          start_ns = bench_now_ns();
    airt_status      status = airt_ask(system, server, &reply, AIRT_SECONDS(10), ask_question, .number = number);

    *out_us = (double)(bench_now_ns() - start_ns) / 1e3;
    return bench_status(run, "ask", status) && bench_equal(run, "answer", reply.number, number + 1);
}

static bool ask_series(bench_run *run, airt_system *system, ask_server_ref server, uint64_t count, int64_t gap_ns,
                       double *out_three)
{
    const struct timespec gap = { .tv_nsec = gap_ns };
    double               *sample = malloc(count * sizeof *sample);

    if (sample == NULL)
        return bench_fail(run, "no memory");
    for (uint64_t i = 0; i < count; i++) {
        if (gap_ns > 0)
            (void)nanosleep(&gap, NULL);
        if (!ask_once(run, system, server, i, &sample[i])) {
            free(sample);
            return false;
        }
    }
    bench_sort(sample, count);
    out_three[0] = bench_percentile(sample, count, 0.5);
    out_three[1] = bench_percentile(sample, count, 0.99);
    out_three[2] = bench_percentile(sample, count, 0.999);
    free(sample);
    run->found.check += count;
    return true;
}

static void ask_run(bench_run *run)
{
    uint64_t       idle = run->count > IDLE_PART ? run->count / IDLE_PART : 1;
    airt_system   *system = bench_open(run);
    ask_server_ref server = { 0 };

    if (system == NULL)
        return;
    if (bench_status(run, "spawn", airt_spawn(system, ask_server, &server, NULL)) &&
        ask_series(run, system, server, run->count, 0, &run->found.value[0]))
        (void)ask_series(run, system, server, idle, GAP_NS, &run->found.value[3]);
    bench_close(run, &system);
}

const bench_workload bench_ask = {
    .name = "ask",
    .what = "a thread outside asks an actor; --count asks without a pause, and a hundredth of that 1 ms apart",
    .figure = { { "ask_busy_p50", "us" },
                { "ask_busy_p99", "us" },
                { "ask_busy_p999", "us" },
                { "ask_idle_p50", "us" },
                { "ask_idle_p99", "us" },
                { "ask_idle_p999", "us" } },
    .count = 100000,
    .small = 200,
    .real_only = "it measures a thread outside",
    .run = ask_run,
};
