/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Everything the actors of this program say to each other, and who takes what.
 *
 *     main --asks--> reader --records--> parser (a few) --spawns--> package (one for each name)
 *                       |                  |  counts: tally
 *                       |                                              |  tells its section, the names it provides,
 *                    progress                                          |  the packages it needs, and the graph
 *                                                                      v
 *     main <--report-- census, which asks every package and section        section, virtual, graph
 *
 * Whoever finds something wrong tells the journal. */
#ifndef PACKAGES_KINDS_H
#define PACKAGES_KINDS_H

#include <airt/airt.h>

struct report; /* report.h */
struct notes;  /* report.h */

#define PATIENCE AIRT_SECONDS(600) /* how long anyone waits for an answer within the program */
#define WAIT_MS 600000u            /* how long a sender waits for room in a full mailbox */

/* --- journal: what was wrong, in reading order -------------------------------------------------------------------- */

/* Where: the record's number within its file and the line, both from 1; 0: the file as a whole. */
struct place {
    uint32_t file;
    uint32_t record;
    uint64_t line;
};
AIRT_KIND(place, file, record, line)

/* Opens an account for a file; its number is used in every place from then on. */
struct journal_file {
    uint32_t file;
    airt_str path;
};
AIRT_KIND(journal_file, file, path)
struct journal_note {
    struct place at;
    airt_str     what;
};
AIRT_KIND(journal_note, NESTED(at, place), what)
AIRT_SIGNAL(journal_get)
struct journal_notes {
    struct notes *notes; /* the receiver's, notes_destroy */
};
AIRT_LOCAL_KIND(journal_notes, journal_notes_drop)
AIRT_ANSWER(journal_get, journal_notes)

#define journal_ACCEPTS(KIND) KIND(journal_file) KIND(journal_note) KIND(journal_get)
AIRT_PROTOCOL(journal)
AIRT_ACTOR(journal)

/* --- progress: a bar on a terminal, a line now and then elsewhere ------------------------------------------------- */

struct progress_start {
    bool terminal;
};
AIRT_KIND(progress_start, terminal)
struct progress_expect {
    uint64_t bytes;
};
AIRT_KIND(progress_expect, bytes)
struct progress_read {
    uint64_t bytes;
    uint64_t records;
};
AIRT_KIND(progress_read, bytes, records)
struct progress_phase {
    airt_str name;
};
AIRT_KIND(progress_phase, name)
AIRT_SIGNAL(progress_end) /* clears the bar; answered when it is gone */
AIRT_SIGNAL(progress_ended)
AIRT_ANSWER(progress_end, progress_ended)
AIRT_SIGNAL(progress_tick) /* private */

#define progress_ACCEPTS(KIND) KIND(progress_expect) KIND(progress_read) KIND(progress_phase) KIND(progress_end)
AIRT_PROTOCOL(progress)
AIRT_ACTOR(progress)

/* --- section: adds up its packages -------------------------------------------------------------------------------- */

struct section_start {
    airt_str name;
};
AIRT_KIND(section_start, name)
struct section_add {
    uint64_t kilobytes;
};
AIRT_KIND(section_add, kilobytes)
AIRT_SIGNAL(section_get)
struct section_sum {
    airt_str name;
    uint64_t packages;
    uint64_t kilobytes;
};
AIRT_KIND(section_sum, name, packages, kilobytes)
AIRT_ANSWER(section_get, section_sum)

#define section_ACCEPTS(KIND) KIND(section_add) KIND(section_get)
AIRT_PROTOCOL(section)
AIRT_ACTOR(section)

/* --- package: one for each name; knows what it needs and who needs it --------------------------------------------- */

