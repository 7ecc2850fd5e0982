/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Programs with shorter and longer structs than the library's: a missing tail means zero, nothing beyond a user's size
 * is read or written, and what the library does not know is ignored or zeroed. A system's own: options_test.c. */
#include "core/system.h"

#include <airt/system.h>
#include <airt/world.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define OK(call) assert_string_equal(airt_status_name(call), "AIRT_OK")
#define IS(call, status) assert_string_equal(airt_status_name(call), airt_status_name(status))
#define FROM(of) ((airt_from){ .system = (of) })

AIRT_SIGNAL(poke)
#define subject_ACCEPTS(KIND) KIND(poke)
AIRT_PROTOCOL(subject)
struct subject {
    char nothing;
};
static uint64_t      seen_trace;
static airt_priority seen_priority;
static int64_t       seen_deadline_ns;
AIRT_ON(subject, poke)
{
    const airt_msg *in_work = airt_message(ctx);

    seen_trace = airt_msg_trace(in_work);
    seen_priority = airt_msg_priority(in_work);
    seen_deadline_ns = airt_msg_deadline_ns(in_work);
    return AIRT_OK;
}
#define subject_HANDLES(ON, A) ON(A, poke)
AIRT_BEHAVIOR(subject)

typedef struct fixture {
    airt_world  *world;
    airt_system *system;
} fixture;

static fixture begin(const airt_recorder *recorder, size_t recorder_size)
{
    fixture             f = { NULL, NULL };
    airt_system_options options = { .recorder = recorder };

    OK(airt_sim_create(NULL, &f.world));
    options.world = f.world;
    OK(airt_system_create_sized(&options, sizeof options, recorder_size, AIRT_VERSION, &f.system));
    return f;
}

static void end(fixture *f)
{
    OK(airt_system_stop(&f->system, AIRT_SECONDS(1)));
    airt_world_destroy(&f->world);
}

/* What a header of today lays out before and after what came later; the library must not look there. */
static void spawn_options_of_any_length(void **state)
{
    fixture            f = begin(NULL, 0);
    airt_spawn_options full;
    airt_ref           got = AIRT_NONE;
    struct {
        airt_spawn_options known;
        char               news[64];
    } newer;

    (void)state;
    memset(&full, 0xee, sizeof full); /* nonsense behind the size: a link from outside would be EINVAL */
    full.name = "short";
    OK(airt_spawn_behavior_sized(FROM(f.system), &subject_behavior, &got, &full, sizeof full.name));
    OK(airt_lookup_kinds(FROM(f.system), subject_behavior.kinds, "short", &got));
    full.start = (airt_body){ NULL, NULL }; /* that one is looked at even so: what it owns is consumed */
    IS(airt_spawn_behavior_sized(FROM(f.system), &subject_behavior, &got, &full, sizeof full), AIRT_EINVAL);
    OK(airt_spawn_behavior_sized(FROM(f.system), &subject_behavior, &got, &full, 0));
    OK(airt_spawn_behavior_sized(FROM(f.system), &subject_behavior, &got, NULL, sizeof full));

    memset(&newer, 0, sizeof newer);
    memset(newer.news, 0xee, sizeof newer.news);
    newer.known.name = "long";
    OK(airt_spawn_behavior_sized(FROM(f.system), &subject_behavior, &got, &newer.known, sizeof newer));
    OK(airt_lookup_kinds(FROM(f.system), subject_behavior.kinds, "long", &got));
    end(&f);
}

static void send_options_of_any_length(void **state)
{
    fixture           f = begin(NULL, 0);
    airt_send_options options = { AIRT_HIGH, 0xeeee, 0xeeee, AIRT_NS(-1) };
    airt_ref          to = AIRT_NONE;
    struct poke       body = { 0 };

    (void)state;
    OK(airt_spawn_behavior(FROM(f.system), &subject_behavior, &to, NULL));
    OK(airt_tell_body_sized(FROM(f.system), to, &poke_kind, &body, &options, sizeof options.priority));
    airt_sim_settle(f.world);
    assert_int_equal(seen_priority, AIRT_HIGH);
    assert_true(seen_deadline_ns == INT64_MAX);
    assert_true(seen_trace == 0);
    OK(airt_tell_body_sized(FROM(f.system), to, &poke_kind, &body, &options, sizeof options));
    airt_sim_settle(f.world);
    assert_true(seen_deadline_ns < INT64_MAX);
    assert_true(seen_trace == 0xeeee);
    OK(airt_tell_body_sized(FROM(f.system), to, &poke_kind, &body, &options, 0));
    airt_sim_settle(f.world);
    assert_int_equal(seen_priority, AIRT_NORMAL);
    end(&f);
}

