/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Handlers that outlive the kill of their actor. An abandoned one keeps its memory and what it reads, can do nothing any
 * more, and is counted until it returns. */
#include "threads.h"

#include <pthread.h>
#include <string.h>

enum {
    PATTERN = 0x5eed
};

struct endless {
    uint32_t value;
};
struct done {
    uint32_t value;
};
AIRT_KIND(endless, value)
AIRT_KIND(done, value)
AIRT_ANSWER(endless, done)
AIRT_SIGNAL(nap)
AIRT_SIGNAL(ping)
AIRT_SIGNAL(pong)
AIRT_ANSWER(ping, pong)
AIRT_SIGNAL(fail)

static gate  hold;
static heard ears;

/* --- what an abandoned handler gets from every call --------------------------------------------------------------- */

#define TRIED_MAX 64
static struct {
    _Atomic(int) count, memory_intact, message_intact;
    const char  *verb[TRIED_MAX];
    airt_status  status[TRIED_MAX];
} tried;

static void note(const char *verb, airt_status status)
{
    int i = atomic_load(&tried.count);

    tried.verb[i] = verb;
    tried.status[i] = status;
    atomic_store(&tried.count, i + 1);
}

#define echo_ACCEPTS(KIND) KIND(ping)
AIRT_PROTOCOL(echo)
struct echo {
    char nothing;
};
AIRT_ON(echo, ping)
{
    return airt_reply(ctx, ping);
}
#define echo_HANDLES(ON, A) ON(A, ping)
AIRT_BEHAVIOR(echo)

struct victim_start {
    echo_ref echo;
    uint32_t value;
    bool     stays;
};
AIRT_KIND(victim_start, REF(echo), value, stays)

#define victim_ACCEPTS(KIND) KIND(endless) KIND(nap) KIND(ping) KIND(fail)
AIRT_PROTOCOL(victim)
struct victim {
    echo_ref  echo;
    uint32_t  value;
    uint32_t *memory;
    airt_msg *kept;
};

static airt_status status_of_blob(airt_ctx *ctx)
{
    airt_blob blob = airt_blob_new(ctx, "x", 1);

    return airt_blob_none(blob) ? AIRT_EKILLED : AIRT_OK;
}

static void try_messages(struct victim *self, airt_ctx *ctx)
{
    airt_msg   *msg = NULL;
    struct pong pong;
    airt_call   none = { 0 };
    airt_call  *calls[] = { &none };

    note("tell", airt_tell(ctx, self->echo, ping));
    note("ask", airt_ask(ctx, self->echo, &pong, AIRT_SECONDS(60), ping));
    none = airt_ask_begin(ctx, self->echo, AIRT_SECONDS(60), ping).call;
    note("ask_begin", none.bits == 0 ? AIRT_EKILLED : AIRT_OK);
    note("await_all", airt_await_all(ctx, AIRT_SECONDS(60), calls, 1));
    note("call_take", airt_call_take_body(ctx, none, &pong_kind, &pong, sizeof pong));
    note("msg_new", airt_msg_new(ctx, &msg, nap));
    note("send", airt_send(ctx, self->echo.ref, &self->kept));
    note("forward", airt_forward(ctx, (victim_ref){ .ref = airt_self(ctx) }, endless));
    note("receive", airt_receive(ctx, AIRT_SECONDS(60), &msg, nap));
    note("keep", airt_keep(ctx, &msg));
    note("stash", airt_stash(ctx));
    note("unstash", airt_unstash(ctx));
    note("reply", airt_reply(ctx, endless, .value = 1));
    note("reply_failure", airt_reply_failure(ctx, 1, "no"));
    note("reply_to", airt_reply_to_body(ctx, &self->kept, &pong_kind, &pong));
    note("blob_new", status_of_blob(ctx));
}

static void try_the_rest(struct victim *self, airt_ctx *ctx)
{
    echo_ref             echo;
    airt_timer           timer;
    const airt_behavior *other = &echo_behavior;

    note("spawn", airt_spawn(ctx, echo, &echo, NULL));
    note("spawn waiting", airt_spawn(ctx, echo, &echo, &(airt_spawn_options){ .start_within_ms = 60000 }));
    note("alloc", airt_alloc(ctx, 64) == NULL ? AIRT_EKILLED : AIRT_OK);
    note("send_after", airt_send_after(ctx, AIRT_MS(1), &timer, nap));
    note("send_every", airt_send_every(ctx, AIRT_MS(1), &timer, nap));
    note("monitor", airt_monitor(ctx, self->echo.ref));
    note("link", airt_link(ctx, self->echo.ref));
    note("sleep", airt_sleep(ctx, AIRT_SECONDS(60)));
    note("become", airt_become(ctx, other)); /* of another size, too */
    note("stop", airt_stop(ctx, self->echo.ref, NULL));
    note("drain", airt_drain(ctx, self->echo.ref, NULL));
    note("kill", airt_kill(ctx, self->echo.ref, NULL));
    airt_demonitor(ctx, self->echo.ref);
    airt_unlink(ctx, self->echo.ref);
    airt_trap_exit(ctx, true);
    airt_free(ctx, self->memory);
}

