/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The pool of stacks, called by workers on any thread. Stacks are mapped in regions of up to 64 behind one page of
 * bookkeeping. A free one is warm (listed, its pages kept) or cold (a bit in its region, no page in memory). Guards are
 * installed when a slot is first used. No system call is made under lock. */
#define _GNU_SOURCE
#include "port/stack.h"
#include "port/stack_notes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#define GUARD_ADVICE 102 /* MADV_GUARD_INSTALL, Linux 6.13; not in older headers */
#define REGION_SLOTS 64u /* bits of region->cold */
#define STAGGER 16u      /* different offsets of stack tops */
#define WARM_MIN 64u     /* free stacks that keep their pages however few are in use */
#define TOUCHED_PAGES 4u /* of a suspended handler, for the derived cap */

struct airi_stacks_region {
    /* fixed after region_map */
    char    *slots_at;
    size_t   bytes;
    uint32_t slots;
    /* guarded by the pool's lock */
    airi_stacks_region *next;
    airi_stacks_region *next_roomy;
    uint64_t            cold; /* one bit a slot; 0 exactly when not in the roomy list */
    /* the slot's holder */
    struct slot {
        bool             guarded;
        struct slot_note note;
    } slot[REGION_SLOTS];
};

/* A slot, whoever holds it. */
struct place {
    airi_stacks_region *region; /* NULL: none */
    uint32_t            index;
};

_Static_assert(sizeof(struct airi_stacks_region) <= 4096, "a region's bookkeeping fits the smallest page");
_Static_assert(sizeof(airi_stack) % 64 == 0, "the control block ends with the slot");
_Static_assert(sizeof(airi_stack) <= 1024 && STAGGER * 64 <= 1024, "the first frames get most of the top page");

/* ---- how many ---- */

static uint64_t map_count_max(void)
{
    char text[32] = { 0 };
    int  file = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
    if (file >= 0 && read(file, text, sizeof(text) - 1) < 0)
        text[0] = '\0';
    if (file >= 0)
        (void)close(file);
    uint64_t count = strtoull(text, NULL, 10);
    return count != 0 ? count : 65530; /* the kernel's default */
}

static uint64_t address_space(void)
{
    struct rlimit limit;
    uint64_t      space = UINT64_C(1) << 38; /* the smallest user address space of the supported machines is 39 bits */
    if (sizeof(void *) == 8 && (uintptr_t)&limit >> 39 != 0)
        space = UINT64_C(1) << 46;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < space)
        space = limit.rlim_cur;
    return space;
}

static uint64_t physical_bytes(size_t page_bytes)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    return pages > 0 ? (uint64_t)pages * page_bytes : UINT64_C(1) << 30;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The cap on stacks in use. Asked for or not, it never exceeds what the system could map:
 *   half of the address space (or of RLIMIT_AS), each stack taking its slot of it;
 *   where guards are separate mappings, two of them a stack within seven eighths of vm.max_map_count, which leaves an
 *   eighth (8,191 by default) for everything else in the process;
 *   8,000 under the thread sanitizer.
 * When not asked for, also half of the physical memory at TOUCHED_PAGES a suspended handler. With Linux defaults and
 * 256 KiB this gives 28,668 with separate guards, and 65,536 per 2 GiB of memory without. */
static uint32_t stacks_max_derive(const airi_stacks *stacks, uint32_t asked)
{
    uint64_t max = asked;
    if (asked == 0)
        max = physical_bytes(stacks->page_bytes) / 2 / (TOUCHED_PAGES * stacks->page_bytes);
    max = smaller(max, address_space() / 2 / stacks->slot_bytes);
    if (!stacks->guard_advice)
        max = smaller(max, map_count_max() / 8 * 7 / 2);
    if (WITH_TSAN)
        max = smaller(max, TSAN_STACKS_MAX);
    return (uint32_t)smaller(max != 0 ? max : 1, UINT32_MAX);
}

/* ---- guards ---- */

/* Whether the kernel installs guards by advice. The answer alone is not believed (emulators say yes to any advice): the
 * kernel must also refuse to write to the page. */
static bool guard_advice_works(airt_world *world, size_t page_bytes)
{
    char *page = world->map(world, page_bytes);
    if (page == NULL)
        return false;
    bool works = madvise(page, page_bytes, GUARD_ADVICE) == 0;
    works = works && getrandom(page, 1, GRND_NONBLOCK) < 0 && errno == EFAULT;
    world->unmap(world, page, page_bytes);
    return works;
}

static bool guard_install(const airi_stacks *stacks, char *guard)
{
    if (stacks->guard_advice && madvise(guard, stacks->guard_bytes, GUARD_ADVICE) == 0)
        return true;
    return mprotect(guard, stacks->guard_bytes, PROT_NONE) == 0;
}

/* ---- regions and slots ---- */

