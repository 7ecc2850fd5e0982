/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct item {
    int       number;
    airi_list link;
} item;

static int number_of(airi_list *link)
{
    return AIRI_CONTAINER(link, item, link)->number;
}

static void test_order(void **state)
{
    airi_list list;
    item      items[4] = { { .number = 0 }, { .number = 1 }, { .number = 2 }, { .number = 3 } };
    int       expected = 0;

    (void)state;
    airi_list_init(&list);
    assert_true(airi_list_empty(&list));
    assert_null(airi_list_pop_front(&list));
    assert_null(airi_list_first(&list));
    for (int i = 0; i < 4; i++)
        airi_list_push_back(&list, &items[i].link);
    AIRI_LIST_EACH (link, &list)
        assert_int_equal(number_of(link), expected++);
    assert_int_equal(expected, 4);
    assert_int_equal(number_of(airi_list_first(&list)), 0);
    for (expected = 0; expected < 4; expected++)
        assert_int_equal(number_of(airi_list_pop_front(&list)), expected);
    assert_true(airi_list_empty(&list));
}

static void test_remove(void **state)
{
    airi_list list;
    item      items[3] = { { .number = 0 }, { .number = 1 }, { .number = 2 } };

    (void)state;
    airi_list_init(&list);
    assert_false(airi_list_linked(&items[1].link)); /* zeroed */
    airi_list_remove(&items[1].link);               /* harmless */
    for (int i = 0; i < 3; i++)
        airi_list_push_back(&list, &items[i].link);
    assert_true(airi_list_linked(&items[1].link));
    airi_list_remove(&items[1].link);
    assert_false(airi_list_linked(&items[1].link));
    airi_list_remove(&items[1].link); /* twice is harmless */
    assert_int_equal(number_of(list.next), 0);
    assert_int_equal(number_of(list.prev), 2);
    airi_list_remove(&items[2].link);
    airi_list_remove(&items[0].link);
    assert_true(airi_list_empty(&list));
}

static void test_splice(void **state)
{
    airi_list to;
    airi_list from;
    item      items[4] = { { .number = 0 }, { .number = 1 }, { .number = 2 }, { .number = 3 } };

    (void)state;
    airi_list_init(&to);
    airi_list_init(&from);
    airi_list_splice_back(&to, &from);
    assert_true(airi_list_empty(&to));
    airi_list_push_back(&from, &items[0].link);
    airi_list_push_back(&from, &items[1].link);
    airi_list_splice_back(&to, &from);
    assert_true(airi_list_empty(&from));
    airi_list_push_back(&from, &items[2].link);
    airi_list_push_back(&from, &items[3].link);
    airi_list_splice_back(&to, &from);
    for (int i = 0; i < 4; i++)
        assert_int_equal(number_of(airi_list_pop_front(&to)), i);
    assert_true(airi_list_empty(&to));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_splice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
