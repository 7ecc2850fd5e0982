/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a signal handler may read and change of the code that it interrupted, for each architecture. Included by signals.c
 * only, after <ucontext.h>. */
#ifndef AIRI_PORT_CONTEXT_H
#define AIRI_PORT_CONTEXT_H

/* In switch_<architecture>.S: continues a prepared stack, without keeping anything of what ran. */
__attribute__((visibility("hidden"), noreturn)) extern void airi_switch_land(void *sp);

typedef struct caller { /* what a call had not yet changed: pc, and what it takes to undo it */
    uintptr_t pc, sp;
} caller;

#if defined(__x86_64__)
#define DIRECTION_FLAG 0x400
#define TRAP_FLAGS 0x40100 /* single step, alignment check */

static inline caller context_get(const ucontext_t *context)
{
    return (caller){ (uintptr_t)context->uc_mcontext.gregs[REG_RIP], (uintptr_t)context->uc_mcontext.gregs[REG_RSP] };
}

static inline void context_set(ucontext_t *context, caller to)
{
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)to.pc;
    context->uc_mcontext.gregs[REG_RSP] = (greg_t)to.sp;
}

/* The caller of a function that did not begin, in the middle of its call: behind it another function may begin. */
static inline caller context_before_call(const ucontext_t *context)
{
    uintptr_t sp = context_get(context).sp;

    return (caller){ *(const uintptr_t *)sp - 1, sp + sizeof(uintptr_t) };
}

static inline void context_land(ucontext_t *context, void *sp)
{
    /* As if called: the return address would be below a multiple of 16. */
    context_set(context, (caller){ (uintptr_t)airi_switch_land, ((uintptr_t)sp & ~(uintptr_t)15) - sizeof(uintptr_t) });
    context->uc_mcontext.gregs[REG_RDI] = (greg_t)(uintptr_t)sp;
    context->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)(DIRECTION_FLAG | TRAP_FLAGS);
}
#elif defined(__aarch64__)
#define BRANCH_TYPE 0xc00 /* PSTATE.BTYPE */

static inline caller context_get(const ucontext_t *context)
{
    return (caller){ (uintptr_t)context->uc_mcontext.pc, (uintptr_t)context->uc_mcontext.sp };
}

static inline void context_set(ucontext_t *context, caller to)
{
    context->uc_mcontext.pc = to.pc;
    context->uc_mcontext.sp = to.sp;
}

static inline caller context_before_call(const ucontext_t *context)
{
    return (caller){ (uintptr_t)context->uc_mcontext.regs[30] - 1, context_get(context).sp };
}

static inline void context_land(ucontext_t *context, void *sp)
{
    context_set(context, (caller){ (uintptr_t)airi_switch_land, (uintptr_t)sp & ~(uintptr_t)15 });
    context->uc_mcontext.regs[0] = (uintptr_t)sp;
    context->uc_mcontext.pstate &= ~(uint64_t)BRANCH_TYPE;
}
#endif

#endif
