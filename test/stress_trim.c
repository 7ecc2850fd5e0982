/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bursts on real threads while the watch gives memory back: handlers take and free without pause, some messages outlive
 * their burst, and what they say is still so at the end. Then the system is quiet, and its memory goes. */
#include "threads.h"

enum {
    BOXES = 4,
    ROUNDS = 6,
    BURST = 30000, /* messages of 64 bytes for each box */
    KEPT_EVERY = 1000,
    KEPT_MAX = ROUNDS * BURST / KEPT_EVERY,
    LEFT_MAX = 4 << 20 /* mixed chunks, those that are being carved, and those that caches hold a part of */
};

struct drop {
    uint64_t number;
};
AIRT_KIND(drop, number)
AIRT_SIGNAL(open_all)
#define pool_ACCEPTS(KIND) KIND(drop) KIND(open_all)
AIRT_PROTOCOL(pool)
struct pool {
    airt_msg *kept[KEPT_MAX];
    uint64_t  count;
};
static struct {
    airt_system      *system;
    pool_ref          box[BOXES];
    _Atomic(uint64_t) handled;
    _Atomic(int)      failures;
} all;

AIRT_ON(pool, drop)
{
    uint64_t kept = self->count / KEPT_EVERY;

    atomic_fetch_add(&all.failures, msg->number != self->count % BURST);
    if (self->count++ % KEPT_EVERY == 0)
        AIRT_TRY(airt_keep(ctx, &self->kept[kept]));
    atomic_fetch_add(&all.handled, 1);
    return AIRT_OK;
}
AIRT_ON(pool, open_all)
{
    (void)msg;
    for (uint64_t i = 0; i < KEPT_MAX; i++) {
        const struct drop *drop = airt_msg_body(self->kept[i]);

        atomic_fetch_add(&all.failures, drop == NULL || drop->number != i * KEPT_EVERY % BURST);
        airt_drop(&self->kept[i]);
    }
    atomic_fetch_add(&all.handled, 1);
    (void)ctx;
    return AIRT_OK;
}
#define pool_HANDLES(ON, A) ON(A, drop) ON(A, open_all)
AIRT_BEHAVIOR(pool)

/* One thread a box, so that its messages are in order. */
static void *pour(void *argument)
{
    pool_ref *box = argument;

    for (uint64_t i = 0; i < BURST; i++)
        if (airt_tell(all.system, *box, drop, .number = i) != AIRT_OK)
            atomic_fetch_add(&all.failures, 1);
    return NULL;
}

static void one_burst(void)
{
    pthread_t thread[BOXES];

    for (int i = 0; i < BOXES; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, pour, &all.box[i]), 0);
    for (int i = 0; i < BOXES; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
}

static void bursts_and_the_watch(void **state)
{
    const airt_spawn_options unbounded = { .mailbox.max = AIRT_UNBOUNDED };
    airt_system_options      options = { .workers = 3 };
    uint64_t                 before;

    (void)state;
    OK(airt_system_create(&options, &all.system));
    for (int i = 0; i < BOXES; i++)
        OK(airt_spawn(all.system, pool, &all.box[i], &unbounded));
    before = stats_of(all.system).bytes;
    for (int round = 0; round < ROUNDS; round++) {
        one_burst();
        pause_us(round % 2 == 0 ? 100000 : 600000); /* in every other one there is time to give it back */
    }
    UNTIL(atomic_load(&all.handled) == (uint64_t)BOXES * ROUNDS * BURST);
    for (int i = 0; i < BOXES; i++)
        OK(airt_tell(all.system, all.box[i], open_all));
    UNTIL(atomic_load(&all.handled) == (uint64_t)BOXES * (ROUNDS * BURST + 1));
    UNTIL(stats_of(all.system).bytes < before + LEFT_MAX);
    end_system(&all.failures, &all.system);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(bursts_and_the_watch) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
