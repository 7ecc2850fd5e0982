/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* airt-bench: runs workloads by name and prints what each costs, beside the floor measured between its runs; or runs
 * them in the simulated world, where nothing costs anything and one seed is one history. */
#include "list.h"

#include <airt/world.h>

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REPEATS = 5,
    REPEATS_MAX = 100,
    FLOOR_HOPS = 500000,
    SMALL_FLOOR_HOPS = 20000,
    FLOOR_TRIES = 3,
    TRACE = 1, /* any but 0 */
    USAGE = 2
};

typedef struct row {
    const char           *group;
    const bench_workload *workload;
} row;

#define ROW(group, name) { #group, &bench_##name },
#define BASICS_ROW(name) ROW(basics, name)
#define SAVINA_ROW(name) ROW(savina, name)
static const row rows[] = { BENCH_BASICS(BASICS_ROW) SAVINA_LIST(SAVINA_ROW) };
enum {
    ROWS = sizeof rows / sizeof rows[0]
};

typedef struct options {
    uint32_t workers, repeats, actors; /* repeats and actors: 0: the workload's own */
    uint64_t count;                    /* 0: the workload's own */
    uint64_t seed;                     /* of the simulated world; 0: the real one */
    bool     json, small, all_options;
} options;

typedef struct series { /* of one workload; a column for each figure */
    double   value[BENCH_FIGURES_MAX][REPEATS_MAX];
    double   floor_ns[REPEATS_MAX];
    uint32_t repeats;
    uint64_t count, check;
    uint64_t history; /* the simulated world's hash of all that happened */
    uint32_t actors;
} series;

/* --- output ------------------------------------------------------------------------------------------------------- */

static bool is_time_of_work(const char *unit)
{
    return strncmp(unit, "ns/", 3) == 0;
}

static void print_json(const bench_figure *figure, const options *chosen, const series *seen, const double *sorted,
                       double floor_ns)
{
    double value = bench_percentile(sorted, seen->repeats, 0.5);

    printf("{\"name\":\"%s\",\"workers\":%" PRIu32
           ",\"options\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",\"min\":%.3f,\"max\":%.3f,"
           "\"repeats\":%" PRIu32 ",\"count\":%" PRIu64 ",\"actors\":%" PRIu32 ",\"check\":%" PRIu64
           ",\"floor_ns\":%.3f",
           figure->name, chosen->workers, chosen->all_options ? "all" : "none", value, figure->unit, sorted[0],
           sorted[seen->repeats - 1], seen->repeats, seen->count, seen->actors, seen->check, floor_ns);
    if (is_time_of_work(figure->unit))
        printf(",\"ratio\":%.3f", value / floor_ns);
    printf("}\n");
}

static void print_row(const bench_figure *figure, const series *seen, const double *sorted, double floor_ns)
{
    double value = bench_percentile(sorted, seen->repeats, 0.5);

    printf("%-18s %12.2f %12.2f %12.2f  %-13s", figure->name, value, sorted[0], sorted[seen->repeats - 1],
           figure->unit);
    if (is_time_of_work(figure->unit))
        printf(" %8.2f %8.2f", floor_ns, value / floor_ns);
    printf("\n");
}

static void print_simulated(const bench_workload *workload, const options *chosen, const series *seen)
{
    const char *format =
        chosen->json ? "{\"name\":\"%s\",\"seed\":%" PRIu64 ",\"workers\":%" PRIu32 ",\"count\":%" PRIu64
                       ",\"actors\":%" PRIu32 ",\"check\":%" PRIu64 ",\"history\":\"%016" PRIx64 "\"}\n"
                     : "%-18s %12" PRIu64 " %8" PRIu32 " %12" PRIu64 " %8" PRIu32 " %12" PRIu64 "  %016" PRIx64 "\n";

    printf(format, workload->name, chosen->seed, chosen->workers, seen->count, seen->actors, seen->check,
           seen->history);
}

static void print_head(const options *chosen)
{
    if (chosen->json)
        return;
    if (chosen->seed != 0) {
        printf("%-18s %12s %8s %12s %8s %12s  %s\n", "simulated", "seed", "workers", "count", "actors", "check",
               "history");
        return;
    }
    printf("workers: %" PRIu32 "; floor: this machine's hop by hand, measured between the runs; x floor: ratio to it\n",
           chosen->workers);
    printf("%-18s %12s %12s %12s  %-13s %8s %8s\n", "name", "median", "min", "max", "unit", "floor ns", "x floor");
}

