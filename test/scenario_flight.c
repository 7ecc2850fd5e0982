/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The flight recorder in the simulated world: what happened stands in the file, in order and by name, while the system
 * lives and after it stopped; rings wrap, names run out, and a handler that fills its ring is still seen to run. */
#include "flight_file.h"
#include "sim.h"

#include "core/system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static flight_file file;

static void read_file(void)
{
    const char *problem = flight_file_read(&file);

    if (problem != NULL) {
        (void)fprintf(stderr, "%s %s\n", file.path, problem);
        abort();
    }
}

/* The nth event of an actor, of a type or of any (NONE); NULL: there are not so many. */
static const flight_event *event_of(airt_ref who, unsigned type, size_t nth)
{
    for (size_t i = 0; i < file.count; i++)
        if (file.events[i].who == who.bits && (type == AIRI_FLIGHT_NONE || file.events[i].type == type) && nth-- == 0)
            return &file.events[i];
    return NULL;
}

static size_t count_of(airt_ref who, unsigned type)
{
    size_t count = 0;

    while (event_of(who, type, count) != NULL)
        count++;
    return count;
}

static bool names_are(const flight_event *event, const char *behavior, const char *kind)
{
    flight_name b, k;

    if (event == NULL)
        return false;
    b = flight_name_of(&file.record, event->behavior);
    k = flight_name_of(&file.record, event->kind);
    return strcmp(b.text, behavior) == 0 && strcmp(k.text, kind) == 0;
}

static uint32_t worker_in_handler(flight_worker *out)
{
    for (uint32_t ring = 1; ring < file.record.header.rings; ring++)
        if (flight_worker_at(&file.record, ring, out) && out->doing == FLIGHT_DOING_HANDLER)
            return ring;
    return 0;
}

/* --- bodies ------------------------------------------------------------------------------------------------------- */

static airt_status fails(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return AIRT_EINVAL;
}

/* Without a start handler. */
AIRT_SIGNAL(stumble)
struct stumbler {
    char nothing;
};
AIRT_ACTOR(stumbler)
AIRT_ON(stumbler, stumble)
{
    (void)ctx;
    (void)self;
    return AIRT_EINVAL;
}
AIRT_ON(stumbler, airt_failed)
{
    (void)ctx;
    (void)self;
    return AIRT_RESTART;
}
#define stumbler_HANDLES(ON, A) ON(A, stumble) ON(A, airt_failed)
AIRT_BEHAVIOR(stumbler)

/* What follows a restart is said by it. */
static void restarts(sim *s)
{
    airt_ref ref = AIRT_NONE;

    ASSERT_OK(airt_spawn_any(s->system, stumbler, &ref, NULL));
    airt_tell_any(s->system, ref, stumble);
    sim_settle(s);
    read_file();
    assert_int_equal(event_of(ref, AIRI_FLIGHT_RESTART, 0)->detail, 2);
    assert_int_equal(count_of(ref, AIRI_FLIGHT_STATE), 1);
    assert_int_equal(event_of(ref, AIRI_FLIGHT_STATE, 0)->detail & 0xff, AIRT_STATE_RESTARTING);
}

static void lives(sim *s)
{
    airt_ref            a = sim_spawn_with(s, 'a', &(puppet_plan){ .verdict = AIRT_RESTART }, NULL);
    const flight_event *end;

    sim_settle(s);
    sim_num(s, a, 1);
    sim_do(s, a, fails, NULL); /* and it starts again */
    sim_settle(s);
    airt_stop(s->system, a, NULL);
    sim_settle(s);
    read_file();
    assert_int_equal(file.record.header.state, AIRI_FLIGHT_RUNNING);
    assert_int_equal(file.record.header.driven, 1);
    assert_int_equal(count_of(a, AIRI_FLIGHT_SPAWN), 1);
    assert_true(names_are(event_of(a, AIRI_FLIGHT_MESSAGE, 0), "puppet", "puppet_start"));
    assert_true(names_are(event_of(a, AIRI_FLIGHT_MESSAGE, 1), "puppet", "num"));
    assert_int_equal(event_of(a, AIRI_FLIGHT_MESSAGE, 1)->outcome, AIRT_OK);
    assert_true(names_are(event_of(a, AIRI_FLIGHT_MESSAGE, 2), "puppet", "act"));
    assert_int_equal(event_of(a, AIRI_FLIGHT_MESSAGE, 2)->outcome, AIRT_EINVAL);
    assert_true(names_are(event_of(a, AIRI_FLIGHT_MESSAGE, 3), "puppet", "airt_failed"));
    assert_int_equal(event_of(a, AIRI_FLIGHT_FAILED, 0)->detail, AIRT_EINVAL);
    assert_int_equal(event_of(a, AIRI_FLIGHT_RESTART, 0)->detail, 2);
    end = event_of(a, AIRI_FLIGHT_END, 0);
    assert_int_equal(end->detail, AIRT_EXIT_SHUTDOWN << 8);
    assert_true(names_are(end, "puppet", "unknown"));
    assert_int_equal(event_of(a, AIRI_FLIGHT_STATE, 0)->detail, AIRT_STATE_STARTING << 8 | AIRT_STATE_RUNNING);
    assert_int_equal(event_of(a, AIRI_FLIGHT_STATE, count_of(a, AIRI_FLIGHT_STATE) - 1)->detail,
                     AIRT_STATE_STARTING << 8 | AIRT_STATE_RUNNING); /* again; how it ended, END says */
}

