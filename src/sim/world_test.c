/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tests of the simulated world with toy workers: what the seed decides, how the clock moves, what waiting does. */
#include "port/port.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define START_NS INT64_C(1000000000)
enum {
    TOYS = 4,
    LOG_MAX = 64
};

/* A worker with so many turns to do, and a timer that gives it another one. */
struct toy {
    airi_driven  driven;
    airt_world  *world;
    struct play *play;
    int          id;
    uint64_t     turns;   /* to do */
    uint64_t     stepped; /* done */
    int64_t      due_ns;
    int64_t      every_ns; /* 0: the timer comes once */
};

struct play {
    airt_world           *world; /* as systems see it */
    struct toy            toys[TOYS];
    int                   log[LOG_MAX]; /* who stepped */
    int                   logged;
    AIRI_ATOMIC(uint32_t) word;
    int                   sets_word; /* the toy that changes the word; -1: none */
    bool                  waits;     /* from inside a step */
};

static struct toy *toy_of(airi_driven *driven)
{
    return AIRI_CONTAINER(driven, struct toy, driven);
}

static bool toy_ready(airi_driven *driven, int64_t now_ns)
{
    return toy_of(driven)->turns > 0 || toy_of(driven)->due_ns <= now_ns;
}

static int64_t toy_due(airi_driven *driven)
{
    return toy_of(driven)->due_ns;
}

static void toy_step(airi_driven *driven)
{
    struct toy  *toy = toy_of(driven);
    struct play *play = toy->play;
    if (toy->due_ns <= toy->world->now_ns(toy->world))
        toy->due_ns = toy->every_ns != 0 ? toy->due_ns + toy->every_ns : AIRI_NEVER;
    else
        toy->turns--;
    toy->stepped++;
    if (play->logged < LOG_MAX)
        play->log[play->logged++] = toy->id;
    if (play->sets_word == toy->id)
        airi_store(&play->word, 1, AIRI_SEQ_CST);
    if (play->waits)
        toy->world->wait(toy->world, &play->word, 0, AIRI_NEVER);
}

static void play_attach(struct play *play, uint64_t turns)
{
    play->sets_word = -1;
    for (int i = 0; i < TOYS; i++) {
        struct toy *toy = &play->toys[i];
        toy->driven = (airi_driven){ .ready = toy_ready, .step = toy_step, .next_due_ns = toy_due };
        toy->world = play->world;
        toy->play = play;
        toy->id = i;
        toy->turns = turns;
        toy->due_ns = AIRI_NEVER;
        play->world->attach(play->world, &toy->driven);
    }
}

static void play_init(struct play *play, const airt_sim_options *options, uint64_t turns)
{
    memset(play, 0, sizeof(*play));
    assert_int_equal(airt_sim_create(options, &play->world), AIRT_OK);
    play_attach(play, turns);
}

static void play_fini(struct play *play)
{
    for (int i = 0; i < TOYS; i++)
        play->world->detach(play->world, &play->toys[i].driven);
    airt_world_destroy(&play->world);
    assert_null(play->world);
}

static void play_to_end(struct play *play, airt_sim_options options)
{
    play_init(play, &options, 10);
    play->toys[2].due_ns = START_NS + 500;
    while (airt_sim_step(play->world))
        continue;
}

/* ---- what the seed decides ---- */

static void one_seed_one_history(void **state)
{
    struct play first, second;
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        play_to_end(&first, (airt_sim_options){ .seed = seed });
        play_to_end(&second, (airt_sim_options){ .seed = seed, .layout = 7 });
        assert_int_equal(first.logged, 4 * 10 + 1);
        assert_int_equal(memcmp(first.log, second.log, sizeof(first.log)), 0);
        assert_true(airt_sim_hash(first.world) == airt_sim_hash(second.world));
        play_fini(&first);
        play_fini(&second);
    }
}

