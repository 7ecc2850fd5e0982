/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The function forms of the verbs, which bindings call, and what a message and an end say of themselves. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    TRACE = 77,
    LONG = 300
};

/* A request whose answer owns a blob and a text. */
struct order {
    uint64_t size;
};
struct goods {
    airt_blob blob;
    airt_str  text;
};
AIRT_KIND(order, size)
AIRT_KIND(goods, blob, text)
AIRT_ANSWER(order, goods)

static const char many[LONG] = "many";

struct shop {
    char nothing;
};
#define shop_ACCEPTS(KIND) KIND(order)
AIRT_PROTOCOL(shop)
AIRT_ON(shop, order)
{
    struct goods goods = { airt_blob_new(ctx, many, LONG), { many, (uint32_t)msg->size } };

    AIRT_CHECK_EQ(airt_reply_body(ctx, &goods_kind, &goods), AIRT_OK);
    AIRT_CHECK_EQ(airt_reply_body(ctx, &goods_kind, &goods), AIRT_EINVAL);
    return AIRT_OK;
}
#define shop_HANDLES(ON, A) ON(A, order)
AIRT_BEHAVIOR(shop)

/* --- function forms inside a handler ------------------------------------------------------------------------------ */

static airt_status asks(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref      to = *(airt_ref *)argument;
    struct query  query = { 1 };
    struct answer answer = { 0 };
    airt_call     call;
    airt_call    *calls[] = { &call };

    (void)self;
    AIRT_CHECK_EQ(airt_ask_body(ctx, to, &query_kind, &query, AIRT_MS(10), &answer_kind, &answer, sizeof answer),
                  AIRT_OK);
    AIRT_CHECK_EQ(answer.n, 101);
    query.n = 2;
    call = airt_ask_begin_body(ctx, to, &query_kind, &query, AIRT_MS(10), &answer_kind);
    AIRT_CHECK_EQ(airt_call_take_body(ctx, call, &answer_kind, &answer, sizeof answer), AIRT_EPENDING);
    AIRT_CHECK_EQ(airt_await_all(ctx, AIRT_MS(10), calls, 1), AIRT_OK);
    AIRT_CHECK_EQ(airt_call_take_body(ctx, call, &answer_kind, &answer, sizeof answer), AIRT_OK);
    AIRT_CHECK_EQ(answer.n, 102);
    return AIRT_OK;
}
static airt_status builds(airt_ctx *ctx, struct puppet *self, void *argument)
{
    struct num num = { 9 };
    airt_msg  *msg = NULL;

    (void)argument;
    AIRT_CHECK_EQ(airt_msg_new_body(ctx, &num_kind, &num, &msg), AIRT_OK);
    AIRT_CHECK(airt_msg_kind(msg) == &num_kind);
    AIRT_CHECK_EQ(airt_msg_as(msg, num)->n, 9);
    AIRT_CHECK_EQ(airt_send(ctx, self->self, &msg), AIRT_OK);
    AIRT_CHECK(msg == NULL);
    return AIRT_OK;
}
static airt_status arms(airt_ctx *ctx, struct puppet *self, void *argument)
{
    struct tick once = { 1 };
    struct tick ever = { 2 };
    airt_timer  timer;

    (void)argument;
    AIRT_CHECK_EQ(airt_send_after_body(ctx, AIRT_MS(5), NULL, &tick_kind, &once), AIRT_OK);
    AIRT_CHECK_EQ(airt_send_after_body(ctx, AIRT_MS(5), &timer, &tick_kind, &once), AIRT_OK);
    AIRT_CHECK(airt_timer_cancel(ctx, timer));
    AIRT_CHECK_EQ(airt_send_every_body(ctx, AIRT_MS(10), &self->timer, &tick_kind, &ever), AIRT_OK);
    AIRT_CHECK_EQ(airt_send_every_body(ctx, AIRT_MS(0), NULL, &tick_kind, &ever), AIRT_EINVAL);
    return AIRT_OK;
}
static airt_status disarms(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    AIRT_CHECK(airt_timer_cancel(ctx, self->timer));
    AIRT_CHECK(!airt_timer_cancel(ctx, self->timer));
    return AIRT_OK;
}
static airt_status takes(airt_ctx *ctx, struct puppet *self, void *argument)
{
    struct act act = { 0 };
    struct num num = { 0 };

    (void)self;
    AIRT_CHECK_EQ(airt_take_body(ctx, &num_kind, &num), AIRT_EINVAL);
    AIRT_CHECK_EQ(airt_take_body(ctx, &act_kind, &act), AIRT_OK);
    AIRT_CHECK(act.run == takes && act.argument == argument);
    AIRT_CHECK_EQ(airt_take_body(ctx, &act_kind, &act), AIRT_EKIND); /* it is the handler's already */
    return AIRT_OK;
}
static void forms_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    airt_ref b = sim_spawn(s, 'b');

    sim_begin(s);
    sim_do(s, a, asks, &b);
    sim_settle(s);
    ASSERT_SAID(s, "b?1 b?2");
    sim_do(s, a, builds, NULL);
    sim_do(s, a, takes, s);
    sim_settle(s);
    ASSERT_SAID(s, "a:9");
    sim_do(s, a, arms, NULL);
    sim_run(s, 25);
    ASSERT_SAID(s, "a*1 a*2 a*2");
    sim_do(s, a, disarms, NULL);
    sim_run(s, 50);
    ASSERT_SAID(s, "");
    assert_int_equal(s->reports[AIRT_REPORT_FAILED], 0);
}
static void function_forms_inside(void **state)
{
    (void)state;
    sim_each(forms_body, NULL);
}

