/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Blobs: who owns which reference, in a handler, in an actor and outside; slices; no memory. */
#include "core/blob.h"

#include "fake_blobs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void made_outside_is_the_callers(void **state)
{
    airt_blob blob = airt_blob_new(fake_system(), "hello", 5);
    (void)state;
    assert_false(airt_blob_none(blob));
    assert_int_equal(blob.size, 5);
    assert_memory_equal(blob.at, "hello", 5);
    assert_int_equal((uintptr_t)blob.at % 16, 0);
    assert_int_equal(fake.live, 1);
    airt_blob_drop(fake_system(), &blob);
    assert_true(airt_blob_none(blob));
    assert_int_equal(fake.live, 0);
    airt_blob_drop(fake_system(), &blob); /* twice is harmless */
}

static void made_in_a_handler_ends_with_it(void **state)
{
    airt_blob blob = airt_blob_new(fake_ctx(), "x", 1);
    airt_blob same = blob;
    (void)state;
    assert_int_equal(fake.live, 1);
    airt_blob_drop(fake_ctx(), &same); /* not kept: stays the handler's */
    assert_int_equal(fake.live, 1);
    fake_handler_returns();
    assert_int_equal(fake.live, 0);
}

static void kept_outlives_the_handler(void **state)
{
    airt_blob kept = airt_blob_new(fake_ctx(), "x", 1);
    (void)state;
    assert_int_equal(airt_blob_keep(fake_ctx(), &kept), AIRT_OK);
    fake_handler_returns();
    assert_int_equal(fake.live, 1);
    assert_int_equal(kept.at[0], 'x');
    airt_blob_drop(fake_ctx(), &kept);
    assert_int_equal(fake.live, 0);
}

static void kept_ends_with_the_incarnation(void **state)
{
    airt_blob kept = airt_blob_new(fake_ctx(), "x", 1);
    (void)state;
    assert_int_equal(airt_blob_keep(fake_ctx(), &kept), AIRT_OK);
    assert_int_equal(airt_blob_keep(fake_ctx(), &kept), AIRT_OK);
    fake_handler_returns();
    fake_actor_ends();
    assert_int_equal(fake.live, 0);
}

static void slices_share(void **state)
{
    airt_blob blob = airt_blob_new(fake_system(), "0123456789", 10);
    airt_blob part = airt_blob_slice(fake_system(), blob, 3, 4);
    airt_blob end = airt_blob_slice(fake_system(), part, 4, 0);
    (void)state;
    assert_int_equal(fake.live, 1);
    assert_memory_equal(part.at, "3456", 4);
    assert_false(airt_blob_none(end));
    assert_int_equal(end.size, 0);
    airt_blob_drop(fake_system(), &blob);
    assert_memory_equal(part.at, "3456", 4);
    airt_blob_drop(fake_system(), &part);
    airt_blob_drop(fake_system(), &end);
    assert_int_equal(fake.live, 0);
}

static void slices_stay_inside(void **state)
{
    airt_blob blob = airt_blob_new(fake_ctx(), "0123456789", 10);
    (void)state;
    assert_true(airt_blob_none(airt_blob_slice(fake_ctx(), blob, 0, 11)));
    assert_true(airt_blob_none(airt_blob_slice(fake_ctx(), blob, 11, 0)));
    assert_true(airt_blob_none(airt_blob_slice(fake_ctx(), blob, 5, SIZE_MAX)));
    assert_true(airt_blob_none(airt_blob_slice(fake_ctx(), (airt_blob){ .head = NULL }, 0, 0)));
    assert_false(airt_blob_none(airt_blob_slice(fake_ctx(), blob, 10, 0)));
    fake_handler_returns();
    assert_int_equal(fake.live, 0);
}

static void space_is_written_by_the_caller(void **state)
{
    void     *bytes = NULL;
    airt_blob blob = airt_blob_space(fake_system(), 3, &bytes);
    (void)state;
    assert_ptr_equal(bytes, blob.at);
    memcpy(bytes, "abc", 3);
    assert_memory_equal(blob.at, "abc", 3);
    airt_blob_drop(fake_system(), &blob);
    blob = airt_blob_new(fake_system(), NULL, 0);
    assert_false(airt_blob_none(blob));
    airt_blob_drop(fake_system(), &blob);
    assert_int_equal(fake.live, 0);
}

/* Whatever is refused, nothing leaks and the result is no blob. */
static void no_memory_is_no_blob(void **state)
{
    void *bytes = &fake;
    (void)state;
    for (size_t nth = 1; nth <= 2; nth++) { /* the memory, then the record */
        fake.refuse = nth;
        airt_blob blob = airt_blob_space(fake_ctx(), 8, &bytes);
        assert_true(airt_blob_none(blob));
        assert_null(bytes);
        assert_int_equal(fake.live, 0);
    }
    assert_true(airt_blob_none(airt_blob_space(fake_ctx(), SIZE_MAX, &bytes)));
    airt_blob blob = airt_blob_new(fake_ctx(), "x", 1);
    airt_blob same = blob;
    fake.refuse = 1;
    assert_int_equal(airt_blob_keep(fake_ctx(), &same), AIRT_ENOMEM);
    assert_true(airt_blob_none(same));
    fake.refuse = 1;
    assert_true(airt_blob_none(airt_blob_slice(fake_ctx(), blob, 0, 1)));
    fake_handler_returns();
    assert_int_equal(fake.live, 0);
    assert_int_equal(airt_blob_keep(fake_ctx(), &same), AIRT_OK); /* no blob: nothing to keep */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_outside_is_the_callers),
        cmocka_unit_test(made_in_a_handler_ends_with_it),
        cmocka_unit_test(kept_outlives_the_handler),
        cmocka_unit_test(kept_ends_with_the_incarnation),
        cmocka_unit_test(slices_share),
        cmocka_unit_test(slices_stay_inside),
        cmocka_unit_test(space_is_written_by_the_caller),
        cmocka_unit_test(no_memory_is_no_blob),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
