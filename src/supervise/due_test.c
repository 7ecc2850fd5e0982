/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "supervise/due.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
    MANY = 64
};

static airi_due *room[MANY];
static airi_due  dues_of[MANY];

static airi_dues empty(void)
{
    return (airi_dues){ .items = room, .room = MANY };
}

static void check(const airi_dues *dues)
{
    for (uint32_t i = 0; i < dues->count; i++) {
        assert_int_equal(dues->items[i]->place, i);
        assert_false(i > 0 && airi_before(dues->items[i]->at_ms, dues->items[(i - 1) / 2]->at_ms));
    }
}

/* Random times, added, moved and removed, in a clock that wraps meanwhile. */
static void the_first_is_the_soonest(void **state)
{
    (void)state;
    srand(1);
    for (uint32_t round = 0; round < 200; round++) {
        airi_dues dues = empty();
        uint32_t  last = UINT32_MAX - 500;

        for (uint32_t i = 0; i < MANY; i++) {
            dues_of[i].at_ms = last + (uint32_t)rand() % 1000;
            airi_dues_add(&dues, &dues_of[i]);
            check(&dues);
        }
        for (uint32_t i = 0; i < MANY; i += 3) {
            dues_of[i].at_ms = last + (uint32_t)rand() % 1000;
            airi_dues_moved(&dues, &dues_of[i]);
            check(&dues);
        }
        for (uint32_t i = 1; i < MANY; i += 3) {
            airi_dues_remove(&dues, &dues_of[i]);
            check(&dues);
        }
        for (airi_due *first; (first = airi_dues_first(&dues)) != NULL; last = first->at_ms) {
            assert_false(airi_before(first->at_ms, last));
            airi_dues_remove(&dues, first);
            check(&dues);
        }
    }
}

static void of_none_there_is_no_first(void **state)
{
    airi_dues dues = empty();

    (void)state;
    assert_null(airi_dues_first(&dues));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_the_soonest),
        cmocka_unit_test(of_none_there_is_no_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
