/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Kills that come at an awkward moment: of idle actors, in the middle of a handler, while a child is being born. */
#include "sim.h"

#include "port/port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    MANY = 200, /* more than the pool of stacks keeps warm */
    INDEX_MASK = (1 << 28) - 1
};

/* --- idle actors -------------------------------------------------------------------------------------------------- */

/* All of them waited at once: the stacks of most, where their last activation was, have been given back. */
static void idle_body(sim *s)
{
    airt_ref          ref[MANY];
    airt_system_stats stats;

    for (int i = 0; i < MANY; i++) {
        ref[i] = sim_spawn(s, 'a');
        sim_do(s, ref[i], sim_sleeps, (void *)10);
    }
    sim_run(s, 20);
    for (int i = 0; i < MANY; i++)
        (void)airt_kill(s->system, ref[i], NULL);
    sim_settle(s);
    airt_system_stats_get(s->system, &stats);
    assert_int_equal(stats.actors, 0);
    assert_int_equal(s->reports[AIRT_REPORT_ABANDONED], 0);
}
static void idle_actors_are_killed(void **state)
{
    (void)state;
    sim_each(idle_body, NULL);
}

/* --- a slot and its next tenant ----------------------------------------------------------------------------------- */

static struct {
    airt_ref    server, client;
    bool        done, served;
    airt_status status, asked; /* of the client and the tenant */
} scene;

static airt_status keeps(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    return airt_keep(ctx, &self->kept[0]);
}
static airt_status asks_server(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    scene.status = sim_command(ctx, scene.server, AIRT_SECONDS(10), keeps, NULL, NULL);
    scene.done = true;
    return AIRT_OK;
}
static airt_status asks_client(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    scene.asked = sim_query(ctx, scene.client, AIRT_SECONDS(10), 1, NULL);
    scene.served = true;
    return AIRT_OK;
}

static bool same_slot(airt_ref a, airt_ref b)
{
    return (a.bits & INDEX_MASK) == (b.bits & INDEX_MASK);
}

/* The server has kept a request and is killed in another handler, which stays. */
static void kill_keeper(sim *s, struct sim_stay *stay)
{
    memset(&scene, 0, sizeof scene);
    scene.server = sim_spawn(s, 's');
    scene.client = sim_spawn(s, 'c');
    sim_begin(s);
    sim_do(s, scene.client, asks_server, NULL);
    sim_settle(s);
    sim_do(s, scene.server, sim_stays, stay);
    sim_until(s, &stay->inside);
    (void)airt_kill(s->system, scene.server, NULL);
}

static void kept_body(sim *s)
{
    struct sim_stay stay = { 0 };

    kill_keeper(s, &stay);
    sim_until(s, &scene.done);
    assert_true(scene.done);
    assert_false(stay.left);
    assert_int_equal(scene.status, AIRT_EDEAD);
    stay.open = true;
    sim_settle(s);
}
static void who_asked_for_a_kept_request_is_told_at_once(void **state)
{
    (void)state;
    sim_each(kept_body, NULL);
}

/* Who waited for the last tenant does not wait for this one. */
static void tenant_body(sim *s)
{
    struct sim_stay stay = { 0 };
    airt_ref        tenant;

    kill_keeper(s, &stay);
    tenant = sim_spawn(s, 't');
    assert_true(same_slot(tenant, scene.server));
    sim_do(s, tenant, asks_client, NULL);
    sim_until(s, &scene.served);
    assert_true(scene.served);
    assert_false(stay.left);
    assert_int_equal(scene.asked, AIRT_OK);
    stay.open = true;
    sim_settle(s);
}
static void the_next_tenant_is_in_no_cycle(void **state)
{
    (void)state;
    sim_each(tenant_body, NULL);
}

/* A call is open in a handler that was abandoned; its answer comes to the slot's next tenant. */
static airt_status begins_and_stays(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)airt_ask_begin_any(ctx, scene.server, AIRT_SECONDS(10), command, .run = (uint64_t)(uintptr_t)keeps);
    AIRT_TRY(airt_sleep(ctx, AIRT_MS(1))); /* the server has kept it then */
    return sim_stays(ctx, self, argument);
}
static airt_status replies_to_kept(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_status status = airt_reply_to(ctx, &self->kept[0], command, .n = 7);

    *(bool *)argument = true;
    return status;
}
static airt_status notes(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    *(bool *)argument = true;
    return AIRT_OK;
}

