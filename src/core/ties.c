/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ties between actors: watches, links, children. A tie is one record on both actors' lists with its notices paid for,
 * so that an end allocates nothing. All under system->relations_lock; notices leave as ordinary mail of the one who
 * ends, behind what it sent before. */
#include "core/children.h"
#include "core/letters.h"
#include "core/life.h"

#include <airt/behavior.h>
#include <string.h>

typedef struct tying {
    const airi_caller *caller;
    airi_tie           tie;
    airt_ref           a, b;
    uint32_t           incarnation_a, incarnation_b;
} tying;

/* A notice for `to`, bound to its present incarnation. */
static airt_msg *notice_reserve(const airi_caller *caller, airi_tie tie, uint32_t incarnation)
{
    airi_source source = airi_source_of(caller->system, caller->worker);
    airt_msg   *msg = airi_msg_reserve(&source, sizeof(struct airt_down));

    if (msg == NULL)
        return NULL;
    msg->kind = tie == AIRI_TIE_LINK ? &airt_exited_kind : &airt_down_kind;
    msg->flags |= AIRI_MSG_BOUND;
    msg->correlation = incarnation;
    return msg;
}

static void notice_free(airt_system *system, airi_worker *worker, airt_msg *msg)
{
    if (msg != NULL)
        airi_msg_free(&system->heap, airi_cache_of(worker), msg);
}

static void tie_free(airt_system *system, airi_worker *worker, airi_relation *tie)
{
    notice_free(system, worker, tie->notice_a);
    notice_free(system, worker, tie->notice_b);
    airi_heap_give(&system->heap, airi_cache_of(worker), tie, sizeof *tie);
}

static airi_relation *tie_make(const tying *t)
{
    airt_system   *system = t->caller->system;
    airi_worker   *worker = t->caller->worker;
    airi_relation *tie = NULL;

    if (airi_permits(system->world, AIRT_ALLOCATION_RELATION))
        tie = airi_heap_take(&system->heap, airi_cache_of(worker), sizeof *tie);
    if (tie == NULL)
        return NULL;
    *tie = (airi_relation){ .a = t->a, .b = t->b, .tie = t->tie };
    if (t->tie != AIRI_TIE_CHILD)
        tie->notice_a = notice_reserve(t->caller, t->tie, t->incarnation_a);
    if (t->tie == AIRI_TIE_LINK)
        tie->notice_b = notice_reserve(t->caller, t->tie, t->incarnation_b);
    if ((t->tie != AIRI_TIE_CHILD && tie->notice_a == NULL) || (t->tie == AIRI_TIE_LINK && tie->notice_b == NULL)) {
        tie_free(system, worker, tie);
        return NULL;
    }
    return tie;
}

static void tie_end(airt_system *system, airi_worker *worker, airi_relation *tie)
{
    airi_list_remove(&tie->link_a);
    airi_list_remove(&tie->link_b);
    tie_free(system, worker, tie);
}

/* For the incarnation of this moment: under relations_lock no restart comes between. */
static void notice_stamp(airt_system *system, airt_msg *notice, airt_ref to)
{
    airi_actor *actor = airi_slot(system, airi_ref_index(to));

    if (notice != NULL)
        notice->correlation = airi_load(&actor->incarnation, AIRI_SEQ_CST);
}

/* Both lists; the caller holds relations_lock, a lives. Fails: EDEAD (b), ENOMEM. */
static airt_status tie_knot(const tying *t, airi_relation *tie)
{
    airi_extra *of_a = NULL;
    airi_extra *of_b = NULL;
    airt_status status = airi_extra_at(t->caller->system, t->caller->worker, t->b, &of_b);

    if (status == AIRT_OK && airi_extra_at(t->caller->system, t->caller->worker, t->a, &of_a) != AIRT_OK)
        status = AIRT_ENOMEM;
    if (status != AIRT_OK)
        return status;
    notice_stamp(t->caller->system, tie->notice_a, t->a);
    notice_stamp(t->caller->system, tie->notice_b, t->b);
    airi_list_push_back(&of_a->ties_a, &tie->link_a);
    airi_list_push_back(&of_b->ties_b, &tie->link_b);
    return AIRT_OK;
}

