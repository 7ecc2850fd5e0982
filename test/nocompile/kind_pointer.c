/* expect: job.name: a pointer, or another type */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { char *name; };
AIRT_KIND(job, name)
