/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The mailbox word (many push, one takes) and the exact bound of a mailbox. Called by senders on any thread and by
 * the owner: the one worker that runs, or holds the right to schedule, the actor. All lock-free; model-checked as it
 * stands by test/relacy/mailbox.cpp and room.cpp.
 * Invariant: whoever replaces IDLE schedules the owner, so an actor is in at most one run queue. */
#ifndef AIRI_CORE_MAILBOX_H
#define AIRI_CORE_MAILBOX_H

#include "base/atomic.h"
#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The orders of this header by the place they stand in; the model checker weakens one at a time, and must notice. */
#define AIRI_MAIL_PUSH AIRI_ACQ_REL
#define AIRI_MAIL_TAKE AIRI_ACQUIRE
#define AIRI_MAIL_SLEEP AIRI_ACQ_REL
#define AIRI_MAIL_CLAIM AIRI_ACQ_REL
#define AIRI_MAIL_END AIRI_ACQ_REL
#define AIRI_MAIL_OPEN AIRI_RELEASE
#define AIRI_MAIL_CLAIM_ALWAYS_WRITES true
#define AIRI_ROOM_TAKEN_READ AIRI_ACQUIRE
#define AIRI_ROOM_TAKEN_WRITE AIRI_ACQ_REL
#define AIRI_ROOM_BEGUN_SYNC AIRI_SEQ_CST
#define AIRI_ROOM_BEHIND_RETRIES true
#include AIRI_MODEL_MUTANT

/* `next` is plain: written before the push publishes it, read after the take acquired it. */
#ifndef AIRI_MODEL_CHECK
typedef struct airi_link {
    struct airi_link *next;
} airi_link;
#define airi_link_next(link) ((link)->next)
#define airi_link_set_next(link, value) ((void)((link)->next = (value)))
#endif

/* The newest link, older ones behind it; or a mark; or NULL: the owner is scheduled or running, nothing is new. */
typedef struct airi_mail {
    AIRI_ATOMIC(airi_link *) newest;
} airi_mail;

#define AIRI_MAIL_IDLE ((airi_link *)(uintptr_t)1)   /* owner not scheduled: who replaces it must schedule the owner */
#define AIRI_MAIL_CLOSED ((airi_link *)(uintptr_t)2) /* box of a free or stopped slot: pushes are refused */

typedef enum airi_mail_pushed {
    AIRI_PUSHED,      /* the owner will find it by itself */
    AIRI_PUSHED_WAKE, /* exactly this caller must schedule the owner */
    AIRI_PUSH_CLOSED  /* refused; the link is the caller's and unchanged */
} airi_mail_pushed;

/* Before the box is reachable by anyone. A slot starts closed. */
static inline void airi_mail_init(airi_mail *mail)
{
    airi_store(&mail->newest, AIRI_MAIL_CLOSED, AIRI_RELAXED); /* relaxed: whatever publishes the slot orders it */
}

/* A hint for statistics and for "anything new?" by the owner before a costlier look; any thread.
 * Relaxed: no data is read on the strength of it. */
static inline bool airi_mail_has_new(airi_mail *mail)
{
    return (uintptr_t)airi_load(&mail->newest, AIRI_RELAXED) > (uintptr_t)AIRI_MAIL_CLOSED;
}

/* Whether the box is closed now; any thread. Relaxed: a hint, push decides. */
static inline bool airi_mail_closed(airi_mail *mail)
{
    return airi_load(&mail->newest, AIRI_RELAXED) == AIRI_MAIL_CLOSED;
}

/* Gives the link to the owner. One locked instruction when nobody else pushes at the same moment. */
static inline airi_mail_pushed airi_mail_push(airi_mail *mail, airi_link *link)
{
    airi_link *older = airi_load(&mail->newest, AIRI_RELAXED); /* relaxed: a guess that the compare-exchange checks */

    do {
        if (older == AIRI_MAIL_CLOSED)
            return AIRI_PUSH_CLOSED;
        airi_link_set_next(link, older == AIRI_MAIL_IDLE ? NULL : older);
        /* Release: publishes the message; partner is the acquire in airi_mail_take and airi_mail_close, which see
         * every push at once because all writes in between are read-modify-writes. Acquire: partner is the release
         * in airi_mail_idle; who gets IDLE schedules the owner and may touch it as the last worker left it. */
    } while (!airi_cas_weak(&mail->newest, &older, link, AIRI_MAIL_PUSH, AIRI_RELAXED));
    return older == AIRI_MAIL_IDLE ? AIRI_PUSHED_WAKE : AIRI_PUSHED;
}

