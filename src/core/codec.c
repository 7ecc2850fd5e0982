/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bodies to bytes and back. Encoding never allocates. Decoding runs twice over the same code: first without a body,
 * which checks every byte, then with one; both passes check bounds, so bytes that change in between do no harm. */
#include "core/kind.h"

#include "core/blob.h"

#include <string.h>

/* Bytes: format u8 (1), u8 0, u16 fields, u32 version, u64 hash of the name, then the fields. A field: u8 tag (type,
 * with ARRAY and SIZED), if SIZED a u32 length of the rest, the values. Numbers are little-endian; a bool is 0 or 1; a
 * str, bytes or blob is its bytes, in an array after a u32 length each; a nested struct is u16 fields and its fields.
 * Everything but a plain number is SIZED: a reader can skip fields, and even types, that it does not know. */
enum {
    FORMAT = 1,
    ARRAY = 0x40,
    SIZED = 0x80,
    TYPE_MASK = 0x3f
};

static bool is_number(uint32_t type)
{
    return type >= AIRT_FIELD_BOOL && type <= AIRT_FIELD_REF;
}

static uint8_t tag_of(const airt_field *field)
{
    bool sized = field->count != 1 || !is_number(field->type);
    return (uint8_t)(field->type | (field->count != 1 ? ARRAY : 0) | (sized ? SIZED : 0));
}

/* A number of 1, 2, 4 or 8 bytes as it lies in memory, whatever the byte order. */
static uint64_t load_number(const void *at, size_t unit)
{
    uint64_t value = 0;
    uint32_t four;
    uint16_t two;
    switch (unit) {
    case 1:
        return *(const uint8_t *)at;
    case 2:
        memcpy(&two, at, 2);
        return two;
    case 4:
        memcpy(&four, at, 4);
        return four;
    default:
        memcpy(&value, at, 8);
        return value;
    }
}

static void store_number(void *at, size_t unit, uint64_t value)
{
    uint32_t four = (uint32_t)value;
    uint16_t two = (uint16_t)value;
    uint8_t  one = (uint8_t)value;
    switch (unit) {
    case 1:
        memcpy(at, &one, 1);
        break;
    case 2:
        memcpy(at, &two, 2);
        break;
    case 4:
        memcpy(at, &four, 4);
        break;
    default:
        memcpy(at, &value, 8);
        break;
    }
}

/* --- encode ------------------------------------------------------------------------------------------------------- */

/* Counts on when full, so that the size is right in the end. */
typedef struct writer {
    uint8_t *bytes;
    size_t   capacity;
    size_t   size;
    bool     too_long; /* a part of 4 GiB or more, or a sum that does not fit */
} writer;

static void put(writer *to, const void *bytes, size_t size)
{
    if (size > UINT32_MAX || size > SIZE_MAX - to->size) {
        to->too_long = true;
        return;
    }
    if (size != 0 && to->size <= to->capacity && size <= to->capacity - to->size)
        memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
}

static void put_number(writer *to, uint64_t value, size_t unit)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < unit; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    put(to, bytes, unit);
}

/* Leaves room for a length and gives back where; put_length fills it in. */
static size_t skip_length(writer *to)
{
    size_t at = to->size;
    put_number(to, 0, 4);
    return at;
}

static void put_length(writer *to, size_t at)
{
    size_t length = to->size - at - 4;
    if (length > UINT32_MAX)
        to->too_long = true;
    if (to->size > to->capacity)
        return;
    for (size_t i = 0; i < 4; i++)
        to->bytes[at + i] = (uint8_t)(length >> (8 * i));
}

static void put_part(writer *to, const void *bytes, size_t size, bool array)
{
    if (array)
        put_number(to, size, 4);
    put(to, bytes, size);
}

static void put_fields(writer *to, const airt_kind *kind, const void *body);

static void put_element(writer *to, const airt_field *field, const void *at)
{
    bool array = field->count != 1;
    switch (field->type) {
    case AIRT_FIELD_STR: {
        const airt_str *str = at;
        put_part(to, str->at, str->size, array);
        break;
    }
    case AIRT_FIELD_BYTES: {
        const airt_bytes *view = at;
        put_part(to, view->at, view->size, array);
        break;
    }
    case AIRT_FIELD_BLOB: {
        const airt_blob *blob = at;
        put_part(to, blob->at, blob->size, array);
        break;
    }
    case AIRT_FIELD_NESTED:
        put_fields(to, field->nested, at);
        break;
    default:
        put_number(to, load_number(at, airi_field_unit(field->type)), airi_field_unit(field->type));
    }
}