static void seeds_differ(void **state)
{
    struct play first, second;
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        play_to_end(&first, (airt_sim_options){ .seed = seed });
        play_to_end(&second, (airt_sim_options){ .seed = seed + 1 });
        assert_int_not_equal(memcmp(first.log, second.log, sizeof(first.log)), 0);
        assert_true(airt_sim_hash(first.world) != airt_sim_hash(second.world));
        play_fini(&first);
        play_fini(&second);
    }
}

/* The same on every compiler and processor: a change here makes recorded seeds worthless and must be meant. */
static void hash_is_portable(void **state)
{
    struct play play;
    (void)state;
    play_to_end(&play, (airt_sim_options){ .seed = 42 });
    assert_true(airt_sim_hash(play.world) == UINT64_C(0xcc090798c1369401));
    play_fini(&play);
}

static void event_enters_hash(void **state)
{
    airt_world *world = NULL;
    uint64_t    hashes[4];
    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(airt_sim_create(NULL, &world), AIRT_OK);
        world->event(world, i == 1, i == 2, i == 3);
        hashes[i] = airt_sim_hash(world);
        for (int j = 0; j < i; j++)
            assert_true(hashes[i] != hashes[j]);
        airt_world_destroy(&world);
    }
}

static void choice_is_even(void **state)
{
    struct play play;
    (void)state;
    play_init(&play, &(airt_sim_options){ .seed = 1 }, 1000000);
    for (int i = 0; i < 4000; i++)
        assert_true(airt_sim_step(play.world));
    for (int i = 0; i < TOYS; i++)
        assert_true(play.toys[i].stepped > 850 && play.toys[i].stepped < 1150);
    play_fini(&play);
}

/* A system that asks for random numbers does not change who runs. */
static void streams_are_separate(void **state)
{
    struct play first, second;
    uint64_t    number = 0;
    (void)state;
    play_init(&first, &(airt_sim_options){ .seed = 3 }, 10);
    play_init(&second, &(airt_sim_options){ .seed = 3 }, 10);
    while (airt_sim_step(first.world))
        number ^= first.world->random(first.world);
    assert_true(number != 0);
    airt_sim_settle(second.world);
    assert_int_equal(memcmp(first.log, second.log, sizeof(first.log)), 0);
    play_fini(&first);
    play_fini(&second);
}

static void random_is_seeded(void **state)
{
    airt_world *one = NULL, *same = NULL, *other = NULL;
    (void)state;
    assert_int_equal(airt_sim_create(&(airt_sim_options){ .seed = 8 }, &one), AIRT_OK);
    assert_int_equal(airt_sim_create(&(airt_sim_options){ .seed = 8 }, &same), AIRT_OK);
    assert_int_equal(airt_sim_create(&(airt_sim_options){ .seed = 9 }, &other), AIRT_OK);
    for (int i = 0; i < 100; i++) {
        uint64_t number = one->random(one);
        assert_true(number == same->random(same));
        assert_true(number != other->random(other));
    }
    airt_world_destroy(&one);
    airt_world_destroy(&same);
    airt_world_destroy(&other);
}

/* ---- clock ---- */

static void clock_jumps_to_next_timer(void **state)
{
    struct play play;
    (void)state;
    play_init(&play, NULL, 0);
    assert_false(airt_sim_step(play.world));
    play.toys[1].due_ns = START_NS + 300;
    play.toys[3].due_ns = START_NS + 200;
    assert_true(airt_sim_step(play.world)); /* the clock */
    assert_int_equal(play.logged, 0);
    assert_int_equal(airt_sim_now_ns(play.world), START_NS + 200);
    assert_true(airt_sim_step(play.world));
    assert_true(airt_sim_step(play.world));
    assert_int_equal(airt_sim_now_ns(play.world), START_NS + 300);
    assert_true(airt_sim_step(play.world));
    assert_false(airt_sim_step(play.world));
    assert_int_equal(play.logged, 2);
    assert_int_equal(play.log[0], 3);
    assert_int_equal(play.log[1], 1);
    play_fini(&play);
}