static void info_stays_inside_its_size(void **state)
{
    fixture         f = begin(NULL, 0);
    airt_actor_info info[2];
    airt_ref        who = AIRT_NONE;

    (void)state;
    OK(airt_spawn_behavior(FROM(f.system), &subject_behavior, &who, NULL));
    memset(info, 0xee, sizeof info);
    OK(airt_info_sized(FROM(f.system), who, info, offsetof(airt_actor_info, handled)));
    assert_int_equal(info[0].incarnation, 1);
    assert_true(info[0].handled == UINT64_C(0xeeeeeeeeeeeeeeee));
    OK(airt_info_sized(FROM(f.system), who, info, sizeof info)); /* a longer one: what we do not know is zero */
    assert_string_equal(info[0].behavior, "subject");
    assert_int_equal(info[1].incarnation, 0);
    assert_null(info[1].behavior);
    memset(info, 0xee, sizeof info);
    IS(airt_info_sized(FROM(f.system), AIRT_NONE, info, sizeof info), AIRT_EDEAD);
    assert_int_equal(info[0].incarnation, 0xeeeeeeee);
    end(&f);
}

static int accepted;

static void on_accepted(void *context, airt_ref who, const airt_kind *kind)
{
    (void)who;
    (void)kind;
    ++*(int *)context;
}

/* A recorder of an older header: two members, and nothing behind them that the library may call. It need not outlive
 * the call that takes it. */
static void a_short_recorder_is_copied(void **state)
{
    airt_recorder recorder;
    fixture       f;
    airt_ref      to = AIRT_NONE;
    struct poke   body = { 0 };

    (void)state;
    accepted = 0;
    memset(&recorder, 0xee, sizeof recorder);
    recorder.context = &accepted;
    recorder.accepted = on_accepted;
    f = begin(&recorder, offsetof(airt_recorder, begun));
    memset(&recorder, 0xee, sizeof recorder);
    OK(airt_spawn_behavior(FROM(f.system), &subject_behavior, &to, NULL));
    OK(airt_tell_body(FROM(f.system), to, &poke_kind, &body, NULL));
    airt_sim_settle(f.world);
    assert_int_equal(accepted, 1);
    end(&f);
    f = begin(&airt_recorder_none, sizeof recorder);
    assert_null(f.system->recorder);
    end(&f);
}

static void worlds_of_any_length(void **state)
{
    airt_sim_options   sim = { .seed = 7, .start_ns = 5, .cores = 1, .layout = 1 };
    airt_fault_options fault = { .nth = 1, .onwards = true, .sites = 1u << AIRT_ALLOCATION_MESSAGE };
    airt_world        *world = NULL, *over = NULL;

    (void)state;
    OK(airt_sim_create_sized(&sim, offsetof(airt_sim_options, start_ns), &world));
    assert_true(airt_sim_now_ns(world) == 1000000000);
    OK(airt_fault_create_sized(world, &fault, offsetof(airt_fault_options, sites), &over));
    assert_false(airi_permits(over, AIRT_ALLOCATION_BLOB)); /* no sites: all of them count */
    airt_world_destroy(&over);
    OK(airt_fault_create_sized(world, &fault, sizeof fault, &over));
    assert_true(airi_permits(over, AIRT_ALLOCATION_BLOB));
    assert_false(airi_permits(over, AIRT_ALLOCATION_MESSAGE));
    airt_world_destroy(&over);
    airt_world_destroy(&world);
    OK(airt_sim_create_sized(&sim, sizeof sim, &world));
    assert_true(airt_sim_now_ns(world) == 5);
    airt_world_destroy(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spawn_options_of_any_length), cmocka_unit_test(send_options_of_any_length),
        cmocka_unit_test(info_stays_inside_its_size),  cmocka_unit_test(a_short_recorder_is_copied),
        cmocka_unit_test(worlds_of_any_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
