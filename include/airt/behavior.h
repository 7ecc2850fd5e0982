/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Behaviours: which kinds an actor handles, and how; what a protocol accepts; the kinds that the runtime itself sends.
 * `struct counter` is the state of actor `counter`: zeroed when an incarnation starts, touched by its handlers only.
 * In C++ it must be trivial: nothing constructs or destroys it. */
#ifndef AIRT_BEHAVIOR_H
#define AIRT_BEHAVIOR_H

#include <airt/base.h>
#include <airt/message.h>

/* Where handlers run. */
typedef enum airt_placement {
    AIRT_POOLED,   /* on the workers; must not block the thread */
    AIRT_BLOCKING, /* on a thread of the blocking pool, a message at a time; may block */
    AIRT_DEDICATED /* on a thread of its own */
} airt_placement;

/* What a message does to a state. A handler returns AIRT_OK, AIRT_STOP for a normal end, or a failure; an airt_failed
 * handler returns its verdict. */
typedef airt_status (*airt_receive_fn)(void *self, airt_ctx *ctx, const airt_kind *kind, const void *body);

typedef struct airt_behavior {
    uint32_t                struct_size;
    uint32_t                state_size;
    const char             *name;
    airt_receive_fn         receive;         /* a kind that is not handled: airt_refuse, or the rule of AIRT_STATE */
    const airt_kind *const *kinds;           /* NULL-terminated: what it handles */
    airt_status (*otherwise)(airt_ctx *ctx); /* the rule of AIRT_STATE for the other kinds; NULL: airt_refuse */
    airt_placement placement;
    bool           pinned; /* a suspended handler resumes on the same thread */
    uint32_t runaway_ms;   /* not 0: its handlers are pure (they touch self, msg and the runtime, nothing else), and one
                                * that computes longer is ended with reason AIRT_EXIT_FAULT, code SIGXCPU, where faults are
                                * contained, at the latest stuck_ms after that */
} airt_behavior;

#if UINTPTR_MAX == UINT64_MAX
AIRI_STATIC_ASSERT(sizeof(airt_behavior) == 56 && offsetof(airt_behavior, receive) == 16 &&
                       offsetof(airt_behavior, placement) == 40 && offsetof(airt_behavior, pinned) == 44 &&
                       offsetof(airt_behavior, runaway_ms) == 48,
                   "layout frozen: programs lay out behaviours; only append, struct_size tells");
#endif

/* --- protocols ---------------------------------------------------------------------------------------------------- */

/*     #define counter_ACCEPTS(KIND) KIND(counter_add) KIND(counter_get)       what others may send
 *     AIRT_PROTOCOL(counter)
 *     AIRT_ON(counter, counter_add) { self->total += msg->amount; return AIRT_OK; }
 *     #define counter_HANDLES(ON, A) ON(A, counter_add) ON(A, counter_get)    what it handles, private kinds too
 *     AIRT_BEHAVIOR(counter) */

/* Makes p_ref: the address of an actor that takes the kinds of p_ACCEPTS, and of those only. */
#define AIRT_PROTOCOL(p)                                                                                               \
    typedef union p##_ref {                                                                                            \
        uint64_t bits;                                                                                                 \
        airt_ref ref;                                                                                                  \
        p##_ACCEPTS(AIRI_ACCEPTS)                                                                                      \
    } p##_ref;
/* In a header: actor_behavior is defined by AIRT_BEHAVIOR(actor) or AIRT_MACHINE in some other file. */
#define AIRT_ACTOR(actor) extern const airt_behavior actor##_behavior;
/* The actor plays a protocol of another name (a fake, a router): checks that it handles all the protocol accepts, and
 * makes actor_ref another name of protocol_ref. After AIRT_BEHAVIOR(actor). */
#define AIRT_COVERS(actor, protocol)                                                                                   \
    AIRI_COVERS(actor, protocol)                                                                                       \
    typedef protocol##_ref actor##_ref;

/* --- handlers ----------------------------------------------------------------------------------------------------- */

/* The handler of a kind: `self` is the state, `ctx` the context, `msg` the body, lent until the handler returns. */
#define AIRT_ON(actor, kind) AIRI_HANDLER(actor, actor##_on_##kind, kind)
/* The handler of a kind in a named state. */
#define AIRT_ON_IN(actor, state, kind) AIRI_HANDLER(actor, actor##_##state##_on_##kind, kind)
#define AIRI_HANDLER(actor, name, kind)                                                                                \
    static airt_status name(AIRT_UNUSED struct actor *self, AIRT_UNUSED airt_ctx *ctx,                                 \
                            AIRT_UNUSED const struct kind *msg)

