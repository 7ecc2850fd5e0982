/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does supervision add? A dynamic supervisor's children against the same actors without a supervisor: time to
 * start and to stop each, and resident bytes for each. Every weighing in a process of its own. */
#include "harness.h"

struct child_idler {
    uint64_t nothing[2];
};
AIRT_SIGNAL(child_poke)
AIRT_ON(child_idler, child_poke)
{
    return AIRT_OK;
}
#define child_idler_HANDLES(ON, A) ON(A, child_poke)
AIRT_BEHAVIOR(child_idler)

static void plain(bench_run *run, int from_parent, int to_parent)
{
    airt_system *system = bench_open(run);
    airt_ref     ref = AIRT_NONE;
    double       before = bench_resident_bytes();

    (void)from_parent;
    (void)to_parent;
    if (system == NULL)
        return;
    for (uint32_t i = 0; i < run->actors && run->found.failure[0] == '\0'; i++)
        (void)bench_status(run, "spawn", airt_spawn_any(system, child_idler, &ref, NULL));
    run->found.value[0] = (bench_resident_bytes() - before) / (double)run->actors;
    bench_close(run, &system);
}

static void supervised(bench_run *run, int from_parent, int to_parent)
{
    airt_system      *system = bench_open(run);
    airt_ref          top = AIRT_NONE;
    double            before = bench_resident_bytes();
    airt_child_counts counts = { 0 };
    int64_t           start_ns = bench_now_ns(), up_ns;

    (void)from_parent;
    (void)to_parent;
    if (system == NULL ||
        !bench_status(run, "supervise",
                      airt_supervise(system, &top, AIRT_CHILDREN(AIRT_CHILD(child_idler, .count = run->actors)))))
        return;
    up_ns = bench_now_ns();
    run->found.value[0] = (bench_resident_bytes() - before) / (double)run->actors;
    run->found.value[1] = (double)(up_ns - start_ns) / (double)run->actors;
    (void)bench_status(run, "count", airt_supervisor_count(system, top, AIRT_SECONDS(60), &counts));
    run->found.check = counts.active;
    (void)bench_equal(run, "active children", counts.active, run->actors);
    start_ns = bench_now_ns();
    (void)bench_status(run, "stop", airt_system_stop(&system, AIRT_SECONDS(600)));
    run->found.value[2] = (double)(bench_now_ns() - start_ns) / (double)run->actors;
}

static bool weigh(bench_run *run, uint32_t actors, void (*body)(bench_run *run, int from_parent, int to_parent),
                  bench_run *out)
{
    bench_child child;

    *out = *run;
    out->actors = actors;
    if (bench_child_start(out, body, &child))
        bench_child_end(out, &child);
    if (out->found.failure[0] == '\0')
        return true;
    return bench_fail(run, "%s", out->found.failure);
}

static void children_run(bench_run *run)
{
    static bench_run without, with, tenth;

    if (!weigh(run, run->actors, plain, &without) || !weigh(run, run->actors, supervised, &with) ||
        !weigh(run, run->actors / 10, supervised, &tenth))
        return;
    run->found.value[0] = with.found.value[0] - without.found.value[0];
    run->found.value[1] = with.found.value[1];
    run->found.value[2] = with.found.value[2];
    run->found.value[3] = with.found.value[1] / tenth.found.value[1];
    run->found.value[4] = with.found.value[2] / tenth.found.value[2];
    run->found.check = with.found.check;
}

const bench_workload bench_children = {
    .name = "children",
    .what =
        "--actors children of one supervisor: what supervision adds to each; and against a tenth of them, where 1 is "
        "linear",
    .figure = { { "child_added", "bytes" },
                { "child_start", "ns" },
                { "child_stop", "ns" },
                { "child_start_growth", "ratio" },
                { "child_stop_growth", "ratio" } },
    .count = 1,
    .small = 1,
    .actors = 100000,
    .small_actors = 1000,
    .real_only = "it measures a process",
    .run = children_run,
};
