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
    EVENTS = 4
};

typedef struct image {
    airi_flight_header    header;
    char                  names[NAMES][AIRI_FLIGHT_NAME_BYTES];
    airi_flight_ring_head rings[RINGS];
    airi_flight_event     events[RINGS][EVENTS];
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
                            .events = EVENTS,
                            .workers = 2 },
                .names = { "", "door", "knock" },
                .rings = { { .state = 1, .class = 255 }, { .state = 1 }, { .state = 0 } } };

    return i;
}

/* The nth event of worker 0. */
static airi_flight_event *put(image *i, uint64_t nth, unsigned type)
{
    airi_flight_event *event = &i->events[1][(nth - 1) % EVENTS];

    *event = (airi_flight_event){
        .sequence = nth, .ns = 1000 + (int64_t)(nth % 1000), .who = 7, .behavior = 1, .kind = 2, .type = (uint8_t)type
    };
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
    for (uint64_t n = 2; n < 2 + EVENTS; n++)
        (void)put(&i, n, AIRI_FLIGHT_SPAWN);
    assert_int_equal(worker_of(&i).doing, FLIGHT_DOING_HANDLER);
    i.rings[1].current.sequence = 0; /* killed while it was kept: nothing is claimed */
    assert_int_equal(worker_of(&i).doing, FLIGHT_DOING_BETWEEN);
    i.rings[1].current.sequence = 1;
    put(&i, 2 + EVENTS, AIRI_FLIGHT_MESSAGE)->outcome = 0; /* a later handler, which is over */
    assert_int_equal(worker_of(&i).doing, FLIGHT_DOING_BETWEEN);
}

static void a_half_written_event_is_left_out_and_told(void **state)
{
    image              i = good();
    flight_event       events[EVENTS];
    flight_record      record;
    airi_flight_event *torn;

    (void)state;
    for (uint64_t n = 1; n <= 5; n++)
        (void)put(&i, n, AIRI_FLIGHT_STATE);
    assert_false(worker_of(&i).torn);
    torn = put(&i, 6, AIRI_FLIGHT_MESSAGE);
    torn->sequence = 0;
    torn->outcome = AIRI_FLIGHT_IN_WORK;
    assert_true(worker_of(&i).torn);
    assert_int_equal(worker_of(&i).written, 5);
    assert_int_equal(worker_of(&i).doing, FLIGHT_DOING_BETWEEN);
    record = opened(&i);
    assert_int_equal(flight_events_of(&record, 1, events, EVENTS), 3);
    assert_int_equal(events[0].sequence, 3); /* 2 is overwritten already */
    assert_int_equal(events[2].sequence, 5);
}

static void a_wrapped_ring_is_in_order(void **state)
{
    static const uint64_t starts[] = { 1, 3, 1000, UINT64_MAX - 7 };
    flight_event          events[EVENTS];

    (void)state;
    for (size_t s = 0; s < 4; s++) {
        image         i = good();
        flight_record record;

        for (uint64_t n = 0; n < 6; n++)
            (void)put(&i, starts[s] + n, AIRI_FLIGHT_STATE);
        record = opened(&i);
        assert_int_equal(flight_events_of(&record, 1, events, EVENTS), EVENTS);
        for (uint64_t n = 0; n < EVENTS; n++)
            assert_true(events[n].sequence == starts[s] + 2 + n);
        assert_int_equal(flight_events_of(&record, 1, events, 2), 2); /* the newest */
        assert_true(events[1].sequence == starts[s] + 5);
    }
}

static void what_is_out_of_range_is_left_out(void **state)
{
    image         i = good();
    flight_event  events[EVENTS];
    flight_record record;

    (void)state;
    (void)put(&i, 1, AIRI_FLIGHT_TYPES);
    put(&i, 2, AIRI_FLIGHT_STATE)->sequence = 3; /* of another place */
    put(&i, 3, AIRI_FLIGHT_STATE)->behavior = 60000;
    put(&i, 3, AIRI_FLIGHT_STATE)->ns = INT64_MIN;
    i.names[1][0] = '\n';
    memset(i.names[2], 'x', sizeof i.names[2]);
    i.header.names = UINT32_MAX;
    record = opened(&i);
    assert_int_equal(flight_events_of(&record, 1, events, EVENTS), 1);
    assert_int_equal(events[0].ns, 0);
    assert_string_equal(flight_name_of(&record, events[0].behavior).text, "?oor");
    assert_int_equal(strlen(flight_name_of(&record, 2).text), AIRI_FLIGHT_NAME_BYTES - 1);
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
    i.header.events = 0;
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
        cmocka_unit_test(what_a_worker_does_is_its_newest_handlers),
        cmocka_unit_test(a_handler_that_the_ring_lost_was_kept),
        cmocka_unit_test(a_half_written_event_is_left_out_and_told),
        cmocka_unit_test(a_wrapped_ring_is_in_order),
        cmocka_unit_test(what_is_out_of_range_is_left_out),
        cmocka_unit_test(what_is_no_such_file_is_refused),
        cmocka_unit_test(times_decide_the_order_and_then_the_ring),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
