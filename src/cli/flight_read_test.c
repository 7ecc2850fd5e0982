/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files made by hand: what a killed writer leaves behind, and what no writer ever wrote. */
#include "cli/flight_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    NAMES = 3,
    RINGS = 3,
    PLACES = 4,
    EVENTS = PLACES - 1
};

typedef struct image {
    airi_flight_header    header;
    char                  names[NAMES][AIRI_FLIGHT_NAME_BYTES];
    airi_flight_ring_head rings[RINGS];
    airi_flight_event     events[RINGS][PLACES];
} image;

static image good(void)
{
    image i = { .header = { .magic = AIRI_FLIGHT_MAGIC,
                            .format = AIRI_FLIGHT_FORMAT,
                            .order = AIRI_FLIGHT_ORDER,
                            .header_bytes = sizeof(airi_flight_header),
                            .library = 100,
                            .state = AIRI_FLIGHT_RUNNING,
                            .started_ns = 1000,
                            .seen_ns = 5000,
                            .file_bytes = sizeof(image),
                            .names_at = offsetof(image, names),
                            .rings_at = offsetof(image, rings),
                            .events_at = offsetof(image, events),
                            .names_max = NAMES,
                            .names = NAMES,
                            .rings = RINGS,
                            .places = PLACES,
                            .workers = 2 },
                .names = { "", "door", "knock" },
                .rings = { { .state = 1, .class = 255 }, { .state = 1 }, { .state = 0 } } };

    return i;
}

/* The nth event of worker 0. */
static airi_flight_event *put(image *i, uint64_t nth, unsigned type)
{
    airi_flight_event *event = &i->events[1][(nth - 1) % PLACES];
    uint64_t           lap = (nth - 1) / PLACES + 1;

    i->rings[1].laps = lap;
    *event = (airi_flight_event){ .ns = 1000 + (int64_t)(nth % 1000),
                                  .who = 7,
                                  .behavior = 1,
                                  .kind = 2,
                                  .lap = (unsigned)lap & ((1u << AIRI_FLIGHT_LAP_BITS) - 1),
                                  .type = (uint8_t)type };
    return event;
}

static flight_record opened(const image *i)
{
    flight_record record;

    assert_null(flight_open((const uint8_t *)i, sizeof *i, &record));
    return record;
}

static flight_worker worker_of(const image *i)
{
    flight_record record = opened(i);
    flight_worker w;

    assert_true(flight_worker_at(&record, 1, &w));
    assert_false(flight_worker_at(&record, 2, &w) && w.worker == 0);
    return w;
}

static void a_good_file_is_read(void **state)
{
    image         i = good();
    flight_record record = opened(&i);
    flight_worker w;

    (void)state;
    assert_int_equal(record.last_ns, 4000);
    assert_string_equal(flight_name_of(&record, 1).text, "door");
    assert_string_equal(flight_name_of(&record, 0).text, "unknown");
    assert_string_equal(flight_name_of(&record, NAMES).text, "unknown");
    assert_true(flight_worker_at(&record, 0, &w));
    assert_int_equal(w.worker, FLIGHT_OUTSIDE);
    assert_int_equal(w.doing, FLIGHT_DOING_NOTHING);
    assert_false(flight_worker_at(&record, 2, &w));     /* never used */
    assert_false(flight_worker_at(&record, RINGS, &w)); /* is not there */
}

/* A living file is read from its beginning on: a ring may have gone round since its head was. */
static void a_head_that_is_older_than_its_events(void **state)
{
    image i = good();

    (void)state;
    for (uint64_t nth = 1; nth <= 4 * PLACES + 2; nth++)
        put(&i, nth, AIRI_FLIGHT_MESSAGE)->outcome = nth == 4 * PLACES + 2 ? AIRI_FLIGHT_IN_WORK : 0;
    for (uint64_t laps = 3; laps <= 5; laps++) {
        i.rings[1].laps = laps;
        assert_int_equal(worker_of(&i).written, 4 * PLACES + 2);
        assert_int_equal(worker_of(&i).doing, FLIGHT_DOING_HANDLER);
    }
}

