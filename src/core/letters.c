/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The ends of messages that are not handlers: dead letters, refusals, and the memory's way back. Any thread. */
#include "core/letters.h"

#include "core/await.h"
#include "core/children.h"
#include "core/timers.h"

static const char *const letter_text[] = {
#define LETTER_TEXT(name, text, accepted) text,
    AIRT_DEAD_LETTER_TABLE(LETTER_TEXT)
#undef LETTER_TEXT
};

const char *airt_letter_text(airt_letter reason)
{
    return (unsigned)reason < AIRT_LETTER_COUNT ? letter_text[reason] : "unknown reason";
}

static const char *const report_text[] = {
#define REPORT_TEXT(name, text) text,
    AIRT_REPORT_TABLE(REPORT_TEXT)
#undef REPORT_TEXT
};

const char *airt_report_text(airt_report_kind kind)
{
    return (unsigned)kind < AIRT_REPORT_COUNT ? report_text[kind] : "unknown report";
}

static void none_accepted(void *context, airt_ref who, const airt_kind *kind)
{
    (void)context;
    (void)who;
    (void)kind;
}

const airt_recorder airt_recorder_none = { NULL, none_accepted, NULL, NULL, NULL, NULL };

/* What the asker of a dead request is told. */
static airt_status status_of(airt_letter reason)
{
    static const airt_status status[AIRT_LETTER_COUNT] = {
        [AIRT_LETTER_EXPIRED] = AIRT_ETIMEDOUT,   [AIRT_LETTER_DROPPED] = AIRT_EFULL,
        [AIRT_LETTER_UNHANDLED] = AIRT_EKIND,     [AIRT_LETTER_FAULT] = AIRT_EFAILED,
        [AIRT_LETTER_STOPPED] = AIRT_EDEAD,       [AIRT_LETTER_GONE] = AIRT_EDEAD,
        [AIRT_LETTER_INCARNATION] = AIRT_EFAILED, [AIRT_LETTER_FULL] = AIRT_EFULL,
        [AIRT_LETTER_DEAD] = AIRT_EDEAD,          [AIRT_LETTER_NOMEM] = AIRT_ENOMEM,
        [AIRT_LETTER_INVALID] = AIRT_EINVAL,      [AIRT_LETTER_DEADLOCK] = AIRT_EDEADLK,
        [AIRT_LETTER_POISON] = AIRT_EREFUSED,
    };

    return status[reason];
}

static airt_letter letter_of(airt_status status)
{
    switch (status) {
    case AIRT_EFULL:
    case AIRT_ETIMEDOUT:
        return AIRT_LETTER_FULL;
    case AIRT_EDEADLK:
        return AIRT_LETTER_DEADLOCK;
    case AIRT_EINVAL:
        return AIRT_LETTER_INVALID;
    case AIRT_ENOMEM:
    case AIRT_ELIMIT:
        return AIRT_LETTER_NOMEM;
    default:
        return AIRT_LETTER_DEAD;
    }
}

static void tell_hook(airt_system *system, airt_ref from, airt_ref to, const airt_body *what, airt_letter reason)
{
    airt_dead_letter letter = { reason, from, to, what->kind, what->body };

    if (system->recorder != NULL && system->recorder->dead != NULL)
        system->recorder->dead(system->recorder->context, to, what->kind, reason);
    if (system->options.dead_letter != NULL)
        system->options.dead_letter(system->options.dead_letter_context, &letter);
}

void airi_dead_told(airt_system *system, airi_worker *worker, airt_ref to, airt_msg *msg, airt_letter reason)
{
    airt_body what = { msg->kind, airt_msg_body(msg) };

    AIRI_TALLY(system, worker, dead[reason], 1);
    if (!airi_msg_is(msg, AIRI_MSG_FAILURE))
        tell_hook(system, msg->sender, to, &what, reason);
    airi_answer_fail(system, worker, msg, status_of(reason), 0, airt_status_text(status_of(reason)));
}

void airi_dead(airt_system *system, airi_worker *worker, airt_ref to, airt_msg *msg, airt_letter reason)
{
    airi_dead_told(system, worker, to, msg, reason);
    airi_msg_done(system, worker, msg);
}

static void count_refused(airt_system *system, airi_worker *worker, airt_ref from, airt_ref to, const airt_body *what,
                          airt_status status)
{
    airt_letter reason = letter_of(status);

    AIRI_TALLY(system, worker, refused, 1);
    AIRI_TALLY(system, worker, dead[reason], 1);
    if (system->recorder != NULL && system->recorder->refused != NULL)
        system->recorder->refused(system->recorder->context, to, what->kind, status);
    tell_hook(system, from, to, what, reason);
}

void airi_refused(airt_system *system, airi_worker *worker, airt_ref to, airt_msg *msg, airt_status status)
{
    airt_body what = { msg->kind, airt_msg_body(msg) };

    count_refused(system, worker, msg->sender, to, &what, status);
    airi_answer_fail(system, worker, msg, status, 0, airt_status_text(status));
    airi_msg_done(system, worker, msg);
}

airt_status airi_unsent(const airi_caller *caller, airt_ref to, const airt_kind *kind, const void *body,
                        airt_status status)
{
    airt_body what = { kind, body };

    count_refused(caller->system, caller->worker, AIRT_NONE, to, &what, status);
    airi_body_drop(kind, body);
    return status;
}

void airi_msg_done(airt_system *system, airi_worker *worker, airt_msg *msg)
{
    if (airi_msg_is(msg, AIRI_MSG_TIMER)) { /* lent: by a timer, or by a supervisor's brood */
        if (airi_msg_trailer(msg)->trace != 0)
            airi_timer_message_back(system, worker, msg);
        else
            airi_children_notice_back(system, worker, msg);
        return;
    }
    if (airi_msg_is(msg, AIRI_MSG_FAILURE))
        msg->kind = NULL; /* its body is the failure's, whatever it was reserved for */
    airi_msg_free(&system->heap, airi_cache_of(worker), msg);
}
