/* expect: airt_ask_begin: the first argument is the ctx of a handler */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

counter_get_call f(airt_system *system, counter_ref to)
{
    return airt_ask_begin(system, to, AIRT_MS(1), counter_get);
}
