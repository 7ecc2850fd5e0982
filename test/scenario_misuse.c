/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What clients get wrong, and servers survive: requests that are told, refs of nobody, bodies too large. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct text {
    airt_str words;
};
AIRT_KIND(text, words)
AIRT_SIGNAL(text_get)
AIRT_ANSWER(text_get, text)
AIRT_SIGNAL(text_later)
AIRT_ANSWER(text_later, text)
AIRT_SIGNAL(text_flush)
AIRT_SIGNAL(text_region)

#define writer_ACCEPTS(KIND) KIND(text_get) KIND(text_later) KIND(text_flush) KIND(text_region)
AIRT_PROTOCOL(writer)
struct writer {
    airt_msg *kept;
};

static char        large[70000];
static airt_status seen[2];

AIRT_ON(writer, text_get)
{
    (void)self;
    seen[0] = airt_reply(ctx, text_get, .words = { large, sizeof large });
    return airt_reply(ctx, text_get, .words = AIRT_STR("small"));
}

AIRT_ON(writer, text_later)
{
    return airt_keep(ctx, &self->kept);
}

AIRT_ON(writer, text_flush)
{
    (void)ctx;
    seen[1] = airt_reply_to(ctx, &self->kept, text_later, .words = { large, sizeof large });
    return airt_reply_to(ctx, &self->kept, text_later, .words = AIRT_STR("late"));
}

AIRT_ON(writer, text_region)
{
    (void)self;
    AIRT_TRY(airt_blocking_begin(ctx));
    return AIRT_OK; /* the end is forgotten */
}

#define writer_HANDLES(ON, A) ON(A, text_get) ON(A, text_later) ON(A, text_flush) ON(A, text_region)
AIRT_BEHAVIOR(writer)

static airt_status outcome(writer_ref to, struct text *text, airt_ctx *ctx)
{
    return airt_ask(ctx, to, text, AIRT_MS(100), text_get);
}

static airt_status asks_writer(airt_ctx *ctx, struct puppet *self, void *argument)
{
    struct text text = { { NULL, 0 } };

    (void)self;
    AIRT_TRY(outcome(*(writer_ref *)argument, &text, ctx));
    sim_say("%.*s", (int)text.words.size, text.words.at);
    return AIRT_OK;
}

/* A request that was told: the server replies to nobody, and lives. Too large a reply leaves the request to be answered. */
static void told_body(sim *s)
{
    writer_ref        writer = { 0 };
    airt_ref          a = sim_spawn(s, 'a');
    airt_system_stats stats;

    ASSERT_OK(airt_spawn(s->system, writer, &writer, NULL));
    airt_tell(s->system, writer, text_get);
    airt_tell(s->system, writer, text_later);
    airt_tell(s->system, writer, text_flush);
    airt_tell(s->system, writer, text_region);
    airt_tell(s->system, writer, text_region);
    sim_settle(s);
    assert_int_equal(seen[0], AIRT_OK); /* nobody waits, whatever its size */
    assert_int_equal(seen[1], AIRT_EINVAL);
    sim_do(s, a, asks_writer, &writer);
    sim_settle(s);
    assert_int_equal(seen[0], AIRT_EINVAL);
    assert_non_null(strstr(s->text, "small"));
    airt_system_stats_get(s->system, &stats);
    assert_int_equal(stats.late_replies, 3);
    assert_int_equal(stats.failed, 0);
}

static void a_told_request_is_no_failure(void **state)
{
    (void)state;
    sim_each(told_body, NULL);
}

/* A number that somebody made up, or a peer sent: a slot that was never let. */
static void nobody_body(sim *s)
{
    writer_ref      writer;
    airt_ref        nobody = { 5 };
    airt_actor_info info;
    uint32_t        incarnation;

    assert_int_equal(airt_as(s->system, writer, nobody, &writer), AIRT_EDEAD);
    assert_int_equal(airt_info(s->system, nobody, &info), AIRT_EDEAD);
    assert_int_equal(airt_incarnation(s->system, nobody, &incarnation), AIRT_EDEAD);
    assert_int_equal(airt_stop(s->system, nobody, NULL), AIRT_EDEAD);
    assert_int_equal(airt_drain(s->system, nobody, NULL), AIRT_EDEAD);
    assert_int_equal(airt_kill(s->system, nobody, NULL), AIRT_EDEAD);
    assert_int_equal(airt_tell_any(s->system, nobody, text_get), AIRT_EDEAD);
    assert_int_equal(s->letters[AIRT_LETTER_DEAD], 1);
}

static void a_ref_of_nobody_is_dead(void **state)
{
    (void)state;
    sim_each(nobody_body, NULL);
}

/* Two systems in one process: a ref of one is nobody in the other. */
static void another_body(sim *s)
{
    airt_system *other = NULL;
    airt_ref     here = sim_spawn(s, 'a');
    airt_ref     there = AIRT_NONE;

    ASSERT_OK(airt_system_create((&(airt_system_options){ .world = s->world }), &other));
    ASSERT_OK(puppet_spawn(AIRI_FROM(other), 'b', NULL, NULL, &there));
    assert_int_equal(airt_tell_any(s->system, there, num, .n = 1), AIRT_EDEAD);
    assert_int_equal(airt_tell_any(other, here, num, .n = 1), AIRT_EDEAD);
    ASSERT_OK(airt_system_stop(&other, AIRT_SECONDS(1)));
}

static void a_ref_of_another_system_is_dead(void **state)
{
    (void)state;
    sim_each(another_body, NULL);
}

static void arguments_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');

    sim_settle(s);
    assert_int_equal(airt_tell_any(s->system, a, text, .words = { large, sizeof large }), AIRT_EINVAL);
    assert_int_equal(s->letters[AIRT_LETTER_INVALID], 1);
    assert_int_equal(sim_num_with(AIRI_FROM(s->system), a, 1, &(airt_send_options){ .priority = (airt_priority)9 }),
                     AIRT_EINVAL);
    assert_int_equal(s->letters[AIRT_LETTER_INVALID], 2);
}

static void what_cannot_be_sent_is_invalid(void **state)
{
    (void)state;
    sim_each(arguments_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(a_told_request_is_no_failure),
        SIM_TEST(a_ref_of_nobody_is_dead),
        SIM_TEST(a_ref_of_another_system_is_dead),
        SIM_TEST(what_cannot_be_sent_is_invalid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
