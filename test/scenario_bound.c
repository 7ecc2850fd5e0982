/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A system at its memory_max: what wants memory is told so, what ends or gives back goes on, and nothing is lost. Not
 * swept: the bound refuses by itself, and these scenarios allocate until it does. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    MEGABYTE = 1 << 20,
    ROOM = 8 * MEGABYTE, /* the first segment of each table, and some room, beside what an empty system has */
    LARGE = 200000       /* pages of their own, which go back to the system */
};
static airt_system_options bounded;

static int bound_for_this_build(void **state)
{
    airt_world       *world = NULL;
    airt_system      *system = NULL;
    airt_system_stats stats;

    (void)state;
    ASSERT_OK(airt_sim_create(&(airt_sim_options){ .seed = 1 }, &world));
    ASSERT_OK(airt_system_create(&(airt_system_options){ .world = world }, &system));
    airt_system_stats_get(system, &stats);
    ASSERT_OK(airt_system_stop(&system, AIRT_SECONDS(1)));
    airt_world_destroy(&world);
    bounded.memory_max = stats.bytes + ROOM;
    return 0;
}

static airt_system_stats stats_of(sim *s)
{
    airt_system_stats stats;

    airt_system_stats_get(s->system, &stats);
    assert_true(stats.bytes <= stats.bytes_max);
    assert_true(stats.bytes_max == bounded.memory_max);
    return stats;
}

/* --- filled ------------------------------------------------------------------------------------------------------- */

/* Everything that airt_alloc can get, large and small. */
static airt_status fills(airt_ctx *ctx, struct puppet *self, void *argument)
{
    uint64_t *count = argument;

    (void)self;
    for (size_t size = LARGE; size > 0; size /= 2)
        while (airt_alloc(ctx, size) != NULL)
            ++*count;
    return AIRT_OK;
}
static airt_status fails(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return AIRT_EINVAL;
}
static airt_status prepares(airt_ctx *ctx, struct puppet *self, void *argument)
{
    AIRT_CHECK(airt_monitor(ctx, *(airt_ref *)argument) == AIRT_OK);
    AIRT_CHECK(airt_send_after(ctx, AIRT_MS(20), NULL, tick, .n = 7) == AIRT_OK);
    AIRT_CHECK(airt_alloc(ctx, 100) != NULL);
    return airt_keep(ctx, &self->kept[0]);
}

typedef struct scene {
    sim      *s;
    airt_ref  hog, stopped, killed, restarted, watcher;
    airt_msg *orders[4]; /* built while there was memory */
    size_t    ordered;
    airt_msg *outside[4096]; /* what a thread outside has taken */
    size_t    taken;
} scene;

/* A message that needs no memory any more. */
static void order(scene *c, airt_ref to, size_t which)
{
    ASSERT_OK(airt_send(c->s->system, to, &c->orders[which]));
    sim_settle(c->s);
}
static void take_the_rest(scene *c)
{
    while (c->taken < 4096 && airt_msg_new(c->s->system, &c->outside[c->taken], other, .n = c->taken) == AIRT_OK)
        c->taken++;
    assert_true(c->taken < 4096);
}
static void give_the_rest(scene *c)
{
    while (c->taken > 0)
        airt_drop(&c->outside[--c->taken]);
    for (size_t i = 0; i < 4; i++)
        airt_drop(&c->orders[i]);
}

static void fill(sim *s, scene *c)
{
    puppet_plan     again = { .verdict = AIRT_RESTART };
    static uint64_t count;

    memset(c, 0, sizeof *c);
    c->s = s;
    c->hog = sim_spawn_with(s, 'h', &again, NULL);
    c->stopped = sim_spawn(s, 's');
    c->killed = sim_spawn(s, 'k');
    c->restarted = sim_spawn_with(s, 'r', &again, NULL);
    c->watcher = sim_spawn(s, 'w');
    sim_do(s, c->stopped, sim_sleeps, (void *)(uintptr_t)1);
    sim_do(s, c->restarted, prepares, &c->watcher);
    sim_do(s, c->watcher, prepares, &c->stopped);
    sim_do(s, c->watcher, prepares, &c->killed);
    for (size_t i = 0; i < 4; i++)
        ASSERT_OK(airt_msg_new(s->system, &c->orders[i], act, .run = fails));
    sim_run(s, 5);
    count = 0;
    sim_do(s, c->hog, fills, &count);
    sim_begin(s);
    assert_true(count > 20);
    take_the_rest(c);
    assert_int_equal(s->reports[AIRT_REPORT_MEMORY], 1);
}

/* --- at the bound ------------------------------------------------------------------------------------------------- */

static void wants(sim *s, airt_ref to)
{
    struct answer answer;
    airt_ref      ref = AIRT_NONE;
    airt_msg     *msg = NULL;

    assert_int_equal(sim_num_with(AIRI_FROM(s->system), to, 1, NULL), AIRT_ENOMEM);
    assert_int_equal(airt_msg_new(s->system, &msg, num, .n = 1), AIRT_ENOMEM);
    assert_int_equal(airt_ask_any(s->system, to, &answer, AIRT_MS(1), query, .n = 1), AIRT_ENOMEM);
    assert_int_equal(airt_spawn_any(s->system, puppet, &ref, NULL), AIRT_ENOMEM);
    assert_true(airt_blob_none(airt_blob_new(s->system, "x", 1)));
    assert_true(airt_blob_none(airt_blob_new(s->system, s, LARGE)));
    assert_int_equal(s->letters[AIRT_LETTER_NOMEM], 2);
}

