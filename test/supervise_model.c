/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "supervise_model.h"

#include <stdio.h>
#include <string.h>

static void say(model *m, char letter, const char *word)
{
    model_world *world = m->world;

    world->size += (size_t)snprintf(world->said + world->size, sizeof world->said - world->size, "%c%s ", letter, word);
    AIRT_CHECK(world->size < sizeof world->said);
}

model_kid *model_find(model *m, char letter)
{
    for (unsigned i = 0; i < m->count; i++)
        if (m->kid[i].letter == letter)
            return &m->kid[i];
    return NULL;
}

model *model_above(model *m, char letter)
{
    if (model_find(m, letter) != NULL)
        return m;
    for (unsigned i = 0; i < m->count; i++)
        if (m->kid[i].below != NULL && m->kid[i].up && model_find(m->kid[i].below, letter) != NULL)
            return m->kid[i].below;
    return NULL;
}

static void forget(model *m, unsigned index)
{
    m->count--;
    for (; index < m->count; index++)
        m->kid[index] = m->kid[index + 1];
}

/* Children whose specs do not outlive them. */
static bool passing(const model *m, const model_kid *kid)
{
    return m->strategy == AIRT_DYNAMIC || kid->restart == AIRT_TEMPORARY;
}

static bool grouped(const model *m)
{
    return m->strategy == AIRT_ONE_FOR_ALL || m->strategy == AIRT_REST_FOR_ONE;
}

static unsigned index_of(const model *m, const model_kid *kid)
{
    return (unsigned)(kid - m->kid);
}

/* --- stops and the end -------------------------------------------------------------------------------------------- */

static void end(model *m, airt_exit why);

static void stop(model *m, model_kid *kid)
{
    if (kid->up && kid->below != NULL)
        end(kid->below, AIRT_EXIT_SHUTDOWN);
    else if (kid->up)
        say(m, kid->letter, "-shutdown");
    kid->up = false;
}

static void end(model *m, airt_exit why)
{
    for (unsigned i = m->count; i-- > 0;)
        stop(m, &m->kid[i]);
    m->count = 0;
    m->over = true;
    m->why = why;
}

/* --- restarts ----------------------------------------------------------------------------------------------------- */

/* False: one too many. */
static bool counted(model *m)
{
    int64_t  now = m->world->now_ms;
    unsigned kept = 0;

    for (unsigned i = 0; i < m->restarted; i++)
        if (now - m->restarted_ms[i] < m->window_ms)
            m->restarted_ms[kept++] = m->restarted_ms[i];
    m->restarted = kept;
    if (kept >= m->restarts_max)
        return false;
    m->restarted_ms[m->restarted++] = now;
    return true;
}

/* Of the next restart in a row: none of the first, then doubling, up to its bound. */
static uint32_t whole_backoff_ms(const model *m, uint32_t streak)
{
    uint32_t whole = m->backoff_ms;

    if (streak == 1)
        return 0;
    for (uint32_t i = 2; i < streak && whole < m->backoff_max_ms; i++)
        whole *= 2;
    return whole < m->backoff_max_ms ? whole : m->backoff_max_ms;
}

/* What was drawn, which is at least half of the whole. */
static uint32_t backoff_ms(model *m, model_kid *kid)
{
    uint32_t whole = whole_backoff_ms(m, ++kid->streak);
    uint32_t drawn = m->world->delay_ms();

    if (drawn <= whole && drawn >= whole - whole / 2)
        return drawn;
    say(m, kid->letter, "?");
    return 0;
}

/* The others of the group: down, and wanted again unless they are temporary. */
static void take_down_group(model *m, char letter)
{
    unsigned first = m->strategy == AIRT_ONE_FOR_ALL ? 0 : index_of(m, model_find(m, letter)) + 1;

    for (unsigned i = m->count; i-- > first;) {
        model_kid *kid = &m->kid[i];

        if (kid->letter == letter)
            continue;
        stop(m, kid);
        kid->wanted = true;
        if (kid->restart == AIRT_TEMPORARY)
            forget(m, i);
    }
}

