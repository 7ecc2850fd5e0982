/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A supervisor's state, touched by its own handlers only, and the steps they are made of.
 *
 * Children are marked, then stepped: TO_STOP ones are stopped one at a time from the last to the first (a dynamic
 * supervisor's all at once), then TO_START ones are started one at a time from the first to the last. Nothing waits:
 * each step asks the runtime for something and returns; the news of it brings the next step. */
#ifndef AIRI_SUPERVISE_SUPERVISOR_H
#define AIRI_SUPERVISE_SUPERVISOR_H

#include "base/list.h"
#include "base/mutant.h"
#include "supervise/due.h"
#include "supervise/spec.h"

typedef enum airi_child_is {
    AIRI_IS_ABSENT,   /* it has no actor: never started, or its start said "not now" */
    AIRI_IS_STARTING, /* its start runs */
    AIRI_IS_UP,
    AIRI_IS_STOPPING, /* asked to; its news are awaited */
    AIRI_IS_HELD,     /* down, its mailbox open: it is to be started again */
    AIRI_IS_RESTING   /* down, and laid to rest */
} airi_child_is;

enum { /* marks */
    AIRI_TO_STOP = 1 << 0,
    AIRI_TO_START = 1 << 1,
    AIRI_TIMED = 1 << 2,   /* on the timed list: a restart that is put off, or the deadline of a stop */
    AIRI_NEW = 1 << 3,     /* added at run time, and never up: not kept if its start fails */
    AIRI_BY_HAND = 1 << 4, /* its start was asked for: a failure does not count */
    AIRI_REMOVE = 1 << 5,  /* goes when it is down */
    AIRI_PROBED = 1 << 6,  /* it has a probe: it is UP, and so not TIMED */
    AIRI_ASKED = 1 << 7    /* somebody waits for its start, or its stop */
};

typedef struct airi_probe airi_probe; /* health.c */
typedef struct airi_kid {
    airi_list link; /* in order of start; of a spare record: the next one is link.next */
    union {
        airi_list   timed; /* TIMED: its place on that list */
        airi_probe *probe; /* PROBED */
    };
    airt_ref                ref;
    const struct airi_spec *spec;
    uint32_t                at_ms; /* TIMED: when it is due; UP: since when; on the supervisor's clock */
    uint32_t                restarts;
    uint32_t                number;
    uint8_t                 is;
    uint8_t                 marks;
    uint8_t                 streak; /* restarts in a row: the backoff's exponent */
} airi_kid;
_Static_assert(sizeof(airi_kid) <= 64, "what a supervisor keeps of a child, beside the runtime's own record");

typedef struct airi_op { /* a request that is answered when its child is where it was asked to be */
    airi_list link;
    airi_kid *kid;
    airt_msg *request;
    bool      stop; /* else a start */
} airi_op;

enum {
    AIRI_SUSPECTS_MAX = 32
};
typedef struct airi_suspects airi_suspects; /* poison.c */

typedef enum airi_phase {
    AIRI_BOOT, /* inside its start: children for the first time, in order */
    AIRI_RUN,
    AIRI_STOPPING, /* in reverse order, for end_reason */
    AIRI_OVER      /* nothing is left */
} airi_phase;

struct airi_supervisor {
    airt_ctx                           *ctx;   /* of the handler that runs */
    const struct airi_supervisor_start *start; /* lives as long as the actor */
    airi_list                           kids;
    uint32_t                            kid_count;
    airi_list                          *spare; /* free records */
    airi_list                           ops;
    airi_dues                           probes;
    airi_probe                        **checks; /* that are out: each at its number's low bits */
    uint32_t                            check_room;
    airi_list                           timed;              /* soonest first */
    airi_list                          *stop_at, *start_at; /* cursors of the two sweeps; NULL: from their end */
    uint32_t                            to_stop, to_start;
    airt_timer                          tick;
    int64_t                             epoch_ns;
    int64_t                            *restarts; /* the newest restarts_max of them, a ring of times */
    uint32_t                            restarts_max, restart_next, restart_count;
    airi_phase                          phase;
    airt_auto_shutdown                  auto_shutdown;
    airt_reason                         end_reason;
    bool                                boot_failed;
    uint32_t                            blind_ms; /* boot without memory: how long it last waited for news */
    bool                                auto_due; /* a significant child ended while others were being started */
    uint64_t                            probe_number;
    airi_suspects                      *suspects; /* NULL: none yet */
};
typedef struct airi_supervisor airi_supervisor;

extern const airt_behavior airi_supervisor_behavior;

static inline const airt_tree *airi_tree_of(const airi_supervisor *self)
{
    return &self->start->tree;
}
static inline bool airi_dynamic(const airi_supervisor *self)
{
    return airi_tree_of(self)->strategy == AIRT_DYNAMIC;
}
/* Starts of several go one after the other. */
static inline bool airi_in_order(const airi_supervisor *self)
{
    return self->phase == AIRI_BOOT || airi_tree_of(self)->strategy == AIRT_ONE_FOR_ALL ||
           airi_tree_of(self)->strategy == AIRT_REST_FOR_ONE;
}
static inline airi_kid *airi_kid_at(airi_list *link)
{
    return AIRI_CONTAINER(link, airi_kid, link);
}

/* kids.c: records. */
airi_kid   *airi_kid_new(airi_supervisor *self, const struct airi_spec *spec, uint32_t number);
void        airi_kid_free(airi_supervisor *self, airi_kid *kid); /* NULL: nothing */
void        airi_kid_mark(airi_supervisor *self, airi_kid *kid, uint8_t marks);
void        airi_kid_unmark(airi_supervisor *self, airi_kid *kid, uint8_t marks);
airi_kid   *airi_kid_find(airi_supervisor *self, const char *id, airt_ref ref);
airt_status airi_kid_spawn(airi_supervisor *self, airi_kid *kid, const airt_body *start, const char *name);
bool        airi_kid_active(const airi_kid *kid);

/* timing.c: clock, timed list, intensity, backoff. */
uint32_t airi_clock_ms(const airi_supervisor *self);
void     airi_timed_add(airi_supervisor *self, airi_kid *kid, uint32_t delay_ms);
void     airi_timed_remove(airi_kid *kid);
/* The first whose time has come, off the list. NULL: none; the timer is armed for the next. */
airi_kid *airi_timed_next(airi_supervisor *self);
void      airi_tick_arm(airi_supervisor *self);
/* Counts a restart. False: one too many. */
bool     airi_restart_counts(airi_supervisor *self);
uint32_t airi_backoff_ms(const airi_supervisor *self, airi_kid *kid);

/* steps.c: what to do next. */
void airi_news(airi_supervisor *self);
void airi_advance(airi_supervisor *self);
void airi_start_kid(airi_supervisor *self, airi_kid *kid);
void airi_start_with(airi_supervisor *self, airi_kid *kid, const airt_body *start, const char *name);
/* One that is down, and was asked to be. */
void airi_kid_down(airi_supervisor *self, airi_kid *kid);
void airi_kid_forget(airi_supervisor *self, airi_kid *kid);
void airi_start_refused(airi_supervisor *self, airi_kid *kid);
void airi_stop_kid(airi_supervisor *self, airi_kid *kid);
void airi_stop_all(airi_supervisor *self, const airt_reason *reason);
void airi_tick(airi_supervisor *self);
void airi_kill_kid(airi_supervisor *self, airi_kid *kid, const airt_reason *reason);

/* requests.c: what others ask. */
bool airi_is_request(const airt_kind *kind);
void airi_serve(airi_supervisor *self, airt_msg *request);
/* Answers those who wait for a child's start, or for its stop. */
void airi_starts_done(airi_supervisor *self, airi_kid *kid, airt_status status, airt_ref ref);
void airi_stops_done(airi_supervisor *self, airi_kid *kid);
void airi_ops_refuse(airi_supervisor *self);

/* health.c */
airt_status airi_probe_add(airi_supervisor *self, airi_kid *kid);
void        airi_probe_remove(airi_supervisor *self, airi_kid *kid);
void        airi_probes_run(airi_supervisor *self);
void        airi_probe_answered(airi_supervisor *self, const struct airt_health_report *report);
uint32_t    airi_probes_due_ms(const airi_supervisor *self, uint32_t now_ms);

/* poison.c: remembers what a child failed of. */
void airi_suspects_clear(airi_supervisor *self, const airi_kid *kid);
void airi_suspect_change(airi_supervisor *self, airi_kid *kid, const airt_child_change *change);

/* events.c */
typedef struct airi_happened {
    airt_supervision         what;
    const airi_kid          *kid;    /* NULL: none */
    const airt_reason       *reason; /* NULL: none */
    const airt_child_change *change; /* NULL: none; else its kind and trace are told */
    uint32_t                 delay_ms;
} airi_happened;
void airi_event_of(const airi_supervisor *self, const airi_happened *event);
void airi_event(const airi_supervisor *self, airt_supervision what, const airi_kid *kid, const airt_reason *reason);

#endif
