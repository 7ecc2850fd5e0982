/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A tree of three levels on real threads, whose workers fail, end, are stopped and killed while others tell and ask
 * them, and whose supervisors are killed too: in the end the account balances, every name is somebody's, and nothing is
 * left. ROUNDS of the environment. */
#include "threads.h"

#include <stdlib.h>

enum {
    THREADS = 3,
    WORKERS = 24
};

struct job {
    uint32_t what; /* see worker_on_job */
};
struct done {
    uint32_t what;
};
struct mule_start {
    uint32_t number;
};
AIRT_KIND(job, what)
AIRT_KIND(done, what)
AIRT_ANSWER(job, done)
AIRT_KIND(mule_start, number)

static struct {
    airt_system      *system;
    _Atomic(int)      failures;
    _Atomic(uint64_t) events[AIRT_SUPERVISION_COUNT], leaks, answered, starts;
} all;

struct mule {
    uint32_t number;
};
AIRT_ON(mule, mule_start)
{
    self->number = msg->number;
    (void)atomic_fetch_add(&all.starts, 1);
    return airt_random(ctx) % 50 == 0 ? AIRT_EINVAL : AIRT_OK;
}
AIRT_ON(mule, job)
{
    switch (msg->what % 16) {
    case 0:
        return AIRT_EINVAL;
    case 1:
        return AIRT_STOP;
    case 2:
        (void)!airt_sleep(ctx, AIRT_US(200));
        return AIRT_EINVAL;
    case 3:
        (void)!airt_sleep(ctx, AIRT_MS(1));
        break;
    default:
        break;
    }
    return airt_reply(ctx, job, .what = msg->what);
}
#define mule_HANDLES(ON, A) ON(A, mule_start) ON(A, job)
AIRT_BEHAVIOR(mule)

static void on_event(void *context, const airt_supervision_event *event)
{
    (void)context;
    (void)atomic_fetch_add(&all.events[event->what], 1);
}

static void on_report(void *context, const airt_report *report)
{
    (void)context;
    if (report->kind == AIRT_REPORT_LEAK)
        (void)atomic_fetch_add(&all.leaks, 1);
}

static airt_ref named(const char *prefix, unsigned number)
{
    static const airt_kind *const any[] = { NULL };
    char                          name[32];
    airt_ref                      ref = AIRT_NONE;

    (void)snprintf(name, sizeof name, number > 1 ? "%s.%u" : "%s", prefix, number);
    (void)!airt_lookup_kinds(all.system, any, name, &ref);
    return ref;
}

/* One worker of one of the two groups, or now and then a group itself. */
static void trouble(unsigned *seed)
{
    const char *group = rand_r(seed) % 2 ? "mule" : "ox";
    airt_ref    who = named(group, 1 + (unsigned)rand_r(seed) % WORKERS);
    struct done done = { 0 };

    if (airt_ref_none(who)) /* its group is being built anew: time for that */
        pause_us(50);
    switch (rand_r(seed) % 40) {
    case 0:
        (void)airt_kill(all.system, who, NULL);
        break;
    case 1:
        (void)airt_stop(all.system, who, NULL);
        break;
    case 2:
        (void)airt_kill(all.system, named(rand_r(seed) % 2 ? "mules" : "oxen", 1), NULL);
        break;
    case 3:
    case 4:
    case 5:
        if (airt_ask_any(all.system, who, &done, AIRT_MS(50), job, .what = (uint32_t)rand_r(seed)) == AIRT_OK)
            (void)atomic_fetch_add(&all.answered, 1);
        break;
    default:
        (void)airt_tell_any(all.system, who, job, .what = (uint32_t)rand_r(seed));
        break;
    }
}

static void *make_trouble(void *argument)
{
    const char *rounds = getenv("ROUNDS");
    long        count = rounds != NULL ? atol(rounds) : 20000;
    unsigned    seed = (unsigned)(uintptr_t)argument;

    for (long i = 0; i < count; i++)
        trouble(&seed);
    return NULL;
}

static airt_status plant(airt_ref *out_top)
{
    const struct mule_start start = { 7 };
    const airt_child mule = AIRT_CHILD(mule, .name = "mule", .count = WORKERS, .start = { &mule_start_kind, &start });
    const airt_child ox = AIRT_CHILD(mule, .name = "ox", .count = WORKERS, .start = { &mule_start_kind, &start },
                                     .drop_mail = true, .asks_fail = true, .shutdown_ms = 5);
    const airt_tree  mules = {
         .name = "mules", .restarts_max = 60000, .window_ms = 1, .children = &mule, .child_count = 1
    };
    const airt_tree oxen = { .name = "oxen",
                             .strategy = AIRT_REST_FOR_ONE,
                             .restarts_max = 5,
                             .window_ms = 10,
                             .backoff_ms = 1,
                             .backoff_max_ms = 3,
                             .children = &ox,
                             .child_count = 1 };

    return airt_supervise(all.system, out_top, .name = "stable", .restarts_max = 60000, .window_ms = 1,
                          .on_event = on_event, AIRT_CHILDREN({ .tree = &mules }, { .tree = &oxen }));
}

/* What was done by hand or at random has come to rest: every worker is there again. */
static bool all_there(void)
{
    for (unsigned i = 1; i <= WORKERS; i++)
        if (airt_ref_none(named("mule", i)) || airt_ref_none(named("ox", i)))
            return false;
    return true;
}

static void trouble_in_the_stable(void **state)
{
    const airt_system_options options = { .workers = 4, .report = on_report, .stuck_ms = NEVER_STUCK };
    pthread_t                 thread[THREADS];
    airt_ref                  top = AIRT_NONE;

    (void)state;
    OK(airt_system_create(&options, &all.system));
    while (plant(&top) != AIRT_OK) { /* a start fails at random */
    }
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, make_trouble, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    UNTIL(all_there());
    assert_int_equal(atomic_load(&all.events[AIRT_SUP_STOPPED]) > 0, 1);
    assert_true(atomic_load(&all.events[AIRT_SUP_RESTARTING]) > 100);
    assert_true(atomic_load(&all.answered) > 0);
    OK(airt_stop(all.system, top, NULL));
    UNTIL(stats_of(all.system).actors == 0);
    OK(airt_system_quiesce(all.system, AIRT_SECONDS(60)));
    check_account(all.system);
    OK(airt_system_stop(&all.system, AIRT_SECONDS(60)));
    assert_int_equal(atomic_load(&all.leaks), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(trouble_in_the_stable) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
