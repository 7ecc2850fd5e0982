/* expect: no member named .?accepts_lamp_dim */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

lamp_dim_sink f(counter_ref to)
{
    return airt_sink(lamp_dim, to);
}
