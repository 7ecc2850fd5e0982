/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a supervisor does next: takes the news of its children, applies the strategy, and makes the next step of the two
 * sweeps. Nothing here waits, and nothing recurses: a restart that fails at once is tried again by the timer. */
#include "supervise/supervisor.h"

#include <airt/system.h>

enum {
    LATER_MS = 10
}; /* a restart without memory, or over the system's rate, is tried again after that */

/* --- one child ---------------------------------------------------------------------------------------------------- */

static void release(airi_supervisor *self, airi_kid *kid)
{
    if (!airt_ref_none(kid->ref))
        (void)airt_child_release(self->ctx, kid->ref);
    kid->ref = AIRT_NONE;
    kid->is = AIRI_IS_ABSENT;
}

void airi_kid_forget(airi_supervisor *self, airi_kid *kid)
{
    airt_msg *own = kid->spec->own;

    airi_start_refused(self, kid); /* nobody waits for a record that will be another's */
    airi_stops_done(self, kid);
    release(self, kid);
    airi_kid_free(self, kid);
    airt_drop(&own);
}

static void lay_to_rest(airi_supervisor *self, airi_kid *kid)
{
    if (kid->is == AIRI_IS_HELD) {
        (void)airt_child_rest(self->ctx, kid->ref);
        kid->is = AIRI_IS_RESTING;
    }
}

void airi_kill_kid(airi_supervisor *self, airi_kid *kid, const airt_reason *reason)
{
    (void)airt_kill(self->ctx, kid->ref, reason);
}

/* Whoever waits for its start hears that it is stopped instead, and from now on it is a child like others. */
void airi_start_refused(airi_supervisor *self, airi_kid *kid)
{
    airi_kid_unmark(self, kid, AIRI_NEW | AIRI_BY_HAND);
    airi_starts_done(self, kid, AIRT_ESTOPPING, AIRT_NONE);
}

void airi_stop_kid(airi_supervisor *self, airi_kid *kid)
{
    uint32_t ms = airi_child_shutdown_ms(&kid->spec->child);

    airi_probe_remove(self, kid);
    kid->is = AIRI_IS_STOPPING;
    if (ms == AIRT_BRUTAL_KILL) {
        airi_kill_kid(self, kid, NULL);
        return;
    }
    (void)airt_stop(self->ctx, kid->ref, NULL);
    if (ms != AIRT_INFINITY)
        airi_timed_add(self, kid, ms);
}

/* It is down because it was asked to be, or before it could be asked. */
void airi_kid_down(airi_supervisor *self, airi_kid *kid)
{
    bool remove = (kid->marks & AIRI_REMOVE) != 0;

    airi_kid_unmark(self, kid, AIRI_TO_STOP);
    if (self->phase == AIRI_STOPPING)
        release(self, kid);
    else if (!remove && (kid->marks & AIRI_TO_START) == 0)
        lay_to_rest(self, kid);
    airi_stops_done(self, kid);
    if (remove && self->phase != AIRI_STOPPING)
        airi_kid_forget(self, kid);
}

/* --- failures ----------------------------------------------------------------------------------------------------- */

static void give_up(airi_supervisor *self, airi_kid *kid, airt_supervision what, const airt_reason *reason)
{
    airt_reason why = *reason;

    self->boot_failed |= self->phase == AIRI_BOOT;
    airi_event(self, what, kid, reason);
    why.exit = AIRT_EXIT_ESCALATED;
    if (airt_ref_none(why.origin))
        why.origin = kid->ref;
    airi_stop_all(self, &why);
}

/* Temporary ones do not come back; but one whose first start was asked for is still to be had. */
static bool leaves(const airi_kid *kid)
{
    return kid->spec->child.restart == AIRT_TEMPORARY && (kid->marks & AIRI_NEW) == 0 && !AIRI_MUTANT_IS(21);
}

