/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a bounded buffer cost when it is an actor? Producers ask it to take items, consumers ask it for items. It
 * holds a few and answers at once when it can; the requests that it cannot serve yet it keeps, and answers later.
 * Everybody waits for an answer at a time, so no mailbox fills. */
#include "harness.h"

#include <stdlib.h>

enum {
    COST = 25 * 100 /* rounds of work to make an item, and to use one */
};

struct buffer_put {
    uint64_t item;
};
AIRT_KIND(buffer_put, item)
AIRT_SIGNAL(buffer_put_done)
AIRT_ANSWER(buffer_put, buffer_put_done)
AIRT_SIGNAL(buffer_take)
struct buffer_taken {
    uint64_t item;
    bool     is_end; /* there is no item, and there will be none */
};
AIRT_KIND(buffer_taken, item, is_end)
AIRT_ANSWER(buffer_take, buffer_taken)

#define buffer_ACCEPTS(KIND) KIND(buffer_put) KIND(buffer_take)
AIRT_PROTOCOL(buffer)

/* --- the buffer --------------------------------------------------------------------------------------------------- */

struct buffer_start {
    uint64_t items; /* that will come in all */
    uint32_t places;
    uint32_t waiting_max; /* producers, and as many consumers */
};
AIRT_KIND(buffer_start, items, places, waiting_max)

/* Kept requests, first come first served. */
typedef struct waiting {
    airt_msg **at;
    uint32_t   first, count, max;
} waiting;

struct buffer {
    uint64_t *item; /* a ring */
    uint32_t  places, first, count;
    uint64_t  left; /* items still to be taken */
    waiting   producers, consumers;
};

static airt_status waiting_init(waiting *line, airt_ctx *ctx, uint32_t max)
{
    line->at = airt_alloc(ctx, max * sizeof(airt_msg *));
    line->max = max;
    return line->at != NULL ? AIRT_OK : AIRT_ENOMEM;
}

static airt_status wait_in(waiting *line, airt_ctx *ctx)
{
    if (line->count == line->max)
        return AIRT_ELIMIT;
    AIRT_TRY(airt_keep(ctx, &line->at[(line->first + line->count) % line->max]));
    line->count++;
    return AIRT_OK;
}

static airt_msg **first_of(waiting *line)
{
    airt_msg **first = &line->at[line->first];

    line->first = (line->first + 1) % line->max;
    line->count--;
    return first;
}

static void add_item(struct buffer *self, uint64_t item)
{
    self->item[(self->first + self->count++) % self->places] = item;
}

static uint64_t remove_item(struct buffer *self)
{
    uint64_t item = self->item[self->first];

    self->first = (self->first + 1) % self->places;
    self->count--;
    self->left--;
    return item;
}

AIRT_ON(buffer, buffer_start)
{
    self->left = msg->items;
    self->places = msg->places;
    self->item = airt_alloc(ctx, msg->places * sizeof *self->item);
    if (self->item == NULL)
        return AIRT_ENOMEM;
    AIRT_TRY(waiting_init(&self->producers, ctx, msg->waiting_max));
    return waiting_init(&self->consumers, ctx, msg->waiting_max);
}

static airt_status send_consumers_home(struct buffer *self, airt_ctx *ctx)
{
    while (self->consumers.count > 0)
        AIRT_TRY(airt_reply_to(ctx, first_of(&self->consumers), buffer_take, .is_end = true));
    return AIRT_OK;
}

/* A consumer waits only where the buffer is empty, so it gets this very item. */
AIRT_ON(buffer, buffer_put)
{
    if (self->count == self->places)
        return wait_in(&self->producers, ctx);
    add_item(self, msg->item);
    if (self->consumers.count > 0)
        AIRT_TRY(airt_reply_to(ctx, first_of(&self->consumers), buffer_take, .item = remove_item(self)));
    if (self->left == 0)
        AIRT_TRY(send_consumers_home(self, ctx));
    return airt_reply(ctx, buffer_put);
}

