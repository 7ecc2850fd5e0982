/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A package: one actor for each installed name. It knows what it needs and who needs it, and answers for its own part of
 * the graph. What a package needs: of each clause of its Pre-Depends and Depends the first alternative that is
 * installed, or provided by an installed package (of several providers the first by name). Versions are not compared. */
#include "directory.h"
#include "memory.h"
#include "record.h"
#include "text.h"

#include <stdlib.h>

#define PART_MAX 4096u /* refs in one message to the graph, whose body holds 64 KiB */

struct package {
    airt_str            name;
    struct memory_array records;   /* struct package_seen, one for each architecture */
    struct memory_array needed_by; /* package_mark_sink, each once */
    uint32_t            duplicates;
    uint32_t            marks; /* that were spread */
    uint32_t            fresh; /* that are about to be */
    census_ref          census;
    graph_ref           graph;
};

/* --- records ------------------------------------------------------------------------------------------------------ */

/* What a message lends is copied, or in the case of a blob counted up. */
static airt_status record_keep(airt_ctx *ctx, struct package_seen *seen)
{
    AIRT_TRY(memory_copy(ctx, &seen->architecture));
    AIRT_TRY(memory_copy(ctx, &seen->section));
    AIRT_TRY(airt_blob_keep(ctx, &seen->provides));
    return airt_blob_keep(ctx, &seen->needs);
}

static void record_drop(airt_ctx *ctx, struct package_seen *seen)
{
    airt_free(ctx, (void *)(uintptr_t)seen->architecture.at);
    airt_free(ctx, (void *)(uintptr_t)seen->section.at);
    airt_blob_drop(ctx, &seen->provides);
    airt_blob_drop(ctx, &seen->needs);
}

static bool read_before(const struct package_seen *a, const struct package_seen *b)
{
    return a->at.file != b->at.file ? a->at.file < b->at.file : a->at.record < b->at.record;
}

static struct package_seen *record_of(const struct package *self, airt_str architecture)
{
    struct package_seen *records = self->records.items;

    for (size_t i = 0; i < self->records.count; i++)
        if (text_same(records[i].architecture, architecture))
            return &records[i];
    return NULL;
}

/* Parsers work side by side, so the record that was read first may come last. */
static airt_status record_add(struct package *self, airt_ctx *ctx, const struct package_seen *offered)
{
    struct package_seen *rival = record_of(self, offered->architecture);
    struct package_seen  seen = *offered;

    self->duplicates += rival != NULL;
    if (rival != NULL && read_before(rival, offered))
        return AIRT_OK;
    AIRT_TRY(record_keep(ctx, &seen));
    if (rival == NULL)
        return memory_append(ctx, &self->records, &seen, sizeof seen);
    record_drop(ctx, rival);
    *rival = seen;
    return AIRT_OK;
}

AIRT_ON(package, package_start)
{
    self->census = msg->census;
    self->graph = msg->graph;
    self->name = msg->name;
    return memory_copy(ctx, &self->name);
}

AIRT_ON(package, package_seen)
{
    return record_add(self, ctx, msg);
}

/* --- what it is and provides -------------------------------------------------------------------------------------- */

static airt_status provide(struct package *self, airt_ctx *ctx, const struct package_seen *seen)
{
    package_ref me = { .ref = airt_self(ctx) };
    airt_str    rest = text_of_blob(seen->provides), clause, name;

    while (relation_clause(&rest, &clause)) {
        virtual_ref provided = { 0 };

        if (!relation_alternative(&clause, &name))
            continue;
        AIRT_TRY(directory_virtual_ensure(ctx, name, &provided));
        AIRT_TRY(airt_tell(ctx, provided, virtual_provide, .by = me, .name = self->name));
    }
    return AIRT_OK;
}

static airt_status declare_record(struct package *self, airt_ctx *ctx, struct package_seen *seen)
{
    section_ref section = { 0 };

    AIRT_TRY(directory_section_ensure(ctx, seen->section, self->census, &section));
    AIRT_TRY(airt_tell(ctx, section, section_add, .kilobytes = seen->kilobytes));
    return provide(self, ctx, seen);
}

AIRT_ON(package, package_declare)
{
    struct package_seen *records = self->records.items;

    for (size_t i = 0; i < self->records.count; i++)
        AIRT_TRY(declare_record(self, ctx, &records[i]));
    return airt_reply(ctx, package_declare, .records = (uint32_t)self->records.count, .duplicates = self->duplicates);
}

/* --- what it needs ------------------------------------------------------------------------------------------------ */

/* Who stands for a name: the package, or the one that provides it. Waits for a virtual package's answer. */
static airt_status resolve(airt_ctx *ctx, airt_str name, package_ref *out_package)
{
    airt_status           status = directory_package(ctx, name, out_package);
    struct virtual_picked picked = { 0 };
    virtual_ref           provided;

    if (status != AIRT_ENOENT)
        return status;
    AIRT_TRY(directory_virtual(ctx, name, &provided));
    AIRT_TRY(airt_ask(ctx, provided, &picked, PATIENCE, virtual_pick));
    *out_package = picked.package;
    return AIRT_OK;
}

