/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zero means default: every default of a system and of an actor, by what it does where that can be seen. And headers of
 * other versions. */
#include "base/flight_format.h"
#include "core/system.h"

#include <airt/system.h>
#include <airt/world.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define OK(call) assert_string_equal(airt_status_name(call), "AIRT_OK")
#define IS(call, status) assert_string_equal(airt_status_name(call), airt_status_name(status))

AIRT_SIGNAL(hold) /* stashes itself */
AIRT_SIGNAL(nap)  /* suspended for an hour */
struct push {
    airt_ref to;
};
AIRT_KIND(push, to)

static airt_status push_status, stash_status;
static int64_t     push_ns;
static int         stashed;

#define subject_ACCEPTS(KIND) KIND(hold) KIND(nap) KIND(push)
AIRT_PROTOCOL(subject)
struct subject {
    char nothing;
};
AIRT_ON(subject, hold)
{
    stash_status = airt_stash(ctx);
    stashed += stash_status == AIRT_OK;
    return AIRT_OK;
}
AIRT_ON(subject, nap)
{
    return airt_sleep(ctx, AIRT_SECONDS(3600));
}
AIRT_ON(subject, push)
{
    int64_t before = airt_now_ns(ctx);

    push_status = airt_tell_any(ctx, msg->to, hold);
    push_ns = airt_now_ns(ctx) - before;
    return AIRT_OK;
}
#define subject_HANDLES(ON, A) ON(A, hold) ON(A, nap) ON(A, push)
AIRT_BEHAVIOR(subject)

/* --- a system's --------------------------------------------------------------------------------------------------- */

static airt_system *create(airt_world *world)
{
    airt_system        *system = NULL;
    airt_system_options options = { .world = world };

    OK(airt_system_create(&options, &system));
    return system;
}

static void check_defaults(airt_system *system)
{
    const airt_system_options *o = &system->options;
    airt_system_stats          stats;

    airt_system_stats_get(system, &stats);
    assert_ptr_equal(o->world, airt_world_linux());
    assert_int_equal(o->workers, o->world->cores(o->world));
    assert_int_equal(stats.workers, o->workers);
    assert_int_equal(o->workers_spare_max, 64);
    assert_int_equal(o->blocking_max, 64);
    assert_int_equal(o->dedicated_max, 64);
    assert_int_equal(o->actors_max, 16777216);
    assert_true(stats.stacks_max >= 64);
    assert_int_equal(o->turn_us, 1000);
    assert_int_equal(o->stuck_ms, 1000);
    assert_int_equal(o->spin_us, o->world->cores(o->world) > 1 ? 50 : UINT32_MAX);
    assert_int_equal(o->abandoned_max, 1024);
    assert_null(o->flight_path);
    assert_int_equal(o->faults, AIRT_FAULTS_DEFAULT);
    assert_int_equal(o->faults_max, 1000);
    assert_int_equal(o->faults_window_ms, 10000);
    assert_null(o->postmortem_path);
    assert_int_equal(o->flight_events, AIRI_FLIGHT_EVENTS_DEFAULT);
    assert_false(o->foreign_loop);
    assert_int_equal(airt_system_fd(system), -1);
    assert_null(o->recorder);
    assert_null(o->dead_letter);
    assert_null(o->report);
}

static void a_systems_zeros_are_its_defaults(void **state)
{
    airt_system *system = NULL;

    (void)state;
    OK(airt_system_create(NULL, &system));
    check_defaults(system);
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
    OK(airt_system_create((&(airt_system_options){ 0 }), &system));
    check_defaults(system);
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
}

static void what_is_asked_for_is_what_there_is(void **state)
{
    airt_system        *system = NULL;
    airt_system_options given = { .workers = 3,
                                  .workers_spare_max = 4,
                                  .blocking_max = 5,
                                  .dedicated_max = 6,
                                  .actors_max = 7,
                                  .stacks_max = 50,
                                  .stack_bytes = 65536,
                                  .turn_us = 8,
                                  .stuck_ms = 9,
                                  .abandoned_max = 10,
                                  .recorder = &airt_recorder_none,
                                  .spin_us = 11 };
    airt_system_stats   stats;
    subject_ref         subject;

    (void)state;
    OK(airt_system_create(&given, &system));
    for (size_t at = offsetof(airt_system_options, workers); at < offsetof(airt_system_options, foreign_loop); at += 4)
        assert_memory_equal((char *)&system->options + at, (char *)&given + at, 4); /* numbers all, without gaps */
    assert_int_equal(system->options.spin_us, 11);
    assert_int_equal(system->spin_ns, 11000);
    assert_ptr_equal(system->options.recorder, given.recorder);
    assert_null(system->recorder);
    airt_system_stats_get(system, &stats);
    assert_int_equal(stats.workers, 3);
    assert_int_equal(stats.stacks_max, 50);
    for (int i = 0; i < 7; i++)
        OK(airt_spawn(system, subject, &subject, NULL));
    IS(airt_spawn(system, subject, &subject, NULL), AIRT_ELIMIT);
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
}

