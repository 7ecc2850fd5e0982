/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The right way to do what the cases do wrong: must compile, without a warning. */
#include "case.h"

void bag_drop(struct bag *body)
{
    (void)body;
}

struct job {
    int             id;
    char            name[8];
    counter_ref     to;
    struct lamp_dim inner;
    struct lamp_dim inners[3];
    airt_blob       data;
};
AIRT_KIND(job, id, name, REF(to), NESTED(inner, lamp_dim), NESTED(inners, lamp_dim), data)

struct counter_start {
    int first;
};
AIRT_KIND(counter_start, first)
struct counter {
    int n;
};
AIRT_ON(counter, counter_start)
{
    self->n = msg->first;
    return AIRT_OK;
}
AIRT_ON(counter, counter_add)
{
    return AIRT_OK;
}
AIRT_ON(counter, counter_get)
{
    return airt_reply(ctx, counter_get, .total = self->n);
}
#define counter_HANDLES(ON, A) ON(A, counter_start) ON(A, counter_add) ON(A, counter_get)
AIRT_BEHAVIOR(counter)

airt_status everything(airt_ctx *ctx, airt_system *system, airt_ref any, airt_msg *request);
airt_status everything(airt_ctx *ctx, airt_system *system, airt_ref any, airt_msg *request)
{
    counter_ref          counter;
    struct counter_total total;
    airt_timer           timer;
    airt_msg            *msg = NULL;
    airt_spawn_options   options = { .name = "counter", .start = AIRT_START(counter, .first = 1) };

    airt_tell(ctx, airt_sink(counter_add, (counter_ref){ .ref = any }), counter_add, .amount = 1);
    AIRT_TRY(airt_spawn(system, counter, &counter, &(airt_spawn_options){ .name = "a", .link = true }));
    AIRT_TRY(airt_spawn(ctx, counter, &counter, &options));
    AIRT_TRY(airt_spawn_any(ctx, counter, &any, NULL));
    AIRT_TRY(airt_lookup(ctx, counter, "counter", &counter));
    AIRT_TRY(airt_as(system, counter, any, &counter));
    airt_tell_with(ctx, counter, &(airt_send_options){ .ttl_ms = 5 }, counter_add, .amount = 2);
    airt_tell_with(ctx, counter, (&(airt_send_options){ .priority = AIRT_HIGH, .ttl_ms = 5 }), counter_get);
    airt_tell_any(system, any, job, .id = 1, .name = "one", .to = counter, .inner = { .level = 3 },
                  .data = airt_blob_new(system, "x", 1));
    AIRT_TRY(airt_ask(system, counter, &total, AIRT_MS(5), counter_get));
    AIRT_TRY(airt_ask_any(ctx, any, &total, AIRT_MS(5), counter_get));
    counter_get_call call = airt_ask_begin(ctx, counter, AIRT_MS(5), counter_get);
    AIRT_TRY(airt_await_all(ctx, AIRT_MS(5), (airt_call *const[]){ &call.call }, 1));
    AIRT_TRY(airt_call_take(ctx, counter_get, call, &total));
    call = airt_ask_begin_any(ctx, any, AIRT_MS(5), counter_get);
    airt_answer_clear(system, counter_total, &total);
    airt_reply_to(ctx, &request, counter_get, .total = 4);
    AIRT_TRY(airt_msg_new(ctx, &msg, counter_add, .amount = 3));
    AIRT_TRY(airt_send(ctx, counter.ref, &msg));
    AIRT_TRY(airt_receive(ctx, AIRT_MS(5), &msg, counter_add));
    AIRT_TRY(airt_msg_as(msg, counter_add)->amount == 3 ? AIRT_OK : AIRT_EINVAL);
    AIRT_TRY(airt_send_after(ctx, AIRT_MS(5), &timer, counter_get));
    AIRT_TRY(airt_send_every(ctx, AIRT_MS(5), NULL, counter_add, .amount = 1));
    AIRT_TRY(airt_forward_any(ctx, any, counter_add));
    AIRT_TRY(airt_stop(ctx, any, NULL));
    return airt_forward(ctx, counter, counter_add);
}
