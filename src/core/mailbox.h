/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The mailbox word (many push, one takes), with the exact bound of a mailbox in it, so that a send is one locked
 * instruction. Called by senders on any thread and by the owner: the one worker that runs, or holds the right to
 * schedule, the actor. All lock-free; model-checked as it stands by test/relacy/mailbox.cpp and room.cpp.
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
#define AIRI_MAIL_TAKE AIRI_ACQ_REL
#define AIRI_MAIL_SLEEP AIRI_ACQ_REL
#define AIRI_MAIL_CLAIM AIRI_ACQ_REL
#define AIRI_MAIL_END AIRI_ACQ_REL
#define AIRI_MAIL_OPEN AIRI_RELEASE
#define AIRI_MAIL_WANT AIRI_ACQ_REL
#define AIRI_MAIL_NOTICE AIRI_ACQ_REL
/* Further acquires and releases: */
#define AIRI_MAIL_LOOK AIRI_ACQUIRE
#define AIRI_MAIL_CLAIM_ALWAYS_WRITES true
#define AIRI_ROOM_WORD_READ AIRI_ACQUIRE
#define AIRI_ROOM_BEGUN_WRITE AIRI_RELEASE
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

/* Three things, so that each is decided together with the others:
 *
 *   bits 0 to 43    the newest link, older ones behind it, as its address / 16; or a mark; or 0: the owner is scheduled
 *                   or running, nothing is new
 *   bit 44          WANTED: senders wait for room (in a word without room: see airi_mail_notice)
 *   bits 45 to 63   how many messages that take room were ever accepted, modulo 2^19. Never reset, not even for a new
 *                   tenant: every accepted message is begun once, also the ones that a stopping actor dead-letters */
typedef struct airi_mail {
    AIRI_ATOMIC(uint64_t) word;
} airi_mail;

/* How many of them the owner has begun. Owner writes (a drop-old box's senders too, under its lock), all read. */
typedef struct airi_room {
    AIRI_ATOMIC(uint32_t) begun;
    AIRI_ATOMIC(uint32_t) laps; /* of an unbounded box, which may hold more than the word can count: its rounds */
} airi_room;

#define AIRI_MAIL_LINK ((UINT64_C(1) << 44) - 1)
#define AIRI_MAIL_WANTED (UINT64_C(1) << 44)
#define AIRI_MAIL_ONE (UINT64_C(1) << 45)
#define AIRI_MAIL_COUNT_SHIFT 45
#define AIRI_MAIL_COUNT_MASK ((1u << 19) - 1)
#define AIRI_ROOM_MAX (1u << 18)
#define AIRI_ROOM_TRIES 64u
#define AIRI_MAIL_IDLE UINT64_C(1)   /* mark: the owner is not scheduled; who replaces it must schedule the owner */
#define AIRI_MAIL_CLOSED UINT64_C(2) /* mark: box of a free or stopped slot; pushes are refused */

typedef enum airi_mail_pushed {
    AIRI_PUSHED,      /* the owner will find it by itself */
    AIRI_PUSHED_WAKE, /* exactly this caller must schedule the owner */
    AIRI_PUSH_CLOSED, /* refused; the link is the caller's and unchanged */
    AIRI_PUSH_FULL    /* the same: no room */
} airi_mail_pushed;

static inline uint64_t airi_mail_link(uint64_t word)
{
    return word & AIRI_MAIL_LINK;
}

/* The link in a word that holds one, or NULL. */
static inline airi_link *airi_mail_newest(uint64_t word)
{
    uint64_t link = airi_mail_link(word);

    return link <= AIRI_MAIL_CLOSED ? NULL : (airi_link *)(uintptr_t)(link << 4);
}

/* The word with another link in it. Links are 16-aligned and lie in the lower 2^48 bytes. */
static inline uint64_t airi_mail_with(uint64_t word, airi_link *link)
{
    return (word & ~AIRI_MAIL_LINK) | (uint64_t)(uintptr_t)link >> 4;
}

/* Before the box is reachable by anyone. A slot starts closed. */
static inline void airi_mail_init(airi_mail *mail)
{
    airi_store(&mail->word, AIRI_MAIL_CLOSED, AIRI_RELAXED); /* relaxed: whatever publishes the slot orders it */
}