static void restart(model *m, model_kid *kid, bool at_once)
{
    char     letter = kid->letter;
    uint32_t delay;

    if (!counted(m)) {
        end(m, AIRT_EXIT_ESCALATED);
        return;
    }
    delay = backoff_ms(m, kid);
    if (grouped(m))
        take_down_group(m, letter);
    kid = model_find(m, letter);
    kid->wanted = true;
    kid->due_ms = m->world->now_ms + (at_once && delay == 0 ? 0 : delay + 1);
}

static void start_failed(model *m, model_kid *kid)
{
    if (m->booting || kid->fresh || kid->by_hand)
        m->world->answer = AIRT_EFAILED;
    if (m->booting) {
        end(m, AIRT_EXIT_START);
    } else if (kid->fresh) {
        forget(m, index_of(m, kid));
    } else if (kid->by_hand) {
        kid->wanted = kid->by_hand = false;
    } else {
        restart(m, kid, false);
    }
}

static void started(model *m, model_kid *kid)
{
    kid->up = true;
    kid->since_ms = m->world->now_ms;
    kid->wanted = kid->fresh = kid->by_hand = false;
}

static void start_worker(model *m, model_kid *kid)
{
    model_plan *plan = &m->world->plan[kid->letter - 'a'];

    if (plan->fails > 0) {
        plan->fails--;
        say(m, kid->letter, "!");
        start_failed(m, kid);
        return;
    }
    started(m, kid);
    if (plan->not_now == 0) {
        say(m, kid->letter, "+");
        return;
    }
    plan->not_now--;
    kid->up = false;
    say(m, kid->letter, "~");
    say(m, kid->letter, "-normal"); /* its start did not fail, so that it hears of its end */
    if (passing(m, kid))
        forget(m, index_of(m, kid));
}

static void start_below(model *m, model_kid *kid)
{
    airt_status answer = m->world->answer;

    model_boot(kid->below);
    m->world->answer = answer; /* its own boot is nobody's request */
    if (kid->below->over)
        start_failed(m, kid);
    else
        started(m, kid);
}

static void start(model *m, model_kid *kid)
{
    kid->restarts += kid->incarnation != 0 && !kid->by_hand;
    kid->incarnation++;
    if (kid->below != NULL)
        start_below(m, kid);
    else
        start_worker(m, kid);
}

static void wait_for(model *m, model_kid *kid)
{
    if (kid->due_ms <= m->world->now_ms)
        return;
    m->world->pass(kid->due_ms - m->world->now_ms);
    m->world->now_ms = kid->due_ms;
}

/* In order, each after the one before; what is put off waits, and those behind it with it. */
static void start_wanted(model *m)
{
    unsigned i = 0;

    while (i < m->count) {
        model_kid *kid = &m->kid[i];

        if (!kid->wanted) {
            i++;
            continue;
        }
        wait_for(m, kid);
        start(m, kid);
        i = 0; /* a failure may have taken down those before */
    }
}

/* --- ends --------------------------------------------------------------------------------------------------------- */

static void significant_ended(model *m, char letter)
{
    if (m->auto_shutdown == AIRT_NEVER)
        return;
    for (unsigned i = 0; i < m->count && m->auto_shutdown == AIRT_ALL_SIGNIFICANT; i++)
        if (m->kid[i].letter != letter && m->kid[i].significant && m->kid[i].up)
            return;
    end(m, AIRT_EXIT_SHUTDOWN);
}

