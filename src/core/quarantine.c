/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "core/quarantine.h"

#include "core/letters.h"
#include "core/life.h"

#include <string.h>

enum {
    ENTRIES_MAX = 8
};

typedef struct airi_quarantine airi_quarantine;
struct airi_quarantine { /* under actor->lock */
    struct {
        const airt_kind *kind;  /* NULL: free */
        uint64_t         trace; /* 0: whatever it is */
        int64_t          until_ns;
    } entry[ENTRIES_MAX];
    uint32_t next;
};

airt_status airi_quarantine_add(airt_system *system, airi_worker *worker, airt_ref who, const airt_kind *kind,
                                uint64_t trace, airt_duration span)
{
    int64_t          now = system->world->now_ns(system->world);
    airi_extra      *extra = NULL;
    airt_status      status = airi_extra_at(system, worker, who, &extra);
    airi_actor      *actor = airi_slot(system, airi_ref_index(who));
    airi_quarantine *list;

    if (status != AIRT_OK)
        return status;
    list = extra->quarantine; /* made by its supervisor only, one call at a time */
    if (list == NULL && airi_permits(system->world, AIRT_ALLOCATION_EXTRA))
        list = airi_heap_take(&system->heap, airi_cache_of(worker), sizeof *list);
    if (list == NULL)
        return AIRT_ENOMEM;
    if (extra->quarantine == NULL)
        memset(list, 0, sizeof *list);
    airi_mutex_lock(&actor->lock);
    extra->quarantine = list;
    list->entry[list->next].kind = kind;
    list->entry[list->next].trace = trace;
    list->entry[list->next].until_ns = span.ns >= AIRI_NEVER - now ? AIRI_NEVER : now + span.ns;
    list->next = (list->next + 1) % ENTRIES_MAX;
    (void)airi_fetch_or(&actor->flags, AIRI_QUARANTINE, AIRI_SEQ_CST);
    airi_mutex_unlock(&actor->lock);
    return AIRT_OK;
}

/* Under actor->lock. Forgets what is over. */
static bool matches(airi_quarantine *list, const airt_msg *msg, int64_t now, bool *out_any)
{
    bool found = false;

    for (unsigned i = 0; i < ENTRIES_MAX; i++) {
        if (list->entry[i].kind != NULL && list->entry[i].until_ns <= now)
            list->entry[i].kind = NULL;
        if (list->entry[i].kind == NULL)
            continue;
        *out_any = true;
        found |= airt_kind_same(list->entry[i].kind, msg->kind) &&
                 (list->entry[i].trace == 0 || list->entry[i].trace == airt_msg_trace(msg));
    }
    return found;
}

bool airi_quarantined(airt_ctx *ctx, airi_actor *actor, airt_msg *msg)
{
    int64_t now = ctx->system->world->now_ns(ctx->system->world);
    bool    any = false, found;

    airi_mutex_lock(&actor->lock);
    found = matches(airi_extra_seen(actor)->quarantine, msg, now, &any);
    if (!any)
        (void)airi_fetch_and(&actor->flags, ~(uint32_t)AIRI_QUARANTINE, AIRI_SEQ_CST);
    airi_mutex_unlock(&actor->lock);
    if (!found)
        return false;
    AIRI_TALLY(ctx->system, ctx->worker, in_work, -1);
    airi_dead(ctx->system, ctx->worker, ctx->self, msg, AIRT_LETTER_POISON);
    return true;
}

void airi_quarantine_free(airt_system *system, airi_worker *worker, airi_extra *extra)
{
    if (extra->quarantine != NULL)
        airi_heap_give(&system->heap, airi_cache_of(worker), extra->quarantine, sizeof *extra->quarantine);
    extra->quarantine = NULL;
}
