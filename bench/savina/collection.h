/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the two shared collections have in common: the protocol, the workers, and how answers are checked. A worker's
 * steps follow from its number alone, and the collection logs whom it served; so a replay on one thread, with a
 * reference of another make, knows every answer that every worker must have got. */
#ifndef BENCH_SAVINA_COLLECTION_H
#define BENCH_SAVINA_COLLECTION_H

#include "harness.h"

enum {
    COLLECTION_KEYS = 65536,
    COLLECTION_WORKERS_MAX = 65535
};

/* --- the protocol that a collection plays ------------------------------------------------------------------------- */

struct collection_answer {
    uint64_t value;
};
AIRT_KIND(collection_answer, value)
struct collection_write {
    uint32_t               who;
    uint32_t               key;
    uint64_t               value; /* not 0 */
    collection_answer_sink from;
};
AIRT_KIND(collection_write, who, key, value, REF(from))
struct collection_read {
    uint32_t               who;
    uint32_t               key;
    collection_answer_sink from;
};
AIRT_KIND(collection_read, who, key, REF(from))
struct collection_size {
    uint32_t               who;
    collection_answer_sink from;
};
AIRT_KIND(collection_size, who, REF(from))

/* Asked in the end: whom it served. */
AIRT_SIGNAL(collection_served)
struct collection_history {
    airt_blob served; /* of uint16_t */
};
AIRT_KIND(collection_history, served)
AIRT_ANSWER(collection_served, collection_history)

#define collection_ACCEPTS(KIND)                                                                                       \
    KIND(collection_write) KIND(collection_read) KIND(collection_size) KIND(collection_served)
AIRT_PROTOCOL(collection)

struct collection_start {
    uint64_t steps_max;
};
AIRT_KIND(collection_start, steps_max)

/* --- the log that it keeps ---------------------------------------------------------------------------------------- */

typedef struct collection_log {
    airt_blob blob; /* not written any more once it is sent */
    uint16_t *at;
    uint64_t  served, max;
} collection_log;

airt_status collection_log_open(collection_log *self, airt_ctx *ctx, uint64_t steps_max);
/* Fails: ELIMIT. */
airt_status collection_log_add(collection_log *self, uint32_t who);

/* --- the run ------------------------------------------------------------------------------------------------------ */

typedef enum collection_what {
    COLLECTION_READ,
    COLLECTION_WRITE,
    COLLECTION_SIZE
} collection_what;

typedef struct collection_step {
    collection_what what;
    uint32_t        key;
    uint64_t        value;
} collection_step;

typedef struct collection_plan {
    const airt_behavior *behavior; /* covers the protocol, starts by collection_start */
    uint32_t             write_percent, size_percent;
    size_t               reference_bytes; /* zeroed for the replay */
    uint64_t (*answer)(void *reference, const collection_step *step);
} collection_plan;

/* run->actors workers with run->count steps each. */
void collection_run(bench_run *run, const collection_plan *plan);

#endif
