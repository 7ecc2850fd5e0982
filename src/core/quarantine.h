/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Messages that a supervised actor is not to begin any more, for a while: a supervisor found that they are what it fails
 * of. Costs an actor without any nothing: a flag that its owner looks at with others. */
#ifndef AIRI_CORE_QUARANTINE_H
#define AIRI_CORE_QUARANTINE_H

#include "core/system.h"

/* Owner: a message that was begun becomes a dead letter if it is in quarantine. True: it was. */
bool airi_quarantined(airi_worker *worker, airi_actor *actor, airt_msg *msg);
void airi_quarantine_free(airt_system *system, airi_worker *worker, airi_extra *extra);
/* One more entry; the oldest gives way. Fails: EDEAD, ENOMEM. */
airt_status airi_quarantine_add(airt_system *system, airi_worker *worker, airt_ref who, const airt_kind *kind,
                                uint64_t trace, airt_duration span);

#endif
