/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Free slots of the table of actors, or of timers, that a worker has at hand, so that a spawn, an end and a timer take no
 * lock of the table. Last in, first out: the one that was let last is in the cache still; generations tell its tenants
 * apart. Its worker only; flushed when that leaves. */
#ifndef AIRI_CORE_SLOTS_H
#define AIRI_CORE_SLOTS_H

#include "base/idtab.h"

enum {
    AIRI_SLOTS_MAX = 1024,
    AIRI_SLOTS_BATCH = 64
};

typedef struct airi_slots {
    uint32_t index[AIRI_SLOTS_MAX];
    uint32_t count;
} airi_slots;

/* slots NULL: a thread that is no worker. Fails: ELIMIT, ENOMEM. */
airt_status airi_slots_take(airi_slots *slots, airi_idtab *table, uint32_t *out_index);
void        airi_slots_give(airi_slots *slots, airi_idtab *table, uint32_t index);
void        airi_slots_flush(airi_slots *slots, airi_idtab *table);

#endif
