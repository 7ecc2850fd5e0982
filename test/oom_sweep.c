/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every logical allocation refused once, and from every one on: no crash, no hang, no leak, and the account balances. At
 * the end both lists of places that ask are told, and one that was never refused fails the test. */
#include "random_program.h"
#include "sweep.h"

#include "port/port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    BIG = 3000
};

/* --- payloads: blobs, texts, what an answer owns ------------------------------------------------------------------ */

struct parcel {
    airt_blob blob;
    airt_str  text;
};
struct fetch {
    uint32_t size;
};
AIRT_KIND(parcel, blob, text)
AIRT_KIND(fetch, size)
AIRT_ANSWER(fetch, parcel)
struct clerk {
    airt_blob kept;
    airt_msg *request;
};

static const char long_text[BIG] = "a text";

AIRT_ON(clerk, parcel)
{
    airt_blob part = airt_blob_slice(ctx, msg->blob, 0, 10);

    airt_blob_drop(ctx, &self->kept);
    self->kept = msg->blob;
    AIRT_TRY(airt_blob_keep(ctx, &self->kept));
    (void)part;
    return AIRT_OK;
}
AIRT_ON(clerk, fetch)
{
    airt_blob blob = airt_blob_new(ctx, long_text, BIG);

    return airt_reply(ctx, fetch, .blob = blob, .text = { long_text, msg->size });
}
AIRT_ON(clerk, airt_failed)
{
    return AIRT_RESUME;
}
AIRT_ON(clerk, act)
{
    return msg->run(ctx, NULL, msg->argument);
}
#define clerk_HANDLES(ON, A) ON(A, parcel) ON(A, fetch) ON(A, airt_failed) ON(A, act)
AIRT_BEHAVIOR(clerk)

static airt_status exchange(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref      to = *(airt_ref *)argument;
    struct parcel parcel = { 0 };
    airt_msg     *built = NULL;

    (void)self;
    AIRT_TRY(airt_ask_any(ctx, to, &parcel, AIRT_MS(10), fetch, .size = 2000));
    (void)airt_tell_any(ctx, to, parcel, .blob = parcel.blob, .text = parcel.text);
    AIRT_TRY(airt_msg_new(ctx, &built, parcel, .blob = parcel.blob));
    if (airt_send(ctx, to, &built) != AIRT_OK)
        airt_drop(&built);
    return AIRT_OK;
}

static void payloads(sim *s)
{
    airt_ref      a = AIRT_NONE;
    airt_ref      b = AIRT_NONE;
    struct parcel parcel = { 0 };
    airt_blob     blob = airt_blob_new(s->system, long_text, BIG);

    (void)!airt_spawn_any(s->system, clerk, &a, &(airt_spawn_options){ .name = "clerk" });
    (void)!airt_spawn_any(s->system, clerk, &b, NULL);
    (void)airt_tell_any(s->system, a, parcel, .blob = blob);
    airt_blob_drop(s->system, &blob);
    sim_do(s, b, exchange, &a);
    sim_settle(s);
    if (airt_ask_any(s->system, a, &parcel, AIRT_MS(10), fetch, .size = 2000) == AIRT_OK)
        airt_answer_clear(s->system, parcel, &parcel);
    sim_settle(s);
}

/* --- births with everything --------------------------------------------------------------------------------------- */

static airt_status bear(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_spawn_options all = {
        .name = "child", .link = true, .monitor = true, .child = true, .notify_start = true, .supervised = true
    };
    airt_ref ref = AIRT_NONE;

    (void)self;
    (void)argument;
    airt_trap_exit(ctx, true);
    (void)!puppet_spawn(AIRI_FROM(ctx), 'b', &(puppet_plan){ .verdict = AIRT_RESTART }, &all, &ref);
    (void)!airt_child_quarantine(ctx, ref, &num_kind, 0, AIRT_MS(1));
    all = (airt_spawn_options){ .start_within_ms = 5, .child = true };
    (void)!puppet_spawn(AIRI_FROM(ctx), 'c', NULL, &all, &ref);
    return AIRT_OK;
}
static airt_status failing(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return AIRT_EINVAL;
}
static void births(sim *s)
{
    airt_spawn_options wait = { .start_within_ms = 5, .mailbox = { .max = 1, .overflow = AIRT_WAIT, .wait_ms = 5 } };
    airt_ref           a = AIRT_NONE;

    (void)!puppet_spawn(AIRI_FROM(s->system), 'a', &(puppet_plan){ .verdict = AIRT_RESTART }, &wait, &a);
    sim_do(s, a, bear, NULL);
    sim_do(s, a, failing, NULL);
    sim_do(s, a, bear, NULL);
    sim_run(s, 20);
    sim_do(s, s->tagged['b'], failing, NULL);
    sim_settle(s);
}

static void run_random(void *argument, const airt_fault_options *fault)
{
    (void)random_program(*(const uint64_t *)argument, 0, fault);
}

