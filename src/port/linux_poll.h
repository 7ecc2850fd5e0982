/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The Linux world's poll functions, for its table in linux_world.c. Contracts: port.h. */
#ifndef AIRI_PORT_LINUX_POLL_H
#define AIRI_PORT_LINUX_POLL_H

#include "port/port.h"

airt_status airi_linux_poll_create(airt_world *world, airi_poll **out_poll);
void        airi_linux_poll_destroy(airt_world *world, airi_poll **poll);
int         airi_linux_poll_fd(airi_poll *poll);
void        airi_linux_poll_ring(airi_poll *poll);
void        airi_linux_poll_clear(airi_poll *poll);
void        airi_linux_poll_wait(airi_poll *poll);
void        airi_linux_poll_arm(airi_poll *poll, int64_t deadline_ns);

#endif
