/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Actors that do what the message in hand says, and say what happens to them. */
#include "sim.h"

#include "core/letters.h"
#include "core/loop.h"

void act_drop(struct act *body)
{
    (void)body;
}

static airt_status run_at(airt_ctx *ctx, struct puppet *self, uint64_t run, uint64_t argument)
{
    return ((puppet_fn)(uintptr_t)run)(ctx, self, (void *)(uintptr_t)argument);
}

AIRT_ON(puppet, puppet_start)
{
    self->tag = (char)msg->tag;
    self->verdict = msg->verdict;
    self->self = airt_self(ctx);
    sim_tag(self->tag, airt_self(ctx));
    sim_say("%c+", self->tag);
    return msg->run != 0 ? run_at(ctx, self, msg->run, msg->argument) : AIRT_OK;
}
AIRT_ON(puppet, act)
{
    return msg->run(ctx, self, msg->argument);
}
AIRT_ON(puppet, num)
{
    sim_say("%c:%llu", self->tag, (unsigned long long)msg->n);
    return AIRT_OK;
}
AIRT_ON(puppet, other)
{
    sim_say("%c;%llu", self->tag, (unsigned long long)msg->n);
    return AIRT_OK;
}
AIRT_ON(puppet, tick)
{
    self->count++;
    sim_say("%c*%llu", self->tag, (unsigned long long)msg->n);
    return AIRT_OK;
}
AIRT_ON(puppet, query)
{
    sim_say("%c?%llu", self->tag, (unsigned long long)msg->n);
    return airt_reply(ctx, query, .n = msg->n + 100);
}
AIRT_ON(puppet, command)
{
    return run_at(ctx, self, msg->run, msg->argument);
}
AIRT_ON(puppet, airt_stopping)
{
    sim_say("%c-%s%s", self->tag != 0 ? self->tag : '0', sim_reason(&msg->reason), msg->started ? "" : "/unstarted");
    return AIRT_OK;
}
AIRT_ON(puppet, airt_failed)
{
    sim_say("%c!%s/%u", self->tag, sim_reason(&msg->reason), msg->restarts);
    return self->verdict == 0 ? AIRT_STOP : (airt_status)self->verdict;
}
AIRT_ON(puppet, airt_down)
{
    sim_say("%c<%c:%s", self->tag, sim_letter(msg->who), sim_reason(&msg->reason));
    return AIRT_OK;
}
AIRT_ON(puppet, airt_exited)
{
    sim_say("%c~%c:%s", self->tag, sim_letter(msg->who), sim_reason(&msg->reason));
    return AIRT_OK;
}
AIRT_ON(puppet, airt_started)
{
    sim_say("%c^%c:%s", self->tag, sim_letter(msg->who), msg->status == AIRT_OK ? "ok" : "failed");
    return AIRT_OK;
}
#define puppet_HANDLES(ON, A)                                                                                          \
    ON(A, puppet_start)                                                                                                \
    ON(A, act)                                                                                                         \
    ON(A, num)                                                                                                         \
    ON(A, other)                                                                                                       \
    ON(A, tick)                                                                                                        \
    ON(A, query)                                                                                                       \
    ON(A, command) ON(A, airt_stopping) ON(A, airt_failed) ON(A, airt_down) ON(A, airt_exited) ON(A, airt_started)
AIRT_BEHAVIOR(puppet)

struct bare {
    struct puppet puppet;
};
AIRT_ON(bare, act)
{
    return msg->run(ctx, &self->puppet, msg->argument);
}
AIRT_ON(bare, num)
{
    sim_say("_:%llu", (unsigned long long)msg->n);
    return AIRT_OK;
}
#define bare_HANDLES(ON, A) ON(A, act) ON(A, num)
AIRT_BEHAVIOR(bare)

airt_status puppet_spawn(airt_from from, char tag, const puppet_plan *plan, const airt_spawn_options *options,
                         airt_ref *out_ref)
{
    static const puppet_plan none = { 0 };
    const puppet_plan       *p = plan != NULL ? plan : &none;
    struct puppet_start      start = { (unsigned char)tag, p->verdict, (uint64_t)(uintptr_t)p->run,
                                       (uint64_t)(uintptr_t)p->argument };
    airt_spawn_options       o = { 0 };
    airt_status              status;

    if (options != NULL)
        o = *options;
    o.start = (airt_body){ &puppet_start_kind, &start };
    status = airt_spawn_behavior(from, &puppet_behavior, out_ref, &o);
    if (status == AIRT_OK)
        sim_tag(tag, *out_ref);
    return status;
}

airt_ref sim_spawn_with(sim *s, char tag, const puppet_plan *plan, const airt_spawn_options *options)
{
    airt_ref    ref = AIRT_NONE;
    airt_status status = puppet_spawn(AIRI_FROM(s->system), tag, plan, options, &ref);

    AIRT_CHECK(status == AIRT_OK || s->options.fault != NULL);
    return ref;
}

airt_ref sim_spawn(sim *s, char tag)
{
    return sim_spawn_with(s, tag, NULL, NULL);
}

