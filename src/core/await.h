/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Suspended handlers: what they wait for, and the calls they wait with. Owner only, but for what says otherwise. */
#ifndef AIRI_CORE_AWAIT_H
#define AIRI_CORE_AWAIT_H

#include "core/system.h"

typedef enum airi_await_mode {
    AIRI_AWAIT_ALL,
    AIRI_AWAIT_ANY,
    AIRI_AWAIT_SLEEP,
    AIRI_AWAIT_RECEIVE,
    AIRI_AWAIT_ROOM
} airi_await_mode;

typedef struct airi_await {        /* on the waiting handler's stack */
    airi_timer_head         timer; /* under system->timer_lock */
    bool                    armed;
    airt_ref                owner;
    airi_await_mode         mode;
    airt_call *const       *calls;
    size_t                  count;
    size_t                  index; /* ANY: which */
    const airt_kind *const *kinds; /* RECEIVE */
    airt_msg               *received;
    airi_waiter            *waiter; /* ROOM */
    airt_status             status;
} airi_await;

/* Suspends a sender until its waiter is decided; the spare stack must be there (airi_loop_reserve). */
airt_status airi_await_room(airt_ctx *ctx, airi_waiter *waiter, int64_t deadline_ns);
/* A wait for room was decided after it had ended: its flag is not for a later one. */
void airi_await_forget(airt_ctx *ctx);
/* Whether this handler may wait now; obtains the stack that the worker will go on with. */
airt_status airi_may_await(airt_ctx *ctx);
/* What airt_last_failure shows in this handler; NULL: to this thread, outside of handlers. */
airt_failure *airi_failure_at(airt_ctx *ctx);
/* Writes it anew; returns the status. */
airt_status airi_fail(airt_ctx *ctx, airt_status status, const char *text);
/* The same, as the record of a call has it that was not answered by its answer. */
airt_status airi_fail_call(airt_ctx *ctx, const airi_call_record *record);
/* Whether something that ends an await came in: a flag, and for one that listens to mail, an answer. Any thread. */
bool airi_await_attention(airi_actor *actor, bool receive);
/* Owner: takes in answers; true: the await of this activation is over, its status set. */
bool airi_await_over(airi_worker *worker, airt_ctx *ctx);
/* Owner, with the await not over: a decision about room that was meant for the slot's last tenant is none of its. */
void airi_await_drop_stale(airt_ctx *ctx);
/* Owner of a killed, suspended actor: ends its activation without running any of it. */
void airi_await_abort(airi_worker *worker, airi_actor *actor, airt_letter reason);

/* Calls. */
/* What an ask is made of; the same inside and outside of handlers. */
typedef struct airi_request {
    airt_ref         to;
    const airt_kind *kind;
    const void      *body;
    const airt_kind *answer_kind;
    int64_t          deadline_ns;
} airi_request;
/* Opens a call of the asker's slot, puts it at the head of list, and sends the request. A failure is in the record, or,
 * when there was no memory for one, the call is zero. */
airt_call airi_call_send(const airi_caller *caller, airi_actor *asker, uint32_t *list, const airi_request *request);
airt_call airi_call_open(airt_system *system, airi_actor *asker, uint32_t *list, uint32_t holder);
void      airi_call_close(airt_system *system, airi_worker *worker, uint32_t index);
/* Takes one call out of its list and closes it. */
void              airi_call_end(airt_system *system, airi_worker *worker, uint32_t *list, airt_call call);
void              airi_calls_close(airt_system *system, airi_worker *worker, uint32_t *list);
airi_call_record *airi_call_of(airt_system *system, airt_call call);
/* Whether the asker still waits: any thread. */
bool airi_call_alive(airt_system *system, uint64_t correlation);
/* The asker takes in an answer or a failure message; frees a late one. True: it belonged to an open call. */
bool airi_call_accept(airt_system *system, airi_worker *worker, airi_actor *asker, airt_msg *answer);

/* Answers. Gives the reserved answer of a request to its asker; the request keeps none. Any thread.
 * reply_body NULL: a failure with status, code and text. False: nothing was owed. */
/* The reply of a handler. Fails: EINVAL (answered already), EKIND (the request is still to be answered), EKILLED. */
airt_status airi_answer(airt_ctx *ctx, airt_msg *request, const airt_kind *kind, const void *body);
bool airi_answer_fail(airt_system *system, airi_worker *worker, airt_msg *request, airt_status status, int32_t code,
                      const char *text);
bool airi_answer_deadlock(airt_system *system, airi_worker *worker, airt_msg *request, const airi_chain *chain);
/* Sends an answer message to the slot that asked; late ones are counted and freed. */
void airi_answer_send(airt_system *system, airi_worker *worker, airt_ref asker, airt_msg *answer);

#endif