static void settle_leaves_clock(void **state)
{
    struct play play;
    (void)state;
    play_init(&play, NULL, 5);
    play.toys[0].due_ns = START_NS + 1;
    airt_sim_settle(play.world);
    assert_int_equal(play.logged, TOYS * 5);
    assert_int_equal(airt_sim_now_ns(play.world), START_NS);
    play_fini(&play);
}

static void run_ends_exactly(void **state)
{
    struct play play;
    (void)state;
    play_init(&play, NULL, 0);
    play.toys[0].due_ns = START_NS + 10;
    play.toys[0].every_ns = 10;
    airt_sim_run(play.world, AIRT_NS(105));
    assert_int_equal(airt_sim_now_ns(play.world), START_NS + 105);
    assert_int_equal(play.logged, 10);
    airt_sim_run(play.world, AIRT_NS(0));
    airt_sim_run(play.world, AIRT_NS(-7)); /* over at once */
    assert_int_equal(airt_sim_now_ns(play.world), START_NS + 105);
    airt_sim_run(play.world, AIRT_NS(5)); /* the timer at the very end is served */
    assert_int_equal(play.logged, 11);
    play_fini(&play);
}

static void defaults(void **state)
{
    airt_world *world = NULL;
    (void)state;
    assert_int_equal(airt_sim_create(NULL, &world), AIRT_OK);
    assert_true(world->driven);
    assert_int_equal(airt_sim_now_ns(world), START_NS);
    assert_int_equal(world->now_ns(world), START_NS);
    assert_int_equal(world->cores(world), 4);
    airt_world_destroy(&world);
    assert_int_equal(airt_sim_create(&(airt_sim_options){ .start_ns = 5, .cores = 2 }, &world), AIRT_OK);
    assert_int_equal(airt_sim_now_ns(world), 5);
    assert_int_equal(world->cores(world), 2);
    airt_world_destroy(&world);
    airt_world_destroy(&world); /* twice is harmless */
    world = airt_world_linux();
    airt_world_destroy(&world); /* the Linux world is left alone */
    assert_true(airt_world_linux()->now_ns(airt_world_linux()) > 0);
}

/* ---- waiting ---- */

static void wait_runs_world(void **state)
{
    struct play play;
    (void)state;
    play_init(&play, NULL, 0);
    play.toys[0].turns = 3;
    play.toys[2].due_ns = START_NS + 1000;
    play.sets_word = 2;
    play.world->wait(play.world, &play.word, 0, AIRI_NEVER);
    assert_int_equal(airi_load(&play.word, AIRI_SEQ_CST), 1);
    assert_int_equal(play.logged, 4);
    assert_int_equal(airt_sim_now_ns(play.world), START_NS + 1000);
    play.world->wait(play.world, &play.word, 0, AIRI_NEVER); /* changed already */
    play.world->wake(play.world, &play.word, 1);
    play_fini(&play);
}

static void wait_ends_at_deadline(void **state)
{
    struct play play;
    (void)state;
    play_init(&play, NULL, 0);
    play.world->wait(play.world, &play.word, 0, START_NS + 77); /* nothing at all happens */
    assert_int_equal(airt_sim_now_ns(play.world), START_NS + 77);
    play.toys[1].due_ns = START_NS + 100;
    play.world->wait(play.world, &play.word, 0, START_NS + 90); /* the timer is later */
    assert_int_equal(airt_sim_now_ns(play.world), START_NS + 90);
    assert_int_equal(play.logged, 0);
    play.toys[0].turns = 1;
    play.world->wait(play.world, &play.word, 0, START_NS + 90); /* passed: not even a step */
    assert_int_equal(play.logged, 0);
    play.world->wait(play.world, &play.word, 0, START_NS + 110);
    assert_int_equal(play.logged, 2);
    assert_int_equal(airt_sim_now_ns(play.world), START_NS + 110);
    play_fini(&play);
}

