/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* libairt-lockcheck: stands before the locks of pthreads and C11 and tells the runtime of them (airt_lock_taken). Link it,
 * or name it in LD_PRELOAD; the program need not know. It holds nothing itself, and without the runtime it does nothing.
 * Any thread. */
#define _GNU_SOURCE
#include <airt/faults.h>

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <threads.h>

#define EXPORTED __attribute__((visibility("default")))

/* Not there where it is preloaded into a program without the runtime. */
#pragma weak airt_lock_taken
#pragma weak airt_lock_given

/* Whose place we have taken. Relaxed: whoever looks finds the same. */
static uintptr_t behind(_Atomic(uintptr_t) *known, const char *name)
{
    uintptr_t at = atomic_load_explicit(known, memory_order_relaxed);

    if (at == 0) {
        at = (uintptr_t)dlsym(RTLD_NEXT, name);
        atomic_store_explicit(known, at, memory_order_relaxed); /* as above */
    }
    return at;
}

/* A mutex whose owner has died is taken nevertheless. */
static void taken(int status, const volatile void *lock, const char *name, const void *place)
{
    if ((status == 0 || status == EOWNERDEAD) && airt_lock_taken != NULL)
        airt_lock_taken((const void *)(uintptr_t)lock, name, place);
}

#define TAKES(name, parameters, arguments)                                                                             \
    EXPORTED int name parameters                                                                                       \
    {                                                                                                                  \
        static _Atomic(uintptr_t) known;                                                                               \
        int(*const real) parameters = (int(*) parameters)behind(&known, #name);                                        \
        int status = real arguments;                                                                                   \
                                                                                                                       \
        taken(status, lock, #name, __builtin_return_address(0));                                                       \
        return status;                                                                                                 \
    }
#define GIVES(name, type)                                                                                              \
    EXPORTED int name(type *lock)                                                                                      \
    {                                                                                                                  \
        static _Atomic(uintptr_t) known;                                                                               \
        int (*const real)(type *) = (int (*)(type *))behind(&known, #name);                                            \
                                                                                                                       \
        if (airt_lock_given != NULL)                                                                                   \
            airt_lock_given((const void *)(uintptr_t)lock);                                                            \
        return real(lock);                                                                                             \
    }
#define TIMED const struct timespec *

TAKES(pthread_mutex_lock, (pthread_mutex_t * lock), (lock))
TAKES(pthread_mutex_trylock, (pthread_mutex_t * lock), (lock))
TAKES(pthread_mutex_timedlock, (pthread_mutex_t * lock, TIMED until), (lock, until))
TAKES(pthread_mutex_clocklock, (pthread_mutex_t * lock, clockid_t clock, TIMED until), (lock, clock, until))
GIVES(pthread_mutex_unlock, pthread_mutex_t)

TAKES(pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock))
TAKES(pthread_rwlock_tryrdlock, (pthread_rwlock_t * lock), (lock))
TAKES(pthread_rwlock_timedrdlock, (pthread_rwlock_t * lock, TIMED until), (lock, until))
TAKES(pthread_rwlock_clockrdlock, (pthread_rwlock_t * lock, clockid_t clock, TIMED until), (lock, clock, until))
TAKES(pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock))
TAKES(pthread_rwlock_trywrlock, (pthread_rwlock_t * lock), (lock))
TAKES(pthread_rwlock_timedwrlock, (pthread_rwlock_t * lock, TIMED until), (lock, until))
TAKES(pthread_rwlock_clockwrlock, (pthread_rwlock_t * lock, clockid_t clock, TIMED until), (lock, clock, until))
GIVES(pthread_rwlock_unlock, pthread_rwlock_t)

TAKES(pthread_spin_lock, (pthread_spinlock_t * lock), (lock))
TAKES(pthread_spin_trylock, (pthread_spinlock_t * lock), (lock))
GIVES(pthread_spin_unlock, pthread_spinlock_t)

_Static_assert(thrd_success == 0, "taken looks at it");
TAKES(mtx_lock, (mtx_t * lock), (lock))
TAKES(mtx_trylock, (mtx_t * lock), (lock))
TAKES(mtx_timedlock, (mtx_t * lock, TIMED until), (lock, until))
GIVES(mtx_unlock, mtx_t)
