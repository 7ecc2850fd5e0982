/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Locks that a handler took outside of a marked region, as a lock checker tells of them; nobody else pays for it. Their
 * notes are the worker's: locks belong to threads, and none is carried across an await without a report. */
#include "core/locks.h"

#include <stdio.h>

/* The activation whose handler runs on this thread, or NULL. */
static airt_ctx *handler_here(void)
{
    airi_worker *worker = airi_current_worker();

    return worker != NULL ? airi_worker_in(worker) : NULL;
}

void airt_lock_taken(const void *lock, const char *what, const void *place)
{
    airt_ctx    *ctx = handler_here();
    airi_worker *worker = ctx != NULL ? ctx->worker : NULL;

    if (ctx == NULL || airi_regions(ctx) != 0 || worker->locks == AIRI_LOCKS_MAX)
        return;
    worker->lock[worker->locks++] = (airi_lock_note){ lock, what, place };
    ctx->foreign |= AIRI_REGION_LOCKED;
}

/* The newest note of it goes, and the others close up. */
static void forget(airi_worker *worker, const void *lock)
{
    uint32_t i = worker->locks;

    while (i > 0 && worker->lock[i - 1].lock != lock)
        i--;
    if (i == 0)
        return;
    for (; i < worker->locks; i++)
        worker->lock[i - 1] = worker->lock[i];
    worker->locks--;
}

void airt_lock_given(const void *lock)
{
    airt_ctx *ctx = handler_here();

    if (ctx == NULL || (ctx->foreign & AIRI_REGION_LOCKED) == 0)
        return;
    forget(ctx->worker, lock);
    if (ctx->worker->locks == 0)
        ctx->foreign &= (uint16_t)~AIRI_REGION_LOCKED;
}

static void report(airt_ctx *ctx, const airi_lock_note *note, const char *until)
{
    const airt_system_options *options = &ctx->system->options;
    const airt_kind           *kind = airi_load(&ctx->kind, AIRI_RELAXED); /* relaxed: its own thread's */
    char                       place[200], text[300];
    airt_report                r = { .kind = AIRT_REPORT_LOCK, .who = ctx->self, .text = text };

    r.behavior = airi_killed(ctx) ? NULL : ctx->actor->behavior->name;
    r.message = kind != NULL ? kind->name : NULL;
    (void)airi_symbol_print((uintptr_t)note->place, place, sizeof place);
    (void)snprintf(text, sizeof text, "%s at %s: held when the handler %s", note->what, place, until);
    options->report(options->report_context, &r);
}

void airi_locks_over(airt_ctx *ctx, const char *until)
{
    airi_worker *worker = ctx->worker;
    uint32_t     count = worker->locks;

    worker->locks = 0; /* what the hook locks is not meant */
    ctx->foreign &= (uint16_t)~AIRI_REGION_LOCKED;
    for (uint32_t i = 0; i < count && ctx->system->options.report != NULL; i++)
        report(ctx, &worker->lock[i], until);
}
