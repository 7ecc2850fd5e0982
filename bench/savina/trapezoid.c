/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How well does plain arithmetic spread over the cores? A master cuts the interval from 1 to 5 into as many parts as
 * there are workers; each integrates its part by the trapezoidal rule and tells its sum. The master adds the sums in
 * the order of the parts, so that the order in which they come changes nothing. */
#include "harness.h"

#include <math.h>

#define FROM 1.0
#define TO 5.0
#define TOLERANCE 1e-9

struct trapezoid_sum {
    uint32_t part;
    double   sum; /* of the heights in the middle between the pieces' sides */
};
AIRT_KIND(trapezoid_sum, part, sum)

struct trapezoid_part {
    uint64_t           first, end; /* pieces; all of them are from 0 to `pieces` */
    uint64_t           pieces;
    uint32_t           part;
    trapezoid_sum_sink to;
};
AIRT_KIND(trapezoid_part, first, end, pieces, part, REF(to))

#define trapezoid_worker_ACCEPTS(KIND) KIND(trapezoid_part)
AIRT_PROTOCOL(trapezoid_worker)

AIRT_SIGNAL(trapezoid_get)
struct trapezoid_area {
    double area;
};
AIRT_KIND(trapezoid_area, area)
AIRT_ANSWER(trapezoid_get, trapezoid_area)

#define trapezoid_master_ACCEPTS(KIND) KIND(bench_go) KIND(trapezoid_sum) KIND(trapezoid_get)
AIRT_PROTOCOL(trapezoid_master)

static double height_at(double x)
{
    return sin(x * x * x - 1) / (x + 1) * sqrt(1 + exp(sqrt(2 * x)));
}

/* --- a worker ----------------------------------------------------------------------------------------------------- */

struct trapezoid_worker {
    char nothing;
};

AIRT_ON(trapezoid_worker, trapezoid_part)
{
    const double width = (TO - FROM) / (double)msg->pieces;
    double       left = height_at(FROM + (double)msg->first * width), sum = 0;

    for (uint64_t i = msg->first; i < msg->end; i++) {
        double right = height_at(FROM + (double)(i + 1) * width);

        sum += (left + right) / 2;
        left = right;
    }
    return airt_tell(ctx, msg->to, trapezoid_sum, .part = msg->part, .sum = sum);
}

#define trapezoid_worker_HANDLES(ON, A) ON(A, trapezoid_part)
AIRT_BEHAVIOR(trapezoid_worker)

/* --- the master --------------------------------------------------------------------------------------------------- */

struct trapezoid_master {
    bench_run *run;
    double    *sum; /* by part */
    uint32_t   missing;
    double     area;
};

AIRT_ON(trapezoid_master, bench_go)
{
    const trapezoid_sum_sink me = { .ref = airt_self(ctx) };
    const uint32_t           parts = msg->run->actors;
    const uint64_t           pieces = msg->run->count;

    self->run = msg->run;
    self->missing = parts;
    self->sum = airt_alloc(ctx, parts * sizeof *self->sum);
    if (self->sum == NULL)
        return AIRT_ENOMEM;
    bench_start(self->run);
    for (uint32_t i = 0; i < parts; i++) {
        trapezoid_worker_ref worker = { 0 };

        AIRT_TRY(airt_spawn(ctx, trapezoid_worker, &worker, NULL));
        AIRT_TRY(airt_tell(ctx, worker, trapezoid_part, .first = pieces * i / parts, .end = pieces * (i + 1) / parts,
                           .pieces = pieces, .part = i, .to = me));
    }
    return AIRT_OK;
}

AIRT_ON(trapezoid_master, trapezoid_sum)
{
    self->sum[msg->part] = msg->sum;
    if (--self->missing > 0)
        return AIRT_OK;
    for (uint32_t i = 0; i < self->run->actors; i++)
        self->area += self->sum[i];
    self->area *= (TO - FROM) / (double)self->run->count;
    bench_event(self->run);
    return AIRT_OK;
}

AIRT_ON(trapezoid_master, trapezoid_get)
{
    return airt_reply(ctx, trapezoid_get, .area = self->area);
}

#define trapezoid_master_HANDLES(ON, A) ON(A, bench_go) ON(A, trapezoid_sum) ON(A, trapezoid_get)
AIRT_BEHAVIOR(trapezoid_master)

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* In one go, and each inner height once. */
static double area_of(uint64_t pieces)
{
    const double width = (TO - FROM) / (double)pieces;
    double       sum = (height_at(FROM) + height_at(TO)) / 2;

    for (uint64_t i = 1; i < pieces; i++)
        sum += height_at(FROM + (double)i * width);
    return sum * width;
}

static void check_area(bench_run *run, airt_system *system, trapezoid_master_ref master)
{
    trapezoid_get_answer got = { 0 };
    double               want = area_of(run->count);

    if (!bench_status(run, "ask", airt_ask(system, master, &got, AIRT_SECONDS(60), trapezoid_get)))
        return;
    run->found.check = run->count;
    if (!(fabs(got.area - want) <= TOLERANCE))
        (void)bench_fail(run, "area: %.17g instead of %.17g", got.area, want);
}

static void trapezoid_run(bench_run *run)
{
    const airt_spawn_options options = { .mailbox.max = run->actors + 1 }; /* a sum of each worker */
    airt_system             *system = bench_open(run);
    trapezoid_master_ref     master = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (bench_status(run, "spawn", airt_spawn(system, trapezoid_master, &master, &options))) {
        airt_tell(system, master, bench_go, .run = run);
        if (bench_wait(run)) {
            run->found.value[0] = bench_ms(run);
            check_area(run, system, master);
        }
    }
    bench_close(run, &system);
}

const bench_workload bench_trapezoid = {
    .name = "trapezoid",
    .what = "100 workers (--actors) integrate a function from 1 to 5, in --count pieces; 10 times Savina's size",
    .figure = { { "trapezoid", "ms/run" } },
    .count = 100000000,
    .small = 20000,
    .actors = 100,
    .small_actors = 10,
    .run = trapezoid_run,
};
