/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Health probes: a check to each probed child every interval, at most one out at a time. A missed or failing answer is
 * an event; so many in a row, and the child is killed and restarted like any that failed. A probe is kept by the time
 * when it is to be looked at, and its check by its number, so that neither a tick nor an answer walks the others. */
#include "supervise/supervisor.h"

struct airi_probe {
    airi_due  due; /* of the next check, or of the answer to the one that is out */
    airi_kid *kid;
    uint64_t  asked; /* number of the check that is out; 0: none */
    uint32_t  missed;
    bool      degraded;
};

static airi_probe *probe_at(airi_due *due)
{
    return AIRI_CONTAINER(due, airi_probe, due);
}

static uint32_t timeout_ms(const airt_health *health)
{
    return health->timeout_ms != 0 && health->timeout_ms < health->interval_ms ? health->timeout_ms
                                                                               : health->interval_ms;
}

/* Twice as many places as there may be probes. Numbers whose low bits differ do so with more bits, too. */
static bool checks_reserve(airi_supervisor *self)
{
    uint32_t     room = 2 * self->probes.room;
    airi_probe **checks;

    if (room == self->check_room)
        return true;
    checks = airt_alloc(self->ctx, room * sizeof(airi_probe *));
    for (uint32_t i = 0; checks != NULL && i < self->probes.count; i++) {
        airi_probe *probe = probe_at(self->probes.items[i]);

        if (probe->asked != 0)
            checks[probe->asked % room] = probe;
    }
    if (checks == NULL)
        return false;
    airt_free(self->ctx, self->checks);
    self->checks = checks;
    self->check_room = room;
    return true;
}

/* Its answer is not waited for any more. */
static void check_end(airi_supervisor *self, airi_probe *probe)
{
    if (probe->asked != 0)
        self->checks[probe->asked % self->check_room] = NULL;
    probe->asked = 0;
}

static void check_begin(airi_supervisor *self, airi_probe *probe)
{
    do
        probe->asked = ++self->probe_number;
    while (self->checks[probe->asked % self->check_room] != NULL);
    self->checks[probe->asked % self->check_room] = probe;
}

airt_status airi_probe_add(airi_supervisor *self, airi_kid *kid)
{
    const airt_health *health = &kid->spec->child.health;
    airi_probe        *probe;

    if (health->interval_ms == 0)
        return AIRT_OK;
    AIRT_CHECK((kid->marks & (AIRI_TIMED | AIRI_PROBED)) == 0);
    if (!airi_dues_reserve(self->ctx, &self->probes) || !checks_reserve(self))
        return AIRT_ENOMEM;
    probe = airt_alloc(self->ctx, sizeof *probe);
    if (probe == NULL)
        return AIRT_ENOMEM;
    probe->kid = kid;
    probe->due.at_ms = airi_clock_ms(self) + health->interval_ms;
    airi_dues_add(&self->probes, &probe->due);
    kid->probe = probe;
    kid->marks |= AIRI_PROBED;
    airi_tick_arm(self);
    return AIRT_OK;
}

void airi_probe_remove(airi_supervisor *self, airi_kid *kid)
{
    airi_probe *probe = kid->probe;

    if ((kid->marks & AIRI_PROBED) == 0)
        return;
    kid->marks &= (uint8_t)~AIRI_PROBED;
    airi_list_init(&kid->timed);
    check_end(self, probe);
    airi_dues_remove(&self->probes, &probe->due);
    airt_free(self->ctx, probe);
}

static void due_next(airi_supervisor *self, airi_probe *probe, uint32_t at_ms)
{
    probe->due.at_ms = at_ms;
    airi_dues_moved(&self->probes, &probe->due);
}

