/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Finding a cycle of awaits when it forms. An asker publishes its edges and its waits word, then looks whether a holder
 * waits too; two that close a cycle at the same moment cannot both miss it (sequentially consistent on both sides). Only
 * then is the walk's lock taken. The walk reads words that others change without the lock, so what it finds is read a
 * second time: an edge word and a waits word never come back once changed, so all that stood twice stood together. */
#include "core/deadlock.h"

#include <string.h>

enum {
    BRANCH_DEPTH_MAX = 64,
    STEPS_MAX = 1 << 16,
    CHAIN_SEEN_MAX = 256
};

#define PRINT_START UINT64_C(1469598103934665603)
static uint64_t print_add(uint64_t print, uint64_t word)
{
    return (print ^ word) * UINT64_C(1099511628211);
}

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

/* Where waiting leads. A ring that does not go through the target is nobody's but its own closer's, who is refused: who
 * waits for one of it is not told. */
typedef enum lead {
    LEADS_NOWHERE,   /* to one that may go on */
    LEADS_INTO_SELF, /* back to a node with several calls that the walk is inside of: as the rest of its calls decide */
    LEADS_TO_TARGET
} lead;

typedef struct walk {
    airt_system *system;
    uint32_t     target;
    uint32_t     steps;                 /* left: a bound, not a limit anyone should meet */
    bool         unstable;              /* something changed while it was read: look again */
    uint32_t     chain[CHAIN_SEEN_MAX]; /* slots, in the order of waiting */
    uint32_t     chain_count;
    uint32_t     branch[BRANCH_DEPTH_MAX]; /* the nodes with several calls that the walk is inside of */
    uint32_t     branch_count;
} walk;

static lead leads(walk *w, uint32_t from);

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

static bool inside_branch(const walk *w, uint32_t slot)
{
    for (uint32_t i = 0; i < w->branch_count; i++)
        if (w->branch[i] == slot)
            return true;
    return false;
}

/* One of a node's calls, read twice. */
static lead call_leads(walk *w, airi_actor *actor, uint64_t waits, airi_call_record *record)
{
    uint64_t edge = airi_load(&record->edge, AIRI_SEQ_CST);
    uint32_t holder = (uint32_t)(edge & AIRI_INDEX_MASK);
    lead     there = holder != 0 ? leads(w, holder) : LEADS_NOWHERE;

    if (there == LEADS_NOWHERE || unchanged(actor, waits, record, edge))
        return there;
    w->unstable = true;
    return LEADS_NOWHERE;
}

/* All calls must be answered: the worst of them counts. Any: the best, and the target must be among them. */
static lead calls_lead(walk *w, airi_actor *actor, uint64_t waits)
{
    bool     any = (waits & WAITS_ANY) != 0;
    uint32_t call = (uint32_t)(waits & AIRI_INDEX_MASK);
    uint32_t noted = w->chain_count;
    lead     worst = LEADS_NOWHERE;

    while (call != 0 && w->steps > 0) {
        airi_call_record *record = airi_call_at(w->system, call);
        lead              there = call_leads(w, actor, waits, record);

        w->steps--;
        if (any && there == LEADS_NOWHERE)
            return LEADS_NOWHERE;
        if (there > worst)
            worst = there;
        if (!any && there == LEADS_TO_TARGET)
            return there;
        if (there != LEADS_TO_TARGET)
            w->chain_count = noted;
        call = airi_load(&record->sibling, AIRI_SEQ_CST);
    }
    return w->steps > 0 ? worst : LEADS_NOWHERE;
}

static lead branch_leads(walk *w, airi_actor *actor, uint64_t waits)
{
    lead there;

    if (inside_branch(w, actor->index))
        return LEADS_INTO_SELF;
    if (w->branch_count == BRANCH_DEPTH_MAX)
        return LEADS_NOWHERE;
    w->branch[w->branch_count++] = actor->index;
    there = calls_lead(w, actor, waits);
    w->branch_count--;
    return there;
}

/* One path of single waits, walked without recursion up to a branch; *out_print is of the words along it, and
 * *out_nodes how many. A ring of single waits that goes past the target ends the walk: Brent's method. */
static lead path_leads(walk *w, uint32_t from, uint64_t *out_print, uint32_t *out_nodes)
{
    uint32_t slot = from;
    uint32_t mark = 0;
    uint32_t mark_again = 1;

    *out_print = PRINT_START;
    for (*out_nodes = 0; slot != w->target && slot != mark && w->steps > 0; ++*out_nodes, w->steps--) {
        airi_actor       *actor = airi_slot(w->system, slot);
        uint64_t          waits = actor == NULL ? 0 : airi_load(&actor->waits, AIRI_SEQ_CST);
        airi_call_record *record = airi_call_at(w->system, (uint32_t)(waits & AIRI_INDEX_MASK));
        uint64_t          edge;

        if (waits == 0 || record == NULL)
            return LEADS_NOWHERE;
        chain_note(w, slot);
        if (waits & WAITS_SEVERAL)
            return branch_leads(w, actor, waits);
        if (*out_nodes == mark_again) {
            mark = slot;
            mark_again *= 2;
        }
        edge = airi_load(&record->edge, AIRI_SEQ_CST);
        *out_print = print_add(print_add(*out_print, waits), edge);
        slot = (uint32_t)(edge & AIRI_INDEX_MASK);
        if (slot == 0)
            return LEADS_NOWHERE;
    }
    return slot == w->target ? LEADS_TO_TARGET : LEADS_NOWHERE;
}

