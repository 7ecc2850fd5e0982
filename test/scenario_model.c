/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The supervisor against a model of it: pure functions on a table of children, without actors, messages or time but the
 * step's. Random trees and steps; after each the children that are up, how often each was started, the order of starts
 * and stops, answers, and the supervisor's own end must be the same. STEPS and SEED of the environment. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    KIDS_MAX = 6,
    WINDOW_MS = 1000,
    STEP_MS = 400, /* no edge of the window is near a multiple of it, failed starts take a few ms */
    RING = 8,
    TREE_STEPS = 100, /* then another one: children that are gone do not come back */
    LOG = 4096
};

/* --- the model ---------------------------------------------------------------------------------------------------- */

typedef struct model_kid {
    airt_restart restart;
    bool         up, gone; /* gone: its spec, too */
    uint32_t     starts;
    uint32_t     bad; /* its next starts fail */
} model_kid;

typedef struct model {
    airt_strategy strategy;
    uint32_t      max, count; /* of restarts; their times */
    int64_t       times[RING];
    int64_t       now_ms;
    int           kids;
    bool          over;
    model_kid     kid[KIDS_MAX];
    char          log[LOG];
    size_t        size;
} model;

static void note(model *m, char what, int kid)
{
    if (m->size + 3 < sizeof m->log) {
        m->log[m->size++] = what;
        m->log[m->size++] = (char)('a' + kid);
        m->log[m->size] = '\0';
    }
}

/* True: it is up now. */
static bool model_start(model *m, int i)
{
    model_kid *kid = &m->kid[i];

    kid->starts++;
    if (kid->bad > 0) {
        kid->bad--;
        note(m, '!', i);
        return false;
    }
    kid->up = true;
    note(m, '+', i);
    return true;
}

static void model_stop_one(model *m, int i)
{
    if (m->kid[i].up)
        note(m, '-', i);
    m->kid[i].up = false;
}

static bool model_counts(model *m)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < m->count; i++)
        if (m->now_ms - m->times[i] < WINDOW_MS)
            m->times[kept++] = m->times[i];
    m->count = kept;
    if (m->count == m->max)
        return false;
    m->times[m->count++] = m->now_ms;
    return true;
}

static void model_give_up(model *m)
{
    for (int i = m->kids - 1; i >= 0; i--)
        model_stop_one(m, i);
    m->over = true;
}

/* Whom the strategy takes down with `failed`, and brings back: from there on, itself apart. */
static int group_from(const model *m, int failed)
{
    if (m->strategy == AIRT_ONE_FOR_ALL)
        return 0;
    return m->strategy == AIRT_REST_FOR_ONE ? failed + 1 : m->kids;
}

static void model_failed(model *m, int failed)
{
    bool due[KIDS_MAX] = { false }; /* to be started, in order */

    for (int next = failed; next >= 0;) {
        int failing = next;

        if (!model_counts(m)) {
            model_give_up(m);
            return;
        }
        due[failing] = true;
        for (int i = m->kids - 1; i >= group_from(m, failing); i--) {
            if (i == failing || m->kid[i].gone)
                continue;
            model_stop_one(m, i);
            m->kid[i].gone = m->kid[i].restart == AIRT_TEMPORARY;
            due[i] = !m->kid[i].gone;
        }
        next = -1;
        for (int i = 0; i < m->kids && next < 0; i++) {
            if (!due[i])
                continue;
            if (model_start(m, i))
                due[i] = false;
            else
                next = i;
        }
    }
}

static void model_ended(model *m, int i, bool failure)
{
    model_kid *kid = &m->kid[i];

    if (!kid->up)
        return;
    kid->up = false;
    if (kid->restart == AIRT_TEMPORARY)
        kid->gone = true;
    else if (kid->restart == AIRT_PERMANENT || failure)
        model_failed(m, i);
}

static airt_status model_stop(model *m, int i)
{
    if (m->kid[i].gone)
        return AIRT_ENOENT;
    model_stop_one(m, i);
    m->kid[i].gone = m->kid[i].restart == AIRT_TEMPORARY;
    return AIRT_OK;
}

static airt_status model_restart(model *m, int i)
{
    if (m->kid[i].gone)
        return AIRT_ENOENT;
    if (m->kid[i].up)
        return AIRT_ERUNNING;
    return model_start(m, i) ? AIRT_OK : AIRT_EFAILED;
}

/* --- the real one ------------------------------------------------------------------------------------------------- */

static model real; /* log and bad of the children as they are */

struct part_start {
    int32_t number;
};
AIRT_KIND(part_start, number)
struct part {
    int32_t number;
};
AIRT_ON(part, part_start)
{
    model_kid *kid = &real.kid[msg->number];

    self->number = msg->number;
    if (kid->bad > 0) {
        kid->bad--;
        note(&real, '!', self->number);
        return AIRT_EINVAL;
    }
    note(&real, '+', self->number);
    return AIRT_OK;
}
AIRT_ON(part, num)
{
    return msg->n == 0 ? AIRT_EINVAL : AIRT_STOP;
}
AIRT_ON(part, airt_stopping)
{
    if (msg->started && msg->reason.exit == AIRT_EXIT_SHUTDOWN)
        note(&real, '-', self->number);
    return AIRT_OK;
}
#define part_HANDLES(ON, A) ON(A, part_start) ON(A, num) ON(A, airt_stopping)
AIRT_BEHAVIOR(part)

