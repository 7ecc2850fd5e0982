/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a contained fault means for its actor and its worker; the faults that a system remembers. */
#ifndef AIRI_CORE_FAULTS_H
#define AIRI_CORE_FAULTS_H

#include "core/system.h"

#include <airt/faults.h>

/* What a system that contains faults has: system->faults. */
typedef struct airi_faults {
    /* fixed */
    uint32_t max;
    int64_t  window_ns;
    char    *path; /* post-mortems go there; NULL: nowhere */
    size_t   path_bytes;
    /* the signal handlers' */
    AIRI_ATOMIC(uint64_t) admitted;
    AIRI_ATOMIC(int64_t) *when; /* of the newest `max`, a ring */
    /* under lock */
    airi_mutex lock;
    uint64_t   number;
    airt_fault kept[AIRT_FAULTS_KEPT]; /* a ring */
} airi_faults;

/* options->faults as asked for. Not possible here: system->faults stays NULL, and that is no failure. */
airt_status airi_faults_create(airt_system *system);
void        airi_faults_destroy(airt_system *system);
bool        airi_faults_valid(const airt_system_options *options);

/* A worker's thread, or who steps it, begins and ends to run handlers; replenish takes the stack for the next fault,
 * where there was none to be had before. */
void airi_faults_enter(airi_worker *worker);
void airi_faults_leave(airi_worker *worker);
void airi_faults_replenish(airi_worker *worker);
/* The worker is over: what was in store for its faults goes back. */
void airi_faults_clear(airi_worker *worker);

/* How long handlers of this behaviour may compute; 0: as long as they like. */
uint32_t airi_runaway_ms(const airt_system *system, const airt_behavior *behavior);
/* The watch: the handler of this serial has computed too long. */
void airi_runaway_stop(airi_worker *worker, uint64_t serial);

#endif
