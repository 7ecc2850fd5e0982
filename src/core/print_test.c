/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bodies as text: every type, the cuts, and small buffers. */
#include "core/kind.h"

#include "fake_blobs.h"
#include "rich_kind.h"

#include <airt/behavior.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct counter_add {
    int64_t amount;
};
AIRT_KIND(counter_add, amount)
AIRT_SIGNAL(counter_get)
struct text {
    airt_str   str;
    airt_bytes bytes;
};
AIRT_KIND(text, str, bytes)
struct mixed {
    bool          flag;
    uint8_t       mac[3];
    char          label[4];
    float         half;
    double        third;
    airt_duration span;
    airt_ref      ref;
    airt_blob     blob;
    int8_t        below[2];
};
AIRT_KIND(mixed, flag, mac, label, half, third, span, ref, blob, below)
struct secret {
    void *pointer;
};
AIRT_LOCAL_KIND(secret, secret_drop)
void secret_drop(struct secret *body)
{
    (void)body;
}
struct many {
    uint16_t numbers[40];
};
AIRT_KIND(many, numbers)

static char        printed[2048];
static const char *show(const airt_kind *kind, const void *body)
{
    size_t length = airt_body_print(kind, body, printed, sizeof printed);
    assert_int_equal(length, strlen(printed));
    return printed;
}

static void numbers(void **state)
{
    struct counter_add add = { -3 };
    (void)state;
    assert_string_equal(show(&counter_add_kind, &add), "counter_add{amount=-3}");
    assert_string_equal(show(&counter_get_kind, ""), "counter_get{}");
    assert_string_equal(show(&counter_add_kind, NULL), "counter_add");
    assert_string_equal(show(&secret_kind, &add), "secret{local}");
}

static void every_shape(void **state)
{
    struct mixed body = { .flag = true, .mac = { 1, 2, 255 }, .label = "abcd", .half = 0.5f, .third = 1.0 / 3 };
    (void)state;
    body.below[1] = -1;
    body.span = AIRT_MS(1500);
    body.ref.bits = UINT64_C(5) << 28 | 9;
    body.blob = (airt_blob){ .head = NULL, .at = (const uint8_t *)"\x01\xff", .size = 2 };
    assert_string_equal(show(&mixed_kind, &body),
                        "mixed{flag=true, mac=[1, 2, 255], label=\"abcd\", half=0.5, third=0.333333333333333, "
                        "span=1500ms, ref=<9.5>, blob=blob 2:01ff, below=[0, -1]}");
}

static void durations(void **state)
{
    static const struct {
        int64_t     ns;
        const char *text;
    } cases[] = { { 0, "0s" },        { 1, "1ns" },         { -1, "-1ns" },          { 1000, "1us" },
                  { 2000000, "2ms" }, { 3000000000, "3s" }, { INT64_MAX, "forever" } };
    struct mixed body = { .flag = false };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[64];
        body.span.ns = cases[i].ns;
        snprintf(expected, sizeof expected, "span=%s, ref=none", cases[i].text);
        assert_non_null(strstr(show(&mixed_kind, &body), expected));
    }
}

static void strings_are_escaped(void **state)
{
    struct text body = { .str = AIRT_STR("a\"b\\c\n\x01\x7f\0z"), .bytes = { "", 0 } };
    (void)state;
    assert_string_equal(show(&text_kind, &body), "text{str=\"a\\\"b\\\\c\\n\\x01\\x7f\\x00z\", bytes=0:}");
    body.str = (airt_str){ NULL, 0 };
    assert_string_equal(show(&text_kind, &body), "text{str=\"\", bytes=0:}");
}

static void long_ones_are_cut(void **state)
{
    char        big[100];
    struct text body = { .str = { big, 64 }, .bytes = { big, 17 } };
    struct many many = { { 0 } };
    (void)state;
    memset(big, 'x', sizeof big);
    assert_null(strstr(show(&text_kind, &body), "x\"..."));
    assert_non_null(strstr(printed, "bytes=17:78787878787878787878787878787878..."));
    body.str.size = 65;
    assert_non_null(strstr(show(&text_kind, &body), "x\"..."));
    memcpy(big + 63, "\xc3\xa4", 2); /* a character across the cut goes whole */
    show(&text_kind, &body);
    assert_null(strchr(printed, '\xc3'));
    assert_string_equal(show(&many_kind, &many), "many{numbers=[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...]}");
}

static void nested(void **state)
{
    struct airt_down down = { .who = { 1 }, .incarnation = 2, .reason = { .exit = AIRT_EXIT_ERROR, .code = -7 } };
    (void)state;
    assert_string_equal(show(&airt_down_kind, &down),
                        "airt_down{who=<1.0>, incarnation=2, reason={exit=3, status=0, code=-7, origin=none}}");
}

/* As snprintf: every capacity, nothing written behind it, always the whole length. */
static void small_buffers(void **state)
{
    uint64_t    seed = 3;
    struct rich body;
    char        full[2048];
    (void)state;
    rich_fill(&body, &seed, AIRI_FROM(fake_system()));
    size_t length = airt_body_print(&rich_kind, &body, full, sizeof full);
    assert_true(length < sizeof full);
    for (size_t capacity = 0; capacity <= length + 1; capacity++) {
        char *text = malloc(capacity + 1); /* the sanitizer watches its end */
        text[capacity] = '!';
        assert_int_equal(airt_body_print(&rich_kind, &body, text, capacity), length);
        assert_int_equal(text[capacity], '!');
        if (capacity != 0) {
            assert_int_equal(strlen(text), capacity - 1);
            assert_memory_equal(text, full, capacity - 1);
        }
        free(text);
    }
    airt_body_clear(fake_system(), &rich_kind, &body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),       cmocka_unit_test(every_shape),         cmocka_unit_test(durations),
        cmocka_unit_test(nested),        cmocka_unit_test(strings_are_escaped), cmocka_unit_test(long_ones_are_cut),
        cmocka_unit_test(small_buffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
