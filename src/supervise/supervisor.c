/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The supervisor as an actor: its start, which waits for all children and answers meanwhile, and what it handles. */
#include "supervise/supervisor.h"

#include "supervise/protocol.h"

enum {
    BLIND_MAX_MS = 3600000
};

/* The one timer. */
struct airi_supervisor_tick {
    bool airt_nothing;
};
AIRT_KIND(airi_supervisor_tick, airt_nothing)

static const airt_kind *const handled_kinds[] = {
    &airi_supervisor_start_kind, &airt_child_news_kind,    &airt_stop_asked_kind,
    &airi_supervisor_tick_kind,  &airt_health_report_kind, &airi_sup_start_kind,
    &airi_sup_do_kind,           &airi_sup_look_kind,      NULL
};
/* What it takes in while its children start: all but its own start. */
#define BOOT_KINDS (handled_kinds + 1)

static void stop_asked(airi_supervisor *self, const struct airt_stop_asked *msg)
{
    airi_stop_all(self, &msg->reason);
    airi_advance(self);
}

/* What is no request. False: it is none of these. */
static bool handled(airi_supervisor *self, const airt_msg *msg)
{
    const airt_kind *kind = airt_msg_kind(msg);

    if (kind == &airt_child_news_kind)
        airi_news(self);
    else if (kind == &airi_supervisor_tick_kind)
        airi_tick(self);
    else if (kind == &airt_stop_asked_kind)
        stop_asked(self, airt_msg_body(msg));
    else if (kind == &airt_health_report_kind)
        airi_probe_answered(self, airt_msg_body(msg));
    else
        return false;
    return true;
}

/* A message in hand, during the start. */
static void take_in(airi_supervisor *self, airt_msg *msg)
{
    if (handled(self, msg))
        airt_drop(&msg);
    else
        airi_serve(self, msg);
}

/* Without memory for messages the news can be had all the same: enough to stop those that have started, in order. They
 * are looked for at longer and longer intervals: a child without a limit may take for ever. */
static airt_status boot_blind(airi_supervisor *self)
{
    self->boot_failed = true;
    airi_stop_all(self, &(airt_reason){ .exit = AIRT_EXIT_START, .status = AIRT_ENOMEM });
    self->blind_ms = self->blind_ms < BLIND_MAX_MS / 2 ? 2 * self->blind_ms + 1 : BLIND_MAX_MS;
    AIRT_TRY(airt_sleep(self->ctx, AIRT_MS(self->blind_ms)));
    airi_news(self);
    airi_tick(self);
    return AIRT_OK;
}

static airt_status boot_wait(airi_supervisor *self)
{
    airt_msg   *msg = NULL;
    airt_status status = airt_receive_kinds(self->ctx, AIRT_SECONDS(3600), BOOT_KINDS, &msg);

    if (status == AIRT_ENOMEM)
        return boot_blind(self);
    if (status == AIRT_OK)
        take_in(self, msg);
    return status == AIRT_ETIMEDOUT ? AIRT_OK : status;
}

static airt_status boot_loop(airi_supervisor *self)
{
    AIRT_TRY(airt_sleep(self->ctx, AIRT_MS(0))); /* gets the stack to wait with, while there is nobody to stop */
    airi_advance(self);
    while (self->phase != AIRI_RUN && self->phase != AIRI_OVER)
        AIRT_TRY(boot_wait(self));
    if (self->phase == AIRI_RUN)
        return AIRT_OK;
    return self->boot_failed && self->end_reason.status != AIRT_OK ? self->end_reason.status : AIRT_ESTOPPING;
}

static airt_status kids_of(airi_supervisor *self)
{
    for (const struct airi_spec *spec = airi_spec_of(self->start->specs); spec != NULL && !airi_dynamic(self);
         spec = airi_spec_of(spec->next))
        for (uint32_t number = 1; number <= airi_spec_count(&spec->child); number++) {
            airi_kid *kid = airi_kid_new(self, spec, number);

            if (kid == NULL)
                return AIRT_ENOMEM;
            airi_kid_mark(self, kid, AIRI_TO_START);
        }
    return AIRT_OK;
}

static airt_status ring_of(airi_supervisor *self)
{
    self->restarts_max = airi_restarts_max(airi_tree_of(self));
    if (AIRI_MUTANT_IS(22) && self->restarts_max > 0)
        self->restarts_max--;
    if (self->restarts_max == 0)
        return AIRT_OK;
    self->restarts = airt_alloc(self->ctx, self->restarts_max * sizeof self->restarts[0]);
    return self->restarts != NULL ? AIRT_OK : AIRT_ENOMEM;
}

static airt_status boot(airi_supervisor *self, const struct airi_supervisor_start *start)
{
    self->start = start;
    self->auto_shutdown = start->tree.auto_shutdown;
    self->epoch_ns = airt_now_ns(self->ctx);
    airi_list_init(&self->kids);
    airi_list_init(&self->ops);
    airi_list_init(&self->timed);
    AIRT_TRY(airt_trap_stop(self->ctx, true));
    AIRT_TRY(airt_timer_new(self->ctx, &self->tick, airi_supervisor_tick, .airt_nothing = true));
    AIRT_TRY(ring_of(self));
    AIRT_TRY(kids_of(self));
    return boot_loop(self);
}

/* The answer is paid for by who asked. */
static airt_status no_memory(airt_ctx *ctx, const airt_kind *kind)
{
    if (kind == &airi_sup_look_kind)
        return airt_reply(ctx, airi_sup_look, .status = AIRT_ENOMEM);
    return airt_reply(ctx, airi_sup_do, .status = AIRT_ENOMEM);
}

static airt_status receive(void *state, airt_ctx *ctx, const airt_kind *kind, const void *body)
{
    airi_supervisor *self = state;
    airt_msg        *request = NULL;

    self->ctx = ctx;
    if (kind == &airi_supervisor_start_kind)
        return boot(self, body);
    if (handled(self, airt_message(ctx)))
        return AIRT_OK;
    if (!airi_is_request(kind))
        return airt_refuse(ctx);
    if (airt_keep(ctx, &request) != AIRT_OK)
        return no_memory(ctx, kind);
    airi_serve(self, request);
    return AIRT_OK;
}

const airt_behavior airi_supervisor_behavior = {
    .struct_size = sizeof(airt_behavior),
    .state_size = sizeof(airi_supervisor),
    .name = "supervisor",
    .receive = receive,
    .kinds = handled_kinds,
};
