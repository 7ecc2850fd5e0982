/* expect: job: a body is at most 64 KiB */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { uint8_t block[65537]; };
AIRT_KIND(job, block)
