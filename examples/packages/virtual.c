/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A virtual package: a name that installed packages provide. Of several providers the first by name is picked, so that
 * the answer does not depend on the order in which they were read. */
#include "kinds.h"
#include "memory.h"
#include "text.h"

struct virtual
{
    airt_str    name; /* of the picked one */
    package_ref package;
};

AIRT_ON(virtual, virtual_provide)
{
    airt_str name = msg->name;

    if (!airt_ref_none(self->package.ref) && text_compare(self->name, name) <= 0)
        return AIRT_OK;
    AIRT_TRY(memory_copy(ctx, &name));
    airt_free(ctx, (void *)(uintptr_t)self->name.at);
    self->name = name;
    self->package = msg->by;
    return AIRT_OK;
}

AIRT_ON(virtual, virtual_pick)
{
    return airt_reply(ctx, virtual_pick, .package = self->package);
}

#define virtual_HANDLES(ON, A) ON(A, virtual_provide) ON(A, virtual_pick)
AIRT_BEHAVIOR(virtual)
