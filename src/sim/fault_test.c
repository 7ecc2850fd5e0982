/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tests of the fault world: which allocations are refused, what is counted, and that every call reaches the inner world
 * with the inner world's pointer. */
#include "port/port.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static airt_world *fault_around(airt_world *inner, airt_fault_options options)
{
    airt_world *world = NULL;
    assert_int_equal(airt_fault_create(inner, &options, &world), AIRT_OK);
    return world;
}

static void counts_only(void **state)
{
    airt_world *world = NULL;
    (void)state;
    assert_int_equal(airt_fault_create(airt_world_linux(), NULL, &world), AIRT_OK);
    for (int i = 0; i < 10; i++)
        assert_true(airi_permits(world, AIRT_ALLOCATION_MESSAGE));
    assert_true(airi_permits(world, AIRT_ALLOCATION_TIMER));
    assert_int_equal(airt_fault_count(world, AIRT_ALLOCATION_MESSAGE), 10);
    assert_int_equal(airt_fault_count(world, AIRT_ALLOCATION_TIMER), 1);
    assert_int_equal(airt_fault_count(world, AIRT_ALLOCATION_BLOB), 0);
    assert_int_equal(airt_fault_refused(world), 0);
    airt_world_destroy(&world);
    assert_null(world);
}

static void nth_once(void **state)
{
    airt_world *world = fault_around(airt_world_linux(), (airt_fault_options){ .nth = 3 });
    (void)state;
    for (int i = 1; i <= 6; i++)
        assert_int_equal(airi_permits(world, i % 2 ? AIRT_ALLOCATION_SLOT : AIRT_ALLOCATION_NAME), i != 3);
    assert_int_equal(airt_fault_refused(world), 1);
    airt_world_destroy(&world);
}

static void nth_onwards(void **state)
{
    airt_world *world = fault_around(airt_world_linux(), (airt_fault_options){ .nth = 3, .onwards = true });
    (void)state;
    for (int i = 1; i <= 6; i++)
        assert_int_equal(airi_permits(world, AIRT_ALLOCATION_STATE), i < 3);
    assert_int_equal(airt_fault_refused(world), 4);
    assert_int_equal(airt_fault_count(world, AIRT_ALLOCATION_STATE), 6);
    airt_world_destroy(&world);
}

static void chosen_sites(void **state)
{
    uint32_t    sites = 1u << AIRT_ALLOCATION_CALL | 1u << AIRT_ALLOCATION_SIGNAL_STACK;
    airt_world *world = fault_around(airt_world_linux(), (airt_fault_options){ .nth = 2, .sites = sites });
    (void)state;
    assert_true(airi_permits(world, AIRT_ALLOCATION_MESSAGE));
    assert_true(airi_permits(world, AIRT_ALLOCATION_CALL));
    assert_true(airi_permits(world, AIRT_ALLOCATION_MESSAGE));
    assert_false(airi_permits(world, AIRT_ALLOCATION_SIGNAL_STACK));
    assert_true(airi_permits(world, AIRT_ALLOCATION_CALL));
    assert_int_equal(airt_fault_count(world, AIRT_ALLOCATION_MESSAGE), 2);
    airt_world_destroy(&world);
}

static void inner_refuses_too(void **state)
{
    airt_world *inner = fault_around(airt_world_linux(), (airt_fault_options){ .nth = 1 });
    airt_world *outer = fault_around(inner, (airt_fault_options){ .nth = 3 });
    (void)state;
    assert_false(airi_permits(outer, AIRT_ALLOCATION_MESSAGE));
    assert_true(airi_permits(outer, AIRT_ALLOCATION_MESSAGE));
    assert_false(airi_permits(outer, AIRT_ALLOCATION_MESSAGE));
    assert_int_equal(airt_fault_refused(inner), 1);
    assert_int_equal(airt_fault_refused(outer), 1);
    airt_world_destroy(&outer);
    airt_world_destroy(&inner);
}

