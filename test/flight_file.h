/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A flight recorder's file for tests: a name of its own, and its bytes once they are wanted. */
#ifndef AIRT_TEST_FLIGHT_FILE_H
#define AIRT_TEST_FLIGHT_FILE_H

#include "cli/flight_read.h"

#include <airt/base.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct flight_file {
    char          path[64]; /* in the present folder */
    uint8_t      *bytes;
    size_t        size;
    flight_record record;
    flight_event *events; /* of all rings, in time order */
    size_t        count;
} flight_file;

static inline void flight_file_init(flight_file *f, const char *what)
{
    *f = (flight_file){ .bytes = NULL };
    (void)snprintf(f->path, sizeof f->path, "%s.%ld.flight", what, (long)getpid());
    (void)unlink(f->path);
}

static inline void flight_file_forget(flight_file *f)
{
    free(f->bytes);
    free(f->events);
    f->bytes = NULL;
    f->events = NULL;
}

/* NULL: it has been read. */
static inline const char *flight_file_read(flight_file *f)
{
    FILE       *file = fopen(f->path, "rb");
    const char *problem = "is not there";

    flight_file_forget(f);
    if (file == NULL)
        return problem;
    AIRT_CHECK(fseek(file, 0, SEEK_END) == 0);
    f->size = (size_t)ftell(file);
    f->bytes = malloc(f->size + 1);
    AIRT_CHECK(f->bytes != NULL && fseek(file, 0, SEEK_SET) == 0);
    AIRT_CHECK_EQ(fread(f->bytes, 1, f->size, file), f->size);
    (void)fclose(file);
    problem = flight_open(f->bytes, f->size, &f->record);
    if (problem != NULL)
        return problem;
    f->events = calloc(f->size / sizeof(airi_flight_event) + 1, sizeof *f->events);
    AIRT_CHECK(f->events != NULL);
    f->count = 0;
    for (uint32_t ring = 0; ring < f->record.header.rings; ring++)
        f->count += flight_events_of(&f->record, ring, f->events + f->count, SIZE_MAX);
    flight_sort(f->events, f->count);
    return NULL;
}

static inline void flight_file_fini(flight_file *f)
{
    flight_file_forget(f);
    (void)unlink(f->path);
}

#endif
