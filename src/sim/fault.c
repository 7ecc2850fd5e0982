/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The fault world: any other world, but chosen logical allocations are refused. Every other call goes to the inner
 * world with the inner world's own pointer. Called from all threads of the systems in it; the counters are atomic. */
#include "base/sized.h"
#include "port/port.h"

#include <stdlib.h>

struct fault {
    airt_world world; /* first, so that the table's pointer is ours; world.inner is the wrapped one */
    /* fixed after create */
    airt_fault_options options;
    /* shared, atomic */
    AIRI_ATOMIC(uint64_t) chosen; /* allocations asked for at the chosen sites */
    AIRI_ATOMIC(uint64_t) refused;
    AIRI_ATOMIC(uint64_t) asked[AIRT_ALLOCATION_COUNT];
    struct tally {
        AIRI_ATOMIC(uint64_t) asked, refused;
    } at[]; /* as airi_site, in the order of their section */
};

_Static_assert(AIRT_ALLOCATION_COUNT <= 32, "airt_fault_options.sites has a bit for each");

static void fault_destroy(airt_world *world);

static struct fault *fault_of(const airt_world *world)
{
    if (world == NULL || world->destroy != fault_destroy)
        airi_check_failed(__FILE__, __LINE__, "not a fault world");
    return (struct fault *)(uintptr_t)world;
}

static bool refuse_here(struct fault *fault, airt_allocation what, const airi_site *site)
{
    uint32_t      sites = fault->options.sites;
    uint64_t      nth = fault->options.nth;
    struct tally *tally = &fault->at[site - __start_airi_sites];
    /* Relaxed here and below, no partner: each call gets its number from one read-modify-write and publishes nothing. */
    (void)airi_fetch_add(&fault->asked[what], 1, AIRI_RELAXED);
    (void)airi_fetch_add(&tally->asked, 1, AIRI_RELAXED);
    if (sites != 0 && (sites >> what & 1) == 0)
        return false;
    uint64_t number = airi_fetch_add(&fault->chosen, 1, AIRI_RELAXED) + 1;
    bool     refused = nth != 0 && (number == nth || (fault->options.onwards && number > nth));
    if (refused) {
        (void)airi_fetch_add(&fault->refused, 1, AIRI_RELAXED);
        (void)airi_fetch_add(&tally->refused, 1, AIRI_RELAXED);
    }
    return refused;
}

static bool fault_refuse(airt_world *world, airt_allocation what, const airi_site *site)
{
    return refuse_here(fault_of(world), what, site) || !airi_permits_at(world->inner, what, site);
}

/* The inner world asks only itself. */
static airt_status fault_thread_start(airt_world *world, const char *name, void (*run)(void *argument), void *argument,
                                      airi_thread **out_thread)
{
    struct fault *fault = fault_of(world);
    if (refuse_here(fault, AIRT_ALLOCATION_THREAD, AIRI_SITE()))
        return AIRT_ENOMEM;
    if (refuse_here(fault, AIRT_ALLOCATION_SIGNAL_STACK, AIRI_SITE()))
        return AIRT_ENOMEM;
    return world->inner->thread_start(world->inner, name, run, argument, out_thread);
}

static void fault_thread_join(airt_world *world, airi_thread **thread)
{
    world->inner->thread_join(world->inner, thread);
}

static int64_t fault_now_ns(airt_world *world)
{
    return world->inner->now_ns(world->inner);
}

static uint64_t fault_random(airt_world *world)
{
    return world->inner->random(world->inner);
}

static uint32_t fault_cores(airt_world *world)
{
    return world->inner->cores(world->inner);
}

static void fault_wait(airt_world *world, AIRI_ATOMIC(uint32_t) *word, uint32_t expected, int64_t deadline_ns)
{
    world->inner->wait(world->inner, word, expected, deadline_ns);
}

static void fault_wake(airt_world *world, AIRI_ATOMIC(uint32_t) *word, uint32_t count)
{
    world->inner->wake(world->inner, word, count);
}

static bool fault_fence_all(airt_world *world)
{
    return world->inner->fence_all(world->inner);
}

static void *fault_map(airt_world *world, size_t bytes)
{
    return world->inner->map(world->inner, bytes);
}

