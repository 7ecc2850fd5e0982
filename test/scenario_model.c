/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Supervisors against their model (supervise_model.h): random trees of one level or two, random steps, and after each the
 * two must agree about everything that can be seen. STEPS=n: so many; SEED=n: that tree alone.
 *
 * Workers are 'a' to 'l', of one supervisor; or 'a' to 'd' of the top, the others of 'A' and 'B' below it, four each. */
#include "sim.h"
#include "supervise_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEPS_DEFAULT = 30000,
    STEPS_TREE = 60,
    LAST = 12,
    LINE = 8192,
    BELOW = 2,
    OF_EACH = MODEL_LETTERS / (BELOW + 1),
    DELAYS = 512
};
#define WITHIN AIRT_SECONDS(1000)

static struct world {
    sim         s;
    model_world both; /* what the models share */
    model       m, below[BELOW];
    bool        two; /* levels */
    uint32_t    delays[DELAYS];
    unsigned    drawn, told; /* of delays: by the real ones, to the model */
    uint64_t    seed, random;
    unsigned    step;
    model_plan  plan[MODEL_LETTERS]; /* what the real children do */
    airt_ref    ref[MODEL_LETTERS];
    airt_ref    top;
    airt_exit   why;
    airt_status answer;
    char        last[LAST][3 * LINE]; /* what happened in the last steps */
} w;

/* What there was of the rarer things. */
static struct {
    unsigned long escalations, backoffs, retries;
} seen;

static uint32_t below(uint32_t bound)
{
    uint64_t z = w.random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(((z ^ (z >> 31)) >> 32) % bound);
}

/* --- the children ------------------------------------------------------------------------------------------------- */

struct subject {
    struct puppet puppet;
};
AIRT_ACTOR(subject)

AIRT_ON(subject, puppet_start)
{
    model_plan *plan = &w.plan[msg->tag - 'a'];

    self->puppet.tag = (char)msg->tag;
    w.ref[msg->tag - 'a'] = airt_self(ctx);
    sim_tag(self->puppet.tag, airt_self(ctx));
    if (plan->fails > 0) {
        plan->fails--;
        sim_say("%c!", self->puppet.tag);
        return AIRT_ELIMIT;
    }
    if (plan->not_now > 0) {
        plan->not_now--;
        sim_say("%c~", self->puppet.tag);
        return AIRT_STOP;
    }
    sim_say("%c+", self->puppet.tag);
    return AIRT_OK;
}
AIRT_ON(subject, num)
{
    switch (msg->n) {
    case MODEL_FAILS:
        return AIRT_EINVAL;
    case MODEL_ENDS:
        return AIRT_STOP;
    default:
        return airt_end(ctx, &(airt_reason){ .exit = AIRT_EXIT_SHUTDOWN });
    }
}
AIRT_ON(subject, airt_stopping)
{
    (void)ctx;
    if (msg->started)
        sim_say("%c-%s", self->puppet.tag, sim_reason(&msg->reason));
    return AIRT_OK;
}
#define subject_HANDLES(ON, A) ON(A, puppet_start) ON(A, num) ON(A, airt_stopping)
AIRT_BEHAVIOR(subject)

/* --- the real supervisor ------------------------------------------------------------------------------------------ */

static void on_event(void *context, const airt_supervision_event *event)
{
    (void)context;
    if (event->what == AIRT_SUP_STOPPED && strcmp(event->supervisor_name, "top") == 0)
        w.why = event->reason.exit;
    if (event->what == AIRT_SUP_RESTARTING)
        w.delays[w.drawn++ % DELAYS] = event->delay_ms;
    seen.backoffs += event->what == AIRT_SUP_RESTARTING && event->delay_ms != 0;
    seen.escalations += event->what == AIRT_SUP_GAVE_UP && strcmp(event->supervisor_name, "top") != 0;
    seen.retries += event->what == AIRT_SUP_START_FAILED && event->spec->tree != NULL;
}

/* For the model. More than was drawn is never right. */
static uint32_t next_delay(void)
{
    return w.told < w.drawn ? w.delays[w.told++ % DELAYS] : UINT32_MAX;
}
static void pass(int64_t ms)
{
    sim_run(&w.s, ms);
}

