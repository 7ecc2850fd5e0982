/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What was found out, as plain data: made by the census and the journal, given to main in LOCAL messages, and printed.
 * All of it is from malloc, because it outlives the actors. */
#ifndef PACKAGES_REPORT_H
#define PACKAGES_REPORT_H

#include "kinds.h"

#define TOP_MAX 20u /* at most 32: a mark is a bit */

struct report_section {
    char    *name; /* "": the records had none */
    uint64_t packages;
    uint64_t kilobytes;
};

struct report_top {
    char    *name;
    uint32_t dependents;
    uint32_t closure; /* packages that need it, directly or not; itself not among them */
};

/* An error, and where. */
struct note {
    struct place at;
    char        *path;
    char        *what;
};

struct notes {
    uint64_t     total; /* the list holds the first of them only */
    size_t       count;
    struct note *list;
};

struct report {
    uint64_t packages; /* records with Status: install ok installed */
    uint64_t names;    /* different ones among them */
    uint64_t duplicates;
    uint64_t unmet;
    uint64_t kilobytes;

    size_t                 section_count;
    struct report_section *sections; /* the largest first */

    size_t            top_count;
    struct report_top top[TOP_MAX]; /* the most needed first */

    char *chain;  /* a component a line, what needs the next one first */
    char *cycles; /* a component a line */

    /* filled in by main */
    struct reader_total read;
    struct notes       *notes;
    airt_system_stats   stats;
    int64_t             elapsed_ns;
    uint32_t            poison;     /* records of it that were planted */
    char                tree[4096]; /* the supervision tree as it ran, with its restarts */
};

/* NULL: no memory. */
struct report *report_create(void);
void           report_destroy(struct report **report);
void           notes_destroy(struct notes **notes);

/* accepted == handled + dead letters that were accepted + in work + queued. */
/* Every record of poison was met, its parser ended, and nothing else was lost. */
bool     report_poison_contained(const struct report *report);
bool     report_account_holds(const airt_system_stats *stats);
uint64_t report_dead_letters(const airt_system_stats *stats);
uint64_t report_messages_per_second(const struct report *report);

/* For people: tables with bars, `columns` wide. For programs: one JSON object. False: the output could not be written. */
bool report_print_table(const struct report *report, unsigned columns);
bool report_print_json(const struct report *report);
/* What became of the poison, and the tree. */
void report_print_poison(const struct report *report);
/* Every error on standard error. */
void report_print_notes(const struct notes *notes);

#endif