static void *ask_often(void *argument)
{
    airt_world *world = argument;
    for (int i = 0; i < 10000; i++)
        (void)airi_permits(world, AIRT_ALLOCATION_MESSAGE);
    return NULL;
}

static void counters_are_exact(void **state)
{
    airt_world *world = fault_around(airt_world_linux(), (airt_fault_options){ .nth = 15001, .onwards = true });
    pthread_t   threads[2];
    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, world), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(airt_fault_count(world, AIRT_ALLOCATION_MESSAGE), 20000);
    assert_int_equal(airt_fault_refused(world), 5000);
    airt_world_destroy(&world);
}

/* ---- every call is forwarded ---- */

/* An inner world that notes which of its functions was called last, and insists on its own pointer. */
static airt_world  recorder;
static const char *called;

static void note(airt_world *world, const char *function)
{
    assert_ptr_equal(world, &recorder);
    called = function;
}

static int64_t note_now_ns(airt_world *world)
{
    note(world, "now_ns");
    return 11;
}
static uint64_t note_random(airt_world *world)
{
    note(world, "random");
    return 12;
}
static uint32_t note_cores(airt_world *world)
{
    note(world, "cores");
    return 13;
}
static airt_status note_thread_start(airt_world *world, const char *name, void (*run)(void *), void *argument,
                                     airi_thread **out_thread)
{
    note(world, name);
    run(argument);
    *out_thread = (airi_thread *)argument;
    return AIRT_OK;
}
static void note_thread_join(airt_world *world, airi_thread **thread)
{
    note(world, "thread_join");
    *thread = NULL;
}
static void note_wait(airt_world *world, AIRI_ATOMIC(uint32_t) *word, uint32_t expected, int64_t deadline_ns)
{
    note(world, "wait");
    assert_true(airi_load(word, AIRI_SEQ_CST) == expected && deadline_ns == 17);
}
static void note_wake(airt_world *world, AIRI_ATOMIC(uint32_t) *word, uint32_t count)
{
    note(world, "wake");
    assert_int_equal(airi_load(word, AIRI_SEQ_CST), count);
}
static void *note_map(airt_world *world, size_t bytes)
{
    note(world, "map");
    return bytes == 18 ? &recorder : NULL;
}
static void note_unmap(airt_world *world, void *memory, size_t bytes)
{
    note(world, "unmap");
    assert_true(memory == &recorder && bytes == 19);
}
static airt_status note_poll_create(airt_world *world, airi_poll **out_poll)
{
    note(world, "poll_create");
    *out_poll = (airi_poll *)(void *)&recorder;
    return AIRT_OK;
}
static void note_poll_destroy(airt_world *world, airi_poll **poll)
{
    note(world, "poll_destroy");
    *poll = NULL;
}
static int note_poll_fd(airi_poll *poll)
{
    (void)poll;
    return 20;
}
static void note_attach(airt_world *world, airi_driven *driven)
{
    note(world, "attach");
    assert_null(driven);
}
static void note_detach(airt_world *world, airi_driven *driven)
{
    note(world, "detach");
    assert_null(driven);
}
static void note_event(airt_world *world, uint64_t what, uint64_t who, uint64_t detail)
{
    note(world, "event");
    assert_true(what == 1 && who == 2 && detail == 3);
}

static bool note_fence_all(airt_world *world)
{
    note(world, "fence_all");
    return true;
}

static const airt_world recorder_table = {
    .name = "recorder",
    .driven = true,
    .now_ns = note_now_ns,
    .random = note_random,
    .cores = note_cores,
    .thread_start = note_thread_start,
    .thread_join = note_thread_join,
    .wait = note_wait,
    .wake = note_wake,
    .fence_all = note_fence_all,
    .map = note_map,
    .unmap = note_unmap,
    .poll_create = note_poll_create,
    .poll_destroy = note_poll_destroy,
    .poll_fd = note_poll_fd,
    .attach = note_attach,
    .detach = note_detach,
    .event = note_event,
};

