/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A system without threads inside an epoll loop that has a timer of its own; and several systems side by side. */
#include "threads.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

enum {
    SENDERS = 8,
    EACH = 1000,
    TICKS = 50,
    TURNS = 3,
    BURST = 800,
    TURN_MAX = 512,
    CASTERS = 5,
    LONG_US = 1000000000
};

AIRT_SIGNAL(tick)
struct number {
    uint64_t value;
};
struct square {
    uint64_t value;
};
AIRT_KIND(number, value)
AIRT_KIND(square, value)
AIRT_ANSWER(square, number)

static _Atomic(int) ticks, told, served, asked, failures;

#define server_ACCEPTS(KIND) KIND(square) KIND(number)
AIRT_PROTOCOL(server)
struct server {
    char nothing;
};
AIRT_ON(server, square)
{
    atomic_fetch_add(&served, 1);
    return airt_reply(ctx, square, .value = msg->value * msg->value);
}
AIRT_ON(server, number)
{
    atomic_fetch_add(&told, 1);
    return AIRT_OK;
}
#define server_HANDLES(ON, A) ON(A, square) ON(A, number)
AIRT_BEHAVIOR(server)

struct ticker_start {
    server_ref server;
};
AIRT_KIND(ticker_start, REF(server))
#define ticker_ACCEPTS(KIND) KIND(tick)
AIRT_PROTOCOL(ticker)
struct ticker {
    server_ref server;
};
AIRT_ON(ticker, ticker_start)
{
    self->server = msg->server;
    return airt_send_every(ctx, AIRT_MS(2), NULL, tick);
}
AIRT_ON(ticker, tick)
{
    struct number number;
    uint64_t      n = (uint64_t)atomic_fetch_add(&ticks, 1);

    AIRT_TRY(airt_ask(ctx, self->server, &number, AIRT_SECONDS(60), square, .value = n));
    AIRT_TRY(airt_sleep(ctx, AIRT_US(100)));
    atomic_fetch_add(number.value == n * n ? &asked : &failures, 1);
    return AIRT_OK;
}
#define ticker_HANDLES(ON, A) ON(A, ticker_start) ON(A, tick)
AIRT_BEHAVIOR(ticker)

/* --- the host's loop ---------------------------------------------------------------------------------------------- */

typedef struct loop {
    airt_system *system;
    int          epoll, timer;
    int          host_ticks, idle; /* idle: woken for nothing */
    bool         more;             /* the last step left work: a handler may be in the middle of its answer */
} loop;

static void watch(loop *l, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data = { .fd = fd } };

    assert_int_equal(epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event), 0);
}

static void loop_open(loop *l)
{
    struct itimerspec every = { { 0, 3000000 }, { 0, 3000000 } };

    memset(l, 0, sizeof *l);
    ticks = told = served = asked = failures = 0;
    OK(airt_system_create((&(airt_system_options){ .foreign_loop = true, .workers = 8 }), &l->system));
    l->epoll = epoll_create1(0);
    l->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    assert_true(l->epoll >= 0 && l->timer >= 0);
    assert_int_equal(timerfd_settime(l->timer, 0, &every, NULL), 0);
    watch(l, airt_system_fd(l->system));
}

/* One round: what is ready, each once. A round that would wait for ever shows as a failure, not as a hang. */
static void round_of(loop *l)
{
    struct epoll_event ready[2];
    int                count = epoll_wait(l->epoll, ready, 2, 60000);
    bool               more;
    uint64_t           turns, fired, expired;

    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        if (ready[i].data.fd == l->timer) {
            l->host_ticks += read(l->timer, &expired, sizeof expired) == sizeof expired;
            continue;
        }
        turns = stats_of(l->system).turns;
        fired = stats_of(l->system).timers_fired;
        OK(airt_system_step(l->system, TURNS, &more));
        assert_true(stats_of(l->system).turns <= turns + TURNS);
        l->idle += stats_of(l->system).turns == turns && stats_of(l->system).timers_fired == fired;
        l->more = more;
    }
}

static void loop_close(loop *l)
{
    assert_int_equal(failures, 0);
    check_account(l->system);
    OK(airt_system_stop(&l->system, AIRT_SECONDS(60)));
    (void)close(l->timer);
    (void)close(l->epoll);
}

static bool readable(int fd)
{
    struct pollfd one = { .fd = fd, .events = POLLIN };

    return poll(&one, 1, 0) == 1;
}

static void nothing_runs_without_steps(void **state)
{
    int        threads = threads_now();
    loop       l;
    server_ref server;
    bool       more = false;

    (void)state;
    loop_open(&l);
    assert_int_equal(threads_now(), threads);
    assert_false(readable(airt_system_fd(l.system)));
    OK(airt_spawn(l.system, server, &server, NULL));
    for (int i = 0; i < 10; i++)
        OK(airt_tell(l.system, server, number, .value = 1));
    assert_int_equal(threads_now(), threads); /* so nobody could have run them */
    assert_int_equal(told, 0);
    assert_true(readable(airt_system_fd(l.system)));
    OK(airt_system_step(l.system, 0, &more));
    assert_int_equal(told, 10);
    assert_false(more);
    assert_false(readable(airt_system_fd(l.system)));
    loop_close(&l);
}

