/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A slot of the actor table, and what belongs to the actor that lives in it. Slots are never unmapped while the system
 * lives, so a stale ref may always look at one. A slot is run by one owner at a time: the worker that took it from a
 * run queue, or the killer that abandoned its running handler. */
#ifndef AIRI_CORE_ACTOR_H
#define AIRI_CORE_ACTOR_H

#include "base/mutex.h"
#include "core/kind.h"
#include "core/msg.h"
#include "core/wheel.h"
#include "port/port.h"

#include <airt/actor.h>

typedef struct airi_actor  airi_actor;
typedef struct airi_extra  airi_extra;
typedef struct airi_worker airi_worker;

enum {
    AIRI_LANES = 4,
    AIRI_INDEX_BITS = 28
};
#define AIRI_INDEX_MASK ((1u << AIRI_INDEX_BITS) - 1)
#define AIRI_GENERATION_LAST ((1ull << 36) - 1)

/* Requests to an actor by others: set with seq_cst, then the actor is poked; read by its owner. */
enum {
    AIRI_ASKED_STOP = 1 << 0,
    AIRI_ASKED_KILL = 1 << 1,
    AIRI_ASKED_DRAIN = 1 << 2,
    AIRI_ASKED_LINKED = 1 << 3, /* a linked actor failed and exits are not trapped: a stop with that reason */
    AIRI_REASON_TAKEN = 1 << 4, /* somebody is writing, or has written, the reason */
    AIRI_WAIT_OVER = 1 << 5,    /* the timer of the present await has fired */
    AIRI_ROOM_OVER = 1 << 6,    /* the wait for room is decided */
    AIRI_LANE_NEWS = 1 << 7,    /* a sender put something into the lanes of a drop-old box, or gave up waiting */
    AIRI_SLOW = 1 << 8,         /* the owner's: its handlers are timed one by one */
    AIRI_ASKS_FAIL = 1 << 9,    /* down between two incarnations, and asks do not wait for the next */
    AIRI_NOT_TRAPPED = 1 << 10, /* never set: with ASKED_STOP, a request that is not trapped */
    AIRI_OVER_BUDGET = 1 << 11, /* the owner's: it wanted more memory than it may have; see budget.h */
    AIRI_QUARANTINE = 1 << 12,  /* some messages are not to be begun: see quarantine.h; set and cleared under lock */
    AIRI_DOWN = 1 << 13,  /* supervised, and between two incarnations: asks to end find nothing to do; under lock */
    AIRI_RULES = 1 << 14, /* fixed while a tenant lives: its box is none of the plain ones, or has a time-to-live */
    AIRI_ENDING = AIRI_ASKED_STOP | AIRI_ASKED_KILL | AIRI_ASKED_LINKED,
    AIRI_CLOSED_TO_SENDERS = AIRI_ENDING | AIRI_ASKED_DRAIN,
    /* With none of these the owner's next step is the short one. */
    AIRI_STEP_FLAGS =
        AIRI_CLOSED_TO_SENDERS | AIRI_OVER_BUDGET | AIRI_LANE_NEWS | AIRI_QUARANTINE | AIRI_SLOW | AIRI_RULES,
};

enum {                      /* how a mailbox differs from the plain bounded one */
    AIRI_BOX_WAIT = 1 << 0, /* senders may wait: begin tells them */
    AIRI_BOX_DROP_NEW = 1 << 1,
    AIRI_BOX_DROP_OLD = 1 << 2, /* lanes are under the actor's lock */
    AIRI_BOX_BYTES = 1 << 3,
    AIRI_BOX_UNBOUNDED = 1 << 4,
    AIRI_BOX_PLAIN = AIRI_BOX_WAIT | AIRI_BOX_UNBOUNDED, /* lanes and begins need no lock */
};

