/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What does a transfer cost when two accounts must agree? A teller tells an account to pay; that asks the other account
 * to take the money and awaits its word before it serves anybody else. Money flows to higher numbers only, so accounts
 * never wait for each other in a circle; and the teller has a few hundred transfers under way, so no mailbox fills. */
#include "harness.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    UNDER_WAY = 500,
    OPENING = 1000000,
    AMOUNT_MAX = 1000
};

/* --- what is said ------------------------------------------------------------------------------------------------- */

struct bank_credit {
    uint32_t amount;
};
AIRT_KIND(bank_credit, amount)
AIRT_SIGNAL(bank_credited)
AIRT_ANSWER(bank_credit, bank_credited)

AIRT_SIGNAL(bank_done)
struct bank_pay {
    uint32_t         amount;
    bank_credit_sink to;
    bank_done_sink   teller;
};
AIRT_KIND(bank_pay, amount, REF(to), REF(teller))

AIRT_SIGNAL(bank_balance_get)
struct bank_balance {
    int64_t balance;
};
AIRT_KIND(bank_balance, balance)
AIRT_ANSWER(bank_balance_get, bank_balance)

#define bank_account_ACCEPTS(KIND) KIND(bank_pay) KIND(bank_credit) KIND(bank_balance_get)
AIRT_PROTOCOL(bank_account)

AIRT_SIGNAL(bank_audit_get)
struct bank_audit {
    airt_blob balances; /* of int64_t, by number of account */
};
AIRT_KIND(bank_audit, balances)
AIRT_ANSWER(bank_audit_get, bank_audit)

#define bank_teller_ACCEPTS(KIND) KIND(bench_go) KIND(bank_done) KIND(bank_audit_get)
AIRT_PROTOCOL(bank_teller)

/* The transfers: a sequence that a replay can draw again. */
typedef struct transfer {
    uint32_t from, to;
    uint32_t amount;
} transfer;

static transfer transfer_next(uint64_t *random, uint32_t accounts)
{
    uint32_t from = (uint32_t)(bench_random(random) % (accounts - 1));
    uint32_t above = accounts - 1 - from;

    return (transfer){ .from = from,
                       .to = from + 1 + (uint32_t)(bench_random(random) % above),
                       .amount = (uint32_t)(bench_random(random) % AMOUNT_MAX) + 1 };
}

/* --- an account --------------------------------------------------------------------------------------------------- */

struct bank_account {
    int64_t change; /* since it was opened */
};

AIRT_ON(bank_account, bank_pay)
{
    struct bank_credited credited;

    self->change -= msg->amount;
    AIRT_TRY(airt_ask(ctx, msg->to, &credited, AIRT_FOREVER, bank_credit, .amount = msg->amount));
    return airt_tell(ctx, msg->teller, bank_done);
}

AIRT_ON(bank_account, bank_credit)
{
    self->change += msg->amount;
    return airt_reply(ctx, bank_credit);
}

AIRT_ON(bank_account, bank_balance_get)
{
    return airt_reply(ctx, bank_balance_get, .balance = OPENING + self->change);
}

#define bank_account_HANDLES(ON, A) ON(A, bank_pay) ON(A, bank_credit) ON(A, bank_balance_get)
AIRT_BEHAVIOR(bank_account)

/* --- the teller --------------------------------------------------------------------------------------------------- */

struct bank_teller {
    bench_run        *run;
    bank_account_ref *account;
    bank_done_sink    me;
    uint64_t          random;
    uint64_t          begun, done;
};

static airt_status transfer_one(struct bank_teller *self, airt_ctx *ctx)
{
    const transfer next = transfer_next(&self->random, self->run->actors);

    self->begun++;
    return airt_tell(ctx, self->account[next.from], bank_pay, .amount = next.amount,
                     .to = airt_sink(bank_credit, self->account[next.to]), .teller = self->me);
}

