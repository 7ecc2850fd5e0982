/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The census knows every package and section, asks all of them, and writes the report. It asks in windows: so many
 * requests at once, all awaited, a turn for each window. With thousands to ask this is the backpressure: nobody sends
 * to the census what it did not ask for, and answers are released at the end of each turn. */
#include "memory.h"
#include "report.h"
#include "text.h"

#include <stdlib.h>

#define WINDOW 128u

struct rank {
    package_ref package;
    airt_str    name;
    uint32_t    dependents;
    uint32_t    closure;
};

struct census {
    graph_ref           graph;
    struct memory_array packages; /* package_ref */
    struct memory_array sections; /* section_ref */
    struct rank         top[TOP_MAX];
    size_t              top_count;
    struct report      *report; /* until it is given away */
    airt_msg           *asker;  /* the kept request of whoever waits */
    size_t              phase;
    size_t              next; /* in this phase */
};

AIRT_ON(census, census_start)
{
    self->graph = msg->graph;
    self->report = report_create();
    return self->report == NULL ? AIRT_ENOMEM : AIRT_OK;
}

AIRT_ON(census, census_package)
{
    return memory_append(ctx, &self->packages, &msg->package, sizeof msg->package);
}

AIRT_ON(census, census_section)
{
    return memory_append(ctx, &self->sections, &msg->section, sizeof msg->section);
}

static package_ref package_at(const struct census *self, size_t i)
{
    return ((const package_ref *)self->packages.items)[i];
}

static section_ref section_at(const struct census *self, size_t i)
{
    return ((const section_ref *)self->sections.items)[i];
}

/* --- declare and link --------------------------------------------------------------------------------------------- */

static airt_call declare_begin(struct census *self, airt_ctx *ctx, size_t i)
{
    return airt_ask_begin(ctx, package_at(self, i), PATIENCE, package_declare).call;
}

static airt_status declare_take(struct census *self, airt_ctx *ctx, size_t i, airt_call call)
{
    struct package_declared declared = { 0 };

    (void)i;
    AIRT_TRY(airt_call_take(ctx, package_declare, ((package_declare_call){ call }), &declared));
    self->report->names++;
    self->report->packages += declared.records;
    self->report->duplicates += declared.duplicates;
    return AIRT_OK;
}

static airt_call link_begin(struct census *self, airt_ctx *ctx, size_t i)
{
    return airt_ask_begin(ctx, package_at(self, i), PATIENCE, package_link).call;
}

static airt_status link_take(struct census *self, airt_ctx *ctx, size_t i, airt_call call)
{
    struct package_linked linked = { 0 };

    (void)i;
    AIRT_TRY(airt_call_take(ctx, package_link, ((package_link_call){ call }), &linked));
    self->report->unmet += linked.unmet;
    return AIRT_OK;
}

/* --- rank --------------------------------------------------------------------------------------------------------- */

static airt_call weigh_begin(struct census *self, airt_ctx *ctx, size_t i)
{
    return airt_ask_begin(ctx, package_at(self, i), PATIENCE, package_weigh).call;
}

/* More dependents first, then by name. */
static bool ranks_before(const struct package_weight *weight, const struct rank *rank)
{
    if (weight->dependents != rank->dependents)
        return weight->dependents > rank->dependents;
    return text_compare(weight->name, rank->name) < 0;
}

static airt_status rank_insert(struct census *self, airt_ctx *ctx, size_t place, package_ref package,
                               const struct package_weight *weight)
{
    struct rank rank = { .package = package, .name = weight->name, .dependents = weight->dependents };

    AIRT_TRY(memory_copy(ctx, &rank.name));
    if (self->top_count == TOP_MAX)
        airt_free(ctx, (void *)(uintptr_t)self->top[--self->top_count].name.at);
    memmove(&self->top[place + 1], &self->top[place], (self->top_count - place) * sizeof self->top[0]);
    self->top[place] = rank;
    self->top_count++;
    return AIRT_OK;
}

