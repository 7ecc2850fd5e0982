/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For the scenarios of supervisors that transcribe OTP's suite: puppets as children, what a supervisor lists and counts
 * as one text, children that do not want to stop. Nothing here asserts, so that the sweeps can use it. */
#ifndef AIRT_TEST_TREE_KIT_H
#define AIRT_TEST_TREE_KIT_H

#include "sim.h"

#define WITHIN AIRT_SECONDS(1)

/* KID('a', .fields...): a child spec of a puppet named "a"; KID_RUN('a', function, .fields...): its start runs the
 * function. KID_START: the start alone, for tables. */
#define KID_START(letter, function)                                                                                    \
    {                                                                                                                  \
        &puppet_start_kind, &(const struct puppet_start)                                                               \
        {                                                                                                              \
            .tag = (letter), .run = (uint64_t)(uintptr_t)(function)                                                    \
        }                                                                                                              \
    }
#define KID(...) KIT_KID(&puppet_behavior, NULL, __VA_ARGS__, )
#define KID_RUN(letter, ...) KIT_KID_RUN(letter, __VA_ARGS__, )
#define DEAF(...) KIT_KID(&deaf_behavior, NULL, __VA_ARGS__, )
#define KIT_KID(what, function, letter, ...)                                                                           \
    {                                                                                                                  \
        .behavior = (what), __VA_ARGS__.name = (const char[]){ (char)(letter), 0 },                                    \
        .start = KID_START(letter, function)                                                                           \
    }
#define KIT_KID_RUN(letter, function, ...) KIT_KID(&puppet_behavior, function, letter, __VA_ARGS__)

/* As a puppet, but deaf to requests to stop: it says "a_" and goes on, until it is killed. A num n ends it with exit
 * reason n. */
struct deaf {
    struct puppet puppet;
};
extern const airt_behavior deaf_behavior;

/* Start functions. */
airt_status kit_not_now(airt_ctx *ctx, struct puppet *self, void *argument);
airt_status kit_no_start(airt_ctx *ctx, struct puppet *self, void *argument); /* fails */
/* For sim_do. */
airt_status kit_failing(airt_ctx *ctx, struct puppet *self, void *argument);
airt_status kit_monitor(airt_ctx *ctx, struct puppet *self, void *argument); /* *(airt_ref *)argument */

airt_ref kit_top(sim *s);                         /* one_for_one, named "top", no children, two restarts an hour */
airt_ref kit_pool(sim *s, const airt_child *one); /* dynamic */
airt_ref kit_named(sim *s, const char *name);     /* AIRT_NONE: nobody; supervisors too */
/* One more child of a dynamic supervisor, with a letter; out_ref may be NULL. */
airt_status kit_add(sim *s, airt_ref pool, char letter, puppet_fn run, airt_ref *out_ref);
/* A puppet 'w' that says when an actor, called by that letter, ends for good. */
void kit_watch(sim *s, char letter, airt_ref who);

/* True: it lists exactly "a:running b:down". Prints both if not. */
bool kit_lists(sim *s, airt_ref supervisor, const char *words);
/* True: it counts so many. Prints both if not. */
bool kit_counts(sim *s, airt_ref supervisor, uint32_t specs, uint32_t active, uint32_t supervisors, uint32_t workers);
uint32_t kit_incarnation(sim *s, airt_ref who); /* 0: it is gone */
uint64_t kit_actors(sim *s);                    /* of the whole system */

#endif
