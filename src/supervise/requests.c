/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What others ask of a supervisor. Requests that take time are kept with the child they concern, and answered by the
 * step that brings it there; meanwhile the supervisor goes on. */
#include "supervise/protocol.h"
#include "supervise/supervisor.h"

#include <stdio.h>
#include <string.h>

void airi_sup_start_drop(struct airi_sup_start *body)
{
    airt_drop(&body->spec);
}

bool airi_is_request(const airt_kind *kind)
{
    return kind == &airi_sup_start_kind || kind == &airi_sup_do_kind || kind == &airi_sup_look_kind;
}

static void answer(airi_supervisor *self, airt_msg *request, airt_status status, airt_ref ref)
{
    (void)airt_reply_to(self->ctx, &request, airi_sup_do, .status = (uint32_t)status, .ref = ref);
    airt_drop(&request);
}

/* --- requests that wait ------------------------------------------------------------------------------------------- */

static void op_add(airi_supervisor *self, airi_op *op, airi_kid *kid, airt_msg *request)
{
    op->kid = kid;
    op->request = request;
    kid->marks |= AIRI_ASKED;
    airi_list_push_back(&self->ops, &op->link);
}

static airi_op *op_new(airi_supervisor *self, bool stop)
{
    airi_op *op = airt_alloc(self->ctx, sizeof *op);

    if (op != NULL)
        op->stop = stop;
    return op;
}

static void op_end(airi_supervisor *self, airi_op *op, airt_status status, airt_ref ref)
{
    airi_list_remove(&op->link);
    answer(self, op->request, status, ref);
    airt_free(self->ctx, op);
}

/* The next one for this child behind a link of the list. NULL: no more. The list has as many as wait for any answer at
 * the moment, and is looked at only when one of them waits for this child. */
static airi_op *op_behind(airi_supervisor *self, airi_list *link, const airi_kid *kid)
{
    for (link = link->next; link != &self->ops; link = link->next)
        if (AIRI_CONTAINER(link, airi_op, link)->kid == kid)
            return AIRI_CONTAINER(link, airi_op, link);
    return NULL;
}

static void ops_done(airi_supervisor *self, airi_kid *kid, bool stop, const struct airi_sup_done *done)
{
    airi_op *op = (kid->marks & AIRI_ASKED) != 0 ? op_behind(self, &self->ops, kid) : NULL, *next;

    kid->marks &= (uint8_t)~AIRI_ASKED;
    for (; op != NULL; op = next) {
        next = op_behind(self, &op->link, kid);
        if (op->stop == stop)
            op_end(self, op, (airt_status)done->status, done->ref);
        else
            kid->marks |= AIRI_ASKED;
    }
}

void airi_starts_done(airi_supervisor *self, airi_kid *kid, airt_status status, airt_ref ref)
{
    ops_done(self, kid, false, &(struct airi_sup_done){ .status = (uint32_t)status, .ref = ref });
}

void airi_stops_done(airi_supervisor *self, airi_kid *kid)
{
    ops_done(self, kid, true, &(struct airi_sup_done){ .status = AIRT_OK });
}

void airi_ops_refuse(airi_supervisor *self)
{
    while (!airi_list_empty(&self->ops))
        op_end(self, AIRI_CONTAINER(self->ops.next, airi_op, link), AIRT_ESTOPPING, AIRT_NONE);
}

/* --- start -------------------------------------------------------------------------------------------------------- */

static airi_kid *id_taken(airi_supervisor *self, const airt_msg *spec)
{
    return airi_dynamic(self) ? NULL : airi_kid_find(self, airi_spec_of(spec)->child.id, AIRT_NONE);
}

/* A dynamic supervisor's child is spawned at once: its arguments are not kept. Others wait for their turn. */
static void start_new(airi_supervisor *self, airi_kid *kid, airt_msg **spec)
{
    const struct airi_spec *given = airi_spec_of(*spec);

    if (!airi_dynamic(self)) {
        airi_kid_mark(self, kid, AIRI_TO_START | AIRI_NEW);
        if (!airi_in_order(self))
            airi_start_kid(self, kid);
        return;
    }
    kid->marks |= AIRI_NEW;
    if (given != NULL && given->start != NULL)
        airi_start_with(self, kid, &given->child.start, given->child.name);
    else
        airi_start_with(self, kid, &kid->spec->child.start,
                        given != NULL && given->child.name != NULL ? given->child.name : kid->spec->child.name);
    airt_drop(spec);
}

/* The spec becomes the supervisor's own, to go with its last child. */
static airt_status adopt(airi_supervisor *self, airt_msg *spec)
{
    airt_status status = airi_dynamic(self) ? AIRT_OK : airt_msg_attach(self->ctx, spec);

    if (status == AIRT_OK && !airi_dynamic(self))
        ((struct airi_spec *)(uintptr_t)airt_msg_body(spec))->own = spec;
    return status;
}

