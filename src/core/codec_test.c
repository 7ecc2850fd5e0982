/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The codec: round trips, the format byte for byte, other senders' versions, hostile bytes, no memory. */
#include "core/kind.h"

#include "fake_blobs.h"
#include "rich_kind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
    WIRE_MAX = 16384
};

/* Revisions of one kind, as different programs know it. */
struct order_1 {
    uint32_t id;
    airt_str item;
};
struct order_2 {
    uint32_t   id;
    airt_str   item;
    airt_str   note;
    airt_blob  scan;
    uint64_t   price;
    airt_bytes raw;
};
AIRT_KIND(order_1, id, item)
AIRT_KIND_VERSIONED(order_2, 2, id, item, note, scan, price, raw)

struct small {
    uint16_t number;
    bool     flag;
    char     text[3];
};
AIRT_KIND(small, number, flag, text)
struct held {
    void *pointer;
};
AIRT_LOCAL_KIND(held, held_drop)
void held_drop(struct held *body)
{
    (void)body;
}
AIRT_SIGNAL(tick)

static airt_kind renamed(const airt_kind *kind, const char *name)
{
    airt_kind copy = *kind;
    copy.name = name;
    return copy;
}

static size_t encode(const airt_kind *kind, const void *body, uint8_t *bytes)
{
    size_t size = 0;
    assert_int_equal(airt_encode(kind, body, bytes, WIRE_MAX, &size), AIRT_OK);
    return size;
}

/* Equal bytes again after decoding, and equal text: all there is to compare without comparing pointers. */
static void round_trip(uint64_t *seed)
{
    static uint8_t bytes[WIRE_MAX], again[WIRE_MAX];
    static char    text[4096], text_again[4096];
    struct rich    body, copy;
    rich_fill(&body, seed, AIRI_FROM(fake_system()));
    size_t size = encode(&rich_kind, &body, bytes);
    assert_int_equal(airt_decode(fake_system(), &rich_kind, bytes, size, &copy), AIRT_OK);
    assert_int_equal(encode(&rich_kind, &copy, again), size);
    assert_memory_equal(bytes, again, size);
    airt_body_print(&rich_kind, &body, text, sizeof text);
    airt_body_print(&rich_kind, &copy, text_again, sizeof text_again);
    assert_string_equal(text, text_again);
    airt_body_clear(fake_system(), &rich_kind, &body);
    airt_body_clear(fake_system(), &rich_kind, &copy);
    assert_int_equal(fake.live, 0);
}

static void round_trips(void **state)
{
    (void)state;
    for (uint64_t start = 1; start <= 1000; start++) {
        uint64_t seed = start;
        round_trip(&seed);
    }
}

static void format_is_fixed(void **state)
{
    static const uint8_t expected[] = {
        1,    0,    3,    0,    1,    0,    0,    0,    /* format, fields, version */
        0x4a, 0x1f, 0xec, 0x46, 0x3b, 0x3e, 0xb4, 0xd6, /* the name, replaced below */
        5,    0x34, 0x12, 1,    1,                      /* u16, bool */
        0xce, 3,    0,    0,    0,    'a',  'b',  0,    /* char array, its length */
    };
    uint8_t      wire[sizeof expected], bytes[WIRE_MAX];
    struct small body = { .number = 0x1234, .flag = true, .text = "ab" };
    (void)state;
    memcpy(wire, expected, sizeof wire);
    for (unsigned i = 0; i < 8; i++)
        wire[8 + i] = (uint8_t)(airt_kind_name_id(&small_kind) >> (8 * i));
    assert_int_equal(encode(&small_kind, &body, bytes), sizeof wire);
    assert_memory_equal(bytes, wire, sizeof wire);
    assert_int_equal(encode(&tick_kind, "", bytes), 16);
    char nothing = 1;
    assert_int_equal(airt_decode(fake_system(), &tick_kind, bytes, 16, &nothing), AIRT_OK);
}