enum {
    AIRI_SLOT_ACTOR,
    AIRI_SLOT_PLACED /* blocking or dedicated */,
    AIRI_SLOT_CALLER /* an outside thread's ask */,
    AIRI_SLOT_BUDGETED = 1 << 5 /* beside one of these: it has a memory_max, in its extra */
};

struct airi_actor {
    /* shared, atomic: senders, pokers */
    airi_mail             mail;
    airi_mail             urgent;
    airi_room             room; /* with mail: the bound */
    AIRI_ATOMIC(uint64_t) generation;
    AIRI_ATOMIC(uint32_t) flags;
    AIRI_ATOMIC(uint32_t) incarnation;
    airi_mutex            lock; /* of the tenant's extra, its special box, its owned things; order in ARCHITECTURE.md */
    uint32_t              index; /* fixed */
    /* fixed while a tenant lives; a sender with a stale ref may read a later tenant's, harmlessly: relaxed */
    AIRI_ATOMIC(uint32_t) mailbox_max; /* UINT32_MAX: unbounded */
    AIRI_ATOMIC(uint32_t) ttl_ms;
    AIRI_ATOMIC(uint8_t)  box;       /* AIRI_BOX_ */
    AIRI_ATOMIC(uint8_t)  slot_kind; /* AIRI_SLOT_, and of a placed one where it was born to run: see airi_placed */
    uint16_t              turn_max;
    int32_t               asked_code; /* with asked_exit below */
    /* running owner only */
    const airt_behavior      *behavior;
    void                     *self;             /* the state, of this incarnation */
    airt_msg                 *lane[AIRI_LANES]; /* the newest of each rank; its link.next is the oldest (a ring) */
    uint64_t                  had;              /* the newest message that was taken, as it stays in the mail word */
    AIRI_ATOMIC(airi_extra *) extra; /* what most actors do not have; set once, under lock; freed at the final stop */
    uint32_t              run_next;  /* index of the next in the injection queue, or of the next free caller; 0: none */
    AIRI_ATOMIC(uint32_t) child; /* index in system->children while it is supervised; written under relations_lock */
    /* owner writes, others read: relaxed */
    AIRI_ATOMIC(uint8_t) state;
    uint8_t              lane_mask;
    uint8_t              lane_skips : 7; /* picks in a row that passed over a waiting lower lane; owner only, always */
    bool                 suspended : 1;  /* its handler awaits: the activation is `active` */
    bool                 trap_exit;      /* under relations_lock */
    /* why it was asked to end; under lock until its flag is set. Before that: why it was when it trapped it */
    uint8_t                 asked_exit, asked_status;
    uint16_t                waits_serial; /* owner: awaits do not look alike */
    uint64_t                asked_origin;
    AIRI_ATOMIC(uint64_t)   handled;
    AIRI_ATOMIC(int64_t)    started_ns;
    AIRI_ATOMIC(int64_t)    last_message_ns;
    AIRI_ATOMIC(airt_ctx *) active; /* the activation whose handler may be running; see airi_abandon */
    AIRI_ATOMIC(uint64_t)   waits;  /* the await that holds the actor up: see deadlock.c; 0: none */
};
_Static_assert(sizeof(struct airi_actor) == 192, "three cache lines a slot, and 64-aligned: see locality.h");

typedef struct airi_timer_head { /* what the wheel holds: the end of an await, or a message timer */
    airi_wheel_timer wheel;
    uint32_t         index;       /* of the message timer's record; 0: part of an airi_await */
    uint32_t         charge : 31; /* the message timer's, against its owner's budget */
    uint32_t         missed : 1;  /* its message was out when it fired */
} airi_timer_head;

/* A link, a watch or a child tie between two actors: one record on both ends' lists, with its notices paid for. */
typedef enum airi_tie {
    AIRI_TIE_MONITOR,
    AIRI_TIE_LINK,
    AIRI_TIE_CHILD
} airi_tie;
typedef struct airi_relation airi_relation;
struct airi_relation {        /* guarded by the system's relations lock */
    airi_list link_a, link_b; /* on a's and b's lists */
    airt_ref  a, b;           /* monitor: a watches b; child: a is the parent; link: either */
    airt_msg *notice_a, *notice_b;
    airi_tie  tie;
};

