/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An actor's life: start, restart, end. Owner only, but for what says otherwise. */
#ifndef AIRI_CORE_LIFE_H
#define AIRI_CORE_LIFE_H

#include "core/loop.h"

/* Asks an actor to end, for a reason; the first reason counts. Any thread. */
airt_status airi_ask_end(const airi_caller *caller, airt_ref who, uint32_t how, const airt_reason *reason);
/* Pokes an actor after a flag was set. Any thread. */
void airi_poke(airt_system *system, airi_worker *worker, airi_actor *actor);

/* What a state may come after. A killer ends an actor in any state; a new tenant begins where the last one ended. */
static inline bool airi_state_follows(airt_state state, airt_state from)
{
#define BIT(state) (1u << AIRT_STATE_##state)
    static const unsigned after[] = {
        [AIRT_STATE_STARTING] = BIT(RESTARTING) | BIT(STOPPED) | BIT(FAILED),
        [AIRT_STATE_RUNNING] = BIT(STARTING),
        [AIRT_STATE_RESTARTING] = BIT(STARTING) | BIT(RUNNING) | BIT(STOPPING),
        [AIRT_STATE_STOPPING] = BIT(STARTING) | BIT(RUNNING),
        [AIRT_STATE_STOPPED] = BIT(STARTING) | BIT(RUNNING) | BIT(RESTARTING) | BIT(STOPPING),
        [AIRT_STATE_FAILED] = BIT(STARTING) | BIT(RUNNING) | BIT(RESTARTING) | BIT(STOPPING),
    };
#undef BIT

    return (after[state] & 1u << from) != 0;
}
/* The recorders', where there are some. */
void airi_state_tell(airt_system *system, airi_actor *actor, airt_state from, airt_state to);
/* Every change of state goes through here: checked, and told to the recorders. Owner. */
static inline void airi_state_set(airt_system *system, airi_actor *actor, airt_state state)
{
    airt_state from = (airt_state)airi_load(&actor->state, AIRI_RELAXED); /* owner's own */

    AIRT_CHECK(airi_state_follows(state, from));
    airi_store(&actor->state, (uint8_t)state, AIRI_RELEASE); /* readers of airt_info: a reading, nothing hangs on it */
    if (__builtin_expect(system->recorder != NULL || system->flight != NULL, 0))
        airi_state_tell(system, actor, from, state);
}
/* kind: of the message that the handler had, or NULL. */
void airi_life_report(airt_system *system, const airt_kind *kind, airt_report_kind report_kind, airi_actor *actor,
                      airt_status status);
/* Under actor->lock: whether the tenant that a ref means has not come to its end, and will not before the lock is let go. */
bool airi_tenant_living(airi_actor *actor, airt_ref who);

/* Ends an actor: post_stop when cooperative, then everything it had; its slot is free afterwards. */
void airi_life_end(airt_ctx *ctx, airi_actor *actor, const airt_reason *reason, bool cooperative);
/* The part without user code, for a killer too; worker may be NULL. */
void airi_life_close(airt_system *system, airi_worker *worker, airi_actor *actor, const airt_reason *reason);
/* A supervised actor that is down, for its supervisor. Whether it could start: its state is there (EPENDING, ENOMEM). */
airt_status airi_life_may_revive(airt_system *system, airi_worker *worker, airi_actor *actor);
/* Under relations_lock: it is starting from now on; then, after the lock: fresh state, boxes as they should be, and off. */
void airi_life_revive(airt_ctx *ctx, airi_actor *actor);
void airi_life_revived(airt_ctx *ctx, airi_actor *actor, bool resting, bool drop_mail);
/* It stays down: monitors are told and the boxes closed. And for good; resting: that much was done. */
void airi_life_rest(airt_system *system, airi_worker *worker, airi_actor *actor);
void airi_life_finish(airt_system *system, airi_worker *worker, airi_actor *actor, bool resting);
/* A handler returned a failing status: on_error decides. False: the actor is gone. */
bool airi_life_failed(airt_ctx *ctx, airi_actor *actor, airt_status status);
/* A handler that was told to stop waiting, and says so: that is no failure. */
bool airi_interrupted(airi_actor *actor, airt_status status);
/* Runs the start handler. False: the actor is gone. */
bool airi_life_start(airt_ctx *ctx, airi_actor *actor);
/* The reason that was asked for. */
airt_reason airi_life_reason(airi_actor *actor);
/* An abandoned handler has returned. */
void airi_life_orphan_ended(airt_ctx *ctx);

