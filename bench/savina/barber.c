/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a queue with a few chairs cost when it is an actor? A town sends customers to a barber; they wait in his
 * room, and one who finds no chair comes back later. The town lets twice as many out as there are chairs, so that the
 * room is full at times and no mailbox ever is. */
#include "harness.h"

enum {
    RATE = 1000, /* at most so many rounds of work for a haircut, and between two customers */
    BACK_MS = 1
};

/* --- what is said ------------------------------------------------------------------------------------------------- */

AIRT_SIGNAL(barber_full)  /* to a customer: no chair is free */
AIRT_SIGNAL(barber_again) /* a customer to itself, later */
AIRT_SIGNAL(barber_done)  /* to a customer: its hair is cut */
#define barber_customer_ACCEPTS(KIND) KIND(barber_full) KIND(barber_done)
AIRT_PROTOCOL(barber_customer)

struct barber_enter {
    barber_customer_ref customer;
};
AIRT_KIND(barber_enter, REF(customer))
AIRT_SIGNAL(barber_next) /* the barber is free */
AIRT_SIGNAL(barber_count_get)
struct barber_count {
    uint64_t haircuts;
    uint64_t turned_away; /* times */
};
AIRT_KIND(barber_count, haircuts, turned_away)
AIRT_ANSWER(barber_count_get, barber_count)
#define barber_room_ACCEPTS(KIND) KIND(barber_enter) KIND(barber_next) KIND(barber_count_get)
AIRT_PROTOCOL(barber_room)

struct barber_cut {
    barber_customer_ref customer;
};
AIRT_KIND(barber_cut, REF(customer))
AIRT_SIGNAL(barber_haircuts_get)
struct barber_haircuts {
    uint64_t haircuts;
};
AIRT_KIND(barber_haircuts, haircuts)
AIRT_ANSWER(barber_haircuts_get, barber_haircuts)
#define barber_ACCEPTS(KIND) KIND(barber_cut) KIND(barber_haircuts_get)
AIRT_PROTOCOL(barber)

struct barber_home {
    uint64_t turned_away; /* times */
};
AIRT_KIND(barber_home, turned_away)
AIRT_SIGNAL(barber_send_next)
AIRT_SIGNAL(barber_report_get)
struct barber_report {
    uint64_t served;
    uint64_t turned_away;
};
AIRT_KIND(barber_report, served, turned_away)
AIRT_ANSWER(barber_report_get, barber_report)
#define barber_town_ACCEPTS(KIND) KIND(bench_go) KIND(barber_home) KIND(barber_report_get) KIND(barber_count_get)
AIRT_PROTOCOL(barber_town)

/* --- the barber --------------------------------------------------------------------------------------------------- */

struct barber_start {
    barber_room_ref room;
};
AIRT_KIND(barber_start, REF(room))

struct barber {
    barber_room_ref room;
    uint64_t        haircuts;
    uint64_t        random;
};

AIRT_ON(barber, barber_start)
{
    self->room = msg->room;
    return airt_tell(ctx, self->room, barber_next);
}

AIRT_ON(barber, barber_cut)
{
    self->random = bench_work(self->random + 1, 1 + self->random % RATE);
    self->haircuts++;
    AIRT_TRY(airt_tell(ctx, msg->customer, barber_done));
    return airt_tell(ctx, self->room, barber_next);
}

AIRT_ON(barber, barber_haircuts_get)
{
    return airt_reply(ctx, barber_haircuts_get, .haircuts = self->haircuts);
}

#define barber_HANDLES(ON, A) ON(A, barber_start) ON(A, barber_cut) ON(A, barber_haircuts_get)
AIRT_BEHAVIOR(barber)

/* --- the waiting room, with its barber ---------------------------------------------------------------------------- */

struct barber_room_start {
    uint32_t chairs;
};
AIRT_KIND(barber_room_start, chairs)

