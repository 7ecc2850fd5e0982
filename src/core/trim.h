/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* When memory that the heap has left over goes back to the operating system. Two looks, TRIM_PERIOD apart, must find it
 * left over; then one sweep. Asked for by the watch, or where there is no thread by the driven worker's steps.
 * Invariant: with nothing left over trim_due is AIRI_NEVER, so an idle system does not wake for it. */
#ifndef AIRI_CORE_TRIM_H
#define AIRI_CORE_TRIM_H

#include "core/system.h"

/* Sets trim_due if there is something to look at. Threads: under idle_lock. */
void airi_trim_plan(airt_system *system);
/* A worker that goes to rest: what its cache has may be all that is used of many chunks. */
void airi_trim_rest(airi_worker *worker);
/* The watch: a look if it is time, and what follows from it. Returns early when the watch is to end. */
void airi_trim_watched(airt_system *system);
/* A driven worker's step: a slice of the same. */
void airi_trim_driven(airt_system *system, int64_t now_ns);

#endif
