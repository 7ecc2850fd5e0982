/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a search cost that is guided by what it has found, when no memory is shared? A* through a cube of cells,
 * each with a price of entry, from one corner to the opposite one. A worker owns a few planes and what is known about
 * their cells; it goes on where a whole path may be cheapest, and tells its two neighbours in batches what it found for
 * their planes. A batch is under way to each at most, so no box fills. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

enum {
    PRICE_MAX = 9,
    MORE_CELLS = 128, /* that a worker goes through before it looks at its box */
    LIST_FIRST = 256,
    SIDE_MAX = 1000
};

typedef enum way {
    BELOW,
    ABOVE,
    WAYS
} way;

struct astar_receipt {
    way      to;    /* as the receiver sees it: this neighbour can take a batch again */
    uint32_t bound; /* the sender knows a path for this price; UINT32_MAX: none */
};
AIRT_KIND(astar_receipt, to, bound)
struct astar_visits {
    way                from;  /* as the sender sees it, for the receipt */
    uint32_t           bound; /* as above */
    airt_blob          visits;
    astar_receipt_sink sender;
};
AIRT_KIND(astar_visits, from, bound, visits, REF(sender))
struct astar_neighbours {
    airt_ref worker[WAYS];
};
AIRT_KIND(astar_neighbours, worker)
AIRT_SIGNAL(astar_begin)
AIRT_SIGNAL(astar_more) /* to itself */
AIRT_SIGNAL(astar_get)
struct astar_price {
    uint32_t price; /* of the path; 0: none was found */
};
AIRT_KIND(astar_price, price)
AIRT_ANSWER(astar_get, astar_price)
#define astar_worker_ACCEPTS(KIND)                                                                                     \
    KIND(astar_neighbours) KIND(astar_begin) KIND(astar_visits) KIND(astar_receipt) KIND(astar_get)
AIRT_PROTOCOL(astar_worker)

/* Messages to workers that are about to be sent, less the one that was handled. It is told before they are sent: a
 * count of 0 says that nothing is under way, and the search is over. */
struct astar_counted {
    int32_t change;
};
AIRT_KIND(astar_counted, change)
struct astar_worker_start {
    uint32_t           side;   /* cells */
    uint32_t           planes; /* the first worker has the lowest ones, and so on */
    uint32_t           index;
    astar_counted_sink master;
};
AIRT_KIND(astar_worker_start, side, planes, index, REF(master))
#define astar_master_ACCEPTS(KIND) KIND(bench_go) KIND(astar_counted) KIND(astar_get)
AIRT_PROTOCOL(astar_master)

/* --- the cube ----------------------------------------------------------------------------------------------------- */

typedef struct cell {
    uint32_t x, y, z;
} cell;

static uint32_t number_of(cell at, uint32_t side)
{
    return (at.z * side + at.y) * side + at.x;
}

static cell cell_of(uint32_t number, uint32_t side)
{
    return (cell){ number % side, number / side % side, number / side / side };
}

static uint32_t price_of(cell at, uint32_t side)
{
    uint64_t seed = number_of(at, side);

    return 1 + (uint32_t)(bench_random(&seed) % PRICE_MAX);
}

static bool is_last(cell at, uint32_t side)
{
    return at.x == side - 1 && at.y == side - 1 && at.z == side - 1;
}

/* The least that a path from here can cost: every cell costs 1 or more. */
static uint32_t least_from(cell at, uint32_t side)
{
    return 3 * (side - 1) - at.x - at.y - at.z;
}

/* The cells that share a face with it, at most six. Unsigned numbers below 0 are beyond the side. */
static uint32_t neighbours_of(cell at, uint32_t side, cell *out_cell)
{
    const cell all[] = { { at.x - 1, at.y, at.z }, { at.x + 1, at.y, at.z }, { at.x, at.y - 1, at.z },
                         { at.x, at.y + 1, at.z }, { at.x, at.y, at.z - 1 }, { at.x, at.y, at.z + 1 } };
    uint32_t   count = 0;

    for (uint32_t i = 0; i < 6; i++)
        if (all[i].x < side && all[i].y < side && all[i].z < side)
            out_cell[count++] = all[i];
    return count;
}

/* --- lists of a price and a cell's number in a word: the smaller word is the cheaper cell ------------------------- */

typedef struct list {
    uint64_t *at;
    size_t    count, max;
} list;

static uint64_t pack(uint32_t price, uint32_t number)
{
    return (uint64_t)price << 32 | number;
}