struct barber_room {
    barber_ref           barber;
    barber_customer_ref *chair; /* a ring */
    uint32_t             chairs, first, taken;
    bool                 barber_sleeps;
    uint64_t             turned_away; /* times */
};

AIRT_ON(barber_room, barber_room_start)
{
    const barber_room_ref    me = { .ref = airt_self(ctx) };
    const airt_spawn_options options = { .start = AIRT_START(barber, .room = me), .child = true };

    self->chairs = msg->chairs;
    self->chair = airt_alloc(ctx, self->chairs * sizeof *self->chair);
    return self->chair != NULL ? airt_spawn(ctx, barber, &self->barber, &options) : AIRT_ENOMEM;
}

AIRT_ON(barber_room, barber_enter)
{
    if (self->barber_sleeps) {
        self->barber_sleeps = false;
        return airt_tell(ctx, self->barber, barber_cut, .customer = msg->customer);
    }
    if (self->taken == self->chairs) {
        self->turned_away++;
        return airt_tell(ctx, msg->customer, barber_full);
    }
    self->chair[(self->first + self->taken++) % self->chairs] = msg->customer;
    return AIRT_OK;
}

AIRT_ON(barber_room, barber_next)
{
    barber_customer_ref customer = self->chair[self->first];

    self->barber_sleeps = self->taken == 0;
    if (self->barber_sleeps)
        return AIRT_OK;
    self->first = (self->first + 1) % self->chairs;
    self->taken--;
    return airt_tell(ctx, self->barber, barber_cut, .customer = customer);
}

AIRT_ON(barber_room, barber_count_get)
{
    barber_haircuts_get_answer answer = { 0 };

    AIRT_TRY(airt_ask(ctx, self->barber, &answer, AIRT_FOREVER, barber_haircuts_get));
    return airt_reply(ctx, barber_count_get, .haircuts = answer.haircuts, .turned_away = self->turned_away);
}

#define barber_room_HANDLES(ON, A)                                                                                     \
    ON(A, barber_room_start) ON(A, barber_enter) ON(A, barber_next) ON(A, barber_count_get)
AIRT_BEHAVIOR(barber_room)

/* --- a customer --------------------------------------------------------------------------------------------------- */

struct barber_customer_start {
    barber_room_ref  room;
    barber_home_sink town;
};
AIRT_KIND(barber_customer_start, REF(room), REF(town))

struct barber_customer {
    barber_room_ref     room;
    barber_home_sink    town;
    barber_customer_ref me;
    uint64_t            turned_away;
};

AIRT_ON(barber_customer, barber_customer_start)
{
    self->room = msg->room;
    self->town = msg->town;
    self->me.ref = airt_self(ctx);
    return airt_tell(ctx, self->room, barber_enter, .customer = self->me);
}

AIRT_ON(barber_customer, barber_full)
{
    self->turned_away++;
    return airt_send_after(ctx, AIRT_MS(BACK_MS), NULL, barber_again);
}

AIRT_ON(barber_customer, barber_again)
{
    return airt_tell(ctx, self->room, barber_enter, .customer = self->me);
}

AIRT_ON(barber_customer, barber_done)
{
    AIRT_TRY(airt_tell(ctx, self->town, barber_home, .turned_away = self->turned_away));
    return AIRT_STOP;
}

#define barber_customer_HANDLES(ON, A)                                                                                 \
    ON(A, barber_customer_start) ON(A, barber_full) ON(A, barber_again) ON(A, barber_done)
AIRT_BEHAVIOR(barber_customer)

/* --- the town ----------------------------------------------------------------------------------------------------- */

struct barber_town {
    bench_run           *run;
    barber_room_ref      room;
    barber_home_sink     me;
    uint64_t             sent;
    uint64_t             random;
    uint32_t             out, out_max; /* customers now */
    bool                 is_sending;   /* a barber_send_next is under way */
    struct barber_report report;
};

