/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Poison: a message that its receiver fails of whenever it comes again. Known by its kind and its trace id (the sender's
 * own key, or the same for whatever one cause sent): so many failures of one identity, and it is quarantined at that
 * child. So is, where asked for, a whole kind. The newest failures of all children are kept in one small list. */
#include "supervise/supervisor.h"

typedef struct airi_identity {
    const airi_kid  *kid; /* that failed of it */
    const airt_kind *kind;
    uint64_t         trace; /* 0: counts the kind */
} airi_identity;
typedef struct airi_suspect {
    airi_identity who;
    uint32_t      failures;
    uint32_t      used; /* when, by a counter: the longest unused gives way */
} airi_suspect;

struct airi_suspects {
    airi_suspect one[AIRI_SUSPECTS_MAX];
    uint32_t     uses;
};

static airi_suspect *suspect_of(airi_suspects *all, const airi_identity *who)
{
    airi_suspect *oldest = &all->one[0];

    for (unsigned i = 0; i < AIRI_SUSPECTS_MAX; i++) {
        airi_suspect *one = &all->one[i];

        if (one->who.kid == who->kid && one->who.kind == who->kind && one->who.trace == who->trace)
            return one;
        if ((int32_t)(one->used - oldest->used) < 0)
            oldest = one;
    }
    *oldest = (airi_suspect){ .who = *who };
    return oldest;
}

/* True: that was one too many. */
static bool accuse(airi_suspects *all, const airi_identity *who, uint32_t max)
{
    airi_suspect *one;

    if (max == 0)
        return false;
    one = suspect_of(all, who);
    one->used = ++all->uses;
    if (++one->failures < max)
        return false;
    one->failures = 0;
    return true;
}

static void quarantine(airi_supervisor *self, const airi_identity *who, const airt_child_change *change)
{
    airt_child_change told = *change;
    uint32_t          ms = airi_or(who->kid->spec->child.poison.quarantine_ms, 60000);

    told.trace = who->trace;
    if (airt_child_quarantine(self->ctx, who->kid->ref, who->kind, who->trace, AIRT_MS(ms)) == AIRT_OK)
        airi_event_of(self, &(airi_happened){ AIRT_SUP_POISON, who->kid, &change->reason, &told, ms });
}

void airi_suspects_clear(airi_supervisor *self, const airi_kid *kid)
{
    for (unsigned i = 0; self->suspects != NULL && i < AIRI_SUSPECTS_MAX; i++)
        if (self->suspects->one[i].who.kid == kid)
            self->suspects->one[i] = (airi_suspect){ .failures = 0 };
}

void airi_suspect_change(airi_supervisor *self, airi_kid *kid, const airt_child_change *change)
{
    const airt_poison *poison = &kid->spec->child.poison;
    airi_identity      one = { kid, change->kind, change->trace }, all_of_kind = { kid, change->kind, 0 };

    if (change->kind == NULL || (poison->failures_max == 0 && poison->kind_failures_max == 0))
        return;
    if (self->suspects == NULL)
        self->suspects = airt_alloc(self->ctx, sizeof *self->suspects);
    if (self->suspects == NULL)
        return; /* no memory to remember by: the intensity bounds it all the same */
    if (one.trace != 0 && accuse(self->suspects, &one, poison->failures_max))
        quarantine(self, &one, change);
    if (accuse(self->suspects, &all_of_kind, poison->kind_failures_max))
        quarantine(self, &all_of_kind, change);
}
