/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Memory budgets of actors: what counts and what is given back, exactly at the bound and one byte over it, and how an
 * actor ends that wanted more. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    BUDGET = 4096,
    PIECE = 500,
    STEPS = 20 /* of a piece: more than the budget */
};
static const airt_spawn_options budgeted = { .memory_max = BUDGET };

static uint64_t used(airt_from from, airt_ref who)
{
    airt_actor_info info = { 0 };

    return airt_info(from, who, &info) == AIRT_OK ? info.memory : 0;
}
static uint64_t used_by(airt_ctx *ctx)
{
    return used(AIRI_FROM(ctx), airt_self(ctx));
}

/* --- the edge ----------------------------------------------------------------------------------------------------- */

static airt_status to_the_edge(airt_ctx *ctx, struct puppet *self, void *argument)
{
    uint64_t before = used_by(ctx);
    uint64_t head;
    void    *first = airt_alloc(ctx, PIECE);

    (void)self;
    AIRT_CHECK(first != NULL && before == sizeof(struct puppet));
    head = used_by(ctx) - before - PIECE;
    AIRT_CHECK(airt_alloc(ctx, BUDGET - used_by(ctx) - head) != NULL);
    AIRT_CHECK(used_by(ctx) == BUDGET);
    if (argument != NULL) { /* the first byte of it goes */
        airt_free(ctx, first);
        AIRT_CHECK(airt_alloc(ctx, PIECE + 1) == NULL);
        AIRT_CHECK(used_by(ctx) == BUDGET - PIECE - head); /* the refused one counts nothing */
        AIRT_CHECK(airt_alloc(ctx, PIECE) != NULL);        /* what fits is still given */
        sim_say("on");
    }
    return AIRT_OK;
}

static void edge_body(sim *s)
{
    airt_ref a = sim_spawn_with(s, 'a', NULL, &budgeted);
    airt_ref b = sim_spawn_with(s, 'b', NULL, &budgeted);

    sim_begin(s);
    sim_do(s, a, to_the_edge, NULL);
    sim_num(s, a, 1);
    sim_settle(s);
    ASSERT_SAID(s, "a:1");
    assert_int_equal(used(AIRI_FROM(s->system), a), BUDGET);
    sim_do(s, b, to_the_edge, s);
    sim_num(s, b, 1);
    sim_settle(s);
    ASSERT_SAID(s, "on b-nomem"); /* it said OK, and its next message finds it gone */
    assert_false(sim_alive(s, b));
    assert_int_equal(s->reports[AIRT_REPORT_FAILED], 1);
    assert_int_equal(s->letters[AIRT_LETTER_STOPPED], 1);
    assert_int_equal(s->letters[AIRT_LETTER_FAULT], 0);
}
static void exactly_the_budget_and_a_byte_more(void **state)
{
    (void)state;
    sim_each(edge_body, NULL);
}

static void state_body(sim *s)
{
    airt_spawn_options options = { .memory_max = sizeof(struct puppet) };
    airt_system_stats  stats;
    airt_ref           ref = AIRT_NONE;

    ASSERT_OK(airt_spawn_any(s->system, bare, &ref, &options)); /* no start, no mail: the state alone */
    options.memory_max--;
    assert_int_equal(airt_spawn_any(s->system, bare, &ref, &options), AIRT_EINVAL);
    airt_system_stats_get(s->system, &stats);
    assert_int_equal(stats.spawned, 1);
}
static void a_state_larger_than_the_budget(void **state)
{
    (void)state;
    sim_each(state_body, NULL);
}

/* --- every call that makes an actor own something ----------------------------------------------------------------- */

struct letter {
    airt_str text;
};
struct letter_get {
    uint32_t size;
};
struct stamp {
    uint32_t size;
};
AIRT_KIND(letter, text)
AIRT_KIND(letter_get, size)
AIRT_ANSWER(letter_get, letter)
AIRT_SIGNAL(stamp_get)
AIRT_KIND(stamp, size)
AIRT_ANSWER(stamp_get, stamp)
AIRT_SIGNAL(last)
struct hoarder {
    airt_status (*more)(airt_ctx *ctx, struct hoarder *self);
    airt_ref    post;
    airt_msg   *kept[STEPS];
    airt_blob   blob[STEPS];
    uint32_t    count;
    airt_status status;
    airt_exit   exit;
};
struct hoarder_start {
    airt_ref post;
    uint64_t more;
};
AIRT_KIND(hoarder_start, post, more)
static const char text[PIECE] = "text";
static airt_exit  hoarder_end;
static uint32_t   hoarder_count;