static void not_well(airi_supervisor *self, airi_probe *probe, bool missed)
{
    static const airt_reason unhealthy = { .exit = AIRT_EXIT_KILLED, .status = AIRT_ETIMEDOUT };

    if (!probe->degraded)
        airi_event(self, AIRT_SUP_DEGRADED, probe->kid, NULL);
    probe->degraded = true;
    if (!missed) {
        probe->missed = 0; /* an answer, and not a failing one: the row ends */
        return;
    }
    probe->missed++;
    if (probe->missed != airi_or(probe->kid->spec->child.health.failed_max, 3))
        return;
    airi_event(self, AIRT_SUP_UNHEALTHY, probe->kid, &unhealthy);
    airi_kill_kid(self, probe->kid, &unhealthy);
}

static void well(airi_supervisor *self, airi_probe *probe)
{
    if (probe->degraded)
        airi_event(self, AIRT_SUP_RECOVERED, probe->kid, NULL);
    probe->degraded = false;
    probe->missed = 0;
}

/* A full mailbox whose senders wait must not hold up the supervisor: no room is no answer. */
static void check_send(airi_supervisor *self, const airi_probe *probe)
{
    airt_send_options        at_once = { .wait = AIRT_NO_WAIT };
    struct airt_health_check check = { probe->asked };

    (void)airt_tell_body((airt_from){ .ctx = self->ctx }, probe->kid->ref, &airt_health_check_kind, &check, &at_once);
}

/* One that goes out late has at least half of its time all the same. */
static void check_next(airi_supervisor *self, airi_probe *probe, uint32_t now)
{
    uint32_t timeout = timeout_ms(&probe->kid->spec->child.health), late = now - probe->due.at_ms;

    check_begin(self, probe);
    due_next(self, probe, (late > timeout / 2 ? now : probe->due.at_ms) + timeout);
    check_send(self, probe);
}

/* Due: the answer to the last check is late, or the next check is to go out. */
static void probe_step(airi_supervisor *self, airi_probe *probe, uint32_t now)
{
    const airt_health *health = &probe->kid->spec->child.health;
    uint32_t           timeout = timeout_ms(health);
    bool               late = now - probe->due.at_ms > timeout; /* we are, and no child is to blame */
    bool               missed = probe->asked != 0 && !late;

    check_end(self, probe);
    if (missed)
        not_well(self, probe, true);
    if (missed && timeout < health->interval_ms)
        due_next(self, probe, probe->due.at_ms + health->interval_ms - timeout);
    else
        check_next(self, probe, now);
}

/* Each step puts its probe off, beyond now by the second at the latest. */
void airi_probes_run(airi_supervisor *self)
{
    uint32_t  now = airi_clock_ms(self);
    airi_due *first;

    while ((first = airi_dues_first(&self->probes)) != NULL && !airi_before(now, first->at_ms))
        probe_step(self, probe_at(first), now);
}

/* By its number alone: the child may have passed the check on. */
static airi_probe *probe_of(const airi_supervisor *self, uint64_t number)
{
    airi_probe *probe = self->check_room != 0 ? self->checks[number % self->check_room] : NULL;

    return probe != NULL && probe->asked == number ? probe : NULL;
}

void airi_probe_answered(airi_supervisor *self, const struct airt_health_report *report)
{
    airi_probe        *probe = probe_of(self, report->number);
    const airt_health *health = probe != NULL ? &probe->kid->spec->child.health : NULL;

    if (probe == NULL)
        return;
    check_end(self, probe);
    due_next(self, probe, probe->due.at_ms + health->interval_ms - timeout_ms(health));
    if (report->wellness == AIRT_WELL)
        well(self, probe);
    else
        not_well(self, probe, report->wellness != AIRT_DEGRADED);
    airi_tick_arm(self);
}

uint32_t airi_probes_due_ms(const airi_supervisor *self, uint32_t now_ms)
{
    const airi_due *first = airi_dues_first(&self->probes);

    if (first == NULL)
        return UINT32_MAX;
    return airi_before(now_ms, first->at_ms) ? first->at_ms - now_ms : 0;
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
