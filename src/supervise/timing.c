/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* When: the supervisor's clock in ms since its start (it may wrap), the list of what is due, how many restarts a window
 * bears, how long a restart is put off. One timer serves it all, and arming it cannot fail. */
#include "supervise/supervisor.h"

enum {
    NO_DELAY = UINT32_MAX / 2, /* further away than anything that is due */
    STREAK_MAX = 30
};

uint32_t airi_clock_ms(const airi_supervisor *self)
{
    return (uint32_t)((uint64_t)(airt_now_ns(self->ctx) - self->epoch_ns) / 1000000);
}

static airi_kid *timed_at(airi_list *link)
{
    return AIRI_CONTAINER(link, airi_kid, timed);
}

void airi_tick_arm(airi_supervisor *self)
{
    uint32_t now = airi_clock_ms(self);
    uint32_t delay = airi_probes_due_ms(self, now);

    if (!airi_list_empty(&self->timed)) {
        uint32_t at = timed_at(self->timed.next)->at_ms, due = airi_before(now, at) ? at - now : 0;

        delay = due < delay ? due : delay;
    }
    if (self->auto_due && self->phase == AIRI_RUN)
        delay = 0;
    if (delay < NO_DELAY)
        (void)airt_timer_arm(self->ctx, self->tick, AIRT_MS(delay + 1)); /* the clock cuts off what is below a ms */
}

/* From the end on: a pool that stops has one deadline for all, and backoffs are about as long as the one before. */
void airi_timed_add(airi_supervisor *self, airi_kid *kid, uint32_t delay_ms)
{
    airi_list *behind;

    airi_timed_remove(kid);
    kid->at_ms = airi_clock_ms(self) + (delay_ms < NO_DELAY ? delay_ms : NO_DELAY - 1);
    kid->marks |= AIRI_TIMED;
    for (behind = &self->timed; behind->prev != &self->timed; behind = behind->prev)
        if (!airi_before(kid->at_ms, timed_at(behind->prev)->at_ms))
            break;
    airi_list_push_back(behind, &kid->timed); /* in front of it */
    if (self->timed.next == &kid->timed)
        airi_tick_arm(self);
}

void airi_timed_remove(airi_kid *kid)
{
    if ((kid->marks & AIRI_TIMED) == 0)
        return;
    airi_list_remove(&kid->timed);
    kid->marks &= (uint8_t)~AIRI_TIMED;
}

airi_kid *airi_timed_next(airi_supervisor *self)
{
    airi_list *link = airi_list_first(&self->timed);

    if (link == NULL || airi_before(airi_clock_ms(self), timed_at(link)->at_ms))
        return NULL;
    airi_timed_remove(timed_at(link));
    return timed_at(link);
}

/* The ring holds the newest restarts_max; one more is too many when the oldest of them is still within the window. */
bool airi_restart_counts(airi_supervisor *self)
{
    int64_t window = (int64_t)airi_window_ms(airi_tree_of(self)) * 1000000;
    int64_t now = airt_now_ns(self->ctx);

    if (self->restarts_max == 0)
        return false;
    if (self->restart_count == self->restarts_max &&
        now - self->restarts[self->restart_next] < window + AIRI_MUTANT_IS(23))
        return false;
    self->restarts[self->restart_next] = now;
    self->restart_next = (self->restart_next + 1) % self->restarts_max;
    if (self->restart_count < self->restarts_max)
        self->restart_count++;
    return true;
}

/* Doubling, bounded, less a random part of up to a half, so that those who failed together do not come back together. */
uint32_t airi_backoff_ms(const airi_supervisor *self, airi_kid *kid)
{
    uint32_t base = airi_backoff_first_ms(airi_tree_of(self), &kid->spec->child);
    uint32_t max = airi_backoff_max_ms(airi_tree_of(self), &kid->spec->child);
    uint64_t delay;

    if (kid->streak < STREAK_MAX)
        kid->streak++;
    if (base == 0 || kid->streak == 1)
        return 0;
    delay = (uint64_t)base << (kid->streak - 2);
    delay = delay < max ? delay : max;
    return (uint32_t)(delay - airt_random(self->ctx) % (delay / 2 + 1));
}
