/* expect: struct counter_add.* has no member named .amout|field designator 'amout' does not refer to any field in type 'struct counter_add' */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

void f(airt_ctx *ctx, counter_ref to)
{
    airt_tell(ctx, to, counter_add, .amout = 1);
}
