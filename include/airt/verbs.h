/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The verbs as programs write them: each ends in `kind, .fields` and becomes a call of the function form in actor.h,
 * whose comment says what it does, when it blocks and how it fails; docs/cplusplus.md has what C++17 writes in another
 * way. `from` is a handler's ctx or a system. `to` is a typed ref, protocol_ref or kind_sink; the _any verbs take an
 * untyped airt_ref. */
#ifndef AIRT_VERBS_H
#define AIRT_VERBS_H

#include <airt/actor.h>

#ifdef __cplusplus
#include <initializer_list>
#endif

/* --- tell --------------------------------------------------------------------------------------------------------- */

/* airt_tell(from, to, kind, .fields...): airt_tell_body. */
#define airt_tell(from, to, ...) AIRI_TELL(from, to, NULL, __VA_ARGS__, )
/* airt_tell_with(from, to, options, kind, .fields...): options is a const airt_send_options *; a literal of several
 * options goes in parentheses: (&(airt_send_options){ .priority = AIRT_HIGH, .ttl_ms = 50 }). */
#define airt_tell_with(from, to, options, ...)                                                                         \
    AIRI_TELL(from, to, AIRI_OPTIONS(airt_send_options, "airt_tell_with: options is an airt_send_options *", options), \
              __VA_ARGS__, )
