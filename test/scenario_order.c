/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The order of mail, priorities, times to live, bounds by bytes, and letters to nobody. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* --- order and priorities ----------------------------------------------------------------------------------------- */

static void tell_with(sim *s, airt_ref to, uint64_t n, airt_priority priority)
{
    (void)sim_num_with(AIRI_FROM(s->system), to, n, &(airt_send_options){ .priority = priority });
}

static void priorities_body(sim *s)
{
    airt_ref r = sim_stuck(s, 'r', NULL, 10);

    tell_with(s, r, 1, AIRT_LOW);
    tell_with(s, r, 2, AIRT_NORMAL);
    tell_with(s, r, 3, AIRT_CRITICAL);
    tell_with(s, r, 4, AIRT_HIGH);
    tell_with(s, r, 5, AIRT_LOW);
    tell_with(s, r, 6, AIRT_CRITICAL);
    sim_run(s, 20);
    ASSERT_SAID(s, "r:3 r:6 r:4 r:2 r:1 r:5");
}
static void higher_leaves_first(void **state)
{
    (void)state;
    sim_each(priorities_body, NULL);
}

static void starvation_body(sim *s)
{
    airt_ref    r = sim_stuck(s, 'r', &(airt_spawn_options){ .mailbox = { .max = AIRT_UNBOUNDED } }, 10);
    int         before = 0;
    const char *at;

    tell_with(s, r, 7, AIRT_LOW);
    for (int i = 0; i < 2000; i++)
        tell_with(s, r, 1, AIRT_CRITICAL);
    assert_int_equal(sim_queued(s, r), 2001);
    sim_run(s, 20);
    for (at = s->text; strncmp(at, "r:7", 3) != 0; at = strchr(at, ' ') + 1)
        before++;
    assert_true(before > 0 && before <= 64);
}
static void low_is_not_starved(void **state)
{
    (void)state;
    sim_each(starvation_body, NULL);
}

static void drop_old_victims_body(sim *s)
{
    airt_ref r = sim_stuck(s, 'r', &(airt_spawn_options){ .mailbox = { .max = 3, .overflow = AIRT_DROP_OLD } }, 10);

    tell_with(s, r, 1, AIRT_NORMAL);
    tell_with(s, r, 2, AIRT_LOW);
    tell_with(s, r, 3, AIRT_LOW);
    tell_with(s, r, 4, AIRT_HIGH);   /* 2 goes */
    tell_with(s, r, 5, AIRT_NORMAL); /* 3 goes */
    tell_with(s, r, 6, AIRT_LOW);    /* 6 itself */
    tell_with(s, r, 7, AIRT_NORMAL); /* 1 goes */
    assert_int_equal(sim_queued(s, r), 3);
    assert_int_equal(s->letters[AIRT_LETTER_DROPPED], 4);
    sim_run(s, 20);
    ASSERT_SAID(s, "r:4 r:5 r:7");
}
static void the_victim_is_the_oldest_of_the_lowest(void **state)
{
    (void)state;
    sim_each(drop_old_victims_body, NULL);
}

/* --- time to live, bytes ------------------------------------------------------------------------------------------ */

static void ttl_body(sim *s)
{
    airt_ref r = sim_stuck(s, 'r', &(airt_spawn_options){ .mailbox = { .ttl_ms = 5 } }, 10);

    sim_run(s, 4);
    sim_num(s, r, 1); /* lives until 9 */
    sim_run(s, 2);
    sim_num(s, r, 2); /* until 11 */
    (void)sim_num_with(AIRI_FROM(s->system), r, 3, &(airt_send_options){ .ttl_ms = 3 });
    (void)sim_num_with(AIRI_FROM(s->system), r, 4, &(airt_send_options){ .ttl_ms = 5 });
    sim_run(s, 10);
    ASSERT_SAID(s, "r:2 r:4");
    assert_int_equal(s->letters[AIRT_LETTER_EXPIRED], 2);
}
static void what_expires_is_not_handled(void **state)
{
    (void)state;
    sim_each(ttl_body, NULL);
}

static void bytes_body(sim *s)
{
    static const airt_overflow rules[] = { AIRT_REFUSE, AIRT_DROP_NEW, AIRT_DROP_OLD };

    for (int i = 0; i < 3; i++) {
        airt_spawn_options o = { .mailbox = { .bytes_max = 24, .overflow = rules[i] } }; /* three nums */
        airt_ref           r = sim_stuck(s, 'r', &o, 10);

        for (uint64_t n = 1; n <= 5; n++)
            sim_num(s, r, n);
        assert_int_equal(sim_queued(s, r), 3);
        (void)airt_tell_any(s->system, r, puppet_start, .tag = 'r'); /* 24 bytes: only into an empty box */
        assert_int_equal(sim_queued(s, r), rules[i] == AIRT_DROP_OLD ? 1 : 3);
        sim_run(s, 20);
        ASSERT_SAID(s, rules[i] == AIRT_DROP_OLD ? "r+" : "r:1 r:2 r:3");
        (void)airt_stop(s->system, r, NULL);
        sim_settle(s);
    }
}
static void a_bound_by_bytes(void **state)
{
    (void)state;
    sim_each(bytes_body, NULL);
}

/* --- nobody there ------------------------------------------------------------------------------------------------- */

static void nobody_body(sim *s)
{
    airt_ref a = sim_spawn(s, 'a');
    airt_ref b;

    assert_int_equal(airt_tell_any(s->system, AIRT_NONE, num, .n = 1), AIRT_EDEAD);
    ASSERT_OK(airt_stop(s->system, a, NULL));
    sim_settle(s);
    assert_int_equal(airt_tell_any(s->system, a, num, .n = 2), AIRT_EDEAD);
    for (int i = 0; i < 100; i++) { /* slots are used again, and the old ref still means nobody */
        b = sim_spawn(s, 'b');
        sim_settle(s);
        assert_int_equal(airt_tell_any(s->system, a, num, .n = 3), AIRT_EDEAD);
        assert_false(airt_ref_same(a, b));
        ASSERT_OK(airt_stop(s->system, b, NULL));
        sim_settle(s);
    }
    assert_int_equal(s->letters[AIRT_LETTER_DEAD], 102);
    assert_null(strstr(s->text, ":"));
    b = sim_spawn(s, 'b');
    assert_int_equal(airt_tell_any(s->system, b, answer, .n = 1), AIRT_OK); /* a kind that is not handled */
    sim_settle(s);
    assert_int_equal(s->letters[AIRT_LETTER_UNHANDLED], 1);
    assert_true(sim_alive(s, b));
}
static void letters_to_nobody(void **state)
{
    (void)state;
    sim_each(nobody_body, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(higher_leaves_first),
        SIM_TEST(low_is_not_starved),
        SIM_TEST(the_victim_is_the_oldest_of_the_lowest),
        SIM_TEST(what_expires_is_not_handled),
        SIM_TEST(a_bound_by_bytes),
        SIM_TEST(letters_to_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
