// mutants: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
// SPDX-License-Identifier: MIT OR Apache-2.0
// src/core/mailbox.h, the mailbox word: push against take, idle, claim with a flag beside it, close, and reopen for a
// new tenant of the slot. Scheduling the owner is modelled as running it at once, on the thread that has to do it. Each
// suite is run with both ways to look: taking, and having what stays in the word.
#define MODEL_MAILBOX
#include "relacy_atomic.hpp"

#include "core/mailbox.h"

struct message {
    airi_link         link;
    rl::var<unsigned> generation; // plain body
    rl::var<unsigned> ended;      // how often it was handled or dead-lettered
};

struct actor {
    airi_mail            mail;
    rl::atomic<unsigned> flag;    // stop request, set relaxed: the word alone must order it
    rl::var<unsigned>    handled; // the actor's own state: a race here is two owners, or a missing hand-over
    rl::var<unsigned>    stopped; // flag seen
    rl::var<unsigned>    queued;  // the run queue's link: whoever schedules the actor writes it, before any take
    rl::var<uint64_t>    had;     // in place: see airi_mail_more
};

static message *message_of(airi_link *link)
{
    return (message *)(void *)((char *)link - offsetof(message, link));
}

static void actor_init(actor *a)
{
    airi_mail_init(&a->mail);
    a->flag($).store(0, rl::mo_relaxed);
    VAR(a->handled) = 0;
    VAR(a->stopped) = 0;
    VAR(a->queued) = 1;
    VAR(a->had) = 0;
    airi_mail_open(&a->mail);
}

static unsigned handle_all(actor *a, airi_link *link)
{
    unsigned count = 0;

    for (; link != NULL; link = airi_link_next(link), count++) {
        RL_ASSERT(VAR(message_of(link)->ended) == 0);
        VAR(message_of(link)->ended) = 1;
    }
    VAR(a->handled) = VAR(a->handled) + count;
    return count;
}

static void schedule(actor *a)
{
    RL_ASSERT(VAR(a->queued) == 0);
    VAR(a->queued) = 1;
}

// What was had may be used again from here on: whoever still looks at it races with this.
static void freed(uint64_t had)
{
    if (had != 0)
        airi_link_set_next(airi_mail_link_at(had), NULL);
}

static airi_link *look(actor *a, bool in_place)
{
    uint64_t   had = VAR(a->had);
    uint64_t   before = had;
    airi_link *list;

    if (!in_place)
        return airi_mail_take(&a->mail);
    if (!airi_mail_more(&a->mail, had))
        return NULL;
    list = airi_mail_had(&a->mail, &had);
    freed(before);
    VAR(a->had) = had;
    return list;
}

static bool go_idle(actor *a)
{
    uint64_t had = VAR(a->had);

    VAR(a->had) = 0;
    if (!airi_mail_idle(&a->mail, had)) {
        VAR(a->had) = had;
        return false;
    }
    freed(had);
    return true;
}

template <bool in_place> static void run_owner(actor *a)
{
    RL_ASSERT(VAR(a->queued) == 1);
    VAR(a->queued) = 0;
    for (;;) {
        handle_all(a, look(a, in_place));
        if (a->flag($).load(rl::mo_relaxed) != 0)
            VAR(a->stopped) = 1;
        bool stopped = VAR(a->stopped) != 0;
        if (!go_idle(a))
            continue;
        if (stopped || a->flag($).load(rl::mo_relaxed) == 0 || !airi_mail_claim(&a->mail))
            return;
    }
}

template <bool in_place> static void send_to(actor *a, message *m, unsigned generation)
{
    VAR(m->generation) = generation;
    VAR(m->ended) = 0;
    if (airi_mail_push(&a->mail, &m->link) == AIRI_PUSHED_WAKE) {
        schedule(a);
        run_owner<in_place>(a);
    }
}

// Two senders, two messages each, and the spawner that is the first owner.
template <bool in_place> struct senders : rl::test_suite<senders<in_place>, 3> {
    actor   a;
    message messages[4];

    void before()
    {
        actor_init(&a);
    }
    void thread(unsigned index)
    {
        if (index == 2) {
            run_owner<in_place>(&a);
            return;
        }
        for (unsigned i = 0; i < 2; i++)
            send_to<in_place>(&a, &messages[index * 2 + i], 1);
    }
    void after()
    {
        RL_ASSERT(VAR(a.handled) == 4);
        RL_ASSERT(airi_mail_is_idle(&a.mail));
    }
};

