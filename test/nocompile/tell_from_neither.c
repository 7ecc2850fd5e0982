/* expect: neither the ctx of a handler nor a system */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

void f(int *from, counter_ref to)
{
    airt_tell(from, to, counter_add, .amount = 1);
}
