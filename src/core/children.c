/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Supervised children: an actor that ends is held, down, until its supervisor decides. While it is down it belongs to
 * its supervisor, and neither of its words is idle, so nobody else makes it runnable; asks to end find nothing to do.
 * An end and a supervisor's end meet under relations_lock: whoever comes second finishes the child. */
#include "core/children.h"

#include "base/sized.h"
#include "core/letters.h"
#include "core/life.h"
#include "core/quarantine.h"

#include <string.h>

#include <airt/children.h>

/* --- news, under relations_lock ----------------------------------------------------------------------------------- */

static void notice_send(airt_system *system, airi_worker *worker, airi_brood *brood, airt_ref supervisor)
{
    airt_msg   *notice = brood->notice;
    airi_actor *actor = airi_slot(system, airi_ref_index(supervisor));

    brood->more = notice == NULL; /* out: it is sent again when it comes home */
    if (notice == NULL)
        return;
    brood->notice = NULL;
    notice->sender = supervisor;
    notice->correlation = airi_load(&actor->incarnation, AIRI_SEQ_CST);
    notice->flags |= AIRI_MSG_BOUND | AIRI_MSG_TIMER;
    notice->priority = AIRT_CRITICAL;
    if (airi_deliver_reserved(system, worker, supervisor, notice) != AIRT_OK)
        brood->notice = notice; /* its box is closed: it is ending */
}

/* Relaxed: written before the child was there for others. */
static airt_ref supervisor_of(const airi_child *child)
{
    return (airt_ref){ airi_load(&((airi_child *)(uintptr_t)child)->supervisor, AIRI_RELAXED) };
}

/* Its supervisor's brood: there while the child has its record. */
static airi_brood *brood_of(airt_system *system, const airi_child *child)
{
    return airi_extra_seen(airi_slot(system, airi_ref_index(supervisor_of(child))))->brood;
}

static void tell(airt_system *system, airi_worker *worker, airi_child *child, uint8_t what)
{
    airi_brood *brood = brood_of(system, child);

    if (child->told == 0)
        airi_list_push_back(&brood->news, &child->news);
    child->told |= what;
    notice_send(system, worker, brood, supervisor_of(child));
}

void airi_children_notice_back(airt_system *system, airi_worker *worker, airt_msg *notice)
{
    airi_actor *actor = airi_slot(system, airi_ref_index(notice->sender));
    airi_extra *extra;
    bool        home;

    airi_mutex_lock(&system->relations_lock);
    extra = airi_tenant_is(actor, notice->sender) ? airi_extra_seen(actor) : NULL;
    home = extra != NULL && extra->brood != NULL && extra->brood->notice == NULL &&
           notice->correlation >= extra->brood->since;
    if (home) {
        airi_msg_unbind(notice); /* it may have been on a journey, through another's box */
        airi_msg_clear(notice, AIRI_MSG_COUNTED);
        extra->brood->notice = notice;
        if (extra->brood->more && !airi_list_empty(&extra->brood->news))
            notice_send(system, worker, extra->brood, notice->sender);
    }
    airi_mutex_unlock(&system->relations_lock);
    if (!home)
        airi_msg_free(&system->heap, airi_cache_of(worker), notice);
}

/* --- how it begins ------------------------------------------------------------------------------------------------ */

static airt_msg *notice_make(airt_system *system, airi_worker *worker)
{
    airi_source source = airi_source_of(system, worker);
    airt_msg   *notice = airi_msg_reserve(&source, sizeof(airi_trailer));

    if (notice == NULL)
        return NULL;
    notice->kind = &airt_child_news_kind;
    airi_msg_trailer(notice)->trace = 0; /* lent, as a timer's, but by no timer */
    return notice;
}

