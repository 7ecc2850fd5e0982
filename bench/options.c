/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What --options all turns on: everything that a program can ask of a system and that costs something for a message.
 * A recorder that counts every event, the flight recorder, containment of faults, a bound on memory; and trace ids,
 * which bench_tell gives the first messages and every later one inherits. That the recorder saw each message is checked
 * at the end of a run, so that nothing can be off unnoticed. */
#include "harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MEMORY_MAX (UINT64_C(1) << 40) /* asked about, never reached */

/* What one thread has seen. Written by that thread alone, read when the system is quiet; never freed, for its thread may
 * outlive a run. */
typedef struct tally {
    struct tally    *next; /* fixed once it is on the list */
    _Atomic uint64_t accepted, begun, refused, dead, changes;
} tally;

static _Atomic(tally *)     tallies;
static _Thread_local tally *mine;

static __attribute__((noinline)) tally *tally_new(void)
{
    tally *made = calloc(1, sizeof *made);

    if (made == NULL)
        abort();
    made->next = atomic_load(&tallies);
    while (!atomic_compare_exchange_weak(&tallies, &made->next, made)) {
    }
    return made;
}

static inline tally *tally_mine(void)
{
    tally *t = mine;

    return t != NULL ? t : (mine = tally_new());
}

/* One writer: no locked instruction is needed. Relaxed: read in quiet only. */
static void count(_Atomic uint64_t *events)
{
    atomic_store_explicit(events, atomic_load_explicit(events, memory_order_relaxed) + 1, memory_order_relaxed);
}

static void on_accepted(void *context, airt_ref who, const airt_kind *kind)
{
    (void)context, (void)who, (void)kind;
    count(&tally_mine()->accepted);
}

static void on_begun(void *context, airt_ref who, const airt_kind *kind)
{
    (void)context, (void)who, (void)kind;
    count(&tally_mine()->begun);
}

static void on_refused(void *context, airt_ref who, const airt_kind *kind, airt_status status)
{
    (void)context, (void)who, (void)kind, (void)status;
    count(&tally_mine()->refused);
}

static void on_dead(void *context, airt_ref who, const airt_kind *kind, airt_letter reason)
{
    (void)context, (void)who, (void)kind, (void)reason;
    count(&tally_mine()->dead);
}

static void on_state(void *context, airt_ref who, airt_state from, airt_state to)
{
    (void)context, (void)who, (void)from, (void)to;
    count(&tally_mine()->changes);
}

static const airt_recorder counting_recorder = {
    .accepted = on_accepted, .begun = on_begun, .refused = on_refused, .dead = on_dead, .state = on_state
};

/* All threads' sums so far. */
static void sums(uint64_t *out_accepted, uint64_t *out_begun)
{
    *out_accepted = *out_begun = 0;
    for (const tally *at = atomic_load(&tallies); at != NULL; at = at->next) {
        *out_accepted += at->accepted;
        *out_begun += at->begun;
    }
}

airt_status bench_create_all(bench_run *run, airt_system_options *options, airt_system **out_system)
{
    const char *folder = getenv("TMPDIR");
    char        flight_path[256];
    airt_status status;

    (void)snprintf(flight_path, sizeof flight_path, "%s/airt-bench-%d.flight", folder != NULL ? folder : "/tmp",
                   (int)getpid());
    sums(&run->seen_accepted, &run->seen_begun);
    options->recorder = &counting_recorder;
    options->faults = AIRT_FAULTS_CONTAIN;
    options->memory_max = MEMORY_MAX;
    options->flight_path = flight_path;
    status = airt_system_create(options, out_system);
    (void)unlink(flight_path); /* mapped: it is written to all the same, and nothing stays behind */
    return status;
}

/* Answers enter no mailbox, so the recorder is not told of them; each has a request, of which it is. */
void bench_check_all(bench_run *run, const airt_system_stats *stats)
{
    uint64_t accepted, begun;

    sums(&accepted, &begun);
    accepted -= run->seen_accepted;
    begun -= run->seen_begun;
    (void)bench_equal(run, "messages that the recorder saw begun", begun, accepted);
    if (accepted * 2 < stats->accepted || accepted > stats->accepted)
        (void)bench_fail(run, "the recorder saw %" PRIu64 " messages of %" PRIu64, accepted, stats->accepted);
}
