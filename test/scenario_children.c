/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Supervised children by the primitives: what the news say, what a restart, a rest and a release do to ref, name, mail,
 * monitors and links; trapped stops; a supervisor's end. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum {
    HOLD,
    RESTART,
    REST,
    RELEASE
};

struct boss { /* does with every child that is down what its policy says */
    struct puppet puppet;
    uint32_t      policy;
    bool          drop_mail;
    airt_status   last;
};

static const char *const event_mark[] = { "^", "$" };

static airt_status decide(airt_ctx *ctx, struct boss *self, airt_ref who)
{
    airt_restart_options options = { .drop_mail = self->drop_mail };

    switch (self->policy) {
    case RESTART:
        return airt_child_restart(ctx, who, &options);
    case REST:
        return airt_child_rest(ctx, who);
    case RELEASE:
        return airt_child_release(ctx, who);
    default:
        return AIRT_OK;
    }
}

AIRT_ON(boss, airt_child_news)
{
    airt_child_change change;

    while (airt_child_next(ctx, &change)) {
        sim_say("%s%c%u%s%s%s", event_mark[change.event], (char)change.tag, change.incarnation,
                change.event == AIRT_CHILD_ENDED ? ":" : "",
                change.event == AIRT_CHILD_ENDED ? sim_reason(&change.reason) : "",
                change.event == AIRT_CHILD_ENDED && !change.started ? "/unstarted" : "");
        if (change.event == AIRT_CHILD_ENDED)
            self->last = decide(ctx, self, change.who);
    }
    return AIRT_OK;
}
AIRT_ON(boss, act)
{
    return msg->run(ctx, (struct puppet *)self, msg->argument);
}
AIRT_ON(boss, airt_stop_asked)
{
    sim_say("stop:%s", sim_reason(&msg->reason));
    return AIRT_OK;
}
AIRT_ON(boss, tick)
{
    sim_say("*%llu", (unsigned long long)msg->n);
    return AIRT_OK;
}
#define boss_HANDLES(ON, A) ON(A, airt_child_news) ON(A, act) ON(A, airt_stop_asked) ON(A, tick)
AIRT_BEHAVIOR(boss)

typedef struct birth {
    char               tag;
    puppet_plan        plan;
    airt_spawn_options options;
    airt_ref           ref;
    airt_status        status;
} birth;

static airt_status give_birth(airt_ctx *ctx, struct puppet *self, void *argument)
{
    birth *b = argument;

    (void)self;
    b->options.supervised = true;
    b->options.tag = (unsigned char)b->tag;
    b->status = puppet_spawn(AIRI_FROM(ctx), b->tag, &b->plan, &b->options, &b->ref);
    return AIRT_OK;
}
typedef struct order {
    airt_ref    who;
    uint32_t    policy;
    airt_status status;
    bool        drop_mail;
} order;
static airt_status set_policy(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    ((struct boss *)self)->policy = ((order *)argument)->policy;
    ((struct boss *)self)->drop_mail = ((order *)argument)->drop_mail;
    return AIRT_OK;
}
static airt_status carry_out(airt_ctx *ctx, struct puppet *self, void *argument)
{
    order      *o = argument;
    struct boss now = { .policy = o->policy, .drop_mail = o->drop_mail };

    (void)self;
    o->status = decide(ctx, &now, o->who);
    return AIRT_OK;
}
static airt_status failing(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return AIRT_EINVAL;
}