static void options_that_cannot_be_are_refused(void **state)
{
    static const airt_system_options impossible[] = {
        { .faults_max = AIRT_FAULTS_LIMIT + 1 }, { .faults = (airt_faults)17 }, { .workers = 4097 },
        { .workers_spare_max = 65537 },          { .blocking_max = 65537 },     { .dedicated_max = 65537 },
        { .actors_max = AIRT_ACTORS_LIMIT + 1 },
    };
    airt_system *system = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++)
        IS(airt_system_create(&impossible[i], &system), AIRT_EINVAL);
    assert_null(system);
}

/* --- other headers ------------------------------------------------------------------------------------------------ */

static void a_shorter_struct_has_zeros_at_its_end(void **state)
{
    /* An older header's struct ends somewhere; what lies behind it is not ours to read. */
    airt_system_options given = {
        .workers = 1, .blocking_max = 3, .stuck_ms = 77, .abandoned_max = 78, .foreign_loop = true
    };
    static const size_t sizes[] = { 0, offsetof(airt_system_options, blocking_max),
                                    offsetof(airt_system_options, stuck_ms), sizeof(airt_system_options) };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        airt_system *system = NULL;

        OK(airt_system_create_sized(&given, sizes[i], 0, AIRT_VERSION, &system));
        assert_int_equal(system->options.blocking_max, sizes[i] > offsetof(airt_system_options, blocking_max) ? 3 : 64);
        assert_int_equal(system->options.stuck_ms, sizes[i] > offsetof(airt_system_options, stuck_ms) ? 77 : 1000);
        assert_int_equal(system->options.foreign_loop, sizes[i] == sizeof given);
        OK(airt_system_stop(&system, AIRT_SECONDS(60)));
    }
}

static void a_longer_struct_is_read_as_far_as_it_is_known(void **state)
{
    struct {
        airt_system_options known;
        uint64_t            newer[4];
    } given = { .known = { .workers = 1 }, .newer = { 1, 2, 3, 4 } };
    airt_system_stats before[2];
    airt_system      *system = NULL;

    (void)state;
    OK(airt_system_create_sized(&given.known, sizeof given, 0, AIRT_VERSION + 1, &system));
    memset(before, 0xee, sizeof before);
    airt_system_stats_get_sized(system, before, sizeof before); /* what an older library does not know is zero */
    assert_int_equal(before[0].workers, 1);
    assert_int_equal(before[1].accepted, 0);
    memset(before, 0xee, sizeof before);
    airt_system_stats_get_sized(system, before, offsetof(airt_system_stats, queued));
    assert_int_equal(before[0].in_work, 0);
    assert_true(before[0].queued == UINT64_C(0xeeeeeeeeeeeeeeee));
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
}

static void another_abi_is_refused(void **state)
{
    airt_system *system = NULL;

    (void)state;
    IS(airt_system_create_sized(NULL, 0, 0, AIRT_VERSION + 10000, &system), AIRT_EVERSION);
    IS(airt_system_create_sized(NULL, 0, 0, -10000, &system), AIRT_EVERSION);
    if (AIRT_VERSION_MAJOR == 0)
        IS(airt_system_create_sized(NULL, 0, 0, AIRT_VERSION + 100, &system), AIRT_EVERSION);
    assert_null(system);
    OK(airt_system_create_sized(NULL, 0, 0, AIRT_VERSION / 100 * 100 + 99, &system));
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
}

/* --- an actor's, where time is simulated -------------------------------------------------------------------------- */

typedef struct fixture {
    airt_world  *world;
    airt_system *system;
    subject_ref  subject;
} fixture;

static void set_up(fixture *f, const airt_spawn_options *options)
{
    OK(airt_sim_create(NULL, &f->world));
    f->system = create(f->world);
    stashed = 0;
    OK(airt_spawn(f->system, subject, &f->subject, options));
}

static void tear_down(fixture *f)
{
    OK(airt_system_stop(&f->system, AIRT_SECONDS(60)));
    airt_world_destroy(&f->world);
}

static uint64_t letters(fixture *f, airt_letter reason)
{
    airt_system_stats stats;

    airt_system_stats_get(f->system, &stats);
    return stats.dead[reason];
}