AIRT_ON(hoarder, hoarder_start)
{
    (void)ctx;
    self->post = msg->post;
    self->more = (airt_status(*)(airt_ctx *, struct hoarder *))(uintptr_t)msg->more;
    return AIRT_OK;
}
AIRT_ON(hoarder, letter)
{
    (void)msg;
    self->status = self->more(ctx, self);
    hoarder_count += self->status == AIRT_OK;
    return self->status == AIRT_ENOMEM ? AIRT_OK : self->status; /* whatever it says */
}
AIRT_ON(hoarder, last)
{
    (void)ctx;
    (void)msg;
    sim_say("last");
    return AIRT_OK;
}
AIRT_ON(hoarder, airt_failed)
{
    (void)ctx;
    (void)self;
    (void)msg;
    sim_say("asked");
    return AIRT_RESUME;
}
AIRT_ON(hoarder, airt_stopping)
{
    (void)ctx;
    (void)self;
    hoarder_end = msg->reason.exit;
    return AIRT_OK;
}
#define hoarder_HANDLES(ON, A) ON(A, hoarder_start) ON(A, letter) ON(A, last) ON(A, airt_failed) ON(A, airt_stopping)
AIRT_BEHAVIOR(hoarder)

struct post {
    uint32_t sent;
};
AIRT_ON(post, letter_get)
{
    self->sent++;
    return airt_reply(ctx, letter_get, .text = { text, msg->size });
}
AIRT_ON(post, stamp_get)
{
    (void)msg;
    return airt_reply(ctx, stamp_get, .size = ++self->sent);
}
#define post_HANDLES(ON, A) ON(A, letter_get) ON(A, stamp_get)
AIRT_BEHAVIOR(post)

static airt_status more_memory(airt_ctx *ctx, struct hoarder *self)
{
    (void)self;
    return airt_alloc(ctx, PIECE) != NULL ? AIRT_OK : AIRT_ENOMEM;
}
static airt_status more_kept(airt_ctx *ctx, struct hoarder *self)
{
    return airt_keep(ctx, &self->kept[self->count++]);
}
static airt_status more_built(airt_ctx *ctx, struct hoarder *self)
{
    return airt_msg_new(ctx, &self->kept[self->count++], letter, .text = { text, PIECE });
}
static airt_status more_stash(airt_ctx *ctx, struct hoarder *self)
{
    (void)self;
    return airt_stash(ctx);
}
static airt_status more_blobs(airt_ctx *ctx, struct hoarder *self)
{
    airt_blob *blob = &self->blob[self->count++];

    *blob = airt_blob_new(ctx, text, PIECE);
    return airt_blob_none(*blob) ? AIRT_ENOMEM : airt_blob_keep(ctx, blob);
}
static airt_status more_blobs_at_once(airt_ctx *ctx, struct hoarder *self)
{
    (void)self;
    for (int i = 0; i < STEPS; i++, hoarder_count++)
        if (airt_blob_none(airt_blob_new(ctx, text, PIECE)))
            return AIRT_ENOMEM;
    return AIRT_EINVAL;
}
static airt_status more_timers(airt_ctx *ctx, struct hoarder *self)
{
    (void)self;
    return airt_send_after(ctx, AIRT_SECONDS(9), NULL, letter, .text = { text, PIECE });
}
static airt_status more_ticks(airt_ctx *ctx, struct hoarder *self)
{
    (void)self;
    return airt_send_every(ctx, AIRT_SECONDS(9), NULL, letter, .text = { text, PIECE });
}
static airt_status more_answers(airt_ctx *ctx, struct hoarder *self)
{
    struct letter answer;

    for (int i = 0; i < STEPS; i++, hoarder_count++)
        AIRT_TRY(airt_ask_any(ctx, self->post, &answer, AIRT_SECONDS(1), letter_get, .size = PIECE));
    return AIRT_EINVAL;
}
static airt_status more_received(airt_ctx *ctx, struct hoarder *self)
{
    return airt_receive(ctx, AIRT_SECONDS(1), &self->kept[self->count++], letter);
}
static airt_status (*const ways[])(airt_ctx *, struct hoarder *) = {
    more_memory,        more_kept,   more_built, more_stash,   more_blobs,
    more_blobs_at_once, more_timers, more_ticks, more_answers, more_received,
};

