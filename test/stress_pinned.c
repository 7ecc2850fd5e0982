/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Handlers that wait come back on their own thread when they are pinned, and perhaps on another when they are not. */
#include "threads.h"

#include <errno.h>

enum {
    MANY = 16
};

AIRT_SIGNAL(enter)
AIRT_SIGNAL(whoami)
struct identity {
    int64_t thread;
};
AIRT_KIND(identity, thread)
AIRT_ANSWER(whoami, identity)
struct roam {
    uint32_t awaits;
};
AIRT_KIND(roam, awaits)

static gate         hold;
static _Atomic(int) moved, stayed, wrong_errno, failures;

static void must(bool good)
{
    if (!good)
        atomic_fetch_add(&failures, 1);
}

/* Not inlined: errno of the thread that runs now. */
static __attribute__((noinline)) void set_errno(int value)
{
    errno = value;
}

static airt_status roam_about(airt_ctx *ctx, uint32_t awaits, bool may_move)
{
    for (uint32_t i = 0; i < awaits; i++) {
        long before = thread_id();

        set_errno(1);
        AIRT_TRY(airt_sleep(ctx, AIRT_US(200)));
        if (thread_id() == before) {
            atomic_fetch_add(&stayed, 1);
            continue;
        }
        atomic_fetch_add(&moved, 1);
        must(may_move);
        set_errno(77);
        if (airt_errno() != 77)
            atomic_fetch_add(&wrong_errno, 1);
    }
    return AIRT_OK;
}

#define rover_ACCEPTS(KIND) KIND(roam)
AIRT_PROTOCOL(rover)
struct rover {
    char nothing;
};
AIRT_ON(rover, roam)
{
    return roam_about(ctx, msg->awaits, true);
}
#define rover_HANDLES(ON, A) ON(A, roam)
AIRT_BEHAVIOR(rover)

#define pin_ACCEPTS(KIND) KIND(roam) KIND(whoami)
AIRT_PROTOCOL(pin)
struct pin {
    char nothing;
};
AIRT_ON(pin, roam)
{
    return roam_about(ctx, msg->awaits, false);
}
AIRT_ON(pin, whoami) /* suspended until it is stopped, or the gate opens */
{
    long before = thread_id();

    atomic_fetch_add(&hold.most, 1);
    while (!atomic_load(&hold.open)) {
        AIRT_TRY(airt_sleep(ctx, AIRT_MS(5)));
        must(thread_id() == before);
    }
    return airt_reply(ctx, whoami, .thread = before);
}
#define pin_HANDLES(ON, A) ON(A, roam) ON(A, whoami)
AIRT_BEHAVIOR(pin, .pinned = true)

/* Answers; asks somebody else first when it is told to. */
struct chain {
    uint64_t next;
};
AIRT_KIND(chain, next)
AIRT_ANSWER(chain, identity)
#define link_ACCEPTS(KIND) KIND(chain)
AIRT_PROTOCOL(link)
struct link {
    long thread;
};
AIRT_ON(link, chain)
{
    long            before = thread_id();
    link_ref        next = { .bits = msg->next };
    struct identity answer;

    if (msg->next == 0)
        return airt_reply(ctx, chain, .thread = before);
    AIRT_TRY(airt_ask(ctx, next, &answer, AIRT_SECONDS(60), chain, .next = 0));
    must(thread_id() == before);
    return airt_reply(ctx, chain, .thread = before);
}
#define link_HANDLES(ON, A) ON(A, chain)
AIRT_BEHAVIOR(link, .pinned = true)

/* Changes its state with every message, and stays where it was born to run: never on a worker. */
static _Atomic(int64_t) pooled_thread;
AIRT_SIGNAL(turn)
#define lever_ACCEPTS(KIND) KIND(turn) KIND(whoami)
AIRT_PROTOCOL(lever)
struct lever {
    char nothing;
};
AIRT_STATE_AHEAD(lever, down)
AIRT_ON_IN(lever, up, turn)
{
    must(thread_id() != atomic_load(&pooled_thread));
    return airt_become(ctx, &lever_down_state);
}
AIRT_ON_IN(lever, up, whoami)
{
    return airt_reply(ctx, whoami, .thread = thread_id());
}
#define lever_up_HANDLES(ON, A) ON(A, turn) ON(A, whoami)
AIRT_STATE(lever, up, airt_refuse)
AIRT_ON_IN(lever, down, turn)
{
    must(thread_id() != atomic_load(&pooled_thread));
    return airt_become(ctx, &lever_up_state);
}
AIRT_ON_IN(lever, down, whoami)
{
    return airt_reply(ctx, whoami, .thread = thread_id());
}
#define lever_down_HANDLES(ON, A) ON(A, turn) ON(A, whoami)
AIRT_STATE(lever, down, airt_refuse)
AIRT_MACHINE(lever, up, .placement = AIRT_BLOCKING)

