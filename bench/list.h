/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every workload and the group it belongs to: X(group, name), where bench_name is defined. `all` runs them in this
 * order. */
#ifndef BENCH_LIST_H
#define BENCH_LIST_H

#include "harness.h"
#include "savina/list.h"

#define BENCH_BASICS(X)                                                                                                \
    X(floor)                                                                                                           \
    X(pingpong_apart)                                                                                                  \
    X(fanin)                                                                                                           \
    X(fanin_unbounded)                                                                                                 \
    X(ring10k)                                                                                                         \
    X(spawn)                                                                                                           \
    X(ask)                                                                                                             \
    X(timers)                                                                                                          \
    X(memory)                                                                                                          \
    X(idle)                                                                                                            \
    X(restart)                                                                                                         \
    X(restart_fault)                                                                                                   \
    X(children)                                                                                                        \
    X(burst)                                                                                                           \
    X(fairness)

#define BENCH_DECLARE(name) extern const bench_workload bench_##name;
BENCH_BASICS(BENCH_DECLARE)
SAVINA_LIST(BENCH_DECLARE)
#undef BENCH_DECLARE

#endif
