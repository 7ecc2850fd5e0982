// mutants: 1 2 3 4 5
// SPDX-License-Identifier: MIT OR Apache-2.0
// src/core/mailbox.h, airi_room: the bound is never exceeded, no place is refused that is known to be free, and a
// waiting sender and the owner never miss each other.
#define MODEL_ROOM
#include "relacy_atomic.hpp"

#include "core/mailbox.h"

// As tell.c does: one try, and then for good.
static airi_mail_pushed push_within(airi_mail *mail, airi_room *room, uint32_t max, airi_link *link)
{
    airi_mail_pushed how = airi_mail_try_push(mail, room, max, link);

    return how <= AIRI_PUSHED_WAKE ? how : airi_mail_push_within(mail, room, max, link);
}

// What is accepted and not begun, kept by the test: changed in the same step as the atomic that decides, since the
// checker switches threads only before atomic operations.
struct ghost_room {
    airi_mail mail;
    airi_room room;
    int       used;
    int       max;

    void init(int bound, unsigned start)
    {
        airi_store(&mail.word, (uint64_t)start << AIRI_MAIL_COUNT_SHIFT, AIRI_RELAXED);
        airi_store(&room.begun, start, AIRI_RELAXED);
        used = 0;
        max = bound;
    }
    bool take()
    {
        // Mutant 5: a bound that is off by one.
        if (!airi_room_take(&mail, &room, (uint32_t)max + (MUTANT == 5)))
            return false;
        used++;
        RL_ASSERT(used <= max);
        return true;
    }
    bool push(airi_link *link)
    {
        if (push_within(&mail, &room, (uint32_t)max + (MUTANT == 5), link) == AIRI_PUSH_FULL)
            return false;
        used++;
        RL_ASSERT(used <= max);
        return true;
    }
    bool set_aside(int count)
    {
        if (!airi_room_set_aside(&mail, &room, (uint32_t)max, (uint32_t)count))
            return false;
        used += count;
        RL_ASSERT(used <= max);
        return true;
    }
    void give_back(int count)
    {
        airi_room_give_back(&room, (uint32_t)count);
        used -= count;
        RL_ASSERT(used >= 0);
    }
    void begin()
    {
        airi_room_begin(&room);
        used--;
        RL_ASSERT(used >= 0);
    }
};

// Three senders for two places; the owner begins what it gets through the mailbox word.
struct bound : rl::test_suite<bound, 4> {
    ghost_room g;
    airi_link  links[6];
    int        accepted, begun;

    void before()
    {
        g.init(2, AIRI_MAIL_COUNT_MASK); // over the wrap
        accepted = begun = 0;
    }
    void begin_all(airi_link *link)
    {
        for (; link != NULL; link = airi_link_next(link)) {
            g.begin();
            begun++;
        }
    }
    void thread(unsigned index)
    {
        if (index == 3) {
            for (int i = 0; i < 3; i++)
                begin_all(airi_mail_take(&g.mail));
            return;
        }
        for (unsigned i = 0; i < 2; i++)
            if (g.push(&links[index * 2 + i]))
                accepted++;
    }
    void after()
    {
        begin_all(airi_mail_close(&g.mail, 0));
        RL_ASSERT(begun == accepted);
        RL_ASSERT(g.used == 0);
        RL_ASSERT(airi_room_used(&g.mail, &g.room) == 0);
    }
};

// Two senders push while the owner's right is used to set places aside, which it then begins or gives back.
struct aside : rl::test_suite<aside, 3> {
    ghost_room g;
    airi_link  links[4];

    void before()
    {
        g.init(3, AIRI_MAIL_COUNT_MASK);
    }
    void thread(unsigned index)
    {
        if (index != 2) {
            for (unsigned i = 0; i < 2; i++)
                (void)g.push(&links[index * 2 + i]);
            return;
        }
        for (int i = 0; i < 2; i++)
            if (g.set_aside(2)) {
                g.begin();
                g.give_back(1);
            }
    }
    void after()
    {
        for (airi_link *link = airi_mail_close(&g.mail, 0); link != NULL; link = airi_link_next(link))
            g.begin();
        RL_ASSERT(g.used == 0);
        RL_ASSERT(airi_room_used(&g.mail, &g.room) == 0);
    }
};