static airt_status let_producer_in(struct buffer *self, airt_ctx *ctx)
{
    airt_msg **request = first_of(&self->producers);

    add_item(self, airt_msg_as(*request, buffer_put)->item);
    return airt_reply_to(ctx, request, buffer_put);
}

AIRT_ON(buffer, buffer_take)
{
    uint64_t item;

    if (self->left == 0)
        return airt_reply(ctx, buffer_take, .is_end = true);
    if (self->count == 0)
        return wait_in(&self->consumers, ctx);
    item = remove_item(self);
    if (self->producers.count > 0)
        AIRT_TRY(let_producer_in(self, ctx));
    if (self->left == 0)
        AIRT_TRY(send_consumers_home(self, ctx));
    return airt_reply(ctx, buffer_take, .item = item);
}

#define buffer_HANDLES(ON, A) ON(A, buffer_start) ON(A, buffer_put) ON(A, buffer_take)
AIRT_BEHAVIOR(buffer)

/* --- producers and consumers: an item a message to oneself --------------------------------------------------------- */

struct buffer_go {
    bench_run *run;
    buffer_ref buffer;
    uint32_t   who;
};
AIRT_LOCAL_KIND(buffer_go, buffer_go_drop)
AIRT_SIGNAL(buffer_work)
AIRT_SIGNAL(buffer_sum_get)
struct buffer_sum {
    uint64_t items;
    uint64_t sum;
};
AIRT_KIND(buffer_sum, items, sum)
AIRT_ANSWER(buffer_sum_get, buffer_sum)

#define buffer_user_ACCEPTS(KIND) KIND(buffer_go) KIND(buffer_sum_get)
AIRT_PROTOCOL(buffer_user)

void buffer_go_drop(struct buffer_go *body)
{
    (void)body;
}

struct buffer_producer {
    struct buffer_go  job;
    uint64_t          item; /* the last one: the next is made of it */
    struct buffer_sum made;
};

AIRT_ON(buffer_producer, buffer_go)
{
    self->job = *msg;
    self->item = msg->who;
    return airt_tell_any(ctx, airt_self(ctx), buffer_work);
}

AIRT_ON(buffer_producer, buffer_work)
{
    struct buffer_put_done done;

    self->item = bench_work(self->item, COST);
    AIRT_TRY(airt_ask(ctx, self->job.buffer, &done, AIRT_FOREVER, buffer_put, .item = self->item));
    self->made.sum += self->item;
    if (++self->made.items < self->job.run->count)
        return airt_tell_any(ctx, airt_self(ctx), buffer_work);
    bench_event(self->job.run);
    return AIRT_OK;
}

AIRT_ON(buffer_producer, buffer_sum_get)
{
    return airt_reply(ctx, buffer_sum_get, .items = self->made.items, .sum = self->made.sum);
}

#define buffer_producer_HANDLES(ON, A) ON(A, buffer_go) ON(A, buffer_work) ON(A, buffer_sum_get)
AIRT_BEHAVIOR(buffer_producer)
AIRT_COVERS(buffer_producer, buffer_user)

struct buffer_consumer {
    struct buffer_go  job;
    struct buffer_sum used; /* the sum of what came of the items */
};

AIRT_ON(buffer_consumer, buffer_go)
{
    self->job = *msg;
    return airt_tell_any(ctx, airt_self(ctx), buffer_work);
}

AIRT_ON(buffer_consumer, buffer_work)
{
    struct buffer_taken taken = { 0 };

    AIRT_TRY(airt_ask(ctx, self->job.buffer, &taken, AIRT_FOREVER, buffer_take));
    if (taken.is_end) {
        bench_event(self->job.run);
        return AIRT_OK;
    }
    self->used.items++;
    self->used.sum += bench_work(taken.item, COST);
    return airt_tell_any(ctx, airt_self(ctx), buffer_work);
}

AIRT_ON(buffer_consumer, buffer_sum_get)
{
    return airt_reply(ctx, buffer_sum_get, .items = self->used.items, .sum = self->used.sum);
}

#define buffer_consumer_HANDLES(ON, A) ON(A, buffer_go) ON(A, buffer_work) ON(A, buffer_sum_get)
AIRT_BEHAVIOR(buffer_consumer)
AIRT_COVERS(buffer_consumer, buffer_user)

