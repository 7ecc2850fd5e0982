/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Hostile bytes into the reader of flight recorder files: as they are, and written over a good file (its first 8 bytes
 * choose its size, the rest are positions and values). What is handed out must be in range, and be the same twice. */
#include "cli/flight_read.h"

#include <airt/base.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    EVENTS_MAX = 64
};

static void look_at_ring(const flight_record *record, uint32_t ring)
{
    flight_event  events[EVENTS_MAX];
    flight_worker w;
    size_t        count = flight_events_of(record, ring, events, EVENTS_MAX);

    AIRT_CHECK(count <= EVENTS_MAX);
    if (!flight_worker_at(record, ring, &w)) {
        AIRT_CHECK_EQ(count, 0);
        return;
    }
    AIRT_CHECK(w.doing <= FLIGHT_DOING_PARKED);
    AIRT_CHECK(w.current.ns >= 0);
    AIRT_CHECK(strlen(flight_name_of(record, w.current.kind).text) < AIRI_FLIGHT_NAME_BYTES);
    for (size_t i = 0; i < count; i++) {
        AIRT_CHECK(events[i].ns >= 0);
        AIRT_CHECK(events[i].type < AIRI_FLIGHT_TYPES);
        AIRT_CHECK(i == 0 || events[i].sequence > events[i - 1].sequence);
        AIRT_CHECK(strlen(flight_name_of(record, events[i].behavior).text) < AIRI_FLIGHT_NAME_BYTES);
    }
    flight_sort(events, count);
}

/* A copy of its own length, so that a sanitizer sees one byte too far. */
static void try_bytes(const uint8_t *bytes, size_t size)
{
    uint8_t      *copy = malloc(size + 1);
    flight_record record;

    AIRT_CHECK(copy != NULL);
    memcpy(copy + 1, bytes, size); /* and not aligned */
    if (flight_open(copy + 1, size, &record) == NULL)
        for (uint32_t ring = 0; ring <= record.header.rings && ring < EVENTS_MAX; ring++)
            look_at_ring(&record, ring);
    free(copy);
}

static void event_put(uint8_t *bytes, const airi_flight_header *h, uint64_t at)
{
    airi_flight_event event = { .ns = 2000 + (int64_t)at,
                                .who = 1 + at,
                                .lap = 1,
                                .behavior = (unsigned)at % 3 & 3,
                                .kind = (unsigned)at % 5 & 7,
                                .type = (uint8_t)(1 + at % (AIRI_FLIGHT_TYPES - 1)),
                                .outcome = (uint8_t)(at % 2 != 0 ? AIRI_FLIGHT_IN_WORK : 0) };

    memcpy(bytes + h->events_at + at * sizeof event, &event, sizeof event);
}

/* A good file of a few rings. */
static uint8_t *good_file(const uint8_t *seed, size_t *out_size)
{
    airi_flight_header    h = { .magic = AIRI_FLIGHT_MAGIC,
                                .format = AIRI_FLIGHT_FORMAT,
                                .order = AIRI_FLIGHT_ORDER,
                                .header_bytes = sizeof h,
                                .state = seed[0] % 3,
                                .started_ns = 1000,
                                .names_at = sizeof h,
                                .names_max = 1 + seed[1] % 4,
                                .names = 1 + seed[2] % 5,
                                .rings = 1 + seed[3] % 4,
                                .places = 2 + seed[4] % 8 };
    airi_flight_ring_head head = { .state = 1, .laps = 1 };
    uint8_t              *bytes;

    h.rings_at = h.names_at + h.names_max * AIRI_FLIGHT_NAME_BYTES;
    h.events_at = h.rings_at + h.rings * sizeof head;
    h.file_bytes = h.events_at + (uint64_t)h.rings * h.places * sizeof(airi_flight_event);
    bytes = calloc(1, h.file_bytes);
    AIRT_CHECK(bytes != NULL);
    memcpy(bytes, &h, sizeof h);
    for (uint32_t ring = 0; ring < h.rings; ring++)
        memcpy(bytes + h.rings_at + ring * sizeof head, &head, sizeof head);
    for (uint64_t at = 0; at < (uint64_t)h.rings * h.places; at++)
        event_put(bytes, &h, at);
    *out_size = h.file_bytes;
    return bytes;
}

static void try_mutated(const uint8_t *data, size_t size)
{
    uint8_t  seed[8] = { 0 };
    size_t   length;
    uint8_t *bytes;

    memcpy(seed, data, size < sizeof seed ? size : sizeof seed);
    bytes = good_file(seed, &length);
    for (size_t i = sizeof seed; i + 3 <= size; i += 3)
        bytes[(data[i] | (size_t)data[i + 1] << 8) % length] = data[i + 2];
    try_bytes(bytes, seed[5] % 8 == 0 ? length - seed[6] % length : length);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_mutated(data, size);
    try_bytes(data, size);
    return 0;
}
