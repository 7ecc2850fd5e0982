/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Small helpers on airt_str, a view of somebody else's bytes. Nothing here allocates. */
#ifndef PACKAGES_TEXT_H
#define PACKAGES_TEXT_H

#include <airt/message.h>

#include <string.h>

static inline airt_str text_of(const char *string)
{
    return (airt_str){ .at = string, .size = strlen(string) };
}

static inline airt_str text_of_blob(airt_blob blob)
{
    return (airt_str){ .at = (const char *)blob.at, .size = blob.size };
}

static inline bool text_same(airt_str a, airt_str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

/* As strcmp: by bytes, the shorter first. */
static inline int text_compare(airt_str a, airt_str b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int    order = common == 0 ? 0 : memcmp(a.at, b.at, common);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static inline bool text_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline airt_str text_trim(airt_str text)
{
    while (text.size > 0 && text_is_blank(text.at[0])) {
        text.at++;
        text.size--;
    }
    while (text.size > 0 && text_is_blank(text.at[text.size - 1]))
        text.size--;
    return text;
}

/* Cuts the part up to a separator, or all that is left, off the front of *rest. False: nothing was left. */
static inline bool text_cut(airt_str *rest, char separator, airt_str *out_part)
{
    const char *end;

    if (rest->size == 0)
        return false;
    end = memchr(rest->at, separator, rest->size);
    *out_part = (airt_str){ .at = rest->at, .size = end == NULL ? rest->size : (size_t)(end - rest->at) };
    rest->at += out_part->size;
    rest->size -= out_part->size;
    if (end != NULL) {
        rest->at++;
        rest->size--;
    }
    return true;
}

#endif
