/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a shared list cost when it is an actor? Twenty workers look keys up in one sorted linked list, insert some
 * and now and then ask for its size. Most of the time goes into walking the list, so more workers gain nothing. */
#include "collection.h"

typedef struct node node;
struct node {
    node    *next;
    uint32_t key;
};

struct sortedlist {
    collection_log log;
    node          *first;
    uint64_t       size;
};

AIRT_ON(sortedlist, collection_start)
{
    return collection_log_open(&self->log, ctx, msg->steps_max);
}

/* What points to the first node that is not below the key. */
static node **find(struct sortedlist *self, uint32_t key)
{
    node **at = &self->first;

    while (*at != NULL && (*at)->key < key)
        at = &(*at)->next;
    return at;
}

static bool is_there(const node *found, uint32_t key)
{
    return found != NULL && found->key == key;
}

/* Answered with 1 if the key is in the list. */
AIRT_ON(sortedlist, collection_read)
{
    AIRT_TRY(collection_log_add(&self->log, msg->who));
    return airt_tell(ctx, msg->from, collection_answer, .value = is_there(*find(self, msg->key), msg->key));
}

static airt_status insert(struct sortedlist *self, airt_ctx *ctx, node **at, uint32_t key)
{
    node *fresh = airt_alloc(ctx, sizeof *fresh);

    if (fresh == NULL)
        return AIRT_ENOMEM;
    *fresh = (node){ .next = *at, .key = key };
    *at = fresh;
    self->size++;
    return AIRT_OK;
}

/* Answered with 1 if it was in the list already. */
AIRT_ON(sortedlist, collection_write)
{
    node **at = find(self, msg->key);
    bool   was_there = is_there(*at, msg->key);

    AIRT_TRY(collection_log_add(&self->log, msg->who));
    if (!was_there)
        AIRT_TRY(insert(self, ctx, at, msg->key));
    return airt_tell(ctx, msg->from, collection_answer, .value = was_there);
}

AIRT_ON(sortedlist, collection_size)
{
    AIRT_TRY(collection_log_add(&self->log, msg->who));
    return airt_tell(ctx, msg->from, collection_answer, .value = self->size);
}

AIRT_ON(sortedlist, collection_served)
{
    return airt_reply(ctx, collection_served, .served = self->log.blob);
}

#define sortedlist_HANDLES(ON, A)                                                                                      \
    ON(A, collection_start)                                                                                            \
    ON(A, collection_read) ON(A, collection_write) ON(A, collection_size) ON(A, collection_served)
AIRT_BEHAVIOR(sortedlist)
AIRT_COVERS(sortedlist, collection)

/* --- the reference: a mark for each key --------------------------------------------------------------------------- */

typedef struct reference {
    bool     is_there[COLLECTION_KEYS];
    uint64_t size;
} reference;

static uint64_t answer(void *context, const collection_step *step)
{
    reference *self = context;
    bool       was_there = self->is_there[step->key];

    if (step->what == COLLECTION_SIZE)
        return self->size;
    if (step->what == COLLECTION_WRITE && !was_there) {
        self->is_there[step->key] = true;
        self->size++;
    }
    return was_there;
}

static void sortedlist_run(bench_run *run)
{
    collection_run(run, &(collection_plan){ .behavior = &sortedlist_behavior,
                                            .write_percent = 10,
                                            .size_percent = 1,
                                            .reference_bytes = sizeof(reference),
                                            .answer = answer });
}

const bench_workload bench_sortedlist = {
    .name = "sortedlist",
    .what = "20 workers (--actors) use one sorted list, 10 % inserts, 1 % sizes, the rest look-ups; --count requests\n"
            "each, Savina's size",
    .figure = { { "sortedlist", "ns/request" } },
    .count = 8000,
    .small = 100,
    .actors = 20,
    .small_actors = 5,
    .run = sortedlist_run,
};
