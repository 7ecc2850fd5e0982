/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The contended path of airi_mutex: three states after Drepper, "Futexes are tricky".
 * Called by airi_mutex_lock on any thread; test/relacy/mutex.cpp compiles this file as C++.
 * Invariant: a thread sleeps only after it has set the word to CONTENDED itself, and one that has been asleep locks
 * as CONTENDED, because it cannot know whether it was the last. */
#include "base/mutex.h"

#ifndef AIRI_MUTEX_SPINS
#define AIRI_MUTEX_SPINS 64 /* loads; a section here is shorter than a sleep and a wake */
#endif

static bool spin(airi_mutex *mutex)
{
    for (int i = 0; i < AIRI_MUTEX_SPINS; i++) {
        /* Relaxed: trylock acquires. Sleepers exist: do not overtake them by spinning. */
        uint32_t word = airi_load(&mutex->word, AIRI_RELAXED);

        if (word == AIRI_MUTEX_CONTENDED)
            return false;
        if (word == AIRI_MUTEX_FREE && airi_mutex_trylock(mutex))
            return true;
    }
    return false;
}

void airi_mutex_lock_slow(airi_mutex *mutex)
{
    if (spin(mutex))
        return;
    /* Acquire: partner is the release in airi_mutex_unlock. */
    while (airi_exchange(&mutex->word, AIRI_MUTEX_SLEEPING, AIRI_MUTEX_LOCK) != AIRI_MUTEX_FREE)
        airi_mutex_wait(&mutex->word, AIRI_MUTEX_CONTENDED);
}
