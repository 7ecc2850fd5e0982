/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The reader reads files a chunk a turn, finds where records end, and hands them to the parsers in turn, as slices of
 * the chunk: nothing is copied but what a chunk's end cuts in two. Parsers' mailboxes are short and make the reader
 * wait, so a file of any size takes little memory. It runs on a thread that may block.
 *
 * While a request is being served others are stashed. */
#define _GNU_SOURCE
#include "kinds.h"
#include "memory.h"
#include "poison.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES 65536u
#define RECORD_MAX (8u << 20) /* bytes of a record; a longer one is an error */
#define PLANT_EVERY 6u        /* records between two of poison */
#define WHAT_MAX 200

/* What the file being read is at. */
struct cursor {
    int          fd;
    struct place at;       /* of the record that begins at the front of `rest` */
    airt_blob    rest;     /* read and not handed out: the beginning of a record; kept */
    bool         skipping; /* the record is too long, and said so: find its end */
    bool         ended;
    bool         found; /* a record, or something to complain of */
};

struct reader {
    journal_ref         journal;
    progress_ref        progress;
    tally_ref           tally;
    parser_ref          parsers[PARSERS_MAX];
    uint32_t            parser_count;
    uint32_t            turn;  /* whose record is next */
    struct memory_array paths; /* airt_str, to be read for the present request */
    size_t              path;  /* the next of them */
    struct cursor       cursor;
    uint32_t            files;
    uint64_t            bytes;
    uint64_t            records;
    uint32_t            planted, poison; /* so many of so many records of poison */
    airt_msg           *asker;
};

AIRT_ON(reader, reader_start)
{
    self->journal = msg->journal;
    self->progress = msg->progress;
    self->tally = msg->tally;
    self->poison = msg->poison;
    self->cursor.fd = -1;
    for (; self->parser_count < msg->parsers && self->parser_count < PARSERS_MAX; self->parser_count++) {
        char name[32] = "parser";

        if (self->parser_count > 0)
            (void)snprintf(name, sizeof name, "parser.%u", self->parser_count + 1);
        AIRT_TRY(airt_lookup(ctx, parser, name, &self->parsers[self->parser_count]));
    }
    return AIRT_OK;
}

/* --- errors ------------------------------------------------------------------------------------------------------- */

static airt_status note(struct reader *self, airt_ctx *ctx, struct place at, const char *what)
{
    self->cursor.found = true;
    return airt_tell(ctx, self->journal, journal_note, .at = at, .what = text_of(what));
}

/* About the file as a whole, with the reason that the system gives; 0: none. */
static airt_status note_file(struct reader *self, airt_ctx *ctx, const char *what, int error)
{
    struct place at = { .file = self->files - 1 };
    char         text[WHAT_MAX];

    (void)snprintf(text, sizeof text, "%s%s%s", what, error != 0 ? ": " : "", error != 0 ? strerror(error) : "");
    return note(self, ctx, at, text);
}

/* --- records in a chunk ------------------------------------------------------------------------------------------- */

static airt_str rest_of(airt_str text, size_t offset)
{
    return (airt_str){ .at = text.at + offset, .size = text.size - offset };
}

/* The bytes of blank lines at the front. */
static size_t blank_lines(airt_str text, uint64_t *lines)
{
    size_t size = 0;

    for (;;) {
        if (size < text.size && text.at[size] == '\n')
            size += 1;
        else if (size + 1 < text.size && text.at[size] == '\r' && text.at[size + 1] == '\n')
            size += 2;
        else
            return size;
        ++*lines;
    }
}

/* The bytes of the record at the front, its last line's end included; 0: its end is not there. */
static size_t record_size(airt_str text, uint64_t *lines)
{
    const char *from = text.at, *end = text.at + text.size, *newline;

    while (from < end && (newline = memchr(from, '\n', (size_t)(end - from))) != NULL) {
        from = newline + 1;
        ++*lines;
        if (from < end && *from == '\n')
            return (size_t)(from - text.at);
        if (from + 1 < end && from[0] == '\r' && from[1] == '\n')
            return (size_t)(from - text.at);
    }
    return 0;
}

