/* expect: job: no fields; a kind without any is AIRT_SIGNAL\(job\) */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { int x; };
AIRT_KIND(job)
