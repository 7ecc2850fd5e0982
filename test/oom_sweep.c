/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every logical allocation refused once, and from every one on: no crash, no hang, no leak, and the account balances. At
 * the end the sites that were reached are told, and one that was not fails the test. */
#include "random_program.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    HANG_SECONDS = 30,
    BIG = 3000
};

static const char       *now_name = "";
static volatile uint64_t now_nth;
static volatile bool     now_onwards;

static void tell_where(int number)
{
    char text[120];
    int  size = snprintf(text, sizeof text, "%s, allocation %llu%s refused\n", now_name, (unsigned long long)now_nth,
                        now_onwards ? " and all later ones" : "");

    (void)!write(2, text, (size_t)size);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

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
    airt_spawn_options all = { .name = "child", .link = true, .monitor = true, .child = true, .notify_start = true };
    airt_ref           ref = AIRT_NONE;

    (void)self;
    (void)argument;
    airt_trap_exit(ctx, true);
    (void)!puppet_spawn(AIRI_FROM(ctx), 'b', &(puppet_plan){ .verdict = AIRT_RESTART }, &all, &ref);
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

static void in_sim(sim_body body, const airt_fault_options *fault)
{
    static sim s;

    if (sim_open(&s, &(sim_options){ .seed = 5, .fault = fault }) != AIRT_OK)
        return;
    body(&s);
    sim_close(&s);
}

static void run_payloads(const airt_fault_options *fault)
{
    in_sim(payloads, fault);
}
static void run_births(const airt_fault_options *fault)
{
    in_sim(births, fault);
}
static void run_random_1(const airt_fault_options *fault)
{
    (void)random_program(1, 0, fault);
}
static void run_random_2(const airt_fault_options *fault)
{
    (void)random_program(2, 0, fault);
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

static uint64_t leaks;
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
static void run_threads(const airt_fault_options *fault)
{
    airt_world         *world = NULL;
    airt_system_options options = { .workers = 2, .report = on_report };
    airt_system        *system = NULL;

    AIRT_CHECK_EQ(airt_fault_create(airt_world_linux(), fault, &world), AIRT_OK);
    options.world = world;
    if (airt_system_create(&options, &system) == AIRT_OK) {
        ask_both(system);
        AIRT_CHECK_EQ(airt_system_stop(&system, AIRT_SECONDS(20)), AIRT_OK);
    }
    AIRT_CHECK_EQ(leaks, 0);
    for (unsigned site = 0; site < AIRT_ALLOCATION_COUNT; site++)
        sim_asked[site] += airt_fault_count(world, (airt_allocation)site);
    sim_refused += airt_fault_refused(world);
    airt_world_destroy(&world);
}

/* --- the sweep ---------------------------------------------------------------------------------------------------- */

typedef void (*scene_fn)(const airt_fault_options *fault);

/* Until a run in which there was nothing left to refuse. */
static void sweep(const char *name, scene_fn run, bool onwards, uint64_t stride)
{
    uint64_t before;

    now_name = name;
    now_onwards = onwards;
    now_nth = 1;
    do {
        airt_fault_options fault = { .nth = now_nth, .onwards = onwards };

        before = sim_refused;
        (void)alarm(HANG_SECONDS);
        run(&fault);
        (void)alarm(0);
        now_nth += stride;
    } while (sim_refused > before);
}

/* A build that is slow, and says so by fewer seeds, takes larger steps through the long scenes. */
static uint64_t step(uint64_t otherwise)
{
    return sim_seeds(1000) < 1000 ? 25 : otherwise;
}

static void sweep_all(bool onwards)
{
    sweep("payloads", run_payloads, onwards, 1);
    sweep("births", run_births, onwards, 1);
    sweep("random program 1", run_random_1, onwards, step(onwards ? 5 : 1));
    sweep("random program 2", run_random_2, onwards, step(onwards ? 5 : 2));
    sweep("threads", run_threads, onwards, 1);
}

static void each_allocation_refused_once(void **state)
{
    (void)state;
    sweep_all(false);
}
static void each_and_all_later_ones(void **state)
{
    (void)state;
    sweep_all(true);
}
static void every_site_is_reached(void **state)
{
    unsigned reached = 0;

    (void)state;
    for (unsigned site = 0; site < AIRT_ALLOCATION_COUNT; site++) {
        (void)printf("%-14s %llu\n", airt_allocation_text((airt_allocation)site), (unsigned long long)sim_asked[site]);
        reached += sim_asked[site] > 0;
    }
    (void)printf("%u sites of %u reached, %llu refusals\n", reached, (unsigned)AIRT_ALLOCATION_COUNT,
                 (unsigned long long)sim_refused);
    assert_int_equal(reached, AIRT_ALLOCATION_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_refused_once),
        cmocka_unit_test(each_and_all_later_ones),
        cmocka_unit_test(every_site_is_reached),
    };

    (void)signal(SIGABRT, tell_where);
    (void)signal(SIGSEGV, tell_where);
    (void)signal(SIGALRM, tell_where);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
