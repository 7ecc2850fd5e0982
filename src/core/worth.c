/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The trial of a worker (worth.h), and how it naps. A worker that naps is none that is parked: nobody wakes it for what the
 * others have in hand, and it looks again soon. Only what must run on its own thread ends the nap. */
#include "core/worth.h"

#include "core/sched.h"

/* --- the trial ---------------------------------------------------------------------------------------------------- */

static void measure(airi_worth *worth, airi_worth_view view)
{
    worth->began_ns = view.now_ns;
    worth->done = view.done;
}

static double rate(const airi_worth *worth, airi_worth_view view)
{
    int64_t span = view.now_ns - worth->began_ns;

    return span <= 0 ? 0 : (double)(view.done - worth->done) / (double)span;
}

static bool quick(double rate, uint32_t workers)
{
    return rate * AIRI_WORTH_QUICK_NS >= workers;
}

static uint32_t others(airi_worth_view view)
{
    return view.active > 1 ? view.active - 1 : 1;
}

static void enter(airi_worth *worth, airi_worth_view view, airi_worth_phase phase, int64_t look_in_ns)
{
    worth->phase = phase;
    worth->settled = false;
    worth->look_ns = view.now_ns + look_in_ns;
    measure(worth, view);
}

static bool goes_to_work(airi_worth *worth, airi_worth_view view, int64_t look_in_ns)
{
    enter(worth, view, AIRI_WORTH_AT_WORK, look_in_ns);
    worth->rest_ns = 0;
    return false;
}

bool airi_worth_begins(const airi_worth *worth, airi_worth_view view)
{
    return worth->phase == AIRI_WORTH_AT_WORK ? view.active >= 2
                                              : worth->phase == AIRI_WORTH_RESTING && view.now_ns >= worth->until_ns;
}

/* Caches are cold after a change: what is measured begins a span later. */
static bool settles(airi_worth *worth, airi_worth_view view)
{
    if (worth->settled)
        return false;
    worth->settled = true;
    worth->look_ns = view.now_ns + AIRI_WORTH_MEASURED_NS;
    measure(worth, view);
    return true;
}

static bool leaves_for_a_moment(airi_worth *worth, airi_worth_view view)
{
    if (settles(worth, view))
        return false;
    if (view.now_ns - worth->began_ns > AIRI_WORTH_STALE_NS)
        return goes_to_work(worth, view, AIRI_WORTH_SPAN_NS);
    worth->rate = rate(worth, view);
    if (view.active < 2 || !quick(worth->rate, view.active))
        return goes_to_work(worth, view, AIRI_WORTH_AGAIN_NS);
    enter(worth, view, AIRI_WORTH_AWAY, AIRI_WORTH_SPAN_NS);
    return true;
}

/* A fifth of what one more could add at best is enough. */
static bool was_missed(const airi_worth *worth, airi_worth_view view)
{
    return worth->rate >= rate(worth, view) * (1 + 0.2 / others(view));
}

/* Longer each time in a row. */
static void goes_to_rest(airi_worth *worth, airi_worth_view view)
{
    worth->rest_ns = worth->rest_ns == 0 ? AIRI_WORTH_REST_FIRST_NS : worth->rest_ns * 2;
    if (worth->rest_ns > AIRI_WORTH_REST_MAX_NS)
        worth->rest_ns = AIRI_WORTH_REST_MAX_NS;
    worth->until_ns = view.now_ns + worth->rest_ns;
    enter(worth, view, AIRI_WORTH_RESTING, 0);
}

static bool comes_back(airi_worth *worth, airi_worth_view view)
{
    if (view.done == worth->done) /* nobody gets anything done */
        return goes_to_work(worth, view, AIRI_WORTH_AGAIN_NS);
    if (settles(worth, view) || view.now_ns < worth->look_ns)
        return true;
    if (was_missed(worth, view))
        return goes_to_work(worth, view, AIRI_WORTH_AGAIN_NS);
    goes_to_rest(worth, view);
    return view.tempted;
}

/* Looks all the time: untempted it sleeps like any other, and is woken for what tempts it. */
static bool rests(airi_worth *worth, airi_worth_view view)
{
    if (view.now_ns - worth->began_ns >= AIRI_WORTH_SPAN_NS) {
        if (!quick(rate(worth, view), others(view)))
            return goes_to_work(worth, view, AIRI_WORTH_SPAN_NS);
        measure(worth, view);
    }
    return view.tempted;
}

static bool waits_for_company(airi_worth *worth, airi_worth_view view)
{
    worth->look_ns = view.now_ns + AIRI_WORTH_SPAN_NS;
    return false;
}

