/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How does a search spread that divides as it goes? A master deals boards to twenty workers. A worker answers a board
 * of few queens with the places that are free in its next row, which the master deals as new boards; a board of four
 * queens it solves by itself. Boards wait in the workers' mailboxes, those with more queens first, so few are open at a
 * time. */
#include "harness.h"

enum {
    DIVIDED_ROWS = 4,
    QUEENS_MAX = 20 /* so that all boards that can exist fit into a mailbox */
};

/* Squares of the next row that the queens so far attack: in their columns and along their two diagonals. A bit each. */
struct queens_board {
    uint32_t columns, left, right;
    uint32_t rows; /* that have their queen */
};
AIRT_KIND(queens_board, columns, left, right, rows)

/* What a worker has to say about a board: how many solutions it has, or where its next queen can stand. */
struct queens_solved {
    uint64_t solutions;
};
AIRT_KIND(queens_solved, solutions)
struct queens_divided {
    struct queens_board board;
    uint32_t            places;
};
AIRT_KIND(queens_divided, NESTED(board, queens_board), places)
AIRT_SIGNAL(queens_get)
AIRT_ANSWER(queens_get, queens_solved)
#define queens_master_ACCEPTS(KIND) KIND(bench_go) KIND(queens_solved) KIND(queens_divided) KIND(queens_get)
AIRT_PROTOCOL(queens_master)

struct queens_worker_start {
    uint32_t          size;
    queens_master_ref master;
};
AIRT_KIND(queens_worker_start, size, REF(master))
#define queens_worker_ACCEPTS(KIND) KIND(queens_board)
AIRT_PROTOCOL(queens_worker)

/* --- boards ------------------------------------------------------------------------------------------------------- */

static uint32_t all_places(uint32_t size)
{
    return (1u << size) - 1;
}

static uint32_t free_places(const struct queens_board *board, uint32_t size)
{
    return all_places(size) & ~(board->columns | board->left | board->right);
}

static struct queens_board with_queen(const struct queens_board *board, uint32_t place)
{
    return (struct queens_board){ .columns = board->columns | place,
                                  .left = (board->left | place) << 1,
                                  .right = (board->right | place) >> 1,
                                  .rows = board->rows + 1 };
}

static uint64_t solutions_of(const struct queens_board *board, uint32_t size)
{
    uint64_t solutions = 0;

    if (board->rows == size)
        return 1;
    for (uint32_t places = free_places(board, size); places != 0; places &= places - 1) {
        const struct queens_board next = with_queen(board, places & -places);

        solutions += solutions_of(&next, size);
    }
    return solutions;
}

/* --- a worker ----------------------------------------------------------------------------------------------------- */

struct queens_worker {
    uint32_t          size;
    queens_master_ref master;
};

AIRT_ON(queens_worker, queens_worker_start)
{
    self->size = msg->size;
    self->master = msg->master;
    return AIRT_OK;
}

AIRT_ON(queens_worker, queens_board)
{
    if (msg->rows < DIVIDED_ROWS && msg->rows < self->size)
        return airt_tell(ctx, self->master, queens_divided, .board = *msg, .places = free_places(msg, self->size));
    return airt_tell(ctx, self->master, queens_solved, .solutions = solutions_of(msg, self->size));
}

#define queens_worker_HANDLES(ON, A) ON(A, queens_worker_start) ON(A, queens_board)
AIRT_BEHAVIOR(queens_worker)

/* --- the master --------------------------------------------------------------------------------------------------- */

struct queens_master {
    bench_run         *run;
    queens_worker_ref *worker;
    uint64_t           dealt, open; /* boards */
    uint64_t           solutions;
};

static airt_priority priority_of(const struct queens_board *board)
{
    static const airt_priority of_rows[] = { AIRT_LOW, AIRT_LOW, AIRT_NORMAL, AIRT_HIGH, AIRT_CRITICAL };

    return of_rows[board->rows];
}

static airt_status deal(struct queens_master *self, airt_ctx *ctx, struct queens_board board)
{
    const airt_send_options options = { .priority = priority_of(&board) };

    self->open++;
    return airt_tell_with(ctx, self->worker[self->dealt++ % self->run->actors], &options, queens_board,
                          .columns = board.columns, .left = board.left, .right = board.right, .rows = board.rows);
}

