/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim.h"

#include "core/system.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t sim_asked[AIRT_ALLOCATION_COUNT];
uint64_t sim_refused;
uint64_t sim_asked_at[SIM_SITES], sim_refused_at[SIM_SITES];

static sim     *current; /* the one simulation, for hooks and words */
static uint64_t seed_now;

/* --- hooks -------------------------------------------------------------------------------------------------------- */

static void on_letter(void *context, const airt_dead_letter *letter)
{
    ((sim *)context)->letters[letter->reason]++;
}

static void on_report(void *context, const airt_report *report)
{
    ((sim *)context)->reports[report->kind]++;
}

/* --- open, close -------------------------------------------------------------------------------------------------- */

airt_status sim_open(sim *s, const sim_options *options)
{
    airt_sim_options world = { .seed = options->seed, .layout = options->layout };
    airt_status      status;

    memset(s, 0, sizeof *s);
    s->options = *options;
    current = s;
    AIRT_CHECK_EQ(airt_sim_create(&world, &s->inner), AIRT_OK);
    s->world = s->inner;
    if (options->fault != NULL)
        AIRT_CHECK_EQ(airt_fault_create(s->inner, options->fault, &s->world), AIRT_OK);
    s->options.system.world = s->world;
    if (s->options.system.dead_letter == NULL) {
        s->options.system.dead_letter = on_letter;
        s->options.system.dead_letter_context = s;
    }
    s->options.system.report = on_report;
    s->options.system.report_context = s;
    status = airt_system_create(&s->options.system, &s->system);
    if (status == AIRT_OK)
        return AIRT_OK;
    AIRT_CHECK(s->options.fault != NULL && "a system in a plain world");
    sim_close_at_once(s);
    return status;
}

static void add(sim_account *sum, airi_account *one)
{
    sum->accepted += airi_load(&one->accepted, AIRI_RELAXED);
    sum->handled += airi_load(&one->handled, AIRI_RELAXED);
    sum->in_work += airi_load(&one->in_work, AIRI_RELAXED) + airi_load(&one->begun, AIRI_RELAXED) -
                    airi_load(&one->handled, AIRI_RELAXED);
    sum->queued += airi_load(&one->queued, AIRI_RELAXED) + airi_load(&one->accepted, AIRI_RELAXED) -
                   airi_load(&one->begun, AIRI_RELAXED);
    for (unsigned i = AIRT_LETTER_EXPIRED; i <= AIRT_LETTER_INCARNATION; i++)
        sum->dead += airi_load(&one->dead[i], AIRI_RELAXED);
}

sim_account sim_account_of(sim *s)
{
    sim_account sum = { 0 };
    uint32_t    count = airi_load(&s->system->worker_count, AIRI_RELAXED);

    add(&sum, &s->system->outside);
    for (uint32_t i = 0; i < count; i++)
        add(&sum, &s->system->worker[i]->account);
    return sum;
}

void sim_check_account(sim *s)
{
    sim_account a = sim_account_of(s);

    if (a.accepted == a.handled + a.dead + a.in_work + a.queued && a.in_work >= 0 && a.queued >= 0)
        return;
    (void)fprintf(stderr, "seed %llu: accepted %lld, handled %lld, dead %lld, in work %lld, queued %lld\n",
                  (unsigned long long)s->options.seed, (long long)a.accepted, (long long)a.handled, (long long)a.dead,
                  (long long)a.in_work, (long long)a.queued);
    AIRT_CHECK_EQ(a.accepted, a.handled + a.dead + a.in_work + a.queued);
    AIRT_CHECK(a.in_work >= 0);
    AIRT_CHECK(a.queued >= 0);
}

/* The living actor of the next slot from *index on, or NULL. */
static airi_actor *next_living(sim *s, uint32_t *index)
{
    airi_actor *actor;

    while ((actor = airi_slot(s->system, ++*index)) != NULL)
        if (airi_load(&actor->generation, AIRI_RELAXED) != 0 && actor->behavior != NULL &&
            !airi_mail_closed(&actor->mail))
            return actor;
    return NULL;
}

