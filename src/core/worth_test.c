/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "core/worth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* A worker and its company on a clock of the test's: together they send and handle `with` messages a millisecond, the others alone
 * `without`. */
typedef struct company {
    airi_worth worth;
    int64_t    now_ns, done;
    int64_t    with, without;
    uint32_t   workers;
    bool       naps;
    bool       turn;    /* nobody else is being weighed */
    bool       tempted; /* there is something to take from others */
} company;

static void a_span_goes_by(company *c)
{
    airi_worth_view view;

    c->now_ns += AIRI_WORTH_SPAN_NS;
    c->done += c->naps ? c->without : c->with;
    view = (airi_worth_view){ c->now_ns, c->done, c->workers, c->tempted };
    if (c->now_ns >= c->worth.look_ns)
        c->naps = airi_worth_look(&c->worth, view, c->turn);
}

/* Of so many milliseconds, how many it napped. */
static uint32_t napped(company *c, uint32_t ms)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < ms; i++) {
        a_span_goes_by(c);
        sum += c->naps;
    }
    return sum;
}

static company of(int64_t with, int64_t without)
{
    return (company){ .with = with, .without = without, .workers = 2, .turn = true, .tempted = true };
}

static void one_that_slows_the_others_down_rests_nearly_always(void **state)
{
    company c = of(17000, 33000);

    (void)state;
    assert_in_range(napped(&c, 64), 48, 60);
    assert_in_range(napped(&c, 1000), 930, 980); /* with a trial now and then */
}

static void one_that_doubles_the_work_is_away_for_a_moment_now_and_then(void **state)
{
    company c = of(40000, 20000);

    (void)state;
    assert_in_range(napped(&c, 1000), 20, 60);
    assert_int_equal(c.worth.rest_ns, 0);
}

static void a_little_more_is_not_worth_a_processor(void **state)
{
    company c = of(22000, 20000);

    (void)state;
    assert_in_range(napped(&c, 1000), 900, 980);
    c = of(25000, 20000);
    assert_in_range(napped(&c, 1000), 20, 60);
}

static void of_many_each_needs_to_add_little(void **state)
{
    company c = of(80000, 72000);

    (void)state;
    c.workers = 8;
    assert_in_range(napped(&c, 1000), 20, 60);
}

static void who_works_instead_of_talking_never_naps(void **state)
{
    company c = of(3000, 3000); /* two thirds of a microsecond a message and worker */

    (void)state;
    assert_int_equal(napped(&c, 1000), 0);
    c = of(0, 0);
    assert_int_equal(napped(&c, 1000), 0);
}

static void nobody_is_weighed_alone_or_while_another_is(void **state)
{
    company c = of(17000, 33000);

    (void)state;
    c.workers = 1;
    assert_int_equal(napped(&c, 100), 0);
    c.workers = 2;
    c.turn = false;
    assert_int_equal(napped(&c, 100), 0);
    assert_false(airi_worth_measures(&c.worth));
    c.turn = true;
    assert_in_range(napped(&c, 100), 80, 100);
    c.workers = 1; /* the others have gone to sleep: who rests is all there is */
    assert_in_range(napped(&c, 100), 0, 1);
}

static void who_rests_comes_back_when_the_others_have_real_work(void **state)
{
    company c = of(17000, 33000);

    (void)state;
    (void)napped(&c, 200);
    assert_int_equal(c.worth.phase, AIRI_WORTH_RESTING);
    c.with = c.without = 100; /* they compute */
    assert_in_range(napped(&c, 10), 0, 2);
}

static void who_is_away_comes_back_when_nobody_gets_on(void **state)
{
    company c = of(17000, 33000);

    (void)state;
    while (!c.naps)
        a_span_goes_by(&c);
    c.without = 0;
    a_span_goes_by(&c);
    assert_false(c.naps);
    assert_int_equal(c.worth.phase, AIRI_WORTH_AT_WORK);
}

static void who_rests_untempted_may_sleep(void **state)
{
    company c = of(17000, 33000);

    (void)state;
    while (c.worth.phase != AIRI_WORTH_RESTING)
        a_span_goes_by(&c);
    c.tempted = false;
    a_span_goes_by(&c);
    assert_false(c.naps);
    assert_int_equal(c.worth.phase, AIRI_WORTH_RESTING);
    c.tempted = true;
    a_span_goes_by(&c);
    assert_true(c.naps);
}

static void a_measurement_that_was_interrupted_says_nothing(void **state)
{
    company c = of(17000, 33000);

    (void)state;
    while (!c.worth.settled)
        a_span_goes_by(&c);
    c.now_ns += AIRI_WORTH_STALE_NS;
    a_span_goes_by(&c);
    assert_false(c.naps);
    assert_int_equal(c.worth.phase, AIRI_WORTH_AT_WORK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_slows_the_others_down_rests_nearly_always),
        cmocka_unit_test(one_that_doubles_the_work_is_away_for_a_moment_now_and_then),
        cmocka_unit_test(a_little_more_is_not_worth_a_processor),
        cmocka_unit_test(of_many_each_needs_to_add_little),
        cmocka_unit_test(who_works_instead_of_talking_never_naps),
        cmocka_unit_test(nobody_is_weighed_alone_or_while_another_is),
        cmocka_unit_test(who_rests_comes_back_when_the_others_have_real_work),
        cmocka_unit_test(who_is_away_comes_back_when_nobody_gets_on),
        cmocka_unit_test(who_rests_untempted_may_sleep),
        cmocka_unit_test(a_measurement_that_was_interrupted_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
