/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* packages: what is installed on this machine, by its package database. An example of a program made of actors; begin
 * with kinds.h, which draws who talks to whom. This file reads the options, starts the actors, and conducts them. */
#include "kinds.h"
#include "poison.h"
#include "report.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DATABASE "/var/lib/dpkg/status"
#define PARSERS_DEFAULT 4u
#define WORKERS_MAX 1024u
#define COLUMNS_DEFAULT 80u
#define STOP_WITHIN AIRT_SECONDS(30)

enum {
    EXIT_GOOD = 0,
    EXIT_SOME_BAD = 1,
    EXIT_NOTHING_READ = 2,
    EXIT_ACCOUNT = 3
};

struct options {
    bool               json;
    uint32_t           workers; /* 0: one per core */
    uint32_t           parsers;
    uint32_t           poison; /* of each kind */
    const char        *flight; /* the flight recorder's file; NULL: none */
    const char *const *paths;
    size_t             path_count;
};

/* --- options ------------------------------------------------------------------------------------------------------ */

static void print_help(void)
{
    (void)printf("usage: packages [--json] [--workers N] [--parsers N] [FILE|DIRECTORY|-]...\n"
                 "Reads package databases in Debian's format, by default " DATABASE ";\n"
                 "of a directory every regular file, of - the standard input.\n\n"
                 "  --json       one JSON object on standard output, nothing else\n"
                 "  --workers N  threads that run actors, 1 to %u; by default one for each core\n"
                 "  --parsers N  actors that parse records, 1 to %u; by default %u\n"
                 "  --faults N   plants N records each that make a parser dereference null, abort, run an illegal\n"
                 "               instruction, overflow its stack and loop; 1 to %u. The report is the same without\n"
                 "               them; what became of them follows it\n"
                 "  --flight F   keeps a flight recorder in the file F; `airt postmortem F` reads it\n"
                 "  --help, --version\n\n"
                 "Packages are counted with Status: install ok installed. A package needs of each clause of its\n"
                 "Pre-Depends and Depends the first alternative that is installed or provided by an installed\n"
                 "package (of several the first by name); versions are not compared.\n\n"
                 "Exit status: 0 all was read, 1 some records or files were bad, 2 nothing could be read or the\n"
                 "program was called wrongly, 3 the runtime's account of messages does not add up.\n",
                 WORKERS_MAX, PARSERS_MAX, PARSERS_DEFAULT, POISON_EACH_MAX);
}

static bool complain(const char *what, const char *argument)
{
    (void)fprintf(stderr, "packages: %s: %s (try --help)\n", argument, what);
    return false;
}

static bool complain_range(const char *option, const char *text, uint32_t max)
{
    (void)fprintf(stderr, "packages: %s: %s is not a number from 1 to %" PRIu32 " (try --help)\n", option, text, max);
    return false;
}

static bool parse_number(const char *option, const char *text, uint32_t max, uint32_t *out_number)
{
    char         *end;
    unsigned long number;

    if (text == NULL)
        return complain("a number is missing", option);
    errno = 0;
    number = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || text[0] < '0' || text[0] > '9' || number == 0 || number > max)
        return complain_range(option, text, max);
    *out_number = (uint32_t)number;
    return true;
}

static bool parse_flight(const char *text, struct options *options)
{
    options->flight = text;
    return text != NULL || complain("a file's name is missing", "--flight");
}

/* The options come first; `--` ends them. */
static bool parse_options(int count, char **arguments, struct options *options)
{
    static const char *const database = DATABASE;
    int                      i = 1;
    bool                     good = true;

    for (; good && i < count && arguments[i][0] == '-' && arguments[i][1] != '\0'; i++) {
        if (strcmp(arguments[i], "--") == 0) {
            i++;
            break;
        }
        if (strcmp(arguments[i], "--json") == 0)
            options->json = true;
        else if (strcmp(arguments[i], "--workers") == 0)
            good = parse_number("--workers", arguments[i + 1], WORKERS_MAX, &options->workers), i++;
        else if (strcmp(arguments[i], "--parsers") == 0)
            good = parse_number("--parsers", arguments[i + 1], PARSERS_MAX, &options->parsers), i++;
        else if (strcmp(arguments[i], "--faults") == 0)
            good = parse_number("--faults", arguments[i + 1], POISON_EACH_MAX, &options->poison), i++;
        else if (strcmp(arguments[i], "--flight") == 0)
            good = parse_flight(arguments[i + 1], options), i++;
        else
            good = complain("no such option", arguments[i]);
    }
    options->paths = i < count ? (const char *const *)arguments + i : &database;
    options->path_count = i < count ? (size_t)(count - i) : 1;
    return good;
}

