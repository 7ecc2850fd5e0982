/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a tree of actors cost that grows where the work is? Customers are points on a square. A quadrant serves its
 * own from the nearest facility it knows; when their ways cost more than two facilities, it opens one in its middle,
 * hands its customers down to four new quadrants, and from then on passes all on. All flow down: a full box makes its
 * sender wait, and nobody waits in a circle. */
#include "harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GRID 500.0
#define FACILITY_COST (1.4142135623730951 * GRID)
#define ALPHA 2.0
#define SPLIT_COST (ALPHA * FACILITY_COST)

enum {
    QUADRANTS = 4,
    DEPTH_MAX = 32,
    TURN_CUSTOMERS = 1000, /* the source goes on by a message to itself */
    FIRST_CUSTOMERS = 64,  /* that a quadrant has room for at first */
    SEED = 1
};

struct facility_point {
    double x, y;
};
AIRT_KIND(facility_point, x, y)

/* What a quadrant inherits from the one that it was a part of. */
struct facility_customers {
    airt_blob points; /* of struct facility_point */
};
AIRT_KIND(facility_customers, points)

/* What a quadrant and all below it have. */
struct facility_total {
    uint64_t facilities, customers;
    double   cost; /* of the ways */
};
AIRT_KIND(facility_total, facilities, customers, cost)
AIRT_SIGNAL(facility_get)
AIRT_ANSWER(facility_get, facility_total)

#define facility_quadrant_ACCEPTS(KIND) KIND(facility_point) KIND(facility_customers) KIND(facility_get)
AIRT_PROTOCOL(facility_quadrant)
AIRT_ACTOR(facility_quadrant) /* it spawns its like */

struct facility_quadrant_start {
    struct facility_point middle;
    double                side;
    uint32_t              depth;
    struct facility_point known[DEPTH_MAX]; /* facilities: one for each quadrant that this one lies in */
};
AIRT_LOCAL_KIND(facility_quadrant_start, facility_quadrant_start_drop) /* for the array of structs */

AIRT_SIGNAL(facility_more)
#define facility_source_ACCEPTS(KIND) KIND(bench_go) KIND(facility_more) KIND(facility_get)
AIRT_PROTOCOL(facility_source)

void facility_quadrant_start_drop(struct facility_quadrant_start *body)
{
    (void)body;
}

/* --- geometry ----------------------------------------------------------------------------------------------------- */

static struct facility_point next_point(uint64_t *random)
{
    const double x = (double)(bench_random(random) >> 11) * 0x1p-53 * GRID;

    return (struct facility_point){ x, (double)(bench_random(random) >> 11) * 0x1p-53 * GRID };
}

static double distance(struct facility_point a, struct facility_point b)
{
    return sqrt((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y));
}

/* Without any facility the way is as long as the grid is wide. */
static double nearest(struct facility_point customer, const struct facility_point *known, uint32_t count)
{
    double least = GRID;

    for (uint32_t i = 0; i < count; i++)
        least = fmin(least, distance(customer, known[i]));
    return least;
}

static uint32_t quadrant_of(struct facility_point point, struct facility_point middle)
{
    return (point.x >= middle.x ? 1u : 0u) + (point.y >= middle.y ? 2u : 0u);
}

static struct facility_point middle_of(struct facility_point middle, double side, uint32_t quadrant)
{
    return (struct facility_point){ middle.x + (quadrant & 1 ? side / 4 : -side / 4),
                                    middle.y + (quadrant & 2 ? side / 4 : -side / 4) };
}

/* --- a quadrant --------------------------------------------------------------------------------------------------- */

struct facility_quadrant {
    struct facility_quadrant_start place;
    struct facility_point         *customer; /* none once it is split */
    uint64_t                       customers, customers_max;
    double                         cost;
    bool                           is_split;
    facility_quadrant_ref          part[QUADRANTS];
};

/* A chain of quadrants may stand still while one of them splits. */
static const airt_mailbox_options waiting = { .overflow = AIRT_WAIT, .wait_ms = 60000 };

AIRT_ON(facility_quadrant, facility_quadrant_start)
{
    self->place = *msg;
    return AIRT_OK;
}

static airt_status grow(struct facility_quadrant *self, airt_ctx *ctx)
{
    const uint64_t         max = self->customers_max > 0 ? 2 * self->customers_max : FIRST_CUSTOMERS;
    struct facility_point *customer = airt_alloc(ctx, max * sizeof *customer);

    if (customer == NULL)
        return AIRT_ENOMEM;
    if (self->customers > 0)
        memcpy(customer, self->customer, self->customers * sizeof *customer);
    airt_free(ctx, self->customer);
    self->customer = customer;
    self->customers_max = max;
    return AIRT_OK;
}