static airi_brood *brood_make(const airi_caller *caller)
{
    airt_system *system = caller->system;
    airi_brood  *brood = NULL;

    if (airi_permits(system->world, AIRT_ALLOCATION_CHILD))
        brood = airi_heap_take(&system->heap, airi_cache_of(caller->worker), sizeof *brood);
    if (brood == NULL)
        return NULL;
    airi_list_init(&brood->children);
    airi_list_init(&brood->news);
    brood->since = 0;
    brood->more = false;
    brood->notice = notice_make(system, caller->worker);
    if (brood->notice == NULL) {
        airi_heap_give(&system->heap, airi_cache_of(caller->worker), brood, sizeof *brood);
        return NULL;
    }
    return brood;
}

bool airi_brood_renew(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    airi_brood *brood = airi_extra_seen(actor)->brood;

    if (brood == NULL || brood->notice != NULL)
        return true;
    brood->notice = notice_make(system, worker);
    brood->since = airi_load(&actor->incarnation, AIRI_SEQ_CST);
    brood->more = false;
    return brood->notice != NULL;
}

static void brood_free(airt_system *system, airi_worker *worker, airi_brood *brood)
{
    if (brood == NULL)
        return;
    if (brood->notice != NULL)
        airi_msg_free(&system->heap, airi_cache_of(worker), brood->notice);
    airi_heap_give(&system->heap, airi_cache_of(worker), brood, sizeof *brood);
}

/* The brood as it stands, or `made` in its place where there is none; a killer frees it only after the lock. */
static airt_status brood_at(const airi_caller *caller, airi_extra *extra, airi_brood *made, airi_brood **out_brood)
{
    airt_status status = AIRT_EKILLED;

    airi_mutex_lock(&caller->system->relations_lock);
    if (!airi_killed(caller->ctx)) {
        if (extra->brood == NULL)
            extra->brood = made;
        *out_brood = extra->brood;
        status = AIRT_OK;
    }
    airi_mutex_unlock(&caller->system->relations_lock);
    return status;
}

/* The supervisor's brood, made when it is first needed. Its own handler only. */
static airt_status brood_need(const airi_caller *caller, airi_brood **out_brood)
{
    airi_extra *extra = airi_extra_of(caller->system, caller->worker, caller->ctx->self);
    airi_brood *made;
    airt_status status;

    if (extra == NULL)
        return airi_killed(caller->ctx) ? AIRT_EKILLED : AIRT_ENOMEM;
    status = brood_at(caller, extra, NULL, out_brood);
    if (status != AIRT_OK || *out_brood != NULL)
        return status;
    made = brood_make(caller);
    if (made == NULL)
        return AIRT_ENOMEM;
    status = brood_at(caller, extra, made, out_brood);
    if (status != AIRT_OK)
        brood_free(caller->system, caller->worker, made);
    return status;
}

static airt_status record_take(airt_system *system, uint32_t *out_index)
{
    return airi_permits(system->world, AIRT_ALLOCATION_CHILD) ? airi_idtab_take(&system->children, out_index)
                                                              : AIRT_ENOMEM;
}

static void record_fill(airi_child *child, airt_ref born, uint64_t tag)
{
    airi_list_init(&child->siblings);
    airi_list_init(&child->news);
    child->who = born;
    child->tag = tag;
    child->told = 0;
    child->over = child->down = child->resting = child->busy = child->restart_wanted = false;
    child->kind = NULL;
    child->trace = 0;
}