static airt_ref boss_with(sim *s, uint32_t policy)
{
    airt_ref boss = AIRT_NONE;
    order    o = { .policy = policy };

    ASSERT_OK(airt_spawn_any(s->system, boss, &boss, NULL));
    sim_do(s, boss, set_policy, &o);
    sim_settle(s);
    return boss;
}
static airt_ref child_of(sim *s, airt_ref boss, birth *b)
{
    sim_do(s, boss, give_birth, b);
    sim_settle(s);
    ASSERT_OK(b->status);
    return b->ref;
}
static airt_status command(sim *s, airt_ref boss, airt_ref who, uint32_t policy)
{
    order o = { who, policy, AIRT_EPENDING, false };

    sim_do(s, boss, carry_out, &o);
    sim_settle(s);
    return o.status;
}
static airt_state state_of(sim *s, airt_ref who)
{
    airt_actor_info info;

    return airt_info(s->system, who, &info) == AIRT_OK ? info.state : AIRT_STATE_STOPPED;
}

/* --- restart ------------------------------------------------------------------------------------------------------ */

static void restart_body(sim *s)
{
    birth                  a = { .tag = 'a', .options = { .name = "ann" } };
    airt_ref               boss = boss_with(s, HOLD);
    airt_ref               who = child_of(s, boss, &a);
    const airt_kind *const fits[] = { &num_kind, NULL };
    airt_ref               found = AIRT_NONE;
    uint32_t               incarnation = 0;

    ASSERT_SAID(s, "a+ ^a1");
    sim_do(s, who, failing, NULL);
    sim_num(s, who, 1);
    sim_settle(s);
    ASSERT_SAID(s, "a!error/0 a-error $a1:error");
    assert_int_equal(state_of(s, who), AIRT_STATE_RESTARTING);
    sim_num(s, who, 2);                         /* while it is down */
    ASSERT_OK(airt_stop(s->system, who, NULL)); /* it is down already: nothing */
    ASSERT_OK(airt_kill(s->system, who, NULL));
    sim_settle(s);
    ASSERT_SAID(s, "");
    assert_int_equal(sim_queued(s, who), 2);
    ASSERT_OK(command(s, boss, who, RESTART));
    ASSERT_SORTED(s, "a+ a:1 a:2 ^a2");
    ASSERT_OK(airt_lookup_kinds(s->system, fits, "ann", &found));
    assert_true(airt_ref_same(found, who));
    ASSERT_OK(airt_incarnation(s->system, who, &incarnation));
    assert_int_equal(incarnation, 2);
    assert_int_equal(command(s, boss, who, RESTART), AIRT_EINVAL); /* it runs */
    assert_int_equal(command(s, boss, boss, RELEASE), AIRT_EINVAL);
    assert_int_equal(command(s, boss, AIRT_NONE, REST), AIRT_EINVAL);
    ASSERT_SAID(s, "");
}
static void the_same_ref_name_and_mail(void **state)
{
    (void)state;
    sim_each(restart_body, NULL);
}

static void drop_body(sim *s)
{
    birth    a = { .tag = 'a' };
    airt_ref boss = boss_with(s, HOLD);
    airt_ref who = child_of(s, boss, &a);
    order    o = { who, RESTART, AIRT_EPENDING, true };

    sim_do(s, who, failing, NULL);
    sim_num(s, who, 1);
    sim_settle(s);
    sim_forget(s);
    sim_do(s, boss, carry_out, &o);
    sim_settle(s);
    sim_num(s, who, 2);
    sim_settle(s);
    ASSERT_OK(o.status);
    ASSERT_SORTED(s, "a+ ^a2 a:2");
    assert_int_equal(s->letters[AIRT_LETTER_INCARNATION], 1);
}
static void mail_may_be_dropped(void **state)
{
    (void)state;
    sim_each(drop_body, NULL);
}

