/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the next incarnation of an actor has that was killed in its handler, while that handler has not returned: the news
 * of its children, and a thread of its own. And what is told of an incarnation that is just ending. */
#include "threads.h"

AIRT_SIGNAL(stay)
AIRT_SIGNAL(ping)
AIRT_SIGNAL(pong)
AIRT_ANSWER(ping, pong)

enum {
    INCARNATIONS = 4
};

static gate  hold;
static heard ears;

static struct {
    _Atomic(uint64_t) child, grandchild; /* refs */
    _Atomic(int)      failures, restarts, news[INCARNATIONS];
} all;

static void check(airt_status status)
{
    if (status != AIRT_OK)
        atomic_fetch_add(&all.failures, 1);
}

static airt_ref ref_of(_Atomic(uint64_t) *bits)
{
    return (airt_ref){ atomic_load(bits) };
}

/* Restarts whoever has ended; true: somebody has. */
static bool restart_the_ended(airt_ctx *ctx)
{
    airt_child_change change;
    bool              any = false;

    while (airt_child_next(ctx, &change)) {
        if (change.event != AIRT_CHILD_ENDED)
            continue;
        check(airt_child_restart(ctx, change.who, NULL));
        any = true;
    }
    return any;
}

/* --- the last of a line: a thread of its own ---------------------------------------------------------------------- */

struct loner {
    char nothing;
};
AIRT_ON(loner, stay)
{
    gate_pass(&hold);
    return AIRT_OK;
}
AIRT_ON(loner, ping)
{
    return airt_reply(ctx, ping);
}
#define loner_HANDLES(ON, A) ON(A, stay) ON(A, ping)
AIRT_BEHAVIOR(loner, .placement = AIRT_DEDICATED)

/* --- in the middle: stays in its first incarnation's news --------------------------------------------------------- */

AIRT_SIGNAL(middle_start)
struct middle {
    char nothing;
};
AIRT_ON(middle, middle_start)
{
    airt_ref    ref = AIRT_NONE;
    airt_status status = airt_spawn_any(ctx, loner, &ref, &(airt_spawn_options){ .supervised = true });

    atomic_store(&all.grandchild, ref.bits);
    return status;
}
AIRT_ON(middle, airt_child_news)
{
    uint32_t incarnation = 0;

    check(airt_incarnation(ctx, airt_self(ctx), &incarnation));
    if (restart_the_ended(ctx))
        atomic_fetch_add(&all.restarts, 1);
    atomic_fetch_add(&all.news[incarnation % INCARNATIONS], 1);
    if (incarnation == 1)
        gate_pass(&hold);
    return AIRT_OK;
}
#define middle_HANDLES(ON, A) ON(A, middle_start) ON(A, airt_child_news)
AIRT_BEHAVIOR(middle)

/* --- the first of the line ---------------------------------------------------------------------------------------- */

struct elder_start {
    bool with_middle;
};
AIRT_KIND(elder_start, with_middle)
struct elder {
    char nothing;
};
AIRT_ON(elder, elder_start)
{
    airt_ref    ref = AIRT_NONE;
    airt_status status = msg->with_middle
                             ? airt_spawn_any(ctx, middle, &ref,
                                              &(airt_spawn_options){ .supervised = true, .start = AIRT_START(middle) })
                             : airt_spawn_any(ctx, loner, &ref, &(airt_spawn_options){ .supervised = true });

    atomic_store(&all.child, ref.bits);
    return status;
}
AIRT_ON(elder, airt_child_news)
{
    if (restart_the_ended(ctx))
        atomic_fetch_add(&all.restarts, 1);
    return AIRT_OK;
}
#define elder_HANDLES(ON, A) ON(A, elder_start) ON(A, airt_child_news)
AIRT_BEHAVIOR(elder)

/* --- a look between an incarnation's end and its being down ------------------------------------------------------- */

static gate ending; /* in the hook, which is shown what the ending incarnation had put by */

AIRT_SIGNAL(put_by)
AIRT_SIGNAL(fail)
AIRT_SIGNAL(hoarder_start)
struct hoarder {
    char nothing;
};
AIRT_ON(hoarder, hoarder_start)
{
    (void)self;
    (void)ctx;
    (void)msg;
    return AIRT_OK;
}
AIRT_ON(hoarder, put_by)
{
    return airt_stash(ctx);
}
AIRT_ON(hoarder, fail)
{
    return AIRT_EINVAL;
}
#define hoarder_HANDLES(ON, A) ON(A, hoarder_start) ON(A, put_by) ON(A, fail)
AIRT_BEHAVIOR(hoarder)

static struct {
    _Atomic(int)      count;
    airt_child_change change[4];
} looked;

/* Does not look before the gate is open. */
AIRT_SIGNAL(looker_start)
struct looker {
    char nothing;
};
AIRT_ON(looker, looker_start)
{
    airt_ref    ref = AIRT_NONE;
    airt_status status =
        airt_spawn_any(ctx, hoarder, &ref, &(airt_spawn_options){ .supervised = true, .start = AIRT_START(hoarder) });

    atomic_store(&all.child, ref.bits);
    gate_pass(&hold);
    return status;
}
AIRT_ON(looker, airt_child_news)
{
    while (looked.count < 4 && airt_child_next(ctx, &looked.change[looked.count]))
        atomic_fetch_add(&looked.count, 1);
    return AIRT_OK;
}
#define looker_HANDLES(ON, A) ON(A, looker_start) ON(A, airt_child_news)
AIRT_BEHAVIOR(looker)

