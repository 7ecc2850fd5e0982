/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* cc: -DSAFETY -DMEMLIM=1500 */
/* pan: -m100000 -w24 */
/* mutants: NO_RECHECK NO_WAKE RECHECK_FIRST WORD_LATE KEEP_SEARCHING SEARCH_FOREVER NO_CHAIN FIND_ALONE STOP_ALONE STOP_LATE */
/*
 * How workers park and are woken; src/core/sched.c is written to this protocol.
 *
 * Shared, atomic:     word[w] (the futex), parked_count, searching, the queues' own indexes or counts.
 * Guarded by a lock:  is_parked[w], the list of parked workers; parked_count and searching change under it too.
 *
 * Push, by a worker or an outside thread:
 *   1. put the item into a queue that others can see (own ring, injection queue);
 *   2. read parked_count by a read-modify-write (it orders 1 before 3 against Park 2 and 3);
 *      0: done, whoever is awake looks at every queue before it sleeps;
 *   3. read searching; not 0: done, a worker that was woken is about to look, or one that has not parked yet is looking
 *      (and hands on, see Wake);
 *   4. under the lock take one worker off the list: is_parked = false, parked_count - 1, searching + 1;
 *      outside of it word = 1 and futex wake.
 * Look, by a worker that has found every queue empty, before it parks, unless searching is not 0:
 *   searching + 1, look at every queue any number of times, searching - 1. Pushers have left their items to it, in their
 *   step 3, up to this last step, found or not: so it parks only by Park 1 to 3, which look once more, and hands on as
 *   one that was woken.
 * Park, by a worker that has found every queue empty:
 *   1. word = 0, before anyone can choose it;
 *   2. under the lock: on the list, is_parked = true, parked_count + 1 (a read-modify-write, partner of Push 2);
 *   3. look at every queue again; only when all are empty, futex wait while word = 0 (may return for no reason);
 *   4. under the lock: still on the list? then off it, parked_count - 1; else a waker has chosen it: searching - 1,
 *      whether it slept or not.
 * Wake, by a worker that was chosen or has looked, with the first item it finds afterwards: read parked_count by a
 *   read-modify-write, and when a queue still shows an item, wake one more (Push 2 to 4), before handling. Pushers left
 *   these items to it in their step 3, and its handler may last.
 *
 * Checked: when nothing can move any more, every item was handled, exactly once, even when all workers but one are held
 * up in a handler for ever; every lock is free; parked_count and searching are what they should be. Memory order is not
 * checked here: Spin is sequentially consistent. The queues themselves are checked by test/relacy/runq.cpp. Three
 * workers were checked with two items (-DWORKERS=3 -DOUTSIDE=2 -DCHILDREN=0 -DSPURIOUS=0, and -DCOLLAPSE for the
 * checker: 92 million states, 4 GB); with children as well they need more than 20 GB.
 */
#ifndef WORKERS
#define WORKERS 2
#define OUTSIDE 2 /* items pushed from outside */
#define CHILDREN 1 /* items pushed by handlers */
#define SPURIOUS 1 /* returns of the futex for no reason */
#endif
#if CHILDREN > 0
#define QUEUES (WORKERS + 1) /* one a worker, and the injection queue */
#define INJECT WORKERS
#else
#define QUEUES 1
#define INJECT 0
#endif
#define NOBODY 255

byte queue[QUEUES];
byte handled;
byte pushed;
byte children = CHILDREN;
byte spurious = SPURIOUS;
byte held; /* workers in a handler that never returns */

bool word[WORKERS];
bool is_parked[WORKERS];
byte parked_count;
byte searching;
bool locked;

inline lock()
{
    atomic { !locked -> locked = true }
}

inline unlock()
{
    locked = false
}

inline choose_parked()
{
    d_step {
        chosen = NOBODY;
        i = 0;
        do
        :: i < WORKERS && is_parked[i] -> chosen = i; break
        :: i < WORKERS && !is_parked[i] -> i++
        :: i >= WORKERS -> break
        od;
        i = 0
    }
}

inline wake_one()
{
#ifndef NO_WAKE
    if
    :: parked_count == 0 -> skip
    :: else ->
        if
        :: searching != 0 -> skip
        :: else ->
            lock();
            choose_parked();
            if
            :: chosen != NOBODY ->
                is_parked[chosen] = false;
                parked_count--;
                searching++
            :: else -> skip
            fi;
            unlock();
            if
            :: chosen != NOBODY -> word[chosen] = true; chosen = NOBODY
            :: else -> skip
            fi
        fi
    fi
#else
    skip
#endif
}