static airt_status spawn_workers(struct queens_master *self, airt_ctx *ctx)
{
    const airt_spawn_options options = { .start = AIRT_START(queens_worker, .size = (uint32_t)self->run->count,
                                                             .master.ref = airt_self(ctx)),
                                         .mailbox.max = AIRT_MAILBOX_MAX };

    self->worker = airt_alloc(ctx, self->run->actors * sizeof *self->worker);
    if (self->worker == NULL)
        return AIRT_ENOMEM;
    for (uint32_t i = 0; i < self->run->actors; i++)
        AIRT_TRY(airt_spawn(ctx, queens_worker, &self->worker[i], &options));
    return AIRT_OK;
}

AIRT_ON(queens_master, bench_go)
{
    self->run = msg->run;
    AIRT_TRY(spawn_workers(self, ctx));
    bench_start(self->run);
    return deal(self, ctx, (struct queens_board){ 0 });
}

static airt_status close_one(struct queens_master *self)
{
    if (--self->open == 0)
        bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(queens_master, queens_divided)
{
    for (uint32_t places = msg->places; places != 0; places &= places - 1)
        AIRT_TRY(deal(self, ctx, with_queen(&msg->board, places & -places)));
    return close_one(self);
}

AIRT_ON(queens_master, queens_solved)
{
    self->solutions += msg->solutions;
    return close_one(self);
}

AIRT_ON(queens_master, queens_get)
{
    return airt_reply(ctx, queens_get, .solutions = self->solutions);
}

#define queens_master_HANDLES(ON, A) ON(A, bench_go) ON(A, queens_divided) ON(A, queens_solved) ON(A, queens_get)
AIRT_BEHAVIOR(queens_master)

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* Squares taken by their numbers: column, row + column along one diagonal, row - column along the other. A bit each. */
typedef struct taken {
    uint64_t columns, rising, falling;
} taken;

static uint64_t count_from(const taken *squares, uint32_t row, uint32_t size);

static uint64_t count_with(const taken *squares, uint32_t row, uint64_t column, uint32_t size)
{
    const uint64_t rising = column << row, falling = column << (size - row);
    const taken    next = { squares->columns | column, squares->rising | rising, squares->falling | falling };

    return (squares->rising & rising) == 0 && (squares->falling & falling) == 0 ? count_from(&next, row + 1, size) : 0;
}

static uint64_t count_from(const taken *squares, uint32_t row, uint32_t size)
{
    uint64_t solutions = 0;

    if (row == size)
        return 1;
    for (uint64_t columns = ~squares->columns & all_places(size); columns != 0; columns &= columns - 1)
        solutions += count_with(squares, row, columns & -columns, size);
    return solutions;
}

/* The solutions that begin in the right half mirror those of the left. */
static uint64_t count_all(uint32_t size)
{
    const taken nothing = { 0 };
    uint64_t    solutions = 0;

    for (uint32_t column = 0; column < size / 2; column++)
        solutions += 2 * count_with(&nothing, 0, UINT64_C(1) << column, size);
    return solutions + (size % 2 == 1 ? count_with(&nothing, 0, UINT64_C(1) << size / 2, size) : 0);
}

static void check_solutions(bench_run *run, airt_system *system, queens_master_ref master)
{
    queens_get_answer got = { 0 };

    if (!bench_status(run, "ask", airt_ask(system, master, &got, AIRT_SECONDS(60), queens_get)))
        return;
    run->found.check = got.solutions;
    (void)bench_equal(run, "solutions", got.solutions, count_all((uint32_t)run->count));
}

static void queens_run(bench_run *run)
{
    const airt_spawn_options options = { .mailbox.max = AIRT_MAILBOX_MAX };
    airt_system             *system = bench_open(run);
    queens_master_ref        master = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (run->count > QUEENS_MAX)
        (void)bench_fail(run, "more than %d queens", QUEENS_MAX);
    else if (bench_status(run, "spawn", airt_spawn(system, queens_master, &master, &options))) {
        airt_tell(system, master, bench_go, .run = run);
        if (bench_wait(run)) {
            run->found.value[0] = bench_ms(run);
            check_solutions(run, system, master);
        }
    }
    bench_close(run, &system);
}

const bench_workload bench_queens = {
    .name = "queens",
    .what =
        "all ways to place --count queens, by 20 workers (--actors); Savina has 12 queens, 15 are 160 times as many\n"
        "solutions",
    .figure = { { "queens", "ms/run" } },
    .count = 15,
    .small = 7,
    .actors = 20,
    .small_actors = 4,
    .run = queens_run,
};