/* The same words read once more. */
static uint64_t path_print(walk *w, uint32_t from, uint32_t nodes)
{
    uint64_t print = PRINT_START;
    uint32_t slot = from;

    for (uint32_t i = 0; i < nodes && slot != 0; i++) {
        airi_actor       *actor = airi_slot(w->system, slot);
        uint64_t          waits = airi_load(&actor->waits, AIRI_SEQ_CST);
        airi_call_record *record = airi_call_at(w->system, (uint32_t)(waits & AIRI_INDEX_MASK));
        uint64_t          edge = record != NULL ? airi_load(&record->edge, AIRI_SEQ_CST) : 0;

        print = print_add(print_add(print, waits), edge);
        slot = (uint32_t)(edge & AIRI_INDEX_MASK);
    }
    return print;
}

/* Passed twice: the second time every word must be as the first time, which shows that all edges stood together. */
static lead leads(walk *w, uint32_t from)
{
    uint64_t print;
    uint32_t nodes;
    lead     there = path_leads(w, from, &print, &nodes);

    if (there == LEADS_NOWHERE || path_print(w, from, nodes) == print)
        return there;
    w->unstable = true;
    return LEADS_NOWHERE;
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

static void tell_chain(airi_chain *chain, airt_ref asker, const walk *w)
{
    *chain = (airi_chain){ .count = 1, .ref = { asker } };
    for (uint32_t i = 0; i < w->chain_count && chain->count < AIRI_CHAIN_MAX; i++) {
        airi_actor *actor = airi_slot(w->system, w->chain[i]);

        if (actor != NULL)
            chain->ref[chain->count++] = airi_actor_ref(actor);
    }
}

/* Whether the wait that an actor has announced is part of a cycle. Under wait_lock. */
static bool closes_cycle(airt_system *system, airi_actor *actor, uint64_t waits, airi_chain *out_chain)
{
    walk w = { .system = system, .target = actor->index, .steps = STEPS_MAX };
    bool found;

    do {
        w.unstable = false;
        w.chain_count = w.branch_count = 0;
        found = calls_lead(&w, actor, waits) == LEADS_TO_TARGET;
    } while (!found && w.unstable && w.steps > 0);
    if (found)
        tell_chain(out_chain, airi_actor_ref(actor), &w);
    return found;
}

/* A request that changes hands may close a cycle that neither its asker nor its new holder could see. */
bool airi_move_closes(airt_system *system, const airt_msg *request, airt_ref to, airi_chain *out_chain)
{
    airi_actor *holder = airi_slot(system, airi_ref_index(to));
    airi_actor *asker = airi_slot(system, airi_ref_index(request->sender));
    uint64_t    waits;
    bool        found;

    if (holder == NULL || asker == NULL || airi_load(&holder->waits, AIRI_SEQ_CST) == 0)
        return false;
    waits = airi_load(&asker->waits, AIRI_SEQ_CST);
    if (waits == 0)
        return false;
    airi_mutex_lock(&system->wait_lock);
    found = closes_cycle(system, asker, waits, out_chain);
    if (found)
        airi_edge_clear(system, request->correlation); /* refused before anyone else walks over it */
    airi_mutex_unlock(&system->wait_lock);
    return found;
}

void airi_failure_chain(airt_failure *failure, const airi_chain *chain)
{
    *failure = (airt_failure){ .status = AIRT_EDEADLK, .chain_count = chain->count };
    memcpy(failure->chain, chain->ref, sizeof failure->chain);
    (void)strcpy(failure->text, "waiting would close a cycle of waits");
}

bool airi_wait_begin(airt_ctx *ctx, const airi_await *await, uint32_t first_call)
{
    airi_actor  *actor = ctx->actor;
    airt_system *system = ctx->system;
    bool         any = await->mode == AIRI_AWAIT_ANY;
    airi_chain   chain;
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
    found = closes_cycle(system, actor, waits, &chain);
    if (found) {
        airi_failure_chain(&ctx->failure, &chain);
        airi_wait_end(actor);
    }
    airi_mutex_unlock(&system->wait_lock);
    return found;
}

void airi_wait_end(airi_actor *actor)
{
    airi_store(&actor->waits, 0, AIRI_SEQ_CST);
}
