/* expect: counter_on_counter_get.? undeclared|use of undeclared identifier 'counter_on_counter_get' */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct counter { int n; };
AIRT_ON(counter, counter_add) { return AIRT_OK; }
#define counter_HANDLES(ON, A) ON(A, counter_add) ON(A, counter_get)
AIRT_BEHAVIOR(counter)
