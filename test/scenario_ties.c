/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Links, monitors, children. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static airt_status failing(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return AIRT_EINVAL;
}
static airt_status ending(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return AIRT_STOP;
}
static airt_status link_to(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_link(ctx, *(airt_ref *)argument);
}
static airt_status unlink_from(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    airt_unlink(ctx, *(airt_ref *)argument);
    return AIRT_OK;
}
static airt_status watch(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_monitor(ctx, *(airt_ref *)argument);
}
static airt_status unwatch(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    airt_demonitor(ctx, *(airt_ref *)argument);
    return AIRT_OK;
}
static airt_status trap(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    airt_trap_exit(ctx, true);
    return AIRT_OK;
}

/* Some actors, started; what they said so far is forgotten. */
static void cast(sim *s, airt_ref ref[], const char *tags, const puppet_plan *plan)
{
    for (int i = 0; tags[i] != 0; i++)
        ref[i] = sim_spawn_with(s, tags[i], plan, NULL);
    sim_begin(s);
}

/* --- links -------------------------------------------------------------------------------------------------------- */

static void link_body(sim *s)
{
    airt_ref r[5]; /* a-b and b-c linked; d traps and is linked to c; e linked and unlinked */

    cast(s, r, "abcde", NULL);
    sim_do(s, r[0], link_to, &r[1]);
    sim_do(s, r[2], link_to, &r[1]);
    sim_do(s, r[3], trap, NULL);
    sim_do(s, r[3], link_to, &r[2]);
    sim_do(s, r[4], link_to, &r[0]);
    sim_settle(s);
    sim_do(s, r[4], unlink_from, &r[0]);
    sim_settle(s);
    sim_do(s, r[0], failing, NULL);
    sim_settle(s);
    ASSERT_SORTED(s, "a!error/0 a-error b-linked c-linked d~c:linked");
    assert_true(sim_alive(s, r[3]));
    assert_true(sim_alive(s, r[4]));
}
static void a_failure_travels_along_links(void **state)
{
    (void)state;
    sim_each(link_body, NULL);
}

static void no_fire_body(sim *s)
{
    airt_ref r[3];

    cast(s, r, "abc", NULL);
    sim_do(s, r[0], link_to, &r[1]);
    sim_do(s, r[0], link_to, &r[2]);
    sim_settle(s);
    sim_do(s, r[1], ending, NULL);
    assert_int_equal(airt_stop(s->system, r[2], NULL), AIRT_OK);
    sim_settle(s);
    ASSERT_SORTED(s, "b-normal c-shutdown");
    assert_true(sim_alive(s, r[0]));
    sim_do(s, r[0], trap, NULL);
    sim_do(s, r[0], link_to, &r[1]); /* gone: that is a failure */
    sim_settle(s);
    ASSERT_SAID(s, "a~b:noproc");
}
static void a_normal_end_does_not_fire(void **state)
{
    (void)state;
    sim_each(no_fire_body, NULL);
}

static void link_restart_body(sim *s)
{
    puppet_plan restart = { .verdict = AIRT_RESTART };
    airt_ref    a[1], b[2];

    cast(s, a, "a", &restart);
    cast(s, b, "bc", NULL);
    sim_do(s, b[0], trap, NULL);
    sim_do(s, b[0], link_to, &a[0]);
    sim_do(s, b[1], link_to, &a[0]);
    sim_settle(s);
    for (int i = 0; i < 3; i++) {
        sim_do(s, a[0], failing, NULL);
        sim_settle(s);
    }
    /* b hears of every failure; c ends at the first, and that does not come back to a. */
    ASSERT_SORTED(s, "a!error/0 a+ b~a:error c-linked a!error/1 a+ b~a:error a!error/2 a+ b~a:error");
    assert_true(sim_alive(s, a[0]));
    assert_int_equal(airt_kill(s->system, b[0], NULL), AIRT_OK); /* the link still stands the other way */
    sim_settle(s);
    ASSERT_SORTED(s, "b-killed a-linked");
}
static void links_survive_a_restart(void **state)
{
    (void)state;
    sim_each(link_restart_body, NULL);
}

/* --- monitors ----------------------------------------------------------------------------------------------------- */

static void monitor_body(sim *s)
{
    puppet_plan restart = { .verdict = AIRT_RESTART };
    airt_ref    r[3], b[1];

    cast(s, r, "acd", NULL);
    cast(s, b, "b", &restart);
    sim_do(s, r[0], watch, &b[0]);
    sim_do(s, r[1], watch, &b[0]);
    sim_do(s, r[1], watch, &b[0]); /* twice gives two */
    sim_do(s, r[2], watch, &b[0]);
    sim_settle(s);
    sim_do(s, r[2], unwatch, &b[0]);
    sim_settle(s);
    sim_do(s, b[0], failing, NULL);
    sim_settle(s);
    ASSERT_SORTED(s, "b!error/0 b+"); /* not at a restart */
    sim_do(s, b[0], ending, NULL);
    sim_settle(s);
    ASSERT_SORTED(s, "b-normal a<b:normal c<b:normal c<b:normal");
    sim_do(s, r[2], watch, &b[0]); /* at once when it is gone */
    sim_settle(s);
    ASSERT_SAID(s, "d<b:noproc");
}
static void a_monitor_fires_once_at_the_final_stop(void **state)
{
    (void)state;
    sim_each(monitor_body, NULL);
}