airt_status airi_child_of_birth(const airi_caller *caller, const airt_spawn_options *options, airt_ref born, bool quiet)
{
    airt_system *system = caller->system;
    airi_brood  *brood = NULL;
    airi_child  *child;
    uint32_t     index;
    airt_status  status = brood_need(caller, &brood);

    if (status == AIRT_OK)
        status = record_take(system, &index);
    if (status != AIRT_OK)
        return status == AIRT_ELIMIT ? AIRT_ENOMEM : status;
    child = airi_child_at(system, index);
    record_fill(child, born, options->tag);
    airi_store(&child->supervisor, caller->ctx->self.bits, AIRI_RELAXED); /* a stale glance may read it */
    child->asks_fail = options->asks_fail;
    child->started = quiet;
    airi_mutex_lock(&system->relations_lock);
    if (airi_killed(caller->ctx)) {
        airi_mutex_unlock(&system->relations_lock);
        airi_idtab_give(&system->children, index);
        return AIRT_EKILLED;
    }
    airi_list_push_back(&brood->children, &child->siblings);
    /* Relaxed: the opening of the boxes publishes it to its owner; others look under relations_lock. */
    airi_store(&airi_slot(system, airi_ref_index(born))->child, index, AIRI_RELAXED);
    if (quiet)
        tell(system, caller->worker, child, AIRI_TELL_STARTED);
    airi_mutex_unlock(&system->relations_lock);
    return AIRT_OK;
}

/* Under relations_lock: the record of an actor that still has a supervisor, or NULL. */
static airi_child *child_of(airt_system *system, airi_actor *actor)
{
    return airi_child_at(system, airi_load(&actor->child, AIRI_RELAXED)); /* written under the lock */
}

/* Under relations_lock: it has no supervisor any more. */
static void part(airt_system *system, airi_actor *actor)
{
    uint32_t    index = airi_load(&actor->child, AIRI_RELAXED); /* written under the lock */
    airi_child *child = airi_child_at(system, index);

    if (child == NULL)
        return;
    airi_list_remove(&child->siblings);
    if (child->told != 0)
        airi_list_remove(&child->news);
    airi_store(&actor->child, 0u, AIRI_RELAXED); /* under the lock */
    airi_idtab_give(&system->children, index);
}

void airi_child_undo(airt_system *system, airi_actor *actor)
{
    airi_mutex_lock(&system->relations_lock);
    part(system, actor);
    airi_mutex_unlock(&system->relations_lock);
}

void airi_child_started(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    airi_child *child;

    airi_mutex_lock(&system->relations_lock);
    child = child_of(system, actor);
    if (child != NULL && !child->started) {
        child->started = true;
        tell(system, worker, child, AIRI_TELL_STARTED);
    }
    airi_mutex_unlock(&system->relations_lock);
}

void airi_child_in_work(airt_system *system, airi_actor *actor, const airt_kind *kind, uint64_t trace)
{
    airi_child *child;

    airi_mutex_lock(&system->relations_lock);
    child = child_of(system, actor);
    if (child != NULL) {
        child->kind = kind;
        child->trace = trace;
    }
    airi_mutex_unlock(&system->relations_lock);
}

void airi_child_wants_restart(airt_system *system, airi_actor *actor)
{
    airi_child *child;

    airi_mutex_lock(&system->relations_lock);
    child = child_of(system, actor);
    if (child != NULL)
        child->restart_wanted = true;
    airi_mutex_unlock(&system->relations_lock);
}

bool airi_child_asks_fail(airt_system *system, airi_actor *actor)
{
    airi_child *child;
    bool        fail;

    airi_mutex_lock(&system->relations_lock);
    child = child_of(system, actor);
    fail = child != NULL && child->asks_fail;
    airi_mutex_unlock(&system->relations_lock);
    return fail;
}

/* --- how an incarnation ends -------------------------------------------------------------------------------------- */

void airi_child_over(airt_system *system, airi_actor *actor)
{
    airi_child *child = child_of(system, actor);

    if (child != NULL)
        child->over = true;
}

bool airi_child_down(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    airi_child *child;

    airi_mutex_lock(&system->relations_lock);
    child = child_of(system, actor);
    if (child != NULL) {
        child->down = true;
        tell(system, worker, child, AIRI_TELL_ENDED); /* from here on it is its supervisor's */
    }
    airi_mutex_unlock(&system->relations_lock);
    return child != NULL;
}

