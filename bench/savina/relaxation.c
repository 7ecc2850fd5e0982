/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What do many small actors cost that go in step with their neighbours? Successive over-relaxation on a square of
 * --actors by --actors cells, an actor each, inside a fixed border; all values at first random between 0 and 1. Cells
 * are red and black like a chessboard, red in the corner. --count times: every red cell becomes
 *   omega / 4 * (up + down + left + right) + (1 - omega) * itself,   omega = 1.25,
 * then every black cell does. A cell tells its neighbours its value when it has changed, and is due when it has heard
 * from all of them; so nobody is two messages ahead, and a box holds four values at most. */
#include "harness.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define OMEGA 1.25

enum {
    SIDE_MAX = 500 /* cells: the master's box has a place for each */
};

typedef enum side {
    UP,
    DOWN,
    LEFT,
    RIGHT,
    SIDES
} side;

struct relaxation_value {
    side   from; /* where the sender lies, as the receiver sees it */
    double value;
};
AIRT_KIND(relaxation_value, from, value)
struct relaxation_neighbours {
    airt_ref cell[SIDES]; /* AIRT_NONE: the border */
};
AIRT_KIND(relaxation_neighbours, cell)
#define relaxation_cell_ACCEPTS(KIND) KIND(relaxation_neighbours) KIND(relaxation_value)
AIRT_PROTOCOL(relaxation_cell)

struct relaxation_done {
    uint32_t row, column;
    double   value;
};
AIRT_KIND(relaxation_done, row, column, value)

struct relaxation_cell_start {
    uint32_t             row, column; /* from 1 to side; the border is outside */
    uint64_t             rounds;
    relaxation_done_sink to;
};
AIRT_KIND(relaxation_cell_start, row, column, rounds, REF(to))

AIRT_SIGNAL(relaxation_get)
struct relaxation_field {
    airt_blob values; /* of double, by rows, with the border */
};
AIRT_KIND(relaxation_field, values)
AIRT_ANSWER(relaxation_get, relaxation_field)
#define relaxation_master_ACCEPTS(KIND) KIND(bench_go) KIND(relaxation_done) KIND(relaxation_get)
AIRT_PROTOCOL(relaxation_master)

static double first_value(uint32_t row, uint32_t column)
{
    uint64_t seed = (uint64_t)row << 32 | column;

    return (double)(bench_random(&seed) >> 11) * 0x1p-53;
}

static bool is_red(uint32_t row, uint32_t column)
{
    return (row + column) % 2 == 0;
}

/* --- a cell ------------------------------------------------------------------------------------------------------- */

struct relaxation_cell {
    struct relaxation_cell_start place;
    relaxation_cell_ref          neighbour[SIDES];
    double                       value, around[SIDES];
    uint64_t                     rounds;
    uint32_t                     neighbours, heard;
};

/* Until the neighbours say otherwise, what is around is the border. */
AIRT_ON(relaxation_cell, relaxation_cell_start)
{
    self->place = *msg;
    self->value = first_value(msg->row, msg->column);
    self->around[UP] = first_value(msg->row - 1, msg->column);
    self->around[DOWN] = first_value(msg->row + 1, msg->column);
    self->around[LEFT] = first_value(msg->row, msg->column - 1);
    self->around[RIGHT] = first_value(msg->row, msg->column + 1);
    return AIRT_OK;
}

static airt_status tell_neighbours(const struct relaxation_cell *self, airt_ctx *ctx)
{
    static const side back[SIDES] = { [UP] = DOWN, [DOWN] = UP, [LEFT] = RIGHT, [RIGHT] = LEFT };

    for (side to = UP; to < SIDES; to++)
        if (!airt_ref_none(self->neighbour[to].ref))
            AIRT_TRY(airt_tell(ctx, self->neighbour[to], relaxation_value, .from = back[to], .value = self->value));
    return AIRT_OK;
}