/* AIRT_ENOENT: nothing fulfils the clause. */
static airt_status resolve_clause(airt_ctx *ctx, airt_str clause, package_ref *out_package)
{
    airt_status status = AIRT_ENOENT;
    airt_str    name;

    while (status == AIRT_ENOENT && relation_alternative(&clause, &name))
        status = resolve(ctx, name, out_package);
    return status;
}

/* Appends what a record needs; what the package provides itself it does not need. */
static airt_status gather_needs(airt_ctx *ctx, const struct package_seen *seen, struct memory_array *needs,
                                uint32_t *unmet)
{
    airt_str rest = text_of_blob(seen->needs), clause;

    while (relation_clause(&rest, &clause)) {
        package_ref package = { 0 };
        airt_status status = resolve_clause(ctx, clause, &package);

        *unmet += status == AIRT_ENOENT;
        if (status == AIRT_ENOENT || airt_ref_same(package.ref, airt_self(ctx)))
            continue;
        AIRT_TRY(status);
        AIRT_TRY(memory_append(ctx, needs, &package, sizeof package));
    }
    return AIRT_OK;
}

static int by_bits(const void *a, const void *b)
{
    const package_ref *left = a, *right = b;

    return (left->bits > right->bits) - (left->bits < right->bits);
}

/* A need may be stated twice, by two architectures or by two names of one package. */
static void make_unique(struct memory_array *needs)
{
    package_ref *refs = needs->items;
    size_t       count = 0;

    if (needs->count > 0)
        qsort(refs, needs->count, sizeof *refs, by_bits);
    for (size_t i = 0; i < needs->count; i++)
        if (count == 0 || refs[count - 1].bits != refs[i].bits)
            refs[count++] = refs[i];
    needs->count = count;
}

static airt_status tell_needed(airt_ctx *ctx, const struct memory_array *needs)
{
    const package_ref *refs = needs->items;
    package_mark_sink  self = { .ref = airt_self(ctx) };

    for (size_t i = 0; i < needs->count; i++)
        AIRT_TRY(airt_tell(ctx, refs[i], package_needed, .by = self));
    return AIRT_OK;
}

/* A package without needs tells the graph as well: at least its name. */
static airt_status tell_graph(struct package *self, airt_ctx *ctx, const struct memory_array *needs)
{
    const package_ref *refs = needs->items;
    size_t             done = 0;

    do {
        size_t     count = needs->count - done < PART_MAX ? needs->count - done : PART_MAX;
        airt_bytes part = { .at = count > 0 ? refs + done : NULL, .size = count * sizeof *refs };

        AIRT_TRY(airt_tell(ctx, self->graph, graph_needs, .name = self->name, .needs = part));
        done += count;
    } while (done < needs->count);
    return AIRT_OK;
}

AIRT_ON(package, package_link)
{
    struct package_seen *records = self->records.items;
    struct memory_array  needs = { 0 };
    uint32_t             unmet = 0;

    for (size_t i = 0; i < self->records.count; i++) {
        AIRT_TRY(gather_needs(ctx, &records[i], &needs, &unmet));
        record_drop(ctx, &records[i]);
    }
    memory_clear(ctx, &self->records);
    make_unique(&needs);
    AIRT_TRY(tell_needed(ctx, &needs));
    AIRT_TRY(tell_graph(self, ctx, &needs));
    memory_clear(ctx, &needs);
    return airt_reply(ctx, package_link, .unmet = unmet);
}

/* --- who needs it ------------------------------------------------------------------------------------------------- */

AIRT_ON(package, package_needed)
{
    return memory_append(ctx, &self->needed_by, &msg->by, sizeof msg->by);
}

AIRT_ON(package, package_weigh)
{
    return airt_reply(ctx, package_weigh, .name = self->name, .dependents = (uint32_t)self->needed_by.count);
}

/* Each bit spreads once to all that need this one: so the flood ends, cycles or not. The message to itself goes behind
 * the marks that are queued already, and they all spread together. */
AIRT_ON(package, package_mark)
{
    uint32_t known = self->marks | self->fresh;
    bool     spreading = self->fresh != 0;

    self->fresh |= msg->bits & ~known;
    if (spreading || self->fresh == 0)
        return AIRT_OK;
    return airt_tell_any(ctx, airt_self(ctx), package_spread);
}

AIRT_ON(package, package_spread)
{
    const package_mark_sink *dependents = self->needed_by.items;

    for (size_t i = 0; i < self->needed_by.count; i++)
        AIRT_TRY(airt_tell(ctx, dependents[i], package_mark, .bits = self->fresh));
    self->marks |= self->fresh;
    self->fresh = 0;
    return AIRT_OK;
}

AIRT_ON(package, package_reach)
{
    return airt_reply(ctx, package_reach, .bits = self->marks);
}

#define package_HANDLES(ON, A)                                                                                         \
    ON(A, package_start)                                                                                               \
    ON(A, package_seen)                                                                                                \
    ON(A, package_declare)                                                                                             \
    ON(A, package_link)                                                                                                \
    ON(A, package_needed)                                                                                              \
    ON(A, package_weigh)                                                                                               \
    ON(A, package_mark)                                                                                                \
    ON(A, package_spread)                                                                                              \
    ON(A, package_reach)
AIRT_BEHAVIOR(package)
