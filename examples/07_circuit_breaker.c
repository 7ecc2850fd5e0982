/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A circuit breaker before a service that fails: after three failures in a row it answers by itself, at once, and leaves
 * the service alone; after a while it lets one request through to see. Two named states and an actor's own timer; the
 * service is supervised, so that it comes back. In the simulated world: the seconds cost nothing. */
#include <airt/airt.h>

#include <inttypes.h>
#include <stdio.h>

struct price_get {
    uint32_t item;
};
struct price {
    uint32_t cents;
};
AIRT_KIND(price_get, item)
AIRT_KIND(price, cents)
AIRT_ANSWER(price_get, price)
#define prices_ACCEPTS(KIND) KIND(price_get)
AIRT_PROTOCOL(prices)

/* --- the service: fails while its database is away ---------------------------------------------------------------- */

static bool database_away; /* the outside world of this example */

struct shop {
    char nothing;
};
AIRT_ON(shop, price_get)
{
    if (database_away)
        return AIRT_ESYSTEM;
    return airt_reply(ctx, price_get, .cents = 100 * msg->item);
}
#define shop_HANDLES(ON, A) ON(A, price_get)
AIRT_BEHAVIOR(shop)
AIRT_COVERS(shop, prices)

/* --- the breaker: of the same protocol, so that clients need not know --------------------------------------------- */

enum {
    FAILURES_MAX = 3,
    OPEN = 1 /* the code of its refusals */
};

struct breaker_start {
    prices_ref service;
};
AIRT_KIND(breaker_start, REF(service))
AIRT_SIGNAL(breaker_try)

struct breaker {
    prices_ref service;
    uint32_t   failures; /* in a row */
};

AIRT_STATE_AHEAD(breaker, open)

AIRT_ON_IN(breaker, closed, breaker_start)
{
    self->service = msg->service;
    return AIRT_OK;
}

/* Passes the question on. A failure of the service is a failed ask here, and nothing worse. */
AIRT_ON_IN(breaker, closed, price_get)
{
    struct price price = { 0 };
    airt_status  status = airt_ask(ctx, self->service, &price, AIRT_MS(100), price_get, .item = msg->item);

    if (status == AIRT_OK) {
        self->failures = 0;
        return airt_reply(ctx, price_get, .cents = price.cents);
    }
    if (++self->failures >= FAILURES_MAX) {
        AIRT_TRY(airt_become(ctx, &breaker_open_state));
        AIRT_TRY(airt_send_after(ctx, AIRT_SECONDS(30), NULL, breaker_try));
    }
    return airt_reply_failure(ctx, (int32_t)status, "%s", airt_status_text(status));
}
#define breaker_closed_HANDLES(ON, A) ON(A, breaker_start) ON(A, price_get)
AIRT_STATE(breaker, closed, airt_refuse)

AIRT_ON_IN(breaker, open, price_get)
{
    return airt_reply_failure(ctx, OPEN, "closed for repairs, item %" PRIu32, msg->item);
}
AIRT_ON_IN(breaker, open, breaker_try) /* half open: one more failure, and it is open again */
{
    self->failures = FAILURES_MAX - 1;
    return airt_become(ctx, &breaker_closed_state);
}
#define breaker_open_HANDLES(ON, A) ON(A, price_get) ON(A, breaker_try)
AIRT_STATE(breaker, open, airt_refuse)

#define breaker_ACCEPTS(KIND) prices_ACCEPTS(KIND)
AIRT_PROTOCOL(breaker)
AIRT_MACHINE(breaker, closed)

/* --- a client that prints what it is told ------------------------------------------------------------------------- */

struct client_start {
    breaker_ref shop;
};
AIRT_KIND(client_start, REF(shop))
AIRT_SIGNAL(client_ask)
struct client {
    breaker_ref shop;
};
AIRT_ON(client, client_start)
{
    self->shop = msg->shop;
    return AIRT_OK;
}
AIRT_ON(client, client_ask)
{
    struct price price = { 0 };
    airt_status  status = airt_ask(ctx, self->shop, &price, AIRT_SECONDS(1), price_get, .item = 7);

    if (status == AIRT_OK)
        printf("7: %" PRIu32 " cents\n", price.cents);
    else
        printf("7: %s\n", airt_last_failure(ctx)->text);
    return AIRT_OK;
}
#define client_HANDLES(ON, A) ON(A, client_start) ON(A, client_ask)
AIRT_BEHAVIOR(client)

static airt_status ask_times(airt_system *system, airt_ref client, int times)
{
    for (int i = 0; i < times; i++)
        (void)airt_tell_any(system, client, client_ask);
    return airt_system_quiesce(system, AIRT_SECONDS(5));
}

static airt_status run(airt_system *system, airt_world *world)
{
    airt_ref    top = AIRT_NONE, client = AIRT_NONE;
    prices_ref  shop = { 0 };
    breaker_ref breaker = { 0 };

    AIRT_TRY(airt_supervise(system, &top, .restarts_max = 10, .window_ms = 1000,
                            AIRT_CHILDREN(AIRT_CHILD(shop, .name = "shop"))));
    AIRT_TRY(airt_lookup(system, prices, "shop", &shop));
    AIRT_TRY(airt_spawn(system, breaker, &breaker,
                        (&(airt_spawn_options){ .start = AIRT_START(breaker, .service = shop) })));
    AIRT_TRY(airt_spawn_any(system, client, &client,
                            (&(airt_spawn_options){ .start = AIRT_START(client, .shop = breaker) })));
    AIRT_TRY(ask_times(system, client, 1));
    printf("the database goes away\n");
    database_away = true;
    AIRT_TRY(ask_times(system, client, 5));
    printf("half a minute later it is back\n");
    database_away = false;
    airt_sim_run(world, AIRT_SECONDS(30));
    AIRT_TRY(ask_times(system, client, 2));
    return AIRT_OK;
}

int main(void)
{
    airt_world  *world = NULL;
    airt_system *system = NULL;
    airt_status  status = airt_sim_create(&(airt_sim_options){ .seed = 1 }, &world);

    if (status == AIRT_OK)
        status = airt_system_create(&(airt_system_options){ .world = world }, &system);
    if (status == AIRT_OK)
        status = run(system, world);
    if (status != AIRT_OK)
        fprintf(stderr, "%s\n", airt_status_text(status));
    if (airt_system_stop(&system, AIRT_SECONDS(5)) != AIRT_OK)
        return 1;
    airt_world_destroy(&world);
    return status == AIRT_OK ? 0 : 1;
}