void airi_brood_disband(airi_extra *extra, airi_list *orphans)
{
    while (extra->brood != NULL && !airi_list_empty(&extra->brood->children)) { /* the last ones first */
        airi_child *child = AIRI_CONTAINER(extra->brood->children.prev, airi_child, siblings);

        airi_list_remove(&child->siblings);
        airi_list_push_back(orphans, &child->siblings);
    }
}

typedef struct orphan {
    airt_ref    who;
    airi_actor *actor;
    bool        down, resting, busy;
} orphan;

/* In one go under the lock: an abandoned handler may give a record back at any moment. False: none is left. */
static bool orphan_take(airt_system *system, airi_list *orphans, orphan *out)
{
    bool any;

    airi_mutex_lock(&system->relations_lock);
    any = !airi_list_empty(orphans);
    if (any) {
        airi_child *child = AIRI_CONTAINER(orphans->next, airi_child, siblings);

        out->who = child->who;
        out->actor = airi_slot(system, airi_ref_index(child->who));
        out->down = child->down;
        out->resting = child->resting;
        out->busy = child->busy;
        part(system, out->actor);
    }
    airi_mutex_unlock(&system->relations_lock);
    return any;
}

/* After the lock: an end, or a kill that takes the actor from its handler, takes it again. Until it has parted a child may
 * still go down to a supervisor that is ending; then it is finished here. */
void airi_brood_finish(airt_system *system, airi_worker *worker, airi_list *orphans, bool failed)
{
    airi_caller caller = { system, worker, NULL };
    airt_reason why = { .exit = failed ? AIRT_EXIT_KILLED : AIRT_EXIT_SHUTDOWN };
    orphan      one;

    while (orphan_take(system, orphans, &one)) {
        if (one.busy)
            continue; /* airt_child_rest is at it, and sees that it has no supervisor any more */
        if (one.down)
            airi_life_finish(system, worker, one.actor, one.resting);
        else
            (void)airi_ask_end(&caller, one.who, failed ? AIRI_ASKED_KILL : AIRI_ASKED_STOP, &why);
    }
}

void airi_brood_free(airt_system *system, airi_worker *worker, airi_extra *extra)
{
    airi_brood *brood;

    if (extra->brood == NULL)
        return;
    airi_mutex_lock(&system->relations_lock); /* a notice that comes home just now looks at it */
    brood = extra->brood;
    extra->brood = NULL;
    airi_mutex_unlock(&system->relations_lock);
    brood_free(system, worker, brood);
}

/* --- the supervisor's decisions ----------------------------------------------------------------------------------- */

static void change_fill(airi_child *child, airi_actor *actor, airt_child_change *out)
{
    uint32_t incarnation = airi_load(&actor->incarnation, AIRI_SEQ_CST);

    *out = (airt_child_change){ .who = child->who, .tag = child->tag, .incarnation = incarnation };
    if (child->told & AIRI_TELL_STARTED) { /* if it has ended since, the number has gone on */
        child->told &= (uint8_t)~AIRI_TELL_STARTED;
        out->event = AIRT_CHILD_STARTED;
        out->incarnation -= child->over;
        return;
    }
    child->told = 0;
    out->event = AIRT_CHILD_ENDED;
    out->incarnation--;
    out->reason = airi_life_reason(actor);
    out->started = child->started;
    out->restart_wanted = child->restart_wanted;
    out->kind = child->kind;
    out->trace = child->trace;
}

bool airt_child_next_sized(airt_ctx *ctx, airt_child_change *out_change, size_t change_size)
{
    airt_system      *system = airi_resolve_ctx(ctx, "airt_child_next").system;
    airt_child_change change;
    airi_extra       *extra;
    bool              any;

    airi_mutex_lock(&system->relations_lock);
    extra = airi_killed(ctx) ? NULL : airi_extra_seen(ctx->actor);
    any = extra != NULL && extra->brood != NULL && !airi_list_empty(&extra->brood->news);
    if (any) {
        airi_child *child = AIRI_CONTAINER(extra->brood->news.next, airi_child, news);

        change_fill(child, airi_slot(system, airi_ref_index(child->who)), &change);
        if (child->told == 0)
            airi_list_remove(&child->news);
    }
    airi_mutex_unlock(&system->relations_lock);
    if (any)
        airi_sized_write(out_change, change_size, &change, sizeof change);
    return any;
}

