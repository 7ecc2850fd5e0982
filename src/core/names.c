/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The name table: chained buckets, doubled when there are as many names as buckets.
 * Called by the registry with its lock held.
 * Invariant: bucket_count is 0 or a power of two; a name is in bucket (hash & (bucket_count - 1)). */
#include "core/names.h"

#include "port/port.h"

#include <string.h>

#define BUCKETS_FIRST 16u
#define BUCKETS_MAX (1u << 28)

/* FNV-1a over the bytes, from a seed, then the finisher of MurmurHash3, because the low bits choose the bucket. */
static uint64_t hash_of(uint64_t seed, airt_str name)
{
    uint64_t hash = seed ^ 0xcbf29ce484222325u;

    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ (unsigned char)name.at[i]) * 0x100000001b3u;
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
    return hash ^ hash >> 33;
}

static size_t name_bytes(size_t size)
{
    return sizeof(airi_name) + size + 1;
}

static size_t bucket_bytes(uint32_t count)
{
    return count * sizeof(airi_name *);
}

void airi_names_init(airi_names *names, airt_world *world, airi_heap *heap, uint64_t seed)
{
    memset(names, 0, sizeof *names);
    names->world = world;
    names->heap = heap;
    names->seed = seed;
}

void airi_names_fini(airi_names *names, airi_cache *cache)
{
    for (uint32_t i = 0; i < names->bucket_count; i++) {
        while (names->buckets[i] != NULL) {
            airi_name *name = names->buckets[i];

            names->buckets[i] = name->next;
            airi_heap_give(names->heap, cache, name, name_bytes(name->size));
        }
    }
    airi_heap_give(names->heap, cache, names->buckets, bucket_bytes(names->bucket_count));
    memset(names, 0, sizeof *names);
}

/* The pointer that points to the name, or to the NULL at the end of its bucket; NULL: no buckets yet. */
static airi_name **find_place(const airi_names *names, uint64_t hash, airt_str key)
{
    airi_name **place;

    if (names->bucket_count == 0)
        return NULL;
    place = &names->buckets[hash & (names->bucket_count - 1)];
    while (*place != NULL &&
           ((*place)->hash != hash || (*place)->size != key.size || memcmp((*place)->text, key.at, key.size) != 0))
        place = &(*place)->next;
    return place;
}

static airi_name *find(const airi_names *names, airt_str key)
{
    airi_name **place = find_place(names, hash_of(names->seed, key), key);

    return place == NULL ? NULL : *place;
}

static void move_all(airi_names *names, airi_name **buckets, uint32_t count)
{
    for (uint32_t i = 0; i < names->bucket_count; i++) {
        while (names->buckets[i] != NULL) {
            airi_name  *name = names->buckets[i];
            airi_name **place = &buckets[name->hash & (count - 1)];

            names->buckets[i] = name->next;
            name->next = *place;
            *place = name;
        }
    }
}

static bool grow(airi_names *names, airi_cache *cache)
{
    uint32_t    count = names->bucket_count == 0 ? BUCKETS_FIRST : names->bucket_count * 2;
    airi_name **buckets;

    if (count > BUCKETS_MAX || !airi_permits(names->world, AIRT_ALLOCATION_TABLE))
        return false;
    buckets = airi_heap_take(names->heap, cache, bucket_bytes(count));
    if (buckets == NULL)
        return false;
    memset((void *)buckets, 0, bucket_bytes(count));
    move_all(names, buckets, count);
    airi_heap_give(names->heap, cache, names->buckets, bucket_bytes(names->bucket_count));
    names->buckets = buckets;
    names->bucket_count = count;
    return true;
}

static airi_name *name_create(airi_names *names, airi_cache *cache, airt_str key, uint64_t bits)
{
    airi_name *name = NULL;

    if (airi_permits(names->world, AIRT_ALLOCATION_NAME))
        name = airi_heap_take(names->heap, cache, name_bytes(key.size));
    if (name == NULL)
        return NULL;
    name->hash = hash_of(names->seed, key);
    name->bits = bits;
    name->size = (uint32_t)key.size;
    memcpy(name->text, key.at, key.size);
    name->text[key.size] = '\0';
    return name;
}

airt_status airi_names_insert(airi_names *names, airi_cache *cache, airt_str key, uint64_t bits, const char **out_key)
{
    airi_name **place;
    airi_name  *name;

    if (key.size == 0 || key.size > AIRI_NAME_MAX || bits == 0)
        return AIRT_EINVAL;
    if (find(names, key) != NULL)
        return AIRT_EEXIST;
    if (names->count >= names->bucket_count && !grow(names, cache) && names->bucket_count == 0)
        return AIRT_ENOMEM;
    name = name_create(names, cache, key, bits);
    if (name == NULL)
        return AIRT_ENOMEM;
    place = &names->buckets[name->hash & (names->bucket_count - 1)];
    name->next = *place;
    *place = name;
    names->count++;
    if (out_key != NULL)
        *out_key = name->text;
    return AIRT_OK;
}

uint64_t airi_names_find(const airi_names *names, airt_str key)
{
    airi_name *name = find(names, key);

    return name == NULL ? 0 : name->bits;
}

bool airi_names_remove(airi_names *names, airi_cache *cache, airt_str key)
{
    airi_name **place = find_place(names, hash_of(names->seed, key), key);
    airi_name  *name = place == NULL ? NULL : *place;

    if (name == NULL)
        return false;
    *place = name->next;
    names->count--;
    airi_heap_give(names->heap, cache, name, name_bytes(name->size));
    return true;
}
