/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bodies as text for people: logs, dead letters, debuggers. Any thread; allocates nothing, so that it may be called
 * when memory is out or an actor has just failed. */
#include "core/kind.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    TEXT_MAX = 64,
    BYTES_MAX = 16,
    ELEMENTS_MAX = 16
};

/* Counts on when full, like snprintf. */
typedef struct page {
    char  *text;
    size_t capacity;
    size_t length;
} page;

static void add_char(page *to, char c)
{
    if (to->length + 1 < to->capacity)
        to->text[to->length] = c;
    to->length++;
}

static void add_text(page *to, const char *text)
{
    while (*text != '\0')
        add_char(to, *text++);
}

/* For short texts only: numbers. */
__attribute__((format(printf, 2, 3))) static void add_format(page *to, const char *format, ...)
{
    char    text[64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    add_text(to, text);
}

/* A number with a point, whatever the locale's comma. */
static void add_float(page *to, int digits, double value)
{
    char text[64];
    snprintf(text, sizeof text, "%.*g", digits, value);
    for (char *c = text; *c != '\0'; c++)
        add_char(to, *c == ',' ? '.' : *c);
}

static void add_escaped(page *to, uint8_t c)
{
    static const char letters[] = "abtnvfr"; /* 7 to 13 */
    if (c == '"' || c == '\\')
        add_format(to, "\\%c", c);
    else if (c >= 7 && c <= 13)
        add_format(to, "\\%c", letters[c - 7]);
    else if (c < 32 || c == 127)
        add_format(to, "\\x%02x", c);
    else
        add_char(to, (char)c); /* UTF-8 goes through as it is */
}

static void add_string(page *to, const char *at, size_t size)
{
    size_t shown = size <= TEXT_MAX ? size : TEXT_MAX;
    while (shown < size && shown > TEXT_MAX - 4 && ((uint8_t)at[shown] & 0xc0) == 0x80)
        shown--; /* not within a character */
    add_char(to, '"');
    for (size_t i = 0; i < shown; i++)
        add_escaped(to, (uint8_t)at[i]);
    add_text(to, shown < size ? "\"..." : "\"");
}

static void add_bytes(page *to, const uint8_t *at, size_t size)
{
    add_format(to, "%zu:", size);
    for (size_t i = 0; i < size && i < BYTES_MAX; i++)
        add_format(to, "%02x", at[i]);
    if (size > BYTES_MAX)
        add_text(to, "...");
}

/* The largest unit that keeps it a whole number. */
static void add_duration(page *to, int64_t ns)
{
    static const struct {
        int64_t     ns;
        const char *name;
    } units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" }, { 1, "ns" } };
    if (ns == INT64_MAX) {
        add_text(to, "forever");
        return;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (ns % units[i].ns == 0) {
            add_format(to, "%" PRId64 "%s", ns / units[i].ns, units[i].name);
            return;
        }
}

static void add_ref(page *to, airt_ref ref)
{
    if (airt_ref_none(ref))
        add_text(to, "none");
    else
        add_format(to, "<%" PRIu64 ".%" PRIu64 ">", ref.bits & ((UINT64_C(1) << 28) - 1), ref.bits >> 28);
}

static void add_signed(page *to, const void *at, size_t unit)
{
    int64_t value = 0;
    switch (unit) {
    case 1:
        value = *(const int8_t *)at;
        break;
    case 2:
        value = *(const int16_t *)at;
        break;
    case 4:
        value = *(const int32_t *)at;
        break;
    default:
        memcpy(&value, at, 8);
    }
    add_format(to, "%" PRId64, value);
}

static void add_unsigned(page *to, const void *at, size_t unit)
{
    uint64_t value = 0;
    switch (unit) {
    case 1:
        value = *(const uint8_t *)at;
        break;
    case 2:
        value = *(const uint16_t *)at;
        break;
    case 4:
        value = *(const uint32_t *)at;
        break;
    default:
        memcpy(&value, at, 8);
    }
    add_format(to, "%" PRIu64, value);
}

static void add_view(page *to, const airt_field *field, const void *at)
{
    if (field->type == AIRT_FIELD_STR) {
        const airt_str *view = at;
        add_string(to, view->at, view->size);
    } else if (field->type == AIRT_FIELD_BYTES) {
        const airt_bytes *view = at;
        add_bytes(to, view->at, view->size);
    } else {
        const airt_blob *blob = at;
        add_text(to, "blob ");
        add_bytes(to, blob->at, blob->size);
    }
}

static void add_fields(page *to, const airt_kind *kind, const void *body);

static void add_element(page *to, const airt_field *field, const void *at)
{
    switch (field->type) {
    case AIRT_FIELD_BOOL:
        add_text(to, *(const uint8_t *)at != 0 ? "true" : "false");
        break;
    case AIRT_FIELD_I8:
    case AIRT_FIELD_I16:
    case AIRT_FIELD_I32:
    case AIRT_FIELD_I64:
        add_signed(to, at, airi_field_unit(field->type));
        break;
    case AIRT_FIELD_F32:
        add_float(to, 7, (double)*(const float *)at);
        break;
    case AIRT_FIELD_F64:
        add_float(to, 15, *(const double *)at);
        break;
    case AIRT_FIELD_DURATION:
        add_duration(to, ((const airt_duration *)at)->ns);
        break;
    case AIRT_FIELD_REF:
        add_ref(to, *(const airt_ref *)at);
        break;
    case AIRT_FIELD_STR:
    case AIRT_FIELD_BYTES:
    case AIRT_FIELD_BLOB:
        add_view(to, field, at);
        break;
    case AIRT_FIELD_NESTED:
        add_fields(to, field->nested, at);
        break;
    default:
        add_unsigned(to, at, airi_field_unit(field->type));
    }
}

static void add_field(page *to, const airt_field *field, const char *at)
{
    add_text(to, field->name);
    add_char(to, '=');
    if (field->type == AIRT_FIELD_CHAR) {
        const char *end = memchr(at, '\0', field->count);
        add_string(to, at, end != NULL ? (size_t)(end - at) : field->count);
        return;
    }
    if (field->count != 1)
        add_char(to, '[');
    for (uint32_t n = 0; n < field->count && n < ELEMENTS_MAX; n++, at += airi_field_step(field)) {
        add_text(to, n != 0 ? ", " : "");
        add_element(to, field, at);
    }
    if (field->count != 1)
        add_text(to, field->count > ELEMENTS_MAX ? ", ...]" : "]");
}

static void add_fields(page *to, const airt_kind *kind, const void *body)
{
    add_char(to, '{');
    if ((kind->flags & AIRI_KIND_LOCAL) != 0)
        add_text(to, "local");
    for (uint32_t i = 0; i < kind->field_count; i++) {
        const airt_field *field = &kind->fields[i];
        add_text(to, i != 0 ? ", " : "");
        add_field(to, field, (const char *)body + field->offset);
    }
    add_char(to, '}');
}

size_t airt_body_print(const airt_kind *kind, const void *body, char *text, size_t capacity)
{
    page to = { .text = text, .capacity = capacity };
    if (kind == NULL)
        airi_check_failed(__FILE__, __LINE__, "airt_body_print: the kind is NULL");
    add_text(&to, kind->name);
    if (body != NULL)
        add_fields(&to, kind, body);
    if (capacity != 0)
        text[to.length < capacity ? to.length : capacity - 1] = '\0';
    return to.length;
}
