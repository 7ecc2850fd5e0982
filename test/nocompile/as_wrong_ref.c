/* expect: airt_as: out does not point to a counter_ref */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_status f(airt_system *system, airt_ref any)
{
    lamp_ref out;
    return airt_as(system, counter, any, &out);
}
