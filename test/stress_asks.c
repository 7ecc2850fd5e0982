/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Random ask graphs on real threads. Where the graph has cycles, every request ends: answered, or with AIRT_EDEADLK and a
 * chain of actors of which each waits for the next, the last for the asker, who is the first; nobody waits for a
 * deadline, and no handler is left suspended. Where it has none (asks only go to higher indexes, in
 * all the shapes a request can take: reply then ask back, forward, deferred reply, gather), no alarm is ever raised.
 * ASKS (default 200,000) a test. And askers outside of handlers, who are refused. */
#include <airt/airt.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    NODES = 64,
    WALKS = 24
};

struct work {
    uint64_t random;
    uint32_t depth;
};
struct done {
    uint64_t sum;
};
struct note {
    uint64_t random;
};
struct walk {
    uint64_t random;
};
struct node_start {
    uint32_t index;
    bool     cyclic;
};
AIRT_KIND(work, random, depth)
AIRT_KIND(done, sum)
AIRT_ANSWER(work, done)
AIRT_KIND(note, random)
AIRT_KIND(walk, random)
AIRT_KIND(node_start, index, cyclic)

#define node_ACCEPTS(KIND) KIND(work) KIND(note) KIND(walk)
AIRT_PROTOCOL(node)

struct node {
    uint32_t  index;
    bool      cyclic;
    airt_msg *deferred;
};

static struct {
    node_ref          node[NODES];
    uint64_t          max;
    _Atomic(uint64_t) asks, answered, deadlocks, wrong_chains, links_seen, timeouts, others;
    /* Of each node: who may hold a request of its present wait, a bit each, set before that can be so; and how often a
     * wait of it began or ended. */
    _Atomic(uint64_t) holders[NODES], waits[NODES];
} run;

_Static_assert(NODES == 64, "a bit each");

/* The waits as they were before one's own began. */
typedef struct before {
    uint64_t waits[NODES];
} before;

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint32_t above(const struct node *self, uint64_t *random)
{
    uint32_t room = NODES - 1 - self->index;

    return room == 0 ? NODES : self->index + 1 + (uint32_t)(next_random(random) % room);
}

/* Where a request may go from here: anywhere, or only up. NODES: nowhere. */
static uint32_t target(const struct node *self, uint64_t *random)
{
    return self->cyclic ? (uint32_t)(next_random(random) % NODES) : above(self, random);
}

/* NODES: it is none of them. */
static uint32_t index_of(airt_ref who)
{
    uint32_t i = 0;

    while (i < NODES && !airt_ref_same(run.node[i].ref, who))
        i++;
    return i;
}

static void wait_begins(const struct node *self, uint64_t holders, before *b)
{
    for (uint32_t i = 0; i < NODES; i++)
        b->waits[i] = atomic_load(&run.waits[i]);
    atomic_store(&run.holders[self->index], holders);
    b->waits[self->index] = atomic_fetch_add(&run.waits[self->index], 1) + 1;
}

static void wait_ends(const struct node *self)
{
    atomic_store(&run.holders[self->index], 0);
    atomic_fetch_add(&run.waits[self->index], 1);
}

/* Whether `who` waits for `next`. A wait that was under way before ours and still is shows it for certain; another may
 * have ended meanwhile, by another cycle, and shows nothing. */
static bool linked(uint32_t who, uint32_t next, const before *b)
{
    if ((atomic_load(&run.holders[who]) >> next & 1) != 0) {
        atomic_fetch_add(&run.links_seen, 1);
        return true;
    }
    return atomic_load(&run.waits[who]) != b->waits[who];
}

static bool chain_holds(airt_ctx *ctx, const airt_failure *failure, const before *b)
{
    uint32_t member[8] = { 0 };
    uint32_t count = failure->chain_count;
    uint64_t seen = 0;

    if (failure->status != AIRT_EDEADLK || count == 0 || count > 8 || !airt_ref_same(failure->chain[0], airt_self(ctx)))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        member[i] = index_of(failure->chain[i]);
        if (member[i] == NODES || (seen >> member[i] & 1) != 0)
            return false;
        seen |= UINT64_C(1) << member[i];
    }
    for (uint32_t i = 0; i + 1 < count; i++)
        if (!linked(member[i], member[i + 1], b))
            return false;
    return count == 8 || linked(member[count - 1], member[0], b); /* eight may be the beginning of more */
}

static void count(airt_ctx *ctx, airt_status status, const before *b)
{
    atomic_fetch_add(&run.asks, 1);
    switch (status) {
    case AIRT_OK:
        atomic_fetch_add(&run.answered, 1);
        break;
    case AIRT_EDEADLK:
        atomic_fetch_add(&run.deadlocks, 1);
        if (!chain_holds(ctx, airt_last_failure(ctx), b))
            atomic_fetch_add(&run.wrong_chains, 1);
        break;
    case AIRT_ETIMEDOUT:
        atomic_fetch_add(&run.timeouts, 1);
        break;
    default:
        atomic_fetch_add(&run.others, 1);
        break;
    }
}

