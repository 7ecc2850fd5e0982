/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a system, a worker and an activation are made of. Who may touch which field stands above it; the functions are
 * in the files named at the end of each block. */
#ifndef AIRI_CORE_SYSTEM_H
#define AIRI_CORE_SYSTEM_H

#include "base/idtab.h"
#include "base/mutex.h"
#include "core/actor.h"
#include "core/claim.h"
#include "core/locality.h"
#include "core/names.h"
#include "core/runq.h"
#include "core/slots.h"
#include "core/spin.h"
#include "core/wheel.h"
#include "core/worth.h"
#include "port/port.h"
#include "port/thread.h"
#include "port/signals.h"
#include "port/stack.h"

#include <airt/behavior.h>
#include <airt/system.h>

#define AIRI_TAG_CTX 0x61637478u    /* "actx" */
#define AIRI_TAG_SYSTEM 0x61737973u /* "asys" */

/* The account: each counter is written where its event happens, by one worker (or, for the outside one, atomically).
 * What most messages do is counted three times, accepted, begun, handled; the gauges `queued` and `in_work` hold what
 * differs from that, and may be negative: queued are accepted - begun + queued, in work begun - handled + in_work. */
/* clang-format off */
#define AIRI_STATS_TABLE(X) /* what airt_system_stats tells */                                                         \
    X(accepted) X(handled) X(turns) X(in_work) X(queued) X(refused) X(late_replies) X(spawned) X(stopped) X(failed)    \
    X(restarts) X(steals) X(parks) X(wakes) X(awaits) X(switches) X(timers_armed) X(timers_fired)
/* clang-format on */
#define AIRI_ACCOUNT_TABLE(X) X(begun) AIRI_STATS_TABLE(X)
typedef struct airi_account {
#define AIRI_ACCOUNT_FIELD(name) AIRI_ATOMIC(int64_t) name;
    AIRI_ACCOUNT_TABLE(AIRI_ACCOUNT_FIELD)
#undef AIRI_ACCOUNT_FIELD
    AIRI_ATOMIC(int64_t) dead[AIRT_LETTER_COUNT];
} airi_account;

typedef struct airi_injection { /* actors made runnable from outside, overflow of rings; intrusive */
    airi_mutex            lock;
    airi_actor           *first, *last;
    AIRI_ATOMIC(uint32_t) count;
} airi_injection;

typedef enum airi_class {
    AIRI_CLASS_POOLED,
    AIRI_CLASS_SPARE,
    AIRI_CLASS_BLOCKING,
    AIRI_CLASS_DEDICATED
} airi_class;

enum {
    AIRI_LOCKS_MAX = 8
};
typedef struct airi_lock_note { /* a lock that a handler holds, if somebody tells of it: locks.c */
    const void *lock;
    const char *what;
    const void *place;
} airi_lock_note;

/* Who is to know of every message: what its path must do beside handling it. Paths are compiled once for each. */
typedef enum airi_audience {
    AIRI_UNHEARD,
    AIRI_HEARD, /* a recorder, or the flight recorder */
    AIRI_LED    /* a world that drives its workers, hears events or refuses memory; or one that has no cheap fence */
} airi_audience;

/* How a message that is short in every way is told, by the size of its body: tell.c. */
typedef airt_status (*airi_way)(airt_ctx *ctx, airt_ref to, const airt_kind *kind, const void *body);
typedef struct airi_ways {
    airi_way of_8, of_16, of_any;
} airi_ways;

