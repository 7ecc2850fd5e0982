/* expect: no member named .?accepts_counter_sub */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

void f(airt_ctx *ctx, counter_ref to)
{
    airt_tell(ctx, to, counter_sub, .amount = 1);
}
