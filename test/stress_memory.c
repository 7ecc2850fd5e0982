/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Threads that spawn, feed and kill actors with budgets, in a system with a bound: each of both is breached again and
 * again, the bytes are never more than the bound, and in the end the account balances and nothing is left. And a handler
 * that asks very often, whose memory does not grow with its asks. */
#include "threads.h"

enum {
    THREADS = 4,
    HOGS = 4,
    ROUNDS = 1000,
    BUDGET = 100000,
    ROOM = 12 << 20 /* beside what an empty system has */
};

struct meal {
    airt_str text;
};
AIRT_KIND(meal, text)
AIRT_SIGNAL(burp)
#define hog_ACCEPTS(KIND) KIND(meal) KIND(burp)
AIRT_PROTOCOL(hog)
struct hog {
    airt_msg *kept;
    void     *memory;
    uint32_t  meals;
};
static struct {
    airt_system      *system;
    _Atomic(int)      failures;
    _Atomic(uint64_t) ended[AIRT_EXIT_COUNT], refused, leaks, hits;
} all;
static char text[20000];

AIRT_ON(hog, meal)
{
    airt_blob blob = airt_blob_new(ctx, msg->text.at, msg->text.size);

    if (!airt_blob_none(blob))
        (void)!airt_blob_keep(ctx, &blob);
    (void)!airt_send_after(ctx, AIRT_NS(1000), NULL, burp);
    airt_free(ctx, self->memory);
    self->memory = airt_alloc(ctx, 1000 * (1 + self->meals++ % 8));
    if (self->kept != NULL)
        airt_drop(&self->kept);
    return airt_keep(ctx, &self->kept) == AIRT_OK ? AIRT_OK : AIRT_STOP;
}
AIRT_ON(hog, burp)
{
    (void)self;
    (void)msg;
    return airt_alloc(ctx, 4000) != NULL || self->meals % 2 ? AIRT_OK : AIRT_EINVAL;
}
AIRT_ON(hog, airt_failed)
{
    (void)ctx;
    (void)self;
    (void)msg;
    return AIRT_RESTART;
}
AIRT_ON(hog, airt_stopping)
{
    (void)ctx;
    (void)self;
    atomic_fetch_add(&all.ended[msg->reason.exit], 1);
    return AIRT_OK;
}
#define hog_HANDLES(ON, A) ON(A, meal) ON(A, burp) ON(A, airt_failed) ON(A, airt_stopping)
AIRT_BEHAVIOR(hog)

static void on_report(void *context, const airt_report *report)
{
    (void)context;
    atomic_fetch_add(&all.leaks, report->kind == AIRT_REPORT_LEAK);
    atomic_fetch_add(&all.hits, report->kind == AIRT_REPORT_MEMORY);
}

static void *feed(void *argument)
{
    hog_ref hog[HOGS] = { 0 };

    (void)argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        hog_ref          *one = &hog[i % HOGS];
        airt_actor_info   info;
        airt_system_stats stats = stats_of(all.system);

        atomic_fetch_add(&all.failures, stats.bytes > stats.bytes_max);
        if (airt_info(all.system, one->ref, &info) == AIRT_OK)
            atomic_fetch_add(&all.failures, info.memory > BUDGET);
        else if (airt_spawn(all.system, hog, one,
                            &(airt_spawn_options){ .memory_max = BUDGET, .mailbox = { .max = 8 } }) != AIRT_OK)
            pause_us(200); /* until there is some memory again */
        for (int n = 0; n < 8; n++)
            if (airt_tell(all.system, *one, meal, .text = { text, sizeof text / (1 + i % 4) }) == AIRT_ENOMEM)
                atomic_fetch_add(&all.refused, 1);
        if (i % 16 == 15)
            (void)airt_kill(all.system, one->ref, NULL);
    }
    return NULL;
}

/* Pages of their own, until there are none left; then all go back. */
static void *press(void *argument)
{
    airt_blob blob[64];

    (void)argument;
    for (unsigned i = 0; i < 20; i++) {
        unsigned count = 0;
        bool     more = true;

        while (more && count < 64) {
            void *bytes;

            blob[count] = airt_blob_space(all.system, 200000, &bytes);
            more = !airt_blob_none(blob[count]);
            count += more;
        }
        pause_us(500);
        while (count > 0)
            airt_blob_drop(all.system, &blob[--count]);
    }
    return NULL;
}

