/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls and answers. A call is a record in a type-stable table whose number grows at each release, so an answer that
 * comes late finds a number that no longer fits. The answer's memory is reserved with the request and travels with it:
 * who ends the request, by a reply or otherwise, can always tell the asker. */
#include "base/mutant.h"
#include "core/await.h"
#include "core/deadlock.h"
#include "core/letters.h"
#include "core/life.h"

#include <stdio.h>
#include <string.h>

/* --- records ------------------------------------------------------------------------------------------------------ */

airi_call_record *airi_call_of(airt_system *system, airt_call call)
{
    airt_ref          handle = { call.bits };
    airi_call_record *record = airi_call_at(system, airi_ref_index(handle));

    /* Acquire: partner is the release in the fetch-add of airi_call_close. */
    if (record == NULL || airi_load(&record->number, AIRI_ACQUIRE) != airi_ref_generation(handle))
        return NULL;
    return record;
}

bool airi_call_alive(airt_system *system, uint64_t correlation)
{
    return airi_call_of(system, (airt_call){ correlation }) != NULL;
}

airt_call airi_call_open(airt_system *system, airi_actor *asker, uint32_t *list, uint32_t holder)
{
    airi_call_record *record;
    uint32_t          index;
    uint64_t          number;

    if (!airi_permits(system->world, AIRT_ALLOCATION_CALL) || airi_idtab_take(&system->calls, &index) != AIRT_OK)
        return (airt_call){ 0 };
    record = airi_call_at(system, index);
    number = airi_load(&record->number, AIRI_RELAXED); /* ours alone while it is free */
    if (number == 0)
        number = 1;
    record->done = false;
    record->due_ns = AIRI_NEVER;
    record->status = AIRT_EPENDING;
    record->answer = NULL;
    record->next = *list;
    airi_store(&record->asker, asker->index, AIRI_RELAXED); /* published by the edge */
    airi_store(&record->sibling, 0, AIRI_SEQ_CST);
    airi_store(&record->number, number, AIRI_SEQ_CST);
    airi_edge_set(record, number, holder);
    *list = index;
    return (airt_call){ airi_ref_bits(index, number) };
}

static void list_remove(airt_system *system, uint32_t *list, uint32_t index)
{
    while (*list != 0 && *list != index)
        list = &airi_call_at(system, *list)->next;
    if (*list == index)
        *list = airi_call_at(system, index)->next;
}

void airi_call_close(airt_system *system, airi_worker *worker, uint32_t index)
{
    airi_call_record *record = airi_call_at(system, index);
    airt_msg         *answer = record->answer;

    record->answer = NULL;
    airi_store(&record->edge, 0, AIRI_SEQ_CST);
    /* Seq_cst: from here on an answer is late; pairs with the look in airi_answer_send. */
    (void)airi_fetch_add(&record->number, 1, AIRI_SEQ_CST);
    if (answer != NULL)
        airi_msg_done(system, worker, answer);
    airi_idtab_give(&system->calls, index);
}

