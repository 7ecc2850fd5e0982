/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Worlds: where a system takes its time, randomness, threads and memory from. The Linux world is real; the simulated
 * one replays a run from a seed; the fault world wraps either and refuses chosen allocations.
 * Unless said otherwise: Thread: the one that drives the world, outside any handler.  Blocks: no. */
#ifndef AIRT_WORLD_H
#define AIRT_WORLD_H

#include <airt/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The real one; static, never destroyed. Thread: any.  Owns: a static object. */
AIRT_API airt_world *airt_world_linux(void);

typedef struct airt_sim_options {
    uint64_t seed;
    int64_t  start_ns; /* 0: 1 s, so that no time is zero */
    uint32_t cores;    /* 0: 4 */
    uint32_t layout;   /* where memory lies: shifted by so many pages, ascending when odd. Must not change the hash. */
} airt_sim_options;

/* A world with a virtual clock and a seeded scheduler; everything in it runs on the thread that drives it. Blocking
 * calls with a system (ask, stop, quiesce) run the world until answered. Thread: any, the driving one from then on.
 * Fails: ENOMEM. */
AIRT_API AIRT_MUST_CHECK airt_status airt_sim_create_sized(const airt_sim_options *options, size_t options_size,
                                                           airt_world **out_world);

AIRT_MUST_CHECK static inline airt_status airt_sim_create(const airt_sim_options *options, airt_world **out_world)
{
    return airt_sim_create_sized(options, sizeof(airt_sim_options), out_world);
}
/* Runs one step of one worker chosen by the seed, or, when none is ready, moves the clock to the next timer. False:
 * nothing to do and no timer. */
AIRT_API bool airt_sim_step(airt_world *world);
/* Steps until nothing is ready, without moving the clock. */
AIRT_API void airt_sim_settle(airt_world *world);
/* Steps until the clock has moved by span; the clock ends exactly there. A negative span is over at once. */
AIRT_API void airt_sim_run(airt_world *world, airt_duration span);
/* The virtual clock. */
AIRT_API int64_t airt_sim_now_ns(const airt_world *world);
/* Hash of every event so far (who, what, when): the same seed gives the same hash on every compiler. */
AIRT_API uint64_t airt_sim_hash(const airt_world *world);

/* Logical allocations: the places that can be refused. */
#define AIRT_ALLOCATION_TABLE(X)                                                                                       \
    X(MESSAGE, "message")                                                                                              \
    X(BLOB, "blob")                                                                                                    \
    X(TIMER, "timer")                                                                                                  \
    X(STACK, "stack")                                                                                                  \
    X(SLOT, "slot")                                                                                                    \
    X(TABLE, "table growth")                                                                                           \
    X(STATE, "actor state")                                                                                            \
    X(EXTRA, "actor extras")                                                                                           \
    X(MEMORY, "actor memory")                                                                                          \
    X(RELATION, "link or monitor")                                                                                     \
    X(CALL, "call")                                                                                                    \
    X(NAME, "name")                                                                                                    \
    X(SYSTEM, "system")                                                                                                \
    X(WORKER, "worker")                                                                                                \
    X(THREAD, "thread")                                                                                                \
    X(SIGNAL_STACK, "signal stack")                                                                                    \
    X(CHILD, "supervised child")                                                                                       \
    X(FILE, "file")
#define AIRI_ALLOCATION_ENUM(name, text) AIRT_ALLOCATION_##name,
typedef enum airt_allocation {
    AIRT_ALLOCATION_TABLE(AIRI_ALLOCATION_ENUM) AIRT_ALLOCATION_COUNT
} airt_allocation;
#undef AIRI_ALLOCATION_ENUM
/* The text of a site, never NULL. Thread: any.  Owns: static text. */
AIRT_API const char *airt_allocation_text(airt_allocation site);

typedef struct airt_fault_options {
    uint64_t nth;     /* refuse the nth logical allocation, 1 the first; 0: none, only count */
    bool     onwards; /* and every later one */
    uint32_t sites;   /* bit set of airt_allocation to count and refuse; 0: all */
} airt_fault_options;
/* Wraps inner, which is lent and must outlive it. Thread: any.  Fails: ENOMEM. */
AIRT_API AIRT_MUST_CHECK airt_status airt_fault_create_sized(airt_world *inner, const airt_fault_options *options,
                                                             size_t options_size, airt_world **out_world);

AIRT_MUST_CHECK static inline airt_status airt_fault_create(airt_world *inner, const airt_fault_options *options,
                                                            airt_world **out_world)
{
    return airt_fault_create_sized(inner, options, sizeof(airt_fault_options), out_world);
}
/* How many logical allocations were asked for at a site so far, refused ones included. Thread: any. */
AIRT_API uint64_t airt_fault_count(const airt_world *world, airt_allocation site);
/* How many of all sites were refused so far. Thread: any. */
AIRT_API uint64_t airt_fault_refused(const airt_world *world);

/* Ends a simulated or fault world and makes *world NULL; its systems must be stopped. The Linux world is left alone. */
AIRT_API void airt_world_destroy(airt_world **world);

#if UINTPTR_MAX == UINT64_MAX
AIRI_STATIC_ASSERT(sizeof(airt_sim_options) == 24 && offsetof(airt_sim_options, cores) == 16 &&
                       sizeof(airt_fault_options) == 16 && offsetof(airt_fault_options, sites) == 12,
                   "layout frozen: only append");
#endif

#ifdef __cplusplus
}
#endif
#endif
