/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A system: workers, actors, memory and time of one runtime. Several live side by side in one process.
 * Unless said otherwise: Thread: any.  Blocks: no. */
#ifndef AIRT_SYSTEM_H
#define AIRT_SYSTEM_H

#include <airt/actor.h>
#include <airt/base.h>
#include <airt/behavior.h>
#include <airt/faults.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Why a message that was accepted was not handled; or, from AIRT_LETTER_FULL on, why it was not accepted. */
#define AIRT_DEAD_LETTER_TABLE(X)                                                                                      \
    X(AIRT_LETTER_EXPIRED, "expired", 1)                                                                               \
    X(AIRT_LETTER_DROPPED, "dropped", 1)                                                                               \
    X(AIRT_LETTER_UNHANDLED, "unhandled", 1)                                                                           \
    X(AIRT_LETTER_FAULT, "fault", 1)                                                                                   \
    X(AIRT_LETTER_STOPPED, "stopped", 1)                                                                               \
    X(AIRT_LETTER_GONE, "gone", 1)                                                                                     \
    X(AIRT_LETTER_POISON, "quarantined", 1)                                                                            \
    X(AIRT_LETTER_INCARNATION, "old incarnation", 1)                                                                   \
    X(AIRT_LETTER_FULL, "full", 0)                                                                                     \
    X(AIRT_LETTER_DEAD, "no such actor", 0)                                                                            \
    X(AIRT_LETTER_NOMEM, "out of memory", 0)                                                                           \
    X(AIRT_LETTER_INVALID, "invalid", 0)                                                                               \
    X(AIRT_LETTER_DEADLOCK, "would close a cycle of waits", 0)

#define AIRI_LETTER_ENUM(name, text, accepted) name,
typedef enum airt_letter {
    AIRT_DEAD_LETTER_TABLE(AIRI_LETTER_ENUM) AIRT_LETTER_COUNT
} airt_letter;
#undef AIRI_LETTER_ENUM
#define AIRT_LETTERS_MAX 16 /* room in airt_system_stats for reasons to come */
/* The text of a reason, never NULL; "unknown reason" outside the table. Owns: static text. */
AIRT_API const char *airt_letter_text(airt_letter reason);

/* What the dead-letter hook is shown: laid out by the library and lent for the call; it may grow at the tail. */
typedef struct airt_dead_letter {
    airt_letter      reason;
    airt_ref         from;
    airt_ref         to;
    const airt_kind *kind;
    const void      *body; /* lent for the call */
} airt_dead_letter;

typedef void (*airt_dead_letter_fn)(void *context, const airt_dead_letter *letter);

/* Things worth knowing that are no failure of a call. */
#define AIRT_REPORT_TABLE(X)                                                                                           \
    X(AIRT_REPORT_STUCK, "stuck")         /* a handler has not returned within stuck_ms */                             \
    X(AIRT_REPORT_UNSTUCK, "unstuck")     /* it did after all */                                                       \
    X(AIRT_REPORT_ABANDONED, "abandoned") /* a handler outlived the kill of its actor */                               \
    X(AIRT_REPORT_FAILED, "failed")       /* an actor failed: status in `status` */                                    \
    X(AIRT_REPORT_ESCALATED, "escalated") /* an actor without supervisor escalated; it was stopped */                  \
    X(AIRT_REPORT_LEAK, "leak")           /* something was left at the final stop: text says what */                   \
    X(AIRT_REPORT_MEMORY, "memory bound") /* memory_max was hit; again only after the bytes fell a tenth below it */   \
    X(AIRT_REPORT_FAULT, "fault")         /* a fault was contained, and ends its actor: `fault` */                     \
    X(AIRT_REPORT_LOCK, "lock held")      /* a handler returned or waited with it: `text` says which, and where */

#define AIRI_REPORT_ENUM(name, text) name,
typedef enum airt_report_kind {
    AIRT_REPORT_TABLE(AIRI_REPORT_ENUM) AIRT_REPORT_COUNT
} airt_report_kind;
#undef AIRI_REPORT_ENUM
/* The text of a kind of report, never NULL; "unknown report" outside the table. Owns: static text. */
AIRT_API const char *airt_report_text(airt_report_kind kind);
/* What the report hook is shown: laid out by the library and lent for the call; it may grow at the tail. */
typedef struct airt_report {
    airt_report_kind  kind;
    airt_ref          who;
    const char       *behavior;
    const char       *message; /* name of the kind that was in work, a start or a hook too; NULL: none, or unknown */
    airt_status       status;
    int64_t           ns; /* how long, for STUCK and UNSTUCK */
    const char       *text;
    const airt_fault *fault; /* FAULT: lent for the call; else NULL */
} airt_report;
typedef void (*airt_report_fn)(void *context, const airt_report *report);

/* Receives mailbox events; called on the thread that caused them, must be thread-safe and quick and call nothing of the
 * runtime. A NULL member is not called. NULL in the options is the default one, whose sums airt_system_stats shows. */
