/* expect: airt_call_take: out does not point to the answer of counter_get */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_status f(airt_ctx *ctx, counter_get_call call)
{
    struct lamp_dim out;
    return airt_call_take(ctx, counter_get, call, &out);
}
