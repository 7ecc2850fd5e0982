/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whole systems in the simulated world, for the scenario tests: a world and a system made from a seed, checks at the
 * end (the account balances exactly, nothing leaks), and puppets: actors that do what the message in hand says and
 * write down what happens to them, as words that a test compares.
 * One simulation at a time; everything runs on the calling thread. */
#ifndef AIRT_TEST_SIM_H
#define AIRT_TEST_SIM_H

#include <airt/airt.h>
#include <airt/world.h>

typedef struct sim_options {
    uint64_t                  seed;
    uint32_t                  layout;
    const airt_fault_options *fault;  /* not NULL: a fault world around the simulated one */
    airt_system_options       system; /* world and hooks are filled in */
} sim_options;

enum {
    SIM_TEXT_MAX = 1 << 16,
    SIM_TAGS = 128,
    SIM_REPORTS = AIRT_REPORT_COUNT
};

typedef struct sim {
    airt_world  *inner; /* the simulated one */
    airt_world  *world; /* the one that the system uses */
    airt_system *system;
    sim_options  options;
    uint64_t     letters[AIRT_LETTER_COUNT]; /* as the hook saw them */
    uint64_t     reports[SIM_REPORTS];
    airt_ref     tagged[SIM_TAGS];
    size_t       size;
    char         text[SIM_TEXT_MAX]; /* the words said so far, a blank behind each */
} sim;

/* The account, signed and summed here over all workers. */
typedef struct sim_account {
    int64_t accepted, handled, dead, in_work, queued;
} sim_account;

/* --- a simulation ------------------------------------------------------------------------------------------------- */

/* Fails only in a fault world: then nothing is left of it. */
airt_status sim_open(sim *s, const sim_options *options);
/* Checks the account, ends every actor, checks the account again (nothing in work, nothing queued), stops the system
 * and checks that it leaked nothing. */
void sim_close(sim *s);
/* The same with airt_system_stop alone. */
void        sim_close_at_once(sim *s);
sim_account sim_account_of(sim *s);
void        sim_check_account(sim *s); /* prints and aborts when it does not balance */
/* When nothing is ready: nobody sleeps over mail or a request to end. Prints and aborts. */
void     sim_check_idle(sim *s);
void     sim_settle(sim *s);
void     sim_run(sim *s, int64_t ms);
uint64_t sim_seeds(uint64_t otherwise); /* SEEDS of the environment */

/* A test's body over several seeds; the seed of a failure is printed. */
typedef void (*sim_body)(sim *s);
void sim_each(sim_body body, const airt_system_options *system);
/* For the teardown of a cmocka test that uses sim_each. */
int sim_tell_seed(void **state);
/* For files that include cmocka.h. */
#define ASSERT_SAID(s, words) assert_true(sim_said((s), (words)))
#define ASSERT_SORTED(s, words) assert_true(sim_said_sorted((s), (words)))
#define ASSERT_OK(expr) assert_int_equal((expr), AIRT_OK)
#define SIM_TEST(name) cmocka_unit_test_teardown(name, sim_tell_seed)

/* --- words -------------------------------------------------------------------------------------------------------- */

/* Any handler may say a word; there is one simulation. */
void sim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* True: exactly these words since the last time, which are then forgotten. Prints both if not. */
bool sim_said(sim *s, const char *words);
/* The same in any order. */
bool sim_said_sorted(sim *s, const char *words);
/* What was said so far is not of interest; begin: neither is what is under way. */
void sim_forget(sim *s);
void sim_begin(sim *s);
/* The letter of an actor: what it was spawned as; '-' for AIRT_NONE, '?' for others. */
char sim_letter(airt_ref who);
void sim_tag(char tag, airt_ref who);

/* --- puppets ------------------------------------------------------------------------------------------------------ */

struct puppet {
    airt_ref   self;
    uint64_t   count; /* of what the test likes */
    airt_msg  *kept[8];
    airt_timer timer;
    void      *memory;
    uint32_t   verdict;
    char       tag;
};
typedef airt_status (*puppet_fn)(airt_ctx *ctx, struct puppet *self, void *argument);

/* act: runs a function in the handler. num: said. query: said and answered n + 100, unless the function in the puppet's
 * start says otherwise. */
