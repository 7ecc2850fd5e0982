/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* airt postmortem FILE: reads its options and the file, chooses the events that are wanted, has them printed. */
#include "cli/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: airt postmortem [OPTION...] FILE\n\n"
    "Shows what a system did last. FILE is what airt_system_options.flight_path named; its process may have been\n"
    "killed, have stopped, or still run.\n\n"
    "  --last DURATION  events of the last 500us, 20ms, 3s, 2m or 1h before the last one; `all`: all that is there.\n"
    "                   Without it: 1s; with --events: all\n"
    "  --events N       at most the last N events\n"
    "  --worker N       of worker N only; `outside`: of the threads that are no workers\n"
    "  --json           one JSON object (docs/postmortem.md) instead of text\n"
    "  --help           this\n\n"
    "Exit status: 0 shown, 1 the file cannot be read or is no such file, 2 called wrongly.\n";

typedef struct options {
    const char *path;
    int64_t     last_ns;
    bool        last_given;
    uint64_t    events_max;
    bool        one;
    uint32_t    worker;
    bool        json;
    bool        help;
} options;

/* --- the command line --------------------------------------------------------------------------------------------- */

static int misused(const char *what, const char *which)
{
    fprintf(stderr, "airt postmortem: %s%s; `airt postmortem --help` says how\n", what, which);
    return CMD_MISUSED;
}

