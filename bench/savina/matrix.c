/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How does work spread that carries large data? A master deals the product of two matrices to twenty workers. A worker
 * answers a large block by its half size: the master deals the eight products that it consists of; a small one it
 * multiplies. Both factors are blobs that every message shares; each product is a blob that the master adds up. */
#include "harness.h"

#include <stdlib.h>

enum {
    BLOCK_SIZE = 128, /* rows and columns of a block that one worker multiplies: 16,384 places */
    ENTRY_MAX = 100   /* whole numbers: sums of doubles are exact, in any order */
};

/* A cube of the products that make up a matrix product: rows of the first factor, columns of the second, and what they
 * meet in. */
struct matrix_cube {
    uint32_t row, column, inner;
    uint32_t size;
    uint32_t depth; /* divisions so far */
};
AIRT_KIND(matrix_cube, row, column, inner, size, depth)

struct matrix_work {
    airt_blob          left, right; /* of double, by rows */
    uint32_t           size;
    struct matrix_cube cube;
};
AIRT_KIND(matrix_work, left, right, size, NESTED(cube, matrix_cube))
#define matrix_worker_ACCEPTS(KIND) KIND(matrix_work)
AIRT_PROTOCOL(matrix_worker)

/* What a worker has to say about a cube. */
struct matrix_divided {
    struct matrix_cube cube;
};
AIRT_KIND(matrix_divided, NESTED(cube, matrix_cube))
struct matrix_block {
    struct matrix_cube cube;
    airt_blob          product; /* of double, by rows */
};
AIRT_KIND(matrix_block, NESTED(cube, matrix_cube), product)

AIRT_SIGNAL(matrix_get)
struct matrix_product {
    airt_blob left, right, product;
};
AIRT_KIND(matrix_product, left, right, product)
AIRT_ANSWER(matrix_get, matrix_product)

#define matrix_master_ACCEPTS(KIND) KIND(bench_go) KIND(matrix_divided) KIND(matrix_block) KIND(matrix_get)
AIRT_PROTOCOL(matrix_master)

struct matrix_worker_start {
    matrix_master_ref master;
};
AIRT_KIND(matrix_worker_start, REF(master))

/* --- a worker ----------------------------------------------------------------------------------------------------- */

struct matrix_worker {
    matrix_master_ref master;
};

AIRT_ON(matrix_worker, matrix_worker_start)
{
    self->master = msg->master;
    return AIRT_OK;
}

/* row += factor * other */
static void add_row(double *row, double factor, const double *other, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        row[i] += factor * other[i];
}

static void multiply(const struct matrix_work *work, double *product)
{
    const struct matrix_cube *cube = &work->cube;
    const double             *left = (const void *)work->left.at, *right = (const void *)work->right.at;

    for (size_t i = 0; i < cube->size; i++)
        for (size_t j = 0; j < cube->size; j++)
            add_row(product + i * cube->size, left[(cube->row + i) * work->size + cube->inner + j],
                    right + (cube->inner + j) * work->size + cube->column, cube->size);
}

AIRT_ON(matrix_worker, matrix_work)
{
    const size_t bytes = sizeof(double) * msg->cube.size * msg->cube.size;
    void        *product = NULL;
    airt_blob    blob;

    if (msg->cube.size > BLOCK_SIZE)
        return airt_tell(ctx, self->master, matrix_divided, .cube = msg->cube);
    blob = airt_blob_space(ctx, bytes, &product);
    if (product == NULL)
        return AIRT_ENOMEM;
    for (size_t i = 0; i < bytes / sizeof(double); i++)
        ((double *)product)[i] = 0;
    multiply(msg, product);
    return airt_tell(ctx, self->master, matrix_block, .cube = msg->cube, .product = blob);
}

#define matrix_worker_HANDLES(ON, A) ON(A, matrix_worker_start) ON(A, matrix_work)
AIRT_BEHAVIOR(matrix_worker)

/* --- the master --------------------------------------------------------------------------------------------------- */

typedef struct square {
    airt_blob blob; /* not written any more once it is sent */
    double   *at;
} square;

struct matrix_master {
    bench_run         *run;
    square             left, right, product;
    matrix_worker_ref *worker;
    uint64_t           dealt, open; /* cubes */
};

static airt_status square_open(square *self, airt_ctx *ctx, uint64_t size)
{
    void *bytes = NULL;

    self->blob = airt_blob_space(ctx, size * size * sizeof *self->at, &bytes);
    self->at = bytes;
    return self->at != NULL ? airt_blob_keep(ctx, &self->blob) : AIRT_ENOMEM;
}

/* Deeper ones first: few products are under way. */
static airt_status deal(struct matrix_master *self, airt_ctx *ctx, struct matrix_cube cube)
{
    static const airt_priority of_depth[] = { AIRT_LOW, AIRT_NORMAL, AIRT_HIGH, AIRT_CRITICAL };
    const airt_send_options    options = { .priority = of_depth[cube.depth < 3 ? cube.depth : 3] };

    self->open++;
    return airt_tell_with(ctx, self->worker[self->dealt++ % self->run->actors], &options, matrix_work,
                          .left = self->left.blob, .right = self->right.blob, .size = (uint32_t)self->run->count,
                          .cube = cube);
}