/* --- and outside -------------------------------------------------------------------------------------------------- */

static void outside_body(sim *s)
{
    struct order order = { 4 };
    struct goods goods = { 0 };
    struct num   num = { 3 };
    airt_ref     a = sim_spawn(s, 'a');
    airt_msg    *msg = NULL;
    airt_ref     shop = AIRT_NONE;

    sim_begin(s);
    ASSERT_OK(airt_spawn_any(s->system, shop, &shop, NULL));
    ASSERT_OK(airt_ask_body(s->system, shop, &order_kind, &order, AIRT_MS(10), &goods_kind, &goods, sizeof goods));
    assert_int_equal(goods.text.size, 4);
    assert_memory_equal(goods.text.at, many, 4);
    assert_int_equal(goods.blob.size, LONG);
    airt_answer_clear_body(s->system, &goods_kind, &goods); /* what is left is a leak that the close finds */
    ASSERT_OK(airt_msg_new_body(s->system, &num_kind, &num, &msg));
    assert_true(msg != NULL && airt_ref_none(airt_msg_sender(msg)));
    ASSERT_OK(msg != NULL ? airt_send(s->system, a, &msg) : AIRT_ENOMEM);
    assert_null(msg);
    airt_drop(&msg); /* harmless */
    sim_settle(s);
    ASSERT_SAID(s, "a:3");
}
static void function_forms_outside(void **state)
{
    (void)state;
    sim_each(outside_body, NULL);
}

static void as_body(sim *s)
{
    airt_ref     a = sim_spawn(s, 'a');
    airt_ref     plain = AIRT_NONE;
    shop_ref     shop = { 0 };
    struct goods goods = { 0 };

    ASSERT_OK(airt_spawn_any(s->system, shop, &plain, NULL));
    assert_int_equal(airt_as(s->system, shop, a, &shop), AIRT_EKIND);
    assert_int_equal(shop.bits, 0);
    ASSERT_OK(airt_as(s->system, shop, plain, &shop));
    assert_true(airt_ref_same(shop.ref, plain));
    ASSERT_OK(airt_ask(s->system, shop, &goods, AIRT_MS(10), order, .size = 1));
    airt_answer_clear(s->system, goods, &goods);
    ASSERT_OK(airt_stop(s->system, plain, NULL));
    sim_settle(s);
    assert_int_equal(airt_as(s->system, shop, plain, &shop), AIRT_EDEAD);
}
static void an_untyped_ref_becomes_a_typed_one(void **state)
{
    (void)state;
    sim_each(as_body, NULL);
}

/* --- an answer of another kind ------------------------------------------------------------------------------------ */

static airt_status replies_wrongly(airt_ctx *ctx, struct puppet *self, void *argument)
{
    struct num other = { 1 };

    (void)self;
    *(airt_status *)argument = airt_reply_body(ctx, &num_kind, &other);
    return airt_reply(ctx, command, .n = 7);
}
typedef struct wrong {
    airt_ref    to;
    airt_status replied, asked;
    uint64_t    n;
} wrong;
static airt_status asks_who_replies_wrongly(airt_ctx *ctx, struct puppet *self, void *argument)
{
    wrong *w = (wrong *)argument;

    (void)self;
    w->asked = sim_command(ctx, w->to, AIRT_MS(10), replies_wrongly, &w->replied, &w->n);
    return AIRT_OK;
}
/* As airt_reply_body says: the server is told, and may still answer rightly. */
static void wrong_kind_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    wrong    w = { .to = sim_spawn(s, 'b') };

    sim_do(s, a, asks_who_replies_wrongly, &w);
    sim_settle(s);
    assert_int_equal(w.replied, AIRT_EKIND);
    assert_int_equal(w.asked, AIRT_OK);
    assert_int_equal(w.n, 7);
}
static void an_answer_of_another_kind_is_told_to_the_server(void **state)
{
    (void)state;
    sim_each(wrong_kind_body, NULL);
}

