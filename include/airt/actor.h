/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a handler, or a thread outside, can do with actors: spawn, tell, ask, await, reply, keep, time, watch, end.
 * Each verb is a function that takes a kind and a body by pointer (C++ and bindings use these), and, where a message is
 * involved, a macro of the short name that ends in `kind, .fields` and checks kinds against typed refs.
 *
 * A `from` is a handler's ctx, or a system when the caller is outside of any handler. A system inside a handler of that
 * system, or a ctx outside its handler, is a programmer error and says so. Calls with a ctx that must wait suspend the
 * handler, never the thread; calls with a system block the calling thread.
 *
 * Option structs reach the library with their size: the names that end in _sized are the library's own, the inline
 * functions without it are for programs. Structs grow at the tail only; zero means default. */
#ifndef AIRT_ACTOR_H
#define AIRT_ACTOR_H

#include <airt/base.h>
#include <airt/behavior.h>
#include <airt/message.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- options ---------------------------------------------------------------------------------------------------- */

/* What a full mailbox does with one message more (the words are Akka's and Reactive Streams'). */
typedef enum airt_overflow {
    AIRT_REFUSE,   /* the sender gets AIRT_EFULL and the message is a dead letter */
    AIRT_DROP_NEW, /* the sender gets AIRT_OK, the new message is a dead letter */
    AIRT_DROP_OLD, /* the oldest of the lowest priority, the new one included, is a dead letter */
    AIRT_WAIT /* the sending handler is suspended (an outside thread blocks) until there is room; those who wait are
                    * let in first come first served */
} airt_overflow;

#define AIRT_UNBOUNDED UINT32_MAX
#define AIRT_MAILBOX_MAX 262144u /* also the bound of an unbounded one that has a bytes_max */

typedef struct airt_mailbox_options {
    uint32_t      max;       /* messages accepted and not begun; 0: 1024; up to AIRT_MAILBOX_MAX, or AIRT_UNBOUNDED */
    uint32_t      bytes_max; /* their structs and the bytes of their views, without headers; 0: no bound by bytes */
    airt_overflow overflow;
    uint32_t      ttl_ms;      /* a message not begun in time is a dead letter (expired); 0: none. A request with a
                                * deadline of its own, which most have, goes by that one instead */
    uint32_t      wait_ms;     /* longest wait of a sender under AIRT_WAIT; 0: 5000 */
    uint32_t      reserved[3]; /* zero; it lies inside of airt_spawn_options and cannot grow */
} airt_mailbox_options;

typedef struct airt_spawn_options {
    const char *name;  /* NULL: anonymous. Copied. Unique; freed at the final stop. At most AIRT_NAME_MAX. */
    airt_body   start; /* construction arguments, AIRT_START(actor, .fields): copied, delivered at every start. Their
                        * copy lives as long as the actor, views and blobs included */
    airt_mailbox_options mailbox;
    uint32_t             turn_max;        /* messages a turn; 0: 1024, of an unbounded box 65,535. A turn also ends
                                           * when what was there at its begin is done, if others wait for the
                                           * worker, and after turn_us */
    uint32_t             stash_max;       /* stashed messages; 0: 1024 */
    uint32_t             start_within_ms; /* not 0: wait this long for the start and give back its status */
    bool                 link;            /* ctx only: link the new actor to the spawner, atomically */
    bool                 monitor;         /* ctx only: watch the new actor, atomically */
    bool                 child; /* ctx only: the new actor stops (shutdown) when this incarnation of its spawner ends */
    bool                 notify_start; /* ctx only: an airt_started message tells how the start went */
    uint64_t             tag;        /* supervised: comes back in every airt_child_change; the library does not look */
    uint64_t             memory_max; /* bytes that an incarnation may own, its state included; 0: no bound. One call
                                      * too many fails (ENOMEM, NULL) and ends the actor: AIRT_EXIT_NOMEM */
    bool supervised; /* ctx only: the spawner decides what follows its ends; see "supervised children" */
    bool asks_fail;  /* supervised: while it is down, asks fail at once (AIRT_EDEAD) instead of waiting */
} airt_spawn_options;

