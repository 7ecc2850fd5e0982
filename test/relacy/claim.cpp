// mutants: 1 2 3
// SPDX-License-Identifier: MIT OR Apache-2.0
// src/core/claim.h: an actor is its handler's loop's or its killer's, never both's; what the loser did comes before.
// One activation runs actor 1 twice and then actor 2, each of which has a killer; with the fence for all, and without.
#define MODEL_CLAIM
#include "relacy_atomic.hpp"

#include "core/claim.h"

template <bool light> struct killing : rl::test_suite<killing<light>, 3> {
    airi_claim      claim;
    rl::mutex       lock[3]; // of actors 1 and 2
    rl::mutex       kill_lock;
    rl::var<int>    owned[3]; // plain: the owner's
    rl::atomic<int> taken[3];

    void before()
    {
        airi_store(&claim.running, (uint64_t)0, AIRI_RELAXED);
        airi_store(&claim.wanted, (uint64_t)0, AIRI_RELAXED);
        for (int who = 1; who <= 2; who++) {
            VAR(owned[who]) = 0;
            airi_store(&taken[who], 0, AIRI_RELAXED);
        }
    }
    // As airi_dispatch_by; true: the actor is still ours.
    bool dispatch(unsigned who)
    {
        VAR(owned[who]) = VAR(owned[who]) + 1;
        airi_claim_enter(&claim, who + 1); // refs of a generation are no 1
        if (airi_claim_leave(&claim, light))
            return true;
        lock[who].lock($);
        lock[who].unlock($);
        if (!airi_claim_taken(&claim))
            return true;
        RL_ASSERT(VAR(owned[who]) == 100); // handed over
        airi_claim_end(&claim);
        return false;
    }
    void kill(unsigned who)
    {
        lock[who].lock($);
        kill_lock.lock($);
        bool got = false;
        if (airi_claim_ask(&claim, who + 1)) {
            if (light)
                rl::atomic_thread_fence(rl::mo_seq_cst, $);
            got = airi_claim_take(&claim, who + 1);
        }
        kill_lock.unlock($);
        if (got) {
            RL_ASSERT(VAR(owned[who]) >= 1);
            VAR(owned[who]) = 100;
            airi_store(&taken[who], 1, AIRI_RELAXED);
        }
        lock[who].unlock($);
    }
    void thread(unsigned index)
    {
        if (index != 0) {
            kill(index);
            return;
        }
        if (dispatch(1)) {
            VAR(owned[1]) = VAR(owned[1]) + 1;
            (void)dispatch(1);
        }
        if (dispatch(2))
            VAR(owned[2]) = VAR(owned[2]) + 1;
    }
    void after()
    {
        for (int who = 1; who <= 2; who++)
            RL_ASSERT((VAR(owned[who]) == 100) == (airi_load(&taken[who], AIRI_RELAXED) == 1));
        RL_ASSERT(!airi_claim_taken(&claim));
    }
};

int main()
{
    bool clean = model_run<killing<true>>("killing with a fence for all", 200000, 2);

    return model_run<killing<false>>("killing", 200000, 2) && clean ? 0 : 1;
}