static airt_status tell_it(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_status status = sim_num_with(AIRI_FROM(ctx), *(airt_ref *)argument, (uint64_t)self->tag, NULL);

    sim_say("%c=%d", self->tag, (int)status);
    return AIRT_OK;
}
/* Who waits for room has nothing in the box yet: the room that the drop makes is theirs. */
static void drop_with_waiters_body(sim *s)
{
    birth    a = { .tag = 'a', .options = { .mailbox = { .max = 2, .overflow = AIRT_WAIT, .wait_ms = 60000 } } };
    airt_ref boss = boss_with(s, HOLD);
    airt_ref who = child_of(s, boss, &a);
    order    o = { who, RESTART, AIRT_EPENDING, true };

    sim_do(s, who, failing, NULL);
    sim_settle(s);
    for (int i = 0; i < 5; i++) {
        sim_do(s, sim_spawn(s, (char)('p' + i)), tell_it, &who);
        sim_settle(s);
    }
    sim_forget(s);
    sim_do(s, boss, carry_out, &o);
    sim_run(s, 10);
    ASSERT_OK(o.status);
    ASSERT_SORTED(s, "a+ ^a2 r=0 s=0 t=0 a:114 a:115 a:116");
    assert_int_equal(s->letters[AIRT_LETTER_INCARNATION], 2);
}
static void only_what_was_queued_is_dropped(void **state)
{
    (void)state;
    sim_each(drop_with_waiters_body, NULL);
}

static airt_status ask_it(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_ref *server = argument;
    uint64_t  n = 0;

    sim_say("%c=%d", self->tag, (int)sim_query(ctx, *server, AIRT_SECONDS(10), 1, &n));
    return AIRT_OK;
}
static airt_status fail_in_service(airt_ctx *ctx, struct puppet *self, void *argument)
{
    return failing(ctx, self, argument);
}
static airt_status command_it(airt_ctx *ctx, struct puppet *self, void *argument)
{
    uint64_t n = 0;

    sim_say("%c=%d", self->tag,
            (int)sim_command(ctx, *(airt_ref *)argument, AIRT_SECONDS(10), fail_in_service, NULL, &n));
    return AIRT_OK;
}
static void asks_body(sim *s)
{
    birth    a = { .tag = 'a' }, b = { .tag = 'b', .options = { .asks_fail = true } };
    airt_ref boss = boss_with(s, HOLD);
    airt_ref waits = child_of(s, boss, &a), fails = child_of(s, boss, &b);
    airt_ref x = sim_spawn(s, 'x'), y = sim_spawn(s, 'y');
    char     words[64];

    sim_settle(s);
    sim_forget(s);
    sim_do(s, x, command_it, &waits); /* in service when it fails: answered at once */
    sim_settle(s);
    (void)snprintf(words, sizeof words, "a!error/0 a-error $a1:error x=%d", (int)AIRT_EFAILED);
    ASSERT_SORTED(s, words);
    sim_do(s, fails, failing, NULL);
    sim_settle(s);
    sim_forget(s);
    sim_do(s, x, ask_it, &waits);
    sim_do(s, y, ask_it, &fails);
    sim_settle(s);
    (void)snprintf(words, sizeof words, "y=%d", (int)AIRT_EDEAD);
    ASSERT_SAID(s, words);
    ASSERT_OK(command(s, boss, waits, RESTART));
    ASSERT_OK(command(s, boss, fails, RESTART));
    ASSERT_SORTED(s, "a+ ^a2 a?1 x=0 b+ ^b2");
    sim_do(s, y, ask_it, &fails);
    sim_settle(s);
    ASSERT_SAID(s, "b?1 y=0");
}
static void asks_wait_or_fail_by_option(void **state)
{
    (void)state;
    sim_each(asks_body, NULL);
}

