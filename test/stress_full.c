/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Eight threads and eight actors send to a receiver that is stuck throughout: for each rule of a full box and several
 * bounds, as many messages are accepted as the bound says, no reading ever shows more, what is dropped adds up, and who
 * waits is released, by room or by the receiver's end. */
#include "threads.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    THREADS = 8,
    ACTORS = 8,
    SENDERS = THREADS + ACTORS
};

AIRT_SIGNAL(enter)
struct load {
    uint64_t number;
};
AIRT_KIND(load, number)
struct burst {
    uint32_t count;
};
AIRT_KIND(burst, count)

static gate hold;
static struct {
    _Atomic(uint64_t) ok, full, dead, other, done, begun, handled, order;
    uint64_t          last[SENDERS];
} seen;

#define receiver_ACCEPTS(KIND) KIND(enter) KIND(load)
AIRT_PROTOCOL(receiver)
struct receiver {
    char nothing;
};
AIRT_ON(receiver, enter)
{
    gate_pass(&hold);
    return AIRT_OK;
}
AIRT_ON(receiver, load) /* number: sender above a count from 1 */
{
    uint64_t *last = &seen.last[msg->number >> 32];

    if ((msg->number & UINT32_MAX) <= *last)
        atomic_fetch_add(&seen.order, 1);
    *last = msg->number & UINT32_MAX;
    atomic_fetch_add(&seen.handled, 1);
    return AIRT_OK;
}
#define receiver_HANDLES(ON, A) ON(A, enter) ON(A, load)
AIRT_BEHAVIOR(receiver)

static void count(airt_status status)
{
    switch (status) {
    case AIRT_OK:
        atomic_fetch_add(&seen.ok, 1);
        break;
    case AIRT_EFULL:
        atomic_fetch_add(&seen.full, 1);
        break;
    case AIRT_EDEAD:
        atomic_fetch_add(&seen.dead, 1);
        break;
    default:
        atomic_fetch_add(&seen.other, 1);
        break;
    }
}

struct producer_start {
    receiver_ref to;
    uint64_t     sender;
};
AIRT_KIND(producer_start, REF(to), sender)
#define producer_ACCEPTS(KIND) KIND(burst)
AIRT_PROTOCOL(producer)
struct producer {
    receiver_ref to;
    uint64_t     sender;
};
AIRT_ON(producer, producer_start)
{
    self->to = msg->to;
    self->sender = msg->sender;
    return AIRT_OK;
}
AIRT_ON(producer, burst)
{
    atomic_fetch_add(&seen.begun, 1);
    for (uint64_t i = 1; i <= msg->count; i++)
        count(airt_tell(ctx, self->to, load, .number = self->sender << 32 | i));
    atomic_fetch_add(&seen.done, 1);
    return AIRT_OK;
}
#define producer_HANDLES(ON, A) ON(A, producer_start) ON(A, burst)
AIRT_BEHAVIOR(producer)

static struct {
    airt_system  *system;
    receiver_ref  to;
    uint32_t      bound, each;
    airt_overflow overflow;
    _Atomic(bool) over;
    _Atomic(int)  exceeded, readings;
} all;

typedef struct outsider {
    pthread_t thread;
    uint64_t  sender;
} outsider;

static void *send_outside(void *argument)
{
    const outsider *o = (const outsider *)argument;

    atomic_fetch_add(&seen.begun, 1);
    for (uint64_t i = 1; i <= all.each; i++)
        count(airt_tell(all.system, all.to, load, .number = o->sender << 32 | i));
    atomic_fetch_add(&seen.done, 1);
    return NULL;
}

static void *keep_reading(void *argument)
{
    airt_actor_info info;

    (void)argument;
    for (; !atomic_load(&all.over); pause_us(1)) {
        if (airt_info(all.system, all.to.ref, &info) != AIRT_OK)
            continue;
        atomic_fetch_add(&all.readings, 1);
        if (info.queued > all.bound)
            atomic_fetch_add(&all.exceeded, 1);
    }
    return NULL;
}

static void open_up(uint32_t bound, airt_overflow overflow)
{
    gate_close(&hold);
    memset(&seen, 0, sizeof seen);
    memset(&all, 0, sizeof all);
    all.bound = bound;
    all.overflow = overflow;
    all.each = bound + 4; /* nobody can have sent all */
    OK(airt_system_create((&(airt_system_options){ .workers = 2, .stuck_ms = 20 }), &all.system));
    OK(airt_spawn(all.system, receiver, &all.to,
                  &(airt_spawn_options){ .mailbox = { .max = bound, .overflow = overflow, .wait_ms = 600000 } }));
    OK(airt_tell(all.system, all.to, enter));
    UNTIL(hold.inside == 1);
}

