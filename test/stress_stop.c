/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A system's end and its edges: order and deadline of the stop, a long queue, threads outside that ask and wait, and two
 * hundred systems one after the other. */
#include "threads.h"

#include <pthread.h>

enum {
    QUEUED = 100000,
    OUTSIDE = 8,
    ASKS = 1000,
    LEVELS = 6,
    SYSTEMS = 200
};

AIRT_SIGNAL(enter)
struct number {
    uint64_t value;
};
AIRT_KIND(number, value)
struct echo {
    uint64_t value;
};
AIRT_KIND(echo, value)
AIRT_ANSWER(echo, number)

static gate         hold;
static _Atomic(int) handled, dead, failures, begun, came;

/* --- order, deadline, long queues --------------------------------------------------------------------------------- */

struct branch_start {
    uint32_t level;
};
AIRT_KIND(branch_start, level)
#define branch_ACCEPTS(KIND) KIND(enter)
AIRT_PROTOCOL(branch)
struct branch {
    uint32_t level;
};
static _Atomic(int) living[LEVELS + 1], out_of_order;

AIRT_ACTOR(branch)
AIRT_ON(branch, branch_start)
{
    branch_ref child;

    self->level = msg->level;
    atomic_fetch_add(&living[self->level], 1);
    for (int i = 0; i < 3 && self->level + 1 < LEVELS; i++)
        AIRT_TRY(
            airt_spawn(ctx, branch, &child,
                       &(airt_spawn_options){ .child = true, .start = AIRT_START(branch, .level = self->level + 1) }));
    return AIRT_OK;
}
AIRT_ON(branch, enter)
{
    return AIRT_OK;
}
AIRT_ON(branch, airt_stopping)
{
    /* Its three are gone: those that live have another parent, who lives. Read in this order. */
    int parents = atomic_load(&living[self->level]) - 1;
    int children = atomic_load(&living[self->level + 1]);

    if (children > parents * 3)
        atomic_fetch_add(&out_of_order, 1);
    atomic_fetch_sub(&living[self->level], 1);
    return AIRT_OK;
}
#define branch_HANDLES(ON, A) ON(A, branch_start) ON(A, enter) ON(A, airt_stopping)
AIRT_BEHAVIOR(branch)

#define sink_ACCEPTS(KIND) KIND(enter) KIND(number) KIND(echo)
AIRT_PROTOCOL(sink)
struct sink {
    char nothing;
};
AIRT_ON(sink, enter)
{
    gate_pass(&hold);
    return AIRT_OK;
}
AIRT_ON(sink, number)
{
    atomic_fetch_add(&handled, 1);
    return AIRT_OK;
}
AIRT_ON(sink, echo)
{
    return airt_reply(ctx, echo, .value = msg->value);
}
#define sink_HANDLES(ON, A) ON(A, enter) ON(A, number) ON(A, echo)
AIRT_BEHAVIOR(sink)

/* Does not mind being asked to stop; ends when it is killed. */
#define deaf_ACCEPTS(KIND) KIND(enter)
AIRT_PROTOCOL(deaf)
struct deaf {
    char nothing;
};
AIRT_ON(deaf, enter)
{
    atomic_fetch_add(&hold.inside, 1);
    while (airt_tell(ctx, (deaf_ref){ .bits = 0 }, enter) != AIRT_EKILLED)
        pause_us(100);
    return AIRT_OK;
}
#define deaf_HANDLES(ON, A) ON(A, enter)
AIRT_BEHAVIOR(deaf)

static void on_dead(void *context, const airt_dead_letter *letter)
{
    (void)context;
    if (letter->kind == &number_kind && letter->reason == AIRT_LETTER_STOPPED)
        atomic_fetch_add(&dead, 1);
}

