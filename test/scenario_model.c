/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A supervisor against its model (supervise_model.h): random trees, random steps, and after each the two must agree
 * about everything that can be seen. STEPS=n: so many; SEED=n: that tree alone. */
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
    LINE = 8192
};
#define WITHIN AIRT_SECONDS(1000)

static struct world {
    sim         s;
    model       m;
    uint64_t    seed, random;
    unsigned    step;
    model_plan  plan[MODEL_LETTERS]; /* what the real children do */
    airt_ref    ref[MODEL_LETTERS];
    airt_ref    top;
    airt_exit   why;
    airt_status answer;
    char        last[LAST][3 * LINE]; /* what happened in the last steps */
} w;

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
    if (event->what == AIRT_SUP_STOPPED)
        w.why = event->reason.exit;
}

struct spec { /* a child's, with what it points to */
    airt_child          child;
    struct puppet_start start;
    char                id[2];
};

static void spec_of(struct spec *spec, char letter, const model_kid *kid)
{
    *spec = (struct spec){ .start = { .tag = (unsigned char)letter }, .id = { letter } };
    spec->child = (airt_child){ .behavior = &subject_behavior,
                                .id = spec->id,
                                .restart = kid->restart,
                                .significant = kid->significant,
                                .start = { &puppet_start_kind, &spec->start } };
}

static airt_status boot(void)
{
    struct spec specs[MODEL_KIDS];
    airt_child  children[MODEL_KIDS];
    airt_tree   tree = { .strategy = w.m.strategy,
                         .auto_shutdown = w.m.auto_shutdown,
                         .restarts_max = w.m.restarts_max != 0 ? w.m.restarts_max : AIRT_NO_RESTARTS,
                         .window_ms = w.m.window_ms,
                         .on_event = on_event,
                         .children = children,
                         .child_count = w.m.count };

    for (unsigned i = 0; i < w.m.count; i++) {
        spec_of(&specs[i], w.m.kid[i].letter, &w.m.kid[i]);
        children[i] = specs[i].child;
    }
    if (w.m.strategy == AIRT_DYNAMIC)
        w.m.count = 0; /* it was the template */
    return airt_supervise_tree(w.s.system, &w.top, &tree);
}

static airt_status start(const model_step *step)
{
    struct spec spec;
    airt_ref    ref = AIRT_NONE;

    spec_of(&spec, step->letter, &step->spec);
    return airt_supervisor_start_child(w.s.system, w.top, &spec.child, WITHIN, &ref);
}

static airt_status request(const model_step *step)
{
    airt_ref       ref = w.ref[step->letter - 'a'];
    airt_child_key key = AIRT_BY_REF(ref);
    char           id[2] = { step->letter };

    if (w.m.strategy != AIRT_DYNAMIC)
        key = AIRT_ID(id);
    switch (step->what) {
    case MODEL_STOP:
        return airt_supervisor_stop_child(w.s.system, w.top, key, WITHIN);
    case MODEL_RESTART:
        return airt_supervisor_restart_child(w.s.system, w.top, key, WITHIN, &ref);
    default:
        return airt_supervisor_delete_child(w.s.system, w.top, key, WITHIN);
    }
}

/* Without what takes time. */
static airt_status take(const model_step *step)
{
    airt_ref ref = w.ref[step->letter - 'a'];

    switch (step->what) {
    case MODEL_PLAN:
        w.plan[step->letter - 'a'] = step->plan;
        return AIRT_OK;
    case MODEL_TIME:
        return AIRT_OK;
    case MODEL_START:
        return start(step);
    case MODEL_STOP:
    case MODEL_RESTART:
    case MODEL_DELETE:
        return request(step);
    case MODEL_STOP_ALL:
        (void)airt_stop(w.s.system, w.top, NULL);
        return AIRT_OK;
    case MODEL_KILLED:
        (void)airt_kill(w.s.system, ref, NULL);
        return AIRT_OK;
    default:
        (void)airt_tell_any(w.s.system, ref, num, .n = (uint64_t)step->what);
        return AIRT_OK;
    }
}

/* --- both as texts ------------------------------------------------------------------------------------------------ */

static size_t text_of_kid(char *out, char letter, bool up, const char *otherwise, uint32_t incarnation,
                          uint32_t restarts)
{
    return (size_t)snprintf(out, 64, "%c:%s/%u/%u ", letter, up ? "up" : otherwise, incarnation, restarts);
}

static void text_of_model(char *out)
{
    size_t size = (size_t)snprintf(out, LINE, "%.4000s| %s | ", w.m.said, airt_status_text(w.m.answer));

    if (w.m.over)
        (void)snprintf(out + size, 64, "over: %s", airt_exit_text(w.m.why));
    for (unsigned i = 0; i < w.m.count; i++) {
        const model_kid *kid = &w.m.kid[i];

        size += text_of_kid(out + size, kid->letter, kid->up, "down", kid->up ? kid->incarnation : 0, kid->restarts);
    }
}

