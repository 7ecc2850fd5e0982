/* expect: has no member named .last|field designator 'last' does not refer to any field */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct counter_start { int first; };
AIRT_KIND(counter_start, first)
airt_spawn_options f(void)
{
    return (airt_spawn_options){ .start = AIRT_START(counter, .last = 1) };
}
