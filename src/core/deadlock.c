/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Finding a cycle of awaits when it forms. An asker publishes its edges and its waits word, then looks whether a holder
 * waits too; two that close a cycle at the same moment cannot both miss it (sequentially consistent on both sides). Only
 * then is the walk's lock taken. The walk reads words that others change without the lock, so what it finds is read a
 * second time: an edge word and a waits word never come back once changed, so all that stood twice stood together. */
#include "core/deadlock.h"

#include <string.h>

enum { BRANCH_DEPTH_MAX = 16, STEPS_MAX = 1 << 20, CHAIN_SEEN_MAX = 256 };

/* waits: serial 16 | any 1 | several 1 | first call 28 */
#define WAITS_ANY (1ull << AIRI_INDEX_BITS)
#define WAITS_SEVERAL (1ull << (AIRI_INDEX_BITS + 1))
#define WAITS_SERIAL_SHIFT (AIRI_INDEX_BITS + 2)

void airi_edge_set(airi_call_record *record, uint64_t number, uint32_t holder)
{
    airi_store(&record->edge, airi_ref_bits(holder, number), AIRI_SEQ_CST);
}

static void edge_replace(airt_system *system, uint64_t correlation, uint32_t holder)
{
    airt_ref          call = { correlation };
    airi_call_record *record = airi_call_at(system, airi_ref_index(call));
    uint64_t          number = airi_ref_generation(call);
    uint64_t          edge;

    if (record == NULL)
        return;
    edge = airi_load(&record->edge, AIRI_SEQ_CST);
    while (edge >> AIRI_INDEX_BITS == number && (edge & AIRI_INDEX_MASK) != 0)
        if (airi_cas(&record->edge, &edge, airi_ref_bits(holder, number), AIRI_SEQ_CST, AIRI_SEQ_CST))
            return;
}

void airi_edge_move(airt_system *system, uint64_t correlation, uint32_t holder)
{
    edge_replace(system, correlation, holder);
}

void airi_edge_clear(airt_system *system, uint64_t correlation)
{
    edge_replace(system, correlation, 0);
}

/* --- the walk, under wait_lock ------------------------------------------------------------------------------------ */

typedef struct walk {
    airt_system *system;
    uint32_t     target;
    uint32_t     steps; /* left: a bound, not a limit anyone should meet */
    uint32_t     chain[CHAIN_SEEN_MAX]; /* slots, deepest first */
    uint32_t     chain_count;
} walk;

static bool leads(walk *w, uint32_t from, unsigned depth);

static void chain_note(walk *w, uint32_t slot)
{
    if (w->chain_count < CHAIN_SEEN_MAX)
        w->chain[w->chain_count++] = slot;
}

static uint32_t holder_of(const airi_call_record *record)
{
    return (uint32_t)(airi_load(&((airi_call_record *)(uintptr_t)record)->edge, AIRI_SEQ_CST) & AIRI_INDEX_MASK);
}

/* Every edge and the waits word still as they were read. */
static bool unchanged(airi_actor *actor, uint64_t waits, airi_call_record *record, uint64_t edge)
{
    return airi_load(&actor->waits, AIRI_SEQ_CST) == waits && airi_load(&record->edge, AIRI_SEQ_CST) == edge;
}

/* A node with several calls: all of them must be answered, so one that leads there is enough; any, so all must. */
static bool branch_leads(walk *w, airi_actor *actor, uint64_t waits, unsigned depth)
{
    bool     any = (waits & WAITS_ANY) != 0;
    uint32_t call = (uint32_t)(waits & AIRI_INDEX_MASK);

    if (depth == 0)
        return false;
    while (call != 0 && w->steps > 0) {
        airi_call_record *record = airi_call_at(w->system, call);
        uint64_t          edge = airi_load(&record->edge, AIRI_SEQ_CST);
        uint32_t          holder = (uint32_t)(edge & AIRI_INDEX_MASK);
        bool              there;

        w->steps--;
        there = holder != 0 && leads(w, holder, depth - 1) && unchanged(actor, waits, record, edge);
        if (there && !any)
            return true;
        if (!there && any)
            return false;
        call = airi_load(&record->sibling, AIRI_SEQ_CST);
    }
    return any && w->steps > 0;
}

/* One path of single waits, walked without recursion up to a branch. Passed twice: the second time every word must be
 * as the first time, which shows that all edges stood together. */
