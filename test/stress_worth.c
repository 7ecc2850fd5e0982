/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Workers that nap because they are not worth it (core/worth.h): what comes meanwhile is served, and nobody is forgotten. In the
 * real world with a slow clock, so that handlers count as quick with a sanitizer too. Every worker that talks with another is weighed,
 * whatever the machine: so naps come by themselves, and are counted. */
#include "threads.h"

#include "core/worth.h"
#include "port/port.h"

enum {
    SLOWER = 64, /* the clock */
    PLAYERS = 200,
    BALLS = 400,
    PINS = 8,
    NAPS = 8
};

/* --- a world with a slow clock, that counts naps -------------------------------------------------------------------- */

static airt_world   world;
static _Atomic(int) naps;

static int64_t now_slow(airt_world *of)
{
    (void)of;
    return airt_world_linux()->now_ns(airt_world_linux()) / SLOWER;
}

static int64_t at_real(int64_t deadline_ns)
{
    return deadline_ns == AIRI_NEVER ? AIRI_NEVER : deadline_ns * SLOWER;
}

/* Hardly anything else waits for so short a time: the pins' sleeps are longer, but their timekeeper may park shortly before one
 * ends. */
static void wait_slow(airt_world *of, AIRI_ATOMIC(uint32_t) *word, uint32_t expected, int64_t deadline_ns)
{
    if (deadline_ns != AIRI_NEVER && deadline_ns - now_slow(of) <= AIRI_WORTH_SPAN_NS)
        atomic_fetch_add(&naps, 1);
    airt_world_linux()->wait(of, word, expected, at_real(deadline_ns));
}

static void poll_arm_slow(airi_poll *poll, int64_t deadline_ns)
{
    airt_world_linux()->poll_arm(poll, at_real(deadline_ns));
}

/* --- actors that only talk ------------------------------------------------------------------------------------------ */

struct ball {
    uint64_t random;
};
AIRT_KIND(ball, random)
AIRT_SIGNAL(score_get)
struct score {
    uint64_t balls;
};
AIRT_KIND(score, balls)
AIRT_ANSWER(score_get, score)

#define player_ACCEPTS(KIND) KIND(ball) KIND(score_get)
AIRT_PROTOCOL(player)
struct player {
    uint64_t balls;
};
static player_ref    players[PLAYERS];
static _Atomic(bool) over;

AIRT_ON(player, ball)
{
    uint64_t random = msg->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);

    self->balls++;
    return atomic_load(&over) ? AIRT_OK : airt_tell(ctx, players[(random >> 33) % PLAYERS], ball, .random = random);
}
AIRT_ON(player, score_get)
{
    return airt_reply(ctx, score_get, .balls = self->balls);
}
#define player_HANDLES(ON, A) ON(A, ball) ON(A, score_get)
AIRT_BEHAVIOR(player)

/* Sleeps and wakes on the thread that it was born to run on, napping or not. */
AIRT_SIGNAL(doze)
#define pin_ACCEPTS(KIND) KIND(doze)
AIRT_PROTOCOL(pin)
struct pin {
    char nothing;
};
static _Atomic(int) dozed, failures;

AIRT_ON(pin, doze)
{
    long before = thread_id();

    (void)self;
    while (!atomic_load(&over)) {
        AIRT_TRY(airt_sleep(ctx, AIRT_MS(2)));
        atomic_fetch_add(&failures, thread_id() != before);
        atomic_fetch_add(&dozed, 1);
    }
    return AIRT_OK;
}
#define pin_HANDLES(ON, A) ON(A, doze)
AIRT_BEHAVIOR(pin, .pinned = true)

static gate hold;

static airt_system *begin_to_play(void)
{
    airt_system        *system;
    airt_system_options options = { .workers = 2, .stuck_ms = NEVER_STUCK, .world = &world };

    world = *airt_world_linux();
    world.now_ns = now_slow;
    world.wait = wait_slow;
    world.poll_arm = poll_arm_slow;
    atomic_store(&naps, 0);
    atomic_store(&dozed, 0);
    atomic_store(&over, false);
    system = begin_system(&hold, &failures, &options);
    for (int i = 0; i < PLAYERS; i++)
        OK(airt_spawn(system, player, &players[i], NULL));
    for (uint64_t i = 0; i < BALLS; i++)
        OK(airt_tell(system, players[i % PLAYERS], ball, .random = i));
    return system;
}

static void what_comes_while_one_naps_is_served(void **state)
{
    airt_system *system = begin_to_play();
    pin_ref      pin[PINS];
    struct score score;

    (void)state;
    for (int i = 0; i < PINS; i++) {
        OK(airt_spawn(system, pin, &pin[i], NULL));
        OK(airt_tell(system, pin[i], doze));
    }
    for (int asked = 0; atomic_load(&naps) < NAPS || atomic_load(&dozed) < PINS * 4; asked++)
        OK(airt_ask(system, players[asked % PLAYERS], &score, AIRT_SECONDS(60), score_get));
    atomic_store(&over, true);
    end_system(&failures, &system);
}

static void a_system_stops_while_one_naps(void **state)
{
    airt_system *system = begin_to_play();

    (void)state;
    UNTIL(atomic_load(&naps) >= NAPS);
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
    UNTIL(threads_now() == threads_without());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_while_one_naps_is_served),
        cmocka_unit_test(a_system_stops_while_one_naps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
