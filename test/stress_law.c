/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tokens run between ten thousand actors while others are stopped, drained, killed and replaced. Every hop is a message
 * with an id of its own, which must end exactly once, handled or as a dead letter; messages of one sender, receiver and
 * priority must keep their order; an actor must handle one at a time; and the account must add up.
 * MESSAGES (default 1,000,000) hops on 1, 2 and 8 workers each. */
#include <airt/airt.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    NODES = 10000,
    PEERS = 4,
    PRIORITIES = 4,
    TOKENS = 2000,
    HOPS_A_DEATH = 20,
    HANDLED = 1,
    DEAD = 2
};

struct hop {
    uint64_t id, random, sequence;
    uint32_t epoch;
    uint8_t  edge, priority;
};
AIRT_KIND(hop, id, random, sequence, epoch, edge, priority)

struct node_start {
    uint32_t index, epoch;
};
AIRT_KIND(node_start, index, epoch)

#define node_ACCEPTS(KIND) KIND(hop)
AIRT_PROTOCOL(node)

struct node {
    uint32_t index, epoch;
    bool     inside;
    uint64_t sent[PEERS][PRIORITIES];
    uint64_t seen[PEERS][PRIORITIES];
    uint32_t seen_epoch[PEERS];
};

/* One run's world, outside of all actors: the checkers see everything. */
static struct {
    uint64_t          max;
    _Atomic(uint64_t) next_id, ended, lost, disorder, overlaps, twice, cut_short, abandoned;
    _Atomic(uint64_t) refs[NODES];
    _Atomic(uint8_t) *end_of; /* by id */
} run;

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A message ends in a handler or as a dead letter; in both, when a kill cut its handler short. */
static void ends(uint64_t id, uint8_t how)
{
    uint8_t before = atomic_fetch_or(&run.end_of[id], how);

    if (before & how)
        atomic_fetch_add(&run.twice, 1);
    else if (before != 0)
        atomic_fetch_add(&run.cut_short, 1);
    else
        atomic_fetch_add(&run.ended, 1);
}

static void on_report(void *context, const airt_report *report)
{
    (void)context;
    if (report->kind == AIRT_REPORT_ABANDONED)
        atomic_fetch_add(&run.abandoned, 1);
}

/* The receiver's k-th incoming edge comes from one sender only, so an edge and a priority name a sequence. */
static void check_order(struct node *self, const struct hop *msg)
{
    if (self->seen_epoch[msg->edge] != msg->epoch) {
        self->seen_epoch[msg->edge] = msg->epoch;
        memset(self->seen[msg->edge], 0, sizeof self->seen[msg->edge]);
    }
    if (msg->sequence <= self->seen[msg->edge][msg->priority])
        atomic_fetch_add(&run.disorder, 1);
    self->seen[msg->edge][msg->priority] = msg->sequence;
}

static void pass_on(struct node *self, airt_ctx *ctx, uint64_t random)
{
    uint64_t      id = atomic_fetch_add(&run.next_id, 1);
    uint8_t       edge = (uint8_t)(random >> 20 & (PEERS - 1));
    uint8_t       priority = (uint8_t)(random >> 30 & (PRIORITIES - 1));
    uint32_t      to = (self->index + 1u + 37u * edge) % NODES;
    airt_priority levels[] = { AIRT_NORMAL, AIRT_LOW, AIRT_HIGH, AIRT_CRITICAL };

    if (id >= run.max)
        return;
    airt_tell_with(ctx, ((node_ref){ .bits = atomic_load(&run.refs[to]) }),
                   (&(airt_send_options){ .priority = levels[priority] }), hop, .id = id, .random = random,
                   .sequence = ++self->sent[edge][priority], .epoch = self->epoch, .edge = edge, .priority = priority);
}

AIRT_ON(node, node_start)
{
    self->index = msg->index;
    self->epoch = msg->epoch;
    return AIRT_OK;
}

AIRT_ON(node, hop)
{
    uint64_t random = msg->random;

    if (self->inside)
        atomic_fetch_add(&run.overlaps, 1);
    self->inside = true;
    ends(msg->id, HANDLED);
    if (msg->epoch != 0) /* 0: put in from outside */
        check_order(self, msg);
    next_random(&random);
    pass_on(self, ctx, random);
    self->inside = false;
    return AIRT_OK;
}

#define node_HANDLES(ON, A) ON(A, node_start) ON(A, hop)
AIRT_BEHAVIOR(node)

static void on_dead_letter(void *context, const airt_dead_letter *letter)
{
    (void)context;
    if (letter->kind != &hop_kind || letter->body == NULL)
        return;
    ends(((const struct hop *)letter->body)->id, DEAD);
    atomic_fetch_add(&run.lost, 1);
}