#define AIRT_NAME_MAX 255u

typedef struct airt_send_options {
    airt_priority priority; /* AIRT_NORMAL is 0 */
    uint32_t      ttl_ms;   /* 0: the mailbox's own */
    uint64_t      trace;    /* 0: the trace id of the message in work */
    airt_duration wait; /* longest wait for room under AIRT_WAIT; 0: the mailbox's own; AIRT_NO_WAIT: EFULL at once */
} airt_send_options;
#define AIRT_NO_WAIT AIRI_LITERAL(airt_duration, -1)

typedef struct airt_timer {
    uint64_t bits;
} airt_timer;

#if UINTPTR_MAX == UINT64_MAX
AIRI_STATIC_ASSERT(sizeof(airt_mailbox_options) == 32 && offsetof(airt_mailbox_options, reserved) == 20,
                   "layout frozen");
AIRI_STATIC_ASSERT(sizeof(airt_spawn_options) == 96 && offsetof(airt_spawn_options, mailbox) == 24 &&
                       offsetof(airt_spawn_options, turn_max) == 56 && offsetof(airt_spawn_options, link) == 68 &&
                       offsetof(airt_spawn_options, tag) == 72 && offsetof(airt_spawn_options, supervised) == 88,
                   "layout frozen: only append");
AIRI_STATIC_ASSERT(sizeof(airt_send_options) == 24 && offsetof(airt_send_options, trace) == 8 &&
                       offsetof(airt_send_options, wait) == 16,
                   "layout frozen: only append");
#endif

/* --- spawn, find, end --------------------------------------------------------------------------------------------- */
/* Unless said otherwise: Thread: any.  Blocks: no. */

/* Starts an actor and gives back its ref, which is good for sending at once. pre_start, the handler of `start`, runs
 * as the actor's first turn; its failure ends the actor with reason AIRT_EXIT_START. With start_within_ms the call
 * waits for it and returns AIRT_EFAILED when it failed (airt_last_failure has its status as code).
 * Blocks: with start_within_ms.  Takes: what a LOCAL start body owns, whatever comes.
 * Fails: ENOMEM, ELIMIT (actors_max, dedicated_max, stacks), EEXIST (name), EKIND (no handler for `start`), EINVAL (a
 * state larger than memory_max too), ESTOPPING, EKILLED, EFAILED, ETIMEDOUT, EDEADLK. */
AIRT_API AIRT_MUST_CHECK airt_status airt_spawn_behavior_sized(airt_from from, const airt_behavior *behavior,
                                                               airt_ref *out_ref, const airt_spawn_options *options,
                                                               size_t options_size);

AIRT_MUST_CHECK static inline airt_status airt_spawn_behavior(airt_from from, const airt_behavior *behavior,
                                                              airt_ref *out_ref, const airt_spawn_options *options)
{
    return airt_spawn_behavior_sized(from, behavior, out_ref, options, sizeof(airt_spawn_options));
}

/* Finds an actor by name and checks that its behaviour handles every kind of the NULL-terminated list.
 * Fails: ENOENT, EKIND. */
AIRT_API AIRT_MUST_CHECK airt_status airt_lookup_kinds(airt_from from, const airt_kind *const kinds[], const char *name,
                                                       airt_ref *out_ref);
/* The same check for a ref in hand. Fails: EDEAD, EKIND. */
AIRT_API AIRT_MUST_CHECK airt_status airt_as_kinds(airt_from from, const airt_kind *const kinds[], airt_ref any,
                                                   airt_ref *out_ref);

/* Requests the end of an actor; NULL reason: AIRT_EXIT_SHUTDOWN. stop overtakes queued mail: the present handler
 * finishes, its awaits return AIRT_ESTOPPING at once, then post_stop. drain goes behind queued mail: what was accepted
 * before is handled first. kill ends at once, without post_stop when a handler is running or suspended. (OTP:
 * exit(Pid, shutdown), gen_server:stop, exit(Pid, kill).) An actor already gone is AIRT_EDEAD, which needs no check.
 * Allocates: nothing.  Fails: EDEAD, EKILLED (the caller was). */
