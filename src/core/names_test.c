/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "core/names.h"

#include "fake_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct fixture {
    fake_world fake;
    airi_heap  heap;
    airi_names names;
} fixture;

static void set_up(fixture *f)
{
    fake_world_init(&f->fake);
    airi_heap_init(&f->heap, &f->fake.world);
    airi_names_init(&f->names, &f->fake.world, &f->heap, 42);
}

static void tear_down(fixture *f)
{
    airi_names_fini(&f->names, NULL);
    airi_names_fini(&f->names, NULL);
    assert_int_equal(airi_heap_fini(&f->heap), 0);
    assert_int_equal(f->fake.mapped_bytes, 0);
}

static void test_basics(void **state)
{
    fixture     f;
    char        mutable_name[] = "clock";
    char        long_name[AIRI_NAME_MAX + 1];
    const char *key = NULL;

    (void)state;
    set_up(&f);
    assert_int_equal(airi_names_find(&f.names, AIRT_STR("clock")), 0);
    assert_false(airi_names_remove(&f.names, NULL, AIRT_STR("clock")));
    assert_int_equal(airi_names_insert(&f.names, NULL, (airt_str){ mutable_name, 5 }, 7, &key), AIRT_OK);
    mutable_name[0] = 'x'; /* the key is a copy */
    assert_string_equal(key, "clock");
    assert_int_equal(airi_names_find(&f.names, AIRT_STR("clock")), 7);
    assert_int_equal(airi_names_find(&f.names, AIRT_STR("Clock")), 0);
    assert_int_equal(airi_names_find(&f.names, AIRT_STR("cloc")), 0);
    assert_int_equal(airi_names_find(&f.names, AIRT_STR("clock\0")), 0);
    key = NULL;
    assert_int_equal(airi_names_insert(&f.names, NULL, AIRT_STR("clock"), 8, &key), AIRT_EEXIST);
    assert_null(key);
    assert_int_equal(airi_names_find(&f.names, AIRT_STR("clock")), 7);
    assert_int_equal(airi_names_insert(&f.names, NULL, AIRT_STR(""), 8, NULL), AIRT_EINVAL);
    memset(long_name, 'n', sizeof long_name);
    assert_int_equal(airi_names_insert(&f.names, NULL, (airt_str){ long_name, AIRI_NAME_MAX + 1 }, 8, NULL),
                     AIRT_EINVAL);
    assert_int_equal(airi_names_insert(&f.names, NULL, (airt_str){ long_name, AIRI_NAME_MAX }, 8, NULL), AIRT_OK);
    assert_int_equal(airi_names_find(&f.names, (airt_str){ long_name, AIRI_NAME_MAX }), 8);
    assert_true(airi_names_remove(&f.names, NULL, AIRT_STR("clock")));
    assert_int_equal(airi_names_find(&f.names, AIRT_STR("clock")), 0);
    assert_int_equal(airi_names_insert(&f.names, NULL, AIRT_STR("clock"), 9, NULL), AIRT_OK);
    tear_down(&f);
}

#define NAMES 20000

static airt_str name_of(uint32_t number, char *buffer, size_t size)
{
    int length = snprintf(buffer, size, "service/%u", number);

    return (airt_str){ buffer, (size_t)length };
}

static void test_many(void **state)
{
    static bool present[NAMES];
    fixture     f;
    char        buffer[64];
    uint64_t    seed = test_seed();
    uint32_t    count = 0;

    (void)state;
    set_up(&f);
    for (int i = 0; i < 200000; i++) {
        uint32_t number = (uint32_t)(test_random(&seed) % NAMES);
        airt_str name = name_of(number, buffer, sizeof buffer);

        assert_int_equal(airi_names_find(&f.names, name), present[number] ? number + 1 : 0);
        if (test_random(&seed) % 3 != 0) {
            assert_int_equal(airi_names_insert(&f.names, NULL, name, number + 1, NULL),
                             present[number] ? AIRT_EEXIST : AIRT_OK);
            count += !present[number];
            present[number] = true;
        } else {
            assert_int_equal(airi_names_remove(&f.names, NULL, name), present[number]);
            count -= present[number];
            present[number] = false;
        }
        assert_int_equal(f.names.count, count);
    }
    assert_true(f.names.bucket_count >= count);
    tear_down(&f);
}

static void test_no_memory(void **state)
{
    fixture f;
    char    buffer[64];

    (void)state;
    set_up(&f);
    f.fake.fail_refuse = 1; /* the first buckets */
    assert_int_equal(airi_names_insert(&f.names, NULL, AIRT_STR("a"), 1, NULL), AIRT_ENOMEM);
    f.fake.fail_refuse = 3; /* the name */
    assert_int_equal(airi_names_insert(&f.names, NULL, AIRT_STR("a"), 1, NULL), AIRT_ENOMEM);
    assert_int_equal(airi_names_find(&f.names, AIRT_STR("a")), 0);
    assert_int_equal(airi_names_insert(&f.names, NULL, AIRT_STR("a"), 1, NULL), AIRT_OK);
    for (uint32_t i = 1; i < 16; i++)
        assert_int_equal(airi_names_insert(&f.names, NULL, name_of(i, buffer, sizeof buffer), i, NULL), AIRT_OK);
    f.fake.fail_refuse = f.fake.asked_all + 1; /* a later growth is put off */
    assert_int_equal(airi_names_insert(&f.names, NULL, AIRT_STR("q"), 99, NULL), AIRT_OK);
    assert_int_equal(f.names.bucket_count, 16);
    assert_int_equal(airi_names_insert(&f.names, NULL, AIRT_STR("r"), 100, NULL), AIRT_OK);
    assert_int_equal(f.names.bucket_count, 32);
    assert_int_equal(airi_names_find(&f.names, AIRT_STR("q")), 99);
    assert_int_equal(f.fake.asked[AIRT_ALLOCATION_NAME] + f.fake.asked[AIRT_ALLOCATION_TABLE], f.fake.asked_all);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_basics),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