static void put_field(writer *to, const airt_field *field, const void *body)
{
    const char *at = (const char *)body + field->offset;
    uint8_t     tag = tag_of(field);
    put_number(to, tag, 1);
    size_t length_at = (tag & SIZED) != 0 ? skip_length(to) : 0;
    if (airi_field_step(field) == 1 && field->nested == NULL)
        put(to, at, field->count);
    else
        for (uint32_t n = 0; n < field->count; n++, at += airi_field_step(field))
            put_element(to, field, at);
    if ((tag & SIZED) != 0)
        put_length(to, length_at);
}

static void put_fields(writer *to, const airt_kind *kind, const void *body)
{
    put_number(to, kind->field_count, 2);
    for (uint32_t i = 0; i < kind->field_count; i++)
        put_field(to, &kind->fields[i], body);
}

airt_status airt_encode(const airt_kind *kind, const void *body, void *bytes, size_t capacity, size_t *out_size)
{
    writer to = { .bytes = bytes, .capacity = bytes != NULL ? capacity : 0 };
    if ((kind->flags & AIRI_KIND_LOCAL) != 0)
        return AIRT_EKIND;
    put_number(&to, FORMAT, 1);
    put_number(&to, 0, 1);
    put_number(&to, kind->field_count, 2);
    put_number(&to, kind->version, 4);
    put_number(&to, airt_kind_name_id(kind), 8);
    for (uint32_t i = 0; i < kind->field_count; i++)
        put_field(&to, &kind->fields[i], body);
    *out_size = to.size;
    return to.too_long || to.size > to.capacity ? AIRT_ELIMIT : AIRT_OK;
}

/* --- decode ------------------------------------------------------------------------------------------------------- */

typedef struct reader {
    const uint8_t *at;
    size_t         left;
    bool           make; /* second pass: fill the body */
    airt_from      from;
    airt_status    status; /* the first failure; nothing is read after it */
} reader;

/* The next size bytes, or NULL at the end, with status EFORMAT. */
static const uint8_t *take(reader *in, size_t size)
{
    const uint8_t *at = in->at;
    if (in->status != AIRT_OK)
        return NULL;
    if (size > in->left) {
        in->status = AIRT_EFORMAT;
        return NULL;
    }
    in->at += size;
    in->left -= size;
    return at;
}