AIRT_API airt_status airt_stop(airt_from from, airt_ref who, const airt_reason *reason);
AIRT_API airt_status airt_drain(airt_from from, airt_ref who, const airt_reason *reason);
AIRT_API airt_status airt_kill(airt_from from, airt_ref who, const airt_reason *reason);

/* How often the actor was started: 1, and one more for each restart. Fails: EDEAD. */
AIRT_API AIRT_MUST_CHECK airt_status airt_incarnation(airt_from from, airt_ref who, uint32_t *out_incarnation);

typedef enum airt_state { /* the enforced lifecycle; illegal transitions are impossible */
    AIRT_STATE_STARTING,
    AIRT_STATE_RUNNING,
    AIRT_STATE_RESTARTING,
    AIRT_STATE_STOPPING,
    AIRT_STATE_STOPPED,
    AIRT_STATE_FAILED
} airt_state;

typedef struct airt_actor_info {
    airt_state  state;
    uint32_t    incarnation;
    uint32_t    queued;          /* accepted and not begun */
    uint64_t    handled;         /* messages begun by this actor, all incarnations */
    int64_t     started_ns;      /* monotonic; of this incarnation */
    int64_t     last_message_ns; /* begin of the newest message, at turn precision; 0: none yet */
    const char *behavior;        /* name; valid while its code is loaded */
    uint64_t    memory;          /* bytes of this incarnation that count against its memory_max; 0 without one */
} airt_actor_info;

#if UINTPTR_MAX == UINT64_MAX
AIRI_STATIC_ASSERT(offsetof(airt_actor_info, memory) == 48 && offsetof(airt_actor_info, handled) == 16 &&
                       offsetof(airt_actor_info, behavior) == 40,
                   "layout frozen: only append");
#endif

/* A live reading; may lag while the actor runs. Fails: EDEAD. */
AIRT_API AIRT_MUST_CHECK airt_status airt_info_sized(airt_from from, airt_ref who, airt_actor_info *out_info,
                                                     size_t info_size);

AIRT_MUST_CHECK static inline airt_status airt_info(airt_from from, airt_ref who, airt_actor_info *out_info)
{
    return airt_info_sized(from, who, out_info, sizeof(airt_actor_info));
}

/* --- tell --------------------------------------------------------------------------------------------------------- */

/* Unless said otherwise: Thread: any.  Blocks: for room in a full mailbox of AIRT_WAIT only. */

/* Sends a copy of body (views copied, blobs counted up, a LOCAL body moved). The message is always consumed: refused,
 * it is a dead letter with its reason, so the status need not be checked. Under AIRT_WAIT the caller waits.
 * Fails: EFULL, EDEAD, ENOMEM, EINVAL (with its views over AIRT_BODY_MAX; no such priority), ETIMEDOUT, EDEADLK,
 * ESTOPPING, EKILLED. */
AIRT_API airt_status airt_tell_body_sized(airt_from from, airt_ref to, const airt_kind *kind, const void *body,
                                          const airt_send_options *options, size_t options_size);

static inline airt_status airt_tell_body(airt_from from, airt_ref to, const airt_kind *kind, const void *body,
                                         const airt_send_options *options)
{
    return airt_tell_body_sized(from, to, kind, body, options, sizeof(airt_send_options));
}
/* Builds a message to be sent later with airt_send, or to be dropped. Inside a handler it is on the actor's owned
 * list. Blocks: no.  Fails: ENOMEM, EINVAL (as airt_tell_body), EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status airt_msg_new_body(airt_from from, const airt_kind *kind, const void *body,
                                                       airt_msg **out_msg);
/* Sends a message that was built or kept; taken (*msg NULL) on OK, still the caller's otherwise. A kept request
 * keeps its asker: the receiver answers it. (To delegate work: keep and send later, or airt_forward at once.)
 * Fails: as airt_tell_body. */
