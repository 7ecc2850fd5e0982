// mutants: 1 2 3
// SPDX-License-Identifier: MIT OR Apache-2.0
// src/base/mutex.h and mutex.c over a model of the futex: mutual exclusion with what it guards, and no sleeper is
// forgotten (the checker reports a deadlock when all threads sleep).
#define MODEL_MUTEX
#define AIRI_MUTEX_SPINS 1
#include "relacy_atomic.hpp"

#include "base/mutex.c"

// Compare and sleep are one step: no switch of threads happens between the two, and a read-modify-write sees the
// newest value, as the kernel does. Spurious returns are tried too.
void airi_mutex_wait(rl::atomic<uint32_t> *word, uint32_t expected)
{
    if (word->fetch_add(0, rl::mo_relaxed, $) == expected)
        (void)word->wait(rl::ctx(), false, true, $);
}

void airi_mutex_wake(rl::atomic<uint32_t> *word)
{
    (void)word->wake(rl::ctx(), 1, $);
}

struct counting : rl::test_suite<counting, 3> {
    airi_mutex        mutex;
    rl::var<unsigned> count; // plain

    void before()
    {
        airi_mutex_init(&mutex);
        VAR(count) = 0;
    }
    void thread(unsigned)
    {
        for (int i = 0; i < 2; i++) {
            airi_mutex_lock(&mutex);
            VAR(count) = VAR(count) + 1;
            airi_mutex_unlock(&mutex);
        }
    }
    void after()
    {
        RL_ASSERT(VAR(count) == 6);
        RL_ASSERT(airi_load(&mutex.word, AIRI_RELAXED) == AIRI_MUTEX_FREE);
    }
};

int main()
{
    return model_run<counting>("counting", 100000, 2) ? 0 : 1;
}
