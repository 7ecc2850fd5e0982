/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a message hop cost on this machine if nothing but the necessary is done? One thread, two actors: an
 * exchange pushes to the receiver's queue, an exchange on a flag schedules it, malloc and free make each message. */
#include "harness.h"

#include <stdlib.h>

enum {
    MESSAGE_BYTES = 64
};

typedef struct hop {
    _Atomic(struct hop *) next;
    uint64_t              left;
} hop;

typedef struct hopper {
    struct hopper *run_next;
    struct hopper *peer;
    _Atomic(hop *) newest;
    hop           *oldest; /* handled already: its next one is due */
    _Atomic int    scheduled;
    uint64_t       hops;
} hopper;

typedef struct hop_queue {
    hopper  *first;
    hopper **last;
} hop_queue;

static void schedule(hop_queue *queue, hopper *actor)
{
    actor->run_next = NULL;
    *queue->last = actor;
    queue->last = &actor->run_next;
}

static hopper *take(hop_queue *queue)
{
    hopper *actor = queue->first;

    if (actor == NULL)
        return NULL;
    queue->first = actor->run_next;
    if (queue->first == NULL)
        queue->last = &queue->first;
    return actor;
}

static __attribute__((noinline)) void hop_send(hop_queue *queue, hopper *to, hop *message)
{
    hop *older;

    atomic_store_explicit(&message->next, NULL, memory_order_relaxed); /* not shared yet */
    /* Acq_rel and release: pair with the receiver's acquire of next, as in a queue of many senders. */
    older = atomic_exchange_explicit(&to->newest, message, memory_order_acq_rel);
    atomic_store_explicit(&older->next, message, memory_order_release);
    if (atomic_exchange_explicit(&to->scheduled, 1, memory_order_acq_rel) == 0)
        schedule(queue, to);
}

static hop *hop_make(uint64_t left)
{
    hop *message = malloc(MESSAGE_BYTES);

    if (message == NULL)
        abort();
    atomic_init(&message->next, NULL);
    message->left = left;
    return message;
}

static __attribute__((noinline)) void hop_handle(hop_queue *queue, hopper *actor, hop *message)
{
    actor->hops++;
    if (message->left > 0)
        hop_send(queue, actor->peer, hop_make(message->left - 1));
}

static hop *next_of(hopper *actor)
{
    return atomic_load_explicit(&actor->oldest->next, memory_order_acquire);
}

static void turn(hop_queue *queue, hopper *actor)
{
    hop *message;

    while ((message = next_of(actor)) != NULL) {
        free(actor->oldest);
        actor->oldest = message;
        hop_handle(queue, actor, message);
    }
    atomic_store_explicit(&actor->scheduled, 0, memory_order_release);
    if (next_of(actor) != NULL && atomic_exchange(&actor->scheduled, 1) == 0)
        schedule(queue, actor);
}

static void hopper_init(hopper *actor, hopper *peer)
{
    *actor = (hopper){ .peer = peer, .oldest = hop_make(0) };
    atomic_init(&actor->newest, actor->oldest);
}

double bench_floor_ns(uint64_t hops)
{
    static hopper a, b; /* where the compiler cannot see that nobody else looks */
    hop_queue     queue = { NULL, &queue.first };
    hopper       *actor;
    int64_t       start_ns;
    double        each;

    hopper_init(&a, &b);
    hopper_init(&b, &a);
    start_ns = bench_now_ns();
    hop_send(&queue, &a, hop_make(hops - 1));
    while ((actor = take(&queue)) != NULL)
        turn(&queue, actor);
    each = (double)(bench_now_ns() - start_ns) / (double)hops;
    free(a.oldest);
    free(b.oldest);
    return a.hops + b.hops == hops ? each : -1.0;
}

static void floor_run(bench_run *run)
{
    run->found.value[0] = bench_floor_ns(run->count);
    run->found.check = run->count;
    if (run->found.value[0] < 0)
        (void)bench_fail(run, "hops were lost");
}

const bench_workload bench_floor = {
    .name = "floor",
    .what = "the machine's own hop: two actors by hand on one thread, malloc for each message; --count hops",
    .figure = { { "floor", "ns/hop" } },
    .count = 10000000,
    .small = 100000,
    .real_only = "it has no actors",
    .run = floor_run,
};