/* Fewer slots when the address space or the overcommit limit is short. */
static airi_stacks_region *region_map(const airi_stacks *stacks)
{
    for (uint32_t slots = REGION_SLOTS; slots != 0; slots /= 8) {
        size_t bytes = stacks->page_bytes + slots * stacks->slot_bytes;
        char  *memory = stacks->world->map(stacks->world, bytes);
        if (memory == NULL)
            continue;
        (void)madvise(memory, bytes, MADV_NOHUGEPAGE); /* else one touch of a stack may cost 2 MiB */
        airi_stacks_region *fresh = (airi_stacks_region *)(void *)memory;
        fresh->slots_at = memory + stacks->page_bytes;
        fresh->bytes = bytes;
        fresh->slots = slots;
        fresh->cold = UINT64_MAX >> (REGION_SLOTS - slots);
        return fresh;
    }
    return NULL;
}

static char *slot_at(const airi_stacks *stacks, struct place place)
{
    return place.region->slots_at + place.index * stacks->slot_bytes;
}

/* Tops are staggered by up to 960 bytes: at the same offset of every page, these hottest bytes of all stacks would meet
 * in the same few sets of the caches (measured: resuming one of 3,000 or more takes half as long). */
static airi_stack *stack_at(const airi_stacks *stacks, struct place place)
{
    char *end = slot_at(stacks, place) + stacks->slot_bytes - place.index % STAGGER * 64;
    return (airi_stack *)(void *)(end - sizeof(airi_stack));
}

/* Under lock. */
static struct place cold_take(airi_stacks *stacks)
{
    airi_stacks_region *region = stacks->roomy;
    if (region == NULL)
        return (struct place){ NULL, 0 };
    struct place place = { region, (uint32_t)__builtin_ctzll(region->cold) };
    region->cold &= region->cold - 1;
    if (region->cold == 0)
        stacks->roomy = region->next_roomy;
    return place;
}

/* Under lock. */
static void cold_put(airi_stacks *stacks, struct place place)
{
    airi_stacks_region *region = place.region;
    if (region->cold == 0) {
        region->next_roomy = stacks->roomy;
        stacks->roomy = region;
    }
    region->cold |= UINT64_C(1) << place.index;
}

/* Under lock. */
static airi_stack *warm_pop(airi_stacks *stacks)
{
    airi_stack *stack = stacks->warm;
    if (stack == NULL)
        return NULL;
    stacks->warm = stack->next;
    stacks->warm_count--;
    return stack;
}

/* Under lock. */
static void warm_push(airi_stacks *stacks, airi_stack *stack)
{
    stack->next = stacks->warm;
    stacks->warm = stack;
    stacks->warm_count++;
}

/* Under lock. */
static void region_add(airi_stacks *stacks, airi_stacks_region *region)
{
    region->next = stacks->regions;
    stacks->regions = region;
    region->next_roomy = stacks->roomy;
    stacks->roomy = region;
}

/* Maps a region and takes its first slot, or a slot that someone else made cold meanwhile. Not under lock. */
static struct place grow(airi_stacks *stacks)
{
    airi_mutex_lock(&stacks->growing);
    airi_mutex_lock(&stacks->lock);
    struct place place = cold_take(stacks);
    airi_mutex_unlock(&stacks->lock);
    airi_stacks_region *fresh = place.region == NULL ? region_map(stacks) : NULL;
    if (fresh != NULL) {
        airi_mutex_lock(&stacks->lock);
        region_add(stacks, fresh);
        place = cold_take(stacks);
        airi_mutex_unlock(&stacks->lock);
    }
    airi_mutex_unlock(&stacks->growing);
    return place;
}

/* Makes a cold slot usable; its holder is the caller. Touches the top page. NULL: no memory for the guard. */
static airi_stack *slot_open(const airi_stacks *stacks, struct place place)
{
    struct slot *slot = &place.region->slot[place.index];
    char        *guard = slot_at(stacks, place);
    if (!slot->guarded && !guard_install(stacks, guard))
        return NULL;
    slot->guarded = true;
    airi_stack *stack = stack_at(stacks, place);
    stack->low = guard + stacks->guard_bytes;
    stack->size = (size_t)((char *)stack - (char *)stack->low);
    stack->region = place.region;
    stack->index = place.index;
    stack->fiber = NULL;
    stack->fiber_uses = 0;
    announce_slot(&slot->note, stack);
    return stack;
}

/* Gives the pages of a stack that was taken from the warm list back to the kernel. Not under lock. */
static void slot_release(airi_stacks *stacks, airi_stack *stack)
{
    struct place place = { stack->region, stack->index };
    fiber_drop(stack);
    (void)madvise(stack->low, stacks->slot_bytes - stacks->guard_bytes, MADV_DONTNEED);
    airi_mutex_lock(&stacks->lock);
    cold_put(stacks, place);
    airi_mutex_unlock(&stacks->lock);
}

/* ---- the pool ---- */

