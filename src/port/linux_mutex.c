/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sleeping and waking for airi_mutex: the raw futex system call, private to the process.
 * Called by base/mutex.c and airi_mutex_unlock on any thread.
 * Invariant: errno is as it was, since a lock may be taken between a user's call and its look at errno. */
#include "base/mutex.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(AIRI_ATOMIC(uint32_t)) == 4, "a futex word is four bytes");

void airi_mutex_wait(AIRI_ATOMIC(uint32_t) *word, uint32_t expected)
{
    int saved = errno;

    /* EAGAIN (the word changed) and EINTR are both reasons to look again, which the caller does. */
    (void)syscall(SYS_futex, (void *)word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
    errno = saved;
}

void airi_mutex_wake(AIRI_ATOMIC(uint32_t) *word)
{
    int saved = errno;

    (void)syscall(SYS_futex, (void *)word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    errno = saved;
}
