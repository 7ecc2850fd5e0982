/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Writes base/flight_format.h. A reader may look any moment, after a SIGKILL at the latest: an event's sequence is 0
 * while the rest of it changes, and nothing that a worker stored before it was killed is lost, for the pages are the
 * file's. Weak orders here have their partner in that reader, and a live one gets no more than a glance. */
#include "core/flight.h"

#include "core/children.h"

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

/* Under lock. */
static uint32_t names_of(airi_flight *flight, const airt_behavior *behavior, const airt_kind *kind)
{
    uint32_t of_behavior = behavior != NULL ? name_of(flight, behavior, behavior->name) : 0u;

    return of_behavior | (kind != NULL ? (uint32_t)name_of(flight, kind, kind->name) << 16 : 0u);
}

/* The place of a pair in the worker's own cache. Descriptors are aligned to 8; kinds of one file lie 64 bytes apart. */
static inline airi_flight_pair *pair_at(airi_flight_ring *ring, const airt_behavior *behavior, const airt_kind *kind)
{
    return &ring->cache[((uintptr_t)behavior ^ (uintptr_t)kind >> 3) >> 3 & (AIRI_FLIGHT_CACHE - 1)];
}

static inline bool pair_is(const airi_flight_pair *pair, const airt_behavior *behavior, const airt_kind *kind)
{
    return __builtin_expect(pair->behavior == behavior && pair->kind == kind, 1);
}

static airi_flight_pair *pair_of(airi_flight *flight, airi_flight_ring *ring, const airt_behavior *behavior,
                                 const airt_kind *kind)
{
    airi_flight_pair *pair = pair_at(ring, behavior, kind);

    if (pair_is(pair, behavior, kind))
        return pair;
    pair->behavior = behavior;
    pair->kind = kind;
    airi_mutex_lock(&flight->lock);
    pair->names = names_of(flight, behavior, kind);
    airi_mutex_unlock(&flight->lock);
    return pair;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

/* The place of the next event, which is no event until it is sealed. */
static inline airi_flight_event *event_take(airi_flight_ring *ring)
{
    airi_flight_event *event = ring->next;

    ring->next = event + 1 == ring->end ? ring->first : event + 1;
    __builtin_prefetch(event + 3, 1); /* past the end too: nothing is read */
    /* Relaxed, and a fence for the compiler: a kill comes between two instructions, and finds them in their order. */
    airi_store(&event->sequence, 0, AIRI_RELAXED);
    airi_fence_light();
    return event;
}

static inline void event_seal(airi_flight_ring *ring, airi_flight_event *event)
{
    airi_store(&event->sequence, ++ring->sequence, AIRI_RELEASE); /* release: the rest first; partner: the reader */
}

/* `names`: of behaviour and kind, as in airi_flight_pair. */
static inline uint64_t what(uint32_t names, unsigned type, unsigned outcome, unsigned detail)
{
    return names | (uint64_t)(uint8_t)type << 32 | (uint64_t)outcome << 40 | (uint64_t)(uint16_t)detail << 48;
}

static inline void handler_begins(airt_ctx *ctx, airi_worker *worker, enum airi_flight_type type, uint32_t names)
{
    airi_flight_ring  *ring = worker->flight;
    airi_flight_event *event = event_take(ring);

    event->ns = worker->now_ns;
    event->who = ctx->self.bits;
    event->other = airi_supervisor_of(ctx->system, ctx->actor).bits;
    event->what = what(names, type, AIRI_FLIGHT_IN_WORK, 0);
    worker->flight_outcome = &event->outcome;
    event_seal(ring, event);
}

static void __attribute__((noinline))
dispatch_learn(airt_ctx *ctx, const airt_behavior *behavior, const airt_kind *kind)
{
    airi_worker *worker = ctx->worker;

    handler_begins(ctx, worker, AIRI_FLIGHT_MESSAGE,
                   pair_of(ctx->system->flight, worker->flight, behavior, kind)->names);
}

void airi_flight_dispatch(airt_ctx *ctx, const airt_behavior *behavior, const airt_kind *kind)
{
    airi_worker      *worker = ctx->worker;
    airi_flight_pair *pair = pair_at(worker->flight, behavior, kind);

    if (pair_is(pair, behavior, kind))
        handler_begins(ctx, worker, AIRI_FLIGHT_MESSAGE, pair->names);
    else
        dispatch_learn(ctx, behavior, kind);
}

void airi_flight_again(airt_ctx *ctx)
{
    const airt_kind *kind = airi_load(&ctx->kind, AIRI_RELAXED); /* relaxed: written by its own handler's worker */
    airi_worker     *worker = ctx->worker;

    handler_begins(ctx, worker, AIRI_FLIGHT_RESUME,
                   pair_of(ctx->system->flight, worker->flight, ctx->actor->behavior, kind)->names);
}

/* The handler in work loses its place in the ring: it is kept beside it. */
static void current_keep(airi_worker *worker)
{
    airi_flight_ring  *ring = worker->flight;
    airi_flight_event *kept = &ring->head->current;
    uint64_t           sequence = airi_load(&ring->next->sequence, AIRI_RELAXED); /* relaxed: its own */

    if (worker->flight_outcome != &ring->next->outcome)
        return;
    airi_store(&kept->sequence, 0, AIRI_RELAXED); /* relaxed: as in event_take */
    airi_fence_light();
    memcpy((char *)kept + sizeof kept->sequence, (char *)ring->next + sizeof kept->sequence,
           sizeof *kept - sizeof kept->sequence);
    worker->flight_outcome = &kept->outcome;
    airi_store(&kept->sequence, sequence, AIRI_RELEASE); /* release: partner: the reader */
}

static void event_write(airi_flight_ring *ring, const airi_flight_fact *fact, uint32_t names, int64_t now_ns)
{
    airi_flight_event *event = event_take(ring);

    event->ns = now_ns;
    event->who = fact->who.bits;
    event->other = fact->other.bits;
    event->what = what(names, fact->type, 0, fact->detail);
    event_seal(ring, event);
}

void airi_flight_write(airt_system *system, const airi_flight_fact *fact)
{
    airi_flight *flight = system->flight;
    airi_worker *worker = airi_current_worker();

    if (worker != NULL && worker->system == system) {
        if (worker->flight == NULL)
            return; /* one that found no room on the disk */
        current_keep(worker);
        event_write(worker->flight, fact, pair_of(flight, worker->flight, fact->behavior, NULL)->names, worker->now_ns);
        return;
    }
    airi_mutex_lock(&flight->lock);
    event_write(&flight->outside, fact, names_of(flight, fact->behavior, NULL), system->world->now_ns(system->world));
    airi_mutex_unlock(&flight->lock);
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static uint64_t ring_bytes(const airi_flight_header *header)
{
    return (uint64_t)header->events * sizeof(airi_flight_event);
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
                                  .events = system->options.flight_events,
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
    ring->next = ring->first;
    ring->end = ring->first + header->events;
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
