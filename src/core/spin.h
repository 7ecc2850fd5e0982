/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How long a thread looks before it sleeps. Being woken costs tens of microseconds where a sleeping processor has to be
 * called, and whoever waits for the sleeper's answer pays it again; looking for as long as that costs at most twice of
 * what the better choice would have. Whether it pays is learnt from how long the last waits were: after some long ones
 * nobody looks at all. */
#ifndef AIRI_CORE_SPIN_H
#define AIRI_CORE_SPIN_H

#include "base/atomic.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct airi_spin {
    AIRI_ATOMIC(int64_t) span_ns; /* of the next look. Relaxed: nothing follows from it but how long one looks, and the
                                   * threads outside, which share one, may lose each other's lessons */
} airi_spin;

enum {
    AIRI_SPIN_SPAN_LEAST_NS = 2000,
    AIRI_SPIN_LOOKS = 16 /* between two readings of the clock */
};

static inline void airi_spin_init(airi_spin *spin, int64_t span_ns)
{
    airi_store(&spin->span_ns, span_ns, AIRI_RELAXED); /* see the field */
}

static inline int64_t airi_spin_span_ns(airi_spin *spin)
{
    return airi_load(&spin->span_ns, AIRI_RELAXED); /* see the field */
}

/* A wait is over, looked through or slept through. span_ns: the longest look. */
static inline void airi_spin_learn(airi_spin *spin, int64_t waited_ns, int64_t span_ns)
{
    int64_t half = airi_spin_span_ns(spin) / 2;

    if (waited_ns <= span_ns)
        half = span_ns;
    airi_store(&spin->span_ns, half < AIRI_SPIN_SPAN_LEAST_NS ? 0 : half, AIRI_RELAXED); /* see the field */
}

#endif
