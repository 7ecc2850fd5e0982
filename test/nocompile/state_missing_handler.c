/* expect: door_shut_on_counter_add.? undeclared|use of undeclared identifier 'door_shut_on_counter_add' */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct door { int n; };
#define door_shut_HANDLES(ON, S) ON(S, counter_add)
AIRT_STATE(door, shut, airt_refuse)