/* Under relations_lock: a child of this actor that is down. */
static airt_status find_down(airt_ctx *ctx, airt_ref who, airi_child **out_child)
{
    airi_actor *actor = airi_slot(ctx->system, airi_ref_index(who));

    if (airi_killed(ctx))
        return AIRT_EKILLED;
    if (actor == NULL || !airi_tenant_is(actor, who))
        return AIRT_EINVAL;
    *out_child = child_of(ctx->system, actor);
    return *out_child != NULL && airt_ref_same(supervisor_of(*out_child), ctx->self) && (*out_child)->down
               ? AIRT_OK
               : AIRT_EINVAL;
}

airt_status airt_child_tag(airt_ctx *ctx, airt_ref who, uint64_t *out_tag)
{
    airt_system *system = airi_resolve_ctx(ctx, "airt_child_tag").system;
    airi_actor  *actor = airi_slot(system, airi_ref_index(who));
    airi_child  *child = NULL;
    airt_status  status = AIRT_EINVAL;

    airi_mutex_lock(&system->relations_lock);
    if (airi_killed(ctx))
        status = AIRT_EKILLED;
    else if (actor != NULL && airi_tenant_is(actor, who))
        child = child_of(system, actor);
    if (child != NULL && airt_ref_same(supervisor_of(child), ctx->self)) {
        *out_tag = child->tag;
        status = AIRT_OK;
    }
    airi_mutex_unlock(&system->relations_lock);
    return status;
}

airt_status airt_child_quarantine(airt_ctx *ctx, airt_ref who, const airt_kind *kind, uint64_t trace,
                                  airt_duration span)
{
    uint64_t    tag;
    airt_status status = airt_child_tag(ctx, who, &tag);

    if (status == AIRT_OK)
        status = airi_quarantine_add(ctx->system, ctx->worker, who, kind, trace, span);
    return status == AIRT_EDEAD ? AIRT_EINVAL : status;
}

/* A second's restarts may come at once, then one by one (a leaky bucket). */
static bool rate_permits(airt_system *system)
{
    int64_t now = system->world->now_ns(system->world);
    int64_t each = system->options.restarts_per_s != 0 ? 1000000000 / (int64_t)system->options.restarts_per_s : 0;

    if (each == 0)
        return true;
    if (system->restarts_full_ns < now)
        system->restarts_full_ns = now;
    if (system->restarts_full_ns + each > now + 1000000000)
        return false;
    system->restarts_full_ns += each;
    return true;
}

static void no_news(airi_child *child)
{
    if (child->told != 0)
        airi_list_remove(&child->news);
    child->told = 0;
}

airt_status airt_child_restart_sized(airt_ctx *ctx, airt_ref who, const airt_restart_options *options,
                                     size_t options_size)
{
    airt_system         *system = airi_resolve_ctx(ctx, "airt_child_restart").system;
    airt_restart_options room = { 0 };
    airi_actor          *actor = airi_slot(system, airi_ref_index(who));
    airi_child          *child = NULL;
    bool                 resting = false;
    airt_status          status;

    if (options != NULL)
        room = *(const airt_restart_options *)airi_sized_read(options, options_size, &room, sizeof room);
    airi_mutex_lock(&system->relations_lock);
    status = find_down(ctx, who, &child);
    if (status == AIRT_OK && airi_load(&system->stopping, AIRI_SEQ_CST))
        status = AIRT_ESTOPPING;
    if (status == AIRT_OK)
        status = airi_life_may_revive(system, ctx->worker, actor);
    if (status == AIRT_OK && !rate_permits(system))
        status = AIRT_ELIMIT;
    if (status == AIRT_OK) {
        resting = child->resting;
        no_news(child);
        child->over = child->down = child->resting = child->started = child->restart_wanted = false;
        child->kind = NULL;
        airi_life_revive(ctx, actor); /* its state first: whoever asks it to end now is heard */
    }
    airi_mutex_unlock(&system->relations_lock);
    if (status == AIRT_OK)
        airi_life_revived(ctx, actor, resting, room.drop_mail);
    return status;
}