typedef struct airt_recorder {
    void *context;
    void (*accepted)(void *context, airt_ref who, const airt_kind *kind);
    void (*begun)(void *context, airt_ref who, const airt_kind *kind);
    void (*refused)(void *context, airt_ref who, const airt_kind *kind, airt_status status);
    void (*dead)(void *context, airt_ref who, const airt_kind *kind, airt_letter reason);
    void (*state)(void *context, airt_ref who, airt_state from, airt_state to); /* every change, in order */
} airt_recorder;
/* Records nothing and costs nothing; known by its address. */
AIRT_API extern const airt_recorder airt_recorder_none;

/* What a fault in a handler's own code (SIGSEGV, abort, a failed check...) does. docs/faults.md says what is promised. */
typedef enum airt_faults {
    AIRT_FAULTS_DEFAULT, /* nothing of ours: the process dies as it would without the library */
    AIRT_FAULTS_CONTAIN  /* that actor ends with reason AIRT_EXIT_FAULT or AIRT_EXIT_CHECK, where that is sound */
} airt_faults;

typedef struct airt_system_options {
    airt_world          *world;             /* NULL: the Linux world. Lent, must outlive the system. */
    uint32_t             workers;           /* 0: one per core this process may use */
    uint32_t             workers_spare_max; /* replacements of stuck or blocked workers; 0: 64 */
    uint32_t             blocking_max;      /* threads for `blocking` behaviours; 0: 64 */
    uint32_t             dedicated_max;     /* threads for `dedicated` behaviours; 0: 64 */
    uint32_t             actors_max;        /* 0: 16,777,216; at most AIRT_ACTORS_LIMIT */
    uint32_t             stacks_max;        /* 0: derived from vm.max_map_count and memory */
    uint32_t             stack_bytes;       /* 0: 262,144, reserved, touched pages only */
    uint32_t             turn_us;           /* time budget of a turn; 0: 1,000 */
    uint32_t             stuck_ms;          /* 0: 1,000; UINT32_MAX: never */
    uint32_t             abandoned_max;     /* 0: 1,024 */
    bool                 foreign_loop;      /* no thread of our own: airt_system_fd and airt_system_step */
    const airt_recorder *recorder;          /* NULL: the default; copied */
    airt_dead_letter_fn  dead_letter;       /* any thread; must not call the runtime */
    void                *dead_letter_context;
    airt_report_fn       report; /* any thread; must not call the runtime */
    void                *report_context;
    airt_faults          faults;
    uint32_t             faults_max;       /* contained faults within faults_window_ms; one more is fatal; 0: 1,000; at
                                            * most AIRT_FAULTS_LIMIT */
    uint32_t             faults_window_ms; /* 0: 10,000 */
    uint32_t             restarts_per_s;   /* restarts of supervised children in the whole system; 0: no limit */
    uint64_t             memory_max;       /* bound of airt_system_stats.bytes, stacks not included; 0: none */
    const char          *flight_path;      /* the flight recorder's file, made or overwritten; NULL: none. Copied. */
    uint32_t             flight_events;    /* events kept for each worker, at most 1,048,576; 0: 4,096 */
    const char          *postmortem_path;  /* where a fault that is not contained is described before it ends the
                                            * process; appended to, made if need be; NULL: nowhere. Copied. */
    uint32_t             spin_us;          /* longest look of an idle worker, and of a thread that waits for an answer,
                                            * before it sleeps; shorter, or none, where that has not paid lately. One
                                            * pool worker at a time. 0: 50, on one core none; UINT32_MAX: never */
} airt_system_options;                     /* NULL or all zero: defaults; a test proves each */

#define AIRT_ACTORS_LIMIT ((1u << 28) - 2)

/* Creates a system and starts its workers. Touches no signal handler, but with AIRT_FAULTS_CONTAIN, and prints nothing.
 * Fails: ENOMEM, ESYSTEM (no thread; flight_path cannot be made, or the disk is full), EEXIST (flight_path is some other
 * file, or in use), EINVAL (a bound too large, a stack too small), ELIMIT (stacks_max below workers), EVERSION (the
 * header is of another major version, or, while that is 0, of another minor one). */
AIRT_API AIRT_MUST_CHECK airt_status airt_system_create_sized(const airt_system_options *options, size_t options_size,
                                                              size_t recorder_size, int header_version,
                                                              airt_system **out_system);

AIRT_MUST_CHECK static inline airt_status airt_system_create(const airt_system_options *options,
                                                             airt_system              **out_system)
{
    return airt_system_create_sized(options, sizeof(airt_system_options), sizeof(airt_recorder), AIRT_VERSION,
                                    out_system);
}