/* Those that the strategy takes down with a failed child. */
static void mark_group(airi_supervisor *self, airi_kid *failed)
{
    airt_strategy strategy = airi_tree_of(self)->strategy;
    airi_list    *link = &self->kids; /* one for one, while others are still being started: itself alone */

    if (strategy == AIRT_ONE_FOR_ALL)
        link = self->kids.next;
    else if (strategy == AIRT_REST_FOR_ONE)
        link = failed->link.next;
    for (; link != &self->kids; link = link->next) {
        airi_kid *kid = airi_kid_at(link);

        if (kid == failed)
            continue;
        if (airi_kid_active(kid))
            airi_kid_mark(self, kid, AIRI_TO_STOP);
        airi_kid_mark(self, kid, leaves(kid) ? (uint8_t)AIRI_REMOVE : (uint8_t)AIRI_TO_START);
    }
    airi_kid_mark(self, failed, AIRI_TO_START);
}

/* A child that is to be restarted. at_once: not out of a start that has just failed. */
static void failed(airi_supervisor *self, airi_kid *kid, const airt_reason *reason, bool at_once)
{
    uint32_t delay;

    if (!airi_restart_counts(self)) {
        give_up(self, kid, AIRT_SUP_GAVE_UP, reason);
        return;
    }
    delay = airi_backoff_ms(self, kid);
    airi_event_of(self, &(airi_happened){ AIRT_SUP_RESTARTING, kid, reason, .delay_ms = delay });
    if (airi_in_order(self))
        mark_group(self, kid);
    if (delay != 0 || !at_once)
        airi_timed_add(self, kid, delay);
    else if (!airi_in_order(self))
        airi_start_kid(self, kid);
}

static void start_failed(airi_supervisor *self, airi_kid *kid, const airt_reason *reason, airt_status status)
{
    airi_event(self, AIRT_SUP_START_FAILED, kid, reason);
    if (kid->marks & AIRI_NEW) { /* whoever asked for it hears; the supervisor's own start goes on */
        airi_starts_done(self, kid, status, AIRT_NONE);
        airi_kid_forget(self, kid);
    } else if (kid->marks & AIRI_BY_HAND) {
        airi_kid_unmark(self, kid, AIRI_TO_START | AIRI_BY_HAND);
        lay_to_rest(self, kid);
        airi_starts_done(self, kid, status, AIRT_NONE);
    } else if (self->phase == AIRI_BOOT) {
        self->boot_failed = true;
        airi_stop_all(self, reason);
    } else {
        failed(self, kid, reason, false);
    }
}

/* --- starts ------------------------------------------------------------------------------------------------------- */

/* What passes: an automatic restart goes on trying, and does not count again. */
static bool passes(const airi_supervisor *self, const airi_kid *kid, airt_status status)
{
    return (status == AIRT_ENOMEM || status == AIRT_ELIMIT || status == AIRT_EPENDING) && self->phase == AIRI_RUN &&
           (kid->marks & (AIRI_NEW | AIRI_BY_HAND)) == 0;
}

void airi_start_kid(airi_supervisor *self, airi_kid *kid)
{
    airi_start_with(self, kid, &kid->spec->child.start, kid->spec->child.name);
}

/* What is given is for the first time: the runtime keeps it for the restarts. */
void airi_start_with(airi_supervisor *self, airi_kid *kid, const airt_body *start, const char *name)
{
    airt_restart_options options = { .drop_mail = kid->spec->child.drop_mail };
    bool                 again = kid->is != AIRI_IS_ABSENT;
    airt_reason          reason = { .exit = AIRT_EXIT_START };

    reason.status = again ? airt_child_restart(self->ctx, kid->ref, &options) : airi_kid_spawn(self, kid, start, name);
    if (reason.status == AIRT_OK) {
        kid->is = AIRI_IS_STARTING;
        kid->restarts += again && (kid->marks & (AIRI_NEW | AIRI_BY_HAND)) == 0;
    } else if (passes(self, kid, reason.status)) {
        airi_event_of(self, &(airi_happened){ AIRT_SUP_DELAYED, kid, &reason, .delay_ms = LATER_MS });
        airi_timed_add(self, kid, LATER_MS);
    } else if (again && reason.status == AIRT_ESTOPPING) { /* the system stops, and will stop us */
        airi_kid_unmark(self, kid, AIRI_TO_START);
    } else {
        start_failed(self, kid, &reason, reason.status);
    }
}

