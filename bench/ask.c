/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How long does a thread outside wait for an answer: when it asks without a pause, and when everything has been asleep
 * for a millisecond? */
#include "echo.h"

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

typedef struct asked {
    bench_run     *run;
    airt_system   *system;
    ask_server_ref server;
    bench_echo    *echo;
} asked;

static bool ask_actor(asked *a, uint64_t number)
{
    struct ask_reply reply = { 0 };
    airt_status      status = airt_ask(a->system, a->server, &reply, AIRT_SECONDS(10), ask_question, .number = number);

    a->run->found.check++;
    return bench_status(a->run, "ask", status) && bench_equal(a->run, "answer", reply.number, number + 1);
}

/* The same of a thread by hand. */
static bool ask_thread(asked *a, uint64_t number)
{
    return bench_equal(a->run, "echo", bench_echo_ask(a->echo, (uint32_t)number), (uint32_t)number + 1);
}

static bool ask_series(asked *a, bool (*ask)(asked *a, uint64_t number), uint64_t count, int64_t gap_ns,
                       double *out_three)
{
    const struct timespec gap = { .tv_nsec = gap_ns };
    double               *sample = malloc(count * sizeof *sample);
    bool                  good = sample != NULL || bench_fail(a->run, "no memory");

    for (uint64_t i = 0; i < count && good; i++) {
        int64_t start_ns;

        if (gap_ns > 0)
            (void)nanosleep(&gap, NULL);
        start_ns = bench_now_ns();
        good = ask(a, i);
        sample[i] = (double)(bench_now_ns() - start_ns) / 1e3;
    }
    if (good) {
        bench_sort(sample, count);
        out_three[0] = bench_percentile(sample, count, 0.5);
        out_three[1] = bench_percentile(sample, count, 0.99);
        out_three[2] = bench_percentile(sample, count, 0.999);
    }
    free(sample);
    return good;
}

static void ask_run(bench_run *run)
{
    uint64_t idle = run->count > IDLE_PART ? run->count / IDLE_PART : 1;
    asked    a = { .run = run, .system = bench_open(run), .echo = bench_echo_start(run) };
    double  *value = run->found.value;

    if (a.system != NULL && a.echo != NULL &&
        bench_status(run, "spawn", airt_spawn(a.system, ask_server, &a.server, NULL)) &&
        ask_series(&a, ask_actor, run->count, 0, &value[0]) && ask_series(&a, ask_actor, idle, GAP_NS, &value[3]))
        (void)ask_series(&a, ask_thread, idle, GAP_NS, &value[6]);
    bench_echo_stop(a.echo);
    if (a.system != NULL)
        bench_close(run, &a.system);
}

const bench_workload bench_ask = {
    .name = "ask",
    .what = "a thread outside asks an actor; --count asks without a pause, and a hundredth of that 1 ms apart",
    .figure = { { "ask_busy_p50", "us" },
                { "ask_busy_p99", "us" },
                { "ask_busy_p999", "us" },
                { "ask_idle_p50", "us" },
                { "ask_idle_p99", "us" },
                { "ask_idle_p999", "us" },
                { "ask_floor_p50", "us" },
                { "ask_floor_p99", "us" },
                { "ask_floor_p999", "us" } },
    .count = 100000,
    .small = 200,
    .real_only = "it measures a thread outside",
    .run = ask_run,
};
