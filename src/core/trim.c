/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* When memory that the heap has left over goes back. */
#include "core/trim.h"

#include "base/sweep.h"
#include "core/sched.h"

enum {
    TRIM_PERIOD_NS = 250 * 1000 * 1000, /* what a load uses again and again within this time stays */
    TRIM_SLICE = 2048                   /* blocks a step: some ten microseconds, and one unmapping */
};

void airi_trim_plan(airt_system *system)
{
    if (system->trim_due == AIRI_NEVER && airi_sweep_wanted(&system->heap))
        system->trim_due = system->world->now_ns(system->world) + TRIM_PERIOD_NS;
}

void airi_trim_rest(airi_worker *worker)
{
    airi_heap *heap = &worker->system->heap;

    if (airi_sweep_wanted(heap))
        airi_cache_flush(heap, &worker->cache);
}

static bool take_due(airt_system *system)
{
    bool due;

    airi_mutex_lock(&system->idle_lock);
    due = system->trim_due <= system->world->now_ns(system->world);
    if (due)
        system->trim_due = AIRI_NEVER;
    airi_mutex_unlock(&system->idle_lock);
    return due;
}

/* Who parked before there was anything to give back has not emptied its cache, and a few blocks hold many chunks: it wakes,
 * and parks again. In time for the look after this one, which is the first that can begin a sweep. */
static void wake_all(airt_system *system)
{
    uint32_t count = airi_worker_total(system);

    for (uint32_t i = 0; i < count; i++)
        if (!airi_load(&system->worker[i]->gone, AIRI_SEQ_CST))
            airi_ring_worker(system, system->worker[i], NULL);
}

void airi_trim_watched(airt_system *system)
{
    if (!take_due(system))
        return;
    wake_all(system);
    if (!airi_sweep_begin(&system->heap))
        return;
    while (!airi_load(&system->watch_halt, AIRI_SEQ_CST) && airi_sweep_step(&system->heap, TRIM_SLICE))
        continue;
}

/* All workers are this thread's. */
static bool begin_driven(airt_system *system)
{
    uint32_t count = airi_worker_total(system);

    for (uint32_t i = 0; i < count; i++)
        airi_trim_rest(system->worker[i]);
    return airi_sweep_begin(&system->heap);
}

void airi_trim_driven(airt_system *system, int64_t now_ns)
{
    if (system->trim_due <= now_ns) {
        bool more =
            airi_sweep_under_way(&system->heap) ? airi_sweep_step(&system->heap, TRIM_SLICE) : begin_driven(system);

        system->trim_due = more ? now_ns : AIRI_NEVER;
    }
    airi_trim_plan(system);
}
