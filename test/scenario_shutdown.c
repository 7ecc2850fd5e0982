/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The stop of a deep tree under load: ordered, within its deadlines, and nothing is handled after its actor's stop. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    DEPTH = 12,
    LEAVES = 5,
    STUBBORN_MS = 400, /* of every third leaf, which takes longer than that to stop */
#ifdef SWEEP_SCENARIO
    QUEUED = 2
#else
    QUEUED = 1600 /* for each leaf: with all of them about 10^5 */
#endif
};

static struct {
    unsigned up, stopped, handled, late;
    int      last_stopped; /* number of the last leaf that stopped: they stop in reverse */
    bool     disordered;
} seen;

/* A leaf that counts; every third takes its time in a handler when it is asked to stop. */
struct leaf_start {
    int32_t number;
};
AIRT_KIND(leaf_start, number)
struct leaf {
    int32_t number;
    bool    stopped;
};
AIRT_ON(leaf, leaf_start)
{
    self->number = msg->number;
    seen.up++;
    return self->number % 3 == 0 ? airt_trap_stop(ctx, true) : AIRT_OK;
}
AIRT_ON(leaf, num)
{
    seen.handled++;
    seen.late += self->stopped;
    return AIRT_OK;
}
AIRT_ON(leaf, airt_stop_asked) /* does not end: it must be killed */
{
    return airt_sleep(ctx, AIRT_SECONDS(1000));
}
AIRT_ON(leaf, airt_stopping)
{
    self->stopped = true;
    seen.stopped++;
    seen.disordered |= self->number > seen.last_stopped;
    seen.last_stopped = self->number;
    return AIRT_OK;
}
#define leaf_HANDLES(ON, A) ON(A, leaf_start) ON(A, num) ON(A, airt_stop_asked) ON(A, airt_stopping)
AIRT_BEHAVIOR(leaf)

typedef struct forest {
    airt_tree         tree[DEPTH];
    airt_child        child[DEPTH][LEAVES + 1];
    struct leaf_start start[DEPTH][LEAVES];
    char              id[DEPTH][LEAVES][8];
} forest;

/* A supervisor in each level: leaves, and the next level last; so a reverse stop goes down to the deepest first. */
static void grow(forest *f)
{
    for (int level = DEPTH - 1; level >= 0; level--) {
        size_t count = LEAVES;

        for (int i = 0; i < LEAVES; i++) {
            f->start[level][i].number = level * LEAVES + i;
            f->id[level][i][0] = (char)('a' + i);
            f->child[level][i] = (airt_child){ .behavior = &leaf_behavior,
                                               .id = f->id[level][i],
                                               .start = { &leaf_start_kind, &f->start[level][i] },
                                               .shutdown_ms = STUBBORN_MS,
                                               .mailbox = { .max = 4096 } };
        }
        if (level + 1 < DEPTH)
            f->child[level][count++] = (airt_child){ .tree = &f->tree[level + 1], .id = "below" };
        f->tree[level] =
            (airt_tree){ .strategy = AIRT_REST_FOR_ONE, .children = f->child[level], .child_count = count };
    }
}

static void load(sim *s, airt_ref supervisor)
{
    airt_child_info infos[LEAVES + 1];
    size_t          count = 0;

    if (airt_supervisor_list(s->system, supervisor, AIRT_SECONDS(10), infos, LEAVES + 1, &count) != AIRT_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        for (uint64_t n = 0; n < QUEUED && !infos[i].supervisor; n++)
            sim_num(s, infos[i].ref, n);
        if (infos[i].supervisor)
            load(s, infos[i].ref);
    }
}

static void deep_body(sim *s)
{
    static forest     f;
    airt_system_stats stats;
    airt_ref          top = AIRT_NONE;
    int64_t           begun;
    unsigned          stubborn = 0;

    memset(&seen, 0, sizeof seen);
    seen.last_stopped = INT32_MAX;
    grow(&f);
    ASSERT_OK(airt_supervise_tree(s->system, &top, &f.tree[0]));
    load(s, top);
    for (int i = 0; i < DEPTH * LEAVES; i++)
        stubborn += i % 3 == 0;
    begun = airt_sim_now_ns(s->inner);
    ASSERT_OK(airt_stop(s->system, top, NULL));
    sim_run(s, (int64_t)stubborn * STUBBORN_MS + 500);
    assert_false(sim_alive(s, top));
    assert_int_equal(seen.up, DEPTH * LEAVES);
    assert_int_equal(seen.stopped, DEPTH * LEAVES - stubborn); /* the killed ones run no hook: their handler sleeps */
    assert_false(seen.disordered);
    assert_int_equal(seen.late, 0);
    airt_system_stats_get(s->system, &stats);
    assert_int_equal(stats.actors, 0);
    assert_true(airt_sim_now_ns(s->inner) - begun <= ((int64_t)stubborn * STUBBORN_MS + 500) * 1000000);
}
static void a_deep_tree_under_load(void **state)
{
    (void)state;
    sim_each(deep_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(a_deep_tree_under_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
