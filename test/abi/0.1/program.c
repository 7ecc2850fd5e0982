/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A program of this version that hands the library every struct it lays out itself. Compiled with the headers beside
 * it, it must go on running with every newer library of the same soname; test/abi/run.sh. */
#include <airt/airt.h>
#include <stdio.h>
#include <string.h>

struct page {
    uint32_t number;
    airt_str text;
};
struct count {
    uint64_t pages;
    uint32_t trace;
};
AIRT_KIND(page, number, text)
AIRT_SIGNAL(count_get)
AIRT_KIND(count, pages, trace)
AIRT_ANSWER(count_get, count)

#define book_ACCEPTS(KIND) KIND(page) KIND(count_get)
AIRT_PROTOCOL(book)
struct book {
    uint64_t pages;
    uint32_t trace;
};
struct book_start {
    uint64_t pages;
};
AIRT_KIND(book_start, pages)
AIRT_ON(book, book_start)
{
    self->pages = msg->pages;
    return AIRT_OK;
}
AIRT_ON(book, page)
{
    self->pages++;
    self->trace = (uint32_t)airt_msg_trace(airt_message(ctx));
    return msg->number == 0 || msg->text.size != 3 ? AIRT_EINVAL : AIRT_OK;
}
AIRT_ON(book, count_get)
{
    return airt_reply(ctx, count_get, .pages = self->pages, .trace = self->trace);
}
AIRT_ON(book, airt_stopping)
{
    return msg->reason.exit == AIRT_EXIT_ERROR && msg->started ? AIRT_OK : AIRT_EINVAL;
}
#define book_HANDLES(ON, A) ON(A, book_start) ON(A, page) ON(A, count_get) ON(A, airt_stopping)
AIRT_BEHAVIOR(book)

static unsigned accepted, begun, dead, reports;

static void on_accepted(void *context, airt_ref who, const airt_kind *kind)
{
    (void)who;
    (void)kind;
    ++*(unsigned *)context;
}
static void on_begun(void *context, airt_ref who, const airt_kind *kind)
{
    (void)context;
    (void)who;
    (void)kind;
    begun++;
}
static void on_dead_letter(void *context, const airt_dead_letter *letter)
{
    *(unsigned *)context += letter->reason == AIRT_LETTER_FAULT && letter->kind == &page_kind &&
                            ((const struct page *)letter->body)->number == 0;
}
static void on_report(void *context, const airt_report *report)
{
    *(unsigned *)context +=
        report->kind == AIRT_REPORT_FAILED && report->status == AIRT_EINVAL && strcmp(report->behavior, "book") == 0;
}

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                                    \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

static int run(airt_system *system, airt_world *world)
{
    airt_spawn_options spawn = { .name = "book", .mailbox = { .max = 1 }, .start = AIRT_START(book, .pages = 40) };
    airt_send_options  send = { .priority = AIRT_HIGH, .ttl_ms = 1000, .trace = 77 };
    book_ref           book = { 0 };
    struct count       count = { 0 };
    airt_actor_info    info;
    airt_system_stats  stats;

    EXPECT(airt_spawn(system, book, &book, &spawn) == AIRT_OK);
    EXPECT(airt_tell_with(system, book, &send, page, .number = 1, .text = AIRT_STR("one")) == AIRT_OK);
    EXPECT(airt_tell(system, book, page, .number = 2, .text = AIRT_STR("two")) == AIRT_EFULL);
    EXPECT(airt_ask(system, book, &count, AIRT_SECONDS(1), count_get) == AIRT_EFULL);
    airt_sim_settle(world);
    EXPECT(airt_ask(system, book, &count, AIRT_SECONDS(1), count_get) == AIRT_OK);
    EXPECT(count.pages == 41 && count.trace == 77);
    EXPECT(airt_info(system, book.ref, &info) == AIRT_OK);
    EXPECT(info.state == AIRT_STATE_RUNNING && info.incarnation == 1 && info.started_ns >= 5000);
    EXPECT(strcmp(info.behavior, "book") == 0);
    EXPECT(airt_tell(system, book, page, .number = 0, .text = AIRT_STR("bad")) == AIRT_OK);
    airt_sim_settle(world);
    airt_system_stats_get(system, &stats);
    EXPECT(stats.accepted == stats.handled + 1 && stats.dead[AIRT_LETTER_FAULT] == 1 && stats.failed == 1);
    EXPECT(stats.workers == 2 && stats.actors == 0 && stats.refused == 2);
    return 0;
}

int main(void)
{
    airt_recorder       recorder = { .context = &accepted, .accepted = on_accepted, .begun = on_begun };
    airt_sim_options    sim = { .seed = 3, .start_ns = 5000, .cores = 2 };
    airt_fault_options  fault = { .nth = 1000000, .sites = 1u << AIRT_ALLOCATION_MESSAGE };
    airt_world         *inner = NULL, *world = NULL;
    airt_system        *system = NULL;
    airt_system_options options = { .recorder = &recorder,
                                    .dead_letter = on_dead_letter,
                                    .dead_letter_context = &dead,
                                    .report = on_report,
                                    .report_context = &reports };

    EXPECT(airt_sim_create(&sim, &inner) == AIRT_OK);
    EXPECT(airt_fault_create(inner, &fault, &world) == AIRT_OK);
    options.world = world;
    EXPECT(airt_system_create(&options, &system) == AIRT_OK);
    if (run(system, inner) != 0)
        return 1;
    EXPECT(airt_system_stop(&system, AIRT_SECONDS(1)) == AIRT_OK);
    EXPECT(airt_fault_count(world, AIRT_ALLOCATION_MESSAGE) > 0 && airt_fault_refused(world) == 0);
    airt_world_destroy(&world);
    airt_world_destroy(&inner);
    EXPECT(accepted > 0 && begun == accepted && dead == 1 && reports == 1);
    return 0;
}