/* One more record of poison, as one of no file. */
static airt_status plant(struct reader *self, airt_ctx *ctx)
{
    parser_ref parser = self->parsers[self->turn++ % self->parser_count];
    char       text[POISON_TEXT_MAX];
    size_t     size = poison_write(self->planted++, text);
    airt_blob  blob = airt_blob_new(ctx, text, size);

    return airt_blob_none(blob) ? AIRT_ENOMEM : airt_tell(ctx, parser, parser_record, .text = blob);
}

static airt_status hand_out(struct reader *self, airt_ctx *ctx, airt_blob record)
{
    parser_ref parser;

    if (self->planted < self->poison && self->records % PLANT_EVERY == PLANT_EVERY - 1)
        AIRT_TRY(plant(self, ctx));
    parser = self->parsers[self->turn++ % self->parser_count];

    if (airt_blob_none(record))
        return AIRT_ENOMEM;
    self->records++;
    self->cursor.found = true;
    return airt_tell(ctx, parser, parser_record, .at = self->cursor.at, .text = record);
}

static airt_status note_too_long(struct reader *self, airt_ctx *ctx)
{
    self->records++;
    return note(self, ctx, self->cursor.at, "record is longer than 8 MiB");
}

/* The record that begins at the offset ends after `size` bytes, or was too long and ends there. */
static airt_status end_record(struct reader *self, airt_ctx *ctx, airt_blob chunk, size_t offset, size_t size)
{
    struct cursor *cursor = &self->cursor;
    airt_status    status = AIRT_OK;

    if (!cursor->skipping && size > RECORD_MAX)
        status = note_too_long(self, ctx);
    else if (!cursor->skipping)
        status = hand_out(self, ctx, airt_blob_slice(ctx, chunk, offset, size));
    cursor->skipping = false;
    cursor->at.record++;
    return status;
}

/* Hands out every whole record; *out_rest is where the next one begins. */
static airt_status hand_out_all(struct reader *self, airt_ctx *ctx, airt_blob chunk, size_t *out_rest)
{
    struct cursor *cursor = &self->cursor;
    airt_str       text = text_of_blob(chunk);
    size_t         offset = 0, size = 0;

    for (;;) {
        uint64_t lines = 0;

        if (!cursor->skipping)
            offset += blank_lines(rest_of(text, offset), &cursor->at.line);
        size = record_size(rest_of(text, offset), &lines);
        if (size == 0 && cursor->ended && text_trim(rest_of(text, offset)).size > 0)
            size = text.size - offset;
        if (size == 0)
            break;
        AIRT_TRY(end_record(self, ctx, chunk, offset, size));
        cursor->at.line += lines;
        offset += size;
    }
    *out_rest = offset;
    return AIRT_OK;
}

/* --- chunks ------------------------------------------------------------------------------------------------------- */

static airt_status read_some(struct reader *self, airt_ctx *ctx, char *to, size_t room, size_t *out_size)
{
    ssize_t size;

    do
        size = read(self->cursor.fd, to, room);
    while (size < 0 && errno == EINTR);
    if (size < 0)
        AIRT_TRY(note_file(self, ctx, "cannot read on", errno));
    self->cursor.ended = size <= 0;
    *out_size = size > 0 ? (size_t)size : 0;
    self->bytes += *out_size;
    return AIRT_OK;
}

/* What was left over, and as much again or a chunk from the file. */
static airt_status next_chunk(struct reader *self, airt_ctx *ctx, airt_blob *out_chunk)
{
    size_t    left = self->cursor.rest.size, room = left > CHUNK_BYTES ? left : CHUNK_BYTES, size = 0;
    void     *bytes;
    airt_blob space = airt_blob_space(ctx, left + room, &bytes);

    if (bytes == NULL)
        return AIRT_ENOMEM;
    if (left > 0)
        memcpy(bytes, self->cursor.rest.at, left);
    airt_blob_drop(ctx, &self->cursor.rest);
    AIRT_TRY(read_some(self, ctx, (char *)bytes + left, room, &size));
    *out_chunk = airt_blob_slice(ctx, space, 0, left + size);
    return airt_blob_none(*out_chunk) ? AIRT_ENOMEM : AIRT_OK;
}

