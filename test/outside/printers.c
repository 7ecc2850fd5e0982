/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A handler with one of everything that the debugger's printers know: printers.py stops it in `look`. */
#include <airt/airt.h>

#include <stdio.h>

struct point {
    int32_t x, y;
};
struct parcel {
    airt_ref      owner;
    int64_t       amount;
    double        weight;
    bool          fragile;
    char          code[8];
    uint16_t      sizes[3];
    struct point  place;
    airt_duration patience;
    airt_str      label;
    airt_bytes    stamp;
    airt_blob     contents;
};
AIRT_KIND(point, x, y)
AIRT_KIND(parcel, owner, amount, weight, fragile, code, sizes, NESTED(place, point), patience, label, stamp, contents)

#define desk_ACCEPTS(KIND) KIND(parcel)
AIRT_PROTOCOL(desk)
struct desk {
    char nothing;
};

/* Where the debugger stops. */
__attribute__((noinline)) void look(airt_ref ref, airt_ref none, const airt_msg *msg, const struct parcel *parcel);
__attribute__((noinline)) void look(airt_ref ref, airt_ref none, const airt_msg *msg, const struct parcel *parcel)
{
    (void)printf("%d %d %d %d\n", airt_ref_none(ref), airt_ref_none(none), msg != NULL, parcel->fragile);
}

AIRT_ON(desk, parcel)
{
    look(msg->owner, AIRT_NONE, airt_message(ctx), msg);
    return AIRT_OK;
}
#define desk_HANDLES(ON, A) ON(A, parcel)
AIRT_BEHAVIOR(desk)

int main(void)
{
    airt_system   *system = NULL;
    desk_ref       desk;
    unsigned char *bytes;
    void          *space;
    airt_blob      blob;

    if (airt_system_create((&(airt_system_options){ .workers = 1, .stuck_ms = UINT32_MAX }), &system) != AIRT_OK ||
        airt_spawn(system, desk, &desk, NULL) != AIRT_OK)
        return 1;
    blob = airt_blob_space(system, 20, &space);
    bytes = (unsigned char *)space;
    for (unsigned i = 0; bytes != NULL && i < 20; i++)
        bytes[i] = (unsigned char)(0xa0 + i);
    airt_tell(system, desk, parcel, .owner = { 0x70000005 }, .amount = -42, .weight = 2.5, .fragile = true,
              .code = "AB\"C", .sizes = { 1, 2, 3 }, .place = { 4, -5 }, .patience = AIRT_MS(1500),
              .label = AIRT_STR("to\nyou"), .stamp = { "\1\2\377", 3 }, .contents = blob);
    airt_blob_drop(system, &blob);
    if (airt_system_quiesce(system, AIRT_SECONDS(600)) != AIRT_OK)
        return 1;
    return airt_system_stop(&system, AIRT_SECONDS(60)) == AIRT_OK ? 0 : 1;
}
