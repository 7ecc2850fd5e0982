/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A message: 48 bytes of header, the body at 48 (16-aligned), the views' bytes after it, and for a request, or what a timer
 * lends, a trailer at the end. Exactly one owner at a time: a box, a handler, a keeper, a timer, or a sender.
 * Called by every floor above; any thread, each message by its owner only. */
#ifndef AIRI_CORE_MSG_H
#define AIRI_CORE_MSG_H

#include "base/compiler.h"
#include "base/heap.h"
#include "core/mailbox.h"
#include "port/port.h"

#include <airt/message.h>

enum {
    AIRI_MSG_COUNTED = 1 << 0,   /* takes room in the box, until the owner begins it; means nothing after that */
    AIRI_MSG_ANSWER = 1 << 1,    /* is one; correlation names the call */
    AIRI_MSG_REQUEST = 1 << 2,   /* wants an answer: the trailer holds it, paid for by the asker */
    AIRI_MSG_BOUND = 1 << 3,     /* self-bound: correlation is the incarnation it was made for */
    AIRI_MSG_TIMER = 1 << 4,     /* lent by a periodic timer, goes back to it instead of being freed */
    AIRI_MSG_TRACED = 1 << 5,    /* told, with a trace id: correlation. A request has its own in the trailer */
    AIRI_MSG_FAILURE = 1 << 6,   /* an answer whose body is an airi_answer_failure */
    AIRI_MSG_KEPT = 1 << 7,      /* link.next is its airi_keeper */
    AIRI_MSG_BUILT = 1 << 9,     /* made by airt_msg_new and not sent yet: in no account */
    AIRI_MSG_TTL = 1 << 8,       /* the deadline is the mailbox's own time-to-live, not a request's */
    AIRI_MSG_HAD = 1 << 10,      /* its actor's `had`: its memory is not to be used again yet */
    AIRI_MSG_OVER = 1 << 11,     /* one of these that has ended: its actor gives its memory back when it lets it go */
    AIRI_MSG_DEADLINE = 1 << 12, /* has one; without it, deadline_ns is not set */
    AIRI_MSG_FLAGS = (1 << 13) - 1
};

struct airt_msg {
    airi_link        link; /* first: the box's and lanes' */
    const airt_kind *kind;
    airt_ref         sender;
    union {
        struct {
            uint64_t generation : 36; /* of the slot it was sent to */
            uint64_t priority : 2;
            uint64_t flags : 13;
            uint64_t units : 13; /* of 16 bytes, the whole allocation */
        };
        uint64_t word; /* the four at once: a load of the whole soon after stores of parts would stall */
    };
    int64_t deadline_ns; /* monotonic; AIRI_MSG_DEADLINE */
    uint64_t
        correlation; /* request and answer: the call; self-bound: the incarnation; traced: the trace id; others: not set */
};
enum {
    AIRI_MSG_FLAGS_AT = 38,
    AIRI_MSG_UNITS_AT = 51
}; /* bits of word */
#define AIRI_MSG_PRIORITY (UINT64_C(3) << 36)
#define AIRI_MSG_REQUEST_OR_TRACED                                                                                     \
    ((uint64_t)(AIRI_MSG_REQUEST | AIRI_MSG_TRACED) << AIRI_MSG_FLAGS_AT) /* in one byte */
#define AIRI_MSG_UNITS (~UINT64_C(0) << AIRI_MSG_UNITS_AT)
_Static_assert(sizeof(struct airt_msg) == 48, "the header is 48 bytes, the body starts 16-aligned");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bit-fields begin at the lowest bit");

typedef struct airi_trailer {       /* the end of the allocation of a request, and of what is lent (AIRI_MSG_TIMER) */
    AIRI_ATOMIC(airt_msg *) answer; /* a request's: reserved at the ask, taken by exactly one reply or failure */
    uint64_t                trace;
} airi_trailer;

/* The body of an AIRI_MSG_FAILURE answer; every reserved answer has room for it. */
enum {
    AIRI_CHAIN_MAX = 8
};
typedef struct airi_chain { /* of AIRT_EDEADLK: who waits for whom, the asker first */
    uint32_t count;
    airt_ref ref[AIRI_CHAIN_MAX];
} airi_chain;
typedef struct airi_answer_failure {
    int32_t status;
    int32_t code;
    union {
        char       text[96];
        airi_chain chain; /* AIRT_EDEADLK */
    };
} airi_answer_failure;

enum {
    AIRI_MSG_UNIT = 16,
    AIRI_BODY_MAX = 65536
};

