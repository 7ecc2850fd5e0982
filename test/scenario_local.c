/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* LOCAL bodies: dropped exactly once however their message ends, and not at all once they are taken. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct load {
    int *box;
};
static uint32_t made, dropped;
static int      carried[64]; /* what the boxes point to: outside of any actor */
static void     load_drop(struct load *body);
AIRT_LOCAL_KIND(load, load_drop)

static void load_drop(struct load *body)
{
    dropped++;
    body->box = NULL;
}

#define porter_ACCEPTS(KIND) KIND(load)
AIRT_PROTOCOL(porter)
struct porter {
    uint32_t    seen;
    struct load mine;
};

/* The first is taken, the second left to the runtime, the third is one failure too many. */
AIRT_ON(porter, load)
{
    struct load again;

    switch (self->seen++) {
    case 0:
        assert_ptr_equal(msg->box, &carried[0]);
        AIRT_TRY(airt_take(ctx, load, &self->mine));
        assert_int_equal(airt_take(ctx, load, &again), AIRT_EKIND);
        return AIRT_OK;
    case 1:
        return AIRT_OK;
    default:
        return AIRT_EFAILED;
    }
}

#define porter_HANDLES(ON, A) ON(A, load)
AIRT_BEHAVIOR(porter)

static void send_load(sim *s, porter_ref to)
{
    airt_tell(s->system, to, load, .box = &carried[made]);
    made++;
}

static void a_local_body_is_dropped_once_or_taken(void **state)
{
    sim        s;
    porter_ref porter = { 0 };

    (void)state;
    made = dropped = 0;
    assert_int_equal(sim_open(&s, &(sim_options){ .seed = 7 }), AIRT_OK);
    assert_int_equal(airt_spawn(s.system, porter, &porter, NULL), AIRT_OK);
    send_load(&s, porter);
    sim_settle(&s);
    assert_int_equal(dropped, 0);
    send_load(&s, porter);
    sim_settle(&s);
    assert_int_equal(dropped, 1);
    send_load(&s, porter); /* fails its handler: dead-lettered, and dropped */
    send_load(&s, porter); /* queued at the end */
    sim_settle(&s);
    assert_int_equal(dropped, 3);
    send_load(&s, porter); /* nobody there */
    assert_int_equal(dropped, 4);
    sim_close(&s);
    assert_int_equal(dropped, made - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_local_body_is_dropped_once_or_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
