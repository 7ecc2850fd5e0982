/* expect: airt_send_after: not an airt_timer */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_status f(airt_ctx *ctx, int *timer)
{
    return airt_send_after(ctx, AIRT_MS(1), timer, counter_add, .amount = 1);
}
