/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The simulated world: a virtual clock and seeded choices. Systems attach their workers; whoever drives the world (by
 * airt_sim_step and its kin, or by waiting for an answer) steps one ready worker after another on its own thread.
 * Invariant: everything that happens follows from the seed; addresses enter neither choices nor the hash. */
#include "base/sized.h"
#include "port/linux_file.h"
#include "port/port.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define START_NS INT64_C(1000000000)
#define CORES 4u      /* several workers, so that a default system has interleavings to explore */
#define LAYOUTS 1024u /* pages a mapping may be shifted by */
#define HINT_START ((uintptr_t)0x7e9000000000) /* free on common machines; elsewhere the kernel chooses */
#define HINT_STRIDE ((uintptr_t)1 << 30)       /* where a hint is taken, the next one is that much higher */

struct sim {
    airt_world world; /* first, so that the table's pointer is ours */
    /* fixed after create */
    uint32_t cores;
    bool     ascending; /* mappings at ascending addresses; the kernel's own order is descending */
    size_t   shift;     /* bytes left free below each mapping */
    /* driving thread only */
    airi_list driven; /* in order of attachment */
    int64_t   now_ns;
    uint64_t  choices; /* state of the generator that chooses who runs */
    uint64_t  numbers; /* state of the one that systems ask */
    uint64_t  hash;
    uintptr_t hint;
    bool      stepping;
};

/* Events of the world's own in the hash; systems' are port.h's event. */
enum {
    WHAT_STEP = 0x5354,
    WHAT_CLOCK = 0x434c
};

