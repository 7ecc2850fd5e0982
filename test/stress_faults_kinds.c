/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every kind of fault in every place, on every kind of worker: that actor ends, for that reason, and nothing else. */
#include "faulty.h"
#include "threads.h"

#include <signal.h>

static heard ears;

static airt_system *begin(const airt_system_options *given)
{
    airt_system        *system = NULL;
    airt_system_options options = *given;

    hear_nothing(&ears);
    options.faults = AIRT_FAULTS_CONTAIN;
    options.stuck_ms = NEVER_STUCK;
    options.report = hear;
    options.report_context = &ears;
    UNTIL(threads_now() == threads_without());
    OK(airt_system_create(&options, &system));
    return system;
}

static void end(airt_system **system)
{
    OK(airt_system_quiesce(*system, AIRT_SECONDS(60)));
    check_account(*system);
    OK(airt_system_stop(system, AIRT_SECONDS(60)));
    assert_int_equal(heard_of(&ears, AIRT_REPORT_LEAK, AIRT_NONE, NULL), 0);
    UNTIL(threads_now() == threads_without());
}

static struct ward_told told_of(airt_system *system, ward_ref ward, faulty_actor_ref who)
{
    struct ward_told told = { .status = AIRT_EPENDING };

    UNTIL((airt_ask(system, ward, &told, AIRT_SECONDS(60), ward_ask, .who = who.bits) == AIRT_OK) &&
          told.status != AIRT_EPENDING);
    return told;
}

static faulty_actor_ref spawn(airt_system *system, ward_ref ward, const airt_behavior *behavior, faulty in_start)
{
    struct ward_spawned spawned = { 0 };

    OK(airt_ask(system, ward, &spawned, AIRT_SECONDS(60), ward_spawn, .behavior = (uintptr_t)behavior,
                .how = in_start));
    return spawned.ref;
}

static void check_fault(airt_system *system, faulty_actor_ref who, faulty how)
{
    airt_fault fault;
    char       text[4096];

    OK(airt_fault_last(system, who.ref, &fault));
    assert_int_equal(fault.signal, faulty_signal(how));
    assert_true(airt_ref_same(fault.who, who.ref));
    assert_int_equal(fault.incarnation, 1);
    assert_non_null(fault.behavior);
    assert_non_null(fault.message);
    assert_int_equal(fault.stack, how == FAULTY_STACK);
    assert_true(how == FAULTY_STACK ? fault.frames_seen > fault.frames : fault.frames_seen == fault.frames);
    assert_true(airt_fault_print(&fault, text, sizeof text) < sizeof text);
    assert_non_null(strstr(text, fault.behavior));
    assert_int_equal(airt_fault_print(&fault, NULL, 0), strlen(text));
    if (fault.signal == 0)
        assert_non_null(strstr(fault.text, "zero"));
    assert_int_equal(heard_of(&ears, AIRT_REPORT_FAULT, who.ref, NULL), 1);
}

static void one(airt_system *system, ward_ref ward, const airt_behavior *behavior, faulty how, faulty_place place)
{
    faulty_actor_ref   who = spawn(system, ward, behavior, place == FAULTY_IN_START ? how : FAULTY_NONE);
    struct faulty_done done;
    struct ward_told   told;
    airt_status        status = AIRT_EFAILED;

    print_message("%s by %s, place %d\n", behavior->name, faulty_text(how), (int)place);
    if (place != FAULTY_IN_START)
        status = airt_ask(system, who, &done, AIRT_SECONDS(60), faulty_go, .how = how, .place = place);
    /* One that returned to the runtime first has not answered; one that failed has. */
    IS(status, place == FAULTY_IN_STOPPING ? AIRT_ENOREPLY : AIRT_EFAILED);
    told = told_of(system, ward, who);
    assert_int_equal(told.exit, faulty_signal(how) != 0 ? AIRT_EXIT_FAULT : AIRT_EXIT_CHECK);
    assert_int_equal(told.code, faulty_signal(how));
    check_fault(system, who, how);
}

static void every(airt_system *system, const airt_behavior *behavior)
{
    ward_ref ward = { 0 };

    OK(airt_spawn(system, ward, &ward, NULL));
    for (unsigned how = FAULTY_NULL; how < FAULTY_COUNT; how++)
        for (unsigned place = 0; faulty_here((faulty)how) && place < FAULTY_PLACES; place++)
            one(system, ward, behavior, (faulty)how, (faulty_place)place);
}

