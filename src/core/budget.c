/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A breach is a flag of the actor: its owner looks at its flags before every message anyhow, so that handlers and
 * dispatch know nothing of budgets. */
#include "core/budget.h"

#include "core/life.h"

/* Relaxed throughout, no partner: the count publishes nothing. Only the handler adds, so what it has found room for stays
 * free until it takes it. */
void airi_budget_add(airi_extra *extra, uint64_t charge)
{
    if (charge != 0)
        (void)airi_fetch_add(&extra->memory_used, charge, AIRI_RELAXED); /* relaxed: see above */
}

void airi_budget_sub(airi_extra *extra, uint64_t charge)
{
    if (charge == 0)
        return;
    uint64_t before = airi_fetch_sub(&extra->memory_used, charge, AIRI_RELAXED); /* relaxed: see above */

    AIRI_ASSERT(before >= charge);
    (void)before;
}

/* The extra of the handler's actor, with the actor locked, while it is the handler's; else NULL. */
static airi_extra *lock_own(airt_ctx *ctx)
{
    airi_mutex_lock(&ctx->actor->lock);
    if (!airi_killed(ctx) && airi_extra_seen(ctx->actor) != NULL)
        return airi_extra_seen(ctx->actor);
    airi_mutex_unlock(&ctx->actor->lock);
    return NULL;
}

static bool fits(airi_extra *extra, uint64_t bytes)
{
    uint64_t used = airi_load(&extra->memory_used, AIRI_RELAXED); /* relaxed: see above */

    return used <= extra->memory_max && bytes <= extra->memory_max - used;
}

bool airi_budget_may_locked(airt_ctx *ctx, airi_extra *extra, size_t bytes)
{
    if (extra->memory_max == 0 || fits(extra, bytes))
        return true;
    (void)airi_fetch_or(&ctx->actor->flags, AIRI_OVER_BUDGET, AIRI_SEQ_CST);
    return false;
}

bool airi_budget_may(airt_ctx *ctx, size_t bytes)
{
    airi_extra *extra = ctx != NULL && airi_budgeted(ctx->actor) ? lock_own(ctx) : NULL;
    bool        may;

    if (extra == NULL)
        return true;
    may = airi_budget_may_locked(ctx, extra, bytes);
    airi_mutex_unlock(&ctx->actor->lock);
    return may;
}

bool airi_budget_may_make(airt_ctx *ctx, const airt_kind *kind, const void *body, size_t around, uint64_t *out_charge)
{
    *out_charge = 0;
    if (ctx == NULL || !airi_budgeted(ctx->actor) || !airi_body_fits(kind, body))
        return true;
    *out_charge = around + sizeof(struct airt_msg) + kind->size + airi_body_tail(kind, body);
    return airi_budget_may(ctx, *out_charge);
}

void airi_budget_add_held(airt_ctx *ctx, uint64_t charge)
{
    airi_extra *extra = charge != 0 ? lock_own(ctx) : NULL;

    if (extra == NULL)
        return;
    airi_budget_add(extra, charge);
    airi_mutex_unlock(&ctx->actor->lock);
}

void airi_budget_sub_held(airt_ctx *ctx, uint64_t charge)
{
    airi_extra *extra = charge != 0 ? lock_own(ctx) : NULL;

    if (extra == NULL)
        return;
    airi_budget_sub(extra, charge);
    airi_mutex_unlock(&ctx->actor->lock);
}

bool airi_budget_breached(airi_actor *actor)
{
    return (airi_load(&actor->flags, AIRI_SEQ_CST) & AIRI_OVER_BUDGET) != 0;
}

airt_reason airi_budget_reason(airt_ctx *ctx, airi_actor *actor)
{
    AIRI_TALLY(ctx->system, ctx->worker, failed, 1);
    /* Relaxed: its own. */
    airi_life_report(ctx->system, airi_load(&ctx->kind, AIRI_RELAXED), AIRT_REPORT_FAILED, actor, AIRT_ENOMEM);
    return (airt_reason){ .exit = AIRT_EXIT_NOMEM, .status = AIRT_ENOMEM, .origin = ctx->self };
}

void airi_budget_renew(airi_actor *actor, airi_extra *extra)
{
    if (extra->memory_max == 0)
        return;
    (void)airi_fetch_and(&actor->flags, ~(uint32_t)AIRI_OVER_BUDGET, AIRI_SEQ_CST);
    airi_store(&extra->memory_used, actor->behavior->state_size, AIRI_RELAXED); /* relaxed: see above */
}
