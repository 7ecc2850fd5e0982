/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is made in one handler and used in later ones: timers that are armed again and again, by their owner alone, and
 * built messages that outlive their builder. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static airt_timer  timer;
static airt_status make_timer(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    return airt_timer_new(ctx, &timer, tick, .n = 1);
}
static airt_status arm_timer(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    sim_say("%d", airt_timer_arm(ctx, timer, AIRT_MS((int64_t)(intptr_t)argument)));
    return AIRT_OK;
}
static airt_status arm_and_stay(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)arm_timer(ctx, self, argument);
    return airt_sleep(ctx, AIRT_MS(10));
}
static airt_status cancel_timer(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    sim_say("%d", airt_timer_cancel(ctx, timer));
    return AIRT_OK;
}
static void timer_body(sim *s)
{
    airt_ref owner = sim_spawn(s, 'a'), other = sim_spawn(s, 'b');

    sim_begin(s);
    sim_do(s, owner, make_timer, NULL);
    sim_run(s, 10);
    ASSERT_SAID(s, "");
    sim_do(s, owner, arm_timer, (void *)(intptr_t)5);
    sim_run(s, 4);
    sim_do(s, owner, arm_timer, (void *)(intptr_t)5); /* anew */
    sim_run(s, 4);
    ASSERT_SAID(s, "1 1");
    sim_run(s, 2);
    ASSERT_SAID(s, "a*1");
    sim_do(s, owner, arm_and_stay, (void *)(intptr_t)1);
    sim_run(s, 5);
    sim_run(s, 10);
    ASSERT_SAID(s, "1 a*1");
    sim_do(s, owner, arm_timer, (void *)(intptr_t)0);
    sim_settle(s);
    ASSERT_SAID(s, "1 a*1");
    sim_do(s, other, make_timer, NULL); /* it has one, too */
    sim_do(s, owner, arm_timer, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "0"); /* another's */
    sim_do(s, other, cancel_timer, NULL);
    sim_do(s, owner, make_timer, NULL);
    sim_settle(s);
    sim_forget(s);
    sim_do(s, owner, cancel_timer, NULL);
    sim_do(s, owner, arm_timer, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "1 0");
}
static void a_timer_is_armed_again_and_again(void **state)
{
    (void)state;
    sim_each(timer_body, NULL);
}

static airt_msg   *parcel;
static airt_status build(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    AIRT_TRY(airt_msg_new(ctx, &parcel, num, .n = 5));
    return airt_msg_detach(ctx, parcel);
}
static airt_status pass_on(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_send(ctx, *(airt_ref *)argument, &parcel);
}
static void detach_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a'), b = sim_spawn(s, 'b'), c = sim_spawn(s, 'c');

    parcel = NULL;
    sim_do(s, a, build, NULL);
    sim_settle(s);
    ASSERT_OK(airt_stop(s->system, a, NULL)); /* it outlives its builder */
    sim_settle(s);
    sim_forget(s);
    assert_non_null(parcel);
    sim_do(s, b, pass_on, &c);
    sim_settle(s);
    ASSERT_SAID(s, "c:5");
    airt_drop(&parcel); /* nothing, if it was sent */
    sim_do(s, b, build, NULL);
    sim_settle(s);
    airt_drop(&parcel);
}
static void a_built_message_outlives_its_builder(void **state)
{
    (void)state;
    sim_each(detach_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(a_timer_is_armed_again_and_again),
        SIM_TEST(a_built_message_outlives_its_builder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