void airi_calls_close(airt_system *system, airi_worker *worker, uint32_t *list)
{
    while (*list != 0) {
        uint32_t index = *list;

        *list = airi_call_at(system, index)->next;
        airi_call_close(system, worker, index);
    }
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static void answer_late(airt_system *system, airi_worker *worker, airt_msg *answer)
{
    AIRI_TALLY(system, worker, late_replies, 1);
    airi_msg_free(&system->heap, airi_cache_of(worker), answer);
}

void airi_answer_send(airt_system *system, airi_worker *worker, airt_ref asker, airt_msg *answer)
{
    airi_actor *actor = airi_slot(system, airi_ref_index(asker));

    if (actor == NULL || !airi_call_alive(system, answer->correlation)) {
        answer_late(system, worker, answer);
        return;
    }
    if (!AIRI_MUTANT_IS(8))
        airi_edge_clear(system, answer->correlation);
    answer->flags |= AIRI_MSG_ANSWER;
    answer->generation = airi_ref_generation(asker) & AIRI_GENERATION_LAST;
    switch (airi_mail_push(&actor->urgent, &answer->link)) {
    case AIRI_PUSH_CLOSED:
    case AIRI_PUSH_FULL: /* cannot be: it takes no room */
        answer_late(system, worker, answer);
        return;
    case AIRI_PUSHED_WAKE:
        airi_schedule(system, worker, actor);
        break;
    case AIRI_PUSHED:
        if (airi_mail_claim(&actor->mail))
            airi_schedule(system, worker, actor);
        break;
    }
    AIRI_TALLY(system, worker, accepted, 1);
}

bool airi_call_accept(airt_system *system, airi_worker *worker, airi_actor *asker, airt_msg *answer)
{
    airi_call_record *record = airi_call_of(system, (airt_call){ answer->correlation });
    /* An abandoned handler's call is open while its slot is let again. Relaxed: the owner's own generation. */
    bool mine = answer->generation == airi_load(&asker->generation, AIRI_RELAXED);

    if (!mine || record == NULL || record->done) {
        AIRI_TALLY(system, worker, queued, -1);
        airi_dead(system, worker, AIRT_NONE, answer, AIRT_LETTER_INCARNATION);
        return false;
    }
    AIRI_TALLY(system, worker, begun, 1);
    AIRI_TALLY(system, worker, handled, 1);
    record->done = true;
    record->status = AIRT_OK;
    if (airi_msg_is(answer, AIRI_MSG_FAILURE))
        record->status = (airt_status)((airi_answer_failure *)airi_msg_body(answer))->status;
    record->answer = answer;
    return true;
}

static airt_msg *answer_take(airt_msg *request)
{
    if (!airi_msg_is(request, AIRI_MSG_REQUEST))
        return NULL;
    /* Acq_rel: partner is itself: exactly one of reply, failure and a killer gets it, filled as the asker made it. */
    return airi_exchange(&airi_msg_trailer(request)->answer, NULL, AIRI_ACQ_REL);
}

static void answer_set_failure(airt_msg *answer, airt_status status, int32_t code, const char *text)
{
    airi_answer_failure *failure = airi_msg_body(answer);

    answer->flags |= AIRI_MSG_FAILURE;
    failure->status = (int32_t)status;
    failure->code = code;
    (void)snprintf(failure->text, sizeof failure->text, "%s", text);
}

bool airi_answer_deadlock(airt_system *system, airi_worker *worker, airt_msg *request, const airi_chain *chain)
{
    airt_msg *answer = answer_take(request);

    if (answer == NULL)
        return false;
    answer->correlation = request->correlation;
    answer_set_failure(answer, AIRT_EDEADLK, 0, "");
    ((airi_answer_failure *)airi_msg_body(answer))->chain = *chain;
    airi_answer_send(system, worker, request->sender, answer);
    return true;
}

bool airi_answer_fail(airt_system *system, airi_worker *worker, airt_msg *request, airt_status status, int32_t code,
                      const char *text)
{
    airt_msg *answer = answer_take(request);

    if (answer == NULL)
        return false;
    answer->correlation = request->correlation;
    answer_set_failure(answer, status, code, text);
    airi_answer_send(system, worker, request->sender, answer);
    return true;
}

/* The reserved message where the body fits, else one of its own; without memory for that, the failure that says so. */
static airt_msg *answer_make(airt_system *system, airi_worker *worker, airt_msg *reserved, const airt_kind *kind,
                             const void *body)
{
    airi_source source = airi_source_of(system, worker);
    airt_status status = AIRT_OK;
    airt_msg   *larger;

    if (airi_msg_fill(reserved, kind, body))
        return reserved;
    larger = airi_msg_create(&source, kind, body, false, &status);
    if (larger == NULL) {
        answer_set_failure(reserved, status, 0, "no memory for the answer");
        return reserved;
    }
    airi_msg_free(&system->heap, airi_cache_of(worker), reserved);
    return larger;
}

/* As the asker wants it. False: taken, and put back. */
static bool answer_suits(airt_msg *request, airt_msg *answer, const airt_kind *kind)
{
    const airt_kind *wanted = (const airt_kind *)(uintptr_t)answer->correlation;

    if (wanted == NULL || airt_kind_same(wanted, kind))
        return true;
    airi_store(&airi_msg_trailer(request)->answer, answer, AIRI_RELEASE); /* partner: answer_take */
    return false;
}

airt_status airi_answer(airt_ctx *ctx, airt_msg *request, const airt_kind *kind, const void *body)
{
    airt_system *system = ctx->system;
    airi_worker *worker = ctx->worker;
    airt_msg    *answer = answer_take(request);

    if (answer == NULL)
        return airi_killed(ctx) ? AIRT_EKILLED : AIRT_EINVAL;
    if (!answer_suits(request, answer, kind)) {
        if (airi_killed(ctx)) /* while it was away the killer could not tell the asker */
            (void)airi_answer_fail(system, worker, request, AIRT_EDEAD, 0, "the server was killed");
        return AIRT_EKIND;
    }
    answer = answer_make(system, worker, answer, kind, body);
    answer->correlation = request->correlation;
    answer->sender = (airt_ref){ 0 };
    airi_seam(worker); /* here, and not at the push: failures are also told under locks */
    airi_answer_send(system, worker, request->sender, answer);
    return AIRT_OK;
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static size_t answer_room(const airt_kind *answer_kind)
{
    size_t least = sizeof(airi_answer_failure);

    return answer_kind != NULL && answer_kind->size > least ? answer_kind->size : least;
}

static airt_msg *request_make(const airi_caller *caller, const airi_request *request, airt_call call,
                              airt_status *out_status)
{
    airi_source source = airi_source_of(caller->system, caller->worker);
    airt_msg   *answer = airi_msg_reserve(&source, answer_room(request->answer_kind));
    airt_msg   *msg;

    *out_status = AIRT_ENOMEM;
    if (answer == NULL)
        return NULL;
    msg = airi_msg_create(&source, request->kind, request->body, true, out_status);
    if (msg == NULL) { /* the body is still the caller's */
        airi_msg_free(&caller->system->heap, airi_cache_of(caller->worker), answer);
        return NULL;
    }
    answer->correlation = (uint64_t)(uintptr_t)request->answer_kind;  /* until it is sent: see answer_suits */
    airi_store(&airi_msg_trailer(msg)->answer, answer, AIRI_RELAXED); /* the push publishes it */
    airi_msg_trailer(msg)->trace = caller->ctx != NULL ? caller->ctx->trace : 0;
    msg->flags |= AIRI_MSG_REQUEST;
    msg->correlation = call.bits;
    airi_msg_set_deadline(msg, request->deadline_ns == AIRI_NEVER ? 0 : request->deadline_ns);
    return msg;
}

/* An undelivered request's reserved answer is not sent: the asker is right here. It tells of the cycle that waiting for
 * room would have closed. NULL: the status says it all. */
static airt_msg *request_verdict(const airi_caller *caller, airi_worker *worker, airt_msg *msg, airt_status status)
{
    airt_msg   *answer = answer_take(msg);
    airi_chain *chain;

    if (answer != NULL && status == AIRT_EDEADLK && caller->ctx != NULL) {
        answer_set_failure(answer, status, 0, "");
        chain = &((airi_answer_failure *)airi_msg_body(answer))->chain;
        *chain = (airi_chain){ .count = caller->ctx->failure.chain_count };
        memcpy(chain->ref, caller->ctx->failure.chain, sizeof chain->ref);
        return answer;
    }
    if (answer != NULL)
        airi_msg_free(&caller->system->heap, airi_cache_of(worker), answer);
    return NULL;
}

airt_call airi_call_send(const airi_caller *caller, airi_actor *asker, uint32_t *list, const airi_request *request)
{
    airt_system      *system = caller->system;
    airt_call         call = airi_call_open(system, asker, list, airi_ref_index(request->to));
    airi_call_record *record = airi_call_of(system, call);
    airi_worker      *worker;
    airt_status       status = AIRT_ENOMEM;
    airt_msg         *msg;

    if (record == NULL) {
        (void)airi_unsent(caller, request->to, request->kind, request->body, AIRT_ENOMEM);
        return call;
    }
    record->due_ns = request->deadline_ns;
    msg = request_make(caller, request, call, &status);
    if (msg != NULL) {
        msg->sender = caller->ctx != NULL ? caller->ctx->self : airi_actor_ref(asker); /* killed: its slot may be let */
        status = airi_deliver(caller, request->to, msg, 0);
        if (status == AIRT_OK)
            return call;
        worker = caller->ctx != NULL ? caller->ctx->worker : caller->worker; /* after a wait it may be another */
        record->answer = request_verdict(caller, worker, msg, status);
        airi_refused(system, worker, request->to, msg, status);
    } else {
        (void)airi_unsent(caller, request->to, request->kind, request->body, status);
    }
    airi_edge_clear(system, call.bits);
    record->done = true;
    record->status = status;
    return call;
}

void airi_call_end(airt_system *system, airi_worker *worker, uint32_t *list, airt_call call)
{
    uint32_t index = airi_ref_index((airt_ref){ call.bits });

    list_remove(system, list, index);
    airi_call_close(system, worker, index);
}