static bool path_leads(walk *w, uint32_t from, unsigned depth, bool again)
{
    uint32_t slot = from;

    while (slot != w->target && w->steps-- > 1) {
        airi_actor       *actor = airi_slot(w->system, slot);
        uint64_t          waits = actor == NULL ? 0 : airi_load(&actor->waits, AIRI_SEQ_CST);
        airi_call_record *record;

        if (waits == 0)
            return false;
        if (waits & WAITS_SEVERAL) {
            if (!branch_leads(w, actor, waits, depth))
                return false;
            if (!again)
                chain_note(w, slot);
            return true;
        }
        record = airi_call_at(w->system, (uint32_t)(waits & AIRI_INDEX_MASK));
        if (record == NULL)
            return false;
        if (!again)
            chain_note(w, slot);
        slot = holder_of(record);
        if (slot == 0)
            return false;
    }
    return slot == w->target;
}

/* Sum of the words along a path, so that a second pass can be compared with the first. */
static uint64_t path_print(walk *w, uint32_t from)
{
    uint64_t print = 1469598103934665603ull;
    uint32_t slot = from;
    uint32_t steps = STEPS_MAX;

    while (slot != w->target && slot != 0 && steps-- > 0) {
        airi_actor       *actor = airi_slot(w->system, slot);
        uint64_t          waits = airi_load(&actor->waits, AIRI_SEQ_CST);
        airi_call_record *record = airi_call_at(w->system, (uint32_t)(waits & AIRI_INDEX_MASK));
        uint64_t          edge;

        if (waits == 0 || record == NULL || (waits & WAITS_SEVERAL))
            break;
        edge = airi_load(&record->edge, AIRI_SEQ_CST);
        print = (print ^ waits) * 1099511628211ull;
        print = (print ^ edge) * 1099511628211ull;
        slot = (uint32_t)(edge & AIRI_INDEX_MASK);
    }
    return (print ^ slot) * 1099511628211ull;
}

static bool leads(walk *w, uint32_t from, unsigned depth)
{
    uint64_t print = path_print(w, from);

    return path_leads(w, from, depth, false) && path_print(w, from) == print;
}

static bool holder_waits(airt_system *system, uint32_t first_call)
{
    for (uint32_t call = first_call; call != 0;) {
        airi_call_record *record = airi_call_at(system, call);
        airi_actor       *holder = airi_slot(system, holder_of(record));

        if (holder != NULL && airi_load(&holder->waits, AIRI_SEQ_CST) != 0)
            return true;
        call = airi_load(&record->sibling, AIRI_SEQ_CST);
    }
    return false;
}

static void tell_chain(airt_ctx *ctx, const walk *w)
{
    airt_failure *failure = &ctx->failure;
    uint32_t      max = (uint32_t)(sizeof failure->chain / sizeof failure->chain[0]);

    *failure = (airt_failure){ .status = AIRT_EDEADLK, .chain_count = 1, .chain = { ctx->self } };
    for (uint32_t i = 0; i < w->chain_count && failure->chain_count < max; i++)
        failure->chain[failure->chain_count++] = airi_actor_ref(airi_slot(ctx->system, w->chain[i]));
    (void)strcpy(failure->text, "waiting would close a cycle of waits");
}

static bool closes_cycle(airt_ctx *ctx, bool any, uint32_t first_call)
{
    walk w = { .system = ctx->system, .target = ctx->actor->index, .steps = STEPS_MAX };

    for (uint32_t call = first_call; call != 0;) {
        airi_call_record *record = airi_call_at(ctx->system, call);
        uint32_t          holder = holder_of(record);
        bool              there;

        w.chain_count = 0;
        there = holder != 0 && leads(&w, holder, BRANCH_DEPTH_MAX) && holder_of(record) == holder;
        if (there && !any) {
            tell_chain(ctx, &w);
            return true;
        }
        if (!there && any)
            return false;
        call = airi_load(&record->sibling, AIRI_SEQ_CST);
    }
    if (any)
        tell_chain(ctx, &w);
    return any;
}

bool airi_wait_begin(airt_ctx *ctx, const airi_await *await, uint32_t first_call)
{
    airi_actor  *actor = ctx->actor;
    airt_system *system = ctx->system;
    bool         any = await->mode == AIRI_AWAIT_ANY;
    uint64_t     waits;
    bool         found;

    if (first_call == 0)
        return false;
    waits = ((uint64_t)++actor->waits_serial << WAITS_SERIAL_SHIFT) | first_call;
    if (airi_load(&airi_call_at(system, first_call)->sibling, AIRI_SEQ_CST) != 0)
        waits |= WAITS_SEVERAL | (any ? WAITS_ANY : 0);
    airi_store(&actor->waits, waits, AIRI_SEQ_CST);
    if (!holder_waits(system, first_call))
        return false;
    airi_mutex_lock(&system->wait_lock);
    found = closes_cycle(ctx, any, first_call);
    if (found)
        airi_wait_end(actor);
    airi_mutex_unlock(&system->wait_lock);
    return found;
}

void airi_wait_end(airi_actor *actor)
{
    airi_store(&actor->waits, 0, AIRI_SEQ_CST);
}
