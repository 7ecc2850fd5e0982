/* expect: airt_spawn: out does not point to a counter_ref */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct counter { int n; };
AIRT_ACTOR(counter)
airt_status f(airt_system *system)
{
    airt_ref out;
    return airt_spawn(system, counter, &out, NULL);
}