static void timers_and_asks_run_beside_the_hosts_timer(void **state)
{
    loop       l;
    server_ref server;
    ticker_ref ticker;

    (void)state;
    loop_open(&l);
    watch(&l, l.timer);
    OK(airt_spawn(l.system, server, &server, NULL));
    for (int i = 0; i < 3; i++)
        OK(airt_spawn(l.system, ticker, &ticker,
                      &(airt_spawn_options){ .start = AIRT_START(ticker, .server = server) }));
    while (asked < TICKS || l.host_ticks < 5)
        round_of(&l);
    loop_close(&l); /* with timers armed and handlers suspended */
}

static struct sender {
    airt_system *system;
    server_ref   server;
    bool         asks;
} sender;

static void *send_from_outside(void *argument)
{
    struct sender *s = (struct sender *)argument;
    struct number  answer;

    for (uint64_t i = 0; i < EACH; i++) {
        if (!s->asks)
            while (airt_tell(s->system, s->server, number, .value = i) == AIRT_EFULL)
                pause_us(100);
        else if (airt_ask(s->system, s->server, &answer, AIRT_SECONDS(60), square, .value = i) == AIRT_OK &&
                 answer.value == i * i)
            atomic_fetch_add(&asked, 1);
        else
            atomic_fetch_add(&failures, 1);
    }
    return NULL;
}

static void others_send_from_their_threads(void **state)
{
    pthread_t thread[SENDERS];
    loop      l;

    (void)state;
    for (int asks = 0; asks < 2; asks++) {
        loop_open(&l);
        sender = (struct sender){ .system = l.system, .asks = asks };
        OK(airt_spawn(l.system, server, &sender.server, NULL));
        for (int i = 0; i < SENDERS; i++)
            assert_int_equal(pthread_create(&thread[i], NULL, send_from_outside, &sender), 0);
        while (failures == 0 && ((asks ? served : told) < SENDERS * EACH || l.more)) /* a lost wake would hang here */
            round_of(&l);
        for (int i = 0; i < SENDERS; i++)
            assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_int_equal(asked, asks ? SENDERS * EACH : 0);
        loop_close(&l);
    }
}

AIRT_SIGNAL(later)
#define sleeper_ACCEPTS(KIND) KIND(later)
AIRT_PROTOCOL(sleeper)
struct sleeper {
    char nothing;
};
AIRT_ON(sleeper, later)
{
    AIRT_TRY(airt_sleep(ctx, AIRT_MS(100)));
    atomic_fetch_add(&told, 1);
    return AIRT_OK;
}
#define sleeper_HANDLES(ON, A) ON(A, later)
AIRT_BEHAVIOR(sleeper)

/* Whatever the descriptor wakes the loop for is there to be done: nothing polls. */
static void a_timer_comes_by_the_descriptor(void **state)
{
    loop        l;
    sleeper_ref sleeper;

    (void)state;
    loop_open(&l);
    OK(airt_spawn(l.system, sleeper, &sleeper, NULL));
    OK(airt_tell(l.system, sleeper, later));
    while (told == 0)
        round_of(&l);
    assert_int_equal(l.idle, 0);
    loop_close(&l);
}

/* --- steps by number ---------------------------------------------------------------------------------------------- */

AIRT_SIGNAL(burst)
AIRT_SIGNAL(ask_one)
struct caster_start {
    server_ref server;
};
AIRT_KIND(caster_start, REF(server))
#define caster_ACCEPTS(KIND) KIND(burst) KIND(ask_one)
AIRT_PROTOCOL(caster)
struct caster {
    server_ref server;
};
static int entered, left; /* handlers of casters */
AIRT_ON(caster, caster_start)
{
    self->server = msg->server;
    return AIRT_OK;
}
AIRT_ON(caster, burst)
{
    entered++;
    for (int i = 0; i < BURST; i++)
        AIRT_TRY(airt_tell(ctx, self->server, number, .value = 1));
    left++;
    return AIRT_OK;
}
AIRT_ON(caster, ask_one)
{
    struct number answer;

    entered++;
    AIRT_TRY(airt_ask(ctx, self->server, &answer, AIRT_SECONDS(60), square, .value = 3));
    left++;
    return AIRT_OK;
}
#define caster_HANDLES(ON, A) ON(A, caster_start) ON(A, burst) ON(A, ask_one)
AIRT_BEHAVIOR(caster)

static airt_system *steps_begin(server_ref *server, caster_ref caster[], int count)
{
    airt_system *system = NULL;

    told = served = entered = left = 0;
    OK(airt_system_create((&(airt_system_options){ .foreign_loop = true, .turn_us = LONG_US }), &system));
    OK(airt_spawn(system, server, server, (&(airt_spawn_options){ .turn_max = TURN_MAX })));
    for (int i = 0; i < count; i++)
        OK(airt_spawn(system, caster, &caster[i],
                      &(airt_spawn_options){ .start = AIRT_START(caster, .server = *server) }));
    OK(airt_system_step(system, 0, &(bool){ false }));
    return system;
}