static airt_status list_grow(list *self, airt_ctx *ctx)
{
    const size_t max = self->max > 0 ? 2 * self->max : LIST_FIRST;
    uint64_t    *at = airt_alloc(ctx, max * sizeof *at);

    if (at == NULL)
        return AIRT_ENOMEM;
    if (self->count > 0)
        memcpy(at, self->at, self->count * sizeof *at);
    airt_free(ctx, self->at);
    self->at = at;
    self->max = max;
    return AIRT_OK;
}

static airt_status list_add(list *self, airt_ctx *ctx, uint64_t word)
{
    if (self->count == self->max)
        AIRT_TRY(list_grow(self, ctx));
    self->at[self->count++] = word;
    return AIRT_OK;
}

/* As a heap: the least word in front. */
static airt_status heap_add(list *self, airt_ctx *ctx, uint64_t word)
{
    size_t at = self->count;

    AIRT_TRY(list_add(self, ctx, word));
    for (; at > 0 && self->at[(at - 1) / 2] > word; at = (at - 1) / 2)
        self->at[at] = self->at[(at - 1) / 2];
    self->at[at] = word;
    return AIRT_OK;
}

static uint64_t heap_take(list *self)
{
    const uint64_t least = self->at[0], last = self->at[--self->count];
    size_t         at = 0;

    for (size_t child = 1; child < self->count; child = 2 * at + 1) {
        if (child + 1 < self->count && self->at[child + 1] < self->at[child])
            child++;
        if (self->at[child] >= last)
            break;
        self->at[at] = self->at[child];
        at = child;
    }
    self->at[at] = last;
    return least;
}

/* --- a worker ----------------------------------------------------------------------------------------------------- */

struct astar_worker {
    struct astar_worker_start place;
    astar_worker_ref          neighbour[WAYS];
    uint32_t                 *price; /* of the way to each of its cells; 0: none is known */
    list                      open;  /* a heap, by the least price of a whole path */
    list                      out[WAYS];
    bool                      is_under_way[WAYS]; /* a batch */
    bool                      is_going_on;        /* an astar_more is in the box */
    uint32_t                  bound;
};

AIRT_ON(astar_worker, astar_worker_start)
{
    self->place = *msg;
    self->bound = UINT32_MAX;
    self->price = airt_alloc(ctx, (size_t)msg->planes * msg->side * msg->side * sizeof *self->price);
    return self->price != NULL ? AIRT_OK : AIRT_ENOMEM;
}

AIRT_ON(astar_worker, astar_neighbours)
{
    for (way to = BELOW; to < WAYS; to++)
        self->neighbour[to].ref = msg->worker[to];
    return AIRT_OK;
}

static uint32_t *price_at(const struct astar_worker *self, cell at)
{
    return &self->price[number_of((cell){ at.x, at.y, at.z % self->place.planes }, self->place.side)];
}

static void learn(struct astar_worker *self, uint32_t bound)
{
    if (bound < self->bound)
        self->bound = bound;
}

/* A way to one of its cells. */
static airt_status visit(struct astar_worker *self, airt_ctx *ctx, cell at, uint32_t price)
{
    const uint32_t side = self->place.side, whole = price + least_from(at, side);
    uint32_t      *known = price_at(self, at);

    if (whole >= self->bound || (*known != 0 && *known <= price))
        return AIRT_OK;
    *known = price;
    if (!is_last(at, side))
        return heap_add(&self->open, ctx, pack(whole, number_of(at, side)));
    learn(self, price);
    return AIRT_OK;
}

static airt_status visit_from(struct astar_worker *self, airt_ctx *ctx, cell from, cell at)
{
    const uint32_t price = *price_at(self, from) + price_of(at, self->place.side);
    const uint32_t owner = at.z / self->place.planes;

    if (owner == self->place.index)
        return visit(self, ctx, at, price);
    return list_add(&self->out[at.z > from.z ? ABOVE : BELOW], ctx, pack(price, number_of(at, self->place.side)));
}

/* One cell: its neighbours, unless a shorter way to it was found since it was put on the heap. */
static airt_status expand(struct astar_worker *self, airt_ctx *ctx, uint64_t word)
{
    const cell     at = cell_of((uint32_t)word, self->place.side);
    const uint32_t price = (uint32_t)(word >> 32) - least_from(at, self->place.side);
    cell           neighbour[6];
    uint32_t       count = neighbours_of(at, self->place.side, neighbour);

    for (uint32_t i = 0; i < count && price == *price_at(self, at); i++)
        AIRT_TRY(visit_from(self, ctx, at, neighbour[i]));
    return AIRT_OK;
}

static bool is_to_send(const struct astar_worker *self, way to)
{
    return self->out[to].count > 0 && !self->is_under_way[to];
}

