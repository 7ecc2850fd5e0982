/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a supervisor tells about itself, and how it reads. */
#include "supervise/supervisor.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const supervision_text[] = {
#define TEXT(name, text) text,
    AIRT_SUPERVISION_TABLE(TEXT)
#undef TEXT
};
static const char *const state_text[] = { "starting", "running", "stopping", "restarting", "down" };

const char *airt_supervision_text(airt_supervision what)
{
    return (unsigned)what < AIRT_SUPERVISION_COUNT ? supervision_text[what] : "unknown event";
}

const char *airt_child_state_text(airt_child_state state)
{
    return (unsigned)state < sizeof state_text / sizeof state_text[0] ? state_text[state] : "unknown state";
}

static const char *behavior_of(const airi_kid *kid)
{
    return kid->spec->child.behavior != NULL ? kid->spec->child.behavior->name : airi_supervisor_behavior.name;
}

static void event_with(airt_ctx *ctx, const airi_supervisor *self, airt_supervision what, const airi_kid *kid,
                       const airt_reason *reason, uint32_t delay_ms, const airt_child_change *change)
{
    const airt_tree       *tree = airi_tree_of(self);
    airt_supervision_event event = { .what = what,
                                     .supervisor = airt_self(ctx),
                                     .supervisor_name = tree->name != NULL ? tree->name : "supervisor",
                                     .delay_ms = delay_ms };

    if (tree->on_event == NULL)
        return;
    if (reason != NULL)
        event.reason = *reason;
    if (change != NULL && change->kind != NULL) {
        event.message = change->kind->name;
        event.trace = change->trace;
    }
    if (kid != NULL) {
        event.child = kid->ref;
        event.id = kid->spec->child.id;
        event.number = kid->number;
        event.behavior = behavior_of(kid);
        event.restarts = kid->restarts;
        event.spec = &kid->spec->child;
        (void)!airt_incarnation(ctx, kid->ref, &event.incarnation);
        event.incarnation -= kid->is == AIRI_IS_HELD; /* the one that has ended */
    }
    tree->on_event(tree->on_event_context, &event);
}

void airi_event(airt_ctx *ctx, const airi_supervisor *self, airt_supervision what, const airi_kid *kid,
                const airt_reason *reason, uint32_t delay_ms)
{
    event_with(ctx, self, what, kid, reason, delay_ms, NULL);
}

void airi_event_of(airt_ctx *ctx, const airi_supervisor *self, airt_supervision what, const airi_kid *kid,
                   const airt_child_change *change, uint32_t delay_ms)
{
    event_with(ctx, self, what, kid, &change->reason, delay_ms, change);
}

/* --- as text ------------------------------------------------------------------------------------------------------ */

typedef struct writer {
    char       *out;
    size_t      size, length;
    const char *between;
} writer;

__attribute__((format(printf, 2, 3))) static void put(writer *w, const char *format, ...)
{
    size_t  left = w->length < w->size ? w->size - w->length : 0;
    va_list arguments;
    int     n;

    va_start(arguments, format);
    n = vsnprintf(left > 0 ? w->out + w->length : NULL, left, format, arguments);
    va_end(arguments);
    w->length += n > 0 ? (size_t)n : 0;
}

static const char *restart_text(airt_restart restart)
{
    static const char *const text[] = { "permanent", "transient", "temporary" };

    return (unsigned)restart < 3 ? text[restart] : "unknown";
}

static void put_shutdown(writer *w, const airt_child *spec)
{
    uint32_t ms = airi_child_shutdown_ms(spec);

    if (ms == AIRT_INFINITY)
        put(w, "%sshutdown: infinity", w->between);
    else if (ms == AIRT_BRUTAL_KILL)
        put(w, "%sshutdown: brutal kill", w->between);
    else
        put(w, "%sshutdown: %u ms", w->between, (unsigned)ms);
}

static void put_child(writer *w, const airt_supervision_event *event)
{
    put(w, "%schild: %.64s", w->between, event->id);
    if (event->number > 1)
        put(w, ".%u", (unsigned)event->number);
    put(w, "%sactor: %#llx#%u", w->between, (unsigned long long)event->child.bits, (unsigned)event->incarnation);
    put(w, "%sbehaviour: %.64s", w->between, event->behavior);
    put(w, "%srestarts: %u", w->between, (unsigned)event->restarts);
    if (event->spec == NULL)
        return;
    put(w, "%srestart: %s", w->between, restart_text(event->spec->restart));
    put_shutdown(w, event->spec);
    put(w, "%stype: %s", w->between, event->spec->tree != NULL ? "supervisor" : "worker");
    if (event->spec->significant)
        put(w, "%ssignificant", w->between);
}

static void put_reason(writer *w, const airt_reason *reason)
{
    put(w, "%sreason: %s", w->between, airt_exit_text(reason->exit));
    if (reason->status != AIRT_OK)
        put(w, ", %s", airt_status_text(reason->status));
    if (reason->code != 0)
        put(w, ", code %d", (int)reason->code);
    if (!airt_ref_none(reason->origin))
        put(w, ", from %#llx", (unsigned long long)reason->origin.bits);
}

size_t airt_supervision_print(const airt_supervision_event *event, bool lines, char *out, size_t size)
{
    writer w = { out, size, 0, lines ? "\n    " : "; " };

    if (size > 0)
        out[0] = '\0';
    put(&w, "%.64s %#llx: %s", event->supervisor_name, (unsigned long long)event->supervisor.bits,
        airt_supervision_text(event->what));
    if (event->id != NULL)
        put_child(&w, event);
    if (event->what != AIRT_SUP_STARTED)
        put_reason(&w, &event->reason);
    if (event->message != NULL)
        put(&w, "%smessage: %.64s, trace %#llx", w.between, event->message, (unsigned long long)event->trace);
    if (event->delay_ms != 0)
        put(&w, "%sin: %u ms", w.between, (unsigned)event->delay_ms);
    return w.length;
}