static airt_status spawn_workers(struct matrix_master *self, airt_ctx *ctx)
{
    const airt_spawn_options options = { .start = AIRT_START(matrix_worker, .master.ref = airt_self(ctx)),
                                         .mailbox.max = AIRT_MAILBOX_MAX };

    self->worker = airt_alloc(ctx, self->run->actors * sizeof *self->worker);
    if (self->worker == NULL)
        return AIRT_ENOMEM;
    for (uint32_t i = 0; i < self->run->actors; i++)
        AIRT_TRY(airt_spawn(ctx, matrix_worker, &self->worker[i], &options));
    return AIRT_OK;
}

static void fill(struct matrix_master *self)
{
    uint64_t random = 0;

    for (uint64_t i = 0; i < self->run->count * self->run->count; i++) {
        self->left.at[i] = (double)(bench_random(&random) % ENTRY_MAX);
        self->right.at[i] = (double)(bench_random(&random) % ENTRY_MAX);
        self->product.at[i] = 0;
    }
}

AIRT_ON(matrix_master, bench_go)
{
    self->run = msg->run;
    AIRT_TRY(square_open(&self->left, ctx, msg->run->count));
    AIRT_TRY(square_open(&self->right, ctx, msg->run->count));
    AIRT_TRY(square_open(&self->product, ctx, msg->run->count));
    AIRT_TRY(spawn_workers(self, ctx));
    fill(self);
    bench_start(self->run);
    return deal(self, ctx, (struct matrix_cube){ .size = (uint32_t)msg->run->count });
}

static airt_status close_one(struct matrix_master *self)
{
    if (--self->open == 0)
        bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(matrix_master, matrix_divided)
{
    const uint32_t half = msg->cube.size / 2;

    for (uint32_t corner = 0; corner < 8; corner++)
        AIRT_TRY(deal(self, ctx,
                      (struct matrix_cube){ .row = msg->cube.row + (corner & 1 ? half : 0),
                                            .column = msg->cube.column + (corner & 2 ? half : 0),
                                            .inner = msg->cube.inner + (corner & 4 ? half : 0),
                                            .size = half,
                                            .depth = msg->cube.depth + 1 }));
    return close_one(self);
}

AIRT_ON(matrix_master, matrix_block)
{
    const struct matrix_cube *cube = &msg->cube;
    const double             *product = (const void *)msg->product.at;

    for (size_t i = 0; i < cube->size; i++)
        add_row(self->product.at + (cube->row + i) * self->run->count + cube->column, 1, product + i * cube->size,
                cube->size);
    return close_one(self);
}

AIRT_ON(matrix_master, matrix_get)
{
    return airt_reply(ctx, matrix_get, .left = self->left.blob, .right = self->right.blob,
                      .product = self->product.blob);
}

#define matrix_master_HANDLES(ON, A) ON(A, bench_go) ON(A, matrix_divided) ON(A, matrix_block) ON(A, matrix_get)
AIRT_BEHAVIOR(matrix_master)

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* result = matrix * vector */
static void transform(const double *matrix, const double *vector, double *result, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++) {
        result[i] = 0;
        for (uint64_t j = 0; j < size; j++)
            result[i] += matrix[i * size + j] * vector[j];
    }
}

/* A product does to a random vector what its factors do one after the other; a wrong one does with a chance of one in
 * 65,536 at most. All numbers stay below 2^53, so the sums are exact. vector: four of them. */
static void check_product(bench_run *run, const matrix_get_answer *got, double *vector)
{
    const uint64_t size = run->count;
    double *const given = vector, *const half = given + size, *const want = half + size, *const found = want + size;
    uint64_t random = 1;

    for (uint64_t i = 0; i < size; i++)
        given[i] = (double)(bench_random(&random) % 65536);
    transform((const void *)got->right.at, given, half, size);
    transform((const void *)got->left.at, half, want, size);
    transform((const void *)got->product.at, given, found, size);
    for (uint64_t i = 0; i < size; i++)
        if (found[i] != want[i])
            (void)bench_fail(run, "row %zu of the product is wrong", (size_t)i);
    run->found.check = size * size;
}

static void check(bench_run *run, airt_system *system, matrix_master_ref master)
{
    matrix_get_answer got = { 0 };
    double           *vector = calloc(4 * run->count, sizeof *vector);

    if (vector == NULL)
        (void)bench_fail(run, "no memory");
    else if (bench_status(run, "ask", airt_ask(system, master, &got, AIRT_SECONDS(60), matrix_get)) &&
             bench_equal(run, "bytes of the product", got.product.size, run->count * run->count * sizeof(double)))
        check_product(run, &got, vector);
    airt_answer_clear(system, matrix_product, &got);
    free(vector);
}

static bool is_power_of_two(uint64_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

static void matrix_run(bench_run *run)
{
    const airt_spawn_options options = { .mailbox.max = AIRT_MAILBOX_MAX };
    airt_system             *system = bench_open(run);
    matrix_master_ref        master = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (!is_power_of_two(run->count) || run->count > 2048)
        (void)bench_fail(run, "the size is not a power of two up to 2,048");
    else if (bench_status(run, "spawn", airt_spawn(system, matrix_master, &master, &options))) {
        airt_tell(system, master, bench_go, .run = run);
        if (bench_wait(run)) {
            run->found.value[0] = bench_ms(run);
            check(run, system, master);
        }
    }
    bench_close(run, &system);
}

const bench_workload bench_matrix = {
    .name = "matrix",
    .what =
        "two matrices of --count by --count, in blocks down to 128 by 128 among 20 workers (--actors); twice Savina's\n"
        "size, 8 times the work",
    .figure = { { "matrix", "ms/run" } },
    .count = 2048,
    .small = 256,
    .actors = 20,
    .small_actors = 4,
    .run = matrix_run,
};