static void text_of_real(char *out)
{
    airt_child_info infos[2 * MODEL_KIDS];
    size_t          count = 0, size;

    w.s.text[w.s.size] = 0;
    size = (size_t)snprintf(out, LINE, "%.4000s| %s | ", w.s.text, airt_status_text(w.answer));
    if (!sim_alive(&w.s, w.top)) {
        (void)snprintf(out + size, 64, "over: %s", airt_exit_text(w.why));
        return;
    }
    AIRT_CHECK(airt_supervisor_list(w.s.system, w.top, WITHIN, infos, 2 * MODEL_KIDS, &count) == AIRT_OK);
    for (size_t i = 0; i < count; i++) {
        uint32_t incarnation = 0;
        bool     up = infos[i].state == AIRT_CHILD_RUNNING;

        if (up)
            (void)!airt_incarnation(w.s.system, infos[i].ref, &incarnation);
        size += text_of_kid(out + size, w.m.strategy == AIRT_DYNAMIC ? sim_letter(infos[i].ref) : infos[i].id[0], up,
                            airt_child_state_text(infos[i].state), incarnation, infos[i].restarts);
    }
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

static void compare(const char *step)
{
    char *line = w.last[w.step % LAST];
    char  should[LINE], is[LINE];
    bool  same;

    if (w.m.strategy == AIRT_DYNAMIC && w.m.over) {
        sort_words(w.m.said);
        sort_words(w.s.text);
        w.s.size = strlen(w.s.text);
    }
    text_of_model(should);
    text_of_real(is);
    same = strcmp(should, is) == 0;
    (void)snprintf(line, sizeof w.last[0], "%3u %s\n    model %s\n    real  %s\n", w.step, step, should, is);
    if (!same) {
        (void)fprintf(stderr, "strategy %d, auto %d, %u restarts in %u ms\n", (int)w.m.strategy, (int)w.m.auto_shutdown,
                      w.m.restarts_max, w.m.window_ms);
        for (unsigned i = w.step < LAST ? 0 : w.step - LAST + 1; i <= w.step; i++)
            (void)fputs(w.last[i % LAST], stderr);
        (void)fprintf(stderr, "step %u\nfailed with seed %llu\n", w.step, (unsigned long long)w.seed);
    }
    AIRT_CHECK(same && "the supervisor does what the model says");
    w.s.size = 0;
    w.s.text[0] = 0;
}

/* --- random trees and steps --------------------------------------------------------------------------------------- */

static model_kid random_kid(void)
{
    model_kid kid = { .restart = (airt_restart)below(3) };

    kid.significant = w.m.auto_shutdown != AIRT_NEVER && kid.restart != AIRT_PERMANENT && below(2) == 0;
    return kid;
}

static void random_tree(void)
{
    w.m.strategy = (airt_strategy)below(4);
    w.m.auto_shutdown = below(3) == 0 ? (airt_auto_shutdown)(1 + below(2)) : AIRT_NEVER;
    w.m.restarts_max = below(MODEL_RESTARTS);
    w.m.window_ms = 4 + below(40);
    w.m.count = w.m.strategy == AIRT_DYNAMIC ? 1 : 1 + below(MODEL_KIDS);
    for (unsigned i = 0; i < w.m.count; i++) {
        w.m.kid[i] = random_kid();
        w.m.kid[i].letter = (char)('a' + i);
    }
    if (below(8) == 0)
        w.m.plan[below(MODEL_KIDS)] = below(2) == 0 ? (model_plan){ .fails = 1 } : (model_plan){ .not_now = 1 };
    memcpy(w.plan, w.m.plan, sizeof w.plan);
}

static model_step random_step(const model_kid *template)
{
    static const char whats[] = "\0\0\0\0\1\1\2\3\3\4\4\4\5\5\5\6\6\7\7\10\10\11";
    model_step        step = { .what = (model_what)whats[below(sizeof whats - 1)], .spec = random_kid() };
    const uint32_t    spans[] = { w.m.window_ms - 1, w.m.window_ms, w.m.window_ms + 1, 1, 1 + below(w.m.window_ms) };

    if (below(200) == 0)
        step.what = MODEL_STOP_ALL;
    step.letter = (char)('a' + below(MODEL_LETTERS));
    if (w.m.count > 0 && (below(4) != 0 || step.what < MODEL_PLAN))
        step.letter = w.m.kid[below(w.m.count)].letter;
    step.ms = spans[below(5)];
    step.plan = (model_plan){ .fails = below(4), .not_now = below(3) == 0 };
    if (step.what == MODEL_START && w.m.strategy == AIRT_DYNAMIC) {
        step.spec = *template;
        if (model_find(&w.m, step.letter) != NULL)
            step.what = MODEL_TIME; /* there are no ids to be taken */
    }
    if (step.what == MODEL_START && w.m.count == MODEL_KIDS)
        step.what = MODEL_STOP;
    if (w.m.strategy == AIRT_DYNAMIC && step.what != MODEL_START && airt_ref_none(w.ref[step.letter - 'a']) &&
        step.what != MODEL_PLAN)
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
    AIRT_CHECK(sim_open(&w.s, &options) == AIRT_OK);
    random_tree();
    template = w.m.kid[0];
    w.answer = boot();
    model_boot(&w.m);
    if (w.m.over)
        w.m.why = w.why; /* the reason of the child's start */
    compare("boot");
    while (!w.m.over && ++w.step < STEPS_TREE) {
        model_step step = random_step(&template);
        int64_t    before_ms = w.m.now_ms;

        name_step(text, &step);
        w.answer = take(&step);
        sim_settle(&w.s);
        model_take(&w.m, &step);
        sim_run(&w.s, w.m.now_ms - before_ms);
        compare(text);
    }
    sim_close(&w.s);
    return w.step + 1;
}

static void the_supervisor_does_what_the_model_says(void **state)
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
    (void)printf("%llu steps of %llu trees\n", (unsigned long long)steps, (unsigned long long)seed - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_supervisor_does_what_the_model_says) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
