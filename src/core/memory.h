/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What blobs need from the system that made them; implemented by the system and actor code, by fakes in unit tests.
 * With a ctx these speak of the running handler and its actor, with a system of a caller outside. */
#ifndef AIRI_CORE_MEMORY_H
#define AIRI_CORE_MEMORY_H

#include <airt/base.h>

struct airi_heap;
struct airi_blob_head;

/* Memory aligned to 16 bytes, not zeroed, and the heap it goes back to. NULL: no memory, or the actor was killed.
 * Thread: any that may use `from`. */
void *airi_blob_memory(airt_from from, size_t bytes, struct airi_heap **out_heap);
/* Thread: any. */
void airi_blob_memory_free(struct airi_heap *heap, void *memory, size_t bytes);

/* Makes one reference to the blob the running handler's: the runtime lets go of it (airi_blob_release) when the handler
 * returns or its stack is dropped. With a system it is the caller's, and true. False: no memory. */
bool airi_own_blob(airt_from from, struct airi_blob_head *head);
/* Makes one reference the incarnation's: released at the latest when it ends. With a system: true. False: no memory, or
 * killed. */
bool airi_keep_blob(airt_from from, struct airi_blob_head *head);
/* Takes one such reference back out of the incarnation's list; it is then the caller's. False: there was none. With a
 * system: true. */
bool airi_unkeep_blob(airt_from from, struct airi_blob_head *head);

#endif