/* A hint for statistics and for "anything new?" by the owner before a costlier look; any thread.
 * Relaxed: no data is read on the strength of it. */
static inline bool airi_mail_has_new(airi_mail *mail)
{
    return airi_mail_link(airi_load(&mail->word, AIRI_RELAXED)) > AIRI_MAIL_CLOSED;
}

/* Whether the box is closed, or idle, now; any thread. Relaxed: a hint, push and claim decide. */
static inline bool airi_mail_closed(airi_mail *mail)
{
    return airi_mail_link(airi_load(&mail->word, AIRI_RELAXED)) == AIRI_MAIL_CLOSED;
}
static inline bool airi_mail_is_idle(airi_mail *mail)
{
    return airi_mail_link(airi_load(&mail->word, AIRI_RELAXED)) == AIRI_MAIL_IDLE;
}

static inline airi_mail_pushed airi_mail_pushed_over(uint64_t older)
{
    return airi_mail_link(older) == AIRI_MAIL_IDLE ? AIRI_PUSHED_WAKE : AIRI_PUSHED;
}

/* Gives the link to the owner, with what it adds to the count. One locked instruction when nobody else pushes at the
 * same moment. */
static inline airi_mail_pushed airi_mail_push_adding(airi_mail *mail, airi_link *link, uint64_t count,
                                                     uint64_t *out_older)
{
    uint64_t older = airi_load(&mail->word, AIRI_RELAXED); /* relaxed: a guess that the compare-exchange checks */

    do {
        if (airi_mail_link(older) == AIRI_MAIL_CLOSED)
            return AIRI_PUSH_CLOSED;
        airi_link_set_next(link, airi_mail_newest(older));
        /* Release: publishes the message; partner is the acquire in airi_mail_take, _had and _close, which see
         * every push at once because all writes in between are read-modify-writes. Acquire: partner is the release
         * in airi_mail_idle; who gets IDLE schedules the owner and may touch it as the last worker left it. */
    } while (!airi_cas_weak(&mail->word, &older, airi_mail_with(older, link) + count, AIRI_MAIL_PUSH, AIRI_RELAXED));
    *out_older = older;
    return airi_mail_pushed_over(older);
}

/* One that takes no room. */
static inline airi_mail_pushed airi_mail_push(airi_mail *mail, airi_link *link)
{
    uint64_t older;

    return airi_mail_push_adding(mail, link, 0, &older);
}

/* One that takes a place where there is no end of them. The count's wrap is seen by exactly one sender, which notes it. */
static inline airi_mail_pushed airi_mail_push_unbounded(airi_mail *mail, airi_room *room, airi_link *link)
{
    uint64_t         older = 0;
    airi_mail_pushed how = airi_mail_push_adding(mail, link, AIRI_MAIL_ONE, &older);

    if (__builtin_expect(older >> AIRI_MAIL_COUNT_SHIFT == AIRI_MAIL_COUNT_MASK, 0) && how != AIRI_PUSH_CLOSED)
        (void)airi_fetch_add(&room->laps, 1u, AIRI_RELAXED); /* relaxed: a statistic */
    return how;
}

/* How many places are taken, by a word read before. More than AIRI_ROOM_MAX: `begun` has overtaken the word, which is to
 * be read again. `max` is 1 to AIRI_ROOM_MAX. It is never exceeded: begun only grows, so what is used when the word is
 * replaced is at most what was computed. Never refused falsely, but after AIRI_ROOM_TRIES: begun was no larger when the
 * word was read than when it was read itself. */
static inline uint32_t airi_room_used_by(airi_room *room, uint64_t word)
{
    /* Acquire: partner is the release in airi_room_begin; who sees the new begun sees the word it came from. */
    uint32_t begun = airi_load(&room->begun, AIRI_ACQUIRE);

    return ((uint32_t)(word >> AIRI_MAIL_COUNT_SHIFT) - begun) & AIRI_MAIL_COUNT_MASK;
}
static inline bool airi_room_behind(uint32_t used, unsigned *tries)
{
    /* Bounded, for a sender that takes the slot's new tenant, unbounded and full to the brim, for the old one. */
    return AIRI_ROOM_BEHIND_RETRIES && used > AIRI_ROOM_MAX && (*tries)++ < AIRI_ROOM_TRIES;
}

