/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Writes base/flight_format.h. A reader may look any moment, after a SIGKILL at the latest: it trusts no event whose place
 * may be in writing, and nothing that a worker stored before it was killed is lost, for the pages are the file's. Weak
 * orders here have their partner in that reader, and a live one gets no more than a glance. */
#include "core/flight.h"

#include <airt/behavior.h>
#include <string.h>

_Static_assert((int)AIRI_STATUS_COUNT <= (int)AIRI_FLIGHT_AWAITS, "a status is told from the other outcomes");

/* --- names -------------------------------------------------------------------------------------------------------- */

static char *name_at(airi_flight_header *header, uint32_t name)
{
    return (char *)header + header->names_at + (size_t)name * AIRI_FLIGHT_NAME_BYTES;
}

/* The number of a text; 0 when there is no room for it. Under lock. */
static uint16_t name_of_text(airi_flight *flight, const char *text)
{
    airi_flight_header *header = flight->header;
    uint32_t count = airi_load(&header->names, AIRI_RELAXED); /* relaxed: only changed here, under the lock */
    char    *fresh;

    for (uint32_t i = 1; i < count; i++)
        if (strncmp(name_at(header, i), text, AIRI_FLIGHT_NAME_BYTES - 1) == 0)
            return (uint16_t)i;
    if (count == header->names_max) {
        header->names_lost = 1;
        return 0;
    }
    fresh = name_at(header, count); /* zeroed: the end is there */
    strncpy(fresh, text, AIRI_FLIGHT_NAME_BYTES - 1);
    airi_store(&header->names, count + 1, AIRI_RELEASE); /* release: the text first; partner: the reader of the file */
    return (uint16_t)count;
}

/* Under lock. */
static uint16_t name_of(airi_flight *flight, const void *key, const char *text)
{
    size_t at = ((uintptr_t)key >> 4 ^ (uintptr_t)key >> 14) % AIRI_FLIGHT_KEYS;

    if (key == NULL)
        return 0;
    if (flight->keys[at].key != key) {
        flight->keys[at].name = name_of_text(flight, text);
        flight->keys[at].key = key;
    }
    return flight->keys[at].name;
}

/* Where they stand in a seal. Under lock. */
static uint64_t names_of(airi_flight *flight, const airt_behavior *behavior, const airt_kind *kind)
{
    uint64_t of_behavior = behavior != NULL ? name_of(flight, behavior, behavior->name) : 0u;
    uint64_t of_kind = kind != NULL ? name_of(flight, kind, kind->name) : 0u;

    return (of_behavior | of_kind << AIRI_FLIGHT_NAME_BITS) << 32;
}

