/* expect: job.to: REF marks a typed ref|no member named .bits */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { airt_str to; };
AIRT_KIND(job, REF(to))
