/* expect: job.data: a pointer, or another type */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { int id; void *data; };
AIRT_KIND(job, id, data)
