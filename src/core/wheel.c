/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The timing wheel. Called by the timer service with its lock held.
 * Timers move down only inside airi_wheel_expire, at most once a call, so no wake is ever needed just to move them.
 * Invariant: between calls every timer is where airi_wheel.h says; timers of one tick are in one slot, in the order
 * in which they were armed. */
#include "core/wheel.h"

#include "base/check.h"

#define DIGIT_BITS 6
#define DIGIT_MASK ((uint64_t)AIRI_WHEEL_SLOTS - 1)

static uint64_t tick_of(int64_t at_ns)
{
    return (uint64_t)at_ns >> AIRI_WHEEL_TICK_SHIFT;
}

static airi_wheel_timer *timer_of(airi_list *link)
{
    return AIRI_CONTAINER(link, airi_wheel_timer, link);
}

void airi_wheel_init(airi_wheel *wheel, int64_t now_ns)
{
    AIRT_CHECK(now_ns >= 0);
    wheel->now_tick = tick_of(now_ns);
    wheel->levels_used = 0;
    for (int level = 0; level < AIRI_WHEEL_LEVELS; level++)
        wheel->slots_used[level] = 0;
}

static void slot_use(airi_wheel *wheel, uint32_t level, uint32_t number)
{
    airi_wheel_slot *slot = &wheel->slots[level][number];

    if ((wheel->slots_used[level] >> number & 1) != 0)
        return;
    airi_list_init(&slot->timers);
    slot->first_ns = AIRI_NEVER;
    wheel->slots_used[level] |= (uint64_t)1 << number;
    wheel->levels_used |= (uint32_t)1 << level;
}

static void slot_unuse(airi_wheel *wheel, uint32_t level, uint32_t number)
{
    wheel->slots_used[level] &= ~((uint64_t)1 << number);
    if (wheel->slots_used[level] == 0)
        wheel->levels_used &= ~((uint32_t)1 << level);
}

/* Puts a timer with its due_ns set where it belongs. */
static void place(airi_wheel *wheel, airi_wheel_timer *timer)
{
    uint64_t         due = tick_of(timer->due_ns);
    uint64_t         tick = due < wheel->now_tick ? wheel->now_tick : due;
    uint64_t         differ = (tick ^ wheel->now_tick) | DIGIT_MASK;
    uint32_t         level = (uint32_t)(63 - __builtin_clzll(differ)) / DIGIT_BITS;
    uint32_t         number = (uint32_t)(tick >> (level * DIGIT_BITS) & DIGIT_MASK);
    airi_wheel_slot *slot = &wheel->slots[level][number];

    slot_use(wheel, level, number);
    airi_list_push_back(&slot->timers, &timer->link);
    if (timer->due_ns < slot->first_ns)
        slot->first_ns = timer->due_ns;
}

void airi_wheel_add(airi_wheel *wheel, airi_wheel_timer *timer, int64_t due_ns)
{
    AIRI_ASSERT(!airi_list_linked(&timer->link));
    timer->due_ns = due_ns < 0 ? 0 : due_ns;
    place(wheel, timer);
}

bool airi_wheel_remove(airi_wheel *wheel, airi_wheel_timer *timer)
{
    airi_list *next = timer->link.next;
    uintptr_t  at = (uintptr_t)next - (uintptr_t)wheel->slots;

    if (!airi_list_linked(&timer->link))
        return false;
    airi_list_remove(&timer->link);
    if (airi_list_empty(next) && at < sizeof wheel->slots) { /* it was alone in a slot, and that came next */
        uint32_t number = (uint32_t)(at / sizeof wheel->slots[0][0]);

        slot_unuse(wheel, number / AIRI_WHEEL_SLOTS, number % AIRI_WHEEL_SLOTS);
    }
    return true;
}

int64_t airi_wheel_next_ns(const airi_wheel *wheel)
{
    int level;

    if (wheel->levels_used == 0)
        return AIRI_NEVER;
    level = __builtin_ctz(wheel->levels_used);
    return wheel->slots[level][__builtin_ctzll(wheel->slots_used[level])].first_ns;
}

/* The first tick of a used slot: the digits above the level are now_tick's. */
static uint64_t slot_start(const airi_wheel *wheel, uint32_t level, uint32_t number)
{
    uint32_t shift = level * DIGIT_BITS;

    return (wheel->now_tick >> shift >> DIGIT_BITS << DIGIT_BITS | number) << shift;
}