static int         starts_left;
static airt_status start_if_left(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return starts_left-- > 0 ? AIRT_OK : AIRT_ELIMIT;
}
static airt_status stop_itself(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return AIRT_STOP;
}
static void starts_body(sim *s)
{
    birth    a = { .tag = 'a', .plan = { .run = start_if_left } };
    birth    b = { .tag = 'b', .plan = { .run = stop_itself } };
    airt_ref boss = boss_with(s, HOLD);
    airt_ref who;

    starts_left = 1;
    who = child_of(s, boss, &a);
    ASSERT_SAID(s, "a+ ^a1");
    ASSERT_OK(airt_kill(s->system, who, NULL));
    sim_settle(s);
    ASSERT_SAID(s, "a-killed $a1:killed");
    ASSERT_OK(command(s, boss, who, RESTART));
    ASSERT_SAID(s, "a+ a-start/unstarted $a2:start/unstarted");
    starts_left = 1;
    ASSERT_OK(command(s, boss, who, RESTART));
    ASSERT_SAID(s, "a+ ^a3");
    (void)child_of(s, boss, &b);
    ASSERT_SAID(s, "b+ b-normal $b1:normal/unstarted");
}
static void a_start_that_fails_is_an_end_like_others(void **state)
{
    (void)state;
    sim_each(starts_body, NULL);
}

static airt_status quarantine_nums(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_child_quarantine(ctx, *(airt_ref *)argument, &num_kind, 0, AIRT_SECONDS(1));
}
static airt_status receive_any(airt_ctx *ctx, struct puppet *self, void *argument)
{
    static const airt_kind *const kinds[] = { &num_kind, &other_kind, NULL };
    airt_msg                     *msg = NULL;
    airt_status                   status = airt_receive_kinds(ctx, AIRT_MS(50), kinds, &msg);

    (void)argument;
    sim_say("%c%s", self->tag, status == AIRT_OK ? airt_msg_kind(msg)->name : airt_status_name(status));
    airt_drop(&msg);
    return AIRT_OK;
}
/* Quarantined while it is awaited, and before. */
static void receive_body(sim *s)
{
    birth    a = { .tag = 'a' };
    airt_ref boss = boss_with(s, HOLD);
    airt_ref who = child_of(s, boss, &a);

    sim_do(s, boss, quarantine_nums, &who);
    sim_settle(s);
    sim_forget(s);
    sim_do(s, who, receive_any, NULL);
    sim_settle(s);
    sim_num(s, who, 1);
    sim_run(s, 100);
    ASSERT_SAID(s, "aAIRT_ETIMEDOUT");
    sim_do(s, who, receive_any, NULL);
    sim_num(s, who, 2);
    (void)airt_tell_any(s->system, who, other, .n = 3);
    sim_run(s, 100);
    ASSERT_SAID(s, "aother");
    assert_int_equal(s->letters[AIRT_LETTER_POISON], 2);
    sim_run(s, 1000);
    sim_do(s, who, receive_any, NULL);
    sim_num(s, who, 4);
    sim_run(s, 100);
    ASSERT_SAID(s, "anum");
}
static void a_receive_begins_nothing_from_quarantine(void **state)
{
    (void)state;
    sim_each(receive_body, NULL);
}

/* --- rest and release --------------------------------------------------------------------------------------------- */

