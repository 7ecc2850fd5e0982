/* expect: airt_reply_to: a message is passed as airt_msg */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_status f(airt_ctx *ctx, airt_msg *request)
{
    return airt_reply_to(ctx, request, counter_get, .total = 1);
}
