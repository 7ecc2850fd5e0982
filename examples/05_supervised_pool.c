/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A pool of supervised workers. A job that a worker cannot bear ends that worker only; its asker is told at once, its
 * supervisor restarts it under the same ref and name, and the next job finds it as good as new. */
#include <airt/airt.h>

#include <inttypes.h>
#include <stdio.h>

struct job_run {
    uint32_t divisor;
};
struct job_done {
    uint32_t result;
};
struct worker_start { /* given again at every restart */
    uint32_t base;
};
AIRT_KIND(job_run, divisor)
AIRT_KIND(job_done, result)
AIRT_ANSWER(job_run, job_done)
AIRT_KIND(worker_start, base)

#define worker_ACCEPTS(KIND) KIND(job_run)
AIRT_PROTOCOL(worker)

struct worker {
    uint32_t base;
    uint32_t jobs; /* begins at nought with every incarnation */
};

AIRT_ON(worker, worker_start)
{
    self->base = msg->base;
    return AIRT_OK;
}

/* A failure is a return value: the supervisor does the rest. */
AIRT_ON(worker, job_run)
{
    if (msg->divisor == 0)
        return AIRT_EINVAL;
    self->jobs++;
    return airt_reply(ctx, job_run, .result = self->base / msg->divisor);
}

#define worker_HANDLES(ON, A) ON(A, worker_start) ON(A, job_run)
AIRT_BEHAVIOR(worker)

static void try_job(airt_system *system, worker_ref worker, uint32_t divisor)
{
    struct job_done done = { 0 };
    airt_status     status = airt_ask(system, worker, &done, AIRT_SECONDS(5), job_run, .divisor = divisor);

    if (status == AIRT_OK)
        printf("100 / %" PRIu32 " = %" PRIu32 "\n", divisor, done.result);
    else
        printf("100 / %" PRIu32 ": %s\n", divisor, airt_status_text(status));
}

static airt_status run(airt_system *system)
{
    airt_ref   pool = AIRT_NONE;
    worker_ref worker = { 0 };
    char       text[512];
    size_t     length = 0;

    AIRT_TRY(airt_supervise(
        system, &pool, .name = "pool", .strategy = AIRT_ONE_FOR_ONE, .restarts_max = 3, .window_ms = 5000,
        .backoff_ms = 10, .backoff_max_ms = 1000,
        AIRT_CHILDREN(AIRT_CHILD(worker, .name = "worker", .count = 4, .start = AIRT_START(worker, .base = 100)))));
    AIRT_TRY(airt_lookup(system, worker, "worker", &worker)); /* the others are worker.2, worker.3 and worker.4 */
    try_job(system, worker, 20);
    try_job(system, worker, 0);
    try_job(system, worker, 5);
    AIRT_TRY(airt_supervisor_print(system, pool, AIRT_SECONDS(5), text, sizeof text, &length));
    printf("%s", text);
    return AIRT_OK;
}

int main(void)
{
    airt_system *system = NULL;
    airt_status  status = airt_system_create(NULL, &system);

    if (status == AIRT_OK)
        status = run(system);
    if (status != AIRT_OK)
        fprintf(stderr, "%s\n", airt_status_text(status));
    return airt_system_stop(&system, AIRT_SECONDS(5)) == AIRT_OK && status == AIRT_OK ? 0 : 1;
}
