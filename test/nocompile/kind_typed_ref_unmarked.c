/* expect: job.to: a pointer, or another type */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { counter_ref to; };
AIRT_KIND(job, to)
