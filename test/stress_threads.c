/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where handlers run: blocking and dedicated behaviours beside pooled ones, regions that block, and handlers that do not
 * return in time. */
#include "threads.h"

#include "core/system.h"

enum {
    MANY = 16,
    DEDICATED = 8,
    ROUNDS = 200,
    REGIONS = 30
};

AIRT_SIGNAL(enter)
AIRT_SIGNAL(whoami)
struct identity {
    int64_t thread;
};
AIRT_KIND(identity, thread)
AIRT_ANSWER(whoami, identity)
AIRT_SIGNAL(spin)
AIRT_SIGNAL(nap)

static gate         door, hold;
static heard        ears;
static _Atomic(int) failures;

static void must(bool good)
{
    if (!good)
        atomic_fetch_add(&failures, 1);
}

/* --- actors ------------------------------------------------------------------------------------------------------- */

#define pooled_ACCEPTS(KIND) KIND(whoami)
AIRT_PROTOCOL(pooled)
struct pooled {
    char nothing;
};
AIRT_ON(pooled, whoami)
{
    return airt_reply(ctx, whoami, .thread = thread_id());
}
#define pooled_HANDLES(ON, A) ON(A, whoami)
AIRT_BEHAVIOR(pooled)

#define blocker_ACCEPTS(KIND) KIND(enter) KIND(whoami)
AIRT_PROTOCOL(blocker)
struct blocker {
    char nothing;
};
AIRT_ON(blocker, enter)
{
    gate_pass(&hold);
    return AIRT_OK;
}
AIRT_ON(blocker, whoami)
{
    return airt_reply(ctx, whoami, .thread = thread_id());
}
#define blocker_HANDLES(ON, A) ON(A, enter) ON(A, whoami)
AIRT_BEHAVIOR(blocker, .placement = AIRT_BLOCKING)

/* Asks a pooled actor between two looks at the thread it is on. */
struct loner_start {
    pooled_ref peer;
};
AIRT_KIND(loner_start, REF(peer))
#define loner_ACCEPTS(KIND) KIND(whoami)
AIRT_PROTOCOL(loner)
struct loner {
    pooled_ref peer;
};
AIRT_ON(loner, loner_start)
{
    self->peer = msg->peer;
    return AIRT_OK;
}
AIRT_ON(loner, whoami)
{
    long            before = thread_id();
    struct identity peer;

    AIRT_TRY(airt_ask(ctx, self->peer, &peer, AIRT_SECONDS(60), whoami));
    must(thread_id() == before && peer.thread != before);
    return airt_reply(ctx, whoami, .thread = before);
}
#define loner_HANDLES(ON, A) ON(A, loner_start) ON(A, whoami)
AIRT_BEHAVIOR(loner, .placement = AIRT_DEDICATED)

/* A pooled actor whose handler stays in the gate, in a marked region. */
static _Atomic(int) noted;
static _Atomic(int) region_status;
AIRT_SIGNAL(note)
#define notary_ACCEPTS(KIND) KIND(note) KIND(whoami)
AIRT_PROTOCOL(notary)
struct notary {
    char nothing;
};
AIRT_ON(notary, note)
{
    atomic_fetch_add(&noted, 1);
    return AIRT_OK;
}
AIRT_ON(notary, whoami)
{
    return airt_reply(ctx, whoami, .thread = thread_id());
}
#define notary_HANDLES(ON, A) ON(A, note) ON(A, whoami)
AIRT_BEHAVIOR(notary)

struct marker_start {
    notary_ref notary;
};
AIRT_KIND(marker_start, REF(notary))
#define marker_ACCEPTS(KIND) KIND(enter)
AIRT_PROTOCOL(marker)
struct marker {
    notary_ref notary;
};
AIRT_ON(marker, marker_start)
{
    self->notary = msg->notary;
    return AIRT_OK;
}
AIRT_ON(marker, enter)
{
    airt_tell(ctx, self->notary, note); /* queued on this very worker */
    atomic_store(&region_status, (int)airt_blocking_begin(ctx));
    gate_pass(&door);
    airt_tell(ctx, self->notary, note); /* and one from inside, when who stands in sleeps */
    gate_pass(&hold);
    airt_blocking_end(ctx);
    return AIRT_OK;
}
#define marker_HANDLES(ON, A) ON(A, marker_start) ON(A, enter)
AIRT_BEHAVIOR(marker)