/* A supervised actor, beside its slot: what only its supervisor needs. In system->children; under relations_lock. */
typedef struct airi_child {
    airi_list             siblings; /* on its supervisor's brood */
    airi_list             news;     /* the same, while there is something to tell */
    airt_ref              who;
    AIRI_ATOMIC(uint64_t) supervisor; /* a ref's bits; written at birth; its owner glances at it without the lock */
    uint64_t              tag;
    uint8_t               told; /* AIRI_TELL_: what is to be told */
    bool                  down; /* it has ended and waits for a decision; its reason is in the slot's asked_ fields */
    bool                  resting;        /* down, and laid to rest: boxes closed, monitors told */
    bool                  started;        /* the present incarnation's start succeeded */
    bool                  restart_wanted; /* its airt_failed answered so */
    bool                  asks_fail;
    bool over; /* its incarnation has ended, and the slot has the next one's number; down a little later */
    bool busy; /* being laid to rest by its supervisor's handler, which finishes it if the supervisor ends meanwhile */
    const airt_kind *kind; /* what it had in work when it failed; NULL: nothing, or a start */
    uint64_t         trace;
} airi_child;
_Static_assert(sizeof(airi_child) == 80, "all that supervision adds to an actor, beside its supervisor's own record");
enum {
    AIRI_TELL_STARTED = 1 << 0,
    AIRI_TELL_ENDED = 1 << 1
};

/* What a supervisor has beside its extra. Under relations_lock; made at its first supervised child. */
typedef struct airi_brood {
    airi_list children; /* airi_child.siblings, in order of spawn */
    airi_list news;     /* airi_child.news */
    airt_msg *notice;   /* airt_child_news; NULL: out to be handled */
    uint32_t  since;    /* the first incarnation that has this notice; one sent before belongs to nobody any more */
    bool      more;     /* something happened while it was out */
} airi_brood;

struct airi_caller;
typedef struct airi_waiter { /* a sender that waits for room; on its stack; under actor->lock */
    airi_list             link;
    airt_msg             *msg; /* NULL once accepted */
    airt_ref              to;
    airt_ref              sender_slot; /* actor or caller slot to poke */
    AIRI_ATOMIC(uint32_t) status;      /* AIRT_EPENDING until decided */
    int64_t               due_ns;      /* when it gives up */
    uint64_t              call;        /* its edge in the wait graph */
} airi_waiter;

typedef struct airi_owned { /* header of what an incarnation owns */
    airi_list          link;
    uint32_t           bytes;  /* whole allocation */
    uint8_t            what;   /* AIRI_OWNED_ */
    uint64_t           charge; /* against its actor's budget while it is on the list; 0: there is none */
    airt_system       *system;
    struct airi_actor *guard; /* whose lock guards the list it is on; NULL: on none */
} airi_owned;
enum {
    AIRI_OWNED_MEMORY,
    AIRI_OWNED_MESSAGE,
    AIRI_OWNED_BLOB
};
typedef struct airi_hold airi_hold; /* a blob reference: memory.c */

typedef struct airi_keeper { /* keeps a message out of its handler */
    airi_owned owned;
    airt_msg  *msg;
    bool       built; /* while it is being sent: whether it was built, or kept and so in the account */
} airi_keeper;

