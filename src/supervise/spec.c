/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Specs copied into messages that belong to no incarnation. */
#include "supervise/spec.h"

#include "base/sized.h"

#include <string.h>

/* Ids and names with their terminating zeros. */
struct airi_spec_text {
    airt_str id, name;
};
AIRT_KIND(airi_spec_text, id, name)

static void drop_chain(airt_msg *msg)
{
    while (msg != NULL) {
        struct airi_spec *spec = (struct airi_spec *)(uintptr_t)airt_msg_body(msg);
        airt_msg         *next = spec->next;

        spec->next = NULL;
        airt_drop(&msg);
        msg = next;
    }
}

void airi_spec_drop(struct airi_spec *spec)
{
    airt_drop(&spec->text);
    airt_drop(&spec->start);
    airt_drop(&spec->tree);
    drop_chain(spec->next);
    spec->next = NULL;
}

void airi_supervisor_start_drop(struct airi_supervisor_start *start)
{
    airt_drop(&start->text);
    drop_chain(start->specs);
    start->specs = NULL;
}

const char *airi_child_id(const airt_child *child)
{
    if (child->id != NULL)
        return child->id;
    if (child->name != NULL)
        return child->name;
    if (child->behavior != NULL)
        return child->behavior->name;
    return child->tree != NULL ? child->tree->name : NULL;
}

uint32_t airi_child_shutdown_ms(const airt_child *child)
{
    if (child->shutdown_ms != 0)
        return child->shutdown_ms;
    return child->tree != NULL ? AIRT_INFINITY : 5000;
}

airt_tree airi_tree_read(const airt_tree *tree, const airi_shape *shape)
{
    airt_tree room = { 0 };

    return *(const airt_tree *)airi_sized_read(tree, shape->tree, &room, sizeof room);
}

airt_child airi_child_read(const airt_child *children, size_t index, const airi_shape *shape)
{
    airt_child room = { 0 };

    return *(const airt_child *)airi_sized_read((const char *)children + index * shape->child, shape->child, &room,
                                                sizeof room);
}

/* A message of nobody's incarnation. */
static airt_status part_new(airt_from from, const airt_kind *kind, const void *body, airt_msg **out_msg)
{
    airt_msg   *msg = NULL;
    airt_status status = (airt_msg_new_body)(from, kind, body, &msg);

    if (status == AIRT_OK)
        status = (airt_msg_detach)(from, msg);
    if (status != AIRT_OK)
        airt_drop(&msg);
    *out_msg = msg;
    return status;
}

static airt_str with_zero(const char *text)
{
    return (airt_str){ text, text != NULL ? strlen(text) + 1 : 0 };
}

static airt_status text_copy(airt_from from, const char **id, const char **name, airt_msg **out_text)
{
    struct airi_spec_text        text = { with_zero(*id), with_zero(*name) };
    const struct airi_spec_text *copy;
    airt_status                  status = part_new(from, &airi_spec_text_kind, &text, out_text);

    if (status != AIRT_OK)
        return status;
    copy = airt_msg_body(*out_text);
    *id = *id != NULL ? copy->id.at : NULL;
    *name = *name != NULL ? copy->name.at : NULL;
    return AIRT_OK;
}

static airt_status start_part(airt_from from, const airt_body *start, airt_msg **out_start)
{
    return start->kind == NULL ? AIRT_OK : part_new(from, start->kind, start->body, out_start);
}

/* A supervisor's arguments as a message: what is in them is moved, whatever comes. */
static airt_status tree_part(airt_from from, struct airi_supervisor_start *start, airt_msg **out_tree)
{
    return part_new(from, &airi_supervisor_start_kind, start, out_tree);
}

/* With id, text and start; the tree below is the caller's to add. */
static airt_status spec_begin(airt_from from, const airt_child *child, struct airi_spec *out)
{
    airt_status status;

    *out = (struct airi_spec){ .child = *child };
    out->child.id = airi_child_id(child);
    status = text_copy(from, &out->child.id, &out->child.name, &out->text);
    if (status == AIRT_OK)
        status = start_part(from, &child->start, &out->start);
    out->child.start = (airt_body){ NULL, NULL };
    if (out->start != NULL)
        out->child.start = (airt_body){ airt_msg_kind(out->start), airt_msg_body(out->start) };
    return status;
}

