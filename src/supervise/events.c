/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a supervisor tells about itself, and how it reads. */
#include "supervise/supervisor.h"
#include "supervise/text.h"

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

static void tell_kid(const airi_supervisor *self, const airi_kid *kid, airt_supervision_event *event)
{
    event->child = kid->ref;
    event->id = kid->spec->child.id;
    event->number = kid->number;
    event->behavior = behavior_of(kid);
    event->restarts = kid->restarts;
    event->spec = &kid->spec->child;
    (void)!airt_incarnation(self->ctx, kid->ref, &event->incarnation);
    event->incarnation -= kid->is == AIRI_IS_HELD; /* the one that has ended */
}

void airi_event_of(const airi_supervisor *self, const airi_happened *happened)
{
    const airt_tree       *tree = airi_tree_of(self);
    airt_supervision_event event = { .what = happened->what,
                                     .supervisor = airt_self(self->ctx),
                                     .supervisor_name = tree->name != NULL ? tree->name : "supervisor",
                                     .delay_ms = happened->delay_ms };

    if (tree->on_event == NULL)
        return;
    if (happened->reason != NULL)
        event.reason = *happened->reason;
    if (happened->change != NULL) {
        event.message = happened->change->kind->name;
        event.trace = happened->change->trace;
    }
    if (happened->kid != NULL)
        tell_kid(self, happened->kid, &event);
    tree->on_event(tree->on_event_context, &event);
}

void airi_event(const airi_supervisor *self, airt_supervision what, const airi_kid *kid, const airt_reason *reason)
{
    airi_event_of(self, &(airi_happened){ .what = what, .kid = kid, .reason = reason });
}

/* --- as text ------------------------------------------------------------------------------------------------------ */

static void put_child(airi_text *to, const airt_supervision_event *event, const char *between)
{
    airi_put(to, "%schild: %.64s", between, event->id);
    if (event->number > 1)
        airi_put(to, ".%u", (unsigned)event->number);
    airi_put(to, "%sactor: %#llx#%u", between, (unsigned long long)event->child.bits, (unsigned)event->incarnation);
    airi_put(to, "%sbehaviour: %.64s", between, event->behavior);
    airi_put(to, "%srestarts: %u", between, (unsigned)event->restarts);
    if (event->spec == NULL)
        return;
    airi_put(to, "%srestart: %s", between, airi_restart_text(event->spec->restart));
    airi_put(to, "%sshutdown: ", between);
    airi_put_ms(to, airi_child_shutdown_ms(event->spec));
    airi_put(to, "%stype: %s", between, event->spec->tree != NULL ? "supervisor" : "worker");
    if (event->spec->significant)
        airi_put(to, "%ssignificant", between);
}

static void put_reason(airi_text *to, const airt_reason *reason, const char *between)
{
    airi_put(to, "%sreason: %s", between, airt_exit_text(reason->exit));
    if (reason->status != AIRT_OK)
        airi_put(to, ", %s", airt_status_text(reason->status));
    if (reason->code != 0)
        airi_put(to, ", code %d", (int)reason->code);
    if (!airt_ref_none(reason->origin))
        airi_put(to, ", from %#llx", (unsigned long long)reason->origin.bits);
}

size_t airt_supervision_print(const airt_supervision_event *event, bool lines, char *out, size_t size)
{
    const char *between = lines ? "\n    " : "; ";
    airi_text   to = airi_text_of(out, size);

    airi_put(&to, "%.64s %#llx: %s", event->supervisor_name, (unsigned long long)event->supervisor.bits,
             airt_supervision_text(event->what));
    if (event->id != NULL)
        put_child(&to, event, between);
    if (event->what != AIRT_SUP_STARTED)
        put_reason(&to, &event->reason, between);
    if (event->message != NULL)
        airi_put(&to, "%smessage: %.64s, trace %#llx", between, event->message, (unsigned long long)event->trace);
    if (event->delay_ms != 0)
        airi_put(&to, "%sin: %u ms", between, (unsigned)event->delay_ms);
    return to.length;
}