/* An installed record. A name may be installed for several architectures: one actor, several of these. */
struct package_seen {
    struct place at; /* of two records with the same name and architecture the one read first counts */
    airt_str     architecture;
    airt_str     section;
    uint64_t     kilobytes;
    airt_blob    needs;    /* text of Pre-Depends and Depends; none: needs nothing */
    airt_blob    provides; /* text of Provides */
};
AIRT_KIND(package_seen, NESTED(at, place), architecture, section, kilobytes, needs, provides)
/* Bits of those heavily needed packages that the sender needs, directly or not. */
struct package_mark {
    uint32_t bits;
};
AIRT_KIND(package_mark, bits)
/* `by` needs the receiver, and has to hear of its marks. */
struct package_needed {
    package_mark_sink by;
};
AIRT_KIND(package_needed, REF(by))
/* All records are read: be counted, and tell your section and the names you provide. */
AIRT_SIGNAL(package_declare)
struct package_declared {
    uint32_t records;    /* that count: one for each architecture */
    uint32_t duplicates; /* that do not */
};
AIRT_KIND(package_declared, records, duplicates)
AIRT_ANSWER(package_declare, package_declared)
/* All have declared: find what you need, and tell everyone concerned. */
AIRT_SIGNAL(package_link)
struct package_linked {
    uint32_t unmet; /* clauses that nothing installed fulfils */
};
AIRT_KIND(package_linked, unmet)
AIRT_ANSWER(package_link, package_linked)
AIRT_SIGNAL(package_weigh)
struct package_weight {
    airt_str name;
    uint32_t dependents; /* packages that need this one directly */
};
AIRT_KIND(package_weight, name, dependents)
AIRT_ANSWER(package_weigh, package_weight)
AIRT_SIGNAL(package_reach)
struct package_marks {
    uint32_t bits;
};
AIRT_KIND(package_marks, bits)
AIRT_ANSWER(package_reach, package_marks)
AIRT_SIGNAL(package_spread) /* private */

#define package_ACCEPTS(KIND)                                                                                          \
    KIND(package_seen)                                                                                                 \
    KIND(package_declare)                                                                                              \
    KIND(package_link) KIND(package_needed) KIND(package_weigh) KIND(package_mark) KIND(package_reach)
AIRT_PROTOCOL(package)
AIRT_ACTOR(package)

/* --- virtual: a name that installed packages provide -------------------------------------------------------------- */

struct virtual_provide {
    package_ref by;
    airt_str    name;
};
AIRT_KIND(virtual_provide, REF(by), name)
AIRT_SIGNAL(virtual_pick)
struct virtual_picked {
    package_ref package;
};
AIRT_KIND(virtual_picked, REF(package))
AIRT_ANSWER(virtual_pick, virtual_picked)

#define virtual_ACCEPTS(KIND) KIND(virtual_provide) KIND(virtual_pick)
AIRT_PROTOCOL(virtual)
AIRT_ACTOR(virtual)

/* --- graph: cycles and the longest chain -------------------------------------------------------------------------- */

/* What the sending package needs; may come in several parts. */
struct graph_needs {
    airt_str   name;
    airt_bytes needs; /* airt_ref, each once, in all parts together */
};
AIRT_KIND(graph_needs, name, needs)
AIRT_SIGNAL(graph_solve)
/* Text: a component a line, its packages separated by blanks. */
struct graph_solved {
    airt_blob chain;
    airt_blob cycles;
};
AIRT_KIND(graph_solved, chain, cycles)
AIRT_ANSWER(graph_solve, graph_solved)

#define graph_ACCEPTS(KIND) KIND(graph_needs) KIND(graph_solve)
AIRT_PROTOCOL(graph)
AIRT_ACTOR(graph)

/* --- census: knows everyone, asks everyone, writes the report ----------------------------------------------------- */

