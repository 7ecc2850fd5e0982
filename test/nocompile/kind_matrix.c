/* expect: job.m: a pointer, or another type */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { int m[2][2]; };
AIRT_KIND(job, m)
