/* expect: missing field 'c' initializer */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* only: clang */
#include "case.h"

struct job { int a; uint8_t b; uint8_t c; };
AIRT_KIND(job, a, b)
