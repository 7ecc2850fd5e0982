/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A world for unit tests of tables and allocators: maps real pages, counts them, and can refuse the nth map or the nth
 * logical allocation. Only map, unmap and refuse are there.
 * Any thread; the counters are atomic. */
#ifndef AIRT_TEST_FAKE_WORLD_H
#define AIRT_TEST_FAKE_WORLD_H

#include "port/port.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef struct fake_world {
    airt_world        world; /* first */
    _Atomic(uint64_t) mapped_bytes;
    _Atomic(uint64_t) maps;
    _Atomic(uint64_t) asked[AIRT_ALLOCATION_COUNT];
    _Atomic(uint64_t) asked_all;
    uint64_t          fail_map;    /* this one, counted from 1, and all later ones; 0: none */
    uint64_t          fail_refuse; /* exactly this one; 0: none */
} fake_world;

static inline void *fake_map(airt_world *world, size_t bytes)
{
    fake_world *fake = (fake_world *)(void *)world;
    uint64_t    nth = atomic_fetch_add(&fake->maps, 1) + 1;
    void       *memory;

    if (fake->fail_map != 0 && nth >= fake->fail_map)
        return NULL;
    memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    atomic_fetch_add(&fake->mapped_bytes, bytes);
    return memory;
}

static inline void fake_unmap(airt_world *world, void *memory, size_t bytes)
{
    fake_world *fake = (fake_world *)(void *)world;

    atomic_fetch_sub(&fake->mapped_bytes, bytes);
    if (munmap(memory, bytes) != 0)
        abort();
}

static inline bool fake_refuse(airt_world *world, airt_allocation what, const airi_site *site)
{
    (void)site;
    fake_world *fake = (fake_world *)(void *)world;

    atomic_fetch_add(&fake->asked[what], 1);
    return atomic_fetch_add(&fake->asked_all, 1) + 1 == fake->fail_refuse;
}

static inline airt_world *fake_world_init(fake_world *fake)
{
    memset(fake, 0, sizeof *fake);
    fake->world.name = "fake";
    fake->world.map = fake_map;
    fake->world.unmap = fake_unmap;
    fake->world.refuse = fake_refuse;
    return &fake->world;
}

/* SEED from the environment, else a fixed one; printed, so that a failure can be repeated. */
static inline uint64_t test_seed(void)
{
    const char *text = getenv("SEED");
    uint64_t    seed = text == NULL ? 0x9e3779b97f4a7c15u : strtoull(text, NULL, 0);

    printf("SEED=%llu\n", (unsigned long long)seed);
    return seed == 0 ? 1 : seed;
}

static inline uint64_t test_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545f4914f6cdd1du;
}

#endif
