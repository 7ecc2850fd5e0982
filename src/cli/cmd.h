/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The commands of `airt`: each takes the words behind its name and returns the exit status. 0: done. 1: what it was to
 * look at is not as it should be. 2: it was called wrongly. */
#ifndef AIRI_CLI_CMD_H
#define AIRI_CLI_CMD_H

#include "cli/flight_read.h"

enum {
    CMD_DONE,
    CMD_BAD_INPUT,
    CMD_MISUSED
};

int cmd_postmortem(int argc, char **argv);

/* What a post-mortem shows: chosen by the command, printed by flight_text.c or flight_json.c. */
typedef struct postmortem {
    const char          *path;
    const flight_record *flight;
    bool                 alive; /* a process has the file in use */
    /* chosen, in time order */
    const flight_event *events;
    size_t              count;
    int64_t             last_ns; /* the span that was asked for; INT64_MAX: all */
    bool                one;     /* of one worker only: */
    uint32_t            worker;
} postmortem;
void postmortem_text(const postmortem *pm);
void postmortem_json(const postmortem *pm);

#endif