static airt_status watch(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_monitor(ctx, *(airt_ref *)argument);
}
static airt_status link_to(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    airt_trap_exit(ctx, true);
    return airt_link(ctx, *(airt_ref *)argument);
}
static void rest_body(sim *s)
{
    birth              a = { .tag = 'a', .options = { .name = "ann" } };
    airt_ref           boss = boss_with(s, HOLD);
    airt_ref           who = child_of(s, boss, &a);
    airt_ref           m = sim_spawn(s, 'm'), l = sim_spawn(s, 'l');
    airt_spawn_options ann = { .name = "ann" };
    airt_ref           other = AIRT_NONE;

    sim_do(s, m, watch, &who);
    sim_do(s, l, link_to, &who);
    sim_settle(s);
    sim_forget(s);
    sim_do(s, who, failing, NULL);
    sim_num(s, who, 1);
    sim_settle(s);
    ASSERT_SORTED(s,
                  "a!error/0 a-error l~a:error $a1:error"); /* links at every failure, monitors at none but the last */
    ASSERT_OK(command(s, boss, who, REST));
    ASSERT_SAID(s, "m<a:error");
    ASSERT_OK(command(s, boss, who, REST)); /* once is enough */
    assert_int_equal(airt_stop(s->system, who, NULL), AIRT_EDEAD);
    assert_int_equal(s->letters[AIRT_LETTER_STOPPED], 1);
    sim_num(s, who, 2);
    sim_settle(s);
    assert_int_equal(s->letters[AIRT_LETTER_DEAD], 1);
    assert_int_equal(puppet_spawn(AIRI_FROM(s->system), 'z', NULL, &ann, &other), AIRT_EEXIST);
    ASSERT_SAID(s, "");
    ASSERT_OK(command(s, boss, who, RESTART)); /* by hand, much later: the same ref */
    sim_num(s, who, 3);
    sim_settle(s);
    ASSERT_SAID(s, "a+ ^a2 a:3");
    sim_do(s, m, watch, &who);
    sim_do(s, who, failing, NULL);
    sim_settle(s);
    ASSERT_SORTED(s, "a!error/1 a-error $a2:error");
    ASSERT_OK(command(s, boss, who, RELEASE));
    ASSERT_SAID(s, "m<a:error");
    assert_int_equal(command(s, boss, who, RELEASE), AIRT_EINVAL);
    ASSERT_OK(puppet_spawn(AIRI_FROM(s->system), 'z', NULL, &ann, &other));
    assert_false(airt_ref_same(other, who));
}
static void rest_and_release(void **state)
{
    (void)state;
    sim_each(rest_body, NULL);
}

static void end_of_boss_body(sim *s)
{
    birth    a = { .tag = 'a' }, b = { .tag = 'b' }, c = { .tag = 'c' };
    airt_ref boss = boss_with(s, HOLD);
    airt_ref m = sim_spawn(s, 'm');

    (void)child_of(s, boss, &a);
    (void)child_of(s, boss, &b);
    (void)child_of(s, boss, &c);
    sim_do(s, m, watch, &a.ref);
    sim_do(s, m, watch, &b.ref);
    sim_do(s, a.ref, failing, NULL);
    sim_do(s, b.ref, failing, NULL);
    sim_settle(s);
    ASSERT_OK(command(s, boss, b.ref, REST));
    sim_forget(s);
    ASSERT_OK(airt_kill(s->system, boss, NULL));
    sim_settle(s);
    ASSERT_SORTED(s, "m<a:error c-killed");
    assert_false(sim_alive(s, a.ref) || sim_alive(s, b.ref) || sim_alive(s, c.ref));
}
static void a_supervisors_end_is_final_for_its_children(void **state)
{
    (void)state;
    sim_each(end_of_boss_body, NULL);
}

/* --- stops and ends ----------------------------------------------------------------------------------------------- */

static airt_status trap(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_trap_stop(ctx, argument != NULL);
}
static airt_status end_now(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_end(ctx, argument);
}
static void trap_body(sim *s)
{
    static airt_reason because = { .exit = AIRT_EXIT_ESCALATED, .code = 7 };
    airt_ref           boss = boss_with(s, HOLD);
    airt_ref           m = sim_spawn(s, 'm');

    sim_tag('s', boss);
    sim_do(s, m, watch, &boss);
    sim_do(s, boss, trap, s);
    sim_settle(s);
    sim_forget(s);
    ASSERT_OK(airt_stop(s->system, boss, NULL));
    ASSERT_OK(airt_stop(s->system, boss, NULL)); /* once */
    sim_settle(s);
    ASSERT_SAID(s, "stop:shutdown");
    sim_do(s, boss, trap, NULL);
    sim_do(s, boss, trap, s);
    sim_settle(s);
    ASSERT_OK(airt_drain(s->system, boss, NULL));
    sim_settle(s);
    ASSERT_SAID(s, "stop:shutdown");
    sim_do(s, boss, end_now, &because);
    sim_settle(s);
    ASSERT_SAID(s, "m<s:escalated");
}
static void stops_may_be_trapped(void **state)
{
    (void)state;
    sim_each(trap_body, NULL);
}