/* It takes part. Where another is being weighed, later. */
static bool begins(airi_worth *worth, airi_worth_view view, bool turn)
{
    if (turn)
        enter(worth, view, AIRI_WORTH_MEASURED, AIRI_WORTH_SPAN_NS);
    else if (worth->phase == AIRI_WORTH_AT_WORK)
        return waits_for_company(worth, view);
    return !turn && view.tempted;
}

bool airi_worth_look(airi_worth *worth, airi_worth_view view, bool turn)
{
    bool away = worth->phase == AIRI_WORTH_AWAY || worth->phase == AIRI_WORTH_RESTING;

    if (away && view.active < 2) /* nobody else is there to do it */
        return goes_to_work(worth, view, AIRI_WORTH_SPAN_NS);
    if (airi_worth_begins(worth, view))
        return begins(worth, view, turn);
    switch (worth->phase) {
    case AIRI_WORTH_AT_WORK:
        return waits_for_company(worth, view);
    case AIRI_WORTH_MEASURED:
        return leaves_for_a_moment(worth, view);
    case AIRI_WORTH_AWAY:
        return comes_back(worth, view);
    case AIRI_WORTH_RESTING:
        break;
    }
    return rests(worth, view);
}

/* --- a worker's --------------------------------------------------------------------------------------------------- */

/* Relaxed: counters of others, glanced at. */
static int64_t done_by_all(airt_system *system)
{
    uint32_t count = airi_worker_total(system);
    int64_t  sum = 0;

    for (uint32_t i = 0; i < count; i++)
        sum += airi_load(&system->worker[i]->account.accepted, AIRI_RELAXED) +
               airi_load(&system->worker[i]->account.handled, AIRI_RELAXED);
    return sum;
}

static airi_worth_view view_of(airi_worker *worker)
{
    airt_system *system = worker->system;
    /* Relaxed: glances. */
    uint32_t at_rest = airi_load(&system->parked_count, AIRI_RELAXED) + airi_load(&system->napping, AIRI_RELAXED);
    uint32_t workers = system->options.workers;
    bool     has_work = !airi_locality_empty(&worker->next) || !airi_runq_empty(&worker->runq) ||
                    airi_load(&worker->pinned.count, AIRI_RELAXED) != 0;

    return (airi_worth_view){ .now_ns = worker->now_ns,
                              .done = done_by_all(system),
                              .active = workers > at_rest ? workers - at_rest : 0,
                              .tempted = !has_work && airi_work_visible(worker) };
}

/* One at a time, and nobody for longer than a measurement can last. */
static bool take_turn(airi_worker *worker)
{
    AIRI_ATOMIC(int64_t) *until = &worker->system->weighing_until_ns;
    int64_t               taken_until = airi_load(until, AIRI_SEQ_CST);

    worker->weighs_until_ns = worker->now_ns + AIRI_WORTH_STALE_NS;
    return taken_until <= worker->now_ns &&
           airi_cas(until, &taken_until, worker->weighs_until_ns, AIRI_SEQ_CST, AIRI_SEQ_CST);
}

/* Unless another has taken it over meanwhile. */
static void give_turn_back(airi_worker *worker)
{
    int64_t own = worker->weighs_until_ns;

    (void)airi_cas(&worker->system->weighing_until_ns, &own, 0, AIRI_SEQ_CST, AIRI_SEQ_CST);
}

static bool look(airi_worker *worker)
{
    airi_worth_view view = view_of(worker);
    bool            measured = airi_worth_measures(&worker->worth);
    bool            turn = airi_worth_begins(&worker->worth, view) && take_turn(worker);
    bool            naps = airi_worth_look(&worker->worth, view, turn);

    if (measured && !airi_worth_measures(&worker->worth))
        give_turn_back(worker);
    return naps;
}

/* What ends it early stands in its word, or is seen before. False: it is needed. */
static bool nap(airi_worker *worker)
{
    airt_system *system = worker->system;
    bool         needed;

    airi_store(&worker->word, 0, AIRI_SEQ_CST);
    needed = airi_load(&worker->pinned.count, AIRI_SEQ_CST) != 0 || airi_worker_leaves(worker);
    if (!needed) {
        (void)airi_fetch_add(&system->napping, 1, AIRI_SEQ_CST);
        system->world->wait(system->world, &worker->word, 0, worker->now_ns + AIRI_WORTH_SPAN_NS);
        (void)airi_fetch_sub(&system->napping, 1, AIRI_SEQ_CST);
    }
    airi_store(&worker->word, 1, AIRI_SEQ_CST);
    worker->now_ns = system->world->now_ns(system->world);
    worker->now_age = 1;
    return !needed;
}

void airi_worth_weigh(airi_worker *worker)
{
    do {
        if (!look(worker))
            return;
        airi_hand_over(worker);
    } while (nap(worker));
}
