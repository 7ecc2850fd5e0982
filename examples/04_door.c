/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A state machine. The states of a door are named behaviours with handlers of their own; a rule says what happens to
 * the rest: a closed door stashes (knocks wait until it opens), an open one ignores. A timer ticks while it is open.
 * In a simulated world the clock moves when this program says so: ten seconds take no time, and every run is alike. */
#include <airt/airt.h>

#include <inttypes.h>
#include <stdio.h>

AIRT_SIGNAL(door_open)
AIRT_SIGNAL(door_close)
struct door_knock {
    uint32_t visitor;
};
AIRT_KIND(door_knock, visitor)
AIRT_SIGNAL(door_tick) /* private: not accepted, so nobody outside can send it */

#define door_ACCEPTS(KIND) KIND(door_open) KIND(door_close) KIND(door_knock)
AIRT_PROTOCOL(door)

struct door {
    uint32_t   ticks_open;
    airt_timer tick;
};

AIRT_STATE_AHEAD(door, opened) /* so that the states can name each other */

/* --- closed: opens; everything else waits -------------------------------------------------------------------------- */

AIRT_ON_IN(door, closed, door_open)
{
    printf("the door opens\n");
    self->ticks_open = 0;
    AIRT_TRY(airt_send_every(ctx, AIRT_SECONDS(1), &self->tick, door_tick));
    AIRT_TRY(airt_unstash(ctx)); /* those who knocked meanwhile come before what is queued */
    return airt_become(ctx, &door_opened_state);
}

/* The last tick may have been queued when the door closed. */
AIRT_ON_IN(door, closed, door_tick)
{
    return AIRT_OK;
}

AIRT_ON_IN(door, closed, door_close)
{
    printf("the door is closed already\n");
    return AIRT_OK;
}

#define door_closed_HANDLES(ON, S) ON(S, door_open) ON(S, door_tick) ON(S, door_close)
AIRT_STATE(door, closed, airt_stash)

/* --- open: counts the seconds, lets in, closes; a second opening is ignored ---------------------------------------- */

AIRT_ON_IN(door, opened, door_tick)
{
    printf("open for %" PRIu32 " s\n", ++self->ticks_open);
    return AIRT_OK;
}

AIRT_ON_IN(door, opened, door_knock)
{
    printf("visitor %" PRIu32 " comes in\n", msg->visitor);
    return AIRT_OK;
}

AIRT_ON_IN(door, opened, door_close)
{
    printf("the door closes after %" PRIu32 " s\n", self->ticks_open);
    (void)airt_timer_cancel(ctx, self->tick);
    return airt_become(ctx, &door_closed_state);
}

#define door_opened_HANDLES(ON, S) ON(S, door_tick) ON(S, door_knock) ON(S, door_close)
AIRT_STATE(door, opened, airt_ignore)

/* A door is born closed; its states together play the protocol. */
AIRT_MACHINE(door, closed)

/* --- outside ------------------------------------------------------------------------------------------------------ */

static airt_status run(airt_system *system, airt_world *world)
{
    door_ref door;

    AIRT_TRY(airt_spawn(system, door, &door, NULL));
    airt_tell(system, door, door_knock, .visitor = 1);
    airt_tell(system, door, door_knock, .visitor = 2);
    airt_sim_run(world, AIRT_SECONDS(10)); /* nobody opens: they wait */
    airt_tell(system, door, door_open);
    airt_tell(system, door, door_open);
    airt_sim_run(world, AIRT_MS(3500));
    airt_tell(system, door, door_knock, .visitor = 3);
    airt_tell(system, door, door_close);
    airt_tell(system, door, door_close);
    airt_tell(system, door, door_knock, .visitor = 4);
    airt_sim_run(world, AIRT_SECONDS(10)); /* closed: no tick any more */
    airt_tell(system, door, door_open);
    airt_sim_run(world, AIRT_MS(1500));
    return AIRT_OK;
}

int main(int argc, char **argv)
{
    airt_world  *world = NULL;
    airt_system *system = NULL;
    airt_status  status;

    if (argc > 1) {
        (void)fprintf(stderr, "%s: takes no arguments\n", argv[0]);
        return 2;
    }
    status = airt_sim_create(&(airt_sim_options){ .seed = 1 }, &world);
    if (status == AIRT_OK)
        status = airt_system_create(&(airt_system_options){ .world = world }, &system);
    if (status == AIRT_OK)
        status = run(system, world);
    if (system != NULL && airt_system_stop(&system, AIRT_SECONDS(5)) != AIRT_OK)
        return 1;
    airt_world_destroy(&world);
    if (status != AIRT_OK)
        fprintf(stderr, "%s\n", airt_status_text(status));
    return status == AIRT_OK ? 0 : 1;
}
