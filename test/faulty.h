/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For tests of faults: every way to fault, and an actor that does so in whatever place it is told to. */
#ifndef TEST_FAULTY_H
#define TEST_FAULTY_H

#include <airt/airt.h>

/* X(name, the signal, text). 0: no signal but a failed check. */
#define FAULTY_TABLE(X)                                                                                                \
    X(FAULTY_NONE, 0, "none")                                                                                          \
    X(FAULTY_NULL, SIGSEGV, "a write through a null pointer")                                                          \
    X(FAULTY_WILD, SIGSEGV, "a read where nothing is mapped")                                                          \
    X(FAULTY_NOWHERE, SIGSEGV, "a call of a null pointer")                                                             \
    X(FAULTY_NOWHERE_LAST, SIGSEGV, "a call of a null pointer at a function's end")                                    \
    X(FAULTY_COPY, SIGSEGV, "memcpy to a null pointer")                                                                \
    X(FAULTY_LENGTH, SIGSEGV, "strlen of a null pointer")                                                              \
    X(FAULTY_STACK, SIGSEGV, "endless recursion")                                                                      \
    X(FAULTY_BUS, SIGBUS, "a page behind the end of its file")                                                         \
    X(FAULTY_DIVIDE, SIGFPE, "a division by zero")                                                                     \
    X(FAULTY_ILLEGAL, SIGILL, "an instruction that is none")                                                           \
    X(FAULTY_ABORT, SIGABRT, "abort")                                                                                  \
    X(FAULTY_RAISE, SIGABRT, "raise")                                                                                  \
    X(FAULTY_CHECK, 0, "a failed check")                                                                               \
    X(FAULTY_CHECK_EQ, 0, "a failed comparison")

#define FAULTY_ENUM(name, signal, text) name,
typedef enum faulty {
    FAULTY_TABLE(FAULTY_ENUM) FAULTY_COUNT
} faulty;
#undef FAULTY_ENUM

int         faulty_signal(faulty how);
const char *faulty_text(faulty how);
/* Whether this machine faults at all by it. */
bool faulty_here(faulty how);
/* Faults so. FAULTY_NONE: returns. */
void faulty_do(faulty how);

/* Where the actor faults. */
typedef enum faulty_place {
    FAULTY_IN_HANDLER,
    FAULTY_AFTER_AWAIT, /* on a stack of its own */
    FAULTY_IN_START,
    FAULTY_IN_STOPPING, /* its post_stop, after a normal end */
    FAULTY_IN_FAILED,   /* its on_error */
    FAULTY_PLACES
} faulty_place;

/* Asked or told to fault, it does; the request is never answered. */
struct faulty_go {
    uint32_t how, place;
};
struct faulty_done {
    uint32_t value;
};
struct faulty_ping {
    uint32_t value;
};
AIRT_KIND(faulty_go, how, place)
AIRT_KIND(faulty_done, value)
AIRT_KIND(faulty_ping, value)
AIRT_ANSWER(faulty_go, faulty_done)
AIRT_ANSWER(faulty_ping, faulty_done)

#define faulty_actor_ACCEPTS(KIND) KIND(faulty_go) KIND(faulty_ping)
AIRT_PROTOCOL(faulty_actor)
struct faulty_actor_start {
    uint32_t how;
};
AIRT_KIND(faulty_actor_start, how)
AIRT_ACTOR(faulty_actor)
/* The same on other threads. */
extern const airt_behavior faulty_blocking, faulty_dedicated, faulty_pinned;

/* Spawns one and watches it; writes down why it ended. */
#define ward_ACCEPTS(KIND) KIND(ward_spawn) KIND(ward_ask)
struct ward_spawn {
    uint64_t behavior; /* an address */
    uint32_t how;      /* in its start */
};
struct ward_spawned {
    faulty_actor_ref ref;
};
struct ward_ask {
    uint64_t who;
};
struct ward_told {
    uint32_t    exit;
    int32_t     code;
    airt_status status; /* AIRT_EPENDING: it lives */
};
AIRT_KIND(ward_spawn, behavior, how)
AIRT_KIND(ward_spawned, REF(ref))
AIRT_KIND(ward_ask, who)
AIRT_KIND(ward_told, exit, code, status)
AIRT_ANSWER(ward_spawn, ward_spawned)
AIRT_ANSWER(ward_ask, ward_told)
AIRT_PROTOCOL(ward)
AIRT_ACTOR(ward)

#endif