static airt_system *begin(uint32_t workers)
{
    airt_system *system = NULL;

    UNTIL(threads_now() == threads_without());
    gate_close(&hold);
    handled = dead = failures = begun = came = 0;
    OK(airt_system_create(
        (&(airt_system_options){ .workers = workers, .dead_letter = on_dead, .stuck_ms = NEVER_STUCK }), &system));
    return system;
}

static void children_end_before_parents(void **state)
{
    airt_system *system = begin(2);
    airt_system *again;
    branch_ref   root;

    (void)state;
    out_of_order = 0;
    OK(airt_spawn(system, branch, &root, &(airt_spawn_options){ .start = AIRT_START(branch, .level = 0) }));
    UNTIL(living[LEVELS - 1] == 243);
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
    for (int i = 0; i < LEVELS; i++)
        assert_int_equal(living[i], 0);
    assert_int_equal(out_of_order, 0);
    again = system;
    assert_null(again);
    OK(airt_system_stop(&again, AIRT_SECONDS(60))); /* nothing to do */
}

static void what_does_not_stop_in_time_is_killed(void **state)
{
    airt_system *system = begin(2);
    deaf_ref     deaf;

    (void)state;
    OK(airt_spawn(system, deaf, &deaf, NULL));
    OK(airt_tell(system, deaf, enter));
    UNTIL(hold.inside == 1);
    OK(airt_system_stop(&system, AIRT_MS(10)));
    assert_null(system);
}

static void a_stop_that_leaves_a_handler_says_so(void **state)
{
    airt_system *system = begin(2);
    sink_ref     sink, idle, more;

    (void)state;
    OK(airt_spawn(system, sink, &idle, NULL));
    OK(airt_spawn(system, sink, &sink, NULL));
    OK(airt_tell(system, sink, enter));
    UNTIL(hold.inside == 1);
    for (int i = 0; i < 2; i++) {
        IS(airt_system_stop(&system, AIRT_MS(20)), AIRT_ELEFT);
        assert_non_null(system);
        assert_int_equal(stats_of(system).abandoned, 1);
        UNTIL(stats_of(system).actors == 0);
        IS(airt_spawn(system, sink, &more, NULL), AIRT_ESTOPPING);
        IS(airt_tell(system, idle, number, .value = 1), AIRT_EDEAD);
    }
    gate_open(&hold);
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
    assert_null(system);
}

/* Stays until its own door is opened. */
static _Atomic(int) door_of[2];
#define stayer_ACCEPTS(KIND) KIND(number)
AIRT_PROTOCOL(stayer)
struct stayer {
    char nothing;
};
AIRT_ON(stayer, number)
{
    uint64_t door = msg->value; /* it goes with the kill */

    (void)self;
    (void)ctx;
    atomic_fetch_add(&hold.inside, 1);
    while (!atomic_load(&door_of[door]))
        pause_us(200);
    return AIRT_OK;
}
#define stayer_HANDLES(ON, A) ON(A, number)
AIRT_BEHAVIOR(stayer)

/* Only one of the two may be abandoned; when its handler has returned, a second stop abandons the other. */
static void a_stop_kills_again_what_it_could_not_abandon(void **state)
{
    airt_system *system = NULL;
    stayer_ref   stayer[2];
    int          first;

    (void)state;
    UNTIL(threads_now() == threads_without());
    gate_close(&hold);
    door_of[0] = door_of[1] = 0;
    OK(airt_system_create((&(airt_system_options){ .workers = 2, .abandoned_max = 1, .stuck_ms = NEVER_STUCK }),
                          &system));
    for (uint64_t i = 0; i < 2; i++) {
        OK(airt_spawn(system, stayer, &stayer[i], NULL));
        OK(airt_tell(system, stayer[i], number, .value = i));
    }
    UNTIL(hold.inside == 2);
    IS(airt_system_stop(&system, AIRT_MS(10)), AIRT_ELEFT);
    assert_int_equal(stats_of(system).abandoned, 1);
    assert_int_equal(stats_of(system).actors, 1);
    first = airt_stop(system, stayer[0].ref, NULL) == AIRT_EDEAD ? 0 : 1; /* who was abandoned */
    assert_int_equal(airt_stop(system, stayer[!first].ref, NULL), AIRT_OK);
    door_of[first] = 1;
    UNTIL(stats_of(system).abandoned == 0);
    assert_int_equal(stats_of(system).actors, 1);
    IS(airt_system_stop(&system, AIRT_MS(10)), AIRT_ELEFT);
    assert_int_equal(stats_of(system).abandoned, 1);
    assert_int_equal(stats_of(system).actors, 0);
    door_of[!first] = 1;
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
}

