/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A post-mortem as text for people. docs/postmortem.md shows one and says what it means. */
#include "cli/cmd.h"

#include <airt/behavior.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    TEXT = 96
};

/* --- words -------------------------------------------------------------------------------------------------------- */

/* As airt_body_print shows a ref: slot and generation. */
static const char *ref_text(char *room, uint64_t ref)
{
    if (ref == 0)
        return strcpy(room, "nobody");
    (void)snprintf(room, TEXT, "<%" PRIu64 ".%" PRIu64 ">", ref & ((UINT64_C(1) << 28) - 1), ref >> 28);
    return room;
}

static const char *span_text(char *room, int64_t ns)
{
    (void)snprintf(room, TEXT, "%" PRId64 ".%06" PRId64 " s", ns / 1000000000, ns / 1000 % 1000000);
    return room;
}

static const char *worker_text(char *room, uint32_t worker)
{
    if (worker == FLIGHT_OUTSIDE)
        return strcpy(room, "outside");
    (void)snprintf(room, TEXT, "worker %" PRIu32, worker);
    return room;
}

static const char *wall_text(char *room, int64_t wall_ns)
{
    time_t    seconds = (time_t)(wall_ns / 1000000000);
    struct tm parts;
    size_t    size = wall_ns > 0 && gmtime_r(&seconds, &parts) != NULL ? strftime(room, TEXT, "%F %T UTC", &parts) : 0;

    return size != 0 ? room : strcpy(room, "at a time unknown");
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

/* --- the system --------------------------------------------------------------------------------------------------- */

static const char *ending(const postmortem *pm)
{
    if (pm->flight->header.state == AIRI_FLIGHT_STOPPED)
        return "It stopped cleanly.";
    if (pm->alive)
        return "It is still running: this is a glance.";
    if (pm->flight->header.state == AIRI_FLIGHT_MAKING)
        return "It was not created: airt_system_create failed, or the process ended meanwhile.";
    return "It did not stop cleanly: the process was killed, crashed, or ended without airt_system_stop.";
}

static void print_system(const postmortem *pm)
{
    const airi_flight_header *h = &pm->flight->header;
    char                      room[TEXT];

    printf("%s: airt %u.%u.%u, process %" PRIu32 ", %" PRIu32 " worker%s, started %s%s\n", pm->path, h->library / 10000,
           h->library / 100 % 100, h->library % 100, h->pid, h->workers, plural(h->workers),
           wall_text(room, h->started_wall_ns), h->driven ? ", in a simulated world" : "");
    printf("%s\n", ending(pm));
    printf("Last sign of life %s after the start.", span_text(room, pm->flight->last_ns));
    printf(" Times are seconds since the start.\n");
    if (h->names_lost != 0)
        printf("More than %" PRIu32 " names: some behaviours and messages are unknown.\n", h->names_max - 1);
}

/* --- workers ------------------------------------------------------------------------------------------------------ */

static void print_handler(const postmortem *pm, const flight_event *current)
{
    char at[TEXT], lasted[TEXT], actor[TEXT], supervisor[TEXT];

    printf("in a handler for at least %s, since %s\n", span_text(lasted, pm->flight->last_ns - current->ns),
           span_text(at, current->ns));
    printf("    actor %s, behaviour %s, ", ref_text(actor, current->who),
           flight_name_of(pm->flight, current->behavior).text);
    printf("message %s, supervisor %s\n", flight_name_of(pm->flight, current->kind).text,
           ref_text(supervisor, current->other));
}

static void print_doing(const postmortem *pm, const flight_worker *w)
{
    char at[TEXT];

    switch (w->doing) {
    case FLIGHT_DOING_HANDLER:
        print_handler(pm, &w->current);
        break;
    case FLIGHT_DOING_PARKED:
        printf("parked, nothing to do since %s\n", span_text(at, w->current.ns));
        break;
    case FLIGHT_DOING_BETWEEN:
        printf("between two handlers at %s\n", span_text(at, w->current.ns));
        break;
    case FLIGHT_DOING_NOTHING:
        printf("no event yet\n");
        break;
    }
}

static void print_workers(const postmortem *pm)
{
    flight_worker w;
    char          name[TEXT];

    printf("\n");
    for (uint32_t ring = 1; ring < pm->flight->header.rings; ring++) {
        if (!flight_worker_at(pm->flight, ring, &w) || (pm->one && pm->worker != w.worker))
            continue;
        printf("%s (%s): ", worker_text(name, w.worker), flight_class_text(w.class));
        print_doing(pm, &w);
    }
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static const char *outcome_text(unsigned outcome)
{
    if (outcome == AIRI_FLIGHT_IN_WORK)
        return "in work";
    return outcome == AIRI_FLIGHT_AWAITS ? "awaits" : airt_status_text((airt_status)outcome);
}

static void print_detail(const flight_record *flight, const flight_event *e)
{
    char     who[TEXT];
    unsigned high = e->detail >> 8, low = e->detail & 0xff;

    switch (e->type) {
    case AIRI_FLIGHT_MESSAGE:
    case AIRI_FLIGHT_RESUME:
        printf(" %s: %s", flight_name_of(flight, e->kind).text, outcome_text(e->outcome));
        break;
    case AIRI_FLIGHT_SPAWN:
        printf(" by %s", e->other != 0 ? ref_text(who, e->other) : "outside");
        break;
    case AIRI_FLIGHT_STATE:
        printf(" %s, was %s", flight_state_text(low), flight_state_text(high));
        break;
    case AIRI_FLIGHT_FAILED:
        printf(" %s", airt_status_text((airt_status)e->detail));
        break;
    case AIRI_FLIGHT_RESTART:
        printf(" incarnation %u", e->detail);
        break;
    case AIRI_FLIGHT_END:
        printf(" %s%s%s", airt_exit_text((airt_exit)high), low != AIRT_OK ? ", " : "",
               low != AIRT_OK ? airt_status_text((airt_status)low) : "");
        break;
    case AIRI_FLIGHT_FAULT:
        printf(" signal %u", e->detail);
        break;
    default:
        break;
    }
}

static void print_event(const flight_record *flight, const flight_event *e)
{
    char worker[TEXT], actor[TEXT], at[TEXT];

    printf("%14s  %-10s %-9s", span_text(at, e->ns), worker_text(worker, e->worker), flight_type_text(e->type));
    if (e->who != 0)
        printf(" %s %s", ref_text(actor, e->who), flight_name_of(flight, e->behavior).text);
    print_detail(flight, e);
    printf("\n");
}

void postmortem_text(const postmortem *pm)
{
    char last[TEXT];

    print_system(pm);
    print_workers(pm);
    printf("\n%zu event%s", pm->count, plural(pm->count));
    if (pm->last_ns != INT64_MAX)
        printf(" of the last %s", span_text(last, pm->last_ns));
    printf(":\n");
    for (size_t i = 0; i < pm->count; i++)
        print_event(pm->flight, &pm->events[i]);
}