struct airi_worker {
    /* fixed after start */
    airt_system *system;
    uint32_t     index;
    airi_class class;
    bool          driven_mode; /* simulated world or foreign loop: yields to its driver after each turn */
    airi_audience audience;
    airi_ways     tell; /* its audience's */
    uintptr_t     thread_token;
    airi_thread  *thread;
    int64_t       turn_ns;
    airi_stack    native; /* the thread's, or the driver's while stepping */
    airi_driven   driven;
    /* its own thread only */
    airi_cache            cache;
    airi_slots            slots, timer_slots; /* of system->slots and system->timers */
    airi_stack           *stack;              /* runs the loop now: airi_worker_goes_on */
    airi_stack           *spare;              /* obtained before an await sends */
    airi_stack           *retired;            /* left for good by the last switch: to be given back */
    airi_actor           *committing;         /* an actor whose suspension becomes visible after the switch */
    bool                  committing_receive;
    bool                  was_keeper; /* kept the time until it was woken, and has found nothing yet */
    bool                  chosen;     /* woken as the searching one, and has found nothing yet */
    bool                  mid_turn;   /* driven: it yielded at a seam, not at the end of a turn */
    uint32_t              now_age;    /* turns since now_ns was read */
    uint32_t              next_streak, inject_age;
    int64_t               looked_at_turn; /* at more than its own queues, last */
    uint64_t              rng;
    int64_t               hungry_since_ns; /* has found nothing but a few that it leaves alone since then; 0: it has */
    AIRI_ATOMIC(uint32_t) pinned_away;     /* suspended activations that must come back to this thread */
    airi_injection        pinned;
    uint32_t              quick_looks; /* readings in a row that found handlers quick */
    int64_t timed_turn, turn_end_ns;   /* the last turn that the clock was read in, by number, and its end */
    /* its own thread only: the flight recorder's */
    struct airi_flight_ring *flight;         /* NULL: none */
    uint8_t                 *flight_outcome; /* never NULL */
    uint8_t                  flight_nothing;
    /* its own thread only: locks.c */
    uint32_t       locks;
    airi_lock_note lock[AIRI_LOCKS_MAX];
    /* stealable */
    airi_runq runq;
    /* What every message writes, in two cache lines: the second begins with the account. */
    _Alignas(64) airi_locality next; /* locality slot; stealable */
    int64_t           now_ns;        /* as last read; its own, like the next three */
    int64_t           clock_at;      /* how many messages are begun when the clock is read again, */
    int64_t           look_at_turn;  /* how many turns, when more than its own queues is looked at again */
    int32_t           clock_every;   /* messages from one reading of the clock to the next */
    AIRI_ATOMIC(bool) blocked;       /* inside a marked region */
    AIRI_ATOMIC(bool) reported;      /* the watch's: its handler does not return */
    _Alignas(64) airi_account account;
    /* watched by others */
    AIRI_ATOMIC(airt_ctx *) activation;  /* the stack's */
    AIRI_ATOMIC(uint64_t)   entered;     /* handlers that it entered but for a message: resumed, started... */
    AIRI_ATOMIC(bool)       stuck;       /* reported, and replaced: leaves the pool when its handler returns */
    AIRI_ATOMIC(bool)       gone;        /* its thread has ended */
    uint64_t                seen_serial; /* the watch's */
    int64_t                 seen_ns;
    airt_ref                seen_who;
    const char             *seen_behavior, *seen_message;
    uint32_t                seen_runaway_ms; /* what its behaviour says; 0: it may compute as long as it likes */
    airi_spin               spin;            /* its own */
    airi_worth              worth;           /* its own */
    int64_t                 weighs_until_ns; /* its own: when its turn to be weighed ends */
    int64_t                 idle_since_ns;   /* its own */
    /* parking: under system->idle_lock, but the word */
    AIRI_ATOMIC(uint32_t) word;
    airi_list             parked;
    bool                  is_parked;
    /* faults.c: its own thread's, signal handlers included */
    airi_stack           *reserve; /* prepared: where it goes on after a fault; NULL: nowhere */
    AIRI_ATOMIC(uint64_t) runaway; /* the watch's: the serial of the handler that it wants interrupted */
    airi_trap_thread      trap;
};

