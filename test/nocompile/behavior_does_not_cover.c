/* expect: no member named .?handles_counter_get */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct counter { int n; };
AIRT_ON(counter, counter_add) { return AIRT_OK; }
#define counter_HANDLES(ON, A) ON(A, counter_add)
AIRT_BEHAVIOR(counter)
