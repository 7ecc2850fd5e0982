/* expect: job.done: a pointer, or another type */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { void (*done)(void); };
AIRT_KIND(job, done)
