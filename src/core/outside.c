/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A thread outside of handlers waits behind a caller slot: a slot of the actor table with an open urgent box and no
 * behaviour. Making it runnable wakes the thread. Slots are pooled; an answer that comes late finds its call closed. */
#include "core/outside.h"

#include "core/deadlock.h"
#include "core/letters.h"
#include "core/life.h"

#include <string.h>

static const char no_memory[] = "no memory for the call";

static airi_actor *slot_make(airt_system *system)
{
    airi_actor *slot;
    uint32_t    index;

    if (!airi_permits(system->world, AIRT_ALLOCATION_SLOT) || airi_idtab_take(&system->slots, &index) != AIRT_OK)
        return NULL;
    slot = airi_slot(system, index);
    if (airi_load(&slot->generation, AIRI_RELAXED) == 0) { /* fresh, ours alone */
        airi_mail_init(&slot->mail);
        airi_mail_init(&slot->urgent);
        airi_store(&slot->generation, system->generation, AIRI_SEQ_CST);
    }
    slot->index = index;
    airi_store(&slot->slot_kind, AIRI_SLOT_CALLER, AIRI_RELAXED); /* relaxed: see the field */
    slot->behavior = NULL;
    airi_store(&slot->flags, 0, AIRI_SEQ_CST);
    airi_store(&slot->waits, 0, AIRI_SEQ_CST);
    airi_store(&slot->incarnation, 0, AIRI_SEQ_CST); /* the word its thread sleeps on */
    airi_mail_open(&slot->urgent);
    return slot;
}

airi_actor *airi_outside_slot_take(airt_system *system)
{
    airi_actor *slot;

    airi_mutex_lock(&system->callers_lock);
    slot = system->caller_free;
    if (slot != NULL)
        system->caller_free = airi_slot(system, slot->run_next);
    airi_mutex_unlock(&system->callers_lock);
    return slot != NULL ? slot : slot_make(system);
}

void airi_outside_slot_give(airt_system *system, airi_actor *slot)
{
    airi_mutex_lock(&system->callers_lock);
    slot->run_next = system->caller_free != NULL ? system->caller_free->index : 0;
    system->caller_free = slot;
    airi_mutex_unlock(&system->callers_lock);
}

void airi_outside_wake(airt_system *system, airi_actor *slot)
{
    (void)airi_fetch_add(&slot->incarnation, 1, AIRI_SEQ_CST);
    system->world->wake(system->world, &slot->incarnation, 1);
}

static void take_answers(airt_system *system, airi_actor *slot)
{
    airi_link *link = airi_mail_has_new(&slot->urgent) ? airi_mail_take(&slot->urgent) : NULL;

    while (link != NULL) {
        airi_link *next = link->next;

        airi_call_accept(system, NULL, slot, (airt_msg *)(void *)link);
        link = next;
    }
}

/* Whether something came while it looked. */
static bool look_for_answer(airt_system *system, airi_actor *slot, int64_t until_ns)
{
    unsigned looks = 0;

    while (!airi_mail_has_new(&slot->urgent)) {
        if (++looks % AIRI_SPIN_LOOKS == 0 && system->world->now_ns(system->world) >= until_ns)
            return false;
        airi_thread_pause();
    }
    return true;
}

/* Sleeps until something was pushed, or the deadline. False: the deadline. The urgent word is idle while the thread
 * sleeps, as a suspended actor's is. */
static bool sleep_once(airt_system *system, airi_actor *slot, int64_t deadline_ns)
{
    uint32_t word = airi_load(&slot->incarnation, AIRI_SEQ_CST);

    if (!airi_mail_idle(&slot->urgent, 0))
        return true;
    while (airi_load(&slot->incarnation, AIRI_SEQ_CST) == word) {
        if (deadline_ns != AIRI_NEVER && system->world->now_ns(system->world) >= deadline_ns) {
            if (airi_mail_claim(&slot->urgent))
                return false;
            deadline_ns = AIRI_NEVER; /* somebody has replaced the idle mark, and is about to wake us */
        }
        system->world->wait(system->world, &slot->incarnation, word, deadline_ns);
    }
    (void)airi_mail_claim(&slot->urgent); /* woken for a flag: the mark may still be there */
    return true;
}

