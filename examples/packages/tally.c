/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Adds up what the parsers have parsed: a parser may fail and begin anew, and what it counted must not go with it. */
#include "kinds.h"

struct tally {
    struct parser_total total;
};

AIRT_ON(tally, tally_add)
{
    self->total.installed += msg->installed;
    self->total.others += msg->others;
    self->total.malformed += msg->malformed;
    return AIRT_OK;
}

AIRT_ON(tally, tally_get)
{
    return airt_reply(ctx, tally_get, .installed = self->total.installed, .others = self->total.others,
                      .malformed = self->total.malformed);
}

#define tally_HANDLES(ON, A) ON(A, tally_add) ON(A, tally_get)
AIRT_BEHAVIOR(tally)