/* --- the program -------------------------------------------------------------------------------------------------- */

struct program {
    airt_system *system;
    journal_ref  journal;
    progress_ref progress;
    graph_ref    graph;
    census_ref   census;
    tally_ref    tally;
    airt_ref     tree;
    reader_ref   reader;
};

/* An actor that fails is a bug or a lack of memory; whoever waits for it is told, and here is why. */
static void on_report(void *context, const airt_report *report)
{
    (void)context;
    if (report->kind == AIRT_REPORT_FAULT)
        poison_reported(report->fault);
    if (report->kind == AIRT_REPORT_FAILED)
        (void)fprintf(stderr, "packages: actor %s failed: %s\n", report->behavior, airt_status_text(report->status));
}

/* A sink: many send to it, and wait when it is full. */
#define SINK .mailbox = { .overflow = AIRT_WAIT, .wait_ms = WAIT_MS }

/* Parsers meet whatever is in the files: one that fails is restarted, and its mail waits for it meanwhile, so a bad record
 * costs that record. The reader cannot begin anew in the middle of a file: when it fails, that is the end. */
static airt_status supervise(struct program *program, const struct options *options)
{
    const airt_child parsers =
        AIRT_CHILD(parser, .name = "parser", .count = options->parsers,
                   .start = AIRT_START(parser, .census = program->census, .graph = program->graph,
                                       .journal = program->journal, .tally = program->tally),
                   .mailbox = { .max = PARSER_MAILBOX_MAX, .overflow = AIRT_WAIT, .wait_ms = WAIT_MS });
    const airt_tree below = { .name = "parsers",
                              .strategy = AIRT_ONE_FOR_ONE,
                              .restarts_max = 1000,
                              .window_ms = 1000,
                              .children = &parsers,
                              .child_count = 1 };

    return airt_supervise(
        program->system, &program->tree, .name = "packages", .strategy = AIRT_REST_FOR_ONE,
        AIRT_CHILDREN(
            { .tree = &below },
            AIRT_CHILD(reader, .name = "reader", .restart = AIRT_TEMPORARY,
                       .start = AIRT_START(reader, .parsers = options->parsers,
                                           .poison = options->poison * POISON_KINDS, .journal = program->journal,
                                           .progress = program->progress, .tally = program->tally))));
}

static airt_status spawn_all(struct program *program, const struct options *options)
{
    airt_system *system = program->system;

    AIRT_TRY(airt_spawn(system, journal, &program->journal, &(airt_spawn_options){ SINK }));
    AIRT_TRY(airt_spawn(
        system, progress, &program->progress,
        (&(airt_spawn_options){ .start = AIRT_START(progress, .terminal = isatty(STDERR_FILENO) == 1), SINK })));
    AIRT_TRY(airt_spawn(system, graph, &program->graph, &(airt_spawn_options){ SINK }));
    AIRT_TRY(airt_spawn(system, census, &program->census,
                        (&(airt_spawn_options){ .start = AIRT_START(census, .graph = program->graph), SINK })));
    AIRT_TRY(airt_spawn(system, tally, &program->tally, &(airt_spawn_options){ SINK }));
    AIRT_TRY(supervise(program, options));
    return airt_lookup(system, reader, "reader", &program->reader);
}

/* Every file is read and every record parsed. */
static airt_status read_all(struct program *program, const struct options *options, struct reader_total *out_total)
{
    struct reader_done done;

    for (size_t i = 0; i < options->path_count; i++)
        AIRT_TRY(airt_ask(program->system, program->reader, &done, AIRT_FOREVER, reader_read,
                          .path = text_of(options->paths[i])));
    return airt_ask(program->system, program->reader, out_total, AIRT_FOREVER, reader_finish);
}

/* The packages find each other; then marks flood the graph, and have come to rest when nothing is queued or runs. */
static airt_status take_census(struct program *program, struct report **out_report)
{
    struct census_taken    taken;
    struct census_reported reported = { 0 };

    airt_tell(program->system, program->progress, progress_phase, .name = AIRT_STR("linking"));
    AIRT_TRY(airt_ask(program->system, program->census, &taken, AIRT_FOREVER, census_take));
    AIRT_TRY(airt_system_quiesce(program->system, AIRT_FOREVER));
    AIRT_TRY(airt_ask(program->system, program->census, &reported, AIRT_FOREVER, census_report));
    *out_report = reported.report;
    return AIRT_OK;
}

