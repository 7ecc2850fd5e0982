/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "supervise_model.h"

#include <stdio.h>

static void say(model *m, char letter, const char *word)
{
    m->size += (size_t)snprintf(m->said + m->size, sizeof m->said - m->size, "%c%s ", letter, word);
    AIRT_CHECK(m->size < sizeof m->said);
}

model_kid *model_find(model *m, char letter)
{
    for (unsigned i = 0; i < m->count; i++)
        if (m->kid[i].letter == letter)
            return &m->kid[i];
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

static void stop(model *m, model_kid *kid)
{
    if (kid->up)
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
    unsigned kept = 0;

    for (unsigned i = 0; i < m->restarted; i++)
        if (m->now_ms - m->restarted_ms[i] < m->window_ms)
            m->restarted_ms[kept++] = m->restarted_ms[i];
    m->restarted = kept;
    if (kept >= m->restarts_max)
        return false;
    m->restarted_ms[m->restarted++] = m->now_ms;
    return true;
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

static void restart(model *m, model_kid *kid, bool put_off)
{
    char letter = kid->letter;

    if (!counted(m)) {
        end(m, AIRT_EXIT_ESCALATED);
        return;
    }
    if (grouped(m))
        take_down_group(m, letter);
    kid = model_find(m, letter);
    kid->wanted = true;
    kid->put_off = put_off;
}

static void start_failed(model *m, model_kid *kid)
{
    say(m, kid->letter, "!");
    if (m->booting || kid->fresh || kid->by_hand)
        m->answer = AIRT_EFAILED;
    if (m->booting) {
        end(m, AIRT_EXIT_START);
    } else if (kid->fresh) {
        forget(m, index_of(m, kid));
    } else if (kid->by_hand) {
        kid->wanted = kid->by_hand = false;
    } else {
        restart(m, kid, true);
    }
}

static void start(model *m, model_kid *kid)
{
    model_plan *plan = &m->plan[kid->letter - 'a'];

    kid->restarts += kid->incarnation != 0 && !kid->by_hand;
    kid->incarnation++;
    if (plan->fails > 0) {
        plan->fails--;
        start_failed(m, kid);
        return;
    }
    kid->up = plan->not_now == 0;
    kid->wanted = kid->fresh = kid->by_hand = false;
    say(m, kid->letter, kid->up ? "+" : "~");
    if (!kid->up)
        say(m, kid->letter, "-normal"); /* its start did not fail, so that it hears of its end */
    if (kid->up)
        return;
    plan->not_now--;
    if (passing(m, kid))
        forget(m, index_of(m, kid));
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
        if (kid->put_off)
            m->now_ms++;
        kid->put_off = false;
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

static void ended(model *m, model_kid *kid, bool failure, const char *word)
{
    if (!kid->up)
        return;
    kid->up = false;
    say(m, kid->letter, word);
    if (kid->restart == AIRT_PERMANENT || (kid->restart == AIRT_TRANSIENT && failure)) {
        restart(m, kid, false);
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
        m->answer = AIRT_EINVAL;
    } else if (model_find(m, step->letter) != NULL) {
        m->answer = AIRT_EEXIST;
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

    if (kid == NULL) {
        m->answer = pool && step->what == MODEL_STOP ? AIRT_OK : AIRT_ENOENT; /* a ref that was somebody's once */
    } else if (step->what == MODEL_STOP) {
        stop(m, kid);
        if (passing(m, kid))
            forget(m, index_of(m, kid));
    } else if (pool) {
        m->answer = AIRT_EINVAL;
    } else if (kid->up) {
        m->answer = AIRT_ERUNNING;
    } else if (step->what == MODEL_DELETE) {
        forget(m, index_of(m, kid));
    } else {
        kid->wanted = kid->by_hand = true;
    }
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

void model_boot(model *m)
{
    m->booting = true;
    m->answer = AIRT_OK;
    for (unsigned i = 0; i < m->count; i++)
        m->kid[i].wanted = true;
    start_wanted(m);
    m->booting = false;
}

static void one_ended(model *m, const model_step *step)
{
    static const char *const words[] = { "-error", "-normal", "-shutdown", "-killed" };
    model_kid               *kid = model_find(m, step->letter);

    if (kid != NULL)
        ended(m, kid, step->what == MODEL_FAILS || step->what == MODEL_KILLED, words[step->what]);
}

void model_take(model *m, const model_step *step)
{
    m->size = 0;
    m->said[0] = 0;
    m->answer = AIRT_OK;
    switch (step->what) {
    case MODEL_PLAN:
        m->plan[step->letter - 'a'] = step->plan;
        break;
    case MODEL_TIME:
        m->now_ms += step->ms;
        break;
    case MODEL_START:
        ask_start(m, step);
        break;
    case MODEL_STOP_ALL:
        end(m, AIRT_EXIT_SHUTDOWN);
        break;
    case MODEL_STOP:
    case MODEL_RESTART:
    case MODEL_DELETE:
        ask(m, step);
        break;
    default:
        one_ended(m, step);
    }
    start_wanted(m);
}