/* One region after the other in one handler, all but the first empty. */
static _Atomic(int) regions, refused_regions, spares;
#define surveyor_ACCEPTS(KIND) KIND(enter)
AIRT_PROTOCOL(surveyor)
struct surveyor {
    char nothing;
};
AIRT_ON(surveyor, enter)
{
    for (int i = 0; i < REGIONS; i++) {
        if (airt_blocking_begin(ctx) != AIRT_OK)
            atomic_fetch_add(&refused_regions, 1);
        if (i == 0)
            gate_pass(&door);
        airt_blocking_end(ctx);
        if (i == REGIONS - 1)
            atomic_store(&spares, (int)atomic_load(&airt_ctx_system(ctx)->spare_workers));
        atomic_fetch_add(&regions, 1);
    }
    return AIRT_OK;
}
#define surveyor_HANDLES(ON, A) ON(A, enter)
AIRT_BEHAVIOR(surveyor)

/* A pooled actor that stays in the gate. */
#define squatter_ACCEPTS(KIND) KIND(enter)
AIRT_PROTOCOL(squatter)
struct squatter {
    char nothing;
};
AIRT_ON(squatter, enter)
{
    gate_pass(&hold);
    return AIRT_OK;
}
#define squatter_HANDLES(ON, A) ON(A, enter)
AIRT_BEHAVIOR(squatter)

/* Does not return for a while. */
#define slow_ACCEPTS(KIND) KIND(spin) KIND(nap)
AIRT_PROTOCOL(slow)
struct slow {
    char nothing;
};
AIRT_ON(slow, spin)
{
    while (!atomic_load(&hold.open))
        ;
    return AIRT_OK;
}
AIRT_ON(slow, nap)
{
    gate_pass(&door);
    return AIRT_OK;
}
#define slow_HANDLES(ON, A) ON(A, spin) ON(A, nap)
AIRT_BEHAVIOR(slow)

/* The number by which the watch knows a handler again, before and after what a handler may do with its message. */
static _Atomic(uint64_t) serial_first, serial_last;
#define hoarder_ACCEPTS(KIND) KIND(enter)
AIRT_PROTOCOL(hoarder)
struct hoarder {
    char nothing;
};
AIRT_ON(hoarder, enter)
{
    airt_msg *kept = NULL;

    atomic_store(&serial_first, airi_worker_serial(ctx->worker));
    AIRT_TRY(airt_keep(ctx, &kept));
    airt_drop(&kept);
    atomic_store(&serial_last, airi_worker_serial(ctx->worker));
    gate_pass(&hold);
    return AIRT_OK;
}
#define hoarder_HANDLES(ON, A) ON(A, enter)
AIRT_BEHAVIOR(hoarder)

/* --- tests -------------------------------------------------------------------------------------------------------- */

static airt_system *begin(const airt_system_options *options)
{
    hear_nothing(&ears);
    gate_close(&door);
    noted = 0;
    return begin_system(&hold, &failures, options);
}

static void end(airt_system **system)
{
    end_system(&failures, system);
}

static void blocking_handlers_leave_the_workers_alone(void **state)
{
    airt_system    *system = begin(&(airt_system_options){ .workers = 2, .stuck_ms = NEVER_STUCK });
    blocker_ref     blocker[MANY];
    pooled_ref      pooled;
    struct identity inside, outside;

    (void)state;
    OK(airt_spawn(system, pooled, &pooled, NULL));
    for (int i = 0; i < MANY; i++) {
        OK(airt_spawn(system, blocker, &blocker[i], NULL));
        OK(airt_tell(system, blocker[i], enter));
    }
    UNTIL(atomic_load(&hold.inside) == MANY); /* more than workers, all at once */
    for (int i = 0; i < ROUNDS; i++)
        OK(airt_ask(system, pooled, &outside, AIRT_SECONDS(60), whoami));
    gate_open(&hold);
    for (int i = 0; i < MANY; i++) {
        OK(airt_ask(system, blocker[i], &inside, AIRT_SECONDS(60), whoami));
        assert_int_not_equal(inside.thread, outside.thread);
    }
    end(&system);
}

