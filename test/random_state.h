/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the files of the random program share: its state, the ledger of its messages, and the words for chance. */
#ifndef AIRT_TEST_RANDOM_STATE_H
#define AIRT_TEST_RANDOM_STATE_H

#include "sim.h"

#include "core/system.h"

enum {
    ACTORS = 7,     /* places; a place's actor may be replaced by a new one */
    IDS_MAX = 6000, /* messages of a run at most */
    FUEL = 1200,    /* messages of a run that are sent on by actors */
    ROUNDS = 80,
    KEPT = 3,
    SLOTS = 1024, /* of the table, which gives workers some at a time */
    SENDERS = 128 /* of which one knows the newest, by their slots */
};

/* What became of a message; each has an id. */
typedef struct entry {
    uint64_t      from, to; /* refs, 0 outside */
    airt_priority priority;
    uint32_t      begun; /* times a handler or a receive got it */
    uint32_t      handled, dead, refused, unaccepted;
    uint32_t      replied; /* requests: answers given by servers */
    bool          request, answered;
    bool          moved, told; /* forwarded or sent on; a move told its asker of a cycle */
} entry;

typedef struct program {
    sim      s;
    uint64_t rng;
    entry    ledger[IDS_MAX];
    uint64_t ids;
    uint32_t fuel;
    airt_ref place[ACTORS];
    uint64_t hash;
    struct {
        airt_ref who;
        uint32_t bound;      /* of its mailbox */
        uint64_t asking;     /* the id of its request, while it waits for that alone */
        int64_t  started_ns; /* its newest start */
    } slot[SLOTS];
} program;
extern program p;

struct item {
    uint64_t id;
};
struct request {
    uint64_t id;
};
struct reply {
    uint64_t id;
};
struct bell {
    uint32_t what;
    int64_t  due_ns;
};
struct walker_start {
    uint32_t verdict;
    bool     fails;
};
AIRT_KIND(item, id)
AIRT_KIND(request, id)
AIRT_KIND(reply, id)
AIRT_KIND(bell, what, due_ns)
AIRT_KIND(walker_start, verdict, fails)
AIRT_ANSWER(request, reply)

struct walker {
    bool       inside;
    uint32_t   verdict;
    airt_msg  *kept[KEPT];
    bool       kept_request[KEPT];
    airt_timer timer;
    void      *memory;
    struct {
        uint64_t from, id;
    } last[SENDERS][4][2]; /* the newest id begun, by the sender's slot, priority, and item or request */
};

AIRT_ACTOR(walker)

/* Chance. */
uint64_t      rnd(uint64_t below);
bool          one_in(uint64_t n);
airt_priority any_priority(void);
airt_ref      anyone(void);
void          mix(uint64_t value); /* into the hash of what happened */
uint32_t      slot_of(airt_ref who);

/* The ledger. */
uint64_t new_id(airt_ref from, airt_ref to, airt_priority priority, bool request);
uint64_t id_of(const airt_kind *kind, const void *body);
void     on_letter(void *context, const airt_dead_letter *letter);
void     refused(uint64_t id, airt_status status);
void     handled(airt_ctx *ctx, uint64_t id);
void     begin(airt_ctx *ctx, struct walker *self, uint64_t id);
void     check_ledger(void);
void     check_bound(airt_from from, airt_ref who);
void     check_chain(airt_ctx *ctx);
void     check_deadline(airt_ctx *ctx);

/* What both handlers and the driver do. */
void spawn(airt_from from, bool inside, size_t place);
void ends(airt_from from);

#endif
