/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For the tests of supervisors: children with one-letter names, ways to end them, starts that fail when told to, actors
 * that take their time to stop, counts and events that are compared.
 * What a function has to say is printed, unless allocations are being refused. */
#ifndef AIRT_TEST_OTP_KIT_H
#define AIRT_TEST_OTP_KIT_H

#include "sim.h"

#define OTP_WITHIN AIRT_SECONDS(1000)

/* A puppet of one letter, its id and name: OTP_KID('a', .restart = AIRT_TRANSIENT). */
#define OTP_KID(...) OTP_KID_OF(__VA_ARGS__, )
#define OTP_KID_OF(letter, ...)                                                                                        \
    {                                                                                                                  \
        .behavior = &puppet_behavior, .name = (const char[]){ (letter), 0 },                                           \
        .start = { &puppet_start_kind, &(const struct puppet_start){ .tag = (unsigned char)(letter) } }, __VA_ARGS__   \
    }
/* The same with an otp_plan for its starts. */
#define OTP_PLANNED(...) OTP_PLANNED_OF(__VA_ARGS__, )
#define OTP_PLANNED_OF(letter, plan, ...)                                                                              \
    {                                                                                                                  \
        .behavior = &puppet_behavior, .name = (const char[]){ (letter), 0 },                                           \
        .start = { &puppet_start_kind, &(const struct puppet_start){ .tag = (unsigned char)(letter),                   \
                                                                     .run = (uint64_t)(uintptr_t)otp_start,            \
                                                                     .argument = (uint64_t)(uintptr_t)(plan) } },      \
        __VA_ARGS__                                                                                                    \
    }
/* A mule: traps stops, and ends itself when it likes: OTP_MULE('a', (.after_ms = 10), .shutdown_ms = 5). */
#define OTP_MULE(...) OTP_MULE_OF(__VA_ARGS__, )
#define OTP_MULE_OF(letter, start_fields, ...)                                                                         \
    {                                                                                                                  \
        .behavior = &mule_behavior, .name = (const char[]){ (letter), 0 },                                             \
        .start = { &mule_start_kind,                                                                                   \
                   &(const struct mule_start){ .tag = (unsigned char)(letter), OTP_BARE start_fields } },              \
        __VA_ARGS__                                                                                                    \
    }
#define OTP_BARE(...) __VA_ARGS__

/* What starts do from now on. */
typedef struct otp_plan {
    unsigned starts;   /* there were so many */
    unsigned fails;    /* the next so many fail */
    unsigned ignores;  /* then so many say "not now" */
    uint32_t sleep_ms; /* each takes so long */
} otp_plan;
airt_status otp_start(airt_ctx *ctx, struct puppet *self, void *argument);

#define OTP_NEVER UINT32_MAX
struct mule_start {
    uint32_t tag;
    uint32_t after_ms; /* asked to stop, it ends after so long; OTP_NEVER */
    uint32_t how;      /* otp_end; as that says */
};
AIRT_KIND(mule_start, tag, after_ms, how)
AIRT_ACTOR(mule)

typedef enum otp_end {
    OTP_SHUTDOWN,
    OTP_NORMAL,
    OTP_SHUTDOWN_X, /* shutdown with code 7 */
    OTP_ABNORMAL,
    OTP_KILLED,
    OTP_ENDS
} otp_end;
/* Ends the actor of that letter, and lets everything happen that follows at once. */
void otp_finish(sim *s, char tag, otp_end how);
/* For sim_do: the argument is an otp_end. */
airt_status otp_ends(airt_ctx *ctx, struct puppet *self, void *argument);

airt_ref otp_ref(const sim *s, char tag);
uint32_t otp_incarnation(sim *s, char tag);
/* specs/active/supervisors/workers of a supervisor. */
bool otp_counts(sim *s, airt_ref supervisor, const char *counts);
/* "a running/0, b down/1": states and restarts, in order of start. */
bool otp_states(sim *s, airt_ref supervisor, const char *states);
/* The reason with which an actor that is watched by otp_watch ended; "": it has not. */
void otp_watch(sim *s, airt_ref who);
bool otp_ended(sim *s, const char *reason);

typedef struct otp_event {
    airt_supervision what;
    airt_ref         supervisor, child;
    char             supervisor_name[16], id[16], behavior[16];
    uint32_t         number, incarnation, restarts, delay_ms;
    airt_reason      reason;
    int64_t          at_ms;
    bool             has_spec;
} otp_event;
typedef struct otp_log {
    airt_world *world; /* not NULL: events are timed */
    size_t      count;
    uint64_t    counts[AIRT_SUPERVISION_COUNT];
    otp_event   events[4096]; /* the first of them */
} otp_log;
/* For on_event. */
void otp_on_event(void *context, const airt_supervision_event *event);
/* The events since the last time, without STARTED and STOPPED: "terminated a; restarting a". */
bool otp_logged(sim *s, otp_log *log, const char *events);
/* The first of a kind, or an empty one. */
const otp_event *otp_first(const otp_log *log, airt_supervision what);
bool             otp_same(const sim *s, const char *what, const char *said, const char *wanted);

#endif