/* Sends a tie's notice about `who`. */
static void notice_send(airt_system *system, airi_worker *worker, airt_ref to, airt_msg *msg, airt_ref who,
                        uint32_t incarnation, const airt_reason *reason)
{
    airt_status status;

    *(struct airt_down *)airi_msg_body(msg) = (struct airt_down){ who, incarnation, *reason };
    msg->sender = who;
    status = airi_deliver_reserved(system, worker, to, msg);
    if (status != AIRT_OK)
        airi_refused(system, worker, to, msg, status);
}
_Static_assert(sizeof(struct airt_down) == sizeof(struct airt_exited), "one notice fits both");

/* False: the peer does not trap exits, and will end. */
static bool link_fires(airt_system *system, airi_worker *worker, airt_ref peer, airt_msg **notice, airt_ref who,
                       uint32_t incarnation, const airt_reason *reason)
{
    airi_actor *actor = airi_slot(system, airi_ref_index(peer));
    airi_caller caller = { system, worker, NULL };
    airt_reason why = *reason;

    if (actor->trap_exit) {
        airt_msg *msg = *notice;

        *notice = NULL;
        notice_send(system, worker, peer, msg, who, incarnation, reason);
        return true;
    }
    why.exit = AIRT_EXIT_LINKED;
    why.origin = who;
    (void)airi_ask_end(&caller, peer, AIRI_ASKED_LINKED, &why);
    return false;
}

static airt_status tie(const tying *t)
{
    static const airt_reason noproc = { .exit = AIRT_EXIT_NOPROC };
    airt_system             *system = t->caller->system;
    airi_worker             *worker = t->caller->worker;
    airi_relation           *made = tie_make(t);
    airt_status              status = AIRT_EKILLED;

    if (made == NULL)
        return AIRT_ENOMEM;
    airi_mutex_lock(&system->relations_lock);
    if (!airi_killed(t->caller->ctx))
        status = tie_knot(t, made);
    if (status == AIRT_EDEAD) {
        airt_msg *notice = made->notice_a;

        made->notice_a = NULL;
        if (t->tie == AIRI_TIE_MONITOR)
            notice_send(system, worker, t->a, notice, t->b, 0, &noproc);
        else
            (void)link_fires(system, worker, t->a, &notice, t->b, 0, &noproc);
        if (t->tie != AIRI_TIE_MONITOR)
            notice_free(system, worker, notice);
    }
    airi_mutex_unlock(&system->relations_lock);
    if (status != AIRT_OK)
        tie_free(system, worker, made);
    return status == AIRT_EDEAD ? AIRT_OK : status;
}

static tying tying_of(const airi_caller *caller, airi_tie kind, airt_ref who)
{
    airi_actor *other = airi_slot(caller->system, airi_ref_index(who));

    return (tying){ caller,
                    kind,
                    caller->ctx->self,
                    who,
                    caller->ctx->incarnation,
                    other != NULL ? airi_load(&other->incarnation, AIRI_SEQ_CST) : 0 };
}

airt_status airi_ties_of_birth(const airi_caller *caller, const airt_spawn_options *options, airt_ref born)
{
    airt_status status = AIRT_OK;

    if (options->link || options->monitor || options->child) {
        tying t = tying_of(caller, AIRI_TIE_CHILD, born);

        if (options->child)
            status = tie(&t);
        t.tie = AIRI_TIE_LINK;
        if (status == AIRT_OK && options->link)
            status = tie(&t);
        t.tie = AIRI_TIE_MONITOR;
        if (status == AIRT_OK && options->monitor)
            status = tie(&t);
    }
    return status;
}

/* --- an end announces itself, under the lock ---------------------------------------------------------------------- */

typedef struct ending {
    airt_system       *system;
    airi_worker       *worker;
    airi_actor        *actor;
    airt_ref           who;
    uint32_t           incarnation;
    const airt_reason *reason;
    airi_ending        how;
} ending;

