/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a handler, or a thread outside, can do with actors: spawn, tell, ask, await, reply, keep, time, watch, end.
 * Each verb is a function that takes a kind and a body by pointer (C++ and bindings use these), and, where a message is
 * involved, a macro of the short name that ends in `kind, .fields` and checks kinds against typed refs.
 *
 * A `from` is a handler's ctx, or a system when the caller is outside of any handler. A system inside a handler of that
 * system, or a ctx outside its handler, is a programmer error and says so. Calls with a ctx that must wait suspend the
 * handler, never the thread; calls with a system block the calling thread. */
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
    AIRT_WAIT      /* the sending handler is suspended (an outside thread blocks), first come first served */
} airt_overflow;

#define AIRT_UNBOUNDED UINT32_MAX
#define AIRT_MAILBOX_MAX 262144u /* also the bound of an unbounded one that has a bytes_max */

typedef struct airt_mailbox_options {
    uint32_t      max;       /* messages accepted and not begun; 0: 1024; up to AIRT_MAILBOX_MAX, or AIRT_UNBOUNDED */
    uint32_t      bytes_max; /* bytes of their bodies and views; 0: no bound by bytes */
    airt_overflow overflow;
    uint32_t      ttl_ms;  /* a message not begun in time is a dead letter (expired); 0: none */
    uint32_t      wait_ms; /* longest wait of a sender under AIRT_WAIT; 0: 5000 */
} airt_mailbox_options;

typedef struct airt_spawn_options {
    const char *name;  /* NULL: anonymous. Copied. Unique; freed at the final stop. At most AIRT_NAME_MAX. */
    airt_body   start; /* construction arguments, AIRT_START(actor, .fields); copied, delivered at every start */
    airt_mailbox_options mailbox;
    uint32_t             turn_max;        /* messages a turn; 0: 64 */
    uint32_t             stash_max;       /* stashed messages; 0: 1024 */
    uint32_t             start_within_ms; /* not 0: wait this long for the start and give back its status */
    bool                 link;            /* ctx only: link the new actor to the spawner, atomically */
    bool                 monitor;         /* ctx only: watch the new actor, atomically */
    bool                 child; /* ctx only: the new actor stops (shutdown) when this incarnation of its spawner ends */
    bool                 notify_start; /* ctx only: an airt_started message tells how the start went */
} airt_spawn_options;

#define AIRT_NAME_MAX 255u

typedef struct airt_send_options {
    airt_priority priority; /* AIRT_NORMAL is 0 */
    uint32_t      ttl_ms;   /* 0: the mailbox's own */
    uint64_t      trace;    /* 0: the trace id of the message in work */
    airt_duration wait;     /* longest wait for room under AIRT_WAIT; 0: the mailbox's own */
} airt_send_options;

typedef struct airt_timer {
    uint64_t bits;
} airt_timer;

/* --- spawn, find, end --------------------------------------------------------------------------------------------- */

/* Starts an actor and gives back its ref, which is good for sending at once. pre_start, the handler of `start`, runs
 * as the actor's first turn; its failure ends the actor with reason AIRT_EXIT_START. With start_within_ms the call
 * waits for it and returns AIRT_EFAILED when it failed (reason from airt_last_failure inside a handler).
 * Thread: any.  Blocks: with start_within_ms.  Takes: nothing.
 * Fails: ENOMEM, ELIMIT (actors_max, dedicated_max), EEXIST (name), EKIND (no handler for `start`), EINVAL, ESTOPPING, EKILLED, EFAILED, ETIMEDOUT, EDEADLK. */
AIRT_API AIRT_MUST_CHECK airt_status airt_spawn_behavior(airt_from from, const airt_behavior *behavior,
                                                         airt_ref *out_ref, const airt_spawn_options *options);

/* Finds an actor by name and checks that its behaviour handles every kind of the NULL-terminated list.
 * Thread: any.  Blocks: no.  Fails: ENOENT, EKIND. */
AIRT_API AIRT_MUST_CHECK airt_status airt_lookup_kinds(airt_from from, const airt_kind *const kinds[], const char *name,
                                                       airt_ref *out_ref);
/* The same check for a ref in hand. Fails: EDEAD, EKIND. */
AIRT_API AIRT_MUST_CHECK airt_status airt_as_kinds(airt_from from, const airt_kind *const kinds[], airt_ref any,
                                                   airt_ref *out_ref);

/* Requests the end of an actor; NULL reason: AIRT_EXIT_SHUTDOWN. stop overtakes queued mail: the present handler
 * finishes, its awaits return AIRT_ESTOPPING at once, then post_stop. drain goes behind queued mail: what was accepted before is
 * handled first. kill ends at once, without post_stop when a handler is running or suspended. (OTP: exit(Pid, shutdown),
 * gen_server:stop, exit(Pid, kill).) An actor already gone is AIRT_EDEAD, which needs no check.
 * Thread: any.  Blocks: no.  Allocates: nothing. */
AIRT_API airt_status airt_stop(airt_from from, airt_ref who, const airt_reason *reason);
AIRT_API airt_status airt_drain(airt_from from, airt_ref who, const airt_reason *reason);
AIRT_API airt_status airt_kill(airt_from from, airt_ref who, const airt_reason *reason);

