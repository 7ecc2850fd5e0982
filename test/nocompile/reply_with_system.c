/* expect: airt_reply: the first argument is the ctx of a handler */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_status f(airt_system *system)
{
    return airt_reply(system, counter_get, .total = 1);
}
