/* expect: member reference base type 'int'|request for member .bits|not a structure */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { int to; };
AIRT_KIND(job, REF(to))
