/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names of actors: a hash table from a byte string to a ref's bits. Case-sensitive; keys are copied.
 * Called by the registry with its lock held, on any thread.
 * Invariant: a key is in the table at most once. No result depends on an address: the hash is seeded and reads bytes
 * one by one. */
#ifndef AIRI_CORE_NAMES_H
#define AIRI_CORE_NAMES_H

#include "base/heap.h"

#include <airt/base.h>

typedef struct airi_name airi_name;
struct airi_name {
    airi_name *next; /* in the bucket */
    uint64_t   hash;
    uint64_t   bits;
    uint32_t   size;
    char       text[]; /* and a NUL behind */
};

typedef struct airi_names {
    airt_world *world;
    airi_heap  *heap;
    uint64_t    seed;
    airi_name **buckets; /* NULL until the first insert */
    uint32_t    bucket_count;
    uint32_t    count;
} airi_names;

#define AIRI_NAME_MAX 255 /* bytes */

void airi_names_init(airi_names *names, airt_world *world, airi_heap *heap, uint64_t seed);
/* Gives all memory back. Harmless twice, and on a zeroed table. */
void airi_names_fini(airi_names *names, airi_cache *cache);

/* Fails: EINVAL (empty, or longer than AIRI_NAME_MAX), EEXIST, ENOMEM (site NAME; site TABLE for the first buckets: a
 * later growth that is refused is put off, since the table works without it). out_key, when not NULL, gets the copy,
 * NUL-terminated and valid until the name is removed. `cache` as in airi_heap_take. */
AIRT_MUST_CHECK airt_status airi_names_insert(airi_names *names, airi_cache *cache, airt_str name, uint64_t bits,
                                              const char **out_key);
/* 0: no such name. */
uint64_t airi_names_find(const airi_names *names, airt_str name);
/* False: no such name. */
bool airi_names_remove(airi_names *names, airi_cache *cache, airt_str name);

#endif
