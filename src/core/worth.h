/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whether a worker is worth its while. Actors that mostly talk are slower on two processors than on one where a cache line
 * takes longer from one to the other than a message takes altogether; how long that is differs between machines, and on
 * virtual ones from hour to hour. So it is tried: a worker measures how much all send and handle while it takes part, naps
 * for a moment, measures again, and goes on napping if the others got as much done without it. Only where messages are
 * quick; who computes is never asked to nap. A worker's own thread. */
#ifndef AIRI_CORE_WORTH_H
#define AIRI_CORE_WORTH_H

#include <stdbool.h>
#include <stdint.h>

#define AIRI_WORTH_SPAN_NS INT64_C(1000000)       /* of a nap before the next look; of what caches take to settle */
#define AIRI_WORTH_MEASURED_NS INT64_C(2000000)   /* then it is measured for so long */
#define AIRI_WORTH_STALE_NS INT64_C(8000000)      /* a measurement that took longer says nothing */
#define AIRI_WORTH_AGAIN_NS INT64_C(64000000)     /* until the next trial of a worker that was worth it */
#define AIRI_WORTH_REST_FIRST_NS INT64_C(8000000) /* of one that was not; doubled each time in a row */
#define AIRI_WORTH_REST_MAX_NS INT64_C(64000000)
#define AIRI_WORTH_QUICK_NS                                                                                            \
    250 /* of a worker's time for a message sent or handled, on average: more is work, not talk */

typedef enum airi_worth_phase {
    AIRI_WORTH_AT_WORK,
    AIRI_WORTH_MEASURED, /* takes part, and is measured */
    AIRI_WORTH_AWAY,     /* naps, and the others are measured */
    AIRI_WORTH_RESTING   /* was not worth it, until `until_ns` */
} airi_worth_phase;

typedef struct airi_worth {
    int64_t          look_ns; /* when to look next */
    int64_t          until_ns;
    int64_t          rest_ns;  /* the last rest; 0: it was worth it since */
    int64_t          began_ns; /* the present measurement, and what all had done by then */
    int64_t          done;
    double           rate; /* of that a nanosecond, with this worker */
    airi_worth_phase phase;
    bool             settled;
} airi_worth;

/* What a worker sees when it looks. */
typedef struct airi_worth_view {
    int64_t  now_ns;
    int64_t  done;    /* messages sent, and handled, by all workers, ever */
    uint32_t active;  /* workers that neither nap nor sleep, this one counted */
    bool     tempted; /* there is something that it would take from others, and nothing else for it to do */
} airi_worth_view;

/* Whether a measurement would begin now, and whether one is on: one worker at a time. */
bool               airi_worth_begins(const airi_worth *worth, airi_worth_view view);
static inline bool airi_worth_measures(const airi_worth *worth)
{
    return worth->phase == AIRI_WORTH_MEASURED || worth->phase == AIRI_WORTH_AWAY;
}
/* At look_ns or later. True: it is to hand over what it has, nap for AIRI_WORTH_SPAN_NS, and look again. `turn`: if a
 * measurement begins, it may; otherwise later. */
bool airi_worth_look(airi_worth *worth, airi_worth_view view, bool turn);

struct airi_worker;
/* All of that for a worker of the pool between two turns, naps included. */
void airi_worth_weigh(struct airi_worker *worker);

#endif
