/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Kinds at run time: identity, and what a body owns beside its struct. Also the runtime's own kinds, which live here
 * once. Descriptors are static and read only, so any thread may call. */
#include "core/kind.h"

#include "core/blob.h"

#include <airt/behavior.h>
#include <airt/children.h>

#include <string.h>

#define DEFINE_RUNTIME_KIND(kind, ...) AIRI_KIND_DATA(kind, 1, __VA_ARGS__)
AIRI_RUNTIME_KINDS(DEFINE_RUNTIME_KIND)
DEFINE_RUNTIME_KIND(airt_stop_asked, NESTED(reason, airt_reason))
AIRI_KIND_OBJECT(airt_child_news, 1, 0, NULL, NULL)

/* --- identity ----------------------------------------------------------------------------------------------------- */

static bool same_field(const airt_field *a, const airt_field *b)
{
    return a->type == b->type && a->offset == b->offset && a->size == b->size && a->count == b->count &&
           (a->nested == NULL) == (b->nested == NULL) && strcmp(a->name, b->name) == 0 &&
           (a->nested == NULL || airt_kind_same(a->nested, b->nested));
}

static bool same_declaration(const airt_kind *a, const airt_kind *b)
{
    if (a->size != b->size || a->version != b->version || a->flags != b->flags || a->field_count != b->field_count)
        return false;
    if (strcmp(a->name, b->name) != 0)
        return false;
    for (uint32_t i = 0; i < a->field_count; i++)
        if (!same_field(&a->fields[i], &b->fields[i]))
            return false;
    return true;
}

bool airt_kind_same(const airt_kind *a, const airt_kind *b)
{
    return a == b || same_declaration(a, b);
}

const airt_kind *airt_kind_match(const airt_kind *const kinds[], const airt_kind *kind)
{
    for (; *kinds != NULL; kinds++)
        if (airt_kind_same(*kinds, kind))
            return *kinds;
    return NULL;
}

#define FNV_BASIS UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

static uint64_t mix_byte(uint64_t hash, uint8_t byte)
{
    return (hash ^ byte) * FNV_PRIME;
}

/* The text with its NUL, so that "ab","c" and "a","bc" differ. */
static uint64_t mix_text(uint64_t hash, const char *text)
{
    do
        hash = mix_byte(hash, (uint8_t)*text);
    while (*text++ != '\0');
    return hash;
}

static uint64_t mix_number(uint64_t hash, uint64_t number)
{
    for (unsigned shift = 0; shift < 64; shift += 8)
        hash = mix_byte(hash, (uint8_t)(number >> shift));
    return hash;
}

uint64_t airt_kind_name_id(const airt_kind *kind)
{
    return mix_text(FNV_BASIS, kind->name);
}

/* Nothing that depends on the machine goes in: no offsets, no sizes of structs. */
uint64_t airt_kind_id(const airt_kind *kind)
{
    uint64_t hash = mix_number(mix_text(FNV_BASIS, kind->name), kind->version);
    hash = mix_number(hash, kind->flags & AIRI_KIND_LOCAL);
    for (uint32_t i = 0; i < kind->field_count; i++) {
        const airt_field *field = &kind->fields[i];
        hash = mix_text(hash, field->name);
        hash = mix_number(hash, (uint64_t)field->type << 32 | field->count);
        if (field->nested != NULL)
            hash = mix_number(hash, airt_kind_id(field->nested));
    }
    return hash;
}

/* --- bodies ------------------------------------------------------------------------------------------------------- */

size_t airi_field_unit(uint32_t type)
{
    static const uint8_t units[AIRT_FIELD_TYPE_COUNT] = {
        [AIRT_FIELD_BOOL] = sizeof(bool),
        [AIRT_FIELD_I8] = 1,
        [AIRT_FIELD_U8] = 1,
        [AIRT_FIELD_I16] = 2,
        [AIRT_FIELD_U16] = 2,
        [AIRT_FIELD_I32] = 4,
        [AIRT_FIELD_U32] = 4,
        [AIRT_FIELD_I64] = 8,
        [AIRT_FIELD_U64] = 8,
        [AIRT_FIELD_F32] = 4,
        [AIRT_FIELD_F64] = 8,
        [AIRT_FIELD_DURATION] = sizeof(airt_duration),
        [AIRT_FIELD_REF] = sizeof(airt_ref),
        [AIRT_FIELD_CHAR] = 1,
        [AIRT_FIELD_STR] = sizeof(airt_str),
        [AIRT_FIELD_BYTES] = sizeof(airt_bytes),
        [AIRT_FIELD_BLOB] = sizeof(airt_blob),
    };
    return type < AIRT_FIELD_TYPE_COUNT ? units[type] : 0;
}

