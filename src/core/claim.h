/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whose the actor is while its handler runs: the handler's, unless a killer takes it meanwhile. A dispatch pays no
 * locked instruction for that: a killer, which is rare, makes every thread pass a fence (`light`: the world can do so,
 * see fence_all in port.h; elsewhere the handler's side pays). Model-checked as it stands by test/relacy/claim.cpp.
 * Invariant: taken at most once for each enter, and then leave or settle says so. */
#ifndef AIRI_CORE_CLAIM_H
#define AIRI_CORE_CLAIM_H

#include "base/atomic.h"
#include "base/check.h"

#include <stdbool.h>
#include <stdint.h>

/* The orders of this header by the place they stand in; the model checker weakens one at a time, and must notice. */
#define AIRI_CLAIM_ENTER AIRI_RELEASE
#define AIRI_CLAIM_TAKE AIRI_SEQ_CST
#define AIRI_CLAIM_FENCE() airi_fence_light()
#define AIRI_CLAIM_EXCHANGE AIRI_SEQ_CST
#include AIRI_MODEL_MUTANT

#define AIRI_CLAIM_TAKEN 1ull /* no ref: its generation is 0 */

typedef struct airi_claim {
    AIRI_ATOMIC(uint64_t) running; /* the ref whose handler runs, or 0; its own thread writes */
    AIRI_ATOMIC(uint64_t) wanted;  /* 0; the ref a killer asks for; AIRI_CLAIM_TAKEN until airi_claim_end */
} airi_claim;

/* The owner, about to call the handler. Release: what it did to the actor; partner is the acquire in airi_claim_take. */
static inline void airi_claim_enter(airi_claim *claim, uint64_t who)
{
    airi_store(&claim->running, who, AIRI_CLAIM_ENTER);
}

/* The handler has returned. True: the actor is still its caller's. False: a killer asked; pass the actor's lock, which
 * a killer of this actor holds, and ask airi_claim_taken.
 * Either the killer, after its fence, sees that the handler has left; or the fence came before that, and the look at
 * `wanted` comes after it. Release: a killer that sees the handler gone touches nothing of the actor's. */
static inline bool airi_claim_leave(airi_claim *claim, bool light)
{
    if (!light) {
        (void)airi_exchange(&claim->running, (uint64_t)0, AIRI_CLAIM_EXCHANGE);
        return airi_load(&claim->wanted, AIRI_SEQ_CST) == 0;
    }
    airi_store(&claim->running, (uint64_t)0, AIRI_RELEASE);
    AIRI_CLAIM_FENCE();
    return airi_load(&claim->wanted, AIRI_RELAXED) == 0; /* relaxed: the fence orders it */
}

/* Relaxed: a glance; what must not race with a killer looks again under the actor's lock, under which it is written. */
static inline bool airi_claim_taken(airi_claim *claim)
{
    return airi_load(&claim->wanted, AIRI_RELAXED) == AIRI_CLAIM_TAKEN;
}

/* A killer, under the actor's lock and the system's kill_lock, asks for the actor `who` (step 1), makes all threads pass
 * a fence (step 2), and learns whether it has taken it from its handler (step 3). Step 1 false: no handler to take it
 * from. Only one killer at a time asks. */
static inline bool airi_claim_ask(airi_claim *claim, uint64_t who)
{
    /* Step 3 decides. Acquire: partner is airi_claim_enter, and with it the airi_claim_end before it; what an earlier
     * killer took is either over by then, or still runs, and is not `who`. */
    if (airi_load(&claim->running, AIRI_ACQUIRE) != who)
        return false;
    airi_store(&claim->wanted, who, AIRI_SEQ_CST); /* partner: the look in airi_claim_leave */
    return true;
}
static inline bool airi_claim_take(airi_claim *claim, uint64_t who)
{
    /* Sequentially consistent: partner is the exchange in airi_claim_leave. Acquire: partner is airi_claim_enter. */
    bool taken = airi_load(&claim->running, AIRI_CLAIM_TAKE) == who;

    airi_store(&claim->wanted, (uint64_t)(taken ? AIRI_CLAIM_TAKEN : 0),
               AIRI_RELAXED); /* relaxed: under the actor's lock */
    return taken;
}

/* The handler's loop, after it has learnt that the actor was taken and has cleaned up: the activation is free again. */
static inline void airi_claim_end(airi_claim *claim)
{
    airi_store(&claim->wanted, (uint64_t)0, AIRI_RELAXED); /* airi_claim_enter publishes it */
}

#endif