enum {
    AIRI_STOP_NOTICES = 2
};
struct airi_extra {                         /* under actor->lock unless it says otherwise */
    airi_list               waiters;        /* airi_waiter, first come first served */
    airi_list               owned;          /* airi_owned */
    uint32_t                timers;         /* the newest of the list, see airi_timer; timer_lock */
    airi_list               ties_a, ties_b; /* relations lock: as `a`, as `b` */
    const airt_behavior    *born;           /* after a become: what it was spawned with */
    airi_worker            *dedicated;      /* fixed: the worker of a dedicated actor */
    airt_msg               *stash;          /* ring like a lane */
    uint32_t                stash_count, stash_max;
    uint32_t                wait_ms;
    uint32_t                begun_wanted; /* the owner's: begins while senders wait; see airi_is_share_begun */
    uint32_t                bytes_max;
    int64_t                 bytes_used;
    uint64_t                memory_max;  /* fixed; 0: no budget */
    AIRI_ATOMIC(uint64_t)   memory_used; /* see budget.h */
    uint64_t                stash_charge;
    airt_msg               *start;   /* construction arguments, delivered at every start */
    airt_msg               *starter; /* reserved airt_started answer for who waits for the start */
    uint64_t                starter_call;
    airt_ref                starter_ref;
    const char             *name; /* the registry's copy; names_lock */
    uint32_t                restarts;
    struct airi_quarantine *quarantine; /* lock */
    airi_brood             *brood;      /* set once, under relations_lock; freed at the final stop */
    /* airt_stop_asked for a stop, and for a drain, reserved while they are trapped; NULL: not trapped, or sent */
    airt_msg *stop_notice[AIRI_STOP_NOTICES];
    bool      trap_stop;
    uint8_t   stop_trapped; /* what was: AIRI_ASKED_STOP, _DRAIN; its reason is in the slot's asked_ fields */
    bool      orphaned;     /* its handler was abandoned: the state, and the thread of a dedicated one, are out */
    bool      start_out;    /* so are the construction arguments; they come back when the handler returns */
};

/* What kind of box, and of slot; relaxed: see the fields. */
static inline unsigned airi_box(airi_actor *actor)
{
    return airi_load(&actor->box, AIRI_RELAXED);
}
/* The activation of a handler that awaits; NULL: none does. Owner, or who has just claimed the actor. */
static inline airt_ctx *airi_suspended(airi_actor *actor)
{
    return actor->suspended ? airi_load(&actor->active, AIRI_RELAXED) : NULL; /* relaxed: the owner's own */
}
static inline unsigned airi_slot_kind(airi_actor *actor)
{
    return airi_load(&actor->slot_kind, AIRI_RELAXED) & 3u;
}
/* A state it becomes changes its handlers, not its threads. */
static inline uint8_t airi_placed(const airt_behavior *behavior)
{
    return behavior->placement == AIRT_POOLED && !behavior->pinned
               ? AIRI_SLOT_ACTOR
               : (uint8_t)(AIRI_SLOT_PLACED | (unsigned)behavior->placement << 2 | (behavior->pinned ? 1u << 4 : 0u));
}
static inline airt_placement airi_placement(airi_actor *actor)
{
    return (airt_placement)(airi_load(&actor->slot_kind, AIRI_RELAXED) >> 2 & 3); /* relaxed: as above */
}
static inline bool airi_pinned(airi_actor *actor)
{
    return (airi_load(&actor->slot_kind, AIRI_RELAXED) >> 4 & 1) != 0; /* relaxed: as above */
}
/* The extra, or NULL. Acquire: pairs with the release in airi_extra_at, where it is made. */
static inline airi_extra *airi_extra_seen(airi_actor *actor)
{
    return airi_load(&actor->extra, AIRI_ACQUIRE);
}
static inline uint32_t airi_box_used(airi_actor *actor)
{
    return airi_box(actor) & AIRI_BOX_UNBOUNDED ? airi_room_used_unbounded(&actor->mail, &actor->room)
                                                : airi_room_used(&actor->mail, &actor->room);
}
/* The bound; relaxed: see the field. */
static inline uint32_t airi_box_max(airi_actor *actor)
{
    return airi_load(&actor->mailbox_max, AIRI_RELAXED);
}
/* Whether a waiting sender is decided. Acquire: pairs with the release of who decides, in box.c. */
static inline airt_status airi_waiter_status(airi_waiter *waiter)
{
    return (airt_status)airi_load(&waiter->status, AIRI_ACQUIRE);
}
static inline uint64_t airi_ref_bits(uint32_t index, uint64_t generation)
{
    return (generation << AIRI_INDEX_BITS) | index;
}
static inline uint32_t airi_ref_index(airt_ref ref)
{
    return (uint32_t)(ref.bits & AIRI_INDEX_MASK);
}
static inline uint64_t airi_ref_generation(airt_ref ref)
{
    return ref.bits >> AIRI_INDEX_BITS;
}
/* Whether a slot's tenant is, or was last, the one that a ref means. A slot that was never let has generation 0, and so
 * has no ref. Seq_cst: under the actor's lock, where a tenant's end is decided. */