/* Merges two NULL-ended chains by due time; the first one's come first among equals. */
static airi_list *merge(airi_list *a, airi_list *b)
{
    airi_list  head = { NULL, NULL };
    airi_list *last = &head;

    while (a != NULL && b != NULL) {
        bool second = timer_of(b)->due_ns < timer_of(a)->due_ns;

        last->next = second ? b : a;
        last = last->next;
        a = second ? a : last->next;
        b = second ? last->next : b;
    }
    last->next = a != NULL ? a : b;
    return head.next;
}

/* Bottom-up merge sort: runs[i] is NULL or a sorted chain of 2^i, earlier ones at higher i. Stable. */
static airi_list *sort_chain(airi_list *chain)
{
    airi_list *runs[64] = { NULL };
    airi_list *sorted = NULL;

    while (chain != NULL) {
        airi_list *run = chain;
        int        i = 0;

        chain = chain->next;
        run->next = NULL;
        for (; runs[i] != NULL; i++) {
            run = merge(runs[i], run);
            runs[i] = NULL;
        }
        runs[i] = run;
    }
    for (int i = 0; i < 64; i++)
        sorted = merge(runs[i], sorted);
    return sorted;
}

/* A list that is one chain now, by `next`. */
static void relink(airi_list *list, airi_list *chain)
{
    airi_list *last = list;

    for (; chain != NULL; chain = chain->next) {
        last->next = chain;
        chain->prev = last;
        last = chain;
    }
    last->next = list;
    list->prev = last;
}

static bool in_order(airi_list *list, uint64_t *out_count)
{
    int64_t  last_ns = 0;
    uint64_t count = 0;
    bool     in_order = true;

    AIRI_LIST_EACH (link, list) {
        int64_t due_ns = timer_of(link)->due_ns;

        in_order = in_order && last_ns <= due_ns;
        last_ns = due_ns;
        count++;
    }
    *out_count = count;
    return in_order;
}

/* Appends what is due, by time. Most often that is little, and armed in that order: then nothing is sorted. */
static uint64_t expire(airi_list *due, airi_list *expired)
{
    uint64_t count;

    if (airi_list_empty(due))
        return 0;
    if (!in_order(due, &count)) {
        due->prev->next = NULL;
        relink(due, sort_chain(due->next));
    }
    airi_list_splice_back(expired, due);
    return count;
}

/* What was armed long ago has left the cache, and a list is one miss after the other: walked from both ends at once, two
 * at a time. */
static void fetch(const airi_list *list)
{
    const airi_list *front = list->next;
    const airi_list *back = list->prev;

    while (front != back && front->prev != back) {
        front = front->next;
        back = back->prev;
        __builtin_prefetch(back); /* and so that the walk is not void */
    }
}

/* Parts a slot's timers: what is due to `due`, the rest to `later`, both in the slot's order. */
static void part(airi_wheel_slot *slot, int64_t now_ns, airi_list *due, airi_list *later)
{
    airi_list *link;

    fetch(&slot->timers);
    if (slot->first_ns > now_ns)
        airi_list_splice_back(later, &slot->timers);
    while ((link = airi_list_pop_front(&slot->timers)) != NULL)
        airi_list_push_back(timer_of(link)->due_ns <= now_ns ? due : later, link);
}

uint64_t airi_wheel_expire(airi_wheel *wheel, int64_t now_ns, airi_list *out)
{
    uint64_t   now_tick = tick_of(now_ns) > wheel->now_tick ? tick_of(now_ns) : wheel->now_tick;
    uint64_t   count = 0;
    airi_list  due;
    airi_list  later;
    airi_list *link;

    airi_list_init(&due);
    airi_list_init(&later);
    /* Every slot that begins by now, in order of time, placed relative to the old now_tick. */
    while (wheel->levels_used != 0) {
        uint32_t level = (uint32_t)__builtin_ctz(wheel->levels_used);
        uint32_t number = (uint32_t)__builtin_ctzll(wheel->slots_used[level]);

        if (slot_start(wheel, level, number) > now_tick)
            break;
        slot_unuse(wheel, level, number);
        part(&wheel->slots[level][number], now_ns, &due, &later);
        count += expire(&due, out);
    }
    /* What stays untouched begins after now_tick and shares the digits above its level with both the old and the new
     * now_tick, so it is where it belongs. */
    wheel->now_tick = now_tick;
    while ((link = airi_list_pop_front(&later)) != NULL)
        place(wheel, timer_of(link));
    return count;
}
