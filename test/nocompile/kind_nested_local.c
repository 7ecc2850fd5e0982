/* expect: job.inner: a LOCAL kind cannot be nested */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

struct job { struct bag inner; };
AIRT_KIND(job, NESTED(inner, bag))
