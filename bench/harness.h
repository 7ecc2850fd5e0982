/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the workloads share: one measured run with its clock and its checks, and the table of workloads. A run starts
 * its clock at the first send, on whatever thread that is, and stops it at the last expected event; a run that counts
 * wrong says so instead of giving a figure. */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <airt/airt.h>

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    BENCH_FIGURES_MAX = 9,
    BENCH_SECONDS_MAX = 600,
    BENCH_FAILURE_MAX = 200
};

/* What a run found; crosses a pipe when the run is a child process. */
typedef struct bench_found {
    double   value[BENCH_FIGURES_MAX];
    uint64_t check;                      /* what was counted in the end, and was right */
    char     failure[BENCH_FAILURE_MAX]; /* empty: everything held */
} bench_found;

typedef struct bench_run {
    /* given */
    airt_world *world; /* the simulated one; NULL: the real one */
    uint32_t    workers;
    uint64_t    count;
    uint32_t    actors;
    bool        all_options;
    uint64_t    trace; /* of the first messages; 0: none */
    /* what the recorder of --options all had seen before */
    uint64_t seen_accepted, seen_begun;
    /* the clock; started by one thread, stopped by another */
    int64_t          start_ns, end_ns;
    _Atomic uint64_t events_left;
    sem_t            over;
    /* an actor that failed; the first one's text, published by has_failed */
    _Atomic bool is_failing, has_failed;
    char         actor_failure[BENCH_FAILURE_MAX];
    bench_found  found;
} bench_run;

typedef struct bench_figure {
    const char *name;
    const char *unit;
} bench_figure;

typedef struct bench_workload {
    const char  *name;
    const char  *what; /* for --help: what is done and what --count and --actors mean */
    bench_figure figure[BENCH_FIGURES_MAX];
    uint64_t     count, small; /* default, and that of --small */
    uint32_t     actors, small_actors;
    uint32_t     repeats;   /* default; 0: 5 */
    const char  *real_only; /* why it cannot run in the simulated world; NULL: it can */
    void (*run)(bench_run *run);
} bench_workload;

/* The floor: one thread, two actors by hand, an exchange to push, a flag to schedule, malloc and free for each hop. */
double bench_floor_ns(uint64_t hops);

/* --- clock -------------------------------------------------------------------------------------------------------- */

int64_t bench_now_ns(void);
double  bench_cpu_ns(void); /* of this process, user and system */

/* Outside, before anything is sent: so many events end the run. */
void bench_expect(bench_run *run, uint64_t events);
void bench_start(bench_run *run);
/* The last one stops the clock. Thread: any. */
void bench_event(bench_run *run);
/* Outside: until the clock stops; in the simulated world it is this that makes things happen. False: the run has failed:
 * it did not stop within BENCH_SECONDS_MAX, or nothing is left that could stop it, or an actor failed. */
bool   bench_wait(bench_run *run);
double bench_ns_each(const bench_run *run, uint64_t operations);
/* For programs whose parts run side by side: from start to end, in ms. */
double bench_ms(const bench_run *run);

/* --- checks ------------------------------------------------------------------------------------------------------- */

/* The first failure stays. Both give back false. */
bool bench_fail(bench_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool bench_status(bench_run *run, const char *what, airt_status status);
/* False, and a failure, unless they are equal. */
bool bench_equal(bench_run *run, const char *what, uint64_t got, uint64_t want);

/* --- systems and actors ------------------------------------------------------------------------------------------- */

/* NULL: failed. */
airt_system *bench_open(bench_run *run);
/* Adds everything that --options all stands for to the options, and makes the system; and the check that it was on. */
airt_status bench_create_all(bench_run *run, airt_system_options *options, airt_system **out_system);
void        bench_check_all(bench_run *run, const airt_system_stats *stats);
/* airt_tell from outside, with the run's trace id. */
#define bench_tell(run, system, to, ...)                                                                               \
    airt_tell_with(system, to, (&(airt_send_options){ .trace = (run)->trace }), __VA_ARGS__)
/* Waits for quiescence, checks the account of messages, and stops. Nothing may have been refused or dead-lettered. */
void bench_close(bench_run *run, airt_system **system);
/* Messages that an actor has handled. */
uint64_t bench_handled(bench_run *run, airt_system *system, airt_ref who);
/* Of this process. */
double bench_resident_bytes(void);

/* The first message of most workloads: whose run this is. */
struct bench_go {
    bench_run *run;
};
AIRT_LOCAL_KIND(bench_go, bench_go_drop)

/* --- numbers ------------------------------------------------------------------------------------------------------ */

/* The next number of a sequence that is the same in every run and every world; *state is any number, and begins it. */
static inline uint64_t bench_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Arithmetic that cannot be shortened, for handlers that are to compute a while: about a nanosecond a round. */
static inline uint64_t bench_work(uint64_t number, uint64_t rounds)
{
    for (; rounds > 0; rounds--)
        number = (number ^ number >> 29) * UINT64_C(0xbf58476d1ce4e5b9) + rounds;
    return number;
}

/* --- samples ------------------------------------------------------------------------------------------------------ */

void bench_sort(double *samples, size_t count);
/* Of sorted samples; part 0.5 is the median. */
double bench_percentile(const double *sorted, size_t count, double part);

/* --- child processes: for figures about a whole process ----------------------------------------------------------- */

typedef struct bench_child {
    pid_t pid;
    int   to, from;
} bench_child;

/* Runs body in a child that then sends run->found and ends. False: failed. */
bool bench_child_start(bench_run   *run, void (*body)(bench_run *run, int from_parent, int to_parent),
                       bench_child *child);
/* Closes its input, takes its run->found over and waits for its end. */
void bench_child_end(bench_run *run, bench_child *child);

#endif