/* A worker is awake, and will not take it: the one that sleeps is woken all the same. */
static void a_held_worker_does_not_keep_others_asleep(void **state)
{
    airt_system    *system = begin(&(airt_system_options){ .workers = 2, .stuck_ms = NEVER_STUCK });
    squatter_ref    squatter;
    pooled_ref      pooled;
    struct identity answer;

    (void)state;
    OK(airt_spawn(system, squatter, &squatter, NULL));
    OK(airt_spawn(system, pooled, &pooled, NULL));
    OK(airt_tell(system, squatter, enter));
    UNTIL(atomic_load(&hold.inside) == 1);
    for (int i = 0; i < ROUNDS; i++) {
        UNTIL(atomic_load(&system->parked_count) == 1);
        OK(airt_ask(system, pooled, &answer, AIRT_SECONDS(60), whoami));
    }
    gate_open(&hold);
    end(&system);
}

static void blocking_threads_are_bounded(void **state)
{
    airt_system *system = begin(&(airt_system_options){ .workers = 1, .blocking_max = 4, .stuck_ms = NEVER_STUCK });
    blocker_ref  blocker;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        OK(airt_spawn(system, blocker, &blocker, NULL));
        OK(airt_tell(system, blocker, enter));
    }
    UNTIL(atomic_load(&hold.inside) == 4);
    gate_open(&hold);
    UNTIL(atomic_load(&hold.passed) == MANY); /* those that waited for a thread got one */
    assert_int_equal(atomic_load(&hold.most), 4);
    end(&system);
}

static void a_dedicated_actor_has_one_thread(void **state)
{
    airt_system    *system = begin(&(airt_system_options){ .workers = 2, .stuck_ms = NEVER_STUCK });
    int             threads = threads_now();
    loner_ref       loner[DEDICATED];
    struct identity first[DEDICATED], again;
    pooled_ref      pooled;

    (void)state;
    OK(airt_spawn(system, pooled, &pooled, NULL));
    for (int i = 0; i < DEDICATED; i++) {
        OK(airt_spawn(system, loner, &loner[i], &(airt_spawn_options){ .start = AIRT_START(loner, .peer = pooled) }));
        OK(airt_ask(system, loner[i], &first[i], AIRT_SECONDS(60), whoami));
        for (int j = 0; j < i; j++)
            assert_int_not_equal(first[i].thread, first[j].thread);
    }
    for (int i = 0; i < ROUNDS; i++) {
        OK(airt_ask(system, loner[i % DEDICATED], &again, AIRT_SECONDS(60), whoami));
        assert_int_equal(again.thread, first[i % DEDICATED].thread);
    }
    UNTIL(threads_now() == threads + DEDICATED);
    for (int i = 0; i < DEDICATED; i++)
        airt_stop(system, loner[i].ref, NULL);
    UNTIL(threads_now() == threads);
    end(&system);
}

static void dedicated_threads_are_bounded_and_used_again(void **state)
{
    airt_system    *system = begin(&(airt_system_options){ .workers = 1, .dedicated_max = 2, .stuck_ms = NEVER_STUCK });
    loner_ref       loner[2], more = { 0 };
    pooled_ref      pooled;
    struct identity answer;
    airt_actor_info info;
    airt_spawn_options  options;
    airt_spawn_options *given = &options;

    (void)state;
    OK(airt_spawn(system, pooled, &pooled, NULL));
    options = (airt_spawn_options){ .name = "third", .start = AIRT_START(loner, .peer = pooled) };
    for (int i = 0; i < 2; i++)
        OK(airt_spawn(system, loner, &loner[i], &(airt_spawn_options){ .start = AIRT_START(loner, .peer = pooled) }));
    for (int round = 0; round < 50; round++) {
        IS(airt_spawn(system, loner, &more, given), AIRT_ELIMIT);
        assert_int_equal(more.bits, 0);
        airt_stop(system, loner[round % 2].ref, NULL);
        UNTIL(airt_info(system, loner[round % 2].ref, &info) == AIRT_EDEAD);
        UNTIL(airt_spawn(system, loner, &loner[round % 2], given) == AIRT_OK); /* name and thread are free again */
        given->name = NULL;
        OK(airt_ask(system, loner[round % 2], &answer, AIRT_SECONDS(60), whoami));
    }
    end(&system);
}