struct spec { /* a child's, with what it points to */
    airt_child          child;
    struct puppet_start start;
    char                id[2];
};
typedef struct whole { /* a tree's */
    airt_tree   tree;
    char        name[4];
    struct spec specs[MODEL_KIDS];
    airt_child  children[MODEL_KIDS];
} whole;

static void spec_of(struct spec *spec, char letter, const model_kid *kid)
{
    *spec = (struct spec){ .start = { .tag = (unsigned char)letter }, .id = { letter } };
    spec->child = (airt_child){ .behavior = &subject_behavior,
                                .id = spec->id,
                                .restart = kid->restart,
                                .significant = kid->significant,
                                .start = { &puppet_start_kind, &spec->start } };
}

/* The children below, if there are any, are in trees of their own. */
static void tree_of(whole *out, const model *m, const whole *below)
{
    out->tree = (airt_tree){ .name = out->name,
                             .strategy = m->strategy,
                             .auto_shutdown = m->auto_shutdown,
                             .restarts_max = m->restarts_max != 0 ? m->restarts_max : AIRT_NO_RESTARTS,
                             .window_ms = m->window_ms,
                             .backoff_ms = m->backoff_ms,
                             .backoff_max_ms = m->backoff_max_ms,
                             .backoff_reset_ms = m->backoff_reset_ms,
                             .children = out->children,
                             .child_count = m->first_count };
    for (unsigned i = 0; i < m->first_count; i++) {
        const model_kid *kid = &m->first[i];

        spec_of(&out->specs[i], kid->letter, kid);
        out->children[i] = out->specs[i].child;
        if (kid->below != NULL)
            out->children[i] = (airt_child){ .tree = &below[kid->letter - 'A'].tree,
                                             .restart = kid->restart,
                                             .significant = kid->significant };
    }
}

static airt_status boot(void)
{
    static whole top, below[BELOW];

    for (unsigned i = 0; i < BELOW; i++) {
        (void)snprintf(below[i].name, sizeof below[i].name, "%c", (char)('A' + (int)i));
        tree_of(&below[i], &w.below[i], NULL);
    }
    (void)snprintf(top.name, sizeof top.name, "top");
    tree_of(&top, &w.m, below);
    top.tree.on_event = on_event;
    if (w.m.strategy == AIRT_DYNAMIC)
        w.m.first_count = 0; /* it was the template */
    return airt_supervise_tree(w.s.system, &w.top, &top.tree);
}

/* Which the step's request goes to. */
static airt_ref asked(const model_step *step)
{
    const char      id[2] = { step->to };
    airt_child_info info = { .ref = AIRT_NONE };

    if (step->to == 0)
        return w.top;
    (void)!airt_supervisor_find_child(w.s.system, w.top, AIRT_ID(id), WITHIN, &info);
    return info.ref;
}

static airt_status start(const model_step *step)
{
    struct spec spec;
    airt_ref    ref = AIRT_NONE;

    spec_of(&spec, step->letter, &step->spec);
    return airt_supervisor_start_child(w.s.system, asked(step), &spec.child, WITHIN, &ref);
}

static airt_status request(const model_step *step)
{
    const char     id[2] = { step->letter };
    airt_ref       ref = AIRT_NONE;
    airt_child_key key = AIRT_ID(id);

    if (w.m.strategy == AIRT_DYNAMIC)
        key = AIRT_BY_REF(w.ref[step->letter - 'a']);
    switch (step->what) {
    case MODEL_STOP:
        return airt_supervisor_stop_child(w.s.system, asked(step), key, WITHIN);
    case MODEL_RESTART:
        return airt_supervisor_restart_child(w.s.system, asked(step), key, WITHIN, &ref);
    default:
        return airt_supervisor_delete_child(w.s.system, asked(step), key, WITHIN);
    }
}

/* Of a worker's own accord, or a kill. */
static void happen(const model_step *step)
{
    airt_ref ref = w.ref[step->letter - 'a'];

    if (step->what == MODEL_KILLED)
        (void)airt_kill(w.s.system, ref, NULL);
    else
        (void)airt_tell_any(w.s.system, ref, num, .n = (uint64_t)step->what);
}

/* Without what takes time. */
static airt_status take(const model_step *step)
{
    switch (step->what) {
    case MODEL_PLAN:
        w.plan[step->letter - 'a'] = step->plan;
        break;
    case MODEL_TIME:
        break;
    case MODEL_START:
        return start(step);
    case MODEL_STOP:
    case MODEL_RESTART:
    case MODEL_DELETE:
        return request(step);
    case MODEL_STOP_ALL:
        (void)airt_stop(w.s.system, w.top, NULL);
        break;
    default:
        happen(step);
    }
    return AIRT_OK;
}

