/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The programs of the Savina suite in its order and its three groups, one name a line: X(name) is the workload
 * bench_name of the file name.c (ring100: ring.c; counting_unbounded: counting.c). */
#ifndef BENCH_SAVINA_LIST_H
#define BENCH_SAVINA_LIST_H

/* What a message and an actor cost. */
#define SAVINA_MICRO(X)                                                                                                \
    X(pingpong)                                                                                                        \
    X(counting)                                                                                                        \
    X(counting_unbounded)                                                                                              \
    X(forkjoin)                                                                                                        \
    X(forkcreate)                                                                                                      \
    X(ring100)                                                                                                         \
    X(chameneos)                                                                                                       \
    X(big)

/* Actors that must agree: who may do what, when. */
#define SAVINA_CONCURRENCY(X)                                                                                          \
    X(dictionary)                                                                                                      \
    X(sortedlist)                                                                                                      \
    X(buffer)                                                                                                          \
    X(philosophers)                                                                                                    \
    X(barber)                                                                                                          \
    X(smokers)                                                                                                         \
    X(logistic)                                                                                                        \
    X(bank)

/* Actors that divide work. */
#define SAVINA_PARALLELISM(X)                                                                                          \
    X(radixsort)                                                                                                       \
    X(filterbank)                                                                                                      \
    X(sieve)                                                                                                           \
    X(cobweb)                                                                                                          \
    X(facility)                                                                                                        \
    X(trapezoid)                                                                                                       \
    X(pi)                                                                                                              \
    X(matrix)                                                                                                          \
    X(quicksort)                                                                                                       \
    X(paths)                                                                                                           \
    X(relaxation)                                                                                                      \
    X(astar)                                                                                                           \
    X(queens)                                                                                                          \
    X(fibonacci)                                                                                                       \
    X(fibonacci_all)                                                                                                   \
    X(bitonic)

#define SAVINA_LIST(X) SAVINA_MICRO(X) SAVINA_CONCURRENCY(X) SAVINA_PARALLELISM(X)

#endif
