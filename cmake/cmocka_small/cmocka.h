/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The part of cmocka's interface that our tests use, for targets whose Debian has no cross-built cmocka (the aarch64
 * preset). Everywhere else the real one runs them. */
#ifndef CMOCKA_SMALL_H
#define CMOCKA_SMALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef int (*small_fixture_fn)(void **state);
struct CMUnitTest {
    const char *name;
    void (*test_func)(void **state);
    small_fixture_fn setup_func;
    small_fixture_fn teardown_func;
    void            *initial_state;
};

#define cmocka_unit_test(f)                                                                                            \
    {                                                                                                                  \
#f, f, NULL, NULL, NULL                                                                                        \
    }
#define cmocka_unit_test_setup(f, setup)                                                                               \
    {                                                                                                                  \
#f, f, setup, NULL, NULL                                                                                       \
    }
#define cmocka_unit_test_teardown(f, teardown)                                                                         \
    {                                                                                                                  \
#f, f, NULL, teardown, NULL                                                                                    \
    }
#define cmocka_unit_test_setup_teardown(f, setup, teardown)                                                            \
    {                                                                                                                  \
#f, f, setup, teardown, NULL                                                                                   \
    }
#define cmocka_unit_test_prestate(f, state)                                                                            \
    {                                                                                                                  \
#f, f, NULL, NULL, state                                                                                       \
    }
#define cmocka_unit_test_prestate_setup_teardown(f, setup, teardown, state)                                            \
    {                                                                                                                  \
#f, f, setup, teardown, state                                                                                  \
    }
#define cmocka_run_group_tests(tests, setup, teardown)                                                                 \
    small_run(#tests, tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)
#define cmocka_run_group_tests_name(name, tests, setup, teardown)                                                      \
    small_run(name, tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

int  small_run(const char *name, const struct CMUnitTest *tests, size_t count, small_fixture_fn setup,
               small_fixture_fn teardown);
void small_check(int holds, const char *file, int line, const char *format, ...) __attribute__((format(printf, 4, 5)));
void small_check_text(int equal, const char *a, const char *b, const char *file, int line);
void small_check_bytes(int equal, const void *a, const void *b, size_t size, const char *file, int line);
void small_skip(void) __attribute__((noreturn));
void small_fail(const char *file, int line, const char *format, ...) __attribute__((noreturn, format(printf, 3, 4)));
void print_message(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define SMALL_COMPARE(a, op, b)                                                                                        \
    do {                                                                                                               \
        long long small_a = (long long)(a), small_b = (long long)(b);                                                  \
        small_check(small_a op small_b, __FILE__, __LINE__, "%s " #op " %s: %lld, %lld", #a, #b, small_a, small_b);    \
    } while (0)
#define assert_true(c) small_check(!!(c), __FILE__, __LINE__, "%s", #c)
#define assert_false(c) small_check(!(c), __FILE__, __LINE__, "!(%s)", #c)
#define assert_null(p) small_check((p) == NULL, __FILE__, __LINE__, "%s is not NULL", #p)
#define assert_non_null(p) small_check((p) != NULL, __FILE__, __LINE__, "%s is NULL", #p)
#define assert_ptr_equal(a, b)                                                                                         \
    small_check((const void *)(a) == (const void *)(b), __FILE__, __LINE__, "%s == %s", #a, #b)
#define assert_ptr_not_equal(a, b)                                                                                     \
    small_check((const void *)(a) != (const void *)(b), __FILE__, __LINE__, "%s != %s", #a, #b)
#define assert_int_equal(a, b) SMALL_COMPARE(a, ==, b)
#define assert_int_not_equal(a, b) SMALL_COMPARE(a, !=, b)
#define assert_return_code(rc, error)                                                                                  \
    small_check((long long)(rc) >= 0, __FILE__, __LINE__, "%s: errno %d", #rc, (int)(error))
#define assert_in_range(v, low, high)                                                                                  \
    small_check((uintmax_t)(v) >= (uintmax_t)(low) && (uintmax_t)(v) <= (uintmax_t)(high), __FILE__, __LINE__,         \
                "%s is %llu, not in range", #v, (unsigned long long)(v))
#define assert_not_in_range(v, low, high)                                                                              \
    small_check((uintmax_t)(v) < (uintmax_t)(low) || (uintmax_t)(v) > (uintmax_t)(high), __FILE__, __LINE__,           \
                "%s is %llu, in range", #v, (unsigned long long)(v))
/* Arguments are evaluated once, as cmocka's are. */
#define SMALL_COMPARE_TEXT(a, op, b)                                                                                   \
    do {                                                                                                               \
        const char *small_a = (a), *small_b = (b);                                                                     \
        small_check_text(strcmp(small_a, small_b) op 0, small_a, small_b, __FILE__, __LINE__);                         \
    } while (0)
#define assert_string_equal(a, b) SMALL_COMPARE_TEXT(a, ==, b)
#define assert_string_not_equal(a, b) SMALL_COMPARE_TEXT(a, !=, b)
#define assert_memory_equal(a, b, size)                                                                                \
    small_check_bytes(memcmp((a), (b), (size)) == 0, (a), (b), (size), __FILE__, __LINE__)
#define assert_memory_not_equal(a, b, size)                                                                            \
    small_check_bytes(memcmp((a), (b), (size)) != 0, (a), (b), (size), __FILE__, __LINE__)
#define assert_float_equal(a, b, epsilon)                                                                              \
    small_check((a) - (b) <= (epsilon) && (b) - (a) <= (epsilon), __FILE__, __LINE__, "%s == %s", #a, #b)
#define assert_double_equal(a, b, epsilon) assert_float_equal(a, b, epsilon)
#define skip() small_skip()
#define fail() small_fail(__FILE__, __LINE__, "fail()")
#define fail_msg(...) small_fail(__FILE__, __LINE__, __VA_ARGS__)

#endif
