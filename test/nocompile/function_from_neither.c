/* expect: neither the ctx of a handler nor a system */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_status f(int *from, airt_ref to)
{
    return airt_stop(from, to, NULL);
}
