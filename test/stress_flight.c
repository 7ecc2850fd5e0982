/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Processes at full load are killed at a moment of nobody's choosing; what their flight recorders left must be whole:
 * each ring without a gap, everything named, and the handler that was
 * known to run in work. KILLS (default 10) of them. */
#include "flight_file.h"

#include <airt/airt.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

enum {
    WORKERS = 3,
    RUNNERS = 64,
    TOKENS = 16,
    RING = 512
};

struct hop {
    uint64_t n;
};
AIRT_KIND(hop, n)
AIRT_SIGNAL(spin)

static _Atomic(uint64_t) refs[RUNNERS], hops;
static _Atomic(bool)     spinning;

struct runner {
    uint64_t next;
};
struct spinner {
    char nothing;
};
AIRT_ACTOR(runner)
AIRT_ON(runner, hop)
{
    airt_ref fresh;

    self->next = self->next * 5 + msg->n;
    airt_tell_any(ctx, (airt_ref){ refs[self->next % RUNNERS] }, hop, .n = msg->n + 1);
    if (msg->n % 64 == 0 && airt_spawn_any(ctx, runner, &fresh, NULL) == AIRT_OK)
        airt_stop(ctx, fresh, NULL);
    if (msg->n % 256 == 7) /* that token waits a while */
        return airt_sleep(ctx, AIRT_US(10));
    atomic_fetch_add(&hops, 1);
    return AIRT_OK;
}
AIRT_ON(spinner, spin)
{
    spinning = true;
    while (spinning)
        atomic_signal_fence(memory_order_seq_cst);
    return AIRT_OK;
}
#define runner_HANDLES(ON, A) ON(A, hop)
#define spinner_HANDLES(ON, A) ON(A, spin)
AIRT_BEHAVIOR(runner)
AIRT_BEHAVIOR(spinner)

static void must(bool fact)
{
    if (!fact)
        _exit(3);
}

/* Until it is killed. */
static void child(const char *path, int ready)
{
    airt_system_options options = { .workers = WORKERS, .flight_path = path, .flight_events = RING };
    airt_system        *system = NULL;
    airt_ref            ref;

    must(airt_system_create(&options, &system) == AIRT_OK);
    must(airt_spawn_any(system, spinner, &ref, NULL) == AIRT_OK);
    airt_tell_any(system, ref, spin);
    while (!spinning)
        (void)usleep(100);
    for (size_t i = 0; i < RUNNERS; i++) {
        must(airt_spawn_any(system, runner, &ref, NULL) == AIRT_OK);
        refs[i] = ref.bits;
    }
    for (size_t i = 0; i < TOKENS; i++)
        airt_tell_any(system, (airt_ref){ refs[i] }, hop, .n = i);
    while (hops < (uint64_t)2 * RING)
        (void)usleep(100);
    must(write(ready, "r", 1) == 1);
    for (;;)
        (void)pause();
}

static void kill_one(const char *path, unsigned after_us)
{
    int   ready[2];
    char  byte;
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0)
        child(path, ready[1]);
    (void)close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)usleep(after_us); /* somewhere in the middle */
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    (void)close(ready[0]);
}

static bool name_is(const flight_record *record, uint16_t name, const char *text)
{
    return strcmp(flight_name_of(record, name).text, text) == 0;
}

/* Every event of a ring that can still be there is there. */
static void check_ring(const flight_record *record, uint32_t ring)
{
    flight_event  events[RING];
    flight_worker w;
    size_t        count = flight_events_of(record, ring, events, RING);
    size_t        whole;

    if (!flight_worker_at(record, ring, &w))
        return;
    whole = w.written < RING ? (size_t)w.written : RING;
    assert_int_equal(count, whole);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || events[i].sequence == events[i - 1].sequence + 1);
        assert_true(i == 0 || events[i].ns >= events[i - 1].ns || ring == 0);
        if (events[i].who != 0)
            assert_true(name_is(record, events[i].behavior, "runner") ||
                        name_is(record, events[i].behavior, "spinner"));
        if (events[i].type == AIRI_FLIGHT_MESSAGE && events[i].kind != 0)
            assert_true(name_is(record, events[i].kind, "hop") || name_is(record, events[i].kind, "spin"));
    }
}

static void check_file(const flight_file *file)
{
    const flight_record *record = &file->record;
    flight_worker        w;
    unsigned             spinners = 0;

    assert_int_equal(record->header.state, AIRI_FLIGHT_RUNNING);
    for (uint32_t ring = 0; ring < record->header.rings; ring++) {
        check_ring(record, ring);
        if (flight_worker_at(record, ring, &w) && w.doing == FLIGHT_DOING_HANDLER)
            spinners += name_is(record, w.current.behavior, "spinner") && name_is(record, w.current.kind, "spin");
    }
    assert_int_equal(spinners, 1);
}

static void what_a_kill_leaves_is_whole(void **state)
{
    const char *text = getenv("KILLS");
    unsigned    kills = text != NULL ? (unsigned)strtoul(text, NULL, 10) : 10;
    flight_file file;

    (void)state;
    flight_file_init(&file, "stress_flight");
    for (unsigned i = 0; i < kills; i++) {
        kill_one(file.path, i * 137 % 1000);
        assert_null(flight_file_read(&file));
        check_file(&file);
    }
    flight_file_fini(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_a_kill_leaves_is_whole) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