// One sender, one that sets the flag and claims.
template <bool in_place> struct flag : rl::test_suite<flag<in_place>, 3> {
    actor   a;
    message messages[2];

    void before()
    {
        actor_init(&a);
    }
    void thread(unsigned index)
    {
        if (index == 0) {
            send_to<in_place>(&a, &messages[0], 1);
        } else if (index == 1) {
            a.flag($).store(1, rl::mo_relaxed);
            if (airi_mail_claim(&a.mail)) {
                schedule(&a);
                run_owner<in_place>(&a);
            }
        } else {
            run_owner<in_place>(&a);
        }
    }
    void after()
    {
        RL_ASSERT(VAR(a.handled) == 1);
        RL_ASSERT(VAR(a.stopped) == 1); // no lost stop
        RL_ASSERT(airi_mail_is_idle(&a.mail));
    }
};

// Order of one sender's messages, taken in one or several goes.
template <bool in_place> struct order : rl::test_suite<order<in_place>, 2> {
    actor   a;
    message messages[3];
    int     next; // owner's ghost

    void before()
    {
        actor_init(&a);
        next = 0;
    }
    void check(airi_link *link)
    {
        for (; link != NULL; link = airi_link_next(link), next++)
            RL_ASSERT(message_of(link) == &messages[next]);
    }
    void thread(unsigned index)
    {
        if (index == 0) {
            for (int i = 0; i < 3; i++)
                RL_ASSERT(airi_mail_push(&a.mail, &messages[i].link) == AIRI_PUSHED);
        } else {
            for (int i = 0; i < 3; i++)
                check(look(&a, in_place));
        }
    }
    void after()
    {
        check(airi_mail_close(&a.mail, VAR(a.had)));
        RL_ASSERT(next == 3);
    }
};

// A message that was had leaves the word, by let_go or by idle, and is sent again, perhaps at once: nothing is lost,
// nothing is had twice.
struct again : rl::test_suite<again, 2> {
    actor                a;
    message              messages[2];
    rl::atomic<unsigned> home;  // how often the first message has come back
    unsigned             ended; // ghost

    void before()
    {
        actor_init(&a);
        home($).store(0, rl::mo_relaxed);
        ended = 0;
    }
    void run()
    {
        uint64_t had;

        do {
            airi_link *link = look(&a, true);

            for (; link != NULL; link = airi_link_next(link))
                ended++;
            had = VAR(a.had);
            if (had != 0 && airi_mail_link_at(had) == &messages[0].link) { // lent: it goes home
                if (MUTANT != 11)
                    airi_mail_let_go(&a.mail, &had);
                VAR(a.had) = had;
                airi_link_set_next(&messages[0].link, NULL);
                home($).fetch_add(1, rl::mo_release);
            }
        } while (!go_idle(&a));
    }
    void push(message *m)
    {
        if (airi_mail_push(&a.mail, &m->link) == AIRI_PUSHED_WAKE)
            run();
    }
    void thread(unsigned index)
    {
        if (index == 0) {
            run();
            return;
        }
        push(&messages[0]);
        push(&messages[1]);
        if (home($).load(rl::mo_acquire) == 1) { // else it is still out
            push(&messages[0]);
            ended -= 1;
        }
    }
    void after()
    {
        RL_ASSERT(ended == 2);
        RL_ASSERT(airi_mail_is_idle(&a.mail));
    }
};