static airt_status spawn_part(struct facility_quadrant *self, airt_ctx *ctx, uint32_t quadrant)
{
    struct facility_quadrant_start start = self->place;
    const airt_spawn_options options = { .start = AIRT_BODY(facility_quadrant_start, &start), .mailbox = waiting };

    start.known[start.depth++] = self->place.middle;
    start.middle = middle_of(self->place.middle, self->place.side, quadrant);
    start.side = self->place.side / 2;
    return airt_spawn(ctx, facility_quadrant, &self->part[quadrant], &options);
}

/* Its customers that lie in a part of it go there as one message, in their order. */
static airt_status hand_down(struct facility_quadrant *self, airt_ctx *ctx, uint32_t quadrant)
{
    void     *bytes = NULL;
    size_t    count = 0;
    airt_blob all = airt_blob_space(ctx, self->customers * sizeof *self->customer, &bytes);

    if (bytes == NULL)
        return AIRT_ENOMEM;
    for (uint64_t i = 0; i < self->customers; i++)
        if (quadrant_of(self->customer[i], self->place.middle) == quadrant)
            ((struct facility_point *)bytes)[count++] = self->customer[i];
    return airt_tell(ctx, self->part[quadrant], facility_customers,
                     .points = airt_blob_slice(ctx, all, 0, count * sizeof *self->customer));
}

static airt_status split(struct facility_quadrant *self, airt_ctx *ctx)
{
    for (uint32_t quadrant = 0; quadrant < QUADRANTS; quadrant++) {
        AIRT_TRY(spawn_part(self, ctx, quadrant));
        AIRT_TRY(hand_down(self, ctx, quadrant));
    }
    airt_free(ctx, self->customer);
    self->customer = NULL;
    self->is_split = true;
    return AIRT_OK;
}

static airt_status serve(struct facility_quadrant *self, airt_ctx *ctx, struct facility_point customer)
{
    if (self->is_split)
        return airt_tell(ctx, self->part[quadrant_of(customer, self->place.middle)], facility_point, .x = customer.x,
                         .y = customer.y);
    if (self->customers == self->customers_max)
        AIRT_TRY(grow(self, ctx));
    self->customer[self->customers++] = customer;
    self->cost += nearest(customer, self->place.known, self->place.depth);
    return self->cost > SPLIT_COST && self->place.depth < DEPTH_MAX ? split(self, ctx) : AIRT_OK;
}

AIRT_ON(facility_quadrant, facility_point)
{
    return serve(self, ctx, *msg);
}

AIRT_ON(facility_quadrant, facility_customers)
{
    const struct facility_point *customer = (const void *)msg->points.at;

    for (size_t i = 0; i < msg->points.size / sizeof *customer; i++)
        AIRT_TRY(serve(self, ctx, customer[i]));
    return AIRT_OK;
}

/* The question stands behind all customers, here and in every part. */
AIRT_ON(facility_quadrant, facility_get)
{
    struct facility_total total = { .facilities = 1 };

    if (!self->is_split)
        return airt_reply(ctx, facility_get, .customers = self->customers, .cost = self->cost);
    for (uint32_t quadrant = 0; quadrant < QUADRANTS; quadrant++) {
        facility_get_answer part = { 0 };

        AIRT_TRY(airt_ask(ctx, self->part[quadrant], &part, AIRT_FOREVER, facility_get));
        total.facilities += part.facilities;
        total.customers += part.customers;
        total.cost += part.cost;
    }
    return airt_reply(ctx, facility_get, .facilities = total.facilities, .customers = total.customers,
                      .cost = total.cost);
}

#define facility_quadrant_HANDLES(ON, A)                                                                               \
    ON(A, facility_quadrant_start) ON(A, facility_point) ON(A, facility_customers) ON(A, facility_get)
AIRT_BEHAVIOR(facility_quadrant)

/* --- the source --------------------------------------------------------------------------------------------------- */

struct facility_source {
    bench_run            *run;
    facility_quadrant_ref square;
    uint64_t              random, sent;
    struct facility_total total;
};

AIRT_ON(facility_source, bench_go)
{
    const airt_spawn_options options = {
        .start = AIRT_START(facility_quadrant, .middle = { GRID / 2, GRID / 2 }, .side = GRID), .mailbox = waiting
    };

    self->run = msg->run;
    self->random = SEED;
    bench_start(self->run);
    AIRT_TRY(airt_spawn(ctx, facility_quadrant, &self->square, &options));
    return airt_tell_any(ctx, airt_self(ctx), facility_more);
}