/* A drain waits behind the mail; a stop that comes later does not. */
static void drain_and_stop_body(sim *s)
{
    airt_ref boss = boss_with(s, HOLD);

    sim_do(s, boss, trap, s);
    sim_settle(s);
    (void)airt_tell_any(s->system, boss, tick, .n = 1);
    ASSERT_OK(airt_drain(s->system, boss, NULL));
    (void)airt_tell_any(s->system, boss, tick, .n = 2);
    ASSERT_OK(airt_stop(s->system, boss, &(airt_reason){ .exit = AIRT_EXIT_ESCALATED }));
    ASSERT_OK(airt_stop(s->system, boss, NULL));
    sim_settle(s);
    ASSERT_SAID(s, "stop:escalated *1 stop:shutdown *2");
    sim_do(s, boss, trap, NULL);
    sim_do(s, boss, trap, s);
    sim_settle(s);
    ASSERT_OK(airt_stop(s->system, boss, NULL));
    ASSERT_OK(airt_drain(s->system, boss, NULL)); /* says nothing new */
    sim_settle(s);
    ASSERT_SAID(s, "stop:shutdown");
}
static void a_trapped_stop_overtakes_a_trapped_drain(void **state)
{
    (void)state;
    sim_each(drain_and_stop_body, NULL);
}

/* Asked to end while it traps that, and fails before it has heard so. */
static airt_status trap_and_fail(airt_ctx *ctx, struct puppet *self, void *argument)
{
    airt_status status = airt_trap_stop(ctx, true);

    if (status == AIRT_OK)
        status = ((const order *)argument)->policy == HOLD ? airt_drain(ctx, self->self, NULL)
                                                           : airt_stop(ctx, self->self, NULL);
    return status == AIRT_OK ? AIRT_EINVAL : status;
}
static void unheard_body(sim *s)
{
    static order stop = { .policy = RELEASE }, drain = { .policy = HOLD };
    birth        c = { .tag = 'c' };
    airt_ref     boss = boss_with(s, HOLD);
    airt_ref     a = sim_spawn_with(s, 'a', &(puppet_plan){ .verdict = AIRT_RESTART }, NULL);
    airt_ref     b = sim_spawn_with(s, 'b', &(puppet_plan){ .verdict = AIRT_RESTART }, NULL);
    airt_ref     who = child_of(s, boss, &c);

    sim_settle(s);
    sim_forget(s);
    sim_do(s, a, trap_and_fail, &stop);
    sim_num(s, a, 1);
    sim_settle(s);
    ASSERT_SAID(s, "a!error/0 a+ a-shutdown");
    sim_do(s, b, trap_and_fail, &drain);
    sim_num(s, b, 1);
    sim_settle(s);
    ASSERT_SAID(s, "b!error/0 b+ b:1 b-shutdown");
    sim_do(s, who, trap_and_fail, &stop); /* its supervisor knows that it has ended */
    sim_settle(s);
    ASSERT_SAID(s, "c!error/0 c-error $c1:error");
    ASSERT_OK(command(s, boss, who, RESTART));
    sim_num(s, who, 1);
    sim_settle(s);
    ASSERT_SORTED(s, "c+ ^c2 c:1");
}
static void a_restart_does_not_lose_a_trapped_stop(void **state)
{
    (void)state;
    sim_each(unheard_body, NULL);
}