struct census_start {
    graph_ref graph;
};
AIRT_KIND(census_start, REF(graph))
struct census_package {
    package_ref package;
};
AIRT_KIND(census_package, REF(package))
struct census_section {
    section_ref section;
};
AIRT_KIND(census_section, REF(section))
/* Packages declare, link and are ranked; the most needed ones begin to spread their marks. */
AIRT_SIGNAL(census_take)
AIRT_SIGNAL(census_taken)
AIRT_ANSWER(census_take, census_taken)
AIRT_SIGNAL(census_report) /* once the marks have come to rest */
struct census_reported {
    struct report *report; /* the receiver's, report_destroy */
};
AIRT_LOCAL_KIND(census_reported, census_reported_drop)
AIRT_ANSWER(census_report, census_reported)
AIRT_SIGNAL(census_step) /* private */

#define census_ACCEPTS(KIND) KIND(census_package) KIND(census_section) KIND(census_take) KIND(census_report)
AIRT_PROTOCOL(census)
AIRT_ACTOR(census)

/* --- parser: records in, packages out ----------------------------------------------------------------------------- */

struct parser_total {
    uint64_t installed;
    uint64_t others;
    uint64_t malformed;
};
AIRT_KIND(parser_total, installed, others, malformed)
/* Each record is counted where no parser's failure reaches. */
struct tally_add {
    uint8_t installed;
    uint8_t others;
    uint8_t malformed;
};
AIRT_KIND(tally_add, installed, others, malformed)
AIRT_SIGNAL(tally_get)
AIRT_ANSWER(tally_get, parser_total)
#define tally_ACCEPTS(KIND) KIND(tally_add) KIND(tally_get)
AIRT_PROTOCOL(tally)
AIRT_ACTOR(tally)

struct parser_start {
    census_ref  census;
    graph_ref   graph;
    journal_ref journal;
    tally_ref   tally;
};
AIRT_KIND(parser_start, REF(census), REF(graph), REF(journal), REF(tally))
struct parser_record {
    struct place at;
    airt_blob    text;
};
AIRT_KIND(parser_record, NESTED(at, place), text)
/* Answered behind all records sent before it. */
AIRT_SIGNAL(parser_finish)
AIRT_SIGNAL(parser_finished)
AIRT_ANSWER(parser_finish, parser_finished)

#define parser_ACCEPTS(KIND) KIND(parser_record) KIND(parser_finish)
AIRT_PROTOCOL(parser)
AIRT_ACTOR(parser)

/* Construction arguments are kept for as long as the actor lives, so they are few. */
struct package_start {
    airt_str   name;
    census_ref census;
    graph_ref  graph;
};
AIRT_KIND(package_start, name, REF(census), REF(graph))

/* --- reader: files in, records out -------------------------------------------------------------------------------- */

#define PARSERS_MAX 64u
#define PARSER_MAILBOX_MAX 32u /* short: the reader waits, and a file of any size takes little memory */

/* The parsers are found by their names: parser, parser.2, parser.3... */
struct reader_start {
    uint32_t     parsers;
    uint32_t     poison; /* records to plant: see poison.h */
    journal_ref  journal;
    progress_ref progress;
    tally_ref    tally;
};
AIRT_KIND(reader_start, parsers, poison, REF(journal), REF(progress), REF(tally))
/* A file, a directory of files, or "-" for standard input; answered when all its records are on their way. */
struct reader_read {
    airt_str path;
};
AIRT_KIND(reader_read, path)
AIRT_SIGNAL(reader_done)
AIRT_ANSWER(reader_read, reader_done)
/* Answered when all records are parsed. */
AIRT_SIGNAL(reader_finish)
struct reader_total {
    uint64_t            bytes;
    uint64_t            records;
    struct parser_total parsed;
};
AIRT_KIND(reader_total, bytes, records, NESTED(parsed, parser_total))
AIRT_ANSWER(reader_finish, reader_total)
AIRT_SIGNAL(reader_next) /* private: the next chunk */

#define reader_ACCEPTS(KIND) KIND(reader_read) KIND(reader_finish)
AIRT_PROTOCOL(reader)
AIRT_ACTOR(reader)

#endif
