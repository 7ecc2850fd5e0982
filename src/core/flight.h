/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The flight recorder: what the workers did last, in a file that is there after a SIGKILL. One probe an event. A worker
 * writes its own ring without a locked instruction; other threads share one under a lock. Without the option a message
 * pays nothing where nobody hears of it (airi_audience), and elsewhere one branch and one store.
 * Invariant: worker->flight_outcome points to the outcome of the handler in work, or to a byte that nobody reads. */
#ifndef AIRI_CORE_FLIGHT_H
#define AIRI_CORE_FLIGHT_H

#include "base/compiler.h"
#include "base/flight_format.h"
#include "core/children.h"

enum {
    AIRI_FLIGHT_CACHE = 64,
    AIRI_FLIGHT_KEYS = 2048
};

/* The names of a behaviour and a kind. */
typedef struct airi_flight_pair {
    _Alignas(32) const airt_behavior *behavior;
    const airt_kind *kind;
    uint64_t         names; /* where they stand in a seal */
} airi_flight_pair;

typedef struct airi_flight_ring {              /* its worker only; the outside one: under flight->lock */
    airi_flight_event     *next, *first, *end; /* next is end: a lap is over */
    uint64_t               laps;               /* begun */
    airi_flight_ring_head *head;
    airi_flight_pair       last; /* the newest message's */
    airi_flight_pair       cache[AIRI_FLIGHT_CACHE];
} airi_flight_ring;

typedef struct airi_flight {
    /* fixed after create */
    airi_file          *file;
    airi_flight_header *header;
    airi_flight_ring    outside;
    /* of the names, and the outside ring; taken under any lock but the heap's */
    airi_mutex lock;
    struct {
        const void *key; /* a descriptor's address; a place is taken over by the next that falls on it */
        uint16_t    name;
    } keys[AIRI_FLIGHT_KEYS];
} airi_flight;

typedef struct airi_flight_fact { /* what happened, but for messages */
    enum airi_flight_type type;
    airt_ref              who;
    const airt_behavior  *behavior; /* NULL: none */
    airt_ref              other;
    unsigned              detail;
} airi_flight_fact;

/* Makes the file, when the options name one. Fails: EEXIST, EINVAL, ENOMEM, ESYSTEM. */
airt_status airi_flight_create(airt_system *system);
void        airi_flight_running(airt_system *system);
/* No worker runs any more. A system that was running has stopped cleanly. */
void airi_flight_destroy(airt_system *system);
/* Before a worker's thread starts, again too. Without room on the disk one beyond the first has no ring. Fails: ENOMEM. */
airt_status airi_flight_attach(airi_worker *worker);

/* Out of line, where there is a recorder. */
void airi_flight_other(airt_ctx *ctx, enum airi_flight_type type, const airt_behavior *behavior, const airt_kind *kind);
void airi_flight_write(airt_system *system, const airi_flight_fact *fact);
void airi_flight_begin_lap(airi_flight_ring *ring);
/* The place of a pair in the worker's own cache, which it takes over. */
const airi_flight_pair *airi_flight_learn(airi_flight *flight, airi_flight_ring *ring, const airt_behavior *behavior,
                                          const airt_kind *kind);

/* --- events ------------------------------------------------------------------------------------------------------- */

/* Descriptors are aligned to 8; kinds of one file lie 64 bytes apart. */
static inline airi_flight_pair *airi_flight_pair_at(airi_flight_ring *ring, const airt_behavior *behavior,
                                                    const airt_kind *kind)
{
    size_t at = ((uintptr_t)behavior ^ (uintptr_t)kind >> 3) / 8 * sizeof *ring->cache & (sizeof ring->cache - 1);

    return (airi_flight_pair *)(void *)((char *)ring->cache + at);
}

static inline bool airi_flight_pair_is(const airi_flight_pair *pair, const airt_behavior *behavior,
                                       const airt_kind *kind)
{
    return __builtin_expect(pair->kind == kind, 1) && __builtin_expect(pair->behavior == behavior, 1);
}

static inline uint64_t airi_flight_names(airi_flight *flight, airi_flight_ring *ring, const airt_behavior *behavior,
                                         const airt_kind *kind)
{
    const airi_flight_pair *pair = airi_flight_pair_at(ring, behavior, kind);

    if (!airi_flight_pair_is(pair, behavior, kind))
        pair = airi_flight_learn(flight, ring, behavior, kind);
    return pair->names;
}