static airt_status weigh_take(struct census *self, airt_ctx *ctx, size_t i, airt_call call)
{
    struct package_weight weight = { 0 };
    size_t                place = self->top_count;

    AIRT_TRY(airt_call_take(ctx, package_weigh, ((package_weigh_call){ call }), &weight));
    while (place > 0 && ranks_before(&weight, &self->top[place - 1]))
        place--;
    if (weight.dependents == 0 || place == TOP_MAX)
        return AIRT_OK;
    return rank_insert(self, ctx, place, package_at(self, i), &weight);
}

static airt_status ranked(struct census *self, airt_ctx *ctx)
{
    for (size_t i = 0; i < self->top_count; i++)
        AIRT_TRY(airt_tell(ctx, self->top[i].package, package_mark, .bits = UINT32_C(1) << i));
    return airt_reply_to(ctx, &self->asker, census_take);
}

/* --- report ------------------------------------------------------------------------------------------------------- */

static airt_call section_begin(struct census *self, airt_ctx *ctx, size_t i)
{
    return airt_ask_begin(ctx, section_at(self, i), PATIENCE, section_get).call;
}

static char *duplicate(airt_str text)
{
    return strndup(text.size > 0 ? text.at : "", text.size);
}

static airt_status section_take(struct census *self, airt_ctx *ctx, size_t i, airt_call call)
{
    struct report        *report = self->report;
    struct report_section section = { 0 }, *larger = realloc(report->sections, (i + 1) * sizeof *larger);
    struct section_sum    sum = { 0 };

    if (larger == NULL)
        return AIRT_ENOMEM;
    report->sections = larger;
    AIRT_TRY(airt_call_take(ctx, section_get, ((section_get_call){ call }), &sum));
    section = (struct report_section){ duplicate(sum.name), sum.packages, sum.kilobytes };
    if (section.name == NULL)
        return AIRT_ENOMEM;
    report->sections[report->section_count++] = section;
    report->kilobytes += sum.kilobytes;
    return AIRT_OK;
}

static airt_call reach_begin(struct census *self, airt_ctx *ctx, size_t i)
{
    return airt_ask_begin(ctx, package_at(self, i), PATIENCE, package_reach).call;
}

static airt_status reach_take(struct census *self, airt_ctx *ctx, size_t i, airt_call call)
{
    struct package_marks marks = { 0 };

    AIRT_TRY(airt_call_take(ctx, package_reach, ((package_reach_call){ call }), &marks));
    for (size_t bit = 0; bit < self->top_count; bit++)
        if (marks.bits >> bit & 1 && package_at(self, i).bits != self->top[bit].package.bits)
            self->top[bit].closure++;
    return AIRT_OK;
}

static int by_size(const void *a, const void *b)
{
    const struct report_section *left = a, *right = b;

    if (left->kilobytes != right->kilobytes)
        return left->kilobytes < right->kilobytes ? 1 : -1;
    return strcmp(left->name, right->name);
}

static airt_status write_top(const struct census *self, struct report *report)
{
    for (size_t i = 0; i < self->top_count; i++) {
        const struct rank *rank = &self->top[i];

        report->top[i] = (struct report_top){ duplicate(rank->name), rank->dependents, rank->closure };
        report->top_count++;
        if (report->top[i].name == NULL)
            return AIRT_ENOMEM;
    }
    return AIRT_OK;
}

static airt_status write_chains(const struct census *self, airt_ctx *ctx, struct report *report)
{
    struct graph_solved solved = { 0 };

    AIRT_TRY(airt_ask(ctx, self->graph, &solved, PATIENCE, graph_solve));
    report->chain = duplicate((airt_str){ (const char *)solved.chain.at, solved.chain.size });
    report->cycles = duplicate((airt_str){ (const char *)solved.cycles.at, solved.cycles.size });
    return report->chain == NULL || report->cycles == NULL ? AIRT_ENOMEM : AIRT_OK;
}