/* Gives the link to the owner if there is room for it. One locked instruction likewise. */
static inline airi_mail_pushed airi_mail_push_within(airi_mail *mail, airi_room *room, uint32_t max, airi_link *link)
{
    /* Acquire: begun is read after it, and no older than what the last sender saw (partner: the release in push). */
    uint64_t older = airi_load(&mail->word, AIRI_ROOM_WORD_READ);
    unsigned tries = 0;

    for (;;) {
        uint32_t used = airi_room_used_by(room, older);

        if (airi_mail_link(older) == AIRI_MAIL_CLOSED)
            return AIRI_PUSH_CLOSED;
        if (used >= max) {
            if (!airi_room_behind(used, &tries))
                return AIRI_PUSH_FULL;
            older = airi_load(&mail->word, AIRI_ROOM_WORD_READ);
            continue;
        }
        airi_link_set_next(link, airi_mail_newest(older));
        /* As in push. */
        if (airi_cas_weak(&mail->word, &older, airi_mail_with(older, link) + AIRI_MAIL_ONE, AIRI_MAIL_PUSH,
                          AIRI_ROOM_WORD_READ))
            return airi_mail_pushed_over(older);
    }
}

/* As push_within, or push_unbounded where max is UINT32_MAX, tried once. Anything but a push means nothing, those two decide:
 * others push at the same moment, the count wraps, the box is full or closed. For who has no register to spare. */
static inline airi_mail_pushed airi_mail_try_push(airi_mail *mail, airi_room *room, uint32_t max, airi_link *link)
{
    uint64_t older = airi_load(&mail->word, AIRI_ROOM_WORD_READ); /* as in push_within */

    if (airi_mail_link(older) == AIRI_MAIL_CLOSED || older >> AIRI_MAIL_COUNT_SHIFT == AIRI_MAIL_COUNT_MASK ||
        airi_room_used_by(room, older) >= max)
        return AIRI_PUSH_FULL;
    airi_link_set_next(link, airi_mail_newest(older));
    /* As in push. Relaxed: nothing is read on a failure. */
    if (!airi_cas(&mail->word, &older, airi_mail_with(older, link) + AIRI_MAIL_ONE, AIRI_MAIL_PUSH, AIRI_RELAXED))
        return AIRI_PUSH_FULL;
    return airi_mail_pushed_over(older);
}

/* Reserves one place for what reaches the owner by another way; the box is open. False: there is none. */
static inline bool airi_room_take(airi_mail *mail, airi_room *room, uint32_t max)
{
    uint64_t older = airi_load(&mail->word, AIRI_ROOM_WORD_READ); /* as in push_within */
    unsigned tries = 0;

    for (;;) {
        uint32_t used = airi_room_used_by(room, older);

        if (airi_room_behind(used, &tries)) {
            older = airi_load(&mail->word, AIRI_ROOM_WORD_READ);
            continue;
        }
        if (used >= max)
            return false;
        if (airi_cas_weak(&mail->word, &older, older + AIRI_MAIL_ONE, AIRI_MAIL_PUSH, AIRI_ROOM_WORD_READ))
            return true;
    }
}

/* Sets `count` places aside for messages that reach the owner by another way.
 * For whoever has the owner's right. False: too few, or others push at the same moment. */
static inline bool airi_room_set_aside(airi_mail *mail, airi_room *room, uint32_t max, uint32_t count)
{
    uint64_t older = airi_load(&mail->word, AIRI_ROOM_WORD_READ); /* as in push_within */
    uint32_t accepted = (uint32_t)(older >> AIRI_MAIL_COUNT_SHIFT);

    if (max != UINT32_MAX && airi_room_used_by(room, older) + count > max)
        return false;
    /* As in push. Relaxed: nothing is read on a failure. */
    if (!airi_cas(&mail->word, &older, older + count * AIRI_MAIL_ONE, AIRI_MAIL_PUSH, AIRI_RELAXED))
        return false;
    if (max == UINT32_MAX && accepted + count > AIRI_MAIL_COUNT_MASK)
        (void)airi_fetch_add(&room->laps, 1u, AIRI_RELAXED); /* relaxed: a statistic */
    return true;
}