static void awaits(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');

    sim_do(s, a, sim_sleeps, (void *)(uintptr_t)5);
    sim_settle(s);
    read_file();
    assert_int_equal(event_of(a, AIRI_FLIGHT_MESSAGE, 1)->outcome, AIRI_FLIGHT_AWAITS);
    sim_run(s, 10);
    read_file();
    assert_true(names_are(event_of(a, AIRI_FLIGHT_RESUME, 0), "puppet", "act"));
    assert_int_equal(event_of(a, AIRI_FLIGHT_RESUME, 0)->outcome, AIRT_OK);
    assert_true(event_of(a, AIRI_FLIGHT_RESUME, 0)->ns - event_of(a, AIRI_FLIGHT_MESSAGE, 1)->ns == 5000000);
}

/* In a handler: the file says so, what the ring has of it or not. */
static void look_from_inside(airt_ref self)
{
    flight_worker w;

    read_file();
    AIRT_CHECK(worker_in_handler(&w) != 0);
    AIRT_CHECK(w.current.who == self.bits);
    AIRT_CHECK(names_are(&w.current, "puppet", "act"));
}

static airt_status floods(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref ref;

    (void)argument;
    look_from_inside(self->self);
    for (int i = 0; i < 40; i++) { /* more events than a ring has */
        AIRT_TRY(airt_spawn_any(ctx, bare, &ref, NULL));
        airt_stop(ctx, ref, NULL);
    }
    look_from_inside(self->self);
    return AIRT_OK;
}

static void fills_its_ring(sim *s)
{
    airt_ref      a = sim_spawn(s, 'a');
    flight_worker w;

    sim_do(s, a, floods, NULL);
    sim_settle(s);
    read_file();
    assert_int_equal(worker_in_handler(&w), 0);
    assert_true(file.count <= 32 * 5u);
}

static void wraps(sim *s)
{
    airt_ref      a = sim_spawn(s, 'a');
    flight_worker w;
    flight_event  events[32];
    size_t        count = 0;

    for (uint64_t i = 0; i < 200; i++)
        sim_num(s, a, i);
    sim_settle(s);
    sim_forget(s);
    read_file();
    for (uint32_t ring = 1; ring < file.record.header.rings && count < 32; ring++)
        if (flight_worker_at(&file.record, ring, &w) && w.written > 32)
            count = flight_events_of(&file.record, ring, events, 32);
    assert_int_equal(count, 32); /* no more, and none is missing */
    for (size_t i = 1; i < count; i++)
        assert_true(events[i].sequence == events[i - 1].sequence + 1);
}