static void test_pooled(void **state)
{
    airt_system *system = begin(&(airt_system_options){ .workers = 2 });

    (void)state;
    if (airt_faults_contained(system)) {
        every(system, &faulty_actor_behavior);
        every(system, &faulty_pinned);
    }
    end(&system);
}

static void test_other_threads(void **state)
{
    airt_system *system = begin(&(airt_system_options){ .workers = 1 });

    (void)state;
    if (airt_faults_contained(system)) {
        every(system, &faulty_blocking);
        every(system, &faulty_dedicated);
    }
    end(&system);
}

/* --- after a kill ------------------------------------------------------------------------------------------------- */

static _Atomic(int) begun, go;

#define late_ACCEPTS(KIND) KIND(faulty_go)
AIRT_PROTOCOL(late)
struct late {
    uint64_t nothing[100];
};
AIRT_ON(late, faulty_go)
{
    void *volatile mine = airt_alloc(ctx, 1000);

    (void)mine;
    atomic_store(&begun, 1);
    while (!atomic_load(&go))
        ;
    faulty_do((faulty)msg->how);
    return AIRT_OK;
}
#define late_HANDLES(ON, A) ON(A, faulty_go)
AIRT_BEHAVIOR(late)

/* The actor is gone before its handler faults: what the handler still had is given back, and nobody is told twice. */
static void test_abandoned(void **state)
{
    airt_system *system = begin(&(airt_system_options){ .workers = 2 });

    (void)state;
    for (int i = 0; i < 20 && airt_faults_contained(system); i++) {
        late_ref   who = { 0 };
        airt_fault fault;

        atomic_store(&begun, 0);
        atomic_store(&go, 0);
        OK(airt_spawn(system, late, &who, NULL));
        OK(airt_tell(system, who, faulty_go, .how = i % 2 != 0 ? FAULTY_NULL : FAULTY_CHECK));
        UNTIL(atomic_load(&begun));
        OK(airt_kill(system, who.ref, NULL));
        UNTIL(stats_of(system).abandoned == 1);
        atomic_store(&go, 1);
        UNTIL(stats_of(system).abandoned == 0);
        OK(airt_fault_last(system, who.ref, &fault));
        assert_null(fault.behavior);
        assert_int_equal(heard_of(&ears, AIRT_REPORT_FAULT, who.ref, NULL), 1);
    }
    end(&system);
}

/* --- without threads of our own ----------------------------------------------------------------------------------- */

static void *alternate_stack(void)
{
    stack_t now = { 0 };

    assert_int_equal(sigaltstack(NULL, &now), 0);
    return now.ss_flags & SS_DISABLE ? NULL : now.ss_sp;
}

/* The test's thread steps the workers: it has a stack for signals while it does, and afterwards what it had. */
static void test_simulated(void **state)
{
    uint64_t hash[2];

    (void)state;
    for (int run = 0; run < 2; run++) {
        airt_world  *world = NULL;
        airt_system *system;
        void        *before = alternate_stack();

        OK(airt_sim_create(&(airt_sim_options){ .seed = 7, .layout = (uint32_t)run }, &world));
        system = begin(&(airt_system_options){ .world = world });
        if (airt_faults_contained(system)) {
            every(system, &faulty_actor_behavior);
            every(system, &faulty_dedicated);
        }
        assert_ptr_equal(alternate_stack(), before);
        end(&system);
        hash[run] = airt_sim_hash(world);
        airt_world_destroy(&world);
    }
    assert_true(hash[0] == hash[1]);
}

static airt_status step_until(airt_system *system, faulty_actor_ref who)
{
    bool        more = true;
    uint32_t    incarnation;
    airt_status status = AIRT_OK;

    for (int i = 0; i < 10000 && status == AIRT_OK; i++) {
        while (more)
            OK(airt_system_step(system, 0, &more));
        status = airt_incarnation(system, who.ref, &incarnation);
        pause_us(100);
        more = true;
    }
    return status;
}