static void what_a_worker_does_is_its_newest_handlers(void **state)
{
    image              i = good();
    airi_flight_event *message = put(&i, 1, AIRI_FLIGHT_MESSAGE);

    (void)state;
    message->outcome = AIRI_FLIGHT_IN_WORK;
    (void)put(&i, 2, AIRI_FLIGHT_SPAWN); /* by the handler */
    assert_int_equal(worker_of(&i).doing, FLIGHT_DOING_HANDLER);
    assert_int_equal(worker_of(&i).current.kind, 2);
    message->outcome = 0;
    assert_int_equal(worker_of(&i).doing, FLIGHT_DOING_BETWEEN);
    (void)put(&i, 3, AIRI_FLIGHT_PARK);
    assert_int_equal(worker_of(&i).doing, FLIGHT_DOING_PARKED);
    put(&i, 4, AIRI_FLIGHT_RESUME)->outcome = AIRI_FLIGHT_IN_WORK;
    assert_int_equal(worker_of(&i).doing, FLIGHT_DOING_HANDLER);
    put(&i, 4, AIRI_FLIGHT_RESUME)->outcome = AIRI_FLIGHT_AWAITS;
    assert_int_equal(worker_of(&i).doing, FLIGHT_DOING_BETWEEN);
}

static void a_handler_that_the_ring_lost_was_kept(void **state)
{
    image i = good();

    (void)state;
    i.rings[1].current = *put(&i, 1, AIRI_FLIGHT_MESSAGE);
    i.rings[1].current.outcome = AIRI_FLIGHT_IN_WORK;
    for (uint64_t n = 2; n < 2 + PLACES; n++)
        (void)put(&i, n, AIRI_FLIGHT_SPAWN);
    assert_int_equal(worker_of(&i).doing, FLIGHT_DOING_HANDLER);
    atomic_store(&i.rings[1].current.seal, 0); /* killed while it was kept: nothing is claimed */
    assert_int_equal(worker_of(&i).doing, FLIGHT_DOING_BETWEEN);
    i.rings[1].current.type = AIRI_FLIGHT_MESSAGE;
    i.rings[1].current.outcome = AIRI_FLIGHT_IN_WORK;
    put(&i, 2 + PLACES, AIRI_FLIGHT_MESSAGE)->outcome = 0; /* a later handler, which is over */
    assert_int_equal(worker_of(&i).doing, FLIGHT_DOING_BETWEEN);
}

/* It bears the seal of the lap before, and its place is never believed. */
static void a_half_written_event_is_left_out(void **state)
{
    image         i = good();
    flight_event  events[PLACES];
    flight_record record;

    (void)state;
    for (uint64_t n = 1; n <= 5; n++)
        (void)put(&i, n, AIRI_FLIGHT_STATE);
    i.events[1][1].ns = 1006; /* of the sixth, whose lap has begun */
    assert_int_equal(worker_of(&i).written, 5);
    record = opened(&i);
    assert_int_equal(flight_events_of(&record, 1, events, PLACES), EVENTS);
    assert_int_equal(events[0].sequence, 3);
    assert_int_equal(events[2].sequence, 5);
}

/* The first of a lap: the ring tells of the lap before the place is touched. */
static void a_lap_without_an_event_ends_with_the_last(void **state)
{
    image         i = good();
    flight_event  events[PLACES];
    flight_record record;

    (void)state;
    for (uint64_t n = 1; n <= 2 * PLACES; n++)
        (void)put(&i, n, AIRI_FLIGHT_STATE);
    i.rings[1].laps++;
    i.events[1][0].who = 8;
    assert_int_equal(worker_of(&i).written, 2 * PLACES);
    record = opened(&i);
    assert_int_equal(flight_events_of(&record, 1, events, PLACES), EVENTS);
    assert_int_equal(events[0].sequence, PLACES + 2);
    assert_int_equal(events[EVENTS - 1].sequence, 2 * PLACES);
    i = good(); /* the first of all */
    i.rings[1].laps = 1;
    i.events[1][0].who = 8;
    assert_int_equal(worker_of(&i).written, 0);
    assert_int_equal(worker_of(&i).doing, FLIGHT_DOING_NOTHING);
}

static void a_wrapped_ring_is_in_order(void **state)
{
    static const uint64_t starts[] = { 1, 3, 1000, (1u << AIRI_FLIGHT_LAP_BITS) * PLACES - 2, UINT64_MAX - 100 };
    flight_event          events[PLACES];

    (void)state;
    for (size_t s = 0; s < sizeof starts / sizeof *starts; s++) {
        image         i = good();
        flight_record record;

        for (uint64_t n = 0; n < 6; n++)
            (void)put(&i, starts[s] + n, AIRI_FLIGHT_STATE);
        record = opened(&i);
        assert_int_equal(flight_events_of(&record, 1, events, PLACES), EVENTS);
        for (uint64_t n = 0; n < EVENTS; n++)
            assert_true(events[n].sequence == starts[s] + 3 + n);
        assert_int_equal(flight_events_of(&record, 1, events, 2), 2); /* the newest */
        assert_true(events[1].sequence == starts[s] + 5);
    }
}