static airt_ref hoard(sim *s, airt_ref post, airt_status (*way)(airt_ctx *, struct hoarder *))
{
    airt_spawn_options options = { .memory_max = BUDGET,
                                   .start = AIRT_START(hoarder, .post = post, .more = (uint64_t)(uintptr_t)way) };
    airt_ref           ref = AIRT_NONE;

    (void)!airt_spawn_any(s->system, hoarder, &ref, &options);
    return ref;
}

static void ways_body(sim *s)
{
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        airt_ref post = AIRT_NONE, ref;

        hoarder_end = AIRT_EXIT_NORMAL;
        hoarder_count = 0;
        (void)!airt_spawn_any(s->system, post, &post, NULL);
        ref = hoard(s, post, ways[i]);
        for (int n = 0; n < STEPS; n++)
            (void)airt_tell_any(s->system, ref, letter, .text = { text, PIECE });
        sim_settle(s);
        assert_false(sim_alive(s, ref));
        assert_int_equal(hoarder_end, AIRT_EXIT_NOMEM);
        assert_true(hoarder_count >= 4 && hoarder_count <= BUDGET / PIECE);
        ASSERT_SAID(s, ""); /* nobody asked on_error */
        (void)airt_stop(s->system, post, NULL);
    }
}
static void every_way_to_own_counts(void **state)
{
    (void)state;
    sim_each(ways_body, NULL);
}

/* --- what is given back ------------------------------------------------------------------------------------------- */

static airt_status alloc_and_free(airt_ctx *ctx, struct hoarder *self)
{
    void *memory = airt_alloc(ctx, PIECE * 4);

    (void)self;
    airt_free(ctx, memory);
    return memory != NULL ? AIRT_OK : AIRT_ENOMEM;
}
static airt_status keep_and_drop(airt_ctx *ctx, struct hoarder *self)
{
    AIRT_TRY(airt_keep(ctx, &self->kept[0]));
    airt_drop(&self->kept[0]);
    return AIRT_OK;
}
static airt_status build_and_send(airt_ctx *ctx, struct hoarder *self)
{
    for (int i = 0; i < 2; i++) {
        AIRT_TRY(airt_msg_new(ctx, &self->kept[0], letter, .text = { text, PIECE }));
        if (airt_send(ctx, i == 0 ? self->post : AIRT_NONE, &self->kept[0]) != AIRT_OK)
            airt_drop(&self->kept[0]); /* the second comes back, and is counted again until here */
    }
    return AIRT_OK;
}
static airt_status stash_and_back(airt_ctx *ctx, struct hoarder *self)
{
    if (self->count++ % 4 != 3)
        return airt_stash(ctx);
    return airt_unstash(ctx);
}
static airt_status blob_and_drop(airt_ctx *ctx, struct hoarder *self)
{
    airt_blob blob = airt_blob_new(ctx, text, PIECE);
    airt_blob part = airt_blob_slice(ctx, blob, 0, 10);
    uint64_t  made = used_by(ctx);

    (void)self;
    AIRT_CHECK(!airt_blob_none(blob) && !airt_blob_none(part));
    AIRT_TRY(airt_blob_keep(ctx, &part));
    AIRT_CHECK(used_by(ctx) - made < PIECE); /* kept, what was made here counts once */
    airt_blob_drop(ctx, &part);
    AIRT_CHECK(used_by(ctx) == made); /* and still, until the handler returns */
    return AIRT_OK;
}
static airt_status timer_and_cancel(airt_ctx *ctx, struct hoarder *self)
{
    airt_timer timer;

    (void)self;
    AIRT_TRY(airt_send_every(ctx, AIRT_MS(1), &timer, last));
    (void)airt_timer_cancel(ctx, timer);
    return airt_send_after(ctx, AIRT_NS(0), NULL, last); /* this one fires */
}
static airt_status ask_and_return(airt_ctx *ctx, struct hoarder *self)
{
    struct letter answer;

    return airt_ask_any(ctx, self->post, &answer, AIRT_SECONDS(1), letter_get, .size = PIECE);
}
/* Far more answers in one handler than the budget would hold: they count nothing, once they are copied out. */
static airt_status ask_for_numbers(airt_ctx *ctx, struct hoarder *self)
{
    struct stamp answer, next;
    uint64_t     before = used_by(ctx);

    AIRT_TRY(airt_ask_any(ctx, self->post, &answer, AIRT_SECONDS(1), stamp_get));
    for (int i = 0; i < STEPS; i++, answer = next) {
        AIRT_TRY(airt_ask_any(ctx, self->post, &next, AIRT_SECONDS(1), stamp_get));
        AIRT_CHECK_EQ(next.size, answer.size + 1);
        AIRT_CHECK_EQ(used_by(ctx), before);
    }
    return AIRT_OK;
}
static airt_status arm_again(airt_ctx *ctx, struct hoarder *self)
{
    airt_timer timer;

    (void)self;
    AIRT_TRY(airt_timer_new(ctx, &timer, letter, .text = { text, PIECE }));
    (void)airt_timer_arm(ctx, timer, AIRT_MS(1));
    (void)airt_timer_cancel(ctx, timer);
    return AIRT_OK;
}
static airt_status detach_and_drop(airt_ctx *ctx, struct hoarder *self)
{
    AIRT_TRY(airt_msg_new(ctx, &self->kept[0], letter, .text = { text, PIECE }));
    AIRT_TRY(airt_msg_detach(ctx, self->kept[0]));
    AIRT_CHECK(used_by(ctx) == sizeof *self);
    airt_drop(&self->kept[0]);
    return AIRT_OK;
}
static airt_status (*const rounds[])(airt_ctx *, struct hoarder *) = {
    alloc_and_free,   keep_and_drop,  build_and_send, stash_and_back,  blob_and_drop,
    timer_and_cancel, ask_and_return, arm_again,      detach_and_drop, ask_for_numbers,
};

