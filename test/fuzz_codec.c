/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Hostile bytes into the codec. An input is first mutated into encoded bodies (its first 8 bytes are a seed, the rest
 * are positions and values), then decoded as it is. Whatever decodes must encode and decode again to the same bytes. */
#include "core/kind.h"

#include "fake_blobs.h"
#include "rich_kind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    WIRE_MAX = 65536
};

static void must_agree(const struct rich *body)
{
    static uint8_t first[WIRE_MAX], second[WIRE_MAX];
    static char    text[256];
    size_t         size = 0, again = 0;
    struct rich    copy;
    airt_body_print(&rich_kind, body, text, sizeof text);
    if (airt_encode(&rich_kind, body, first, sizeof first, &size) != AIRT_OK)
        return; /* larger than what this test has room for */
    AIRT_CHECK_EQ(airt_decode(fake_system(), &rich_kind, first, size, &copy), AIRT_OK);
    AIRT_CHECK_EQ(airt_encode(&rich_kind, &copy, second, sizeof second, &again), AIRT_OK);
    AIRT_CHECK_EQ(size, again);
    AIRT_CHECK(memcmp(first, second, size) == 0);
    airt_body_clear(fake_system(), &rich_kind, &copy);
}

static void try_bytes(const uint8_t *bytes, size_t size)
{
    struct rich body;
    uint64_t    name;
    uint32_t    version;
    airt_status known = airt_encoded_kind(bytes, size, &name, &version);
    airt_status status = airt_decode(fake_system(), &rich_kind, bytes, size, &body);
    AIRT_CHECK(known == AIRT_OK || status == known);
    if (status == AIRT_OK) {
        must_agree(&body);
        airt_body_clear(fake_system(), &rich_kind, &body);
    }
    AIRT_CHECK_EQ(fake.live, 0);
}

static void try_mutated(const uint8_t *data, size_t size)
{
    static uint8_t bytes[WIRE_MAX];
    uint64_t       seed = 0;
    size_t         length = 0;
    struct rich    body;
    memcpy(&seed, data, size < sizeof seed ? size : sizeof seed);
    rich_fill(&body, &seed, AIRI_FROM(fake_system()));
    airt_status status = airt_encode(&rich_kind, &body, bytes, sizeof bytes, &length);
    airt_body_clear(fake_system(), &rich_kind, &body);
    AIRT_CHECK_EQ(status, AIRT_OK);
    for (size_t i = sizeof seed; i + 3 <= size; i += 3)
        bytes[(data[i] | (size_t)data[i + 1] << 8) % length] = data[i + 2];
    try_bytes(bytes, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_mutated(data, size);
    try_bytes(data, size);
    return 0;
}
