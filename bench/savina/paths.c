/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How does work spread whose parts need each other's data in every round? Floyd and Warshall: an actor for each block
 * of the matrix of distances. In round k the blocks of row k send its cells along their columns, those of column k
 * along their rows, and a block that has both keeps step. Who waits for room in a full box waits for a block that is
 * behind, and the last one never waits, so nobody waits in a circle. */
#include "harness.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = 100, /* rows and columns */
    WEIGHT_MAX = 100
};

/* A part of row or column number `round`, as it is before this round. */
struct paths_row {
    uint32_t round;
    int32_t  cell[BLOCK];
};
AIRT_KIND(paths_row, round, cell)
struct paths_column {
    uint32_t round;
    int32_t  cell[BLOCK];
};
AIRT_KIND(paths_column, round, cell)

struct paths_peers {
    airt_blob blocks; /* of paths_block_ref: all, row by row */
};
AIRT_KIND(paths_peers, blocks)
#define paths_block_ACCEPTS(KIND) KIND(paths_peers) KIND(paths_row) KIND(paths_column)
AIRT_PROTOCOL(paths_block)

struct paths_done {
    uint32_t  row, column; /* of the block */
    airt_blob cells;       /* of int32_t */
};
AIRT_KIND(paths_done, row, column, cells)

struct paths_block_start {
    uint32_t        row, column;
    uint32_t        blocks; /* side by side */
    paths_done_sink to;
};
AIRT_KIND(paths_block_start, row, column, blocks, REF(to))

AIRT_SIGNAL(paths_get)
struct paths_found {
    airt_blob distances; /* of int32_t, by rows */
};
AIRT_KIND(paths_found, distances)
AIRT_ANSWER(paths_get, paths_found)
#define paths_master_ACCEPTS(KIND) KIND(bench_go) KIND(paths_done) KIND(paths_get)
AIRT_PROTOCOL(paths_master)

static int32_t weight(uint64_t from, uint64_t to)
{
    uint64_t seed = from << 32 | to;

    return from == to ? 0 : 1 + (int32_t)(bench_random(&seed) % WEIGHT_MAX);
}

/* --- a block ------------------------------------------------------------------------------------------------------ */

struct paths_block {
    struct paths_block_start place;
    airt_blob                blob; /* not written any more once it is sent */
    int32_t (*cell)[BLOCK];
    airt_blob  peers;
    airt_msg **row, **column; /* that came, by round */
    uint32_t   round;
};

static uint32_t rounds(const struct paths_block *self)
{
    return self->place.blocks * BLOCK;
}

static bool has_row(const struct paths_block *self)
{
    return self->round / BLOCK == self->place.row;
}

static bool has_column(const struct paths_block *self)
{
    return self->round / BLOCK == self->place.column;
}

static airt_status open_cells(struct paths_block *self, airt_ctx *ctx)
{
    void *bytes = NULL;

    self->blob = airt_blob_space(ctx, BLOCK * sizeof *self->cell, &bytes);
    self->cell = bytes;
    if (self->cell == NULL)
        return AIRT_ENOMEM;
    for (uint32_t i = 0; i < BLOCK; i++)
        for (uint32_t j = 0; j < BLOCK; j++)
            self->cell[i][j] = weight(self->place.row * BLOCK + i, self->place.column * BLOCK + j);
    return airt_blob_keep(ctx, &self->blob);
}

AIRT_ON(paths_block, paths_block_start)
{
    self->place = *msg;
    self->row = airt_alloc(ctx, rounds(self) * sizeof(airt_msg *));
    self->column = airt_alloc(ctx, rounds(self) * sizeof(airt_msg *));
    return self->row != NULL && self->column != NULL ? open_cells(self, ctx) : AIRT_ENOMEM;
}

static airt_ref peer_at(const struct paths_block *self, uint32_t row, uint32_t column)
{
    const paths_block_ref *peers = (const void *)self->peers.at;

    return peers[row * self->place.blocks + column].ref;
}

static airt_status send_row(const struct paths_block *self, airt_ctx *ctx)
{
    struct paths_row row = { .round = self->round };

    memcpy(row.cell, self->cell[self->round % BLOCK], sizeof row.cell);
    for (uint32_t i = 0; i < self->place.blocks; i++)
        if (i != self->place.row)
            AIRT_TRY(airt_tell_body(ctx, peer_at(self, i, self->place.column), &paths_row_kind, &row, NULL));
    return AIRT_OK;
}

