/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/quota.h"

#include "base/heap.h"
#include "base/idtab.h"

#include "fake_world.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void count_hit(void *context)
{
    ++*(int *)context;
}

static void test_edges(void **state)
{
    airi_quota quota;

    (void)state;
    airi_quota_init(&quota, 100, NULL, NULL);
    assert_false(airi_quota_take(&quota, 101));
    assert_true(airi_quota_take(&quota, 99));
    assert_false(airi_quota_take(&quota, 2));
    assert_true(airi_quota_take(&quota, 1)); /* exactly the bound */
    assert_false(airi_quota_take(&quota, 1));
    assert_false(airi_quota_take(&quota, SIZE_MAX));
    assert_true(airi_quota_take(&quota, 0));
    airi_quota_give(&quota, 100);
    assert_true(airi_quota_take(&quota, 100));
}

static void test_no_bound(void **state)
{
    airi_quota quota;

    (void)state;
    airi_quota_init(&quota, 0, NULL, NULL);
    assert_true(airi_quota_take(&quota, SIZE_MAX));
    assert_true(airi_quota_take(&quota, SIZE_MAX));
    airi_quota_give(&quota, 1);
    assert_int_equal(quota.bytes, 0);
    assert_true(airi_quota_take(NULL, SIZE_MAX));
    airi_quota_give(NULL, 1);
}

static void test_tells_once(void **state)
{
    airi_quota quota;
    int        hits = 0;

    (void)state;
    airi_quota_init(&quota, 1000, count_hit, &hits);
    assert_true(airi_quota_take(&quota, 1000));
    assert_int_equal(hits, 0);
    for (int i = 0; i < 3; i++)
        assert_false(airi_quota_take(&quota, 1));
    assert_int_equal(hits, 1);
    airi_quota_give(&quota, 100); /* a tenth below is not more than a tenth below */
    assert_false(airi_quota_take(&quota, 101));
    assert_int_equal(hits, 1);
    airi_quota_give(&quota, 1);
    assert_false(airi_quota_take(&quota, 102));
    assert_false(airi_quota_take(&quota, 102));
    assert_int_equal(hits, 2);
}

/* A heap takes pages for what it carves and for what is large, and gives all of them back. */
static void test_heap(void **state)
{
    static const size_t chunk = (size_t)64 * 1024, large = (size_t)80 * 1024;
    fake_world          fake;
    airi_quota          quota;
    airi_heap           heap;
    void               *small[2000] = { NULL };
    void               *big;
    size_t              count = 0;

    (void)state;
    airi_heap_init(&heap, fake_world_init(&fake));
    airi_quota_init(&quota, chunk + large, NULL, NULL);
    heap.quota = &quota;
    while ((small[count] = airi_heap_take(&heap, NULL, 64)) != NULL) /* the second chunk would be too much */
        count++;
    assert_int_equal(count, chunk / 64 - 1);
    assert_null(airi_heap_take(&heap, NULL, large + 1));
    big = airi_heap_take(&heap, NULL, large);
    assert_non_null(big);
    assert_int_equal(quota.bytes, chunk + large);
    assert_int_equal(airi_heap_bytes(&heap), chunk + large);
    assert_null(airi_heap_take(&heap, NULL, 64));
    airi_heap_give(&heap, NULL, small[0], 64);
    small[0] = airi_heap_take(&heap, NULL, 64); /* what is there is used */
    assert_non_null(small[0]);
    airi_heap_give(&heap, NULL, big, large);
    assert_int_equal(quota.bytes, chunk);
    while (count-- > 0)
        airi_heap_give(&heap, NULL, small[count], 64);
    assert_int_equal(airi_heap_fini(&heap), 0);
    assert_int_equal(quota.bytes, 0);
    assert_int_equal(fake.mapped_bytes, 0);
}

/* What the world refuses is not counted. */
static void test_world_refuses(void **state)
{
    fake_world fake;
    airi_quota quota;
    airi_heap  heap;
    airi_idtab tab;
    uint32_t   index;

    (void)state;
    airi_quota_init(&quota, 1 << 24, NULL, NULL);
    airi_heap_init(&heap, fake_world_init(&fake));
    heap.quota = &quota;
    assert_int_equal(airi_idtab_init(&tab, &fake.world, 64, 1000), AIRT_OK);
    assert_int_equal(airi_idtab_bound(&tab, &quota), AIRT_OK);
    fake.fail_map = 1;
    assert_null(airi_heap_take(&heap, NULL, 64));
    assert_null(airi_heap_take(&heap, NULL, 100000));
    assert_int_equal(airi_idtab_take(&tab, &index), AIRT_ENOMEM);
    assert_int_equal(quota.bytes, airi_idtab_bytes(&tab));
    airi_idtab_fini(&tab);
    assert_int_equal(quota.bytes, 0);
    assert_int_equal(airi_heap_fini(&heap), 0);
}

static void test_table(void **state)
{
    fake_world fake;
    airi_quota quota;
    airi_idtab tab, other;
    uint32_t   index;
    size_t     directory;

    (void)state;
    assert_int_equal(airi_idtab_init(&tab, fake_world_init(&fake), 64, 3 * AIRI_IDTAB_SEGMENT), AIRT_OK);
    assert_int_equal(airi_idtab_init(&other, &fake.world, 64, 3 * AIRI_IDTAB_SEGMENT), AIRT_OK);
    directory = airi_idtab_bytes(&tab);
    airi_quota_init(&quota, directory + (size_t)AIRI_IDTAB_SEGMENT * 68, NULL, NULL);
    assert_int_equal(airi_idtab_bound(&tab, &quota), AIRT_OK);
    for (uint32_t i = 1; i < AIRI_IDTAB_SEGMENT; i++) /* index 0 is never given */
        assert_int_equal(airi_idtab_take(&tab, &index), AIRT_OK);
    assert_int_equal(quota.bytes, quota.max);
    assert_int_equal(airi_idtab_take(&tab, &index), AIRT_ENOMEM);
    assert_int_equal(airi_idtab_bound(&other, &quota), AIRT_ENOMEM);
    airi_idtab_give(&tab, 7);
    assert_int_equal(airi_idtab_take(&tab, &index), AIRT_OK);
    assert_int_equal(index, 7);
    airi_idtab_fini(&tab);
    assert_int_equal(quota.bytes, 0);
    airi_idtab_fini(&other);
    assert_int_equal(fake.mapped_bytes, 0);
}

static void *take_and_give(void *argument)
{
    airi_quota *quota = argument;

    for (size_t i = 0; i < 20000; i++)
        if (airi_quota_take(quota, 1 + i % 7)) {
            AIRT_CHECK(airi_load(&quota->bytes, AIRI_RELAXED) <= quota->max);
            airi_quota_give(quota, 1 + i % 7);
        }
    return NULL;
}

static void test_threads(void **state)
{
    airi_quota quota;
    pthread_t  threads[4];

    (void)state;
    airi_quota_init(&quota, 12, NULL, NULL);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &quota), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(quota.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edges),   cmocka_unit_test(test_no_bound),      cmocka_unit_test(test_tells_once),
        cmocka_unit_test(test_heap),    cmocka_unit_test(test_world_refuses), cmocka_unit_test(test_table),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
