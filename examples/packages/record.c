/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Parsing of records. Called by parsers; any thread. Everything that reaches another actor was checked here: names are
 * printable and short, sizes are numbers, relations are well formed. */
#include "record.h"

#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#define EXCERPT_MAX 40 /* bytes of a bad text that a message shows */

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* dpkg's rule: it begins with a letter or digit, and goes on with these and "-+._". */
static bool is_name_char(char c)
{
    return is_alnum(c) || (c != '\0' && strchr("-+._", c) != NULL);
}

static size_t name_length(airt_str text)
{
    size_t length = 0;

    if (text.size == 0 || !is_alnum(text.at[0]))
        return 0;
    while (length < text.size && is_name_char(text.at[length]))
        length++;
    return length;
}

static bool is_name(airt_str text)
{
    return text.size > 0 && text.size <= NAME_BYTES_MAX && name_length(text) == text.size;
}

/* --- relations ---------------------------------------------------------------------------------------------------- */

bool relation_clause(airt_str *rest, airt_str *out_clause)
{
    while (text_cut(rest, ',', out_clause)) {
        *out_clause = text_trim(*out_clause);
        if (out_clause->size > 0)
            return true;
    }
    return false;
}

static airt_str after(airt_str text, size_t count)
{
    return text_trim((airt_str){ .at = text.at + count, .size = text.size - count });
}

/* What may follow a name: groups in (), [] or <>. */
static bool is_groups(airt_str text)
{
    static const char open[] = "([<", close[] = ")]>";

    while (text.size > 0) {
        const char *group = text.at[0] == '\0' ? NULL : strchr(open, text.at[0]);
        const char *end = group == NULL ? NULL : memchr(text.at, close[group - open], text.size);

        if (end == NULL)
            return false;
        text = after(text, (size_t)(end - text.at) + 1);
    }
    return true;
}

static bool is_alternative(airt_str text, size_t name_size)
{
    airt_str rest = { .at = text.at + name_size, .size = text.size - name_size };

    if (name_size == 0 || name_size > NAME_BYTES_MAX)
        return false;
    if (rest.size > 0 && rest.at[0] == ':') {
        size_t qualifier = name_length((airt_str){ .at = rest.at + 1, .size = rest.size - 1 });

        if (qualifier == 0)
            return false;
        return is_groups(after(rest, qualifier + 1));
    }
    return is_groups(text_trim(rest));
}

bool relation_alternative(airt_str *clause, airt_str *out_name)
{
    airt_str text;
    size_t   size;

    if (!text_cut(clause, '|', &text))
        return false;
    text = text_trim(text);
    size = name_length(text);
    *out_name = (airt_str){ .at = text.at, .size = is_alternative(text, size) ? size : 0 };
    return true;
}

/* --- fields ------------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static bool fail(struct flaw *flaw, uint64_t line, const char *format, ...)
{
    va_list arguments;

    flaw->line = line;
    va_start(arguments, format);
    (void)vsnprintf(flaw->text, sizeof flaw->text, format, arguments);
    va_end(arguments);
    return false;
}

/* A short printable copy for a message. */
static const char *excerpt(airt_str text, char *buffer, size_t capacity)
{
    size_t size = text.size < EXCERPT_MAX ? text.size : EXCERPT_MAX;

    for (size_t i = 0; i < size; i++)
        buffer[i] = text.at[i] >= ' ' && text.at[i] <= '~' ? text.at[i] : '?';
    (void)snprintf(buffer + size, capacity - size, "%s", size < text.size ? "..." : "");
    return buffer;
}
#define EXCERPT(text) excerpt((text), (char[EXCERPT_MAX + 8]){ 0 }, EXCERPT_MAX + 8)

static const char *const field_names[] = {
#define RECORD_FIELD_NAME(name, text) text,
    RECORD_FIELDS(RECORD_FIELD_NAME)
#undef RECORD_FIELD_NAME
};

/* FIELD_COUNT: none of ours. */
static size_t field_find(airt_str name)
{
    size_t field = 0;

    while (field < FIELD_COUNT &&
           (strlen(field_names[field]) != name.size || strncasecmp(field_names[field], name.at, name.size) != 0))
        field++;
    return field;
}

/* The record so far, and the field that a continuation line would extend. */
struct reading {
    struct record *record;
    struct flaw   *flaw;
    airt_str      *open; /* NULL: none, or one that nobody asks for */
    uint64_t       line;
};