static void print_actors(sim *s)
{
    uint32_t    index = 0;
    airi_actor *actor;

    while ((actor = next_living(s, &index)) != NULL)
        (void)fprintf(stderr,
                      "slot %u: state %u, flags %#x, box %#x, mail %#llx, urgent %#llx, lanes %#x, suspended %d\n",
                      index, actor->state, actor->flags, actor->box, (unsigned long long)actor->mail.word,
                      (unsigned long long)actor->urgent.word, actor->lane_mask, actor->suspended);
}

void sim_check_idle(sim *s)
{
    uint32_t    index = 0;
    airi_actor *actor;

    while ((actor = next_living(s, &index)) != NULL) {
        uint32_t ends = actor->suspended ? AIRI_ENDING : AIRI_CLOSED_TO_SENDERS;

        if ((actor->flags & ends) == 0 && (actor->suspended || actor->lane_mask == 0) &&
            !airi_mail_has_new(&actor->urgent))
            continue;
        if (airi_load(&actor->state, AIRI_RELAXED) == AIRT_STATE_RESTARTING)
            continue; /* down: its mail waits for its supervisor's decision */
        print_actors(s);
        AIRT_CHECK(false && "an actor sleeps over something");
    }
}

/* Those that come into being meanwhile too; those that trap stops and let them be, by a kill. */
static void end_all(sim *s)
{
    for (int times = 0; times < 100 && airi_load(&s->system->actors, AIRI_RELAXED) > 0; times++) {
        uint32_t    index = 0;
        airi_actor *actor;

        while ((actor = next_living(s, &index)) != NULL)
            (void)(times < 10 ? airt_stop(s->system, airi_actor_ref(actor), NULL)
                              : airt_kill(s->system, airi_actor_ref(actor), NULL));
        sim_settle(s);
    }
}

void sim_add_faults(const airt_world *world)
{
    size_t sites = (size_t)(__stop_airi_sites - __start_airi_sites);

    AIRT_CHECK(sites <= SIM_SITES);
    for (unsigned kind = 0; kind < AIRT_ALLOCATION_COUNT; kind++)
        sim_asked[kind] += airt_fault_count(world, (airt_allocation)kind);
    sim_refused += airt_fault_refused(world);
    for (size_t i = 0; i < sites; i++) {
        uint64_t asked, refused;

        airi_fault_at(world, &__start_airi_sites[i], &asked, &refused);
        sim_asked_at[i] += asked;
        sim_refused_at[i] += refused;
    }
}

/* Memory that is held for good by whoever took it outside is a leak that the system reports. */
void sim_close_at_once(sim *s)
{
    if (s->system != NULL)
        AIRT_CHECK_EQ(airt_system_stop(&s->system, AIRT_SECONDS(60)), AIRT_OK);
    AIRT_CHECK_EQ(s->reports[AIRT_REPORT_LEAK], 0);
    if (s->world != s->inner) {
        sim_add_faults(s->world);
        airt_world_destroy(&s->world);
    }
    airt_world_destroy(&s->inner);
    current = NULL;
}

void sim_close(sim *s)
{
    airt_system_stats stats;
    sim_account       a;

    sim_settle(s);
    sim_check_idle(s);
    sim_check_account(s);
    end_all(s);
    airt_system_stats_get(s->system, &stats);
    if (stats.actors != 0)
        print_actors(s);
    AIRT_CHECK_EQ(stats.actors, 0);
    AIRT_CHECK_EQ(stats.abandoned, 0);
    a = sim_account_of(s);
    sim_check_account(s);
    AIRT_CHECK_EQ(a.in_work, 0);
    AIRT_CHECK_EQ(a.queued, 0);
    AIRT_CHECK_EQ(stats.spawned, stats.stopped);
    sim_close_at_once(s);
}

void sim_settle(sim *s)
{
    airt_sim_settle(s->world);
}

void sim_run(sim *s, int64_t ms)
{
    airt_sim_run(s->world, AIRT_MS(ms));
}

uint64_t sim_seeds(uint64_t otherwise)
{
    const char *text = getenv("SEEDS");
    uint64_t    seeds = text != NULL ? strtoull(text, NULL, 10) : 0;

    return seeds != 0 ? seeds : otherwise;
}

/* More seeds than this show nothing new in a small scenario. */
enum {
    SEEDS_EACH = 24,
    SEEDS_EACH_MAX = 200
};

