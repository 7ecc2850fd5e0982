/* expect: no member named .?accepts_counter_get */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_status f(airt_ctx *ctx, lamp_ref to)
{
    struct counter_total out;
    return airt_ask(ctx, to, &out, AIRT_MS(1), counter_get);
}
