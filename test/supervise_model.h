/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What supervisors should do, as functions without actors: a step in, a new state and the words of the workers out.
 * scenario_model.c compares it with the real ones.
 *
 * A child is a worker or a supervisor below. Between steps everything rests, so that a step is taken to its end at once.
 * Restarts are immediate, or put off by the backoff, whose random part the model is told and checks; one that fails is
 * tried again a millisecond later. Words: "a+" started, "a!" its start failed, "a~" it said "not now", "a-reason" ended,
 * "a?" a backoff that cannot be. Supervisors say nothing. */
#ifndef AIRT_TEST_SUPERVISE_MODEL_H
#define AIRT_TEST_SUPERVISE_MODEL_H

#include <airt/airt.h>

enum {
    MODEL_KIDS = 8,
    MODEL_LETTERS = 12, /* 'a' to 'l' */
    MODEL_RESTARTS = 8,
    MODEL_TEXT = 4096
};

typedef struct model model;
typedef struct model_kid {
    char         letter; /* of a supervisor: a capital */
    model       *below;  /* NULL: a worker */
    airt_restart restart;
    bool         significant;
    bool         up;
    bool         wanted; /* to be started in this step */
    int64_t      due_ms; /* not before */
    bool         fresh;  /* asked for, and never up */
    bool         by_hand;
    uint32_t     incarnation;
    uint32_t     restarts;
    uint32_t     streak; /* restarts in a row */
    int64_t      since_ms;
} model_kid;

typedef struct model_plan { /* of a letter's next starts */
    unsigned fails, not_now;
} model_plan;

typedef struct model_world { /* of all of a tree */
    model_plan  plan[MODEL_LETTERS];
    int64_t     now_ms;
    airt_status answer;
    char        said[MODEL_TEXT];
    size_t      size;
    uint32_t (*delay_ms)(void); /* that the next restart drew */
    void (*pass)(int64_t ms);   /* the same time passes elsewhere */
} model_world;

struct model { /* a supervisor */
    model_world       *world;
    airt_strategy      strategy;
    airt_auto_shutdown auto_shutdown;
    uint32_t           restarts_max; /* 0: none */
    uint32_t           window_ms;
    uint32_t           backoff_ms, backoff_max_ms, backoff_reset_ms;
    model_kid          first[MODEL_KIDS]; /* as its spec has them */
    unsigned           first_count;
    model_kid          kid[MODEL_KIDS];
    unsigned           count;
    int64_t            restarted_ms[MODEL_RESTARTS];
    unsigned           restarted;
    bool               booting;
    bool               over;
    airt_exit          why;
};

typedef enum model_what {
    MODEL_FAILS, /* a child, of its own accord */
    MODEL_ENDS,
    MODEL_SHUTS_DOWN,
    MODEL_KILLED,
    MODEL_PLAN,
    MODEL_TIME,
    MODEL_START, /* requests */
    MODEL_STOP,
    MODEL_RESTART,
    MODEL_DELETE,
    MODEL_STOP_ALL,
    MODEL_WHATS
} model_what;

typedef struct model_step {
    model_what what;
    char       letter;
    char       to;   /* START to DELETE: 0: the top, else a supervisor below, which is up */
    model_kid  spec; /* START: restart and significant */
    model_plan plan;
    int64_t    ms;
} model_step;

/* The first starts of the children in m->first; the world's answer says how it went. */
void model_boot(model *m);
/* Forgets what was said, takes the step, and lets what follows of it happen. */
void model_take(model *m, const model_step *step);
/* A child of this one. */
model_kid *model_find(model *m, char letter);
/* The supervisor that has the child, itself or one below that is up. NULL: none. */
model *model_above(model *m, char letter);

#endif