static void ends_body(sim *s)
{
    static scene      c;
    airt_system_stats before;

    fill(s, &c);
    wants(s, c.watcher);
    before = stats_of(s);
    assert_true(before.bytes > bounded.memory_max - MEGABYTE / 2);
    ASSERT_OK(airt_stop(s->system, c.stopped, NULL));
    ASSERT_OK(airt_kill(s->system, c.killed, NULL));
    sim_settle(s);
    ASSERT_SORTED(s, "s-shutdown k-killed w<s:shutdown w<k:killed");
    order(&c, c.restarted, 0);
    ASSERT_SAID(s, "r!error/0 r+");
    sim_run(s, 30);
    ASSERT_SAID(s, "w*7 w*7"); /* timers that were armed before */
    assert_int_equal(stats_of(s).bytes, before.bytes);
    assert_int_equal(s->reports[AIRT_REPORT_MEMORY], 1);
    order(&c, c.hog, 1);
    ASSERT_SAID(s, "h!error/0 h+");
    assert_true(stats_of(s).bytes < bounded.memory_max / 10 * 9); /* large blocks went back, and there is room again */
    sim_num(s, c.watcher, 5);
    sim_settle(s);
    ASSERT_SAID(s, "w:5");
    give_the_rest(&c);
}
static void what_ends_goes_on(void **state)
{
    (void)state;
    sim_each(ends_body, &bounded);
}

static void again_body(sim *s)
{
    static scene    c;
    static uint64_t count;

    fill(s, &c);
    order(&c, c.hog, 0);
    sim_do(s, c.hog, fills, &count);
    sim_settle(s);
    assert_int_equal(s->reports[AIRT_REPORT_MEMORY], 2);
    order(&c, c.hog, 1);
    give_the_rest(&c);
}
static void each_time_is_told_once(void **state)
{
    (void)state;
    sim_each(again_body, &bounded);
}

/* The bound is no budget: who is refused by it goes on. */
static airt_status fills_and_goes_on(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)fills(ctx, self, argument);
    AIRT_CHECK(airt_alloc(ctx, LARGE) == NULL);
    return AIRT_OK;
}
static void no_budget_body(sim *s)
{
    airt_spawn_options much = { .memory_max = 2 * bounded.memory_max };
    uint64_t           count = 0;
    airt_ref           a = sim_spawn_with(s, 'a', NULL, &much);

    sim_do(s, a, fills_and_goes_on, &count);
    sim_settle(s);
    ASSERT_SAID(s, "a+");
    assert_true(sim_alive(s, a));
    ASSERT_OK(airt_stop(s->system, a, NULL));
    sim_settle(s);
    ASSERT_SAID(s, "a-shutdown");
}
static void who_is_refused_goes_on(void **state)
{
    (void)state;
    sim_each(no_budget_body, &bounded);
}

static void a_system_at_its_bound_stops(void **state)
{
    static sim   s;
    static scene c;

    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        sim_options options = { .seed = seed, .layout = (uint32_t)seed % 3, .system = bounded };

        ASSERT_OK(sim_open(&s, &options));
        fill(&s, &c);
        give_the_rest(&c); /* the program's own */
        sim_check_account(&s);
        sim_close_at_once(&s);
    }
}

/* --- creation ----------------------------------------------------------------------------------------------------- */

static void a_bound_too_small(void **state)
{
    airt_world         *world = NULL;
    airt_system_options options = { .workers = 2, .memory_max = 1 };
    airt_system        *system = NULL;
    airt_ref            ref = AIRT_NONE;
    uint64_t            refused = 0;

    (void)state;
    ASSERT_OK(airt_sim_create(&(airt_sim_options){ .seed = 1 }, &world));
    options.world = world;
    while (airt_system_create(&options, &system) != AIRT_OK) {
        assert_null(system);
        assert_int_equal(airt_system_create(&options, &system), AIRT_ENOMEM);
        options.memory_max += 1 + bounded.memory_max / 1000;
        assert_true(++refused < 1000);
    }
    assert_true(refused > 1);
    while (airt_spawn_any(system, bare, &ref, NULL) == AIRT_ENOMEM) { /* its table of actors comes with the first */
        ASSERT_OK(airt_system_stop(&system, AIRT_SECONDS(1)));
        options.memory_max += 65536;
        assert_true(options.memory_max < bounded.memory_max);
        ASSERT_OK(airt_system_create(&options, &system));
    }
    ASSERT_OK(airt_system_stop(&system, AIRT_SECONDS(1)));
    airt_world_destroy(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(what_ends_goes_on),           SIM_TEST(each_time_is_told_once), SIM_TEST(who_is_refused_goes_on),
        SIM_TEST(a_system_at_its_bound_stops), SIM_TEST(a_bound_too_small),
    };

    return cmocka_run_group_tests(tests, bound_for_this_build, NULL);
}
