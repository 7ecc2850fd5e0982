/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Several calls at once, and receive. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* --- several calls ------------------------------------------------------------------------------------------------ */

static airt_status gathers(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref     *to = argument;
    query_call    q1 = airt_ask_begin_any(ctx, to[0], AIRT_MS(100), query, .n = 1);
    query_call    q2 = airt_ask_begin_any(ctx, to[1], AIRT_MS(100), query, .n = 2);
    query_call    q3 = airt_ask_begin_any(ctx, AIRT_NONE, AIRT_MS(100), query, .n = 3);
    airt_call    *both[] = { &q1.call, &q2.call };
    airt_call    *all[] = { &q1.call, &q2.call, &q3.call };
    struct answer answer;
    size_t        index = 9;

    (void)self;
    AIRT_CHECK_EQ(airt_call_take(ctx, query, q1, &answer), AIRT_EPENDING);
    AIRT_CHECK_EQ(airt_await_all(ctx, AIRT_MS(50), both, 2), AIRT_OK);
    AIRT_CHECK_EQ(airt_call_take(ctx, query, q2, &answer), AIRT_OK);
    AIRT_CHECK_EQ(answer.n, 102);
    AIRT_CHECK_EQ(airt_call_take(ctx, query, q1, &answer), AIRT_OK);
    AIRT_CHECK_EQ(airt_call_take(ctx, query, q1, &answer), AIRT_EINVAL);
    AIRT_CHECK_EQ(airt_await_any(ctx, AIRT_MS(50), all + 2, 1, &index), AIRT_OK);
    AIRT_CHECK_EQ(index, 0);
    AIRT_CHECK_EQ(airt_call_take(ctx, query, q3, &answer), AIRT_EDEAD); /* begin never fails */
    q1 = airt_ask_begin_any(ctx, to[2], AIRT_MS(100), query, .n = 1);   /* which sleeps */
    q2 = airt_ask_begin_any(ctx, to[1], AIRT_MS(100), query, .n = 2);
    AIRT_CHECK_EQ(airt_await_any(ctx, AIRT_MS(50), both, 2, &index), AIRT_OK);
    AIRT_CHECK_EQ(index, 1);
    AIRT_CHECK_EQ(airt_await_all(ctx, AIRT_MS(2), both, 2), AIRT_ETIMEDOUT);
    AIRT_CHECK_EQ(airt_await_all(ctx, AIRT_MS(2), both, 0), AIRT_EINVAL);
    all[0] = all[1] = all[2] = &q1.call; /* one call three times is one call */
    AIRT_CHECK_EQ(airt_await_all(ctx, AIRT_MS(2), all, 3), AIRT_ETIMEDOUT);
    sim_say("gathered"); /* what was not taken is released */
    return AIRT_OK;
}
static void gather_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    airt_ref r[3] = { sim_spawn(s, 'b'), sim_spawn(s, 'c'), sim_spawn(s, 'd') };

    sim_begin(s);
    sim_do(s, r[2], sim_sleeps, (void *)30);
    sim_do(s, a, gathers, r);
    sim_run(s, 50);
    ASSERT_SORTED(s, "b?1 c?2 c?2 gathered");
    assert_int_equal(s->letters[AIRT_LETTER_EXPIRED], 1); /* its handler had returned */
}
static void several_calls_at_once(void **state)
{
    (void)state;
    sim_each(gather_body, NULL);
}

/* --- receive ------------------------------------------------------------------------------------------------------ */

