/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A section adds up what its packages tell it. The plainest actor of the program. */
#include "kinds.h"
#include "memory.h"

struct section {
    airt_str name;
    uint64_t packages;
    uint64_t kilobytes;
};

AIRT_ON(section, section_start)
{
    self->name = msg->name;
    return memory_copy(ctx, &self->name);
}

AIRT_ON(section, section_add)
{
    self->packages++;
    self->kilobytes += msg->kilobytes;
    return AIRT_OK;
}

AIRT_ON(section, section_get)
{
    return airt_reply(ctx, section_get, .name = self->name, .packages = self->packages, .kilobytes = self->kilobytes);
}

#define section_HANDLES(ON, A) ON(A, section_start) ON(A, section_add) ON(A, section_get)
AIRT_BEHAVIOR(section)