/* Holds up its worker, which is replaced. */
#define holder_ACCEPTS(KIND) KIND(enter)
AIRT_PROTOCOL(holder)
struct holder {
    char nothing;
};
AIRT_ON(holder, enter)
{
    must(airt_blocking_begin(ctx) == AIRT_OK);
    gate_pass(&hold);
    airt_blocking_end(ctx);
    return AIRT_OK;
}
#define holder_HANDLES(ON, A) ON(A, enter)
AIRT_BEHAVIOR(holder)

static airt_system *begin(const airt_system_options *options)
{
    moved = stayed = wrong_errno = 0;
    return begin_system(&hold, &failures, options);
}

static void end(airt_system **system)
{
    end_system(&failures, system);
}

static void pinned_handlers_come_back_and_others_may_move(void **state)
{
    airt_system *system = begin(&(airt_system_options){ .workers = 4, .stuck_ms = NEVER_STUCK });
    pin_ref      pin;
    rover_ref    rover;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        OK(airt_spawn(system, pin, &pin, NULL));
        OK(airt_tell(system, pin, roam, .awaits = 50));
    }
    UNTIL(stats_of(system).handled == MANY);
    assert_int_equal(atomic_load(&moved), 0);
    assert_int_equal(atomic_load(&stayed), MANY * 50);
    for (int i = 0; i < MANY; i++)
        OK(airt_spawn(system, rover, &rover, NULL));
    for (int i = 1; i <= 1000 && atomic_load(&moved) < 10; i++) {
        OK(airt_tell(system, rover, roam, .awaits = 20));
        UNTIL(stats_of(system).handled == (uint64_t)(MANY + i));
    }
    assert_true(atomic_load(&moved) >= 10);
    assert_int_equal(atomic_load(&wrong_errno), 0);
    end(&system);
}

/* Its worker is replaced meanwhile: the thread stays for the pinned handler, and leaves when that has ended. */
static void a_replaced_worker_stays_for_its_pinned_handler(void **state)
{
    airt_system *system = begin(&(airt_system_options){ .workers = 1, .stuck_ms = NEVER_STUCK });
    int          threads = threads_now();
    pin_ref      pin;
    holder_ref   holder;

    (void)state;
    OK(airt_spawn(system, holder, &holder, NULL));
    for (int round = 0; round < 6; round++) {
        gate_close(&hold);
        OK(airt_spawn(system, pin, &pin, NULL));
        OK(airt_tell(system, pin, whoami));
        UNTIL(atomic_load(&hold.most) == 1);
        OK(airt_tell(system, holder, enter)); /* the only worker: the same thread */
        UNTIL(atomic_load(&hold.inside) == 1);
        UNTIL(threads_now() == threads + 1);
        if (round % 2 == 0)
            airt_kill(system, pin.ref, NULL);
        gate_open(&hold);
        UNTIL(threads_now() == threads);
    }
    end(&system);
}

static void pinned_handlers_ask_each_other(void **state)
{
    airt_system    *system = begin(&(airt_system_options){ .workers = 4, .stuck_ms = NEVER_STUCK });
    link_ref        link[MANY];
    struct identity answer;

    (void)state;
    for (int i = 0; i < MANY; i++)
        OK(airt_spawn(system, link, &link[i], NULL));
    for (int i = 0; i < 100 * MANY; i++)
        OK(airt_ask(system, link[i % MANY], &answer, AIRT_SECONDS(60), chain, .next = link[(i + 1) % MANY].bits));
    end(&system);
}

static void a_machine_stays_where_it_was_born_to_run(void **state)
{
    airt_system    *system = begin(&(airt_system_options){ .workers = 1, .stuck_ms = NEVER_STUCK });
    link_ref        link;
    lever_ref       lever;
    struct identity answer;

    (void)state;
    OK(airt_spawn(system, link, &link, NULL));
    OK(airt_ask(system, link, &answer, AIRT_SECONDS(60), chain, .next = 0));
    atomic_store(&pooled_thread, answer.thread);
    OK(airt_spawn(system, lever, &lever, NULL));
    for (int i = 0; i < 500; i++) {
        OK(airt_tell(system, lever, turn));
        if (i % 7 == 0) /* let it go idle now and then */
            OK(airt_ask(system, lever, &answer, AIRT_SECONDS(60), whoami));
        else if (i % 3 == 0)
            pause_us(50);
    }
    end(&system);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pinned_handlers_come_back_and_others_may_move),
        cmocka_unit_test(a_replaced_worker_stays_for_its_pinned_handler),
        cmocka_unit_test(pinned_handlers_ask_each_other),
        cmocka_unit_test(a_machine_stays_where_it_was_born_to_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
