/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a tree of actors cost that grows by chance? A root lets nodes chosen at random spawn ten children each,
 * until there are --count nodes; a few are growing at a time, so that its box does not fill. Then the tree is walked: a
 * node works a while and puts its children into its own mailbox, those that are urgent with a higher priority, which
 * must come first; what a node and all below it have done goes up, and it ends. */
#include "harness.h"

enum {
    CHILDREN = 10,
    GROWING_MAX = 100,   /* nodes at a time */
    GROWS_PERCENT = 50,  /* the chance of a node that was chosen */
    WORK_ROUNDS = 500,   /* of a node, give or take */
    WORK_MORE_MAX = 100, /* so many */
    URGENT_PERCENT = 50,
    SEED = 3
};

/* Nodes, urgent ones among them, and the sum of what came of their work. */
struct cobweb_total {
    uint64_t nodes, urgent, sum;
};
AIRT_KIND(cobweb_total, nodes, urgent, sum)

struct cobweb_grow {
    uint64_t first; /* number of the first child: the others follow */
};
AIRT_KIND(cobweb_grow, first)
AIRT_SIGNAL(cobweb_walk)
#define cobweb_node_ACCEPTS(KIND) KIND(cobweb_grow) KIND(cobweb_walk) KIND(cobweb_total)
AIRT_PROTOCOL(cobweb_node)
AIRT_ACTOR(cobweb_node) /* it spawns its like */

struct cobweb_grown {
    airt_ref child[CHILDREN]; /* each a cobweb_node_ref */
};
AIRT_KIND(cobweb_grown, child)
struct cobweb_node_start {
    uint64_t          number;
    cobweb_grown_sink root;
    cobweb_total_sink above;
};
AIRT_KIND(cobweb_node_start, number, REF(root), REF(above))

AIRT_SIGNAL(cobweb_get)
struct cobweb_report {
    uint64_t            made;
    struct cobweb_total walked;
};
AIRT_KIND(cobweb_report, made, NESTED(walked, cobweb_total))
AIRT_ANSWER(cobweb_get, cobweb_report)
#define cobweb_root_ACCEPTS(KIND) KIND(bench_go) KIND(cobweb_grown) KIND(cobweb_total) KIND(cobweb_get)
AIRT_PROTOCOL(cobweb_root)

/* --- what follows from a node's number ---------------------------------------------------------------------------- */

static bool is_urgent(uint64_t number)
{
    return bench_random(&number) % 100 < URGENT_PERCENT;
}

static uint64_t work_of(uint64_t number)
{
    uint64_t random = ~number;

    return bench_work(number, WORK_ROUNDS - WORK_MORE_MAX + bench_random(&random) % (2 * WORK_MORE_MAX + 1));
}

/* --- a node ------------------------------------------------------------------------------------------------------- */

/* To itself: this child is to be walked. */
struct cobweb_descend {
    uint32_t index;
    bool     is_urgent;
};
AIRT_KIND(cobweb_descend, index, is_urgent)

struct cobweb_node {
    struct cobweb_node_start place;
    cobweb_node_ref          child[CHILDREN];
    uint64_t                 first; /* number of the first child */
    uint32_t                 children;
    uint32_t                 missing; /* children whose totals are still to come */
    bool                     is_past_urgent;
    struct cobweb_total      total;
};

AIRT_ON(cobweb_node, cobweb_node_start)
{
    self->place = *msg;
    return AIRT_OK;
}

AIRT_ON(cobweb_node, cobweb_grow)
{
    struct cobweb_grown grown;

    self->first = msg->first;
    self->children = CHILDREN;
    for (uint32_t i = 0; i < CHILDREN; i++) {
        const airt_spawn_options options = { .start =
                                                 AIRT_START(cobweb_node, .number = msg->first + i,
                                                            .root = self->place.root, .above.ref = airt_self(ctx)) };

        AIRT_TRY(airt_spawn(ctx, cobweb_node, &self->child[i], &options));
        grown.child[i] = self->child[i].ref;
    }
    return airt_tell_body(ctx, self->place.root.ref, &cobweb_grown_kind, &grown, NULL);
}

static airt_status end(struct cobweb_node *self, airt_ctx *ctx)
{
    AIRT_TRY(airt_tell(ctx, self->place.above, cobweb_total, .nodes = self->total.nodes, .urgent = self->total.urgent,
                       .sum = self->total.sum));
    return AIRT_STOP;
}

AIRT_ON(cobweb_node, cobweb_walk)
{
    self->total = (struct cobweb_total){ 1, is_urgent(self->place.number), work_of(self->place.number) };
    self->missing = self->children;
    for (uint32_t i = 0; i < self->children; i++) {
        const bool                  urgent = is_urgent(self->first + i);
        const airt_send_options     options = { .priority = urgent ? AIRT_HIGH : AIRT_NORMAL };
        const struct cobweb_descend descend = { .index = i, .is_urgent = urgent };

        AIRT_TRY(airt_tell_body(ctx, airt_self(ctx), &cobweb_descend_kind, &descend, &options));
    }
    return self->missing > 0 ? AIRT_OK : end(self, ctx);
}

/* All of them were in the box before the first one left it: an urgent one behind another is a failure. */
AIRT_ON(cobweb_node, cobweb_descend)
{
    if (msg->is_urgent && self->is_past_urgent)
        return AIRT_EINVAL;
    self->is_past_urgent = !msg->is_urgent;
    return airt_tell(ctx, self->child[msg->index], cobweb_walk);
}