/* Turns newest-first into oldest-first. */
static inline airi_link *airi_mail_oldest_first(airi_link *newest)
{
    airi_link *list = NULL;

    while (newest != NULL) {
        airi_link *older = airi_link_next(newest);

        airi_link_set_next(newest, list);
        list = newest;
        newest = older;
    }
    return list;
}

/* Owner, box neither idle nor closed: everything new, oldest first; NULL when there is nothing. */
static inline airi_link *airi_mail_take(airi_mail *mail)
{
    /* Relaxed: an empty box costs no locked instruction, and NULL promises nothing about what comes a moment later:
     * airi_mail_idle decides that. The owner's own data came with the right to run, not with this word. */
    airi_link *newest = airi_load(&mail->newest, AIRI_RELAXED);

    AIRI_ASSERT(newest != AIRI_MAIL_IDLE);
    AIRI_ASSERT(newest != AIRI_MAIL_CLOSED);
    if (newest == NULL)
        return NULL;
    /* Acquire: partner is the release of every push since the last take. */
    return airi_mail_oldest_first(airi_exchange(&mail->newest, (airi_link *)NULL, AIRI_MAIL_TAKE));
}

/* Owner, with nothing left to do: gives up the right to run. True: from here on the caller is not the owner, and may
 * only re-read the flags (next function). False: something new came, the caller is still the owner. */
static inline bool airi_mail_idle(airi_mail *mail)
{
    airi_link *expected = NULL;

    /* Release: hands the actor to whoever replaces IDLE; partners are the acquire in push and in claim. Acquire:
     * partner is the release in claim, see there. Failure relaxed: the take that follows acquires. */
    return airi_cas(&mail->newest, &expected, AIRI_MAIL_IDLE, AIRI_MAIL_SLEEP, AIRI_RELAXED);
}

/* Anyone, after setting a flag (stop, kill) or pushing on the actor's other word: takes the right to run from an idle
 * box. True: the caller must schedule the owner (or is it). False: the owner runs or will, and will see the flag.
 *
 *     flag setter: write the flag; airi_mail_claim      owner: airi_mail_idle; re-read the flag; if set,
 *                                                              airi_mail_claim, and on true go on as owner
 *
 * Why none is lost: both sides do a read-modify-write on the same word, also when claim finds nothing to claim (it
 * then writes back what it read), and those are totally ordered. Claim first: idle reads claim's write or a later one
 * of its release sequence, so the flag happens before the owner's re-read, whatever order the flag itself is written
 * in. Idle first: claim finds IDLE, or something that whoever replaced IDLE has put there: then that one schedules
 * the owner. A failed compare-exchange alone would be only a load, and would need sequentially consistent flags. */
static inline bool airi_mail_claim(airi_mail *mail)
{
    airi_link *seen = airi_load(&mail->newest, AIRI_RELAXED); /* relaxed: a guess that the compare-exchange checks */
    airi_link *want;

    do {
        /* A stale sight of CLOSED cannot be: who holds a ref to the tenant has seen its box opened. */
        if (seen == AIRI_MAIL_CLOSED || (!AIRI_MAIL_CLAIM_ALWAYS_WRITES && seen != AIRI_MAIL_IDLE))
            return false;
        want = seen == AIRI_MAIL_IDLE ? NULL : seen;
        /* Acquire: partner is the release in idle. Release: partner is the acquire in idle and in close. */
    } while (!airi_cas_weak(&mail->newest, &seen, want, AIRI_MAIL_CLAIM, AIRI_RELAXED));
    return seen == AIRI_MAIL_IDLE;
}