AIRT_API AIRT_MUST_CHECK airt_status airt_send(airt_from from, airt_ref to, airt_msg **msg);

/* --- ask, await, reply -------------------------------------------------------------------------------------------- */

/* Unless said otherwise: Thread: inside the handler of that ctx.  Blocks: no. */

/* Why an ask, take or spawn failed. The library lays it out; it may grow at the tail. */
typedef struct airt_failure {
    airt_status status;
    int32_t     code; /* of airt_reply_failure */
    uint32_t    chain_count;
    airt_ref    chain[8]; /* AIRT_EDEADLK: who waits for whom, the caller first; longer chains are cut */
    char        text[96];
} airt_failure;

/* Asks and waits for the answer, a body of answer_kind of out_size bytes at out. The effective deadline is the earlier
 * of `within` and that of the request being served. Views and blobs in *out live until the handler returns; outside a
 * handler until airt_answer_clear.
 * Thread: any.  Blocks: suspends the handler, or blocks the outside thread.
 * Fails: ETIMEDOUT, EDEAD, EDEADLK, EREFUSED, ENOREPLY, EFAILED, EKIND, EFULL, ENOMEM, EINVAL, ELIMIT (stacks),
 * ESTOPPING, EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status airt_ask_body(airt_from from, airt_ref to, const airt_kind *kind, const void *body,
                                                   airt_duration within, const airt_kind *answer_kind, void *out,
                                                   size_t out_size);
/* Sends a request and goes on. Never fails: an error arrives at the await. Calls not taken are released when the
 * handler returns. Blocks: only for room in a full AIRT_WAIT mailbox. */
AIRT_API airt_call airt_ask_begin_body(airt_ctx *ctx, airt_ref to, const airt_kind *kind, const void *body,
                                       airt_duration within, const airt_kind *answer_kind);
/* Waits until all, or any, of the calls are answered or failed. Answers OK although single calls may have failed:
 * airt_call_take tells. Blocks: suspends the handler.
 * Fails: ETIMEDOUT, EDEADLK, ELIMIT, ENOMEM, ESTOPPING, EKILLED, EINVAL (no calls). */
AIRT_API AIRT_MUST_CHECK airt_status airt_await_all(airt_ctx *ctx, airt_duration within, airt_call *const calls[],
                                                    size_t count);
AIRT_API AIRT_MUST_CHECK airt_status airt_await_any(airt_ctx *ctx, airt_duration within, airt_call *const calls[],
                                                    size_t count, size_t *out_index);
/* Takes an answer and ends the call. Fails: EPENDING (not answered yet: the call goes on), EINVAL (no such call, taken
 * already), else as airt_ask_body. */
AIRT_API AIRT_MUST_CHECK airt_status airt_call_take_body(airt_ctx *ctx, airt_call call, const airt_kind *answer_kind,
                                                         void *out, size_t out_size);
/* The failure of the newest failed ask or take in this handler, or spawn whose start failed; with a system, of this
 * thread from outside of handlers, in whatever system. Never NULL. Borrowed until the next one. Thread: any. */
AIRT_API const airt_failure *airt_last_failure(airt_from from);
/* Releases what an answer received outside a handler owns; does nothing with a ctx. Thread: any. */
AIRT_API void airt_answer_clear_body(airt_from from, const airt_kind *kind, void *body);

/* Answers the request in work. OK when the asker is gone, or the request was told and nobody asks (a late reply is
 * counted). Fails: EINVAL (no message in work; answered already; or, with its views over AIRT_BODY_MAX: then it can
 * still be answered), EKIND (the asker expects another kind; the same), EKILLED. */
AIRT_API airt_status airt_reply_body(airt_ctx *ctx, const airt_kind *kind, const void *body);
/* Answers it with AIRT_EREFUSED, a code and a text, cut to what airt_failure holds. Allocates: nothing.
 * Fails: as airt_reply_body. */
