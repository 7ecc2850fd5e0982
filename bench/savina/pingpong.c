/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a message cost between two actors that do nothing but answer each other? */
#include "harness.h"

struct pingpong_ball {
    uint64_t left; /* messages still to come */
};
AIRT_KIND(pingpong_ball, left)

struct pingpong_meet {
    bench_run         *run;
    pingpong_ball_sink peer;
    uint64_t           serve; /* balls in all; 0: the other one serves */
};
AIRT_LOCAL_KIND(pingpong_meet, pingpong_meet_drop)

#define pingpong_ACCEPTS(KIND) KIND(pingpong_meet) KIND(pingpong_ball)
AIRT_PROTOCOL(pingpong)

struct pingpong {
    bench_run         *run;
    pingpong_ball_sink peer;
};

void pingpong_meet_drop(struct pingpong_meet *body)
{
    (void)body;
}

AIRT_ON(pingpong, pingpong_meet)
{
    self->run = msg->run;
    self->peer = msg->peer;
    if (msg->serve == 0)
        return AIRT_OK;
    bench_start(self->run);
    return airt_tell(ctx, self->peer, pingpong_ball, .left = msg->serve - 1);
}

AIRT_ON(pingpong, pingpong_ball)
{
    if (msg->left > 0)
        return airt_tell(ctx, self->peer, pingpong_ball, .left = msg->left - 1);
    bench_event(self->run);
    return AIRT_OK;
}

#define pingpong_HANDLES(ON, A) ON(A, pingpong_meet) ON(A, pingpong_ball)
AIRT_BEHAVIOR(pingpong)

static bool pingpong_play(bench_run *run, airt_system *system, pingpong_ref ping, pingpong_ref pong)
{
    uint64_t balls = run->count * 2;

    bench_expect(run, 1);
    bench_tell(run, system, pong, pingpong_meet, .run = run, .peer = airt_sink(pingpong_ball, ping));
    bench_tell(run, system, ping, pingpong_meet, .run = run, .peer = airt_sink(pingpong_ball, pong), .serve = balls);
    if (!bench_wait(run) || !bench_status(run, "quiescence", airt_system_quiesce(system, AIRT_SECONDS(1))))
        return false;
    run->found.value[0] = bench_ns_each(run, balls);
    run->found.check = bench_handled(run, system, ping.ref) + bench_handled(run, system, pong.ref) - 2;
    return bench_equal(run, "balls", run->found.check, balls);
}

static void pingpong_run(bench_run *run)
{
    airt_system *system = bench_open(run);
    pingpong_ref ping = { 0 }, pong = { 0 };

    if (system == NULL)
        return;
    if (bench_status(run, "spawn", airt_spawn(system, pingpong, &ping, NULL)) &&
        bench_status(run, "spawn", airt_spawn(system, pingpong, &pong, NULL)))
        (void)pingpong_play(run, system, ping, pong);
    bench_close(run, &system);
}

const bench_workload bench_pingpong = {
    .name = "pingpong",
    .what = "two actors, one message to and fro; --count round trips, each two messages; 250 times Savina's size",
    .figure = { { "pingpong", "ns/message" } },
    .count = 10000000,
    .small = 500,
    .run = pingpong_run,
};