/* Makes actor_behavior from actor_HANDLES. Options follow: AIRT_BEHAVIOR(disk, .placement = AIRT_BLOCKING). Where a
 * protocol of the actor's name exists, HANDLES must cover what it ACCEPTS, or it does not compile. */
#define AIRT_BEHAVIOR(...) AIRI_BEHAVIOR(__VA_ARGS__, )
/* Makes actor_state_state from actor_state_HANDLES, for airt_become. Other kinds go by the rule, an
 * `airt_status rule(airt_ctx *)`: airt_stash, airt_ignore, airt_refuse or your own. */
#define AIRT_STATE(...) AIRI_STATE(__VA_ARGS__, )
/* Says that AIRT_STATE(actor, state) comes later in this file, for states that name each other. */
#define AIRT_STATE_AHEAD(actor, state) AIRI_STATE_DECLARE const airt_behavior actor##_##state##_state;
/* Makes actor_behavior of an actor that is born in a state, and whose states together play actor_ACCEPTS. The state it
 * is born in may handle its start and the hooks airt_stopping and airt_failed, for the states that do not. */
#define AIRT_MACHINE(...) AIRI_MACHINE(__VA_ARGS__, )

#ifdef __cplusplus
extern "C" {
#endif

/* Rules of AIRT_STATE (airt_stash is the third). Thread: inside a handler.  Blocks: no.
 * ignore: the message counts as handled. refuse: it is a dead letter (unhandled); a request is answered AIRT_EKIND. */
AIRT_API airt_status airt_ignore(airt_ctx *ctx);
AIRT_API airt_status airt_refuse(airt_ctx *ctx);

#ifdef __cplusplus
}
#endif

/* --- kinds of the runtime ----------------------------------------------------------------------------------------- */

/* Why an actor ended. NORMAL and SHUTDOWN are no failures (OTP: normal, shutdown). */
#define AIRT_EXIT_TABLE(X)                                                                                             \
    X(AIRT_EXIT_NORMAL, "normal")        /* a handler returned AIRT_STOP */                                            \
    X(AIRT_EXIT_SHUTDOWN, "shutdown")    /* asked to stop or drain, by its parent or the system too */                 \
    X(AIRT_EXIT_KILLED, "killed")        /* airt_kill, or a stop that took too long */                                 \
    X(AIRT_EXIT_ERROR, "error")          /* a handler returned a failure: `status` */                                  \
    X(AIRT_EXIT_START, "start failed")   /* the handler of the construction arguments returned a failure */            \
    X(AIRT_EXIT_LINKED, "linked")        /* an actor it was linked to failed: `origin` */                              \
    X(AIRT_EXIT_ESCALATED, "escalated")  /* a supervisor gave up; or airt_failed answered ESCALATE */                  \
    X(AIRT_EXIT_NOPROC, "no such actor") /* watched or linked when already gone */                                     \
    X(AIRT_EXIT_NOMEM, "out of memory")  /* it wanted more than its memory_max allows */                               \
    X(AIRT_EXIT_FAULT, "fault")          /* a signal in its code: code; where faults are contained */                  \
    X(AIRT_EXIT_CHECK, "check failed")   /* a failed AIRT_CHECK in its code, where faults are contained */

#define AIRI_EXIT_ENUM(name, text) name,
typedef enum airt_exit {
    AIRT_EXIT_TABLE(AIRI_EXIT_ENUM) AIRT_EXIT_COUNT
} airt_exit;
#undef AIRI_EXIT_ENUM

/* Why, with whatever is known. Nest it: NESTED(reason, airt_reason). */
typedef struct airt_reason {
    airt_exit   exit;
    airt_status status; /* of the handler, for ERROR and START */
    int32_t     code;   /* the user's, or a signal number for FAULT */
    airt_ref    origin; /* the actor where it began; AIRT_NONE: this one */
} airt_reason;

/* A watched actor came to its final stop. */
struct airt_down {
    airt_ref           who;
    uint32_t           incarnation;
    struct airt_reason reason;
};
/* A linked actor failed, and exits are trapped here (OTP: {'EXIT', Pid, Reason}). */
struct airt_exited {
    airt_ref           who;
    uint32_t           incarnation;
    struct airt_reason reason;
};
/* Hook, post_stop: after stop, error, failed start and cooperative kill; never after a fault. It may not await. */
struct airt_stopping {
    struct airt_reason reason;
    bool               started; /* false: the start itself failed */
};
/* Hook, on_error: after a handler returned a failure. Its own return value is the verdict: AIRT_STOP, AIRT_RESUME,
 * AIRT_RESTART or AIRT_ESCALATE. */