static void a_region_that_blocks_is_replaced(void **state)
{
    airt_system *system =
        begin(&(airt_system_options){ .workers = 1, .workers_spare_max = 1, .stuck_ms = NEVER_STUCK });
    int             threads = threads_now();
    notary_ref      notary;
    marker_ref      marker[2];
    struct identity answer;

    (void)state;
    OK(airt_spawn(system, notary, &notary, NULL));
    for (int i = 0; i < 2; i++)
        OK(airt_spawn(system, marker, &marker[i],
                      &(airt_spawn_options){ .start = AIRT_START(marker, .notary = notary) }));
    OK(airt_tell(system, marker[0], enter));
    UNTIL(atomic_load(&door.inside) == 1);
    IS((airt_status)region_status, AIRT_OK);
    UNTIL(atomic_load(&noted) == 1 && atomic_load(&system->parked_count) == 1); /* who stands in has nothing to do */
    gate_open(&door);
    UNTIL(atomic_load(&hold.inside) == 1);
    UNTIL(atomic_load(&noted) == 2); /* what it sent is handled while it is inside */
    OK(airt_ask(system, notary, &answer, AIRT_SECONDS(60), whoami));
    OK(airt_tell(system, marker[1], enter));
    UNTIL(atomic_load(&hold.inside) == 2);
    IS((airt_status)region_status, AIRT_ELIMIT);
    gate_open(&hold);
    UNTIL(atomic_load(&noted) == 4);
    for (int i = 0; i < 100; i++) { /* replaced workers leave, and their place is free again */
        UNTIL(threads_now() == threads);
        OK(airt_tell(system, marker[i % 2], enter));
        UNTIL(atomic_load(&hold.passed) == 3 + i);
        IS((airt_status)region_status, AIRT_OK);
    }
    UNTIL(atomic_load(&noted) == 204);
    end(&system);
}

/* Nobody is ever free to stand in, so that each region would start somebody. */
static void a_handler_is_replaced_once(void **state)
{
    airt_system *system = begin(&(airt_system_options){ .workers = 1, .stuck_ms = NEVER_STUCK });
    int          threads = threads_now();
    surveyor_ref surveyor;
    squatter_ref squatter;

    (void)state;
    regions = refused_regions = 0;
    OK(airt_spawn(system, surveyor, &surveyor, NULL));
    OK(airt_tell(system, surveyor, enter));
    UNTIL(atomic_load(&door.inside) == 1);
    for (int i = 0; i < MANY; i++) {
        OK(airt_spawn(system, squatter, &squatter, NULL));
        OK(airt_tell(system, squatter, enter));
    }
    UNTIL(atomic_load(&hold.inside) == 1); /* the one that stands in for the first region */
    gate_open(&door);
    UNTIL(atomic_load(&regions) == REGIONS);
    assert_int_equal(atomic_load(&spares), 1);
    assert_int_equal(atomic_load(&refused_regions), 0);
    gate_open(&hold);
    UNTIL(atomic_load(&hold.passed) == MANY);
    assert_int_equal(atomic_load(&hold.most), 1);
    UNTIL(threads_now() == threads);
    end(&system);
}

static void ask_some(airt_system *system, pooled_ref pooled)
{
    struct identity answer;

    for (int i = 0; i < 50; i++)
        OK(airt_ask(system, pooled, &answer, AIRT_SECONDS(60), whoami));
}