static void late_body(sim *s)
{
    struct sim_stay stay = { 0 };
    airt_ref        tenant;
    bool            replied = false, seen = false;

    memset(&scene, 0, sizeof scene);
    scene.server = sim_spawn(s, 's');
    scene.client = sim_spawn(s, 'c');
    sim_begin(s);
    sim_do(s, scene.client, begins_and_stays, &stay);
    sim_until(s, &stay.inside);
    (void)airt_kill(s->system, scene.client, NULL);
    tenant = sim_spawn(s, 't');
    assert_true(same_slot(tenant, scene.client));
    sim_do(s, scene.server, replies_to_kept, &replied);
    sim_until(s, &replied);
    sim_do(s, tenant, notes, &seen);
    sim_until(s, &seen);
    assert_true(replied && seen);
    assert_false(stay.left);
    assert_int_equal(s->letters[AIRT_LETTER_INCARNATION], 1); /* nobody's, and its call is as it was */
    stay.open = true;
    sim_settle(s);
}
static void an_abandoned_calls_answer_is_nobodys(void **state)
{
    (void)state;
    sim_each(late_body, NULL);
}

/* --- births ------------------------------------------------------------------------------------------------------- */

/* The world's allocations are places where a test may come between: at the next one of a kind the handler yields until
 * it is let go. */
static struct {
    airt_allocation at;
    airt_ctx       *ctx;
    struct sim_stay stay;
    bool (*refuse)(airt_world *world, airt_allocation what, const airi_site *site);
} between;

static bool refuse_later(airt_world *world, airt_allocation what, const airi_site *site)
{
    if (what == between.at && between.ctx != NULL && !between.stay.inside) {
        between.stay.inside = true;
        while (!between.stay.open)
            sim_yield(between.ctx);
    }
    return between.refuse != NULL && between.refuse(world, what, site);
}

static void pause_at(sim *s, airt_allocation what)
{
    memset(&between, 0, sizeof between);
    between.at = what;
    between.refuse = s->world->refuse;
    s->world->refuse = refuse_later;
}

static airt_status bears(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref child = AIRT_NONE;

    (void)self;
    (void)argument;
    between.ctx = ctx;
    (void)puppet_spawn(AIRI_FROM(ctx), 'k', NULL, &(airt_spawn_options){ .child = true, .name = "kid" }, &child);
    return AIRT_OK;
}

/* The name is the last thing to be had: the child is tied, and its box not open. */
static void birth_body(sim *s)
{
    airt_ref          parent = sim_spawn(s, 'p');
    airt_system_stats stats;

    sim_begin(s);
    pause_at(s, AIRT_ALLOCATION_NAME);
    sim_do(s, parent, bears, NULL);
    sim_until(s, &between.stay.inside);
    assert_true(between.stay.inside);
    (void)airt_kill(s->system, parent, NULL);
    assert_false(sim_alive(s, parent));
    between.stay.open = true;
    sim_settle(s);
    airt_system_stats_get(s->system, &stats);
    assert_int_equal(stats.actors, 0);
}
static void a_child_that_is_being_born_ends_with_its_parent(void **state)
{
    (void)state;
    sim_each(birth_body, NULL);
}

/* --- links, while one end of them begins again -------------------------------------------------------------------- */

static airt_status traps(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    airt_trap_exit(ctx, true);
    return AIRT_OK;
}
static airt_status links(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    between.ctx = ctx;
    return airt_link(ctx, *(airt_ref *)argument);
}
static airt_status fails(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    if (argument != NULL)
        *(bool *)argument = true;
    return AIRT_EFAILED;
}

static void restart_body(sim *s)
{
    puppet_plan plan = { .verdict = AIRT_RESTART, .run = traps };
    airt_ref    a = sim_spawn(s, 'a');
    airt_ref    b = sim_spawn_with(s, 'b', &plan, NULL);
    bool        failed = false, again = false;

    sim_begin(s);
    pause_at(s, AIRT_ALLOCATION_RELATION);
    sim_do(s, a, links, &b);
    sim_until(s, &between.stay.inside);
    sim_do(s, b, fails, &failed);
    sim_until(s, &failed);
    sim_do(s, b, notes, &again); /* by the next incarnation */
    sim_until(s, &again);
    assert_true(failed && again);
    ASSERT_SAID(s, "b!error/0 b+");
    between.stay.open = true;
    sim_settle(s);
    sim_do(s, a, fails, NULL);
    sim_settle(s);
    ASSERT_SORTED(s, "a!error/0 a-error b~a:error");
    assert_int_equal(s->letters[AIRT_LETTER_INCARNATION], 0);
}
static void a_link_made_around_a_restart_tells_the_next_incarnation(void **state)
{
    (void)state;
    sim_each(restart_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(idle_actors_are_killed),
        SIM_TEST(who_asked_for_a_kept_request_is_told_at_once),
        SIM_TEST(the_next_tenant_is_in_no_cycle),
        SIM_TEST(an_abandoned_calls_answer_is_nobodys),
        SIM_TEST(a_child_that_is_being_born_ends_with_its_parent),
        SIM_TEST(a_link_made_around_a_restart_tells_the_next_incarnation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
