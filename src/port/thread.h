/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which thread runs: one instruction, never cached, so that it is right after an await on another thread. */
#ifndef AIRI_PORT_THREAD_H
#define AIRI_PORT_THREAD_H

#include <stdint.h>

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

#endif