/* This handler may be killed meanwhile, and its actor end: then the child, which nobody else may touch, ends here. */
static void lay_to_rest(airt_ctx *ctx, airi_actor *actor)
{
    airt_system *system = ctx->system;
    airi_child  *child;

    airi_life_rest(system, ctx->worker, actor);
    airi_mutex_lock(&system->relations_lock);
    child = child_of(system, actor);
    if (child != NULL)
        child->busy = false;
    airi_mutex_unlock(&system->relations_lock);
    if (child == NULL)
        airi_life_finish(system, ctx->worker, actor, true);
}

airt_status airt_child_rest(airt_ctx *ctx, airt_ref who)
{
    airt_system *system = airi_resolve_ctx(ctx, "airt_child_rest").system;
    airi_child  *child = NULL;
    bool         rests = false;
    airt_status  status;

    airi_mutex_lock(&system->relations_lock);
    status = find_down(ctx, who, &child);
    if (status == AIRT_OK) {
        rests = child->resting;
        child->resting = true;
        child->busy = !rests;
        no_news(child);
    }
    airi_mutex_unlock(&system->relations_lock);
    if (status == AIRT_OK && !rests)
        lay_to_rest(ctx, airi_slot(system, airi_ref_index(who)));
    return status;
}

airt_status airt_child_release(airt_ctx *ctx, airt_ref who)
{
    airt_system *system = airi_resolve_ctx(ctx, "airt_child_release").system;
    airi_actor  *actor = airi_slot(system, airi_ref_index(who));
    airi_child  *child = NULL;
    bool         rests = false;
    airt_status  status;

    airi_mutex_lock(&system->relations_lock);
    status = find_down(ctx, who, &child);
    if (status == AIRT_OK) {
        rests = child->resting;
        part(system, actor);
    }
    airi_mutex_unlock(&system->relations_lock);
    if (status == AIRT_OK)
        airi_life_finish(system, ctx->worker, actor, rests);
    return status;
}

/* --- trapped stops, ends with a reason ---------------------------------------------------------------------------- */

static bool notices_reserve(airt_system *system, airi_worker *worker, airt_msg *notice[])
{
    airi_source source = airi_source_of(system, worker);

    for (unsigned i = 0; i < AIRI_STOP_NOTICES; i++)
        if ((notice[i] = airi_msg_reserve(&source, sizeof(struct airt_stop_asked))) == NULL)
            return false;
    return true;
}

static void notices_free(airt_system *system, airi_worker *worker, airt_msg *notice[])
{
    for (unsigned i = 0; i < AIRI_STOP_NOTICES; i++)
        if (notice[i] != NULL)
            airi_msg_free(&system->heap, airi_cache_of(worker), notice[i]);
}

/* Under the lock. notice: what is left over. */
static void trap_set(airi_extra *extra, bool on, airt_msg *notice[])
{
    extra->trap_stop = on;
    extra->stop_trapped = 0;
    for (unsigned i = 0; i < AIRI_STOP_NOTICES; i++) {
        airt_msg *before = extra->stop_notice[i];

        extra->stop_notice[i] = notice[i];
        notice[i] = before;
    }
}