static void rounds_body(sim *s)
{
    for (size_t i = 0; i < sizeof rounds / sizeof rounds[0]; i++) {
        airt_ref post = AIRT_NONE, ref;

        hoarder_count = 0;
        (void)!airt_spawn_any(s->system, post, &post, NULL);
        ref = hoard(s, post, rounds[i]);
        for (int n = 0; n < STEPS; n++) {
            (void)airt_tell_any(s->system, ref, letter, .text = { text, PIECE });
            sim_run(s, 2);
        }
        assert_true(sim_alive(s, ref));
        if (rounds[i] == stash_and_back) { /* what came back was handled again: let all of it go */
            (void)airt_stop(s->system, ref, NULL);
            sim_settle(s);
        } else {
            assert_int_equal(used(AIRI_FROM(s->system), ref), sizeof(struct hoarder));
            assert_true(hoarder_count >= STEPS);
        }
        sim_forget(s);
        (void)airt_stop(s->system, post, NULL);
    }
    assert_int_equal(s->reports[AIRT_REPORT_FAILED], 0);
}
static void what_is_given_back_counts_no_more(void **state)
{
    (void)state;
    sim_each(rounds_body, NULL);
}

/* --- how it ends -------------------------------------------------------------------------------------------------- */

/* Over the budget, and then the status that the argument says. */
static airt_status breaches(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    AIRT_CHECK(airt_alloc(ctx, BUDGET) == NULL);
    return (airt_status)(uintptr_t)argument;
}
static airt_status breaches_and_sleeps(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_status status;

    (void)breaches(ctx, self, NULL);
    status = airt_sleep(ctx, AIRT_MS(5)); /* its awaits go on as ever */
    sim_say("%c.%s", self->tag, airt_status_name(status));
    return argument != NULL ? AIRT_ENOMEM : AIRT_OK;
}

