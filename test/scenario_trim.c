/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The memory of a burst goes back to the operating system: not at once, not what is in use, and then for good: nothing
 * wakes for it any more. In one history whatever the addresses are. */
#include "sim.h"

#include "port/port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    BURST = 40000, /* messages of 64 bytes */
    SMALL = 1 << 20
};
static const airt_spawn_options unbounded = { .mailbox.max = AIRT_UNBOUNDED };

static uint64_t bytes(sim *s)
{
    airt_system_stats stats;

    airt_system_stats_get(s->system, &stats);
    return stats.bytes;
}

/* With the tables that the first actor makes. */
static uint64_t bytes_before(sim *s)
{
    (void)sim_stuck(s, 'z', NULL, 1);
    return bytes(s);
}

static airt_status counts(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)argument;
    self->count++;
    return AIRT_OK;
}

/* A burst that waits for 1,000 ms, and is handled then. */
static airt_ref burst(sim *s, char tag)
{
    airt_ref a = sim_stuck(s, tag, &unbounded, 1000);

    for (int i = 0; i < BURST; i++)
        sim_do(s, a, counts, NULL);
    return a;
}

static void back_body(sim *s)
{
    uint64_t before = bytes_before(s);
    uint64_t full;

    (void)burst(s, 'a');
    full = bytes(s);
    assert_true(full - before >= (uint64_t)BURST * 64);
    sim_run(s, 1100);
    assert_int_equal(bytes(s), full); /* the next burst may be near */
    sim_run(s, 1000);
    assert_true(bytes(s) < before + SMALL);
    while (airt_sim_step(s->inner))
        continue;
    assert_false(airt_sim_step(s->inner));
    (void)burst(s, 'b');
    sim_run(s, 2100);
    assert_true(bytes(s) < before + SMALL);
}
static void a_burst_is_given_back(void **state)
{
    (void)state;
    sim_each(back_body, NULL);
    sim_each(back_body, &(airt_system_options){ .workers = 3 });
}

/* Bursts one upon the other: nothing is mapped for the later ones, and nothing given back in between. */
static void again_body(sim *s)
{
    uint64_t full;

    (void)burst(s, 'a');
    full = bytes(s);
    for (char tag = 'b'; tag < 'h'; tag++) {
        sim_run(s, 1100);
        (void)burst(s, tag);
        assert_true(bytes(s) >= full && bytes(s) <= full + SMALL);
    }
}
static void a_load_keeps_its_memory(void **state)
{
    (void)state;
    sim_each(again_body, NULL);
}

/* What is held stays readable beside what goes. */
static struct {
    void *held[BURST];
} book;

static airt_status fills(airt_ctx *ctx, struct puppet *self, void *argument)
{
    for (int i = 0; i < BURST; i++) {
        book.held[i] = airt_alloc(ctx, 200);
        AIRT_CHECK(book.held[i] != NULL);
        memset(book.held[i], i & 0xff, 200);
    }
    for (int i = 0; i < BURST; i++)
        if (i % (intptr_t)argument != 0)
            airt_free(ctx, book.held[i]);
    self->count = BURST;
    return AIRT_OK;
}

static airt_status compares(airt_ctx *ctx, struct puppet *self, void *argument)
{
    unsigned char expected[200];

    AIRT_CHECK(self->count == BURST);
    for (int i = 0; i < BURST; i += (int)(intptr_t)argument) {
        memset(expected, i & 0xff, sizeof expected);
        AIRT_CHECK(memcmp(book.held[i], expected, sizeof expected) == 0);
        airt_free(ctx, book.held[i]);
    }
    sim_say("same");
    return AIRT_OK;
}

static void held_body(sim *s)
{
    uint64_t before = bytes_before(s);
    airt_ref a = sim_spawn(s, 'a');

    sim_begin(s);
    sim_do(s, a, fills, (void *)5000);
    sim_run(s, 1000);
    assert_true(bytes(s) < before + BURST / 5000 * 262144 + SMALL);
    sim_do(s, a, compares, (void *)5000);
    sim_settle(s);
    ASSERT_SAID(s, "same");
}
static void what_lives_stays(void **state)
{
    (void)state;
    sim_each(held_body, NULL);
}

/* A seed's history, with the bytes after each ms in it. */
static uint64_t history(uint64_t seed, uint32_t layout)
{
    static sim s;
    uint64_t   hash;

    ASSERT_OK(sim_open(&s, &(sim_options){ .seed = seed, .layout = layout, .system.workers = 2 }));
    (void)burst(&s, 'a');
    (void)burst(&s, 'b');
    for (int ms = 0; ms < 2000; ms += 50) {
        sim_run(&s, 50);
        s.world->event(s.world, 0, 0, bytes(&s));
    }
    hash = airt_sim_hash(s.inner);
    sim_close(&s);
    return hash;
}

static void one_seed_one_history(void **state)
{
    uint64_t first = history(1, 0);

    (void)state;
    for (uint32_t layout = 0; layout < 6; layout++)
        assert_int_equal(history(1, layout), first);
    assert_int_not_equal(history(2, 0), first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(a_burst_is_given_back),
        SIM_TEST(a_load_keeps_its_memory),
        SIM_TEST(what_lives_stays),
        cmocka_unit_test(one_seed_one_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