// Send against stop and reuse: the owner of generation 1 closes, dead-letters, sets the slot up for generation 2 and
// opens. Senders with a ref to generation 1 push into whatever they find. A third thread asks generation 1 to stop,
// late. Every message is handled, dead-lettered (stopped, or gone: wrong generation) or refused, exactly once. Opened
// idle, generation 2 is run by whoever wakes it.
template <bool idle> struct reuse : rl::test_suite<reuse<idle>, 4> {
    airi_mail         mail;
    rl::var<unsigned> generation; // the tenant, set up by the spawner, the owner's
    rl::var<unsigned> handled, gone, stopped;
    message           messages[3];
    unsigned          refused; // ghost

    void before()
    {
        VAR(generation) = 1;
        VAR(handled) = 0;
        VAR(gone) = 0;
        VAR(stopped) = 0;
        refused = 0;
        airi_mail_init(&mail);
        airi_mail_open(&mail);
    }
    void end_one(airi_link *link)
    {
        RL_ASSERT(VAR(message_of(link)->ended) == 0);
        VAR(message_of(link)->ended) = 1;
    }
    void run()
    {
        do {
            for (airi_link *link = airi_mail_take(&mail); link != NULL; link = airi_link_next(link)) {
                end_one(link);
                if (VAR(message_of(link)->generation) == VAR(generation))
                    VAR(handled) = VAR(handled) + 1;
                else
                    VAR(gone) = VAR(gone) + 1;
            }
        } while (!airi_mail_idle(&mail, 0));
    }
    void stop_and_reuse()
    {
        for (airi_link *link = airi_mail_close(&mail, 0); link != NULL; link = airi_link_next(link)) {
            end_one(link);
            VAR(stopped) = VAR(stopped) + 1;
        }
        VAR(generation) = 2;
        if (idle) {
            airi_mail_open_idle(&mail);
            return;
        }
        airi_mail_open(&mail);
        run();
    }
    void push(message *m)
    {
        VAR(m->generation) = 1;
        VAR(m->ended) = 0;
        switch (airi_mail_push(&mail, &m->link)) {
        case AIRI_PUSHED:
            break;
        case AIRI_PUSHED_WAKE:
            run();
            break;
        case AIRI_PUSH_FULL:
        case AIRI_PUSH_CLOSED:
            end_one(&m->link); // still the sender's
            refused++;
            break;
        }
    }
    void thread(unsigned index)
    {
        if (index == 0) {
            stop_and_reuse(); // the first tenant runs and is about to end
        } else if (index == 1) {
            push(&messages[0]);
            push(&messages[1]);
        } else if (index == 2) {
            push(&messages[2]);
        } else if (airi_mail_claim(&mail)) {
            run(); // a late request finds the new tenant: woken for nothing, harmless
        }
    }
    void after()
    {
        RL_ASSERT(VAR(handled) + VAR(gone) + VAR(stopped) + refused == 3);
        RL_ASSERT(VAR(handled) == 0);
        RL_ASSERT(airi_mail_is_idle(&mail));
        for (int i = 0; i < 3; i++)
            RL_ASSERT(VAR(messages[i].ended) == 1);
    }
};

// An end without the lock against who looks under it: who finds the tenant living may use it until he lets go, and the
// owner frees it after that. Two look, and one answer comes late.
struct looked_at : rl::test_suite<looked_at, 4> {
    airi_mail         urgent;
    rl::atomic<bool>  ended;
    rl::mutex         lock;
    rl::var<unsigned> made; // by who looks: an extra, of a living tenant
    message           answer;
    unsigned          refused; // ghost

    void before()
    {
        ended($).store(false, rl::mo_relaxed);
        VAR(made) = 0;
        VAR(answer.ended) = 0;
        refused = 0;
        airi_mail_init(&urgent);
        airi_mail_open(&urgent);
    }
    void end()
    {
        airi_link *late;

        ended($).store(true, rl::mo_relaxed);
        if (!airi_mail_close_unnoticed(&urgent, &late)) {
            if (MUTANT != 15) { // else it does not wait for who looks
                lock.lock($);
                lock.unlock($);
            }
            late = airi_mail_close(&urgent, 0);
        }
        VAR(made) = 100; // freed: nobody uses it any more
        if (late != NULL)
            VAR(message_of(late)->ended) = 1;
    }
    void look()
    {
        lock.lock($);
        airi_mail_notice(&urgent);
        if (!ended($).load(rl::mo_relaxed)) // the word orders it
            VAR(made) = VAR(made) + 1;
        lock.unlock($);
    }
    void thread(unsigned index)
    {
        if (index == 0)
            end();
        else if (index == 3)
            refused = airi_mail_push(&urgent, &answer.link) == AIRI_PUSH_CLOSED;
        else
            look();
    }
    void after()
    {
        RL_ASSERT(VAR(made) == 100);
        RL_ASSERT(VAR(answer.ended) + refused == 1);
    }
};

int main()
{
    bool clean = model_run<senders<false>>("senders", 200000, 2);

    clean = model_run<senders<true>>("senders, in place", 200000, 2) && clean;
    clean = model_run<flag<false>>("flag", 200000, 3) && clean;
    clean = model_run<flag<true>>("flag, in place", 200000, 3) && clean;
    clean = model_run<order<false>>("order", 50000, 4) && clean;
    clean = model_run<order<true>>("order, in place", 50000, 4) && clean;
    clean = model_run<again>("again", 100000, 3) && clean;
    clean = model_run<reuse<false>>("reuse", 500000, 2) && clean;
    clean = model_run<reuse<true>>("reuse, idle", 500000, 2) && clean;
    clean = model_run<looked_at>("looked at", 500000, 2) && clean;
    return clean ? 0 : 1;
}
