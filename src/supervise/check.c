/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whether a tree can be started. The text names the first field that is wrong, and where it stands. */
#include "supervise/supervisor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERED_MAX (AIRT_NAME_MAX - 12) /* of a name that a number comes behind */
enum {
    DEPTH_MAX = 64,         /* supervisors above each other */
    RESTARTS_LIMIT = 65536, /* their times are kept */
    MS_LIMIT = 1 << 30      /* twelve days: further than that the supervisor's clock does not reach */
};

typedef struct place { /* a chain of where we are, from the innermost outward */
    const struct place *outer;
    size_t              index;
    const char         *id;
    unsigned            depth;
} place;

typedef struct check {
    const airi_shape *shape;
    airt_spec_error  *error;
} check;

static size_t put_place(const place *at, char *text, size_t size)
{
    size_t length;
    int    n;

    if (at == NULL)
        return 0;
    length = put_place(at->outer, text, size);
    n = snprintf(text + length, size - length, "%schildren[%zu]%s%.32s%s", length > 0 ? ": " : "", at->index,
                 at->id != NULL ? " \"" : "", at->id != NULL ? at->id : "", at->id != NULL ? "\"" : "");
    return n > 0 && length + (size_t)n < size ? length + (size_t)n : size - 1;
}

__attribute__((format(printf, 4, 5))) static airt_status wrong(const check *c, const place *at, airt_status status,
                                                               const char *format, ...)
{
    char    text[96];
    size_t  length;
    va_list arguments;

    if (c->error == NULL)
        return status;
    length = put_place(at, c->error->text, sizeof c->error->text);
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)snprintf(c->error->text + length, sizeof c->error->text - length, "%s%s", length > 0 ? ": " : "", text);
    return status;
}

static airt_status ms_field(const check *c, const place *at, const char *field, uint32_t ms)
{
    if (ms < MS_LIMIT)
        return AIRT_OK;
    return wrong(c, at, AIRT_EINVAL, "%s: %u is over the limit of %u", field, (unsigned)ms, (unsigned)MS_LIMIT);
}

static bool handles(const airt_behavior *behavior, const airt_kind *kind)
{
    const airt_kind *const *listed = behavior->kinds;

    while (*listed != NULL && !airt_kind_same(*listed, kind))
        listed++;
    return *listed != NULL;
}

static airt_status check_start(const check *c, const place *at, const airt_child *child)
{
    if (child->start.kind == NULL)
        return AIRT_OK;
    if (child->tree != NULL)
        return wrong(c, at, AIRT_EINVAL, "start: a supervisor's arguments are its tree");
    if (child->start.body == NULL)
        return wrong(c, at, AIRT_EINVAL, "start: a kind without a body; use AIRT_START");
    if (child->start.kind->drop != NULL)
        return wrong(c, at, AIRT_EINVAL, "start: %s is a LOCAL kind: it moves, and a restart needs it again",
                     child->start.kind->name);
    if (child->behavior != NULL && !handles(child->behavior, child->start.kind))
        return wrong(c, at, AIRT_EKIND, "start: %s has no handler for %s", child->behavior->name,
                     child->start.kind->name);
    return AIRT_OK;
}

static size_t state_size(const airt_child *child)
{
    return child->behavior != NULL ? child->behavior->state_size : airi_supervisor_behavior.state_size;
}

static airt_status check_limits(const check *c, const place *at, const airt_child *child)
{
    if ((unsigned)child->restart > AIRT_TEMPORARY)
        return wrong(c, at, AIRT_EINVAL, "restart: %d is none of permanent, transient, temporary", (int)child->restart);
    if ((unsigned)child->mailbox.overflow > AIRT_WAIT)
        return wrong(c, at, AIRT_EINVAL, "mailbox.overflow: %d is no rule", (int)child->mailbox.overflow);
    if (child->mailbox.max > AIRT_MAILBOX_MAX && child->mailbox.max != AIRT_UNBOUNDED)
        return wrong(c, at, AIRT_EINVAL, "mailbox.max: %u is over AIRT_MAILBOX_MAX", (unsigned)child->mailbox.max);
    if (child->turn_max > UINT16_MAX)
        return wrong(c, at, AIRT_EINVAL, "turn_max: %u is over 65535", (unsigned)child->turn_max);
    if (child->memory_max != 0 && state_size(child) > child->memory_max)
        return wrong(c, at, AIRT_EINVAL, "memory_max: %llu is less than its state of %zu bytes",
                     (unsigned long long)child->memory_max, state_size(child));
    return AIRT_OK;
}

