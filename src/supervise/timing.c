/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* When: the supervisor's clock in ms since its start (it may wrap), the list of what is due, how many restarts a window
 * bears, how long a restart is put off. One timer serves it all, and arming it cannot fail. */
#include "supervise/supervisor.h"

enum {
    NO_DELAY = UINT32_MAX / 2, /* further away than anything that is due */
    STREAK_MAX = 30
};

uint32_t airi_clock_ms(airt_ctx *ctx, const airi_supervisor *self)
{
    return (uint32_t)((uint64_t)(airt_now_ns(ctx) - self->epoch_ns) / 1000000);
}

/* Right for times less than 24 days apart. */
static bool before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

void airi_tick_arm(airt_ctx *ctx, airi_supervisor *self)
{
    uint32_t now = airi_clock_ms(ctx, self);
    uint32_t delay = airi_probes_due_ms(self, now);

    if (self->timed != NULL) {
        uint32_t due = before(now, self->timed->at_ms) ? self->timed->at_ms - now : 0;

        delay = due < delay ? due : delay;
    }
    if (self->auto_due && self->phase == AIRI_RUN)
        delay = 0;
    if (delay < NO_DELAY)
        (void)airt_timer_arm(ctx, self->tick, AIRT_MS(delay + 1)); /* the clock cuts off what is below a ms */
}

void airi_timed_add(airt_ctx *ctx, airi_supervisor *self, airi_kid *kid, uint32_t delay_ms)
{
    airi_kid **at = &self->timed;

    airi_timed_remove(self, kid);
    kid->at_ms = airi_clock_ms(ctx, self) + (delay_ms < NO_DELAY ? delay_ms : NO_DELAY - 1);
    kid->marks |= AIRI_TIMED;
    if (self->timed_last != NULL && !before(kid->at_ms, self->timed_last->at_ms))
        at = &self->timed_last->timed; /* a pool that stops has one deadline for all */
    while (*at != NULL && !before(kid->at_ms, (*at)->at_ms))
        at = &(*at)->timed;
    kid->timed = *at;
    *at = kid;
    if (kid->timed == NULL)
        self->timed_last = kid;
    if (self->timed == kid)
        airi_tick_arm(ctx, self);
}

void airi_timed_remove(airi_supervisor *self, airi_kid *kid)
{
    airi_kid **at = &self->timed, *last = NULL;

    if ((kid->marks & AIRI_TIMED) == 0)
        return;
    for (; *at != kid; at = &(*at)->timed)
        last = *at;
    *at = kid->timed;
    if (self->timed_last == kid)
        self->timed_last = last;
    kid->timed = NULL;
    kid->marks &= (uint8_t)~AIRI_TIMED;
}

airi_kid *airi_timed_next(airt_ctx *ctx, airi_supervisor *self)
{
    airi_kid *kid = self->timed;

    if (kid == NULL || before(airi_clock_ms(ctx, self), kid->at_ms))
        return NULL;
    airi_timed_remove(self, kid);
    return kid;
}

/* The ring holds the newest restarts_max; one more is too many when the oldest of them is still within the window. */
bool airi_restart_counts(airt_ctx *ctx, airi_supervisor *self)
{
    const airt_tree *tree = airi_tree_of(self);
    int64_t          window = (int64_t)(tree->window_ms != 0 ? tree->window_ms : 5000) * 1000000;
    int64_t          now = airt_now_ns(ctx);

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

static uint32_t or_else(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

/* Doubling, bounded, less a random part of up to a half, so that those who failed together do not come back together. */
uint32_t airi_backoff_ms(airt_ctx *ctx, const airi_supervisor *self, airi_kid *kid)
{
    const airt_tree  *tree = airi_tree_of(self);
    const airt_child *child = &kid->spec->child;
    uint32_t          base = or_else(child->backoff_ms, tree->backoff_ms);
    uint32_t          max = or_else(child->backoff_max_ms, or_else(tree->backoff_max_ms, 30000));
    uint64_t          delay;

    if (kid->streak < STREAK_MAX)
        kid->streak++;
    if (base == 0 || base == AIRT_NO_BACKOFF || kid->streak == 1)
        return 0;
    delay = (uint64_t)base << (kid->streak - 2);
    delay = delay < max ? delay : max;
    return (uint32_t)(delay - airt_random(ctx) % (delay / 2 + 1));
}
