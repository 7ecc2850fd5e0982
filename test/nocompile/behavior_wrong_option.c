/* expect: airt_behavior.* has no member named .pined|field designator 'pined' does not refer to any field */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct other { int n; };
AIRT_ON(other, counter_add) { return AIRT_OK; }
#define other_HANDLES(ON, A) ON(A, counter_add)
AIRT_BEHAVIOR(other, .pined = true)