/* --- a kept request that is refused ------------------------------------------------------------------------------- */

static airt_status keeps(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    return airt_keep(ctx, &self->kept[0]);
}
static airt_status refuses_kept(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    AIRT_CHECK_EQ(airt_reply_failure_to(ctx, &self->kept[0], -7, "no %s", "more"), AIRT_OK);
    AIRT_CHECK(self->kept[0] == NULL);
    AIRT_CHECK_EQ(airt_reply_failure_to(ctx, &self->kept[0], -8, "again"), AIRT_EINVAL);
    return AIRT_OK;
}
static airt_status is_refused(airt_ctx *ctx, struct puppet *self, void *argument)
{
    uint64_t n = 5;

    AIRT_CHECK_EQ(sim_command(ctx, *(airt_ref *)argument, AIRT_MS(10), keeps, NULL, &n), AIRT_EREFUSED);
    AIRT_CHECK_EQ(n, 0);
    AIRT_CHECK_EQ(airt_last_failure(ctx)->status, AIRT_EREFUSED);
    sim_say("%c.%d,%s", self->tag, (int)airt_last_failure(ctx)->code, airt_last_failure(ctx)->text);
    return AIRT_OK;
}
static void refused_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    airt_ref b = sim_spawn(s, 'b');

    sim_begin(s);
    sim_do(s, a, is_refused, &b);
    sim_settle(s);
    ASSERT_SAID(s, "");
    sim_do(s, b, refuses_kept, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "a.-7,no more");
}
static void a_kept_request_is_refused(void **state)
{
    (void)state;
    sim_each(refused_body, NULL);
}

/* --- what a message says of itself -------------------------------------------------------------------------------- */

/* Says sender, priority and trace of the message in work. */
static airt_status say_message(airt_ctx *ctx, struct puppet *self)
{
    const airt_msg *msg = airt_message(ctx);

    AIRT_CHECK(airt_ref_same(airt_msg_sender(msg), airt_sender(ctx)));
    sim_say("%c<%c,%d,%d", self->tag, sim_letter(airt_msg_sender(msg)), (int)airt_msg_priority(msg),
            (int)airt_msg_trace(msg));
    return AIRT_OK;
}
static airt_status tells_of_it(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    return say_message(ctx, self);
}
static airt_status serves_and_tells(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    AIRT_TRY(say_message(ctx, self));
    return airt_reply(ctx, command, .n = 1);
}
/* Passes it on in every way: told without options, with a trace of its own, and asked. */
static airt_status passes_on(airt_ctx *ctx, struct puppet *self, void *argument)
{
    struct act        act = { tells_of_it, NULL };
    airt_ref          to = *(airt_ref *)argument;
    airt_send_options own = { .trace = TRACE + 1, .priority = AIRT_CRITICAL };

    AIRT_TRY(say_message(ctx, self));
    AIRT_CHECK_EQ(airt_tell_body(ctx, to, &act_kind, &act, NULL), AIRT_OK);
    AIRT_CHECK_EQ(sim_command(ctx, to, AIRT_MS(10), serves_and_tells, NULL, NULL), AIRT_OK);
    AIRT_CHECK_EQ(airt_tell_body(ctx, to, &act_kind, &act, &own), AIRT_OK);
    return AIRT_OK;
}
static void trace_body(sim *s)
{
    airt_ref          a = sim_spawn(s, 'a');
    airt_ref          b = sim_spawn(s, 'b');
    airt_send_options options = { .trace = TRACE, .priority = AIRT_HIGH };
    struct act        act = { passes_on, &b };

    sim_begin(s);
    ASSERT_OK(airt_tell_body(s->system, a, &act_kind, &act, &options));
    sim_settle(s);
    ASSERT_SAID(s, "a<-,2,77 b<a,0,77 b<a,0,77 b<a,3,78");
    ASSERT_OK(airt_tell_body(s->system, a, &act_kind, &act, NULL)); /* nothing of it is left */
    sim_settle(s);
    ASSERT_SAID(s, "a<-,0,0 b<a,0,0 b<a,0,0 b<a,3,78");
    ASSERT_OK(airt_tell_with(s->system, (act_sink){ .ref = b },
                             (&(airt_send_options){ .priority = AIRT_LOW, .trace = 5 }), act, .run = tells_of_it));
    sim_settle(s);
    ASSERT_SAID(s, "b<-,1,5");
}
static void sender_priority_and_trace(void **state)
{
    (void)state;
    sim_each(trace_body, NULL);
}

