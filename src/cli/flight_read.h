/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reads a flight recorder's file from a buffer of bytes that nobody vouches for. The buffer is lent and stays; it may
 * be of any length, and lie. Invariant: no byte outside of it is touched, and what is handed out is in range. */
#ifndef AIRI_CLI_FLIGHT_READ_H
#define AIRI_CLI_FLIGHT_READ_H

#include "base/flight_format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLIGHT_OUTSIDE UINT32_MAX /* in place of a worker: the threads that are none */

typedef struct flight_name {
    char text[AIRI_FLIGHT_NAME_BYTES]; /* printable ASCII */
} flight_name;

typedef struct flight_event {
    uint64_t sequence;
    int64_t  ns; /* since the start of the recording */
    uint64_t who, other;
    uint32_t worker; /* or FLIGHT_OUTSIDE */
    uint16_t behavior, kind, detail;
    uint8_t  type, outcome;
} flight_event;

typedef enum flight_doing {
    FLIGHT_DOING_NOTHING, /* no event at all */
    FLIGHT_DOING_HANDLER, /* `current` is in work */
    FLIGHT_DOING_BETWEEN, /* awake, and between two handlers */
    FLIGHT_DOING_PARKED
} flight_doing;

typedef struct flight_worker {
    uint32_t worker; /* or FLIGHT_OUTSIDE */
    uint32_t class;  /* as in the file */
    flight_doing doing;
    uint64_t     written; /* events, those that are overwritten included */
    flight_event current; /* DOING_HANDLER: the handler, numbered like the newest event; else that */
} flight_worker;

typedef struct flight_record {
    const uint8_t     *bytes;
    airi_flight_header header; /* checked */
    uint32_t           names;
    int64_t            last_ns; /* the last time in the file, since the start */
} flight_record;

/* NULL: it is one. Else why not, in words that follow the file's name. */
const char *flight_open(const uint8_t *bytes, size_t size, flight_record *out_flight);
/* The name of a behaviour or kind; "unknown" for 0 and what has none. */
flight_name flight_name_of(const flight_record *flight, uint16_t name);
/* What a ring's worker was doing. False: there is no such ring, or it was never used. */
bool flight_worker_at(const flight_record *flight, uint32_t ring, flight_worker *out_worker);
/* The events of a ring, oldest first; at most `room` of the newest. Returns how many. */
size_t flight_events_of(const flight_record *flight, uint32_t ring, flight_event *out_events, size_t room);
/* By time; those of one ring stay in their order. */
void flight_sort(flight_event *events, size_t count);

const char *flight_type_text(unsigned type);
const char *flight_class_text(unsigned class);
const char *flight_state_text(unsigned state);

#endif