/* The name it is registered by. NULL: none. */
static const char *name_of(const airt_child *child)
{
    if (child->name != NULL || child->tree == NULL)
        return child->name;
    return child->tree->name;
}

/* ".4294967295" finds room behind it. */
static bool numbers_fit(const char *name)
{
    return strlen(name) <= NUMBERED_MAX;
}

static airt_status check_name(const check *c, const place *at, const airt_child *child)
{
    if (child->name != NULL && (child->name[0] == '\0' || !numbers_fit(child->name)))
        return wrong(c, at, AIRT_EINVAL, "name: empty, or longer than %u bytes", NUMBERED_MAX);
    if (child->count > 1 && name_of(child) != NULL && !numbers_fit(name_of(child)))
        return wrong(c, at, AIRT_EINVAL, "name: its tree's is longer than %u bytes, and it is to be numbered",
                     NUMBERED_MAX);
    return AIRT_OK;
}

static airt_status check_id(const check *c, const place *at, const airt_child *child)
{
    if (airi_child_id(child) == NULL)
        return wrong(c, at, AIRT_EINVAL, "id: missing, and there is no name to take instead");
    if (airi_child_id(child)[0] == '\0')
        return wrong(c, at, AIRT_EINVAL, "id: empty");
    return AIRT_OK;
}

static airt_status check_times(const check *c, const place *at, const airt_child *child)
{
    airt_status status = AIRT_OK;

    if (child->shutdown_ms < AIRT_BRUTAL_KILL)
        status = ms_field(c, at, "shutdown_ms", child->shutdown_ms);
    if (status == AIRT_OK && child->backoff_ms != AIRT_NO_BACKOFF)
        status = ms_field(c, at, "backoff_ms", child->backoff_ms);
    if (status == AIRT_OK)
        status = ms_field(c, at, "backoff_max_ms", child->backoff_max_ms);
    if (status == AIRT_OK)
        status = ms_field(c, at, "health.interval_ms", child->health.interval_ms);
    if (status == AIRT_OK)
        status = ms_field(c, at, "poison.quarantine_ms", child->poison.quarantine_ms);
    if (status == AIRT_OK && child->health.timeout_ms > child->health.interval_ms)
        status = wrong(c, at, AIRT_EINVAL, "health.timeout_ms: %u is longer than the interval",
                       (unsigned)child->health.timeout_ms);
    return status;
}

static airt_status check_health(const check *c, const place *at, const airt_child *child)
{
    if (child->health.interval_ms == 0)
        return AIRT_OK;
    if (child->tree != NULL)
        return wrong(c, at, AIRT_EINVAL, "health: a supervisor is not probed");
    if (!handles(child->behavior, &airt_health_check_kind))
        return wrong(c, at, AIRT_EKIND, "health: %s has no handler for airt_health_check", child->behavior->name);
    return AIRT_OK;
}

static airt_status check_tree(const check *c, const place *at, const airt_tree *given);

static airt_status check_child(const check *c, const place *at, const airt_child *child)
{
    airt_status status;

    if ((child->behavior == NULL) == (child->tree == NULL))
        return wrong(c, at, AIRT_EINVAL,
                     child->tree == NULL ? "behavior: missing; or give a tree" : "behavior and tree: give one of them");
    if (child->behavior != NULL && (child->behavior->receive == NULL || child->behavior->kinds == NULL ||
                                    (unsigned)child->behavior->placement > AIRT_DEDICATED))
        return wrong(c, at, AIRT_EINVAL, "behavior: not one made by AIRT_BEHAVIOR");
    status = check_name(c, at, child);
    if (status == AIRT_OK)
        status = check_id(c, at, child);
    if (status == AIRT_OK)
        status = check_start(c, at, child);
    if (status == AIRT_OK)
        status = check_limits(c, at, child);
    if (status == AIRT_OK)
        status = check_times(c, at, child);
    if (status == AIRT_OK)
        status = check_health(c, at, child);
    return status == AIRT_OK && child->tree != NULL ? check_tree(c, at, child->tree) : status;
}

