/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Strongly connected components of a graph of numbers (Tarjan, 1972), without recursion: a handler's stack is small. */
#ifndef PACKAGES_COMPONENTS_H
#define PACKAGES_COMPONENTS_H

#include <stdint.h>

struct components {
    uint32_t        node_count;
    const uint32_t *first; /* node_count + 1: the arcs of node i are first[i] up to first[i + 1] */
    const uint32_t *to;    /* their heads */
    uint32_t       *of; /* out, node_count, zeroed: the component of a node; one that is reached has a lower number */
    uint32_t        count;   /* out */
    uint32_t       *scratch; /* COMPONENTS_SCRATCH * node_count, zeroed */
};

enum {
    COMPONENTS_SCRATCH = 5
};

void components_find(struct components *components);

#endif
