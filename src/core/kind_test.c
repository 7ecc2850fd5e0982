/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Kinds: descriptors as the macros make them, identity, copies and releases, dispatch. */
#include "core/kind.h"

#include "fake_blobs.h"
#include "rich_kind.h"

#include <airt/behavior.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The library's stands where handlers run. */
airt_status airt_refuse(airt_ctx *ctx)
{
    (void)ctx;
    return AIRT_EKIND;
}

AIRT_SIGNAL(tick)
struct plain {
    uint64_t a;
    uint32_t b;
    uint32_t c;
};
AIRT_KIND_VERSIONED(plain, 7, a, b, c)

struct one {
    uint8_t only[1];
};
AIRT_KIND(one, only)

/* Every field there can be. */
struct wide {
    uint8_t f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22,
        f23, f24, f25, f26, f27, f28, f29, f30, f31;
};
AIRT_KIND(wide, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22,
          f23, f24, f25, f26, f27, f28, f29, f30, f31)

struct aligned {
    _Alignas(16) uint8_t block[16];
};
AIRT_KIND(aligned, block)

struct held {
    int *counter;
};
AIRT_LOCAL_KIND(held, held_drop)
void held_drop(struct held *body)
{
    ++*body->counter;
}

static void descriptors(void **state)
{
    (void)state;
    assert_string_equal(plain_kind.name, "plain");
    assert_int_equal(plain_kind.size, sizeof(struct plain));
    assert_int_equal(plain_kind.version, 7);
    assert_int_equal(plain_kind.flags, 0);
    assert_int_equal(plain_kind.field_count, 3);
    assert_string_equal(plain_kind.fields[2].name, "c");
    assert_int_equal(plain_kind.fields[2].offset, offsetof(struct plain, c));
    assert_int_equal(tick_kind.field_count, 0);
    assert_int_equal(held_kind.flags, AIRI_KIND_LOCAL);
    assert_int_equal(wide_kind.field_count, AIRT_FIELDS_MAX);
    assert_int_equal(rich_kind.flags, AIRI_KIND_VIEWS | AIRI_KIND_BLOBS);
    assert_int_equal(airt_down_kind.field_count, 3);
    assert_ptr_equal(airt_down_kind.fields[2].nested, &airt_reason_kind);
}

static const airt_field *rich_field(const char *name)
{
    for (uint32_t i = 0; i < rich_kind.field_count; i++)
        if (strcmp(rich_kind.fields[i].name, name) == 0)
            return &rich_kind.fields[i];
    fail_msg("no field %s", name);
    return NULL;
}

