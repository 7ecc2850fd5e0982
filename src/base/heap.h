/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A system's memory: size classes carved from the world's pages, a private cache for each worker, a shared depot.
 * Called with the caller's own cache, or with NULL by threads that have none; memory may be given back on any thread.
 * The caller asks airi_permits for its own site first; this allocator asks nobody and answers NULL when pages end.
 * Invariant: a block of class c is in use, in one cache, in depot c, or looked at by a sweep of c. Memory changes its
 * class only by being given back as a whole chunk. */
#ifndef AIRI_BASE_HEAP_H
#define AIRI_BASE_HEAP_H

#include "base/atomic.h"
#include "base/check.h"
#include "base/mutex.h"
#include "base/quota.h"

#include <airt/base.h>

#include <string.h>

/* Sizes of blocks. All are multiples of 16; those that are multiples of 64 are aligned to 64. The last one holds a
 * 64 KiB body with its header. */
/* clang-format off */
#define AIRI_HEAP_CLASSES(X)                                                                                           \
    X(16) X(32) X(48) X(64) X(96) X(128) X(192) X(256) X(384) X(512) X(768) X(1024) X(1536) X(2048) X(3072) X(4096)    \
    X(6144) X(8192) X(12288) X(16384) X(24576) X(32768) X(49152) X(65536) X(65792)
/* clang-format on */
#define AIRI_HEAP_CLASS_COUNT 25
#define AIRI_HEAP_CLASS_64 3      /* the number of the one that most blocks are of */
#define AIRI_HEAP_CACHED_COUNT 18 /* up to 8192 bytes; larger blocks go straight to the depot */
#define AIRI_HEAP_INLINE_MAX 1024
#define AIRI_HEAP_CLASS_MAX 65792 /* larger requests are pages of their own */
#define AIRI_HEAP_BATCH_BYTES 8192
#define AIRI_HEAP_BATCH_MAX 64

/* A free block. The second word is used by the first block of a batch in the depot only; batches there are whole, so
 * that they need no count. */
typedef struct airi_block airi_block;
struct airi_block {
    airi_block *next;
    airi_block *next_batch;
};

typedef struct airi_bin {
    airi_block *hot;   /* at most one batch, taken from and given to */
    airi_block *spare; /* NULL or one whole batch */
    uint32_t    count; /* in hot */
    uint32_t    batch; /* the class's batch; 0: cache not set up */
} airi_bin;

/* Running worker only. Holds at most two batches (16 KiB) a class. */
typedef struct airi_cache {
    airi_bin bins[AIRI_HEAP_CACHED_COUNT];
} airi_cache;

/* A chunk of one class, in a record of its own: so it holds nothing but blocks. */
typedef struct airi_chunk airi_chunk;
struct airi_chunk {
    airi_chunk *next;
    char       *memory;
};

typedef struct airi_depot {
    _Alignas(64) airi_mutex lock;
    /* guarded by lock */
    bool        hoards;   /* free >= hoard_at: worth a sweep, if it lasts */
    airi_block *batches;  /* whole batches, linked by next_batch */
    airi_block *loose;    /* single blocks */
    uint64_t    free;     /* blocks in both */
    uint64_t    free_min; /* since the last look of airi_sweep_begin */
    uint64_t    hoard_at;
    uint64_t    carved;      /* blocks of this class that exist */
    uint64_t    away;        /* of these, with the sweep */
    airi_chunk *chunks;      /* of this class alone; without those that are with the sweep */
    char       *fresh;       /* what is not carved yet of the newest */
    uint32_t    fresh_count; /* in blocks */
    uint32_t    chunk_count;
} airi_depot;

/* A chunk for blocks of all classes begins with this. Its blocks stay where they are until the end. */
typedef struct airi_mixed airi_mixed;
struct airi_mixed {
    airi_mixed *next;
    size_t      bytes;
};

/* A chunk and how many of its blocks a sweep has found. */
typedef struct airi_haul {
    char       *memory;
    airi_chunk *chunk;
    airi_block *found;
    uint32_t    count;
} airi_haul;

