// mutants: 1 2 3
// SPDX-License-Identifier: MIT OR Apache-2.0
// src/core/runq.h: each item is had by exactly one worker, with what it points to; push, pop, drain and steal.
#define MODEL_RUNQ
#define AIRI_RUNQ_MAX 4u
#include "relacy_atomic.hpp"

#include "core/runq.h"

struct item {
    rl::var<unsigned> body; // plain: written by the pusher, read by whoever has the item
    rl::var<unsigned> had;
};

struct workers : rl::test_suite<workers, 3> {
    static const unsigned total = 5;

    airi_runq queues[3];
    item      items[total];

    void before()
    {
        for (int i = 0; i < 3; i++)
            airi_runq_init(&queues[i]);
        for (unsigned i = 0; i < total; i++)
            VAR(items[i].had) = 0;
    }
    void have(void *got)
    {
        item *it = (item *)got;

        RL_ASSERT(VAR(it->body) == 77);
        RL_ASSERT(VAR(it->had) == 0);
        VAR(it->had) = 1;
    }
    bool pop(unsigned index)
    {
        void *got = airi_runq_pop(&queues[index]);

        if (got != NULL)
            have(got);
        return got != NULL;
    }
    void push(unsigned number)
    {
        void *out[AIRI_RUNQ_MAX];

        VAR(items[number].body) = 77;
        if (airi_runq_push(&queues[0], &items[number]))
            return;
        for (uint32_t i = airi_runq_drain_half(&queues[0], out, AIRI_RUNQ_MAX); i-- > 0;)
            have(out[i]);
        RL_ASSERT(airi_runq_push(&queues[0], &items[number]));
    }
    void thread(unsigned index)
    {
        if (index == 0) {
            push(0);
            push(1);
            pop(0);
            for (unsigned i = 2; i < total; i++)
                push(i);
            pop(0);
        } else {
            // The second thief also steals from the first.
            (void)airi_runq_steal(&queues[0], &queues[index], AIRI_RUNQ_MAX);
            pop(index);
            if (index == 2)
                (void)airi_runq_steal(&queues[1], &queues[2], 1);
        }
    }
    void after()
    {
        for (unsigned i = 0; i < 3; i++)
            while (pop(i))
                ;
        for (unsigned i = 0; i < total; i++)
            RL_ASSERT(VAR(items[i].had) == 1);
    }
};

int main()
{
    return model_run<workers>("workers", 100000, 2) ? 0 : 1;
}