static void test_foreign_loop(void **state)
{
    airt_system *system = begin(&(airt_system_options){ .foreign_loop = true });
    void        *before = alternate_stack();

    (void)state;
    for (unsigned how = FAULTY_NULL; airt_faults_contained(system) && how < FAULTY_COUNT; how++)
        for (unsigned place = 0; faulty_here((faulty)how) && place < FAULTY_PLACES; place++) {
            faulty_actor_ref who = { 0 };
            faulty           start = place == FAULTY_IN_START ? (faulty)how : FAULTY_NONE;

            OK(airt_spawn_behavior(system, &faulty_actor_behavior, &who.ref,
                                   &(airt_spawn_options){ .start = AIRT_START(faulty_actor, .how = start) }));
            (void)airt_tell(system, who, faulty_go, .how = how, .place = place);
            IS(step_until(system, who), AIRT_EDEAD);
            check_fault(system, who, (faulty)how);
        }
    assert_ptr_equal(alternate_stack(), before);
    end(&system);
}

/* --- without a stack to go on with -------------------------------------------------------------------------------- */

/* Stacks are short: a fault leaves none for the next until a suspended handler ends. */
static void test_stacks_all_taken(void **state)
{
    airt_system *system = begin(&(airt_system_options){ .workers = 1, .stacks_max = 2 });
    ward_ref     ward = { 0 };

    (void)state;
    if (airt_faults_contained(system)) {
        OK(airt_spawn(system, ward, &ward, NULL));
        for (int i = 0; i < 100; i++)
            one(system, ward, &faulty_actor_behavior, FAULTY_NULL, FAULTY_IN_HANDLER);
        assert_int_equal(stats_of(system).stacks, 2);
    }
    end(&system);
}

#define holder_ACCEPTS(KIND) KIND(holder_wait) KIND(holder_go)
AIRT_SIGNAL(holder_wait)
AIRT_SIGNAL(holder_go)
AIRT_PROTOCOL(holder)
struct holder {
    uint32_t gone;
};
AIRT_ON(holder, holder_wait)
{
    airt_msg *released = NULL;

    return airt_receive(ctx, AIRT_SECONDS(60), &released, holder_go);
}
AIRT_ON(holder, holder_go)
{
    self->gone++;
    return AIRT_OK;
}
#define holder_HANDLES(ON, A) ON(A, holder_wait) ON(A, holder_go)
AIRT_BEHAVIOR(holder)

/* Begun when suspended handlers had all stacks but one, a worker has none for a fault. It gets one when it finds work
 * after they have gone, although it looked until then and did not sleep. */
static void test_stack_without_a_park(void **state)
{
    airt_system       *system = begin(&(airt_system_options){ .workers = 1, .stacks_max = 5, .spin_us = 1000000 });
    holder_ref         holder[2] = { { 0 } };
    faulty_actor_ref   who = { 0 };
    struct faulty_done done;

    (void)state;
    if (airt_faults_contained(system)) {
        for (int i = 0; i < 2; i++) {
            OK(airt_spawn(system, holder, &holder[i], NULL));
            OK(airt_tell(system, holder[i], holder_wait));
        }
        UNTIL(stats_of(system).stacks == 4); /* the pooled worker has two: to run on, and for a fault */
        OK(airt_spawn_behavior(system, &faulty_dedicated, &who.ref,
                               &(airt_spawn_options){ .start = AIRT_START(faulty_actor, .how = FAULTY_NONE) }));
        OK(airt_ask(system, who, &done, AIRT_SECONDS(60), faulty_ping));
        for (int i = 0; i < 2; i++)
            OK(airt_tell(system, holder[i], holder_go));
        UNTIL(stats_of(system).stacks == 4); /* the pooled worker keeps one more at hand */
        OK(airt_ask(system, who, &done, AIRT_SECONDS(60), faulty_ping));
        assert_int_equal(stats_of(system).stacks, 5);
        IS(airt_ask(system, who, &done, AIRT_SECONDS(60), faulty_go, .how = FAULTY_NULL), AIRT_EFAILED);
    }
    end(&system);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pooled),
        cmocka_unit_test(test_other_threads),
        cmocka_unit_test(test_abandoned),
        cmocka_unit_test(test_simulated),
        cmocka_unit_test(test_foreign_loop),
        cmocka_unit_test(test_stacks_all_taken),
        cmocka_unit_test(test_stack_without_a_park),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