/* The one sweep of a heap; see sweep.h. What is in it is nobody else's. */
typedef struct airi_sweep {
    airi_mutex lock; /* around each step; depots' locks inside it */
    /* shared, atomic: a glance */
    AIRI_ATOMIC(bool) under_way;
    /* guarded by lock */
    uint32_t    number;  /* the class */
    airi_block *batches; /* still to be looked at, as in a depot */
    airi_block *loose;
    airi_haul  *hauls;
    uint32_t   *slots; /* a hash table of them, by address: number + 1, or 0 */
    uint32_t    slot_mask;
    uint32_t    haul_max;
    uint32_t    haul_count;
    uint32_t    settled; /* hauls that are done with */
    uint32_t    latest;  /* the haul that was found last */
    size_t      index_bytes;
    uint64_t    keep; /* blocks that shall still be kept, in whole chunks too */
    uint64_t    kept; /* blocks of whole chunks that were */
} airi_sweep;

typedef struct airi_heap {
    airi_depot depots[AIRI_HEAP_CLASS_COUNT];
    /* fixed after init */
    airt_world *world;
    airi_quota *quota; /* of what is mapped; NULL: no bound. Set before the first use */
    /* guarded by chunk_lock, which is taken inside a depot's lock */
    airi_mutex  chunk_lock;
    airi_mixed *mixed; /* newest first; carving is from the newest */
    size_t      carve_at;
    airi_chunk *records;      /* unused ones */
    airi_chunk *record_pages; /* each page's first record: memory is the page */
    /* shared, atomic */
    AIRI_ATOMIC(uint64_t) mapped_bytes; /* held from the world: a statistic */
    AIRI_ATOMIC(uint64_t) large_bytes;  /* of these, requests with pages of their own: a statistic */
    AIRI_ATOMIC(uint32_t) hoards;       /* depots that hoard */
    airi_sweep            sweep;
} airi_heap;

void airi_heap_init(airi_heap *heap, airt_world *world);
/* Ends a sweep, unmaps every chunk; caches must be flushed. Returns the bytes that were still in use (0: no leak); large
 * blocks still in use are counted, and left mapped, since nothing lists them. Harmless twice, and on a zeroed heap. */
uint64_t airi_heap_fini(airi_heap *heap);

void airi_cache_init(airi_cache *cache);
/* Worker exit, or a worker that parks for long: everything goes to the depot. */
void airi_cache_flush(airi_heap *heap, airi_cache *cache);

/* Bytes held from the world. Any thread; may lag. */
uint64_t airi_heap_bytes(airi_heap *heap);
/* Bytes handed out, those in workers' caches included; exact when caches are flushed. Takes each depot's lock. */
uint64_t airi_heap_in_use(airi_heap *heap);
/* The same in blocks of one class; class_size says which. False: no such class. */
bool airi_heap_class(airi_heap *heap, uint32_t number, uint32_t *out_class_size, uint64_t *out_blocks);

/* The usable size of what a request of `bytes` gets: a caller that can use the slack may. */
size_t airi_heap_round(size_t bytes);

void *airi_heap_take_slow(airi_heap *heap, airi_cache *cache, size_t bytes);
void  airi_heap_give_slow(airi_heap *heap, airi_cache *cache, void *memory, size_t bytes);

extern const uint8_t airi_heap_class_of[AIRI_HEAP_INLINE_MAX / 16 + 1]; /* by (bytes + 15) / 16 */

/* Freed memory: unreadable under AddressSanitizer, filled in debug and hard builds, untouched otherwise. The one place
 * where that is decided. `head` is the part that links free blocks. */
#if defined(__SANITIZE_ADDRESS__)
#define AIRI_HEAP_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define AIRI_HEAP_ASAN 1
#endif
#endif
#if defined(AIRI_HEAP_ASAN)
void __asan_poison_memory_region(void const volatile *address, size_t size);
void __asan_unpoison_memory_region(void const volatile *address, size_t size);
#define airi_heap_hide(memory, bytes) __asan_poison_memory_region((memory), (bytes))
#define airi_heap_show(memory, bytes) __asan_unpoison_memory_region((memory), (bytes))
#else
#define airi_heap_hide(memory, bytes) ((void)(memory), (void)(bytes))
#define airi_heap_show(memory, bytes) ((void)(memory), (void)(bytes))
#endif
#define AIRI_HEAP_FREED 0xdd /* in debug and hard builds a pointer read from freed memory is 0xdddd... */
#define AIRI_HEAP_TAKEN 0xcd /* and fresh memory is not accidentally zero */

