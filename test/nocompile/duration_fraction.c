/* expect: invalid operands to binary */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_duration f(void)
{
    return AIRT_SECONDS(0.5);
}
