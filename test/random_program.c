/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Drives the random program from outside. */
#include "random_program.h"

#include "random_state.h"

#include "base/mutant.h"

#include <string.h>

static airt_spawn_options any_options(void)
{
    static const airt_overflow rules[] = { AIRT_REFUSE, AIRT_DROP_NEW, AIRT_DROP_OLD, AIRT_WAIT };
    airt_spawn_options         o = { 0 };

    /* One number a statement here and elsewhere: compilers order initialisers as they like. */
    o.turn_max = (uint32_t)rnd(4);
    o.stash_max = (uint32_t)rnd(3);
    o.mailbox.overflow = rules[rnd(4)];
    o.mailbox.max = one_in(2) ? 1 + (uint32_t)rnd(4) : 0;
    if (one_in(6))
        o.mailbox.bytes_max = 200;
    if (one_in(5))
        o.mailbox.ttl_ms = 1 + (uint32_t)rnd(4);
    o.mailbox.wait_ms = 1 + (uint32_t)rnd(8);
    return o;
}

void spawn(airt_from from, bool inside, size_t place)
{
    static const uint32_t verdicts[] = { AIRT_STOP, AIRT_RESUME, AIRT_RESTART, AIRT_RESTART, AIRT_ESCALATE };
    struct walker_start   start = { verdicts[rnd(5)], false };
    airt_spawn_options    o = any_options();
    airt_ref              ref;

    start.fails = one_in(10);
    o.start = (airt_body){ &walker_start_kind, &start };
    if (one_in(4))
        o.name = one_in(2) ? "ann" : "bob";
    if (inside) {
        o.link = one_in(4);
        o.monitor = one_in(3);
        o.child = one_in(2);
        o.notify_start = one_in(4);
    }
    if (one_in(5))
        o.start_within_ms = 1 + (uint32_t)rnd(5);
    ref.bits = 0;
    mix((uint64_t)airt_spawn_behavior(from, &walker_behavior, &ref, &o));
    if (ref.bits != 0)
        p.place[place] = ref;
    if (ref.bits != 0 && p.slot[slot_of(ref)].who.bits < ref.bits) { /* it may be gone, and another have its slot */
        p.slot[slot_of(ref)].who = ref;
        p.slot[slot_of(ref)].asking = 0; /* its last tenant's, who was killed meanwhile */
        p.slot[slot_of(ref)].bound = o.mailbox.max != 0 ? o.mailbox.max : 1024;
    }
}

void ends(airt_from from)
{
    switch (rnd(6)) {
    case 0:
    case 1:
        (void)airt_stop(from, anyone(), NULL);
        break;
    case 2:
    case 3:
        (void)airt_kill(from, anyone(), NULL);
        break;
    default:
        (void)airt_drain(from, anyone(), NULL);
        break;
    }
}

/* --- the driver --------------------------------------------------------------------------------------------------- */

static void outside(void)
{
    airt_ref          to = anyone();
    airt_send_options options = { .priority = any_priority(), .wait = AIRT_MS(1) };
    struct item       body;
    struct reply      answer;
    uint64_t          id;
    airt_status       status;

    switch (rnd(24)) {
    case 0:
        ends(AIRI_FROM(p.s.system));
        break;
    case 1:
        spawn(AIRI_FROM(p.s.system), false, rnd(ACTORS));
        break;
    case 2:
        id = new_id(AIRT_NONE, to, AIRT_NORMAL, true);
        status = airt_ask_any(p.s.system, to, &answer, AIRT_MS(1 + rnd(10)), request, .id = id);
        mix((uint64_t)status);
        if (status == AIRT_ENOMEM && p.ledger[id].begun + p.ledger[id].dead == 0)
            p.ledger[id].refused++;
        break;
    default:
        body.id = new_id(AIRT_NONE, to, options.priority, false);
        refused(body.id, airt_tell_body(AIRI_FROM(p.s.system), to, &item_kind, &body, &options));
        break;
    }
}

/* So that there is somebody to talk to. */
static void fill_a_place(void)
{
    size_t place = rnd(ACTORS);

    if (!sim_alive(&p.s, p.place[place]))
        spawn(AIRI_FROM(p.s.system), false, place);
}

static void walk(void)
{
    switch (rnd(4)) {
    case 0:
        airt_sim_run(p.s.world, AIRT_US(rnd(1500)));
        break;
    case 1:
        sim_settle(&p.s);
        break;
    default:
        for (uint64_t steps = rnd(12); steps > 0; steps--)
            (void)airt_sim_step(p.s.world);
        break;
    }
}

uint64_t random_program(uint64_t seed, uint32_t layout, const airt_fault_options *fault)
{
    sim_options options = { .seed = seed, .layout = layout, .fault = fault, .system.dead_letter = on_letter };

    options.system.workers = 1 + (uint32_t)seed % 4 + (AIRI_MUTANT_IS(90) ? 1 : 0);
    memset(&p, 0, sizeof p);
    p.rng = seed * UINT64_C(0x2545f4914f6cdd1d);
    p.fuel = FUEL;
    if (sim_open(&p.s, &options) != AIRT_OK)
        return 0;
    for (int i = 0; i < ACTORS; i++)
        spawn(AIRI_FROM(p.s.system), false, (size_t)i);
    for (int round = 0; round < ROUNDS; round++) {
        fill_a_place();
        for (uint64_t bursts = rnd(8); bursts > 0; bursts--)
            outside();
        walk();
    }
    airt_sim_run(p.s.world, AIRT_MS(50));
    sim_check_idle(&p.s);
    sim_check_account(&p.s);
    mix(airt_sim_hash(p.s.world));
    if (one_in(2))
        sim_close(&p.s);
    else
        sim_close_at_once(&p.s);
    check_ledger();
    return p.hash;
}