static void too_small_tells_the_size(void **state)
{
    uint64_t    seed = 5;
    struct rich body;
    size_t      size = 0, needed = 0;
    (void)state;
    rich_fill(&body, &seed, AIRI_FROM(fake_system()));
    assert_int_equal(airt_encode(&rich_kind, &body, NULL, 0, &needed), AIRT_ELIMIT);
    for (size_t capacity = 0; capacity < needed; capacity++) {
        uint8_t *bytes = malloc(capacity + 1);
        bytes[capacity] = 0xaa;
        assert_int_equal(airt_encode(&rich_kind, &body, bytes, capacity, &size), AIRT_ELIMIT);
        assert_int_equal(size, needed);
        assert_int_equal(bytes[capacity], 0xaa);
        free(bytes);
    }
    uint8_t *bytes = malloc(needed);
    assert_int_equal(airt_encode(&rich_kind, &body, bytes, needed, &size), AIRT_OK);
    free(bytes);
    airt_body_clear(fake_system(), &rich_kind, &body);
}

static void older_sender_leaves_zeros(void **state)
{
    airt_kind      older = renamed(&order_1_kind, "order"), newer = renamed(&order_2_kind, "order");
    struct order_1 sent = { .id = 7, .item = AIRT_STR("nut") };
    struct order_2 got;
    uint8_t        bytes[WIRE_MAX];
    (void)state;
    size_t size = encode(&older, &sent, bytes);
    memset(&got, 0xff, sizeof got);
    assert_int_equal(airt_decode(fake_system(), &newer, bytes, size, &got), AIRT_OK);
    assert_int_equal(got.id, 7);
    assert_memory_equal(got.item.at, "nut", 3);
    assert_int_equal(got.note.size, 0);
    assert_string_equal(got.note.at, "");
    assert_true(airt_blob_none(got.scan));
    assert_int_equal(got.price, 0);
}

static void newer_sender_is_cut(void **state)
{
    airt_kind      older = renamed(&order_1_kind, "order"), newer = renamed(&order_2_kind, "order");
    struct order_2 sent = { .id = 7, .item = AIRT_STR("nut"), .note = AIRT_STR("soon"), .price = 99 };
    struct order_1 got;
    uint8_t        bytes[WIRE_MAX];
    uint64_t       name = 0;
    uint32_t       version = 0;
    (void)state;
    sent.scan = airt_blob_new(fake_system(), "scan", 4);
    size_t size = encode(&newer, &sent, bytes);
    assert_int_equal(airt_decode(fake_system(), &older, bytes, size, &got), AIRT_OK);
    assert_int_equal(got.id, 7);
    assert_memory_equal(got.item.at, "nut", 3);
    assert_int_equal(airt_encoded_kind(bytes, size, &name, &version), AIRT_OK);
    assert_int_equal(version, 2);
    assert_int_equal(name, airt_kind_name_id(&older));
    airt_body_clear(fake_system(), &newer, &sent);
    assert_int_equal(fake.live, 0);
}

/* A field of a type made up later, which says its length, is skipped; one that does not is malformed. */
static void future_types_are_skipped(void **state)
{
    airt_kind      order = renamed(&order_1_kind, "order");
    struct order_1 sent = { .id = 7, .item = AIRT_STR("nut") }, got;
    uint8_t        bytes[WIRE_MAX];
    (void)state;
    size_t size = encode(&order, &sent, bytes);
    bytes[2] = 3;
    memcpy(bytes + size, "\xbf\x02\x00\x00\x00zz", 7);
    assert_int_equal(airt_decode(fake_system(), &order, bytes, size + 7, &got), AIRT_OK);
    bytes[size] = 0x3f;
    assert_int_equal(airt_decode(fake_system(), &order, bytes, size + 7, &got), AIRT_EFORMAT);
}

