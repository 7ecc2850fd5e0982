/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The Linux world's file functions, for its table in linux_world.c; the simulated world has them too, since what a
 * post-mortem reads must lie on a real disk. Contracts: port.h. */
#ifndef AIRI_PORT_LINUX_FILE_H
#define AIRI_PORT_LINUX_FILE_H

#include "port/port.h"

airt_status airi_linux_file_map(airt_world *world, const char *path, const char *magic, size_t bytes, size_t reserved,
                                airi_file **out_file);
bool        airi_linux_file_reserve(airt_world *world, airi_file *file, size_t at, size_t bytes);
void        airi_linux_file_unmap(airt_world *world, airi_file **file);

#endif