typedef struct bed { /* one tree, both ways */
    sim               s;
    airt_ref          top;
    airt_ref          ref[KIDS_MAX];
    struct part_start start[KIDS_MAX];
    char              id[KIDS_MAX][2];
    airt_child        child[KIDS_MAX];
    model             m;
} bed;

static uint64_t rng, last_seed;
static uint32_t dice(uint32_t sides)
{
    rng = rng * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(rng >> 33) % sides;
}

static airt_status plant(bed *b)
{
    static const airt_strategy strategies[] = { AIRT_ONE_FOR_ONE, AIRT_ONE_FOR_ALL, AIRT_REST_FOR_ONE };
    airt_tree                  tree = { .window_ms = WINDOW_MS, .children = b->child };

    memset(&b->m, 0, sizeof b->m);
    memset(&real, 0, sizeof real);
    b->m.strategy = tree.strategy = strategies[dice(3)];
    b->m.max = tree.restarts_max = 1 + dice(RING - 1);
    b->m.kids = 1 + (int)dice(KIDS_MAX);
    tree.child_count = (size_t)b->m.kids;
    for (int i = 0; i < b->m.kids; i++) {
        b->start[i].number = i;
        b->id[i][0] = (char)('a' + i);
        b->m.kid[i].restart = (airt_restart)dice(3);
        b->child[i] = (airt_child){ .behavior = &part_behavior,
                                    .id = b->id[i],
                                    .restart = b->m.kid[i].restart,
                                    .start = { &part_start_kind, &b->start[i] } };
        (void)model_start(&b->m, i);
    }
    return airt_supervise_tree(b->s.system, &b->top, &tree);
}

static void learn_refs(bed *b)
{
    for (int i = 0; i < b->m.kids; i++) {
        airt_child_info info = { .ref = AIRT_NONE };

        (void)!airt_supervisor_find_child(b->s.system, b->top, AIRT_ID(b->id[i]), AIRT_SECONDS(1), &info);
        b->ref[i] = info.ref;
    }
}

/* The same thing to both. Returns its name. */
static const char *act(bed *b, int i, bool *out_same)
{
    airt_status said, says;

    *out_same = true;
    switch (dice(8)) {
    case 0:
        (void)airt_tell_any(b->s.system, b->ref[i], num, .n = 1);
        model_ended(&b->m, i, false);
        return "ends";
    case 1:
        (void)airt_kill(b->s.system, b->ref[i], NULL);
        model_ended(&b->m, i, true);
        return "is killed";
    case 2:
        b->m.kid[i].bad = real.kid[i].bad = dice(3);
        return "will fail to start";
    case 3:
        says = airt_supervisor_stop_child(b->s.system, b->top, AIRT_ID(b->id[i]), AIRT_SECONDS(1));
        said = model_stop(&b->m, i);
        *out_same = says == said;
        return "is stopped by hand";
    case 4:
        says = airt_supervisor_restart_child(b->s.system, b->top, AIRT_ID(b->id[i]), AIRT_SECONDS(1), &b->ref[i]);
        said = model_restart(&b->m, i);
        *out_same = says == said;
        return "is started by hand";
    default:
        (void)airt_tell_any(b->s.system, b->ref[i], num, .n = 0);
        model_ended(&b->m, i, true);
        return "fails";
    }
}

static bool same(bed *b)
{
    if (strcmp(b->m.log, real.log) != 0 || sim_alive(&b->s, b->top) != !b->m.over)
        return false;
    for (int i = 0; i < b->m.kids && !b->m.over; i++) {
        uint32_t incarnation = 0;
        bool     up = airt_incarnation(b->s.system, b->ref[i], &incarnation) == AIRT_OK;

        if (up != b->m.kid[i].up || (up && incarnation != b->m.kid[i].starts))
            return false;
    }
    return true;
}

/* Steps until the supervisor has given up, or so many. */
static uint64_t live(bed *b, uint64_t steps)
{
    ASSERT_OK(plant(b));
    learn_refs(b);
    for (uint64_t step = 1; step <= steps; step++) {
        int         i = (int)dice((uint32_t)b->m.kids);
        bool        alike;
        const char *what = act(b, i, &alike);

        sim_run(&b->s, STEP_MS);
        b->m.now_ms += STEP_MS;
        if (!alike || !same(b)) {
            printf("SEED=%llu, step %llu, strategy %d, at most %u: %c %s\nmodel %s%s\nreal  %s%s\n",
                   (unsigned long long)last_seed, (unsigned long long)step, (int)b->m.strategy, b->m.max, 'a' + i, what,
                   b->m.log, b->m.over ? " over" : "", real.log, sim_alive(&b->s, b->top) ? "" : " over");
            fail_msg("the supervisor is not its model");
        }
        if (b->m.over)
            return step;
        b->m.size = real.size = 0;
        b->m.log[0] = real.log[0] = '\0';
    }
    return steps;
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

static void a_supervisor_is_its_model(void **state)
{
    static bed b;
    uint64_t   steps = number_of("STEPS", 100000);

    (void)state;
    for (uint64_t seed = number_of("SEED", 1); steps > 0; seed++) {
        uint64_t done;

        rng = seed;
        last_seed = seed;
        ASSERT_OK(sim_open(&b.s, &(sim_options){ .seed = seed, .system = { .workers = 2 } }));
        done = live(&b, steps < TREE_STEPS ? steps : TREE_STEPS);
        steps -= done;
        sim_close(&b.s);
    }
    printf("%llu trees\n", (unsigned long long)last_seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_supervisor_is_its_model) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
