/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The graph finds cycles and the longest chain. Both need to see all arcs in order, so one actor does it, on numbers
 * that the packages' refs are turned into. A chain's length is counted in components: a cycle is one link of it. Of
 * chains of the same length the first by name is taken, a component being named after the first of its members. */
#include "components.h"
#include "kinds.h"
#include "memory.h"
#include "text.h"

#include <stdlib.h>

struct node {
    uint64_t bits; /* of its ref */
    airt_str name;
};

struct arc {
    uint32_t from, to;
};

struct graph {
    struct memory_array nodes; /* struct node */
    struct memory_array arcs;  /* struct arc */
    uint32_t           *slots; /* hash table of node number + 1 by ref; 0: empty */
    size_t              slot_count;
};

static struct node *node_at(const struct graph *self, size_t i)
{
    return (struct node *)self->nodes.items + i;
}

/* --- collecting --------------------------------------------------------------------------------------------------- */

static uint32_t *slot_of(const struct graph *self, uint64_t bits)
{
    size_t place = (size_t)(bits * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (self->slot_count - 1);

    while (self->slots[place] != 0 && node_at(self, self->slots[place] - 1)->bits != bits)
        place = (place + 1) & (self->slot_count - 1);
    return &self->slots[place];
}

/* At most half of the slots are in use. */
static airt_status slots_grow(struct graph *self, airt_ctx *ctx)
{
    size_t count = self->slot_count == 0 ? 1024 : self->slot_count * 2;

    if (self->nodes.count * 2 < self->slot_count)
        return AIRT_OK;
    airt_free(ctx, self->slots);
    self->slot_count = 0;
    self->slots = airt_alloc(ctx, count * sizeof *self->slots);
    if (self->slots == NULL)
        return AIRT_ENOMEM;
    self->slot_count = count;
    for (size_t i = 0; i < self->nodes.count; i++)
        *slot_of(self, node_at(self, i)->bits) = (uint32_t)i + 1;
    return AIRT_OK;
}

static airt_status number_of(struct graph *self, airt_ctx *ctx, uint64_t bits, uint32_t *out_number)
{
    struct node node = { .bits = bits };
    uint32_t   *slot;

    AIRT_TRY(slots_grow(self, ctx));
    slot = slot_of(self, bits);
    if (*slot == 0) {
        AIRT_TRY(memory_append(ctx, &self->nodes, &node, sizeof node));
        *slot = (uint32_t)self->nodes.count;
    }
    *out_number = *slot - 1;
    return AIRT_OK;
}

AIRT_ON(graph, graph_needs)
{
    const char *needs = msg->needs.at;
    struct arc  arc = { 0 };
    airt_str    name = msg->name;
    airt_ref    need;

    AIRT_TRY(number_of(self, ctx, airt_sender(ctx).bits, &arc.from));
    if (node_at(self, arc.from)->name.at == NULL) {
        AIRT_TRY(memory_copy(ctx, &name));
        node_at(self, arc.from)->name = name;
    }
    for (size_t i = 0; i < msg->needs.size / sizeof need; i++) {
        memcpy(&need, needs + i * sizeof need, sizeof need); /* bytes in a message are not aligned */
        AIRT_TRY(number_of(self, ctx, need.bits, &arc.to));
        AIRT_TRY(memory_append(ctx, &self->arcs, &arc, sizeof arc));
    }
    return AIRT_OK;
}

/* --- solving ------------------------------------------------------------------------------------------------------ */

/* All arrays are the actor's memory and live until it ends. */
struct solution {
    const struct graph *graph;
    struct components   components;
    uint32_t           *member_first; /* components + 1 */
    uint32_t           *members;      /* nodes, by component, then by name */
    uint32_t           *length;       /* of the longest chain that begins with the component */
    uint32_t           *next;         /* in it; UINT32_MAX: none */
};

static uint32_t *numbers(airt_ctx *ctx, size_t count)
{
    return airt_alloc(ctx, (count + 1) * sizeof(uint32_t));
}

/* Turns counts at [i + 1] into the places where the groups begin. */
static void counts_to_places(uint32_t *first, size_t count)
{
    for (size_t i = 0; i < count; i++)
        first[i + 1] += first[i];
}

/* The arcs, sorted by where they begin. */
static airt_status sort_arcs(struct solution *solution, airt_ctx *ctx)
{
    const struct graph *graph = solution->graph;
    const struct arc   *arcs = graph->arcs.items;
    uint32_t           *first = numbers(ctx, graph->nodes.count), *to = numbers(ctx, graph->arcs.count);
    uint32_t           *place = numbers(ctx, graph->nodes.count);

    if (first == NULL || to == NULL || place == NULL)
        return AIRT_ENOMEM;
    for (size_t i = 0; i < graph->arcs.count; i++)
        first[arcs[i].from + 1]++;
    counts_to_places(first, graph->nodes.count);
    memcpy(place, first, graph->nodes.count * sizeof *place);
    for (size_t i = 0; i < graph->arcs.count; i++)
        to[place[arcs[i].from]++] = arcs[i].to;
    solution->components.first = first;
    solution->components.to = to;
    airt_free(ctx, place);
    return AIRT_OK;
}

static airt_status find_components(struct solution *solution, airt_ctx *ctx)
{
    size_t nodes = solution->graph->nodes.count;

    solution->components.node_count = (uint32_t)nodes;
    solution->components.of = numbers(ctx, nodes);
    solution->components.scratch = numbers(ctx, nodes * COMPONENTS_SCRATCH);
    if (solution->components.of == NULL || solution->components.scratch == NULL)
        return AIRT_ENOMEM;
    components_find(&solution->components);
    airt_free(ctx, solution->components.scratch);
    return AIRT_OK;
}

static int by_name(const void *a, const void *b)
{
    const struct node *left = *(const struct node *const *)a, *right = *(const struct node *const *)b;

    return text_compare(left->name, right->name);
}

/* Puts nodes, taken in the order of their names, into their components. */
static airt_status sort_members(struct solution *solution, airt_ctx *ctx)
{
    size_t        nodes = solution->graph->nodes.count, count = solution->components.count;
    struct node **named = airt_alloc(ctx, (nodes + 1) * sizeof *named);
    uint32_t     *place = numbers(ctx, count);

    solution->member_first = numbers(ctx, count);
    solution->members = numbers(ctx, nodes);
    if (named == NULL || place == NULL || solution->member_first == NULL || solution->members == NULL)
        return AIRT_ENOMEM;
    for (size_t i = 0; i < nodes; i++) {
        named[i] = node_at(solution->graph, i);
        solution->member_first[solution->components.of[i] + 1]++;
    }
    qsort(named, nodes, sizeof(struct node *), by_name);
    counts_to_places(solution->member_first, count);
    memcpy(place, solution->member_first, count * sizeof *place);
    for (size_t i = 0; i < nodes; i++) {
        uint32_t node = (uint32_t)(named[i] - node_at(solution->graph, 0));

        solution->members[place[solution->components.of[node]]++] = node;
    }
    airt_free(ctx, named);
    airt_free(ctx, place);
    return AIRT_OK;
}

/* A component's name: of its first member. */
static airt_str component_name(const struct solution *solution, uint32_t component)
{
    return node_at(solution->graph, solution->members[solution->member_first[component]])->name;
}

/* Longer, or as long and before it by name. */
static bool is_better(const struct solution *solution, uint32_t component, uint32_t than)
{
    if (than == UINT32_MAX || solution->length[component] != solution->length[than])
        return than == UINT32_MAX || solution->length[component] > solution->length[than];
    return text_compare(component_name(solution, component), component_name(solution, than)) < 0;
}

/* What is reached from a component has a lower number, so its length is known. */
static void measure(struct solution *solution, uint32_t component)
{
    const struct components *components = &solution->components;
    uint32_t                 best = UINT32_MAX;

    for (uint32_t i = solution->member_first[component]; i < solution->member_first[component + 1]; i++) {
        uint32_t node = solution->members[i];

        for (uint32_t arc = components->first[node]; arc < components->first[node + 1]; arc++) {
            uint32_t other = components->of[components->to[arc]];

            if (other != component && is_better(solution, other, best))
                best = other;
        }
    }
    solution->next[component] = best;
    solution->length[component] = best == UINT32_MAX ? 1 : solution->length[best] + 1;
}

static airt_status solve(struct solution *solution, airt_ctx *ctx)
{
    AIRT_TRY(sort_arcs(solution, ctx));
    AIRT_TRY(find_components(solution, ctx));
    AIRT_TRY(sort_members(solution, ctx));
    solution->length = numbers(ctx, solution->components.count);
    solution->next = numbers(ctx, solution->components.count);
    if (solution->length == NULL || solution->next == NULL)
        return AIRT_ENOMEM;
    for (uint32_t i = 0; i < solution->components.count; i++)
        measure(solution, i);
    return AIRT_OK;
}

/* --- answering ---------------------------------------------------------------------------------------------------- */

/* Writes a component as a line at `to`, or with NULL only counts the bytes. */
static size_t write_line(const struct solution *solution, uint32_t component, char *to)
{
    size_t size = 0;

    for (uint32_t i = solution->member_first[component]; i < solution->member_first[component + 1]; i++) {
        airt_str name = node_at(solution->graph, solution->members[i])->name;

        if (to != NULL) {
            memcpy(to + size, name.at, name.size);
            to[size + name.size] = i + 1 < solution->member_first[component + 1] ? ' ' : '\n';
        }
        size += name.size + 1;
    }
    return size;
}

static airt_blob write_lines(const struct solution *solution, airt_ctx *ctx, const uint32_t *list, size_t count)
{
    size_t    size = 0;
    void     *bytes;
    char     *to;
    airt_blob blob;

    for (size_t i = 0; i < count; i++)
        size += write_line(solution, list[i], NULL);
    blob = airt_blob_space(ctx, size, &bytes);
    to = bytes;
    for (size_t i = 0; to != NULL && i < count; i++)
        to += write_line(solution, list[i], to);
    return blob;
}

/* The components of the longest chain. */
static size_t list_chain(const struct solution *solution, uint32_t *list)
{
    uint32_t component = UINT32_MAX;
    size_t   count = 0;

    for (uint32_t i = 0; i < solution->components.count; i++)
        if (is_better(solution, i, component))
            component = i;
    for (; component != UINT32_MAX; component = solution->next[component])
        list[count++] = component;
    return count;
}

/* The components of more than one member, by name. */
static airt_status list_cycles(const struct solution *solution, airt_ctx *ctx, uint32_t *list, size_t *out_count)
{
    struct node **firsts = airt_alloc(ctx, (solution->components.count + 1) * sizeof *firsts);
    size_t        count = 0;

    if (firsts == NULL)
        return AIRT_ENOMEM;
    for (uint32_t i = 0; i < solution->components.count; i++)
        if (solution->member_first[i + 1] - solution->member_first[i] > 1)
            firsts[count++] = node_at(solution->graph, solution->members[solution->member_first[i]]);
    qsort(firsts, count, sizeof(struct node *), by_name);
    for (size_t i = 0; i < count; i++)
        list[i] = solution->components.of[firsts[i] - node_at(solution->graph, 0)];
    airt_free(ctx, firsts);
    *out_count = count;
    return AIRT_OK;
}

AIRT_ON(graph, graph_solve)
{
    struct solution solution = { .graph = self };
    uint32_t       *list;
    size_t          count = 0;
    airt_blob       chain, cycles;

    if (self->nodes.count == 0)
        return airt_reply(ctx, graph_solve);
    AIRT_TRY(solve(&solution, ctx));
    list = numbers(ctx, solution.components.count);
    if (list == NULL)
        return AIRT_ENOMEM;
    chain = write_lines(&solution, ctx, list, list_chain(&solution, list));
    AIRT_TRY(list_cycles(&solution, ctx, list, &count));
    cycles = write_lines(&solution, ctx, list, count);
    if (airt_blob_none(chain) || airt_blob_none(cycles))
        return AIRT_ENOMEM;
    return airt_reply(ctx, graph_solve, .chain = chain, .cycles = cycles);
}

#define graph_HANDLES(ON, A) ON(A, graph_needs) ON(A, graph_solve)
AIRT_BEHAVIOR(graph)
