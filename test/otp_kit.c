/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "otp_kit.h"

#include "port/port.h"

#include <stdio.h>
#include <string.h>

bool otp_same(const sim *s, const char *what, const char *said, const char *wanted)
{
    bool same = strcmp(said, wanted) == 0;

    if (!same && s->options.fault == NULL)
        (void)fprintf(stderr, "seed %llu: %s \"%s\"\n      not \"%s\"\n", (unsigned long long)s->options.seed, what,
                      said, wanted);
    return same;
}

/* --- actors ------------------------------------------------------------------------------------------------------- */

airt_status otp_start(airt_ctx *ctx, struct puppet *self, void *argument)
{
    otp_plan *plan = argument;

    (void)self;
    plan->starts++;
    if (plan->sleep_ms != 0)
        AIRT_TRY(airt_sleep(ctx, AIRT_MS(plan->sleep_ms)));
    if (plan->fails > 0) {
        plan->fails--;
        return AIRT_EINVAL;
    }
    if (plan->ignores > 0) {
        plan->ignores--;
        return AIRT_STOP;
    }
    return AIRT_OK;
}

airt_status otp_ends(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_reason shutdown = { .exit = AIRT_EXIT_SHUTDOWN };

    (void)self;
    switch ((otp_end)(uintptr_t)argument) {
    case OTP_NORMAL:
        return AIRT_STOP;
    case OTP_ABNORMAL:
        return AIRT_EINVAL;
    case OTP_SHUTDOWN_X:
        shutdown.code = 7;
        return airt_end(ctx, &shutdown);
    case OTP_SHUTDOWN:
    default:
        return airt_end(ctx, &shutdown);
    }
}

struct mule {
    struct puppet puppet;
    uint32_t      after_ms, how;
};
AIRT_ON(mule, mule_start)
{
    self->puppet.tag = (char)msg->tag;
    self->after_ms = msg->after_ms;
    self->how = msg->how;
    sim_tag((char)msg->tag, airt_self(ctx));
    sim_say("%c+", (char)msg->tag);
    return airt_trap_stop(ctx, true);
}
AIRT_ON(mule, airt_stop_asked)
{
    (void)msg;
    sim_say("%c?", self->puppet.tag);
    if (self->after_ms == OTP_NEVER)
        return AIRT_OK;
    if (self->after_ms == 0)
        return otp_ends(ctx, &self->puppet, (void *)(uintptr_t)self->how);
    return airt_send_after(ctx, AIRT_MS(self->after_ms), &self->puppet.timer, tick, .n = 1);
}
AIRT_ON(mule, tick)
{
    (void)msg;
    return otp_ends(ctx, &self->puppet, (void *)(uintptr_t)self->how);
}
AIRT_ON(mule, act)
{
    return msg->run(ctx, &self->puppet, msg->argument);
}
AIRT_ON(mule, airt_stopping)
{
    (void)ctx;
    sim_say("%c-%s", self->puppet.tag, sim_reason(&msg->reason));
    return AIRT_OK;
}
#define mule_HANDLES(ON, A) ON(A, mule_start) ON(A, airt_stop_asked) ON(A, tick) ON(A, act) ON(A, airt_stopping)
AIRT_BEHAVIOR(mule)

airt_ref otp_ref(const sim *s, char tag)
{
    return s->tagged[(unsigned char)tag % SIM_TAGS];
}

void otp_finish(sim *s, char tag, otp_end how)
{
    if (how == OTP_KILLED)
        (void)airt_kill(s->system, otp_ref(s, tag), NULL);
    else
        sim_do(s, otp_ref(s, tag), otp_ends, (void *)(uintptr_t)how);
    sim_settle(s);
}

uint32_t otp_incarnation(sim *s, char tag)
{
    uint32_t incarnation = 0;

    (void)!airt_incarnation(s->system, otp_ref(s, tag), &incarnation);
    return incarnation;
}

/* --- what stands -------------------------------------------------------------------------------------------------- */

