/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Failures and what on_error makes of them; what a restart keeps and what it releases; names and limits. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static airt_status failing(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return AIRT_EINVAL;
}
static airt_status count(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)argument;
    sim_say("%c#%d", self->tag, (int)++self->count);
    return AIRT_OK;
}

static uint32_t incarnation(sim *s, airt_ref who)
{
    uint32_t n = 0;

    return airt_incarnation(s->system, who, &n) == AIRT_OK ? n : 0;
}

static void verdicts_body(sim *s)
{
    puppet_plan resume = { .verdict = AIRT_RESUME };
    puppet_plan restart = { .verdict = AIRT_RESTART };
    puppet_plan escalate = { .verdict = AIRT_ESCALATE };
    airt_ref    a = sim_spawn(s, 'a');
    airt_ref    b = sim_spawn_with(s, 'b', &resume, NULL);
    airt_ref    c = sim_spawn_with(s, 'c', &restart, NULL);
    airt_ref    d = sim_spawn_with(s, 'd', &escalate, NULL);
    airt_ref    e = AIRT_NONE;

    sim_settle(s);
    (void)sim_said_sorted(s, "a+ b+ c+ d+");
    sim_do(s, a, failing, NULL);
    sim_num(s, a, 1);
    sim_settle(s);
    ASSERT_SAID(s, "a!error/0 a-error");
    for (int i = 0; i < 2; i++)
        sim_do(s, b, count, NULL);
    sim_do(s, b, failing, NULL);
    sim_do(s, b, count, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "b#1 b#2 b!error/0 b#3");
    for (int i = 0; i < 2; i++) {
        sim_do(s, c, count, NULL);
        sim_do(s, c, failing, NULL);
    }
    sim_do(s, c, count, NULL); /* mail is kept, state is fresh */
    sim_settle(s);
    ASSERT_SAID(s, "c#1 c!error/0 c+ c#1 c!error/1 c+ c#1");
    assert_int_equal(incarnation(s, c), 3);
    sim_do(s, d, failing, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "d!error/0 d-escalated");
    assert_int_equal(s->reports[AIRT_REPORT_ESCALATED], 1);
    ASSERT_OK(airt_spawn_any(s->system, bare, &e, NULL));
    sim_do(s, e, failing, NULL);
    sim_settle(s);
    assert_false(sim_alive(s, e));                      /* no hook: it ends */
    assert_int_equal(s->letters[AIRT_LETTER_FAULT], 6); /* the message in work at a failure */
    assert_int_equal(s->letters[AIRT_LETTER_STOPPED], 1);
}
static void every_verdict(void **state)
{
    (void)state;
    sim_each(verdicts_body, NULL);
}

/* --- what an incarnation owns ------------------------------------------------------------------------------------- */

static airt_status own_things(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_msg *built = NULL;

    (void)argument;
    self->memory = airt_alloc(ctx, 100);
    AIRT_CHECK(self->memory != NULL);
    for (int i = 0; i < 100; i++)
        AIRT_CHECK(((char *)self->memory)[i] == 0);
    AIRT_CHECK_EQ(airt_send_after(ctx, AIRT_MS(5), NULL, tick, .n = 1), AIRT_OK);
    AIRT_CHECK_EQ(airt_send_every(ctx, AIRT_MS(5), NULL, tick, .n = 2), AIRT_OK);
    AIRT_CHECK_EQ(airt_msg_new(ctx, &built, num, .n = 9), AIRT_OK);
    AIRT_CHECK_EQ(airt_keep(ctx, &self->kept[0]), AIRT_OK);
    return AIRT_OK;
}
static airt_status stash_it(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    return airt_stash(ctx);
}

static void owned_body(sim *s)
{
    puppet_plan            restart = { .verdict = AIRT_RESTART };
    airt_ref               a = sim_spawn_with(s, 'a', &restart, &(airt_spawn_options){ .name = "ann" });
    airt_ref               found = AIRT_NONE;
    const airt_kind *const kinds[] = { &num_kind, NULL };

    sim_do(s, a, own_things, NULL);
    sim_do(s, a, stash_it, NULL);
    sim_settle(s);
    sim_check_account(s);
    sim_do(s, a, failing, NULL);
    sim_settle(s);
    sim_run(s, 50); /* no timer of the old incarnation */
    ASSERT_SAID(s, "a+ a!error/0 a+");
    assert_int_equal(s->letters[AIRT_LETTER_INCARNATION], 2); /* kept and stashed; what was never sent counts nowhere */
    ASSERT_OK(airt_lookup_kinds(s->system, kinds, "ann", &found));
    assert_true(airt_ref_same(found, a));
    assert_int_equal(incarnation(s, a), 2);
}
static void a_restart_releases_what_was_owned(void **state)
{
    (void)state;
    sim_each(owned_body, NULL);
}