AIRT_ON(victim, victim_start)
{
    self->echo = msg->echo;
    if (!msg->stays)
        return AIRT_OK;
    gate_pass(&hold);
    atomic_store(&tried.message_intact, msg->value == PATTERN && msg->stays);
    return airt_sleep(ctx, AIRT_SECONDS(60));
}

AIRT_ON(victim, ping)
{
    return airt_keep(ctx, &self->kept);
}

AIRT_ON(victim, endless)
{
    self->value = PATTERN;
    self->memory = (uint32_t *)airt_alloc(ctx, 1000 * sizeof *self->memory);
    if (self->memory == NULL)
        return AIRT_ENOMEM;
    for (int i = 0; i < 1000; i++)
        self->memory[i] = PATTERN;
    atomic_fetch_add(&hold.inside, 1);
    while (!atomic_load(&hold.open))
        ;
    atomic_store(&tried.message_intact, msg->value == PATTERN);
    try_messages(self, ctx);
    try_the_rest(self, ctx);
    atomic_store(&tried.memory_intact,
                 self->value == PATTERN && self->memory[0] == PATTERN && self->memory[999] == PATTERN);
    atomic_fetch_add(&hold.passed, 1);
    return AIRT_OK;
}

AIRT_ON(victim, nap)
{
    gate_pass(&hold);
    return AIRT_OK;
}

/* Stays in its on_error. */
AIRT_ON(victim, fail)
{
    return AIRT_EINVAL;
}
AIRT_ON(victim, airt_failed)
{
    gate_pass(&hold);
    return AIRT_RESTART;
}
#define victim_HANDLES(ON, A) ON(A, victim_start) ON(A, endless) ON(A, nap) ON(A, ping) ON(A, fail) ON(A, airt_failed)
AIRT_BEHAVIOR(victim)

#define leaver_ACCEPTS(KIND) KIND(nap)
AIRT_PROTOCOL(leaver)
struct leaver {
    char nothing;
};
AIRT_ON(leaver, nap)
{
    return AIRT_STOP;
}
AIRT_ON(leaver, airt_stopping)
{
    gate_pass(&hold);
    return AIRT_OK;
}
#define leaver_HANDLES(ON, A) ON(A, nap) ON(A, airt_stopping)
AIRT_BEHAVIOR(leaver, .placement = AIRT_BLOCKING)

/* --- who watches -------------------------------------------------------------------------------------------------- */

static _Atomic(int) downs, down_exit;
struct mourner_start {
    airt_ref who;
};
AIRT_KIND(mourner_start, who)
#define mourner_ACCEPTS(KIND) KIND(ping)
AIRT_PROTOCOL(mourner)
struct mourner {
    char nothing;
};
AIRT_ON(mourner, mourner_start)
{
    return airt_monitor(ctx, msg->who);
}
AIRT_ON(mourner, ping)
{
    return airt_reply(ctx, ping);
}
AIRT_ON(mourner, airt_down)
{
    atomic_store(&down_exit, (int)msg->reason.exit);
    atomic_fetch_add(&downs, 1);
    return AIRT_OK;
}
#define mourner_HANDLES(ON, A) ON(A, mourner_start) ON(A, ping) ON(A, airt_down)
AIRT_BEHAVIOR(mourner)

static struct asker {
    airt_system *system;
    victim_ref   victim;
    airt_status  status;
    pthread_t    thread;
} asker;

