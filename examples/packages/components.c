/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tarjan's algorithm. A node's number is its place in the order of discovery, from 1; low is the least number known to
 * be reachable from it within its component. */
#include "components.h"

#include <stdbool.h>

struct search {
    struct components *graph;
    uint32_t          *number; /* 0: not discovered */
    uint32_t          *low;
    uint32_t          *open; /* discovered, component not known: a stack */
    uint32_t          *path; /* from the root to the present node: a stack */
    uint32_t          *arc;  /* the next arc to look at, of each node on the path */
    uint32_t           open_count, path_count, numbered;
};

static void lower(uint32_t *low, uint32_t number)
{
    if (number < *low)
        *low = number;
}

static void enter(struct search *search, uint32_t node)
{
    search->number[node] = search->low[node] = ++search->numbered;
    search->arc[node] = search->graph->first[node];
    search->open[search->open_count++] = node;
    search->path[search->path_count++] = node;
    search->graph->of[node] = UINT32_MAX; /* open */
}

/* The node's component is complete: it and all that were opened after it. */
static void close_component(struct search *search, uint32_t node)
{
    uint32_t member;

    do {
        member = search->open[--search->open_count];
        search->graph->of[member] = search->graph->count;
    } while (member != node);
    search->graph->count++;
}

static void leave(struct search *search, uint32_t node)
{
    search->path_count--;
    if (search->low[node] == search->number[node])
        close_component(search, node);
    if (search->path_count > 0)
        lower(&search->low[search->path[search->path_count - 1]], search->low[node]);
}

static void step(struct search *search)
{
    uint32_t node = search->path[search->path_count - 1], head;

    if (search->arc[node] == search->graph->first[node + 1]) {
        leave(search, node);
        return;
    }
    head = search->graph->to[search->arc[node]++];
    if (search->number[head] == 0)
        enter(search, head);
    else if (search->graph->of[head] == UINT32_MAX)
        lower(&search->low[node], search->number[head]);
}

void components_find(struct components *components)
{
    uint32_t      count = components->node_count, *scratch = components->scratch;
    struct search search = { .graph = components,
                             .number = scratch,
                             .low = scratch + count,
                             .open = scratch + 2 * (uint64_t)count,
                             .path = scratch + 3 * (uint64_t)count,
                             .arc = scratch + 4 * (uint64_t)count };

    components->count = 0;
    for (uint32_t node = 0; node < count; node++) {
        if (search.number[node] != 0)
            continue;
        enter(&search, node);
        while (search.path_count > 0)
            step(&search);
    }
}