struct act {
    puppet_fn run;
    void     *argument;
};
struct num {
    uint64_t n;
};
struct other { /* as num, for what is not wanted */
    uint64_t n;
};
struct query {
    uint64_t n;
};
struct answer {
    uint64_t n;
};
struct command { /* a request served by a function */
    uint64_t run;
    uint64_t argument;
};
struct tick {
    uint64_t n;
};
struct puppet_start {
    uint32_t tag;
    uint32_t verdict; /* of the airt_failed hook; 0: AIRT_STOP */
    uint64_t run;     /* puppet_fn, or 0 */
    uint64_t argument;
};
AIRT_LOCAL_KIND(act, act_drop)
AIRT_KIND(num, n)
AIRT_KIND(other, n)
AIRT_KIND(query, n)
AIRT_KIND(answer, n)
AIRT_KIND(command, run, argument)
AIRT_KIND(tick, n)
AIRT_KIND(puppet_start, tag, verdict, run, argument)
AIRT_ANSWER(query, answer)
AIRT_ANSWER(command, answer)

AIRT_ACTOR(puppet) /* says everything, hooks included */
AIRT_ACTOR(bare)   /* the same state without any hook or start */

typedef struct puppet_plan { /* construction arguments of a puppet */
    uint32_t  verdict;
    puppet_fn run;
    void     *argument;
} puppet_plan;

/* Spawns a puppet with a letter. The options' start is overwritten. */
airt_status puppet_spawn(airt_from from, char tag, const puppet_plan *plan, const airt_spawn_options *options,
                         airt_ref *out_ref);
/* From outside, and it must work; in a fault world AIRT_NONE if it did not. */
airt_ref sim_spawn(sim *s, char tag);
airt_ref sim_spawn_with(sim *s, char tag, const puppet_plan *plan, const airt_spawn_options *options);
void     sim_do(sim *s, airt_ref who, puppet_fn run, void *argument);
void     sim_num(sim *s, airt_ref who, uint64_t n);
/* A num with options. */
airt_status sim_num_with(airt_from from, airt_ref who, uint64_t n, const airt_send_options *options);
/* A request that runs a function at its server. */
airt_status sim_command(airt_ctx *ctx, airt_ref who, airt_duration within, puppet_fn run, void *argument,
                        uint64_t *out_n);
airt_status sim_query(airt_ctx *ctx, airt_ref who, airt_duration within, uint64_t n, uint64_t *out_n);
bool        sim_alive(sim *s, airt_ref who);
/* Accepted and not begun; UINT32_MAX: it is gone. */
uint32_t sim_queued(sim *s, airt_ref who);
/* What a box, also of one that is gone, counts as taken. */
uint32_t sim_places_taken(sim *s, airt_ref who);
/* Of the worker that runs the handler: whether this actor is the first in its ring, or in its locality slot, also with places
 * that are set aside in its box. */
bool sim_is_first_in_ring(airt_ctx *ctx, airt_ref who);
bool sim_is_next(airt_ctx *ctx, airt_ref who);
bool sim_has_places(airt_ctx *ctx, airt_ref who);
/* For sim_do: a handler that sleeps for so many ms. */
airt_status sim_sleeps(airt_ctx *ctx, struct puppet *self, void *argument);
/* A puppet in such a handler; what was said so far is forgotten. */
airt_ref sim_stuck(sim *s, char tag, const airt_spawn_options *options, int64_t ms);
/* In a handler, between two of its instructions: other workers run, and may kill its actor. */
void sim_yield(airt_ctx *ctx);
/* What a teller does last that looked before the slot was let to this actor, and saw a plain box: it pushes a num of
 * AIRT_LOW, with a place. The box is not full. */
void sim_push_late(sim *s, airt_ref to);
/* For sim_do: a handler that stays, without an await, until it is opened. Meanwhile nothing may settle: sim_until. */
struct sim_stay {
    bool inside, open, left;
};
airt_status sim_stays(airt_ctx *ctx, struct puppet *self, void *argument);
/* Steps until it is so; gives up when nothing is ready, or after more steps than any test needs. */
void sim_until(sim *s, const bool *flag);
/* A handler's wait for a call as it stands just before it looks for a cycle: announced, and not refused yet. A call of
 * zero takes it back. */
void sim_announce_wait(airt_ctx *ctx, airt_call call);
/* A reason in a word: normal, shutdown, killed, error, ... */
const char *sim_reason(const struct airt_reason *reason);

/* Sums over the fault worlds so far. */
extern uint64_t sim_asked[AIRT_ALLOCATION_COUNT];
extern uint64_t sim_refused;
/* The same for each place that asks, in the order of __start_airi_sites. */
enum {
    SIM_SITES = 64
};
extern uint64_t sim_asked_at[SIM_SITES], sim_refused_at[SIM_SITES];
/* Adds what a fault world counted; sim_close does it for its own. */
void sim_add_faults(const airt_world *world);

#endif
