/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What supervisors are made of: children whose ends their spawner decides about, stop requests that come as messages,
 * ends with a reason, timers that cannot fail. The supervisors of supervise.h use these and nothing else; write your
 * own with them where those do not fit.
 *
 * A child spawned with `supervised` outlives its ends: its slot, ref, name and queued mail stay, and the spawner hears
 * by one airt_child_news, after which airt_child_next tells what happened, as SIGCHLD and waitpid do for processes.
 * Then it is restarted, laid to rest (monitors fire, senders are refused, a later restart is possible), or released.
 * Nothing here needs memory when a child ends. When its supervisor ends, or is itself restarted, a child is released if
 * it is down; if it runs it is asked to stop, or killed when the supervisor has failed or was killed.
 *
 * Unless said otherwise: Thread: inside the handler of that ctx.  Blocks: no. */
#ifndef AIRT_CHILDREN_H
#define AIRT_CHILDREN_H

#include <airt/actor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Something happened to supervised children. Critical priority; at most one is queued, so take every change. */
struct airt_child_news {
    char airt_nothing;
};
/* A request to stop, where they are trapped: how long to go on is the actor's to decide (OTP: a trapped shutdown).
 * Critical priority, so that it overtakes queued mail; normal for a drain, which comes behind it. */
struct airt_stop_asked {
    struct airt_reason reason;
};
AIRI_RUNTIME_SIGNAL(airt_child_news)
AIRI_RUNTIME_KIND(airt_stop_asked, NESTED(reason, airt_reason))

typedef enum airt_child_event {
    AIRT_CHILD_STARTED, /* its start succeeded, or it has none */
    AIRT_CHILD_ENDED    /* it is down, and waits for its supervisor's decision */
} airt_child_event;

/* The library lays it out; it may grow at the tail. */
typedef struct airt_child_change {
    airt_child_event event;
    uint32_t         incarnation; /* that started, or ended */
    airt_ref         who;
    uint64_t         tag;            /* of its spawn options */
    airt_reason      reason;         /* ENDED */
    bool             started;        /* ENDED: its start had succeeded, or it has none */
    bool             restart_wanted; /* ENDED: its airt_failed answered AIRT_RESTART */
    const airt_kind *kind;           /* ENDED by a failure: of the message in work; NULL: none, or its start */
    uint64_t         trace;          /* and its trace id */
} airt_child_change;

/* The next thing that happened to a supervised child, in order; what a restart came before is not told any more. False:
 * nothing more, or this actor was killed. */
AIRT_API bool      airt_child_next_sized(airt_ctx *ctx, airt_child_change *out_change, size_t change_size);
static inline bool airt_child_next(airt_ctx *ctx, airt_child_change *out_change)
{
    return airt_child_next_sized(ctx, out_change, sizeof(airt_child_change));
}

/* The tag that a supervised child of this actor was spawned with. Fails: EINVAL (there is no such), EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status airt_child_tag(airt_ctx *ctx, airt_ref who, uint64_t *out_tag);

typedef struct airt_restart_options {
    bool drop_mail; /* what is queued becomes dead letters (old incarnation) instead of waiting for the new one */
} airt_restart_options;

/* Starts the next incarnation of a child that is down: fresh state, the construction arguments it was spawned with, the
 * same ref and name. The outcome comes as news. The child stays down when it fails.
 * Fails: EINVAL (not a child of this actor that is down), ENOMEM, EPENDING (the start handler of its killed incarnation
 * still runs with the arguments), ELIMIT (restarts_per_s of the system: later), ESTOPPING (the system is), EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status      airt_child_restart_sized(airt_ctx *ctx, airt_ref who,
                                                                   const airt_restart_options *options, size_t options_size);
AIRT_MUST_CHECK static inline airt_status airt_child_restart(airt_ctx *ctx, airt_ref who,
                                                             const airt_restart_options *options)
{
    return airt_child_restart_sized(ctx, who, options, sizeof(airt_restart_options));
}
/* It stays down: monitors fire with the reason of its end, queued mail becomes dead letters, senders get AIRT_EDEAD;
 * its name stays taken but is not found. airt_child_restart still works. Fails: EINVAL (as above), EKILLED. */
