/* expect: read-only|const-qualified */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct other { int n; };
AIRT_ON(other, counter_add) { msg->amount = 1; return AIRT_OK; }
#define other_HANDLES(ON, A) ON(A, counter_add)
AIRT_BEHAVIOR(other)
