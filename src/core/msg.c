/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "core/msg.h"

#include "core/kind.h"

#include <stdio.h>
#include <string.h>

AIRI_SITE_DEFINE(airi_msg_site)

static void msg_init(airt_msg *msg, const airt_kind *kind, size_t units, bool trailer)
{
    *msg = (airt_msg){ .kind = kind };
    msg->word = airi_msg_word(0, units);
    if (trailer)
        memset(airi_msg_trailer(msg), 0, sizeof(airi_trailer));
}

bool airi_body_fits(const airt_kind *kind, const void *body)
{
    size_t tail = airi_body_tail(kind, body);

    return tail <= AIRI_BODY_MAX && kind->size + tail <= AIRI_BODY_MAX;
}

airt_msg *airi_msg_create(const airi_source *source, const airt_kind *kind, const void *body, bool trailer,
                          airt_status *out_status)
{
    size_t    tail = airi_body_tail(kind, body);
    size_t    units = airi_msg_units(kind->size, tail, trailer);
    airt_msg *msg;

    if (tail > AIRI_BODY_MAX || kind->size + tail > AIRI_BODY_MAX) {
        *out_status = AIRT_EINVAL;
        return NULL;
    }
    msg = airi_msg_take(source, units);
    if (msg == NULL) {
        *out_status = AIRT_ENOMEM;
        return NULL;
    }
    msg_init(msg, kind, units, trailer);
    airi_body_copy(kind, airi_msg_body(msg), body, (char *)airi_msg_body(msg) + kind->size);
    return msg;
}

airt_msg *airi_msg_reserve(const airi_source *source, size_t body_bytes)
{
    size_t    units = airi_msg_units(body_bytes, 0, false);
    airt_msg *msg = airi_msg_take(source, units);

    if (msg != NULL)
        msg_init(msg, NULL, units, false);
    return msg;
}

bool airi_msg_fill(airt_msg *msg, const airt_kind *kind, const void *body)
{
    size_t tail = airi_body_tail(kind, body);

    if (tail > AIRI_BODY_MAX || sizeof *msg + kind->size + tail > airi_msg_bytes(msg))
        return false;
    msg->kind = kind;
    airi_body_copy(kind, airi_msg_body(msg), body, (char *)airi_msg_body(msg) + kind->size);
    return true;
}

void airi_msg_give_back_slow(airi_heap *heap, airi_cache *cache, airt_msg *msg)
{
    airi_heap_give(heap, cache, msg, airi_msg_bytes(msg));
}

void airi_msg_free(airi_heap *heap, airi_cache *cache, airt_msg *msg)
{
    if (msg->kind != NULL)
        airi_body_release(msg->kind, airi_msg_body(msg));
    airi_msg_give(heap, cache, msg);
}

const airt_kind *airt_msg_kind(const airt_msg *msg)
{
    if (__builtin_expect(msg == NULL, 0))
        airi_check_failed(__FILE__, __LINE__, "airt_msg_kind: the message is NULL");
    return msg->kind;
}

const void *airt_msg_body(const airt_msg *msg)
{
    return (const char *)msg + sizeof(struct airt_msg);
}

airt_ref airt_msg_sender(const airt_msg *msg)
{
    return msg->sender;
}

airt_priority airt_msg_priority(const airt_msg *msg)
{
    return (airt_priority)msg->priority;
}

int64_t airt_msg_deadline_ns(const airt_msg *msg)
{
    int64_t deadline_ns = airi_msg_deadline(msg);

    return deadline_ns == 0 ? AIRI_NEVER : deadline_ns;
}

uint64_t airt_msg_trace(const airt_msg *msg)
{
    return airi_msg_trace(msg);
}

void airt_debug_msg(const airt_msg *msg)
{
    char text[512];

    (void)airt_body_print(msg->kind, airt_msg_body(msg), text, sizeof text);
    (void)fprintf(stderr, "%s from %#llx, priority %u, deadline %lld\n", text, (unsigned long long)msg->sender.bits,
                  (unsigned)msg->priority, (long long)airi_msg_deadline(msg));
}