void sim_do(sim *s, airt_ref who, puppet_fn run, void *argument)
{
    (void)airt_tell_any(s->system, who, act, .run = run, .argument = argument);
}

void sim_num(sim *s, airt_ref who, uint64_t n)
{
    (void)airt_tell_any(s->system, who, num, .n = n);
}

airt_status sim_num_with(airt_from from, airt_ref who, uint64_t n, const airt_send_options *options)
{
    struct num body = { n };

    return airt_tell_body(from, who, &num_kind, &body, options);
}

airt_status sim_command(airt_ctx *ctx, airt_ref who, airt_duration within, puppet_fn run, void *argument,
                        uint64_t *out_n)
{
    struct answer answer = { 0 };
    airt_status   status = airt_ask_any(ctx, who, &answer, within, command, .run = (uint64_t)(uintptr_t)run,
                                        .argument = (uint64_t)(uintptr_t)argument);

    if (out_n != NULL)
        *out_n = answer.n;
    return status;
}

airt_status sim_query(airt_ctx *ctx, airt_ref who, airt_duration within, uint64_t n, uint64_t *out_n)
{
    struct answer answer = { 0 };
    airt_status   status = airt_ask_any(ctx, who, &answer, within, query, .n = n);

    if (out_n != NULL)
        *out_n = answer.n;
    return status;
}

bool sim_alive(sim *s, airt_ref who)
{
    airt_actor_info info;

    return airt_info(s->system, who, &info) == AIRT_OK;
}

uint32_t sim_queued(sim *s, airt_ref who)
{
    airt_actor_info info = { 0 };

    return airt_info(s->system, who, &info) == AIRT_OK ? info.queued : UINT32_MAX;
}

uint32_t sim_places_taken(sim *s, airt_ref who)
{
    airi_actor *actor = airi_slot(s->system, airi_ref_index(who));

    return actor != NULL ? airi_box_used(actor) : 0;
}

bool sim_is_first_in_ring(airt_ctx *ctx, airt_ref who)
{
    airi_actor *actor = airi_box_of(ctx->system, who);

    return actor != NULL && airi_runq_first(&ctx->worker->runq) == actor;
}

bool sim_is_next(airt_ctx *ctx, airt_ref who)
{
    airi_actor *actor = airi_box_of(ctx->system, who);

    return actor != NULL && airi_locality_has(&ctx->worker->next, actor);
}

bool sim_has_places(airt_ctx *ctx, airt_ref who)
{
    /* Relaxed: the test's own thread. */
    return sim_is_next(ctx, who) && airi_locality_places(airi_load(&ctx->worker->next.item, AIRI_RELAXED)) != 0;
}

airt_status sim_sleeps(airt_ctx *ctx, struct puppet *self, void *argument)
{
    (void)self;
    return airt_sleep(ctx, AIRT_MS((int64_t)(intptr_t)argument));
}

airt_ref sim_stuck(sim *s, char tag, const airt_spawn_options *options, int64_t ms)
{
    airt_ref ref = sim_spawn_with(s, tag, NULL, options);

    sim_begin(s);
    sim_do(s, ref, sim_sleeps, (void *)(intptr_t)ms);
    sim_settle(s);
    return ref;
}

void sim_yield(airt_ctx *ctx)
{
    airi_loop_yield(ctx->worker, true);
}

void sim_push_late(sim *s, airt_ref to)
{
    airi_actor      *actor = airi_slot(s->system, airi_ref_index(to));
    airi_source      source = airi_source_of(s->system, NULL);
    airt_status      status = AIRT_OK;
    airt_msg        *msg = NULL;
    airi_mail_pushed how;

    if (actor != NULL)
        msg = airi_msg_create(&source, &num_kind, &(struct num){ .n = 0 }, false, &status);
    if (msg == NULL)
        return;
    msg->generation = (airi_ref_generation(to) - 1) & AIRI_GENERATION_LAST;
    msg->priority = AIRT_LOW;
    msg->flags |= AIRI_MSG_COUNTED;
    how = airi_box_push(actor, msg);
    if (how == AIRI_PUSHED_WAKE)
        airi_schedule(s->system, NULL, actor);
    if (how <= AIRI_PUSHED_WAKE)
        AIRI_TALLY(s->system, (airi_worker *)NULL, accepted, 1);
    else
        airi_msg_free(&s->system->heap, NULL, msg);
}

void sim_announce_wait(airt_ctx *ctx, airt_call call)
{
    airi_store(&ctx->actor->waits, airi_ref_index((airt_ref){ call.bits }), AIRI_SEQ_CST);
}

airt_status sim_stays(airt_ctx *ctx, struct puppet *self, void *argument)
{
    struct sim_stay *stay = argument;

    (void)self;
    stay->inside = true;
    while (!stay->open)
        sim_yield(ctx);
    stay->left = true;
    return AIRT_OK;
}

void sim_until(sim *s, const bool *flag)
{
    for (int steps = 0; steps < 20000 && !*flag; steps++)
        if (!airt_sim_step(s->world))
            return;
}
