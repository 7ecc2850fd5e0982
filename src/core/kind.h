/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bodies by their kind's field table: size, copy, release. Called by the message code for every send and end of a
 * message; thread-free: the caller owns the body. Plain kinds cost one test of a flag. */
#ifndef AIRI_CORE_KIND_H
#define AIRI_CORE_KIND_H

#include <airt/message.h>

#include <string.h>

/* The parts of a body that lie outside its struct. `at` points to an airt_str, airt_bytes or airt_blob. */
typedef void (*airi_part_fn)(const airt_field *field, void *at, void *context);
/* Calls visit for each of them, nested ones included, in field order. */
void airi_body_each_part(const airt_kind *kind, void *body, airi_part_fn visit, void *context);

/* Bytes of one element of a field that is not nested; 0 outside the table. */
size_t airi_field_unit(uint32_t type);
/* Bytes of one element of any field. */
static inline size_t airi_field_step(const airt_field *field)
{
    return field->nested != NULL ? field->nested->size : airi_field_unit(field->type);
}

size_t airi_body_tail_slow(const airt_kind *kind, const void *body);
void   airi_body_copy_slow(const airt_kind *kind, void *to, void *tail);
void   airi_body_release_slow(const airt_kind *kind, void *body);

/* Bytes needed behind the struct for what its views show; SIZE_MAX when they do not fit in memory. */
static inline size_t airi_body_tail(const airt_kind *kind, const void *body)
{
    return (kind->flags & AIRI_KIND_VIEWS) != 0 ? airi_body_tail_slow(kind, body) : 0;
}

/* Copies the struct, the bytes of its views to `tail` (airi_body_tail of them, tightly packed in field order, no
 * alignment needed), and counts its blobs up. Empty views point to "". A LOCAL body is moved: forget `from`. */
static inline void airi_body_copy(const airt_kind *kind, void *to, const void *from, void *tail)
{
    memcpy(to, from, kind->size);
    if ((kind->flags & (AIRI_KIND_VIEWS | AIRI_KIND_BLOBS)) != 0)
        airi_body_copy_slow(kind, to, tail);
}

/* Counts the blobs down, calls the drop function of a LOCAL kind. Exactly once for each copied body. */
static inline void airi_body_release(const airt_kind *kind, void *body)
{
    if ((kind->flags & (AIRI_KIND_BLOBS | AIRI_KIND_LOCAL)) != 0)
        airi_body_release_slow(kind, body);
}

/* Whether a copy of the struct is all there is: it shows, counts and owns nothing. */
static inline bool airi_kind_flat(const airt_kind *kind)
{
    return (kind->flags & (AIRI_KIND_VIEWS | AIRI_KIND_BLOBS | AIRI_KIND_LOCAL)) == 0;
}

/* A number for a kind that is the same in every run and on every machine, for histories. */
static inline uint64_t airi_kind_hash(const airt_kind *kind)
{
    return airt_kind_name_id(kind);
}

/* Higher leaves first; AIRT_NORMAL is 0 in the enum because zero means default. */
static inline uint32_t airi_priority_rank(airt_priority priority)
{
    switch (priority) {
    case AIRT_LOW:
        return 0;
    case AIRT_HIGH:
        return 2;
    case AIRT_CRITICAL:
        return 3;
    case AIRT_NORMAL:
        break;
    }
    return 1;
}

/* What a body owns that was to be sent, and was not. */
static inline void airi_body_drop(const airt_kind *kind, const void *body)
{
    if (kind != NULL && kind->drop != NULL)
        kind->drop((void *)(uintptr_t)body);
}

#endif
