/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A handler that does not return goes on telling an actor, most often straight into its lanes, while the watch opens the
 * locality slot that the actor is in and another worker comes for it: each message arrives once, in order. */
#include "threads.h"

enum {
    SYSTEMS = 10,
    AT_ONCE = 1000,
    QUICKLY = 200000 /* then with rests, so that a slow machine's memory holds what waits */
};

static gate         unused;
static _Atomic(int) failures;
static struct {
    uint64_t         told;
    _Atomic uint64_t taken;
    _Atomic bool     is_over;
} telling;

struct number {
    uint64_t n;
};
AIRT_KIND(number, n)

#define sink_ACCEPTS(KIND) KIND(number)
AIRT_PROTOCOL(sink)
struct sink {
    char nothing;
};
AIRT_ON(sink, number)
{
    (void)ctx;
    (void)self;
    if (msg->n != atomic_load(&telling.taken))
        atomic_fetch_add(&failures, 1);
    atomic_store(&telling.taken, msg->n + 1);
    return AIRT_OK;
}
#define sink_HANDLES(ON, A) ON(A, number)
AIRT_BEHAVIOR(sink)

struct begin_telling {
    sink_ref to;
};
AIRT_KIND(begin_telling, REF(to))
#define teller_ACCEPTS(KIND) KIND(begin_telling)
AIRT_PROTOCOL(teller)
struct teller {
    char nothing;
};
/* Until somebody else has handled what it tells: nobody on its own worker can. */
AIRT_ON(teller, begin_telling)
{
    (void)self;
    while (atomic_load(&telling.taken) == 0) {
        for (int i = 0; i < AT_ONCE; i++)
            AIRT_TRY(airt_tell(ctx, msg->to, number, .n = telling.told++));
        if (telling.told > QUICKLY)
            pause_us(1000);
    }
    for (int i = 0; i < AT_ONCE; i++)
        AIRT_TRY(airt_tell(ctx, msg->to, number, .n = telling.told++));
    atomic_store(&telling.is_over, true);
    return AIRT_OK;
}
#define teller_HANDLES(ON, A) ON(A, begin_telling)
AIRT_BEHAVIOR(teller)

static void what_a_stuck_handler_tells_is_handled_elsewhere(void **state)
{
    (void)state;
    for (int i = 0; i < SYSTEMS; i++) {
        airt_system *system = begin_system(&unused, &failures, &(airt_system_options){ .workers = 2, .stuck_ms = 2 });
        sink_ref     sink;
        teller_ref   teller;

        memset(&telling, 0, sizeof telling);
        OK(airt_spawn(system, sink, &sink, &(airt_spawn_options){ .mailbox = { .max = AIRT_UNBOUNDED } }));
        OK(airt_spawn(system, teller, &teller, NULL));
        OK(airt_tell(system, teller, begin_telling, .to = sink));
        UNTIL(atomic_load(&telling.is_over));
        UNTIL(atomic_load(&telling.taken) == telling.told);
        end_system(&failures, &system);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_stuck_handler_tells_is_handled_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