/* What the caller could not check: it did not know this supervisor. */
static bool fits(const airi_supervisor *self, const airt_msg *spec)
{
    const struct airi_spec *given = airi_spec_of(spec);

    if (airi_dynamic(self))
        return given == NULL || given->start == NULL || airi_spec_of(self->start->specs)->tree == NULL;
    if (given == NULL || (given->child.behavior == NULL && given->child.tree == NULL) || given->child.count > 1)
        return false;
    return !given->child.significant || (self->auto_shutdown != AIRT_NEVER && given->child.restart != AIRT_PERMANENT);
}

static void serve_start(airi_supervisor *self, airt_msg *request)
{
    struct airi_sup_start  *body = (struct airi_sup_start *)(uintptr_t)airt_msg_body(request);
    airt_msg               *spec = body->spec;
    const struct airi_spec *use = airi_spec_of(airi_dynamic(self) ? self->start->specs : spec);
    bool                    good = fits(self, spec);
    airi_kid               *kid = good ? id_taken(self, spec) : NULL;
    airi_op                *op = NULL;

    body->spec = NULL; /* it is ours now */
    if (kid != NULL || !good) {
        airt_drop(&spec);
        answer(self, request, kid != NULL ? AIRT_EEXIST : AIRT_EINVAL,
               kid != NULL && airi_kid_active(kid) ? kid->ref : AIRT_NONE);
        return;
    }
    op = op_new(self, false);
    kid = op != NULL ? airi_kid_new(self, use, 1) : NULL;
    if (kid == NULL || adopt(self, spec) != AIRT_OK) {
        airi_kid_free(self, kid);
        airt_free(self->ctx, op);
        airt_drop(&spec);
        answer(self, request, AIRT_ENOMEM, AIRT_NONE);
        return;
    }
    op_add(self, op, kid, request);
    start_new(self, kid, &spec);
}

/* --- stop, restart, delete ---------------------------------------------------------------------------------------- */

static void serve_stop(airi_supervisor *self, airi_kid *kid, airt_msg *request)
{
    airi_op *op = op_new(self, true);

    if (op == NULL) {
        answer(self, request, AIRT_ENOMEM, AIRT_NONE);
        return;
    }
    op_add(self, op, kid, request);
    airi_kid_unmark(self, kid, AIRI_TO_START);
    airi_start_refused(self, kid); /* here alone: a group that is restarted keeps them waiting */
    if (airi_dynamic(self) || kid->spec->child.restart == AIRT_TEMPORARY)
        kid->marks |= AIRI_REMOVE;
    if (airi_kid_active(kid)) {
        if (kid->is != AIRI_IS_STOPPING)
            airi_stop_kid(self, kid);
        return;
    }
    airi_timed_remove(kid);
    airi_kid_down(self, kid);
}

/* Down, and what will become of it. */
static airt_status restartable(const airi_kid *kid)
{
    if (kid->is == AIRI_IS_UP || kid->is == AIRI_IS_STOPPING)
        return AIRT_ERUNNING;
    if (kid->is == AIRI_IS_STARTING || kid->is == AIRI_IS_HELD || (kid->marks & (AIRI_TO_START | AIRI_TIMED)) != 0)
        return AIRT_EPENDING;
    return AIRT_OK;
}

static void serve_restart(airi_supervisor *self, airi_kid *kid, airt_msg *request)
{
    airt_status status = airi_dynamic(self) ? AIRT_EINVAL : restartable(kid);
    airi_op    *op = status == AIRT_OK ? op_new(self, false) : NULL;

    if (op == NULL) {
        answer(self, request, status != AIRT_OK ? status : AIRT_ENOMEM, kid->ref);
        return;
    }
    op_add(self, op, kid, request);
    if (AIRI_MUTANT_IS(25))
        (void)airi_restart_counts(self);
    kid->marks |= AIRI_BY_HAND;
    if (airi_in_order(self))
        airi_kid_mark(self, kid, AIRI_TO_START);
    else
        airi_start_kid(self, kid);
}

static void serve_delete(airi_supervisor *self, airi_kid *kid, airt_msg *request)
{
    airt_status status = airi_dynamic(self) ? AIRT_EINVAL : restartable(kid);

    if (status == AIRT_OK)
        airi_kid_forget(self, kid);
    answer(self, request, status, AIRT_NONE);
}

static airt_status set_auto(airi_supervisor *self, uint32_t rule)
{
    if (rule > AIRT_ALL_SIGNIFICANT)
        return AIRT_EINVAL;
    AIRI_LIST_EACH (link, &self->kids)
        if (rule == AIRT_NEVER && airi_kid_at(link)->spec->child.significant)
            return AIRT_EINVAL;
    self->auto_shutdown = (airt_auto_shutdown)rule;
    return AIRT_OK;
}

