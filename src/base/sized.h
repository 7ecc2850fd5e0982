/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Structs that a user's compiler lays out come with their size, because its header may be older or newer than the
 * library. A missing tail means zero; what the library does not know it neither reads nor writes but with zeros. */
#ifndef AIRI_BASE_SIZED_H
#define AIRI_BASE_SIZED_H

#include <stddef.h>
#include <string.h>

/* The struct that was given, or, when it is shorter than ours, *room filled with it and zeros. NULL stays NULL. */
static inline const void *airi_sized_read(const void *given, size_t given_size, void *room, size_t size)
{
    if (__builtin_expect(given == NULL || given_size >= size, 1))
        return given;
    memset(room, 0, size);
    memcpy(room, given, given_size);
    return room;
}

/* Fills all of a struct of the user's, and no byte more. */
static inline void airi_sized_write(void *out, size_t out_size, const void *ours, size_t size)
{
    memset(out, 0, out_size);
    memcpy(out, ours, out_size < size ? out_size : size);
}

#endif
