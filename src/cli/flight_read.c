/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* See flight_read.h. Numbers are copied out of the buffer before they are looked at: it need not be aligned, and a file
 * of a living process changes. */
#include "cli/flight_read.h"

#include <airt/base.h>
#include <stdlib.h>
#include <string.h>

enum {
    RINGS_MAX = 1 << 20
};

/* --- the file ----------------------------------------------------------------------------------------------------- */

/* Where the parts must stand, which leaves nothing to believe. */
static bool laid_out(const airi_flight_header *h)
{
    uint64_t rings_at = sizeof *h + (uint64_t)h->names_max * AIRI_FLIGHT_NAME_BYTES;
    uint64_t events_at = rings_at + (uint64_t)h->rings * sizeof(airi_flight_ring_head);

    return h->header_bytes == sizeof *h && h->names_max >= 1 && h->names_max <= 1u << AIRI_FLIGHT_NAME_BITS &&
           h->rings >= 1 && h->rings <= RINGS_MAX && h->places >= 2 && h->places - 1 <= AIRI_FLIGHT_EVENTS_MAX &&
           h->names_at == sizeof *h && h->rings_at == rings_at && h->events_at == events_at &&
           h->file_bytes == events_at + (uint64_t)h->rings * h->places * sizeof(airi_flight_event);
}

static airi_flight_event event_at(const flight_record *flight, uint32_t ring, uint64_t place)
{
    const airi_flight_header *h = &flight->header;
    airi_flight_event         event;

    memcpy(&event, flight->bytes + h->events_at + ((uint64_t)ring * h->places + place) * sizeof event, sizeof event);
    return event;
}

/* Times are counted from the start, and never negative: a file that lies cannot make a difference overflow. */
static int64_t since_start(const flight_record *flight, int64_t ns)
{
    int64_t start = flight->header.started_ns;

    return start < 0 || ns < start ? 0 : ns - start;
}

static airi_flight_ring_head ring_at(const flight_record *flight, uint32_t ring)
{
    airi_flight_ring_head head;

    memcpy(&head, flight->bytes + flight->header.rings_at + (uint64_t)ring * sizeof head, sizeof head);
    return head;
}

static bool ring_used(const flight_record *flight, uint32_t ring)
{
    return ring < flight->header.rings && ring_at(flight, ring).state == 1;
}

static bool is_of_lap(const airi_flight_event *event, uint64_t lap)
{
    return event->type != AIRI_FLIGHT_NONE && event->lap == (lap & ((1u << AIRI_FLIGHT_LAP_BITS) - 1));
}

/* How many laps a ring has begun: as its head says, or, of a living file, whose head was read before, as its first event does. */
static uint64_t laps_of(const flight_record *flight, uint32_t ring)
{
    const uint64_t        span = 1u << AIRI_FLIGHT_LAP_BITS;
    airi_flight_ring_head head = ring_at(flight, ring);
    airi_flight_event     first = event_at(flight, ring, 0);
    uint64_t              laps = airi_load(&head.laps, AIRI_RELAXED); /* relaxed: a copy of its own */
    uint64_t              ahead = (first.lap - laps) & (span - 1);

    return first.type != AIRI_FLIGHT_NONE && ahead < span / 2 ? laps + ahead : laps;
}

/* The number of the newest event; 0: none. */
static uint64_t newest(const flight_record *flight, uint32_t ring)
{
    uint32_t places = flight->header.places;
    uint64_t laps = laps_of(flight, ring);
    uint32_t place = 0;

    if (laps == 0 || laps >= UINT64_MAX / places)
        return 0;
    for (; place < places; place++) {
        airi_flight_event event = event_at(flight, ring, place);

        if (!is_of_lap(&event, laps))
            break;
    }
    return (laps - 1) * places + place;
}

/* The oldest that may be trusted: the place behind the newest may be in writing. */
static uint64_t oldest(const flight_record *flight, uint64_t max, uint64_t span)
{
    uint64_t kept = flight->header.places - 1;

    span = span < kept ? span : kept;
    return max > span ? max - span + 1 : 1;
}

static void last_time(flight_record *flight)
{
    flight->last_ns = since_start(flight, flight->header.seen_ns);
    for (uint32_t ring = 0; ring < flight->header.rings; ring++) {
        uint64_t max = ring_used(flight, ring) ? newest(flight, ring) : 0;

        if (max != 0) {
            airi_flight_event event = event_at(flight, ring, (max - 1) % flight->header.places);
            int64_t           ns = since_start(flight, event.ns);

            flight->last_ns = ns > flight->last_ns ? ns : flight->last_ns;
        }
    }
}

const char *flight_open(const uint8_t *bytes, size_t size, flight_record *out_flight)
{
    airi_flight_header *h = &out_flight->header;

    if (size < sizeof h->magic || memcmp(bytes, AIRI_FLIGHT_MAGIC, sizeof h->magic) != 0)
        return size == 0 ? "is empty: no system has written to it" : "is no flight recorder's file";
    if (size < sizeof *h)
        return "is truncated: not even its header is there";
    memcpy(h, bytes, sizeof *h);
    if (h->order == 0)
        return "was left before the recorder had begun: the process ended while it was made";
    if (h->order != AIRI_FLIGHT_ORDER)
        return "comes from a machine of the other byte order";
    if (h->format != AIRI_FLIGHT_FORMAT)
        return "has a format that this airt does not know: use the airt of the version that wrote it";
    if (!laid_out(h) || h->state > AIRI_FLIGHT_STOPPED)
        return "is corrupt: its header contradicts itself";
    if (h->file_bytes != size)
        return h->file_bytes > size ? "is truncated: it is shorter than its header says"
                                    : "is corrupt: it is longer than its header says";
    out_flight->bytes = bytes;
    out_flight->names = h->names <= h->names_max ? h->names : h->names_max;
    last_time(out_flight);
    return NULL;
}

