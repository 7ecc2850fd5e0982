/* expect: job: a body is at most 64 KiB */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { uint8_t block[65537]; void *x; };
AIRT_LOCAL_KIND(job, job_drop)