static void refusals(void **state)
{
    struct small body = { .number = 1, .flag = true }, got = { .number = 77 };
    uint8_t      bytes[WIRE_MAX];
    size_t       size = 0;
    (void)state;
    assert_int_equal(airt_encode(&held_kind, &body, bytes, sizeof bytes, &size), AIRT_EKIND);
    size = encode(&small_kind, &body, bytes);
    assert_int_equal(airt_decode(fake_system(), &held_kind, bytes, size, &got), AIRT_EKIND);
    assert_int_equal(airt_decode(fake_system(), &order_1_kind, bytes, size, &got), AIRT_EKIND);
    bytes[0] = 2;
    assert_int_equal(airt_decode(fake_system(), &small_kind, bytes, size, &got), AIRT_EVERSION);
    bytes[0] = 1;
    assert_int_equal(airt_decode(fake_system(), &small_kind, bytes, size - 1, &got), AIRT_EFORMAT);
    assert_int_equal(airt_decode(fake_system(), &small_kind, bytes, size + 1, &got), AIRT_EFORMAT);
    bytes[20] = 2; /* the bool */
    assert_int_equal(airt_decode(fake_system(), &small_kind, bytes, size, &got), AIRT_EFORMAT);
    bytes[20] = 1;
    bytes[16] = AIRT_FIELD_I16; /* another type */
    assert_int_equal(airt_decode(fake_system(), &small_kind, bytes, size, &got), AIRT_EFORMAT);
    bytes[16] = AIRT_FIELD_U16;
    bytes[22] = 4; /* a longer text, and the byte is there */
    assert_int_equal(airt_decode(fake_system(), &small_kind, bytes, size + 1, &got), AIRT_EFORMAT);
    assert_int_equal(airt_decode(fake_system(), &small_kind, NULL, 0, &got), AIRT_EFORMAT);
    assert_int_equal(got.number, 77); /* untouched throughout */
}

static void try_hostile(const uint8_t *bytes, size_t size)
{
    struct rich got;
    uint8_t    *exact = malloc(size + (size == 0)); /* the sanitizer watches its end */
    memcpy(exact, bytes, size);
    if (airt_decode(fake_system(), &rich_kind, exact, size, &got) == AIRT_OK)
        airt_body_clear(fake_system(), &rich_kind, &got);
    assert_int_equal(fake.live, 0);
    free(exact);
}

/* Every truncation, every byte flipped, lengths blown up, and many random changes. */
static void hostile_bytes(void **state)
{
    static uint8_t bytes[WIRE_MAX], bad[WIRE_MAX];
    uint64_t       seed = 9;
    struct rich    body;
    (void)state;
    rich_fill(&body, &seed, AIRI_FROM(fake_system()));
    size_t size = encode(&rich_kind, &body, bytes);
    airt_body_clear(fake_system(), &rich_kind, &body);
    for (size_t cut = 0; cut < size; cut++)
        try_hostile(bytes, cut);
    for (size_t at = 0; at < size; at++)
        for (unsigned value = 0; value < 3; value++) {
            memcpy(bad, bytes, size);
            bad[at] = (uint8_t)(value == 0 ? 0xff : value == 1 ? bad[at] ^ 1u << at % 8 : 0);
            try_hostile(bad, size);
        }
    for (int round = 0; round < 20000; round++) {
        memcpy(bad, bytes, size);
        for (uint64_t n = 1 + rich_random(&seed) % 4; n != 0; n--)
            bad[rich_random(&seed) % size] = (uint8_t)rich_random(&seed);
        try_hostile(bad, size);
    }
}

/* The nth blob is refused, for every n: nothing leaks, in and out of a handler. */
static void no_memory(void **state)
{
    static uint8_t bytes[WIRE_MAX];
    struct order_2 sent = { .id = 1 }, got;
    (void)state;
    sent.scan = airt_blob_new(fake_system(), "scan", 4);
    size_t size = encode(&order_2_kind, &sent, bytes);
    airt_body_clear(fake_system(), &order_2_kind, &sent);
    fake.refuse = 1;
    assert_int_equal(airt_decode(fake_system(), &order_2_kind, bytes, size, &got), AIRT_ENOMEM);
    assert_int_equal(got.id, 0);
    uint64_t    seed = 21;
    struct rich body, copy;
    rich_fill(&body, &seed, AIRI_FROM(fake_system()));
    size = encode(&rich_kind, &body, bytes);
    airt_body_clear(fake_system(), &rich_kind, &body);
    airt_status status = AIRT_ENOMEM;
    for (size_t nth = 1; status == AIRT_ENOMEM; nth++) {
        fake.refuse = nth;
        status = airt_decode(fake_ctx(), &rich_kind, bytes, size, &copy);
        fake_handler_returns();
        assert_int_equal(fake.live, 0);
    }
    assert_int_equal(status, AIRT_OK);
    fake.refuse = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(format_is_fixed),
        cmocka_unit_test(too_small_tells_the_size),
        cmocka_unit_test(older_sender_leaves_zeros),
        cmocka_unit_test(newer_sender_is_cut),
        cmocka_unit_test(future_types_are_skipped),
        cmocka_unit_test(refusals),
        cmocka_unit_test(hostile_bytes),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
