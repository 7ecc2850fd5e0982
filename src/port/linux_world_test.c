/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tests of the Linux world: clock, numbers, pages, threads, futexes, and the descriptor for a foreign loop. None looks
 * at how long something took: deadlines are past, or the test waits until it is woken. */
#define _GNU_SOURCE
#include "port/port.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static airt_world *world; /* the Linux world */

static int64_t now(void)
{
    return world->now_ns(world);
}

static void clock_does_not_go_back(void **state)
{
    int64_t last = now();
    (void)state;
    assert_true(last > 0);
    for (int i = 0; i < 10000; i++) {
        int64_t next = now();
        assert_true(next >= last);
        last = next;
    }
}

static void numbers_differ(void **state)
{
    uint64_t seen[64];
    (void)state;
    for (int i = 0; i < 64; i++) {
        seen[i] = world->random(world);
        for (int j = 0; j < i; j++)
            assert_true(seen[i] != seen[j]);
    }
}

/* The number follows what the process may use, not what the machine has. */
static void cores_are_those_allowed(void **state)
{
    cpu_set_t before, one;
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
    assert_int_equal(world->cores(world), CPU_COUNT(&before));
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &before))
            CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    assert_int_equal(world->cores(world), 1);
    assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

static void pages(void **state)
{
    size_t         bytes = 1 << 20;
    unsigned char *memory = world->map(world, bytes);
    (void)state;
    assert_non_null(memory);
    assert_int_equal((uintptr_t)memory % (uintptr_t)sysconf(_SC_PAGESIZE), 0);
    for (size_t i = 0; i < bytes; i += 512)
        assert_int_equal(memory[i], 0);
    memset(memory, 1, bytes);
    world->unmap(world, memory, bytes);
    world->unmap(world, NULL, bytes);
    assert_null(world->map(world, SIZE_MAX / 2));
}

/* ---- threads ---- */

struct seen {
    char      name[32];
    pthread_t id;
    stack_t   signal_stack;
    sigset_t  blocked;
    bool      on_signal_stack;
};
static struct seen seen;

static void on_signal(int number)
{
    char here = 0;
    (void)number;
    seen.on_signal_stack =
        &here >= (char *)seen.signal_stack.ss_sp && &here < (char *)seen.signal_stack.ss_sp + seen.signal_stack.ss_size;
}

static void look_around(void *argument)
{
    seen.id = pthread_self();
    (void)pthread_getname_np(pthread_self(), seen.name, sizeof(seen.name));
    (void)sigaltstack(NULL, &seen.signal_stack);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &seen.blocked);
    (void)pthread_kill(pthread_self(), SIGUSR1);
    *(int *)argument = 1;
}

static void thread_is_named_and_has_signal_stack(void **state)
{
    airi_thread     *thread = NULL;
    int              ran = 0;
    struct sigaction action = { .sa_flags = SA_ONSTACK }, before;
    (void)state;
    action.sa_handler = on_signal;
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    assert_int_equal(world->thread_start(world, "a name that is too long", look_around, &ran, &thread), AIRT_OK);
    assert_non_null(thread);
    world->thread_join(world, &thread);
    assert_null(thread);
    world->thread_join(world, &thread); /* harmless */
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    assert_int_equal(ran, 1);
    assert_string_equal(seen.name, "a name that is ");
    assert_false(pthread_equal(seen.id, pthread_self()));
    assert_int_equal(seen.signal_stack.ss_flags & SS_DISABLE, 0);
    assert_true(seen.signal_stack.ss_size >= 64 * 1024);
    assert_true(seen.on_signal_stack);
}

static void signal_mask_is_inherited(void **state)
{
    airi_thread *thread = NULL;
    int          ran = 0;
    sigset_t     some, before;
    (void)state;
    (void)sigemptyset(&some);
    (void)sigaddset(&some, SIGUSR1);
    (void)sigaddset(&some, SIGTERM);
    (void)pthread_sigmask(SIG_SETMASK, &some, &before);
    assert_int_equal(world->thread_start(world, NULL, look_around, &ran, &thread), AIRT_OK);
    world->thread_join(world, &thread);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    for (int number = 1; number < 32; number++)
        assert_int_equal(sigismember(&seen.blocked, number), number == SIGUSR1 || number == SIGTERM);
}

/* ---- waiting ---- */

static void wait_returns_when_it_should(void **state)
{
    AIRI_ATOMIC(uint32_t) word = 5;
    (void)state;
    world->wait(world, &word, 4, AIRI_NEVER); /* the word is another already */
    world->wait(world, &word, 5, now());      /* the deadline has passed */
    world->wait(world, &word, 5, 1);
    world->wait(world, &word, 5, 0);
    world->wait(world, &word, 5, INT64_MIN);
    for (int64_t deadline = now() + 1000000; now() < deadline;)
        world->wait(world, &word, 5, deadline); /* may return early, but must return */
    world->wake(world, &word, UINT32_MAX);      /* nobody there */
}