/* Behaviours beyond the room for names are unknown; nothing else is lost. */
static void too_many_names(sim *s)
{
    static airt_behavior many[AIRI_FLIGHT_NAMES_MAX + 8];
    static char          name[AIRI_FLIGHT_NAMES_MAX + 8][AIRI_FLIGHT_NAME_BYTES * 2];
    airt_ref             ref = AIRT_NONE;

    for (size_t i = 0; i < AIRI_FLIGHT_NAMES_MAX + 8; i++) {
        many[i] = bare_behavior;
        (void)snprintf(name[i], sizeof name[i], "%zu-%0*d", i, (int)AIRI_FLIGHT_NAME_BYTES,
                       0); /* longer than its room */
        many[i].name = name[i];
        ASSERT_OK(airt_spawn_behavior(s->system, &many[i], &ref, NULL));
        if (i > 0)
            continue;
        read_file();
        assert_int_equal(file.record.header.names_lost, 0);
        name[0][AIRI_FLIGHT_NAME_BYTES - 1] = '\0';
        assert_true(names_are(&file.events[file.count - 1], name[0], "unknown"));
    }
    read_file();
    assert_int_equal(file.record.header.names_lost, 1);
    assert_int_equal(file.record.header.names, AIRI_FLIGHT_NAMES_MAX);
    assert_true(names_are(event_of(ref, AIRI_FLIGHT_SPAWN, 0), "unknown", "unknown"));
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void with_file(sim_body body)
{
    /* One worker: by time alone, what happens at one moment on two is in no order. */
    airt_system_options options = { .workers = 1, .flight_path = file.path, .flight_events = 32 };

    sim_each(body, &options);
    AIRT_CHECK(flight_file_read(&file) == NULL);
    assert_int_equal(file.record.header.state, AIRI_FLIGHT_STOPPED);
}

static void a_life_is_told(void **state)
{
    (void)state;
    with_file(lives);
    with_file(restarts);
}
static void an_await_is_told(void **state)
{
    (void)state;
    with_file(awaits);
}
static void a_handler_may_fill_its_ring(void **state)
{
    (void)state;
    with_file(fills_its_ring);
}
static void a_ring_wraps(void **state)
{
    (void)state;
    with_file(wraps);
}
static void names_run_out(void **state)
{
    (void)state;
    with_file(too_many_names);
}

/* --- what create says --------------------------------------------------------------------------------------------- */

/* With the nth file of a Linux world refused; the threads that a blocking actor brings want one too. */
static airt_status create_without(uint64_t nth, airt_world **out_world, airt_system **out_system)
{
    airt_fault_options  fault = { .nth = nth, .sites = 1u << AIRT_ALLOCATION_FILE };
    airt_system_options options = { .workers = 1, .flight_path = file.path };

    ASSERT_OK(airt_fault_create(airt_world_linux(), &fault, out_world));
    options.world = *out_world;
    return airt_system_create(&options, out_system);
}

static void no_file_no_system(void **state)
{
    airt_world  *world = NULL;
    airt_system *system = NULL;

    (void)state;
    (void)unlink(file.path);
    assert_int_equal(create_without(1, &world, &system), AIRT_ENOMEM);
    assert_null(system);
    assert_string_equal(flight_file_read(&file), "is not there");
    airt_world_destroy(&world);
}

struct clerk {
    char nothing;
};
AIRT_ON(clerk, query)
{
    return airt_reply(ctx, query, .n = msg->n);
}
#define clerk_HANDLES(ON, A) ON(A, query)
AIRT_BEHAVIOR(clerk, .placement = AIRT_BLOCKING)

static void a_thread_without_room_has_no_ring(void **state)
{
    airt_world   *world = NULL;
    airt_system  *system = NULL;
    airt_ref      clerk = AIRT_NONE;
    struct answer answer = { 0 };
    flight_worker w;

    (void)state;
    for (uint64_t nth = 2; nth <= 3; nth++) { /* refused, and not */
        ASSERT_OK(create_without(nth, &world, &system));
        ASSERT_OK(airt_spawn_any(system, clerk, &clerk, NULL));
        ASSERT_OK(airt_ask_any(system, clerk, &answer, AIRT_SECONDS(60), query, .n = 7));
        assert_int_equal(answer.n, 7);
        ASSERT_OK(airt_system_stop(&system, AIRT_SECONDS(60)));
        read_file();
        assert_int_equal(flight_worker_at(&file.record, 2, &w), nth == 3);
        assert_int_equal(count_of(clerk, AIRI_FLIGHT_MESSAGE), nth == 3);
        airt_world_destroy(&world);
    }
}

static void a_path_is_nobody_elses(void **state)
{
    airt_system_options options = { .workers = 1, .flight_path = file.path };
    airt_system        *system = NULL;
    airt_system        *second = NULL;

    (void)state;
    ASSERT_OK(airt_system_create(&options, &system));
    assert_int_equal(airt_system_create(&options, &second), AIRT_EEXIST);
    ASSERT_OK(airt_system_stop(&system, AIRT_SECONDS(60)));
    options.flight_path = "/";
    assert_int_equal(airt_system_create(&options, &second), AIRT_ESYSTEM);
    options.flight_path = "/dev/null";
    assert_int_equal(airt_system_create(&options, &second), AIRT_EEXIST);
    options.flight_path = file.path;
    options.flight_events = AIRI_FLIGHT_EVENTS_MAX + 1;
    assert_int_equal(airt_system_create(&options, &second), AIRT_EINVAL);
    options.flight_events = 1; /* the least: each event replaces the last, and a handler in work is kept beside it */
    ASSERT_OK(airt_system_create(&options, &second));
    ASSERT_OK(airt_system_stop(&second, AIRT_SECONDS(60)));
}

static void a_foreign_loop_has_a_ring(void **state)
{
    airt_system_options options = { .foreign_loop = true, .flight_path = file.path };
    airt_system        *system = NULL;
    airt_ref            who = AIRT_NONE;
    bool                more = true;

    (void)state;
    ASSERT_OK(airt_system_create(&options, &system));
    ASSERT_OK(airt_spawn_any(system, clerk, &who, NULL));
    airt_tell_any(system, who, query, .n = 1);
    while (more)
        ASSERT_OK(airt_system_step(system, 0, &more));
    read_file();
    assert_int_equal(count_of(who, AIRI_FLIGHT_MESSAGE), 1);
    ASSERT_OK(airt_system_stop(&system, AIRT_SECONDS(60)));
}

static int setup(void **state)
{
    (void)state;
    flight_file_init(&file, "scenario_flight");
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    flight_file_fini(&file);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(a_life_is_told),
        SIM_TEST(an_await_is_told),
        SIM_TEST(a_handler_may_fill_its_ring),
        SIM_TEST(a_ring_wraps),
        SIM_TEST(names_run_out),
        cmocka_unit_test(no_file_no_system),
        cmocka_unit_test(a_thread_without_room_has_no_ring),
        cmocka_unit_test(a_path_is_nobody_elses),
        cmocka_unit_test(a_foreign_loop_has_a_ring),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
