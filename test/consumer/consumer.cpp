/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The same in C++17: the same macros, kinds with real descriptors, options by assignment, and, at the end, everything
 * without the macros of verbs: a kind, a behaviour, spawn, tell, ask and reply by the function forms alone. */
#include <airt/system.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

enum class color : std::uint8_t {
    red,
    green
};
enum level {
    low,
    high
};

struct counter_add {
    std::int64_t amount;
    airt_str     why;
};
struct counter_total {
    std::int64_t total;
    color        paint;
    level        height;
    char         label[8];
    double       parts[2];
};
AIRT_KIND(counter_add, amount, why)
AIRT_SIGNAL(counter_get)
AIRT_KIND(counter_total, total, paint, height, label, parts)
AIRT_ANSWER(counter_get, counter_total)

#define counter_ACCEPTS(KIND) KIND(counter_add) KIND(counter_get)
AIRT_PROTOCOL(counter)

struct counter_start {
    std::int64_t first;
    counter_ref  next;
};
AIRT_KIND(counter_start, first, REF(next))

struct counter_seen {
    counter_start inner;
    airt_ref      all[2];
};
AIRT_KIND(counter_seen, NESTED(inner, counter_start), all)

struct token {
    int *released;
};
AIRT_LOCAL_KIND(token, token_drop)
void token_drop(token *body)
{
    ++*body->released;
}

struct counter {
    std::int64_t total;
};

AIRT_ON(counter, counter_start)
{
    self->total = msg->first;
    return AIRT_OK;
}

AIRT_ON(counter, counter_add)
{
    self->total += msg->amount + static_cast<std::int64_t>(msg->why.size);
    return AIRT_OK;
}

AIRT_ON(counter, counter_get)
{
    return airt_reply(ctx, counter_get, .total = self->total, .paint = color::green, .height = high);
}

AIRT_ON(counter, token)
{
    return AIRT_OK;
}

#define counter_HANDLES(ON, A) ON(A, counter_start) ON(A, counter_add) ON(A, counter_get) ON(A, token)
AIRT_BEHAVIOR(counter, .placement = AIRT_POOLED, .pinned = true)

AIRT_STATE_AHEAD(counter, idle)
AIRT_ON_IN(counter, busy, counter_get)
{
    return airt_become(ctx, &counter_idle_state);
}
#define counter_busy_HANDLES(ON, S) ON(S, counter_get)
AIRT_STATE(counter, busy, airt_stash)
AIRT_ON_IN(counter, idle, counter_get)
{
    return airt_become(ctx, &counter_busy_state);
}
#define counter_idle_HANDLES(ON, S) ON(S, counter_get)
AIRT_STATE(counter, idle, airt_ignore)

/* What C finds out with _Generic, C++ finds out with templates: the descriptors must be the same. */
static bool descriptors_are_right()
{
    const airt_field *total = counter_total_kind.fields;
    return counter_behavior.pinned && counter_total_kind.field_count == 5 && total[0].type == AIRT_FIELD_I64 &&
           total[1].type == AIRT_FIELD_U8 && total[2].type == AIRT_FIELD_U32 && total[3].type == AIRT_FIELD_CHAR &&
           total[3].count == 8 && total[4].type == AIRT_FIELD_F64 && total[4].count == 2 &&
           counter_add_kind.flags != 0 && counter_seen_kind.fields[0].nested == &counter_start_kind &&
           counter_seen_kind.fields[1].count == 2 && counter_start_kind.fields[1].type == AIRT_FIELD_REF &&
           token_kind.drop != nullptr;
}

static bool codec_is_right(airt_system *system)
{
    counter_add   sent{ 5, AIRT_STR("five") }, got{};
    unsigned char bytes[128];
    char          text[64];
    std::size_t   size = 0;

    airt_body_print(&counter_add_kind, &sent, text, sizeof(text));
    return airt_encode(&counter_add_kind, &sent, bytes, sizeof(bytes), &size) == AIRT_OK &&
           airt_decode(system, &counter_add_kind, bytes, size, &got) == AIRT_OK && got.amount == 5 &&
           got.why.size == 4 && std::strcmp(text, "counter_add{amount=5, why=\"five\"}") == 0;
}