static bool has_parts(const airt_field *field)
{
    if (field->nested != NULL)
        return (field->nested->flags & (AIRI_KIND_VIEWS | AIRI_KIND_BLOBS)) != 0;
    return field->type == AIRT_FIELD_STR || field->type == AIRT_FIELD_BYTES || field->type == AIRT_FIELD_BLOB;
}

/* Recursion ends: a struct cannot contain itself, so kinds nest as deep as the program's structs do. */
void airi_body_each_part(const airt_kind *kind, void *body, airi_part_fn visit, void *context)
{
    for (uint32_t i = 0; i < kind->field_count; i++) {
        const airt_field *field = &kind->fields[i];
        char             *at = (char *)body + field->offset;
        if (!has_parts(field))
            continue;
        for (uint32_t n = 0; n < field->count; n++, at += airi_field_step(field))
            if (field->nested != NULL)
                airi_body_each_part(field->nested, at, visit, context);
            else
                visit(field, at, context);
    }
}

static size_t view_size(const airt_field *field, const void *at)
{
    if (field->type == AIRT_FIELD_STR)
        return ((const airt_str *)at)->size;
    return field->type == AIRT_FIELD_BYTES ? ((const airt_bytes *)at)->size : 0;
}

static void add_size(const airt_field *field, void *at, void *context)
{
    size_t *total = context;
    size_t  size = view_size(field, at);
    *total = size > SIZE_MAX - *total ? SIZE_MAX : *total + size;
}

size_t airi_body_tail_slow(const airt_kind *kind, const void *body)
{
    size_t total = 0;
    airi_body_each_part(kind, (void *)body, add_size, &total); /* add_size only reads */
    return total;
}

/* Moves the bytes of one view to *tail and gives back where they are now. */
static const char *move_view(const void *at, size_t size, char **tail)
{
    char *copy = *tail;
    if (size == 0)
        return "";
    AIRT_CHECK(at != NULL); /* a view with a size and no bytes */
    memcpy(copy, at, size);
    *tail = copy + size;
    return copy;
}

static void copy_part(const airt_field *field, void *at, void *tail)
{
    if (field->type == AIRT_FIELD_STR) {
        airt_str *view = at;
        view->at = move_view(view->at, view->size, tail);
    } else if (field->type == AIRT_FIELD_BYTES) {
        airt_bytes *view = at;
        view->at = move_view(view->at, view->size, tail);
    } else if (!airt_blob_none(*(airt_blob *)at)) {
        airi_blob_retain(((airt_blob *)at)->head);
    }
}

void airi_body_copy_slow(const airt_kind *kind, void *to, void *tail)
{
    airi_body_each_part(kind, to, copy_part, &tail);
}

static void release_part(const airt_field *field, void *at, void *context)
{
    (void)context;
    if (field->type != AIRT_FIELD_BLOB || airt_blob_none(*(airt_blob *)at))
        return;
    airi_blob_release(((airt_blob *)at)->head);
    *(airt_blob *)at = (airt_blob){ .head = NULL, .at = (const uint8_t *)"", .size = 0 };
}

void airi_body_release_slow(const airt_kind *kind, void *body)
{
    if ((kind->flags & AIRI_KIND_BLOBS) != 0)
        airi_body_each_part(kind, body, release_part, NULL);
    if (kind->drop != NULL)
        kind->drop(body);
}

/* --- rules and texts ---------------------------------------------------------------------------------------------- */

airt_status airt_ignore(airt_ctx *ctx)
{
    (void)ctx;
    return AIRT_OK;
}

const char *airt_exit_text(airt_exit exit)
{
#define EXIT_TEXT(name, text) [name] = text,
    static const char *const texts[AIRT_EXIT_COUNT] = { AIRT_EXIT_TABLE(EXIT_TEXT) };
#undef EXIT_TEXT
    return (unsigned)exit < AIRT_EXIT_COUNT ? texts[exit] : "unknown exit";
}