enum { /* of airt_ctx.foreign */
    AIRI_REGION_BLOCKING = 1,
    AIRI_REGION_LOCKED = 2,  /* no region: a lock is held that was taken outside of one */
    AIRI_REGION_FOREIGN = 4, /* one for each, above them */
    AIRI_REGION_DEPTH_MAX = 100
};

/* An activation: one stack's worth of handler. Lives in its stack's reserve; the public ctx is it. */
struct airt_ctx {
    uint32_t tag;
    bool     abandoned; /* the loop's: its handler has returned, and found the actor taken by a killer */
    /* glanced at by killers and the watch, whoever's it is by then: kept from one use of its stack to the next */
    airi_claim                     claim; /* whose the actor is while the handler runs */
    AIRI_ATOMIC(const airt_kind *) kind;  /* of the message that is or was last in work, for reports; NULL: none yet */
    /* set up anew for every use: ctx_init */
    airt_system *system;
    airi_worker *worker; /* who runs it now; changes across an await */
    airi_actor  *actor;
    airt_ref     self;
    uint32_t     incarnation;
    airt_ref     supervisor; /* for the flight recorder, while it runs a turn */
    airi_stack  *stack;
    /* the message in work */
    airt_msg *msg;         /* NULL once kept, stashed or forwarded */
    int64_t   deadline_ns; /* of the request being served; 0: none */
    bool      in_hook;     /* post_stop: may not await */
    uint64_t  trace;
    /* held until the handler returns */
    airt_msg  *held;  /* answers that are not flat; ring */
    airi_hold *blobs; /* references of this handler */
    union {
        struct {
            uint32_t calls;   /* first of its calls; 0: none */
            uint16_t foreign; /* inside airt_blocking_begin, and how deep inside airt_foreign_begin: AIRI_REGION_ */
            bool     refused; /* airt_refuse was called for the message in work */
            bool     unused;
        };
        uint64_t left; /* the four at once */
    };
    void     *orphan_self; /* abandoned: the incarnation's memory, freed when the handler returns */
    uint32_t  orphan_bytes;
    airt_msg *orphan_start; /* killed in its start: the arguments that it reads */
    airi_list orphan_owned;
    /* the present await */
    struct airi_await  *await;
    uint32_t            room_call; /* its wait for room, as an edge of the wait graph */
    struct airi_keeper *keeper;    /* reserved before a receive */
    airt_failure        failure;
};
_Static_assert(sizeof(struct airt_ctx) <= AIRI_STACK_RESERVE, "an activation fits in its stack's reserve");

/* The activation whose handler this worker is in, or NULL. Any thread: a glance; its memory stays. */
static inline airt_ctx *airi_worker_in(airi_worker *worker)
{
    airt_ctx *ctx = airi_load(&worker->activation, AIRI_SEQ_CST);
    bool      in = ctx != NULL && airi_load(&ctx->claim.running, AIRI_SEQ_CST) != 0;

    return in && airi_load(&worker->activation, AIRI_SEQ_CST) == ctx ? ctx : NULL; /* else another's stack by now */
}

/* Larger for every handler, and while one goes on it grows only by what that receives: who sees a handler running (the
 * acquire above; partner is the release in airi_claim_enter) sees what was counted before it. */
static inline uint64_t airi_worker_serial(airi_worker *worker)
{
    return airi_load(&worker->entered, AIRI_SEQ_CST) + (uint64_t)airi_load(&worker->account.begun, AIRI_SEQ_CST);
}

typedef struct airi_call_record {              /* type-stable, in system->calls */
    _Alignas(16) AIRI_ATOMIC(uint64_t) number; /* grows at each release: an old answer no longer fits */
    AIRI_ATOMIC(uint64_t) edge;    /* number above the holder's slot index; holder 0: answered. See deadlock.c */
    AIRI_ATOMIC(uint32_t) asker;   /* slot index */
    AIRI_ATOMIC(uint32_t) sibling; /* next call of the same await; walkers read it */
    /* asker only */
    uint32_t    next; /* next call of the activation */
    bool        done;
    int64_t     due_ns;
    airt_status status;
    airt_msg   *answer;
} airi_call_record;