static airt_status run(airt_system *system, counter_total *sum)
{
    counter_ref        ref{}, found{};
    counter_start      start{ 4, {} };
    airt_spawn_options options{};
    int                released = 0;

    options.name = "counter";
    options.start = AIRT_BODY(counter_start, &start);
    AIRT_TRY(airt_spawn(system, counter, &ref, &options));
    AIRT_TRY(airt_lookup(system, counter, "counter", &found));
    AIRT_TRY(airt_tell(system, found, counter_add, .amount = 3, .why = AIRT_STR("three")));
    AIRT_TRY(airt_tell_any(system, ref.ref, token, .released = &released));
    AIRT_TRY(airt_tell(system, airt_sink(counter_add, ref), counter_add, .amount = -2));
    counter_add more{ 2, {} };
    AIRT_TRY(airt_tell_body(system, ref.ref, &counter_add_kind, &more, nullptr)); /* the function form */
    AIRT_TRY(airt_ask(system, ref, sum, AIRT_SECONDS(5), counter_get));
    return released == 1 ? AIRT_OK : AIRT_EINVAL;
}

/* --- by function forms alone, as a binding does it ---------------------------------------------------------------- */

struct item {
    std::uint32_t number;
};
static const airt_field item_fields[] = { { "number", nullptr, AIRT_FIELD_U32, 0, 4, 1 } };
static const airt_kind  item_kind = { "item", sizeof(item), 1, 0, 1, item_fields, nullptr, {} };

struct stack_of_items {
    std::uint32_t sum;
};
static airt_status stack_receive(void *self, airt_ctx *ctx, const airt_kind *kind, const void *body)
{
    auto *stack = static_cast<stack_of_items *>(self);

    if (airt_kind_same(kind, &item_kind))
        stack->sum += static_cast<const item *>(body)->number;
    else if (airt_kind_same(kind, &counter_get_kind)) {
        counter_total total{};
        total.total = stack->sum;
        return airt_reply_body(ctx, &counter_total_kind, &total);
    } else
        return airt_refuse(ctx);
    return AIRT_OK;
}
static const airt_kind *const stack_kinds[] = { &item_kind, &counter_get_kind, nullptr };
static const airt_behavior    stack_behavior = {
       sizeof(airt_behavior), sizeof(stack_of_items), "stack", stack_receive, stack_kinds, nullptr, AIRT_POOLED, false, 0
};

static airt_status functions_are_enough(airt_system *system)
{
    const item         three{ 3 };
    const counter_get  get{};
    counter_total      total{};
    airt_ref           stack{}, found{};
    airt_msg          *msg = nullptr;
    airt_spawn_options options{};
    airt_send_options  high{};
    airt_actor_info    info{};

    options.name = "stack";
    high.priority = AIRT_HIGH;
    AIRT_TRY(airt_spawn_behavior(system, &stack_behavior, &stack, &options));
    AIRT_TRY(airt_lookup_kinds(system, stack_kinds, "stack", &found));
    AIRT_TRY(airt_tell_body(system, stack, &item_kind, &three, nullptr));
    AIRT_TRY(airt_tell_body(system, stack, &item_kind, &three, &high));
    AIRT_TRY(airt_msg_new_body(system, &item_kind, &three, &msg));
    AIRT_TRY(airt_send(system, stack, &msg));
    AIRT_TRY(airt_ask_body(system, stack, &counter_get_kind, &get, AIRT_SECONDS(5), &counter_total_kind, &total,
                           sizeof(total)));
    AIRT_TRY(airt_info(system, stack, &info));
    return airt_ref_same(stack, found) && total.total == 9 && msg == nullptr && info.handled >= 4 ? AIRT_OK
                                                                                                  : AIRT_EINVAL;
}

int main()
{
    airt_system  *system = nullptr;
    counter_total sum{};

    if (airt_system_create(nullptr, &system) != AIRT_OK)
        return 1;
    airt_status status = run(system, &sum);
    if (status == AIRT_OK)
        status = functions_are_enough(system);
    bool right = descriptors_are_right() && codec_is_right(system);
    std::printf("%lld %s %s\n", static_cast<long long>(sum.total), airt_status_name(status), right ? "right" : "wrong");
    if (airt_system_stop(&system, AIRT_SECONDS(5)) != AIRT_OK)
        return 1;
    return status == AIRT_OK && right && sum.total == 12 && sum.paint == color::green ? 0 : 1;
}
