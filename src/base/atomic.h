/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Atomics by macro, so that the model checker can compile the same lock-free headers as C++ with its own types.
 * Every use of an order weaker than AIRI_SEQ_CST names its partner where it stands. */
#ifndef AIRI_BASE_ATOMIC_H
#define AIRI_BASE_ATOMIC_H

#if defined(AIRI_MODEL_CHECK)
/* The including test defines AIRI_ATOMIC and the operations below before this header. */
#else
#include <stdatomic.h>
#define AIRI_ATOMIC(type) _Atomic(type)
#define AIRI_RELAXED memory_order_relaxed
#define AIRI_ACQUIRE memory_order_acquire
#define AIRI_RELEASE memory_order_release
#define AIRI_ACQ_REL memory_order_acq_rel
#define AIRI_SEQ_CST memory_order_seq_cst
#define airi_load(object, order) atomic_load_explicit((object), (order))
#define airi_store(object, value, order) atomic_store_explicit((object), (value), (order))
#define airi_exchange(object, value, order) atomic_exchange_explicit((object), (value), (order))
#define airi_cas(object, expected, desired, success, failure)                                                          \
    atomic_compare_exchange_strong_explicit((object), (expected), (desired), (success), (failure))
#define airi_cas_weak(object, expected, desired, success, failure)                                                     \
    atomic_compare_exchange_weak_explicit((object), (expected), (desired), (success), (failure))
#define airi_fetch_add(object, value, order) atomic_fetch_add_explicit((object), (value), (order))
#define airi_fetch_sub(object, value, order) atomic_fetch_sub_explicit((object), (value), (order))
#define airi_fetch_or(object, value, order) atomic_fetch_or_explicit((object), (value), (order))
#define airi_fetch_and(object, value, order) atomic_fetch_and_explicit((object), (value), (order))
/* The cheap side of an asymmetric fence: orders for the compiler only; the other side makes every processor that runs a
 * thread of this process pass a full one (fence_all in port.h). */
#define airi_fence_light() atomic_signal_fence(memory_order_seq_cst)
#endif

/* Counters written by one thread and read by others need no locked instruction.
 * Relaxed: a statistic, no other data is read on the strength of it. */
#define airi_count(object, value) airi_store((object), airi_load((object), AIRI_RELAXED) + (value), AIRI_RELAXED)

#endif