AIRT_ON(bank_teller, bench_go)
{
    self->run = msg->run;
    self->me.ref = airt_self(ctx);
    self->account = airt_alloc(ctx, msg->run->actors * sizeof *self->account);
    if (self->account == NULL)
        return AIRT_ENOMEM;
    for (uint32_t i = 0; i < msg->run->actors; i++)
        AIRT_TRY(airt_spawn(ctx, bank_account, &self->account[i], NULL));
    bench_start(self->run);
    for (int i = 0; i < UNDER_WAY && self->begun < self->run->count; i++)
        AIRT_TRY(transfer_one(self, ctx));
    return AIRT_OK;
}

AIRT_ON(bank_teller, bank_done)
{
    if (++self->done == self->run->count)
        bench_event(self->run);
    return self->begun < self->run->count ? transfer_one(self, ctx) : AIRT_OK;
}

AIRT_ON(bank_teller, bank_audit_get)
{
    void     *bytes = NULL;
    airt_blob balances = airt_blob_space(ctx, self->run->actors * sizeof(int64_t), &bytes);

    if (bytes == NULL)
        return AIRT_ENOMEM;
    for (uint32_t i = 0; i < self->run->actors; i++) {
        bank_balance_get_answer answer = { 0 };

        AIRT_TRY(airt_ask(ctx, self->account[i], &answer, AIRT_FOREVER, bank_balance_get));
        ((int64_t *)bytes)[i] = answer.balance;
    }
    return airt_reply(ctx, bank_audit_get, .balances = balances);
}

#define bank_teller_HANDLES(ON, A) ON(A, bench_go) ON(A, bank_done) ON(A, bank_audit_get)
AIRT_BEHAVIOR(bank_teller)

/* --- the run ------------------------------------------------------------------------------------------------------ */

static void compare(bench_run *run, const int64_t *got, int64_t *want)
{
    uint64_t random = 0;
    int64_t  total = 0;

    for (uint32_t i = 0; i < run->actors; i++)
        want[i] = OPENING;
    for (uint64_t i = 0; i < run->count; i++) {
        const transfer next = transfer_next(&random, run->actors);

        want[next.from] -= next.amount;
        want[next.to] += next.amount;
    }
    for (uint32_t i = 0; i < run->actors; i++) {
        total += got[i];
        if (got[i] != want[i])
            (void)bench_fail(run, "balance of %" PRIu32 ": %" PRId64 " instead of %" PRId64, i, got[i], want[i]);
    }
    run->found.check = (uint64_t)total;
    (void)bench_equal(run, "total balance", (uint64_t)total, (uint64_t)run->actors * OPENING);
}

static void check_balances(bench_run *run, airt_system *system, bank_teller_ref teller)
{
    bank_audit_get_answer audit = { 0 };
    int64_t              *want = calloc(run->actors, sizeof *want);

    if (want == NULL)
        (void)bench_fail(run, "no memory");
    else if (bench_status(run, "ask", airt_ask(system, teller, &audit, AIRT_SECONDS(60), bank_audit_get)) &&
             bench_equal(run, "bytes of balances", audit.balances.size, run->actors * sizeof *want))
        compare(run, (const void *)audit.balances.at, want);
    airt_answer_clear(system, bank_audit, &audit);
    free(want);
}

static void bank_run(bench_run *run)
{
    airt_system    *system = bench_open(run);
    bank_teller_ref teller = { 0 };

    if (system == NULL)
        return;
    bench_expect(run, 1);
    if (run->actors < 2)
        (void)bench_fail(run, "needs two accounts");
    else if (bench_status(run, "spawn", airt_spawn(system, bank_teller, &teller, NULL))) {
        airt_tell(system, teller, bench_go, .run = run);
        if (bench_wait(run)) {
            run->found.value[0] = bench_ns_each(run, run->count);
            check_balances(run, system, teller);
        }
    }
    bench_close(run, &system);
}

const bench_workload bench_bank = {
    .name = "bank",
    .what =
        "a teller, 1,000 accounts (--actors) that pay each other and await the receipt; --count transfers, 60 times\n"
        "Savina's size",
    .figure = { { "bank", "ns/transfer" } },
    .count = 3000000,
    .small = 500,
    .actors = 1000,
    .small_actors = 10,
    .run = bank_run,
};
