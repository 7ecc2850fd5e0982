/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does it cost to be let in by an arbiter? Twenty philosophers each tell it that they are hungry, eat when it hands
 * them both their forks, and give these back. A fork is memory that nobody shares: who has it writes into it, so that
 * two who had it at once would find out, and so would a thread sanitizer. */
#include "harness.h"

#include <stdlib.h>

typedef struct fork_tool {
    uint32_t user; /* the seat that eats with it */
    uint64_t uses;
} fork_tool;

struct philosophers_eat { /* the forks are the receiver's until it is done */
    fork_tool *left, *right;
};
AIRT_LOCAL_KIND(philosophers_eat, philosophers_eat_drop)
AIRT_SIGNAL(philosophers_full)

#define philosopher_ACCEPTS(KIND) KIND(philosophers_eat)
AIRT_PROTOCOL(philosopher)
AIRT_ACTOR(philosopher)

struct philosophers_hungry {
    uint32_t seat;
};
AIRT_KIND(philosophers_hungry, seat)
struct philosophers_done { /* the forks are the arbiter's again */
    uint32_t seat;
    bool     is_last; /* leaves the table */
};
AIRT_KIND(philosophers_done, seat, is_last)
struct philosophers_seat_all {
    bench_run *run;
    fork_tool *forks; /* one to the left of each seat */
};
AIRT_LOCAL_KIND(philosophers_seat_all, philosophers_seat_all_drop)

#define philosophers_arbiter_ACCEPTS(KIND) KIND(philosophers_seat_all) KIND(philosophers_hungry) KIND(philosophers_done)
AIRT_PROTOCOL(philosophers_arbiter)

void philosophers_eat_drop(struct philosophers_eat *body)
{
    (void)body;
}

void philosophers_seat_all_drop(struct philosophers_seat_all *body)
{
    (void)body;
}

/* --- a philosopher ------------------------------------------------------------------------------------------------ */

struct philosopher_start {
    philosophers_arbiter_ref arbiter;
    uint32_t                 seat;
    uint64_t                 rounds;
};
AIRT_KIND(philosopher_start, REF(arbiter), seat, rounds)

struct philosopher {
    philosophers_arbiter_ref arbiter;
    uint32_t                 seat;
    uint64_t                 left; /* rounds */
    struct philosophers_eat  forks;
};

AIRT_ON(philosopher, philosopher_start)
{
    self->arbiter = msg->arbiter;
    self->seat = msg->seat;
    self->left = msg->rounds;
    return airt_tell(ctx, self->arbiter, philosophers_hungry, .seat = self->seat);
}

/* A meal lasts until a message to oneself has come round: others have their turns meanwhile. */
AIRT_ON(philosopher, philosophers_eat)
{
    self->forks = *msg;
    self->forks.left->user = self->seat;
    self->forks.right->user = self->seat;
    return airt_tell_any(ctx, airt_self(ctx), philosophers_full);
}

static airt_status put_down(struct philosopher *self, fork_tool *fork)
{
    if (fork->user != self->seat)
        return AIRT_EINVAL; /* a neighbour ate with it too */
    fork->uses++;
    return AIRT_OK;
}

AIRT_ON(philosopher, philosophers_full)
{
    AIRT_TRY(put_down(self, self->forks.left));
    AIRT_TRY(put_down(self, self->forks.right));
    self->left--;
    AIRT_TRY(airt_tell(ctx, self->arbiter, philosophers_done, .seat = self->seat, .is_last = self->left == 0));
    return self->left > 0 ? airt_tell(ctx, self->arbiter, philosophers_hungry, .seat = self->seat) : AIRT_STOP;
}

#define philosopher_HANDLES(ON, A) ON(A, philosopher_start) ON(A, philosophers_eat) ON(A, philosophers_full)
AIRT_BEHAVIOR(philosopher)

/* --- the arbiter -------------------------------------------------------------------------------------------------- */

typedef struct place {
    philosopher_ref who;
    bool            is_hungry;
    bool            left_is_taken; /* the fork to the left */
} place;

struct philosophers_arbiter {
    bench_run *run;
    fork_tool *forks;
    place     *place;
    uint32_t   places;
    uint32_t   philosophers; /* still at table */
};