static inline bool airi_tenant_is(airi_actor *actor, airt_ref who)
{
    uint64_t generation = airi_ref_generation(who);

    return generation != 0 && airi_load(&actor->generation, AIRI_SEQ_CST) == generation;
}
static inline airt_ref airi_actor_ref(airi_actor *actor)
{
    /* Relaxed: the owner reads what the tenant's opening wrote. */
    return (airt_ref){ airi_ref_bits(actor->index, airi_load(&actor->generation, AIRI_RELAXED)) };
}

/* The oldest of a ring, or NULL. Who takes one takes the next soon, most often. */
static inline airt_msg *airi_ring_pop(airt_msg **newest)
{
    airt_msg  *last = *newest;
    airt_msg  *oldest;
    airi_link *next;

    if (last == NULL)
        return NULL;
    oldest = (airt_msg *)(void *)last->link.next;
    next = oldest->link.next;
    if (oldest == last)
        *newest = NULL;
    last->link.next = next;
    __builtin_prefetch(next);
    return oldest;
}

/* lanes.c: owner only (drop-old boxes: under extra->lock) */
void      airi_lane_append(airi_actor *actor, airt_msg *msg);
void      airi_lane_sort_in(airi_actor *actor, airi_link *oldest_first);
airt_msg *airi_lane_pop_any(airi_actor *actor);
/* One with normal priority. */
static inline void airi_lane_append_normal(airi_actor *actor, airt_msg *msg)
{
    unsigned  rank = airi_priority_rank(AIRT_NORMAL);
    airt_msg *last = actor->lane[rank];

    msg->link.next = last != NULL ? last->link.next : &msg->link;
    if (last != NULL)
        last->link.next = &msg->link;
    actor->lane[rank] = msg;
    actor->lane_mask = (uint8_t)(actor->lane_mask | 1u << rank);
}
/* As pop_any, quickly where one lane is in use, as most often. */
static inline airt_msg *airi_lane_pop(airi_actor *actor)
{
    unsigned  mask = actor->lane_mask;
    unsigned  rank = airi_priority_rank(AIRT_NORMAL);
    airt_msg *last, *oldest;

    if (__builtin_expect(mask != 1u << rank, 0))
        return airi_lane_pop_any(actor);
    last = actor->lane[rank];
    oldest = (airt_msg *)(void *)last->link.next;
    if (oldest == last) {
        actor->lane[rank] = NULL;
        actor->lane_mask = 0;
    } else {
        last->link.next = oldest->link.next;
        __builtin_prefetch(oldest->link.next);
    }
    return oldest;
}
/* The oldest that takes room, of the lowest rank that has one, up to `highest`. */
airt_msg *airi_lane_evict(airi_actor *actor, unsigned highest);
/* All of it, a ring for each rank. */
void airi_lanes_take(airi_actor *actor, airt_msg *out_lane[AIRI_LANES]);
void airi_ring_append(airt_msg **newest, airt_msg *msg);
/* Every message of a ring, in order, before the queued mail of its rank. */
void      airi_lane_put_back(airi_actor *actor, airt_msg **ring);
airt_msg *airi_lane_extract(airi_actor *actor, const airt_kind *const kinds[]);

#endif
