/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A kill between any two instructions: a child is single-stepped through turns of its actors, and after each instruction
 * its flight recorder's file, which is what a SIGKILL would leave, must be whole. An event never changes once it is seen,
 * none is missing, and no handler is said to run that does not. */
#include "flight_file.h"

#include <airt/airt.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include <fcntl.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define INSTRUMENTED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INSTRUMENTED 1
#endif
#ifndef INSTRUMENTED
#define INSTRUMENTED 0 /* else a hundred times the instructions, of which most are not ours */
#endif

enum {
    HOPS = 9,
    RING = 3,
    SEEN_MAX = 4096,
    STEPS_MAX = 4000000,
    SKIPPED = 77
};

struct hop {
    uint32_t left;
};
AIRT_KIND(hop, left)
struct runner {
    char nothing;
};
AIRT_ACTOR(runner)
AIRT_ON(runner, hop)
{
    airt_ref fresh;

    if (msg->left % 3 == 0) /* fills the ring from inside */
        for (int i = 0; i <= RING; i++)
            if (airt_spawn_any(ctx, runner, &fresh, NULL) == AIRT_OK)
                airt_stop(ctx, fresh, NULL);
    if (msg->left != 0)
        airt_tell_any(ctx, airt_self(ctx), hop, .left = msg->left - 1);
    return AIRT_OK;
}
#define runner_HANDLES(ON, A) ON(A, hop)
AIRT_BEHAVIOR(runner)

/* --- the child ---------------------------------------------------------------------------------------------------- */

static void child(const char *path)
{
    airt_system_options options = { .foreign_loop = true, .flight_path = path, .flight_events = RING };
    airt_system        *system = NULL;
    airt_ref            ref = AIRT_NONE;
    bool                more = true;

    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(SKIPPED); /* forbidden, or emulated */
    if (airt_system_create(&options, &system) != AIRT_OK || airt_spawn_any(system, runner, &ref, NULL) != AIRT_OK)
        _exit(3);
    airt_tell_any(system, ref, hop, .left = HOPS);
    (void)raise(SIGSTOP);
    while (more)
        (void)airt_system_step(system, 0, &more);
    (void)raise(SIGSTOP);
    _exit(0);
}

/* --- who watches -------------------------------------------------------------------------------------------------- */

static struct {
    const uint8_t *bytes;
    size_t         size;
    flight_event   seen[SEEN_MAX]; /* by sequence */
    uint64_t       newest;
    uint64_t       in_handler; /* steps after which it was so, */
    uint64_t       kept;       /* and what it is in stood beside the ring */
    bool           skipped;
} watch;

static void map_file(const char *path)
{
    struct stat facts;
    int         descriptor = open(path, O_RDONLY);
    void       *memory;

    assert_true(descriptor >= 0 && fstat(descriptor, &facts) == 0);
    memory = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_SHARED, descriptor, 0);
    assert_true(memory != MAP_FAILED);
    (void)close(descriptor);
    watch.bytes = memory;
    watch.size = (size_t)facts.st_size;
}

/* What may change in an event is its outcome alone. */
static void check_event(const flight_event *event)
{
    flight_event *before = &watch.seen[event->sequence % SEEN_MAX];

    assert_true(event->sequence < SEEN_MAX);
    if (before->sequence == 0)
        *before = *event;
    assert_memory_equal(before, event, offsetof(flight_event, outcome)); /* the last */
}

static bool is_any_in_work(const flight_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (events[i].type == AIRI_FLIGHT_MESSAGE && events[i].outcome == AIRI_FLIGHT_IN_WORK)
            return true;
    return false;
}

static void check_file(void)
{
    flight_record record;
    flight_worker w;
    flight_event  events[RING];
    size_t        count, whole;

    assert_null(flight_open(watch.bytes, watch.size, &record));
    assert_true(flight_worker_at(&record, 1, &w));
    count = flight_events_of(&record, 1, events, RING);
    whole = w.written < RING ? (size_t)w.written : RING;
    assert_true(count == whole);
    for (size_t i = 0; i < count; i++)
        check_event(&events[i]);
    assert_true(w.written >= watch.newest);
    watch.newest = w.written;
    watch.in_handler += w.doing == FLIGHT_DOING_HANDLER;
    watch.kept += w.doing == FLIGHT_DOING_HANDLER && !is_any_in_work(events, count);
    if (w.doing == FLIGHT_DOING_HANDLER) {
        assert_int_equal(w.current.outcome, AIRI_FLIGHT_IN_WORK);
        assert_string_equal(flight_name_of(&record, w.current.behavior).text, "runner");
    }
}

/* Until the child stops by itself. Returns the steps; 0: stepping is not to be had here. */
static uint64_t step_through(pid_t pid)
{
    uint64_t steps = 0;
    int      status;

    for (; steps < STEPS_MAX; steps++) {
        if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0)
            return 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSTOPPED(status));
        if (WSTOPSIG(status) != SIGTRAP)
            break;
        check_file();
    }
    assert_int_equal(WSTOPSIG(status), SIGSTOP);
    return steps;
}

static void every_instruction_leaves_a_whole_file(void **state)
{
    flight_file file;
    uint64_t    steps;
    pid_t       pid;
    int         status;

    (void)state;
    flight_file_init(&file, "stress_flight_steps");
    pid = fork();
    if (pid == 0)
        child(file.path);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    watch.skipped = WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED;
    if (watch.skipped)
        return;
    assert_true(WIFSTOPPED(status));
    (void)ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL); /* a failed check leaves nobody behind */
    map_file(file.path);
    steps = step_through(pid);
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, &status, 0);
    flight_file_fini(&file);
    watch.skipped = steps == 0;
    if (watch.skipped)
        return;
    (void)printf("%llu instructions, %llu events; %llu in a handler, %llu of them beside the ring\n",
                 (unsigned long long)steps, (unsigned long long)watch.newest, (unsigned long long)watch.in_handler,
                 (unsigned long long)watch.kept);
    assert_true(watch.in_handler > 0 && watch.kept > 0);
    assert_true(watch.newest >= HOPS + (uint64_t)RING);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_instruction_leaves_a_whole_file) };
    int                     failed = INSTRUMENTED ? SKIPPED : cmocka_run_group_tests(tests, NULL, NULL);

    return failed == 0 && watch.skipped ? SKIPPED : failed;
}