static airt_status receives(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_msg   *msg = NULL;
    airt_status status = airt_receive(ctx, AIRT_MS(10), &msg, other);

    (void)argument;
    if (status == AIRT_OK) {
        sim_say("%c.got%llu", self->tag, (unsigned long long)airt_msg_as(msg, other)->n);
        AIRT_CHECK(airt_msg_as(msg, num) == NULL);
        airt_drop(&msg);
    } else {
        sim_say("%c.%s", self->tag, airt_status_name(status));
    }
    return AIRT_OK;
}
static void receive_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');

    sim_begin(s);
    sim_do(s, a, receives, NULL);
    sim_settle(s);
    sim_num(s, a, 1);
    sim_num(s, a, 2);
    sim_settle(s);
    ASSERT_SAID(s, "");
    (void)airt_tell_any(s->system, a, other, .n = 3);
    (void)airt_tell_any(s->system, a, other, .n = 4);
    sim_settle(s);
    ASSERT_SAID(s, "a.got3 a:1 a:2 a;4"); /* the others kept their order */
    sim_do(s, a, receives, NULL);
    sim_num(s, a, 5);
    sim_run(s, 20);
    ASSERT_SAID(s, "a.AIRT_ETIMEDOUT a:5");
    sim_do(s, a, receives, NULL);
    sim_settle(s);
    ASSERT_OK(airt_kill(s->system, a, NULL));
    sim_settle(s);
    ASSERT_SAID(s, "");
}
static void receive_is_selective(void **state)
{
    (void)state;
    sim_each(receive_body, NULL);
}

/* --- each call's own time ----------------------------------------------------------------------------------------- */

static int64_t since(airt_ctx *ctx, int64_t start)
{
    return (airt_now_ns(ctx) - start) / 1000000;
}
static airt_status waits_for_each(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref      sleeper = *(airt_ref *)argument;
    int64_t       start = airt_now_ns(ctx);
    query_call    q1 = airt_ask_begin_any(ctx, sleeper, AIRT_MS(50), query, .n = 1);
    query_call    q2 = airt_ask_begin_any(ctx, sleeper, AIRT_MS(80), query, .n = 2);
    query_call    q3 = airt_ask_begin_any(ctx, sleeper, AIRT_MS(1000), query, .n = 3);
    airt_call    *calls[] = { &q2.call, &q1.call, &q3.call };
    struct answer answer;
    size_t        index = 9;

    (void)self;
    AIRT_CHECK_EQ(airt_await_any(ctx, AIRT_MS(600), calls, 3, &index), AIRT_OK);
    sim_say("any%zu@%lld", index, (long long)since(ctx, start));
    AIRT_CHECK_EQ(airt_call_take(ctx, query, q1, &answer), AIRT_ETIMEDOUT);
    AIRT_CHECK_EQ(airt_call_take(ctx, query, q2, &answer), AIRT_EPENDING);
    AIRT_CHECK_EQ(airt_await_all(ctx, AIRT_MS(600), calls, 1), AIRT_OK);
    sim_say("all@%lld", (long long)since(ctx, start));
    AIRT_CHECK_EQ(airt_call_take(ctx, query, q2, &answer), AIRT_ETIMEDOUT);
    AIRT_CHECK_EQ(airt_await_any(ctx, AIRT_MS(20), calls + 2, 1, &index), AIRT_ETIMEDOUT); /* the wait's own */
    sim_say("wait@%lld", (long long)since(ctx, start));
    AIRT_CHECK_EQ(airt_await_all(ctx, AIRT_MS(600), calls + 2, 1), AIRT_OK);
    AIRT_CHECK_EQ(airt_call_take(ctx, query, q3, &answer), AIRT_OK);
    AIRT_CHECK_EQ(answer.n, 103);
    sim_say("last@%lld", (long long)since(ctx, start));
    return AIRT_OK;
}
static void own_time_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    airt_ref r = sim_stuck(s, 'r', NULL, 200);

    sim_begin(s);
    sim_do(s, a, waits_for_each, &r);
    sim_run(s, 2000);
    ASSERT_SAID(s, "any1@50 all@80 wait@100 r?3 last@200");
}
static void a_call_ends_in_its_own_time(void **state)
{
    (void)state;
    sim_each(own_time_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(several_calls_at_once),
        SIM_TEST(receive_is_selective),
        SIM_TEST(a_call_ends_in_its_own_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
