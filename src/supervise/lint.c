/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What can be started and is dangerous all the same. Each rule is a sentence a reader of the tree would want to hear. */
#include "supervise/spec.h"

#include <stdio.h>
#include <string.h>

typedef struct linter {
    const airi_shape *shape;
    airt_lint_fn      found;
    void             *context;
    size_t            count;
} linter;

static void say(linter *l, const char *place, const char *text)
{
    l->count++;
    if (l->found != NULL)
        l->found(l->context, place, text);
}

/* The shortest time in which a child that always fails uses up the restarts, with its backoff. */
static uint64_t shortest_storm_ms(const airt_tree *tree, const airt_child *child)
{
    uint64_t base = airi_backoff_first_ms(tree, child), max = airi_backoff_max_ms(tree, child), sum = 0;

    for (uint32_t i = 1; i < airi_restarts_max(tree); i++, base = base < max ? base * 2 : base)
        sum += (base < max ? base : max) / 2;
    return sum;
}

static void lint_restarts(linter *l, const char *place, const airt_tree *tree)
{
    if (tree->restarts_max == AIRT_NO_RESTARTS)
        return;
    if (tree->restarts_max > 1000 && airi_window_ms(tree) <= 10000 && tree->backoff_ms == 0)
        say(l, place,
            "restarts_max: more than a thousand in ten seconds, without backoff, will burn a core and help "
            "nobody");
    if (tree->backoff_max_ms != 0 && tree->backoff_ms > tree->backoff_max_ms)
        say(l, place, "backoff_max_ms is below backoff_ms: every backoff is cut");
}

static void lint_child_restarts(linter *l, const char *place, const airt_tree *tree, const airt_child *child)
{
    if (child->restart == AIRT_TEMPORARY && (child->backoff_ms != 0 || child->backoff_max_ms != 0))
        say(l, place, "backoff of a temporary child, which is never restarted");
    if (child->restart != AIRT_TEMPORARY && tree->restarts_max != AIRT_NO_RESTARTS &&
        shortest_storm_ms(tree, child) > airi_window_ms(tree))
        say(l, place,
            "with its backoff a child that always fails never uses up restarts_max within window_ms: it is "
            "restarted for ever and nothing escalates");
    if (child->health.interval_ms != 0 && child->restart == AIRT_TEMPORARY)
        say(l, place, "health probes of a temporary child: unhealthy, it is killed and not restarted");
}

static void lint_stops(linter *l, const char *place, const airt_child *child)
{
    bool supervisor = child->tree != NULL;

    if (supervisor && airi_child_shutdown_ms(child) != AIRT_INFINITY)
        say(l, place, "shutdown_ms of a supervisor is not infinity: killed, it cannot stop its children in order");
    if (!supervisor && child->shutdown_ms == AIRT_INFINITY)
        say(l, place, "shutdown_ms of a worker is infinity: one that does not stop holds the whole tree");
    if (supervisor && child->restart == AIRT_TEMPORARY)
        say(l, place, "a temporary supervisor: when it gives up, nobody brings it back, and nothing escalates");
    if (child->drop_mail && child->asks_fail && child->mailbox.overflow == AIRT_WAIT)
        say(l, place, "drop_mail with a mailbox that makes senders wait: they wait for what is then dropped");
}

static void lint_tree(linter *l, const char *outer, const airt_tree *given);

static void lint_child(linter *l, const char *outer, const airt_tree *tree, size_t index)
{
    airt_child  child = airi_child_read(tree->children, index, l->shape);
    const char *id = airi_child_id(&child);
    char        place[160];

    (void)snprintf(place, sizeof place, "%.90s%schildren[%zu] \"%.32s\"", outer, outer[0] != '\0' ? ": " : "", index,
                   id != NULL ? id : "");
    lint_child_restarts(l, place, tree, &child);
    lint_stops(l, place, &child);
    if (child.count > 1000 && (tree->strategy == AIRT_ONE_FOR_ALL || tree->strategy == AIRT_REST_FOR_ONE))
        say(l, place, "more than a thousand children in a group: each failure restarts them all, one after the other");
    if (child.tree != NULL)
        lint_tree(l, place, child.tree);
}

static bool alone(const linter *l, const airt_tree *tree)
{
    airt_child child;

    if (tree->child_count != 1)
        return false;
    child = airi_child_read(tree->children, 0, l->shape);
    return airi_spec_count(&child) == 1;
}

static void lint_tree(linter *l, const char *outer, const airt_tree *given)
{
    airt_tree   tree = airi_tree_read(given, l->shape);
    const char *place = outer[0] != '\0' ? outer : tree.name != NULL ? tree.name : "root";

    if (tree.child_count == 0)
        say(l, place, "children: none; a supervisor of nobody");
    if (alone(l, &tree) && (tree.strategy == AIRT_ONE_FOR_ALL || tree.strategy == AIRT_REST_FOR_ONE))
        say(l, place, "strategy: a group of one is one for one");
    lint_restarts(l, place, &tree);
    for (size_t i = 0; i < tree.child_count; i++)
        lint_child(l, outer, &tree, i);
}

size_t airt_tree_lint_sized(const airt_tree *tree, size_t tree_size, size_t child_size, airt_lint_fn found,
                            void *context)
{
    airi_shape      shape = { tree_size, child_size };
    linter          l = { &shape, found, context, 0 };
    airt_spec_error error = { "" };

    if (airt_tree_check_sized(tree, tree_size, child_size, &error) != AIRT_OK)
        say(&l, "root", error.text); /* it cannot even be started */
    else
        lint_tree(&l, "", tree);
    return l.count;
}