/* The second start fails. */
static int         starts;
static airt_status start_once(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return starts++ == 0 ? AIRT_OK : AIRT_ELIMIT;
}
static void second_start_body(sim *s)
{
    puppet_plan plan = { .verdict = AIRT_RESTART, .run = start_once };
    airt_ref    a;

    starts = 0;
    a = sim_spawn_with(s, 'a', &plan, NULL);
    sim_do(s, a, failing, NULL);
    sim_num(s, a, 1);
    sim_settle(s);
    ASSERT_SAID(s, "a+ a!error/0 a+ a-start/unstarted");
    assert_int_equal(starts, 2);
    assert_false(sim_alive(s, a));
}
static void a_restart_that_fails_to_start(void **state)
{
    (void)state;
    sim_each(second_start_body, NULL);
}

/* --- names and limits --------------------------------------------------------------------------------------------- */

static void names_body(sim *s)
{
    airt_spawn_options     ann = { .name = "ann" };
    const airt_kind *const fits[] = { &num_kind, &query_kind, NULL };
    const airt_kind *const not [] = { &answer_kind, NULL };
    airt_ref a = sim_spawn_with(s, 'a', NULL, &ann);
    airt_ref found = AIRT_NONE;

    assert_int_equal(puppet_spawn(AIRI_FROM(s->system), 'b', NULL, &ann, &found), AIRT_EEXIST);
    ASSERT_OK(airt_lookup_kinds(s->system, fits, "ann", &found));
    assert_true(airt_ref_same(found, a));
    assert_int_equal(airt_lookup_kinds(s->system, not, "ann", &found), AIRT_EKIND);
    assert_int_equal(airt_lookup_kinds(s->system, fits, "bob", &found), AIRT_ENOENT);
    ASSERT_OK(airt_as_kinds(s->system, fits, a, &found));
    assert_int_equal(airt_as_kinds(s->system, not, a, &found), AIRT_EKIND);
    ASSERT_OK(airt_stop(s->system, a, NULL));
    sim_settle(s);
    assert_int_equal(airt_lookup_kinds(s->system, fits, "ann", &found), AIRT_ENOENT);
    assert_int_equal(airt_as_kinds(s->system, fits, a, &found), AIRT_EDEAD);
    (void)sim_spawn_with(s, 'b', NULL, &ann);
}
static void names_are_unique_and_freed_at_the_stop(void **state)
{
    (void)state;
    sim_each(names_body, NULL);
}

static void limit_body(sim *s)
{
    airt_ref          ref[10];
    airt_ref          more = AIRT_NONE;
    airt_system_stats stats;

    for (int i = 0; i < 10; i++)
        ref[i] = sim_spawn(s, (char)('a' + i));
    assert_int_equal(puppet_spawn(AIRI_FROM(s->system), 'z', NULL, NULL, &more), AIRT_ELIMIT);
    assert_true(airt_ref_none(more));
    ASSERT_OK(airt_stop(s->system, ref[3], NULL));
    sim_settle(s);
    ref[3] = sim_spawn(s, 'd');
    assert_int_equal(puppet_spawn(AIRI_FROM(s->system), 'z', NULL, NULL, &more), AIRT_ELIMIT);
    airt_system_stats_get(s->system, &stats);
    assert_int_equal(stats.actors, 10);
    assert_int_equal(stats.spawned, 11);
}
static void actors_max_is_exact(void **state)
{
    (void)state;
    sim_each(limit_body, &(airt_system_options){ .actors_max = 10 });
}

static airt_status spawn_while_stopping(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref ref = AIRT_NONE;

    AIRT_CHECK_EQ(airt_sleep(ctx, AIRT_SECONDS(1000)), AIRT_ESTOPPING);
    *(airt_status *)argument = puppet_spawn(AIRI_FROM(ctx), 'b', NULL, NULL, &ref);
    self->count++;
    return AIRT_OK;
}
static void no_spawn_while_the_system_stops(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        static sim  s;
        airt_status seen = AIRT_OK;

        ASSERT_OK(sim_open(&s, &(sim_options){ .seed = seed }));
        sim_do(&s, sim_spawn(&s, 'a'), spawn_while_stopping, &seen);
        sim_settle(&s);
        sim_close_at_once(&s);
        assert_int_equal(seen, AIRT_ESTOPPING);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(every_verdict),
        SIM_TEST(a_restart_releases_what_was_owned),
        SIM_TEST(a_restart_that_fails_to_start),
        SIM_TEST(names_are_unique_and_freed_at_the_stop),
        SIM_TEST(actors_max_is_exact),
        cmocka_unit_test(no_spawn_while_the_system_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
