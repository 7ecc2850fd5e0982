/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Supervised children, as the rest of the core sees them: where lives begin and end. */
#ifndef AIRI_CORE_CHILDREN_H
#define AIRI_CORE_CHILDREN_H

#include "core/system.h"

/* The record of an actor that is being born to a supervisor. quiet: it has no start to wait for. */
airt_status airi_child_of_birth(const airi_caller *caller, const airt_spawn_options *options, airt_ref born,
                                bool quiet);
/* It was not born after all, or has no supervisor any more. */
void airi_child_undo(airt_system *system, airi_actor *actor);

/* Whom its failure reaches; AIRT_NONE: nobody. Owner. Inline, for the recorder's sake: most actors have none. */
static inline airt_ref airi_supervisor_of(airt_system *system, airi_actor *actor)
{
    uint32_t    index = airi_load(&actor->child, AIRI_RELAXED); /* relaxed: a glance */
    airi_child *child = __builtin_expect(index != 0, 0) ? airi_child_at(system, index) : NULL;

    /* Relaxed: written before the child was there for others. */
    return child != NULL ? (airt_ref){ airi_load(&child->supervisor, AIRI_RELAXED) } : AIRT_NONE;
}

/* Owner. */
void airi_child_started(airt_system *system, airi_worker *worker, airi_actor *actor);
void airi_child_wants_restart(airt_system *system, airi_actor *actor);
/* What it had in work when it failed. */
void airi_child_in_work(airt_system *system, airi_actor *actor, const airt_kind *kind, uint64_t trace);
bool airi_child_asks_fail(airt_system *system, airi_actor *actor);
/* Under relations_lock, where the slot gets the next incarnation's number. */
void airi_child_over(airt_system *system, airi_actor *actor);
/* The last thing that its owner does for an incarnation that has ended: the actor is its supervisor's from then on.
 * False: it has none any more. */
bool airi_child_down(airt_system *system, airi_worker *worker, airi_actor *actor);

/* When a supervisor's incarnation ends: under relations_lock its children go on the list, and after the lock those that
 * run are asked to stop (killed, if it failed: then nobody waits for them, and their names are wanted again), and those
 * that are down are finished. */
void airi_brood_disband(airi_extra *extra, airi_list *orphans);
void airi_brood_finish(airt_system *system, airi_worker *worker, airi_list *orphans, bool failed);
/* Before its next incarnation, under relations_lock: the notice may be with a handler that was abandoned and may never
 * return. False: no memory for another. */
bool airi_brood_renew(airt_system *system, airi_worker *worker, airi_actor *actor);
void airi_brood_free(airt_system *system, airi_worker *worker, airi_extra *extra);

/* The notice of airt_child_news was handled. Any thread. */
void airi_children_notice_back(airt_system *system, airi_worker *worker, airt_msg *notice);

/* Under actor->lock: a request to stop that is trapped becomes *out_msg (NULL: it is on its way already). */
bool airi_stop_trapped(airi_actor *actor, uint32_t how, const airt_reason *reason, airt_msg **out_msg);
/* Owner: this incarnation traps no more. again: one that it had trapped is asked of the next, which follows at once and
 * does not get the notice. */
void airi_stop_untrap(airt_system *system, airi_worker *worker, airi_actor *actor, bool again);

#endif