static void *stop_it(void *argument)
{
    airt_system **system = (airt_system **)argument;

    atomic_fetch_add(&begun, 1);
    if (airt_system_stop(system, AIRT_SECONDS(60)) != AIRT_OK)
        atomic_fetch_add(&failures, 1);
    return NULL;
}

static void a_long_queue_does_not_hold_up_a_stop(void **state)
{
    (void)state;
    for (int drains = 0; drains < 2; drains++) {
        airt_system *system = begin(2);
        airt_system *same = system;
        int          accepted = QUEUED;
        sink_ref     sink;
        pthread_t    stopper;

        OK(airt_spawn(system, sink, &sink, &(airt_spawn_options){ .mailbox = { .max = AIRT_UNBOUNDED } }));
        OK(airt_tell(system, sink, enter));
        UNTIL(hold.inside == 1);
        for (int i = 0; i < QUEUED; i++)
            OK(airt_tell(system, sink, number, .value = 1));
        if (drains) {
            OK(airt_drain(system, sink.ref, NULL));
            IS(airt_tell(system, sink, number, .value = 1), AIRT_EDEAD);
            gate_open(&hold);
            UNTIL(handled == QUEUED); /* what was accepted before is handled first */
            UNTIL(stats_of(system).actors == 0);
            OK(airt_system_stop(&system, AIRT_SECONDS(60)));
        } else {
            assert_int_equal(pthread_create(&stopper, NULL, stop_it, &system), 0);
            UNTIL(begun == 1);
            for (; airt_tell(same, sink, number, .value = 1) == AIRT_OK; accepted++)
                ; /* refused: the stop has come to it, while its handler stands in the gate */
            gate_open(&hold);
            assert_int_equal(pthread_join(stopper, NULL), 0);
            assert_int_equal(failures, 0);
        }
        assert_int_equal(handled + dead, accepted);
        if (!drains)
            assert_int_equal(handled, 0);
    }
}

/* --- threads outside ---------------------------------------------------------------------------------------------- */

static struct outsider {
    airt_system *system;
    sink_ref     sink;
    int64_t      wait_ms;
} outsider;

static void *ask_a_lot(void *argument)
{
    struct outsider *o = (struct outsider *)argument;
    struct number    answer;

    for (uint64_t i = 0; i < ASKS; i++)
        if (airt_ask(o->system, o->sink, &answer, AIRT_SECONDS(60), echo, .value = i) != AIRT_OK || answer.value != i)
            atomic_fetch_add(&failures, 1);
    return NULL;
}

static void eight_threads_ask_at_once(void **state)
{
    pthread_t thread[OUTSIDE];

    (void)state;
    outsider.system = begin(2);
    OK(airt_spawn(outsider.system, sink, &outsider.sink, NULL));
    for (int i = 0; i < OUTSIDE; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, ask_a_lot, &outsider), 0);
    for (int i = 0; i < OUTSIDE; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    assert_int_equal(failures, 0);
    OK(airt_system_quiesce(outsider.system, AIRT_SECONDS(60)));
    check_account(outsider.system);
    OK(airt_system_stop(&outsider.system, AIRT_SECONDS(60)));
}