/* Owner (an idle box is claimed first): refuses from here on; what was in the box, oldest first, is the caller's. */
static inline airi_link *airi_mail_close(airi_mail *mail)
{
    /* Acquire: partner is the release of every push. Release: partner is the acquire fetch by later readers of the
     * word only, and costs nothing beside it. */
    airi_link *newest = airi_exchange(&mail->newest, AIRI_MAIL_CLOSED, AIRI_MAIL_END);

    AIRI_ASSERT(newest != AIRI_MAIL_CLOSED);
    return newest == AIRI_MAIL_IDLE ? NULL : airi_mail_oldest_first(newest);
}

/* The spawner, for a new tenant: it is the owner, and schedules it. A plain store: nobody writes a closed box. */
static inline void airi_mail_open(airi_mail *mail)
{
    AIRI_ASSERT(airi_mail_closed(mail));
    /* Release: partner is the acquire in push. A sender with a ref to an earlier tenant may push here, and what it then
     * does with the slot comes after the slot was set up. */
    airi_store(&mail->newest, (airi_link *)NULL, AIRI_MAIL_OPEN);
}

/* How many messages are accepted and not begun: taken - begun, modulo 2^32. Never reset, not even for a new tenant:
 * every accepted message is begun once, also the ones that a stopping actor dead-letters. */
typedef struct airi_room {
    AIRI_ATOMIC(uint32_t) taken; /* shared: senders */
    AIRI_ATOMIC(uint32_t) begun; /* owner writes, all read */
} airi_room;

#define AIRI_ROOM_MAX ((uint32_t)INT32_MAX)

/* Sender: reserves one place; false: the box was full at the moment `taken` was read. `max` is 1 to AIRI_ROOM_MAX.
 * Never exceeds max: begun only grows, so what is used at the compare-exchange is at most what was computed.
 * Never refuses falsely: begun was no larger when `taken` was read than when it was read itself. */
static inline bool airi_room_take(airi_room *room, uint32_t max)
{
    /* Acquire: begun is read after it, and no older than what the last taker saw (partner: release below). */
    uint32_t taken = airi_load(&room->taken, AIRI_ROOM_TAKEN_READ);

    for (;;) {
        /* Sequentially consistent: partner is airi_room_begin_sync; a sender that has enlisted as waiting and looks
         * again. Its acquire also brings the takes of all that was begun, so that looking again ends. */
        uint32_t used = taken - airi_load(&room->begun, AIRI_SEQ_CST);

        if (AIRI_ROOM_BEHIND_RETRIES && used > AIRI_ROOM_MAX) { /* begun has overtaken what we knew of taken */
            taken = airi_load(&room->taken, AIRI_ROOM_TAKEN_READ);
            continue;
        }
        if (used >= max)
            return false;
        if (airi_cas_weak(&room->taken, &taken, taken + 1, AIRI_ROOM_TAKEN_WRITE, AIRI_ROOM_TAKEN_READ))
            return true;
    }
}

/* Sender: the push was refused, the place goes back. Release: as in take. */
static inline void airi_room_undo(airi_room *room)
{
    (void)airi_fetch_sub(&room->taken, 1u, AIRI_RELEASE);
}

/* Owner: begins one message. Relaxed load: only the owner writes. Release: partner is the load in airi_room_take, so
 * that who sees the new begun sees the take of that message too. No locked instruction. */
static inline void airi_room_begin(airi_room *room)
{
    airi_store(&room->begun, airi_load(&room->begun, AIRI_RELAXED) + 1, AIRI_RELEASE);
}

/* The same for a box that senders may wait for: the owner then looks for waiting senders (sequentially consistent
 * load), who enlist (sequentially consistent write) and then try airi_room_take once more: one of the two sees the
 * other. Relaxed load: only the owner writes. */
static inline void airi_room_begin_sync(airi_room *room)
{
    airi_store(&room->begun, airi_load(&room->begun, AIRI_RELAXED) + 1, AIRI_ROOM_BEGUN_SYNC);
}

/* Any thread; may lag, never below zero: begun is read first. */
static inline uint32_t airi_room_used(airi_room *room)
{
    uint32_t begun = airi_load(&room->begun, AIRI_ACQUIRE); /* partner: release in airi_room_begin */

    return airi_load(&room->taken, AIRI_RELAXED) - begun;
}

#endif
