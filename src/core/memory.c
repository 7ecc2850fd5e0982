/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Memory that outlives messages: blobs and the handler's and incarnation's holds on them, and answers taken out of the
 * runtime. */
#include "core/memory.h"

#include "core/blob.h"
#include "core/budget.h"
#include "core/kind.h"
#include "core/life.h"
#include "core/outside.h"

#include <string.h>

void *airi_blob_memory(airt_from from, size_t bytes, struct airi_heap **out_heap)
{
    airi_caller caller = airi_resolve(from, "airt_blob_new");

    if (caller.ctx != NULL && airi_killed(caller.ctx))
        return NULL;
    if (!airi_budget_may(caller.ctx, bytes) || !airi_permits(caller.system->world, AIRT_ALLOCATION_BLOB))
        return NULL;
    *out_heap = &caller.system->heap;
    return airi_heap_take(&caller.system->heap, airi_cache_of(caller.worker), bytes);
}

void airi_blob_memory_free(struct airi_heap *heap, void *memory, size_t bytes)
{
    airi_worker *worker = airi_current_worker();
    bool         ours = worker != NULL && &worker->system->heap == heap;

    airi_heap_give(heap, ours ? &worker->cache : NULL, memory, bytes);
}

/* --- holds: one reference each ------------------------------------------------------------------------------------ */

struct airi_hold {
    airi_owned             owned; /* used when the incarnation holds */
    struct airi_blob_head *head;
    struct airi_hold      *next; /* used when the handler holds */
};

static airi_hold *hold_take(airt_ctx *ctx, struct airi_blob_head *head)
{
    airi_hold *hold = NULL;

    if (airi_permits(ctx->system->world, AIRT_ALLOCATION_BLOB))
        hold = airi_heap_take(&ctx->system->heap, &ctx->worker->cache, sizeof *hold);
    if (hold == NULL)
        return NULL;
    memset(hold, 0, sizeof *hold);
    airi_list_init(&hold->owned.link);
    hold->owned.bytes = sizeof *hold;
    hold->owned.what = AIRI_OWNED_BLOB;
    hold->owned.system = ctx->system;
    hold->head = head;
    return hold;
}

/* A blob counts in full with the hold that came with its making, and with each keep; a slice's hold by itself. */
static size_t blob_bytes(struct airi_blob_head *head, bool in_full)
{
    return sizeof(airi_hold) + (in_full ? head->bytes : 0);
}

/* The handler's hold on a blob that counts in full, or one that does not; NULL: there is none. */
static airi_hold *held_by_handler(airt_ctx *ctx, struct airi_blob_head *head, bool in_full)
{
    airi_hold *hold = ctx->blobs;

    while (hold != NULL && (hold->head != head || hold->owned.charge != blob_bytes(head, in_full)))
        hold = hold->next;
    return hold;
}

bool airi_own_blob(airt_from from, struct airi_blob_head *head)
{
    airi_caller caller = airi_resolve(from, "airt_blob");
    airi_hold  *hold;
    size_t      bytes;

    if (caller.ctx == NULL)
        return true;
    /* Relaxed: whoever slices has counted up before; one reference is that of a blob just made, which nobody knows. */
    bytes = blob_bytes(head, airi_load(&head->count, AIRI_RELAXED) == 1);
    hold = airi_budget_may(caller.ctx, bytes) ? hold_take(caller.ctx, head) : NULL;
    if (hold == NULL)
        return false;
    hold->owned.charge = airi_budget_charge(caller.ctx, bytes);
    airi_budget_add_held(caller.ctx, hold->owned.charge);
    hold->next = caller.ctx->blobs;
    caller.ctx->blobs = hold;
    return true;
}

/* Between the incarnation's hold and the handler's on the same blob: one of them counts in full. */
static void move_charge(airt_ctx *ctx, airi_hold *held, bool in_full)
{
    airi_budget_sub_held(ctx, held->owned.charge);
    held->owned.charge = blob_bytes(held->head, in_full);
    airi_budget_add_held(ctx, held->owned.charge);
}

bool airi_keep_blob(airt_from from, struct airi_blob_head *head)
{
    airi_caller caller = airi_resolve(from, "airt_blob_keep");
    airi_hold  *hold, *made;

    if (caller.ctx == NULL)
        return true;
    made = airi_budgeted(caller.ctx->actor) ? held_by_handler(caller.ctx, head, true) : NULL;
    hold = airi_killed(caller.ctx) || !airi_budget_may(caller.ctx, blob_bytes(head, made == NULL))
               ? NULL
               : hold_take(caller.ctx, head);
    if (hold == NULL)
        return false;
    hold->owned.charge = airi_budget_charge(caller.ctx, blob_bytes(head, true));
    if (made != NULL)
        move_charge(caller.ctx, made, false);
    if (airi_owned_add(caller.ctx, &hold->owned))
        return true;
    airi_heap_give(&caller.system->heap, airi_cache_of(caller.worker), hold, sizeof *hold);
    return false;
}