/* Of a record that is too long only a line's end at the very end matters: a blank line may follow it. */
static size_t skip(struct cursor *cursor, airt_str text)
{
    size_t keep = 0;

    if (text.size >= 1 && text.at[text.size - 1] == '\n')
        keep = 1;
    else if (text.size >= 2 && text.at[text.size - 2] == '\n' && text.at[text.size - 1] == '\r')
        keep = 2;
    for (size_t i = 0; i < text.size - keep; i++)
        cursor->at.line += text.at[i] == '\n';
    return text.size - keep;
}

static airt_status keep_rest(struct reader *self, airt_ctx *ctx, airt_blob chunk, size_t offset)
{
    struct cursor *cursor = &self->cursor;

    if (chunk.size - offset > RECORD_MAX && !cursor->skipping) {
        AIRT_TRY(note_too_long(self, ctx));
        cursor->skipping = true;
    }
    if (cursor->skipping)
        offset += skip(cursor, rest_of(text_of_blob(chunk), offset));
    if (offset == chunk.size)
        return AIRT_OK;
    cursor->rest = airt_blob_slice(ctx, chunk, offset, chunk.size - offset);
    return airt_blob_none(cursor->rest) ? AIRT_ENOMEM : airt_blob_keep(ctx, &cursor->rest);
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static void close_file(struct reader *self, airt_ctx *ctx)
{
    if (self->cursor.fd > STDIN_FILENO)
        (void)close(self->cursor.fd);
    airt_blob_drop(ctx, &self->cursor.rest);
    self->cursor = (struct cursor){ .fd = -1 };
}

static airt_status read_chunk(struct reader *self, airt_ctx *ctx)
{
    uint64_t  bytes = self->bytes, records = self->records;
    airt_blob chunk;
    size_t    offset = 0;

    AIRT_TRY(next_chunk(self, ctx, &chunk));
    AIRT_TRY(hand_out_all(self, ctx, chunk, &offset));
    if (!self->cursor.ended)
        AIRT_TRY(keep_rest(self, ctx, chunk, offset));
    else if (!self->cursor.found)
        AIRT_TRY(note_file(self, ctx, "no record in it", 0));
    if (self->cursor.ended)
        close_file(self, ctx);
    return airt_tell(ctx, self->progress, progress_read, .bytes = self->bytes - bytes,
                     .records = self->records - records);
}

static airt_status add_path(struct reader *self, airt_ctx *ctx, airt_str path)
{
    AIRT_TRY(memory_copy(ctx, &path));
    return memory_append(ctx, &self->paths, &path, sizeof path);
}

/* Of a directory's entries the regular files, and those that cannot be looked at: opening them says why. */
static airt_status add_entry(struct reader *self, airt_ctx *ctx, const char *directory, const char *name)
{
    char        path[PATH_MAX];
    struct stat info;
    int         size = snprintf(path, sizeof path, "%s/%s", directory, name);

    if (size < 0 || (size_t)size >= sizeof path)
        return note_file(self, ctx, "an entry's path is too long", 0);
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return AIRT_OK;
    return add_path(self, ctx, text_of(path));
}

static airt_status list_directory(struct reader *self, airt_ctx *ctx, const char *path)
{
    struct dirent **entries = NULL;
    size_t          before = self->paths.count;
    int             count = scandir(path, &entries, NULL, alphasort);
    airt_status     status = AIRT_OK;

    if (count < 0)
        return note_file(self, ctx, "cannot list the directory", errno);
    for (int i = 0; i < count; i++) {
        if (status == AIRT_OK)
            status = add_entry(self, ctx, path, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (status == AIRT_OK && self->paths.count == before)
        status = note_file(self, ctx, "no file in this directory", 0);
    return status;
}

/* Every path gets its number in the journal, so that whatever is wrong with it can be told. */
static airt_status open_file(struct reader *self, airt_ctx *ctx, const char *path)
{
    bool        is_stdin = strcmp(path, "-") == 0;
    struct stat info = { 0 };
    int         fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    int         error = errno;

    AIRT_TRY(airt_tell(ctx, self->journal, journal_file, .file = self->files, .path = text_of(path)));
    self->files++;
    if (fd < 0)
        return note_file(self, ctx, "cannot open", error);
    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
        (void)close(fd);
        return list_directory(self, ctx, path);
    }
    self->cursor = (struct cursor){ .fd = fd, .at = { .file = self->files - 1, .record = 1, .line = 1 } };
    if (!S_ISREG(info.st_mode))
        return AIRT_OK;
    return airt_tell(ctx, self->progress, progress_expect, .bytes = (uint64_t)info.st_size);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static airt_status end_request(struct reader *self, airt_ctx *ctx)
{
    const airt_str *paths = self->paths.items;

    for (size_t i = 0; i < self->paths.count; i++)
        airt_free(ctx, (void *)(uintptr_t)paths[i].at);
    memory_clear(ctx, &self->paths);
    self->path = 0;
    AIRT_TRY(airt_unstash(ctx));
    return airt_reply_to(ctx, &self->asker, reader_read);
}

AIRT_ON(reader, reader_next)
{
    const airt_str *paths = self->paths.items;

    if (self->cursor.fd >= 0)
        AIRT_TRY(read_chunk(self, ctx));
    else if (self->path < self->paths.count)
        AIRT_TRY(open_file(self, ctx, paths[self->path++].at));
    else
        return end_request(self, ctx);
    return airt_tell_any(ctx, airt_self(ctx), reader_next);
}

AIRT_ON(reader, reader_read)
{
    if (self->asker != NULL)
        return airt_stash(ctx);
    AIRT_TRY(add_path(self, ctx, msg->path));
    AIRT_TRY(airt_keep(ctx, &self->asker));
    return airt_tell_any(ctx, airt_self(ctx), reader_next);
}

/* Each parser answers behind its last record. */
AIRT_ON(reader, reader_finish)
{
    parser_finish_call  calls[PARSERS_MAX];
    airt_call          *waiting[PARSERS_MAX];
    struct parser_total sum = { 0 };

    if (self->asker != NULL)
        return airt_stash(ctx);
    while (self->planted < self->poison) /* the files had too few records for all of it */
        AIRT_TRY(plant(self, ctx));
    for (uint32_t i = 0; i < self->parser_count; i++) {
        calls[i] = airt_ask_begin(ctx, self->parsers[i], PATIENCE, parser_finish);
        waiting[i] = &calls[i].call;
    }
    AIRT_TRY(airt_await_all(ctx, PATIENCE, waiting, self->parser_count));
    for (uint32_t i = 0; i < self->parser_count; i++) {
        struct parser_finished finished;

        AIRT_TRY(airt_call_take(ctx, parser_finish, calls[i], &finished));
    }
    AIRT_TRY(airt_ask(ctx, self->tally, &sum, PATIENCE, tally_get));
    return airt_reply(ctx, reader_finish, .bytes = self->bytes, .records = self->records, .parsed = sum);
}

AIRT_ON(reader, airt_stopping)
{
    close_file(self, ctx);
    return AIRT_OK;
}

#define reader_HANDLES(ON, A)                                                                                          \
    ON(A, reader_start)                                                                                                \
    ON(A, reader_read)                                                                                                 \
    ON(A, reader_next)                                                                                                 \
    ON(A, reader_finish)                                                                                               \
    ON(A, airt_stopping)
AIRT_BEHAVIOR(reader, .placement = AIRT_BLOCKING)
