/* expect: job.c: a pointer, or another type */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { char c; };
AIRT_KIND(job, c)
