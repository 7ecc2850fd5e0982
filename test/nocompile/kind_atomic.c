/* expect: job.n: a pointer, or another type */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { _Atomic int n; };
AIRT_KIND(job, n)