static void a_mailbox_takes_1024_and_refuses_more(void **state)
{
    static const airt_spawn_options zero = { 0 };
    const airt_spawn_options       *given[] = { NULL, &zero };

    (void)state;
    for (int i = 0; i < 2; i++) {
        fixture  f;
        airt_ref found;

        set_up(&f, given[i]);
        for (int n = 0; n < 1024; n++)
            OK(airt_tell(f.system, f.subject, nap));
        IS(airt_tell(f.system, f.subject, nap), AIRT_EFULL);
        assert_int_equal(letters(&f, AIRT_LETTER_FULL), 1);
        IS((airt_lookup_kinds)(airi_from_system(f.system), subject_kinds, "subject", &found), AIRT_ENOENT);
        airt_sim_run(f.world, AIRT_SECONDS(100)); /* no time-to-live: nothing expires behind the one that sleeps */
        assert_int_equal(letters(&f, AIRT_LETTER_EXPIRED), 0);
        assert_int_equal(airi_slot(f.system, airi_ref_index(f.subject.ref))->turn_max, 1024);
        tear_down(&f);
    }
}

static void bytes_are_not_bounded(void **state)
{
    fixture f;

    (void)state;
    set_up(&f, &(airt_spawn_options){ .mailbox = { .max = AIRT_UNBOUNDED } });
    for (int n = 0; n < 100000; n++)
        OK(airt_tell(f.system, f.subject, push, .to = AIRT_NONE));
    airt_sim_settle(f.world);
    tear_down(&f);
}

static void a_sender_waits_five_seconds(void **state)
{
    fixture     f;
    subject_ref sender;

    (void)state;
    set_up(&f, &(airt_spawn_options){ .mailbox = { .max = 1, .overflow = AIRT_WAIT } });
    OK(airt_spawn(f.system, subject, &sender, NULL));
    OK(airt_tell(f.system, f.subject, nap));
    airt_sim_settle(f.world);
    OK(airt_tell(f.system, f.subject, nap));
    push_status = AIRT_EPENDING;
    OK(airt_tell(f.system, sender, push, .to = f.subject.ref));
    airt_sim_run(f.world, AIRT_MS(4990));
    IS(push_status, AIRT_EPENDING);
    airt_sim_run(f.world, AIRT_MS(20));
    IS(push_status, AIRT_ETIMEDOUT);
    assert_true(push_ns >= 5000000000 && push_ns < 5010000000);
    tear_down(&f);
}

static void a_stash_takes_1024(void **state)
{
    static const airt_spawn_options given[] = { { .mailbox = { .max = 5000 } },
                                                { .mailbox = { .max = 5000 }, .stash_max = 10 } };
    static const int                most[] = { 1024, 10 };

    (void)state;
    for (int i = 0; i < 2; i++) {
        fixture f;

        set_up(&f, &given[i]);
        for (int n = 0; n < most[i]; n++)
            OK(airt_tell(f.system, f.subject, hold));
        airt_sim_settle(f.world);
        assert_int_equal(stashed, most[i]);
        OK(airt_tell(f.system, f.subject, hold));
        airt_sim_settle(f.world);
        assert_int_equal(stashed, most[i]);
        IS(stash_status, AIRT_ELIMIT);
        tear_down(&f);
    }
}

static void spawn_options_that_cannot_be_are_refused(void **state)
{
    static const airt_spawn_options impossible[] = {
        { .mailbox = { .overflow = (airt_overflow)(AIRT_WAIT + 1) } },
        { .turn_max = 65536 },
        { .link = true },
        { .monitor = true },
        { .child = true },
        { .notify_start = true },
    };
    fixture     f;
    subject_ref other = { 0 };

    (void)state;
    set_up(&f, NULL);
    for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++)
        IS(airt_spawn(f.system, subject, &other, &impossible[i]), AIRT_EINVAL);
    assert_int_equal(other.bits, 0);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_systems_zeros_are_its_defaults),
        cmocka_unit_test(what_is_asked_for_is_what_there_is),
        cmocka_unit_test(options_that_cannot_be_are_refused),
        cmocka_unit_test(a_shorter_struct_has_zeros_at_its_end),
        cmocka_unit_test(a_longer_struct_is_read_as_far_as_it_is_known),
        cmocka_unit_test(another_abi_is_refused),
        cmocka_unit_test(a_mailbox_takes_1024_and_refuses_more),
        cmocka_unit_test(bytes_are_not_bounded),
        cmocka_unit_test(a_sender_waits_five_seconds),
        cmocka_unit_test(a_stash_takes_1024),
        cmocka_unit_test(spawn_options_that_cannot_be_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
