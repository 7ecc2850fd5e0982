/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Relacy's types in place of C11 atomics, so that the production headers are what is checked. Include first; then
 * include the header under test, which includes mutants.hpp behind its orders when MUTANT is set; model_run the suites.
 * Plain data that must be ordered by the code under test is rl::var: an unordered access is reported as a race. */
#ifndef AIRT_TEST_RELACY_ATOMIC_HPP
#define AIRT_TEST_RELACY_ATOMIC_HPP

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <relacy/relacy.hpp>

#define AIRI_MODEL_CHECK
#define AIRI_MODEL_ASSERT(cond) RL_ASSERT(cond)
#ifdef MUTANT
#define AIRI_MODEL_MUTANT "mutants.hpp"
#else
#define MUTANT 0
#endif

#define AIRI_ATOMIC(type) rl::atomic<type>
#define AIRI_RELAXED rl::mo_relaxed
#define AIRI_ACQUIRE rl::mo_acquire
#define AIRI_RELEASE rl::mo_release
#define AIRI_ACQ_REL rl::mo_acq_rel
#define AIRI_SEQ_CST rl::mo_seq_cst
#define airi_load(object, order) ((object)->load((order), RL_INFO))
#define airi_store(object, value, order) ((object)->store((value), (order), RL_INFO))
#define airi_exchange(object, value, order) ((object)->exchange((value), (order), RL_INFO))
#define airi_cas(object, expected, desired, success, failure)                                                          \
    ((object)->compare_exchange_strong(*(expected), (desired), (success), RL_INFO, (failure), RL_INFO))
#define airi_cas_weak(object, expected, desired, success, failure)                                                     \
    ((object)->compare_exchange_weak(*(expected), (desired), (success), RL_INFO, (failure), RL_INFO))
#define airi_fetch_add(object, value, order) ((object)->fetch_add((value), (order), RL_INFO))
#define airi_fence_light() rl::atomic_thread_fence(rl::mo_seq_cst, RL_INFO) /* its other side is one too */
#define airi_fetch_or(object, value, order) ((object)->fetch_or((value), (order), RL_INFO))
#define airi_fetch_and(object, value, order) ((object)->fetch_and((value), (order), RL_INFO))
#define airi_fetch_sub(object, value, order) ((object)->fetch_sub((value), (order), RL_INFO))

/* The plain link of a message, with race detection. */
struct alignas(16) airi_link {
    rl::var<airi_link *> next;
};
#define airi_link_next(link) ((airi_link *)(link)->next(RL_INFO))
#define airi_link_set_next(link, value) ((void)((link)->next(RL_INFO) = (value)))

/* One suite: `random` executions by chance (they find a mutant fast), then, unless switches is 0, every execution with
 * up to that many forced context switches; keep it for suites in which those are few. True: nothing found. */
template <typename suite> static bool model_run(const char *name, unsigned long random, unsigned switches)
{
    rl::test_params params;
    bool            clean;

    params.search_type = rl::random_scheduler_type;
    params.iteration_count = random;
    params.progress_stream = &std::cerr;
    params.output_stream = &std::cerr;
    params.progress_output_period = 1000000000;
    clean = rl::simulate<suite>(params);
    if (clean && switches > 0) {
        params.search_type = rl::fair_context_bound_scheduler_type;
        params.context_bound = switches;
        clean = rl::simulate<suite>(params);
    }
    printf("%s: %s, %lu executions\n", name, clean ? "clean" : "REFUTED", (unsigned long)params.stop_iteration);
    return clean;
}

#endif