void sim_each(sim_body body, const airt_system_options *system)
{
    uint64_t    seeds = sim_seeds(SEEDS_EACH);
    static sim  s;
    sim_options options = { 0 };

    if (system != NULL)
        options.system = *system;
    for (seed_now = 1; seed_now <= seeds && seed_now <= SEEDS_EACH_MAX; seed_now++) {
        options.seed = seed_now;
        options.layout = (uint32_t)seed_now % 3;
        AIRT_CHECK_EQ(sim_open(&s, &options), AIRT_OK);
        body(&s);
        sim_close(&s);
    }
    seed_now = 0;
}

int sim_tell_seed(void **state)
{
    (void)state;
    if (seed_now != 0)
        (void)fprintf(stderr, "failed with seed %llu\n", (unsigned long long)seed_now);
    seed_now = 0;
    return 0;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

void sim_say(const char *format, ...)
{
    va_list arguments;
    size_t  room = sizeof current->text - current->size;
    int     written;

    va_start(arguments, format);
    written = vsnprintf(current->text + current->size, room, format, arguments);
    va_end(arguments);
    AIRT_CHECK(written >= 0 && (size_t)written + 2 < room);
    current->size += (size_t)written;
    current->text[current->size++] = ' ';
    current->text[current->size] = 0;
}

void sim_forget(sim *s)
{
    s->size = 0;
    s->text[0] = 0;
}

void sim_begin(sim *s)
{
    sim_settle(s);
    sim_forget(s);
}

bool sim_said(sim *s, const char *words)
{
    bool same;

    if (s->size > 0)
        s->text[s->size - 1] = 0; /* the last blank */
    same = strcmp(s->text, words) == 0;
    if (!same && s->options.fault == NULL)
        (void)fprintf(stderr, "seed %llu: said   \"%s\"\n      not    \"%s\"\n", (unsigned long long)s->options.seed,
                      s->text, words);
    sim_forget(s);
    return same;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t split(char *text, const char *words[], size_t max)
{
    size_t count = 0;

    for (char *word = strtok(text, " "); word != NULL && count < max; word = strtok(NULL, " "))
        words[count++] = word;
    qsort(words, count, sizeof *words, by_text);
    return count;
}

bool sim_said_sorted(sim *s, const char *words)
{
    enum {
        WORDS = 4096
    };
    static const char *said[WORDS], *want[WORDS];
    static char        wanted[SIM_TEXT_MAX], copy[SIM_TEXT_MAX];
    size_t             said_count, want_count;
    bool               same;

    (void)snprintf(wanted, sizeof wanted, "%s", words);
    memcpy(copy, s->text, s->size + 1);
    said_count = split(copy, said, WORDS);
    want_count = split(wanted, want, WORDS);
    same = said_count == want_count;
    for (size_t i = 0; i < said_count && same; i++)
        same = strcmp(said[i], want[i]) == 0;
    if (!same && s->options.fault == NULL)
        (void)fprintf(stderr, "seed %llu: said in any order \"%s\"\n      not \"%s\"\n",
                      (unsigned long long)s->options.seed, s->text, words);
    sim_forget(s);
    return same;
}

void sim_tag(char tag, airt_ref who)
{
    current->tagged[(unsigned char)tag % SIM_TAGS] = who;
}

char sim_letter(airt_ref who)
{
    if (airt_ref_none(who))
        return '-';
    for (int i = 0; i < SIM_TAGS; i++)
        if (airt_ref_same(current->tagged[i], who))
            return (char)i;
    return '?';
}

const char *sim_reason(const struct airt_reason *reason)
{
    static const char *const word[AIRT_EXIT_COUNT] = {
        [AIRT_EXIT_NORMAL] = "normal", [AIRT_EXIT_SHUTDOWN] = "shutdown",   [AIRT_EXIT_KILLED] = "killed",
        [AIRT_EXIT_ERROR] = "error",   [AIRT_EXIT_START] = "start",         [AIRT_EXIT_LINKED] = "linked",
        [AIRT_EXIT_NOPROC] = "noproc", [AIRT_EXIT_ESCALATED] = "escalated", [AIRT_EXIT_NOMEM] = "nomem",
        [AIRT_EXIT_FAULT] = "fault",   [AIRT_EXIT_CHECK] = "check",
    };

    return word[reason->exit];
}
