/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Payloads. A blob is counted and shared: a frame goes through a relay to a sink, and a copy is kept for later, without
 * its bytes being copied. A LOCAL kind moves a pointer: a decoder made by one actor becomes the property of another,
 * and whatever happens its drop function runs exactly once. */
#include <airt/airt.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* --- what is sent ------------------------------------------------------------------------------------------------- */

struct wire_frame {
    uint32_t  stream;
    airt_blob data; /* sending counts it up; who receives it reads the same bytes */
};
AIRT_KIND(wire_frame, stream, data)

struct decoder {
    uint32_t key;
};
struct decoder_give {
    uint32_t        stream;
    struct decoder *decoder; /* a pointer: this kind cannot leave the process */
};
AIRT_LOCAL_KIND(decoder_give, decoder_give_drop)

/* Called when a message ends that nobody took the decoder out of. */
void decoder_give_drop(struct decoder_give *body)
{
    printf("decoder of stream %" PRIu32 " dropped\n", body->stream);
    free(body->decoder);
}

AIRT_SIGNAL(sink_report)
struct sink_sum {
    uint64_t frames;
    uint64_t bytes;
    uint64_t sum;
};
AIRT_KIND(sink_sum, frames, bytes, sum)
AIRT_ANSWER(sink_report, sink_sum)

#define sink_ACCEPTS(KIND) KIND(wire_frame) KIND(decoder_give) KIND(sink_report)
AIRT_PROTOCOL(sink)

AIRT_SIGNAL(relay_repeat) /* the last frame once more, then the report of who is behind */
AIRT_ANSWER(relay_repeat, sink_sum)

#define relay_ACCEPTS(KIND) KIND(wire_frame) KIND(decoder_give) KIND(relay_repeat)
AIRT_PROTOCOL(relay)

/* --- the sink decodes and adds up ---------------------------------------------------------------------------------- */

struct sink {
    struct sink_sum total;
    uint32_t        key; /* of the newest decoder */
};

AIRT_ON(sink, decoder_give)
{
    self->key = msg->decoder->key;
    return AIRT_OK;
} /* the message ends here: the decoder with it */

AIRT_ON(sink, wire_frame)
{
    self->total.frames++;
    self->total.bytes += msg->data.size;
    for (size_t i = 0; i < msg->data.size; i++)
        self->total.sum += msg->data.at[i] ^ self->key;
    return AIRT_OK;
}

AIRT_ON(sink, sink_report)
{
    return airt_reply(ctx, sink_report, .frames = self->total.frames, .bytes = self->total.bytes,
                      .sum = self->total.sum);
}

#define sink_HANDLES(ON, A) ON(A, decoder_give) ON(A, wire_frame) ON(A, sink_report)
AIRT_BEHAVIOR(sink)

/* --- the relay passes on and keeps the last ------------------------------------------------------------------------ */

struct relay_start {
    sink_ref next;
};
AIRT_KIND(relay_start, REF(next))

struct relay {
    sink_ref  next;
    airt_blob last;
};

AIRT_ON(relay, relay_start)
{
    self->next = msg->next;
    return AIRT_OK;
}

/* What is to outlive the handler is kept. Forwarding sends this very message on. */
AIRT_ON(relay, wire_frame)
{
    airt_blob_drop(ctx, &self->last);
    self->last = msg->data;
    AIRT_TRY(airt_blob_keep(ctx, &self->last));
    return airt_forward(ctx, self->next, wire_frame);
}

AIRT_ON(relay, decoder_give)
{
    return airt_forward(ctx, self->next, decoder_give);
}

AIRT_ON(relay, relay_repeat)
{
    struct sink_sum sum = { 0 };

    AIRT_TRY(airt_tell(ctx, self->next, wire_frame, .stream = 0, .data = self->last));
    AIRT_TRY(airt_ask(ctx, self->next, &sum, AIRT_SECONDS(5), sink_report));
    return airt_reply(ctx, relay_repeat, .frames = sum.frames, .bytes = sum.bytes, .sum = sum.sum);
} /* self->last needs no clean-up: the runtime lets go of it when the actor ends */

#define relay_HANDLES(ON, A) ON(A, relay_start) ON(A, wire_frame) ON(A, decoder_give) ON(A, relay_repeat)
AIRT_BEHAVIOR(relay)

/* --- outside ------------------------------------------------------------------------------------------------------ */

/* A megabyte as one blob, sent in four slices. */
static airt_status send_frames(airt_system *system, relay_ref relay)
{
    const size_t size = 1u << 20, part = size / 4;
    void        *bytes;
    airt_blob    whole = airt_blob_space(system, size, &bytes);

    if (bytes == NULL)
        return AIRT_ENOMEM;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)i; /* before the first send: a blob that was sent does not change */
    for (size_t i = 0; i < 4; i++) {
        airt_blob slice = airt_blob_slice(system, whole, i * part, part);

        airt_tell(system, relay, wire_frame, .stream = 1, .data = slice);
        airt_blob_drop(system, &slice); /* outside of handlers a blob is the caller's until dropped */
    }
    airt_blob_drop(system, &whole);
    return AIRT_OK;
}

static airt_status give_decoder(airt_system *system, airt_ref to, uint32_t stream)
{
    struct decoder *decoder = malloc(sizeof *decoder);

    if (decoder == NULL)
        return AIRT_ENOMEM;
    decoder->key = 0x55;
    airt_tell_any(system, to, decoder_give, .stream = stream, .decoder = decoder); /* from here on not ours */
    return AIRT_OK;
}

static airt_status run(airt_system *system)
{
    sink_ref        sink;
    relay_ref       relay;
    struct sink_sum sum = { 0 };

    AIRT_TRY(airt_spawn(system, sink, &sink, NULL));
    AIRT_TRY(airt_spawn(system, relay, &relay, &(airt_spawn_options){ .start = AIRT_START(relay, .next = sink) }));
    AIRT_TRY(give_decoder(system, relay.ref, 1));
    AIRT_TRY(send_frames(system, relay));
    AIRT_TRY(airt_ask(system, relay, &sum, AIRT_SECONDS(10), relay_repeat));
    printf("%" PRIu64 " frames, %" PRIu64 " bytes, sum %" PRIu64 "\n", sum.frames, sum.bytes, sum.sum);
    return give_decoder(system, AIRT_NONE, 2); /* to nobody: a dead letter, and dropped like any other */
}

int main(int argc, char **argv)
{
    airt_system *system = NULL;
    airt_status  status;

    if (argc > 1) {
        (void)fprintf(stderr, "%s: takes no arguments\n", argv[0]);
        return 2;
    }
    status = airt_system_create(NULL, &system);
    if (status == AIRT_OK)
        status = run(system);
    if (system != NULL && airt_system_stop(&system, AIRT_SECONDS(5)) != AIRT_OK)
        return 1;
    if (status != AIRT_OK)
        fprintf(stderr, "%s\n", airt_status_text(status));
    return status == AIRT_OK ? 0 : 1;
}
