/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does divide and conquer cost when each part is an actor? An actor spawns two for the numbers before its own,
 * waits for both answers, tells their sum and ends. `fibonacci` lets a function do the small numbers, so that it shows
 * how actors spread work; `fibonacci_all` spawns down to 1 and 0, so that it shows what an actor costs. */
#include "harness.h"

enum {
    CUT_OFF = 22 /* `fibonacci`: numbers up to this by a function, some tens of microseconds */
};

struct fibonacci_part {
    uint64_t value;
    uint64_t actors; /* that took part */
};
AIRT_KIND(fibonacci_part, value, actors)

struct fibonacci_start {
    uint32_t            number, cut_off;
    fibonacci_part_sink to;
};
AIRT_KIND(fibonacci_start, number, cut_off, REF(to))

#define fibonacci_ACCEPTS(KIND) KIND(fibonacci_part)
AIRT_PROTOCOL(fibonacci)
AIRT_ACTOR(fibonacci) /* it spawns its like */

AIRT_SIGNAL(fibonacci_get)
AIRT_ANSWER(fibonacci_get, fibonacci_part)
struct fibonacci_root_start {
    uint32_t cut_off;
};
AIRT_KIND(fibonacci_root_start, cut_off)

#define fibonacci_root_ACCEPTS(KIND) KIND(bench_go) KIND(fibonacci_part) KIND(fibonacci_get)
AIRT_PROTOCOL(fibonacci_root)

/* --- a number ----------------------------------------------------------------------------------------------------- */

struct fibonacci {
    fibonacci_part_sink   to;
    struct fibonacci_part sum;
    uint32_t              answers;
};

static uint64_t by_recursion(uint32_t number)
{
    return number < 2 ? number : by_recursion(number - 1) + by_recursion(number - 2);
}

AIRT_ON(fibonacci, fibonacci_start)
{
    const fibonacci_part_sink me = { .ref = airt_self(ctx) };

    if (msg->number <= msg->cut_off) {
        AIRT_TRY(airt_tell(ctx, msg->to, fibonacci_part, .value = by_recursion(msg->number), .actors = 1));
        return AIRT_STOP;
    }
    self->to = msg->to;
    self->sum.actors = 1;
    for (uint32_t before = 1; before <= 2; before++) {
        const airt_spawn_options options = { .start = AIRT_START(fibonacci, .number = msg->number - before,
                                                                 .cut_off = msg->cut_off, .to = me) };
        fibonacci_ref            part = { 0 };

        AIRT_TRY(airt_spawn(ctx, fibonacci, &part, &options));
    }
    return AIRT_OK;
}

AIRT_ON(fibonacci, fibonacci_part)
{
    self->sum.value += msg->value;
    self->sum.actors += msg->actors;
    if (++self->answers < 2)
        return AIRT_OK;
    AIRT_TRY(airt_tell(ctx, self->to, fibonacci_part, .value = self->sum.value, .actors = self->sum.actors));
    return AIRT_STOP;
}

#define fibonacci_HANDLES(ON, A) ON(A, fibonacci_start) ON(A, fibonacci_part)
AIRT_BEHAVIOR(fibonacci)

/* --- who wants to know -------------------------------------------------------------------------------------------- */

struct fibonacci_root {
    bench_run            *run;
    uint32_t              cut_off;
    struct fibonacci_part found;
};

AIRT_ON(fibonacci_root, fibonacci_root_start)
{
    self->cut_off = msg->cut_off;
    return AIRT_OK;
}

AIRT_ON(fibonacci_root, bench_go)
{
    const airt_spawn_options options = { .start = AIRT_START(fibonacci, .number = (uint32_t)msg->run->count,
                                                             .cut_off = self->cut_off, .to.ref = airt_self(ctx)) };
    fibonacci_ref            first = { 0 };

    self->run = msg->run;
    bench_start(self->run);
    return airt_spawn(ctx, fibonacci, &first, &options);
}

AIRT_ON(fibonacci_root, fibonacci_part)
{
    self->found = *msg;
    bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(fibonacci_root, fibonacci_get)
{
    return airt_reply(ctx, fibonacci_get, .value = self->found.value, .actors = self->found.actors);
}

#define fibonacci_root_HANDLES(ON, A)                                                                                  \
    ON(A, fibonacci_root_start) ON(A, bench_go) ON(A, fibonacci_part) ON(A, fibonacci_get)
AIRT_BEHAVIOR(fibonacci_root)

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* By adding up from below; the number of actors follows a recurrence of its own. */
static struct fibonacci_part answer_of(uint64_t number, uint32_t cut_off)
{
    struct fibonacci_part before = { .value = 1, .actors = 1 }, now = { .value = 0, .actors = 1 };

    for (uint64_t i = 1; i <= number; i++) {
        struct fibonacci_part next = { .value = now.value + before.value,
                                       .actors = i <= cut_off ? 1 : 1 + now.actors + before.actors };

        before = now;
        now = next;
    }
    return now;
}

static bool check_answer(bench_run *run, airt_system *system, fibonacci_root_ref root, struct fibonacci_part want)
{
    fibonacci_get_answer got = { 0 };

    if (!bench_status(run, "ask", airt_ask(system, root, &got, AIRT_SECONDS(60), fibonacci_get)))
        return false;
    run->found.check = got.value;
    return bench_equal(run, "number", got.value, want.value) &&
           bench_equal(run, "actors spawned", got.actors, want.actors);
}

static bool conquer(bench_run *run, uint32_t cut_off)
{
    const airt_spawn_options options = { .start = AIRT_START(fibonacci_root, .cut_off = cut_off) };
    airt_system             *system = bench_open(run);
    fibonacci_root_ref       root = { 0 };
    bool                     is_right = false;

    if (system == NULL)
        return false;
    bench_expect(run, 1);
    if (bench_status(run, "spawn", airt_spawn(system, fibonacci_root, &root, &options))) {
        airt_tell(system, root, bench_go, .run = run);
        is_right = bench_wait(run) && check_answer(run, system, root, answer_of(run->count, cut_off));
    }
    bench_close(run, &system);
    return is_right;
}

static void fibonacci_run(bench_run *run)
{
    if (conquer(run, CUT_OFF))
        run->found.value[0] = bench_ms(run);
}

static void fibonacci_all_run(bench_run *run)
{
    if (conquer(run, 1))
        run->found.value[0] = bench_ns_each(run, answer_of(run->count, 1).actors);
}

const bench_workload bench_fibonacci = {
    .name = "fibonacci",
    .what =
        "the --count-th number of Fibonacci, an actor for each number above 22 that takes part; Savina's is the 25th",
    .figure = { { "fibonacci", "ms/run" } },
    .count = 45,
    .small = 26,
    .run = fibonacci_run,
};

const bench_workload bench_fibonacci_all = {
    .name = "fibonacci_all",
    .what = "the same with an actor for every number down to 1 and 0; 7 times as many as Savina's",
    .figure = { { "fibonacci_all", "ns/actor" } },
    .count = 29,
    .small = 10,
    .run = fibonacci_all_run,
};
