/* expect: job.x: a pointer, or another type */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { long double x; };
AIRT_KIND(job, x)
