/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the address sanitizer, the thread sanitizer and valgrind must be told about stacks and switches; nothing in
 * builds without them. Included by stack.c and stacks.c only. */
#ifndef AIRI_PORT_STACK_NOTES_H
#define AIRI_PORT_STACK_NOTES_H

#include "base/compiler.h"
#include "port/stack.h"

#if defined(__has_feature)
#define HAS_FEATURE(feature) __has_feature(feature)
#else
#define HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define WITH_ASAN 1
#else
#define WITH_ASAN 0
#endif
#if defined(__SANITIZE_THREAD__) || HAS_FEATURE(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define WITH_TSAN 1
#else
#define WITH_TSAN 0
#endif
#if defined(__has_include) && !defined(NVALGRIND)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>
#define WITH_VALGRIND 1
#endif
#endif
#if !defined(WITH_VALGRIND)
#define WITH_VALGRIND 0
#endif

#define TSAN_STACKS_MAX 8000u  /* gcc 12's thread sanitizer dies at 8,128 fibers and threads */
#define TSAN_STACKS_KEEP 3000u /* in use: up to so many, free stacks keep their fibers, and all together stay below */
#define TSAN_FIBER_USES 64u

/* What valgrind knows about a stack, apart from the stack because it outlives its pages. Zeroed: nothing. */
struct slot_note {
    bool     known;
    unsigned id;
};

/* A fiber takes the thread sanitizer half a millisecond to make, so one is used for several contexts after another.
 * What those leave on its list of open calls limits how often. */
static inline void fiber_drop(airi_stack *stack)
{
#if WITH_TSAN
    if (stack->fiber != NULL)
        __tsan_destroy_fiber(stack->fiber);
#endif
    stack->fiber = NULL;
    stack->fiber_uses = 0;
}

static inline void fiber_renew(airi_stack *stack)
{
#if WITH_TSAN
    if (stack->fiber_uses == TSAN_FIBER_USES)
        fiber_drop(stack);
    if (stack->fiber == NULL)
        stack->fiber = __tsan_create_fiber(0);
#endif
    stack->fiber_uses++;
}

/* What ran on the stack is gone, and so must be what it poisoned. Not on the stack itself. */
static inline void forget_context(airi_stack *stack)
{
#if WITH_ASAN
    __asan_unpoison_memory_region(stack->low, stack->size);
#endif
    stack->fake = NULL;
    stack->sp = NULL;
}

static inline void announce_context(airi_stack *stack)
{
    fiber_renew(stack);
#if WITH_VALGRIND
    VALGRIND_MAKE_MEM_UNDEFINED(stack->low, stack->size);
#endif
}

static inline void announce_slot(struct slot_note *note, const airi_stack *stack)
{
#if WITH_VALGRIND
    if (!note->known)
        note->id = VALGRIND_STACK_REGISTER(stack->low, (const char *)stack->low + stack->size - 1);
#endif
    note->known = true;
    (void)stack;
}

static inline void forget_slot(struct slot_note *note)
{
#if WITH_VALGRIND
    if (note->known)
        VALGRIND_STACK_DEREGISTER(note->id);
#endif
    note->known = false;
}

/* The three below stand directly around the switch; out_fake NULL says that the context left will not go on. */
static AIRI_ALWAYS_INLINE void before_switch(void **out_fake, const airi_stack *to)
{
#if WITH_ASAN
    __sanitizer_start_switch_fiber(out_fake, to->low, to->size);
#endif
#if WITH_TSAN
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
    (void)out_fake;
    (void)to;
}

static AIRI_ALWAYS_INLINE void after_switch(void *fake)
{
#if WITH_ASAN
    __sanitizer_finish_switch_fiber(fake, NULL, NULL);
#endif
    (void)fake;
}

#endif
