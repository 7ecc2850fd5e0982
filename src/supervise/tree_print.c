/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A tree of specs as text, JSON or a graph for DOT. Counts on when full, like snprintf. */
#include "supervise/spec.h"
#include "supervise/text.h"

typedef struct printer {
    const airi_shape *shape;
    airi_text         text;
    unsigned          nodes; /* of DOT, numbered */
} printer;

static const char *const strategy_text[] = { "one for one", "one for all", "rest for one", "dynamic" };
static const char *const auto_text[] = { "never", "any significant", "all significant" };

static const char *text_in(const char *const *texts, unsigned count, unsigned value)
{
    return value < count ? texts[value] : "unknown";
}
#define TEXT_IN(texts, value) text_in(texts, sizeof(texts) / sizeof(texts)[0], (unsigned)(value))

/* A string of JSON, good for DOT as well. */
static void put_quoted(printer *p, const char *text)
{
    airi_put(&p->text, "\"");
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            airi_put(&p->text, "\\%c", c);
        else if (c < 0x20)
            airi_put(&p->text, "\\u%04x", c);
        else
            airi_put(&p->text, "%c", *text);
    }
    airi_put(&p->text, "\"");
}

/* One prints a tree to see what is wrong with it, too. */
static const char *id_of(const airt_child *child)
{
    const char *id = airi_child_id(child);

    return id != NULL ? id : "?";
}

static const char *kind_of(const airt_child *child)
{
    return child->behavior != NULL ? child->behavior->name : "supervisor";
}

static const char *name_of(const airt_tree *tree)
{
    return tree->name != NULL ? tree->name : "supervisor";
}

/* --- text --------------------------------------------------------------------------------------------------------- */

static void text_tree(printer *p, const airt_tree *given, const airt_child *child, unsigned depth);

static void text_id(printer *p, const char *id, uint32_t count, unsigned depth)
{
    airi_put(&p->text, "%*s%s", (int)(2 * depth), "", id);
    if (count > 1)
        airi_put(&p->text, " x %u", (unsigned)count);
}

/* How its supervisor deals with it. */
static void text_rules(printer *p, const airt_child *child)
{
    uint32_t ms = airi_child_shutdown_ms(child);

    airi_put(&p->text, ", %s, stops ", airi_restart_text(child->restart));
    if (ms == AIRT_INFINITY)
        airi_put(&p->text, "without limit");
    else if (ms == AIRT_BRUTAL_KILL)
        airi_put(&p->text, "by a kill");
    else
        airi_put(&p->text, "in %u ms", (unsigned)ms);
    airi_put(&p->text, "%s", child->significant ? ", significant" : "");
    if (child->health.interval_ms != 0)
        airi_put(&p->text, ", probed every %u ms", (unsigned)child->health.interval_ms);
}

static void text_child(printer *p, const airt_child *child, unsigned depth)
{
    text_id(p, id_of(child), child->count, depth);
    if (child->tree != NULL) {
        text_tree(p, child->tree, child, depth);
        return;
    }
    airi_put(&p->text, "  %.64s", kind_of(child));
    text_rules(p, child);
    airi_put(&p->text, "\n");
}