static void what_is_out_of_range_is_left_out(void **state)
{
    image         i = good();
    flight_event  events[PLACES];
    flight_record record;

    (void)state;
    (void)put(&i, 1, AIRI_FLIGHT_TYPES);
    put(&i, 2, AIRI_FLIGHT_STATE)->type = AIRI_FLIGHT_TYPES + 1;
    put(&i, 3, AIRI_FLIGHT_STATE)->ns = INT64_MIN;
    i.names[1][0] = '\n';
    memset(i.names[2], 'x', sizeof i.names[2]);
    i.header.names = UINT32_MAX;
    i.rings[0].laps = UINT64_MAX; /* more than there can be */
    record = opened(&i);
    assert_int_equal(flight_events_of(&record, 0, events, PLACES), 0);
    assert_int_equal(flight_events_of(&record, 1, events, PLACES), 1);
    assert_int_equal(events[0].ns, 0);
    assert_string_equal(flight_name_of(&record, events[0].behavior).text, "?oor");
    assert_int_equal(strlen(flight_name_of(&record, 2).text), AIRI_FLIGHT_NAME_BYTES - 1);
    assert_string_equal(flight_name_of(&record, 60000).text, "unknown");
    assert_string_equal(flight_type_text(200), "unknown");
    assert_string_equal(flight_class_text(200), "unknown");
    assert_string_equal(flight_state_text(200), "unknown");
}

static void refused(const image *i, size_t size, const char *word)
{
    flight_record record;
    uint8_t      *bytes = malloc(size + 1); /* its own, so that a sanitizer sees a byte too far */
    const char   *problem;

    assert_non_null(bytes);
    memcpy(bytes, i, size);
    problem = flight_open(bytes, size, &record);
    free(bytes);
    assert_non_null(problem);
    assert_non_null(strstr(problem, word));
}

static void what_is_no_such_file_is_refused(void **state)
{
    image i = good();

    (void)state;
    refused(&i, 0, "empty");
    refused(&i, 4, "no flight recorder");
    refused(&i, 100, "truncated: not even");
    refused(&i, sizeof i - 1, "truncated: it is shorter");
    i.header.file_bytes -= 1;
    refused(&i, sizeof i, "contradicts");
    i = good();
    i.header.order = 0;
    refused(&i, sizeof i, "before the recorder");
    i.header.order = 0x04030201;
    refused(&i, sizeof i, "byte order");
    i = good();
    i.header.format++;
    refused(&i, sizeof i, "airt of the version");
    i = good();
    i.header.rings = UINT32_MAX;
    refused(&i, sizeof i, "contradicts");
    i = good();
    i.header.places = 1;
    refused(&i, sizeof i, "contradicts");
    i = good();
    i.header.state = 3;
    refused(&i, sizeof i, "contradicts");
    i = good();
    i.header.magic[0] = 'x';
    refused(&i, sizeof i, "no flight recorder");
}

static void times_decide_the_order_and_then_the_ring(void **state)
{
    flight_event e[] = { { .ns = 2, .worker = 0, .sequence = 1 },
                         { .ns = 1, .worker = 1, .sequence = 9 },
                         { .ns = 1, .worker = 1, .sequence = 8 },
                         { .ns = 1, .worker = FLIGHT_OUTSIDE, .sequence = 5 } };

    (void)state;
    flight_sort(e, 4);
    assert_int_equal(e[0].sequence, 5);
    assert_int_equal(e[1].sequence, 8);
    assert_int_equal(e[2].sequence, 9);
    assert_int_equal(e[3].sequence, 1);
    flight_sort(e, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_is_read),
        cmocka_unit_test(a_head_that_is_older_than_its_events),
        cmocka_unit_test(what_a_worker_does_is_its_newest_handlers),
        cmocka_unit_test(a_handler_that_the_ring_lost_was_kept),
        cmocka_unit_test(a_half_written_event_is_left_out),
        cmocka_unit_test(a_lap_without_an_event_ends_with_the_last),
        cmocka_unit_test(a_wrapped_ring_is_in_order),
        cmocka_unit_test(what_is_out_of_range_is_left_out),
        cmocka_unit_test(what_is_no_such_file_is_refused),
        cmocka_unit_test(times_decide_the_order_and_then_the_ring),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