bool otp_counts(sim *s, airt_ref supervisor, const char *counts)
{
    airt_child_counts c = { 0 };
    airt_status       status = airt_supervisor_count(s->system, supervisor, OTP_WITHIN, &c);
    char              text[96];

    (void)snprintf(text, sizeof text, "%u/%u/%u/%u", (unsigned)c.specs, (unsigned)c.active, (unsigned)c.supervisors,
                   (unsigned)c.workers);
    return otp_same(s, "counts", status == AIRT_OK ? text : airt_status_text(status), counts);
}

bool otp_states(sim *s, airt_ref supervisor, const char *states)
{
    airt_child_info infos[32];
    size_t          count = 0, length = 0;
    char            text[1024] = "";
    airt_status     status = airt_supervisor_list(s->system, supervisor, OTP_WITHIN, infos, 32, &count);

    if (status != AIRT_OK)
        return otp_same(s, "states", airt_status_text(status), states);
    for (size_t i = 0; i < count && i < 32; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s %s/%u", i > 0 ? ", " : "", infos[i].id,
                                   airt_child_state_text(infos[i].state), (unsigned)infos[i].restarts);
    return otp_same(s, "states", text, states);
}

static char ended_with[32];

static airt_status watches(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_monitor(ctx, *(airt_ref *)argument);
}
struct watcher {
    struct puppet puppet;
};
AIRT_ON(watcher, act)
{
    return msg->run(ctx, &self->puppet, msg->argument);
}
AIRT_ON(watcher, airt_down)
{
    (void)self;
    (void)ctx;
    (void)snprintf(ended_with, sizeof ended_with, "%s", sim_reason(&msg->reason));
    return AIRT_OK;
}
#define watcher_HANDLES(ON, A) ON(A, act) ON(A, airt_down)
AIRT_ACTOR(watcher)
AIRT_BEHAVIOR(watcher)

void otp_watch(sim *s, airt_ref who)
{
    airt_ref watcher = AIRT_NONE;

    ended_with[0] = '\0';
    if (airt_spawn_any(s->system, watcher, &watcher, NULL) == AIRT_OK)
        sim_do(s, watcher, watches, &who);
    sim_settle(s);
}

bool otp_ended(sim *s, const char *reason)
{
    return otp_same(s, "ended with", ended_with, reason);
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static void copy(char *to, size_t size, const char *text)
{
    (void)snprintf(to, size, "%s", text != NULL ? text : "");
}

void otp_on_event(void *context, const airt_supervision_event *event)
{
    otp_log   *log = context;
    otp_event *e;

    log->counts[event->what]++;
    if (log->count == sizeof log->events / sizeof log->events[0])
        return;
    e = &log->events[log->count++];
    *e = (otp_event){ .what = event->what,
                      .supervisor = event->supervisor,
                      .child = event->child,
                      .number = event->number,
                      .incarnation = event->incarnation,
                      .restarts = event->restarts,
                      .delay_ms = event->delay_ms,
                      .reason = event->reason,
                      .has_spec = event->spec != NULL };
    copy(e->supervisor_name, sizeof e->supervisor_name, event->supervisor_name);
    copy(e->id, sizeof e->id, event->id);
    copy(e->behavior, sizeof e->behavior, event->behavior);
    if (log->world != NULL)
        e->at_ms = log->world->now_ns(log->world) / 1000000;
}

bool otp_logged(sim *s, otp_log *log, const char *events)
{
    char   text[4096] = "";
    size_t length = 0;

    for (size_t i = 0; i < log->count && length + 64 < sizeof text; i++) {
        const otp_event *e = &log->events[i];

        if (e->what != AIRT_SUP_STARTED && e->what != AIRT_SUP_STOPPED)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s %s", length > 0 ? "; " : "",
                                       airt_supervision_text(e->what), e->id);
    }
    log->count = 0;
    return otp_same(s, "logged", text, events);
}

const otp_event *otp_first(const otp_log *log, airt_supervision what)
{
    static const otp_event none = { .what = AIRT_SUPERVISION_COUNT };

    for (size_t i = 0; i < log->count; i++)
        if (log->events[i].what == what)
            return &log->events[i];
    return &none;
}