struct airt_failed {
    struct airt_reason reason;
    uint32_t           restarts; /* of this actor so far */
};
/* How a start went, for spawns with notify_start. */
struct airt_started {
    airt_ref    who;
    airt_status status;
};

#define AIRI_AIRT_REASON exit, status, code, origin
#define AIRI_AIRT_DOWN who, incarnation, NESTED(reason, airt_reason)
#define AIRI_AIRT_EXITED who, incarnation, NESTED(reason, airt_reason)
#define AIRI_AIRT_STOPPING NESTED(reason, airt_reason), started
#define AIRI_AIRT_FAILED NESTED(reason, airt_reason), restarts
#define AIRI_AIRT_STARTED who, status
/* X(kind, fields): this header declares them, the library defines them. */
#define AIRI_RUNTIME_KINDS(X)                                                                                          \
    X(airt_reason, AIRI_AIRT_REASON)                                                                                   \
    X(airt_down, AIRI_AIRT_DOWN)                                                                                       \
    X(airt_exited, AIRI_AIRT_EXITED)                                                                                   \
    X(airt_stopping, AIRI_AIRT_STOPPING)                                                                               \
    X(airt_failed, AIRI_AIRT_FAILED)                                                                                   \
    X(airt_started, AIRI_AIRT_STARTED)

#if UINTPTR_MAX == UINT64_MAX
AIRI_STATIC_ASSERT(sizeof(struct airt_reason) == 24 && offsetof(struct airt_reason, origin) == 16 &&
                       sizeof(struct airt_down) == 40 && offsetof(struct airt_down, reason) == 16 &&
                       sizeof(struct airt_exited) == 40 && offsetof(struct airt_exited, reason) == 16,
                   "layout frozen: the runtime sends them");
AIRI_STATIC_ASSERT(sizeof(struct airt_stopping) == 32 && offsetof(struct airt_stopping, started) == 24 &&
                       sizeof(struct airt_failed) == 32 && offsetof(struct airt_failed, restarts) == 24 &&
                       sizeof(struct airt_started) == 16 && offsetof(struct airt_started, status) == 8,
                   "layout frozen: the runtime sends them");
#endif

#ifdef __cplusplus
extern "C" {
#endif
AIRI_RUNTIME_KINDS(AIRI_RUNTIME_KIND)

/* The text of an exit, never NULL. Thread: any.  Blocks: no.  Owns: static text. */
AIRT_API const char *airt_exit_text(airt_exit exit);
/* NORMAL and SHUTDOWN: links do not fire, transient children are not restarted. */
static inline bool airt_exit_is_failure(airt_exit exit)
{
    return exit != AIRT_EXIT_NORMAL && exit != AIRT_EXIT_SHUTDOWN;
}
#ifdef __cplusplus
}
#endif

/* --- behind the macros; not for users ----------------------------------------------------------------------------- */

#define AIRI_ACCEPTS(kind) char accepts_##kind;
#define AIRI_LISTED(kind) &kind##_kind,
#define AIRI_HANDLED(actor, kind) &kind##_kind,
#define AIRI_HANDLED_IN(actor, state, kind) &kind##_kind,
#define AIRI_HANDLES(actor, kind) char handles_##kind;

/* By value, not by call: a missing handler is an undeclared identifier, an error everywhere. */
#define AIRI_CASE_OF(actor, name, on_kind)                                                                             \
    if (kind == &on_kind##_kind) {                                                                                     \
        airt_status (*const handler)(struct actor *, airt_ctx *, const struct on_kind *) = name;                       \
        return handler((struct actor *)self, ctx, (const struct on_kind *)body);                                       \
    }
#define AIRI_CASE(actor, kind) AIRI_CASE_OF(actor, actor##_on_##kind, kind)
#define AIRI_CASE_IN(actor, state, kind) AIRI_CASE_OF(actor, actor##_##state##_on_##kind, kind)