/* The same for messages, of which one is most often like the one before. */
static inline uint64_t airi_flight_names_again(airi_flight *flight, airi_flight_ring *ring,
                                               const airt_behavior *behavior, const airt_kind *kind)
{
    if (!airi_flight_pair_is(&ring->last, behavior, kind))
        ring->last = (airi_flight_pair){ behavior, kind, airi_flight_names(flight, ring, behavior, kind) };
    return ring->last.names;
}

/* The place of the next event: nobody trusts it until it is sealed. A kill comes between two instructions, and finds the
 * stores in their order. */
static inline airi_flight_event *airi_flight_take(airi_flight_ring *ring)
{
    airi_flight_event *event;

    if (__builtin_expect(ring->next == ring->end, 0))
        airi_flight_begin_lap(ring);
    event = ring->next;
    ring->next = event + 1;
    __builtin_prefetch(event + 4, 1); /* past the end too: nothing is read */
    airi_fence_light();               /* the seal of the event before stays before this one's first store */
    return event;
}

static inline void airi_flight_seal(const airi_flight_ring *ring, airi_flight_event *event, uint64_t names,
                                    uint32_t rest)
{
    /* Release: the rest of it first; partner: the reader of the file. */
    airi_store(&event->seal, ring->laps << (64 - AIRI_FLIGHT_LAP_BITS) | names | rest, AIRI_RELEASE);
}

static AIRI_ALWAYS_INLINE void airi_flight_handler(airt_ctx *ctx, enum airi_flight_type type, uint64_t names,
                                                   airt_ref supervisor)
{
    airi_worker       *worker = ctx->worker;
    airi_flight_ring  *ring = worker->flight;
    airi_flight_event *event = airi_flight_take(ring);

    event->ns = worker->now_ns;
    event->who = ctx->self.bits;
    event->other = supervisor.bits;
    worker->flight_outcome = &event->outcome;
    airi_flight_seal(ring, event, names, AIRI_FLIGHT_IN_WORK | (uint32_t)type << 8);
}

/* --- the probes --------------------------------------------------------------------------------------------------- */

/* A turn begins. */
static inline void airi_flight_turn(airt_ctx *ctx)
{
    if (ctx->system->flight != NULL) /* it may go on by a worker with a ring, if not begin by one */
        ctx->supervisor = airi_supervisor_of(ctx->system, ctx->actor);
}

/* Just before a handler is called in a turn: beside airi_call_handler, whose arguments need not be saved for it there. */
static AIRI_ALWAYS_INLINE void airi_flight_message(airt_ctx *ctx, const airt_behavior *behavior, const airt_kind *kind)
{
    airi_flight_ring *ring = ctx->worker->flight;

    if (__builtin_expect(ring != NULL, 0))
        airi_flight_handler(ctx, AIRI_FLIGHT_MESSAGE,
                            airi_flight_names_again(ctx->system->flight, ring, behavior, kind), ctx->supervisor);
}

/* A start or a hook. */
static inline void airi_flight_hook(airt_ctx *ctx, const airt_behavior *behavior, const airt_kind *kind)
{
    if (__builtin_expect(ctx->worker->flight != NULL, 0))
        airi_flight_other(ctx, AIRI_FLIGHT_MESSAGE, behavior, kind);
}

/* It has returned. */
static inline void airi_flight_done(airi_worker *worker, airt_status status)
{
    *worker->flight_outcome = (uint8_t)status;
}

/* It waits, and its worker goes on without it. */
static inline void airi_flight_await(airi_worker *worker)
{
    *worker->flight_outcome = AIRI_FLIGHT_AWAITS;
}

/* It goes on, by ctx->worker. */
static inline void airi_flight_resume(airt_ctx *ctx)
{
    if (__builtin_expect(ctx->worker->flight != NULL, 0))
        /* Relaxed: written by its own handler's worker. */
        airi_flight_other(ctx, AIRI_FLIGHT_RESUME, ctx->actor->behavior, airi_load(&ctx->kind, AIRI_RELAXED));
}

/* Any thread; on a worker, between two of its own events. */
static inline void airi_flight_note(airt_system *system, airi_flight_fact fact)
{
    if (__builtin_expect(system->flight != NULL, 0))
        airi_flight_write(system, &fact);
}

/* The watch: this was the time, whatever the handlers do. */
static inline void airi_flight_seen(airt_system *system, int64_t now_ns)
{
    if (system->flight != NULL)
        /* Relaxed: a reading, for whoever opens the file. */
        airi_store(&system->flight->header->seen_ns, now_ns, AIRI_RELAXED);
}

#endif