static inline void *airi_msg_body(airt_msg *msg)
{
    return (char *)msg + sizeof(struct airt_msg);
}
static inline size_t airi_msg_bytes(const airt_msg *msg)
{
    return (size_t)msg->units * AIRI_MSG_UNIT;
}
static inline airi_trailer *airi_msg_trailer(const airt_msg *msg)
{
    return (airi_trailer *)(void *)((char *)(uintptr_t)msg + airi_msg_bytes(msg) - sizeof(airi_trailer));
}
static inline bool airi_msg_is(const airt_msg *msg, unsigned flag)
{
    return (msg->flags & flag) != 0;
}
static inline void airi_msg_clear(airt_msg *msg, unsigned flags)
{
    msg->word &= ~((uint64_t)flags << AIRI_MSG_FLAGS_AT);
}
/* 0: none. */
static inline int64_t airi_msg_deadline(const airt_msg *msg)
{
    return airi_msg_is(msg, AIRI_MSG_DEADLINE) ? msg->deadline_ns : 0;
}
static inline void airi_msg_set_deadline(airt_msg *msg, int64_t deadline_ns)
{
    msg->deadline_ns = deadline_ns;
    airi_msg_clear(msg, AIRI_MSG_DEADLINE);
    msg->word |= (uint64_t)(deadline_ns != 0 ? AIRI_MSG_DEADLINE : 0) << AIRI_MSG_FLAGS_AT;
}
/* 0: none. */
static inline uint64_t airi_msg_trace(const airt_msg *msg)
{
    if (airi_msg_is(msg, AIRI_MSG_REQUEST))
        return airi_msg_trailer(msg)->trace;
    return airi_msg_is(msg, AIRI_MSG_TRACED) ? msg->correlation : 0;
}
/* Of a told message. */
static inline void airi_msg_set_trace(airt_msg *msg, uint64_t trace)
{
    msg->correlation = trace;
    msg->word |= (uint64_t)AIRI_MSG_TRACED << AIRI_MSG_FLAGS_AT;
}
static inline uint64_t airi_msg_word(unsigned flags, size_t units)
{
    return (uint64_t)flags << AIRI_MSG_FLAGS_AT | (uint64_t)units << AIRI_MSG_UNITS_AT;
}

/* Goes on to another box: what tied it to its present one ends. */
static inline void airi_msg_unbind(airt_msg *msg)
{
    if (airi_msg_is(msg, AIRI_MSG_TTL))
        airi_msg_set_deadline(msg, 0);
    airi_msg_clear(msg, AIRI_MSG_BOUND | AIRI_MSG_TTL);
}

/* Where message memory comes from: a system's heap through a worker's cache (NULL: an outside thread). */
typedef struct airi_source {
    airt_world *world;
    airi_heap  *heap;
    airi_cache *cache;
} airi_source;

/* Of a message with this body, and `tail` bytes that its views show. */
static inline size_t airi_msg_units(size_t body, size_t tail, bool trailer)
{
    size_t bytes = sizeof(struct airt_msg) + body + tail;

    if (trailer)
        bytes = ((bytes + 7) & ~(size_t)7) + sizeof(airi_trailer);
    return (bytes + AIRI_MSG_UNIT - 1) / AIRI_MSG_UNIT;
}

/* One site for all messages, wherever this is compiled in. */
extern const airi_site airi_msg_site;

static inline bool airi_msg_permitted(airt_world *world)
{
    return airi_permits_at(world, AIRT_ALLOCATION_MESSAGE, &airi_msg_site);
}

/* Uninitialised; NULL: no memory. */
static inline airt_msg *airi_msg_take(const airi_source *source, size_t units)
{
    return airi_msg_permitted(source->world) ? airi_heap_take(source->heap, source->cache, units * AIRI_MSG_UNIT)
                                             : NULL;
}

void airi_msg_give_back_slow(airi_heap *heap, airi_cache *cache, airt_msg *msg);
/* The memory, to a cache that most often has room for it. */
static AIRI_ALWAYS_INLINE void airi_msg_give_back(airi_heap *heap, airi_cache *cache, airt_msg *msg)
{
    if (__builtin_expect(cache == NULL || msg->units != 4 || !airi_cache_give(cache, msg, 4), 0))
        airi_msg_give_back_slow(heap, cache, msg);
}

/* The same of one that has ended; by its owner. */
static inline void airi_msg_give(airi_heap *heap, airi_cache *cache, airt_msg *msg)
{
    if (airi_msg_is(msg, AIRI_MSG_HAD))
        msg->word |= (uint64_t)AIRI_MSG_OVER << AIRI_MSG_FLAGS_AT;
    else
        airi_msg_give_back(heap, cache, msg);
}

/* A message with a copy of body, and a trailer of zeros where one is wanted. NULL: no memory, or a body with its views over
 * AIRI_BODY_MAX (then *out_status is AIRT_EINVAL). */
airt_msg *airi_msg_create(const airi_source *source, const airt_kind *kind, const void *body, bool trailer,
                          airt_status *out_status);
/* Whether a body with its views is not over AIRI_BODY_MAX. */
bool airi_body_fits(const airt_kind *kind, const void *body);
/* An empty message with room for body_bytes, of no kind yet. */
airt_msg *airi_msg_reserve(const airi_source *source, size_t body_bytes);
/* Releases what the body owns (a LOCAL drop, blobs) and the memory. A request's answer must be gone. */
void airi_msg_free(airi_heap *heap, airi_cache *cache, airt_msg *msg);
/* Copies body into a reserved message when it fits. */
bool airi_msg_fill(airt_msg *msg, const airt_kind *kind, const void *body);

#endif
