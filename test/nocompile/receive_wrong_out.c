/* expect: airt_receive: a message is passed as airt_msg */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_status f(airt_ctx *ctx)
{
    struct counter_add *got;
    return airt_receive(ctx, AIRT_MS(1), &got, counter_add);
}