static airt_status spec_end(airt_from from, struct airi_spec *spec, airt_status status, airt_msg **out_spec)
{
    *out_spec = NULL;
    if (status != AIRT_OK) {
        airi_spec_drop(spec);
        return status;
    }
    if (spec->tree != NULL)
        spec->child.tree = &((const struct airi_supervisor_start *)airt_msg_body(spec->tree))->tree;
    return part_new(from, &airi_spec_kind, spec, out_spec);
}

/* Where a tree is copied from: what the user gave, in his shape; or what is kept. */
typedef struct origin {
    const airi_shape *shape; /* NULL: kept */
    const airt_tree  *given;
    const airt_msg   *kept;
} origin;

static airt_status tree_make(airt_from from, const origin *of, struct airi_supervisor_start *out);

/* below: of the child's tree, if it has one. */
static airt_status spec_make(airt_from from, const airt_child *child, const origin *below, airt_msg **out_spec)
{
    struct airi_supervisor_start start;
    struct airi_spec             spec;
    airt_status                  status = spec_begin(from, child, &spec);

    if (status == AIRT_OK && child->tree != NULL) {
        status = tree_make(from, below, &start);
        if (status == AIRT_OK)
            status = tree_part(from, &start, &spec.tree);
    }
    return spec_end(from, &spec, status, out_spec);
}

airt_status airi_spec_copy(airt_from from, const airt_child *child, const airi_shape *shape, airt_msg **out_spec)
{
    return spec_make(from, child, &(origin){ .shape = shape, .given = child->tree }, out_spec);
}

static airt_status start_begin(airt_from from, const airt_tree *tree, struct airi_supervisor_start *out)
{
    const char *none = NULL;

    *out = (struct airi_supervisor_start){ .tree = *tree };
    out->tree.children = NULL;
    return text_copy(from, &none, &out->tree.name, &out->text);
}

/* The chain grows at its end: *tail is where the next one goes. */
static airt_status chain(airt_status status, airt_msg *spec, airt_msg ***tail)
{
    if (status != AIRT_OK)
        return status;
    **tail = spec;
    *tail = &((struct airi_spec *)(uintptr_t)airt_msg_body(spec))->next;
    return AIRT_OK;
}

static airt_status given_specs(airt_from from, const origin *of, const airt_tree *tree, airt_msg **tail)
{
    airt_status status = AIRT_OK;

    for (size_t i = 0; i < tree->child_count && status == AIRT_OK; i++) {
        airt_child child = airi_child_read(tree->children, i, of->shape);
        airt_msg  *spec = NULL;

        status = airi_spec_copy(from, &child, of->shape, &spec);
        status = chain(status, spec, &tail);
    }
    return status;
}

static airt_status kept_specs(airt_from from, const struct airi_spec *one, airt_msg **tail)
{
    airt_status status = AIRT_OK;

    for (; one != NULL && status == AIRT_OK; one = airi_spec_of(one->next)) {
        airt_msg *spec = NULL;

        status = spec_make(from, &one->child, &(origin){ .kept = one->tree }, &spec);
        status = chain(status, spec, &tail);
    }
    return status;
}

static airt_status tree_make(airt_from from, const origin *of, struct airi_supervisor_start *out)
{
    const struct airi_supervisor_start *kept = of->kept != NULL ? airt_msg_body(of->kept) : NULL;
    airt_tree                           tree = kept != NULL ? kept->tree : airi_tree_read(of->given, of->shape);
    airt_status                         status = start_begin(from, &tree, out);

    if (status == AIRT_OK && kept != NULL)
        status = kept_specs(from, airi_spec_of(kept->specs), &out->specs);
    else if (status == AIRT_OK)
        status = given_specs(from, of, &tree, &out->specs);
    if (status != AIRT_OK)
        airi_supervisor_start_drop(out);
    return status;
}

airt_status airi_tree_copy(airt_from from, const airt_tree *given, const airi_shape *shape,
                           struct airi_supervisor_start *out)
{
    return tree_make(from, &(origin){ .shape = shape, .given = given }, out);
}

airt_status airi_tree_again(airt_from from, const airt_msg *kept, struct airi_supervisor_start *out)
{
    return tree_make(from, &(origin){ .kept = kept }, out);
}
