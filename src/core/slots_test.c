/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "core/slots.h"

#include "port/port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    RECORD = 16,
    MANY = 3 * AIRI_SLOTS_MAX
};

typedef struct fixture {
    airi_idtab table;
    airi_slots slots;
    uint8_t    out[MANY + AIRI_SLOTS_BATCH + 2]; /* taken and not given back */
} fixture;

static void begin(fixture *f, uint32_t max)
{
    memset(f, 0, sizeof *f);
    assert_int_equal(airi_idtab_init(&f->table, airt_world_linux(), RECORD, max), AIRT_OK);
}

static uint32_t take(fixture *f)
{
    uint32_t index = 0;

    assert_int_equal(airi_slots_take(&f->slots, &f->table, &index), AIRT_OK);
    assert_true(index > 0 && index < sizeof f->out && !f->out[index]);
    f->out[index] = 1;
    return index;
}

static void give(fixture *f, uint32_t index)
{
    f->out[index] = 0;
    airi_slots_give(&f->slots, &f->table, index);
}

/* The table counts what is at hand as used; after a flush it has everything back. */
static void end(fixture *f)
{
    airi_slots_flush(&f->slots, &f->table);
    assert_int_equal(f->table.used, 0);
    airi_idtab_fini(&f->table);
}

static void test_last_in_first_out(void **state)
{
    static fixture f;
    uint32_t       a, b;

    (void)state;
    begin(&f, MANY);
    a = take(&f);
    b = take(&f);
    give(&f, a);
    give(&f, b);
    assert_int_equal(take(&f), b);
    assert_int_equal(take(&f), a);
    give(&f, a);
    give(&f, b);
    end(&f);
}

static void test_more_than_at_hand(void **state)
{
    static fixture  f;
    static uint32_t index[MANY];

    (void)state;
    begin(&f, MANY + AIRI_SLOTS_BATCH);
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < MANY; i++)
            index[i] = take(&f);
        for (uint32_t i = 0; i < MANY; i++)
            give(&f, index[i]);
        assert_true(f.slots.count <= AIRI_SLOTS_MAX);
    }
    end(&f);
}

/* The last ones are had although a whole batch is not there any more. */
static void test_limit(void **state)
{
    static fixture f;
    uint32_t       index[AIRI_SLOTS_BATCH + 1];
    uint32_t       none = 7;

    (void)state;
    begin(&f, AIRI_SLOTS_BATCH + 1);
    for (uint32_t i = 0; i <= AIRI_SLOTS_BATCH; i++)
        index[i] = take(&f);
    assert_int_equal(airi_slots_take(&f.slots, &f.table, &none), AIRT_ELIMIT);
    assert_int_equal(none, 7);
    for (uint32_t i = 0; i <= AIRI_SLOTS_BATCH; i++)
        give(&f, index[i]);
    end(&f);
}

static void test_without_a_worker(void **state)
{
    static fixture f;
    uint32_t       index = 0;

    (void)state;
    begin(&f, MANY);
    assert_int_equal(airi_slots_take(NULL, &f.table, &index), AIRT_OK);
    assert_int_equal(f.table.used, 1);
    airi_slots_give(NULL, &f.table, index);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_in_first_out),
        cmocka_unit_test(test_more_than_at_hand),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_without_a_worker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
