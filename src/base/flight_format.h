/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The flight recorder's file: the runtime writes it through a shared mapping (core/flight.c), `airt postmortem` reads
 * it. Numbers are the writing machine's; `order` shows which. A file is
 *     header | names | rings | events of ring 0 | events of ring 1 | ...
 * and each part stands where the header says. Ring 0 is the outside threads', the others are workers'.
 * Invariant: what a writer that is killed between any two of its stores leaves behind, a reader can tell. */
#ifndef AIRI_BASE_FLIGHT_FORMAT_H
#define AIRI_BASE_FLIGHT_FORMAT_H

#include "base/atomic.h"

#include <stdint.h>

#define AIRI_FLIGHT_MAGIC "airtflt\n" /* 8 bytes, no end */
#define AIRI_FLIGHT_FORMAT 2u         /* grows with every change of this header */
#define AIRI_FLIGHT_ORDER 0x01020304u
#define AIRI_FLIGHT_NAME_BYTES 64u /* of one name with its end; longer ones are cut */
#define AIRI_FLIGHT_NAME_BITS 10
#define AIRI_FLIGHT_LAP_BITS 12
#define AIRI_FLIGHT_EVENTS_MAX (1u << 20)

#ifdef AIRI_HARD
#define AIRI_FLIGHT_NAMES_MAX 16u
#define AIRI_FLIGHT_EVENTS_DEFAULT 16u
#else
#define AIRI_FLIGHT_NAMES_MAX 1024u /* names of behaviours and kinds; later ones are unknown */
#define AIRI_FLIGHT_EVENTS_DEFAULT 4096u
#endif

/* How far a system has come. */
enum {
    AIRI_FLIGHT_MAKING, /* it was not created */
    AIRI_FLIGHT_RUNNING,
    AIRI_FLIGHT_STOPPED /* cleanly */
};

/* X(name, word for people). What `other` and `detail` hold stands behind. */
#define AIRI_FLIGHT_TABLE(X)                                                                                           \
    X(NONE, "none")                                                                                                    \
    X(MESSAGE, "message")   /* a handler, start and hooks too: its supervisor; the outcome in `outcome` */             \
    X(RESUME, "resume")     /* the same handler goes on after an await */                                              \
    X(SPAWN, "spawn")       /* the spawner */                                                                          \
    X(STATE, "state")       /* -; airt_state before << 8 | after */                                                    \
    X(FAILED, "failed")     /* the supervisor; airt_status */                                                          \
    X(RESTART, "restart")   /* the supervisor; incarnation, cut to 16 bits */                                          \
    X(END, "end")           /* reason's origin; airt_exit << 8 | airt_status */                                        \
    X(FAULT, "fault")       /* what was contained; the signal */                                                       \
    X(ABANDON, "abandoned") /* killed while its handler ran, which goes on alone */                                    \
    X(PARK, "park")         /* of the worker: nothing to do */                                                         \
    X(UNPARK, "unpark")
#define AIRI_FLIGHT_ENUM(name, text) AIRI_FLIGHT_##name,
enum airi_flight_type {
    AIRI_FLIGHT_TABLE(AIRI_FLIGHT_ENUM) AIRI_FLIGHT_TYPES
};
#undef AIRI_FLIGHT_ENUM

/* `outcome` of a message or resume: an airt_status, or one of these. */
#define AIRI_FLIGHT_IN_WORK 255u
#define AIRI_FLIGHT_AWAITS 254u

/* One writer. The nth event of a ring (from 1) stands at (n - 1) % places, in lap (n - 1) / places + 1. The seal is stored
 * last and tells the lap, so that the newest event is the last one of the ring's lap, or, before that has any, the last of all.
 * The place behind it may be in writing, and is not to be trusted. */
typedef struct airi_flight_event {
    int64_t  ns; /* on the world's monotonic clock, as the worker last read it */
    uint64_t who;
    uint64_t other;
    union {
        struct {
            uint8_t  outcome, type;
            uint16_t detail;
            uint32_t behavior : AIRI_FLIGHT_NAME_BITS; /* names; 0: none or unknown */
            uint32_t kind : AIRI_FLIGHT_NAME_BITS;
            uint32_t lap : AIRI_FLIGHT_LAP_BITS; /* its low bits */
        };
        AIRI_ATOMIC(uint64_t) seal; /* all of them in one store; 0: never written */
    };
} airi_flight_event;
_Static_assert(sizeof(airi_flight_event) == 32, "a part of the format, and two to a cache line");
_Static_assert(AIRI_FLIGHT_NAMES_MAX <= 1u << AIRI_FLIGHT_NAME_BITS, "a name's number fits");

typedef struct airi_flight_ring_head {
    uint32_t state;                /* 0: never used; 1: in use */
    uint32_t class;                /* airi_class; 255: the outside threads' */
    AIRI_ATOMIC(uint64_t) laps;    /* begun; stored before the first event of a lap is touched */
    airi_flight_event     current; /* the handler in work, where the ring has no room for it any more */
    uint64_t              padding[2];
} airi_flight_ring_head;
_Static_assert(sizeof(airi_flight_ring_head) == 64, "a part of the format");

typedef struct airi_flight_header {
    char                  magic[8];
    uint32_t              format;
    uint32_t              order;
    uint32_t              header_bytes;
    uint32_t              library; /* AIRT_VERSION */
    uint32_t              pid;
    uint32_t              state;      /* AIRI_FLIGHT_MAKING... */
    int64_t               started_ns; /* monotonic, and the wall's at the same moment, since 1970 */
    int64_t               started_wall_ns;
    AIRI_ATOMIC(int64_t)  seen_ns; /* the last time that somebody looked at the clock for this file's sake */
    uint64_t              file_bytes;
    uint64_t              names_at;
    uint64_t              rings_at;
    uint64_t              events_at;
    uint32_t              names_max;
    AIRI_ATOMIC(uint32_t) names; /* in use; name 0 is the unknown one */
    uint32_t              rings;
    uint32_t              places;     /* for events, of each ring: one more than it keeps */
    uint32_t              workers;    /* pooled, from the options */
    uint32_t              driven;     /* 1: a simulated world, whose clock is virtual */
    uint32_t              stuck_ms;   /* seen_ns is written at least so often while anything runs */
    uint32_t              names_lost; /* 1: a name found no room */
    uint64_t              reserved;
} airi_flight_header;
_Static_assert(sizeof(airi_flight_header) == 128, "a part of the format");

#endif