AIRT_API airt_status airt_child_rest(airt_ctx *ctx, airt_ref who);
/* The same for good: the name is free and the ref dead. Fails: EINVAL (as above), EKILLED. */
AIRT_API airt_status airt_child_release(airt_ctx *ctx, airt_ref who);

/* For so long, messages of this kind (and of this trace id, unless it is 0) are dead letters (quarantined) when their
 * turn comes; a request is answered AIRT_EREFUSED. For messages that the child failed of again and again. Eight at a
 * time: the oldest gives way. Fails: EINVAL (not a child of this actor), ENOMEM, EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status airt_child_quarantine(airt_ctx *ctx, airt_ref who, const airt_kind *kind,
                                                           uint64_t trace, airt_duration span);

/* From now on airt_stop and airt_drain of this actor arrive as an airt_stop_asked instead of ending it: the first drain,
 * and the first stop, after which a drain says nothing new. false, or the end of this incarnation: no longer; one that
 * restarts itself is then asked again, and ends. A kill is never trapped. Fails: ENOMEM, EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status airt_trap_stop(airt_ctx *ctx, bool on);
/* Ends this actor with a reason of its own when the handler returns (OTP: exit(Reason)); trapped stops do not stand
 * in the way. Fails: EKILLED. */
AIRT_API airt_status airt_end(airt_ctx *ctx, const airt_reason *reason);

/* A timer whose message is made now, to be armed later any number of times; arming cannot fail. It comes once for each
 * arming: due while the message is still queued or being handled, it comes again after that. airt_timer_cancel ends it.
 * Fails: ENOMEM, EKILLED, EINVAL (as airt_send_after; a LOCAL kind). */
AIRT_API AIRT_MUST_CHECK airt_status airt_timer_new_body(airt_ctx *ctx, airt_timer *out_timer, const airt_kind *kind,
                                                         const void *body);
/* Arms it, or arms it anew, to fire once after the delay. False: no such timer of this actor. */
AIRT_API bool airt_timer_arm(airt_ctx *ctx, airt_timer timer, airt_duration delay);

/* A built message is from now on nobody's incarnation's: whoever holds it sends or drops it, in any handler or outside,
 * and it outlives the one that built it. What is never dropped is reported as a leak. Outside of handlers every message
 * is so. Thread: any.  Fails: EKILLED, EINVAL (kept, or built by another actor). */
AIRT_API AIRT_MUST_CHECK airt_status airt_msg_detach(airt_from from, airt_msg *msg);
/* The reverse: it is this incarnation's, and goes when that ends. Thread: inside the handler of that ctx.
 * Fails: EKILLED, ENOMEM, EINVAL (another's already). */
AIRT_API AIRT_MUST_CHECK airt_status airt_msg_attach(airt_ctx *ctx, airt_msg *msg);
/* The ctx that a call came from; NULL: a system, the caller is outside. For libraries whose calls take either.
 * Thread: any. */
AIRT_API airt_ctx *airt_from_ctx(airt_from from);

#if UINTPTR_MAX == UINT64_MAX
AIRI_STATIC_ASSERT(sizeof(struct airt_stop_asked) == 24 && sizeof(airt_child_change) == 72 &&
                       offsetof(airt_child_change, reason) == 24 && offsetof(airt_child_change, started) == 48,
                   "layout frozen: only append");
#endif

#ifdef __cplusplus
}
#endif

#ifdef AIRI_FROM_WRAPPED
#define airt_msg_detach(from, ...) airt_msg_detach(AIRI_FROM(from), __VA_ARGS__)
#define airt_from_ctx(from) airt_from_ctx(AIRI_FROM(from))
#endif

/* airt_timer_new(ctx, &timer, kind, .fields...): airt_timer_new_body. */
#define airt_timer_new(ctx, out_timer, ...) AIRI_TIMER_NEW(ctx, out_timer, __VA_ARGS__, )
#define AIRI_TIMER_NEW(ctx, out_timer, kind, ...)                                                                      \
    airt_timer_new_body(AIRI_CTX(ctx, "airt_timer_new"), AIRI_TYPED(airt_timer, out_timer, "not an airt_timer *"),     \
                        &kind##_kind, AIRI_BODY(kind, __VA_ARGS__))

#endif
