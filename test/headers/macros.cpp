/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every macro of the public headers as C++17 writes it. run.sh looks that none is left out: who adds one uses it here,
 * or says on the line below that it is C only, and docs/cplusplus.md what C++ writes instead.
 * C only: AIRT_START AIRT_CHILD AIRT_SUBTREE AIRT_CHILDREN */
#include <airt/airt.h>

#include <cstdint>
#include <cstdio>

/* --- base.h, fields.h, faults.h, system.h: numbers and tables ----------------------------------------------------- */

static_assert(AIRT_VERSION == AIRT_VERSION_MAJOR * 10000 + AIRT_VERSION_MINOR * 100 + AIRT_VERSION_PATCH,
              "the version");
static_assert(sizeof(AIRT_VERSION_STRING) > sizeof("0.0"), "its text");
static_assert(AIRT_NS(1).ns == 1 && AIRT_US(1).ns == 1000 && AIRT_MS(1).ns == 1000000, "spans");
static_assert(AIRT_SECONDS(1).ns == 1000000000 && AIRT_FOREVER.ns > 0 && AIRT_NO_WAIT.ns < 0, "spans");
static_assert(AIRT_NONE.bits == 0 && AIRT_STR("four").size == 4, "literals");
static_assert(AIRT_BODY_MAX > AIRT_FIELDS_MAX && AIRT_NAME_MAX > 0, "bounds");
static_assert(AIRT_MAILBOX_MAX < AIRT_UNBOUNDED && AIRT_ACTORS_LIMIT > AIRT_MAILBOX_MAX, "bounds");
static_assert(AIRT_FAULTS_KEPT <= AIRT_FAULTS_LIMIT && AIRT_FAULT_FRAMES_MAX > 0, "bounds");
static_assert(AIRT_FAULT_MODULES_MAX > 0 && AIRT_FAULT_TEXT_MAX > 0, "bounds");
static_assert(AIRT_BRUTAL_KILL < AIRT_INFINITY && AIRT_NO_RESTARTS == AIRT_NO_BACKOFF, "numbers with a meaning");

#define ONE(...) +1
static_assert(AIRT_DEAD_LETTER_TABLE(ONE) <= AIRT_LETTERS_MAX, "tables");
static_assert((AIRT_STATUS_TABLE(ONE)) > 1 && (AIRT_EXIT_TABLE(ONE)) > 1, "tables");
static_assert((AIRT_REPORT_TABLE(ONE)) > 1 && (AIRT_ALLOCATION_TABLE(ONE)) > 1, "tables");
static_assert((AIRT_SUPERVISION_TABLE(ONE)) == AIRT_SUPERVISION_COUNT, "tables");

extern "C" AIRT_API AIRT_MUST_CHECK int visible(AIRT_UNUSED int argument);
int                                     visible(int)
{
    return 0;
}

/* --- message.h and behavior.h: declarations ----------------------------------------------------------------------- */

struct total {
    std::int64_t sum;
    airt_str     words;
};
struct add {
    std::int64_t amount;
};
struct token {
    int *released;
};
AIRT_KIND(total, sum, words)
AIRT_KIND_VERSIONED(add, 2, amount)
AIRT_SIGNAL(get)
AIRT_SIGNAL(turn)
AIRT_ANSWER(get, total)
AIRT_LOCAL_KIND(token, token_drop)
void token_drop(token *body)
{
    ++*body->released;
}

#define counter_ACCEPTS(KIND) KIND(add) KIND(get) KIND(token)
AIRT_PROTOCOL(counter)
AIRT_ACTOR(counter)
struct counter_start {
    std::int64_t first;
};
AIRT_KIND(counter_start, first)
struct counter {
    std::int64_t sum;
    airt_msg    *kept;
};
AIRT_ON(counter, counter_start)
{
    self->sum = msg->first;
    return AIRT_OK;
}
AIRT_ON(counter, add)
{
    self->sum += msg->amount;
    return AIRT_OK;
}
AIRT_ON(counter, token)
{
    token body{};

    AIRT_TRY(airt_take(ctx, token, &body));
    token_drop(&body);
    return AIRT_OK;
}
AIRT_ON(counter, turn)
{
    return airt_reply_to(ctx, &self->kept, get, .sum = self->sum, .words = AIRT_STR("later"));
}
AIRT_ON(counter, get)
{
    airt_timer timer{}, every{}, made{};

    AIRT_CHECK(self != nullptr);
    AIRT_CHECK_EQ(sizeof(*msg), sizeof(get));
    if (self->sum > 0)
        return airt_reply(ctx, get, .sum = self->sum, .words = AIRT_STR("now"));
    AIRT_TRY(airt_keep(ctx, &self->kept));
    AIRT_TRY(airt_send_every(ctx, AIRT_SECONDS(1), &every, turn));
    AIRT_TRY(airt_timer_new(ctx, &made, add, .amount = 1));
    AIRT_CHECK(airt_timer_cancel(ctx, every) && airt_timer_cancel(ctx, made));
    return airt_send_after(ctx, AIRT_MS(1), &timer, turn);
}
#define counter_HANDLES(ON, A) ON(A, counter_start) ON(A, add) ON(A, get) ON(A, token) ON(A, turn)
AIRT_BEHAVIOR(counter, .placement = AIRT_POOLED)