bool airi_unkeep_blob(airt_from from, struct airi_blob_head *head)
{
    airi_caller caller = airi_resolve(from, "airt_blob_drop");
    airi_extra *extra;
    airi_hold  *found = NULL;
    airi_hold  *held;

    if (caller.ctx == NULL)
        return true;
    airi_mutex_lock(&caller.ctx->actor->lock);
    extra = airi_killed(caller.ctx) ? NULL : airi_extra_seen(caller.ctx->actor);
    for (airi_list *link = extra != NULL ? extra->owned.prev : NULL; link != NULL && link != &extra->owned;
         link = link->prev) {
        airi_owned *owned = AIRI_CONTAINER(link, airi_owned, link);

        if (owned->what == AIRI_OWNED_BLOB && ((airi_hold *)(void *)owned)->head == head) {
            found = (airi_hold *)(void *)owned;
            airi_owned_take_off(owned);
            break;
        }
    }
    airi_mutex_unlock(&caller.ctx->actor->lock);
    held = found != NULL && found->owned.charge != 0 ? held_by_handler(caller.ctx, head, false) : NULL;
    if (held != NULL) /* it stays until the handler returns */
        move_charge(caller.ctx, held, true);
    if (found != NULL)
        airi_heap_give(&caller.system->heap, airi_cache_of(caller.worker), found, sizeof *found);
    return found != NULL;
}

void airi_hold_release(airi_owned *owned)
{
    airi_blob_release(((airi_hold *)(void *)owned)->head);
}

void airi_holds_release(airt_ctx *ctx)
{
    while (ctx->blobs != NULL) {
        airi_hold *hold = ctx->blobs;

        ctx->blobs = hold->next;
        airi_budget_sub_held(ctx, hold->owned.charge);
        airi_blob_release(hold->head);
        airi_heap_give(&ctx->system->heap, &ctx->worker->cache, hold, sizeof *hold);
    }
}

/* --- answers outside of handlers ---------------------------------------------------------------------------------- */

typedef struct detached { /* before the bytes of an answer's views */
    size_t bytes;
    size_t reserved;
} detached;

airt_status airi_answer_detach(airt_system *system, airt_msg *answer, void *out)
{
    const void *body = airi_msg_body(answer);
    size_t      tail = airi_body_tail(answer->kind, body);
    detached   *block = NULL;

    if (tail > 0) {
        if (airi_permits(system->world, AIRT_ALLOCATION_MESSAGE))
            block = airi_heap_take(&system->heap, NULL, sizeof *block + tail);
        if (block == NULL)
            return AIRT_ENOMEM;
        block->bytes = sizeof *block + tail;
    }
    if (answer->kind->flags & AIRI_KIND_LOCAL) { /* moves: the message must not drop it again */
        memcpy(out, body, answer->kind->size);
        answer->kind = NULL;
        return AIRT_OK;
    }
    airi_body_copy(answer->kind, out, body, block != NULL ? block + 1 : NULL);
    return AIRT_OK;
}

static void first_view(const airt_field *field, void *at, void *context)
{
    const char **first = context;

    if (*first == NULL && field->type != AIRT_FIELD_BLOB && ((airt_str *)at)->size > 0)
        *first = ((airt_str *)at)->at;
}

void airt_answer_clear_body(airt_from from, const airt_kind *kind, void *body)
{
    airi_caller caller = airi_resolve(from, "airt_answer_clear");
    const char *first = NULL;

    if (caller.ctx != NULL)
        return;
    if (kind->flags & AIRI_KIND_VIEWS)
        airi_body_each_part(kind, body, first_view, &first);
    if (first != NULL) { /* the views' bytes are packed in field order behind their block's head */
        detached *block = (detached *)(void *)(uintptr_t)(first - sizeof *block);

        airi_heap_give(&caller.system->heap, NULL, block, block->bytes);
    }
    if (kind->flags & AIRI_KIND_LOCAL)
        kind->drop(body);
    else if (kind->flags & AIRI_KIND_BLOBS)
        airt_body_clear(from, kind, body);
    memset(body, 0, kind->size);
}
