/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "core/wheel.h"

#include "fake_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TICK ((int64_t)1 << AIRI_WHEEL_TICK_SHIFT)

typedef struct test_timer {
    airi_wheel_timer timer;
    uint64_t         armed_at; /* sequence number */
    bool             armed;
} test_timer;

static airi_wheel wheel; /* 12 KiB */

static test_timer *test_timer_of(airi_list *link)
{
    return (test_timer *)(void *)AIRI_CONTAINER(link, airi_wheel_timer, link);
}

static void test_exact(void **state)
{
    airi_wheel_timer timers[3] = { 0 };
    airi_list        out;

    (void)state;
    airi_list_init(&out);
    memset(&wheel, 0x5a, sizeof wheel); /* init needs no zeroed slots */
    airi_wheel_init(&wheel, 1000);
    assert_int_equal(airi_wheel_next_ns(&wheel), AIRI_NEVER);
    assert_int_equal(airi_wheel_expire(&wheel, 5000, &out), 0);
    airi_wheel_add(&wheel, &timers[0], 10000); /* all in one tick */
    airi_wheel_add(&wheel, &timers[1], 9999);
    airi_wheel_add(&wheel, &timers[2], 10000);
    assert_true(airi_list_linked(&timers[0].link));
    assert_int_equal(airi_wheel_next_ns(&wheel), 9999);
    assert_int_equal(airi_wheel_expire(&wheel, 9998, &out), 0);
    assert_int_equal(airi_wheel_expire(&wheel, 9999, &out), 1);
    assert_ptr_equal(airi_list_pop_front(&out), &timers[1].link);
    assert_int_equal(airi_wheel_next_ns(&wheel), 10000);
    assert_int_equal(airi_wheel_expire(&wheel, 10000, &out), 2);
    assert_true(airi_wheel_remove(&wheel, &timers[0])); /* off the expired list */
    assert_false(airi_wheel_remove(&wheel, &timers[0]));
    assert_ptr_equal(airi_list_pop_front(&out), &timers[2].link);
    assert_true(airi_list_empty(&out));
    assert_int_equal(airi_wheel_next_ns(&wheel), AIRI_NEVER);
}

static void test_past_and_far(void **state)
{
    airi_wheel_timer timers[4] = { 0 };
    airi_list        out;
    int64_t          start = 77 * TICK + 5;

    (void)state;
    airi_list_init(&out);
    airi_wheel_init(&wheel, start);
    airi_wheel_add(&wheel, &timers[0], -5);
    airi_wheel_add(&wheel, &timers[1], 3);
    airi_wheel_add(&wheel, &timers[2], AIRI_NEVER);
    airi_wheel_add(&wheel, &timers[3], AIRI_NEVER - 1);
    assert_int_equal(airi_wheel_next_ns(&wheel), 0);
    assert_int_equal(airi_wheel_expire(&wheel, start, &out), 2);
    assert_ptr_equal(airi_list_pop_front(&out), &timers[0].link);
    assert_ptr_equal(airi_list_pop_front(&out), &timers[1].link);
    assert_int_equal(airi_wheel_next_ns(&wheel), AIRI_NEVER - 1);
    assert_int_equal(airi_wheel_expire(&wheel, INT64_C(300) * 365 * 86400 * 1000000, &out), 0);
    assert_int_equal(airi_wheel_next_ns(&wheel), AIRI_NEVER - 1);
    assert_int_equal(airi_wheel_expire(&wheel, AIRI_NEVER - 1, &out), 1);
    assert_int_equal(airi_wheel_next_ns(&wheel), AIRI_NEVER);
    assert_true(airi_wheel_remove(&wheel, &timers[2]));
    assert_int_equal(airi_wheel_next_ns(&wheel), AIRI_NEVER);
}

/* A wake for a cancelled timer comes at most once, and none comes for a mere move to a lower level. */
static void test_wakes(void **state)
{
    airi_wheel_timer timers[2] = { 0 };
    airi_list        out;
    int64_t          due = INT64_C(10) * 86400 * 1000000000 + 123;
    int              wakes = 0;

    (void)state;
    airi_list_init(&out);
    airi_wheel_init(&wheel, 1);
    airi_wheel_add(&wheel, &timers[0], due);
    while (airi_list_empty(&out)) {
        wakes++;
        airi_wheel_expire(&wheel, airi_wheel_next_ns(&wheel), &out);
    }
    assert_int_equal(wakes, 1);
    assert_non_null(airi_list_pop_front(&out));
    airi_wheel_add(&wheel, &timers[0], due * 2);
    airi_wheel_add(&wheel, &timers[1], due * 2 - 5); /* the same slot, first */
    assert_true(airi_wheel_remove(&wheel, &timers[1]));
    for (wakes = 0; airi_list_empty(&out); wakes++)
        airi_wheel_expire(&wheel, airi_wheel_next_ns(&wheel), &out);
    assert_in_range(wakes, 1, 2);
    assert_non_null(airi_list_pop_front(&out));
}

