/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A four-byte mutex: one atomic to lock and one to unlock when nobody else wants it. Zeroed memory is an unlocked one.
 * Called on any thread for short sections (tables, depots), never across user code, and never contended in the
 * simulated world. Model-checked by test/relacy/mutex.cpp.
 * Invariant: word is CONTENDED whenever somebody sleeps on it, so an unlock never forgets a sleeper. */
#ifndef AIRI_BASE_MUTEX_H
#define AIRI_BASE_MUTEX_H

#include "base/atomic.h"
#include "base/check.h"

#include <stdbool.h>
#include <stdint.h>

/* The orders of this header by the place they stand in; the model checker weakens one at a time, and must notice. */
#define AIRI_MUTEX_LOCK AIRI_ACQUIRE
#define AIRI_MUTEX_UNLOCK AIRI_RELEASE
#define AIRI_MUTEX_SLEEPING AIRI_MUTEX_CONTENDED
#include AIRI_MODEL_MUTANT

#define AIRI_MUTEX_FREE 0u
#define AIRI_MUTEX_LOCKED 1u    /* and nobody sleeps */
#define AIRI_MUTEX_CONTENDED 2u /* locked, and somebody may sleep */

typedef struct airi_mutex {
    AIRI_ATOMIC(uint32_t) word;
} airi_mutex;

/* The two operations of the system, in src/port/linux_mutex.c: wait returns when the word is not `expected`, when
 * woken, or for no reason; wake wakes one sleeper. */
void airi_mutex_wait(AIRI_ATOMIC(uint32_t) *word, uint32_t expected);
void airi_mutex_wake(AIRI_ATOMIC(uint32_t) *word);

/* Out of line: spins a bounded moment, then sleeps. Returns with the mutex locked. */
void airi_mutex_lock_slow(airi_mutex *mutex);

static inline void airi_mutex_init(airi_mutex *mutex)
{
    airi_store(&mutex->word, AIRI_MUTEX_FREE, AIRI_RELAXED); /* relaxed: before it is shared */
}

static inline bool airi_mutex_trylock(airi_mutex *mutex)
{
    uint32_t expected = AIRI_MUTEX_FREE;

    /* Acquire: partner is the release in airi_mutex_unlock. Failure relaxed: nothing was locked. */
    return airi_cas(&mutex->word, &expected, AIRI_MUTEX_LOCKED, AIRI_MUTEX_LOCK, AIRI_RELAXED);
}

static inline void airi_mutex_lock(airi_mutex *mutex)
{
    if (!airi_mutex_trylock(mutex))
        airi_mutex_lock_slow(mutex);
}

static inline void airi_mutex_unlock(airi_mutex *mutex)
{
    /* Release: partner is the acquire of the next lock. */
    uint32_t was = airi_exchange(&mutex->word, AIRI_MUTEX_FREE, AIRI_MUTEX_UNLOCK);

    AIRI_ASSERT(was != AIRI_MUTEX_FREE);
    if (was == AIRI_MUTEX_CONTENDED)
        airi_mutex_wake(&mutex->word);
}

#endif