/* --- both as texts ------------------------------------------------------------------------------------------------ */

static size_t text_of_kid(char *out, char letter, bool up, const char *otherwise, uint32_t incarnation,
                          uint32_t restarts)
{
    return (size_t)snprintf(out, 64, "%c:%s/%u/%u ", letter, up ? "up" : otherwise, incarnation, restarts);
}

static size_t text_of_models(char *out, const model *m)
{
    size_t size = 0;

    for (unsigned i = 0; i < m->count; i++) {
        const model_kid *kid = &m->kid[i];

        size += text_of_kid(out + size, kid->letter, kid->up, "down", kid->up ? kid->incarnation : 0, kid->restarts);
        if (kid->below == NULL || !kid->up)
            continue;
        size += (size_t)sprintf(out + size, "( ");
        size += text_of_models(out + size, kid->below);
        size += (size_t)sprintf(out + size, ") ");
    }
    return size;
}

static void text_of_model(char *out)
{
    size_t size = (size_t)snprintf(out, LINE, "%.4000s| %s | ", w.both.said, airt_status_text(w.both.answer));

    if (w.m.over)
        (void)snprintf(out + size, 64, "over: %s", airt_exit_text(w.m.why));
    (void)text_of_models(out + size, &w.m);
}

static size_t text_of_reals(char *out, airt_ref supervisor)
{
    airt_child_info infos[2 * MODEL_KIDS];
    size_t          count = 0, size = 0;

    AIRT_CHECK(airt_supervisor_list(w.s.system, supervisor, WITHIN, infos, 2 * MODEL_KIDS, &count) == AIRT_OK);
    for (size_t i = 0; i < count; i++) {
        uint32_t incarnation = 0;
        bool     up = infos[i].state == AIRT_CHILD_RUNNING;

        if (up)
            (void)!airt_incarnation(w.s.system, infos[i].ref, &incarnation);
        size += text_of_kid(out + size, w.m.strategy == AIRT_DYNAMIC ? sim_letter(infos[i].ref) : infos[i].id[0], up,
                            airt_child_state_text(infos[i].state), incarnation, infos[i].restarts);
        if (!infos[i].supervisor || !up)
            continue;
        size += (size_t)sprintf(out + size, "( ");
        size += text_of_reals(out + size, infos[i].ref);
        size += (size_t)sprintf(out + size, ") ");
    }
    return size;
}

static void text_of_real(char *out)
{
    size_t size;

    w.s.text[w.s.size] = 0;
    size = (size_t)snprintf(out, LINE, "%.4000s| %s | ", w.s.text, airt_status_text(w.answer));
    if (sim_alive(&w.s, w.top))
        (void)text_of_reals(out + size, w.top);
    else
        (void)snprintf(out + size, 64, "over: %s", airt_exit_text(w.why));
}