/* Owner: gives back what was set aside and not taken, as if it had begun as many messages. */
static inline void airi_room_give_back(airi_room *room, uint32_t count)
{
    airi_store(&room->begun, airi_load(&room->begun, AIRI_RELAXED) + count, AIRI_ROOM_BEGUN_WRITE); /* as begin */
}

/* Owner: begins one message. Relaxed load: only the owner writes. Release: see airi_room_free. No locked instruction. */
static inline void airi_room_begin(airi_room *room)
{
    airi_store(&room->begun, airi_load(&room->begun, AIRI_RELAXED) + 1, AIRI_ROOM_BEGUN_WRITE);
}

/* Any thread: how many are accepted and not begun. May lag, never below zero: begun is read first. */
static inline uint32_t airi_room_used(airi_mail *mail, airi_room *room)
{
    uint32_t begun = airi_load(&room->begun, AIRI_ACQUIRE); /* partner: release in airi_room_begin */

    return ((uint32_t)(airi_load(&mail->word, AIRI_RELAXED) >> AIRI_MAIL_COUNT_SHIFT) - begun) & AIRI_MAIL_COUNT_MASK;
}

/* The same of an unbounded box: the word counts up to a lap. Off by a lap while a sender is about to note one. */
static inline uint32_t airi_room_used_unbounded(airi_mail *mail, airi_room *room)
{
    uint32_t begun = airi_load(&room->begun, AIRI_ACQUIRE); /* partner: release in airi_room_begin */
    uint32_t lap = airi_load(&room->laps, AIRI_RELAXED) << (64 - AIRI_MAIL_COUNT_SHIFT);
    uint32_t used = (lap | (uint32_t)(airi_load(&mail->word, AIRI_RELAXED) >> AIRI_MAIL_COUNT_SHIFT)) - begun;

    return used > UINT32_MAX / 2 ? used + AIRI_MAIL_COUNT_MASK + 1 : used;
}
/* For a new tenant, whose box is empty. Relaxed: the opening publishes it. */
static inline void airi_room_renew(airi_room *room)
{
    airi_store(&room->laps, airi_load(&room->begun, AIRI_RELAXED) >> (64 - AIRI_MAIL_COUNT_SHIFT), AIRI_RELAXED);
}

/* A sender that will wait announces itself, then looks for room (airi_room_take); the owner makes room, then looks who
 * waits (airi_mail_look, or idle and then airi_mail_wanted). Why neither misses the other: both do a read-modify-write
 * on the word, and those are totally ordered. The later one acquires what the earlier released: the announcement, or
 * the begins. True: others have announced themselves before. */
static inline bool airi_mail_want(airi_mail *mail)
{
    return (airi_fetch_or(&mail->word, AIRI_MAIL_WANTED, AIRI_MAIL_WANT) & AIRI_MAIL_WANTED) != 0;
}
static inline bool airi_mail_look(airi_mail *mail)
{
    return (airi_fetch_or(&mail->word, UINT64_C(0), AIRI_MAIL_WANT) & AIRI_MAIL_WANTED) != 0;
}
/* Nobody waits any more. Relaxed: announcements and this one are under the actor's lock. */
static inline void airi_mail_unwant(airi_mail *mail)
{
    (void)airi_fetch_and(&mail->word, ~AIRI_MAIL_WANTED, AIRI_RELAXED);
}
/* Any thread, as of a moment ago; after idle the owner misses none that was announced before. */
static inline bool airi_mail_wanted(airi_mail *mail)
{
    return (airi_load(&mail->word, AIRI_RELAXED) & AIRI_MAIL_WANTED) != 0;
}

