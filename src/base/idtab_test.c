/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/idtab.h"

#include "fake_world.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RECORD 128

static void test_fifo(void **state)
{
    fake_world fake;
    airi_idtab tab;
    uint32_t   index = 0;

    (void)state;
    assert_int_equal(airi_idtab_init(&tab, fake_world_init(&fake), RECORD, 100), AIRT_OK);
    assert_null(airi_idtab_at(&tab, 0));
    assert_null(airi_idtab_at(&tab, 101));
    assert_null(airi_idtab_at(&tab, UINT32_MAX));
    for (uint32_t i = 1; i <= 10; i++) {
        assert_int_equal(airi_idtab_take(&tab, &index), AIRT_OK);
        assert_int_equal(index, i);
        assert_int_equal((uintptr_t)airi_idtab_at(&tab, i) % 16, 0);
    }
    airi_idtab_give(&tab, 7);
    airi_idtab_give(&tab, 2);
    airi_idtab_give(&tab, 9);
    assert_int_equal(tab.used, 7);
    assert_int_equal(airi_idtab_take(&tab, &index), AIRT_OK);
    assert_int_equal(index, 7);
    airi_idtab_give(&tab, 7);
    for (const uint32_t *expected = (uint32_t[]){ 2, 9, 7, 11, 0 }; *expected != 0; expected++) {
        assert_int_equal(airi_idtab_take(&tab, &index), AIRT_OK);
        assert_int_equal(index, *expected);
    }
    airi_idtab_fini(&tab);
    airi_idtab_fini(&tab);
    assert_int_equal(fake.mapped_bytes, 0);
}

static void test_growth_and_max(void **state)
{
    fake_world fake;
    airi_idtab tab;
    uint32_t   index = 0;
    uint32_t   max = AIRI_IDTAB_SEGMENT * 3 + 5;

    (void)state;
    assert_int_equal(airi_idtab_init(&tab, fake_world_init(&fake), RECORD, max), AIRT_OK);
    for (uint32_t i = 1; i <= max; i++) {
        assert_int_equal(airi_idtab_take(&tab, &index), AIRT_OK);
        assert_int_equal(*(uint64_t *)airi_idtab_at(&tab, index), 0);
        memset(airi_idtab_at(&tab, index), 0xff, RECORD);
        *(uint64_t *)airi_idtab_at(&tab, index) = index;
    }
    index = 12345;
    assert_int_equal(airi_idtab_take(&tab, &index), AIRT_ELIMIT);
    assert_int_equal(index, 12345); /* untouched unless OK */
    for (uint32_t i = 1; i <= max; i++)
        assert_int_equal(*(uint64_t *)airi_idtab_at(&tab, i), i);
    for (uint32_t i = max; i >= 1; i--)
        airi_idtab_give(&tab, i);
    for (uint32_t i = max; i >= 1; i--) {
        assert_int_equal(airi_idtab_take(&tab, &index), AIRT_OK);
        assert_int_equal(index, i);
        assert_int_equal(*(uint64_t *)airi_idtab_at(&tab, i), i); /* as the last tenant left it */
    }
    assert_int_equal(airi_idtab_take(&tab, &index), AIRT_ELIMIT);
    assert_true(airi_idtab_bytes(&tab) <= (size_t)(max + 1) * (RECORD + 4) + 64);
    assert_int_equal(fake.asked[AIRT_ALLOCATION_TABLE], 1 + 4);
    airi_idtab_fini(&tab);
    assert_int_equal(fake.mapped_bytes, 0);
}

static void test_largest(void **state)
{
    fake_world fake;
    airi_idtab tab;
    uint32_t   index = 0;

    (void)state;
    assert_int_equal(airi_idtab_init(&tab, fake_world_init(&fake), RECORD, AIRI_IDTAB_MAX), AIRT_OK);
    assert_int_equal(airi_idtab_take(&tab, &index), AIRT_OK);
    assert_null(airi_idtab_at(&tab, AIRI_IDTAB_MAX)); /* in range, never needed */
    assert_non_null(airi_idtab_at(&tab, 1));
    airi_idtab_fini(&tab);
    assert_int_equal(fake.mapped_bytes, 0);
}

/* Every refusal, of the world's memory and of the logical allocation, is a status, and the next take succeeds. */
static void test_no_memory(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth <= 3; nth++) {
        for (int by_map = 0; by_map < 2; by_map++) {
            fake_world  fake;
            airi_idtab  tab;
            uint32_t    index = 0;
            uint32_t    refused = 0;
            airt_world *world = fake_world_init(&fake);
            airt_status status;

            *(by_map ? &fake.fail_map : &fake.fail_refuse) = nth;
            status = airi_idtab_init(&tab, world, RECORD, AIRI_IDTAB_SEGMENT * 2);
            if (nth == 1) {
                assert_int_equal(status, AIRT_ENOMEM);
                airi_idtab_fini(&tab);
                continue;
            }
            assert_int_equal(status, AIRT_OK);
            for (uint32_t i = 1; i <= AIRI_IDTAB_SEGMENT; i++) {
                status = airi_idtab_take(&tab, &index);
                if (status == AIRT_ENOMEM) {
                    refused++;
                    fake.fail_map = 0;
                    status = airi_idtab_take(&tab, &index);
                }
                assert_int_equal(status, AIRT_OK);
                assert_int_equal(index, i);
            }
            assert_int_equal(refused, 1);
            airi_idtab_fini(&tab);
            assert_int_equal(fake.mapped_bytes, 0);
        }
    }
}

#define THREADS 4
#define HOLD 64
#define ROUNDS 400

static void *churn(void *argument)
{
    airi_idtab *tab = argument;
    uint32_t    held[HOLD];
    uintptr_t   bad = 0;

    for (int round = 0; round < ROUNDS; round++) {
        uint32_t count = 0;

        for (uint32_t i = 0; i < HOLD; i++) {
            if (airi_idtab_take(tab, &held[count]) != AIRT_OK)
                continue;
            *(uint64_t *)airi_idtab_at(tab, held[count]) = (uintptr_t)&held[count];
            count++;
        }
        for (uint32_t i = 0; i < count; i++)
            bad += *(uint64_t *)airi_idtab_at(tab, held[i]) != (uintptr_t)&held[i];
        while (count > 0)
            airi_idtab_give(tab, held[--count]);
    }
    return (void *)bad;
}

static void test_threads(void **state)
{
    fake_world fake;
    airi_idtab tab;
    pthread_t  threads[THREADS];

    (void)state;
    assert_int_equal(airi_idtab_init(&tab, fake_world_init(&fake), 64, HOLD * 3), AIRT_OK); /* fewer than wanted */
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, &tab), 0);
    for (int i = 0; i < THREADS; i++) {
        void *bad = NULL;

        assert_int_equal(pthread_join(threads[i], &bad), 0);
        assert_null(bad);
    }
    assert_int_equal(tab.used, 0);
    airi_idtab_fini(&tab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fifo),      cmocka_unit_test(test_growth_and_max), cmocka_unit_test(test_largest),
        cmocka_unit_test(test_no_memory), cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