static uint64_t ask_one(struct node *self, airt_ctx *ctx, uint64_t random, uint32_t depth)
{
    struct done done = { 0 };
    uint32_t    to = target(self, &random);
    airt_status status;
    before      b;

    if (to == NODES || depth == 0)
        return 1;
    wait_begins(self, UINT64_C(1) << to, &b);
    status = airt_ask(ctx, run.node[to], &done, AIRT_SECONDS(600), work, .random = random, .depth = depth - 1);
    count(ctx, status, &b);
    wait_ends(self);
    return 1 + done.sum;
}

static uint64_t ask_two(struct node *self, airt_ctx *ctx, uint64_t random, uint32_t depth)
{
    uint32_t          first = target(self, &random);
    uint32_t          second = target(self, &random);
    struct done       done = { 0 };
    work_call         a, b;
    airt_call *const *calls;
    airt_status       status;
    before            earlier;

    if (first == NODES || second == NODES || depth == 0)
        return 1;
    wait_begins(self, UINT64_C(1) << first | UINT64_C(1) << second, &earlier);
    a = airt_ask_begin(ctx, run.node[first], AIRT_SECONDS(600), work, .random = random, .depth = depth - 1);
    b = airt_ask_begin(ctx, run.node[second], AIRT_SECONDS(600), work, .random = random * 3, .depth = depth - 1);
    calls = (airt_call *const[]){ &a.call, &b.call };
    status = airt_await_all(ctx, AIRT_SECONDS(600), calls, 2);
    if (status == AIRT_OK)
        status = airt_call_take(ctx, work, a, &done);
    count(ctx, status, &earlier);
    wait_ends(self);
    return 1 + done.sum;
}

AIRT_ON(node, node_start)
{
    self->index = msg->index;
    self->cyclic = msg->cyclic;
    return AIRT_OK;
}

/* Some are answered at once, then the asker is asked back; some are passed on; some are answered by the next message. */
AIRT_ON(node, work)
{
    uint64_t random = msg->random;
    uint32_t depth = msg->depth;
    uint32_t to;

    switch (next_random(&random) % 8) {
    case 0:
        airt_reply(ctx, work, .sum = 1);
        (void)ask_one(self, ctx, random, depth);
        return AIRT_OK;
    case 1: /* only up, or it would be passed on for ever; a refused one has answered its asker */
        to = above(self, &random);
        if (to == NODES)
            break;
        atomic_fetch_or(&run.holders[index_of(airt_sender(ctx))], UINT64_C(1) << to);
        (void)airt_forward(ctx, run.node[to], work);
        return AIRT_OK;
    case 2:
        if (self->deferred != NULL || self->cyclic)
            break;
        AIRT_TRY(airt_keep(ctx, &self->deferred));
        airt_tell(ctx, ((node_ref){ .ref = airt_self(ctx) }), note, .random = random);
        return AIRT_OK;
    case 3:
        return airt_reply(ctx, work, .sum = ask_two(self, ctx, random, depth));
    default:
        break;
    }
    return airt_reply(ctx, work, .sum = ask_one(self, ctx, random, depth));
}

AIRT_ON(node, note)
{
    if (self->deferred != NULL)
        airt_reply_to(ctx, &self->deferred, work, .sum = msg->random & 1);
    return AIRT_OK;
}

/* A walk is a chain of tells, each of which asks once. */
AIRT_ON(node, walk)
{
    uint64_t random = msg->random;

    (void)ask_one(self, ctx, next_random(&random), 3);
    if (atomic_load(&run.asks) < run.max)
        airt_tell(ctx, run.node[next_random(&random) % NODES], walk, .random = random);
    return AIRT_OK;
}

#define node_HANDLES(ON, A) ON(A, node_start) ON(A, work) ON(A, note) ON(A, walk)
AIRT_BEHAVIOR(node)

