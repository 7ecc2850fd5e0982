/* expect: AIRT_BODY: not a pointer to struct counter_add */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

airt_body f(struct lamp_dim *dim)
{
    return AIRT_BODY(counter_add, dim);
}
