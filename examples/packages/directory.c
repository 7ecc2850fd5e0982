/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Finding and making named actors. Called in handlers of parsers and packages. */
#include "directory.h"

#include "record.h"

#include <stdio.h>

struct key {
    char text[NAME_BYTES_MAX + 16];
};

_Static_assert(sizeof(struct key) <= AIRT_NAME_MAX, "a key is an actor's name");

static struct key key_of(const char *what, airt_str name)
{
    struct key key;

    (void)snprintf(key.text, sizeof key.text, "%s:%.*s", what, (int)name.size, name.size > 0 ? name.at : "");
    return key;
}

/* Packages tell each other, in a graph that has cycles: two of them with full mailboxes would wait for each other. So
 * theirs have no bound; what they can hold is bounded by the graph itself, one message for each dependent and bit. */
airt_status directory_package_ensure(airt_ctx *ctx, const struct package_start *start, package_ref *out_package)
{
    struct key  key = key_of("package", start->name);
    airt_status status = airt_spawn(ctx, package, out_package,
                                    &(airt_spawn_options){ .name = key.text,
                                                           .start = AIRT_BODY(package_start, start),
                                                           .mailbox = { .max = AIRT_UNBOUNDED } });

    if (status == AIRT_EEXIST)
        return directory_package(ctx, start->name, out_package);
    AIRT_TRY(status);
    return airt_tell(ctx, start->census, census_package, .package = *out_package);
}

airt_status directory_package(airt_ctx *ctx, airt_str name, package_ref *out_package)
{
    return airt_lookup(ctx, package, key_of("package", name).text, out_package);
}

airt_status directory_virtual(airt_ctx *ctx, airt_str name, virtual_ref *out_virtual)
{
    return airt_lookup(ctx, virtual, key_of("virtual", name).text, out_virtual);
}

airt_status directory_virtual_ensure(airt_ctx *ctx, airt_str name, virtual_ref *out_virtual)
{
    struct key  key = key_of("virtual", name);
    airt_status status =
        airt_spawn(ctx, virtual, out_virtual,
                   &(airt_spawn_options){ .name = key.text, .mailbox = { .overflow = AIRT_WAIT, .wait_ms = WAIT_MS } });

    return status == AIRT_EEXIST ? directory_virtual(ctx, name, out_virtual) : status;
}

airt_status directory_section_ensure(airt_ctx *ctx, airt_str name, census_ref census, section_ref *out_section)
{
    struct key  key = key_of("section", name);
    airt_status status = airt_lookup(ctx, section, key.text, out_section);

    if (status != AIRT_ENOENT)
        return status;
    status = airt_spawn(ctx, section, out_section,
                        &(airt_spawn_options){ .name = key.text,
                                               .start = AIRT_START(section, .name = name),
                                               .mailbox = { .overflow = AIRT_WAIT, .wait_ms = WAIT_MS } });
    if (status == AIRT_EEXIST)
        return airt_lookup(ctx, section, key.text, out_section);
    AIRT_TRY(status);
    return airt_tell(ctx, census, census_section, .section = *out_section);
}