static void *tell_and_wait(void *argument)
{
    struct outsider           *o = (struct outsider *)argument;
    airt_send_options          options = { .wait = AIRT_MS(o->wait_ms) };
    static _Atomic(int) *const outcome[] = { &came, &failures };

    atomic_fetch_add(&begun, 1);
    atomic_fetch_add(outcome[airt_tell_with(o->system, o->sink, &options, number, .value = 1) != AIRT_OK], 1);
    return NULL;
}

/* Two have room; the others wait until the gate opens, their time is over, or the receiver ends. */
static void wait_outside(int64_t wait_ms, bool kills, int failed)
{
    pthread_t thread[OUTSIDE];

    outsider.system = begin(2);
    outsider.wait_ms = wait_ms;
    OK(airt_spawn(outsider.system, sink, &outsider.sink,
                  &(airt_spawn_options){ .mailbox = { .max = 2, .overflow = AIRT_WAIT } }));
    OK(airt_tell(outsider.system, outsider.sink, enter));
    UNTIL(hold.inside == 1);
    for (int i = 0; i < OUTSIDE; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, tell_and_wait, &outsider), 0);
    UNTIL(begun == OUTSIDE && came == 2);
    if (wait_ms < 1000)
        UNTIL(failures == OUTSIDE - 2);
    assert_int_equal(came, 2);
    assert_int_equal(stats_of(outsider.system).queued, 2);
    if (kills) {
        OK(airt_kill(outsider.system, outsider.sink.ref, NULL));
        UNTIL(failures == OUTSIDE - 2); /* while its handler still stands in the gate */
    }
    gate_open(&hold);
    for (int i = 0; i < OUTSIDE; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    assert_int_equal(failures, failed);
    assert_int_equal(came, OUTSIDE - failed);
    OK(airt_system_quiesce(outsider.system, AIRT_SECONDS(60)));
    assert_int_equal(handled, kills ? 0 : OUTSIDE - failed);
    check_account(outsider.system);
    OK(airt_system_stop(&outsider.system, AIRT_SECONDS(60)));
}

static void senders_outside_wait_for_room(void **state)
{
    (void)state;
    wait_outside(300000, false, 0);
    wait_outside(30, false, OUTSIDE - 2);
    wait_outside(300000, true, OUTSIDE - 2);
}

static void systems_come_and_go(void **state)
{
    int files = 0, threads = 0, before = 0;

    (void)state;
    for (int i = 0; i < SYSTEMS; i++) {
        airt_system  *system = begin(2);
        sink_ref      sink;
        struct number answer;
        char          line[512];
        int           maps = 0;
        FILE         *list;

        OK(airt_spawn(system, sink, &sink, &(airt_spawn_options){ .name = "sink" }));
        OK(airt_ask(system, sink, &answer, AIRT_SECONDS(60), echo, .value = 1));
        OK(airt_system_stop(&system, AIRT_SECONDS(60)));
        list = fopen("/proc/self/maps", "r");
        assert_non_null(list);
        while (fgets(line, sizeof line, list) != NULL)
            maps++;
        (void)fclose(list);
        if (i == SYSTEMS / 10) {
            files = entries("/proc/self/fd");
            threads = threads_now();
            before = maps;
        } else if (i > SYSTEMS / 10) {
            assert_int_equal(entries("/proc/self/fd"), files);
            UNTIL(threads_now() == threads);
            assert_true(maps <= before + 16); /* the allocator's, a sanitizer's: no growth by the system */
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_end_before_parents),
        cmocka_unit_test(what_does_not_stop_in_time_is_killed),
        cmocka_unit_test(a_stop_that_leaves_a_handler_says_so),
        cmocka_unit_test(a_stop_kills_again_what_it_could_not_abandon),
        cmocka_unit_test(a_long_queue_does_not_hold_up_a_stop),
        cmocka_unit_test(eight_threads_ask_at_once),
        cmocka_unit_test(senders_outside_wait_for_room),
        cmocka_unit_test(systems_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