/* The reason an actor ends with, in its slot. Under actor->lock. */
void airi_reason_set(airi_actor *actor, const airt_reason *reason);

/* The extra of a living actor, made when it is first needed. Owner: NULL is no memory. Any thread: EDEAD, ENOMEM. */
airi_extra *airi_extra_of(airt_system *system, airi_worker *worker, airt_ref who);
airt_status airi_extra_at(airt_system *system, airi_worker *worker, airt_ref who, airi_extra **out_extra);

typedef struct airi_starter { /* an open call that the start answers */
    airt_ref  asker;
    airt_call call;
} airi_starter;
airt_status airi_spawn(const airi_caller *caller, const airt_behavior *behavior, const airt_spawn_options *options,
                       const airi_starter *starter, airt_ref *out_ref);
/* What spawn took, given back at the final stop. */
void        airi_slot_give(airt_system *system, airi_worker *worker, airi_actor *actor);
airt_status airi_state_take(airt_system *system, airi_worker *worker, airi_actor *actor);
void        airi_state_give(airt_system *system, airi_worker *worker, airi_actor *actor);
void        airi_name_drop(airt_system *system, airi_worker *worker, airi_extra *extra);
/* Without the name and the ties, which are for who could be reached. */
void airi_extra_release(airt_system *system, airi_worker *worker, airi_actor *actor, airi_extra *extra);
/* A thread for one dedicated actor. Fails: ELIMIT (dedicated_max), ENOMEM, ESYSTEM. */
airt_status airi_dedicated_start(airt_system *system, airi_worker **out_worker);
/* A dedicated actor is gone: its thread may end. */
void airi_worker_dismiss(airt_system *system, airi_worker *by, airi_worker *dedicated);
bool airi_behavior_handles(const airt_behavior *behavior, const airt_kind *kind);

void airi_idle_changed(airt_system *system);
/* One more thread for blocking behaviours, if it may be. False: there is none at all. */
bool airi_blocking_grow(airt_system *system);

/* ties.c: links, watches, children. Each takes the relations lock. */
airt_status airi_ties_of_birth(const airi_caller *caller, const airt_spawn_options *options, airt_ref born);
/* An actor that was not born after all: its ties go, and nobody hears of it. */
void airi_ties_undo(airt_system *system, airi_worker *worker, airi_actor *actor);
typedef enum airi_ending {
    AIRI_GOES_DOWN,  /* and may come back: links fire */
    AIRI_STAYS_DOWN, /* after that: monitors fire */
    AIRI_ENDS        /* both at once */
} airi_ending;
void airi_ties_announce(airt_system *system, airi_worker *worker, airi_actor *actor, const airt_reason *reason,
                        airi_ending how);
/* owned.c: what an incarnation owns. */
/* Puts it on the incarnation's list. False: no memory, or killed meanwhile. */
bool airi_owned_add(airt_ctx *ctx, airi_owned *owned);
/* Takes it off the list that it is on, and out of its actor's budget; that actor's lock is held. */
void        airi_owned_take_off(airi_owned *owned);
void        airi_hold_release(airi_owned *owned);
void        airi_holds_release(airt_ctx *ctx);
airt_status airi_keeper_reserve(airt_ctx *ctx);
void        airi_keeper_unreserve(airt_ctx *ctx);
/* The handler that was sending what it had kept, or receiving, will not go on. undelivered: the message, if nobody
 * took it. */
void airi_keeper_abort(airt_ctx *ctx, airt_ref to, airt_msg *undelivered);
/* Gives a message in work to its actor, with the reserved keeper. */
airt_status airi_keeper_fill(airt_ctx *ctx, airt_msg *msg, airt_msg **out_msg);
/* Takes the message in work out of its handler. NULL: there is none, or a killer has it. */
airt_msg   *airi_msg_from_work(airt_ctx *ctx);
airt_status airi_reply_failure_to(airt_ctx *ctx, airt_msg **request, int32_t code, const char *text);
void        airi_owned_release(airt_system *system, airi_worker *worker, airi_list *owned, airt_letter reason);

#endif