static uint64_t take_number(reader *in, size_t unit)
{
    const uint8_t *at = take(in, unit);
    uint64_t       value = 0;
    for (size_t i = 0; at != NULL && i < unit; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

/* The next size bytes as a reader of their own; `in` goes on behind them. */
static reader take_inner(reader *in, size_t size)
{
    reader inner = *in;
    inner.at = take(in, size);
    inner.left = inner.at != NULL ? size : 0;
    inner.status = in->status;
    return inner;
}

static void malformed(reader *in)
{
    if (in->status == AIRT_OK)
        in->status = AIRT_EFORMAT;
}

static void read_number(reader *in, const airt_field *field, void *at)
{
    uint64_t value = take_number(in, airi_field_unit(field->type));
    if (field->type == AIRT_FIELD_BOOL && value > 1)
        malformed(in);
    if (in->make && in->status == AIRT_OK)
        store_number(at, airi_field_unit(field->type), value);
}

static void read_blob(reader *in, airt_blob *blob, const uint8_t *bytes, size_t size)
{
    *blob = (airt_blob){ .head = NULL, .at = (const uint8_t *)"", .size = 0 };
    if (size == 0)
        return;
    *blob = airt_blob_new(in->from, bytes, size);
    if (airt_blob_none(*blob))
        in->status = AIRT_ENOMEM;
}

static void read_part(reader *in, const airt_field *field, void *at)
{
    size_t         size = field->count != 1 ? (size_t)take_number(in, 4) : in->left;
    const uint8_t *bytes = take(in, size);
    if (!in->make || bytes == NULL)
        return;
    if (field->type == AIRT_FIELD_STR)
        *(airt_str *)at = (airt_str){ .at = size != 0 ? (const char *)bytes : "", .size = size };
    else if (field->type == AIRT_FIELD_BYTES)
        *(airt_bytes *)at = (airt_bytes){ .at = size != 0 ? (const void *)bytes : "", .size = size };
    else
        read_blob(in, at, bytes, size);
}

static void read_fields(reader *in, const airt_kind *kind, size_t count, void *body);

static void read_element(reader *in, const airt_field *field, void *at)
{
    switch (field->type) {
    case AIRT_FIELD_STR:
    case AIRT_FIELD_BYTES:
    case AIRT_FIELD_BLOB:
        read_part(in, field, at);
        break;
    case AIRT_FIELD_NESTED:
        read_fields(in, field->nested, (size_t)take_number(in, 2), at);
        break;
    default:
        read_number(in, field, at);
    }
}

/* An array of bytes in one piece. */
static void read_run(reader *in, const airt_field *field, char *body)
{
    const uint8_t *bytes = take(in, field->count);
    if (in->make && bytes != NULL)
        memcpy(body + field->offset, bytes, field->count);
}

static void read_values(reader *in, const airt_field *field, char *body)
{
    size_t step = airi_field_step(field);
    if (step == 1 && field->type != AIRT_FIELD_BOOL && field->nested == NULL) {
        read_run(in, field, body);
        return;
    }
    /* Without a body the elements are checked against nothing: at stays NULL and is not used. */
    for (uint32_t n = 0; n < field->count && in->status == AIRT_OK; n++)
        read_element(in, field, body != NULL ? body + field->offset + n * step : NULL);
}

/* The length of a field whose tag was read: said, or known from the type. */
static size_t field_length(reader *in, uint8_t tag)
{
    if ((tag & SIZED) != 0)
        return (size_t)take_number(in, 4);
    if ((tag & ARRAY) != 0 || !is_number(tag & TYPE_MASK))
        malformed(in); /* a type from the future says its length */
    return airi_field_unit(tag & TYPE_MASK);
}

/* Fields of the reader's own list are read, those behind are skipped, those missing stay zero. */
static void read_fields(reader *in, const airt_kind *kind, size_t count, void *body)
{
    for (size_t i = 0; i < count && in->status == AIRT_OK; i++) {
        uint8_t tag = (uint8_t)take_number(in, 1);
        reader  value = take_inner(in, field_length(in, tag));
        if (i >= kind->field_count)
            continue;
        if (tag != tag_of(&kind->fields[i]))
            malformed(&value);
        read_values(&value, &kind->fields[i], body);
        if (value.left != 0)
            malformed(&value);
        if (in->status == AIRT_OK)
            in->status = value.status;
    }
}

typedef struct head {
    size_t   field_count;
    uint32_t version;
    uint64_t name_id;
} head;

static head read_head(reader *in)
{
    head found = { 0 };
    if (take_number(in, 1) != FORMAT && in->status == AIRT_OK)
        in->status = AIRT_EVERSION;
    if (take_number(in, 1) != 0)
        malformed(in);
    found.field_count = (size_t)take_number(in, 2);
    found.version = (uint32_t)take_number(in, 4);
    found.name_id = take_number(in, 8);
    return found;
}

static airt_status read_all(reader in, const airt_kind *kind, void *body)
{
    head found = read_head(&in);
    if (in.status == AIRT_OK && found.name_id != airt_kind_name_id(kind))
        in.status = AIRT_EKIND;
    read_fields(&in, kind, found.field_count, body);
    if (in.left != 0)
        malformed(&in);
    return in.status;
}

/* Views that no byte was sent for: empty, never NULL. */
static void empty_part(const airt_field *field, void *at, void *context)
{
    (void)context;
    if (field->type == AIRT_FIELD_STR)
        ((airt_str *)at)->at = "";
    else if (field->type == AIRT_FIELD_BYTES)
        ((airt_bytes *)at)->at = "";
    else
        ((airt_blob *)at)->at = (const uint8_t *)"";
}

airt_status airt_decode(airt_from from, const airt_kind *kind, const void *bytes, size_t size, void *out_body)
{
    reader      in = { .at = bytes, .left = size, .from = from };
    airt_status status = AIRT_EKIND;
    if ((kind->flags & AIRI_KIND_LOCAL) == 0)
        status = read_all(in, kind, NULL);
    if (status != AIRT_OK)
        return status;
    memset(out_body, 0, kind->size);
    airi_body_each_part(kind, out_body, empty_part, NULL);
    in.make = true;
    status = read_all(in, kind, out_body);
    if (status != AIRT_OK)
        airt_body_clear(from, kind, out_body);
    return status;
}

airt_status airt_encoded_kind(const void *bytes, size_t size, uint64_t *out_name_id, uint32_t *out_version)
{
    reader in = { .at = bytes, .left = size };
    head   found = read_head(&in);
    if (in.status != AIRT_OK)
        return in.status;
    *out_name_id = found.name_id;
    *out_version = found.version;
    return AIRT_OK;
}

static void drop_part(const airt_field *field, void *at, void *context)
{
    if (field->type == AIRT_FIELD_BLOB)
        airt_blob_drop(*(airt_from *)context, at);
}

void airt_body_clear(airt_from from, const airt_kind *kind, void *body)
{
    if ((kind->flags & AIRI_KIND_BLOBS) != 0)
        airi_body_each_part(kind, body, drop_part, &from);
    memset(body, 0, kind->size);
}