/* ---- programmer errors ---- */

static void expect_abort(void (*body)(void), const char *text)
{
    int     ends[2], status = 0;
    char    said[512] = { 0 };
    size_t  size = 0;
    ssize_t got;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        body();
        _exit(0);
    }
    (void)close(ends[1]);
    while (size < sizeof(said) - 1 && (got = read(ends[0], said + size, sizeof(said) - 1 - size)) > 0)
        size += (size_t)got;
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(said, text));
}

static void wait_for_nothing(void)
{
    struct play play;
    play_init(&play, NULL, 0);
    play.world->wait(play.world, &play.word, 0, AIRI_NEVER);
}

static void wait_in_step(void)
{
    struct play play;
    play_init(&play, NULL, 1);
    play.waits = true;
    airt_sim_settle(play.world);
}

static bool never_ready(airi_driven *driven, int64_t now_ns)
{
    (void)driven;
    (void)now_ns;
    return false;
}

static void due_but_not_ready(void)
{
    struct play play;
    play_init(&play, NULL, 0);
    play.toys[0].driven.ready = never_ready;
    play.toys[0].due_ns = START_NS;
    (void)airt_sim_step(play.world);
}

static void destroy_while_attached(void)
{
    struct play play;
    play_init(&play, NULL, 0);
    airt_world_destroy(&play.world);
}

static void step_real_world(void)
{
    (void)airt_sim_step(airt_world_linux());
}

static void no_place(void)
{
    (void)!airt_sim_create(NULL, NULL);
}

static void no_world(void)
{
    airt_sim_run(NULL, AIRT_NS(1));
}

static void programmer_errors(void **state)
{
    (void)state;
    expect_abort(wait_for_nothing, "simulated world: waiting for something that can never happen");
    expect_abort(wait_in_step, "from inside a step");
    expect_abort(due_but_not_ready, "is due and yet not ready");
    expect_abort(destroy_while_attached, "airi_list_empty");
    expect_abort(step_real_world, "not a simulated world");
    expect_abort(no_world, "not a simulated world");
    expect_abort(no_place, "airt_sim_create: NULL");
}

/* ---- the rest of the table ---- */

static void run_nothing(void *argument)
{
    (void)argument;
}

static void no_threads(void **state)
{
    airt_world  *world = NULL;
    airi_thread *thread = NULL;
    (void)state;
    assert_int_equal(airt_sim_create(NULL, &world), AIRT_OK);
    assert_int_equal(world->thread_start(world, "x", run_nothing, NULL, &thread), AIRT_ESYSTEM);
    assert_null(thread);
    world->thread_join(world, &thread);
    airt_world_destroy(&world);
}

static void poll_is_a_fake(void **state)
{
    airt_world *world = NULL;
    airi_poll  *poll = NULL;
    (void)state;
    assert_int_equal(airt_sim_create(NULL, &world), AIRT_OK);
    assert_int_equal(world->poll_create(world, &poll), AIRT_OK);
    assert_int_equal(world->poll_fd(poll), -1);
    world->poll_ring(poll);
    world->poll_arm(poll, 1);
    world->poll_clear(poll);
    world->poll_destroy(world, &poll);
    assert_null(poll);
    airt_world_destroy(&world);
}

static void layouts_differ(void **state)
{
    enum {
        MAPS = 4,
        BYTES = 1 << 16
    };
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)state;
    for (uint32_t layout = 0; layout < 6; layout++) {
        airt_world *world = NULL;
        char       *maps[MAPS];
        assert_int_equal(airt_sim_create(&(airt_sim_options){ .layout = layout }, &world), AIRT_OK);
        for (int i = 0; i < MAPS; i++) {
            maps[i] = world->map(world, BYTES);
            assert_non_null(maps[i]);
            assert_int_equal((uintptr_t)maps[i] % page, 0);
            assert_int_equal(maps[i][0] + maps[i][BYTES - 1], 0);
            memset(maps[i], 1, BYTES);
        }
        for (int i = 0; i < MAPS; i++)
            world->unmap(world, maps[i], BYTES);
        assert_null(world->map(world, SIZE_MAX / 2));
        world->unmap(world, NULL, BYTES);
        airt_world_destroy(&world);
    }
}