/* What a child and its supervisor must agree on. */
static airt_status check_fit(const check *c, const place *at, const airt_tree *tree, const airt_child *child)
{
    if (tree->strategy == AIRT_DYNAMIC && child->count > 1)
        return wrong(c, at, AIRT_EINVAL, "count: %u of a template, which is started when asked for",
                     (unsigned)child->count);
    if (child->significant && tree->auto_shutdown == AIRT_NEVER)
        return wrong(c, at, AIRT_EINVAL, "significant: its supervisor's auto_shutdown is never");
    if (child->significant && child->restart == AIRT_PERMANENT)
        return wrong(c, at, AIRT_EINVAL, "significant: a permanent child never ends for good");
    return AIRT_OK;
}

static airt_status check_options(const check *c, const place *at, const airt_tree *tree)
{
    airt_status status = ms_field(c, at, "window_ms", tree->window_ms);

    if ((unsigned)tree->strategy > AIRT_DYNAMIC)
        return wrong(c, at, AIRT_EINVAL, "strategy: %d is none", (int)tree->strategy);
    if ((unsigned)tree->auto_shutdown > AIRT_ALL_SIGNIFICANT)
        return wrong(c, at, AIRT_EINVAL, "auto_shutdown: %d is none", (int)tree->auto_shutdown);
    if (tree->restarts_max > RESTARTS_LIMIT && tree->restarts_max != AIRT_NO_RESTARTS)
        return wrong(c, at, AIRT_EINVAL, "restarts_max: %u is over the limit of %u", (unsigned)tree->restarts_max,
                     (unsigned)RESTARTS_LIMIT);
    if (tree->name != NULL && (tree->name[0] == '\0' || strlen(tree->name) > AIRT_NAME_MAX))
        return wrong(c, at, AIRT_EINVAL, "name: empty, or longer than %u bytes", AIRT_NAME_MAX);
    if (status == AIRT_OK)
        status = ms_field(c, at, "backoff_ms", tree->backoff_ms);
    if (status == AIRT_OK)
        status = ms_field(c, at, "backoff_max_ms", tree->backoff_max_ms);
    if (status == AIRT_OK)
        status = ms_field(c, at, "backoff_reset_ms", tree->backoff_reset_ms);
    if (status == AIRT_OK && tree->children == NULL && tree->child_count != 0)
        return wrong(c, at, AIRT_EINVAL, "children: NULL, and child_count is %zu", tree->child_count);
    if (status == AIRT_OK && tree->strategy == AIRT_DYNAMIC && tree->child_count != 1)
        return wrong(c, at, AIRT_EINVAL, "children: a dynamic supervisor has one, its template, not %zu",
                     tree->child_count);
    return status;
}

/* --- ids and names, each once ------------------------------------------------------------------------------------- */

typedef struct named {
    const char *id;
    size_t      index;
} named;

/* What must be unique among siblings. NULL: it has none. */
typedef const char *(*key_fn)(const airt_child *child);

static int by_id(const void *a, const void *b)
{
    const named *one = a, *other = b;
    int          order = strcmp(one->id, other->id);

    return order != 0 ? order : (one->index > other->index) - (one->index < other->index);
}