/* What is left: the notes, and the runtime's account, which is exact when nothing moves. */
static airt_status close_account(struct program *program, struct report *report)
{
    struct progress_ended ended;
    struct journal_notes  notes = { 0 };
    size_t                length;

    AIRT_TRY(airt_ask(program->system, program->progress, &ended, AIRT_FOREVER, progress_end));
    AIRT_TRY(airt_ask(program->system, program->journal, &notes, AIRT_FOREVER, journal_get));
    report->notes = notes.notes;
    AIRT_TRY(
        airt_supervisor_print(program->system, program->tree, PATIENCE, report->tree, sizeof report->tree, &length));
    AIRT_TRY(airt_system_quiesce(program->system, AIRT_FOREVER));
    airt_system_stats_get(program->system, &report->stats);
    return AIRT_OK;
}

static airt_status conduct(struct program *program, const struct options *options, struct report **out_report)
{
    int64_t             start_ns = airt_now_ns(program->system);
    struct reader_total total = { 0 };

    AIRT_TRY(spawn_all(program, options));
    AIRT_TRY(read_all(program, options, &total));
    AIRT_TRY(take_census(program, out_report));
    (*out_report)->read = total;
    (*out_report)->poison = options->poison * POISON_KINDS;
    (*out_report)->elapsed_ns = airt_now_ns(program->system) - start_ns;
    return close_account(program, *out_report);
}

static airt_status run(const struct options *options, struct report **out_report)
{
    struct program program = { 0 };
    airt_status    status = airt_system_create((&(airt_system_options){ .workers = options->workers,
                                                                        .report = on_report,
                                                                        .stuck_ms = options->poison != 0 ? 200 : 0,
                                                                        .faults = AIRT_FAULTS_CONTAIN,
                                                                        .flight_path = options->flight }),
                                               &program.system);
    airt_status    stopped;

    if (status != AIRT_OK)
        return status;
    if (options->poison != 0 && !airt_faults_contained(program.system)) {
        (void)fprintf(stderr, "packages: --faults: faults are not contained in this build of the program\n");
        status = AIRT_EINVAL;
    } else {
        status = conduct(&program, options, out_report);
    }
    stopped = airt_system_stop(&program.system, STOP_WITHIN);
    return status != AIRT_OK ? status : stopped;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static unsigned terminal_columns(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return COLUMNS_DEFAULT;
}

static int finish(const struct options *options, const struct report *report)
{
    bool nothing = report->read.parsed.installed + report->read.parsed.others == 0;
    bool written = true;

    report_print_notes(report->notes);
    if (options->json)
        written = report_print_json(report);
    else if (!nothing)
        written = report_print_table(report, terminal_columns());
    if (written && report->poison != 0 && !options->json)
        report_print_poison(report);
    if (!written) {
        perror("packages: standard output");
        return EXIT_NOTHING_READ;
    }
    if (!report_account_holds(&report->stats)) {
        (void)fprintf(stderr, "packages: the runtime's account of messages does not add up\n");
        return EXIT_ACCOUNT;
    }
    if (report->poison != 0 && !report_poison_contained(report)) {
        (void)fprintf(stderr, "packages: not every record of poison ended its parser alone\n");
        return EXIT_ACCOUNT;
    }
    if (nothing)
        return EXIT_NOTHING_READ;
    return report->notes->total > 0 ? EXIT_SOME_BAD : EXIT_GOOD;
}

static bool answered(int count, char **arguments)
{
    for (int i = 1; i < count && strcmp(arguments[i], "--") != 0; i++) {
        if (strcmp(arguments[i], "--help") == 0) {
            print_help();
            return true;
        }
        if (strcmp(arguments[i], "--version") == 0) {
            (void)printf("packages %s\n", airt_version_string());
            return true;
        }
    }
    return false;
}

int main(int count, char **arguments)
{
    struct options options = { .parsers = PARSERS_DEFAULT };
    struct report *report = NULL;
    airt_status    status;
    int            code = EXIT_NOTHING_READ;

    if (answered(count, arguments))
        return EXIT_GOOD;
    if (!parse_options(count, arguments, &options))
        return EXIT_NOTHING_READ;
    status = run(&options, &report);
    if (status != AIRT_OK)
        (void)fprintf(stderr, "packages: %s\n", airt_status_text(status));
    else
        code = finish(&options, report);
    report_destroy(&report);
    return code;
}
