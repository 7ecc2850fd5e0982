/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One epoll descriptor for a foreign loop, over an eventfd (rung by any thread) and a timerfd (the next deadline).
 * Ring, clear and arm may be called by any thread; clear is called before looking for work, so that a ring that comes
 * while looking makes the descriptor readable again. */
#include "port/linux_poll.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct airi_poll {
    /* fixed after create */
    int epoll;
    int bell;
    int timer;
};

static bool watch(int epoll, int file)
{
    struct epoll_event event = { .events = EPOLLIN };
    return epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event) == 0;
}

static void close_if_open(int file)
{
    if (file >= 0)
        (void)close(file);
}

airt_status airi_linux_poll_create(airt_world *world, airi_poll **out_poll)
{
    airi_poll *poll = calloc(1, sizeof(*poll));
    if (poll == NULL)
        return AIRT_ENOMEM;
    poll->epoll = epoll_create1(EPOLL_CLOEXEC);
    poll->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    poll->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (poll->epoll < 0 || poll->bell < 0 || poll->timer < 0)
        goto fail;
    if (!watch(poll->epoll, poll->bell) || !watch(poll->epoll, poll->timer))
        goto fail;
    *out_poll = poll;
    return AIRT_OK;
fail:
    airi_linux_poll_destroy(world, &poll);
    return AIRT_ESYSTEM;
}

void airi_linux_poll_destroy(airt_world *world, airi_poll **poll)
{
    (void)world;
    if (*poll == NULL)
        return;
    close_if_open((*poll)->epoll);
    close_if_open((*poll)->bell);
    close_if_open((*poll)->timer);
    free(*poll);
    *poll = NULL;
}

int airi_linux_poll_fd(airi_poll *poll)
{
    return poll->epoll;
}

/* A full counter (EAGAIN) is as readable as any other. */
void airi_linux_poll_ring(airi_poll *poll)
{
    int      saved = errno; /* a send rings, and a handler may look at errno after one */
    uint64_t one = 1;
    while (write(poll->bell, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
    errno = saved;
}

void airi_linux_poll_wait(airi_poll *poll)
{
    struct epoll_event event;
    (void)epoll_wait(poll->epoll, &event, 1, -1);
}

static void drain(int file)
{
    uint64_t count;
    while (read(file, &count, sizeof(count)) < 0 && errno == EINTR)
        continue;
}

void airi_linux_poll_clear(airi_poll *poll)
{
    drain(poll->bell);
    drain(poll->timer);
}

/* All zero disarms, so a deadline long past becomes 1 ns. */
void airi_linux_poll_arm(airi_poll *poll, int64_t deadline_ns)
{
    struct itimerspec when = { .it_value = { 0, 0 } };
    if (deadline_ns < 1)
        deadline_ns = 1;
    if (deadline_ns != AIRI_NEVER) {
        when.it_value.tv_sec = deadline_ns / 1000000000;
        when.it_value.tv_nsec = deadline_ns % 1000000000;
    }
    AIRT_CHECK(timerfd_settime(poll->timer, TFD_TIMER_ABSTIME, &when, NULL) == 0);
}