static const named *find(const named *part, size_t count, const char *id)
{
    for (size_t low = 0, high = count; low < high;) {
        size_t middle = (low + high) / 2;
        int    order = strcmp(part[middle].id, id);

        if (order == 0)
            return &part[middle];
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return NULL;
}

static const char *what_of(key_fn key)
{
    return key == name_of ? "name" : "id";
}

/* Who has it, and who has it too. */
static airt_status twice(const check *c, const place *at, const char *what, const named who[2])
{
    return wrong(c, at, AIRT_EEXIST, "children[%zu] and children[%zu] have one %s, \"%.32s\"", who[0].index,
                 who[1].index, what, who[0].id);
}

/* Small sets on the stack, a part at a time: each part is sorted, and compared with those behind it. */
static airt_status check_once(const check *c, const place *at, const airt_tree *tree, key_fn key)
{
    enum {
        PART = 256
    };
    named  part[PART];
    size_t count = tree->child_count;

    for (size_t begin = 0; begin < count; begin += PART) {
        size_t end = count - begin < PART ? count : begin + PART, n = 0;

        for (size_t i = begin; i < end; i++) {
            airt_child child = airi_child_read(tree->children, i, c->shape);

            part[n] = (named){ key(&child), i };
            n += part[n].id != NULL;
        }
        qsort(part, n, sizeof part[0], by_id);
        for (size_t i = 1; i < n; i++)
            if (strcmp(part[i - 1].id, part[i].id) == 0)
                return twice(c, at, what_of(key), &part[i - 1]);
        for (size_t i = end; i < count; i++) {
            airt_child   child = airi_child_read(tree->children, i, c->shape);
            const named *found = key(&child) != NULL ? find(part, n, key(&child)) : NULL;

            if (found != NULL)
                return twice(c, at, what_of(key), (const named[]){ *found, { NULL, i } });
        }
    }
    return AIRT_OK;
}

/* "w.2" of "w", of which there are as many. */
static bool is_one_of(const char *id, const char *own, uint32_t count)
{
    size_t   size = strlen(own);
    uint64_t number = 0;

    if (strncmp(id, own, size) != 0 || id[size] != '.' || id[size + 1] == '0')
        return false;
    for (id += size + 1; *id >= '0' && *id <= '9' && number <= count; id++)
        number = 10 * number + (uint64_t)(*id - '0');
    return *id == '\0' && number >= 2 && number <= count;
}

/* What is numbered against what is written so. */
static airt_status check_numbers(const check *c, const place *at, const airt_tree *tree, key_fn key)
{
    for (size_t i = 0; i < tree->child_count; i++) {
        airt_child child = airi_child_read(tree->children, i, c->shape);

        for (size_t j = 0; j < tree->child_count && child.count > 1 && key(&child) != NULL; j++) {
            airt_child other = airi_child_read(tree->children, j, c->shape);

            if (key(&other) != NULL && is_one_of(key(&other), key(&child), child.count))
                return twice(c, at, what_of(key), (const named[]){ { key(&other), i }, { NULL, j } });
        }
    }
    return AIRT_OK;
}

static airt_status check_unique(const check *c, const place *at, const airt_tree *tree, key_fn key)
{
    airt_status status = check_once(c, at, tree, key);

    return status == AIRT_OK ? check_numbers(c, at, tree, key) : status;
}

static airt_status check_tree(const check *c, const place *at, const airt_tree *given)
{
    airt_tree   tree = airi_tree_read(given, c->shape);
    unsigned    depth = at != NULL ? at->depth : 0;
    airt_status status = check_options(c, at, &tree);

    if (depth >= DEPTH_MAX)
        return wrong(c, at, AIRT_EINVAL, "tree: more than %d supervisors above each other", (int)DEPTH_MAX);
    for (size_t i = 0; i < tree.child_count && status == AIRT_OK; i++) {
        airt_child child = airi_child_read(tree.children, i, c->shape);
        place      here = { at, i, airi_child_id(&child), depth + 1 };

        status = check_child(c, &here, &child);
        if (status == AIRT_OK)
            status = check_fit(c, &here, &tree, &child);
    }
    if (status == AIRT_OK)
        status = check_unique(c, at, &tree, airi_child_id);
    return status == AIRT_OK ? check_unique(c, at, &tree, name_of) : status;
}

airt_status airi_child_check(const airt_child *child, const airi_shape *shape, airt_spec_error *out_error)
{
    check       c = { shape, out_error };
    airt_status status;

    if (child->behavior != NULL || child->tree != NULL)
        return check_child(&c, NULL, child);
    status = check_name(&c, NULL, child);
    return status == AIRT_OK ? check_start(&c, NULL, child) : status;
}

airt_status airt_tree_check_sized(const airt_tree *tree, size_t tree_size, size_t child_size,
                                  airt_spec_error *out_error)
{
    airi_shape shape = { tree_size, child_size };
    check      c = { &shape, out_error };

    if (tree == NULL)
        return wrong(&c, NULL, AIRT_EINVAL, "tree: NULL");
    return check_tree(&c, NULL, tree);
}
