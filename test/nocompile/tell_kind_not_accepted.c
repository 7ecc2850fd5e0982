/* expect: no member named .?accepts_lamp_dim */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

void f(airt_ctx *ctx, counter_ref to)
{
    airt_tell(ctx, to, lamp_dim, .level = 1);
}