/* Waits for the one call of a slot. */
airt_status airi_outside_call_wait(airt_system *system, airi_actor *slot, airt_call call, int64_t deadline_ns)
{
    airi_call_record *record = airi_call_of(system, call);
    int64_t           began_ns = system->spin_ns != 0 ? system->world->now_ns(system->world) : 0;
    int64_t           span_ns = airi_spin_span_ns(&system->spin_outside);
    bool              in_time = true;

    if (span_ns != 0)
        (void)look_for_answer(system, slot, deadline_ns - began_ns < span_ns ? deadline_ns : began_ns + span_ns);
    for (take_answers(system, slot); in_time && !record->done; take_answers(system, slot))
        in_time = sleep_once(system, slot, deadline_ns);
    if (system->spin_ns != 0)
        airi_spin_learn(&system->spin_outside, system->world->now_ns(system->world) - began_ns, system->spin_ns);
    return record->done ? AIRT_OK : AIRT_ETIMEDOUT;
}

/* What the answer's message owns passes to the caller: the body's blobs as they are, its views' bytes copied. */
static airt_status answer_out(airt_system *system, airi_call_record *record, const airi_request *request, void *out,
                              size_t out_size)
{
    airt_msg *answer = record->answer;

    if (record->status != AIRT_OK)
        return airi_fail_call(NULL, record);
    if (!airt_kind_same(answer->kind, request->answer_kind) || out_size != request->answer_kind->size)
        return airi_fail(NULL, AIRT_EKIND, "the answer is of another kind");
    if (airi_answer_detach(system, answer, out) != AIRT_OK)
        return airi_fail(NULL, AIRT_ENOMEM, "no memory for the answer");
    return AIRT_OK;
}

airt_status airi_outside_ask(const airi_caller *caller, const airi_request *request, void *out, size_t out_size)
{
    airt_system *system = caller->system;
    airi_actor  *slot = airi_outside_slot_take(system);
    uint32_t     calls = 0;
    airt_call    call;
    airt_status  status;

    if (slot == NULL)
        return airi_fail(NULL, airi_unsent(caller, request->to, request->kind, request->body, AIRT_ENOMEM), no_memory);
    call = airi_call_send(caller, slot, &calls, request);
    if (call.bits == 0)
        status = airi_fail(NULL, AIRT_ENOMEM, no_memory);
    else if ((status = airi_outside_call_wait(system, slot, call, request->deadline_ns)) == AIRT_OK)
        status = answer_out(system, airi_call_of(system, call), request, out, out_size);
    else
        (void)airi_fail(NULL, status, airt_status_text(status));
    airi_calls_close(system, NULL, &calls);
    airi_outside_slot_give(system, slot);
    return status;
}

airt_status airi_outside_wait_room(const airi_caller *caller, airi_waiter *waiter, airi_actor *slot,
                                   int64_t deadline_ns)
{
    airt_system *system = caller->system;

    /* Acquire: pairs with the release of whoever decides. */
    while (airi_waiter_status(waiter) == AIRT_EPENDING) {
        uint32_t word = airi_load(&slot->incarnation, AIRI_SEQ_CST);

        if (airi_waiter_status(waiter) != AIRT_EPENDING)
            break;
        if (deadline_ns != AIRI_NEVER && system->world->now_ns(system->world) >= deadline_ns &&
            airi_waiter_withdraw(system, waiter))
            return AIRT_ETIMEDOUT;
        system->world->wait(system->world, &slot->incarnation, word, deadline_ns);
    }
    return (airt_status)airi_waiter_status(waiter);
}
