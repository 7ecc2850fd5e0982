/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Hierarchical timing wheel: eight levels of 64 slots, the lowest slot 2^16 ns wide, so that the levels span every
 * int64_t. Arm and cancel are O(1); due times are kept and compared exactly. Not thread-safe: the caller locks.
 * Invariant: a timer's level and slot follow from its due time and wheel->now_tick alone: the level is that of the
 * highest digit (base 64) in which they differ; so lower levels are due first, and lower slots within a level. */
#ifndef AIRI_CORE_WHEEL_H
#define AIRI_CORE_WHEEL_H

#include "base/list.h"
#include "port/port.h" /* AIRI_NEVER */

#include <stdbool.h>
#include <stdint.h>

#define AIRI_WHEEL_TICK_SHIFT 16
#define AIRI_WHEEL_LEVELS 8
#define AIRI_WHEEL_SLOTS 64

/* Embedded by its owner. Zeroed memory counts as not armed. Three words: what is armed has left the cache when it fires. */
typedef struct airi_wheel_timer {
    airi_list link; /* in a slot, or in an expired list */
    int64_t   due_ns;
} airi_wheel_timer;

typedef struct airi_wheel_slot {
    airi_list timers;   /* set up when the slot's bit is */
    int64_t   first_ns; /* no timer in the slot is due earlier; exact until a timer is removed */
} airi_wheel_slot;

typedef struct airi_wheel {
    uint64_t        now_tick;
    uint32_t        levels_used; /* a bit a level */
    uint64_t        slots_used[AIRI_WHEEL_LEVELS];
    airi_wheel_slot slots[AIRI_WHEEL_LEVELS][AIRI_WHEEL_SLOTS]; /* untouched until used */
} airi_wheel;

/* now_ns and all times are >= 0. Touches the first cache lines only; the slots need not be zeroed. */
void airi_wheel_init(airi_wheel *wheel, int64_t now_ns);

/* Arms an unarmed timer. A due time in the past is due at once. AIRI_NEVER is allowed, and never comes. */
void airi_wheel_add(airi_wheel *wheel, airi_wheel_timer *timer, int64_t due_ns);
/* Disarms, or takes an expired one off the expired list. False: it was neither. */
bool airi_wheel_remove(airi_wheel *wheel, airi_wheel_timer *timer);

/* Appends all with due_ns <= now_ns to out, in order of due time, ties in order of arming; unarmed from then on.
 * now_ns may repeat or go back. Returns how many. */
uint64_t airi_wheel_expire(airi_wheel *wheel, int64_t now_ns, airi_list *out);

/* The earliest due time, AIRI_NEVER when none is armed. After a cancel it may be earlier than that (then the expire
 * that it leads to finds nothing, once); never later. */
int64_t airi_wheel_next_ns(const airi_wheel *wheel);

#endif
