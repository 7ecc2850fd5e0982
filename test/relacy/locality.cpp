// mutants: 1 2 3 4
// SPDX-License-Identifier: MIT OR Apache-2.0
// src/core/locality.h: each item is had by exactly one worker, with what it points to, while a watch opens the slot of an
// owner that it sees inside a handler.
#define MODEL_LOCALITY
#include "relacy_atomic.hpp"

#include "core/locality.h"

struct item {
    rl::var<unsigned> body; // plain: written by the owner, read by whoever has the item
    rl::var<unsigned> had;
};

template <bool light> struct opening : rl::test_suite<opening<light>, 3> {
    airi_locality        slot;
    rl::atomic<unsigned> running; // as airi_worker_in and airi_worker_serial: which handler, 0 between
    item                 items[3];

    void before()
    {
        airi_locality_init(&slot, !light);
        airi_store(&running, 0u, AIRI_RELAXED);
        for (int i = 0; i < 3; i++)
            VAR(items[i].had) = 0;
    }
    void have(void *got)
    {
        item *it = (item *)got;

        if (it == NULL)
            return;
        RL_ASSERT(VAR(it->body) == 77);
        RL_ASSERT(VAR(it->had) == 0);
        VAR(it->had) = 1;
    }
    void handler(unsigned number)
    {
        airi_store(&running, number + 1, AIRI_RELEASE);
        VAR(items[number].body) = 77;
        if (!airi_locality_put(&slot, &items[number]))
            have(&items[number]);
        airi_store(&running, 0u, AIRI_RELAXED);
        AIRI_LOCALITY_FENCE();
    }
    void watch()
    {
        unsigned seen = airi_load(&running, AIRI_SEQ_CST);

        if (seen == 0)
            return;
        airi_locality_share(&slot);
        if (light)
            rl::atomic_thread_fence(rl::mo_seq_cst, $);
        if (airi_load(&running, AIRI_SEQ_CST) == seen)
            airi_locality_open(&slot);
    }
    void thread(unsigned index)
    {
        if (index == 1)
            watch();
        if (index == 2)
            for (int i = 0; i < 2; i++)
                have(airi_locality_steal(&slot));
        if (index != 0)
            return;
        for (unsigned i = 0; i < 3; i++) {
            handler(i);
            if (i != 1)
                have(airi_locality_take(&slot));
        }
    }
    void after()
    {
        have(airi_locality_take(&slot));
        for (int i = 0; i < 3; i++)
            RL_ASSERT(VAR(items[i].had) == 1);
    }
};

int main()
{
    bool clean = model_run<opening<true>>("opening with a fence for all", 200000, 2);

    return model_run<opening<false>>("opening", 200000, 2) && clean ? 0 : 1;
}