static void put_in(airt_system *system, uint64_t random)
{
    uint64_t id = atomic_fetch_add(&run.next_id, 1);
    node_ref to = { .bits = atomic_load(&run.refs[random % NODES]) };

    if (id < run.max)
        airt_tell(system, to, hop, .id = id, .random = random | 1);
}

static void give_birth(airt_system *system, uint32_t index, uint32_t epoch)
{
    node_ref born;

    assert_int_equal(airt_spawn(system, node, &born,
                                &(airt_spawn_options){ .start = AIRT_START(node, .index = index, .epoch = epoch) }),
                     AIRT_OK);
    atomic_store(&run.refs[index], born.bits);
}

static void replace(airt_system *system, uint64_t random, uint32_t epoch)
{
    uint32_t index = (uint32_t)(random % NODES);
    airt_ref old = { atomic_load(&run.refs[index]) };

    switch (random >> 40 & 3) {
    case 0:
        airt_kill(system, old, NULL);
        break;
    case 1:
        airt_drain(system, old, NULL);
        break;
    default:
        airt_stop(system, old, NULL);
        break;
    }
    give_birth(system, index, epoch);
}

/* Until every id has been given out: replaces actors, and replaces the tokens that died with them. */
static void disturb(airt_system *system)
{
    uint64_t random = 88172645463325252ull;
    uint64_t replaced_tokens = 0;
    uint32_t epoch = 1;

    while (atomic_load(&run.next_id) < run.max) {
        if (epoch < 2 + atomic_load(&run.ended) / HOPS_A_DEATH)
            replace(system, next_random(&random), ++epoch);
        for (; replaced_tokens < atomic_load(&run.lost); replaced_tokens++)
            put_in(system, next_random(&random));
    }
}

static void check_law(airt_system *system)
{
    airt_system_stats stats;
    uint64_t          dead = 0;

    airt_system_stats_get(system, &stats);
    for (int i = 0; i <= AIRT_LETTER_INCARNATION; i++)
        dead += stats.dead[i];
    assert_int_equal(stats.accepted, stats.handled + dead + stats.in_work + stats.queued);
    assert_int_equal(stats.queued, 0);
    assert_int_equal(stats.in_work, 0);
    printf("  workers %u: %llu hops, %llu dead, %llu steals, %llu spawned, %llu stopped\n", stats.workers,
           (unsigned long long)atomic_load(&run.ended), (unsigned long long)dead, (unsigned long long)stats.steals,
           (unsigned long long)stats.spawned, (unsigned long long)stats.stopped);
}

static void run_on(uint32_t workers)
{
    airt_system        *system = NULL;
    airt_system_options options = { .workers = workers, .dead_letter = on_dead_letter, .report = on_report };
    const char         *wanted = getenv("MESSAGES");
    uint64_t            random = 0x2545f4914f6cdd1dull;

    memset(&run, 0, sizeof run);
    run.max = wanted != NULL ? strtoull(wanted, NULL, 10) : 1000000;
    run.end_of = calloc(run.max, 1);
    assert_non_null(run.end_of);
    assert_int_equal(airt_system_create(&options, &system), AIRT_OK);
    for (uint32_t i = 0; i < NODES; i++)
        give_birth(system, i, 1);
    for (uint32_t i = 0; i < TOKENS; i++)
        put_in(system, next_random(&random));
    disturb(system);
    assert_int_equal(airt_system_quiesce(system, AIRT_SECONDS(300)), AIRT_OK);
    check_law(system);
    assert_int_equal(atomic_load(&run.ended), run.max);
    assert_int_equal(atomic_load(&run.twice), 0);
    assert_true(atomic_load(&run.cut_short) <= atomic_load(&run.abandoned));
    assert_int_equal(atomic_load(&run.disorder), 0);
    assert_int_equal(atomic_load(&run.overlaps), 0);
    assert_int_equal(airt_system_stop(&system, AIRT_SECONDS(60)), AIRT_OK);
    free(run.end_of);
}

static void every_message_ends_once_on_one_worker(void **state)
{
    (void)state;
    run_on(1);
}

static void every_message_ends_once_on_two_workers(void **state)
{
    (void)state;
    run_on(2);
}

static void every_message_ends_once_on_eight_workers(void **state)
{
    (void)state;
    run_on(8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_ends_once_on_one_worker),
        cmocka_unit_test(every_message_ends_once_on_two_workers),
        cmocka_unit_test(every_message_ends_once_on_eight_workers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
