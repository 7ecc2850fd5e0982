/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What every case starts from; compiles by itself, which control.c proves. */
#include <airt/system.h>

struct counter_add {
    int64_t amount;
};
struct counter_total {
    int64_t total;
};
AIRT_KIND(counter_add, amount)
AIRT_SIGNAL(counter_get)
AIRT_KIND(counter_total, total)
AIRT_ANSWER(counter_get, counter_total)
#define counter_ACCEPTS(KIND) KIND(counter_add) KIND(counter_get)
AIRT_PROTOCOL(counter)

struct lamp_dim {
    uint8_t level;
};
AIRT_KIND(lamp_dim, level)
AIRT_SIGNAL(lamp_get)
AIRT_ANSWER(lamp_get, lamp_dim)
#define lamp_ACCEPTS(KIND) KIND(lamp_dim) KIND(lamp_get)
AIRT_PROTOCOL(lamp)

struct bag {
    void *items;
};
AIRT_LOCAL_KIND(bag, bag_drop)
