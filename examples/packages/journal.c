/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The journal collects what was wrong. Parsers report in any order; it keeps the first notes in reading order, so that
 * every run tells the same, and counts the others, so that a file of junk does not fill the memory. */
#include "memory.h"
#include "report.h"

#include <stdlib.h>

#define NOTES_MAX 1000u

struct entry {
    struct place at;
    airt_str     what;
};

struct journal {
    struct memory_array files;              /* airt_str, by number */
    struct entry        entries[NOTES_MAX]; /* sorted */
    size_t              count;
    uint64_t            total;
};

AIRT_ON(journal, journal_file)
{
    airt_str path = msg->path;

    AIRT_TRY(memory_copy(ctx, &path));
    AIRT_CHECK_EQ(msg->file, self->files.count);
    return memory_append(ctx, &self->files, &path, sizeof path);
}

static bool is_before(const struct place *a, const struct place *b)
{
    if (a->file != b->file)
        return a->file < b->file;
    return a->record != b->record ? a->record < b->record : a->line < b->line;
}

AIRT_ON(journal, journal_note)
{
    struct entry entry = { .at = msg->at, .what = msg->what };
    size_t       place = self->count;

    self->total++;
    while (place > 0 && is_before(&entry.at, &self->entries[place - 1].at))
        place--;
    if (place == NOTES_MAX)
        return AIRT_OK;
    AIRT_TRY(memory_copy(ctx, &entry.what));
    if (self->count == NOTES_MAX)
        airt_free(ctx, (void *)(uintptr_t)self->entries[--self->count].what.at);
    memmove(&self->entries[place + 1], &self->entries[place], (self->count - place) * sizeof entry);
    self->entries[place] = entry;
    self->count++;
    return AIRT_OK;
}

static bool copy_entry(const struct journal *self, const struct entry *entry, struct note *out_note)
{
    const airt_str *path = (const airt_str *)self->files.items + entry->at.file;

    out_note->at = entry->at;
    out_note->path = strndup(path->at, path->size);
    out_note->what = strndup(entry->what.at, entry->what.size);
    return out_note->path != NULL && out_note->what != NULL;
}

static struct notes *copy_all(const struct journal *self)
{
    struct notes *notes = calloc(1, sizeof *notes);
    bool          complete = true;

    if (notes == NULL)
        return NULL;
    notes->total = self->total;
    notes->list = calloc(self->count + 1, sizeof *notes->list);
    notes->count = notes->list == NULL ? 0 : self->count;
    for (size_t i = 0; i < notes->count; i++) /* a note that could not be copied stays empty */
        complete = copy_entry(self, &self->entries[i], &notes->list[i]) && complete;
    if (notes->list == NULL || !complete)
        notes_destroy(&notes);
    return notes;
}

AIRT_ON(journal, journal_get)
{
    struct notes *notes = copy_all(self);

    return notes == NULL ? AIRT_ENOMEM : airt_reply(ctx, journal_get, .notes = notes);
}

#define journal_HANDLES(ON, A) ON(A, journal_file) ON(A, journal_note) ON(A, journal_get)
AIRT_BEHAVIOR(journal)
