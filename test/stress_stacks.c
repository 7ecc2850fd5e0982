/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Many handlers suspended in an ask at once, then all answered; the cap on stacks as a status, with nothing lost; a large
 * local array that never reaches a neighbour's stack. STACKS (default 20,000) suspended handlers, or the derived cap. */
#include <airt/airt.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    LARGE = 160 * 1024,
    SPARE_STACKS = 32
};

struct hold {
    uint64_t token;
};
struct held {
    uint64_t token;
};
AIRT_KIND(hold, token)
AIRT_KIND(held, token)
AIRT_ANSWER(hold, held)
AIRT_SIGNAL(let_go)
#define gate_ACCEPTS(KIND) KIND(hold) KIND(let_go)
AIRT_PROTOCOL(gate)

/* Keeps every request until it is told to let go. */
struct gate {
    airt_msg **kept;
    uint32_t   count;
};

static struct {
    gate_ref          gate;
    uint32_t          wanted;
    _Atomic(uint32_t) waiting, answered, refused, wrong;
} run;

AIRT_ON(gate, hold)
{
    if (self->kept == NULL)
        self->kept = airt_alloc(ctx, run.wanted * sizeof *self->kept);
    if (self->kept == NULL)
        return AIRT_ENOMEM;
    AIRT_TRY(airt_keep(ctx, &self->kept[self->count]));
    self->count++;
    atomic_fetch_add(&run.waiting, 1);
    return AIRT_OK;
}

AIRT_ON(gate, let_go)
{
    for (uint32_t i = 0; i < self->count; i++) {
        uint64_t token = ((const struct hold *)airt_msg_body(self->kept[i]))->token;

        airt_reply_to(ctx, &self->kept[i], hold, .token = token);
    }
    self->count = 0;
    return AIRT_OK;
}

#define gate_HANDLES(ON, A) ON(A, hold) ON(A, let_go)
AIRT_BEHAVIOR(gate)

struct enter {
    uint64_t token;
    bool     large;
};
AIRT_KIND(enter, token, large)
#define guest_ACCEPTS(KIND) KIND(enter)
AIRT_PROTOCOL(guest)
struct guest {
    uint32_t entered;
};

static airt_status ask_gate(airt_ctx *ctx, uint64_t token)
{
    struct held held = { 0 };
    airt_status status = airt_ask(ctx, run.gate, &held, AIRT_SECONDS(600), hold, .token = token);

    if (status == AIRT_OK && held.token != token)
        atomic_fetch_add(&run.wrong, 1);
    return status;
}

/* Fills an array as large as most of the stack, waits, and finds it as it left it. */
static __attribute__((noinline)) airt_status ask_with_large_array(airt_ctx *ctx, uint64_t token)
{
    volatile unsigned char array[LARGE];
    airt_status            status;

    for (size_t i = 0; i < sizeof array; i++)
        array[i] = (unsigned char)(token + i);
    status = ask_gate(ctx, token);
    for (size_t i = 0; i < sizeof array; i++)
        if (array[i] != (unsigned char)(token + i))
            atomic_fetch_add(&run.wrong, 1);
    return status;
}

AIRT_ON(guest, enter)
{
    airt_status status = msg->large ? ask_with_large_array(ctx, msg->token) : ask_gate(ctx, msg->token);

    self->entered++;
    if (status == AIRT_OK)
        atomic_fetch_add(&run.answered, 1);
    else if (status == AIRT_ELIMIT)
        atomic_fetch_add(&run.refused, 1);
    else
        atomic_fetch_add(&run.wrong, 1);
    return AIRT_OK;
}

#define guest_HANDLES(ON, A) ON(A, enter)
AIRT_BEHAVIOR(guest)

static airt_system *start(uint32_t stacks_max)
{
    airt_system        *system = NULL;
    airt_system_options options = { .workers = 2, .stacks_max = stacks_max };
    airt_spawn_options  roomy = { .mailbox = { .max = AIRT_UNBOUNDED } };

    memset(&run, 0, sizeof run);
    assert_int_equal(airt_system_create(&options, &system), AIRT_OK);
    assert_int_equal(airt_spawn(system, gate, &run.gate, &roomy), AIRT_OK);
    return system;
}

static void enter_all(airt_system *system, uint32_t guests, bool large)
{
    run.wanted = guests;
    for (uint32_t i = 0; i < guests; i++) {
        guest_ref guest;

        assert_int_equal(airt_spawn(system, guest, &guest, NULL), AIRT_OK);
        assert_int_equal(airt_tell(system, guest, enter, .token = i, .large = large), AIRT_OK);
    }
    assert_int_equal(airt_system_quiesce(system, AIRT_SECONDS(300)), AIRT_OK);
}

static void finish(airt_system **system, uint32_t waiting, uint32_t refused)
{
    airt_system_stats stats;

    assert_int_equal(atomic_load(&run.waiting), waiting);
    assert_int_equal(atomic_load(&run.refused), refused);
    assert_int_equal(atomic_load(&run.answered), 0);
    airt_tell(*system, run.gate, let_go);
    assert_int_equal(airt_system_quiesce(*system, AIRT_SECONDS(300)), AIRT_OK);
    assert_int_equal(atomic_load(&run.answered), waiting);
    assert_int_equal(atomic_load(&run.wrong), 0);
    airt_system_stats_get(*system, &stats);
    assert_int_equal(stats.in_work, 0);
    assert_int_equal(stats.queued, 0);
    assert_int_equal(airt_system_stop(system, AIRT_SECONDS(60)), AIRT_OK);
}

static void as_many_as_asked_for_wait_at_once(void **state)
{
    const char       *wanted = getenv("STACKS");
    uint32_t          guests = wanted != NULL ? (uint32_t)strtoul(wanted, NULL, 10) : 20000;
    airt_system      *system = start(0);
    airt_system_stats stats;

    (void)state;
    airt_system_stats_get(system, &stats);
    if (guests + SPARE_STACKS > stats.stacks_max)
        guests = (uint32_t)stats.stacks_max - SPARE_STACKS;
    printf("  %u handlers suspended, the cap is %llu\n", guests, (unsigned long long)stats.stacks_max);
    enter_all(system, guests, false);
    airt_system_stats_get(system, &stats);
    assert_true(stats.stacks >= guests);
    finish(&system, guests, 0);
}

static void the_cap_is_a_status_and_nothing_is_lost(void **state)
{
    airt_system *system = start(64);

    (void)state;
    enter_all(system, 200, false);
    assert_true(atomic_load(&run.refused) >= 200 - 64);
    finish(&system, 200 - atomic_load(&run.refused), atomic_load(&run.refused));
}

static void a_large_array_stays_on_its_stack(void **state)
{
    airt_system *system = start(0);

    (void)state;
    enter_all(system, 300, true);
    finish(&system, 300, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_as_asked_for_wait_at_once),
        cmocka_unit_test(the_cap_is_a_status_and_nothing_is_lost),
        cmocka_unit_test(a_large_array_stays_on_its_stack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