/* Behind its id. child: NULL: nobody's, the root. */
static void text_tree(printer *p, const airt_tree *given, const airt_child *child, unsigned depth)
{
    airt_tree tree = airi_tree_read(given, p->shape);

    airi_put(&p->text, "/  %s, %u restart%s in %u ms", TEXT_IN(strategy_text, tree.strategy),
             (unsigned)airi_restarts_max(&tree), airi_restarts_max(&tree) == 1 ? "" : "s",
             (unsigned)airi_window_ms(&tree));
    if (tree.backoff_ms != 0)
        airi_put(&p->text, ", backoff from %u ms", (unsigned)tree.backoff_ms);
    if (tree.auto_shutdown != AIRT_NEVER)
        airi_put(&p->text, ", stops with %s", TEXT_IN(auto_text, tree.auto_shutdown));
    if (child != NULL)
        text_rules(p, child);
    airi_put(&p->text, "\n");
    for (size_t i = 0; i < tree.child_count; i++) {
        airt_child below = airi_child_read(tree.children, i, p->shape);

        text_child(p, &below, depth + 1);
    }
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static void json_tree(printer *p, const airt_tree *given);

static void json_child(printer *p, const airt_child *child)
{
    airi_put(&p->text, "{\"id\":");
    put_quoted(p, id_of(child));
    airi_put(&p->text, ",\"behavior\":");
    put_quoted(p, kind_of(child));
    airi_put(&p->text, ",\"name\":");
    if (child->name != NULL)
        put_quoted(p, child->name);
    else
        airi_put(&p->text, "null");
    airi_put(&p->text, ",\"count\":%u,\"restart\":\"%s\",\"shutdown\":\"", (unsigned)airi_spec_count(child),
             airi_restart_text(child->restart));
    airi_put_ms(&p->text, airi_child_shutdown_ms(child));
    airi_put(&p->text, "\",\"significant\":%s,\"health_interval_ms\":%u", child->significant ? "true" : "false",
             (unsigned)child->health.interval_ms);
    if (child->tree != NULL) {
        airi_put(&p->text, ",\"tree\":");
        json_tree(p, child->tree);
    }
    airi_put(&p->text, "}");
}

static void json_tree(printer *p, const airt_tree *given)
{
    airt_tree tree = airi_tree_read(given, p->shape);

    airi_put(&p->text, "{\"name\":");
    put_quoted(p, name_of(&tree));
    airi_put(&p->text,
             ",\"strategy\":\"%s\",\"restarts_max\":%u,\"window_ms\":%u,\"backoff_ms\":%u,\"auto_shutdown\":\"%s\"",
             TEXT_IN(strategy_text, tree.strategy), (unsigned)airi_restarts_max(&tree), (unsigned)airi_window_ms(&tree),
             (unsigned)tree.backoff_ms, TEXT_IN(auto_text, tree.auto_shutdown));
    airi_put(&p->text, ",\"children\":[");
    for (size_t i = 0; i < tree.child_count; i++) {
        airt_child child = airi_child_read(tree.children, i, p->shape);

        airi_put(&p->text, "%s", i > 0 ? "," : "");
        json_child(p, &child);
    }
    airi_put(&p->text, "]}");
}

/* --- DOT ---------------------------------------------------------------------------------------------------------- */

static void dot_tree(printer *p, const airt_tree *given, const airt_child *child);

static void dot_child(printer *p, const airt_child *child, unsigned above)
{
    airi_put(&p->text, "    n%u -> n%u;\n", above, p->nodes);
    if (child->tree != NULL) {
        dot_tree(p, child->tree, child);
        return;
    }
    airi_put(&p->text, "    n%u [label=", p->nodes++);
    put_quoted(p, id_of(child));
    if (child->count > 1)
        airi_put(&p->text, ", xlabel=\"x %u\"", (unsigned)child->count);
    airi_put(&p->text, ", tooltip=\"%s\"];\n", airi_restart_text(child->restart));
}

/* child: NULL: nobody's, the root. */
static void dot_tree(printer *p, const airt_tree *given, const airt_child *child)
{
    airt_tree tree = airi_tree_read(given, p->shape);
    unsigned  node = p->nodes++;

    airi_put(&p->text, "    n%u [shape=box, label=", node);
    put_quoted(p, child != NULL ? id_of(child) : name_of(&tree));
    airi_put(&p->text, ", xlabel=\"%s", TEXT_IN(strategy_text, tree.strategy));
    if (child != NULL && child->count > 1)
        airi_put(&p->text, " x %u", (unsigned)child->count);
    airi_put(&p->text, "\"");
    if (child != NULL)
        airi_put(&p->text, ", tooltip=\"%s\"", airi_restart_text(child->restart));
    airi_put(&p->text, "];\n");
    for (size_t i = 0; i < tree.child_count; i++) {
        airt_child below = airi_child_read(tree.children, i, p->shape);

        dot_child(p, &below, node);
    }
}

size_t airt_tree_print_sized(const airt_tree *tree, size_t tree_size, size_t child_size, airt_tree_format format,
                             char *out, size_t size)
{
    airi_shape shape = { tree_size, child_size };
    printer    p = { &shape, airi_text_of(out, size), 0 };
    airt_tree  top = airi_tree_read(tree, &shape);

    switch (format) {
    case AIRT_TREE_JSON:
        json_tree(&p, tree);
        break;
    case AIRT_TREE_DOT:
        airi_put(&p.text, "digraph tree {\n    node [shape=ellipse];\n");
        dot_tree(&p, tree, NULL);
        airi_put(&p.text, "}\n");
        break;
    case AIRT_TREE_TEXT:
    default:
        text_id(&p, name_of(&top), 1, 0);
        text_tree(&p, tree, NULL, 0);
        break;
    }
    return p.text.length;
}
