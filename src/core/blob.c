/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Blobs: one allocation, a counted head and the bytes behind it. Called by programs and by the message code, on any
 * thread. Each reference is owned by exactly one of: a message, a handler, an incarnation, a caller outside. */
#include "core/blob.h"

#include "core/memory.h"

#include <string.h>

AIRI_STATIC_ASSERT(sizeof(struct airi_blob_head) % 16 == 0, "the bytes of a blob are aligned to 16");

static uint8_t *head_bytes(struct airi_blob_head *head)
{
    return (uint8_t *)(head + 1);
}

static airt_blob no_blob(void)
{
    return (airt_blob){ .head = NULL, .at = (const uint8_t *)"", .size = 0 };
}

/* One more reference, owned as `from` says; no blob when it cannot be recorded. */
static airt_blob owned(airt_from from, struct airi_blob_head *head, const uint8_t *at, size_t size)
{
    if (!airi_own_blob(from, head)) {
        airi_blob_release(head);
        return no_blob();
    }
    return (airt_blob){ .head = head, .at = at, .size = size };
}

void airi_blob_release(struct airi_blob_head *head)
{
    /* Release: this holder's reads of the bytes come before the free; acquire: the last one sees all of them done. The
     * partner is the same operation by the other holders. */
    if (airi_fetch_sub(&head->count, 1, AIRI_ACQ_REL) == 1)
        airi_blob_memory_free(head->heap, head, head->bytes);
}

airt_blob airt_blob_space(airt_from from, size_t size, void **out_bytes)
{
    struct airi_heap      *heap = NULL;
    struct airi_blob_head *head = NULL;
    *out_bytes = NULL;
    if (size <= SIZE_MAX - sizeof *head)
        head = airi_blob_memory(from, sizeof *head + size, &heap);
    if (head == NULL)
        return no_blob();
    airi_store(&head->count, 1, AIRI_RELAXED); /* nobody else knows it yet */
    head->heap = heap;
    head->bytes = sizeof *head + size;
    head->reserved = 0;
    airt_blob blob = owned(from, head, head_bytes(head), size);
    if (!airt_blob_none(blob))
        *out_bytes = head_bytes(head);
    return blob;
}

airt_blob airt_blob_new(airt_from from, const void *bytes, size_t size)
{
    void     *space;
    airt_blob blob;

    if (bytes == NULL && size != 0)
        airi_check_failed(__FILE__, __LINE__, "airt_blob_new: the bytes are NULL");
    blob = airt_blob_space(from, size, &space);
    if (space != NULL && size != 0)
        memcpy(space, bytes, size);
    return blob;
}

airt_blob airt_blob_slice(airt_from from, airt_blob blob, size_t offset, size_t size)
{
    if (airt_blob_none(blob) || offset > blob.size || size > blob.size - offset)
        return no_blob();
    airi_blob_retain(blob.head);
    return owned(from, blob.head, blob.at + offset, size);
}

airt_status airt_blob_keep(airt_from from, airt_blob *blob)
{
    if (airt_blob_none(*blob))
        return AIRT_OK;
    airi_blob_retain(blob->head);
    if (airi_keep_blob(from, blob->head))
        return AIRT_OK;
    airi_blob_release(blob->head);
    *blob = no_blob();
    return AIRT_ENOMEM;
}

void airt_blob_drop(airt_from from, airt_blob *blob)
{
    if (!airt_blob_none(*blob) && airi_unkeep_blob(from, blob->head))
        airi_blob_release(blob->head);
    *blob = no_blob();
}
