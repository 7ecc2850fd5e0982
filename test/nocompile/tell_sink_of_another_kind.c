/* expect: no member named .?accepts_counter_add */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

void f(airt_ctx *ctx, counter_get_sink to)
{
    airt_tell(ctx, to, counter_add, .amount = 1);
}
