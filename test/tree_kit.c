/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tree_kit.h"

#include <stdio.h>
#include <string.h>

/* --- the deaf ----------------------------------------------------------------------------------------------------- */

AIRT_ON(deaf, puppet_start)
{
    self->puppet.tag = (char)msg->tag;
    sim_tag(self->puppet.tag, airt_self(ctx));
    sim_say("%c+", self->puppet.tag);
    return airt_trap_stop(ctx, true);
}
AIRT_ON(deaf, act)
{
    return msg->run(ctx, &self->puppet, msg->argument);
}
AIRT_ON(deaf, num)
{
    return airt_end(ctx, &(airt_reason){ .exit = (airt_exit)msg->n });
}
AIRT_ON(deaf, airt_stop_asked)
{
    (void)ctx;
    (void)msg;
    sim_say("%c_", self->puppet.tag);
    return AIRT_OK;
}
AIRT_ON(deaf, airt_stopping)
{
    (void)ctx;
    sim_say("%c-%s", self->puppet.tag, sim_reason(&msg->reason));
    return AIRT_OK;
}
#define deaf_HANDLES(ON, A) ON(A, puppet_start) ON(A, act) ON(A, num) ON(A, airt_stop_asked) ON(A, airt_stopping)
AIRT_BEHAVIOR(deaf)

/* --- functions for puppets ---------------------------------------------------------------------------------------- */

airt_status kit_not_now(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return AIRT_STOP;
}

airt_status kit_no_start(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return AIRT_ELIMIT;
}

airt_status kit_failing(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)ctx;
    (void)self;
    (void)argument;
    return AIRT_EINVAL;
}

airt_status kit_monitor(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_monitor(ctx, *(airt_ref *)argument);
}

/* --- supervisors -------------------------------------------------------------------------------------------------- */

airt_ref kit_top(sim *s)
{
    airt_ref top = AIRT_NONE;

    (void)!airt_supervise(s->system, &top, .name = "top", .restarts_max = 2, .window_ms = 3600000);
    return top;
}

airt_ref kit_pool(sim *s, const airt_child *one)
{
    airt_ref pool = AIRT_NONE;

    (void)!airt_supervise(s->system, &pool, .strategy = AIRT_DYNAMIC, .restarts_max = 1000, .window_ms = 3600000,
                          .children = one, .child_count = 1);
    return pool;
}

/* --- looking ------------------------------------------------------------------------------------------------------ */

airt_ref kit_named(sim *s, const char *name)
{
    const airt_kind *const any[] = { NULL };
    airt_ref               ref = AIRT_NONE;

    (void)!airt_lookup_kinds(s->system, any, name, &ref);
    return ref;
}

airt_status kit_add(sim *s, airt_ref pool, char letter, puppet_fn run, airt_ref *out_ref)
{
    airt_child  spec = { .start = KID_START((uint32_t)letter, run) };
    airt_ref    ref = AIRT_NONE;
    airt_status status = airt_supervisor_start_child(s->system, pool, &spec, WITHIN, &ref);

    if (out_ref != NULL)
        *out_ref = ref;
    return status;
}

void kit_watch(sim *s, char letter, airt_ref who)
{
    static airt_ref watched;
    airt_ref        watcher = sim_spawn(s, 'w');

    watched = who;
    sim_tag(letter, who);
    sim_do(s, watcher, kit_monitor, &watched);
    sim_begin(s);
}

static bool same_text(const sim *s, const char *is, const char *should)
{
    bool same = strcmp(is, should) == 0;

    if (!same && s->options.fault == NULL)
        (void)fprintf(stderr, "seed %llu: it is  \"%s\"\n      not    \"%s\"\n", (unsigned long long)s->options.seed,
                      is, should);
    return same;
}

bool kit_lists(sim *s, airt_ref supervisor, const char *words)
{
    enum {
        MAX = 16
    };
    airt_child_info infos[MAX];
    char            text[MAX * 80] = "";
    size_t          count = 0, length = 0;
    airt_status     status = airt_supervisor_list(s->system, supervisor, WITHIN, infos, MAX, &count);

    if (status != AIRT_OK)
        return same_text(s, airt_status_text(status), words);
    for (size_t i = 0; i < count && i < MAX; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s:%s", i == 0 ? "" : " ", infos[i].id,
                                   airt_child_state_text(infos[i].state));
    return same_text(s, text, words);
}

bool kit_counts(sim *s, airt_ref supervisor, uint32_t specs, uint32_t active, uint32_t supervisors, uint32_t workers)
{
    airt_child_counts counts = { 0 };
    char              is[80], should[80];
    airt_status       status = airt_supervisor_count(s->system, supervisor, WITHIN, &counts);

    if (status != AIRT_OK)
        return same_text(s, airt_status_text(status), "counts");
    (void)snprintf(is, sizeof is, "%u/%u/%u/%u", counts.specs, counts.active, counts.supervisors, counts.workers);
    (void)snprintf(should, sizeof should, "%u/%u/%u/%u", specs, active, supervisors, workers);
    return same_text(s, is, should);
}

uint32_t kit_incarnation(sim *s, airt_ref who)
{
    uint32_t incarnation = 0;

    return airt_incarnation(s->system, who, &incarnation) == AIRT_OK ? incarnation : 0;
}

uint64_t kit_actors(sim *s)
{
    airt_system_stats stats;

    airt_system_stats_get(s->system, &stats);
    return stats.actors;
}
