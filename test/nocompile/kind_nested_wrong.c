/* expect: job.inner: NESTED says struct lamp_dim */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { struct counter_add inner; };
AIRT_KIND(job, NESTED(inner, lamp_dim))
