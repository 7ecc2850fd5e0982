/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The wait graph. An edge is one call: from its asker to the present holder of its request. It exists before the holder
 * can see the request, moves when the request moves, and ends when the reply is accepted. An actor is held up while its
 * `waits` word is not zero: mode, and the first call of its await. All words live in memory that is never unmapped. */
#ifndef AIRI_CORE_DEADLOCK_H
#define AIRI_CORE_DEADLOCK_H

#include "core/await.h"

/* Announces an await and looks for a cycle. True: this await would close one; it is withdrawn, and the chain is in
 * failure. */
bool airi_wait_begin(airt_ctx *ctx, const airi_await *await, uint32_t first_call);
void airi_wait_end(airi_actor *actor);

/* Whether handing this request to `to`, its edge moved already, has closed a cycle. Any thread. */
bool airi_move_closes(airt_system *system, const airt_msg *request, airt_ref to, airi_chain *out_chain);

void airi_failure_chain(airt_failure *failure, const airi_chain *chain);

/* The edge of a call. */
void airi_edge_set(airi_call_record *record, uint64_t number, uint32_t holder);
void airi_edge_move(airt_system *system, uint64_t correlation, uint32_t holder);
void airi_edge_clear(airt_system *system, uint64_t correlation);

#endif
