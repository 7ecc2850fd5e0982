/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Child specs as supervisors keep them: the user's, copied into messages that belong to no incarnation, so that they
 * live as long as the construction arguments of the supervisor that hold them. Fixed once made; any thread. */
#ifndef AIRI_SUPERVISE_SPEC_H
#define AIRI_SUPERVISE_SPEC_H

#include <airt/supervise.h>

/* The body of a spec's message. Texts point into the message `text`. */
struct airi_spec {
    airt_child child; /* id and name as they are used; start, tree: see below */
    airt_msg  *text;
    airt_msg  *start; /* a message of the start's kind; NULL: none */
    airt_msg  *tree;  /* an airi_supervisor_start, of a supervisor; NULL: a worker */
    airt_msg  *next;  /* of the same tree */
    airt_msg  *own;   /* the message it lies in, of a child that was added at run time: it goes with that child */
};
/* The construction arguments of a supervisor. */
struct airi_supervisor_start {
    airt_tree tree; /* without its children */
    airt_msg *text;
    airt_msg *specs; /* first of the chain of airi_spec */
    bool      root;
};
AIRT_LOCAL_KIND(airi_spec, airi_spec_drop)
AIRT_LOCAL_KIND(airi_supervisor_start, airi_supervisor_start_drop)

/* How large the structs are in the header that the user compiled with. */
typedef struct airi_shape {
    size_t tree, child;
} airi_shape;
/* Read by their size: a missing tail is zero. */
airt_tree  airi_tree_read(const airt_tree *tree, const airi_shape *shape);
airt_child airi_child_read(const airt_child *children, size_t index, const airi_shape *shape);

/* Copies what the user gave; checked before. Fails: ENOMEM, EKILLED; then nothing is left. */
airt_status airi_tree_copy(airt_from from, const airt_tree *tree, const airi_shape *shape,
                           struct airi_supervisor_start *out);
/* The same from a copy, for a supervisor below that is to be spawned. */
airt_status airi_tree_again(airt_from from, const airt_msg *kept, struct airi_supervisor_start *out);
airt_status airi_spec_copy(airt_from from, const airt_child *child, const airi_shape *shape, airt_msg **out_spec);

/* check.c. Without behaviour and tree it is of a template: then only what is its own is looked at. */
airt_status airi_child_check(const airt_child *child, const airi_shape *shape, airt_spec_error *out_error);

static inline const struct airi_spec *airi_spec_of(const airt_msg *msg)
{
    return msg != NULL ? airt_msg_body(msg) : NULL;
}

/* What 0 stands for, once. */
static inline uint32_t airi_or(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}
static inline uint32_t airi_spec_count(const airt_child *child)
{
    return airi_or(child->count, 1);
}
static inline uint32_t airi_window_ms(const airt_tree *tree)
{
    return airi_or(tree->window_ms, 5000);
}
/* How many the window bears; 0: none. */
static inline uint32_t airi_restarts_max(const airt_tree *tree)
{
    return tree->restarts_max == AIRT_NO_RESTARTS ? 0 : airi_or(tree->restarts_max, 1);
}
/* 0: restarts are immediate. */
static inline uint32_t airi_backoff_first_ms(const airt_tree *tree, const airt_child *child)
{
    uint32_t ms = airi_or(child->backoff_ms, tree->backoff_ms);

    return ms == AIRT_NO_BACKOFF ? 0 : ms;
}
static inline uint32_t airi_backoff_max_ms(const airt_tree *tree, const airt_child *child)
{
    return airi_or(child->backoff_max_ms, airi_or(tree->backoff_max_ms, 30000));
}
/* The id that a child has when it says none, or its own. NULL: none at all. */
const char *airi_child_id(const airt_child *child);
/* Time to stop; AIRT_BRUTAL_KILL, AIRT_INFINITY. */
uint32_t airi_child_shutdown_ms(const airt_child *child);

#endif
