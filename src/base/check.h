/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Checks that are too costly for every build: AIRI_ASSERT, on in debug and hard builds, off with NDEBUG.
 * AIRT_CHECK and AIRT_CHECK_EQ (airt/base.h) are on always. AIRI_CHECKED is 1 where AIRI_ASSERT is on, for plain
 * `if (AIRI_CHECKED && ...)`. Any thread. */
#ifndef AIRI_BASE_CHECK_H
#define AIRI_BASE_CHECK_H

#include <airt/base.h>

#if defined(AIRI_MODEL_CHECK)
#define AIRI_CHECKED 1
#define AIRI_ASSERT(cond) AIRI_MODEL_ASSERT(cond) /* the model checker's own, defined by the including test */
#elif defined(AIRI_HARD) || !defined(NDEBUG)
#define AIRI_CHECKED 1
#define AIRI_ASSERT(cond) AIRT_CHECK(cond)
#else
#define AIRI_CHECKED 0
#define AIRI_ASSERT(cond) ((void)sizeof((cond) ? 1 : 0)) /* still compiled, so that it cannot rot */
#endif

#if !defined(AIRI_MODEL_CHECK)
#include "base/atomic.h"
/* Called with the text of a failed check, and where it failed; does not return if that ends a handler only. Part of the
 * process's fault table, which sets it: port/signals.c. NULL: none. */
typedef void (*airi_check_fn)(const char *text, void *called_from);
extern AIRI_ATOMIC(airi_check_fn) airi_check_hook;
#endif

/* What headers under the model checker include behind their orders, to weaken one of them; otherwise nothing new. */
#ifndef AIRI_MODEL_MUTANT
#define AIRI_MODEL_MUTANT "base/check.h"
#endif

#endif
