/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Health probes: a check to each probed child every interval, at most one out at a time. A missed or failing answer is
 * an event; so many in a row, and the child is killed and restarted like any that failed. */
#include "supervise/supervisor.h"

static uint32_t timeout_ms(const airt_health *health)
{
    return health->timeout_ms != 0 && health->timeout_ms < health->interval_ms ? health->timeout_ms
                                                                               : health->interval_ms;
}

airt_status airi_probe_add(airt_ctx *ctx, airi_supervisor *self, airi_kid *kid)
{
    const airt_health *health = &kid->spec->child.health;
    airi_probe        *probe;

    if (health->interval_ms == 0)
        return AIRT_OK;
    probe = airt_alloc(ctx, sizeof *probe);
    if (probe == NULL)
        return AIRT_ENOMEM;
    probe->kid = kid;
    probe->due_ms = airi_clock_ms(ctx, self) + health->interval_ms;
    airi_list_push_back(&self->probes, &probe->link);
    airi_tick_arm(ctx, self);
    return AIRT_OK;
}

static airi_probe *probe_of(airi_supervisor *self, const airi_kid *kid)
{
    AIRI_LIST_EACH (link, &self->probes)
        if (AIRI_CONTAINER(link, airi_probe, link)->kid == kid)
            return AIRI_CONTAINER(link, airi_probe, link);
    return NULL;
}

void airi_probe_remove(airt_ctx *ctx, airi_supervisor *self, airi_kid *kid)
{
    airi_probe *probe = kid->spec->child.health.interval_ms != 0 ? probe_of(self, kid) : NULL;

    if (probe == NULL)
        return;
    airi_list_remove(&probe->link);
    airt_free(ctx, probe);
}

static void not_well(airt_ctx *ctx, airi_supervisor *self, airi_probe *probe, bool missed)
{
    static const airt_reason unhealthy = { .exit = AIRT_EXIT_KILLED, .status = AIRT_ETIMEDOUT };
    uint32_t                 max = probe->kid->spec->child.health.failed_max;

    if (!probe->degraded)
        airi_event(ctx, self, AIRT_SUP_DEGRADED, probe->kid, NULL, 0);
    probe->degraded = true;
    if (!missed) {
        probe->missed = 0; /* an answer, and not a failing one: the row ends */
        return;
    }
    probe->missed++;
    if (probe->missed != (max != 0 ? max : 3))
        return;
    airi_event(ctx, self, AIRT_SUP_UNHEALTHY, probe->kid, &unhealthy, 0);
    airi_kill_kid(ctx, probe->kid, &unhealthy);
}

static void well(airt_ctx *ctx, airi_supervisor *self, airi_probe *probe)
{
    if (probe->degraded)
        airi_event(ctx, self, AIRT_SUP_RECOVERED, probe->kid, NULL, 0);
    probe->degraded = false;
    probe->missed = 0;
}

/* A full mailbox whose senders wait must not hold up the supervisor: no room is no answer. */
static void check_send(airt_ctx *ctx, const airi_probe *probe)
{
    airt_send_options        at_once = { .wait = AIRT_NO_WAIT };
    struct airt_health_check check = { probe->asked };

    (void)airt_tell_body((airt_from){ .ctx = ctx }, probe->kid->ref, &airt_health_check_kind, &check, &at_once);
}

/* Due: the answer to the last check is late, or the next check is to go out. */
static void probe_step(airt_ctx *ctx, airi_supervisor *self, airi_probe *probe, uint32_t now)
{
    const airt_health *health = &probe->kid->spec->child.health;
    uint32_t           timeout = timeout_ms(health);

    if (now - probe->due_ms > timeout) { /* it is the supervisor that comes late: no child is to blame */
        probe->asked = 0;
        probe->due_ms = now;
    }
    if (probe->asked != 0) {
        probe->asked = 0;
        not_well(ctx, self, probe, true);
        if (timeout < health->interval_ms) {
            probe->due_ms += health->interval_ms - timeout;
            return;
        }
    }
    probe->asked = ++self->probe_number;
    probe->due_ms += timeout;
    check_send(ctx, probe);
}

void airi_probes_run(airt_ctx *ctx, airi_supervisor *self)
{
    uint32_t now = airi_clock_ms(ctx, self);

    AIRI_LIST_EACH (link, &self->probes) {
        airi_probe *probe = AIRI_CONTAINER(link, airi_probe, link);

        if (probe->kid->is == AIRI_IS_UP && (int32_t)(now - probe->due_ms) >= 0)
            probe_step(ctx, self, probe, now);
    }
}

void airi_probe_answered(airt_ctx *ctx, airi_supervisor *self, const struct airt_health_report *report)
{
    AIRI_LIST_EACH (link, &self->probes) {
        airi_probe        *probe = AIRI_CONTAINER(link, airi_probe, link);
        const airt_health *health = &probe->kid->spec->child.health;

        if (report->number == 0 || probe->asked != report->number)
            continue;
        probe->asked = 0;
        probe->due_ms += health->interval_ms - timeout_ms(health);
        if (report->wellness == AIRT_WELL)
            well(ctx, self, probe);
        else
            not_well(ctx, self, probe, report->wellness != AIRT_DEGRADED);
        break;
    }
    airi_tick_arm(ctx, self);
}

uint32_t airi_probes_due_ms(const airi_supervisor *self, uint32_t now_ms)
{
    uint32_t soonest = UINT32_MAX;

    for (const airi_list *link = self->probes.next; link != &self->probes; link = link->next) {
        uint32_t due = AIRI_CONTAINER((airi_list *)(uintptr_t)link, airi_probe, link)->due_ms;
        uint32_t delay = (int32_t)(due - now_ms) > 0 ? due - now_ms : 0;

        soonest = delay < soonest ? delay : soonest;
    }
    return soonest;
}

airt_status airt_health_tell(airt_ctx *ctx, airt_wellness wellness)
{
    const airt_msg                 *msg = airt_message(ctx);
    const struct airt_health_check *check = msg != NULL ? airt_msg_as(msg, airt_health_check) : NULL;

    if (check == NULL)
        return AIRT_EINVAL;
    (void)airt_tell_any(ctx, airt_sender(ctx), airt_health_report, .number = check->number,
                        .wellness = (uint32_t)wellness);
    return AIRT_OK; /* one that does not arrive is a missed answer, and no failure of the child's */
}