static void run_on(uint32_t workers, bool cyclic)
{
    airt_system        *system = NULL;
    airt_system_options options = { .workers = workers };
    airt_system_stats   stats;
    const char         *wanted = getenv("ASKS");
    uint64_t            random = 0x9e3779b97f4a7c15ull + workers;

    memset(&run, 0, sizeof run);
    run.max = wanted != NULL ? strtoull(wanted, NULL, 10) : 200000;
    assert_int_equal(airt_system_create(&options, &system), AIRT_OK);
    for (uint32_t i = 0; i < NODES; i++)
        assert_int_equal(airt_spawn(system, node, &run.node[i],
                                    &(airt_spawn_options){ .start = AIRT_START(node, .index = i, .cyclic = cyclic) }),
                         AIRT_OK);
    for (uint32_t i = 0; i < WALKS; i++)
        airt_tell(system, run.node[i], walk, .random = next_random(&random));
    while (atomic_load(&run.asks) < run.max)
        assert_int_equal(airt_system_quiesce(system, AIRT_SECONDS(300)), AIRT_OK);
    assert_int_equal(airt_system_quiesce(system, AIRT_SECONDS(300)), AIRT_OK);
    printf("  workers %u: %llu asks, %llu answered, %llu deadlocks, %llu links of chains seen\n", workers,
           (unsigned long long)run.asks, (unsigned long long)run.answered, (unsigned long long)run.deadlocks,
           (unsigned long long)run.links_seen);
    airt_system_stats_get(system, &stats);
    assert_int_equal(stats.in_work, 0); /* a suspended handler's message is in work: a waiter that was lost */
    assert_int_equal(stats.queued, 0);
    assert_int_equal(run.timeouts, 0);
    assert_int_equal(run.others, 0);
    assert_int_equal(run.wrong_chains, 0);
    assert_true(run.links_seen >= run.deadlocks);
    if (cyclic)
        assert_true(run.deadlocks > 0);
    else
        assert_int_equal(run.deadlocks, 0);
    assert_int_equal(airt_system_stop(&system, AIRT_SECONDS(30)), AIRT_OK);
}

static void no_false_alarm_on_two_workers(void **state)
{
    (void)state;
    run_on(2, false);
}

static void no_false_alarm_on_eight_workers(void **state)
{
    (void)state;
    run_on(8, false);
}

static void every_cycle_is_answered_on_two_workers(void **state)
{
    (void)state;
    run_on(2, true);
}

static void every_cycle_is_answered_on_eight_workers(void **state)
{
    (void)state;
    run_on(8, true);
}

/* --- from outside ------------------------------------------------------------------------------------------------- */

enum {
    ASKERS = 4,
    REFUSALS = 2000
};

#define judge_ACCEPTS(KIND) KIND(work)
AIRT_PROTOCOL(judge)
struct judge {
    uint64_t refused;
};
AIRT_ON(judge, work)
{
    self->refused++;
    return airt_reply_failure(ctx, (int32_t)msg->depth, "number %u", msg->depth);
}
#define judge_HANDLES(ON, A) ON(A, work)
AIRT_BEHAVIOR(judge)

typedef struct asker {
    pthread_t    thread;
    airt_system *system;
    judge_ref    judge;
    uint32_t     number, right; /* how often it was told what it should be */
} asker;

static void *ask_outside(void *argument)
{
    asker      *a = argument;
    char        text[32];
    struct done done;

    (void)snprintf(text, sizeof text, "number %u", a->number);
    for (uint32_t i = 0; i < REFUSALS; i++) {
        airt_status status = airt_ask(a->system, a->judge, &done, AIRT_SECONDS(300), work, .depth = a->number);

        a->right += status == AIRT_EREFUSED && airt_last_failure(a->system)->code == (int32_t)a->number &&
                    strcmp(airt_last_failure(a->system)->text, text) == 0;
    }
    return NULL;
}

/* Several threads at a time, of one judge: each is told its own refusals. */
static void outside_each_is_told_its_own(void **state)
{
    airt_system *system = NULL;
    judge_ref    judge = { 0 };
    asker        askers[ASKERS];

    (void)state;
    assert_int_equal(airt_system_create(&(airt_system_options){ .workers = 2 }, &system), AIRT_OK);
    assert_int_equal(airt_spawn(system, judge, &judge, NULL), AIRT_OK);
    for (uint32_t i = 0; i < ASKERS; i++) {
        askers[i] = (asker){ .system = system, .judge = judge, .number = i + 1 };
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_outside, &askers[i]), 0);
    }
    for (uint32_t i = 0; i < ASKERS; i++) {
        assert_int_equal(pthread_join(askers[i].thread, NULL), 0);
        assert_int_equal(askers[i].right, REFUSALS);
    }
    assert_int_equal(airt_last_failure(system)->status, AIRT_OK); /* this thread asked nothing */
    assert_int_equal(airt_system_stop(&system, AIRT_SECONDS(30)), AIRT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_false_alarm_on_two_workers),
        cmocka_unit_test(no_false_alarm_on_eight_workers),
        cmocka_unit_test(every_cycle_is_answered_on_two_workers),
        cmocka_unit_test(every_cycle_is_answered_on_eight_workers),
        cmocka_unit_test(outside_each_is_told_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
