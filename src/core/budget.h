/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Memory budgets: what an incarnation owns, counted against the memory_max of its spawn. An actor without one pays a
 * glance at its slot where it allocates, and nothing else.
 * The running handler adds, after it has asked whether it may; what takes away may run elsewhere (a timer that fires).
 * Invariant: extra->memory_used is the state and the charges of what stands on the owned list, among the timers, in the
 * stash, and of what the handler holds until it returns: that is given back (airi_ctx_unwind) before its incarnation
 * ends. What a killer took with an abandoned handler counts no more. */
#ifndef AIRI_CORE_BUDGET_H
#define AIRI_CORE_BUDGET_H

#include "core/system.h"

static inline bool airi_budgeted(airi_actor *actor)
{
    return __builtin_expect(airi_load(&actor->slot_kind, AIRI_RELAXED) & AIRI_SLOT_BUDGETED, 0); /* see the field */
}

/* Whether the handler's actor may own so many bytes more. False: they would be over its budget, and when its handler
 * returns the actor ends (AIRT_EXIT_NOMEM). A ctx of NULL is a caller outside: it may. */
bool airi_budget_may(airt_ctx *ctx, size_t bytes);
/* The same for who has looked, under the actor's lock, that it is still the handler's. */
bool airi_budget_may_locked(airt_ctx *ctx, airi_extra *extra, size_t bytes);
/* The same for a message about to be made, with what goes around it; *out_charge is what it will count, 0 without a
 * budget. A body that no message takes may: whoever makes it says so. */
bool airi_budget_may_make(airt_ctx *ctx, const airt_kind *kind, const void *body, size_t around, uint64_t *out_charge);
/* What something counts: nothing without a budget. */
static inline uint64_t airi_budget_charge(airt_ctx *ctx, size_t bytes)
{
    return ctx != NULL && airi_budgeted(ctx->actor) ? bytes : 0;
}

/* To and from the count. With an extra: whoever knows that it is there, by the lock of the list that says so. */
void airi_budget_add(airi_extra *extra, uint64_t charge);
void airi_budget_sub(airi_extra *extra, uint64_t charge);
/* With a ctx: its handler. Does nothing once its actor was taken from it. */
void airi_budget_add_held(airt_ctx *ctx, uint64_t charge);
void airi_budget_sub_held(airt_ctx *ctx, uint64_t charge);

/* Owner: it has breached its budget, and ends for it unless somebody else has asked for its end. */
bool airi_budget_breached(airi_actor *actor);
/* It ends for that: counted and reported as a failure. */
airt_reason airi_budget_reason(airt_ctx *ctx, airi_actor *actor);
/* Owner, when everything of an incarnation was released: the next one begins anew. */
void airi_budget_renew(airi_actor *actor, airi_extra *extra);

#endif
