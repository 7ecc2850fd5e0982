/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a busy worker must not hold up: its own clock and the end of its turn, what came from outside, timers, the watch.
 * The world is the real one, but its clock goes ahead when a handler says so, and the watch's looks are counted. */
#include "threads.h"

#include "core/system.h"

enum {
    SLOW_US = 20000,
    QUEUED = 64,
    YOUNG = 100, /* messages after which an actor is not young any more */
    BALLS_BEFORE = 1000,
    BALLS_MAX = 20000,
    TURNS_MAX = 200, /* until what came from outside is served */
    LOOKS = 200
};

/* --- a world whose clock goes ahead ------------------------------------------------------------------------------- */

static bool             uneven; /* only every other handler is slow */
static airt_world       world;
static _Atomic(int64_t) ahead_ns;
static _Atomic(int)     looks; /* of the watch */

static int64_t now_ahead(airt_world *of)
{
    (void)of;
    return airt_world_linux()->now_ns(airt_world_linux()) + atomic_load(&ahead_ns);
}

static void poll_wait_counted(airi_poll *poll)
{
    atomic_fetch_add(&looks, 1);
    airt_world_linux()->poll_wait(poll);
}

static void take_us(int64_t us)
{
    atomic_fetch_add(&ahead_ns, us * 1000);
}

/* --- turns of slow handlers --------------------------------------------------------------------------------------- */

AIRT_SIGNAL(quick)
AIRT_SIGNAL(slow)
struct fill {
    uint32_t quick, slow;
};
AIRT_KIND(fill, quick, slow)

#define plodder_ACCEPTS(KIND) KIND(quick) KIND(slow)
AIRT_PROTOCOL(plodder)
struct plodder {
    char nothing;
};
static struct {
    airt_ref     last;       /* whose handler was the last one */
    int          run, noted; /* of how many */
    int          longest, long_runs;
    int64_t      stalest_ns;
    _Atomic(int) done;
} log_of;

static void note(airt_ctx *ctx)
{
    int64_t stale = now_ahead(NULL) - airt_now_ns(ctx);

    log_of.run = airt_ref_same(log_of.last, airt_self(ctx)) ? log_of.run + 1 : 1;
    log_of.last = airt_self(ctx);
    log_of.noted++;
    log_of.longest = log_of.run > log_of.longest ? log_of.run : log_of.longest;
    log_of.long_runs += log_of.run == 3;
    log_of.stalest_ns = stale > log_of.stalest_ns ? stale : log_of.stalest_ns;
}

AIRT_ON(plodder, quick)
{
    (void)self;
    (void)ctx;
    atomic_fetch_add(&log_of.done, 1);
    return AIRT_OK;
}
AIRT_ON(plodder, slow)
{
    (void)self;
    note(ctx);
    if (!uneven || log_of.noted % 2 == 0)
        take_us(SLOW_US);
    atomic_fetch_add(&log_of.done, 1);
    return AIRT_OK;
}
#define plodder_HANDLES(ON, A) ON(A, quick) ON(A, slow)
AIRT_BEHAVIOR(plodder)

static plodder_ref plodder[2];

#define filler_ACCEPTS(KIND) KIND(fill)
AIRT_PROTOCOL(filler)
struct filler {
    char nothing;
};
AIRT_ON(filler, fill)
{
    (void)self;
    for (uint32_t i = 0; i < msg->quick + msg->slow; i++)
        for (int j = 0; j < 2; j++)
            AIRT_TRY(i < msg->quick ? airt_tell(ctx, plodder[j], quick) : airt_tell(ctx, plodder[j], slow));
    return AIRT_OK;
}
#define filler_HANDLES(ON, A) ON(A, fill)
AIRT_BEHAVIOR(filler)

static gate         hold;
static _Atomic(int) failures;

static airt_system *begin(airt_system_options options)
{
    world = *airt_world_linux();
    world.now_ns = now_ahead;
    world.poll_wait = poll_wait_counted;
    looks = 0;
    ahead_ns = 0;
    options.world = &world;
    return begin_system(&hold, &failures, &options);
}

static void end(airt_system **system)
{
    end_system(&failures, system);
}

static void plod(airt_system *system, filler_ref filler, uint32_t quick, uint32_t slow)
{
    memset(&log_of, 0, sizeof log_of);
    OK(airt_tell(system, filler, fill, .quick = quick, .slow = slow));
    UNTIL(atomic_load(&log_of.done) == (int)(2 * (quick + slow)));
}

/* One worker; two actors, each with many messages. */
static void a_turn_of_slow_handlers_ends_in_time(void **state)
{
    airt_system *system = begin((airt_system_options){ .workers = 1, .stuck_ms = NEVER_STUCK });
    filler_ref   filler;

    (void)state;
    OK(airt_spawn(system, filler, &filler, NULL));
    for (int i = 0; i < 2; i++)
        OK(airt_spawn(system, plodder, &plodder[i], NULL));
    plod(system, filler, 0, QUEUED);
    assert_true(log_of.longest <= 3);
    assert_true(log_of.stalest_ns < INT64_C(4000) * SLOW_US);
    plod(system, filler, YOUNG, 0);
    plod(system, filler, 0, QUEUED); /* as quick as they were, it is found out once */
    assert_true(log_of.long_runs <= 2);
    plod(system, filler, 0, QUEUED);
    assert_true(log_of.longest <= 3);
    assert_true(log_of.stalest_ns < INT64_C(4000) * SLOW_US);
    end(&system);
}