static int by_word(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A pool stops its children at once: in any order. */
static void sort_words(char *text)
{
    char   copy[MODEL_TEXT], *word[256], *rest = copy;
    size_t count = 0;

    (void)snprintf(copy, sizeof copy, "%s", text);
    for (char *one = strtok_r(copy, " ", &rest); one != NULL && count < 256; one = strtok_r(NULL, " ", &rest))
        word[count++] = one;
    qsort(word, count, sizeof word[0], by_word);
    text[0] = 0;
    for (size_t i = 0; i < count; i++)
        text += sprintf(text, "%s ", word[i]);
}

static void tell_rules(const char *name, const model *m)
{
    (void)fprintf(stderr, "%s: strategy %d, auto %d, %u restarts in %u ms, backoff %u to %u, anew after %u\n", name,
                  (int)m->strategy, (int)m->auto_shutdown, m->restarts_max, m->window_ms, m->backoff_ms,
                  m->backoff_max_ms, m->backoff_reset_ms);
}

static void compare(const char *step)
{
    char *line = w.last[w.step % LAST];
    char  should[LINE], is[LINE];
    bool  same;

    if (w.m.strategy == AIRT_DYNAMIC && w.m.over) {
        sort_words(w.both.said);
        sort_words(w.s.text);
        w.s.size = strlen(w.s.text);
    }
    text_of_model(should);
    text_of_real(is);
    same = strcmp(should, is) == 0;
    (void)snprintf(line, sizeof w.last[0], "%3u %s\n    model %s\n    real  %s\n", w.step, step, should, is);
    if (!same) {
        tell_rules("top", &w.m);
        tell_rules("A", &w.below[0]);
        tell_rules("B", &w.below[1]);
        for (unsigned i = w.step < LAST ? 0 : w.step - LAST + 1; i <= w.step; i++)
            (void)fputs(w.last[i % LAST], stderr);
        (void)fprintf(stderr, "step %u\nfailed with seed %llu\n", w.step, (unsigned long long)w.seed);
    }
    AIRT_CHECK(same && "the supervisor does what the model says");
    w.s.size = 0;
    w.s.text[0] = 0;
}

/* --- random trees and steps --------------------------------------------------------------------------------------- */

static model_kid random_kid(const model *m)
{
    model_kid kid = { .restart = (airt_restart)below(3) };

    kid.significant = m->auto_shutdown != AIRT_NEVER && kid.restart != AIRT_PERMANENT && below(2) == 0;
    return kid;
}

static void random_rules(model *m, uint32_t strategies)
{
    m->world = &w.both;
    m->strategy = (airt_strategy)below(strategies);
    m->auto_shutdown = below(3) == 0 ? (airt_auto_shutdown)(1 + below(2)) : AIRT_NEVER;
    m->restarts_max = below(MODEL_RESTARTS);
    m->window_ms = 4 + below(40);
    m->backoff_ms = below(2) * (1 + below(6));
    m->backoff_max_ms = 1 + below(30);
    m->backoff_reset_ms = 1 + below(60);
}

static void random_kids(model *m, char letter, unsigned most)
{
    m->first_count = m->strategy == AIRT_DYNAMIC ? 1 : 1 + below(most);
    for (unsigned i = 0; i < m->first_count; i++) {
        m->first[i] = random_kid(m);
        m->first[i].letter = (char)(letter + (char)i);
    }
}

/* Among the workers of the top, somewhere. */
static void random_below(unsigned number)
{
    model    *m = &w.below[number];
    unsigned  at = below(w.m.first_count + 1);
    model_kid kid = random_kid(&w.m);

    random_rules(m, 3);
    random_kids(m, (char)('a' + OF_EACH * ((int)number + 1)), OF_EACH);
    kid.letter = (char)('A' + (int)number);
    kid.below = m;
    memmove(&w.m.first[at + 1], &w.m.first[at], (w.m.first_count - at) * sizeof kid);
    w.m.first[at] = kid;
    w.m.first_count++;
}

static void random_tree(void)
{
    w.two = below(2) == 0;
    random_rules(&w.m, w.two ? 3 : 4);
    random_kids(&w.m, 'a', w.two ? OF_EACH : MODEL_KIDS);
    for (unsigned i = 0; w.two && i < BELOW; i++)
        random_below(i);
    if (below(8) == 0)
        w.both.plan[below(MODEL_KIDS)] = below(2) == 0 ? (model_plan){ .fails = 1 } : (model_plan){ .not_now = 1 };
    memcpy(w.plan, w.both.plan, sizeof w.plan);
}

/* A child that is there, wherever. 0: there is none. */
static char random_letter(void)
{
    char     letters[(BELOW + 1) * MODEL_KIDS];
    unsigned count = 0;

    for (unsigned i = 0; i < w.m.count; i++) {
        const model_kid *kid = &w.m.kid[i];

        letters[count++] = kid->letter;
        for (unsigned j = 0; kid->below != NULL && kid->up && j < kid->below->count; j++)
            letters[count++] = kid->below->kid[j].letter;
    }
    return count > 0 ? letters[below(count)] : 0;
}

/* Who has, or would have, a child of that letter: 0: the top. */
static char home_of(char letter)
{
    int number = letter >= 'a' ? (letter - 'a') / OF_EACH : 0;

    return w.two && number > 0 ? (char)('A' + number - 1) : 0;
}

/* Steps that say nothing are time instead. */
static bool makes_sense(const model_step *step, model *home)
{
    bool pool = w.m.strategy == AIRT_DYNAMIC, is_below = step->letter < 'a';

    if (step->to != 0 && (model_find(&w.m, step->to) == NULL || !model_find(&w.m, step->to)->up))
        return step->what < MODEL_START; /* its supervisor is down, and cannot be asked */
    if (is_below)
        return step->what >= MODEL_STOP; /* what ends a supervisor is what its children do */
    if (step->what == MODEL_START)
        return home->count < MODEL_KIDS &&
               !(pool && model_find(home, step->letter) != NULL); /* there are no ids to be taken */
    return step->what == MODEL_PLAN || !pool || !airt_ref_none(w.ref[step->letter - 'a']);
}

static model_step random_step(const model_kid *template)
{
    static const char whats[] = "\0\0\0\0\1\1\2\3\3\4\4\4\5\5\5\6\6\7\7\10\10\11";
    model_step        step = { .what = (model_what)whats[below(sizeof whats - 1)] };
    model            *home;

    if (below(200) == 0)
        step.what = MODEL_STOP_ALL;
    step.letter = below(4) != 0 || step.what < MODEL_PLAN ? random_letter() : 0;
    if (step.letter == 0)
        step.letter = (char)('a' + below(MODEL_LETTERS));
    step.to = step.what >= MODEL_START && step.what <= MODEL_DELETE ? home_of(step.letter) : 0;
    home = step.to != 0 ? &w.below[step.to - 'A'] : &w.m;
    step.spec = w.m.strategy == AIRT_DYNAMIC ? *template : random_kid(home);
    step.ms = (const uint32_t[]){ home->window_ms - 1, home->window_ms, home->window_ms + 1, 1,
                                  home->backoff_reset_ms }[below(5)];
    step.plan = (model_plan){ .fails = below(4), .not_now = below(3) == 0 };
    if (step.what != MODEL_STOP_ALL && !makes_sense(&step, home))
        step.what = MODEL_TIME;
    return step;
}

static void name_step(char *out, const model_step *step)
{
    static const char *const names[] = { "fails", "ends", "shuts down", "killed", "plan",    "time",
                                         "START", "STOP", "RESTART",    "DELETE", "STOP ALL" };

    (void)snprintf(out, 128, "%s %c (%u fail, %u not now; %lld ms; restart %d%s)", names[step->what], step->letter,
                   step->plan.fails, step->plan.not_now, (long long)step->ms, (int)step->spec.restart,
                   step->spec.significant ? ", significant" : "");
}

/* One tree until it ends. Returns the steps it took. */
static unsigned one_tree(uint64_t seed)
{
    sim_options options = { .seed = seed,
                            .layout = (uint32_t)(seed % 3),
                            .system = { .workers = 1 + (uint32_t)(seed % 3) } };
    model_kid template;
    char text[128];

    memset(&w, 0, sizeof w);
    w.seed = w.random = seed;
    w.both.delay_ms = next_delay;
    w.both.pass = pass;
    AIRT_CHECK(sim_open(&w.s, &options) == AIRT_OK);
    random_tree();
    template = w.m.first[0];
    w.answer = boot();
    model_boot(&w.m);
    if (w.m.over)
        w.m.why = w.why; /* the reason of the child's start */
    compare("boot");
    while (!w.m.over && ++w.step < STEPS_TREE) {
        model_step step = random_step(&template);

        name_step(text, &step);
        w.answer = take(&step);
        sim_settle(&w.s);
        model_take(&w.m, &step);
        compare(text);
    }
    sim_close(&w.s);
    return w.step + 1;
}

static void supervisors_do_what_the_model_says(void **state)
{
    const char *one = getenv("SEED"), *given = getenv("STEPS");
    uint64_t    wanted = given != NULL ? strtoull(given, NULL, 10) : STEPS_DEFAULT, steps = 0, seed = 1;

    (void)state;
    if (one != NULL) {
        (void)one_tree(strtoull(one, NULL, 10));
        return;
    }
    for (; steps < wanted; seed++)
        steps += one_tree(seed);
    (void)printf("%llu steps of %llu trees: %lu escalations, %lu failed starts of supervisors below, %lu backoffs\n",
                 (unsigned long long)steps, (unsigned long long)seed - 1, seen.escalations, seen.retries,
                 seen.backoffs);
    assert_true(steps < STEPS_DEFAULT || (seen.escalations > 100 && seen.retries > 10 && seen.backoffs > 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(supervisors_do_what_the_model_says) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