/* Address compares first; on a miss the list's own descriptor of the same kind (another module's message), if any. */
#define AIRI_RECEIVE(prefix, cases, otherwise)                                                                         \
    static airt_status prefix##_receive(void *self, airt_ctx *ctx, const airt_kind *kind, const void *body)            \
    {                                                                                                                  \
        do {                                                                                                           \
            cases kind = airt_kind_match(prefix##_kinds, kind);                                                        \
        } while (kind != NULL);                                                                                        \
        (void)self;                                                                                                    \
        (void)body;                                                                                                    \
        return otherwise(ctx);                                                                                         \
    }

#ifdef __cplusplus
#define AIRI_STATE_DECLARE extern
#define AIRI_STATE_DEFINE(name)                                                                                        \
    extern const airt_behavior name;                                                                                   \
    const airt_behavior        name
#define AIRI_OPTION(behavior, option) (void)(behavior option);
#define AIRI_BEHAVIOR_VALUE(actor, name, receive, kinds, otherwise, ...)                                               \
    [] {                                                                                                               \
        static_assert(std::is_trivially_default_constructible<struct actor>::value &&                                  \
                          std::is_trivially_destructible<struct actor>::value,                                         \
                      #actor ": the state is zeroed, not constructed, and never destroyed: no constructors, default "  \
                             "member initializers or members that own something");                                     \
        airt_behavior airi_behavior = { (uint32_t)sizeof(airt_behavior),                                               \
                                        (uint32_t)sizeof(struct actor),                                                \
                                        name,                                                                          \
                                        receive,                                                                       \
                                        kinds,                                                                         \
                                        otherwise,                                                                     \
                                        AIRT_POOLED,                                                                   \
                                        false,                                                                         \
                                        0 };                                                                           \
        AIRI_EACH(AIRI_OPTION, airi_behavior, __VA_ARGS__)                                                             \
        return airi_behavior;                                                                                          \
    }()
#else
#define AIRI_STATE_DECLARE AIRT_UNUSED static
#define AIRI_STATE_DEFINE(name) AIRT_UNUSED static const airt_behavior name
#define AIRI_BEHAVIOR_VALUE(actor, name_, receive_, kinds_, otherwise_, ...)                                           \
    {                                                                                                                  \
        .struct_size = (uint32_t)sizeof(airt_behavior), .state_size = (uint32_t)sizeof(struct actor), .name = name_,   \
        .receive = receive_, .kinds = kinds_, .otherwise = otherwise_, __VA_ARGS__                                     \
    }
#endif

#define AIRI_BEHAVIOR(actor, ...)                                                                                      \
    static const airt_kind *const actor##_kinds[] = { actor##_HANDLES(AIRI_HANDLED, actor) NULL };                     \
    struct airi_handled_by_##actor {                                                                                   \
        char airi_nothing;                                                                                             \
        actor##_HANDLES(AIRI_HANDLES, actor)                                                                           \
    };                                                                                                                 \
    AIRI_CAT(AIRI_COVERS_OWN_, AIRI_STARTS_PAREN(actor##_ACCEPTS(AIRI_PAREN)))                                         \
    (actor) AIRI_RECEIVE(actor, actor##_HANDLES(AIRI_CASE, actor),                                                     \
                         airt_refuse) extern const airt_behavior actor##_behavior;                                     \
    const airt_behavior                                          actor##_behavior =                                    \
        AIRI_BEHAVIOR_VALUE(actor, #actor, actor##_receive, actor##_kinds, NULL, __VA_ARGS__);
#define AIRI_STATE(actor, state, rule, ...)                                                                            \
    static const airt_kind *const actor##_##state##_kinds[] = { actor##_##state##_HANDLES(                             \
        AIRI_HANDLED_IN, AIRI_BOTH(actor, state)) NULL };                                                              \
    AIRI_RECEIVE(actor##_##state, actor##_##state##_HANDLES(AIRI_CASE_IN, AIRI_BOTH(actor, state)), rule)              \
    AIRI_STATE_DEFINE(actor##_##state##_state) = AIRI_BEHAVIOR_VALUE(                                                  \
        actor, #actor "." #state, actor##_##state##_receive, actor##_##state##_kinds, rule, __VA_ARGS__);
#define AIRI_MACHINE(actor, state, ...)                                                                                \
    static const airt_kind *const actor##_kinds[] = { actor##_ACCEPTS(AIRI_LISTED) actor##_##state##_HANDLES(          \
        AIRI_HANDLED_IN, AIRI_BOTH(actor, state)) NULL };                                                              \
    extern const airt_behavior    actor##_behavior;                                                                    \
    const airt_behavior           actor##_behavior =                                                                   \
        AIRI_BEHAVIOR_VALUE(actor, #actor, actor##_##state##_receive, actor##_kinds, NULL, __VA_ARGS__);
#define AIRI_BOTH(actor, state) actor, state

/* sizeof a member that is only there when the kind is handled. */
#define AIRI_COVERS(actor, protocol)                                                                                   \
    AIRT_UNUSED static inline void airi_##actor##_covers_##protocol(void)                                              \
    {                                                                                                                  \
        typedef struct airi_handled_by_##actor airi_handled;                                                           \
        protocol##_ACCEPTS(AIRI_COVERED)                                                                               \
    }
#define AIRI_COVERED(kind) (void)sizeof(((airi_handled *)0)->handles_##kind);
#define AIRI_COVERS_OWN_0(actor)
#define AIRI_COVERS_OWN_1(actor) AIRI_COVERS(actor, actor)

#endif
