/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A tree of specs as text, JSON or a graph for DOT. Counts on when full, like snprintf. */
#include "supervise/spec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct printer {
    const airi_shape *shape;
    char             *out;
    size_t            size, length;
    unsigned          nodes; /* of DOT, numbered */
} printer;

static const char *const strategy_text[] = { "one for one", "one for all", "rest for one", "dynamic" };
static const char *const restart_text[] = { "permanent", "transient", "temporary" };
static const char *const auto_text[] = { "never", "any significant", "all significant" };

static const char *text_in(const char *const *texts, unsigned count, unsigned value)
{
    return value < count ? texts[value] : "unknown";
}
#define TEXT_IN(texts, value) text_in(texts, sizeof(texts) / sizeof(texts)[0], (unsigned)(value))

static void put_char(printer *p, char c)
{
    if (p->length + 1 < p->size)
        p->out[p->length] = c;
    p->length++;
}

static void put_text(printer *p, const char *text)
{
    while (*text != '\0')
        put_char(p, *text++);
}

/* For short texts: numbers and words of our own. */
__attribute__((format(printf, 2, 3))) static void put(printer *p, const char *format, ...)
{
    char    text[256];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put_text(p, text);
}

/* A string of JSON, good for DOT as well. */
static void put_quoted(printer *p, const char *text)
{
    put_char(p, '"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            put(p, "\\%c", c);
        else if (c < 0x20)
            put(p, "\\u%04x", c);
        else
            put_char(p, *text);
    }
    put_char(p, '"');
}