/* The notice that a surviving link will need next time. */
static airt_msg *notice_again(const ending *e, airt_ref peer)
{
    airi_caller caller = { e->system, e->worker, NULL };
    airi_actor *actor = airi_slot(e->system, airi_ref_index(peer));

    return notice_reserve(&caller, AIRI_TIE_LINK, airi_load(&actor->incarnation, AIRI_SEQ_CST));
}

/* A link seen from the one who ends: the peer's notice is at *notice. */
static void announce_link(const ending *e, airi_relation *tie, airt_ref peer, airt_msg **notice, airt_msg *own)
{
    bool survives = e->how == AIRI_GOES_DOWN;

    if (survives)
        own->correlation = e->incarnation + 1; /* it is for the next incarnation now */
    if (e->how != AIRI_STAYS_DOWN && airt_exit_is_failure(e->reason->exit)) {
        /* A peer that ends for this link must not end the restarted one in turn. */
        if (!link_fires(e->system, e->worker, peer, notice, e->who, e->incarnation, e->reason))
            survives = false;
        if (survives && *notice == NULL)
            *notice = notice_again(e, peer);
    }
    if (!survives || *notice == NULL) /* no memory for the next notice: the link ends here */
        tie_end(e->system, e->worker, tie);
}

static void announce_as_a(const ending *e, airi_relation *tie)
{
    static const airt_reason shutdown = { .exit = AIRT_EXIT_SHUTDOWN };
    airi_caller              caller = { e->system, e->worker, NULL };

    switch (tie->tie) {
    case AIRI_TIE_LINK:
        announce_link(e, tie, tie->b, &tie->notice_b, tie->notice_a);
        break;
    case AIRI_TIE_CHILD:
        (void)airi_ask_end(&caller, tie->b, AIRI_ASKED_STOP, &shutdown);
        tie_end(e->system, e->worker, tie);
        break;
    case AIRI_TIE_MONITOR:
        tie_end(e->system, e->worker, tie);
        break;
    }
}

static void announce_as_b(const ending *e, airi_relation *tie)
{
    if (tie->tie == AIRI_TIE_LINK) {
        announce_link(e, tie, tie->a, &tie->notice_a, tie->notice_b);
        return;
    }
    if (e->how == AIRI_GOES_DOWN)
        return;
    if (tie->tie == AIRI_TIE_MONITOR) {
        airt_msg *notice = tie->notice_a;

        tie->notice_a = NULL;
        notice_send(e->system, e->worker, tie->a, notice, e->who, e->incarnation, e->reason);
    }
    tie_end(e->system, e->worker, tie);
}

static void announce_all(const ending *e, airi_extra *extra)
{
    airi_list once;

    airi_list_init(&once);
    airi_list_splice_back(&once, &extra->ties_a);
    while (!airi_list_empty(&once)) {
        airi_list *link = airi_list_pop_front(&once);

        airi_list_push_back(&extra->ties_a, link); /* where a surviving link stays */
        announce_as_a(e, AIRI_CONTAINER(link, airi_relation, link_a));
    }
    airi_list_splice_back(&once, &extra->ties_b);
    while (!airi_list_empty(&once)) {
        airi_list *link = airi_list_pop_front(&once);

        airi_list_push_back(&extra->ties_b, link);
        announce_as_b(e, AIRI_CONTAINER(link, airi_relation, link_b));
    }
}

void airi_ties_announce(airt_system *system, airi_worker *worker, airi_actor *actor, const airt_reason *reason,
                        airi_ending how)
{
    airi_extra *extra = airi_extra_seen(actor);
    uint32_t    incarnation = airi_load(&actor->incarnation, AIRI_SEQ_CST) - (how == AIRI_STAYS_DOWN);
    ending      e = { system, worker, actor, airi_actor_ref(actor), incarnation, reason, how };
    airi_list   orphans;

    airi_list_init(&orphans);
    airi_mutex_lock(&system->relations_lock);
    if (extra != NULL) {
        airi_brood_disband(extra, &orphans);
        announce_all(&e, extra);
    }
    if (how == AIRI_GOES_DOWN) { /* under the lock: a notice reserved from now on is for the next incarnation */
        (void)airi_fetch_add(&actor->incarnation, 1, AIRI_SEQ_CST);
        airi_child_over(system, actor);
        actor->trap_exit = false; /* its start says again whether it traps */
    }
    airi_mutex_unlock(&system->relations_lock);
    airi_brood_finish(system, worker, &orphans, airt_exit_is_failure(reason->exit));
}

