// mutants: 1 2 3 4 5 6 7
// SPDX-License-Identifier: MIT OR Apache-2.0
// src/core/locality.h: each item is had by exactly one worker, with what it points to and its number, while a watch opens the
// slot of an owner that it sees inside a handler, and that works on what it has put there.
#define MODEL_LOCALITY
#include "relacy_atomic.hpp"

#include "core/locality.h"

struct item {
    rl::var<unsigned>
        body; // plain: written by the owner, read by whoever has the item; what it exceeds 77 by is its number
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
    // Where it would be if the checker could place it: items are 64-aligned.
    static void *name(unsigned number)
    {
        return (void *)((uintptr_t)(number + 1) * 64);
    }
    item *at(void *named)
    {
        return &items[(uintptr_t)named / 64 - 1];
    }
    void have(uintptr_t got)
    {
        item *it;

        if (got == 0)
            return;
        it = at(airi_locality_item(got));
        RL_ASSERT(VAR(it->body) == 77 + airi_locality_places(got));
        RL_ASSERT(VAR(it->had) == 0);
        VAR(it->had) = 1;
    }
    void work_on(void *named)
    {
        item    *it = at(named);
        uint32_t number;

        if (!airi_locality_hold(&slot, named, &number))
            return;
        RL_ASSERT(VAR(it->body) == 77 + number);
        VAR(it->body) = 77 + number + 1;
        airi_locality_let_go(&slot, named, number + 1);
    }
    void handler(unsigned number)
    {
        airi_store(&running, number + 1, AIRI_RELEASE);
        VAR(items[number].body) = 77;
        if (!airi_locality_put(&slot, name(number)))
            have((uintptr_t)name(number));
        for (int i = 0; i < 2; i++)
            work_on(name(number));
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
        if (airi_load(&running, AIRI_SEQ_CST) == seen && (MUTANT == 7 || !airi_locality_is_held(&slot)))
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