static void fault_unmap(airt_world *world, void *memory, size_t bytes)
{
    world->inner->unmap(world->inner, memory, bytes);
}

static airt_status fault_file_map(airt_world *world, const char *path, const char *magic, size_t bytes, size_t reserved,
                                  airi_file **out_file)
{
    return world->inner->file_map(world->inner, path, magic, bytes, reserved, out_file);
}

static bool fault_file_reserve(airt_world *world, airi_file *file, size_t at, size_t bytes)
{
    return world->inner->file_reserve(world->inner, file, at, bytes);
}

static void fault_file_unmap(airt_world *world, airi_file **file)
{
    world->inner->file_unmap(world->inner, file);
}

static airt_status fault_poll_create(airt_world *world, airi_poll **out_poll)
{
    return world->inner->poll_create(world->inner, out_poll);
}

static void fault_poll_destroy(airt_world *world, airi_poll **poll)
{
    world->inner->poll_destroy(world->inner, poll);
}

static void fault_attach(airt_world *world, airi_driven *driven)
{
    world->inner->attach(world->inner, driven);
}

static void fault_detach(airt_world *world, airi_driven *driven)
{
    world->inner->detach(world->inner, driven);
}

static void fault_event(airt_world *world, uint64_t what, uint64_t who, uint64_t detail)
{
    world->inner->event(world->inner, what, who, detail);
}

/* What takes a poll instead of a world is the inner world's own. */
static void table_fill(airt_world *world, airt_world *inner)
{
    *world = *inner;
    world->name = "fault";
    world->inner = inner;
    world->now_ns = fault_now_ns;
    world->random = fault_random;
    world->cores = fault_cores;
    world->thread_start = fault_thread_start;
    world->thread_join = fault_thread_join;
    world->wait = fault_wait;
    world->wake = fault_wake;
    world->fence_all = fault_fence_all;
    world->map = fault_map;
    world->unmap = fault_unmap;
    world->file_map = fault_file_map;
    world->file_reserve = fault_file_reserve;
    world->file_unmap = fault_file_unmap;
    world->poll_create = fault_poll_create;
    world->poll_destroy = fault_poll_destroy;
    world->attach = fault_attach;
    world->detach = fault_detach;
    world->event = inner->event != NULL ? fault_event : NULL;
    world->refuse = fault_refuse;
    world->destroy = fault_destroy;
}

airt_status airt_fault_create_sized(airt_world *inner, const airt_fault_options *options, size_t options_size,
                                    airt_world **out_world)
{
    size_t        sites = (size_t)(__stop_airi_sites - __start_airi_sites);
    struct fault *fault;
    if (inner == NULL || out_world == NULL)
        airi_check_failed(__FILE__, __LINE__, "airt_fault_create: NULL is no world to wrap, nor a place for one");
    fault = calloc(1, sizeof(*fault) + sites * sizeof fault->at[0]);
    if (fault == NULL)
        return AIRT_ENOMEM;
    table_fill(&fault->world, inner);
    if (options != NULL)
        fault->options = *(const airt_fault_options *)airi_sized_read(options, options_size, &fault->options,
                                                                      sizeof(fault->options));
    *out_world = &fault->world;
    return AIRT_OK;
}

static void fault_destroy(airt_world *world)
{
    free(fault_of(world));
}

uint64_t airt_fault_count(const airt_world *world, airt_allocation site)
{
    AIRT_CHECK(site < AIRT_ALLOCATION_COUNT);
    return airi_load(&fault_of(world)->asked[site], AIRI_RELAXED); /* relaxed: a reading; nothing rests on it */
}

uint64_t airt_fault_refused(const airt_world *world)
{
    return airi_load(&fault_of(world)->refused, AIRI_RELAXED); /* relaxed: a reading; nothing rests on it */
}

void airi_fault_at(const airt_world *world, const airi_site *site, uint64_t *out_asked, uint64_t *out_refused)
{
    struct tally *tally = &fault_of(world)->at[site - __start_airi_sites];

    *out_asked = airi_load(&tally->asked, AIRI_RELAXED);     /* relaxed: a reading; nothing rests on it */
    *out_refused = airi_load(&tally->refused, AIRI_RELAXED); /* relaxed: a reading; nothing rests on it */
}
