/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The thread that runs, to the processor. */
#ifndef AIRI_PORT_THREAD_H
#define AIRI_PORT_THREAD_H

#include <stdint.h>

/* Which it is: one instruction, never cached, so that it is right after an await on another thread. */
static inline uintptr_t airi_thread_token(void)
{
    uintptr_t token;

#if defined(__x86_64__)
    __asm__ volatile("movq %%fs:0, %0" : "=r"(token));
#elif defined(__aarch64__)
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(token));
#else
#error "airt runs on x86-64 and aarch64"
#endif
    return token;
}

/* A processor's word for "I am waiting": spares power and the other thread of the core. */
static inline void airi_thread_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

#endif
