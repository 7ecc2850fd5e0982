/* expect: job: the list of fields and the struct differ before b */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { int a; int b; };
AIRT_KIND(job, b)