inline push(q)
{
    atomic { queue[q]++; pushed++ };
    wake_one()
}

/* Each queue is a step of its own: pushes come in between. */
inline look()
{
    d_step { seen = false; i = 0 };
    do
    :: atomic { i < QUEUES && !seen -> seen = queue[i] > 0; i++ }
    :: atomic { else -> i = 0; break }
    od
}

inline take()
{
    d_step { found = false; i = 0 };
    do
    :: atomic {
            i < QUEUES && !found ->
            if
            :: queue[(me + i) % QUEUES] > 0 -> queue[(me + i) % QUEUES]--; found = true
            :: else -> skip
            fi;
            i++
        }
    :: atomic { else -> i = 0; break }
    od
}

inline announce()
{
#ifndef WORD_LATE
    word[me] = false;
#endif
    lock();
    d_step { is_parked[me] = true; parked_count++ };
    unlock();
#ifdef WORD_LATE
    word[me] = false;
#endif
}

inline withdraw()
{
    lock();
    if
    :: is_parked[me] ->
        is_parked[me] = false;
        parked_count--
    :: else ->
#ifdef KEEP_SEARCHING
        if
        :: seen -> skip /* it never slept, and thinks that nobody chose it */
        :: else -> searching--
        fi;
#elif !defined(SEARCH_FOREVER)
        searching--;
#endif
        woken = true
    fi;
    unlock()
}

/* How long it looks is time, which is not modelled: not at all, once, often. Reading searching and counting itself are
 * two steps, so several may look. */
inline look_for_a_while()
{
    seen = false;
    if
    :: searching != 0 -> skip
    :: searching == 0 ->
        searching++;
        do
        :: !seen -> look()
        :: break
        od;
#ifdef STOP_LATE
        late = true;
#else
        searching--;
#endif
#ifdef FIND_ALONE
        woken = woken || !seen
#elif defined(STOP_ALONE)
        woken = woken || seen
#else
        woken = true
#endif
    :: true -> skip
    fi
}

/* What STOP_LATE puts off: it counts as searching although its last look is over. */
inline stop_late()
{
#ifdef STOP_LATE
    if
    :: late -> late = false; searching--
    :: else -> skip
    fi
#else
    skip
#endif
}

inline park()
{
#ifdef RECHECK_FIRST
    look();
    announce();
#else
    announce();
    look();
#endif
#ifdef NO_RECHECK
    seen = false;
#endif
    stop_late();
    if
    :: seen -> skip
    :: else ->
end_asleep:
        if
        :: word[me] -> skip
        :: atomic { spurious > 0 -> spurious-- }
        fi
    fi;
    withdraw()
}

inline hand_on()
{
#ifndef NO_CHAIN
    look();
    if
    :: seen -> wake_one()
    :: else -> skip
    fi
#else
    skip
#endif
}

/* Counts the item first: to be held up in its handler is the handler's affair. */
inline handle()
{
    handled++;
    if
    :: atomic { children > 0 -> children-- };
        push(me)
    :: true -> skip
    fi;
    if
    :: atomic { held < WORKERS - 1 -> held++ };
end_held:
        false
    :: true -> skip
    fi
}

active [WORKERS] proctype worker()
{
    byte me = _pid;
    byte chosen = NOBODY;
    byte i;
    bool seen;
    bool found;
    bool woken;
#ifdef STOP_LATE
    bool late;
#endif

    do
    :: take();
        if
        :: found ->
            if
            :: woken -> woken = false; hand_on()
            :: else -> skip
            fi;
            handle()
        :: else ->
            look_for_a_while();
            if
            :: seen -> stop_late()
            :: else -> park()
            fi
        fi
    od
}

active proctype outside()
{
    byte chosen = NOBODY;
    byte i;
    byte n;

    do
    :: n < OUTSIDE -> push(INJECT); n++
    :: else -> break
    od
}

active proctype judge()
{
    byte i;
    byte left;
    byte asleep;

    timeout;
    d_step {
        do
        :: i < QUEUES -> left = left + queue[i]; i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < WORKERS -> asleep = asleep + is_parked[i]; i++
        :: else -> break
        od
    };
    assert(left == 0);
    assert(handled == pushed);
    assert(!locked);
    assert(parked_count == asleep);
    assert(asleep + held == WORKERS);
    assert(searching == 0)
}
