/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A parser takes records as text, drops them as soon as it has read what counts, and gives every installed package to
 * the actor of its name. */
#include "directory.h"
#include "poison.h"
#include "record.h"
#include "text.h"

#include <string.h>

struct parser {
    census_ref  census;
    graph_ref   graph;
    journal_ref journal;
    tally_ref   tally;
};

AIRT_ON(parser, parser_start)
{
    self->census = msg->census;
    self->graph = msg->graph;
    self->journal = msg->journal;
    self->tally = msg->tally;
    return AIRT_OK;
}

/* Texts of their own: a view, or a slice of the record, would keep all of what was read. */
static airt_blob joined(airt_ctx *ctx, airt_str first, airt_str second)
{
    void     *bytes;
    airt_blob blob = airt_blob_space(ctx, first.size + 1 + second.size, &bytes);
    char     *to = bytes;

    if (to == NULL)
        return blob;
    if (first.size > 0)
        memcpy(to, first.at, first.size);
    to[first.size] = ',';
    if (second.size > 0)
        memcpy(to + first.size + 1, second.at, second.size);
    return blob;
}

static airt_status extract_relations(airt_ctx *ctx, const struct record *record, struct package_seen *seen)
{
    airt_str before = record->field[FIELD_PRE_DEPENDS], needs = record->field[FIELD_DEPENDS];
    airt_str provides = record->field[FIELD_PROVIDES];

    if (before.size + needs.size > 0) {
        seen->needs = joined(ctx, before, needs);
        if (airt_blob_none(seen->needs))
            return AIRT_ENOMEM;
    }
    if (provides.size > 0) {
        seen->provides = airt_blob_new(ctx, provides.at, provides.size);
        if (airt_blob_none(seen->provides))
            return AIRT_ENOMEM;
    }
    return AIRT_OK;
}

/* The first record of a name makes its actor; later ones, of other architectures for instance, are told to it too. */
static airt_status admit(struct parser *self, airt_ctx *ctx, const struct record *record, struct place at)
{
    struct package_start start = { record->field[FIELD_PACKAGE], self->census, self->graph };
    struct package_seen  seen = { .at = at };
    package_ref          package = { 0 };

    AIRT_TRY(extract_relations(ctx, record, &seen));
    AIRT_TRY(directory_package_ensure(ctx, &start, &package));
    return airt_tell(ctx, package, package_seen, .at = at, .architecture = record->field[FIELD_ARCHITECTURE],
                     .section = record->field[FIELD_SECTION], .kilobytes = record->kilobytes, .needs = seen.needs,
                     .provides = seen.provides);
}

AIRT_ON(parser, parser_record)
{
    struct record record;
    struct flaw   flaw;
    struct place  at = msg->at;
    uint32_t      number;

    if (at.record == 0 && poison_read(text_of_blob(msg->text), &number)) /* no record of a file has that number */
        poison_eat(airt_self(ctx), number);
    if (!record_parse(text_of_blob(msg->text), &record, &flaw)) {
        at.line += flaw.line;
        AIRT_TRY(airt_tell(ctx, self->tally, tally_add, .malformed = 1));
        return airt_tell(ctx, self->journal, journal_note, .at = at, .what = text_of(flaw.text));
    }
    if (!record.installed)
        return airt_tell(ctx, self->tally, tally_add, .others = 1);
    AIRT_TRY(airt_tell(ctx, self->tally, tally_add, .installed = 1));
    return admit(self, ctx, &record, at);
}

AIRT_ON(parser, parser_finish)
{
    return airt_reply(ctx, parser_finish);
}

#define parser_HANDLES(ON, A) ON(A, parser_start) ON(A, parser_record) ON(A, parser_finish)
/* Its handlers are pure: they touch the state, the message and the runtime, and may be ended wherever they are. */
AIRT_BEHAVIOR(parser, .runaway_ms = 200)
