/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A worker's loop and an actor's turn. */
#ifndef AIRI_CORE_LOOP_H
#define AIRI_CORE_LOOP_H

#include "core/sched.h"

static inline airt_ctx *airi_ctx_of(airi_stack *stack)
{
    return (airt_ctx *)(void *)stack->reserve;
}

/* Its own thread, or before that begins: the stack that the worker runs on from now. NULL: none of them. */
static inline void airi_worker_goes_on(airi_worker *worker, airi_stack *stack)
{
    worker->stack = stack;
    airi_store(&worker->activation, stack != NULL ? airi_ctx_of(stack) : NULL, AIRI_SEQ_CST);
}

/* A fresh activation on a stack, which begins with entry(stack); the worker does not run it yet. */
void airi_loop_prepare_at(airi_worker *worker, airi_stack *stack, void (*entry)(void *stack));
/* The loop, on the activation's stack. after_turn: a driven worker's step is over. */
void airi_loop_go_on(airt_ctx *ctx, bool after_turn) __attribute__((noreturn));

/* Makes the running activation's suspension visible once its stack is left; continues elsewhere. Returns when resumed,
 * possibly on another thread. receive: mail too wakes it. */
void airi_loop_suspend(airt_ctx *ctx, bool receive);
/* Continues a suspended activation on the calling worker; the calling stack is over. */
void airi_loop_resume(airi_worker *worker, airt_ctx *ctx) __attribute__((noreturn));
/* Publishes that an actor stays suspended. False: something came meanwhile, the caller still owns it. */
bool airi_loop_commit(airi_worker *worker, airi_actor *actor, bool receive);

/* One turn of an actor that the worker took from a queue, and of those that are at hand after it (airi_next_quickly), where
 * no world leads. */
void airi_turns(airt_ctx *ctx, airi_actor *actor);

#endif
