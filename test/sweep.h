/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Runs something again and again with the 1st, 2nd, 3rd... logical allocation refused: alone, and with all later ones.
 *
 * cmake/tests.cmake also builds the scenarios with this file included before them: then sim_each sweeps the body, what
 * the body asserts is evaluated and no more (an actor may be missing), and a handler whose check does not hold returns
 * AIRT_ENOMEM. What is asked then is what sim_close asks: no crash, no hang, no leak, and the account balances. */
#ifndef AIRT_TEST_SWEEP_H
#define AIRT_TEST_SWEEP_H

#include "sim.h"

/* SWEEP=full: every allocation of every program, and more seeds. Otherwise long programs take steps. */
bool sweep_full(void);

/* Until a run in which there was nothing left to refuse. A run that crashes or hangs says which it was. */
typedef void (*sweep_run)(void *argument, const airt_fault_options *fault);
void sweep(const char *name, sweep_run run, void *argument, bool onwards, uint64_t step);
/* sim_each for swept scenarios: one seed, or a few. */
void sweep_each(const char *name, sim_body body, const airt_system_options *system);

#ifdef SWEEP_SCENARIO

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define sim_each(body, system) sweep_each(#body, (body), (system))
#undef AIRT_CHECK
#undef AIRT_CHECK_EQ
#define AIRT_CHECK(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            return AIRT_ENOMEM;                                                                                        \
    } while (0)
#define AIRT_CHECK_EQ(a, b) AIRT_CHECK((a) == (b))
#undef assert_true
#undef assert_false
#undef assert_null
#undef assert_non_null
#undef assert_int_equal
#undef assert_in_range
#undef assert_ptr_equal
#undef assert_string_equal
#undef assert_memory_equal
#define assert_true(condition) ((void)!(condition))
#define assert_false(condition) ((void)!(condition))
#define assert_null(pointer) ((void)(pointer))
#define assert_non_null(pointer) ((void)(pointer))
#define assert_int_equal(a, b) ((void)((long long)(a) == (long long)(b)))
#define assert_in_range(value, least, most)                                                                            \
    ((void)((long long)(value) >= (long long)(least) && (long long)(value) <= (most)))
#define assert_ptr_equal(a, b) ((void)(a), (void)(b))
#define assert_string_equal(a, b) ((void)(a), (void)(b))
#define assert_memory_equal(a, b, size) ((void)(a), (void)(b))

#endif
#endif
