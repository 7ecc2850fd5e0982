/* expect: job: the list of fields and the struct differ between a and c */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { int a; int b; int c; };
AIRT_KIND(job, a, c)
