/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ten thousand actors that have each handled a message and armed a timer far away: what idle.py looks at. For each byte
 * on standard input an actor gets one more message. Usage: idle WORKERS */
#include <airt/airt.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    ACTORS = 10000
};

AIRT_SIGNAL(knock)
AIRT_SIGNAL(alarm)
#define idler_ACCEPTS(KIND) KIND(knock)
AIRT_PROTOCOL(idler)
struct idler {
    uint64_t knocks;
};

AIRT_ON(idler, knock)
{
    return self->knocks++ == 0 ? airt_send_after(ctx, AIRT_SECONDS(3600), NULL, alarm) : AIRT_OK;
}
AIRT_ON(idler, alarm)
{
    return AIRT_OK;
}
#define idler_HANDLES(ON, A) ON(A, knock) ON(A, alarm)
AIRT_BEHAVIOR(idler)

static idler_ref idlers[ACTORS];

int main(int count, char **arguments)
{
    airt_system        *system = NULL;
    airt_system_options options = { .workers = count > 1 ? (uint32_t)strtoul(arguments[1], NULL, 10) : 0 };
    airt_system_stats   stats;
    char                byte;

    if (airt_system_create(&options, &system) != AIRT_OK)
        return 1;
    for (int i = 0; i < ACTORS; i++)
        if (airt_spawn(system, idler, &idlers[i], NULL) != AIRT_OK || airt_tell(system, idlers[i], knock) != AIRT_OK)
            return 1;
    if (airt_system_quiesce(system, AIRT_SECONDS(60)) != AIRT_OK)
        return 1;
    (void)printf("ready\n");
    (void)fflush(stdout);
    for (int i = 0; read(STDIN_FILENO, &byte, 1) == 1; i++)
        airt_tell(system, idlers[i * 7919 % ACTORS], knock);
    if (airt_system_quiesce(system, AIRT_SECONDS(60)) != AIRT_OK)
        return 1;
    airt_system_stats_get(system, &stats);
    (void)printf("handled %llu\n", (unsigned long long)stats.handled);
    return airt_system_stop(&system, AIRT_SECONDS(60)) == AIRT_OK ? 0 : 1;
}
