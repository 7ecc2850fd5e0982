/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A stranger's program: kinds, a protocol, an actor; spawn, tell, ask. */
#include <airt/system.h>

#include <inttypes.h>
#include <stdio.h>

struct counter_add {
    int64_t  amount;
    airt_str why;
};
struct counter_total {
    int64_t total;
};
AIRT_KIND(counter_add, amount, why)
AIRT_SIGNAL(counter_get)
AIRT_KIND(counter_total, total)
AIRT_ANSWER(counter_get, counter_total)

#define counter_ACCEPTS(KIND) KIND(counter_add) KIND(counter_get)
AIRT_PROTOCOL(counter)

struct counter_start {
    int64_t first;
};
AIRT_KIND(counter_start, first)

struct counter {
    int64_t total;
};

AIRT_ON(counter, counter_start)
{
    self->total = msg->first;
    return AIRT_OK;
}

AIRT_ON(counter, counter_add)
{
    self->total += msg->amount + (int64_t)msg->why.size;
    return AIRT_OK;
}

AIRT_ON(counter, counter_get)
{
    return airt_reply(ctx, counter_get, .total = self->total);
}

#define counter_HANDLES(ON, A) ON(A, counter_start) ON(A, counter_add) ON(A, counter_get)
AIRT_BEHAVIOR(counter)

int main(void)
{
    airt_system         *system = NULL;
    counter_ref          counter = { 0 };
    struct counter_total sum = { 0 };

    if (airt_system_create(NULL, &system) != AIRT_OK)
        return 1;
    airt_status status =
        airt_spawn(system, counter, &counter,
                   &(airt_spawn_options){ .name = "counter", .start = AIRT_START(counter, .first = 4) });
    airt_tell(system, counter, counter_add, .amount = 3, .why = AIRT_STR("three"));
    if (status == AIRT_OK)
        status = airt_ask(system, counter, &sum, AIRT_SECONDS(5), counter_get);
    printf("%" PRId64 " %s\n", sum.total, airt_status_name(status));
    if (airt_system_stop(&system, AIRT_SECONDS(5)) != AIRT_OK)
        return 1;
    return status == AIRT_OK && sum.total == 12 ? 0 : 1;
}