static airt_status prints(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)argument;
    AIRT_CHECK_EQ(airt_keep(ctx, &self->kept[0]), AIRT_OK);
    airt_debug_msg(self->kept[0]);
    airt_drop(&self->kept[0]);
    return AIRT_OK;
}
static void a_message_is_printed_for_debuggers(void **state)
{
    static sim s;
    char       text[300] = "";
    FILE      *file = tmpfile();
    int        kept = dup(2);
    airt_ref   a;

    (void)state;
    assert_non_null(file);
    ASSERT_OK(sim_open(&s, &(sim_options){ .seed = 1 }));
    a = sim_spawn(&s, 'a');
    sim_settle(&s);
    (void)fflush(stderr);
    assert_int_equal(dup2(fileno(file), 2), 2);
    (void)airt_tell_with(s.system, (command_sink){ .ref = a }, (&(airt_send_options){ .priority = AIRT_HIGH }), command,
                         .run = (uint64_t)(uintptr_t)prints, .argument = 12);
    sim_settle(&s);
    (void)fflush(stderr);
    assert_int_equal(dup2(kept, 2), 2);
    (void)close(kept);
    rewind(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    (void)fclose(file);
    assert_int_equal(strncmp(text, "command{run=", 12), 0);
    assert_non_null(strstr(text, "argument=12} from 0, priority 2, deadline 0\n"));
    sim_close(&s);
}

/* --- chance, and words for ends ----------------------------------------------------------------------------------- */

enum {
    DRAWS = 64
};
struct draws {
    uint64_t inside[DRAWS], outside[DRAWS];
};
static airt_status draws(airt_ctx *ctx, struct puppet *self, void *argument)
{
    struct draws *d = (struct draws *)argument;

    (void)self;
    for (int i = 0; i < DRAWS; i++)
        d->inside[i] = airt_random(ctx);
    return AIRT_OK;
}
static void draw(uint64_t seed, struct draws *d)
{
    static sim s;

    ASSERT_OK(sim_open(&s, &(sim_options){ .seed = seed, .layout = (uint32_t)seed }));
    sim_do(&s, sim_spawn(&s, 'a'), draws, d);
    sim_settle(&s);
    for (int i = 0; i < DRAWS; i++)
        d->outside[i] = airt_random(s.system);
    sim_close(&s);
}
static void chance_is_replayed(void **state)
{
    struct draws d[3];
    uint64_t     ones = 0;
    uint64_t     zeros = 0;

    (void)state;
    draw(1, &d[0]);
    draw(1, &d[1]);
    draw(2, &d[2]);
    assert_memory_equal(&d[0], &d[1], sizeof d[0]);
    for (int i = 0; i < DRAWS; i++) {
        assert_true(d[0].inside[i] != d[2].inside[i]);
        assert_true(d[0].inside[i] != d[0].outside[i]);
        assert_true(i == 0 || d[0].inside[i] != d[0].inside[i - 1]);
        ones |= d[0].inside[i];
        zeros |= ~d[0].inside[i];
    }
    assert_true(ones == UINT64_MAX && zeros == UINT64_MAX); /* every bit is drawn */
}

static void words_for_ends(void **state)
{
    (void)state;
    for (unsigned exit = 0; exit < AIRT_EXIT_COUNT; exit++)
        assert_int_equal(airt_exit_is_failure((airt_exit)exit), exit != AIRT_EXIT_NORMAL && exit != AIRT_EXIT_SHUTDOWN);
    for (unsigned reason = 0; reason < AIRT_LETTER_COUNT; reason++) {
        assert_true(strlen(airt_letter_text((airt_letter)reason)) > 3);
        for (unsigned other = 0; other < reason; other++)
            assert_string_not_equal(airt_letter_text((airt_letter)reason), airt_letter_text((airt_letter)other));
    }
    assert_string_equal(airt_letter_text(AIRT_LETTER_EXPIRED), "expired");
    assert_string_equal(airt_letter_text(AIRT_LETTER_NOMEM), "out of memory");
    assert_string_equal(airt_letter_text((airt_letter)99), "unknown reason");
    for (unsigned kind = 0; kind < AIRT_REPORT_COUNT; kind++)
        for (unsigned other = 0; other < kind; other++)
            assert_string_not_equal(airt_report_text((airt_report_kind)kind),
                                    airt_report_text((airt_report_kind)other));
    assert_string_equal(airt_report_text(AIRT_REPORT_STUCK), "stuck");
    assert_string_equal(airt_report_text((airt_report_kind)99), "unknown report");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(function_forms_inside),
        SIM_TEST(function_forms_outside),
        SIM_TEST(an_untyped_ref_becomes_a_typed_one),
        SIM_TEST(a_kept_request_is_refused),
        SIM_TEST(an_answer_of_another_kind_is_told_to_the_server),
        SIM_TEST(sender_priority_and_trace),
        cmocka_unit_test(a_message_is_printed_for_debuggers),
        cmocka_unit_test(chance_is_replayed),
        cmocka_unit_test(words_for_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
