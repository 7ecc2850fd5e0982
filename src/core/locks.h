/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Locks that a handler took outside of a marked region, if a lock checker tells of them. */
#ifndef AIRI_CORE_LOCKS_H
#define AIRI_CORE_LOCKS_H

#include "core/system.h"

/* How deep the handler is in marked regions. */
static inline unsigned airi_regions(const airt_ctx *ctx)
{
    return ctx->foreign & ~(unsigned)AIRI_REGION_LOCKED;
}
/* The handler returns or waits: what it still holds is reported, and forgotten. */
void airi_locks_over(airt_ctx *ctx, const char *until);

#endif
