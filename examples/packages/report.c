/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The report's life, and the figures derived from it. */
#include "report.h"

#include "poison.h"

#include <stdio.h>
#include <stdlib.h>

struct report *report_create(void)
{
    return calloc(1, sizeof(struct report));
}

void report_destroy(struct report **report)
{
    struct report *old = *report;

    *report = NULL;
    if (old == NULL)
        return;
    for (size_t i = 0; i < old->section_count; i++)
        free(old->sections[i].name);
    for (size_t i = 0; i < old->top_count; i++)
        free(old->top[i].name);
    free(old->sections);
    free(old->chain);
    free(old->cycles);
    notes_destroy(&old->notes);
    free(old);
}

void notes_destroy(struct notes **notes)
{
    struct notes *old = *notes;

    *notes = NULL;
    if (old == NULL)
        return;
    for (size_t i = 0; i < old->count; i++) {
        free(old->list[i].path);
        free(old->list[i].what);
    }
    free(old->list);
    free(old);
}

/* The drop functions of the LOCAL kinds: called when a message ends that nobody took. */
void census_reported_drop(struct census_reported *body)
{
    report_destroy(&body->report);
}

void journal_notes_drop(struct journal_notes *body)
{
    notes_destroy(&body->notes);
}

static uint64_t letters(const airt_system_stats *stats, bool accepted)
{
    uint64_t count = 0;

#define COUNT_LETTER(name, text, was_accepted)                                                                         \
    if (was_accepted || !accepted)                                                                                     \
        count += stats->dead[name];
    AIRT_DEAD_LETTER_TABLE(COUNT_LETTER)
#undef COUNT_LETTER
    return count;
}

uint64_t report_dead_letters(const airt_system_stats *stats)
{
    return letters(stats, false);
}

bool report_account_holds(const airt_system_stats *stats)
{
    return stats->accepted == stats->handled + letters(stats, true) + stats->in_work + stats->queued;
}

bool report_poison_contained(const struct report *report)
{
    for (uint32_t i = 0; i < report->poison; i++)
        if (!atomic_load(&poison_list[i].seen))
            return false;
    return report->stats.dead[AIRT_LETTER_FAULT] == report->poison;
}

void report_print_poison(const struct report *report)
{
    (void)printf("\npoison: %u records, %s\n", report->poison,
                 report_poison_contained(report) ? "each ended its parser and nothing else" : "NOT CONTAINED");
    for (uint32_t i = 0; i < report->poison; i++) {
        char text[2048] = "never met\n";

        if (atomic_load(&poison_list[i].seen))
            (void)airt_fault_print(&poison_list[i].fault, text, sizeof text);
        (void)printf("\n%u, %s: %s", i + 1, poison_text(i), text);
    }
    (void)printf("\nthe tree, as it ran:\n%s", report->tree);
}

uint64_t report_messages_per_second(const struct report *report)
{
    double seconds = (double)report->elapsed_ns / 1e9;

    return seconds > 0 ? (uint64_t)((double)report->stats.handled / seconds) : 0;
}

void report_print_notes(const struct notes *notes)
{
    for (size_t i = 0; i < notes->count; i++) {
        const struct note *note = &notes->list[i];

        if (note->at.record == 0)
            (void)fprintf(stderr, "packages: %s: %s\n", note->path, note->what);
        else
            (void)fprintf(stderr, "packages: %s: record %u, line %llu: %s\n", note->path, note->at.record,
                          (unsigned long long)note->at.line, note->what);
    }
    if (notes->total > notes->count)
        (void)fprintf(stderr, "packages: and %llu more errors\n", (unsigned long long)(notes->total - notes->count));
}