AIRT_ON(cobweb_node, cobweb_total)
{
    self->total.nodes += msg->nodes;
    self->total.urgent += msg->urgent;
    self->total.sum += msg->sum;
    return --self->missing > 0 ? AIRT_OK : end(self, ctx);
}

#define cobweb_node_HANDLES(ON, A)                                                                                     \
    ON(A, cobweb_node_start) ON(A, cobweb_grow) ON(A, cobweb_walk) ON(A, cobweb_descend) ON(A, cobweb_total)
AIRT_BEHAVIOR(cobweb_node)

/* --- the root ----------------------------------------------------------------------------------------------------- */

struct cobweb_root {
    bench_run           *run;
    cobweb_node_ref      top;
    cobweb_node_ref     *leaf; /* those that may still grow */
    uint64_t             leaves;
    uint64_t             made;
    uint64_t             random;
    uint32_t             growing;
    struct cobweb_report report;
};

static cobweb_node_ref take_leaf(struct cobweb_root *self)
{
    const uint64_t        index = bench_random(&self->random) % self->leaves;
    const cobweb_node_ref leaf = self->leaf[index];

    self->leaf[index] = self->leaf[--self->leaves];
    return leaf;
}

/* The last leaf always grows: a tree does not end by chance. */
static airt_status let_grow(struct cobweb_root *self, airt_ctx *ctx)
{
    while (self->growing < GROWING_MAX && self->leaves > 0 && self->made + CHILDREN <= self->run->count) {
        const bool            is_last = self->leaves == 1 && self->growing == 0;
        const cobweb_node_ref leaf = take_leaf(self);

        if (!is_last && bench_random(&self->random) % 100 >= GROWS_PERCENT)
            continue;
        AIRT_TRY(airt_tell(ctx, leaf, cobweb_grow, .first = self->made));
        self->made += CHILDREN;
        self->growing++;
    }
    return self->growing > 0 ? AIRT_OK : airt_tell(ctx, self->top, cobweb_walk);
}

AIRT_ON(cobweb_root, bench_go)
{
    const airt_spawn_options options = { .start = AIRT_START(cobweb_node, .number = 0, .root.ref = airt_self(ctx),
                                                             .above.ref = airt_self(ctx)) };

    self->run = msg->run;
    self->random = SEED;
    self->leaf = airt_alloc(ctx, msg->run->count * sizeof *self->leaf);
    if (self->leaf == NULL)
        return AIRT_ENOMEM;
    bench_start(self->run);
    AIRT_TRY(airt_spawn(ctx, cobweb_node, &self->top, &options));
    self->made = 1;
    self->leaf[self->leaves++] = self->top;
    return let_grow(self, ctx);
}

AIRT_ON(cobweb_root, cobweb_grown)
{
    self->growing--;
    for (uint32_t i = 0; i < CHILDREN; i++)
        self->leaf[self->leaves++].ref = msg->child[i];
    return let_grow(self, ctx);
}

AIRT_ON(cobweb_root, cobweb_total)
{
    self->report = (struct cobweb_report){ self->made, *msg };
    bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(cobweb_root, cobweb_get)
{
    return airt_reply(ctx, cobweb_get, .made = self->report.made, .walked = self->report.walked);
}

#define cobweb_root_HANDLES(ON, A) ON(A, bench_go) ON(A, cobweb_grown) ON(A, cobweb_total) ON(A, cobweb_get)
AIRT_BEHAVIOR(cobweb_root)

/* --- the run ------------------------------------------------------------------------------------------------------ */

static void check_walk(bench_run *run, airt_system *system, cobweb_root_ref root)
{
    cobweb_get_answer   got = { 0 };
    struct cobweb_total want = { 0 };

    if (!bench_status(run, "ask", airt_ask(system, root, &got, AIRT_SECONDS(60), cobweb_get)))
        return;
    for (uint64_t number = 0; number < got.made; number++) {
        want.urgent += is_urgent(number);
        want.sum += work_of(number);
    }
    run->found.value[0] = bench_ns_each(run, got.made);
    run->found.check = got.made;
    if (got.made + CHILDREN <= run->count)
        (void)bench_fail(run, "the tree stopped growing early");
    (void)bench_equal(run, "nodes walked", got.walked.nodes, got.made);
    (void)bench_equal(run, "urgent nodes walked", got.walked.urgent, want.urgent);
    (void)bench_equal(run, "sum of the work", got.walked.sum, want.sum);
}

static void cobweb_run(bench_run *run)
{
    airt_system    *system = bench_open(run);
    cobweb_root_ref root = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (bench_status(run, "spawn", airt_spawn(system, cobweb_root, &root, NULL))) {
        airt_tell(system, root, bench_go, .run = run);
        if (bench_wait(run))
            check_walk(run, system, root);
    }
    bench_close(run, &system);
}

const bench_workload bench_cobweb = {
    .name = "cobweb",
    .what =
        "a tree of --count nodes, an actor each, grows at random and is walked, urgent nodes first; twice Savina's\n"
        "size",
    .figure = { { "cobweb", "ns/node" } },
    .count = 400000,
    .small = 1000,
    .run = cobweb_run,
};
