/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is left when a fault ends the process. */
#ifndef AIRI_PORT_POSTMORTEM_H
#define AIRI_PORT_POSTMORTEM_H

#include "port/signals.h"

/* Appends what is known of a trap to the file that who->path names, and the process's map of memory, by which the
 * addresses can be looked up later. Async-signal-safe. */
void airi_postmortem(const airi_trap *trap, const airi_trap_who *who, const char *why_not_contained);

#endif