static void print_series(const bench_workload *workload, const options *chosen, series *seen)
{
    double floor_ns;

    if (chosen->seed != 0) {
        print_simulated(workload, chosen, seen);
        return;
    }
    bench_sort(seen->floor_ns, seen->repeats);
    floor_ns = bench_percentile(seen->floor_ns, seen->repeats, 0.5);
    for (int i = 0; i < BENCH_FIGURES_MAX && workload->figure[i].name != NULL; i++) {
        bench_sort(seen->value[i], seen->repeats);
        if (chosen->json)
            print_json(&workload->figure[i], chosen, seen, seen->value[i], floor_ns);
        else
            print_row(&workload->figure[i], seen, seen->value[i], floor_ns);
    }
    (void)fflush(stdout);
}

/* --- running ------------------------------------------------------------------------------------------------------ */

static double floor_now(uint64_t hops)
{
    double best = bench_floor_ns(hops);

    for (int i = 1; i < FLOOR_TRIES; i++) {
        double each = bench_floor_ns(hops);

        if (each < best)
            best = each;
    }
    return best;
}

static void choose_sizes(const bench_workload *workload, const options *chosen, series *seen)
{
    seen->repeats = workload->repeats != 0 ? workload->repeats : REPEATS;
    if (chosen->repeats != 0)
        seen->repeats = chosen->repeats;
    else if (chosen->small)
        seen->repeats = 1;
    seen->count = chosen->small ? workload->small : workload->count;
    if (chosen->count != 0 && workload->count != 0)
        seen->count = chosen->count;
    seen->actors = chosen->small ? workload->small_actors : workload->actors;
    if (chosen->actors != 0 && workload->actors != 0)
        seen->actors = chosen->actors;
}

static void run_real(const bench_workload *workload, bench_run *run, bool small, double *out_floor_ns)
{
    *out_floor_ns = floor_now(small ? SMALL_FLOOR_HOPS : FLOOR_HOPS);
    workload->run(run);
}

/* A run that failed leaves its system behind, and the world that it lives in. */
static void run_simulated(const bench_workload *workload, bench_run *run, uint64_t seed, uint64_t *out_history)
{
    if (!bench_status(run, "simulated world", airt_sim_create(&(airt_sim_options){ .seed = seed }, &run->world)))
        return;
    workload->run(run);
    *out_history = airt_sim_hash(run->world);
    if (run->found.failure[0] == '\0')
        airt_world_destroy(&run->world);
}

static bool run_once(const bench_workload *workload, const options *chosen, series *seen, uint32_t repeat)
{
    bench_run run = { .workers = chosen->workers,
                      .count = seen->count,
                      .actors = seen->actors,
                      .all_options = chosen->all_options,
                      .trace = chosen->all_options ? TRACE : 0 };
    uint64_t  before = seen->history;

    if (chosen->seed == 0)
        run_real(workload, &run, chosen->small, &seen->floor_ns[repeat]);
    else
        run_simulated(workload, &run, chosen->seed, &seen->history);
    if (repeat > 0 && seen->history != before)
        (void)bench_fail(&run, "one seed, two histories");
    if (run.found.failure[0] != '\0') {
        (void)fprintf(stderr, "airt-bench: %s: %s\n", workload->name, run.found.failure);
        return false;
    }
    for (int i = 0; i < BENCH_FIGURES_MAX; i++)
        seen->value[i][repeat] = run.found.value[i];
    seen->check = run.found.check;
    return true;
}

static bool run_workload(const bench_workload *workload, const options *chosen)
{
    static series seen; /* large, and one at a time */

    memset(&seen, 0, sizeof seen);
    choose_sizes(workload, chosen, &seen);
    for (uint32_t i = 0; i < seen.repeats; i++)
        if (!run_once(workload, chosen, &seen, i))
            return false;
    print_series(workload, chosen, &seen);
    return true;
}

/* --- arguments ---------------------------------------------------------------------------------------------------- */

/* A text of several lines, the later ones indented. */
static void print_indented(const char *text)
{
    for (; *text != '\0'; text++) {
        (void)putchar(*text);
        if (*text == '\n')
            printf("%14s", "");
    }
    (void)putchar('\n');
}

static void print_defaults(const bench_workload *workload)
{
    printf("%14sdefaults:", "");
    if (workload->count != 0)
        printf(" --count %" PRIu64, workload->count);
    if (workload->actors != 0)
        printf(" --actors %" PRIu32, workload->actors);
    printf(" --repeats %" PRIu32 "\n", workload->repeats != 0 ? workload->repeats : REPEATS);
}

static void print_figures(const bench_figure *figure)
{
    printf("%14sgives", "");
    for (int i = 0; i < BENCH_FIGURES_MAX && figure[i].name != NULL; i++)
        printf("%s %s (%s)", i > 0 ? "," : "", figure[i].name, figure[i].unit);
    printf("\n");
}