/* In system->timers; all of it under system->timer_lock. One cache line: when it fires, it has long left the cache. */
typedef struct airi_timer {
    _Alignas(16) airi_timer_head head;
    uint64_t  generation : 36; /* the handle's */
    uint64_t  owner : 28;      /* the slot of the actor on whose list it is */
    uint32_t  newer, older;    /* on that list, extra->timers; 0: none */
    int64_t   period_ns;       /* 0: one-shot */
    airt_msg *msg;             /* NULL: out to be handled */
} airi_timer;
_Static_assert(sizeof(airi_timer) == 64, "one cache line a timer");

struct airt_system {
    uint32_t            tag;
    airt_system_options options; /* completed with defaults; fixed */
    airt_world         *world;
    airi_quota          quota; /* memory_max; of the heap and the tables */
    airi_heap           heap;
    uint64_t    generation; /* a slot's first: systems differ in it, so that none takes another's ref for its own */
    airi_idtab  slots, calls, timers, children;
    airi_stacks stacks;
    const airt_recorder *recorder; /* NULL: the default */
    airt_recorder        heard;    /* what it points to, or zero: a load less on the way of a message */
    bool                 foreign;
    bool                 light; /* the world fences for all threads: claim.h and locality.h take the cheap way */
    airi_poll           *poll;

    airi_worker         **worker; /* workers_max pointers; filled in order; entries appear by release store */
    uint32_t              workers_max;
    AIRI_ATOMIC(uint32_t) worker_count;
    airi_mutex            replace_lock; /* a worker is replaced once; before workers_lock */
    airi_mutex            workers_lock; /* starting workers */
    airi_injection        inject;
    airi_injection        blocking; /* for AIRI_CLASS_BLOCKING */
    AIRI_ATOMIC(uint32_t) blocking_workers, dedicated_workers, spare_workers;

    airi_mutex            idle_lock; /* the two lists of parked workers, and what the watch needs to know of rests */
    airi_list             parked, parked_blocking;
    AIRI_ATOMIC(uint32_t) parked_count, searching;
    AIRI_ATOMIC(uint32_t) napping;           /* workers that are neither parked nor at work: worth.h */
    AIRI_ATOMIC(int64_t)  weighing_until_ns; /* a worker is being weighed, until then at most */
    int64_t               spin_ns;           /* fixed; the longest look before a sleep, 0: none */
    airi_spin             spin_outside;      /* of threads that wait for answers */
    airi_worker          *timekeeper;        /* under idle_lock: the parked worker that sleeps until the next timer */
    AIRI_ATOMIC(int64_t)  keeper_due;

    airi_mutex           timer_lock;
    airi_wheel           wheel;
    AIRI_ATOMIC(int64_t) timer_due;  /* earliest; AIRI_NEVER */
    AIRI_ATOMIC(int64_t) timer_rest; /* nobody who sleeps wakes for a timer earlier */

    airi_mutex names_lock;
    airi_names names;
    airi_mutex relations_lock;   /* order: relations, then one actor->lock, then timer_lock */
    int64_t    restarts_full_ns; /* restarts_per_s: when all of a second's restarts are free again; relations_lock */
    airi_mutex wait_lock;        /* the wait graph's walks */
    airi_mutex kill_lock;        /* one killer at a time asks a running handler for its actor; after actor->lock */

    AIRI_ATOMIC(uint32_t) actors; /* living */
    AIRI_ATOMIC(uint32_t) abandoned;
    AIRI_ATOMIC(bool)     stopping; /* no spawn any more */
    bool                  ended;    /* airt_system_end was called; with its reason under names_lock, a leaf */
    airt_reason           ended_reason;
    AIRI_ATOMIC(bool)     halt;      /* workers leave */
    AIRI_ATOMIC(uint32_t) idle_word; /* bumped when something ended: stop and quiesce wait on it */
    AIRI_ATOMIC(uint32_t) idle_waiters;