static airt_status send(struct astar_worker *self, airt_ctx *ctx, way to)
{
    const airt_send_options options = { .priority = AIRT_HIGH };
    const airt_blob visits = airt_blob_new(ctx, self->out[to].at, self->out[to].count * sizeof *self->out[to].at);

    if (airt_blob_none(visits))
        return AIRT_ENOMEM;
    self->out[to].count = 0;
    self->is_under_way[to] = true;
    return airt_tell_with(ctx, self->neighbour[to], &options, astar_visits, .from = to, .bound = self->bound,
                          .visits = visits, .sender.ref = airt_self(ctx));
}

static airt_status send_receipt(struct astar_worker *self, airt_ctx *ctx, const struct astar_visits *batch)
{
    const airt_send_options options = { .priority = AIRT_HIGH };

    return airt_tell_with(ctx, batch->sender, &options, astar_receipt, .to = batch->from, .bound = self->bound);
}

/* The end of every handler; batch: that was handled, or NULL. */
static airt_status count_and_send(struct astar_worker *self, airt_ctx *ctx, const struct astar_visits *batch)
{
    const bool    goes_on = self->open.count > 0 && !self->is_going_on;
    const int32_t sent = goes_on + is_to_send(self, BELOW) + is_to_send(self, ABOVE) + (batch != NULL);

    if (sent != 1)
        AIRT_TRY(airt_tell(ctx, self->place.master, astar_counted, .change = sent - 1));
    if (batch != NULL)
        AIRT_TRY(send_receipt(self, ctx, batch));
    for (way to = BELOW; to < WAYS; to++)
        if (is_to_send(self, to))
            AIRT_TRY(send(self, ctx, to));
    self->is_going_on = self->is_going_on || goes_on;
    return goes_on ? airt_tell_any(ctx, airt_self(ctx), astar_more) : AIRT_OK;
}

AIRT_ON(astar_worker, astar_begin)
{
    const cell first = { 0 };

    AIRT_TRY(visit(self, ctx, first, price_of(first, self->place.side)));
    return count_and_send(self, ctx, NULL);
}

AIRT_ON(astar_worker, astar_more)
{
    self->is_going_on = false;
    for (int i = 0; i < MORE_CELLS && self->open.count > 0; i++) {
        const uint64_t word = heap_take(&self->open);

        if (word >> 32 >= self->bound)
            self->open.count = 0; /* nor do the others lead to a shorter path */
        else
            AIRT_TRY(expand(self, ctx, word));
    }
    return count_and_send(self, ctx, NULL);
}

AIRT_ON(astar_worker, astar_visits)
{
    const uint64_t *word = (const void *)msg->visits.at;

    learn(self, msg->bound);
    for (size_t i = 0; i < msg->visits.size / sizeof *word; i++)
        AIRT_TRY(visit(self, ctx, cell_of((uint32_t)word[i], self->place.side), (uint32_t)(word[i] >> 32)));
    return count_and_send(self, ctx, msg);
}

AIRT_ON(astar_worker, astar_receipt)
{
    learn(self, msg->bound);
    self->is_under_way[msg->to] = false;
    return count_and_send(self, ctx, NULL);
}

/* Of the last cell's owner: what the way to it costs. */
AIRT_ON(astar_worker, astar_get)
{
    const uint32_t end = self->place.side - 1;

    return airt_reply(ctx, astar_get, .price = *price_at(self, (cell){ end, end, end }));
}

#define astar_worker_HANDLES(ON, A)                                                                                    \
    ON(A, astar_worker_start)                                                                                          \
    ON(A, astar_neighbours)                                                                                            \
    ON(A, astar_begin) ON(A, astar_more) ON(A, astar_visits) ON(A, astar_receipt) ON(A, astar_get)
AIRT_BEHAVIOR(astar_worker)

/* --- the master --------------------------------------------------------------------------------------------------- */

struct astar_master {
    bench_run        *run;
    astar_worker_ref *worker;
    uint32_t          planes;    /* of each worker; the last ones may have less, or none */
    int64_t           under_way; /* messages between workers */
};

static airt_status spawn_worker(struct astar_master *self, airt_ctx *ctx, uint32_t index)
{
    const airt_spawn_options options = { .start = AIRT_START(astar_worker, .side = (uint32_t)self->run->count,
                                                             .planes = self->planes, .index = index,
                                                             .master.ref = airt_self(ctx)) };

    return airt_spawn(ctx, astar_worker, &self->worker[index], &options);
}

/* Before the first batch, and no batch overtakes it. */
static airt_status introduce(struct astar_master *self, airt_ctx *ctx, uint32_t index)
{
    const airt_send_options options = { .priority = AIRT_HIGH };
    struct astar_neighbours all = { 0 };

    if (index > 0)
        all.worker[BELOW] = self->worker[index - 1].ref;
    if (index < self->run->actors - 1)
        all.worker[ABOVE] = self->worker[index + 1].ref;
    return airt_tell_body(ctx, self->worker[index].ref, &astar_neighbours_kind, &all, &options);
}

