/* expect: no member named .?accepts_lamp_dim */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_status f(airt_ctx *ctx, counter_ref to)
{
    return airt_forward(ctx, to, lamp_dim);
}
