/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Texts made from the public tables: statuses, allocation sites, the version.
 * Called by users and by everything that prints; any thread.
 * Invariant: the tables in airt/base.h and airt/world.h are the only place where a status or a site is listed. */
#include "base/check.h"

#include <airt/world.h>

typedef struct status_row {
    const char *name;
    const char *text;
    bool        retryable;
} status_row;

#define STATUS_ROW(name, text, retry) { #name, text, (retry) != 0 },
static const status_row statuses[] = { AIRT_STATUS_TABLE(STATUS_ROW) };
#undef STATUS_ROW
_Static_assert(sizeof statuses / sizeof statuses[0] == AIRI_STATUS_COUNT, "one row a status");

#define SITE_TEXT(name, text) text,
static const char *const sites[] = { AIRT_ALLOCATION_TABLE(SITE_TEXT) };
#undef SITE_TEXT
_Static_assert(sizeof sites / sizeof sites[0] == AIRT_ALLOCATION_COUNT, "one text a site");

static const status_row *row_of(airt_status status)
{
    static const status_row unknown = { "AIRT_UNKNOWN", "unknown status", false };
    unsigned                index = (unsigned)status;

    return index < AIRI_STATUS_COUNT ? &statuses[index] : &unknown;
}

const char *airt_status_text(airt_status status)
{
    return row_of(status)->text;
}

const char *airt_status_name(airt_status status)
{
    return row_of(status)->name;
}

bool airt_status_retryable(airt_status status)
{
    return row_of(status)->retryable;
}

int airt_version(void)
{
    return AIRT_VERSION;
}

const char *airt_version_string(void)
{
    return AIRT_VERSION_STRING;
}

const char *airt_allocation_text(airt_allocation site)
{
    return (unsigned)site < AIRT_ALLOCATION_COUNT ? sites[site] : "unknown site";
}
