/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* On one worker, first ten thousand dispatches without a suspension, then two hundred asks that suspend, between marks at
 * which switches.py stops. Prints how many stack switches the system counted itself. */
#include <airt/airt.h>

#include <stdio.h>

enum {
    MESSAGES = 10000,
    ASKS = 200
};

AIRT_SIGNAL(ping)
AIRT_SIGNAL(pong)
AIRT_ANSWER(ping, pong)
AIRT_SIGNAL(plain)
struct start_asking {
    uint32_t count;
};
AIRT_KIND(start_asking, count)

#define peer_ACCEPTS(KIND) KIND(ping) KIND(plain)
AIRT_PROTOCOL(peer)
struct peer {
    char nothing;
};
AIRT_ON(peer, ping)
{
    return airt_reply(ctx, ping);
}
AIRT_ON(peer, plain)
{
    return AIRT_OK;
}
#define peer_HANDLES(ON, A) ON(A, ping) ON(A, plain)
AIRT_BEHAVIOR(peer)

struct asker_start {
    peer_ref peer;
};
AIRT_KIND(asker_start, REF(peer))
#define asker_ACCEPTS(KIND) KIND(start_asking)
AIRT_PROTOCOL(asker)
struct asker {
    peer_ref peer;
};
AIRT_ON(asker, asker_start)
{
    self->peer = msg->peer;
    return AIRT_OK;
}
AIRT_ON(asker, start_asking)
{
    struct pong pong;

    for (uint32_t i = 0; i < msg->count; i++)
        AIRT_TRY(airt_ask(ctx, self->peer, &pong, AIRT_SECONDS(600), ping));
    return AIRT_OK;
}
#define asker_HANDLES(ON, A) ON(A, asker_start) ON(A, start_asking)
AIRT_BEHAVIOR(asker)

/* Where the debugger stops. */
__attribute__((noinline)) void mark(unsigned long long handled, unsigned long long counted);
__attribute__((noinline)) void mark(unsigned long long handled, unsigned long long counted)
{
    (void)printf("mark %llu %llu\n", handled, counted);
    (void)fflush(stdout);
}

static bool rest(airt_system *system)
{
    airt_system_stats stats;
    bool              quiet = airt_system_quiesce(system, AIRT_SECONDS(600)) == AIRT_OK;

    airt_system_stats_get(system, &stats);
    mark(stats.handled, stats.switches);
    return quiet;
}

int main(void)
{
    airt_system        *system = NULL;
    airt_system_options options = { .workers = 1, .stuck_ms = UINT32_MAX };
    peer_ref            peer;
    asker_ref           asker;

    if (airt_system_create(&options, &system) != AIRT_OK ||
        airt_spawn(system, peer, &peer, &(airt_spawn_options){ .mailbox = { .max = AIRT_UNBOUNDED } }) != AIRT_OK ||
        airt_spawn(system, asker, &asker, &(airt_spawn_options){ .start = AIRT_START(asker, .peer = peer) }) !=
            AIRT_OK ||
        airt_tell(system, peer, plain) != AIRT_OK || !rest(system))
        return 1;
    for (int i = 0; i < MESSAGES; i++)
        if (airt_tell(system, peer, plain) != AIRT_OK)
            return 1;
    if (!rest(system) || airt_tell(system, asker, start_asking, .count = ASKS) != AIRT_OK || !rest(system))
        return 1;
    return airt_system_stop(&system, AIRT_SECONDS(60)) == AIRT_OK ? 0 : 1;
}