#define AIRI_TELL(from, to, options, kind, ...)                                                                        \
    (airt_tell_body)(AIRI_FROM(from), AIRI_ADDRESS(to, kind), &kind##_kind, AIRI_BODY(kind, __VA_ARGS__), options)
/* airt_tell_any(from, ref, kind, .fields...): to an untyped airt_ref. */
#define airt_tell_any(from, to, ...) AIRI_TELL_ANY(from, to, __VA_ARGS__, )
#define AIRI_TELL_ANY(from, to, kind, ...)                                                                             \
    (airt_tell_body)(AIRI_FROM(from), AIRI_UNTYPED(to), &kind##_kind, AIRI_BODY(kind, __VA_ARGS__), NULL)

/* airt_msg_new(from, &msg, kind, .fields...): airt_msg_new_body. */
#define airt_msg_new(from, out_msg, ...) AIRI_MSG_NEW(from, out_msg, __VA_ARGS__, )
#define AIRI_MSG_NEW(from, out_msg, kind, ...)                                                                         \
    (airt_msg_new_body)(AIRI_FROM(from), &kind##_kind, AIRI_BODY(kind, __VA_ARGS__),                                   \
                        AIRI_OUT_MSG(out_msg, "airt_msg_new"))
/* airt_forward(ctx, to, kind): the message in work, which is of this kind; airt_forward_kind. */
#define airt_forward(ctx, to, kind)                                                                                    \
    airt_forward_kind(AIRI_CTX(ctx, "airt_forward"), AIRI_ADDRESS(to, kind), &kind##_kind)
/* airt_take(ctx, kind, &body): airt_take_body into a struct kind. */
#define airt_take(ctx, kind, out)                                                                                      \
    airt_take_body(AIRI_CTX(ctx, "airt_take"), &kind##_kind, (1 ? (out) : (struct kind *)0))
#define airt_forward_any(ctx, to, kind)                                                                                \
    airt_forward_kind(AIRI_CTX(ctx, "airt_forward_any"), AIRI_UNTYPED(to), &kind##_kind)

/* --- ask and reply ------------------------------------------------------------------------------------------------ */

/* airt_ask(from, to, &answer, within, kind, .fields...): airt_ask_body; &answer points to the struct that AIRT_ANSWER
 * names for the kind. */
#define airt_ask(from, to, out, within, ...) AIRI_ASK(from, to, out, within, __VA_ARGS__, )
#define AIRI_ASK(from, to, out, within, kind, ...)                                                                     \
    AIRI_ASK_AT(from, AIRI_ADDRESS(to, kind), out, within, kind, __VA_ARGS__)
#define airt_ask_any(from, to, out, within, ...) AIRI_ASK_ANY(from, to, out, within, __VA_ARGS__, )
#define AIRI_ASK_ANY(from, to, out, within, kind, ...)                                                                 \
    AIRI_ASK_AT(from, AIRI_UNTYPED(to), out, within, kind, __VA_ARGS__)
#define AIRI_ASK_AT(from, address, out, within, kind, ...)                                                             \
    (airt_ask_body)(                                                                                                   \
        AIRI_FROM(from), address, &kind##_kind, AIRI_BODY(kind, __VA_ARGS__), (within), airi_answer_kind_of_##kind(),  \
        AIRI_TYPED(kind##_answer, out, "airt_ask: out does not point to the answer of " #kind), sizeof(kind##_answer))

/* airt_ask_begin(ctx, to, within, kind, .fields...): a kind_call, to be awaited (&call.call) and taken. */
#define airt_ask_begin(ctx, to, within, ...) AIRI_ASK_BEGIN(ctx, to, within, __VA_ARGS__, )
#define AIRI_ASK_BEGIN(ctx, to, within, kind, ...)                                                                     \
    AIRI_LITERAL(kind##_call,                                                                                          \
                 airt_ask_begin_body(AIRI_CTX(ctx, "airt_ask_begin"), AIRI_ADDRESS(to, kind), &kind##_kind,            \
                                     AIRI_BODY(kind, __VA_ARGS__), (within), airi_answer_kind_of_##kind()))
#define airt_ask_begin_any(ctx, to, within, ...) AIRI_ASK_BEGIN_ANY(ctx, to, within, __VA_ARGS__, )
#define AIRI_ASK_BEGIN_ANY(ctx, to, within, kind, ...)                                                                 \
    AIRI_LITERAL(kind##_call,                                                                                          \
                 airt_ask_begin_body(AIRI_CTX(ctx, "airt_ask_begin_any"), AIRI_UNTYPED(to), &kind##_kind,              \
                                     AIRI_BODY(kind, __VA_ARGS__), (within), airi_answer_kind_of_##kind()))
/* airt_call_take(ctx, request kind, call, &answer): airt_call_take_body. */
#define airt_call_take(ctx, request, handle, out)                                                                      \
    airt_call_take_body(                                                                                               \
        AIRI_CTX(ctx, "airt_call_take"),                                                                               \
        AIRI_VALUE(request##_call, handle, "airt_call_take: not a call of " #request).call,                            \
        airi_answer_kind_of_##request(),                                                                               \
        AIRI_TYPED(request##_answer, out, "airt_call_take: out does not point to the answer of " #request),            \
        sizeof(request##_answer))

/* airt_reply(ctx, request kind, .fields of its answer...): airt_reply_body. */
#define airt_reply(ctx, ...) AIRI_REPLY(ctx, __VA_ARGS__, )
#define AIRI_REPLY(ctx, request, ...)                                                                                  \
    airt_reply_body(AIRI_CTX(ctx, "airt_reply"), airi_answer_kind_of_##request(),                                      \
                    AIRI_BODY_OF(request##_answer, __VA_ARGS__))
/* airt_reply_to(ctx, &kept, request kind, .fields of its answer...): airt_reply_to_body. */
#define airt_reply_to(ctx, request_msg, ...) AIRI_REPLY_TO(ctx, request_msg, __VA_ARGS__, )
#define AIRI_REPLY_TO(ctx, request_msg, request, ...)                                                                  \
    airt_reply_to_body(AIRI_CTX(ctx, "airt_reply_to"), AIRI_OUT_MSG(request_msg, "airt_reply_to"),                     \
                       airi_answer_kind_of_##request(), AIRI_BODY_OF(request##_answer, __VA_ARGS__))
/* airt_answer_clear(from, kind of the answer, &answer): airt_answer_clear_body. */
#define airt_answer_clear(from, kind, answer)                                                                          \
    (airt_answer_clear_body)(AIRI_FROM(from), &kind##_kind,                                                            \
                             AIRI_TYPED(struct kind, answer, "airt_answer_clear: not a pointer to struct " #kind))

/* airt_receive(ctx, within, &msg, kind): the next message of one kind; airt_receive_kinds. */
#define airt_receive(ctx, within, out_msg, kind)                                                                       \
    airt_receive_kinds(AIRI_CTX(ctx, "airt_receive"), (within), AIRI_KINDS(&kind##_kind, NULL),                        \
                       AIRI_OUT_MSG(out_msg, "airt_receive"))
/* airt_msg_as(msg, kind): the body as a const struct kind *, or NULL when the message is of another kind. */
#define airt_msg_as(msg, kind) ((const struct kind *)airi_msg_as((msg), &kind##_kind))
static inline const void *airi_msg_as(const airt_msg *msg, const airt_kind *kind)
{
    return airt_kind_same(airt_msg_kind(msg), kind) ? airt_msg_body(msg) : NULL;
}

/* --- spawn and find ----------------------------------------------------------------------------------------------- */

/* airt_spawn(from, actor, &ref, options): airt_spawn_behavior; &ref points to an actor_ref (see AIRT_PROTOCOL and
 * AIRT_COVERS), options is a const airt_spawn_options * or NULL. */
#define airt_spawn(from, actor, out, ...)                                                                              \
    (airt_spawn_behavior)(AIRI_FROM(from), &actor##_behavior,                                                          \
                          &AIRI_TYPED(actor##_ref, out, "airt_spawn: out does not point to a " #actor "_ref")->ref,    \
                          AIRI_SPAWN_OPTIONS(__VA_ARGS__))
/* The same into an untyped airt_ref, for actors that play no protocol. */
#define airt_spawn_any(from, actor, out, ...)                                                                          \
    (airt_spawn_behavior)(AIRI_FROM(from), &actor##_behavior,                                                          \
                          AIRI_TYPED(airt_ref, out, "airt_spawn_any: out does not point to an airt_ref"),              \
                          AIRI_SPAWN_OPTIONS(__VA_ARGS__))
#define AIRI_SPAWN_OPTIONS(...)                                                                                        \
    AIRI_OPTIONS(airt_spawn_options, "airt_spawn: options is an airt_spawn_options *", __VA_ARGS__)
/* AIRT_START(actor, .fields...): the construction arguments, a body of struct actor_start, for options and child specs.
 * Braces, not an expression, so that a static tree may hold it. In C++: AIRT_BODY(actor_start, &variable). */
#define AIRT_START(...) AIRI_START(__VA_ARGS__, )
#define AIRI_START(actor, ...)                                                                                         \
    {                                                                                                                  \
        &actor##_start_kind, __extension__ &(const struct actor##_start)                                               \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
/* AIRT_BODY(kind, &variable): a struct with its kind, as an airt_body. */
#define AIRT_BODY(kind, pointer)                                                                                       \
    AIRI_LITERAL(airt_body, &kind##_kind,                                                                              \
                 AIRI_OPTIONS(struct kind, "AIRT_BODY: not a pointer to struct " #kind, pointer))

/* airt_lookup(from, protocol, name, &ref) and airt_as(from, protocol, untyped ref, &ref): airt_lookup_kinds and
 * airt_as_kinds with the kinds the protocol accepts. */
#define airt_lookup(from, protocol, name, out)                                                                         \
    (airt_lookup_kinds)(                                                                                               \
        AIRI_FROM(from), AIRI_KINDS(protocol##_ACCEPTS(AIRI_LISTED) NULL), (name),                                     \
        &AIRI_TYPED(protocol##_ref, out, "airt_lookup: out does not point to a " #protocol "_ref")->ref)
#define airt_as(from, protocol, any, out)                                                                              \
    (airt_as_kinds)(AIRI_FROM(from), AIRI_KINDS(protocol##_ACCEPTS(AIRI_LISTED) NULL), AIRI_UNTYPED(any),              \
                    &AIRI_TYPED(protocol##_ref, out, "airt_as: out does not point to a " #protocol "_ref")->ref)
/* airt_sink(kind, to): a typed ref as a kind_sink, for callbacks and subscriptions. */
#define airt_sink(kind, to) AIRI_LITERAL(kind##_sink, AIRI_ADDRESS(to, kind).bits)

/* --- timers ------------------------------------------------------------------------------------------------------- */

/* airt_send_after(ctx, delay, &timer or NULL, kind, .fields...): airt_send_after_body, to this actor itself. */
#define airt_send_after(ctx, delay, out_timer, ...) AIRI_TIMER(airt_send_after, ctx, delay, out_timer, __VA_ARGS__, )
/* airt_send_every(ctx, period, &timer or NULL, kind, .fields...): airt_send_every_body. */
#define airt_send_every(ctx, period, out_timer, ...) AIRI_TIMER(airt_send_every, ctx, period, out_timer, __VA_ARGS__, )
#define AIRI_TIMER(verb, ctx, span, out_timer, kind, ...)                                                              \
    verb##_body(AIRI_CTX(ctx, #verb), (span), AIRI_OPTIONS(airt_timer, #verb ": not an airt_timer *", out_timer),      \
                &kind##_kind, AIRI_BODY(kind, __VA_ARGS__))

/* --- function forms that take a ctx or a system ------------------------------------------------------------------- */

#ifdef AIRI_FROM_WRAPPED
#define airt_spawn_behavior(from, ...) airt_spawn_behavior(AIRI_FROM(from), __VA_ARGS__)
#define airt_lookup_kinds(from, ...) airt_lookup_kinds(AIRI_FROM(from), __VA_ARGS__)
#define airt_as_kinds(from, ...) airt_as_kinds(AIRI_FROM(from), __VA_ARGS__)
#define airt_stop(from, ...) airt_stop(AIRI_FROM(from), __VA_ARGS__)
#define airt_drain(from, ...) airt_drain(AIRI_FROM(from), __VA_ARGS__)
#define airt_kill(from, ...) airt_kill(AIRI_FROM(from), __VA_ARGS__)
#define airt_incarnation(from, ...) airt_incarnation(AIRI_FROM(from), __VA_ARGS__)
#define airt_info(from, ...) airt_info(AIRI_FROM(from), __VA_ARGS__)
#define airt_tell_body(from, ...) airt_tell_body(AIRI_FROM(from), __VA_ARGS__)
#define airt_msg_new_body(from, ...) airt_msg_new_body(AIRI_FROM(from), __VA_ARGS__)
#define airt_send(from, ...) airt_send(AIRI_FROM(from), __VA_ARGS__)
#define airt_ask_body(from, ...) airt_ask_body(AIRI_FROM(from), __VA_ARGS__)
#define airt_last_failure(from) airt_last_failure(AIRI_FROM(from))
#define airt_answer_clear_body(from, ...) airt_answer_clear_body(AIRI_FROM(from), __VA_ARGS__)
#define airt_now_ns(from) airt_now_ns(AIRI_FROM(from))
#define airt_random(from) airt_random(AIRI_FROM(from))
#endif

/* --- behind the verbs; not for users ------------------------------------------------------------------------------ */

/* The address of a typed ref, if its type accepts the kind. */
#define AIRI_ADDRESS(to, kind) AIRI_LITERAL(airt_ref, (to).bits + 0 * sizeof((to).accepts_##kind))
#define AIRI_CTX(ctx, verb) AIRI_TYPED(airt_ctx, ctx, verb ": the first argument is the ctx of a handler")
#define AIRI_OUT_MSG(msg, verb) AIRI_TYPED(airt_msg *, msg, verb ": a message is passed as airt_msg **")
#define AIRI_BODY(kind, ...) AIRI_BODY_OF(struct kind, __VA_ARGS__)

#ifdef __cplusplus
template <class T> struct airi_exactly {
    typedef T type;
};
template <class T> static inline T *airi_typed(typename airi_exactly<T>::type *pointer)
{
    return pointer;
}
template <class T> static inline const T *airi_lent(const T &value)
{
    return &value;
}
static inline const airt_kind *const *airi_kinds(std::initializer_list<const airt_kind *> kinds)
{
    return kinds.begin();
}
#define AIRI_TYPED(type, pointer, text) airi_typed<type>(pointer)
#define AIRI_OPTIONS(type, text, ...) (__VA_ARGS__)
#define AIRI_VALUE(type, value, text) (*airi_lent<type>(value))
#define AIRI_UNTYPED(to) airt_ref(to)
#define AIRI_KINDS(...) airi_kinds({ __VA_ARGS__ })
#define AIRI_SET(body, assignment) (void)(body assignment);
#define AIRI_BODY_OF(type, ...)                                                                                        \
    airi_lent([&] {                                                                                                    \
        type airi_body{};                                                                                              \
        AIRI_EACH(AIRI_SET, airi_body, __VA_ARGS__)                                                                    \
        return airi_body;                                                                                              \
    }())
#else
/* The pointer, if it has exactly this type. */
#define AIRI_TYPED(type, pointer, text) (AIRI_REQUIRE(_Generic((pointer), type * : 1, default : 0), text), (pointer))
/* The pointer, if it has this type, const or not, or is NULL. */
#define AIRI_OPTIONS(type, text, ...)                                                                                  \
    (AIRI_REQUIRE(_Generic((__VA_ARGS__), type * : 1, const type * : 1, void * : 1, default : 0), text), (__VA_ARGS__))
#define AIRI_VALUE(type, value, text) (AIRI_REQUIRE(_Generic((value), type : 1, default : 0), text), (value))
#define AIRI_UNTYPED(to) (to)
#define AIRI_KINDS(...) ((const airt_kind *const[]){ __VA_ARGS__ })
#define AIRI_BODY_OF(type, ...) (__extension__ & (type){ __VA_ARGS__ })
#endif

#endif