/* --- threads ------------------------------------------------------------------------------------------------------ */

struct blocking {
    char nothing;
};
struct dedicated {
    char nothing;
};
AIRT_ON(blocking, query)
{
    return airt_reply(ctx, query, .n = msg->n);
}
AIRT_ON(dedicated, query)
{
    return airt_reply(ctx, query, .n = msg->n);
}
#define blocking_HANDLES(ON, A) ON(A, query)
#define dedicated_HANDLES(ON, A) ON(A, query)
AIRT_BEHAVIOR(blocking, .placement = AIRT_BLOCKING)
AIRT_BEHAVIOR(dedicated, .placement = AIRT_DEDICATED)

static char     flight_path[64]; /* of the runs with threads */
static uint64_t leaks;
static bool     faults_contained; /* not in every build */
static void     on_report(void *context, const airt_report *report)
{
    (void)context;
    leaks += report->kind == AIRT_REPORT_LEAK;
}
static void ask_both(airt_system *system)
{
    airt_ref      a = AIRT_NONE;
    airt_ref      b = AIRT_NONE;
    struct answer answer;

    (void)!airt_spawn_any(system, blocking, &a, NULL);
    (void)!airt_spawn_any(system, dedicated, &b, NULL);
    (void)!airt_ask_any(system, a, &answer, AIRT_MS(100), query, .n = 1);
    (void)!airt_ask_any(system, b, &answer, AIRT_MS(100), query, .n = 2);
}
static void run_threads(void *argument, const airt_fault_options *fault)
{
    airt_world         *world = NULL;
    airt_system_options options = { .workers = 2,
                                    .report = on_report,
                                    .flight_path = flight_path,
                                    .faults = AIRT_FAULTS_CONTAIN,
                                    .postmortem_path = "/dev/null" };
    airt_system        *system = NULL;

    (void)argument;
    AIRT_CHECK_EQ(airt_fault_create(airt_world_linux(), fault, &world), AIRT_OK);
    options.world = world;
    if (airt_system_create(&options, &system) == AIRT_OK) {
        faults_contained = airt_faults_contained(system);
        ask_both(system);
        AIRT_CHECK_EQ(airt_system_stop(&system, AIRT_SECONDS(20)), AIRT_OK);
    }
    AIRT_CHECK_EQ(leaks, 0);
    sim_add_faults(world);
    airt_world_destroy(&world);
}

/* --- the sweep ---------------------------------------------------------------------------------------------------- */

static void scenes(void **state)
{
    (void)state;
    sweep_each("payloads", payloads, NULL);
    sweep_each("births", births, NULL);
    sweep_each("births with faults contained", births, &(airt_system_options){ .faults = AIRT_FAULTS_CONTAIN });
}

static void random_programs(void **state)
{
    uint64_t seeds = sweep_full() ? 6 : 2;

    (void)state;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        sweep("a random program", run_random, &seed, false, sweep_full() ? 1 : 7);
        sweep("a random program", run_random, &seed, true, sweep_full() ? 1 : 7);
    }
}

static void threads(void **state)
{
    (void)state;
    (void)snprintf(flight_path, sizeof flight_path, "oom_sweep.%ld.flight", (long)getpid());
    sweep("threads", run_threads, NULL, false, 1);
    sweep("threads", run_threads, NULL, true, 1);
    (void)unlink(flight_path);
}

/* The Linux world is asked by nobody but itself, and it never refuses: the fault world does so in its place. */
static bool has_a_stand_in(const airi_site *site)
{
    return strstr(site->file, "linux_world.c") != NULL ||
           (!faults_contained && strstr(site->file, "core/faults.c") != NULL);
}

static size_t print_sites(const char *what, bool refused)
{
    size_t count = 0;

    (void)printf("%s:\n", what);
    for (const airi_site *site = __start_airi_sites; site < __stop_airi_sites; site++) {
        size_t i = (size_t)(site - __start_airi_sites);

        if (has_a_stand_in(site) || (sim_refused_at[i] > 0) != refused)
            continue;
        (void)printf("  %s:%llu: asked %llu, refused %llu\n", site->file, (unsigned long long)site->line,
                     (unsigned long long)sim_asked_at[i], (unsigned long long)sim_refused_at[i]);
        count++;
    }
    return count;
}

static void every_site_was_refused(void **state)
{
    size_t missed;

    (void)state;
    for (unsigned kind = 0; kind < AIRT_ALLOCATION_COUNT; kind++)
        (void)printf("%-16s %llu\n", airt_allocation_text((airt_allocation)kind), (unsigned long long)sim_asked[kind]);
    assert_true(print_sites("refused somewhere", true) > 0);
    missed = print_sites("never refused", false);
    assert_int_equal(missed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenes),
        cmocka_unit_test(random_programs),
        cmocka_unit_test(threads),
        cmocka_unit_test(every_site_was_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