/* One that plays the counter for others: it asks, gathers, forwards and receives. */
struct proxy {
    counter_ref behind;
};
AIRT_ON(proxy, add)
{
    return airt_forward(ctx, self->behind, add);
}
AIRT_ON(proxy, token)
{
    return airt_forward_any(ctx, self->behind.ref, token);
}
AIRT_ON(proxy, get)
{
    counter_start start{ 4 };
    airt_tree     tree{};
    airt_child    child{};
    airt_ref      supervisor{};

    child.behavior = &counter_behavior;
    child.start = AIRT_BODY(counter_start, &start);
    tree.children = &child;
    tree.child_count = 1;
    AIRT_TRY(airt_supervise_tree(ctx, &supervisor, &tree));
    get_call         one = airt_ask_begin(ctx, self->behind, AIRT_SECONDS(1), get);
    get_call         two = airt_ask_begin_any(ctx, self->behind.ref, AIRT_SECONDS(1), get);
    airt_call *const calls[] = { &one.call, &two.call };
    total            first{}, second{};
    airt_msg        *next = nullptr;

    AIRT_TRY(airt_await_all(ctx, AIRT_SECONDS(1), calls, 2));
    AIRT_TRY(airt_call_take(ctx, get, one, &first));
    AIRT_TRY(airt_call_take(ctx, get, two, &second));
    if (airt_receive(ctx, AIRT_MS(1), &next, add) == AIRT_OK && airt_msg_as(next, add) == nullptr)
        return AIRT_EINVAL;
    return airt_reply(ctx, get, .sum = first.sum + second.sum);
}
#define proxy_HANDLES(ON, A) ON(A, add) ON(A, get) ON(A, token)
AIRT_BEHAVIOR(proxy)
AIRT_COVERS(proxy, counter)

/* --- behavior.h: states ------------------------------------------------------------------------------------------- */

#define door_ACCEPTS(KIND) KIND(turn)
AIRT_PROTOCOL(door)
struct door {
    int turns;
};
AIRT_STATE_AHEAD(door, shut)
AIRT_ON_IN(door, open, turn)
{
    return airt_become(ctx, &door_shut_state);
}
#define door_open_HANDLES(ON, S) ON(S, turn)
AIRT_STATE(door, open, airt_ignore)
AIRT_ON_IN(door, shut, turn)
{
    self->turns++;
    return airt_become(ctx, &door_open_state);
}
#define door_shut_HANDLES(ON, S) ON(S, turn)
AIRT_STATE(door, shut, airt_refuse)
AIRT_MACHINE(door, shut, .pinned = true)

/* --- verbs.h and supervise.h: from outside ------------------------------------------------------------------------ */

static airt_status verbs(airt_system *system)
{
    counter_start      start{ 3 };
    airt_spawn_options options{};
    airt_send_options  high{};
    counter_ref        ref{}, found{}, same{};
    door_ref           door{};
    airt_ref           untyped{};
    total              sum{};
    airt_msg          *msg = nullptr;
    int                released = 0;

    options.start = AIRT_BODY(counter_start, &start);
    options.name = "counter";
    high.priority = AIRT_HIGH;
    AIRT_TRY(airt_spawn(system, counter, &ref, &options));
    AIRT_TRY(airt_spawn(system, door, &door, nullptr));
    AIRT_TRY(airt_spawn_any(system, proxy, &untyped, nullptr));
    AIRT_TRY(airt_lookup(system, counter, "counter", &found));
    AIRT_TRY(airt_as(system, counter, found.ref, &same));
    AIRT_TRY(airt_tell(system, same, add, .amount = 1));
    AIRT_TRY(airt_tell(system, airt_sink(add, ref), add, .amount = 1));
    AIRT_TRY(airt_tell_with(system, ref, &high, add, .amount = 1));
    AIRT_TRY(airt_tell_any(system, ref.ref, token, .released = &released));
    AIRT_TRY(airt_msg_new(system, &msg, add, .amount = 1));
    AIRT_TRY(airt_send(system, ref.ref, &msg));
    AIRT_TRY(airt_tell(system, door, turn));
    AIRT_TRY(airt_ask(system, ref, &sum, AIRT_SECONDS(5), get));
    airt_answer_clear(system, total, &sum);
    AIRT_TRY(airt_ask_any(system, ref.ref, &sum, AIRT_SECONDS(5), get));
    bool right = sum.sum == 7 && released == 1;
    airt_answer_clear(system, total, &sum);
    return right ? AIRT_OK : AIRT_EINVAL;
}

static airt_status trees(airt_system *system)
{
    counter_start   start{ 4 };
    airt_child      child{};
    airt_ref        pool{};
    airt_child_info by_id{}, by_ref{};

    child.behavior = &counter_behavior;
    child.id = "one";
    child.start = AIRT_BODY(counter_start, &start);
    AIRT_TRY(airt_supervise(system, &pool, .name = "pool", .strategy = AIRT_ONE_FOR_ALL,
                            .restarts_max = AIRT_NO_RESTARTS, .children = &child, .child_count = 1));
    AIRT_TRY(airt_supervisor_find_child(system, pool, AIRT_ID("one"), AIRT_SECONDS(5), &by_id));
    AIRT_TRY(airt_supervisor_find_child(system, pool, AIRT_BY_REF(by_id.ref), AIRT_SECONDS(5), &by_ref));
    return airt_ref_same(by_id.ref, by_ref.ref) ? AIRT_OK : AIRT_EINVAL;
}

int main()
{
    airt_system *system = nullptr;

    if (airt_system_create(nullptr, &system) != AIRT_OK)
        return 1;
    airt_status with_verbs = verbs(system), with_trees = trees(system);
    std::printf("verbs: %s, trees: %s\n", airt_status_name(with_verbs), airt_status_name(with_trees));
    return airt_system_stop(&system, AIRT_SECONDS(5)) == AIRT_OK && with_verbs == AIRT_OK && with_trees == AIRT_OK ? 0
                                                                                                                   : 1;
}
