/* expect: counter_add_answer */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_status f(airt_ctx *ctx, counter_ref to)
{
    struct counter_total out;
    return airt_ask(ctx, to, &out, AIRT_MS(1), counter_add, .amount = 1);
}