/* --- the run ------------------------------------------------------------------------------------------------------ */

typedef struct market {
    bench_run       *run;
    buffer_ref       buffer;
    buffer_user_ref *producer, *consumer; /* run->actors of each */
} market;

static bool spawn_all(market *all, airt_system *system)
{
    const uint32_t           actors = all->run->actors;
    const airt_spawn_options options = { .start = AIRT_START(buffer, .items = all->run->count * actors,
                                                             .places = actors + actors / 4, .waiting_max = actors),
                                         .mailbox.max = 2 * actors };

    if (!bench_status(all->run, "spawn", airt_spawn(system, buffer, &all->buffer, &options)))
        return false;
    for (uint32_t i = 0; i < actors; i++)
        if (!bench_status(all->run, "spawn", airt_spawn(system, buffer_producer, &all->producer[i], NULL)) ||
            !bench_status(all->run, "spawn", airt_spawn(system, buffer_consumer, &all->consumer[i], NULL)))
            return false;
    return true;
}

static bool trade(market *all, airt_system *system)
{
    bench_run *run = all->run;

    bench_expect(run, 2 * run->actors);
    bench_start(run);
    for (uint32_t i = 0; i < run->actors; i++) {
        airt_tell(system, all->producer[i], buffer_go, .run = run, .buffer = all->buffer, .who = i);
        airt_tell(system, all->consumer[i], buffer_go, .run = run, .buffer = all->buffer);
    }
    if (!bench_wait(run))
        return false;
    run->found.value[0] = bench_ns_each(run, run->count * run->actors);
    return true;
}

static struct buffer_sum sum_of(bench_run *run, airt_system *system, const buffer_user_ref *user)
{
    struct buffer_sum sum = { 0 };

    for (uint32_t i = 0; i < run->actors; i++) {
        buffer_sum_get_answer answer = { 0 };

        (void)bench_status(run, "ask", airt_ask(system, user[i], &answer, AIRT_SECONDS(60), buffer_sum_get));
        sum.items += answer.items;
        sum.sum += answer.sum;
    }
    return sum;
}

static void check_sums(market *all, airt_system *system)
{
    bench_run        *run = all->run;
    struct buffer_sum made = sum_of(run, system, all->producer), used = sum_of(run, system, all->consumer);
    struct buffer_sum want_made = { 0 }, want_used = { 0 };

    for (uint32_t who = 0; who < run->actors; who++) {
        uint64_t item = who;

        for (uint64_t i = 0; i < run->count; i++) {
            item = bench_work(item, COST);
            want_made.sum += item;
            want_used.sum += bench_work(item, COST);
        }
    }
    run->found.check = used.items;
    (void)bench_equal(run, "items made", made.items, run->count * run->actors);
    (void)bench_equal(run, "items used", used.items, made.items);
    (void)bench_equal(run, "sum of what was made", made.sum, want_made.sum);
    (void)bench_equal(run, "sum of what was used", used.sum, want_used.sum);
}

static void buffer_run(bench_run *run)
{
    airt_system *system = bench_open(run);
    market       all = { .run = run,
                         .producer = calloc(run->actors, sizeof *all.producer),
                         .consumer = calloc(run->actors, sizeof *all.consumer) };

    if (all.producer == NULL || all.consumer == NULL)
        (void)bench_fail(run, "no memory");
    else if (system != NULL && spawn_all(&all, system) && trade(&all, system))
        check_sums(&all, system);
    bench_close(run, &system);
    free(all.producer);
    free(all.consumer);
}

const bench_workload bench_buffer = {
    .name = "buffer",
    .what = "40 producers (--actors) and as many consumers at a buffer of 50 places (five for four producers),\n"
            "and work for each item on both sides; --count items of each producer, 5 times Savina's size",
    .figure = { { "buffer", "ns/item" } },
    .count = 5000,
    .small = 200,
    .actors = 40,
    .small_actors = 4,
    .run = buffer_run,
};
