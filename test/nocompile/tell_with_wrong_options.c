/* expect: airt_tell_with: options is an airt_send_options */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

void f(airt_ctx *ctx, counter_ref to, airt_spawn_options *options)
{
    airt_tell_with(ctx, to, options, counter_add, .amount = 1);
}