/* A black cell's last value is of use to nobody else. */
static airt_status relax(struct relaxation_cell *self, airt_ctx *ctx)
{
    const double *around = self->around;
    const bool    is_last = ++self->rounds == self->place.rounds;

    self->heard = 0;
    self->value = OMEGA / 4 * (around[UP] + around[DOWN] + around[LEFT] + around[RIGHT]) + (1 - OMEGA) * self->value;
    if (!is_last || is_red(self->place.row, self->place.column))
        AIRT_TRY(tell_neighbours(self, ctx));
    if (!is_last)
        return AIRT_OK;
    AIRT_TRY(airt_tell(ctx, self->place.to, relaxation_done, .row = self->place.row, .column = self->place.column,
                       .value = self->value));
    return AIRT_STOP;
}

static bool is_due(const struct relaxation_cell *self)
{
    return self->neighbours > 0 && self->heard == self->neighbours;
}

/* The first values of black cells begin the first round. */
AIRT_ON(relaxation_cell, relaxation_neighbours)
{
    for (side to = UP; to < SIDES; to++) {
        self->neighbour[to].ref = msg->cell[to];
        self->neighbours += !airt_ref_none(msg->cell[to]);
    }
    if (!is_red(self->place.row, self->place.column))
        return tell_neighbours(self, ctx);
    return is_due(self) ? relax(self, ctx) : AIRT_OK;
}

/* May come before the neighbours are known. */
AIRT_ON(relaxation_cell, relaxation_value)
{
    self->around[msg->from] = msg->value;
    self->heard++;
    return is_due(self) ? relax(self, ctx) : AIRT_OK;
}

#define relaxation_cell_HANDLES(ON, A) ON(A, relaxation_cell_start) ON(A, relaxation_neighbours) ON(A, relaxation_value)
AIRT_BEHAVIOR(relaxation_cell)

/* --- the master --------------------------------------------------------------------------------------------------- */

struct relaxation_master {
    bench_run           *run;
    relaxation_cell_ref *cell; /* by rows, with the border: AIRT_NONE */
    airt_blob            blob; /* not written any more once it is sent */
    double              *value;
    uint32_t             width; /* with the border */
    uint32_t             missing;
};

static airt_status open_field(struct relaxation_master *self, airt_ctx *ctx)
{
    const size_t places = (size_t)self->width * self->width;
    void        *bytes = NULL;

    self->cell = airt_alloc(ctx, places * sizeof *self->cell);
    self->blob = airt_blob_space(ctx, places * sizeof *self->value, &bytes);
    self->value = bytes;
    if (self->cell == NULL || self->value == NULL)
        return AIRT_ENOMEM;
    for (uint32_t i = 0; i < places; i++)
        self->value[i] = first_value(i / self->width, i % self->width);
    return airt_blob_keep(ctx, &self->blob);
}

static airt_status spawn_cell(struct relaxation_master *self, airt_ctx *ctx, uint32_t row, uint32_t column)
{
    const airt_spawn_options options = { .start = AIRT_START(relaxation_cell, .row = row, .column = column,
                                                             .rounds = self->run->count, .to.ref = airt_self(ctx)) };

    return airt_spawn(ctx, relaxation_cell, &self->cell[row * self->width + column], &options);
}

static airt_status introduce(struct relaxation_master *self, airt_ctx *ctx, uint32_t row, uint32_t column)
{
    const relaxation_cell_ref         *cell = &self->cell[row * self->width + column];
    const struct relaxation_neighbours all = { .cell = { [UP] = cell[-(ptrdiff_t)self->width].ref,
                                                         [DOWN] = cell[self->width].ref,
                                                         [LEFT] = cell[-1].ref,
                                                         [RIGHT] = cell[1].ref } };

    return airt_tell_body(ctx, cell->ref, &relaxation_neighbours_kind, &all, NULL);
}

static airt_status for_each_cell(struct relaxation_master *self, airt_ctx *ctx,
                                 airt_status (*what)(struct relaxation_master *, airt_ctx *, uint32_t, uint32_t))
{
    for (uint32_t row = 1; row < self->width - 1; row++)
        for (uint32_t column = 1; column < self->width - 1; column++)
            AIRT_TRY(what(self, ctx, row, column));
    return AIRT_OK;
}

