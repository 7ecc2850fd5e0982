/* expect: airt_stsh */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct door { int n; };
AIRT_ON_IN(door, shut, counter_add) { return AIRT_OK; }
#define door_shut_HANDLES(ON, S) ON(S, counter_add)
AIRT_STATE(door, shut, airt_stsh)
