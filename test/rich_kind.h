/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A kind with a field of every type, and a random body of it, for the tests of kinds, printing and the codec. */
#ifndef RICH_KIND_H
#define RICH_KIND_H

#include <airt/actor.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum rich_color {
    RICH_RED,
    RICH_GREEN
};
enum rich_signed {
    RICH_BELOW = -1,
    RICH_ABOVE = 1
};

struct rich_ping {
    uint32_t number;
};
AIRT_KIND(rich_ping, number)
#define rich_peer_ACCEPTS(KIND) KIND(rich_ping)
AIRT_PROTOCOL(rich_peer)

struct rich_inner {
    uint16_t  port;
    airt_str  host;
    airt_blob data;
};
AIRT_KIND(rich_inner, port, host, data)

struct rich {
    bool              flag;
    int8_t            i8;
    uint8_t           u8;
    int16_t           i16;
    uint16_t          u16;
    int32_t           i32;
    uint32_t          u32;
    int64_t           i64;
    uint64_t          u64;
    float             f32;
    double            f64;
    enum rich_color   color;
    enum rich_signed  sign;
    airt_duration     span;
    airt_ref          any;
    rich_peer_ref     peer;
    char              label[12];
    uint8_t           mac[6];
    uint32_t          words[3];
    bool              flags[5];
    airt_ref          refs[2];
    airt_str          name;
    airt_bytes        raw;
    airt_str          names[3];
    airt_blob         blob;
    airt_blob         blobs[2];
    struct rich_inner inner;
    struct rich_inner inners[2];
    size_t            last;
};
AIRT_KIND(rich, flag, i8, u8, i16, u16, i32, u32, i64, u64, f32, f64, color, sign, span, any, REF(peer), label, mac,
          words, flags, refs, name, raw, names, blob, blobs, NESTED(inner, rich_inner), NESTED(inners, rich_inner),
          last)

/* splitmix64 */
static inline uint64_t rich_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline airt_str rich_text(uint64_t *state)
{
    static const char text[] = "the quick brown fox jumps over the lazy dog, \"twice\"\n\\ and then once more";
    size_t            from = (size_t)(rich_random(state) % (sizeof text - 1));
    return (airt_str){ .at = text + from, .size = (size_t)(rich_random(state) % (sizeof text - from)) };
}

static inline airt_blob rich_blob(uint64_t *state, airt_from from)
{
    airt_str text = rich_text(state);
    return text.size != 0 ? airt_blob_new(from, text.at, text.size) : (airt_blob){ .head = NULL };
}

static inline struct rich_inner rich_inner_random(uint64_t *state, airt_from from)
{
    struct rich_inner inner;
    memset(&inner, 0, sizeof inner);
    inner.port = (uint16_t)rich_random(state);
    inner.host = rich_text(state);
    inner.data = rich_blob(state, from);
    return inner;
}

static inline void rich_numbers(struct rich *body, uint64_t *state)
{
    uint64_t bits = rich_random(state);
    body->flag = bits % 2 != 0;
    body->i8 = (int8_t)bits;
    body->u8 = (uint8_t)(bits >> 8);
    body->i16 = (int16_t)(bits >> 16);
    body->u16 = (uint16_t)(bits >> 32);
    body->i32 = (int32_t)rich_random(state);
    body->u32 = (uint32_t)rich_random(state);
    body->i64 = (int64_t)rich_random(state);
    body->u64 = rich_random(state);
    body->f32 = (float)(int32_t)rich_random(state) / 3;
    body->f64 = (double)(int64_t)rich_random(state) / 7;
    body->color = bits % 3 != 0 ? RICH_GREEN : RICH_RED;
    body->sign = bits % 5 != 0 ? RICH_BELOW : RICH_ABOVE;
    body->span.ns = (int64_t)rich_random(state);
    body->any.bits = rich_random(state);
    body->peer.bits = rich_random(state);
    body->last = (size_t)rich_random(state);
}

/* Blobs are made by `from`: the caller clears them. Padding is zero. */
static inline void rich_fill(struct rich *body, uint64_t *state, airt_from from)
{
    memset(body, 0, sizeof *body);
    rich_numbers(body, state);
    snprintf(body->label, sizeof body->label, "%u", body->u16);
    for (size_t i = 0; i < sizeof body->mac; i++)
        body->mac[i] = (uint8_t)rich_random(state);
    for (size_t i = 0; i < 3; i++) {
        body->words[i] = (uint32_t)rich_random(state);
        body->names[i] = rich_text(state);
    }
    for (size_t i = 0; i < 5; i++)
        body->flags[i] = rich_random(state) % 2 != 0;
    for (size_t i = 0; i < 2; i++) {
        body->refs[i].bits = rich_random(state);
        body->blobs[i] = rich_blob(state, from);
        body->inners[i] = rich_inner_random(state, from);
    }
    airt_str raw = rich_text(state);
    body->raw = (airt_bytes){ .at = raw.at, .size = raw.size };
    body->name = rich_text(state);
    body->blob = rich_blob(state, from);
    body->inner = rich_inner_random(state, from);
}

#endif