AIRT_ON(relaxation_master, bench_go)
{
    self->run = msg->run;
    self->width = msg->run->actors + 2;
    self->missing = msg->run->actors * msg->run->actors;
    AIRT_TRY(open_field(self, ctx));
    AIRT_TRY(for_each_cell(self, ctx, spawn_cell));
    bench_start(self->run);
    return for_each_cell(self, ctx, introduce);
}

AIRT_ON(relaxation_master, relaxation_done)
{
    self->value[msg->row * self->width + msg->column] = msg->value;
    if (--self->missing == 0)
        bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(relaxation_master, relaxation_get)
{
    return airt_reply(ctx, relaxation_get, .values = self->blob);
}

#define relaxation_master_HANDLES(ON, A) ON(A, bench_go) ON(A, relaxation_done) ON(A, relaxation_get)
AIRT_BEHAVIOR(relaxation_master)

/* --- the run ------------------------------------------------------------------------------------------------------ */

static void sweep(double *value, uint32_t width, uint32_t colour)
{
    for (uint32_t row = 1; row < width - 1; row++)
        for (uint32_t column = 1 + (row + 1 + colour) % 2; column < width - 1; column += 2) {
            double *at = &value[row * width + column];

            *at = OMEGA / 4 * (at[-(ptrdiff_t)width] + at[width] + at[-1] + at[1]) + (1 - OMEGA) * *at;
        }
}

/* The same operations in the same order give the same bits. */
static void compare(bench_run *run, const double *got, double *want)
{
    const uint32_t width = run->actors + 2;

    for (uint32_t i = 0; i < width * width; i++)
        want[i] = first_value(i / width, i % width);
    for (uint64_t round = 0; round < run->count; round++) {
        sweep(want, width, 0);
        sweep(want, width, 1);
    }
    for (uint32_t i = 0; i < width * width; i++)
        if (memcmp(&got[i], &want[i], sizeof want[i]) != 0)
            (void)bench_fail(run, "row %" PRIu32 ", column %" PRIu32 ": %.17g instead of %.17g", i / width, i % width,
                             got[i], want[i]);
    run->found.check = (uint64_t)run->actors * run->actors;
}

static void check_field(bench_run *run, airt_system *system, relaxation_master_ref master)
{
    const size_t          places = (size_t)(run->actors + 2) * (run->actors + 2);
    relaxation_get_answer got = { 0 };
    double               *want = calloc(places, sizeof *want);

    if (want == NULL)
        (void)bench_fail(run, "no memory");
    else if (bench_status(run, "ask", airt_ask(system, master, &got, AIRT_SECONDS(60), relaxation_get)) &&
             bench_equal(run, "bytes of values", got.values.size, places * sizeof *want))
        compare(run, (const void *)got.values.at, want);
    airt_answer_clear(system, relaxation_field, &got);
    free(want);
}

static void relaxation_run(bench_run *run)
{
    const airt_spawn_options options = { .mailbox.max = run->actors * run->actors + 1 };
    airt_system             *system = bench_open(run);
    relaxation_master_ref    master = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (run->actors < 2 || run->actors > SIDE_MAX)
        (void)bench_fail(run, "from 2 to %d cells side by side", SIDE_MAX);
    else if (bench_status(run, "spawn", airt_spawn(system, relaxation_master, &master, &options))) {
        airt_tell(system, master, bench_go, .run = run);
        if (bench_wait(run)) {
            run->found.value[0] = bench_ns_each(run, run->count * run->actors * run->actors);
            check_field(run, system, master);
        }
    }
    bench_close(run, &system);
}

const bench_workload bench_relaxation = {
    .name = "relaxation",
    .what = "a square of --actors by --actors cells, an actor each, that change --count times with their neighbours'\n"
            "values; Savina's smallest class is 20 by 20 cells, 100 times",
    .figure = { { "relaxation", "ns/change" } },
    .count = 150,
    .small = 10,
    .actors = 150,
    .small_actors = 6,
    .run = relaxation_run,
};
