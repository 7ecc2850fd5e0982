/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Eight actors fault again and again, in six ways and every place, beside ten thousand that pass messages on: of theirs
 * none is lost, repeated or reordered, and the process holds no more at the end than at the beginning. FAULTS=n. */
#include "faulty.h"
#include "threads.h"

#include <signal.h>
#include <stdlib.h>

enum {
    HEALTHY = 10000,
    TOKENS = 64,
    FAULTING = 8,
    FAULTS_DEFAULT = 2000,
    GROWTH_PAGES_MAX = 2048
};

static const faulty ways[] = { FAULTY_NULL, FAULTY_BUS, FAULTY_DIVIDE, FAULTY_ILLEGAL, FAULTY_ABORT, FAULTY_STACK };
#define WAYS (sizeof ways / sizeof ways[0])

static heard             ears;
static _Atomic(int)      over, wrong, absorbed;
static _Atomic(uint64_t) contained, other;
static uint64_t          wanted;

/* --- the healthy -------------------------------------------------------------------------------------------------- */

struct token {
    uint64_t number; /* of those that its sender sent */
};
AIRT_KIND(token, number)
AIRT_SIGNAL(begin)
#define link_ACCEPTS(KIND) KIND(token) KIND(begin)
AIRT_PROTOCOL(link)
struct link_start {
    uint32_t index;
};
AIRT_KIND(link_start, index)
struct link {
    uint32_t index;
};

/* Written by one actor each. */
static link_ref links[HEALTHY];
static uint64_t sent[HEALTHY], received[HEALTHY];

AIRT_ON(link, link_start)
{
    self->index = msg->index;
    return AIRT_OK;
}
static airt_status pass(struct link *self, airt_ctx *ctx)
{
    return airt_tell(ctx, links[(self->index + 1) % HEALTHY], token, .number = sent[self->index]++);
}
AIRT_ON(link, begin)
{
    return pass(self, ctx);
}
AIRT_ON(link, token)
{
    if (msg->number != received[self->index]++)
        atomic_fetch_add(&wrong, 1);
    if (atomic_load(&over)) {
        atomic_fetch_add(&absorbed, 1);
        return AIRT_OK;
    }
    return pass(self, ctx);
}
#define link_HANDLES(ON, A) ON(A, link_start) ON(A, token) ON(A, begin)
AIRT_BEHAVIOR(link)

/* --- who brings back those that fault ----------------------------------------------------------------------------- */

#define keeper_ACCEPTS(KIND) KIND(keeper_go)
AIRT_SIGNAL(keeper_go)
AIRT_PROTOCOL(keeper)
struct keeper {
    uint64_t begun;
};

static airt_status next_fault(struct keeper *self, airt_ctx *ctx)
{
    faulty           how = ways[self->begun % WAYS];
    faulty_place     place = (faulty_place)(self->begun / WAYS % FAULTY_PLACES);
    faulty           start = place == FAULTY_IN_START ? how : FAULTY_NONE;
    faulty_actor_ref who = { 0 };

    if (self->begun == wanted)
        return AIRT_OK;
    if (!faulty_here(how))
        how = FAULTY_NULL;
    self->begun++;
    AIRT_TRY(
        airt_spawn_behavior(ctx, &faulty_actor_behavior, &who.ref,
                            &(airt_spawn_options){ .monitor = true, .start = AIRT_START(faulty_actor, .how = start) }));
    return airt_tell(ctx, who, faulty_go, .how = how, .place = place);
}

AIRT_ON(keeper, keeper_go)
{
    for (int i = 0; i < FAULTING; i++)
        AIRT_TRY(next_fault(self, ctx));
    return AIRT_OK;
}
AIRT_ON(keeper, airt_down)
{
    atomic_fetch_add(msg->reason.exit == AIRT_EXIT_FAULT ? &contained : &other, 1);
    return next_fault(self, ctx);
}
#define keeper_HANDLES(ON, A) ON(A, keeper_go) ON(A, airt_down)
AIRT_BEHAVIOR(keeper)

/* --- what the process holds --------------------------------------------------------------------------------------- */

typedef struct holds {
    long pages;
    int  files;
} holds;

static holds holds_now(void)
{
    holds h = { 0, entries("/proc/self/fd") };
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d %ld", &h.pages), 1);
    (void)fclose(file);
    return h;
}

static void begin_healthy(airt_system *system)
{
    for (uint32_t i = 0; i < HEALTHY; i++)
        OK(airt_spawn(system, link, &links[i], &(airt_spawn_options){ .start = AIRT_START(link, .index = i) }));
    OK(airt_system_quiesce(system, AIRT_SECONDS(60)));
    for (uint32_t i = 0; i < TOKENS; i++)
        OK(airt_tell(system, links[i * (HEALTHY / TOKENS)], begin));
}

static void check_healthy(airt_system *system)
{
    uint64_t passed = 0;

    atomic_store(&over, 1);
    OK(airt_system_quiesce(system, AIRT_SECONDS(60)));
    for (uint32_t i = 0; i < HEALTHY; i++) {
        assert_int_equal(sent[i], received[(i + 1) % HEALTHY]);
        passed += received[i];
    }
    assert_int_equal(atomic_load(&wrong), 0);
    assert_int_equal(atomic_load(&absorbed), TOKENS);
    print_message("%llu messages passed on\n", (unsigned long long)passed);
    check_account(system);
}

static void test_soak(void **state)
{
    airt_system_options options = { .workers = 2,
                                    .stuck_ms = NEVER_STUCK,
                                    .faults = AIRT_FAULTS_CONTAIN,
                                    .faults_max = AIRT_FAULTS_LIMIT,
                                    .report = hear,
                                    .report_context = &ears };
    airt_system        *system = NULL;
    keeper_ref          keeper = { 0 };
    holds               early, late;

    (void)state;
    OK(airt_system_create(&options, &system));
    if (!airt_faults_contained(system)) {
        OK(airt_system_stop(&system, AIRT_SECONDS(60)));
        skip();
    }
    begin_healthy(system);
    OK(airt_spawn(system, keeper, &keeper, NULL));
    OK(airt_tell(system, keeper, keeper_go));
    UNTIL(atomic_load(&contained) >= wanted / 2);
    early = holds_now();
    for (uint64_t n = 0; atomic_load(&contained) + atomic_load(&other) < wanted;) { /* as long as it goes on */
        n = atomic_load(&contained);
        UNTIL(atomic_load(&contained) > n || n + atomic_load(&other) >= wanted);
    }
    late = holds_now();
    check_healthy(system);
    assert_int_equal(atomic_load(&contained), wanted);
    assert_int_equal(atomic_load(&other), 0);
    assert_int_equal(late.files, early.files);
    assert_true(late.pages - early.pages < GROWTH_PAGES_MAX);
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
    assert_int_equal(heard_of(&ears, AIRT_REPORT_LEAK, AIRT_NONE, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_soak) };
    const char             *given = getenv("FAULTS");

    wanted = given != NULL ? strtoull(given, NULL, 10) : FAULTS_DEFAULT;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