/* One step of one turn. */
static bool step_one(airt_system *system)
{
    uint64_t turns = stats_of(system).turns;
    bool     more = false;

    OK(airt_system_step(system, 1, &more));
    assert_int_equal(stats_of(system).turns, turns + 1);
    return more;
}

static void a_step_is_a_turn(void **state)
{
    server_ref   server;
    caster_ref   caster[1];
    airt_system *system = steps_begin(&server, caster, 1);

    (void)state;
    OK(airt_tell(system, caster[0], burst));
    assert_true(step_one(system));
    assert_int_equal(left, 1); /* all of it */
    assert_int_equal(told, 0);
    assert_true(step_one(system));
    assert_int_equal(told, TURN_MAX);
    assert_false(step_one(system));
    assert_int_equal(told, BURST);
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
}

static void a_handler_that_waits_ends_its_step(void **state)
{
    server_ref   server;
    caster_ref   caster[CASTERS];
    airt_system *system = steps_begin(&server, caster, CASTERS);
    int          steps = 0;

    (void)state;
    for (int i = 0; i < CASTERS; i++)
        OK(airt_tell(system, caster[i], ask_one));
    for (bool more = true; more; steps++) {
        int before = entered + left + served;

        more = step_one(system);
        assert_true(served <= TURN_MAX && entered <= CASTERS);
        if (served == 0) /* not yet the server's turn, which is of several messages */
            assert_int_equal(entered + left + served, before + 1);
    }
    assert_int_equal(left, CASTERS);
    assert_true(steps <= 3 * CASTERS); /* in, the server's, out */
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
}

/* --- side by side ------------------------------------------------------------------------------------------------- */

struct abroad {
    airt_ref far;
};
AIRT_KIND(abroad, far)
#define traveller_ACCEPTS(KIND) KIND(abroad)
AIRT_PROTOCOL(traveller)
struct traveller_start {
    uint64_t system; /* which of the systems below */
};
AIRT_KIND(traveller_start, system)
struct traveller {
    uint64_t system;
};
static airt_system *systems[3];
AIRT_ON(traveller, traveller_start)
{
    self->system = msg->system;
    return AIRT_OK;
}
AIRT_ON(traveller, abroad) /* from a handler of one system to an actor of another: as from outside */
{
    if (airt_tell_any(systems[self->system], msg->far, number, .value = 1) != AIRT_OK)
        atomic_fetch_add(&failures, 1);
    (void)airt_tell_any(ctx, msg->far, tick); /* a foreign ref here: whatever it means */
    return AIRT_OK;
}
#define traveller_HANDLES(ON, A) ON(A, traveller_start) ON(A, abroad)
AIRT_BEHAVIOR(traveller)

static void systems_live_side_by_side(void **state)
{
    server_ref    server[3];
    traveller_ref traveller[3];

    (void)state;
    told = failures = 0;
    for (int i = 0; i < 3; i++) {
        OK(airt_system_create((&(airt_system_options){ .workers = 2 }), &systems[i]));
        for (int j = 0; j <= i; j++) /* so that refs do not look alike */
            OK(airt_spawn(systems[i], server, &server[i],
                          &(airt_spawn_options){ .mailbox = { .max = AIRT_UNBOUNDED } }));
    }
    for (uint64_t i = 0; i < 3; i++)
        OK(airt_spawn(systems[i], traveller, &traveller[i],
                      &(airt_spawn_options){ .start = AIRT_START(traveller, .system = (i + 1) % 3) }));
    for (int n = 0; n < 3 * 500; n++)
        OK(airt_tell(systems[n % 3], traveller[n % 3], abroad, .far = server[(n + 1) % 3].ref));
    for (int i = 0; i < 3; i++) /* refs of another system mean nothing, and do nothing bad */
        for (int j = 0; j < 3; j++) {
            (void)airt_tell_any(systems[i], server[j].ref, number, .value = 1);
            (void)airt_stop(systems[i], (airt_ref){ server[j].bits + (1ull << 40) }, NULL);
        }
    UNTIL(told >= 3 * 500 + 3);
    for (int i = 0; i < 3; i++)
        OK(airt_system_quiesce(systems[i], AIRT_SECONDS(60)));
    for (int i = 0; i < 3; i++) {
        check_account(systems[i]);
        OK(airt_system_stop(&systems[i], AIRT_SECONDS(60)));
    }
    assert_int_equal(failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_runs_without_steps),
        cmocka_unit_test(timers_and_asks_run_beside_the_hosts_timer),
        cmocka_unit_test(others_send_from_their_threads),
        cmocka_unit_test(a_timer_comes_by_the_descriptor),
        cmocka_unit_test(a_step_is_a_turn),
        cmocka_unit_test(a_handler_that_waits_ends_its_step),
        cmocka_unit_test(systems_live_side_by_side),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