struct game {
    AIRI_ATOMIC(uint32_t) turn;
    uint32_t              rounds;
};

/* Two threads take turns; either sleeps without a deadline, so a lost wake would hang the test. */
static void take_turns(struct game *game, uint32_t parity)
{
    for (uint32_t turn = parity; turn < game->rounds; turn += 2) {
        uint32_t current;
        while ((current = airi_load(&game->turn, AIRI_SEQ_CST)) != turn)
            world->wait(world, &game->turn, current, AIRI_NEVER);
        airi_store(&game->turn, turn + 1, AIRI_SEQ_CST);
        world->wake(world, &game->turn, 1);
    }
}

static void odd_side(void *argument)
{
    take_turns(argument, 1);
}

static void wake_is_not_lost(void **state)
{
    struct game  game = { .turn = 0, .rounds = 2000 };
    airi_thread *thread = NULL;
    (void)state;
    assert_int_equal(world->thread_start(world, "odd", odd_side, &game, &thread), AIRT_OK);
    take_turns(&game, 0);
    world->thread_join(world, &thread);
    assert_int_equal(airi_load(&game.turn, AIRI_SEQ_CST), 2000);
}

static void wake_keeps_errno(void **state)
{
    AIRI_ATOMIC(uint32_t) word = 0;
    (void)state;
    errno = EXDEV;
    world->wake(world, &word, 1);
    assert_int_equal(errno, EXDEV);
}

/* ---- the descriptor for a foreign loop ---- */

static bool readable(airi_poll *poller, int timeout_ms)
{
    struct pollfd watched = { .fd = world->poll_fd(poller), .events = POLLIN };
    assert_true(watched.fd >= 0);
    return poll(&watched, 1, timeout_ms) == 1;
}

static void ring_and_clear(void **state)
{
    airi_poll *poller = NULL;
    (void)state;
    assert_int_equal(world->poll_create(world, &poller), AIRT_OK);
    assert_false(readable(poller, 0));
    world->poll_ring(poller);
    world->poll_ring(poller);
    assert_true(readable(poller, 0));
    assert_true(readable(poller, 0)); /* level, not edge */
    world->poll_clear(poller);
    assert_false(readable(poller, 0));
    world->poll_clear(poller);
    world->poll_destroy(world, &poller);
    assert_null(poller);
    world->poll_destroy(world, &poller); /* harmless */
}

static void arm_and_disarm(void **state)
{
    airi_poll *poller = NULL;
    (void)state;
    assert_int_equal(world->poll_create(world, &poller), AIRT_OK);
    world->poll_arm(poller, now() + INT64_C(3600000000000));
    assert_false(readable(poller, 0));
    int64_t past[] = { now(), 1, 0, -5 };
    for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++) {
        world->poll_arm(poller, past[i]);
        assert_true(readable(poller, -1));
        world->poll_clear(poller);
        assert_false(readable(poller, 0));
    }
    world->poll_arm(poller, now() + 1000000);
    assert_true(readable(poller, -1));
    world->poll_clear(poller);
    world->poll_arm(poller, now() + 1000000000);
    world->poll_arm(poller, AIRI_NEVER);
    assert_false(readable(poller, 0));
    world->poll_destroy(world, &poller);
}

static void ring_from(void *argument)
{
    world->poll_ring(argument);
}

static void ring_from_another_thread(void **state)
{
    airi_poll   *poller = NULL;
    airi_thread *thread = NULL;
    (void)state;
    assert_int_equal(world->poll_create(world, &poller), AIRT_OK);
    assert_int_equal(world->thread_start(world, "ring", ring_from, poller, &thread), AIRT_OK);
    assert_true(readable(poller, -1));
    world->thread_join(world, &thread);
    world->poll_destroy(world, &poller);
}

/* ---- the rest of the table ---- */

static void not_driven(void **state)
{
    airi_driven driven = { .ready = NULL };
    (void)state;
    assert_false(world->driven);
    assert_null(world->event);
    assert_null(world->refuse);
    assert_null(world->destroy);
    world->attach(world, &driven);
    world->detach(world, &driven);
    assert_true(airi_permits(world, AIRT_ALLOCATION_MESSAGE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_does_not_go_back),
        cmocka_unit_test(numbers_differ),
        cmocka_unit_test(cores_are_those_allowed),
        cmocka_unit_test(pages),
        cmocka_unit_test(thread_is_named_and_has_signal_stack),
        cmocka_unit_test(signal_mask_is_inherited),
        cmocka_unit_test(wait_returns_when_it_should),
        cmocka_unit_test(wake_is_not_lost),
        cmocka_unit_test(wake_keeps_errno),
        cmocka_unit_test(ring_and_clear),
        cmocka_unit_test(arm_and_disarm),
        cmocka_unit_test(ring_from_another_thread),
        cmocka_unit_test(not_driven),
    };
    world = airt_world_linux();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