static airt_status send_next(struct barber_town *self, airt_ctx *ctx)
{
    self->is_sending = self->sent < self->run->count && self->out < self->out_max;
    return self->is_sending ? airt_tell_any(ctx, airt_self(ctx), barber_send_next) : AIRT_OK;
}

AIRT_ON(barber_town, bench_go)
{
    const uint32_t           chairs = msg->run->actors;
    const airt_spawn_options options = { .start = AIRT_START(barber_room, .chairs = chairs),
                                         .mailbox.max = 2 * chairs + 2 }; /* customers out, the barber, a question */

    self->run = msg->run;
    self->out_max = 2 * chairs;
    self->me.ref = airt_self(ctx);
    bench_start(self->run);
    AIRT_TRY(airt_spawn(ctx, barber_room, &self->room, &options));
    return send_next(self, ctx);
}

AIRT_ON(barber_town, barber_send_next)
{
    const airt_spawn_options options = { .start = AIRT_START(barber_customer, .room = self->room, .town = self->me) };
    barber_customer_ref      customer = { 0 };

    self->random = bench_work(self->random + 2, 1 + self->random % RATE);
    AIRT_TRY(airt_spawn(ctx, barber_customer, &customer, &options));
    self->sent++;
    self->out++;
    return send_next(self, ctx);
}

AIRT_ON(barber_town, barber_home)
{
    self->out--;
    self->report.served++;
    self->report.turned_away += msg->turned_away;
    if (self->report.served == self->run->count)
        bench_event(self->run);
    return self->is_sending ? AIRT_OK : send_next(self, ctx);
}

AIRT_ON(barber_town, barber_report_get)
{
    return airt_reply(ctx, barber_report_get, .served = self->report.served, .turned_away = self->report.turned_away);
}

AIRT_ON(barber_town, barber_count_get)
{
    return airt_forward(ctx, self->room, barber_count_get);
}

#define barber_town_HANDLES(ON, A)                                                                                     \
    ON(A, bench_go)                                                                                                    \
    ON(A, barber_send_next) ON(A, barber_home) ON(A, barber_report_get) ON(A, barber_count_get)
AIRT_BEHAVIOR(barber_town)

/* --- the run ------------------------------------------------------------------------------------------------------ */

/* That nobody was served twice is in the account: the second barber_done would be a dead letter. */
static void check_haircuts(bench_run *run, airt_system *system, barber_town_ref town)
{
    barber_report_get_answer report = { 0 };
    barber_count_get_answer  count = { 0 };

    if (!bench_status(run, "ask", airt_ask(system, town, &report, AIRT_SECONDS(60), barber_report_get)) ||
        !bench_status(run, "ask", airt_ask(system, town, &count, AIRT_SECONDS(60), barber_count_get)))
        return;
    run->found.check = count.haircuts;
    (void)bench_equal(run, "haircuts", count.haircuts, run->count);
    (void)bench_equal(run, "customers served", report.served, run->count);
    (void)bench_equal(run, "customers turned away", report.turned_away, count.turned_away);
}

static void barber_run(bench_run *run)
{
    const airt_spawn_options options = { .mailbox.max = 2 * run->actors + 2 };
    airt_system             *system = bench_open(run);
    barber_town_ref          town = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (bench_status(run, "spawn", airt_spawn(system, barber_town, &town, &options))) {
        airt_tell(system, town, bench_go, .run = run);
        if (bench_wait(run)) {
            run->found.value[0] = bench_ns_each(run, run->count);
            check_haircuts(run, system, town);
        }
    }
    bench_close(run, &system);
}

const bench_workload bench_barber = {
    .name = "barber",
    .what = "a barber with 1,000 chairs (--actors), and customers who come back when none is free; --count haircuts,\n"
            "200 times Savina's size",
    .figure = { { "barber", "ns/haircut" } },
    .count = 1000000,
    .small = 300,
    .actors = 1000,
    .small_actors = 5,
    .run = barber_run,
};