    struct airi_faults   *faults; /* fixed; NULL: faults are not contained */
    airi_thread          *watch;  /* the stuck-handler watch; NULL in driven worlds */
    airi_poll            *watch_poll;
    uint32_t              awake;         /* workers' threads that do not rest; under idle_lock, like the next three */
    bool                  watch_armed;   /* the watch will look */
    bool                  rests_shortly; /* as it did the last time that nobody was awake, */
    int64_t               rest_since_ns; /* since then */
    int64_t               trim_due;      /* trim.h: under idle_lock, or of the one thread that drives; AIRI_NEVER */
    AIRI_ATOMIC(bool)     watch_halt;
    AIRI_ATOMIC(uint32_t) reported; /* workers whose handlers were told to be stuck; the watch's */

    airi_mutex  callers_lock;
    airi_actor *caller_free;

    struct airi_flight *flight; /* NULL: none; fixed after create */

    airi_account outside; /* events on threads that are no workers; atomic adds */
};

/* The account of who is running: a worker's own counters, or the outside ones. */
static inline void airi_tally(AIRI_ATOMIC(int64_t) *own, AIRI_ATOMIC(int64_t) *outside, int64_t n)
{
    if (own != NULL)
        airi_count(own, n);
    else
        /* Relaxed: a statistic. */
        (void)airi_fetch_add(outside, n, AIRI_RELAXED);
}
#define AIRI_TALLY(system, worker, field, n)                                                                           \
    airi_tally((worker) != NULL ? &(worker)->account.field : NULL, &(system)->outside.field, (n))

/* Acquire: pairs with the release that made the newest entry of system->worker visible. */
static inline uint32_t airi_worker_total(airt_system *system)
{
    return airi_load(&system->worker_count, AIRI_ACQUIRE);
}
static inline airi_actor *airi_slot(airt_system *system, uint32_t index)
{
    return airi_idtab_find(&system->slots, index, sizeof(airi_actor));
}
static inline airi_child *airi_child_at(airt_system *system, uint32_t index)
{
    return airi_idtab_at(&system->children, index);
}
static inline airi_timer *airi_timer_at(airt_system *system, uint32_t index)
{
    return airi_idtab_find(&system->timers, index, sizeof(airi_timer));
}
static inline airi_call_record *airi_call_at(airt_system *system, uint32_t index)
{
    return airi_idtab_at(&system->calls, index);
}
static inline airi_source airi_source_of(airt_system *system, airi_worker *worker)
{
    return (airi_source){ system->world, &system->heap, worker != NULL ? &worker->cache : NULL };
}
static inline airi_slots *airi_slots_of(airi_worker *worker)
{
    return worker != NULL ? &worker->slots : NULL;
}
static inline airi_cache *airi_cache_of(airi_worker *worker)
{
    return worker != NULL ? &worker->cache : NULL;
}

/* The one thread-local of the library, reached through these functions only: never cached across an await. Its worker, and
 * why its newest call from outside of handlers failed. */
airi_worker  *airi_current_worker(void);
void          airi_set_current_worker(airi_worker *worker);
airt_failure *airi_failure_outside(void);

/* Whether a kill has taken the actor from its running handler: every call then fails. Relaxed: a glance; what must not
 * race with the killer looks again under actor->lock, under which the killer takes it. */
static inline bool airi_killed(airt_ctx *ctx)
{
    return __builtin_expect(airi_claim_taken(&ctx->claim), 0);
}

/* Who calls: resolved and checked once per public call. */
typedef struct airi_caller {
    airt_system *system;
    airi_worker *worker; /* NULL: an outside thread */
    airt_ctx    *ctx;    /* NULL: outside of a handler */
} airi_caller;
airi_caller airi_resolve(airt_from from, const char *verb);
airi_caller airi_resolve_ctx(airt_ctx *ctx, const char *verb);

#endif