static void statuses_body(sim *s)
{
    puppet_plan again = { .verdict = AIRT_RESTART };
    airt_ref    w = sim_spawn(s, 'w');
    airt_ref    a = sim_spawn_with(s, 'a', &again, &budgeted);
    airt_ref    b = sim_spawn_with(s, 'b', &again, &budgeted);
    airt_ref    c = sim_spawn_with(s, 'c', &again, &budgeted);
    airt_ref    d = sim_spawn_with(s, 'd', &again, &budgeted);

    (void)w;
    sim_begin(s);
    sim_do(s, a, breaches, (void *)(uintptr_t)AIRT_ENOMEM); /* as AIRT_TRY would */
    sim_do(s, b, breaches, (void *)(uintptr_t)AIRT_STOP);
    sim_do(s, c, breaches_and_sleeps, NULL);
    sim_do(s, d, breaches_and_sleeps, s);
    sim_settle(s);
    ASSERT_SORTED(s, "a-nomem b-normal");
    assert_int_equal(s->letters[AIRT_LETTER_FAULT], 1);
    ASSERT_OK(airt_stop(s->system, d, NULL));
    sim_run(s, 10);
    ASSERT_SORTED(s, "c.AIRT_OK c-nomem d.AIRT_ESTOPPING d-shutdown"); /* who asked for its end has it */
    assert_int_equal(s->reports[AIRT_REPORT_FAILED], 2);
}
static void whatever_the_handler_returns(void **state)
{
    (void)state;
    sim_each(statuses_body, NULL);
}

static airt_status watches(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_monitor(ctx, *(airt_ref *)argument);
}
static airt_status asks(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_status status = sim_command(ctx, *(airt_ref *)argument, AIRT_SECONDS(1), breaches, NULL, NULL);

    sim_say("%c.%s", self->tag, airt_status_name(status));
    return AIRT_OK;
}
static void told_body(sim *s)
{
    airt_ref w = sim_spawn(s, 'w');
    airt_ref a = sim_spawn_with(s, 'a', NULL, &budgeted);

    sim_begin(s);
    sim_do(s, w, watches, &a);
    sim_do(s, w, asks, &a);
    sim_settle(s);
    ASSERT_SAID(s, "w.AIRT_ENOREPLY a-nomem w<a:nomem");
}
static void its_watchers_are_told(void **state)
{
    (void)state;
    sim_each(told_body, &(airt_system_options){ .workers = 1 });
}

static airt_status fails(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    (void)argument;
    AIRT_CHECK(airt_alloc(ctx, BUDGET / 2) != NULL);
    AIRT_CHECK(airt_send_after(ctx, AIRT_SECONDS(100), NULL, tick) == AIRT_OK);
    return AIRT_EINVAL;
}
static void restart_body(sim *s)
{
    puppet_plan again = { .verdict = AIRT_RESTART };
    airt_ref    a = sim_spawn_with(s, 'a', &again, &budgeted);

    sim_begin(s);
    for (int i = 0; i < 3; i++)
        sim_do(s, a, fails, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "a!error/0 a+ a!error/1 a+ a!error/2 a+");
    assert_int_equal(used(AIRI_FROM(s->system), a), sizeof(struct puppet));
}
static void a_restart_has_a_fresh_budget(void **state)
{
    (void)state;
    sim_each(restart_body, NULL);
}

static void start_body(sim *s)
{
    puppet_plan        ok = { .run = breaches };
    puppet_plan        bad = { .run = breaches, .argument = (void *)(uintptr_t)AIRT_EINVAL };
    puppet_plan        stop = { .run = breaches, .argument = (void *)(uintptr_t)AIRT_STOP };
    airt_spawn_options waits = { .memory_max = BUDGET, .start_within_ms = 10 };
    airt_ref           ref = AIRT_NONE;

    assert_int_equal(puppet_spawn(AIRI_FROM(s->system), 'a', &ok, &waits, &ref), AIRT_EFAILED);
    sim_settle(s);
    ASSERT_SAID(s, "a+ a-nomem/unstarted");
    assert_int_equal(puppet_spawn(AIRI_FROM(s->system), 'b', &bad, &waits, &ref), AIRT_EFAILED);
    sim_settle(s);
    ASSERT_SAID(s, "b+ b-nomem/unstarted");
    (void)sim_spawn_with(s, 'c', &stop, &budgeted);
    sim_settle(s);
    ASSERT_SAID(s, "c+ c-normal");
    assert_int_equal(s->reports[AIRT_REPORT_FAILED], 2);
}
static void a_start_over_the_budget_has_failed(void **state)
{
    (void)state;
    sim_each(start_body, NULL);
}

