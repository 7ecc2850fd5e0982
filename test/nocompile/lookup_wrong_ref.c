/* expect: airt_lookup: out does not point to a counter_ref */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_status f(airt_system *system)
{
    lamp_ref out;
    return airt_lookup(system, counter, "counter", &out);
}