static airt_status reached(struct census *self, airt_ctx *ctx)
{
    struct report *report = self->report;

    if (report->section_count > 0)
        qsort(report->sections, report->section_count, sizeof report->sections[0], by_size);
    AIRT_TRY(write_top(self, report));
    AIRT_TRY(write_chains(self, ctx, report));
    AIRT_TRY(airt_reply_to(ctx, &self->asker, census_report, .report = report));
    self->report = NULL; /* a LOCAL answer moves what it points to */
    return AIRT_OK;
}

/* --- phases ------------------------------------------------------------------------------------------------------- */

/* Everyone in one of the two lists is asked; then comes the next phase, or an end. */
struct phase {
    size_t list; /* offset of a memory_array in struct census */
    airt_call (*begin)(struct census *self, airt_ctx *ctx, size_t i);
    airt_status (*take)(struct census *self, airt_ctx *ctx, size_t i, airt_call call);
    airt_status (*end)(struct census *self, airt_ctx *ctx); /* NULL: go on with the next */
};

enum {
    PHASE_TAKE = 0,
    PHASE_REPORT = 3
}; /* where the two requests begin */

static const struct phase phases[] = {
    { offsetof(struct census, packages), declare_begin, declare_take, NULL },
    { offsetof(struct census, packages), link_begin, link_take, NULL },
    { offsetof(struct census, packages), weigh_begin, weigh_take, ranked },
    { offsetof(struct census, sections), section_begin, section_take, NULL },
    { offsetof(struct census, packages), reach_begin, reach_take, reached },
};

static airt_status ask_window(struct census *self, airt_ctx *ctx, const struct phase *phase, size_t count)
{
    airt_call  calls[WINDOW];
    airt_call *waiting[WINDOW];

    for (size_t i = 0; i < count; i++) {
        calls[i] = phase->begin(self, ctx, self->next + i);
        waiting[i] = &calls[i];
    }
    if (count > 0)
        AIRT_TRY(airt_await_all(ctx, PATIENCE, waiting, count));
    for (size_t i = 0; i < count; i++)
        AIRT_TRY(phase->take(self, ctx, self->next + i, calls[i]));
    self->next += count;
    return AIRT_OK;
}

AIRT_ON(census, census_step)
{
    const struct phase *phase = &phases[self->phase];
    size_t              total = ((const struct memory_array *)(const void *)((const char *)self + phase->list))->count;
    size_t              left = total - self->next;

    AIRT_TRY(ask_window(self, ctx, phase, left < WINDOW ? left : WINDOW));
    if (self->next < total)
        return airt_tell_any(ctx, airt_self(ctx), census_step);
    self->next = 0;
    self->phase++;
    if (phase->end != NULL)
        return phase->end(self, ctx);
    return airt_tell_any(ctx, airt_self(ctx), census_step);
}

static airt_status begin(struct census *self, airt_ctx *ctx, size_t phase)
{
    if (self->asker != NULL || self->phase != phase)
        return airt_reply_failure(ctx, 0, "census: not the time for this");
    AIRT_TRY(airt_keep(ctx, &self->asker));
    return airt_tell_any(ctx, airt_self(ctx), census_step);
}

AIRT_ON(census, census_take)
{
    return begin(self, ctx, PHASE_TAKE);
}

AIRT_ON(census, census_report)
{
    return begin(self, ctx, PHASE_REPORT);
}

AIRT_ON(census, airt_stopping)
{
    report_destroy(&self->report);
    return AIRT_OK;
}

#define census_HANDLES(ON, A)                                                                                          \
    ON(A, census_start)                                                                                                \
    ON(A, census_package)                                                                                              \
    ON(A, census_section)                                                                                              \
    ON(A, census_take)                                                                                                 \
    ON(A, census_report)                                                                                               \
    ON(A, census_step)                                                                                                 \
    ON(A, airt_stopping)
AIRT_BEHAVIOR(census)