/* How often the actor was started: 1, and one more for each restart. Thread: any.  Fails: EDEAD. */
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
} airt_actor_info;

/* A live reading; may lag while the actor runs. Thread: any.  Blocks: no.  Fails: EDEAD. */
AIRT_API AIRT_MUST_CHECK airt_status airt_info(airt_from from, airt_ref who, airt_actor_info *out_info);

/* --- tell --------------------------------------------------------------------------------------------------------- */

/* Sends a copy of body (views copied, blobs counted up, a LOCAL body moved). The message is always consumed: refused,
 * it is a dead letter with its reason, so the status need not be checked. Under AIRT_WAIT the caller waits.
 * Thread: any.  Blocks: only for AIRT_WAIT.  Fails: EFULL, EDEAD, ENOMEM, ETIMEDOUT, EDEADLK, ESTOPPING, EKILLED. */
AIRT_API airt_status airt_tell_body(airt_from from, airt_ref to, const airt_kind *kind, const void *body,
                                    const airt_send_options *options);
/* Builds a message to be sent later with airt_send, or to be dropped. Inside a handler it is on the actor's owned
 * list. Fails: ENOMEM, EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status airt_msg_new_body(airt_from from, const airt_kind *kind, const void *body,
                                                       airt_msg **out_msg);
/* Sends a message that was built or kept; taken (*msg NULL) on OK, still the caller's otherwise. A kept request
 * keeps its asker: the receiver answers it. Fails: as airt_tell_body. */
AIRT_API AIRT_MUST_CHECK airt_status airt_send(airt_from from, airt_ref to, airt_msg **msg);

/* --- ask, await, reply -------------------------------------------------------------------------------------------- */

/* Why the last ask, take or spawn of this handler failed. */
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
 * Fails: ETIMEDOUT, EDEAD, EDEADLK, EREFUSED, ENOREPLY, EFAILED, EKIND, EFULL, ENOMEM, ELIMIT (stacks), ESTOPPING, EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status airt_ask_body(airt_from from, airt_ref to, const airt_kind *kind, const void *body,
                                                   airt_duration within, const airt_kind *answer_kind, void *out,
                                                   size_t out_size);
/* Sends a request and goes on. Never fails: an error arrives at the await. Calls not taken are released when the
 * handler returns. Thread: inside a handler.  Blocks: only for room in a full AIRT_WAIT mailbox. */
AIRT_API airt_call airt_ask_begin_body(airt_ctx *ctx, airt_ref to, const airt_kind *kind, const void *body,
                                       airt_duration within, const airt_kind *answer_kind);
/* Waits until all, or any, of the calls are answered or failed. Answers OK although single calls may have failed:
 * airt_call_take tells. Fails: ETIMEDOUT, EDEADLK, ELIMIT, ESTOPPING, EKILLED, EINVAL. */
AIRT_API AIRT_MUST_CHECK airt_status airt_await_all(airt_ctx *ctx, airt_duration within, airt_call *const calls[],
                                                    size_t count);
AIRT_API AIRT_MUST_CHECK airt_status airt_await_any(airt_ctx *ctx, airt_duration within, airt_call *const calls[],
                                                    size_t count, size_t *out_index);
/* Takes an answer and ends the call. Fails: EPENDING (not answered yet: the call goes on), else as airt_ask_body. */
AIRT_API AIRT_MUST_CHECK airt_status airt_call_take_body(airt_ctx *ctx, airt_call call, const airt_kind *answer_kind,
                                                         void *out, size_t out_size);
/* The failure of the newest failed ask, take or spawn in this handler; never NULL. Borrowed until the next one. */
AIRT_API const airt_failure *airt_last_failure(airt_ctx *ctx);
/* Releases what an answer received outside a handler owns; does nothing with a ctx. */
AIRT_API void airt_answer_clear_body(airt_from from, const airt_kind *kind, void *body);

/* Answers the request in work. OK when the asker is gone (a late reply is counted).
 * Thread: inside a handler.  Fails: EINVAL (nothing to answer, or answered already), EKIND, EKILLED. */