void airi_ties_undo(airt_system *system, airi_worker *worker, airi_actor *actor)
{
    airi_extra *extra = airi_extra_seen(actor);

    airi_mutex_lock(&system->relations_lock);
    while (!airi_list_empty(&extra->ties_a))
        tie_end(system, worker, AIRI_CONTAINER(extra->ties_a.next, airi_relation, link_a));
    while (!airi_list_empty(&extra->ties_b))
        tie_end(system, worker, AIRI_CONTAINER(extra->ties_b.next, airi_relation, link_b));
    airi_mutex_unlock(&system->relations_lock);
}

/* --- verbs -------------------------------------------------------------------------------------------------------- */

static airt_status tie_verb(airt_ctx *ctx, airi_tie kind, airt_ref who, const char *verb)
{
    airi_caller caller = airi_resolve_ctx(ctx, verb);
    tying       t;

    if (airi_killed(ctx))
        return AIRT_EKILLED;
    t = tying_of(&caller, kind, who);
    return tie(&t);
}

static bool same_tie(const airi_relation *relation, airi_tie kind, airt_ref peer)
{
    return relation->tie == kind && (airt_ref_same(relation->a, peer) || airt_ref_same(relation->b, peer));
}

static void untie_list(airt_ctx *ctx, airi_list *list, bool as_a, airi_tie kind, airt_ref who)
{
    for (airi_list *link = list->next; link != list;) {
        airi_relation *relation =
            as_a ? AIRI_CONTAINER(link, airi_relation, link_a) : AIRI_CONTAINER(link, airi_relation, link_b);

        link = link->next;
        if (same_tie(relation, kind, who))
            tie_end(ctx->system, ctx->worker, relation);
    }
}

static void untie_verb(airt_ctx *ctx, airi_tie kind, airt_ref who, const char *verb)
{
    airi_extra *extra;

    (void)airi_resolve_ctx(ctx, verb);
    airi_mutex_lock(&ctx->system->relations_lock);
    extra = airi_killed(ctx) ? NULL : airi_extra_seen(ctx->actor);
    if (extra != NULL) {
        untie_list(ctx, &extra->ties_a, true, kind, who);
        if (kind == AIRI_TIE_LINK)
            untie_list(ctx, &extra->ties_b, false, kind, who);
    }
    airi_mutex_unlock(&ctx->system->relations_lock);
}

airt_status airt_monitor(airt_ctx *ctx, airt_ref who)
{
    return tie_verb(ctx, AIRI_TIE_MONITOR, who, "airt_monitor");
}

void airt_demonitor(airt_ctx *ctx, airt_ref who)
{
    untie_verb(ctx, AIRI_TIE_MONITOR, who, "airt_demonitor");
}

airt_status airt_link(airt_ctx *ctx, airt_ref who)
{
    if (airt_ref_same(ctx->self, who))
        return AIRT_OK;
    return tie_verb(ctx, AIRI_TIE_LINK, who, "airt_link");
}

void airt_unlink(airt_ctx *ctx, airt_ref who)
{
    untie_verb(ctx, AIRI_TIE_LINK, who, "airt_unlink");
}

void airt_trap_exit(airt_ctx *ctx, bool on)
{
    (void)airi_resolve_ctx(ctx, "airt_trap_exit");
    airi_mutex_lock(&ctx->system->relations_lock);
    if (!airi_killed(ctx))
        ctx->actor->trap_exit = on;
    airi_mutex_unlock(&ctx->system->relations_lock);
}
