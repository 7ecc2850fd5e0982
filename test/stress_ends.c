/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Actors that have nothing end while others watch them, or ask them to end, at that very moment: every watch hears of its
 * end once, and every slot comes back. */
#include "threads.h"

#include <pthread.h>

enum {
    LIVES = 1000000,
    LIVES_A_TURN = 100,
    LOOKS_A_TURN = 1000
};

AIRT_SIGNAL(go)
static _Atomic(uint64_t) dying;       /* the ref of the newest that is about to end */
static _Atomic(bool)     over, rests; /* the watcher: it watches nobody any more */
static _Atomic(int)      watched, downs;

#define mayfly_ACCEPTS(KIND) KIND(go)
AIRT_PROTOCOL(mayfly)
struct mayfly {
    char nothing;
};
AIRT_ON(mayfly, go)
{
    atomic_store(&dying, airt_self(ctx).bits);
    return AIRT_STOP;
}
#define mayfly_HANDLES(ON, A) ON(A, go)
AIRT_BEHAVIOR(mayfly)

#define breeder_ACCEPTS(KIND) KIND(go)
AIRT_PROTOCOL(breeder)
struct breeder {
    int bred;
};
AIRT_ON(breeder, go)
{
    for (int i = 0; i < LIVES_A_TURN; i++, self->bred++) {
        mayfly_ref child;

        AIRT_TRY(airt_spawn(ctx, mayfly, &child, NULL));
        AIRT_TRY(airt_tell(ctx, child, go));
    }
    return self->bred < LIVES ? airt_tell_any(ctx, airt_self(ctx), go) : AIRT_STOP;
}
#define breeder_HANDLES(ON, A) ON(A, go)
AIRT_BEHAVIOR(breeder)

#define watcher_ACCEPTS(KIND) KIND(go)
AIRT_PROTOCOL(watcher)
struct watcher {
    uint64_t last;
};
AIRT_ON(watcher, go)
{
    for (int i = 0; i < LOOKS_A_TURN; i++) {
        uint64_t who = atomic_load(&dying);

        if (who != self->last && airt_monitor(ctx, (airt_ref){ who }) == AIRT_OK)
            atomic_fetch_add(&watched, 1);
        self->last = who;
    }
    if (!atomic_load(&over))
        return airt_tell_any(ctx, airt_self(ctx), go);
    atomic_store(&rests, true);
    return AIRT_OK;
}
AIRT_ON(watcher, airt_down)
{
    atomic_fetch_add(&downs, 1);
    return AIRT_OK;
}
#define watcher_HANDLES(ON, A) ON(A, go) ON(A, airt_down)
AIRT_BEHAVIOR(watcher)

/* From outside: asks whoever is about to end to do so. */
static void *ask_them(void *system)
{
    uint64_t last = 0;

    while (!atomic_load(&over)) {
        uint64_t    who = atomic_load(&dying);
        airt_status status = who != last ? airt_stop((airt_system *)system, (airt_ref){ who }, NULL) : AIRT_OK;

        AIRT_CHECK(status == AIRT_OK || status == AIRT_EDEAD);
        last = who;
    }
    return NULL;
}

static void who_watches_an_end_hears_of_it(void **state)
{
    airt_system_options options = { .workers = 3, .stuck_ms = NEVER_STUCK };
    airt_system_stats   stats;
    airt_system        *system = NULL;
    breeder_ref         breeder;
    watcher_ref         watcher;
    pthread_t           asker;

    (void)state;
    OK(airt_system_create(&options, &system));
    OK(airt_spawn(system, watcher, &watcher, NULL));
    OK(airt_spawn(system, breeder, &breeder, NULL));
    assert_int_equal(pthread_create(&asker, NULL, ask_them, system), 0);
    OK(airt_tell(system, watcher, go));
    OK(airt_tell(system, breeder, go));
    do {
        pause_us(1000);
        airt_system_stats_get(system, &stats);
    } while (stats.actors > 1);
    atomic_store(&over, true);
    assert_int_equal(pthread_join(asker, NULL), 0);
    UNTIL(atomic_load(&rests));
    UNTIL(atomic_load(&downs) == atomic_load(&watched));
    assert_true(atomic_load(&watched) > 0);
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
    assert_int_equal(atomic_load(&downs), atomic_load(&watched));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_watches_an_end_hears_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
