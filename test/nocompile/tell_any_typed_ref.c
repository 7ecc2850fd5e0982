/* expect: incompatible type for argument 2 of .airt_tell_body|passing 'counter_ref'.* to parameter of incompatible type 'airt_ref' */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

void f(airt_ctx *ctx, counter_ref to)
{
    airt_tell_any(ctx, to, counter_add, .amount = 1);
}