static void started(airi_supervisor *self, airi_kid *kid)
{
    if (kid->is != AIRI_IS_STARTING)
        return; /* asked to stop meanwhile */
    kid->is = AIRI_IS_UP;
    kid->at_ms = airi_clock_ms(self);
    airi_kid_unmark(self, kid, AIRI_NEW | AIRI_BY_HAND);
    if ((kid->marks & AIRI_TO_STOP) == 0) /* else another of its group has failed, and it is to be started again */
        airi_kid_unmark(self, kid, AIRI_TO_START);
    if (!airi_dynamic(self))
        airi_event(self, AIRT_SUP_STARTED, kid, NULL);
    airi_starts_done(self, kid, AIRT_OK, kid->ref);
    if (airi_probe_add(self, kid) != AIRT_OK) /* no memory to watch over it: as if it were not well */
        airi_kill_kid(self, kid, &(airt_reason){ .exit = AIRT_EXIT_NOMEM });
}

/* --- ends --------------------------------------------------------------------------------------------------------- */

/* Active and not about to end, or to be so again, or for the first time. */
static bool goes_on(const airi_kid *kid)
{
    return kid->is == AIRI_IS_STARTING || kid->is == AIRI_IS_UP || kid->is == AIRI_IS_HELD ||
           (kid->marks & (AIRI_TO_START | AIRI_TIMED)) != 0;
}

/* ended: NULL after the start, which it did not interrupt. */
static void shut_down(airi_supervisor *self, const airi_kid *ended)
{
    static const airt_reason shutdown = { .exit = AIRT_EXIT_SHUTDOWN };

    AIRI_LIST_EACH (link, &self->kids) {
        airi_kid *kid = airi_kid_at(link);

        if (self->auto_shutdown == AIRT_ALL_SIGNIFICANT && kid != ended && kid->spec->child.significant && goes_on(kid))
            return;
    }
    airi_event(self, AIRT_SUP_AUTO_SHUTDOWN, ended, &shutdown);
    airi_stop_all(self, &shutdown);
}

/* A significant child has ended for good, by itself. */
static void significant_ended(airi_supervisor *self, const airi_kid *ended)
{
    if (!ended->spec->child.significant || self->auto_shutdown == AIRT_NEVER || AIRI_MUTANT_IS(24))
        return;
    if (self->phase == AIRI_BOOT)
        self->auto_due = true;
    else
        shut_down(self, ended);
}

/* It will not be restarted. */
static void ended_for_good(airi_supervisor *self, airi_kid *kid)
{
    airi_kid_unmark(self, kid, AIRI_TO_START);
    significant_ended(self, kid); /* while it still has an incarnation to name */
    lay_to_rest(self, kid);
    if (self->phase != AIRI_STOPPING && (airi_dynamic(self) || kid->spec->child.restart == AIRT_TEMPORARY))
        airi_kid_forget(self, kid);
}

/* Its start said "not now" (OTP: ignore). */
static void ignored(airi_supervisor *self, airi_kid *kid)
{
    airi_kid_unmark(self, kid, AIRI_TO_START | AIRI_NEW | AIRI_BY_HAND);
    lay_to_rest(self, kid);
    airi_starts_done(self, kid, AIRT_OK, AIRT_NONE);
    if (airi_dynamic(self) || kid->spec->child.restart == AIRT_TEMPORARY)
        airi_kid_forget(self, kid);
}

