/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A few entries beside an actor, under its lock; its supervisor writes, its owner compares. */
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

static void list_free(airt_system *system, airi_worker *worker, airi_quarantine *list)
{
    if (list != NULL)
        airi_heap_give(&system->heap, airi_cache_of(worker), list, sizeof *list);
}

static airi_quarantine *list_make(airt_system *system, airi_worker *worker)
{
    airi_quarantine *list = NULL;

    if (airi_permits(system->world, AIRT_ALLOCATION_EXTRA))
        list = airi_heap_take(&system->heap, airi_cache_of(worker), sizeof *list);
    if (list != NULL)
        memset(list, 0, sizeof *list);
    return list;
}

/* Under the lock. */
static void entry_add(airi_quarantine *list, const airt_kind *kind, uint64_t trace, int64_t until_ns)
{
    list->entry[list->next].kind = kind;
    list->entry[list->next].trace = trace;
    list->entry[list->next].until_ns = until_ns;
    list->next = (list->next + 1) % ENTRIES_MAX;
}

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
    list = list_make(system, worker);
    if (list == NULL)
        return AIRT_ENOMEM;
    airi_mutex_lock(&actor->lock); /* a caller that was killed may meet the actor's end */
    if (airi_tenant_living(actor, who)) {
        if (extra->quarantine == NULL) {
            extra->quarantine = list;
            list = NULL;
        }
        entry_add(extra->quarantine, kind, trace, span.ns >= AIRI_NEVER - now ? AIRI_NEVER : now + span.ns);
        (void)airi_fetch_or(&actor->flags, AIRI_QUARANTINE, AIRI_SEQ_CST);
    } else {
        status = AIRT_EDEAD;
    }
    airi_mutex_unlock(&actor->lock);
    list_free(system, worker, list);
    return status;
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

bool airi_quarantined(airi_worker *worker, airi_actor *actor, airt_msg *msg)
{
    airt_system *system = worker->system;
    int64_t      now = system->world->now_ns(system->world);
    bool         any = false, found;

    airi_mutex_lock(&actor->lock);
    found = matches(airi_extra_seen(actor)->quarantine, msg, now, &any);
    if (!any)
        (void)airi_fetch_and(&actor->flags, ~(uint32_t)AIRI_QUARANTINE, AIRI_SEQ_CST);
    airi_mutex_unlock(&actor->lock);
    if (!found)
        return false;
    AIRI_TALLY(system, worker, in_work, -1);
    airi_dead(system, worker, airi_actor_ref(actor), msg, AIRT_LETTER_POISON);
    return true;
}

void airi_quarantine_free(airt_system *system, airi_worker *worker, airi_extra *extra)
{
    list_free(system, worker, extra->quarantine);
    extra->quarantine = NULL;
}
