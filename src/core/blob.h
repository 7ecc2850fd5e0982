/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The counted head of a blob. Bodies retain and release through these; any thread may. The bytes never change once the
 * blob has been sent, so the count is all there is to share. */
#ifndef AIRI_CORE_BLOB_H
#define AIRI_CORE_BLOB_H

#include "base/atomic.h"

#include <airt/message.h>

struct airi_heap;

struct airi_blob_head {
    /* shared, atomic */
    AIRI_ATOMIC(size_t) count;
    /* fixed after create */
    struct airi_heap *heap;
    size_t            bytes;    /* of the whole allocation */
    size_t            reserved; /* keeps what follows at 16 bytes */
};

static inline void airi_blob_retain(struct airi_blob_head *head)
{
    /* Relaxed: whoever counts up already holds a reference, so the head cannot go away meanwhile; what the reference is
     * handed over by (a mailbox push) publishes it. */
    airi_fetch_add(&head->count, 1, AIRI_RELAXED);
}

/* Counts down; the last one out frees. */
void airi_blob_release(struct airi_blob_head *head);

#endif