static uint32_t right_of(const struct philosophers_arbiter *self, uint32_t seat)
{
    return (seat + 1) % self->places;
}

/* Both forks or none: so nobody waits with a fork in the hand. */
static airt_status serve(struct philosophers_arbiter *self, airt_ctx *ctx, uint32_t seat)
{
    uint32_t right = right_of(self, seat);
    place   *left_place = &self->place[seat], *right_place = &self->place[right];

    if (!left_place->is_hungry || left_place->left_is_taken || right_place->left_is_taken)
        return AIRT_OK;
    left_place->is_hungry = false;
    left_place->left_is_taken = true;
    right_place->left_is_taken = true;
    return airt_tell(ctx, left_place->who, philosophers_eat, .left = &self->forks[seat], .right = &self->forks[right]);
}

AIRT_ON(philosophers_arbiter, philosophers_seat_all)
{
    const philosophers_arbiter_ref me = { .ref = airt_self(ctx) };

    self->run = msg->run;
    self->forks = msg->forks;
    self->places = self->philosophers = msg->run->actors;
    self->place = airt_alloc(ctx, self->places * sizeof *self->place);
    if (self->place == NULL)
        return AIRT_ENOMEM;
    bench_start(self->run);
    for (uint32_t i = 0; i < self->places; i++) {
        const airt_spawn_options options = { .start = AIRT_START(philosopher, .arbiter = me, .seat = i,
                                                                 .rounds = msg->run->count) };

        AIRT_TRY(airt_spawn(ctx, philosopher, &self->place[i].who, &options));
    }
    return AIRT_OK;
}

AIRT_ON(philosophers_arbiter, philosophers_hungry)
{
    self->place[msg->seat].is_hungry = true;
    return serve(self, ctx, msg->seat);
}

AIRT_ON(philosophers_arbiter, philosophers_done)
{
    uint32_t right = right_of(self, msg->seat);
    uint32_t left = (msg->seat + self->places - 1) % self->places;

    self->place[msg->seat].left_is_taken = false;
    self->place[right].left_is_taken = false;
    AIRT_TRY(serve(self, ctx, left));
    AIRT_TRY(serve(self, ctx, right));
    if (msg->is_last && --self->philosophers == 0)
        bench_event(self->run);
    return AIRT_OK;
}

#define philosophers_arbiter_HANDLES(ON, A)                                                                            \
    ON(A, philosophers_seat_all) ON(A, philosophers_hungry) ON(A, philosophers_done)
AIRT_BEHAVIOR(philosophers_arbiter)

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* Each fork is used by both its neighbours. */
static void check_forks(bench_run *run, const fork_tool *forks)
{
    uint64_t uses = 0;

    for (uint32_t i = 0; i < run->actors; i++) {
        uses += forks[i].uses;
        (void)bench_equal(run, "uses of a fork", forks[i].uses, 2 * run->count);
    }
    run->found.check = uses / 2;
}

static void dine(bench_run *run, airt_system *system, fork_tool *forks)
{
    const airt_spawn_options options = { .mailbox.max = 2 * run->actors + 1 }; /* each: done, and hungry again */
    philosophers_arbiter_ref arbiter = { 0 };

    if (!bench_status(run, "spawn", airt_spawn(system, philosophers_arbiter, &arbiter, &options)))
        return;
    bench_expect(run, 1);
    airt_tell(system, arbiter, philosophers_seat_all, .run = run, .forks = forks);
    if (!bench_wait(run))
        return;
    run->found.value[0] = bench_ns_each(run, run->count * run->actors);
    check_forks(run, forks);
}

static void philosophers_run(bench_run *run)
{
    airt_system *system = bench_open(run);
    fork_tool   *forks = calloc(run->actors, sizeof *forks);

    if (forks == NULL || run->actors < 2)
        (void)bench_fail(run, "no memory, or less than two philosophers");
    else if (system != NULL)
        dine(run, system, forks);
    bench_close(run, &system);
    free(forks);
}

const bench_workload bench_philosophers = {
    .name = "philosophers",
    .what = "20 philosophers (--actors) get their forks from an arbiter; --count rounds each, 30 times Savina's size",
    .figure = { { "philosophers", "ns/round" } },
    .count = 300000,
    .small = 50,
    .actors = 20,
    .small_actors = 5,
    .run = philosophers_run,
};