/* Once it is known that its handlers may be slow, quick ones in between do not make that forgotten. */
static void quick_handlers_between_slow_ones_hide_nothing(void **state)
{
    airt_system *system = begin((airt_system_options){ .workers = 1, .stuck_ms = NEVER_STUCK });
    filler_ref   filler;

    (void)state;
    OK(airt_spawn(system, filler, &filler, NULL));
    for (int i = 0; i < 2; i++)
        OK(airt_spawn(system, plodder, &plodder[i], NULL));
    plod(system, filler, YOUNG, 0);
    uneven = true;
    plod(system, filler, 0, QUEUED);
    plod(system, filler, 0, QUEUED);
    uneven = false;
    end(&system);
    assert_true(log_of.stalest_ns < INT64_C(4000) * SLOW_US);
}

/* --- what a slow handler makes runnable --------------------------------------------------------------------------- */

AIRT_SIGNAL(hear)
#define listener_ACCEPTS(KIND) KIND(hear)
AIRT_PROTOCOL(listener)
struct listener {
    char nothing;
};
static _Atomic(int) heard_by_listener;
AIRT_ON(listener, hear)
{
    (void)self;
    (void)ctx;
    atomic_fetch_add(&heard_by_listener, 1);
    return AIRT_OK;
}
#define listener_HANDLES(ON, A) ON(A, hear)
AIRT_BEHAVIOR(listener)

AIRT_SIGNAL(compute)
struct tell_and_compute {
    hear_sink to;
};
AIRT_KIND(tell_and_compute, REF(to))
#define computer_ACCEPTS(KIND) KIND(compute) KIND(tell_and_compute)
AIRT_PROTOCOL(computer)
struct computer {
    char nothing;
};
AIRT_ON(computer, compute)
{
    (void)self;
    (void)ctx;
    take_us(SLOW_US);
    return AIRT_OK;
}
AIRT_ON(computer, tell_and_compute)
{
    (void)self;
    AIRT_TRY(airt_tell(ctx, msg->to, hear));
    gate_pass(&hold); /* it computes until the other has heard */
    return AIRT_OK;
}
#define computer_HANDLES(ON, A) ON(A, compute) ON(A, tell_and_compute)
AIRT_BEHAVIOR(computer)

/* Once its worker knows that handlers are slow there, another one runs who was told. */
static void who_is_told_by_a_slow_handler_need_not_wait_for_it(void **state)
{
    airt_system *system = begin((airt_system_options){ .workers = 2, .stuck_ms = NEVER_STUCK });
    computer_ref computer;
    listener_ref listener;

    (void)state;
    heard_by_listener = 0;
    OK(airt_spawn(system, computer, &computer, NULL));
    OK(airt_spawn(system, listener, &listener, NULL));
    for (int i = 0; i < QUEUED; i++)
        OK(airt_tell(system, computer, compute));
    OK(airt_tell(system, computer, tell_and_compute, .to = airt_sink(hear, listener)));
    UNTIL(atomic_load(&heard_by_listener) == 1);
    gate_open(&hold);
    UNTIL(atomic_load(&hold.passed) == 1);
    end(&system);
}

/* --- what came from outside --------------------------------------------------------------------------------------- */

AIRT_SIGNAL(ball)
AIRT_SIGNAL(serve)
struct player_start {
    uint32_t us;
};
AIRT_KIND(player_start, us)
#define player_ACCEPTS(KIND) KIND(ball) KIND(serve)
AIRT_PROTOCOL(player)
struct player {
    uint32_t us;
};
static player_ref        player[4], idle;
static _Atomic(uint32_t) balls, served_at, balls_max;

AIRT_ON(player, player_start)
{
    self->us = msg->us;
    return AIRT_OK;
}
AIRT_ON(player, ball)
{
    uint32_t count = atomic_fetch_add(&balls, 1) + 1;
    int      me = 0;

    if (count == BALLS_BEFORE) /* until it has come from outside */
        gate_pass(&hold);
    take_us(self->us);
    while (me < 4 && !airt_ref_same(player[me].ref, airt_self(ctx)))
        me++;
    return count < atomic_load(&balls_max) ? airt_tell(ctx, player[me ^ 1], ball) : AIRT_OK;
}
AIRT_ON(player, serve)
{
    (void)self;
    (void)ctx;
    atomic_store(&served_at, atomic_load(&balls) + 1);
    return AIRT_OK;
}
#define player_HANDLES(ON, A) ON(A, player_start) ON(A, ball) ON(A, serve)
AIRT_BEHAVIOR(player)