const airi_flight_pair *airi_flight_learn(airi_flight *flight, airi_flight_ring *ring, const airt_behavior *behavior,
                                          const airt_kind *kind)
{
    airi_flight_pair *pair = airi_flight_pair_at(ring, behavior, kind);

    pair->behavior = behavior;
    pair->kind = kind;
    airi_mutex_lock(&flight->lock);
    pair->names = names_of(flight, behavior, kind);
    airi_mutex_unlock(&flight->lock);
    return pair;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

void airi_flight_begin_lap(airi_flight_ring *ring)
{
    ring->next = ring->first;
    ring->laps++;
    /* Relaxed, and a fence for the compiler: it stands there before an event of the lap before is touched; partner: the
     * reader. */
    airi_store(&ring->head->laps, ring->laps, AIRI_RELAXED);
    airi_fence_light();
}

void airi_flight_other(airt_ctx *ctx, enum airi_flight_type type, const airt_behavior *behavior, const airt_kind *kind)
{
    airi_flight_handler(ctx, type, airi_flight_names(ctx->system->flight, ctx->worker->flight, behavior, kind),
                        airi_supervisor_of(ctx->system, ctx->actor));
}

static airi_flight_event *place_after(const airi_flight_ring *ring, airi_flight_event *event)
{
    return event >= ring->end - 1 ? ring->first : event + 1;
}

/* The handler in work loses its place in the ring once that is the one behind the newest: it is kept beside it. */
static void current_keep(airi_worker *worker)
{
    airi_flight_ring  *ring = worker->flight;
    airi_flight_event *next = ring->next == ring->end ? ring->first : ring->next;
    airi_flight_event *lost = place_after(ring, next);
    airi_flight_event *kept = &ring->head->current;

    if (worker->flight_outcome != &lost->outcome)
        return;
    airi_store(&kept->seal, 0, AIRI_RELAXED); /* relaxed, and a fence for the compiler: as in airi_flight_begin_lap */
    airi_fence_light();
    kept->ns = lost->ns;
    kept->who = lost->who;
    kept->other = lost->other;
    worker->flight_outcome = &kept->outcome;
    /* Relaxed: its own. Release: the rest of it first; partner: the reader. */
    airi_store(&kept->seal, airi_load(&lost->seal, AIRI_RELAXED), AIRI_RELEASE);
}

static void event_write(airi_flight_ring *ring, const airi_flight_fact *fact, uint64_t names, int64_t now_ns)
{
    airi_flight_event *event = airi_flight_take(ring);

    event->ns = now_ns;
    event->who = fact->who.bits;
    event->other = fact->other.bits;
    airi_flight_seal(ring, event, names, (uint32_t)fact->type << 8 | (uint32_t)(uint16_t)fact->detail << 16);
}

void airi_flight_write(airt_system *system, const airi_flight_fact *fact)
{
    airi_flight *flight = system->flight;
    airi_worker *worker = airi_current_worker();

    if (worker != NULL && worker->system == system) {
        if (worker->flight == NULL)
            return; /* one that found no room on the disk */
        current_keep(worker);
        event_write(worker->flight, fact, airi_flight_names(flight, worker->flight, fact->behavior, NULL),
                    worker->now_ns);
        return;
    }
    airi_mutex_lock(&flight->lock);
    event_write(&flight->outside, fact, names_of(flight, fact->behavior, NULL), system->world->now_ns(system->world));
    airi_mutex_unlock(&flight->lock);
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static uint64_t ring_bytes(const airi_flight_header *header)
{
    return (uint64_t)header->places * sizeof(airi_flight_event);
}

/* Where everything stands. */
static airi_flight_header layout(const airt_system *system)
{
    airi_flight_header header = { .format = AIRI_FLIGHT_FORMAT,
                                  .order = AIRI_FLIGHT_ORDER,
                                  .header_bytes = sizeof header,
                                  .library = AIRT_VERSION,
                                  .names_at = sizeof header,
                                  .names_max = AIRI_FLIGHT_NAMES_MAX,
                                  .rings = 1 + system->workers_max,
                                  .places = system->options.flight_events + 1,
                                  .workers = system->options.workers,
                                  .driven = system->world->driven,
                                  .stuck_ms = system->options.stuck_ms };

    header.rings_at = header.names_at + (uint64_t)header.names_max * AIRI_FLIGHT_NAME_BYTES;
    header.events_at = header.rings_at + (uint64_t)header.rings * sizeof(airi_flight_ring_head);
    header.file_bytes = header.events_at + (uint64_t)header.rings * ring_bytes(&header);
    return header;
}

/* Ring 0 is the outside threads', ring 1 + n the nth worker's. */
static void ring_init(airi_flight *flight, airi_flight_ring *ring, uint32_t index, uint32_t class)
{
    airi_flight_header *header = flight->header;
    char               *base = (char *)header;

    ring->head = (airi_flight_ring_head *)(void *)(base + header->rings_at) + index;
    ring->first = (airi_flight_event *)(void *)(base + header->events_at + index * ring_bytes(header));
    ring->end = ring->first + header->places;
    ring->next = ring->end;
    ring->head->class = class;
    ring->head->state = 1;
}

airt_status airi_flight_create(airt_system *system)
{
    airt_world        *world = system->world;
    airi_flight_header header = layout(system);
    airi_flight       *flight;
    airt_status        status;

    if (system->options.flight_path == NULL)
        return AIRT_OK;
    if (!airi_permits(world, AIRT_ALLOCATION_SYSTEM))
        return AIRT_ENOMEM;
    flight = airi_heap_take(&system->heap, NULL, sizeof *flight);
    if (flight == NULL)
        return AIRT_ENOMEM;
    memset(flight, 0, sizeof *flight);
    status = airi_permits(world, AIRT_ALLOCATION_FILE)
                 ? world->file_map(world, system->options.flight_path, AIRI_FLIGHT_MAGIC, header.file_bytes,
                                   header.events_at + (1 + header.workers) * ring_bytes(&header), &flight->file)
                 : AIRT_ENOMEM;
    if (status != AIRT_OK) {
        airi_heap_give(&system->heap, NULL, flight, sizeof *flight);
        return status;
    }
    header.pid = flight->file->pid;
    header.started_wall_ns = flight->file->wall_ns;
    header.started_ns = world->now_ns(world);
    memcpy(header.magic, AIRI_FLIGHT_MAGIC, sizeof header.magic);
    flight->header = memcpy(flight->file->memory, &header, sizeof header);
    airi_store(&flight->header->names, 1, AIRI_RELAXED); /* relaxed: before it is shared */
    ring_init(flight, &flight->outside, 0, UINT8_MAX);
    system->flight = flight;
    return AIRT_OK;
}

void airi_flight_running(airt_system *system)
{
    if (system->flight != NULL)
        system->flight->header->state = AIRI_FLIGHT_RUNNING;
}

void airi_flight_destroy(airt_system *system)
{
    airi_flight *flight = system->flight;
    uint32_t     count = airi_worker_total(system);

    if (flight == NULL)
        return;
    for (uint32_t i = 0; i < count; i++)
        if (system->worker[i]->flight != NULL)
            airi_heap_give(&system->heap, NULL, system->worker[i]->flight, sizeof(airi_flight_ring));
    airi_flight_seen(system, system->world->now_ns(system->world));
    if (flight->header->state == AIRI_FLIGHT_RUNNING)
        flight->header->state = AIRI_FLIGHT_STOPPED;
    system->world->file_unmap(system->world, &flight->file);
    system->flight = NULL;
    airi_heap_give(&system->heap, NULL, flight, sizeof *flight);
}

/* Workers of the options have theirs reserved with the file. */
static bool ring_reserved(airt_system *system, uint32_t index)
{
    airi_flight_header *header = system->flight->header;
    uint64_t            bytes = ring_bytes(header);

    return index < 1 + header->workers ||
           (airi_permits(system->world, AIRT_ALLOCATION_FILE) &&
            system->world->file_reserve(system->world, system->flight->file, header->events_at + index * bytes, bytes));
}

airt_status airi_flight_attach(airi_worker *worker)
{
    airt_system      *system = worker->system;
    uint32_t          index = 1 + worker->index;
    airi_flight_ring *ring;

    if (worker->flight != NULL)
        return AIRT_OK;
    worker->flight_outcome = &worker->flight_nothing;
    if (system->flight == NULL || !ring_reserved(system, index))
        return AIRT_OK;
    if (!airi_permits(system->world, AIRT_ALLOCATION_WORKER))
        return AIRT_ENOMEM;
    ring = airi_heap_take(&system->heap, NULL, sizeof *ring);
    if (ring == NULL)
        return AIRT_ENOMEM;
    memset(ring, 0, sizeof *ring);
    ring_init(system->flight, ring, index, worker->class);
    worker->flight = ring;
    return AIRT_OK;
}