static bool read_field(struct reading *reading, airt_str line)
{
    airt_str value = line, name = { 0 };
    size_t   field;

    (void)text_cut(&value, ':', &name);
    if (name.size == line.size)
        return fail(reading->flaw, reading->line, "neither a field nor a continuation: \"%s\"", EXCERPT(line));
    if (name_length(name) != name.size || name.size == 0)
        return fail(reading->flaw, reading->line, "\"%s\" is no field name", EXCERPT(name));
    field = field_find(name);
    reading->open = NULL;
    if (field == FIELD_COUNT)
        return true;
    reading->open = &reading->record->field[field];
    if (reading->open->at != NULL)
        return fail(reading->flaw, reading->line, "field %s is there twice", field_names[field]);
    *reading->open = value;
    return true;
}

/* The value so far and a continuation line are neighbours in the text: the value grows over it. */
static bool read_continuation(struct reading *reading, airt_str line)
{
    if (reading->line == 0)
        return fail(reading->flaw, reading->line, "begins with a continuation line: \"%s\"", EXCERPT(line));
    if (reading->open != NULL)
        reading->open->size = (size_t)(line.at + line.size - reading->open->at);
    return true;
}

static bool read_line(struct reading *reading, airt_str line)
{
    if (line.size > 0 && memchr(line.at, '\0', line.size) != NULL)
        return fail(reading->flaw, reading->line, "contains a NUL byte");
    if (line.size == 0 || text_is_blank(line.at[0]))
        return read_continuation(reading, line);
    return read_field(reading, line);
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static bool check_name(const struct record *record, size_t field, bool required, struct flaw *flaw)
{
    airt_str value = record->field[field];

    if (value.at == NULL && !required)
        return true;
    if (value.at == NULL)
        return fail(flaw, 0, "no %s field", field_names[field]);
    if (!is_name(value))
        return fail(flaw, 0, "%s: \"%s\" is no name", field_names[field], EXCERPT(value));
    return true;
}

static bool check_status(struct record *record, struct flaw *flaw)
{
    airt_str value = record->field[FIELD_STATUS];
    airt_str rest = value, word;
    unsigned words = 0;

    while (text_cut(&rest, ' ', &word))
        words += word.size > 0;
    if (value.at == NULL)
        return fail(flaw, 0, "no Status field");
    if (words != 3)
        return fail(flaw, 0, "Status: \"%s\" is not three words", EXCERPT(value));
    record->installed = text_same(value, text_of("install ok installed"));
    return true;
}

/* Sections may have an area before them: non-free/libs. */
static bool check_section(const struct record *record, struct flaw *flaw)
{
    airt_str value = record->field[FIELD_SECTION];

    for (size_t i = 0; i < value.size; i++)
        if (!is_name_char(value.at[i]) && value.at[i] != '/')
            return fail(flaw, 0, "Section: \"%s\" is no section", EXCERPT(value));
    if (value.size > NAME_BYTES_MAX)
        return fail(flaw, 0, "Section: longer than %u bytes", NAME_BYTES_MAX);
    return true;
}

static bool check_size(struct record *record, struct flaw *flaw)
{
    airt_str value = record->field[FIELD_INSTALLED_SIZE];

    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] < '0' || value.at[i] > '9' || i >= 15)
            return fail(flaw, 0, "Installed-Size: \"%s\" is no size", EXCERPT(value));
        record->kilobytes = record->kilobytes * 10 + (uint64_t)(value.at[i] - '0');
    }
    return true;
}

static bool check_relations(const struct record *record, size_t field, struct flaw *flaw)
{
    airt_str rest = record->field[field], clause, name;

    while (relation_clause(&rest, &clause)) {
        airt_str shown = clause;

        while (relation_alternative(&clause, &name))
            if (name.size == 0)
                return fail(flaw, 0, "%s: \"%s\" is no relation", field_names[field], EXCERPT(shown));
    }
    return true;
}

static bool check_values(struct record *record, struct flaw *flaw)
{
    return check_name(record, FIELD_PACKAGE, true, flaw) && check_status(record, flaw) &&
           check_name(record, FIELD_ARCHITECTURE, false, flaw) && check_section(record, flaw) &&
           check_size(record, flaw) && check_relations(record, FIELD_PRE_DEPENDS, flaw) &&
           check_relations(record, FIELD_DEPENDS, flaw) && check_relations(record, FIELD_PROVIDES, flaw);
}

bool record_parse(airt_str text, struct record *out_record, struct flaw *out_flaw)
{
    struct reading reading = { .record = out_record, .flaw = out_flaw };
    airt_str       line;

    memset(out_record, 0, sizeof *out_record);
    for (; text_cut(&text, '\n', &line); reading.line++)
        if (!read_line(&reading, line))
            return false;
    for (size_t field = 0; field < FIELD_COUNT; field++)
        if (out_record->field[field].at != NULL)
            out_record->field[field] = text_trim(out_record->field[field]);
    return check_values(out_record, out_flaw);
}
