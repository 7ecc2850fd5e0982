/* expect: airt_answer_clear: not a pointer to struct counter_total */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

void f(airt_system *system, struct lamp_dim *answer)
{
    airt_answer_clear(system, counter_total, answer);
}
