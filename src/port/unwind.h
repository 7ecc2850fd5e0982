/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* May the code that was interrupted be cut off? Its stack is walked: the program's own code, nothing else, down to the
 * dispatch of a handler, and from there the runtime, nothing else, down to the first frame of a stack of ours. */
#ifndef AIRI_PORT_UNWIND_H
#define AIRI_PORT_UNWIND_H

#include "port/signals.h"

/* Walks the calling thread's stack from the frame whose address is trap->pc, and fills in the frames. NULL: it may be
 * cut off, as far as the stack says. Async-signal-safe once airi_unwind_prepare has returned. May fault: see walking. */
const char *airi_unwind(airi_trap *trap);
/* Warms the unwinder and learns where libc's functions are. False: it cannot be told whose code is whose. */
bool airi_unwind_prepare(void);
/* Modules whose code may be cut off. Callers exclude each other. */
airt_status airi_module_add(uintptr_t address);
void        airi_module_drop(uintptr_t address);
/* Whether an address lies in one of them, and not in the runtime. Async-signal-safe. */
bool airi_module_has(uintptr_t address);

#endif
