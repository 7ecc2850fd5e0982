/* expect: job.inner: a pointer, or another type */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct inner { int x; };
struct job { struct inner inner; };
AIRT_KIND(job, inner)
