/* expect: has no member named .level|field designator 'level' does not refer to any field */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_status f(airt_ctx *ctx)
{
    return airt_reply(ctx, counter_get, .level = 1);
}
