/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a message cost that has to wake another thread? Ping-pong between two actors that have a thread each, so
 * that no placement can bring them together: every message crosses, and finds the other thread asleep or about to be. */
#include "harness.h"

struct apart_ball {
    uint64_t left; /* messages still to come */
};
AIRT_KIND(apart_ball, left)

struct apart_meet {
    bench_run      *run;
    apart_ball_sink peer;
    bool            serve;
};
AIRT_LOCAL_KIND(apart_meet, apart_meet_drop)

#define apart_ACCEPTS(KIND) KIND(apart_meet) KIND(apart_ball)
AIRT_PROTOCOL(apart)

struct apart {
    bench_run      *run;
    apart_ball_sink peer;
};

void apart_meet_drop(struct apart_meet *body)
{
    (void)body;
}

AIRT_ON(apart, apart_meet)
{
    self->run = msg->run;
    self->peer = msg->peer;
    if (!msg->serve)
        return AIRT_OK;
    bench_start(self->run);
    return airt_tell(ctx, self->peer, apart_ball, .left = 2 * self->run->count - 1);
}

AIRT_ON(apart, apart_ball)
{
    if (msg->left > 0)
        return airt_tell(ctx, self->peer, apart_ball, .left = msg->left - 1);
    bench_event(self->run);
    return AIRT_OK;
}

#define apart_HANDLES(ON, A) ON(A, apart_meet) ON(A, apart_ball)
AIRT_BEHAVIOR(apart, .placement = AIRT_DEDICATED)

static void apart_play(bench_run *run, airt_system *system, apart_ref ping, apart_ref pong)
{
    uint64_t balls = 2 * run->count;

    bench_expect(run, 1);
    bench_tell(run, system, pong, apart_meet, .run = run, .peer = airt_sink(apart_ball, ping));
    bench_tell(run, system, ping, apart_meet, .run = run, .peer = airt_sink(apart_ball, pong), .serve = true);
    if (!bench_wait(run) || !bench_status(run, "quiescence", airt_system_quiesce(system, AIRT_SECONDS(1))))
        return;
    run->found.value[0] = bench_ns_each(run, balls);
    run->found.check = bench_handled(run, system, ping.ref) + bench_handled(run, system, pong.ref) - 2;
    (void)bench_equal(run, "balls", run->found.check, balls);
}

static void apart_run(bench_run *run)
{
    airt_system *system = bench_open(run);
    apart_ref    ping = { 0 }, pong = { 0 };

    if (system == NULL)
        return;
    if (bench_status(run, "spawn", airt_spawn(system, apart, &ping, NULL)) &&
        bench_status(run, "spawn", airt_spawn(system, apart, &pong, NULL)))
        apart_play(run, system, ping, pong);
    bench_close(run, &system);
}

const bench_workload bench_pingpong_apart = {
    .name = "pingpong_apart",
    .what = "pingpong between two actors with a thread each, whatever --workers is; --count round trips",
    .figure = { { "pingpong_apart", "ns/message" } },
    .count = 50000,
    .small = 200,
    .run = apart_run,
};
