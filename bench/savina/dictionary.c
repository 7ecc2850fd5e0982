/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a shared dictionary cost when it is an actor? Twenty workers read and write random keys of one hash table,
 * nine reads to a write. */
#include "collection.h"

enum {
    BUCKETS = 16384
};

typedef struct entry entry;
struct entry {
    entry   *next;
    uint32_t key;
    uint64_t value;
};

struct dictionary {
    collection_log log;
    entry         *bucket[BUCKETS];
    uint64_t       size;
};

AIRT_ON(dictionary, collection_start)
{
    return collection_log_open(&self->log, ctx, msg->steps_max);
}

/* What points to the key's entry; without one, the end of its chain. */
static entry **find(struct dictionary *self, uint32_t key)
{
    entry **at = &self->bucket[bench_work(key, 1) % BUCKETS];

    while (*at != NULL && (*at)->key != key)
        at = &(*at)->next;
    return at;
}

/* Answered with the key's value; 0: it has none. */
AIRT_ON(dictionary, collection_read)
{
    const entry *found = *find(self, msg->key);

    AIRT_TRY(collection_log_add(&self->log, msg->who));
    return airt_tell(ctx, msg->from, collection_answer, .value = found != NULL ? found->value : 0);
}

static airt_status add(struct dictionary *self, airt_ctx *ctx, uint32_t key, entry **out_entry)
{
    entry *fresh = airt_alloc(ctx, sizeof *fresh);

    if (fresh == NULL)
        return AIRT_ENOMEM;
    fresh->key = key;
    self->size++;
    *out_entry = fresh;
    return AIRT_OK;
}

/* Answered with the value that it had before. */
AIRT_ON(dictionary, collection_write)
{
    entry  **at = find(self, msg->key);
    uint64_t before;

    AIRT_TRY(collection_log_add(&self->log, msg->who));
    if (*at == NULL)
        AIRT_TRY(add(self, ctx, msg->key, at));
    before = (*at)->value;
    (*at)->value = msg->value;
    return airt_tell(ctx, msg->from, collection_answer, .value = before);
}

AIRT_ON(dictionary, collection_size)
{
    AIRT_TRY(collection_log_add(&self->log, msg->who));
    return airt_tell(ctx, msg->from, collection_answer, .value = self->size);
}

AIRT_ON(dictionary, collection_served)
{
    return airt_reply(ctx, collection_served, .served = self->log.blob);
}

#define dictionary_HANDLES(ON, A)                                                                                      \
    ON(A, collection_start)                                                                                            \
    ON(A, collection_read) ON(A, collection_write) ON(A, collection_size) ON(A, collection_served)
AIRT_BEHAVIOR(dictionary)
AIRT_COVERS(dictionary, collection)

/* --- the reference: an array of the values of all keys ------------------------------------------------------------ */

typedef struct reference {
    uint64_t value[COLLECTION_KEYS];
    uint64_t size;
} reference;

static uint64_t answer(void *context, const collection_step *step)
{
    reference *self = context;
    uint64_t   before = self->value[step->key];

    if (step->what == COLLECTION_SIZE)
        return self->size;
    if (step->what == COLLECTION_WRITE) {
        self->size += before == 0;
        self->value[step->key] = step->value;
    }
    return before;
}

static void dictionary_run(bench_run *run)
{
    collection_run(run, &(collection_plan){ .behavior = &dictionary_behavior,
                                            .write_percent = 10,
                                            .reference_bytes = sizeof(reference),
                                            .answer = answer });
}

const bench_workload bench_dictionary = {
    .name = "dictionary",
    .what =
        "20 workers (--actors) read and write one dictionary, a tenth of it writes; --count requests each, 40 times\n"
        "Savina's size",
    .figure = { { "dictionary", "ns/request" } },
    .count = 400000,
    .small = 100,
    .actors = 20,
    .small_actors = 5,
    .run = dictionary_run,
};
