/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The real world: clock, random numbers, threads, futexes and pages of Linux. Stateless, so that several systems share
 * it without meeting. Contracts: port.h. */
#define _GNU_SOURCE
#include "port/linux_file.h"
#include "port/linux_poll.h"
#include "port/port.h"
#include "port/signals.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t linux_now_ns(airt_world *world)
{
    struct timespec now;
    (void)world;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    return ns != 0 ? ns : 1;
}

/* Asked of the kernel each time: no state, no seed to keep; nothing frequent asks the world. Only where
 * the call is forbidden does the clock serve. */
static uint64_t linux_random(airt_world *world)
{
    uint64_t value = 0;
    if (getrandom(&value, sizeof(value), GRND_NONBLOCK) == (ssize_t)sizeof(value))
        return value;
    value = (uint64_t)linux_now_ns(world) + (uintptr_t)&value;
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

/* The processors this process may run on; a machine with more than 1,024 answers the number online. */
static uint32_t linux_cores(airt_world *world)
{
    cpu_set_t allowed;
    (void)world;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0 && CPU_COUNT(&allowed) > 0)
        return (uint32_t)CPU_COUNT(&allowed);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (uint32_t)online : 1;
}

/* ---- pages ---- */

static void *linux_map(airt_world *world, size_t bytes)
{
    (void)world;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

/* The kernel bounds the number of mappings, and to unmap the middle of one makes two of it. Then at least the pages go. */
static void linux_unmap(airt_world *world, void *memory, size_t bytes)
{
    (void)world;
    if (memory != NULL && munmap(memory, bytes) != 0)
        AIRT_CHECK(errno == ENOMEM && madvise(memory, bytes, MADV_DONTNEED) == 0);
}

/* ---- threads ---- */

struct airi_thread {
    /* fixed before the thread runs */
    pthread_t id; /* written by the starter, read by the joiner */
    char      name[16];
    void (*run)(void *argument);
    void  *argument;
    char  *signal_stack; /* above a guard page */
    size_t signal_bytes;
};

static void thread_destroy(airt_world *world, airi_thread *thread)
{
    if (thread == NULL)
        return;
    airi_signal_stack_unmap(world, thread->signal_stack, thread->signal_bytes);
    free(thread);
}

static airt_status thread_create(airt_world *world, const char *name, airi_thread **out_thread)
{
    if (!airi_permits(world, AIRT_ALLOCATION_THREAD))
        return AIRT_ENOMEM;
    airi_thread *thread = calloc(1, sizeof(*thread));
    if (thread == NULL)
        return AIRT_ENOMEM;
    if (airi_permits(world, AIRT_ALLOCATION_SIGNAL_STACK))
        thread->signal_stack = airi_signal_stack_map(world, &thread->signal_bytes);
    if (thread->signal_stack == NULL) {
        thread_destroy(world, thread);
        return AIRT_ENOMEM;
    }
    if (name != NULL)
        strncpy(thread->name, name, sizeof(thread->name) - 1);
    *out_thread = thread;
    return AIRT_OK;
}

/* The alternate signal stack is named only while run runs: it outlives the thread, its name must not. */
static void *thread_main(void *argument)
{
    airi_thread *thread = argument;
    stack_t      alternate = { .ss_sp = thread->signal_stack, .ss_size = thread->signal_bytes };
    stack_t      before;
    AIRT_CHECK(sigaltstack(&alternate, &before) == 0);
    if (thread->name[0] != '\0')
        (void)pthread_setname_np(pthread_self(), thread->name);
    thread->run(thread->argument);
    (void)sigaltstack(&before, NULL);
    return NULL;
}

static airt_status linux_thread_start(airt_world *world, const char *name, void (*run)(void *argument), void *argument,
                                      airi_thread **out_thread)
{
    airi_thread *thread = NULL;
    airt_status  status = thread_create(world, name, &thread);
    if (status != AIRT_OK)
        return status;
    thread->run = run;
    thread->argument = argument;
    int error = pthread_create(&thread->id, NULL, thread_main, thread);
    if (error != 0) {
        thread_destroy(world, thread);
        return error == ENOMEM ? AIRT_ENOMEM : AIRT_ESYSTEM; /* EAGAIN: the number of threads */
    }
    *out_thread = thread;
    return AIRT_OK;
}

static void linux_thread_join(airt_world *world, airi_thread **thread)
{
    if (*thread == NULL)
        return;
    AIRT_CHECK_EQ(pthread_join((*thread)->id, NULL), 0);
    thread_destroy(world, *thread);
    *thread = NULL;
}

/* ---- waiting ---- */

/* The kernel compares and sleeps in one step, so a change of the word followed by a wake is never missed. */
static void linux_wait(airt_world *world, AIRI_ATOMIC(uint32_t) *word, uint32_t expected, int64_t deadline_ns)
{
    struct timespec deadline = { 0, 0 };
    (void)world;
    if (deadline_ns > 0) {
        deadline.tv_sec = deadline_ns / 1000000000;
        deadline.tv_nsec = deadline_ns % 1000000000;
    }
    (void)syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
                  deadline_ns != AIRI_NEVER ? &deadline : NULL, NULL, FUTEX_BITSET_MATCH_ANY);
}

static void linux_wake(airt_world *world, AIRI_ATOMIC(uint32_t) *word, uint32_t count)
{
    (void)world;
    if (count > INT32_MAX)
        count = INT32_MAX;
    int saved = errno; /* a send wakes, and a handler may look at errno after one */
    (void)syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, NULL, NULL, 0);
    errno = saved;
}

/* ---- fences ---- */

/* Registering again is free, and asking without it is refused: by a kernel before 4.14, or a filter of system calls. */
static bool linux_fence_all(airt_world *world)
{
    (void)world;
    int  saved = errno; /* a kill fences, and a handler may look at errno after one */
    bool done = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0 &&
                syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
    errno = saved;
    return done;
}

/* ---- what only driven worlds do ---- */

static void linux_attach(airt_world *world, airi_driven *driven)
{
    (void)world;
    (void)driven;
}

airt_world *airt_world_linux(void)
{
    static airt_world world = {
        .name = "linux",
        .now_ns = linux_now_ns,
        .random = linux_random,
        .cores = linux_cores,
        .thread_start = linux_thread_start,
        .thread_join = linux_thread_join,
        .wait = linux_wait,
        .wake = linux_wake,
        .fence_all = linux_fence_all,
        .map = linux_map,
        .unmap = linux_unmap,
        .file_map = airi_linux_file_map,
        .file_reserve = airi_linux_file_reserve,
        .file_unmap = airi_linux_file_unmap,
        .poll_create = airi_linux_poll_create,
        .poll_destroy = airi_linux_poll_destroy,
        .poll_fd = airi_linux_poll_fd,
        .poll_ring = airi_linux_poll_ring,
        .poll_clear = airi_linux_poll_clear,
        .poll_wait = airi_linux_poll_wait,
        .poll_arm = airi_linux_poll_arm,
        .attach = linux_attach,
        .detach = linux_attach,
    };
    return &world;
}