#define MODEL_TIMERS 500
#define MODEL_STEPS 300000

static test_timer model[MODEL_TIMERS];

/* The earliest armed in the model, ties by arming; NULL: none. */
static test_timer *model_first(void)
{
    test_timer *first = NULL;

    for (int i = 0; i < MODEL_TIMERS; i++) {
        test_timer *t = &model[i];

        if (t->armed && (first == NULL || t->timer.due_ns < first->timer.due_ns ||
                         (t->timer.due_ns == first->timer.due_ns && t->armed_at < first->armed_at)))
            first = t;
    }
    return first;
}

static int64_t model_delay(uint64_t *seed)
{
    int     bits = (int)(test_random(seed) % 50);
    int64_t delay = (int64_t)(test_random(seed) & (((uint64_t)1 << bits) - 1));

    return test_random(seed) % 8 == 0 ? delay / TICK * TICK : delay; /* many on the edges of slots */
}

static void model_expire(int64_t now_ns)
{
    airi_list   out;
    airi_list  *link;
    uint64_t    count;
    test_timer *expected;

    airi_list_init(&out);
    count = airi_wheel_expire(&wheel, now_ns, &out);
    while ((link = airi_list_pop_front(&out)) != NULL) {
        expected = model_first();
        assert_ptr_equal(test_timer_of(link), expected); /* order of due time, ties by arming */
        assert_true(expected->timer.due_ns <= now_ns);   /* never early */
        expected->armed = false;
        count--;
    }
    assert_int_equal(count, 0);
    expected = model_first();
    assert_true(expected == NULL || expected->timer.due_ns > now_ns); /* none left behind */
}

static void check_next(bool cancelled)
{
    test_timer *first = model_first();
    int64_t     next = airi_wheel_next_ns(&wheel);

    if (first == NULL)
        assert_int_equal(next, AIRI_NEVER);
    else if (cancelled)
        assert_true(next <= first->timer.due_ns);
    else
        assert_int_equal(next, first->timer.due_ns);
}

static void run_model(uint64_t seed, bool cancels)
{
    int64_t  now = (int64_t)(test_random(&seed) >> 8);
    uint64_t sequence = 0;

    memset(model, 0, sizeof model);
    airi_wheel_init(&wheel, now);
    for (int step = 0; step < MODEL_STEPS; step++) {
        test_timer *t = &model[test_random(&seed) % MODEL_TIMERS];
        uint64_t    choice = test_random(&seed) % 100;

        if (choice < 97 && !t->armed) {
            airi_wheel_add(&wheel, &t->timer, now + model_delay(&seed) - (choice == 0 ? TICK * 2 : 0));
            t->armed = true;
            t->armed_at = ++sequence;
        } else if (choice < 50 && cancels) {
            assert_true(airi_wheel_remove(&wheel, &t->timer));
            assert_false(airi_wheel_remove(&wheel, &t->timer));
            t->armed = false;
        } else if (choice >= 97) {
            now = choice == 97 ? now + model_delay(&seed) : airi_wheel_next_ns(&wheel);
            if (now == AIRI_NEVER)
                break;
            model_expire(now);
        }
        if (step % 64 == 0 || choice >= 97)
            check_next(cancels);
    }
}

static void test_model(void **state)
{
    uint64_t seed = test_seed();

    (void)state;
    run_model(seed, false);
    run_model(seed + 1, true);
}

#define MANY 1000000

static void test_million(void **state)
{
    airi_wheel_timer *timers = calloc(MANY, sizeof *timers);
    airi_list         out;
    uint64_t          seed = test_seed();
    int64_t           last = 0;
    int64_t           now = 1;
    uint64_t          total = 0;

    (void)state;
    assert_non_null(timers);
    airi_list_init(&out);
    airi_wheel_init(&wheel, now);
    for (int i = 0; i < MANY; i++)
        airi_wheel_add(&wheel, &timers[i], (int64_t)(test_random(&seed) % 3600000000000u));
    for (int i = 0; i < MANY; i += 2)
        assert_true(airi_wheel_remove(&wheel, &timers[i]));
    while (total < MANY / 2) {
        airi_list *link;

        now += 1000000000;
        total += airi_wheel_expire(&wheel, now, &out);
        while ((link = airi_list_pop_front(&out)) != NULL) {
            int64_t due = AIRI_CONTAINER(link, airi_wheel_timer, link)->due_ns;

            assert_true(due >= last && due <= now && due > now - 1000000000 - 1);
            last = due;
        }
    }
    assert_int_equal(total, MANY / 2);
    assert_int_equal(airi_wheel_next_ns(&wheel), AIRI_NEVER);
    free(timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact), cmocka_unit_test(test_past_and_far), cmocka_unit_test(test_wakes),
        cmocka_unit_test(test_model), cmocka_unit_test(test_million),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