static void budgets_and_a_bound(void **state)
{
    airt_system_options options = { .workers = 3, .stuck_ms = NEVER_STUCK, .report = on_report };
    pthread_t           thread[THREADS + 1];

    (void)state;
    OK(airt_system_create(&options, &all.system));
    options.memory_max = stats_of(all.system).bytes + ROOM;
    OK(airt_system_stop(&all.system, AIRT_SECONDS(60)));
    OK(airt_system_create(&options, &all.system));
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, feed, NULL), 0);
    assert_int_equal(pthread_create(&thread[THREADS], NULL, press, NULL), 0);
    for (int i = 0; i <= THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    end_system(&all.failures, &all.system);
    assert_int_equal(all.leaks, 0);
    assert_true(all.ended[AIRT_EXIT_NOMEM] > 0);
    assert_true(all.hits > 0);
    (void)printf("ended over their budget: %llu; refused by the bound: %llu sends; it was hit %llu times\n",
                 (unsigned long long)all.ended[AIRT_EXIT_NOMEM], (unsigned long long)all.refused,
                 (unsigned long long)all.hits);
}

/* --- many asks in one handler ------------------------------------------------------------------------------------- */

enum {
    ASKS = 50000,
    SLACK = 1 << 20 /* of caches and pages; the answers of ASKS asks are several of it */
};

struct tick {
    uint64_t number;
};
AIRT_KIND(tick, number)
AIRT_SIGNAL(tick_get)
AIRT_ANSWER(tick_get, tick)
AIRT_SIGNAL(count)
#define clock_ACCEPTS(KIND) KIND(tick_get)
AIRT_PROTOCOL(clock)
struct clock {
    uint64_t number;
};
AIRT_ON(clock, tick_get)
{
    (void)msg;
    return airt_reply(ctx, tick_get, .number = ++self->number);
}
#define clock_HANDLES(ON, A) ON(A, tick_get)
AIRT_BEHAVIOR(clock)

#define counter_ACCEPTS(KIND) KIND(count)
AIRT_PROTOCOL(counter)
struct counter_start {
    clock_ref clock;
};
AIRT_KIND(counter_start, REF(clock))
struct counter {
    clock_ref clock;
};
AIRT_ANSWER(count, tick)
AIRT_ON(counter, counter_start)
{
    (void)ctx;
    self->clock = msg->clock;
    return AIRT_OK;
}

static airt_status ask_ticks(airt_ctx *ctx, clock_ref clock, struct tick *last)
{
    for (int i = 0; i < ASKS; i++)
        AIRT_TRY(airt_ask(ctx, clock, last, AIRT_SECONDS(60), tick_get));
    return AIRT_OK;
}

/* Answers the bytes that the second half of its asks left behind. */
AIRT_ON(counter, count)
{
    struct tick last = { 0 };
    uint64_t    before;

    (void)msg;
    AIRT_TRY(ask_ticks(ctx, self->clock, &last));
    before = stats_of(airt_ctx_system(ctx)).bytes;
    AIRT_TRY(ask_ticks(ctx, self->clock, &last));
    AIRT_CHECK_EQ(last.number, 2 * ASKS);
    return airt_reply(ctx, count, .number = stats_of(airt_ctx_system(ctx)).bytes - before);
}
#define counter_HANDLES(ON, A) ON(A, counter_start) ON(A, count)
AIRT_BEHAVIOR(counter)

static void answers_do_not_pile_up(void **state)
{
    airt_system *system = NULL;
    clock_ref    clock = { 0 };
    counter_ref  counter = { 0 };
    struct tick  grown = { 0 };

    (void)state;
    OK(airt_system_create(&(airt_system_options){ .workers = 2, .stuck_ms = NEVER_STUCK }, &system));
    OK(airt_spawn(system, clock, &clock, NULL));
    OK(airt_spawn(system, counter, &counter, &(airt_spawn_options){ .start = AIRT_START(counter, .clock = clock) }));
    OK(airt_ask(system, counter, &grown, AIRT_SECONDS(120), count));
    assert_true((int64_t)grown.number < SLACK);
    (void)printf("%d asks in a handler left %lld bytes behind\n", ASKS, (long long)grown.number);
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(budgets_and_a_bound),
                                        cmocka_unit_test(answers_do_not_pile_up) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