static void field_types(void **state)
{
    static const struct {
        const char *name;
        uint32_t    type, count;
    } expected[] = {
        { "flag", AIRT_FIELD_BOOL, 1 },    { "i8", AIRT_FIELD_I8, 1 },         { "u64", AIRT_FIELD_U64, 1 },
        { "f32", AIRT_FIELD_F32, 1 },      { "f64", AIRT_FIELD_F64, 1 },       { "color", AIRT_FIELD_U32, 1 },
        { "sign", AIRT_FIELD_I32, 1 },     { "span", AIRT_FIELD_DURATION, 1 }, { "any", AIRT_FIELD_REF, 1 },
        { "peer", AIRT_FIELD_REF, 1 },     { "label", AIRT_FIELD_CHAR, 12 },   { "mac", AIRT_FIELD_U8, 6 },
        { "words", AIRT_FIELD_U32, 3 },    { "flags", AIRT_FIELD_BOOL, 5 },    { "refs", AIRT_FIELD_REF, 2 },
        { "names", AIRT_FIELD_STR, 3 },    { "raw", AIRT_FIELD_BYTES, 1 },     { "blobs", AIRT_FIELD_BLOB, 2 },
        { "inner", AIRT_FIELD_NESTED, 1 }, { "inners", AIRT_FIELD_NESTED, 2 }, { "last", AIRT_FIELD_U64, 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(rich_field(expected[i].name)->type, expected[i].type);
        assert_int_equal(rich_field(expected[i].name)->count, expected[i].count);
    }
}

/* Another module's copy of a declaration, and what must not pass for one. */
static void identity(void **state)
{
    airt_field fields[3];
    airt_kind  other = plain_kind;
    (void)state;
    memcpy(fields, plain_kind.fields, sizeof fields);
    other.fields = fields;
    assert_true(airt_kind_same(&plain_kind, &other));
    assert_int_equal(airt_kind_id(&plain_kind), airt_kind_id(&other));
    fields[1].name = "x";
    assert_false(airt_kind_same(&plain_kind, &other));
    assert_int_not_equal(airt_kind_id(&plain_kind), airt_kind_id(&other));
    fields[1].name = "b";
    other.version = 8;
    assert_false(airt_kind_same(&plain_kind, &other));
    other.version = 7;
    other.name = "plane";
    assert_false(airt_kind_same(&plain_kind, &other));
    assert_false(airt_kind_same(&airt_down_kind, &airt_exited_kind));
    const airt_kind *const list[] = { &tick_kind, &plain_kind, NULL };
    other.name = "plain";
    assert_ptr_equal(airt_kind_match(list, &other), &plain_kind);
    assert_null(airt_kind_match(list, &one_kind));
}

/* The id is on the wire of histories: it may not change with the compiler or the machine. */
static void identity_is_stable(void **state)
{
    (void)state;
    assert_int_equal(airt_kind_name_id(&tick_kind), UINT64_C(0x7fd8b36c6a3d624c));
    assert_int_equal(airt_kind_id(&plain_kind), UINT64_C(0x8c7965583c98ee2a));
    assert_int_equal(airi_kind_hash(&tick_kind), airt_kind_name_id(&tick_kind));
}

static void copy_moves_views_and_counts_blobs(void **state)
{
    uint64_t    seed = 11;
    struct rich body, copy;
    char        tail[4096];
    (void)state;
    for (int round = 0; round < 200; round++) {
        rich_fill(&body, &seed, AIRI_FROM(fake_system()));
        size_t size = airi_body_tail(&rich_kind, &body);
        assert_true(size <= sizeof tail);
        airi_body_copy(&rich_kind, &copy, &body, tail);
        assert_true(body.name.size == 0 || (copy.name.at >= tail && copy.name.at + copy.name.size <= tail + size));
        assert_memory_equal(copy.name.at, body.name.at, body.name.size);
        assert_memory_equal(copy.inners[1].host.at, body.inners[1].host.at, body.inners[1].host.size);
        airt_body_clear(fake_system(), &rich_kind, &body);
        assert_true(copy.blob.size == 0 || copy.blob.at[0] != 0xdd);
        airi_body_release(&rich_kind, &copy);
        assert_int_equal(fake.live, 0);
    }
}

static void empty_views_are_never_null(void **state)
{
    struct rich body, copy;
    (void)state;
    memset(&body, 0, sizeof body);
    assert_int_equal(airi_body_tail(&rich_kind, &body), 0);
    airi_body_copy(&rich_kind, &copy, &body, NULL);
    assert_string_equal(copy.name.at, "");
    assert_string_equal(copy.inner.host.at, "");
    airi_body_release(&rich_kind, &copy);
}

static void tail_does_not_overflow(void **state)
{
    struct rich body;
    (void)state;
    memset(&body, 0, sizeof body);
    body.name.size = SIZE_MAX - 1;
    body.raw.size = 2;
    assert_int_equal(airi_body_tail(&rich_kind, &body), SIZE_MAX);
    assert_int_equal(airi_body_tail(&plain_kind, &body), 0);
}

static void local_drop_runs_once(void **state)
{
    int         count = 0;
    struct held body = { &count }, copy;
    (void)state;
    airi_body_copy(&held_kind, &copy, &body, NULL);
    assert_int_equal(count, 0);
    airi_body_release(&held_kind, &copy);
    assert_int_equal(count, 1);
}

static void priorities_rank(void **state)
{
    (void)state;
    assert_int_equal(AIRT_NORMAL, 0);
    assert_true(airi_priority_rank(AIRT_LOW) < airi_priority_rank(AIRT_NORMAL));
    assert_true(airi_priority_rank(AIRT_NORMAL) < airi_priority_rank(AIRT_HIGH));
    assert_true(airi_priority_rank(AIRT_HIGH) < airi_priority_rank(AIRT_CRITICAL));
}

static void exits_have_texts(void **state)
{
    (void)state;
    assert_string_equal(airt_exit_text(AIRT_EXIT_NORMAL), "normal");
    assert_string_equal(airt_exit_text(AIRT_EXIT_CHECK), "check failed");
    assert_string_equal(airt_exit_text((airt_exit)99), "unknown exit");
    for (int i = 0; i < AIRT_EXIT_COUNT; i++)
        assert_non_null(airt_exit_text((airt_exit)i));
}

/* --- dispatch ----------------------------------------------------------------------------------------------------- */

#define counter_ACCEPTS(KIND) KIND(plain) KIND(tick)
AIRT_PROTOCOL(counter)
struct counter {
    uint64_t sum;
    int      ticks;
};
AIRT_ON(counter, plain)
{
    self->sum += msg->a;
    return AIRT_OK;
}
AIRT_ON(counter, tick)
{
    self->ticks++;
    return AIRT_OK;
}
AIRT_ON(counter, one)
{
    return AIRT_STOP;
}
#define counter_HANDLES(ON, A) ON(A, plain) ON(A, tick) ON(A, one)
AIRT_BEHAVIOR(counter, .placement = AIRT_BLOCKING, .pinned = true)

struct fake_counter {
    int calls;
};
AIRT_ON(fake_counter, plain)
{
    self->calls++;
    return AIRT_OK;
}
AIRT_ON(fake_counter, tick)
{
    self->calls++;
    return AIRT_OK;
}
#define fake_counter_HANDLES(ON, A) ON(A, plain) ON(A, tick)
AIRT_BEHAVIOR(fake_counter)
AIRT_COVERS(fake_counter, counter)

struct door {
    int knocks;
};
#define door_ACCEPTS(KIND) KIND(tick) KIND(one)
AIRT_PROTOCOL(door)
AIRT_STATE_AHEAD(door, opened)
AIRT_ON_IN(door, closed, tick)
{
    self->knocks++;
    return door_opened_state.state_size == sizeof *self ? AIRT_OK : AIRT_EINVAL;
}
#define door_closed_HANDLES(ON, S) ON(S, tick)
AIRT_STATE(door, closed, airt_ignore)
AIRT_ON_IN(door, opened, one)
{
    self->knocks = 0;
    return AIRT_OK;
}
#define door_opened_HANDLES(ON, S) ON(S, one)
AIRT_STATE(door, opened, airt_refuse, .pinned = true)
AIRT_MACHINE(door, closed)

static void dispatch(void **state)
{
    struct counter      self = { 0 };
    struct plain        add = { .a = 5 };
    const airt_behavior behavior = counter_behavior;
    (void)state;
    assert_int_equal(behavior.receive(&self, fake_ctx(), &plain_kind, &add), AIRT_OK);
    assert_int_equal(behavior.receive(&self, fake_ctx(), &tick_kind, ""), AIRT_OK);
    assert_int_equal(behavior.receive(&self, fake_ctx(), &one_kind, ""), AIRT_STOP);
    assert_int_equal(behavior.receive(&self, fake_ctx(), &wide_kind, ""), AIRT_EKIND);
    airt_kind copy = plain_kind; /* another module's */
    assert_int_equal(behavior.receive(&self, fake_ctx(), &copy, &add), AIRT_OK);
    assert_int_equal(self.sum, 10);
    assert_int_equal(self.ticks, 1);
}

static void behaviors(void **state)
{
    struct door self = { 0 };
    (void)state;
    assert_string_equal(counter_behavior.name, "counter");
    assert_int_equal(counter_behavior.struct_size, sizeof(airt_behavior));
    assert_int_equal(counter_behavior.state_size, sizeof(struct counter));
    assert_int_equal(counter_behavior.placement, AIRT_BLOCKING);
    assert_true(counter_behavior.pinned);
    assert_ptr_equal(counter_behavior.kinds[2], &one_kind);
    assert_null(counter_behavior.kinds[3]);
    assert_int_equal(fake_counter_behavior.placement, AIRT_POOLED);
    assert_string_equal(door_closed_state.name, "door.closed");
    assert_true(door_behavior.receive == door_closed_state.receive);
    assert_ptr_equal(door_behavior.kinds[1], &one_kind);
    assert_true(door_opened_state.pinned && !door_closed_state.pinned);
    assert_int_equal(door_closed_state.receive(&self, fake_ctx(), &tick_kind, ""), AIRT_OK);
    assert_int_equal(door_closed_state.receive(&self, fake_ctx(), &one_kind, ""), AIRT_OK);
    assert_int_equal(self.knocks, 1);
    assert_int_equal(door_opened_state.receive(&self, fake_ctx(), &one_kind, ""), AIRT_OK);
    assert_int_equal(door_opened_state.receive(&self, fake_ctx(), &tick_kind, ""), AIRT_EKIND);
    assert_int_equal(self.knocks, 0);
}

static void runtime_kinds_have_names(void **state)
{
    (void)state;
#define NAMED(kind, ...) assert_string_equal(kind##_kind.name, #kind);
    AIRI_RUNTIME_KINDS(NAMED)
#undef NAMED
}

static void typed_refs_convert(void **state)
{
    counter_ref counter = { .bits = 77 };
    tick_sink   sink = airt_sink(tick, counter);
    (void)state;
    assert_int_equal(sink.ref.bits, 77);
    assert_int_equal(AIRI_ADDRESS(sink, tick).bits, 77);
    assert_true(airt_ref_none(AIRT_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors),
        cmocka_unit_test(field_types),
        cmocka_unit_test(identity),
        cmocka_unit_test(identity_is_stable),
        cmocka_unit_test(copy_moves_views_and_counts_blobs),
        cmocka_unit_test(empty_views_are_never_null),
        cmocka_unit_test(tail_does_not_overflow),
        cmocka_unit_test(local_drop_runs_once),
        cmocka_unit_test(priorities_rank),
        cmocka_unit_test(exits_have_texts),
        cmocka_unit_test(dispatch),
        cmocka_unit_test(behaviors),
        cmocka_unit_test(runtime_kinds_have_names),
        cmocka_unit_test(typed_refs_convert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