// The owner takes, begins and closes while senders that may be behind push: what is closed stays closed, and every message
// that was accepted is had.
struct closing : rl::test_suite<closing, 3> {
    ghost_room g;
    airi_link  links[6];
    int        accepted, had;

    void before()
    {
        g.init(2, AIRI_MAIL_COUNT_MASK);
        accepted = had = 0;
    }
    void have(airi_link *link)
    {
        for (; link != NULL; link = airi_link_next(link), had++)
            airi_room_begin(&g.room);
    }
    void thread(unsigned index)
    {
        if (index == 2) {
            have(airi_mail_take(&g.mail));
            have(airi_mail_take(&g.mail));
            have(airi_mail_close(&g.mail, 0));
            return;
        }
        for (unsigned i = 0; i < 3; i++)
            if (push_within(&g.mail, &g.room, 2, &links[index * 3 + i]) <= AIRI_PUSHED_WAKE)
                accepted++;
    }
    void after()
    {
        RL_ASSERT(airi_mail_closed(&g.mail));
        RL_ASSERT(had == accepted);
    }
};

// One sender goes round and round and always knows that its last message was begun; another one takes a single place.
// There are two places, so neither may ever be refused.
struct exact : rl::test_suite<exact, 3> {
    ghost_room           g;
    rl::atomic<unsigned> sent, begun;

    void before()
    {
        g.init(2, AIRI_MAIL_COUNT_MASK - 1);
        sent($).store(0, rl::mo_relaxed);
        begun($).store(0, rl::mo_relaxed);
    }
    void thread(unsigned index)
    {
        if (index == 0) {
            for (unsigned i = 1; i <= 3; i++) {
                RL_ASSERT(g.take());
                sent($).store(i, rl::mo_release);
                for (rl::linear_backoff backoff; begun($).load(rl::mo_acquire) != i;)
                    backoff.yield($);
            }
        } else if (index == 1) {
            for (unsigned i = 1; i <= 3; i++) {
                for (rl::linear_backoff backoff; sent($).load(rl::mo_acquire) != i;)
                    backoff.yield($);
                g.begin();
                begun($).store(i, rl::mo_release);
            }
        } else {
            RL_ASSERT(g.take());
        }
    }
};

// A waiting sender announces itself and tries again; the owner begins and then looks for waiting senders, or goes idle
// and looks again.
template <bool idle> struct waiting : rl::test_suite<waiting<idle>, 2> {
    ghost_room g;
    bool       asleep, woken; // ghosts

    void before()
    {
        g.init(1, 7);
        asleep = woken = false;
        RL_ASSERT(g.take());
    }
    void thread(unsigned index)
    {
        if (index == 0) {
            (void)airi_mail_want(&g.mail);
            if (!g.take())
                asleep = true;
        } else {
            g.begin();
            if (idle)
                woken = !airi_mail_idle(&g.mail, 0) || airi_mail_wanted(&g.mail);
            else
                woken = airi_mail_look(&g.mail);
        }
    }
    void after()
    {
        RL_ASSERT(!asleep || woken); // no lost wake
    }
};

int main()
{
    bool clean = model_run<bound>("bound", 300000, 0);

    clean = model_run<aside>("places set aside", 300000, 0) && clean;
    clean = model_run<closing>("closing", 300000, 0) && clean;
    clean = model_run<exact>("exact", 300000, 0) && clean;
    clean = model_run<waiting<false>>("waiting", 20000, 4) && clean;
    clean = model_run<waiting<true>>("waiting for one that goes idle", 20000, 4) && clean;
    return clean ? 0 : 1;
}
