/* expect: airt_spawn: options is an airt_spawn_options */
/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "case.h"

AIRT_ACTOR(counter)
airt_status f(airt_system *system, airt_send_options *options)
{
    counter_ref out;
    return airt_spawn(system, counter, &out, options);
}
