/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Chance, and the ledger of the random program. */
#include "random_state.h"

#include <stdio.h>

program p;

uint64_t rnd(uint64_t below)
{
    p.rng += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = p.rng;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % below;
}

bool one_in(uint64_t n)
{
    return rnd(n) == 0;
}

void mix(uint64_t value)
{
    p.hash = (p.hash ^ value) * UINT64_C(1099511628211);
}

uint32_t slot_of(airt_ref who)
{
    AIRT_CHECK(airi_ref_index(who) < SLOTS && "two actors would share what is known of them");
    return airi_ref_index(who);
}

airt_ref anyone(void)
{
    return p.place[rnd(ACTORS)];
}

airt_priority any_priority(void)
{
    return (airt_priority)rnd(4);
}

/* --- the ledger --------------------------------------------------------------------------------------------------- */

uint64_t new_id(airt_ref from, airt_ref to, airt_priority priority, bool request)
{
    uint64_t id = ++p.ids;

    AIRT_CHECK(id < IDS_MAX);
    p.ledger[id] = (entry){ .from = from.bits, .to = to.bits, .priority = priority, .request = request };
    return id;
}

uint64_t id_of(const airt_kind *kind, const void *body)
{
    if (body == NULL)
        return 0;
    return kind == &item_kind      ? ((const struct item *)body)->id
           : kind == &request_kind ? ((const struct request *)body)->id
                                   : 0;
}

void on_letter(void *context, const airt_dead_letter *letter)
{
    uint64_t id = id_of(letter->kind, letter->body);

    (void)context;
    mix(id * 16 + letter->reason);
    if (letter->kind == &bell_kind && letter->reason == AIRT_LETTER_INCARNATION &&
        ((const struct bell *)letter->body)->what == 1)
        AIRT_CHECK(((const struct bell *)letter->body)->due_ns <= p.slot[slot_of(letter->to)].started_ns &&
                   "a timer of an incarnation that was over");
    if (id == 0)
        return;
    if (letter->reason <= AIRT_LETTER_INCARNATION)
        p.ledger[id].dead++;
    else
        p.ledger[id].unaccepted++;
}

void refused(uint64_t id, airt_status status)
{
    if (status != AIRT_OK)
        p.ledger[id].refused++;
}

void handled(airt_ctx *ctx, uint64_t id)
{
    if (!airi_killed(ctx)) /* otherwise the killer has ended it */
        p.ledger[id].handled++;
}

/* A message that was sent on or kept and sent was begun before: its order says nothing. */
void begin(airt_ctx *ctx, struct walker *self, uint64_t id)
{
    entry   *e = &p.ledger[id];
    airt_ref from = { e->from };

    AIRT_CHECK(id != 0 && id <= p.ids);
    AIRT_CHECK(e->handled == 0 && e->dead == 0 && "a message that had ended");
    AIRT_CHECK((e->moved || e->to == airt_self(ctx).bits) && "for somebody else");
    if (e->begun++ == 0 && e->to == airt_self(ctx).bits) {
        uint32_t slot = airi_ref_index(from) % SENDERS;
        bool     same = self->last[slot][e->priority][e->request].from == e->from;

        AIRT_CHECK((!same || id > self->last[slot][e->priority][e->request].id) && "in order");
        self->last[slot][e->priority][e->request].from = e->from;
        self->last[slot][e->priority][e->request].id = id;
    }
    mix(id);
}

void check_ledger(void)
{
    for (uint64_t id = 1; id <= p.ids; id++) {
        const entry *e = &p.ledger[id];
        uint32_t     not_accepted = e->refused > 0 || e->unaccepted > 0 ? 1 : 0;

        if (e->handled + e->dead + not_accepted == 1 && e->replied <= 1)
            continue;
        (void)fprintf(stderr,
                      "message %llu%s: begun %u, handled %u, dead %u, refused %u, not accepted %u, replies %u\n",
                      (unsigned long long)id, e->request ? " (request)" : "", e->begun, e->handled, e->dead, e->refused,
                      e->unaccepted, e->replied);
        AIRT_CHECK(false && "every message ends exactly once");
    }
}

/* --- what else must hold ------------------------------------------------------------------------------------------ */

void check_bound(airt_from from, airt_ref who)
{
    airt_actor_info info;

    if (airt_ref_same(p.slot[slot_of(who)].who, who) && airt_info(from, who, &info) == AIRT_OK)
        AIRT_CHECK(info.queued <= p.slot[slot_of(who)].bound && "the bound of a mailbox");
}

/* Whoever is said to wait for one answer has none yet. */
void check_chain(airt_ctx *ctx)
{
    const airt_failure *failure = airt_last_failure(ctx);

    for (uint32_t i = 1; i < failure->chain_count; i++) {
        uint32_t slot = slot_of(failure->chain[i]);
        uint64_t id = airt_ref_same(p.slot[slot].who, failure->chain[i]) ? p.slot[slot].asking : 0;

        if (id != 0)
            AIRT_CHECK(!p.ledger[id].answered && p.ledger[id].dead == 0 && "a false deadlock");
    }
}

void check_deadline(airt_ctx *ctx)
{
    AIRT_CHECK(airt_msg_deadline_ns(airt_message(ctx)) > airt_sim_now_ns(p.s.world) && "expired, and handled");
}
