/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Progress on standard error: a bar that a timer redraws on a terminal, elsewhere a line now and then, so that short
 * runs print nothing. On a thread that may block, because a pipe can be full. */
#include "kinds.h"

#include <inttypes.h>
#include <stdio.h>

#define BAR_WIDTH 30
#define BAR_PERIOD AIRT_MS(100)
#define LINE_PERIOD AIRT_SECONDS(2)

struct progress {
    uint64_t   expected;
    uint64_t   bytes;
    uint64_t   records;
    airt_timer tick;
    bool       terminal;
    bool       drawn;
    char       phase[32];
};

AIRT_ON(progress, progress_start)
{
    self->terminal = msg->terminal;
    (void)snprintf(self->phase, sizeof self->phase, "reading");
    return airt_send_every(ctx, msg->terminal ? BAR_PERIOD : LINE_PERIOD, &self->tick, progress_tick);
}

AIRT_ON(progress, progress_expect)
{
    self->expected += msg->bytes;
    return AIRT_OK;
}

AIRT_ON(progress, progress_read)
{
    self->bytes += msg->bytes;
    self->records += msg->records;
    return AIRT_OK;
}

AIRT_ON(progress, progress_phase)
{
    (void)snprintf(self->phase, sizeof self->phase, "%.*s", (int)msg->name.size, msg->name.at);
    return AIRT_OK;
}

/* Of a stream's length nothing is known: no percentage then. */
static unsigned percent(const struct progress *self)
{
    if (self->expected == 0)
        return 0;
    return self->bytes < self->expected ? (unsigned)(self->bytes * 100 / self->expected) : 100;
}

static void draw_bar(const struct progress *self)
{
    static const char full[] = "##############################", none[] = "..............................";
    int               done = (int)percent(self) * BAR_WIDTH / 100;

    (void)fprintf(stderr, "\r%-8s [%.*s%.*s] %3u%%  %" PRIu64 " records\033[K", self->phase, done, full,
                  BAR_WIDTH - done, none, percent(self), self->records);
}

AIRT_ON(progress, progress_tick)
{
    self->drawn = true;
    if (self->terminal)
        draw_bar(self);
    else
        (void)fprintf(stderr, "packages: %s: %u%%, %" PRIu64 " records\n", self->phase, percent(self), self->records);
    return AIRT_OK;
}

AIRT_ON(progress, progress_end)
{
    (void)airt_timer_cancel(ctx, self->tick);
    if (self->drawn && self->terminal)
        (void)fprintf(stderr, "\r\033[K");
    return airt_reply(ctx, progress_end);
}

#define progress_HANDLES(ON, A)                                                                                        \
    ON(A, progress_start)                                                                                              \
    ON(A, progress_expect)                                                                                             \
    ON(A, progress_read)                                                                                               \
    ON(A, progress_phase)                                                                                              \
    ON(A, progress_tick)                                                                                               \
    ON(A, progress_end)
AIRT_BEHAVIOR(progress, .placement = AIRT_BLOCKING)