static airt_status talk_and_end(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref to = *(airt_ref *)argument;

    (void)self;
    (void)sim_num_with(AIRI_FROM(ctx), to, 1, NULL);
    (void)sim_num_with(AIRI_FROM(ctx), to, 2, &(airt_send_options){ .priority = AIRT_HIGH });
    (void)sim_num_with(AIRI_FROM(ctx), to, 3, NULL);
    return AIRT_STOP;
}
static void down_is_last_body(sim *s)
{
    airt_ref r[2];

    cast(s, r, "ab", NULL);
    sim_do(s, r[0], watch, &r[1]);
    sim_settle(s);
    sim_do(s, r[1], talk_and_end, &r[0]);
    sim_settle(s);
    sim_check_account(s);
    s->text[s->size > 0 ? s->size - 1 : 0] = 0;
    assert_non_null(strstr(s->text, "a<b:normal"));
    assert_string_equal(strstr(s->text, "a<b:normal"), "a<b:normal"); /* behind the earlier mail */
    assert_non_null(strstr(s->text, "a:1"));
    assert_true(strstr(s->text, "a:1") < strstr(s->text, "a:3"));
}
static void down_comes_behind_earlier_mail(void **state)
{
    (void)state;
    sim_each(down_is_last_body, NULL);
}

/* A full mailbox takes a notice: its room was reserved when the watch began. */
static void full_box_body(sim *s)
{
    static const airt_overflow rules[] = { AIRT_REFUSE, AIRT_DROP_NEW, AIRT_DROP_OLD };

    for (int i = 0; i < 3; i++) {
        airt_spawn_options small = { .mailbox = { .max = 2, .overflow = rules[i] } };
        airt_ref           a = sim_spawn_with(s, 'a', NULL, &small);
        airt_ref           b = sim_spawn(s, 'b');

        sim_begin(s);
        sim_do(s, a, watch, &b);
        sim_settle(s);
        sim_do(s, a, sim_sleeps, (void *)10);
        sim_settle(s);
        for (uint64_t n = 1; n <= 5; n++)
            sim_num(s, a, n);
        (void)airt_stop(s->system, b, NULL);
        sim_settle(s);
        for (uint64_t n = 6; n <= 9; n++) /* notices are never evicted */
            sim_num(s, a, n);
        sim_run(s, 20);
        ASSERT_SORTED(s, rules[i] == AIRT_DROP_OLD ? "b-shutdown a:8 a:9 a<b:shutdown"
                                                   : "b-shutdown a:1 a:2 a<b:shutdown");
        (void)airt_stop(s->system, a, NULL);
        sim_settle(s);
        sim_forget(s);
    }
}
static void a_full_mailbox_takes_notices(void **state)
{
    (void)state;
    sim_each(full_box_body, NULL);
}

/* --- children ----------------------------------------------------------------------------------------------------- */

static airt_status have_children(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref           ref = AIRT_NONE;
    airt_spawn_options child = { .child = true };
    airt_spawn_options all = { .child = true, .link = true, .monitor = true };

    AIRT_CHECK_EQ(puppet_spawn(AIRI_FROM(ctx), (char)(self->tag + 1), NULL, &child, &ref), AIRT_OK);
    if (argument != NULL)
        AIRT_CHECK_EQ(puppet_spawn(AIRI_FROM(ctx), (char)(self->tag + 2), NULL, &all, &ref), AIRT_OK);
    return AIRT_OK;
}
static void children_body(sim *s)
{
    puppet_plan restart = { .verdict = AIRT_RESTART };
    airt_ref    a[1];

    cast(s, a, "a", &restart);
    sim_do(s, a[0], have_children, s);
    sim_settle(s);
    sim_do(s, s->tagged['b'], have_children, NULL); /* its own is called c too */
    sim_settle(s);
    ASSERT_SORTED(s, "b+ c+ c+");
    sim_do(s, a[0], failing, NULL); /* an incarnation's end is its children's; the linked one fails with it */
    sim_settle(s);
    sim_check_account(s);
    sim_forget(s);
    assert_true(sim_alive(s, a[0]));
    assert_false(sim_alive(s, s->tagged['b']));
    assert_false(sim_alive(s, s->tagged['c']));
    sim_do(s, a[0], have_children, NULL);
    sim_begin(s);
    (void)airt_kill(s->system, a[0], NULL);
    sim_settle(s);
    ASSERT_SORTED(s, "a-killed b-shutdown");
}
static void children_end_with_their_parent(void **state)
{
    (void)state;
    sim_each(children_body, NULL);
}

static void system_stop_order_body(sim *s)
{
    airt_ref a[1];

    cast(s, a, "a", NULL);
    sim_do(s, a[0], have_children, NULL);
    sim_settle(s);
    sim_do(s, s->tagged['b'], have_children, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "b+ c+");
}
static void a_system_stops_children_before_parents(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        static sim s;

        assert_int_equal(sim_open(&s, &(sim_options){ .seed = seed }), AIRT_OK);
        system_stop_order_body(&s);
        sim_close_at_once(&s);
        ASSERT_SAID(&s, "c-shutdown b-shutdown a-shutdown");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(a_failure_travels_along_links),  SIM_TEST(a_normal_end_does_not_fire),
        SIM_TEST(links_survive_a_restart),        SIM_TEST(a_monitor_fires_once_at_the_final_stop),
        SIM_TEST(down_comes_behind_earlier_mail), SIM_TEST(a_full_mailbox_takes_notices),
        SIM_TEST(children_end_with_their_parent), cmocka_unit_test(a_system_stops_children_before_parents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