static void *ask_endless(void *argument)
{
    struct asker *a = (struct asker *)argument;
    struct done   done;

    a->status = airt_ask(a->system, a->victim, &done, AIRT_SECONDS(300), endless, .value = PATTERN);
    return NULL;
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static airt_system *begin(airt_system_options options)
{
    airt_system *system = NULL;

    gate_close(&hold);
    hear_nothing(&ears);
    memset(&tried, 0, sizeof tried);
    downs = 0;
    options.report = hear;
    options.report_context = &ears;
    OK(airt_system_create(&options, &system));
    return system;
}

static void end(airt_system **system)
{
    OK(airt_system_quiesce(*system, AIRT_SECONDS(60)));
    check_account(*system);
    OK(airt_system_stop(system, AIRT_SECONDS(60)));
}

static void ask_some(airt_system *system, echo_ref echo)
{
    struct pong pong;

    for (int i = 0; i < 50; i++)
        OK(airt_ask(system, echo, &pong, AIRT_SECONDS(60), ping));
}

/* A killed handler stays where it is; everybody else is told at once. */
static void check_announced(airt_system *system, echo_ref echo)
{
    airt_actor_info info;
    victim_ref      found;
    victim_ref      next;

    UNTIL(downs == 1);
    assert_int_equal(down_exit, AIRT_EXIT_KILLED);
    assert_int_equal(pthread_join(asker.thread, NULL), 0);
    IS(asker.status, AIRT_EDEAD);
    IS(airt_info(system, asker.victim.ref, &info), AIRT_EDEAD);
    IS(airt_lookup(system, victim, "victim", &found), AIRT_ENOENT);
    for (int i = 0; i < 200; i++) /* memory and slot would be used again if they were given back */
        OK(airt_spawn(system, victim, &next, &(airt_spawn_options){ .start = AIRT_START(victim, .echo = echo) }));
    OK(airt_spawn(system, victim, &next,
                  &(airt_spawn_options){ .name = "victim", .start = AIRT_START(victim, .echo = echo) }));
    assert_int_equal(stats_of(system).abandoned, 1);
    assert_int_equal(heard_of(&ears, AIRT_REPORT_ABANDONED, AIRT_NONE, NULL), 1);
    assert_int_equal(heard_of(&ears, AIRT_REPORT_ABANDONED, asker.victim.ref, NULL), 1);
}

static void a_killed_handler_can_do_nothing_any_more(void **state)
{
    airt_system *system = begin((airt_system_options){ .workers = 2, .stuck_ms = 20 });
    mourner_ref  mourner;
    echo_ref     echo;
    struct pong  pong;

    (void)state;
    OK(airt_spawn(system, echo, &echo, NULL));
    OK(airt_spawn(system, victim, &asker.victim,
                  &(airt_spawn_options){ .name = "victim", .start = AIRT_START(victim, .echo = echo) }));
    OK(airt_spawn(system, mourner, &mourner,
                  &(airt_spawn_options){ .start = AIRT_START(mourner, .who = asker.victim.ref) }));
    OK(airt_ask(system, mourner, &pong, AIRT_SECONDS(60), ping)); /* it watches now */
    OK(airt_tell(system, asker.victim, ping));
    asker.system = system;
    assert_int_equal(pthread_create(&asker.thread, NULL, ask_endless, &asker), 0);
    UNTIL(hold.inside == 1);
    OK(airt_kill(system, asker.victim.ref, NULL));
    check_announced(system, echo);
    gate_open(&hold);
    UNTIL(stats_of(system).abandoned == 0);
    for (int i = 0; i < tried.count; i++)
        if (tried.status[i] != AIRT_EKILLED)
            fail_msg("%s answered %s", tried.verb[i], airt_status_name(tried.status[i]));
    assert_int_equal(tried.count, 28);
    assert_true(tried.memory_intact && tried.message_intact);
    ask_some(system, echo);
    end(&system);
}

static void abandoned_handlers_are_bounded(void **state)
{
    airt_system    *system = begin((airt_system_options){ .workers = 4, .abandoned_max = 2, .stuck_ms = 20 });
    victim_ref      victim[3];
    echo_ref        echo;
    airt_actor_info info;

    (void)state;
    OK(airt_spawn(system, echo, &echo, NULL));
    for (int i = 0; i < 3; i++) {
        OK(airt_spawn(system, victim, &victim[i], &(airt_spawn_options){ .start = AIRT_START(victim, .echo = echo) }));
        OK(airt_tell(system, victim[i], nap));
    }
    UNTIL(hold.inside == 3);
    for (int i = 0; i < 3; i++)
        OK(airt_kill(system, victim[i].ref, NULL));
    assert_int_equal(stats_of(system).abandoned, 2);
    OK(airt_info(system, victim[2].ref, &info)); /* it ends when its handler returns */
    gate_open(&hold);
    UNTIL(hold.passed == 3);
    UNTIL(stats_of(system).actors == 1 && stats_of(system).abandoned == 0);
    end(&system);
}

/* Killed in its start, in its on_error, in its post_stop: what it reads stays. */
static void hooks_are_abandoned_too(void **state)
{
    airt_system *system = begin((airt_system_options){ .workers = 2 });
    victim_ref   victim, other;
    leaver_ref   leaver;
    echo_ref     echo;

    (void)state;
    OK(airt_spawn(system, echo, &echo, NULL));
    OK(airt_spawn(system, victim, &victim,
                  &(airt_spawn_options){ .start = AIRT_START(victim, .value = PATTERN, .stays = true) }));
    UNTIL(hold.inside == 1);
    OK(airt_kill(system, victim.ref, NULL));
    for (int i = 0; i < 200; i++)
        OK(airt_spawn(system, victim, &other, &(airt_spawn_options){ .start = AIRT_START(victim, .echo = echo) }));
    OK(airt_tell(system, other, fail));
    UNTIL(hold.inside == 2);
    OK(airt_kill(system, other.ref, NULL));
    OK(airt_spawn(system, leaver, &leaver, NULL));
    OK(airt_tell(system, leaver, nap));
    UNTIL(hold.inside == 3);
    OK(airt_kill(system, leaver.ref, NULL));
    assert_int_equal(stats_of(system).abandoned, 3);
    gate_open(&hold);
    UNTIL(stats_of(system).abandoned == 0);
    assert_true(tried.message_intact);
    end(&system);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_handler_can_do_nothing_any_more),
        cmocka_unit_test(abandoned_handlers_are_bounded),
        cmocka_unit_test(hooks_are_abandoned_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
