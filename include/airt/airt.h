/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Everything a program needs: kinds and messages, behaviours, actors, the system, worlds. */
#ifndef AIRT_AIRT_H
#define AIRT_AIRT_H

#include <airt/actor.h>
#include <airt/base.h>
#include <airt/behavior.h>
#include <airt/children.h>
#include <airt/faults.h>
#include <airt/message.h>
#include <airt/supervise.h>
#include <airt/system.h>
#include <airt/world.h>

#endif