airt_status airi_stacks_init(airi_stacks *stacks, airt_world *world, uint32_t stack_bytes, uint32_t stacks_max)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    size_t bytes = stack_bytes != 0 ? stack_bytes : AIRI_STACK_BYTES_DEFAULT;
    memset(stacks, 0, sizeof(*stacks));
    if (bytes < AIRI_STACK_BYTES_MIN)
        return AIRT_EINVAL;
    stacks->page_bytes = page_bytes;
    stacks->guard_bytes = (AIRI_STACK_GUARD_BYTES + page_bytes - 1) / page_bytes * page_bytes;
    stacks->slot_bytes = stacks->guard_bytes + (bytes + page_bytes - 1) / page_bytes * page_bytes;
    stacks->guard_advice = guard_advice_works(world, page_bytes);
    stacks->max = stacks_max_derive(stacks, stacks_max);
    airi_mutex_init(&stacks->growing);
    airi_mutex_init(&stacks->lock);
    stacks->world = world;
    return AIRT_OK;
}

static void region_unmap(const airi_stacks *stacks, airi_stacks_region *region)
{
    for (uint32_t index = 0; index < region->slots; index++) {
        airi_stack *stack = stack_at(stacks, (struct place){ region, index });
        if ((region->cold >> index & 1) == 0) {
            forget_context(stack);
            fiber_drop(stack);
        }
        forget_slot(&region->slot[index].note);
    }
    stacks->world->unmap(stacks->world, region, region->bytes);
}

void airi_stacks_fini(airi_stacks *stacks)
{
    if (stacks->world == NULL)
        return;
    for (airi_stacks_region *region = stacks->regions, *next; region != NULL; region = next) {
        next = region->next;
        region_unmap(stacks, region);
    }
    stacks->world = NULL;
}

uint32_t airi_stacks_max(const airi_stacks *stacks)
{
    return stacks->max;
}

uint32_t airi_stacks_in_use(const airi_stacks *stacks)
{
    return airi_load(&stacks->in_use, AIRI_RELAXED); /* relaxed: a reading; nothing rests on it */
}

/* Under lock. Relaxed: all writers hold the lock, and readers without it only want a reading. */
static void in_use_add(airi_stacks *stacks, uint32_t difference)
{
    airi_store(&stacks->in_use, airi_load(&stacks->in_use, AIRI_RELAXED) + difference, AIRI_RELAXED);
}

/* Counts one more in use, or answers ELIMIT. Then *out_stack is a warm one, or *out_place a cold one, or both are none:
 * the pool must grow. */
static airt_status admit(airi_stacks *stacks, airi_stack **out_stack, struct place *out_place)
{
    airt_status status = AIRT_ELIMIT;
    airi_mutex_lock(&stacks->lock);
    if (airi_stacks_in_use(stacks) < stacks->max) {
        in_use_add(stacks, 1);
        *out_stack = warm_pop(stacks);
        if (*out_stack == NULL)
            *out_place = cold_take(stacks);
        status = AIRT_OK;
    }
    airi_mutex_unlock(&stacks->lock);
    return status;
}

/* The reverse of admit, when no stack came of it. */
static void retract(airi_stacks *stacks, struct place place)
{
    airi_mutex_lock(&stacks->lock);
    in_use_add(stacks, UINT32_MAX);
    if (place.region != NULL)
        cold_put(stacks, place);
    airi_mutex_unlock(&stacks->lock);
}

airt_status airi_stacks_take(airi_stacks *stacks, airi_stack **out_stack)
{
    airi_stack  *stack = NULL;
    struct place place = { NULL, 0 };
    if (!airi_permits(stacks->world, AIRT_ALLOCATION_STACK))
        return AIRT_ENOMEM;
    airt_status status = admit(stacks, &stack, &place);
    if (status != AIRT_OK)
        return status;
    if (stack == NULL && place.region == NULL)
        place = grow(stacks);
    if (stack == NULL && place.region != NULL)
        stack = slot_open(stacks, place);
    if (stack == NULL) {
        retract(stacks, place);
        return AIRT_ENOMEM;
    }
    *out_stack = stack;
    return AIRT_OK;
}

/* Keeps at most WARM_MIN and as many as are in use warm. Every give releases up to two, so that the warm ones shrink
 * with those in use: after a burst little stays resident, and a load that swings by less than half never releases. */
void airi_stacks_give(airi_stacks *stacks, airi_stack *stack)
{
    airi_stack *surplus[2] = { NULL, NULL };
    forget_context(stack);
    if (airi_stacks_in_use(stacks) > TSAN_STACKS_KEEP)
        fiber_drop(stack);
    airi_mutex_lock(&stacks->lock);
    in_use_add(stacks, UINT32_MAX);
    warm_push(stacks, stack);
    for (int i = 0; i < 2 && stacks->warm_count > WARM_MIN + airi_stacks_in_use(stacks); i++)
        surplus[i] = warm_pop(stacks);
    airi_mutex_unlock(&stacks->lock);
    for (int i = 0; i < 2 && surplus[i] != NULL; i++)
        slot_release(stacks, surplus[i]);
}