static void hear_letter(void *context, const airt_dead_letter *letter)
{
    (void)context;
    if (letter->reason == AIRT_LETTER_INCARNATION)
        gate_pass(&ending);
}

static void a_start_is_told_with_its_own_number(void **state)
{
    airt_system *system = NULL;
    airt_ref     looker = AIRT_NONE;

    (void)state;
    gate_close(&hold);
    gate_close(&ending);
    memset(&all, 0, sizeof all);
    memset(&looked, 0, sizeof looked);
    OK(airt_system_create(&(airt_system_options){ .workers = 2, .stuck_ms = 20, .dead_letter = hear_letter }, &system));
    OK(airt_spawn_any(system, looker, &looker, &(airt_spawn_options){ .start = AIRT_START(looker) }));
    UNTIL(hold.inside == 1);
    OK(airt_tell_any(system, ref_of(&all.child), put_by));
    OK(airt_tell_any(system, ref_of(&all.child), fail));
    UNTIL(ending.inside == 1);
    gate_open(&hold);
    UNTIL(looked.count == 1);
    gate_open(&ending);
    UNTIL(looked.count == 2);
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
    assert_int_equal(looked.change[0].event, AIRT_CHILD_STARTED);
    assert_int_equal(looked.change[0].incarnation, 1);
    assert_int_equal(looked.change[1].event, AIRT_CHILD_ENDED);
    assert_int_equal(looked.change[1].incarnation, 1);
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static airt_system *begin(bool with_middle, uint32_t dedicated_max)
{
    airt_system *system = NULL;
    airt_ref     elder;

    gate_close(&hold);
    hear_nothing(&ears);
    memset(&all, 0, sizeof all);
    OK(airt_system_create(
        &(airt_system_options){
            .workers = 2, .stuck_ms = 20, .dedicated_max = dedicated_max, .report = hear, .report_context = &ears },
        &system));
    OK(airt_spawn_any(system, elder, &elder,
                      &(airt_spawn_options){ .start = AIRT_START(elder, .with_middle = with_middle) }));
    UNTIL(all.child != 0);
    return system;
}

static void end(airt_system **system)
{
    gate_open(&hold);
    UNTIL(stats_of(*system).abandoned == 0);
    OK(airt_system_quiesce(*system, AIRT_SECONDS(60)));
    check_account(*system);
    OK(airt_system_stop(system, AIRT_SECONDS(60)));
    assert_int_equal(heard_of(&ears, AIRT_REPORT_LEAK, AIRT_NONE, NULL), 0);
    assert_int_equal(all.failures, 0);
}

/* The notice is with the handler that stays; when it comes home after all there is another. */
static void news_reach_the_next_incarnation(void **state)
{
    airt_system *system = begin(true, 0);
    struct pong  pong;

    (void)state;
    UNTIL(hold.inside == 1);
    OK(airt_kill(system, ref_of(&all.child), NULL));
    UNTIL(all.news[2] == 1); /* of a start */
    assert_int_equal(hold.inside, 1);
    gate_open(&hold);
    UNTIL(stats_of(system).abandoned == 0);
    for (int n = 2; n < 10; n++) { /* one by the elder */
        OK(airt_kill(system, ref_of(&all.grandchild), NULL));
        UNTIL(all.restarts == n);
        OK(airt_ask_any(system, ref_of(&all.grandchild), &pong, AIRT_SECONDS(60), ping));
    }
    end(&system);
}

/* The thread that stays is the killed handler's; its place is not. */
static void a_dedicated_child_gets_another_thread(void **state)
{
    airt_system *system = begin(false, 1);
    struct pong  pong;

    (void)state;
    OK(airt_tell_any(system, ref_of(&all.child), stay));
    UNTIL(hold.inside == 1);
    OK(airt_kill(system, ref_of(&all.child), NULL));
    UNTIL(all.restarts == 1);
    OK(airt_ask_any(system, ref_of(&all.child), &pong, AIRT_SECONDS(60), ping));
    assert_int_equal(hold.inside, 1);
    end(&system);
}

/* Every place is taken by a child, and every child killed in its handler as often as there are threads for. */
static void places_are_not_used_up(void **state)
{
    airt_system *system = begin(false, 2);
    airt_ref     other = AIRT_NONE, none = AIRT_NONE;

    (void)state;
    OK(airt_spawn_any(system, loner, &other, NULL));
    for (int n = 1; n <= 2; n++) {
        OK(airt_tell_any(system, ref_of(&all.child), stay));
        UNTIL(hold.inside == n);
        OK(airt_kill(system, ref_of(&all.child), NULL));
        UNTIL(all.restarts == n);
    }
    IS(airt_spawn_any(system, loner, &none, NULL), AIRT_ELIMIT);
    OK(airt_stop(system, other, NULL));
    UNTIL(stats_of(system).actors == 2);
    OK(airt_spawn_any(system, loner, &none, NULL));
    end(&system);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(news_reach_the_next_incarnation),
        cmocka_unit_test(a_dedicated_child_gets_another_thread),
        cmocka_unit_test(places_are_not_used_up),
        cmocka_unit_test(a_start_is_told_with_its_own_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
