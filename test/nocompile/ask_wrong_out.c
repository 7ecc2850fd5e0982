/* expect: airt_ask: out does not point to the answer of counter_get */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_status f(airt_ctx *ctx, counter_ref to)
{
    struct lamp_dim out;
    return airt_ask(ctx, to, &out, AIRT_MS(1), counter_get);
}