static void run_set(void *argument)
{
    *(int *)argument = 14;
}

static void thread_is_forwarded(airt_world *world)
{
    int          ran = 0;
    airi_thread *thread = NULL;
    assert_int_equal(world->thread_start(world, "thread_start", run_set, &ran, &thread), AIRT_OK);
    assert_string_equal(called, "thread_start");
    assert_int_equal(ran, 14);
    world->thread_join(world, &thread);
    assert_string_equal(called, "thread_join");
    assert_int_equal(airt_fault_count(world, AIRT_ALLOCATION_THREAD), 1);
    assert_int_equal(airt_fault_count(world, AIRT_ALLOCATION_SIGNAL_STACK), 1);
}

static void poll_is_forwarded(airt_world *world)
{
    airi_poll *poll = NULL;
    assert_int_equal(world->poll_create(world, &poll), AIRT_OK);
    assert_string_equal(called, "poll_create");
    assert_int_equal(world->poll_fd(poll), 20);
    world->poll_destroy(world, &poll);
    assert_string_equal(called, "poll_destroy");
}

static void pages_are_forwarded(airt_world *world)
{
    assert_ptr_equal(world->map(world, 18), &recorder);
    assert_string_equal(called, "map");
    world->unmap(world, &recorder, 19);
    assert_string_equal(called, "unmap");
}

static void driven_is_forwarded(airt_world *world)
{
    world->attach(world, NULL);
    assert_string_equal(called, "attach");
    world->detach(world, NULL);
    assert_string_equal(called, "detach");
    world->event(world, 1, 2, 3);
    assert_string_equal(called, "event");
}

static void everything_is_forwarded(void **state)
{
    AIRI_ATOMIC(uint32_t) word = 16;
    recorder = recorder_table;
    airt_world *world = fault_around(&recorder, (airt_fault_options){ .nth = 0 });
    (void)state;
    assert_true(world->driven);
    assert_string_equal(world->name, "fault");
    assert_int_equal(world->now_ns(world), 11);
    assert_int_equal(world->random(world), 12);
    assert_int_equal(world->cores(world), 13);
    world->wait(world, &word, 16, 17);
    assert_string_equal(called, "wait");
    world->wake(world, &word, 16);
    assert_string_equal(called, "wake");
    thread_is_forwarded(world);
    pages_are_forwarded(world);
    poll_is_forwarded(world);
    driven_is_forwarded(world);
    airt_world_destroy(&world);
}

static void no_event_without_inner_event(void **state)
{
    airt_world *world = fault_around(airt_world_linux(), (airt_fault_options){ .nth = 0 });
    (void)state;
    assert_null(world->event);
    assert_false(world->driven);
    airt_world_destroy(&world);
}

static void thread_start_is_refused(void **state)
{
    int          ran = 0;
    airi_thread *thread = NULL;
    (void)state;
    for (uint64_t nth = 1; nth <= 2; nth++) { /* the thread, then its signal stack */
        airt_world *world = fault_around(airt_world_linux(), (airt_fault_options){ .nth = nth });
        assert_int_equal(world->thread_start(world, "never", run_set, &ran, &thread), AIRT_ENOMEM);
        assert_null(thread);
        assert_int_equal(world->thread_start(world, "now", run_set, &ran, &thread), AIRT_OK);
        world->thread_join(world, &thread);
        assert_null(thread);
        assert_int_equal(ran, 14);
        airt_world_destroy(&world);
        ran = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_only),
        cmocka_unit_test(nth_once),
        cmocka_unit_test(nth_onwards),
        cmocka_unit_test(chosen_sites),
        cmocka_unit_test(inner_refuses_too),
        cmocka_unit_test(counters_are_exact),
        cmocka_unit_test(everything_is_forwarded),
        cmocka_unit_test(no_event_without_inner_event),
        cmocka_unit_test(thread_start_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