/* --- supervised --------------------------------------------------------------------------------------------------- */

struct chief {
    airt_ref child;
};
AIRT_ON(chief, act)
{
    airt_spawn_options options = { .memory_max = BUDGET, .supervised = true };

    (void)msg;
    return puppet_spawn(AIRI_FROM(ctx), 'c', NULL, &options, &self->child);
}
AIRT_ON(chief, airt_child_news)
{
    airt_child_change change;

    (void)msg;
    while (airt_child_next(ctx, &change)) {
        if (change.event != AIRT_CHILD_ENDED)
            continue;
        sim_say("%s/%s", sim_reason(&change.reason), airt_status_name(change.reason.status));
        AIRT_TRY(airt_child_restart(ctx, self->child, NULL));
    }
    return AIRT_OK;
}
#define chief_HANDLES(ON, A) ON(A, act) ON(A, airt_child_news)
AIRT_BEHAVIOR(chief)

static void child_body(sim *s)
{
    airt_ref chief = AIRT_NONE;

    (void)!airt_spawn_any(s->system, chief, &chief, NULL);
    sim_do(s, chief, breaches, NULL);
    sim_settle(s);
    ASSERT_SAID(s, "c+");
    sim_do(s, s->tagged['c'], breaches, NULL);
    sim_num(s, s->tagged['c'], 1);
    sim_settle(s);
    ASSERT_SAID(s, "c-nomem nomem/AIRT_ENOMEM c+ c:1");
    assert_int_equal(used(AIRI_FROM(s->system), s->tagged['c']), sizeof(struct puppet));
}
static void a_supervisor_hears_and_restarts(void **state)
{
    (void)state;
    sim_each(child_body, NULL);
}

/* --- taken by a killer -------------------------------------------------------------------------------------------- */

/* What an abandoned handler drops counts in nobody's budget: its slot and its extra may be another's by then. */
static airt_status keeps_and_stays(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_blob blob;

    AIRT_CHECK(airt_keep(ctx, &self->kept[0]) == AIRT_OK);
    AIRT_CHECK(airt_msg_new(ctx, &self->kept[1], num, .n = 1) == AIRT_OK);
    blob = airt_blob_new(ctx, text, PIECE);
    AIRT_CHECK(!airt_blob_none(blob));
    (void)sim_stays(ctx, self, argument);
    airt_drop(&self->kept[0]);
    airt_drop(&self->kept[1]);
    AIRT_CHECK(airt_alloc(ctx, BUDGET) == NULL);
    return AIRT_OK;
}
static void killed_body(sim *s)
{
    struct sim_stay stay = { 0 };
    airt_ref        a = sim_spawn_with(s, 'a', NULL, &budgeted);
    airt_ref        next = AIRT_NONE;

    sim_begin(s);
    sim_do(s, a, keeps_and_stays, &stay);
    sim_until(s, &stay.inside);
    (void)airt_kill(s->system, a, NULL);
    (void)!puppet_spawn(AIRI_FROM(s->system), 'b', NULL, &budgeted, &next);
    stay.open = true;
    sim_settle(s);
    assert_int_equal(used(AIRI_FROM(s->system), next), sizeof(struct puppet));
    ASSERT_SAID(s, "b+");
    assert_int_equal(s->reports[AIRT_REPORT_FAILED], 0);
}
static void an_abandoned_handler_counts_no_more(void **state)
{
    (void)state;
    sim_each(killed_body, &(airt_system_options){ .workers = 2 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(exactly_the_budget_and_a_byte_more),
        SIM_TEST(a_state_larger_than_the_budget),
        SIM_TEST(every_way_to_own_counts),
        SIM_TEST(what_is_given_back_counts_no_more),
        SIM_TEST(whatever_the_handler_returns),
        SIM_TEST(its_watchers_are_told),
        SIM_TEST(a_restart_has_a_fresh_budget),
        SIM_TEST(a_start_over_the_budget_has_failed),
        SIM_TEST(an_abandoned_handler_counts_no_more),
        SIM_TEST(a_supervisor_hears_and_restarts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