AIRT_API airt_status airt_reply_failure(airt_ctx *ctx, int32_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Answers a kept request and consumes it: *request is NULL then, also when it turns out to have been answered already
 * (EINVAL) or was told. Fails, the request is still the caller's: EINVAL (none; an answer over AIRT_BODY_MAX),
 * EKILLED. */
AIRT_API airt_status airt_reply_to_body(airt_ctx *ctx, airt_msg **request, const airt_kind *kind, const void *body);
/* The same with AIRT_EREFUSED, a code and a text: airt_reply_failure for a kept request. Allocates: nothing.
 * Fails: as airt_reply_to_body. */
AIRT_API airt_status airt_reply_failure_to(airt_ctx *ctx, airt_msg **request, int32_t code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Lets the time pass. Blocks: suspends the handler.  Fails: ESTOPPING, EKILLED, ELIMIT, ENOMEM. */
AIRT_API AIRT_MUST_CHECK airt_status airt_sleep(airt_ctx *ctx, airt_duration span);
/* Waits for a message of one of the kinds (NULL-terminated list); others stay queued in order. The message is the
 * caller's: drop it, send it, or answer it. (Erlang's selective receive.) Blocks: suspends the handler.
 * Fails: ETIMEDOUT, ESTOPPING, EKILLED, ELIMIT, ENOMEM. */
AIRT_API AIRT_MUST_CHECK airt_status airt_receive_kinds(airt_ctx *ctx, airt_duration within,
                                                        const airt_kind *const kinds[], airt_msg **out_msg);

/* --- the message in work ------------------------------------------------------------------------------------------ */

/* Unless said otherwise: Thread: inside the handler of that ctx.  Blocks: no. */

/* The actor itself. */
AIRT_API airt_ref airt_self(airt_ctx *ctx);
/* Who sent the message in work; AIRT_NONE when it came from outside, or was kept, stashed or forwarded by now. */
AIRT_API airt_ref airt_sender(airt_ctx *ctx);
/* The system it lives in. Use it for what asks for an airt_system; verbs inside a handler take the ctx. */
AIRT_API airt_system *airt_ctx_system(airt_ctx *ctx);
/* The message in work, lent until the handler returns; NULL once it was kept, stashed or forwarded. */
AIRT_API const airt_msg *airt_message(airt_ctx *ctx);
/* Monotonic nanoseconds of the world: exact with a system, at turn precision with a ctx. Thread: any. */
AIRT_API int64_t airt_now_ns(airt_from from);
/* Random bits from the world; replayed in the simulated one. Thread: any. */
AIRT_API uint64_t airt_random(airt_from from);
/* errno of the thread that runs now; use it instead of errno after an await. Thread: any. */
AIRT_API int airt_errno(void);

/* Passes the message in work on, unchanged and uncopied, with its sender and asker: delegates it, for the receiver
 * answers in this actor's place. `msg` may be gone at once: copy before forwarding what is needed after.
 * Blocks: as airt_tell_body.  Fails: EINVAL (kept or forwarded already, or of another kind), else as airt_tell_body. */
AIRT_API airt_status airt_forward_kind(airt_ctx *ctx, airt_ref to, const airt_kind *kind);
/* Takes the message in work out of the handler; it is the actor's until dropped, sent or answered. Fails: ENOMEM,
 * EINVAL (kept or forwarded already), EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status airt_keep(airt_ctx *ctx, airt_msg **out_msg);
/* Moves the body of a LOCAL message in work out: *out_body is the caller's, the message drops nothing. Fails: EINVAL
 * (kept or forwarded, or not a LOCAL kind), EKIND (of another kind, or taken already), EKILLED.
 * Takes: the body, out of the message. */
AIRT_API AIRT_MUST_CHECK airt_status airt_take_body(airt_ctx *ctx, const airt_kind *kind, void *out_body);
/* Ends a kept or built message; a request is answered AIRT_ENOREPLY. NULL inside is harmless.
 * Thread: its owner's: a handler of that actor, or outside whoever built it. */
AIRT_API void airt_drop(airt_msg **msg);
/* Puts the message in work aside until airt_unstash. Fails: ELIMIT (stash_max), ENOMEM, EINVAL, EKILLED. */
AIRT_API airt_status airt_stash(airt_ctx *ctx);
/* Puts every stashed message back, in order, before the queued mail of its priority. Allocates: nothing.
 * Fails: EKILLED. */
AIRT_API airt_status airt_unstash(airt_ctx *ctx);
/* The handlers from the next message on: a state made by AIRT_STATE.
 * Fails: EINVAL (state of another size), ENOMEM (the first time), EKILLED. */
AIRT_API airt_status airt_become(airt_ctx *ctx, const airt_behavior *state);

/* --- what an incarnation owns ------------------------------------------------------------------------------------- */

/* Unless said otherwise: Thread: inside the handler of that ctx.  Blocks: no. */

/* Zeroed memory, aligned to 16, that the runtime releases when this incarnation ends. NULL: no memory, or killed. */
AIRT_API AIRT_MUST_CHECK void *airt_alloc(airt_ctx *ctx, size_t size);
/* Gives memory of airt_alloc back before that, in any handler of the same actor. NULL is harmless. */
AIRT_API void airt_free(airt_ctx *ctx, void *memory);

/* One message after a delay, or one every period without drift (a tick is skipped while the previous one is not yet
 * handled). The notice is paid for here. out_timer may be NULL. Fails: ENOMEM, EKILLED, EINVAL (with its
 * views over AIRT_BODY_MAX; a period that is not positive, or a LOCAL kind every period: it can be sent once only). */
AIRT_API AIRT_MUST_CHECK airt_status airt_send_after_body(airt_ctx *ctx, airt_duration delay, airt_timer *out_timer,
                                                          const airt_kind *kind, const void *body);
AIRT_API AIRT_MUST_CHECK airt_status airt_send_every_body(airt_ctx *ctx, airt_duration period, airt_timer *out_timer,
                                                          const airt_kind *kind, const void *body);
/* True: cancelled before it fired, nothing of it will come any more. False: it fired, or is no timer of this actor. */
AIRT_API bool airt_timer_cancel(airt_ctx *ctx, airt_timer timer);

/* Watches an actor: one airt_down at its final stop, at once if it is gone. Watching twice gives two. Fails: ENOMEM,
 * EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status airt_monitor(airt_ctx *ctx, airt_ref who);
/* Ends every watch of who by this actor. A notice already sent still arrives. */
AIRT_API void airt_demonitor(airt_ctx *ctx, airt_ref who);
/* Ties two actors: a failure of one ends the other with reason AIRT_EXIT_LINKED, or is an airt_exited message where
 * exits are trapped. Linking to a gone actor is such a failure. (OTP link.) Fails: ENOMEM, EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status airt_link(airt_ctx *ctx, airt_ref who);
/* Unties them, whoever linked. Nothing of the link comes any more but a notice that was sent already. */
AIRT_API void airt_unlink(airt_ctx *ctx, airt_ref who);
/* From now on failures of linked actors arrive as airt_exited messages instead of ending this actor; false, or the
 * end of this incarnation: no longer. (OTP: process_flag(trap_exit).) */
AIRT_API void airt_trap_exit(airt_ctx *ctx, bool on);

/* Marks a region that may block the thread; the other actors go on with another worker. No await inside. Ended by
 * airt_blocking_end also when it fails, at the latest when the handler returns.
 * Fails: ELIMIT (workers_spare_max): the region then runs unmarked. */
AIRT_API airt_status airt_blocking_begin(airt_ctx *ctx);
/* Ends the region; without one it is a programmer error. */
AIRT_API void airt_blocking_end(airt_ctx *ctx);

#ifdef __cplusplus
}
#endif

#include <airt/verbs.h> /* the macros of the short names */
#endif
