/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Actors by what they stand for. The runtime's own name table is the directory: "package:bash", "virtual:awk",
 * "section:libs". Names are unique, so of two actors that want to create the same one, one creates and the other
 * finds. */
#ifndef PACKAGES_DIRECTORY_H
#define PACKAGES_DIRECTORY_H

#include "kinds.h"

/* Fails: AIRT_ENOENT. */
airt_status directory_package(airt_ctx *ctx, airt_str name, package_ref *out_package);
airt_status directory_virtual(airt_ctx *ctx, airt_str name, virtual_ref *out_virtual);
/* These find or make; the census hears of a new package or section. */
airt_status directory_package_ensure(airt_ctx *ctx, const struct package_start *start, package_ref *out_package);
airt_status directory_virtual_ensure(airt_ctx *ctx, airt_str name, virtual_ref *out_virtual);
airt_status directory_section_ensure(airt_ctx *ctx, airt_str name, census_ref census, section_ref *out_section);

#endif