static inline airi_block *airi_block_next(airi_block *block)
{
    airi_block *next;

    airi_heap_show(block, sizeof *block);
    next = block->next;
    airi_heap_hide(block, sizeof *block);
    return next;
}

static inline void airi_block_set_next(airi_block *block, airi_block *next)
{
    airi_heap_show(block, sizeof *block);
    block->next = next;
    airi_heap_hide(block, sizeof *block);
}

/* A free block becomes the caller's. */
static inline void *airi_heap_reveal(airi_block *block, size_t bytes)
{
    airi_heap_show(block, bytes);
    if (AIRI_CHECKED)
        memset(block, AIRI_HEAP_TAKEN, bytes);
    return block;
}

static inline airi_block *airi_heap_bury(void *memory, size_t bytes)
{
    if (AIRI_CHECKED)
        memset(memory, AIRI_HEAP_FREED, bytes);
    airi_heap_hide(memory, bytes);
    return memory;
}

/* Uninitialised memory, aligned to 16, or to 64 where its class is a multiple of 64; NULL: no memory. `cache` is the
 * calling worker's own, or NULL. */
static inline void *airi_heap_take(airi_heap *heap, airi_cache *cache, size_t bytes)
{
    if (cache != NULL && bytes <= AIRI_HEAP_INLINE_MAX) {
        airi_bin   *bin = &cache->bins[airi_heap_class_of[(bytes + 15) / 16]];
        airi_block *block = bin->hot;

        if (block != NULL) {
            bin->hot = airi_block_next(block);
            bin->count--;
            return airi_heap_reveal(block, bytes);
        }
    }
    return airi_heap_take_slow(heap, cache, bytes);
}

static inline void *airi_bin_take(airi_bin *bin, size_t bytes)
{
    airi_block *block = bin->hot;

    if (block == NULL)
        return NULL;
    bin->hot = airi_block_next(block);
    bin->count--;
    return airi_heap_reveal(block, bytes);
}

static inline bool airi_bin_give(airi_bin *bin, void *memory, size_t bytes)
{
    airi_block *block;

    if (bin->count >= bin->batch)
        return false;
    block = airi_heap_bury(memory, bytes);
    airi_block_set_next(block, bin->hot);
    bin->hot = block;
    bin->count++;
    return true;
}

/* The same at hand in a cache, `units` of 16 bytes, at most AIRI_HEAP_INLINE_MAX; NULL: not at hand, ask airi_heap_take. */
static inline void *airi_cache_take(airi_cache *cache, size_t units)
{
    return units == 4 ? airi_bin_take(&cache->bins[AIRI_HEAP_CLASS_64], 64)
                      : airi_bin_take(&cache->bins[airi_heap_class_of[units]], units * 16);
}

/* True: taken back. False: the cache has enough, airi_heap_give knows better. `units` as above. */
static inline bool airi_cache_give(airi_cache *cache, void *memory, size_t units)
{
    return __builtin_expect(units == 4, 1) ? airi_bin_give(&cache->bins[AIRI_HEAP_CLASS_64], memory, 64)
                                           : airi_bin_give(&cache->bins[airi_heap_class_of[units]], memory, units * 16);
}

/* `bytes` is what was asked for. NULL memory is harmless. */
static inline void airi_heap_give(airi_heap *heap, airi_cache *cache, void *memory, size_t bytes)
{
    if (cache != NULL && memory != NULL && bytes <= AIRI_HEAP_INLINE_MAX) {
        airi_bin *bin = &cache->bins[airi_heap_class_of[(bytes + 15) / 16]];

        if (bin->count < bin->batch) {
            airi_block *block = airi_heap_bury(memory, bytes);

            airi_block_set_next(block, bin->hot);
            bin->hot = block;
            bin->count++;
            return;
        }
    }
    airi_heap_give_slow(heap, cache, memory, bytes);
}

#endif