static uint64_t mixed(uint64_t z)
{
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* The splitmix64 generator. */
static uint64_t next_number(uint64_t *state)
{
    return mixed(*state += UINT64_C(0x9e3779b97f4a7c15));
}

static void sim_destroy(airt_world *world);

/* The simulated world itself, below any fault worlds. */
static struct sim *sim_of(const airt_world *world)
{
    while (world != NULL && world->inner != NULL)
        world = world->inner;
    if (world == NULL || world->destroy != sim_destroy)
        airi_check_failed(__FILE__, __LINE__, "not a simulated world, nor a fault world around one");
    return (struct sim *)(uintptr_t)world;
}

/* ---- clock, numbers, history ---- */

static int64_t sim_now_ns(airt_world *world)
{
    return sim_of(world)->now_ns;
}

static uint64_t sim_random(airt_world *world)
{
    return next_number(&sim_of(world)->numbers);
}

static uint32_t sim_cores(airt_world *world)
{
    return sim_of(world)->cores;
}

static void hash_mix(struct sim *sim, uint64_t value)
{
    sim->hash = mixed((sim->hash ^ value) + UINT64_C(0x9e3779b97f4a7c15));
}

static void sim_event(airt_world *world, uint64_t what, uint64_t who, uint64_t detail)
{
    struct sim *sim = sim_of(world);
    hash_mix(sim, what);
    hash_mix(sim, who);
    hash_mix(sim, detail);
    hash_mix(sim, (uint64_t)sim->now_ns);
}

/* ---- stepping ---- */

static airi_driven *driven_of(airi_list *link)
{
    return AIRI_CONTAINER(link, airi_driven, link);
}

static uint64_t count_ready(struct sim *sim)
{
    uint64_t count = 0;
    AIRI_LIST_EACH (link, &sim->driven)
        count += driven_of(link)->ready(driven_of(link), sim->now_ns);
    return count;
}

/* The nth ready one, 0 the first. It exists: ready changes nothing and answers the same again. */
static airi_driven *ready_at(struct sim *sim, uint64_t nth)
{
    AIRI_LIST_EACH (link, &sim->driven) {
        if (driven_of(link)->ready(driven_of(link), sim->now_ns) && nth-- == 0)
            return driven_of(link);
    }
    airi_check_failed(__FILE__, __LINE__, "simulated world: ready() changed its answer when asked twice");
}

/* Each equally likely: the high half of a 128-bit product, here of 32-bit halves. */
static uint64_t choose(struct sim *sim, uint64_t count)
{
    return ((next_number(&sim->choices) >> 32) * count) >> 32;
}

static void check_outside(const struct sim *sim)
{
    if (sim->stepping)
        airi_check_failed(__FILE__, __LINE__,
                          "simulated world: stepped or waited on from inside a step (a handler must await, not block)");
}

/* Steps one ready worker; false: none is. */
static bool step_ready(struct sim *sim)
{
    uint64_t count = count_ready(sim);
    if (count == 0)
        return false;
    uint64_t     chosen = choose(sim, count);
    airi_driven *driven = ready_at(sim, chosen);
    sim_event(&sim->world, WHAT_STEP, chosen, count);
    sim->stepping = true;
    driven->step(driven);
    sim->stepping = false;
    return true;
}

static int64_t earliest_due(struct sim *sim)
{
    int64_t earliest = AIRI_NEVER;
    AIRI_LIST_EACH (link, &sim->driven) {
        int64_t due = driven_of(link)->next_due_ns(driven_of(link));
        if (due < earliest)
            earliest = due;
    }
    return earliest;
}

static void clock_move(struct sim *sim, int64_t to_ns)
{
    if (to_ns <= sim->now_ns)
        airi_check_failed(__FILE__, __LINE__, "simulated world: a driven worker is due and yet not ready");
    sim->now_ns = to_ns;
    sim_event(&sim->world, WHAT_CLOCK, 0, 0);
}

/* One step, or the clock moved to the next timer if that is not after limit_ns. False: neither. */
static bool advance(struct sim *sim, int64_t limit_ns)
{
    if (step_ready(sim))
        return true;
    int64_t due = earliest_due(sim);
    if (due == AIRI_NEVER || due > limit_ns)
        return false;
    clock_move(sim, due);
    return true;
}

bool airt_sim_step(airt_world *world)
{
    struct sim *sim = sim_of(world);
    check_outside(sim);
    return advance(sim, AIRI_NEVER);
}

void airt_sim_settle(airt_world *world)
{
    struct sim *sim = sim_of(world);
    check_outside(sim);
    while (step_ready(sim))
        continue;
}

void airt_sim_run(airt_world *world, airt_duration span)
{
    struct sim *sim = sim_of(world);
    check_outside(sim);
    AIRT_CHECK(span.ns < 0 || span.ns < AIRI_NEVER - sim->now_ns);
    if (span.ns < 0) /* over at once, as every span below zero is */
        return;
    int64_t end_ns = sim->now_ns + span.ns;
    while (advance(sim, end_ns))
        continue;
    if (sim->now_ns < end_ns)
        clock_move(sim, end_ns);
}

int64_t airt_sim_now_ns(const airt_world *world)
{
    return sim_of(world)->now_ns;
}

uint64_t airt_sim_hash(const airt_world *world)
{
    return sim_of(world)->hash;
}

/* ---- waiting ---- */

/* Waits for a change only: whoever wakes changes the word first. When nothing more can happen before the deadline, the
 * clock goes there. Work that never ends keeps a deadline from coming, because steps take no virtual time. */
static void sim_wait(airt_world *world, AIRI_ATOMIC(uint32_t) *word, uint32_t expected, int64_t deadline_ns)
{
    struct sim *sim = sim_of(world);
    check_outside(sim);
    while (airi_load(word, AIRI_SEQ_CST) == expected && sim->now_ns < deadline_ns) {
        if (advance(sim, deadline_ns))
            continue;
        if (deadline_ns == AIRI_NEVER)
            airi_check_failed(__FILE__, __LINE__, "simulated world: waiting for something that can never happen");
        clock_move(sim, deadline_ns);
    }
}

static void sim_wake(airt_world *world, AIRI_ATOMIC(uint32_t) *word, uint32_t count)
{
    (void)world;
    (void)word;
    (void)count;
}

/* ---- memory ---- */

static void *sim_map(airt_world *world, size_t bytes)
{
    struct sim *sim = sim_of(world);
    void       *hint = sim->ascending ? (void *)sim->hint : NULL;
    char       *memory =
        mmap(hint, sim->shift + bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    sim->hint = memory == hint ? (uintptr_t)memory + sim->shift + bytes : sim->hint + HINT_STRIDE;
    return memory + sim->shift;
}

static void sim_unmap(airt_world *world, void *memory, size_t bytes)
{
    struct sim *sim = sim_of(world);
    if (memory != NULL)
        AIRT_CHECK(munmap((char *)memory - sim->shift, sim->shift + bytes) == 0);
}

/* ---- what a world on one thread has not ---- */

static airt_status sim_thread_start(airt_world *world, const char *name, void (*run)(void *argument), void *argument,
                                    airi_thread **out_thread)
{
    (void)world;
    (void)name;
    (void)run;
    (void)argument;
    (void)out_thread;
    return AIRT_ESYSTEM;
}

static void sim_thread_join(airt_world *world, airi_thread **thread)
{
    (void)world;
    AIRT_CHECK(*thread == NULL);
}

/* There is nothing to watch: a foreign loop in this world steps its system itself. The handle is the world. */
static airt_status sim_poll_create(airt_world *world, airi_poll **out_poll)
{
    *out_poll = (airi_poll *)(void *)sim_of(world);
    return AIRT_OK;
}

static void sim_poll_destroy(airt_world *world, airi_poll **poll)
{
    (void)world;
    *poll = NULL;
}

static int sim_poll_fd(airi_poll *poll)
{
    (void)poll;
    return -1;
}

static void sim_poll_touch(airi_poll *poll)
{
    (void)poll;
}

static void sim_poll_arm(airi_poll *poll, int64_t deadline_ns)
{
    (void)poll;
    (void)deadline_ns;
}

/* One thread runs it all. */
static bool sim_fence_all(airt_world *world)
{
    (void)world;
    return true;
}

/* ---- life ---- */

static void sim_attach(airt_world *world, airi_driven *driven)
{
    airi_list_push_back(&sim_of(world)->driven, &driven->link);
}

static void sim_detach(airt_world *world, airi_driven *driven)
{
    (void)world;
    airi_list_remove(&driven->link);
}

static const airt_world sim_table = {
    .name = "simulated",
    .driven = true,
    .now_ns = sim_now_ns,
    .random = sim_random,
    .cores = sim_cores,
    .thread_start = sim_thread_start,
    .thread_join = sim_thread_join,
    .wait = sim_wait,
    .wake = sim_wake,
    .fence_all = sim_fence_all,
    .map = sim_map,
    .unmap = sim_unmap,
    .file_map = airi_linux_file_map,
    .file_reserve = airi_linux_file_reserve,
    .file_unmap = airi_linux_file_unmap,
    .poll_create = sim_poll_create,
    .poll_destroy = sim_poll_destroy,
    .poll_fd = sim_poll_fd,
    .poll_ring = sim_poll_touch,
    .poll_clear = sim_poll_touch,
    .poll_wait = sim_poll_touch,
    .poll_arm = sim_poll_arm,
    .attach = sim_attach,
    .detach = sim_detach,
    .event = sim_event,
    .destroy = sim_destroy,
};

airt_status airt_sim_create_sized(const airt_sim_options *options, size_t options_size, airt_world **out_world)
{
    airt_sim_options chosen = { .seed = 0 };
    struct sim      *sim;
    if (out_world == NULL)
        airi_check_failed(__FILE__, __LINE__, "airt_sim_create: NULL is no place for the world");
    sim = calloc(1, sizeof(*sim));
    if (sim == NULL)
        return AIRT_ENOMEM;
    if (options != NULL)
        chosen = *(const airt_sim_options *)airi_sized_read(options, options_size, &chosen, sizeof(chosen));
    sim->world = sim_table;
    sim->cores = chosen.cores != 0 ? chosen.cores : CORES;
    sim->now_ns = chosen.start_ns != 0 ? chosen.start_ns : START_NS;
    sim->choices = mixed(chosen.seed);
    sim->numbers = mixed(~chosen.seed);
    sim->ascending = chosen.layout % 2 == 1;
    sim->shift = chosen.layout % LAYOUTS * (size_t)sysconf(_SC_PAGESIZE);
    sim->hint = HINT_START;
    airi_list_init(&sim->driven);
    *out_world = &sim->world;
    return AIRT_OK;
}

static void sim_destroy(airt_world *world)
{
    struct sim *sim = sim_of(world);
    AIRT_CHECK(airi_list_empty(&sim->driven));
    free(sim);
}

void airt_world_destroy(airt_world **world)
{
    if (world == NULL)
        airi_check_failed(__FILE__, __LINE__, "airt_world_destroy: NULL, not the address of a pointer to a world");
    if (*world != NULL && (*world)->destroy != NULL)
        (*world)->destroy(*world);
    *world = NULL;
}
