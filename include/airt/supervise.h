/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Supervisors: actors that start their children, restart those that fail, and fail themselves when that does not help
 * (the semantics of OTP's supervisor; docs/supervision.md lists what differs). A tree is data: check it, lint it, print
 * it, start it.
 *
 *     airt_supervise(system, &pool, .strategy = AIRT_ONE_FOR_ONE, .restarts_max = 3, .window_ms = 5000,
 *         AIRT_CHILDREN(
 *             AIRT_CHILD(worker, .name = "worker", .count = 4, .start = AIRT_START(worker, .base = 100))));
 *
 * A supervisor never blocks: starts and stops of children are steps of its own, and it answers meanwhile.
 * Unless said otherwise: Thread: any.  Blocks: suspends the calling handler, or blocks the thread outside, until the
 * supervisor has answered. */
#ifndef AIRT_SUPERVISE_H
#define AIRT_SUPERVISE_H

#include <airt/actor.h>
#include <airt/children.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- specs -------------------------------------------------------------------------------------------------------- */

/* What is restarted when one child fails. */
typedef enum airt_strategy {
    AIRT_ONE_FOR_ONE,  /* that child */
    AIRT_ONE_FOR_ALL,  /* all: the others are stopped in reverse order, then all are started in order */
    AIRT_REST_FOR_ONE, /* that child and those after it, in the same way */
    AIRT_DYNAMIC       /* that child; one template, children are started at run time (OTP: simple_one_for_one) */
} airt_strategy;

/* Which ends of a child are followed by a restart. */
typedef enum airt_restart {
    AIRT_PERMANENT, /* every end */
    AIRT_TRANSIENT, /* failures: every reason but normal and shutdown */
    AIRT_TEMPORARY  /* none, not even as a bystander of a group restart; its spec goes with it */
} airt_restart;

/* Whether a supervisor stops by itself when significant children have ended for good, of their own accord. */
typedef enum airt_auto_shutdown {
    AIRT_NEVER,
    AIRT_ANY_SIGNIFICANT,
    AIRT_ALL_SIGNIFICANT
} airt_auto_shutdown;

#define AIRT_BRUTAL_KILL (UINT32_MAX - 1) /* shutdown_ms: killed at once */
#define AIRT_INFINITY UINT32_MAX          /* shutdown_ms: waited for, however long it takes */
#define AIRT_NO_RESTARTS UINT32_MAX       /* restarts_max: the first failure is the supervisor's own */
#define AIRT_NO_BACKOFF UINT32_MAX        /* backoff_ms of a child: at once, whatever its supervisor's */

/* Asks a child every interval whether it is well (it handles airt_health_check and answers by airt_health_tell). */
typedef struct airt_health {
    uint32_t interval_ms; /* 0: no probes */
    uint32_t timeout_ms;  /* an answer later than this is missed; 0: the interval */
    uint32_t failed_max;  /* so many missed or failing answers in a row, and it is killed and restarted; 0: 3 */
} airt_health;

/* Messages that a child fails of whenever they come again, known by kind and trace id (give what is re-sent a trace of
 * its own: airt_send_options.trace). They are dead letters (quarantined) for a while instead of one failure more. */
typedef struct airt_poison {
    uint32_t failures_max;      /* failures of one identity; 0: never */
    uint32_t kind_failures_max; /* failures of one kind, whatever its trace; 0: never */
    uint32_t quarantine_ms;     /* 0: 60,000 */
} airt_poison;

typedef struct airt_tree airt_tree;

typedef struct airt_child {
    const airt_behavior *behavior; /* a worker; or */
    const airt_tree     *tree;     /* a supervisor with children of its own */
    const char          *id;       /* among its siblings; NULL: the name, else the behaviour's, else the tree's name */
    const char          *name;     /* registered; NULL: none. Of count: name, name.2, name.3 ... */
    airt_body            start;    /* AIRT_START(actor, .fields): copied; not of a LOCAL kind */
    uint32_t             count;    /* equal children; 0: 1, and so for those that are started at run time */
    airt_restart         restart;
    uint32_t             shutdown_ms;    /* asked to stop, then killed; 0: 5000, of a tree AIRT_INFINITY */
    uint32_t             backoff_ms;     /* see airt_tree; 0: the supervisor's */
    uint32_t             backoff_max_ms; /* 0: the supervisor's */
    bool                 significant;    /* see airt_auto_shutdown */
    bool                 drop_mail;      /* a restart drops what is queued */
    bool                 asks_fail;      /* while it is down, asks fail at once instead of waiting */
    airt_health          health;
    airt_poison          poison;
    airt_mailbox_options mailbox;
    uint32_t             turn_max, stash_max; /* as in airt_spawn_options */
    uint64_t             memory_max;
} airt_child;

/* Something that a supervisor did or saw. Strings and reason are lent for the call. */
#define AIRT_SUPERVISION_TABLE(X)                                                                                      \
    X(AIRT_SUP_STARTED, "started") /* progress (OTP: info level, all others error level); never of a dynamic one's */  \
    X(AIRT_SUP_TERMINATED, "terminated")            /* a child ended of its own accord */                              \
    X(AIRT_SUP_RESTARTING, "restarting")            /* and will be restarted, in delay_ms */                           \
    X(AIRT_SUP_START_FAILED, "start failed")        /* a start, or restart, of a child */                              \
    X(AIRT_SUP_STOP_FAILED, "stop failed")          /* it ended otherwise than it was asked to: killed, for one */     \
    X(AIRT_SUP_GAVE_UP, "restarts exhausted")       /* the supervisor stops its children and fails */                  \
    X(AIRT_SUP_ESCALATED, "escalated")              /* the same because a child asked for it */                        \
    X(AIRT_SUP_AUTO_SHUTDOWN, "automatic shutdown") /* significant children have ended */                              \
    X(AIRT_SUP_DEGRADED, "degraded")                /* a child said so, or missed an answer */                         \
    X(AIRT_SUP_RECOVERED, "recovered")              /* it is well again */                                             \
    X(AIRT_SUP_UNHEALTHY, "unhealthy")              /* failed_max in a row: killed */                                  \
    X(AIRT_SUP_DELAYED, "restart delayed")          /* no memory, or restarts_per_s: tried again in delay_ms */        \
    X(AIRT_SUP_STOPPED, "stopped")                  /* the supervisor is about to end with this reason */              \
    X(AIRT_SUP_POISON, "poison quarantined")        /* `message` and `trace`, for delay_ms */
#define AIRI_SUP_ENUM(name, text) name,
typedef enum airt_supervision {
    AIRT_SUPERVISION_TABLE(AIRI_SUP_ENUM) AIRT_SUPERVISION_COUNT
} airt_supervision;
#undef AIRI_SUP_ENUM
typedef struct airt_supervision_event {
    airt_supervision  what;
    airt_ref          supervisor;
    const char       *supervisor_name; /* of its tree; never NULL */
    airt_ref          child;           /* AIRT_NONE: the supervisor itself, or a child that never was */
    const char       *id;              /* of the child's spec; NULL: none */
    uint32_t          number;          /* which of count, 1 the first */
    const char       *behavior;
    uint32_t          incarnation;
    uint32_t          restarts; /* of this child so far */
    uint32_t          delay_ms;
    airt_reason       reason;
    const airt_child *spec;    /* NULL: none */
    const char       *message; /* POISON: the kind's name */
    uint64_t          trace;   /* POISON: the identity; 0: the whole kind */
} airt_supervision_event;
/* Called inside the supervisor's handler, by whatever worker runs it: quick, and without awaits. It may call nothing of
 * the runtime but airt_supervision_print and the texts. */
typedef void (*airt_supervision_fn)(void *context, const airt_supervision_event *event);

struct airt_tree {
    const char         *name; /* registered, and the supervisor's id; NULL: none */
    airt_strategy       strategy;
    airt_auto_shutdown  auto_shutdown;
    uint32_t            restarts_max; /* within the window; one more, and the supervisor fails; 0: 1 */
    uint32_t            window_ms;    /* restarts younger than this count; 0: 5000 */
    uint32_t            backoff_ms;   /* before the second restart of a child in a row (the first is immediate); doubles
                                           * each time, less a random part of up to a half; 0: all are immediate */
    uint32_t            backoff_max_ms;   /* 0: 30,000 */
    uint32_t            backoff_reset_ms; /* a child that ran so long begins anew; 0: 60,000 */
    airt_supervision_fn on_event;         /* NULL: the one of the supervisor above */
    void               *on_event_context;
    const airt_child   *children; /* DYNAMIC: the template */
    size_t              child_count;
};

/* The three below are C only, as AIRT_START is: docs/cplusplus.md has the variables that C++ writes. */
/* AIRT_CHILD(actor, .fields...) */
#define AIRT_CHILD(...) AIRI_CHILD(__VA_ARGS__, )
#define AIRI_CHILD(actor, ...)                                                                                         \
    {                                                                                                                  \
        .behavior = &actor##_behavior, __VA_ARGS__                                                                     \
    }
/* A supervisor below: AIRT_SUBTREE(.name = "db", .strategy = ..., AIRT_CHILDREN(...)), as a child spec. */
#define AIRT_SUBTREE(...)                                                                                              \
    {                                                                                                                  \
        .tree = &(const airt_tree)                                                                                     \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
#define AIRT_CHILDREN(...)                                                                                             \
    .children = (const airt_child[]){ __VA_ARGS__ },                                                                   \
    .child_count = sizeof((const airt_child[]){ __VA_ARGS__ }) / sizeof(airt_child)

/* --- a tree as data ----------------------------------------------------------------------------------------------- */

typedef struct airt_spec_error {
    char text[192]; /* "children[2] \"cache\": shutdown_ms: ..." */
} airt_spec_error;

/* Whether the tree can be started; out_error, which may be NULL, names the first field that is wrong. Thread: any.
 * Blocks: no.  Fails: EINVAL, EKIND (a behaviour has no handler for its start, or for the checks of its health),
 * EEXIST (two siblings of one id, or of one name). */
AIRT_API AIRT_MUST_CHECK airt_status airt_tree_check_sized(const airt_tree *tree, size_t tree_size, size_t child_size,
                                                           airt_spec_error *out_error);
AIRT_MUST_CHECK static inline airt_status airt_tree_check(const airt_tree *tree, airt_spec_error *out_error)
{
    return airt_tree_check_sized(tree, sizeof(airt_tree), sizeof(airt_child), out_error);
}
/* Finds what can be started and is dangerous all the same: restarts that cannot help, deadlines that cannot be kept.
 * Calls found for each, with the place and a text; returns how many. Blocks: no. */
typedef void (*airt_lint_fn)(void *context, const char *place, const char *text);
AIRT_API size_t airt_tree_lint_sized(const airt_tree *tree, size_t tree_size, size_t child_size, airt_lint_fn found,
                                     void *context);
static inline size_t airt_tree_lint(const airt_tree *tree, airt_lint_fn found, void *context)
{
    return airt_tree_lint_sized(tree, sizeof(airt_tree), sizeof(airt_child), found, context);
}

typedef enum airt_tree_format {
    AIRT_TREE_TEXT,
    AIRT_TREE_JSON,
    AIRT_TREE_DOT
} airt_tree_format;
/* Writes the tree, cut to size and ended by a zero; returns the length that it needs, as snprintf. Blocks: no. */
AIRT_API size_t      airt_tree_print_sized(const airt_tree *tree, size_t tree_size, size_t child_size,
                                           airt_tree_format format, char *out, size_t size);
static inline size_t airt_tree_print(const airt_tree *tree, airt_tree_format format, char *out, size_t size)
{
    return airt_tree_print_sized(tree, sizeof(airt_tree), sizeof(airt_child), format, out, size);
}

/* --- supervisors -------------------------------------------------------------------------------------------------- */

/* Starts a supervisor, and waits until all its children have started, in order; on a failure those already started are
 * stopped in reverse order, and nothing is left. In a handler the supervisor is the caller's child, and stops with it;
 * and linked, from before its start: a caller that is to go on after a failure traps exits.
 * From outside it is a root: when it gives up, the system is asked to end (airt_system_wait) with reason
 * AIRT_EXIT_ESCALATED; when it ends otherwise, killed for one, nothing follows but the end of its children. The tree is
 * copied.
 * Fails: as airt_tree_check, EFAILED (a child did not start, or memory was refused meanwhile), else as
 * airt_spawn_behavior: EEXIST when the tree's name is taken. */
AIRT_API AIRT_MUST_CHECK airt_status      airt_supervise_tree_sized(airt_from from, airt_ref *out_supervisor,
                                                                    const airt_tree *tree, size_t tree_size,
                                                                    size_t child_size);
AIRT_MUST_CHECK static inline airt_status airt_supervise_tree(airt_from from, airt_ref *out_supervisor,
                                                              const airt_tree *tree)
{
    return airt_supervise_tree_sized(from, out_supervisor, tree, sizeof(airt_tree), sizeof(airt_child));
}
/* airt_supervise(from, &ref, .fields of airt_tree...) */
#define airt_supervise(from, out, ...) AIRI_SUPERVISE(from, out, __VA_ARGS__, )
#define AIRI_SUPERVISE(from, out, ...) airt_supervise_tree(AIRI_FROM(from), (out), AIRI_BODY_OF(airt_tree, __VA_ARGS__))

/* Names a child: AIRT_ID("cache"), or by ref, the only way for those of a dynamic supervisor. */
typedef struct airt_child_key {
    const char *id;
    airt_ref    ref;
} airt_child_key;
#define AIRT_ID(text) AIRI_LITERAL(airt_child_key, (text), AIRT_NONE)
#define AIRT_BY_REF(who) AIRI_LITERAL(airt_child_key, NULL, (who))

typedef enum airt_child_state {
    AIRT_CHILD_STARTING, /* its start runs, or waits for its turn and is the first */
    AIRT_CHILD_RUNNING,
    AIRT_CHILD_STOPPING,
    AIRT_CHILD_RESTARTING, /* down, and due to be started again */
    AIRT_CHILD_DOWN        /* it stays so: stopped by hand, ended normally, or its start said "not now" */
} airt_child_state;

typedef struct airt_child_info {
    airt_ref         ref; /* AIRT_NONE: it never was, or is gone */
    airt_child_state state;
    bool             supervisor;
    airt_restart     restart;
    uint32_t         number;
    uint32_t         restarts;
    char             id[64]; /* cut */
} airt_child_info;

typedef struct airt_child_counts {
    uint32_t specs, active, supervisors, workers; /* of OTP's count_children */
    uint32_t restarting;
} airt_child_counts;

/* The calls below ask a supervisor and wait for its answer, at most `within`. What has begun then goes on.
 * All fail: ETIMEDOUT, EDEAD, EKIND (it is no supervisor), ESTOPPING (it is stopping), EFULL (its mailbox is bounded by
 * its spec, and full), ENOMEM, ELIMIT (stacks), EKILLED, EDEADLK, and those given. Those that wait for a start or a
 * stop go on waiting when the child's group is restarted meanwhile. */

/* Starts one more child: of a spec, behind the others; for a dynamic supervisor one of its template, of which only
 * spec->start (the template's if it has no kind) and name are looked at, and an id has no effect; NULL: the template as
 * it is. Waits for its start. A child whose start fails is not kept; one whose start returns AIRT_STOP ("not now") is
 * kept unless it is temporary or dynamic: OK, and *out_ref is AIRT_NONE.
 * Fails: EINVAL, EKIND (the spec, or it does not fit this supervisor), EEXIST (the id is taken: *out_ref is the child,
 * or AIRT_NONE when it is down; or another actor has the name), EFAILED (its start failed), ELIMIT (also actors_max),
 * ESTOPPING (also: it was stopped before it had started). */
AIRT_API AIRT_MUST_CHECK airt_status      airt_supervisor_start_child_sized(airt_from from, airt_ref supervisor,
                                                                            const airt_child *spec, size_t child_size,
                                                                            airt_duration within, airt_ref *out_ref);
AIRT_MUST_CHECK static inline airt_status airt_supervisor_start_child(airt_from from, airt_ref supervisor,
                                                                      const airt_child *spec, airt_duration within,
                                                                      airt_ref *out_ref)
{
    return airt_supervisor_start_child_sized(from, supervisor, spec, sizeof(airt_child), within, out_ref);
}
/* Stops a child as its spec says, and waits until it is down. Its spec stays, unless it is temporary or dynamic. One
 * that is down is OK, and so is a ref whose actor is gone; a pending restart is given up.
 * Fails: ENOENT (no such child), EINVAL (by id, of a dynamic supervisor). */
AIRT_API AIRT_MUST_CHECK airt_status airt_supervisor_stop_child(airt_from from, airt_ref supervisor, airt_child_key key,
                                                                airt_duration within);
/* Starts a child that is down, and waits for its start. It does not count toward the intensity.
 * Fails: ENOENT, EINVAL (dynamic), ERUNNING, EPENDING (it is about to be restarted), EFAILED, ELIMIT (also restarts_per_s
 * of the system), ESTOPPING (also: it was stopped before it had started). */
AIRT_API AIRT_MUST_CHECK airt_status airt_supervisor_restart_child(airt_from from, airt_ref supervisor,
                                                                   airt_child_key key, airt_duration within,
                                                                   airt_ref *out_ref);
/* Forgets a child that is down, and its spec. Fails: ENOENT, EINVAL (dynamic), ERUNNING, EPENDING. */
AIRT_API AIRT_MUST_CHECK airt_status airt_supervisor_delete_child(airt_from from, airt_ref supervisor,
                                                                  airt_child_key key, airt_duration within);
/* One child, as it stands. Fails: ENOENT (also by id, of a dynamic supervisor). */
AIRT_API AIRT_MUST_CHECK airt_status airt_supervisor_find_child(airt_from from, airt_ref supervisor, airt_child_key key,
                                                                airt_duration within, airt_child_info *out_info);
/* How many there are (OTP: count_children). */
AIRT_API AIRT_MUST_CHECK airt_status airt_supervisor_count(airt_from from, airt_ref supervisor, airt_duration within,
                                                           airt_child_counts *out_counts);
/* Fills infos with up to max children in order of start and *out_count with how many there are. */
AIRT_API AIRT_MUST_CHECK airt_status airt_supervisor_list(airt_from from, airt_ref supervisor, airt_duration within,
                                                          airt_child_info *infos, size_t max, size_t *out_count);
/* Another rule from now on. Fails: EINVAL (no such rule; AIRT_NEVER with significant children). */
AIRT_API AIRT_MUST_CHECK airt_status airt_supervisor_set_auto_shutdown(airt_from from, airt_ref supervisor,
                                                                       airt_auto_shutdown rule, airt_duration within);
/* The running tree as text, one line for each child with its state and restarts, trees below included; as
 * airt_tree_print. Fails: as above, and then out holds what was found. */
AIRT_API AIRT_MUST_CHECK airt_status airt_supervisor_print(airt_from from, airt_ref supervisor, airt_duration within,
                                                           char *out, size_t size, size_t *out_length);

/* --- texts -------------------------------------------------------------------------------------------------------- */

/* Never NULL. Blocks: no.  Owns: static text. */
AIRT_API const char *airt_supervision_text(airt_supervision what);
/* The same for a state. */
AIRT_API const char *airt_child_state_text(airt_child_state state);
/* An event as a line, or as several; as snprintf. Blocks: no. */
AIRT_API size_t airt_supervision_print(const airt_supervision_event *event, bool lines, char *out, size_t size);

/* --- health ------------------------------------------------------------------------------------------------------- */

typedef enum airt_wellness {
    AIRT_WELL,
    AIRT_DEGRADED, /* reported, nothing else */
    AIRT_FAILING   /* counts as a missed answer */
} airt_wellness;
/* What a probed child handles: AIRT_ON(worker, airt_health_check) { return airt_health_tell(ctx, AIRT_WELL); } */
struct airt_health_check {
    uint64_t number;
};
struct airt_health_report {
    uint64_t number;
    uint32_t wellness;
};
AIRI_RUNTIME_KIND(airt_health_check, number)
AIRI_RUNTIME_KIND(airt_health_report, number, wellness)
/* Answers the probe in work; an answer that cannot be sent is a missed one. Thread: inside a handler.  Blocks: no.
 * Fails: EINVAL (no probe in work). */
AIRT_API airt_status airt_health_tell(airt_ctx *ctx, airt_wellness wellness);

#ifdef __cplusplus
}
#endif

#ifdef AIRI_FROM_WRAPPED
#define airt_supervise_tree(from, ...) airt_supervise_tree(AIRI_FROM(from), __VA_ARGS__)
#define airt_supervisor_start_child(from, ...) airt_supervisor_start_child(AIRI_FROM(from), __VA_ARGS__)
#define airt_supervisor_stop_child(from, ...) airt_supervisor_stop_child(AIRI_FROM(from), __VA_ARGS__)
#define airt_supervisor_restart_child(from, ...) airt_supervisor_restart_child(AIRI_FROM(from), __VA_ARGS__)
#define airt_supervisor_delete_child(from, ...) airt_supervisor_delete_child(AIRI_FROM(from), __VA_ARGS__)
#define airt_supervisor_find_child(from, ...) airt_supervisor_find_child(AIRI_FROM(from), __VA_ARGS__)
#define airt_supervisor_count(from, ...) airt_supervisor_count(AIRI_FROM(from), __VA_ARGS__)
#define airt_supervisor_list(from, ...) airt_supervisor_list(AIRI_FROM(from), __VA_ARGS__)
#define airt_supervisor_set_auto_shutdown(from, ...) airt_supervisor_set_auto_shutdown(AIRI_FROM(from), __VA_ARGS__)
#define airt_supervisor_print(from, ...) airt_supervisor_print(AIRI_FROM(from), __VA_ARGS__)
#endif
#endif
