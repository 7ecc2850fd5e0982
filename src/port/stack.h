/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Stacks and the switch between them: what lets a handler wait in straight-line code. The scheduler takes a stack from
 * its system's pool, prepares it with an entry, and switches. A context may be continued on another thread than the
 * one that saved it. Handing a context from thread to thread must itself synchronise (the scheduler's queues do). */
#ifndef AIRI_PORT_STACK_H
#define AIRI_PORT_STACK_H

#include "base/atomic.h"
#include "base/mutex.h"
#include "port/port.h"

#define AIRI_STACK_RESERVE 512
#define AIRI_STACK_BYTES_DEFAULT (256u * 1024)
#define AIRI_STACK_BYTES_MIN (16u * 1024)
#define AIRI_STACK_GUARD_BYTES (64u * 1024) /* at least; rounded up to whole pages */

typedef struct airi_stacks_region airi_stacks_region; /* a mapping that holds several stacks */

/* The control block of a stack, at the top of the stack's own part of the mapping: [guard][stack, grows down][this].
 * airi_stacks_take sets low and size; user and reserve hold garbage then, and nothing outlives airi_stacks_give. */
typedef struct airi_stack airi_stack;
struct airi_stack {
    /* fixed while taken; of a thread's own stack only known under the address sanitizer, else NULL and 0 */
    void  *low;  /* lowest usable byte */
    size_t size; /* usable bytes from low */

    /* the holder's; next is the pool's while the stack is free */
    airi_stack *next;
    void       *user;
    _Alignas(64) char reserve[AIRI_STACK_RESERVE];

    /* stack.c and stacks.c only */
    void *sp; /* of the suspended context */
    void (*entry)(void *argument);
    void               *argument;
    void               *fake;  /* address sanitizer: fake stack of the suspended context */
    void               *fiber; /* thread sanitizer */
    airi_stacks_region *region;
    uint32_t            index; /* within the region */
    uint32_t            fiber_uses;
};

/* The pool of one system. Fields are stacks.c's own. */
typedef struct airi_stacks {
    /* fixed after init */
    airt_world *world;
    size_t      page_bytes;
    size_t      guard_bytes;
    size_t      slot_bytes; /* guard and stack */
    uint32_t    max;
    bool        guard_advice; /* MADV_GUARD_INSTALL works here */
    /* growing is held while a region is mapped; it is taken before lock, never after */
    airi_mutex growing;
    airi_mutex lock;
    /* guarded by lock */
    airi_stacks_region   *regions; /* all */
    airi_stacks_region   *roomy;   /* those with a cold stack */
    airi_stack           *warm;    /* free, pages still there, last given first */
    uint32_t              warm_count;
    AIRI_ATOMIC(uint32_t) in_use; /* written under lock, read anywhere */
} airi_stacks;

/* stack_bytes 0: AIRI_STACK_BYTES_DEFAULT; stacks_max 0: derived, see stacks_max_derive. Fails: EINVAL. */
AIRT_MUST_CHECK airt_status airi_stacks_init(airi_stacks *stacks, airt_world *world, uint32_t stack_bytes,
                                             uint32_t stacks_max);
/* Unmaps every stack, also those not given back. Harmless on a zeroed pool. Never on one of the pool's stacks. */
void airi_stacks_fini(airi_stacks *stacks);
/* Thread: any.  Fails: ENOMEM, ELIMIT. */
AIRT_MUST_CHECK airt_status airi_stacks_take(airi_stacks *stacks, airi_stack **out_stack);
/* Gives back any stack but the one it is called on. Thread: any. */
void     airi_stacks_give(airi_stacks *stacks, airi_stack *stack);
uint32_t airi_stacks_max(const airi_stacks *stacks);
uint32_t airi_stacks_in_use(const airi_stacks *stacks);

/* Makes a fresh context that will call entry(argument) with default floating-point control words. Entry never returns.
 * What ran on the stack before is forgotten. */
void airi_stack_prepare(airi_stack *stack, void (*entry)(void *argument), void *argument);
/* Saves the running context in from, which must describe the stack it runs on, and continues to. Returns when someone
 * switches to from. From may be shown to other threads only once `to` runs: before that it is not saved. */
void airi_stack_switch(airi_stack *from, airi_stack *to);
/* The same, but the context running on from is over: from may be prepared or given back once `to` runs. */
__attribute__((noreturn)) void airi_stack_leave(airi_stack *from, airi_stack *to);
/* Describes the calling thread's own stack, so that one can switch away from it and back. The block is the caller's
 * and needs no release; only this thread may be switched back to it. */
void airi_stack_of_thread(airi_stack *stack);

#endif