AIRT_API airt_status airt_reply_body(airt_ctx *ctx, const airt_kind *kind, const void *body);
/* Answers it with AIRT_EREFUSED, a code and a text. Allocates nothing. */
AIRT_API airt_status airt_reply_failure(airt_ctx *ctx, int32_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Answers a kept request and consumes it. */
AIRT_API airt_status airt_reply_to_body(airt_ctx *ctx, airt_msg **request, const airt_kind *kind, const void *body);
AIRT_API airt_status airt_reply_failure_to(airt_ctx *ctx, airt_msg **request, int32_t code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Suspends the handler. Fails: ESTOPPING, EKILLED, ELIMIT, ENOMEM. */
AIRT_API AIRT_MUST_CHECK airt_status airt_sleep(airt_ctx *ctx, airt_duration span);
/* Waits for a message of one of the kinds (NULL-terminated list); others stay queued in order. The message is the
 * caller's: drop, keep or send it. (Erlang's selective receive.) Fails: ETIMEDOUT, ESTOPPING, EKILLED, ELIMIT. */
AIRT_API AIRT_MUST_CHECK airt_status airt_receive_kinds(airt_ctx *ctx, airt_duration within,
                                                        const airt_kind *const kinds[], airt_msg **out_msg);

/* --- the message in work ------------------------------------------------------------------------------------------ */

AIRT_API airt_ref        airt_self(airt_ctx *ctx);
AIRT_API airt_ref        airt_sender(airt_ctx *ctx); /* AIRT_NONE when it came from outside */
AIRT_API airt_system    *airt_ctx_system(airt_ctx *ctx);
AIRT_API const airt_msg *airt_message(airt_ctx *ctx); /* lent until the handler returns */
/* Monotonic nanoseconds of the world: exact with a system, at turn precision with a ctx. */
AIRT_API int64_t airt_now_ns(airt_from from);
/* Random bits from the world; replayed in the simulated one. */
AIRT_API uint64_t airt_random(airt_from from);
/* errno of the thread that runs now; use it instead of errno after an await. */
AIRT_API int airt_errno(void);

/* Passes the message in work on, unchanged and uncopied, with its sender and asker. It stays readable until the
 * handler returns only through the receiver's goodwill: copy before forwarding what is needed after. Fails: as tell. */
AIRT_API airt_status airt_forward_kind(airt_ctx *ctx, airt_ref to, const airt_kind *kind);
/* Takes the message in work out of the handler; it is the actor's until dropped, sent or answered. Fails: ENOMEM,
 * EINVAL (kept or forwarded already), EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status airt_keep(airt_ctx *ctx, airt_msg **out_msg);
/* Moves the body of a LOCAL message in work out: *out_body is the caller's, the message drops nothing. Fails: EINVAL
 * (kept or forwarded, or not a LOCAL kind), EKIND (of another kind, or taken already), EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status airt_take_body(airt_ctx *ctx, const airt_kind *kind, void *out_body);
/* Ends a kept or built message; a request is answered AIRT_ENOREPLY. NULL inside is harmless. Thread: the owner's. */
AIRT_API void airt_drop(airt_msg **msg);
/* Puts the message in work aside until airt_unstash. Fails: ELIMIT (stash_max), ENOMEM, EINVAL, EKILLED. */
AIRT_API airt_status airt_stash(airt_ctx *ctx);
/* Puts every stashed message back, in order, before the queued mail of its priority. */
AIRT_API airt_status airt_unstash(airt_ctx *ctx);
/* The handlers from the next message on: a state made by AIRT_STATE. Fails: EINVAL (state of another size), EKILLED. */
AIRT_API airt_status airt_become(airt_ctx *ctx, const airt_behavior *state);

/* --- what an incarnation owns ------------------------------------------------------------------------------------- */

/* Zeroed memory that the runtime releases when this incarnation ends. NULL: no memory. */
AIRT_API AIRT_MUST_CHECK void *airt_alloc(airt_ctx *ctx, size_t size);
AIRT_API void                  airt_free(airt_ctx *ctx, void *memory);

/* One message after a delay, or one every period without drift (a tick is skipped while the previous one is not yet
 * handled). The notice is paid for here. out_timer may be NULL. Fails: ENOMEM, EINVAL (period not positive), EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status airt_send_after_body(airt_ctx *ctx, airt_duration delay, airt_timer *out_timer,
                                                          const airt_kind *kind, const void *body);
AIRT_API AIRT_MUST_CHECK airt_status airt_send_every_body(airt_ctx *ctx, airt_duration period, airt_timer *out_timer,
                                                          const airt_kind *kind, const void *body);
/* True: cancelled before it fired, nothing of it will come any more. False: it fired, or is unknown. */
AIRT_API bool airt_timer_cancel(airt_ctx *ctx, airt_timer timer);

/* Watches an actor: one airt_down at its final stop, at once if it is gone. Watching twice gives two. Fails: ENOMEM,
 * EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status airt_monitor(airt_ctx *ctx, airt_ref who);
/* Ends every watch of who by this actor. A notice already sent still arrives. */
AIRT_API void airt_demonitor(airt_ctx *ctx, airt_ref who);
/* Ties two actors: a failure of one ends the other with reason AIRT_EXIT_LINKED, or is an airt_exited message where
 * exits are trapped. Linking to a gone actor is such a failure. (OTP link.) Fails: ENOMEM, EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status airt_link(airt_ctx *ctx, airt_ref who);
AIRT_API void                        airt_unlink(airt_ctx *ctx, airt_ref who);
AIRT_API void                        airt_trap_exit(airt_ctx *ctx, bool on);

/* Marks a region that may block the thread; the other actors go on with another worker. No await inside.
 * Fails: ELIMIT (workers_spare_max): the region then runs unmarked. */
AIRT_API airt_status airt_blocking_begin(airt_ctx *ctx);
AIRT_API void        airt_blocking_end(airt_ctx *ctx);

#ifdef __cplusplus
}
#endif

#include <airt/verbs.h> /* the macros of the short names */
#endif
