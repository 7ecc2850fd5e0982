/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The report as one JSON object, a line for each part of it. */
#include "poison.h"
#include "report.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>

/* The length of the valid UTF-8 sequence at text, 0 if it is none. */
static size_t utf8_length(const unsigned char *text)
{
    size_t   length = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint32_t code = length == 1 ? text[0] : text[0] & (0x7fu >> length);

    if (text[0] >= 0xf8 || (text[0] >= 0x80 && text[0] < 0xc0))
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    return code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : length;
}

/* Bytes that are no UTF-8, in a path for instance, become U+FFFD. */
static void print_string(const char *string)
{
    const unsigned char *text = (const unsigned char *)string;

    (void)putchar('"');
    while (*text != '\0') {
        size_t length = utf8_length(text);

        if (length == 0)
            (void)printf("\\ufffd");
        else if (*text == '"' || *text == '\\')
            (void)printf("\\%c", *text);
        else if (*text < ' ')
            (void)printf("\\u%04x", *text);
        else
            (void)fwrite(text, 1, length, stdout);
        text += length == 0 ? 1 : length;
    }
    (void)putchar('"');
}

static void print_text(airt_str text)
{
    (void)printf("\"%.*s\"", (int)text.size, text.at);
}

static void print_sections(const struct report *report)
{
    (void)printf(" \"sections\": [");
    for (size_t i = 0; i < report->section_count; i++) {
        (void)printf("%s\n  {\"name\": ", i > 0 ? "," : "");
        print_string(report->sections[i].name);
        (void)printf(", \"packages\": %" PRIu64 ", \"kilobytes\": %" PRIu64 "}", report->sections[i].packages,
                     report->sections[i].kilobytes);
    }
    (void)printf("],\n");
}

static void print_top(const struct report *report)
{
    (void)printf(" \"top\": [");
    for (size_t i = 0; i < report->top_count; i++) {
        (void)printf("%s\n  {\"name\": ", i > 0 ? "," : "");
        print_string(report->top[i].name);
        (void)printf(", \"dependents\": %" PRIu32 ", \"closure\": %" PRIu32 "}", report->top[i].dependents,
                     report->top[i].closure);
    }
    (void)printf("],\n");
}

/* Components, each a list of names. */
static void print_components(const char *name, const char *lines)
{
    airt_str rest = text_of(lines), line, member;
    bool     first_line = true;

    (void)printf(" \"%s\": [", name);
    while (text_cut(&rest, '\n', &line)) {
        bool first = true;

        (void)printf("%s\n  [", first_line ? "" : ",");
        first_line = false;
        while (text_cut(&line, ' ', &member)) {
            (void)printf("%s", first ? "" : ", ");
            first = false;
            print_text(member);
        }
        (void)printf("]");
    }
    (void)printf("],\n");
}

static void print_notes(const struct notes *notes)
{
    (void)printf(" \"errors_total\": %" PRIu64 ",\n \"errors\": [", notes->total);
    for (size_t i = 0; i < notes->count; i++) {
        const struct note *note = &notes->list[i];

        (void)printf("%s\n  {\"file\": ", i > 0 ? "," : "");
        print_string(note->path);
        (void)printf(", \"record\": %" PRIu32 ", \"line\": %" PRIu64 ", \"what\": ", note->at.record, note->at.line);
        print_string(note->what);
        (void)printf("}");
    }
    (void)printf("],\n");
}

static void print_runtime(const struct report *report)
{
    const airt_system_stats *stats = &report->stats;

    (void)printf(" \"runtime\": {\"workers\": %" PRIu32 ", \"actors\": %" PRIu64 ", \"messages\": %" PRIu64
                 ", \"seconds\": %.6f, \"messages_per_second\": %" PRIu64 ",\n",
                 stats->workers, stats->spawned, stats->handled, (double)report->elapsed_ns / 1e9,
                 report_messages_per_second(report));
    (void)printf("  \"turns\": %" PRIu64 ", \"steals\": %" PRIu64 ", \"awaits\": %" PRIu64 ", \"switches\": %" PRIu64
                 ", \"stacks_max\": %" PRIu64 ", \"bytes\": %" PRIu64 ",\n",
                 stats->turns, stats->steals, stats->awaits, stats->switches, stats->stacks_max, stats->bytes);
    (void)printf("  \"accepted\": %" PRIu64 ", \"in_work\": %" PRIu64 ", \"queued\": %" PRIu64
                 ", \"dead_letters\": %" PRIu64 ", \"account_holds\": %s}\n",
                 stats->accepted, stats->in_work, stats->queued, report_dead_letters(stats),
                 report_account_holds(stats) ? "true" : "false");
}

static void print_fault(uint32_t number)
{
    const struct poison *poison = &poison_list[number];
    char                 text[2048] = "";

    (void)printf("%s\n  {\"record\": %" PRIu32 ", \"kind\": \"%s\"", number > 0 ? "," : "", number + 1,
                 poison_text(number));
    if (atomic_load(&poison_list[number].seen)) {
        (void)airt_fault_print(&poison->fault, text, sizeof text);
        (void)printf(", \"signal\": %" PRId32 ", \"pc\": \"%#" PRIx64 "\", \"frames\": [", poison->fault.signal,
                     poison->fault.pc);
        for (uint32_t i = 0; i < poison->fault.frames; i++)
            (void)printf("%s\"%#" PRIx64 "\"", i > 0 ? ", " : "", poison->fault.frame[i]);
        (void)printf("], \"text\": ");
        print_string(text);
    }
    (void)printf("}");
}

static void print_faults(const struct report *report)
{
    (void)printf(" \"poison_contained\": %s,\n \"poison\": [", report_poison_contained(report) ? "true" : "false");
    for (uint32_t i = 0; i < report->poison; i++)
        print_fault(i);
    (void)printf("],\n \"tree\": ");
    print_string(report->tree);
    (void)printf(",\n");
}

bool report_print_json(const struct report *report)
{
    (void)printf("{\"packages\": %" PRIu64 ",\n \"names\": %" PRIu64 ",\n \"kilobytes\": %" PRIu64 ",\n",
                 report->packages, report->names, report->kilobytes);
    (void)printf(" \"records\": %" PRIu64 ",\n \"not_installed\": %" PRIu64 ",\n \"duplicates\": %" PRIu64 ",\n",
                 report->read.records, report->read.parsed.others, report->duplicates);
    (void)printf(" \"unmet\": %" PRIu64 ",\n", report->unmet);
    print_sections(report);
    print_top(report);
    print_components("chain", report->chain);
    print_components("cycles", report->cycles);
    print_notes(report->notes);
    print_faults(report);
    print_runtime(report);
    (void)printf("}\n");
    return fflush(stdout) == 0 && ferror(stdout) == 0;
}