/* A ref that was somebody's once. Whose, nobody knows any more, but it is down. */
static bool gone(airi_supervisor *self, airt_ref ref)
{
    uint32_t incarnation;

    return !airt_ref_none(ref) && airt_incarnation(self->ctx, ref, &incarnation) == AIRT_EDEAD;
}

static void serve_do(airi_supervisor *self, airt_msg *request)
{
    const struct airi_sup_do *body = airt_msg_body(request);
    airi_kid                 *kid;

    if (body->what == AIRI_SUP_SET_AUTO) {
        answer(self, request, set_auto(self, body->rule), AIRT_NONE);
        return;
    }
    if (airi_dynamic(self) && airt_ref_none(body->ref)) {
        answer(self, request, AIRT_EINVAL, AIRT_NONE);
        return;
    }
    kid = airi_kid_find(self, body->id.at, body->ref);
    if (kid == NULL)
        answer(self, request, body->what == AIRI_SUP_STOP && gone(self, body->ref) ? AIRT_OK : AIRT_ENOENT, AIRT_NONE);
    else if (body->what == AIRI_SUP_STOP)
        serve_stop(self, kid, request);
    else if (body->what == AIRI_SUP_RESTART)
        serve_restart(self, kid, request);
    else
        serve_delete(self, kid, request);
}

/* --- look --------------------------------------------------------------------------------------------------------- */

static airt_child_state state_of(const airi_kid *kid)
{
    bool due = (kid->marks & (AIRI_TO_START | AIRI_TIMED)) != 0;

    switch ((airi_child_is)kid->is) {
    case AIRI_IS_STARTING:
        return kid->restarts != 0 ? AIRT_CHILD_RESTARTING : AIRT_CHILD_STARTING;
    case AIRI_IS_UP:
        return AIRT_CHILD_RUNNING;
    case AIRI_IS_STOPPING:
        return AIRT_CHILD_STOPPING;
    case AIRI_IS_HELD:
        return AIRT_CHILD_RESTARTING;
    case AIRI_IS_ABSENT:
        return due ? AIRT_CHILD_STARTING : AIRT_CHILD_DOWN;
    case AIRI_IS_RESTING:
    default:
        return due ? AIRT_CHILD_RESTARTING : AIRT_CHILD_DOWN;
    }
}

static void info_of(const airi_kid *kid, airt_child_info *out)
{
    *out = (airt_child_info){ .ref = kid->ref,
                              .state = state_of(kid),
                              .supervisor = kid->spec->tree != NULL,
                              .restart = kid->spec->child.restart,
                              .number = kid->number,
                              .restarts = kid->restarts };
    (void)snprintf(out->id, sizeof out->id, kid->number > 1 ? "%s.%u" : "%s", kid->spec->child.id,
                   (unsigned)kid->number);
}

static void count_kid(struct airi_sup_seen *seen, const airi_kid *kid)
{
    bool supervisor = kid->spec->tree != NULL;

    seen->specs++;
    seen->active += airi_kid_active(kid);
    seen->restarting += state_of(kid) == AIRT_CHILD_RESTARTING;
    seen->supervisors += supervisor;
    seen->workers += !supervisor;
}

static void see_all(airi_supervisor *self, struct airi_sup_seen *seen, airt_child_info *infos)
{
    size_t i = 0;

    AIRI_LIST_EACH (link, &self->kids) {
        info_of(airi_kid_at(link), &infos[i++]);
        count_kid(seen, airi_kid_at(link));
    }
    if (airi_dynamic(self)) /* OTP: one spec, whatever it has become */
        seen->specs = 1;
}

static void serve_look(airi_supervisor *self, airt_msg *request)
{
    const struct airi_sup_look *body = airt_msg_body(request);
    airi_kid                   *kid = body->one ? airi_kid_find(self, body->id.at, body->ref) : NULL;
    struct airi_sup_seen        seen = { .status = body->one && kid == NULL ? AIRT_ENOENT : AIRT_OK };
    size_t                      count = body->one ? kid != NULL : self->kid_count;
    void                       *room = NULL;

    if (count != 0)
        seen.infos = airt_blob_space((airt_from){ .ctx = self->ctx }, count * sizeof(airt_child_info), &room);
    if (count != 0 && room == NULL)
        seen.status = AIRT_ENOMEM;
    else if (kid != NULL)
        info_of(kid, room);
    else if (!body->one)
        see_all(self, &seen, room);
    (void)airt_reply_to_body(self->ctx, &request, &airi_sup_seen_kind, &seen);
    airt_drop(&request);
}

void airi_serve(airi_supervisor *self, airt_msg *request)
{
    const airt_kind *kind = airt_msg_kind(request);

    if (kind == &airi_sup_look_kind)
        serve_look(self, request);
    else if (self->phase >= AIRI_STOPPING)
        answer(self, request, AIRT_ESTOPPING, AIRT_NONE);
    else if (kind == &airi_sup_start_kind)
        serve_start(self, request);
    else
        serve_do(self, request);
    airi_advance(self);
}