flight_name flight_name_of(const flight_record *flight, uint16_t name)
{
    flight_name out = { "unknown" };

    if (name == 0 || name >= flight->names)
        return out;
    memcpy(out.text, flight->bytes + flight->header.names_at + (uint64_t)name * AIRI_FLIGHT_NAME_BYTES,
           AIRI_FLIGHT_NAME_BYTES);
    out.text[AIRI_FLIGHT_NAME_BYTES - 1] = '\0';
    for (char *at = out.text; *at != '\0'; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
    return out;
}

/* --- rings -------------------------------------------------------------------------------------------------------- */

static flight_event event_read(const flight_record *flight, uint32_t ring, uint64_t sequence,
                               const airi_flight_event *event)
{
    return (flight_event){ .sequence = sequence,
                           .ns = since_start(flight, event->ns),
                           .who = event->who,
                           .other = event->other,
                           .worker = ring == 0 ? FLIGHT_OUTSIDE : ring - 1,
                           .behavior = event->behavior,
                           .kind = event->kind,
                           .detail = event->detail,
                           .type = event->type,
                           .outcome = event->outcome };
}

static bool is_handler(const airi_flight_event *event)
{
    return event->type == AIRI_FLIGHT_MESSAGE || event->type == AIRI_FLIGHT_RESUME;
}

/* The event of that number, if it is still there. */
static bool event_of(const flight_record *flight, uint32_t ring, uint64_t sequence, airi_flight_event *out_event)
{
    *out_event = event_at(flight, ring, (sequence - 1) % flight->header.places);
    return is_of_lap(out_event, (sequence - 1) / flight->header.places + 1);
}

/* The newest handler of a ring tells whether one runs. Where the ring has lost it to what it did itself, it was kept. */
static bool handler_in_work(const flight_record *flight, uint32_t ring, uint64_t max, airi_flight_event *out_event)
{
    uint64_t first = oldest(flight, max, UINT64_MAX);

    for (uint64_t sequence = max; sequence >= first; sequence--)
        if (event_of(flight, ring, sequence, out_event) && is_handler(out_event))
            return out_event->outcome == AIRI_FLIGHT_IN_WORK;
    *out_event = ring_at(flight, ring).current;
    return is_handler(out_event) && out_event->outcome == AIRI_FLIGHT_IN_WORK;
}

bool flight_worker_at(const flight_record *flight, uint32_t ring, flight_worker *out_worker)
{
    airi_flight_event event = { .type = AIRI_FLIGHT_NONE };
    uint64_t          max;

    if (!ring_used(flight, ring))
        return false;
    *out_worker =
        (flight_worker){ .worker = ring == 0 ? FLIGHT_OUTSIDE : ring - 1, .class = ring_at(flight, ring).class };
    max = newest(flight, ring);
    out_worker->written = max;
    if (max == 0)
        return true;
    if (handler_in_work(flight, ring, max, &event)) {
        out_worker->doing = FLIGHT_DOING_HANDLER;
    } else {
        (void)event_of(flight, ring, max, &event);
        out_worker->doing = event.type == AIRI_FLIGHT_PARK ? FLIGHT_DOING_PARKED : FLIGHT_DOING_BETWEEN;
    }
    out_worker->current = event_read(flight, ring, max, &event);
    return true;
}

size_t flight_events_of(const flight_record *flight, uint32_t ring, flight_event *out_events, size_t room)
{
    uint64_t max = ring_used(flight, ring) ? newest(flight, ring) : 0;
    size_t   count = 0;

    for (uint64_t sequence = oldest(flight, max, room); sequence <= max; sequence++) {
        airi_flight_event event;

        if (event_of(flight, ring, sequence, &event) && event.type < AIRI_FLIGHT_TYPES)
            out_events[count++] = event_read(flight, ring, sequence, &event);
    }
    return count;
}

static int by_time(const void *a, const void *b)
{
    const flight_event *x = a, *y = b;

    if (x->ns != y->ns)
        return x->ns < y->ns ? -1 : 1;
    if (x->worker != y->worker) /* outside first: it is what sets things going */
        return x->worker + 1 < y->worker + 1 ? -1 : 1;
    return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

void flight_sort(flight_event *events, size_t count)
{
    if (count > 1)
        qsort(events, count, sizeof *events, by_time);
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static const char *word(const char *const *words, size_t count, size_t which)
{
    return which < count ? words[which] : "unknown";
}

const char *flight_type_text(unsigned type)
{
#define TYPE_TEXT(name, text) text,
    static const char *const words[] = { AIRI_FLIGHT_TABLE(TYPE_TEXT) };
#undef TYPE_TEXT

    return word(words, AIRI_FLIGHT_TYPES, type);
}

const char *flight_class_text(unsigned class)
{
    static const char *const words[] = { "pooled", "spare", "blocking", "dedicated" };

    return class == UINT8_MAX ? "outside" : word(words, 4, class);
}

const char *flight_state_text(unsigned state)
{
    static const char *const words[] = { "starting", "running", "restarting", "stopping", "stopped", "failed" };

    return word(words, 6, state);
}
