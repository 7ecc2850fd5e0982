/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A program whose flight recorder flight.py reads: outside_flight MODE FILE. It runs at full load until it is killed
 * (load), until its handler aborts (crash), or it stops cleanly, with a second system beside it and a fork on the way
 * (clean). It says "ready" when what is asserted about it has begun. */
#include <airt/airt.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    RUNNERS = 50,
    TOKENS = 20,
    HOPS_BEFORE = 20000
};

struct hop {
    uint64_t n;
};
AIRT_KIND(hop, n)
AIRT_SIGNAL(spin)
AIRT_SIGNAL(wait_input)
AIRT_SIGNAL(die)

static _Atomic(uint64_t) refs[RUNNERS], hops;
static _Atomic(int)      begun;

struct runner {
    char nothing;
};
struct spinner {
    char nothing;
};
struct waiter {
    char nothing;
};
AIRT_ON(runner, hop)
{
    airt_ref to = { refs[(msg->n * 7 + 3) % RUNNERS] };

    atomic_fetch_add(&hops, 1);
    airt_tell_any(ctx, to, hop, .n = msg->n + 1);
    return AIRT_OK;
}
AIRT_ON(spinner, spin)
{
    atomic_fetch_add(&begun, 1);
    while (begun != 0)
        atomic_signal_fence(memory_order_seq_cst);
    return AIRT_OK;
}
AIRT_ON(spinner, die)
{
    abort();
}
AIRT_ON(waiter, wait_input)
{
    char byte;

    atomic_fetch_add(&begun, 1);
    (void)!read(0, &byte, 1);
    return AIRT_OK;
}
#define runner_HANDLES(ON, A) ON(A, hop)
#define spinner_HANDLES(ON, A) ON(A, spin) ON(A, die)
#define waiter_HANDLES(ON, A) ON(A, wait_input)
AIRT_BEHAVIOR(runner)
AIRT_BEHAVIOR(spinner)
AIRT_BEHAVIOR(waiter, .placement = AIRT_DEDICATED)

static void say_ready(void)
{
    printf("ready\n");
    (void)fflush(stdout);
}

static airt_system *start(const char *path)
{
    airt_system *system = NULL;
    airt_status  status = airt_system_create(
         (&(airt_system_options){ .workers = 2, .stuck_ms = UINT32_MAX, .flight_path = path }), &system);

    if (status == AIRT_OK)
        return system;
    printf("%s\n", airt_status_name(status));
    exit(3);
}

static airt_ref spawn(airt_system *system, const airt_behavior *behavior)
{
    airt_ref ref = AIRT_NONE;

    if (airt_spawn_behavior(system, behavior, &ref, NULL) != AIRT_OK)
        exit(3);
    return ref;
}

static void load(airt_system *system)
{
    airt_ref spinner = spawn(system, &spinner_behavior);
    airt_ref waiter = spawn(system, &waiter_behavior);

    airt_tell_any(system, waiter, wait_input);
    airt_tell_any(system, spinner, spin);
    while (begun < 2) /* first, or a runner might wait behind the spinner until the watch has seen it */
        (void)usleep(1000);
    for (size_t i = 0; i < RUNNERS; i++)
        refs[i] = spawn(system, &runner_behavior).bits;
    for (size_t i = 0; i < TOKENS; i++)
        airt_tell_any(system, (airt_ref){ refs[i] }, hop, .n = i);
    while (hops < HOPS_BEFORE)
        (void)usleep(1000);
    say_ready();
    (void)pause();
}

static int clean(airt_system *system, const char *path)
{
    char         beside[256];
    airt_system *other;
    pid_t        child;

    (void)snprintf(beside, sizeof beside, "%s.beside", path);
    other = start(beside);
    (void)spawn(other, &runner_behavior);
    child = fork(); /* as for a command: it ends without our exit */
    if (child == 0)
        _exit(0);
    (void)waitpid(child, NULL, 0);
    (void)airt_stop(system, spawn(system, &runner_behavior), NULL);
    if (airt_system_stop(&other, AIRT_SECONDS(30)) != AIRT_OK)
        return 3;
    return airt_system_stop(&system, AIRT_SECONDS(30)) == AIRT_OK ? 0 : 3;
}

int main(int argc, char **argv)
{
    airt_system *system;

    if (argc != 3)
        return 2;
    system = start(argv[2]);
    if (strcmp(argv[1], "load") == 0)
        load(system);
    if (strcmp(argv[1], "crash") == 0) {
        airt_tell_any(system, spawn(system, &spinner_behavior), die);
        (void)pause();
    }
    return clean(system, argv[2]);
}