airt_status airt_trap_stop(airt_ctx *ctx, bool on)
{
    airi_caller caller = airi_resolve_ctx(ctx, "airt_trap_stop");
    airi_extra *extra = airi_killed(ctx) ? NULL : airi_extra_of(caller.system, caller.worker, ctx->self);
    airt_msg   *notice[AIRI_STOP_NOTICES] = { NULL };
    airt_status status = AIRT_OK;

    if (extra == NULL)
        return airi_killed(ctx) ? AIRT_EKILLED : AIRT_ENOMEM;
    if (on && !notices_reserve(caller.system, caller.worker, notice)) {
        status = AIRT_ENOMEM;
    } else {
        airi_mutex_lock(&ctx->actor->lock);
        if (airi_killed(ctx)) /* then the extra is the killer's */
            status = AIRT_EKILLED;
        else if (!on || !extra->trap_stop) /* trapped already: the notices are there, or on their way */
            trap_set(extra, on, notice);
        airi_mutex_unlock(&ctx->actor->lock);
    }
    notices_free(caller.system, caller.worker, notice);
    return status;
}

void airi_stop_untrap(airt_system *system, airi_worker *worker, airi_actor *actor, bool again)
{
    airi_extra *extra = airi_extra_seen(actor);
    airt_msg   *notice[AIRI_STOP_NOTICES] = { NULL };

    if (extra == NULL)
        return;
    airi_mutex_lock(&actor->lock);
    if (again && extra->stop_trapped != 0)
        (void)airi_fetch_or(&actor->flags, AIRI_REASON_TAKEN | (uint32_t)extra->stop_trapped, AIRI_SEQ_CST);
    trap_set(extra, false, notice);
    airi_mutex_unlock(&actor->lock);
    notices_free(system, worker, notice);
}

/* Under the lock: the notice of a request, which is sent once. A drain that comes after a stop says nothing new. */
static airt_msg *notice_take(airi_extra *extra, uint32_t how)
{
    unsigned  which = how & AIRI_ASKED_STOP ? 0 : 1;
    airt_msg *msg = extra->stop_trapped & AIRI_ASKED_STOP ? NULL : extra->stop_notice[which];

    if (msg != NULL)
        extra->stop_notice[which] = NULL;
    return msg;
}

static void notice_fill(airi_actor *actor, airt_msg *msg, uint32_t how, const airt_reason *reason)
{
    msg->kind = &airt_stop_asked_kind;
    msg->sender = airi_actor_ref(actor);
    msg->priority = how & AIRI_ASKED_STOP ? AIRT_CRITICAL : AIRT_NORMAL;
    msg->flags |= AIRI_MSG_BOUND;
    msg->correlation = airi_load(&actor->incarnation, AIRI_SEQ_CST);
    *(struct airt_stop_asked *)airi_msg_body(msg) = (struct airt_stop_asked){ *reason };
}

bool airi_stop_trapped(airi_actor *actor, uint32_t how, const airt_reason *reason, airt_msg **out_msg)
{
    airi_extra *extra = airi_extra_seen(actor);

    how &= AIRI_ASKED_STOP | AIRI_ASKED_DRAIN;
    if (extra == NULL || !extra->trap_stop || how == 0)
        return false;
    *out_msg = notice_take(extra, how);
    if (*out_msg == NULL)
        return true;
    extra->stop_trapped |= (uint8_t)how;
    notice_fill(actor, *out_msg, how, reason);
    if ((airi_load(&actor->flags, AIRI_SEQ_CST) & AIRI_REASON_TAKEN) == 0)
        airi_reason_set(actor, reason); /* for airi_stop_untrap */
    return true;
}

airt_status airt_end(airt_ctx *ctx, const airt_reason *reason)
{
    airi_caller caller = airi_resolve_ctx(ctx, "airt_end");
    airt_reason why = *reason;

    if (airi_killed(ctx))
        return AIRT_EKILLED;
    if (airt_ref_none(why.origin))
        why.origin = ctx->self;
    return airi_ask_end(&caller, ctx->self, AIRI_ASKED_STOP | AIRI_NOT_TRAPPED, &why);
}