static void wait_body(sim *s)
{
    static airt_reason because = { .exit = AIRT_EXIT_ESCALATED, .code = 7 };
    airt_reason        seen = { .exit = AIRT_EXIT_NORMAL };

    assert_int_equal(airt_system_wait(s->system, AIRT_MS(5), &seen), AIRT_ETIMEDOUT);
    ASSERT_OK(airt_system_end(s->system, &because));
    ASSERT_OK(airt_system_end(s->system, NULL)); /* the first one counts */
    ASSERT_OK(airt_system_wait(s->system, AIRT_MS(5), &seen));
    assert_int_equal(seen.exit, AIRT_EXIT_ESCALATED);
    assert_int_equal(seen.code, 7);
    ASSERT_OK(airt_system_wait(s->system, AIRT_MS(0), NULL));
}
static void whoever_waits_for_the_end_hears_why(void **state)
{
    (void)state;
    sim_each(wait_body, NULL);
}

/* --- limits ------------------------------------------------------------------------------------------------------- */

static void rate_body(sim *s)
{
    birth    a = { .tag = 'a' };
    airt_ref boss = boss_with(s, HOLD);
    airt_ref who = child_of(s, boss, &a);

    for (int i = 0; i < 4; i++) { /* a second's restarts at once */
        ASSERT_OK(airt_kill(s->system, who, NULL));
        sim_settle(s);
        ASSERT_OK(command(s, boss, who, RESTART));
    }
    ASSERT_OK(airt_kill(s->system, who, NULL));
    sim_settle(s);
    assert_int_equal(command(s, boss, who, RESTART), AIRT_ELIMIT);
    sim_run(s, 240);
    assert_int_equal(command(s, boss, who, RESTART), AIRT_ELIMIT);
    sim_run(s, 11);
    ASSERT_OK(command(s, boss, who, RESTART)); /* and then one by one */
    sim_forget(s);
}
static void restarts_per_second_of_the_whole_system(void **state)
{
    (void)state;
    sim_each(rate_body, &(airt_system_options){ .restarts_per_s = 4 });
}

static void outside_body(sim *s)
{
    airt_ref who = AIRT_NONE;

    assert_int_equal(airt_spawn_any(s->system, bare, &who, &(airt_spawn_options){ .supervised = true }), AIRT_EINVAL);
}
static void a_supervisor_is_an_actor(void **state)
{
    (void)state;
    sim_each(outside_body, NULL);
}

/* A start handler is killed while it runs: its arguments come back when it returns, and then the child can start. */
static struct sim_stay stay;
static void            abandoned_body(sim *s)
{
    birth    a = { .tag = 'a', .plan = { .run = sim_stays, .argument = &stay } };
    airt_ref boss = boss_with(s, HOLD);

    stay = (struct sim_stay){ 0 };
    sim_do(s, boss, give_birth, &a);
    sim_until(s, &stay.inside);
    ASSERT_OK(airt_kill(s->system, a.ref, NULL));
    stay.open = true;
    sim_settle(s);
    ASSERT_SAID(s, "a+ $a1:killed/unstarted");
    ASSERT_OK(command(s, boss, a.ref, RESTART));
    ASSERT_SAID(s, "a+ ^a2");
}
static void killed_in_its_start_and_started_again(void **state)
{
    (void)state;
    sim_each(abandoned_body, &(airt_system_options){ .workers = 2 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIM_TEST(the_same_ref_name_and_mail),
        SIM_TEST(mail_may_be_dropped),
        SIM_TEST(a_receive_begins_nothing_from_quarantine),
        SIM_TEST(only_what_was_queued_is_dropped),
        SIM_TEST(asks_wait_or_fail_by_option),
        SIM_TEST(a_start_that_fails_is_an_end_like_others),
        SIM_TEST(rest_and_release),
        SIM_TEST(a_supervisors_end_is_final_for_its_children),
        SIM_TEST(stops_may_be_trapped),
        SIM_TEST(a_trapped_stop_overtakes_a_trapped_drain),
        SIM_TEST(a_restart_does_not_lose_a_trapped_stop),
        SIM_TEST(whoever_waits_for_the_end_hears_why),
        SIM_TEST(restarts_per_second_of_the_whole_system),
        SIM_TEST(a_supervisor_is_an_actor),
        SIM_TEST(killed_in_its_start_and_started_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
