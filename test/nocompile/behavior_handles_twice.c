/* expect: duplicate member .handles_counter_add */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct other { int n; };
AIRT_ON(other, counter_add) { return AIRT_OK; }
#define other_HANDLES(ON, A) ON(A, counter_add) ON(A, counter_add)
AIRT_BEHAVIOR(other)
