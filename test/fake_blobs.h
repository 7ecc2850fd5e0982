/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Stands in for the system under blob.c: counts what lives, refuses on request, and plays one handler and one actor.
 * Included by one file of a test executable. A "ctx" is any pointer made by fake_ctx, a "system" one by fake_system. */
#ifndef FAKE_BLOBS_H
#define FAKE_BLOBS_H

#include "core/blob.h"
#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
    FAKE_LIST_MAX = 4096
};

static struct {
    size_t                 live;   /* allocations not yet freed */
    size_t                 refuse; /* refuse the nth request from now, 1 the next; 0: none */
    struct airi_blob_head *handler[FAKE_LIST_MAX];
    struct airi_blob_head *actor[FAKE_LIST_MAX];
    size_t                 handler_count;
    size_t                 actor_count;
    char                   ctx, system;
} fake;

static inline airt_ctx *fake_ctx(void)
{
    return (airt_ctx *)(void *)&fake.ctx;
}

static inline airt_system *fake_system(void)
{
    return (airt_system *)(void *)&fake.system;
}

static inline bool fake_in_handler(airt_from from)
{
    return (void *)from.ctx == (void *)&fake.ctx;
}

static inline bool fake_refuses(void)
{
    return fake.refuse != 0 && --fake.refuse == 0;
}

/* What the runtime does when a handler returns. */
static inline void fake_handler_returns(void)
{
    while (fake.handler_count != 0)
        airi_blob_release(fake.handler[--fake.handler_count]);
}

/* What the runtime does when an incarnation ends. */
static inline void fake_actor_ends(void)
{
    while (fake.actor_count != 0)
        airi_blob_release(fake.actor[--fake.actor_count]);
}

void *airi_blob_memory(airt_from from, size_t bytes, struct airi_heap **out_heap)
{
    void *memory = fake_refuses() ? NULL : aligned_alloc(16, (bytes + 15) / 16 * 16);
    (void)from;
    *out_heap = NULL;
    if (memory != NULL)
        fake.live++;
    return memory;
}

void airi_blob_memory_free(struct airi_heap *heap, void *memory, size_t bytes)
{
    (void)heap;
    memset(memory, 0xdd, bytes); /* a use after this shows */
    free(memory);
    fake.live--;
}

static bool fake_record(struct airi_blob_head **list, size_t *count, struct airi_blob_head *head)
{
    if (*count == FAKE_LIST_MAX || fake_refuses())
        return false;
    list[(*count)++] = head;
    return true;
}

bool airi_own_blob(airt_from from, struct airi_blob_head *head)
{
    return !fake_in_handler(from) || fake_record(fake.handler, &fake.handler_count, head);
}

bool airi_keep_blob(airt_from from, struct airi_blob_head *head)
{
    return !fake_in_handler(from) || fake_record(fake.actor, &fake.actor_count, head);
}

bool airi_unkeep_blob(airt_from from, struct airi_blob_head *head)
{
    if (!fake_in_handler(from))
        return true;
    for (size_t i = fake.actor_count; i-- != 0;)
        if (fake.actor[i] == head) {
            fake.actor[i] = fake.actor[--fake.actor_count];
            return true;
        }
    return false;
}

#endif
