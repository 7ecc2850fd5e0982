/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a supervisor should do, as pure functions without actors: a step in, a new state and the words of the children
 * out. scenario_model.c compares it with the real one.
 *
 * Between steps everything rests, so that a step is taken to its end at once. Restarts are immediate; one that fails
 * is tried again a millisecond later. Words: "a+" started, "a!" its start failed, "a~" it said "not now", "a-reason"
 * ended. */
#ifndef AIRT_TEST_SUPERVISE_MODEL_H
#define AIRT_TEST_SUPERVISE_MODEL_H

#include <airt/airt.h>

enum {
    MODEL_KIDS = 8,
    MODEL_LETTERS = 12, /* 'a' to 'l' */
    MODEL_RESTARTS = 8,
    MODEL_TEXT = 4096
};

typedef struct model_kid {
    char         letter;
    airt_restart restart;
    bool         significant;
    bool         up;
    bool         wanted; /* to be started in this step */
    bool         put_off;
    bool         fresh; /* asked for, and never up */
    bool         by_hand;
    uint32_t     incarnation;
    uint32_t     restarts;
} model_kid;

typedef struct model_plan { /* of a letter's next starts */
    unsigned fails, not_now;
} model_plan;

typedef struct model {
    airt_strategy      strategy;
    airt_auto_shutdown auto_shutdown;
    uint32_t           restarts_max; /* 0: none */
    uint32_t           window_ms;
    model_kid          kid[MODEL_KIDS];
    unsigned           count;
    model_plan         plan[MODEL_LETTERS];
    int64_t            now_ms;
    int64_t            restarted_ms[MODEL_RESTARTS];
    unsigned           restarted;
    bool               booting;
    bool               over;
    airt_exit          why;
    airt_status        answer;
    char               said[MODEL_TEXT];
    size_t             size;
} model;

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
    model_kid  spec; /* START: restart and significant */
    model_plan plan;
    int64_t    ms;
} model_step;

/* The first starts of the children in m->kid; m->answer says how it went. */
void model_boot(model *m);
/* Forgets what was said, takes the step, and lets what follows of it happen. */
void       model_take(model *m, const model_step *step);
model_kid *model_find(model *m, char letter);

#endif