static airt_status send_column(const struct paths_block *self, airt_ctx *ctx)
{
    struct paths_column column = { .round = self->round };

    for (uint32_t i = 0; i < BLOCK; i++)
        column.cell[i] = self->cell[i][self->round % BLOCK];
    for (uint32_t i = 0; i < self->place.blocks; i++)
        if (i != self->place.column)
            AIRT_TRY(airt_tell_body(ctx, peer_at(self, self->place.row, i), &paths_column_kind, &column, NULL));
    return AIRT_OK;
}

static airt_status send_own(const struct paths_block *self, airt_ctx *ctx)
{
    if (has_row(self))
        AIRT_TRY(send_row(self, ctx));
    return has_column(self) ? send_column(self, ctx) : AIRT_OK;
}

static bool is_ready(const struct paths_block *self)
{
    return self->round < rounds(self) && (has_row(self) || self->row[self->round] != NULL) &&
           (has_column(self) || self->column[self->round] != NULL);
}

/* Every way by node `round`, if it is shorter. row: a copy, so that the loop need not fear its own writes. */
static void shorten(struct paths_block *self, const int32_t *column, size_t stride)
{
    const airt_msg *came = self->row[self->round];
    int32_t         row[BLOCK];

    memcpy(row, came != NULL ? airt_msg_as(came, paths_row)->cell : self->cell[self->round % BLOCK], sizeof row);
    for (uint32_t i = 0; i < BLOCK; i++) {
        const int32_t first = column[i * stride];
        int32_t      *cell = self->cell[i];

        for (uint32_t j = 0; j < BLOCK; j++)
            cell[j] = first + row[j] < cell[j] ? first + row[j] : cell[j];
    }
}

static void step(struct paths_block *self)
{
    airt_msg **column = &self->column[self->round];

    if (has_column(self))
        shorten(self, &self->cell[0][self->round % BLOCK], BLOCK);
    else
        shorten(self, airt_msg_as(*column, paths_column)->cell, 1);
    airt_drop(&self->row[self->round]);
    airt_drop(column);
    self->round++;
}

static airt_status go_on(struct paths_block *self, airt_ctx *ctx)
{
    while (is_ready(self)) {
        step(self);
        if (self->round < rounds(self))
            AIRT_TRY(send_own(self, ctx));
    }
    if (self->round < rounds(self))
        return AIRT_OK;
    AIRT_TRY(airt_tell(ctx, self->place.to, paths_done, .row = self->place.row, .column = self->place.column,
                       .cells = self->blob));
    return AIRT_STOP;
}

AIRT_ON(paths_block, paths_peers)
{
    self->peers = msg->blocks;
    AIRT_TRY(airt_blob_keep(ctx, &self->peers));
    AIRT_TRY(send_own(self, ctx));
    return go_on(self, ctx);
}

/* Rows and columns may come before the peers, or for later rounds: they are kept until then. */
static airt_status keep_for_round(struct paths_block *self, airt_ctx *ctx, airt_msg **place)
{
    AIRT_TRY(airt_keep(ctx, place));
    return airt_blob_none(self->peers) ? AIRT_OK : go_on(self, ctx);
}

AIRT_ON(paths_block, paths_row)
{
    return keep_for_round(self, ctx, &self->row[msg->round]);
}

AIRT_ON(paths_block, paths_column)
{
    return keep_for_round(self, ctx, &self->column[msg->round]);
}

#define paths_block_HANDLES(ON, A) ON(A, paths_block_start) ON(A, paths_peers) ON(A, paths_row) ON(A, paths_column)
AIRT_BEHAVIOR(paths_block)

/* --- the master --------------------------------------------------------------------------------------------------- */

struct paths_master {
    bench_run *run;
    airt_blob  blob; /* not written any more once it is sent */
    int32_t   *distance;
    uint32_t   blocks; /* side by side */
    uint32_t   missing;
};

static airt_status open_distances(struct paths_master *self, airt_ctx *ctx)
{
    void *bytes = NULL;

    self->blob = airt_blob_space(ctx, self->run->count * self->run->count * sizeof *self->distance, &bytes);
    self->distance = bytes;
    return self->distance != NULL ? airt_blob_keep(ctx, &self->blob) : AIRT_ENOMEM;
}

static airt_status spawn_blocks(const struct paths_master *self, airt_ctx *ctx, paths_block_ref *block)
{
    for (uint32_t i = 0; i < self->blocks * self->blocks; i++) {
        const airt_spawn_options options = { .start = AIRT_START(paths_block, .row = i / self->blocks,
                                                                 .column = i % self->blocks, .blocks = self->blocks,
                                                                 .to.ref = airt_self(ctx)),
                                             .mailbox = { .overflow = AIRT_WAIT, .wait_ms = 60000 } };

        AIRT_TRY(airt_spawn(ctx, paths_block, &block[i], &options));
    }
    return AIRT_OK;
}

