/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A post-mortem as one JSON object. docs/postmortem.md names every field; fields are added, never changed. A ref is a
 * string, since many readers hold numbers in doubles. */
#include "cli/cmd.h"

#include <airt/behavior.h>
#include <inttypes.h>
#include <stdio.h>

/* Names are printable ASCII already; a path is any bytes, and what is no ASCII stands as the character of its number. */
static void print_string(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < ' ' || c > '~')
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void field_text(const char *name, const char *text)
{
    printf(",\"%s\":", name);
    print_string(text);
}

static void field_number(const char *name, int64_t number)
{
    printf(",\"%s\":%" PRId64, name, number);
}

static void field_flag(const char *name, bool flag)
{
    printf(",\"%s\":%s", name, flag ? "true" : "false");
}

static void field_ref(const char *name, uint64_t ref)
{
    if (ref == 0)
        printf(",\"%s\":null", name);
    else
        printf(",\"%s\":\"<%" PRIu64 ".%" PRIu64 ">\"", name, ref & ((UINT64_C(1) << 28) - 1), ref >> 28);
}

static void field_name(const flight_record *flight, const char *field, uint16_t name)
{
    flight_name text = flight_name_of(flight, name);

    field_text(field, text.text);
}

/* The first field of an object. */
static void open_worker(uint32_t worker)
{
    if (worker == FLIGHT_OUTSIDE)
        printf("{\"worker\":null");
    else
        printf("{\"worker\":%" PRIu32, worker);
}

/* --- the system --------------------------------------------------------------------------------------------------- */

static void print_system(const postmortem *pm)
{
    static const char *const  states[] = { "making", "running", "stopped" };
    const airi_flight_header *h = &pm->flight->header;
    char                      version[32];

    (void)snprintf(version, sizeof version, "%u.%u.%u", h->library / 10000, h->library / 100 % 100, h->library % 100);
    printf("{\"format\":%" PRIu32, h->format);
    field_text("file", pm->path);
    field_text("library", version);
    field_number("pid", h->pid);
    field_text("state", states[h->state]);
    field_flag("clean", h->state == AIRI_FLIGHT_STOPPED);
    field_flag("alive", pm->alive);
    field_flag("simulated", h->driven != 0);
    field_number("started_wall_ns", h->started_wall_ns);
    field_number("last_ns", pm->flight->last_ns);
    field_number("workers_pooled", h->workers);
    field_number("ring_events", h->places - 1);
    field_flag("names_lost", h->names_lost != 0);
}

/* --- workers ------------------------------------------------------------------------------------------------------ */

static void print_worker(const postmortem *pm, const flight_worker *w)
{
    static const char *const doing[] = { "nothing", "handler", "between", "parked" };

    open_worker(w->worker);
    field_text("class", flight_class_text(w->class));
    field_text("doing", doing[w->doing]);
    field_number("since_ns", w->current.ns);
    printf(",\"written\":%" PRIu64, w->written);
    if (w->doing == FLIGHT_DOING_HANDLER) {
        field_number("for_ns", pm->flight->last_ns - w->current.ns);
        field_ref("actor", w->current.who);
        field_name(pm->flight, "behavior", w->current.behavior);
        field_name(pm->flight, "message", w->current.kind);
        field_ref("supervisor", w->current.other);
    }
    printf("}");
}

static void print_workers(const postmortem *pm)
{
    const char   *between = "";
    flight_worker w;

    printf(",\n\"workers\":[");
    for (uint32_t ring = 1; ring < pm->flight->header.rings; ring++) {
        if (!flight_worker_at(pm->flight, ring, &w) || (pm->one && pm->worker != w.worker))
            continue;
        printf("%s\n", between);
        print_worker(pm, &w);
        between = ",";
    }
    printf("]");
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static void print_outcome(unsigned outcome)
{
    if (outcome == AIRI_FLIGHT_IN_WORK || outcome == AIRI_FLIGHT_AWAITS)
        field_text("outcome", outcome == AIRI_FLIGHT_IN_WORK ? "in work" : "awaits");
    else
        field_text("outcome", airt_status_name((airt_status)outcome));
}

static void print_detail(const flight_record *flight, const flight_event *e)
{
    unsigned high = e->detail >> 8, low = e->detail & 0xff;

    switch (e->type) {
    case AIRI_FLIGHT_MESSAGE:
    case AIRI_FLIGHT_RESUME:
        field_name(flight, "message", e->kind);
        print_outcome(e->outcome);
        field_ref("supervisor", e->other);
        break;
    case AIRI_FLIGHT_SPAWN:
        field_ref("by", e->other);
        break;
    case AIRI_FLIGHT_STATE:
        field_text("from", flight_state_text(high));
        field_text("to", flight_state_text(low));
        break;
    case AIRI_FLIGHT_FAILED:
        field_text("status", airt_status_name((airt_status)e->detail));
        field_ref("supervisor", e->other);
        break;
    case AIRI_FLIGHT_RESTART:
        field_number("incarnation", e->detail);
        field_ref("supervisor", e->other);
        break;
    case AIRI_FLIGHT_END:
        field_text("exit", airt_exit_text((airt_exit)high));
        field_text("status", airt_status_name((airt_status)low));
        field_ref("origin", e->other);
        break;
    case AIRI_FLIGHT_FAULT:
        field_number("signal", e->detail);
        break;
    default:
        break;
    }
}

static void print_event(const flight_record *flight, const flight_event *e)
{
    open_worker(e->worker);
    field_number("ns", e->ns);
    field_text("type", flight_type_text(e->type));
    if (e->who != 0) {
        field_ref("actor", e->who);
        field_name(flight, "behavior", e->behavior);
    }
    print_detail(flight, e);
    printf("}");
}

void postmortem_json(const postmortem *pm)
{
    print_system(pm);
    print_workers(pm);
    printf(",\n\"events\":[");
    for (size_t i = 0; i < pm->count; i++) {
        printf("%s\n", i == 0 ? "" : ",");
        print_event(pm->flight, &pm->events[i]);
    }
    printf("]}\n");
}