/* Asks for the end of the system: nothing is spawned or restarted any more, and airt_system_wait returns with the reason
 * (NULL: AIRT_EXIT_SHUTDOWN; the first one counts). A supervisor at the root that gives up does this. Thread: any.
 * Fails: EKILLED (the caller was). */
AIRT_API airt_status airt_system_end(airt_from from, const airt_reason *reason);
/* Waits for that, as a program's main thread does before airt_system_stop. out_reason may be NULL.
 * Thread: outside any handler.  Blocks: until then.  Fails: ETIMEDOUT. */
AIRT_API AIRT_MUST_CHECK airt_status airt_system_wait(airt_system *system, airt_duration within,
                                                      airt_reason *out_reason);

/* Ends every actor (shutdown; children before parents, those of supervisors by their supervisors), waits until `within`
 * passes, then kills what is left. With
 * nothing left the system is destroyed and *system is NULL. Otherwise (abandoned handlers that have not returned) the
 * system lives, AIRT_ELEFT is returned, and the call may be made again. *system NULL: nothing to do.
 * Thread: outside any handler, when no other calls with the system.  Blocks: until all have ended.  Fails: ELEFT. */
AIRT_API AIRT_MUST_CHECK airt_status airt_system_stop(airt_system **system, airt_duration within);

/* Waits until nothing is queued or running (armed timers and suspended handlers do not count). For tests and batch
 * programs. In the simulated world and a foreign loop it runs what there is, without regard to `within`.
 * Thread: outside any handler.  Blocks: until it is so.  Fails: ETIMEDOUT. */
AIRT_API AIRT_MUST_CHECK airt_status airt_system_quiesce(airt_system *system, airt_duration within);

/* With foreign_loop: a descriptor that is readable when there is work; it is the system's, to be polled and nothing
 * else. -1 without foreign_loop. */
AIRT_API int airt_system_fd(airt_system *system);
/* With foreign_loop: does some work, at most turns_max turns (0: until nothing is ready). *out_more tells whether work
 * is left. Thread: outside any handler, one at a time.  Blocks: as the handlers it runs do.
 * Fails: EINVAL (no foreign_loop). */
AIRT_API airt_status airt_system_step(airt_system *system, uint32_t turns_max, bool *out_more);

/* The account. accepted = handled + dead[EXPIRED..INCARNATION] + in_work + queued, exact at quiescence and at stop.
 * Each term is counted where it happens. */
typedef struct airt_system_stats {
    uint64_t accepted, handled, in_work, queued;
    uint64_t dead[AIRT_LETTERS_MAX]; /* by airt_letter */
    uint64_t refused, late_replies;
    uint64_t spawned, stopped, failed, restarts;
    uint64_t actors, abandoned;
    uint64_t turns, steals, parks, wakes;
    uint64_t awaits, switches, stacks, stacks_max;
    uint64_t timers_armed, timers_fired;
    uint64_t bytes; /* mapped from the operating system for messages, states and tables; partly untouched */
    uint32_t workers, workers_stuck;
    uint64_t bytes_max; /* memory_max; 0: no bound */
} airt_system_stats;
/* Reads the account; live, terms may lag behind each other. Allocates: nothing. */
AIRT_API void airt_system_stats_get_sized(airt_system *system, airt_system_stats *out_stats, size_t stats_size);

static inline void airt_system_stats_get(airt_system *system, airt_system_stats *out_stats)
{
    airt_system_stats_get_sized(system, out_stats, sizeof(airt_system_stats));
}

#if UINTPTR_MAX == UINT64_MAX
AIRI_STATIC_ASSERT(sizeof(airt_recorder) == 48 && offsetof(airt_recorder, accepted) == 8 &&
                       offsetof(airt_recorder, state) == 40,
                   "layout frozen: only append");
AIRI_STATIC_ASSERT(sizeof(airt_system_options) == 152 && offsetof(airt_system_options, foreign_loop) == 48 &&
                       offsetof(airt_system_options, recorder) == 56 &&
                       offsetof(airt_system_options, report_context) == 88 &&
                       offsetof(airt_system_options, faults) == 96 && offsetof(airt_system_options, memory_max) == 112,
                   "layout frozen: only append");
AIRI_STATIC_ASSERT((int)AIRT_LETTER_COUNT <= AIRT_LETTERS_MAX && offsetof(airt_system_stats, refused) == 160 &&
                       offsetof(airt_system_stats, workers) == 312 && offsetof(airt_system_stats, bytes_max) == 320,
                   "layout frozen: only append");
AIRI_STATIC_ASSERT(sizeof(airt_dead_letter) == 40 && offsetof(airt_dead_letter, kind) == 24 &&
                       sizeof(airt_report) == 64 && offsetof(airt_report, ns) == 40,
                   "layout frozen: only append");
#endif

#ifdef __cplusplus
}
#endif

#ifdef AIRI_FROM_WRAPPED
#define airt_system_end(from, ...) airt_system_end(AIRI_FROM(from), __VA_ARGS__)
#endif
#endif