static void print_help(void)
{
    printf("usage: airt-bench NAME... | basics | savina | all [options]\n\n"
           "  --workers N   worker threads (1)\n"
           "  --repeats R   runs of each; the median is printed (%d; memory, burst and fairness 3, idle 1)\n"
           "  --count N     how much one run does\n"
           "  --actors N    how many actors take part\n"
           "  --options O   all: recorder, trace ids, flight recorder, contained faults, bound on memory; none (none)\n"
           "  --small       sizes that only show that it works\n"
           "  --simulated S in the simulated world of seed S: checked in the same way, but not timed\n"
           "  --json        a JSON object a line instead of a table\n"
           "  --help        this\n\n",
           REPEATS);
    for (int i = 0; i < ROWS; i++) {
        printf("%-12s  ", rows[i].workload->name);
        print_indented(rows[i].workload->what);
        print_defaults(rows[i].workload);
        print_figures(rows[i].workload->figure);
    }
}

static void __attribute__((noreturn)) usage_error(const char *what, const char *which)
{
    (void)fprintf(stderr, "airt-bench: %s: %s (--help lists the workloads)\n", what, which);
    exit(USAGE);
}

static uint64_t parse_number(const char *name, const char *text, uint64_t max)
{
    char              *end = NULL;
    unsigned long long number;

    errno = 0;
    number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number == 0 || number > max) {
        (void)fprintf(stderr, "airt-bench: --%s: %s is not a number from 1 to %" PRIu64 "\n", name, text, max);
        exit(USAGE);
    }
    return number;
}

static bool parse_options_on(const char *text)
{
    bool all = strcmp(text, "all") == 0;

    if (!all && strcmp(text, "none") != 0)
        usage_error("--options is all or none", text);
    return all;
}

static void parse_option(options *chosen, int option, const char *argument)
{
    switch (option) {
    case 'w':
        chosen->workers = (uint32_t)parse_number("workers", argument, 1024);
        return;
    case 'r':
        chosen->repeats = (uint32_t)parse_number("repeats", argument, REPEATS_MAX);
        return;
    case 'c':
        chosen->count = parse_number("count", argument, UINT32_MAX);
        return;
    case 'a':
        chosen->actors = (uint32_t)parse_number("actors", argument, AIRT_ACTORS_LIMIT);
        return;
    case 'o':
        chosen->all_options = parse_options_on(argument);
        return;
    case 'S':
        chosen->seed = parse_number("simulated", argument, UINT64_MAX);
        return;
    case 'j':
        chosen->json = true;
        return;
    case 's':
        chosen->small = true;
        return;
    default:
        print_help();
        exit(0);
    }
}

static options parse(int argc, char **argv)
{
    static const struct option known[] = {
        { "workers", required_argument, NULL, 'w' },   { "repeats", required_argument, NULL, 'r' },
        { "count", required_argument, NULL, 'c' },     { "actors", required_argument, NULL, 'a' },
        { "options", required_argument, NULL, 'o' },   { "json", no_argument, NULL, 'j' },
        { "small", no_argument, NULL, 's' },           { "help", no_argument, NULL, 'h' },
        { "simulated", required_argument, NULL, 'S' }, { NULL, 0, NULL, 0 },
    };
    options chosen = { .workers = 1 };
    int     option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (option == ':')
            usage_error("needs a value", argv[optind - 1]);
        if (option == '?')
            usage_error("unknown option", argv[optind - 1]);
        parse_option(&chosen, option, optarg);
    }
    if (optind == argc)
        usage_error("which workload?", "none given");
    return chosen;
}

static bool is_meant(const row *one, const char *name)
{
    return strcmp(name, "all") == 0 || strcmp(name, one->group) == 0 || strcmp(name, one->workload->name) == 0;
}

static bool is_chosen(const row *one, int count, char **names)
{
    for (int i = 0; i < count; i++)
        if (is_meant(one, names[i]))
            return true;
    return false;
}

static void check_names(int count, char **names)
{
    for (int i = 0; i < count; i++) {
        int at = 0;

        while (at < ROWS && !is_meant(&rows[at], names[i]))
            at++;
        if (at == ROWS)
            usage_error("unknown workload", names[i]);
    }
}

static void check_world(const row *one, const options *chosen)
{
    if (chosen->seed != 0 && one->workload->real_only != NULL) {
        (void)fprintf(stderr, "airt-bench: %s: not in the simulated world: %s\n", one->workload->name,
                      one->workload->real_only);
        exit(USAGE);
    }
}

int main(int argc, char **argv)
{
    options chosen = parse(argc, argv);
    int     count = argc - optind;

    check_names(count, argv + optind);
    for (int i = 0; i < ROWS; i++)
        if (is_chosen(&rows[i], count, argv + optind))
            check_world(&rows[i], &chosen);
    print_head(&chosen);
    for (int i = 0; i < ROWS; i++)
        if (is_chosen(&rows[i], count, argv + optind) && !run_workload(rows[i].workload, &chosen))
            return 1;
    return 0;
}