static void ended(model *m, model_kid *kid, bool failure)
{
    kid->up = false;
    if (m->world->now_ms - kid->since_ms >= m->backoff_reset_ms)
        kid->streak = 0;
    if (kid->restart == AIRT_PERMANENT || (kid->restart == AIRT_TRANSIENT && failure)) {
        restart(m, kid, true);
        return;
    }
    if (kid->significant)
        significant_ended(m, kid->letter);
    if (!m->over && passing(m, kid))
        forget(m, index_of(m, kid));
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static void ask_start(model *m, const model_step *step)
{
    bool invalid = step->spec.significant && (m->auto_shutdown == AIRT_NEVER || step->spec.restart == AIRT_PERMANENT);

    if (invalid) {
        m->world->answer = AIRT_EINVAL;
    } else if (model_find(m, step->letter) != NULL) {
        m->world->answer = AIRT_EEXIST;
    } else {
        m->kid[m->count] = step->spec;
        m->kid[m->count].letter = step->letter;
        m->kid[m->count].fresh = m->kid[m->count].wanted = true;
        m->count++;
    }
}

static void ask(model *m, const model_step *step)
{
    model_kid *kid = model_find(m, step->letter);
    bool       pool = m->strategy == AIRT_DYNAMIC;

    if (step->what == MODEL_START) {
        ask_start(m, step);
    } else if (kid == NULL) {
        m->world->answer =
            pool && step->what == MODEL_STOP ? AIRT_OK : AIRT_ENOENT; /* a ref that was somebody's once */
    } else if (step->what == MODEL_STOP) {
        stop(m, kid);
        if (passing(m, kid))
            forget(m, index_of(m, kid));
    } else if (pool) {
        m->world->answer = AIRT_EINVAL;
    } else if (kid->up) {
        m->world->answer = AIRT_ERUNNING;
    } else if (step->what == MODEL_DELETE) {
        forget(m, index_of(m, kid));
    } else {
        kid->wanted = kid->by_hand = true;
    }
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

void model_boot(model *m)
{
    memcpy(m->kid, m->first, sizeof m->kid);
    m->count = m->first_count;
    m->restarted = 0;
    m->over = false;
    m->booting = true;
    m->world->answer = AIRT_OK;
    for (unsigned i = 0; i < m->count; i++)
        m->kid[i].wanted = true;
    start_wanted(m);
    m->booting = false;
}

static void one_ended(model *m, const model_step *step)
{
    static const char *const words[] = { "-error", "-normal", "-shutdown", "-killed" };
    model                   *above = model_above(m, step->letter);
    model_kid               *kid = above != NULL ? model_find(above, step->letter) : NULL;

    if (kid == NULL || kid->below != NULL || !kid->up)
        return;
    say(m, kid->letter, words[step->what]);
    ended(above, kid, step->what == MODEL_FAILS || step->what == MODEL_KILLED);
}

/* What follows, from the inside out: a supervisor below that is over has ended for the one above. */
static void follow(model *m)
{
    for (unsigned i = 0; i < m->count; i++) {
        model_kid *kid = &m->kid[i];

        if (kid->below == NULL || !kid->up)
            continue;
        start_wanted(kid->below);
        if (kid->below->over) {
            ended(m, kid, kid->below->why == AIRT_EXIT_ESCALATED);
            break; /* one a step */
        }
    }
    start_wanted(m);
}

void model_take(model *m, const model_step *step)
{
    model_world *world = m->world;

    world->size = 0;
    world->said[0] = 0;
    world->answer = AIRT_OK;
    switch (step->what) {
    case MODEL_PLAN:
        world->plan[step->letter - 'a'] = step->plan;
        break;
    case MODEL_TIME:
        world->pass(step->ms);
        world->now_ms += step->ms;
        break;
    case MODEL_STOP_ALL:
        end(m, AIRT_EXIT_SHUTDOWN);
        break;
    case MODEL_START:
    case MODEL_STOP:
    case MODEL_RESTART:
    case MODEL_DELETE:
        ask(step->to != 0 ? model_find(m, step->to)->below : m, step);
        break;
    default:
        one_ended(m, step);
    }
    follow(m);
}