static void check_dropped(uint64_t total)
{
    airt_system_stats stats = stats_of(all.system);

    switch (all.overflow) {
    case AIRT_REFUSE:
        assert_int_equal(seen.ok, all.bound);
        assert_int_equal(seen.full, total - all.bound);
        assert_int_equal(stats.dead[AIRT_LETTER_FULL], total - all.bound);
        break;
    case AIRT_DROP_NEW:
    case AIRT_DROP_OLD:
        assert_int_equal(seen.ok, total);
        assert_int_equal(stats.dead[AIRT_LETTER_DROPPED], total - all.bound);
        break;
    case AIRT_WAIT:
        assert_int_equal(seen.ok, all.bound);
        assert_int_equal(seen.full, 0);
        break;
    }
    assert_int_equal(stats.queued, all.bound);
}

/* Everybody has sent, or all that can have, and the rest wait. */
static void wait_until_full(uint64_t total)
{
    UNTIL(seen.begun == SENDERS);
    if (all.overflow != AIRT_WAIT)
        UNTIL(seen.ok + seen.full == total && seen.done == SENDERS);
    else
        UNTIL(seen.ok == all.bound && stats_of(all.system).switches >= ACTORS); /* each producer is suspended */
}

static void fill(uint32_t bound, airt_overflow overflow, bool kills)
{
    outsider        outside[THREADS];
    pthread_t       reader;
    airt_actor_info info;
    uint64_t        total;

    open_up(bound, overflow);
    total = (uint64_t)all.each * SENDERS;
    assert_int_equal(pthread_create(&reader, NULL, keep_reading, NULL), 0);
    for (uint64_t i = 0; i < ACTORS; i++) {
        producer_ref producer;

        OK(airt_spawn(all.system, producer, &producer,
                      &(airt_spawn_options){ .start = AIRT_START(producer, .to = all.to, .sender = i) }));
        OK(airt_tell(all.system, producer, burst, .count = all.each));
    }
    for (uint64_t i = 0; i < THREADS; i++) {
        outside[i].sender = ACTORS + i;
        assert_int_equal(pthread_create(&outside[i].thread, NULL, send_outside, &outside[i]), 0);
    }
    wait_until_full(total);
    OK(airt_info(all.system, all.to.ref, &info));
    assert_int_equal(info.queued, bound);
    check_dropped(total);
    if (kills) {
        OK(airt_kill(all.system, all.to.ref, NULL));
        UNTIL(seen.done == SENDERS); /* with the handler still in the gate */
        assert_int_equal(seen.handled, 0);
        assert_int_equal(seen.ok + seen.full + seen.dead, total);
    }
    gate_open(&hold);
    UNTIL(seen.done == SENDERS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(outside[i].thread, NULL), 0);
    OK(airt_system_quiesce(all.system, AIRT_SECONDS(60)));
    atomic_store(&all.over, true);
    assert_int_equal(pthread_join(reader, NULL), 0);
    if (!kills)
        assert_int_equal(seen.handled, overflow == AIRT_WAIT ? total : bound);
    assert_int_equal(seen.other, 0);
    assert_int_equal(seen.order, 0);
    assert_int_equal(all.exceeded, 0);
    check_account(all.system);
    OK(airt_system_stop(&all.system, AIRT_SECONDS(60)));
}

static void fill_each_bound(airt_overflow overflow)
{
    static const uint32_t bounds[] = { 1, 2, 7, 1024 };

    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        fill(bounds[i], overflow, false);
        fill(bounds[i], overflow, true);
    }
}

static void a_full_box_refuses(void **state)
{
    (void)state;
    fill_each_bound(AIRT_REFUSE);
}

static void a_full_box_drops_the_new(void **state)
{
    (void)state;
    fill_each_bound(AIRT_DROP_NEW);
}

static void a_full_box_drops_the_old(void **state)
{
    (void)state;
    fill_each_bound(AIRT_DROP_OLD);
}

static void senders_wait_for_a_full_box(void **state)
{
    (void)state;
    fill_each_bound(AIRT_WAIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_box_refuses),
        cmocka_unit_test(a_full_box_drops_the_new),
        cmocka_unit_test(a_full_box_drops_the_old),
        cmocka_unit_test(senders_wait_for_a_full_box),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
