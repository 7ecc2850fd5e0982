/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The report for people: tables with bars as wide as the terminal allows. */
#include "report.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>

#define NAME_WIDTH_MAX 32
#define COLUMNS_MIN 40u
#define CYCLES_MAX 20u /* lines of cycles; JSON has them all */

/* "1.2 GiB" in a buffer of the caller's. */
static const char *size_text(uint64_t kilobytes, char *buffer, size_t capacity)
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
    double                   size = (double)kilobytes;
    size_t                   unit = 0;

    while (size >= 1024 && unit < sizeof units / sizeof units[0] - 1) {
        size /= 1024;
        unit++;
    }
    (void)snprintf(buffer, capacity, "%.*f %s", unit == 0 ? 0 : 1, size, units[unit]);
    return buffer;
}
#define SIZE_TEXT(kilobytes) size_text((kilobytes), (char[32]){ 0 }, 32)

static void print_bar(uint64_t value, uint64_t max, unsigned width)
{
    unsigned length = max == 0 ? 0 : (unsigned)((double)value / (double)max * width + 0.5);

    if (length == 0 && value > 0)
        length = 1;
    for (unsigned i = 0; i < length; i++)
        (void)putchar('#');
    (void)putchar('\n');
}

static int wider(int width, const char *name)
{
    int length = (int)strlen(name);

    length = length < NAME_WIDTH_MAX ? length : NAME_WIDTH_MAX;
    return width > length ? width : length;
}

static unsigned bar_width(unsigned columns, int used)
{
    return columns > (unsigned)used + 5 ? columns - (unsigned)used : 5;
}

static const char *section_name(const struct report_section *section)
{
    return section->name[0] != '\0' ? section->name : "(none)";
}

static void print_sections(const struct report *report, unsigned columns)
{
    int      width = 0;
    uint64_t max = report->section_count > 0 ? report->sections[0].kilobytes : 0;

    (void)printf("\nInstalled size by section\n");
    for (size_t i = 0; i < report->section_count; i++)
        width = wider(width, section_name(&report->sections[i]));
    for (size_t i = 0; i < report->section_count; i++) {
        const struct report_section *section = &report->sections[i];

        (void)printf("  %-*s %6" PRIu64 " %10s  ", width, section_name(section), section->packages,
                     SIZE_TEXT(section->kilobytes));
        print_bar(section->kilobytes, max, bar_width(columns, width + 22));
    }
}

static void print_top(const struct report *report, unsigned columns)
{
    int      width = 4;
    uint64_t max = 0;

    for (size_t i = 0; i < report->top_count; i++) {
        width = wider(width, report->top[i].name);
        max = report->top[i].closure > max ? report->top[i].closure : max;
    }
    (void)printf("\nMost needed %*s\n", width + 12, "directly  in all");
    for (size_t i = 0; i < report->top_count; i++) {
        const struct report_top *top = &report->top[i];

        (void)printf("  %2zu %-*s %8" PRIu32 " %7" PRIu32 "  ", i + 1, width, top->name, top->dependents, top->closure);
        print_bar(top->closure, max, bar_width(columns, width + 24));
    }
}

static size_t count_lines(const char *lines)
{
    airt_str rest = text_of(lines), line;
    size_t   count = 0;

    while (text_cut(&rest, '\n', &line))
        count++;
    return count;
}

/* A large cycle is cut at the terminal's edge; JSON has all of it. */
static void print_lines(const char *lines, const char *before, size_t max, unsigned columns)
{
    size_t   width = columns - 2 - strlen(before);
    airt_str rest = text_of(lines), line;

    for (size_t i = 0; i < max && text_cut(&rest, '\n', &line); i++) {
        bool cut = line.size > width;

        (void)printf("  %s%.*s%s\n", i > 0 ? before : "", (int)(cut ? width - 3 : line.size), line.at,
                     cut ? "..." : "");
    }
}

static void print_chains(const struct report *report, unsigned columns)
{
    size_t cycles = count_lines(report->cycles);

    (void)printf("\nLongest chain of dependencies: %zu (a cycle counts as one)\n", count_lines(report->chain));
    print_lines(report->chain, "-> ", SIZE_MAX, columns);
    (void)printf("\nCycles of dependencies: %zu\n", cycles);
    print_lines(report->cycles, "", CYCLES_MAX, columns);
    if (cycles > CYCLES_MAX)
        (void)printf("  and %zu more\n", cycles - CYCLES_MAX);
}

static void print_runtime(const struct report *report)
{
    const airt_system_stats *stats = &report->stats;

    (void)printf("\nThe runtime's account\n");
    (void)printf("  %" PRIu64 " actors, %" PRIu32 " workers, %" PRIu64 " messages in %.3f s: %" PRIu64 " a second\n",
                 stats->spawned, stats->workers, stats->handled, (double)report->elapsed_ns / 1e9,
                 report_messages_per_second(report));
    (void)printf("  %" PRIu64 " turns, %" PRIu64 " steals, %" PRIu64 " awaits, %" PRIu64 " dead letters\n",
                 stats->turns, stats->steals, stats->awaits, report_dead_letters(stats));
    (void)printf("  accepted %" PRIu64 " = handled %" PRIu64 " + in work %" PRIu64 " + queued %" PRIu64
                 " + dead letters: %s\n",
                 stats->accepted, stats->handled, stats->in_work, stats->queued,
                 report_account_holds(stats) ? "holds" : "DOES NOT HOLD");
}

bool report_print_table(const struct report *report, unsigned columns)
{
    columns = columns < COLUMNS_MIN ? COLUMNS_MIN : columns;
    (void)printf("%" PRIu64 " packages installed (Status: install ok installed), %s\n", report->packages,
                 SIZE_TEXT(report->kilobytes));
    (void)printf("%" PRIu64 " records read: %" PRIu64 " not installed, %" PRIu64 " duplicates, %" PRIu64
                 " malformed; %" PRIu64 " unmet dependencies\n",
                 report->read.records, report->read.parsed.others, report->duplicates, report->read.parsed.malformed,
                 report->unmet);
    print_sections(report, columns);
    print_top(report, columns);
    print_chains(report, columns);
    print_runtime(report);
    return fflush(stdout) == 0 && ferror(stdout) == 0;
}
