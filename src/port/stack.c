/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Contexts: a fresh one, the switch from one to another, and the one that a thread came with. The registers are changed
 * in switch_<architecture>.S; here is what goes around it. Nothing thread-local is kept across a switch. */
#define _GNU_SOURCE
#include "port/stack.h"
#include "port/stack_notes.h"

#include <pthread.h>
#include <string.h>

/* The frame that airi_switch_asm restores, in words from the saved stack pointer. */
#if defined(__x86_64__)
enum {
    FRAME_CONTROL = 0,
    FRAME_STACK = 4,
    FRAME_RETURN = 7,
    FRAME_WORDS = 8
};
#define CONTROL_DEFAULT (UINT64_C(0x1f80) | UINT64_C(0x037f) << 32) /* mxcsr, x87 control word */
#elif defined(__aarch64__)
enum {
    FRAME_STACK = 0,
    FRAME_RETURN = 11,
    FRAME_CONTROL = 20,
    FRAME_WORDS = 22
};
#define CONTROL_DEFAULT UINT64_C(0) /* fpcr */
#else
#error "no context switch for this architecture: add switch_<name>.S and its frame layout here"
#endif

/* In switch_<architecture>.S. */
__attribute__((visibility("hidden"))) extern void    airi_switch_asm(void **out_sp, void *sp);
__attribute__((visibility("hidden"))) extern void    airi_switch_entry(void);
__attribute__((visibility("hidden"), noreturn)) void airi_stack_begin(airi_stack *stack);

#define NOT_INSTRUMENTED __attribute__((noinline, no_sanitize("address"))) __attribute__((no_sanitize("thread")))

/* First C code of every fresh context, called by airi_switch_entry. */
NOT_INSTRUMENTED void airi_stack_begin(airi_stack *stack)
{
    after_switch(NULL);
    stack->entry(stack->argument);
    airi_check_failed(__FILE__, __LINE__, "the entry of a stack must not return");
}

void airi_stack_prepare(airi_stack *stack, void (*entry)(void *argument), void *argument)
{
    forget_context(stack);
    announce_context(stack);
    stack->entry = entry;
    stack->argument = argument;
    /* Two zero words above the frame: a return address and a frame pointer for those that walk without tables. */
    uint64_t *frame = (uint64_t *)(void *)((char *)stack->low + stack->size) - 2 - FRAME_WORDS;
    memset(frame, 0, (FRAME_WORDS + 2) * sizeof(uint64_t));
    frame[FRAME_CONTROL] = CONTROL_DEFAULT;
    frame[FRAME_STACK] = (uintptr_t)stack;
    frame[FRAME_RETURN] = (uintptr_t)airi_switch_entry;
    stack->sp = frame;
}

NOT_INSTRUMENTED void airi_stack_switch(airi_stack *from, airi_stack *to)
{
    before_switch(&from->fake, to);
    airi_switch_asm(&from->sp, to->sp);
    after_switch(from->fake);
}

NOT_INSTRUMENTED void airi_stack_leave(airi_stack *from, airi_stack *to)
{
    before_switch(NULL, to);
    airi_switch_asm(&from->sp, to->sp);
    airi_check_failed(__FILE__, __LINE__, "a context that was left must not be continued");
}

#if WITH_ASAN
static void thread_bounds(airi_stack *stack)
{
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    (void)pthread_attr_getstack(&attributes, &stack->low, &stack->size);
    (void)pthread_attr_destroy(&attributes);
}
#else
static void thread_bounds(airi_stack *stack)
{
    (void)stack;
}
#endif

void airi_stack_of_thread(airi_stack *stack)
{
    memset(stack, 0, sizeof(*stack));
    thread_bounds(stack);
#if WITH_TSAN
    stack->fiber = __tsan_get_current_fiber();
#endif
}