/* Digits only, up to max. */
static bool number(const char *text, const char **out_end, uint64_t max, uint64_t *out_number)
{
    uint64_t n = 0;

    if (*text < '0' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        unsigned digit = (unsigned)(*text - '0');

        if (n > (max - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *out_end = text;
    *out_number = n;
    return true;
}

static bool whole_number(const char *text, uint64_t max, uint64_t *out_number)
{
    const char *end;

    return number(text, &end, max, out_number) && *end == '\0';
}

static bool duration(const char *text, int64_t *out_ns)
{
    static const struct {
        const char *unit;
        int64_t     ns;
    } units[] = { { "ns", 1 },         { "us", 1000 },       { "ms", 1000000 },
                  { "s", 1000000000 }, { "m", 60000000000 }, { "h", 3600000000000 } };
    const char *unit;
    uint64_t    n;

    if (strcmp(text, "all") == 0) {
        *out_ns = INT64_MAX;
        return true;
    }
    if (!number(text, &unit, INT64_MAX, &n))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(unit, units[i].unit) == 0) {
            *out_ns = (int64_t)n > INT64_MAX / units[i].ns ? INT64_MAX : (int64_t)n * units[i].ns;
            return true;
        }
    return false;
}

static int set_last(options *o, const char *value)
{
    o->last_given = true;
    return duration(value, &o->last_ns) ? CMD_DONE
                                        : misused("--last takes a duration such as 500ms or 2s, not ", value);
}

static int set_events(options *o, const char *value)
{
    return whole_number(value, INT32_MAX, &o->events_max) ? CMD_DONE : misused("--events takes a number, not ", value);
}

static int set_worker(options *o, const char *value)
{
    uint64_t worker = FLIGHT_OUTSIDE;

    o->one = true;
    if (strcmp(value, "outside") != 0 && !whole_number(value, INT32_MAX, &worker))
        return misused("--worker takes a worker's number or `outside`, not ", value);
    o->worker = (uint32_t)worker;
    return CMD_DONE;
}

static int set_flag(options *o, const char *word)
{
    if (strcmp(word, "--json") == 0)
        o->json = true;
    else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        o->help = true;
    else
        return misused("unknown option ", word);
    return CMD_DONE;
}

static int set_path(options *o, const char *word)
{
    if (o->path != NULL)
        return misused("one file at a time; and then there is ", word);
    o->path = word;
    return CMD_DONE;
}

static int parse(int argc, char **argv, options *o)
{
    static const struct {
        const char *name;
        int (*set)(options *o, const char *value);
    } valued[] = { { "--last", set_last }, { "--events", set_events }, { "--worker", set_worker } };
    int status = CMD_DONE;

    for (int i = 0; i < argc && status == CMD_DONE; i++) {
        int (*set)(options * o, const char *value) = argv[i][0] == '-' ? set_flag : set_path;

        for (size_t v = 0; v < sizeof valued / sizeof valued[0]; v++)
            if (strcmp(argv[i], valued[v].name) == 0)
                set = valued[v].set;
        if (set == set_flag || set == set_path)
            status = set(o, argv[i]);
        else
            status = ++i < argc ? set(o, argv[i]) : misused("a value is missing behind ", argv[i - 1]);
    }
    if (status == CMD_DONE && !o->help && o->path == NULL)
        return misused("no file given", "");
    return status;
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

typedef struct contents {
    uint8_t *bytes;
    size_t   size;
    bool     alive;
} contents;

static int unreadable(const char *path, const char *why)
{
    fprintf(stderr, "airt postmortem: %s: %s\n", path, why);
    return CMD_BAD_INPUT;
}

/* The recorder holds an exclusive lock for as long as its process lives. */
static bool in_use(int descriptor)
{
    bool used = flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;

    if (!used)
        (void)flock(descriptor, LOCK_UN);
    return used;
}

/* Read, not mapped: a file that shrinks under a mapping would end us. */
static bool read_all(int descriptor, contents *c)
{
    size_t done = 0;

    while (done < c->size) {
        ssize_t got = read(descriptor, c->bytes + done, c->size - done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    c->size = done;
    return true;
}

static int load(const char *path, contents *c)
{
    int         descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat facts;
    int         status = CMD_DONE;

    if (descriptor < 0 || fstat(descriptor, &facts) != 0) {
        status = unreadable(path, strerror(errno));
    } else if (!S_ISREG(facts.st_mode)) {
        status = unreadable(path, "is no regular file");
    } else {
        c->size = (size_t)facts.st_size;
        c->bytes = malloc(c->size + 1);
        if (c->bytes == NULL)
            status = unreadable(path, "is too large for the memory of this machine");
        else if (!read_all(descriptor, c))
            status = unreadable(path, strerror(errno));
        c->alive = in_use(descriptor);
    }
    if (descriptor >= 0)
        (void)close(descriptor);
    return status;
}

/* --- choosing ----------------------------------------------------------------------------------------------------- */

/* One sees the rings it wants: ring 0 is the outside threads', ring 1 + n the nth worker's. */
static bool wanted(const options *o, uint32_t ring)
{
    return !o->one || (o->worker == FLIGHT_OUTSIDE ? ring == 0 : ring == o->worker + 1);
}

/* NULL: no memory. */
static flight_event *gather(const flight_record *flight, const options *o, size_t *out_count)
{
    flight_worker worker;
    flight_event *events;
    size_t        room = 1, count = 0;

    for (uint32_t ring = 0; ring < flight->header.rings; ring++)
        if (wanted(o, ring) && flight_worker_at(flight, ring, &worker))
            room += flight->header.places;
    events = calloc(room, sizeof *events);
    for (uint32_t ring = 0; events != NULL && ring < flight->header.rings; ring++)
        if (wanted(o, ring))
            count += flight_events_of(flight, ring, events + count, room - count);
    *out_count = count;
    return events;
}

/* The first of the events, which are sorted, that is to be shown. */
static size_t first_shown(const options *o, const flight_event *events, size_t count)
{
    size_t first = 0;

    while (first < count && events[count - 1].ns - events[first].ns > o->last_ns)
        first++;
    return count - first > o->events_max ? (size_t)(count - o->events_max) : first;
}

static int show(const options *o, const contents *c)
{
    flight_record flight;
    const char   *problem = flight_open(c->bytes, c->size, &flight);
    flight_worker worker;
    flight_event *events;
    size_t        count, first;

    if (problem != NULL)
        return unreadable(o->path, problem);
    if (o->one && !flight_worker_at(&flight, o->worker == FLIGHT_OUTSIDE ? 0 : o->worker + 1, &worker))
        return unreadable(o->path, "has nothing of that worker (--worker)");
    events = gather(&flight, o, &count);
    if (events == NULL)
        return unreadable(o->path, "is too large for the memory of this machine");
    flight_sort(events, count);
    first = first_shown(o, events, count);
    (o->json ? postmortem_json : postmortem_text)(&(postmortem){ .path = o->path,
                                                                 .flight = &flight,
                                                                 .alive = c->alive,
                                                                 .events = events + first,
                                                                 .count = count - first,
                                                                 .last_ns = o->last_ns,
                                                                 .one = o->one,
                                                                 .worker = o->worker });
    free(events);
    return CMD_DONE;
}

int cmd_postmortem(int argc, char **argv)
{
    options  o = { .last_ns = 1000000000, .events_max = UINT64_MAX };
    contents c = { .bytes = NULL };
    int      status = parse(argc, argv, &o);

    if (status != CMD_DONE)
        return status;
    if (o.help) {
        fputs(usage, stdout);
        return CMD_DONE;
    }
    if (o.events_max != UINT64_MAX && !o.last_given)
        o.last_ns = INT64_MAX;
    status = load(o.path, &c);
    if (status == CMD_DONE)
        status = show(&o, &c);
    free(c.bytes);
    return status;
}