static void a_stuck_handler_is_reported_and_replaced(void **state)
{
    airt_system *system =
        begin(&(airt_system_options){ .workers = 1, .stuck_ms = 20, .report = hear, .report_context = &ears });
    slow_ref    slow[2];
    pooled_ref  pooled;
    const char *behavior = NULL;

    (void)state;
    OK(airt_spawn(system, pooled, &pooled, NULL));
    for (int i = 0; i < 2; i++)
        OK(airt_spawn(system, slow, &slow[i], NULL));
    OK(airt_tell(system, slow[0], spin));
    UNTIL(heard_of(&ears, AIRT_REPORT_STUCK, slow[0].ref, &behavior) == 1);
    assert_string_equal(behavior, "slow");
    ask_some(system, pooled);
    OK(airt_tell(system, slow[1], nap));
    UNTIL(heard_of(&ears, AIRT_REPORT_STUCK, slow[1].ref, NULL) == 1);
    UNTIL(stats_of(system).workers_stuck == 2);
    ask_some(system, pooled);
    assert_int_equal(heard_of(&ears, AIRT_REPORT_UNSTUCK, slow[1].ref, NULL), 0);
    gate_open(&door);
    behavior = NULL;
    UNTIL(heard_of(&ears, AIRT_REPORT_UNSTUCK, slow[1].ref, &behavior) == 1);
    assert_string_equal(behavior, "slow");
    airt_kill(system, slow[0].ref, NULL); /* it is still told whose handler that was */
    gate_open(&hold);
    UNTIL(heard_of(&ears, AIRT_REPORT_UNSTUCK, slow[0].ref, NULL) == 1);
    UNTIL(stats_of(system).workers_stuck == 0);
    ask_some(system, pooled);
    for (int i = 0; i < 2; i++)
        assert_int_equal(heard_of(&ears, AIRT_REPORT_STUCK, slow[i].ref, NULL), 1);
    end(&system);
}

/* Else it would be taken for another one, again and again, and never for stuck. */
static void a_handler_that_drops_what_it_kept_is_the_same(void **state)
{
    airt_system *system = begin(&(airt_system_options){ .workers = 1, .stuck_ms = NEVER_STUCK });
    hoarder_ref  hoarder;
    uint64_t     before = 0;

    (void)state;
    OK(airt_spawn(system, hoarder, &hoarder, NULL));
    gate_open(&hold);
    for (int i = 1; i <= 3; i++) {
        OK(airt_tell(system, hoarder, enter));
        UNTIL(atomic_load(&hold.passed) == i);
        assert_true(serial_first == serial_last);
        assert_true(serial_first > before);
        before = serial_first;
    }
    end(&system);
}

static bool is_watched(airt_system *system)
{
    bool armed;

    airi_mutex_lock(&system->idle_lock);
    armed = system->watch_armed;
    airi_mutex_unlock(&system->idle_lock);
    return armed;
}

/* The watch stays armed over short rests: it finds nobody awake, and what gets stuck afterwards all the same. */
static void a_stuck_handler_after_rests_is_reported(void **state)
{
    airt_system *system =
        begin(&(airt_system_options){ .workers = 1, .stuck_ms = 20, .report = hear, .report_context = &ears });
    slow_ref   slow;
    pooled_ref pooled;

    (void)state;
    OK(airt_spawn(system, pooled, &pooled, NULL));
    OK(airt_spawn(system, slow, &slow, NULL));
    for (int i = 0; i < 5; i++) {
        ask_some(system, pooled);
        UNTIL(atomic_load(&system->parked_count) == 1 && !is_watched(system));
    }
    ask_some(system, pooled);
    OK(airt_tell(system, slow, spin));
    UNTIL(heard_of(&ears, AIRT_REPORT_STUCK, slow.ref, NULL) == 1);
    gate_open(&hold);
    UNTIL(heard_of(&ears, AIRT_REPORT_UNSTUCK, slow.ref, NULL) == 1);
    end(&system);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocking_handlers_leave_the_workers_alone),
        cmocka_unit_test(a_held_worker_does_not_keep_others_asleep),
        cmocka_unit_test(blocking_threads_are_bounded),
        cmocka_unit_test(a_dedicated_actor_has_one_thread),
        cmocka_unit_test(dedicated_threads_are_bounded_and_used_again),
        cmocka_unit_test(a_region_that_blocks_is_replaced),
        cmocka_unit_test(a_handler_is_replaced_once),
        cmocka_unit_test(a_stuck_handler_is_reported_and_replaced),
        cmocka_unit_test(a_handler_that_drops_what_it_kept_is_the_same),
        cmocka_unit_test(a_stuck_handler_after_rests_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
