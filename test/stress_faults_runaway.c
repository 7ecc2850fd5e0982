/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Handlers that compute too long: those declared pure are ended, wherever they are by then; others are told of only. */
#include "threads.h"

#include <signal.h>

static heard             ears;
static _Atomic(int)      stop, down_exit, down_code, downs;
static _Atomic(uint64_t) turns;

struct spin {
    uint32_t how;
};
AIRT_KIND(spin, how)
AIRT_SIGNAL(noise)
enum {
    SPIN_ALONE,
    SPIN_TELLING, /* much of the time in the runtime */
    SPIN_AFTER_AWAIT,
    SPIN_FOREIGN
};

static airt_status turn_and_turn(airt_ctx *ctx, uint32_t how)
{
    if (how == SPIN_AFTER_AWAIT)
        AIRT_TRY(airt_sleep(ctx, AIRT_MS(1)));
    if (how == SPIN_FOREIGN)
        airt_foreign_begin(ctx);
    while (!atomic_load(&stop)) {
        atomic_fetch_add(&turns, 1);
        if (how == SPIN_TELLING)
            (void)airt_tell_any(ctx, AIRT_NONE, noise);
    }
    return AIRT_OK;
}

#define spinner_ACCEPTS(KIND) KIND(spin)
AIRT_PROTOCOL(spinner)
struct spinner {
    char nothing;
};
AIRT_ON(spinner, spin)
{
    return turn_and_turn(ctx, msg->how);
}
#define spinner_HANDLES(ON, A) ON(A, spin)
AIRT_BEHAVIOR(spinner, .runaway_ms = 20)

struct patient {
    char nothing;
};
AIRT_ON(patient, spin)
{
    return turn_and_turn(ctx, msg->how);
}
#define patient_HANDLES(ON, A) ON(A, spin)
AIRT_BEHAVIOR(patient)

/* From a time when behaviours ended with `pinned`. */
static airt_behavior old_behavior;

struct begin {
    uint64_t behavior;
    uint32_t how;
};
AIRT_KIND(begin, behavior, how)
#define warden_ACCEPTS(KIND) KIND(begin)
AIRT_PROTOCOL(warden)
struct warden {
    char nothing;
};
AIRT_ON(warden, begin)
{
    spinner_ref who = { 0 };

    AIRT_TRY(airt_spawn_behavior(ctx, (const airt_behavior *)(uintptr_t)msg->behavior, &who.ref,
                                 &(airt_spawn_options){ .monitor = true }));
    return airt_tell(ctx, who, spin, .how = msg->how);
}
AIRT_ON(warden, airt_down)
{
    atomic_store(&down_exit, (int)msg->reason.exit);
    atomic_store(&down_code, msg->reason.code);
    atomic_fetch_add(&downs, 1);
    return AIRT_OK;
}
#define warden_HANDLES(ON, A) ON(A, begin) ON(A, airt_down)
AIRT_BEHAVIOR(warden)

static airt_system *begin_one(warden_ref *warden, uint32_t workers)
{
    airt_system *system = NULL;

    hear_nothing(&ears);
    atomic_store(&stop, 0);
    atomic_store(&downs, 0);
    OK(airt_system_create(&(airt_system_options){ .workers = workers,
                                                  .stuck_ms = 100,
                                                  .faults = AIRT_FAULTS_CONTAIN,
                                                  .report = hear,
                                                  .report_context = &ears },
                          &system));
    OK(airt_spawn(system, warden, warden, NULL));
    return system;
}

static void end_one(airt_system **system)
{
    atomic_store(&stop, 1);
    OK(airt_system_quiesce(*system, AIRT_SECONDS(60)));
    check_account(*system);
    OK(airt_system_stop(system, AIRT_SECONDS(60)));
    assert_int_equal(heard_of(&ears, AIRT_REPORT_LEAK, AIRT_NONE, NULL), 0);
}

static void ended(airt_system *system, warden_ref warden, uint32_t how)
{
    int before = atomic_load(&downs);

    OK(airt_tell(system, warden, begin, .behavior = (uintptr_t)&spinner_behavior, .how = how));
    UNTIL(atomic_load(&downs) > before);
    assert_int_equal(atomic_load(&down_exit), AIRT_EXIT_FAULT);
    assert_int_equal(atomic_load(&down_code), SIGXCPU);
}

static void test_ended(void **state)
{
    warden_ref   warden = { 0 };
    airt_system *system = begin_one(&warden, 1);

    (void)state;
    for (int i = 0; i < 3 && airt_faults_contained(system); i++) {
        ended(system, warden, SPIN_ALONE);
        ended(system, warden, SPIN_TELLING);
        ended(system, warden, SPIN_AFTER_AWAIT);
    }
    end_one(&system);
}

static void left_alone(const airt_behavior *behavior, uint32_t how)
{
    warden_ref   warden = { 0 };
    airt_system *system = begin_one(&warden, 2);

    OK(airt_tell(system, warden, begin, .behavior = (uintptr_t)behavior, .how = how));
    UNTIL(heard_of(&ears, AIRT_REPORT_STUCK, AIRT_NONE, NULL) > 0); /* the watch has looked more than once */
    pause_us(300000);
    assert_int_equal(heard_of(&ears, AIRT_REPORT_FAULT, AIRT_NONE, NULL), 0);
    atomic_store(&stop, 1);
    OK(airt_system_quiesce(system, AIRT_SECONDS(60)));
    assert_int_equal(atomic_load(&downs), 0);
    end_one(&system);
}

static void test_left_alone(void **state)
{
    (void)state;
    old_behavior = spinner_behavior;
    old_behavior.struct_size = offsetof(airt_behavior, runaway_ms);
    left_alone(&patient_behavior, SPIN_ALONE);
    left_alone(&spinner_behavior, SPIN_FOREIGN);
    left_alone(&old_behavior, SPIN_ALONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_ended), cmocka_unit_test(test_left_alone) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
