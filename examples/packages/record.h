/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A record of the package database: fields of the form `Name: value`, a value going on in lines that begin with a blank.
 * Pure functions on text; no actor is needed to test them. */
#ifndef PACKAGES_RECORD_H
#define PACKAGES_RECORD_H

#include <airt/base.h>

/* The fields that this program reads; all others are only checked for form. */
#define RECORD_FIELDS(X)                                                                                               \
    X(PACKAGE, "Package")                                                                                              \
    X(STATUS, "Status")                                                                                                \
    X(ARCHITECTURE, "Architecture")                                                                                    \
    X(SECTION, "Section")                                                                                              \
    X(INSTALLED_SIZE, "Installed-Size")                                                                                \
    X(PRE_DEPENDS, "Pre-Depends")                                                                                      \
    X(DEPENDS, "Depends")                                                                                              \
    X(PROVIDES, "Provides")

#define RECORD_FIELD_ENUM(name, text) FIELD_##name,
enum record_field {
    RECORD_FIELDS(RECORD_FIELD_ENUM) FIELD_COUNT
};
#undef RECORD_FIELD_ENUM

#define NAME_BYTES_MAX 200u /* of a package, architecture or section: "virtual:" and it fit an actor's name */

/* Views into the text that was parsed, trimmed; `at` is NULL where a field is missing. */
struct record {
    airt_str field[FIELD_COUNT];
    uint64_t kilobytes; /* Installed-Size, 0 if missing */
    bool     installed; /* Status is exactly: install ok installed */
};

/* What is wrong with a record, and in which of its lines, the first being 0. */
struct flaw {
    uint64_t line;
    char     text[160];
};

/* False: the record is malformed, *out_flaw says how. */
bool record_parse(airt_str text, struct record *out_record, struct flaw *out_flaw);

/* --- relations: `a (>= 1) | b:any, c` ----------------------------------------------------------------------------- */

/* Cuts the first clause, which any one of its alternatives fulfils, off the front of *rest; empty clauses are skipped.
 * False: there is none left. */
bool relation_clause(airt_str *rest, airt_str *out_clause);
/* Cuts the first alternative off the front of *clause: the name alone. Architecture qualifiers, versions and
 * restrictions are left out. A malformed alternative has an empty name. False: there is none left. */
bool relation_alternative(airt_str *clause, airt_str *out_name);

#endif