/* ---- joining and leaving ---- */

static void step_detaches(airi_driven *driven)
{
    struct toy *toy = toy_of(driven);
    toy_step(driven);
    toy->world->detach(toy->world, driven);
    toy->driven.step = toy_step;
    toy->world->attach(toy->world, &toy->play->toys[0].driven);
}

static void attach_and_detach_in_step(void **state)
{
    struct play play;
    (void)state;
    play_init(&play, NULL, 0);
    play.world->detach(play.world, &play.toys[0].driven);
    play.toys[0].turns = 1;
    assert_false(airt_sim_step(play.world));
    play.toys[1].driven.step = step_detaches;
    play.toys[1].turns = 2;
    airt_sim_settle(play.world);
    assert_int_equal(play.logged, 2);
    assert_int_equal(play.log[0], 1);
    assert_int_equal(play.log[1], 0);
    assert_int_equal(play.toys[1].turns, 1);
    play_fini(&play);
}

/* The sim functions find the simulated world below two fault worlds; workers hold the outermost. */
static void inside_fault_worlds(void **state)
{
    struct play play, plain;
    airt_world *sim = NULL, *inner = NULL;
    (void)state;
    memset(&play, 0, sizeof(play));
    assert_int_equal(airt_sim_create(&(airt_sim_options){ .seed = 6 }, &sim), AIRT_OK);
    assert_int_equal(airt_fault_create(sim, NULL, &inner), AIRT_OK);
    assert_int_equal(airt_fault_create(inner, NULL, &play.world), AIRT_OK);
    assert_true(play.world->driven);
    play_attach(&play, 10);
    airt_sim_run(play.world, AIRT_NS(9));
    play_init(&plain, &(airt_sim_options){ .seed = 6 }, 10);
    airt_sim_run(plain.world, AIRT_NS(9));
    assert_int_equal(memcmp(play.log, plain.log, sizeof(play.log)), 0);
    assert_true(airt_sim_hash(play.world) == airt_sim_hash(plain.world));
    assert_int_equal(airt_sim_now_ns(play.world), airt_sim_now_ns(plain.world));
    play.world->event(play.world, 1, 2, 3);
    assert_true(airt_sim_hash(play.world) != airt_sim_hash(plain.world));
    play.world->wait(play.world, &play.word, 0, START_NS + 10);
    assert_int_equal(play.world->now_ns(play.world), START_NS + 10);
    play_fini(&plain);
    play_fini(&play);
    airt_world_destroy(&inner);
    airt_world_destroy(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_one_history),
        cmocka_unit_test(seeds_differ),
        cmocka_unit_test(hash_is_portable),
        cmocka_unit_test(event_enters_hash),
        cmocka_unit_test(choice_is_even),
        cmocka_unit_test(streams_are_separate),
        cmocka_unit_test(random_is_seeded),
        cmocka_unit_test(clock_jumps_to_next_timer),
        cmocka_unit_test(settle_leaves_clock),
        cmocka_unit_test(run_ends_exactly),
        cmocka_unit_test(defaults),
        cmocka_unit_test(wait_runs_world),
        cmocka_unit_test(wait_ends_at_deadline),
        cmocka_unit_test(programmer_errors),
        cmocka_unit_test(no_threads),
        cmocka_unit_test(poll_is_a_fake),
        cmocka_unit_test(layouts_differ),
        cmocka_unit_test(attach_and_detach_in_step),
        cmocka_unit_test(inside_fault_worlds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