AIRT_ON(astar_master, bench_go)
{
    const uint32_t workers = msg->run->actors;

    self->run = msg->run;
    self->planes = ((uint32_t)msg->run->count + workers - 1) / workers;
    self->worker = airt_alloc(ctx, workers * sizeof *self->worker);
    if (self->worker == NULL)
        return AIRT_ENOMEM;
    for (uint32_t i = 0; i < workers; i++)
        AIRT_TRY(spawn_worker(self, ctx, i));
    for (uint32_t i = 0; i < workers; i++)
        AIRT_TRY(introduce(self, ctx, i));
    bench_start(self->run);
    self->under_way = 1;
    return airt_tell(ctx, self->worker[0], astar_begin);
}

AIRT_ON(astar_master, astar_counted)
{
    self->under_way += msg->change;
    if (self->under_way == 0)
        bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(astar_master, astar_get)
{
    return airt_forward(ctx, self->worker[(self->run->count - 1) / self->planes], astar_get);
}

#define astar_master_HANDLES(ON, A) ON(A, bench_go) ON(A, astar_counted) ON(A, astar_get)
AIRT_BEHAVIOR(astar_master)

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* Cells whose way became shorter, each at most once: a ring with a place for each. */
typedef struct queue {
    uint32_t *at, *price; /* of a way to each cell; 0: none is known */
    bool     *is_waiting;
    size_t    first, count, max;
} queue;

static void shorten(queue *self, uint32_t number, uint32_t price)
{
    if (self->price[number] != 0 && self->price[number] <= price)
        return;
    self->price[number] = price;
    if (self->is_waiting[number])
        return;
    self->is_waiting[number] = true;
    self->at[(self->first + self->count++) % self->max] = number;
}

static uint32_t take_first(queue *self)
{
    const uint32_t number = self->at[self->first];

    self->first = (self->first + 1) % self->max;
    self->count--;
    self->is_waiting[number] = false;
    return number;
}

/* Without guidance or order, until no way becomes shorter: the prices of the ways to all cells. */
static uint32_t price_of_path(queue *self, uint32_t side)
{
    shorten(self, 0, price_of((cell){ 0 }, side));
    while (self->count > 0) {
        const uint32_t number = take_first(self);
        cell           neighbour[6];
        const uint32_t count = neighbours_of(cell_of(number, side), side, neighbour);

        for (uint32_t i = 0; i < count; i++)
            shorten(self, number_of(neighbour[i], side), self->price[number] + price_of(neighbour[i], side));
    }
    return self->price[self->max - 1];
}

static void compare(bench_run *run, uint32_t got)
{
    const size_t cells = run->count * run->count * run->count;
    queue        all = { .at = calloc(cells, sizeof *all.at),
                         .price = calloc(cells, sizeof *all.price),
                         .is_waiting = calloc(cells, sizeof *all.is_waiting),
                         .max = cells };

    if (all.at == NULL || all.price == NULL || all.is_waiting == NULL)
        (void)bench_fail(run, "no memory");
    else
        (void)bench_equal(run, "price of the path", got, price_of_path(&all, (uint32_t)run->count));
    run->found.check = got;
    free(all.at);
    free(all.price);
    free(all.is_waiting);
}

static void astar_run(bench_run *run)
{
    const airt_spawn_options options = { .mailbox.overflow = AIRT_WAIT }; /* the master waits for nobody */
    airt_system             *system = bench_open(run);
    astar_master_ref         master = { 0 };
    astar_get_answer         found = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (run->count > SIDE_MAX)
        (void)bench_fail(run, "more than %d cells side by side", SIDE_MAX);
    else if (bench_status(run, "spawn", airt_spawn(system, astar_master, &master, &options))) {
        airt_tell(system, master, bench_go, .run = run);
        if (bench_wait(run) &&
            bench_status(run, "ask", airt_ask(system, master, &found, AIRT_SECONDS(60), astar_get))) {
            run->found.value[0] = bench_ms(run);
            compare(run, found.price);
        }
    }
    bench_close(run, &system);
}

const bench_workload bench_astar = {
    .name = "astar",
    .what = "20 workers (--actors) search a cube of --count cells in each direction for the cheapest path; 5 times\n"
            "Savina's side, 150 times the cells",
    .figure = { { "astar", "ms/run" } },
    .count = 160,
    .small = 12,
    .actors = 20,
    .small_actors = 5,
    .run = astar_run,
};