AIRT_ON(paths_master, bench_go)
{
    void     *bytes = NULL;
    airt_blob peers;

    self->run = msg->run;
    self->blocks = (uint32_t)(msg->run->count / BLOCK);
    self->missing = self->blocks * self->blocks;
    AIRT_TRY(open_distances(self, ctx));
    peers = airt_blob_space(ctx, self->missing * sizeof(paths_block_ref), &bytes);
    if (bytes == NULL)
        return AIRT_ENOMEM;
    AIRT_TRY(spawn_blocks(self, ctx, bytes));
    bench_start(self->run);
    for (uint32_t i = 0; i < self->missing; i++)
        AIRT_TRY(airt_tell(ctx, ((paths_block_ref *)bytes)[i], paths_peers, .blocks = peers));
    return AIRT_OK;
}

AIRT_ON(paths_master, paths_done)
{
    const int32_t *cell = (const void *)msg->cells.at;

    for (size_t i = 0; i < BLOCK; i++)
        memcpy(self->distance + (msg->row * BLOCK + i) * self->run->count + msg->column * BLOCK, cell + i * BLOCK,
               BLOCK * sizeof *cell);
    if (--self->missing == 0)
        bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(paths_master, paths_get)
{
    return airt_reply(ctx, paths_get, .distances = self->blob);
}

#define paths_master_HANDLES(ON, A) ON(A, bench_go) ON(A, paths_done) ON(A, paths_get)
AIRT_BEHAVIOR(paths_master)

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* The same algorithm as it stands in books: one matrix, three loops. */
static void all_distances(int32_t *distance, uint64_t nodes)
{
    for (uint64_t by = 0; by < nodes; by++)
        for (uint64_t from = 0; from < nodes; from++) {
            const int32_t *second = &distance[by * nodes], first = distance[from * nodes + by];
            int32_t       *way = &distance[from * nodes];

            for (uint64_t to = 0; to < nodes; to++)
                way[to] = first + second[to] < way[to] ? first + second[to] : way[to];
        }
}

static void compare(bench_run *run, const int32_t *got, int32_t *want)
{
    const uint64_t nodes = run->count;

    for (uint64_t i = 0; i < nodes * nodes; i++)
        want[i] = weight(i / nodes, i % nodes);
    all_distances(want, nodes);
    for (uint64_t i = 0; i < nodes * nodes; i++)
        if (got[i] != want[i])
            (void)bench_fail(run, "from %" PRIu64 " to %" PRIu64 ": %" PRId32 " instead of %" PRId32, i / nodes,
                             i % nodes, got[i], want[i]);
    run->found.check = nodes * nodes;
}

static void check_distances(bench_run *run, airt_system *system, paths_master_ref master)
{
    paths_get_answer got = { 0 };
    int32_t         *want = calloc(run->count * run->count, sizeof *want);

    if (want == NULL)
        (void)bench_fail(run, "no memory");
    else if (bench_status(run, "ask", airt_ask(system, master, &got, AIRT_SECONDS(60), paths_get)) &&
             bench_equal(run, "bytes of distances", got.distances.size, run->count * run->count * sizeof *want))
        compare(run, (const void *)got.distances.at, want);
    airt_answer_clear(system, paths_found, &got);
    free(want);
}

static void paths_run(bench_run *run)
{
    const airt_spawn_options options = { .mailbox.overflow = AIRT_WAIT };
    airt_system             *system = bench_open(run);
    paths_master_ref         master = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (run->count % BLOCK != 0 || run->count > 100 * BLOCK)
        (void)bench_fail(run, "the nodes are not whole blocks of %d, up to %d", BLOCK, 100 * BLOCK);
    else if (bench_status(run, "spawn", airt_spawn(system, paths_master, &master, &options))) {
        airt_tell(system, master, bench_go, .run = run);
        if (bench_wait(run)) {
            run->found.value[0] = bench_ms(run);
            check_distances(run, system, master);
        }
    }
    bench_close(run, &system);
}

const bench_workload bench_paths = {
    .name = "paths",
    .what = "the shortest paths between all of --count nodes, an actor for each block of 100 by 100 distances; 5\n"
            "times Savina's nodes, 125 times the work",
    .figure = { { "paths", "ms/run" } },
    .count = 1500,
    .small = 200,
    .run = paths_run,
};