static void put_ms(printer *p, uint32_t ms)
{
    if (ms == AIRT_INFINITY)
        put_text(p, "infinity");
    else if (ms == AIRT_BRUTAL_KILL)
        put_text(p, "brutal kill");
    else
        put(p, "%u ms", (unsigned)ms);
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

static uint32_t restarts_of(const airt_tree *tree)
{
    return tree->restarts_max == 0 ? 1 : tree->restarts_max == AIRT_NO_RESTARTS ? 0 : tree->restarts_max;
}
static uint32_t window_of(const airt_tree *tree)
{
    return tree->window_ms != 0 ? tree->window_ms : 5000;
}
static const char *name_of(const airt_tree *tree)
{
    return tree->name != NULL ? tree->name : "supervisor";
}

/* --- text --------------------------------------------------------------------------------------------------------- */

static void text_tree(printer *p, const airt_tree *given, const char *id, unsigned depth);

static void text_child(printer *p, const airt_child *child, unsigned depth)
{
    const char *id = id_of(child);

    if (child->tree != NULL) {
        text_tree(p, child->tree, id, depth);
        return;
    }
    put(p, "%*s", (int)(2 * depth), "");
    put_text(p, id);
    if (child->count > 1)
        put(p, " x %u", (unsigned)child->count);
    put(p, "  %.64s, %s, stops in ", kind_of(child), TEXT_IN(restart_text, child->restart));
    put_ms(p, airi_child_shutdown_ms(child));
    put_text(p, child->significant ? ", significant" : "");
    if (child->health.interval_ms != 0)
        put(p, ", probed every %u ms", (unsigned)child->health.interval_ms);
    put_char(p, '\n');
}

static void text_tree(printer *p, const airt_tree *given, const char *id, unsigned depth)
{
    airt_tree tree = airi_tree_read(given, p->shape);

    put(p, "%*s", (int)(2 * depth), "");
    put_text(p, id);
    put(p, "/  %s, %u restart%s in %u ms", TEXT_IN(strategy_text, tree.strategy), (unsigned)restarts_of(&tree),
        restarts_of(&tree) == 1 ? "" : "s", (unsigned)window_of(&tree));
    if (tree.backoff_ms != 0)
        put(p, ", backoff from %u ms", (unsigned)tree.backoff_ms);
    if (tree.auto_shutdown != AIRT_NEVER)
        put(p, ", stops with %s", TEXT_IN(auto_text, tree.auto_shutdown));
    put_char(p, '\n');
    for (size_t i = 0; i < tree.child_count; i++) {
        airt_child child = airi_child_read(tree.children, i, p->shape);

        text_child(p, &child, depth + 1);
    }
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static void json_tree(printer *p, const airt_tree *given);

static void json_child(printer *p, const airt_child *child)
{
    put_text(p, "{\"id\":");
    put_quoted(p, id_of(child));
    put_text(p, ",\"behavior\":");
    put_quoted(p, kind_of(child));
    put_text(p, ",\"name\":");
    if (child->name != NULL)
        put_quoted(p, child->name);
    else
        put_text(p, "null");
    put(p, ",\"count\":%u,\"restart\":\"%s\",\"shutdown\":\"", (unsigned)airi_spec_count(child),
        TEXT_IN(restart_text, child->restart));
    put_ms(p, airi_child_shutdown_ms(child));
    put(p, "\",\"significant\":%s,\"health_interval_ms\":%u", child->significant ? "true" : "false",
        (unsigned)child->health.interval_ms);
    if (child->tree != NULL) {
        put_text(p, ",\"tree\":");
        json_tree(p, child->tree);
    }
    put_char(p, '}');
}

static void json_tree(printer *p, const airt_tree *given)
{
    airt_tree tree = airi_tree_read(given, p->shape);

    put_text(p, "{\"name\":");
    put_quoted(p, name_of(&tree));
    put(p, ",\"strategy\":\"%s\",\"restarts_max\":%u,\"window_ms\":%u,\"backoff_ms\":%u,\"auto_shutdown\":\"%s\"",
        TEXT_IN(strategy_text, tree.strategy), (unsigned)restarts_of(&tree), (unsigned)window_of(&tree),
        (unsigned)tree.backoff_ms, TEXT_IN(auto_text, tree.auto_shutdown));
    put_text(p, ",\"children\":[");
    for (size_t i = 0; i < tree.child_count; i++) {
        airt_child child = airi_child_read(tree.children, i, p->shape);

        put_text(p, i > 0 ? "," : "");
        json_child(p, &child);
    }
    put_text(p, "]}");
}

/* --- DOT ---------------------------------------------------------------------------------------------------------- */

static void dot_tree(printer *p, const airt_tree *given, const char *id);

static void dot_child(printer *p, const airt_child *child, unsigned above)
{
    put(p, "    n%u -> n%u;\n", above, p->nodes);
    if (child->tree != NULL) {
        dot_tree(p, child->tree, id_of(child));
        return;
    }
    put(p, "    n%u [label=", p->nodes++);
    put_quoted(p, id_of(child));
    if (child->count > 1)
        put(p, ", xlabel=\"x %u\"", (unsigned)child->count);
    put(p, ", tooltip=\"%s\"];\n", TEXT_IN(restart_text, child->restart));
}

static void dot_tree(printer *p, const airt_tree *given, const char *id)
{
    airt_tree tree = airi_tree_read(given, p->shape);
    unsigned  node = p->nodes++;

    put(p, "    n%u [shape=box, label=", node);
    put_quoted(p, id);
    put(p, ", xlabel=\"%s\"];\n", TEXT_IN(strategy_text, tree.strategy));
    for (size_t i = 0; i < tree.child_count; i++) {
        airt_child child = airi_child_read(tree.children, i, p->shape);

        dot_child(p, &child, node);
    }
}

size_t airt_tree_print_sized(const airt_tree *tree, size_t tree_size, size_t child_size, airt_tree_format format,
                             char *out, size_t size)
{
    airi_shape shape = { tree_size, child_size };
    printer    p = { &shape, out, size, 0, 0 };
    airt_tree  top = airi_tree_read(tree, &shape);

    switch (format) {
    case AIRT_TREE_JSON:
        json_tree(&p, tree);
        break;
    case AIRT_TREE_DOT:
        put_text(&p, "digraph tree {\n    node [shape=ellipse];\n");
        dot_tree(&p, tree, name_of(&top));
        put_text(&p, "}\n");
        break;
    case AIRT_TREE_TEXT:
    default:
        text_tree(&p, tree, name_of(&top), 0);
        break;
    }
    if (size > 0)
        out[p.length < size ? p.length : size - 1] = '\0';
    return p.length;
}