static bool wants_restart(const airi_kid *kid, const airt_child_change *change)
{
    if (change->restart_wanted)
        return true;
    switch (kid->spec->child.restart) {
    case AIRT_PERMANENT:
        return true;
    case AIRT_TRANSIENT:
        return airt_exit_is_failure(change->reason.exit);
    case AIRT_TEMPORARY:
        break;
    }
    return false;
}

/* An end of its own accord, after it was up. */
static void ended_by_itself(airi_supervisor *self, airi_kid *kid, const airt_child_change *change)
{
    bool escalates = (kid->spec->tree == NULL || AIRI_MUTANT_IS(27)) && change->reason.exit == AIRT_EXIT_ESCALATED;

    if (kid->spec->child.restart == AIRT_PERMANENT || airt_exit_is_failure(change->reason.exit))
        airi_event(self, AIRT_SUP_TERMINATED, kid, &change->reason);
    if (escalates)
        give_up(self, kid, AIRT_SUP_ESCALATED, &change->reason);
    else if (wants_restart(kid, change))
        failed(self, kid, &change->reason, true);
    else
        ended_for_good(self, kid);
}

static bool stopped_as_asked(const airi_kid *kid, const airt_reason *reason)
{
    if (airi_child_shutdown_ms(&kid->spec->child) == AIRT_BRUTAL_KILL)
        return reason->exit == AIRT_EXIT_KILLED;
    return reason->exit == AIRT_EXIT_SHUTDOWN ||
           (reason->exit == AIRT_EXIT_NORMAL && kid->spec->child.restart != AIRT_PERMANENT);
}

/* A child that was up long enough begins its backoff anew. */
static void end_streak(const airi_supervisor *self, airi_kid *kid)
{
    if (!AIRI_MUTANT_IS(26) && airi_clock_ms(self) - kid->at_ms >= airi_or(airi_tree_of(self)->backoff_reset_ms, 60000))
        kid->streak = 0;
}

static void ended(airi_supervisor *self, airi_kid *kid, const airt_child_change *change)
{
    airi_child_is was = (airi_child_is)kid->is;

    if (was == AIRI_IS_UP)
        end_streak(self, kid);
    kid->is = AIRI_IS_HELD;
    airi_timed_remove(kid);
    airi_probe_remove(self, kid);
    airi_suspect_change(self, kid, change);
    if (was == AIRI_IS_STOPPING && !stopped_as_asked(kid, &change->reason))
        airi_event(self, AIRT_SUP_STOP_FAILED, kid, &change->reason);
    if (was == AIRI_IS_STOPPING || self->phase == AIRI_STOPPING || (kid->marks & AIRI_TO_STOP) != 0)
        airi_kid_down(self, kid);
    else if (change->started)
        ended_by_itself(self, kid, change);
    else if (change->reason.exit == AIRT_EXIT_NORMAL)
        ignored(self, kid);
    else
        start_failed(self, kid, &change->reason, AIRT_EFAILED);
}

/* --- sweeps ------------------------------------------------------------------------------------------------------- */

void airi_stop_all(airi_supervisor *self, const airt_reason *reason)
{
    airi_list *before;

    if (self->phase >= AIRI_STOPPING)
        return;
    self->phase = AIRI_STOPPING;
    self->end_reason = *reason;
    airi_ops_refuse(self);
    for (airi_list *link = self->kids.prev; link != &self->kids; link = before) {
        airi_kid *kid = airi_kid_at(link);

        before = link->prev;
        airi_kid_unmark(self, kid, AIRI_TO_START);
        if (kid->is != AIRI_IS_STOPPING)
            airi_timed_remove(kid);
        airi_kid_mark(self, kid, AIRI_TO_STOP);
        if (airi_dynamic(self) && !airi_kid_active(kid))
            airi_kid_down(self, kid);
        else if (airi_dynamic(self) && kid->is != AIRI_IS_STOPPING)
            airi_stop_kid(self, kid);
    }
}