static void play(airt_system *system, uint32_t us, uint32_t max)
{
    balls = served_at = 0;
    balls_max = max;
    OK(airt_spawn(system, player, &idle, NULL));
    for (int i = 0; i < 4; i++)
        OK(airt_spawn(system, player, &player[i], &(airt_spawn_options){ .start = AIRT_START(player, .us = us) }));
}

static void what_comes_from_outside_is_served_beside_talking_pairs(void **state)
{
    static const uint32_t us[] = { 0, 100, 300, 500, 2000, SLOW_US };

    (void)state;
    for (size_t i = 0; i < sizeof us / sizeof us[0]; i++) {
        airt_system *system = begin((airt_system_options){ .workers = 1, .stuck_ms = NEVER_STUCK });

        play(system, us[i], BALLS_MAX);
        for (int j = 0; j < 4; j += 2)
            OK(airt_tell(system, player[j], ball));
        UNTIL(atomic_load(&hold.inside) == 1);
        OK(airt_tell(system, idle, serve));
        gate_open(&hold);
        UNTIL(atomic_load(&served_at) != 0);
        if (served_at > BALLS_BEFORE + TURNS_MAX)
            fail_msg("handlers of %u us: served %u turns later", us[i], served_at - BALLS_BEFORE);
        end(&system);
    }
}

/* --- timers ------------------------------------------------------------------------------------------------------- */

AIRT_SIGNAL(tick)
struct arm {
    uint32_t ms;
    bool     stays;
};
AIRT_KIND(arm, ms, stays)
#define alarm_clock_ACCEPTS(KIND) KIND(arm)
AIRT_PROTOCOL(alarm_clock)
struct alarm_clock {
    bool stays;
};
static _Atomic(int) ticks;

AIRT_ON(alarm_clock, arm)
{
    self->stays = msg->stays;
    return airt_send_after(ctx, AIRT_MS(msg->ms), NULL, tick);
}
AIRT_ON(alarm_clock, tick)
{
    (void)ctx;
    if (self->stays)
        gate_pass(&hold);
    else
        atomic_fetch_add(&ticks, 1);
    return AIRT_OK;
}
#define alarm_clock_HANDLES(ON, A) ON(A, arm) ON(A, tick)
AIRT_BEHAVIOR(alarm_clock)

/* Whoever kept the time is in a handler that waits for another actor's timer. */
static void timers_fire_while_who_kept_the_time_is_busy(void **state)
{
    airt_system    *system = begin((airt_system_options){ .workers = 2, .stuck_ms = NEVER_STUCK });
    alarm_clock_ref stays, others;

    (void)state;
    OK(airt_spawn(system, alarm_clock, &stays, NULL));
    OK(airt_spawn(system, alarm_clock, &others, NULL));
    for (int i = 1; i <= 5; i++) {
        gate_close(&hold);
        ticks = 0;
        OK(airt_tell(system, stays, arm, .ms = 20, .stays = true));
        OK(airt_tell(system, others, arm, .ms = 60));
        UNTIL(atomic_load(&hold.inside) == 1);
        UNTIL(atomic_load(&ticks) == 1);
        gate_open(&hold);
        UNTIL(atomic_load(&hold.passed) == 1);
    }
    end(&system);
}

/* --- the watch ---------------------------------------------------------------------------------------------------- */

static heard ears;

static void the_watch_stays_awake_while_there_is_work(void **state)
{
    airt_system *system;
    plodder_ref  other;

    (void)state;
    hear_nothing(&ears);
    system = begin((airt_system_options){ .workers = 1, .stuck_ms = 2, .report = hear, .report_context = &ears });
    play(system, 0, UINT32_MAX);
    OK(airt_spawn(system, plodder, &other, NULL));
    gate_open(&hold);
    OK(airt_tell(system, player[0], ball));
    UNTIL(atomic_load(&balls) >= BALLS_BEFORE);
    looks = 0;
    UNTIL(atomic_load(&looks) >= LOOKS);
    gate_close(&hold);
    balls = 0; /* the pair's handler stays at the thousandth */
    UNTIL(atomic_load(&hold.inside) == 1);
    UNTIL(heard_of(&ears, AIRT_REPORT_STUCK, player[0].ref, NULL) +
              heard_of(&ears, AIRT_REPORT_STUCK, player[1].ref, NULL) >
          0);
    memset(&log_of, 0, sizeof log_of);
    OK(airt_tell(system, other, quick)); /* by who stands in */
    UNTIL(atomic_load(&log_of.done) == 1);
    atomic_store(&balls_max, 0);
    gate_open(&hold);
    UNTIL(atomic_load(&hold.passed) == 1);
    end(&system);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_of_slow_handlers_ends_in_time),
        cmocka_unit_test(quick_handlers_between_slow_ones_hide_nothing),
        cmocka_unit_test(who_is_told_by_a_slow_handler_need_not_wait_for_it),
        cmocka_unit_test(what_comes_from_outside_is_served_beside_talking_pairs),
        cmocka_unit_test(timers_fire_while_who_kept_the_time_is_busy),
        cmocka_unit_test(the_watch_stays_awake_while_there_is_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