/* From the newest to the one above `end`, oldest first. */
static inline airi_link *airi_mail_above(airi_link *newest, airi_link *end)
{
    airi_link *list = NULL;

    while (newest != end) {
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
    uint64_t seen = airi_load(&mail->word, AIRI_RELAXED);

    AIRI_ASSERT(airi_mail_link(seen) != AIRI_MAIL_IDLE);
    AIRI_ASSERT(airi_mail_link(seen) != AIRI_MAIL_CLOSED);
    if (airi_mail_link(seen) == 0)
        return NULL;
    /* Acquire: partner is the release of every push since the last take. Release: the begins before it, for a sender
     * that announces itself later. */
    while (!airi_cas_weak(&mail->word, &seen, airi_mail_with(seen, NULL), AIRI_MAIL_TAKE, AIRI_RELAXED)) {
    }
    return airi_mail_above(airi_mail_newest(seen), NULL);
}

/* The same without a locked instruction: what was had stays in the word, and only what lies above it is new. An owner that
 * looks in this way uses these four for that word, and no other:
 *
 *     airi_mail_more    is there anything new?
 *     airi_mail_had     takes it; the newest of it is `had` from then on, and must not be pushed or freed
 *     airi_mail_let_go  nothing is had any more: that link is free
 *     airi_mail_idle, airi_mail_close with what is had, which is free after them, too
 *
 * `had` is the link's bits in the word, 0: none. */
static inline airi_link *airi_mail_link_at(uint64_t had)
{
    return (airi_link *)(uintptr_t)(had << 4);
}

/* The word as of a moment ago, for several questions at once. Relaxed: as airi_mail_has_new. */
static inline uint64_t airi_mail_glance(airi_mail *mail)
{
    return airi_load(&mail->word, AIRI_RELAXED);
}
/* The same, and what it links may be looked at. Acquire: as in airi_mail_had. */
static inline uint64_t airi_mail_seen(airi_mail *mail)
{
    return airi_load(&mail->word, AIRI_MAIL_LOOK);
}
static inline bool airi_mail_more_by(uint64_t word, uint64_t had)
{
    return airi_mail_link(word) != had;
}
static inline bool airi_mail_more(airi_mail *mail, uint64_t had)
{
    return airi_mail_more_by(airi_mail_glance(mail), had);
}

static inline airi_link *airi_mail_had(airi_mail *mail, uint64_t *had)
{
    /* Acquire: partner is the release of every push since the last look, seen at once because all writes in between are
     * read-modify-writes. */
    uint64_t   newest = airi_mail_link(airi_load(&mail->word, AIRI_MAIL_LOOK));
    airi_link *list = airi_mail_above(airi_mail_link_at(newest), airi_mail_link_at(*had));

    AIRI_ASSERT(newest != AIRI_MAIL_IDLE && newest != AIRI_MAIL_CLOSED);
    *had = newest;
    return list;
}

/* Owner. What is above it stays: senders write nothing of a link but when they push it. */
static inline void airi_mail_let_go(airi_mail *mail, uint64_t *had)
{
    uint64_t   seen = airi_load(&mail->word, AIRI_MAIL_LOOK); /* acquire: links above are walked */
    airi_link *above;

    /* Release and acquire: as in take. */
    while (airi_mail_link(seen) == *had)
        if (airi_cas_weak(&mail->word, &seen, airi_mail_with(seen, NULL), AIRI_MAIL_TAKE, AIRI_MAIL_LOOK)) {
            *had = 0;
            return;
        }
    above = airi_mail_newest(seen);
    while (airi_link_next(above) != airi_mail_link_at(*had))
        above = airi_link_next(above);
    airi_link_set_next(above, NULL);
    *had = 0;
}

/* Owner, with nothing left to do: gives up the right to run. True: from here on the caller is not the owner, and may
 * only re-read the flags (next function). False: the word has changed, the caller is still the owner. */
static inline bool airi_mail_idle(airi_mail *mail, uint64_t had)
{
    uint64_t seen = airi_load(&mail->word, AIRI_RELAXED); /* relaxed: a guess that the compare-exchange checks */

    /* Release: hands the actor to whoever replaces IDLE; partners are the acquire in push and in claim. Acquire:
     * partner is the release in claim, see there. Failure relaxed: the take that follows acquires. */
    return airi_mail_link(seen) == had &&
           airi_cas(&mail->word, &seen, (seen & ~AIRI_MAIL_LINK) | AIRI_MAIL_IDLE, AIRI_MAIL_SLEEP, AIRI_RELAXED);
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
    uint64_t seen = airi_load(&mail->word, AIRI_RELAXED); /* relaxed: a guess that the compare-exchange checks */
    uint64_t want;

    do {
        /* A stale sight of CLOSED cannot be: who holds a ref to the tenant has seen its box opened. */
        if (airi_mail_link(seen) == AIRI_MAIL_CLOSED ||
            (!AIRI_MAIL_CLAIM_ALWAYS_WRITES && airi_mail_link(seen) != AIRI_MAIL_IDLE))
            return false;
        want = airi_mail_link(seen) == AIRI_MAIL_IDLE ? airi_mail_with(seen, NULL) : seen;
        /* Acquire: partner is the release in idle. Release: partner is the acquire in idle and in close. */
    } while (!airi_cas_weak(&mail->word, &seen, want, AIRI_MAIL_CLAIM, AIRI_RELAXED));
    return airi_mail_link(seen) == AIRI_MAIL_IDLE;
}

/* Owner (an idle box is claimed first): refuses from here on; what was in the box, oldest first, is the caller's. */
static inline airi_link *airi_mail_close(airi_mail *mail, uint64_t had)
{
    uint64_t seen = airi_load(&mail->word, AIRI_RELAXED); /* relaxed: a guess that the compare-exchange checks */

    AIRI_ASSERT(airi_mail_link(seen) != AIRI_MAIL_CLOSED);
    /* Acquire: partner is the release of every push. Release: partner is the acquire fetch by later readers of the
     * word only, and costs nothing beside it. */
    while (
        !airi_cas_weak(&mail->word, &seen, (seen & ~AIRI_MAIL_LINK) | AIRI_MAIL_CLOSED, AIRI_MAIL_END, AIRI_RELAXED)) {
    }
    return airi_mail_above(airi_mail_newest(seen), airi_mail_link_at(had));
}

/* A word at which nobody waits for room has its WANTED bit free to say: somebody has looked at the tenant, under the slot's
 * lock, and may go on with it until he lets go of that. The owner, who first writes down that it ends, need not take the
 * lock where nobody has looked:
 *
 *     who looks: lock; airi_mail_notice; living?      owner: ended; airi_mail_close_unnoticed, on false lock and unlock
 *
 * Both are read-modify-writes of one word. The notice first: the owner sees it, and waits for the lock. The close first: who
 * looks acquires it, and finds that the tenant has ended. */
static inline void airi_mail_notice(airi_mail *mail)
{
    (void)airi_fetch_or(&mail->word, AIRI_MAIL_WANTED, AIRI_MAIL_NOTICE);
}

/* Owner: as airi_mail_close with nothing had. False: somebody has looked, and it is still open. */
static inline bool airi_mail_close_unnoticed(airi_mail *mail, airi_link **out_links)
{
    uint64_t seen = airi_load(&mail->word, AIRI_RELAXED); /* relaxed: a guess that the compare-exchange checks */

    do {
        if ((seen & AIRI_MAIL_WANTED) != 0)
            return false;
        /* Acquire: as in close. Release: partner is the acquire in airi_mail_notice. */
    } while (
        !airi_cas_weak(&mail->word, &seen, (seen & ~AIRI_MAIL_LINK) | AIRI_MAIL_CLOSED, AIRI_MAIL_END, AIRI_RELAXED));
    *out_links = airi_mail_above(airi_mail_newest(seen), NULL);
    return true;
}

/* A plain store: nobody writes a closed box, but for notices of somebody whose tenant is over. */
static inline void airi_mail_open_as(airi_mail *mail, uint64_t link)
{
    uint64_t closed = airi_load(&mail->word, AIRI_RELAXED); /* relaxed: came with the slot */

    AIRI_ASSERT(airi_mail_link(closed) == AIRI_MAIL_CLOSED);
    /* Release: partner is the acquire in push and in claim. A sender with a ref to an earlier tenant may push here, and
     * what it then does with the slot comes after the slot was set up. */
    airi_store(&mail->word, (closed & ~(AIRI_MAIL_LINK | AIRI_MAIL_WANTED)) | link, AIRI_MAIL_OPEN);
}

/* The spawner, for a new tenant: it is the owner, and schedules it. */
static inline void airi_mail_open(airi_mail *mail)
{
    airi_mail_open_as(mail, 0);
}

/* The same for a tenant that nobody can have asked for anything yet: nobody owns it from here on. The first message, or
 * request, schedules it. */
static inline void airi_mail_open_idle(airi_mail *mail)
{
    airi_mail_open_as(mail, AIRI_MAIL_IDLE);
}

#endif