/* From the last to the first. True: one is being stopped. */
static bool stop_sweep(airi_supervisor *self)
{
    if (airi_dynamic(self))
        return self->to_stop > 0;
    if (self->stop_at == NULL)
        self->stop_at = AIRI_MUTANT_IS(20) ? self->kids.next : self->kids.prev;
    while (self->to_stop > 0 && self->stop_at != &self->kids) {
        airi_kid *kid = airi_kid_at(self->stop_at);
        bool      marked = (kid->marks & AIRI_TO_STOP) != 0;

        if (marked && airi_kid_active(kid)) {
            if (kid->is != AIRI_IS_STOPPING)
                airi_stop_kid(self, kid);
            return true;
        }
        self->stop_at = AIRI_MUTANT_IS(20) ? kid->link.next : kid->link.prev;
        if (marked)
            airi_kid_down(self, kid);
    }
    self->stop_at = NULL;
    return false;
}

/* From the first to the last. True: something was done. */
static bool start_sweep(airi_supervisor *self)
{
    if (self->start_at == NULL)
        self->start_at = self->kids.next;
    while (self->to_start > 0 && self->start_at != &self->kids) {
        airi_kid *kid = airi_kid_at(self->start_at);

        if ((kid->marks & AIRI_TO_START) != 0 && kid->is != AIRI_IS_UP) {
            if (airi_kid_active(kid) || (kid->marks & AIRI_TIMED) != 0)
                return false;
            airi_start_kid(self, kid);
            return true;
        }
        airi_kid_unmark(self, kid, AIRI_TO_START);
        self->start_at = self->start_at->next;
    }
    self->start_at = NULL;
    if (self->phase == AIRI_BOOT) {
        self->phase = AIRI_RUN;
        airi_tick_arm(self);
    }
    return false;
}

static void finish(airi_supervisor *self)
{
    self->phase = AIRI_OVER;
    airi_event(self, AIRT_SUP_STOPPED, NULL, &self->end_reason);
    if (self->boot_failed)
        return; /* the start handler says so */
    (void)airt_end(self->ctx, &self->end_reason);
    if (self->start->root && self->end_reason.exit == AIRT_EXIT_ESCALATED)
        (void)airt_system_end(self->ctx, &self->end_reason);
}

static bool take_news(airi_supervisor *self)
{
    airt_child_change change;
    bool              any = false;

    while (airt_child_next(self->ctx, &change)) {
        airi_kid *kid = (airi_kid *)(uintptr_t)change.tag;

        any = true;
        if (change.event == AIRT_CHILD_STARTED)
            started(self, kid);
        else
            ended(self, kid, &change);
    }
    return any;
}

void airi_advance(airi_supervisor *self)
{
    bool more = true;

    while (more && self->phase != AIRI_OVER) {
        if (stop_sweep(self)) {
            more = take_news(self);
        } else if (self->phase == AIRI_STOPPING) {
            finish(self);
        } else {
            more = start_sweep(self);
            more = take_news(self) || more;
        }
    }
}

void airi_news(airi_supervisor *self)
{
    (void)take_news(self);
    airi_advance(self);
}

void airi_tick(airi_supervisor *self)
{
    airi_kid *kid;

    while ((kid = airi_timed_next(self)) != NULL) {
        if (kid->is == AIRI_IS_STOPPING)
            airi_kill_kid(self, kid, NULL);
        else if (!airi_in_order(self) || (kid->marks & AIRI_TO_START) == 0)
            airi_start_kid(self, kid);
    }
    if (self->auto_due && self->phase == AIRI_RUN) {
        self->auto_due = false;
        if (self->auto_shutdown != AIRT_NEVER)
            shut_down(self, NULL);
    }
    airi_probes_run(self);
    airi_advance(self);
    airi_tick_arm(self);
}
