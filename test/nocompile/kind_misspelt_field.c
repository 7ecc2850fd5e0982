/* expect: no member named .?nmae|undeclared */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { int name; };
AIRT_KIND(job, nmae)
