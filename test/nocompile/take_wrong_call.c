/* expect: airt_call_take: not a call of counter_get */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_status f(airt_ctx *ctx, lamp_get_call call)
{
    struct counter_total out;
    return airt_call_take(ctx, counter_get, call, &out);
}
