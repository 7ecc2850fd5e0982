/* expect: job.names: a pointer, or another type */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { const char *names[4]; };
AIRT_KIND(job, names)
