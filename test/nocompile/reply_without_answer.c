/* expect: counter_add_answer */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_status f(airt_ctx *ctx)
{
    return airt_reply(ctx, counter_add, .amount = 1);
}