static airt_status finish(struct facility_source *self, airt_ctx *ctx)
{
    facility_get_answer total = { 0 };

    AIRT_TRY(airt_ask(ctx, self->square, &total, AIRT_FOREVER, facility_get));
    self->total = total;
    bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(facility_source, facility_more)
{
    for (int i = 0; i < TURN_CUSTOMERS && self->sent < self->run->count; i++, self->sent++) {
        const struct facility_point point = next_point(&self->random);

        AIRT_TRY(airt_tell(ctx, self->square, facility_point, .x = point.x, .y = point.y));
    }
    return self->sent < self->run->count ? airt_tell_any(ctx, airt_self(ctx), facility_more) : finish(self, ctx);
}

AIRT_ON(facility_source, facility_get)
{
    return airt_reply(ctx, facility_get, .facilities = self->total.facilities, .customers = self->total.customers,
                      .cost = self->total.cost);
}

#define facility_source_HANDLES(ON, A) ON(A, bench_go) ON(A, facility_more) ON(A, facility_get)
AIRT_BEHAVIOR(facility_source)

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* Puts the points of a quadrant in front, in their order; the others behind them, in theirs. scratch: as many. */
static size_t bring_forward(struct facility_point *point, size_t count, struct facility_point middle, uint32_t quadrant,
                            struct facility_point *scratch)
{
    size_t in = 0, out = 0;

    for (size_t i = 0; i < count; i++)
        if (quadrant_of(point[i], middle) == quadrant)
            point[in++] = point[i];
        else
            scratch[out++] = point[i];
    memcpy(point + in, scratch, out * sizeof *point);
    return in;
}

typedef struct square {
    struct facility_point *point, *scratch; /* all that will ever lie in it, in their order; room for as many */
    size_t                 count;
} square;

/* Not point by point: a quadrant whose customers cost too much will be split, and then they all belong to its parts. */
static struct facility_total total_of(square all, struct facility_quadrant_start place)
{
    struct facility_total          total = { .customers = all.count };
    struct facility_quadrant_start part = place;

    for (size_t i = 0; i < all.count && (total.cost <= SPLIT_COST || place.depth == DEPTH_MAX); i++)
        total.cost += nearest(all.point[i], place.known, place.depth);
    if (total.cost <= SPLIT_COST || place.depth == DEPTH_MAX)
        return total;
    total = (struct facility_total){ .facilities = 1 };
    part.known[part.depth++] = place.middle;
    part.side = place.side / 2;
    for (uint32_t quadrant = 0; quadrant < QUADRANTS; quadrant++) {
        struct facility_total below;
        square                here = all;

        here.count = bring_forward(all.point, all.count, place.middle, quadrant, all.scratch);
        part.middle = middle_of(place.middle, place.side, quadrant);
        below = total_of(here, part);
        total.facilities += below.facilities;
        total.customers += below.customers;
        total.cost += below.cost;
        all = (square){ all.point + here.count, all.scratch, all.count - here.count };
    }
    return total;
}

static struct facility_total total_of_all(square all)
{
    uint64_t random = SEED;

    for (size_t i = 0; i < all.count; i++)
        all.point[i] = next_point(&random);
    return total_of(all, (struct facility_quadrant_start){ .middle = { GRID / 2, GRID / 2 }, .side = GRID });
}

static void compare(bench_run *run, const facility_get_answer *got)
{
    square all = { calloc(run->count, sizeof *all.point), calloc(run->count, sizeof *all.point), run->count };
    struct facility_total want = { 0 };

    if (all.point == NULL || all.scratch == NULL)
        (void)bench_fail(run, "no memory");
    else
        want = total_of_all(all);
    free(all.point);
    free(all.scratch);
    run->found.check = got->facilities;
    (void)bench_equal(run, "facilities", got->facilities, want.facilities);
    (void)bench_equal(run, "customers", got->customers, want.customers);
    (void)bench_equal(run, "all customers", got->customers, run->count);
    if (memcmp(&got->cost, &want.cost, sizeof want.cost) != 0)
        (void)bench_fail(run, "cost: %.17g instead of %.17g", got->cost, want.cost);
}

static void facility_run(bench_run *run)
{
    airt_system        *system = bench_open(run);
    facility_source_ref source = { 0 };
    facility_get_answer total = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (bench_status(run, "spawn", airt_spawn(system, facility_source, &source, NULL))) {
        airt_tell(system, source, bench_go, .run = run);
        if (bench_wait(run) &&
            bench_status(run, "ask", airt_ask(system, source, &total, AIRT_SECONDS(60), facility_get))) {
            run->found.value[0] = bench_ns_each(run, run->count);
            compare(run, &total);
        }
    }
    bench_close(run, &system);
}

const bench_workload bench_facility = {
    .name = "facility",
    .what = "--count customers fall into quadrants that split when the ways cost too much; 20 times Savina's size",
    .figure = { { "facility", "ns/customer" } },
    .count = 2000000,
    .small = 2000,
    .run = facility_run,
};
