/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The flight recorder: what the workers did last, in a file that is there after a SIGKILL. One probe an event. A worker
 * writes its own ring without a locked instruction; other threads share one under a lock. Without the option a message
 * pays one branch that is always taken the same way, and one store.
 * Invariant: worker->flight_outcome points to the outcome of the handler in work, or to a byte that nobody reads. */
#ifndef AIRI_CORE_FLIGHT_H
#define AIRI_CORE_FLIGHT_H

#include "base/flight_format.h"
#include "core/system.h"

enum {
    AIRI_FLIGHT_CACHE = 64,
    AIRI_FLIGHT_KEYS = 2048
};

/* The names of a behaviour and a kind, as they stand in an event: the kind's above the behaviour's. */
typedef struct airi_flight_pair {
    _Alignas(32) const airt_behavior *behavior;
    const airt_kind *kind;
    uint32_t         names;
} airi_flight_pair;

typedef struct airi_flight_ring { /* its worker only; the outside one: under flight->lock */
    airi_flight_event     *next, *first, *end;
    uint64_t               sequence; /* of the newest event */
    airi_flight_ring_head *head;
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
void airi_flight_dispatch(airt_ctx *ctx, const airt_behavior *behavior, const airt_kind *kind);
void airi_flight_again(airt_ctx *ctx);
void airi_flight_write(airt_system *system, const airi_flight_fact *fact);

/* Just before a handler is called: beside airi_call_handler, whose arguments need not be saved for it there. */
static inline void airi_flight_message(airt_ctx *ctx, const airt_behavior *behavior, const airt_kind *kind)
{
    if (__builtin_expect(ctx->worker->flight != NULL, 0))
        airi_flight_dispatch(ctx, behavior, kind);
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
        airi_flight_again(ctx);
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
