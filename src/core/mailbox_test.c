/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "core/mailbox.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

typedef struct spaced { /* as a message: links are 16-aligned */
    _Alignas(16) airi_link link;
} spaced;

static void test_words(void **state)
{
    airi_mail mail;
    spaced    links[5];

    (void)state;
    airi_mail_init(&mail);
    assert_true(airi_mail_closed(&mail));
    links[0].link.next = &links[4].link;
    assert_int_equal(airi_mail_push(&mail, &links[0].link), AIRI_PUSH_CLOSED);
    assert_ptr_equal(links[0].link.next, &links[4].link); /* untouched */
    assert_false(airi_mail_claim(&mail));
    airi_mail_open(&mail);
    assert_false(airi_mail_closed(&mail));
    assert_null(airi_mail_take(&mail));
    for (int i = 0; i < 3; i++)
        assert_int_equal(airi_mail_push(&mail, &links[i].link), AIRI_PUSHED);
    assert_true(airi_mail_has_new(&mail));
    assert_false(airi_mail_idle(&mail, 0)); /* something new */
    assert_false(airi_mail_claim(&mail));
    assert_ptr_equal(airi_mail_take(&mail), &links[0].link);
    assert_ptr_equal(links[0].link.next, &links[1].link);
    assert_ptr_equal(links[1].link.next, &links[2].link);
    assert_null(links[2].link.next);
    assert_false(airi_mail_has_new(&mail));
    assert_true(airi_mail_idle(&mail, 0));
    assert_false(airi_mail_has_new(&mail));
    assert_int_equal(airi_mail_push(&mail, &links[0].link), AIRI_PUSHED_WAKE);
    assert_int_equal(airi_mail_push(&mail, &links[1].link), AIRI_PUSHED);
    assert_ptr_equal(airi_mail_take(&mail), &links[0].link);
    assert_true(airi_mail_idle(&mail, 0));
    assert_true(airi_mail_claim(&mail));
    assert_false(airi_mail_claim(&mail)); /* once */
    assert_null(airi_mail_take(&mail));
    assert_null(airi_mail_close(&mail, 0));
    airi_mail_open_idle(&mail);
    assert_true(airi_mail_is_idle(&mail));
    assert_int_equal(airi_mail_push(&mail, &links[0].link), AIRI_PUSHED_WAKE);
    assert_ptr_equal(airi_mail_take(&mail), &links[0].link);
}

static void test_close(void **state)
{
    airi_mail mail;
    spaced    links[2];

    (void)state;
    airi_mail_init(&mail);
    airi_mail_open(&mail);
    assert_null(airi_mail_close(&mail, 0)); /* empty */
    airi_mail_open(&mail);
    assert_true(airi_mail_idle(&mail, 0));
    assert_null(airi_mail_close(&mail, 0)); /* idle: its caller owns it */
    airi_mail_open(&mail);
    (void)airi_mail_push(&mail, &links[0].link);
    (void)airi_mail_push(&mail, &links[1].link);
    assert_ptr_equal(airi_mail_close(&mail, 0), &links[0].link);
    assert_ptr_equal(links[0].link.next, &links[1].link);
    assert_null(links[1].link.next);
    assert_true(airi_mail_closed(&mail));
}

#define SENDERS 4
#define EACH 10000

typedef struct message {
    _Alignas(16) airi_link link;
    uint32_t sender;
    uint32_t number;
    uint64_t body; /* plain: TSan sees when push and take do not order it */
} message;

typedef struct box {
    airi_mail             mail;
    AIRI_ATOMIC(uint32_t) ready; /* scheduled and not yet run: never above 1 */
    AIRI_ATOMIC(uint32_t) stop;  /* the flag beside the word */
    uint32_t              order_wrong;
    uint32_t              next[SENDERS]; /* plain: handed from run to run */
    uint64_t              handled;
    AIRI_ATOMIC(bool)     stopped; /* the owner has seen stop */
} box;

static message messages[SENDERS][EACH];
static box     shared;

static void schedule(void)
{
    if (airi_fetch_add(&shared.ready, 1, AIRI_ACQ_REL) != 0)
        abort();
}

/* Unlike a yield, cheap also on a machine that is busy with other things. */
static void rest(void)
{
    struct timespec moment = { .tv_nsec = 10000 };

    (void)nanosleep(&moment, NULL);
}

static void *send_all(void *argument)
{
    uint32_t me = (uint32_t)(uintptr_t)argument;

    for (uint32_t i = 0; i < EACH; i++) {
        message *m = &messages[me][i];

        m->sender = me;
        m->number = i;
        m->body = ((uint64_t)me << 32 | i) * 3;
        if (airi_mail_push(&shared.mail, &m->link) == AIRI_PUSHED_WAKE)
            schedule();
        if (i % 256 == 0)
            rest(); /* let it go idle */
    }
    return NULL;
}

static void handle(airi_link *link)
{
    while (link != NULL) {
        message *m = (message *)(void *)link;

        shared.order_wrong += m->number != shared.next[m->sender];
        shared.order_wrong += m->body != ((uint64_t)m->sender << 32 | m->number) * 3;
        shared.next[m->sender] = m->number + 1;
        shared.handled++;
        link = link->next;
    }
}

/* One turn of the owner; returns when it gave up the right to run. */
static void run_owner(void)
{
    for (;;) {
        bool stop;

        handle(airi_mail_take(&shared.mail));
        stop = airi_load(&shared.stop, AIRI_RELAXED) != 0;
        if (stop)
            airi_store(&shared.stopped, true, AIRI_RELEASE);
        if (!airi_mail_idle(&shared.mail, 0))
            continue;
        if (stop || airi_load(&shared.stop, AIRI_RELAXED) == 0 || !airi_mail_claim(&shared.mail))
            return;
    }
}

static void *run_worker(void *argument)
{
    (void)argument;
    while (airi_load(&shared.stop, AIRI_ACQUIRE) < 2) {
        uint32_t one = 1;

        if (airi_cas(&shared.ready, &one, 0, AIRI_ACQ_REL, AIRI_RELAXED))
            run_owner();
        else
            rest();
    }
    return NULL;
}

/* Four senders, two workers that run whoever is scheduled: exact count, order per sender, scheduled when idle only,
 * and in the end a flag that is never missed. */
static void test_stress(void **state)
{
    pthread_t senders[SENDERS];
    pthread_t workers[2];

    (void)state;
    airi_mail_init(&shared.mail);
    airi_mail_open(&shared.mail);
    schedule(); /* the spawner */
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&workers[i], NULL, run_worker, NULL), 0);
    for (uintptr_t i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_create(&senders[i], NULL, send_all, (void *)i), 0);
    for (int i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_join(senders[i], NULL), 0);
    airi_store(&shared.stop, 1, AIRI_RELAXED);
    if (airi_mail_claim(&shared.mail))
        schedule();
    while (!airi_load(&shared.stopped, AIRI_ACQUIRE)) /* lost, when this never ends */
        rest();
    while (!airi_mail_is_idle(&shared.mail))
        rest();
    assert_true(airi_mail_claim(&shared.mail)); /* acquires what the last worker left */
    assert_int_equal(shared.handled, SENDERS * EACH);
    assert_int_equal(shared.order_wrong, 0);
    airi_store(&shared.stop, 2, AIRI_RELEASE);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(workers[i], NULL), 0);
}

static void test_room(void **state)
{
    airi_mail mail = { 0 };
    airi_room room = { 0, 0 };

    (void)state;
    airi_store(&mail.word, (uint64_t)(AIRI_MAIL_COUNT_MASK - 1) << AIRI_MAIL_COUNT_SHIFT, AIRI_RELAXED);
    airi_store(&room.begun, UINT32_MAX - 1, AIRI_RELAXED); /* both over their wrap */
    for (int round = 0; round < 4; round++) {
        assert_int_equal(airi_room_used(&mail, &room), 0);
        for (uint32_t i = 0; i < 3; i++)
            assert_true(airi_room_take(&mail, &room, 3));
        assert_false(airi_room_take(&mail, &room, 3));
        assert_int_equal(airi_room_used(&mail, &room), 3);
        for (uint32_t i = 0; i < 3; i++)
            airi_room_begin(&room);
    }
}

static void test_push_within(void **state)
{
    airi_mail mail;
    airi_room room = { 0, 0 };
    spaced    links[4];

    (void)state;
    airi_mail_init(&mail);
    assert_int_equal(airi_mail_push_within(&mail, &room, 2, &links[0].link), AIRI_PUSH_CLOSED);
    airi_mail_open(&mail);
    assert_int_equal(airi_mail_push_within(&mail, &room, 2, &links[0].link), AIRI_PUSHED);
    assert_int_equal(airi_mail_push(&mail, &links[1].link), AIRI_PUSHED); /* takes no room */
    assert_int_equal(airi_mail_push_within(&mail, &room, 2, &links[2].link), AIRI_PUSHED);
    assert_int_equal(airi_mail_push_within(&mail, &room, 2, &links[3].link), AIRI_PUSH_FULL);
    assert_ptr_equal(airi_mail_take(&mail), &links[0].link);
    assert_int_equal(airi_room_used(&mail, &room), 2);
    airi_room_begin(&room);
    assert_false(airi_mail_want(&mail));
    assert_true(airi_mail_want(&mail));
    assert_true(airi_mail_idle(&mail, 0));
    assert_true(airi_mail_wanted(&mail) && airi_mail_look(&mail));
    assert_int_equal(airi_mail_push_within(&mail, &room, 2, &links[3].link), AIRI_PUSHED_WAKE); /* past who waits */
    assert_true(airi_mail_wanted(&mail));
    airi_mail_unwant(&mail);
    assert_false(airi_mail_wanted(&mail));
    assert_ptr_equal(airi_mail_close(&mail, 0), &links[3].link);
    assert_int_equal(airi_room_used(&mail, &room), 2); /* until they are dead-lettered */
}

static void test_set_aside(void **state)
{
    airi_mail mail;
    airi_room room = { UINT32_MAX - 1, 0 };
    spaced    links[2];

    (void)state;
    airi_mail_init(&mail);
    airi_store(&mail.word, (uint64_t)(AIRI_MAIL_COUNT_MASK - 1) << AIRI_MAIL_COUNT_SHIFT,
               AIRI_RELAXED); /* over the wrap */
    assert_true(airi_room_set_aside(&mail, &room, 4, 3));
    assert_int_equal(airi_room_used(&mail, &room), 3);
    assert_false(airi_room_set_aside(&mail, &room, 4, 2));
    assert_int_equal(airi_mail_push_within(&mail, &room, 4, &links[0].link), AIRI_PUSHED);
    assert_int_equal(airi_mail_push_within(&mail, &room, 4, &links[1].link), AIRI_PUSH_FULL);
    assert_ptr_equal(airi_mail_take(&mail), &links[0].link);
    airi_room_begin(&room); /* one that took a place which was set aside */
    airi_room_give_back(&room, 2);
    assert_int_equal(airi_room_used(&mail, &room), 1);
    assert_int_equal(airi_mail_push_within(&mail, &room, 4, &links[1].link), AIRI_PUSHED);
}

static void test_set_aside_unbounded(void **state)
{
    airi_mail      mail;
    airi_room      room = { 0, 0 };
    const uint32_t laps = 3 * (AIRI_MAIL_COUNT_MASK + 1);

    (void)state;
    airi_mail_init(&mail);
    airi_mail_open(&mail);
    for (uint32_t i = 0; i < laps; i += 32) {
        assert_true(airi_room_set_aside(&mail, &room, UINT32_MAX, 32));
        assert_int_equal(airi_room_used_unbounded(&mail, &room), i + 32);
    }
    assert_int_equal(airi_load(&room.laps, AIRI_RELAXED), 3);
    airi_room_give_back(&room, laps);
    assert_int_equal(airi_room_used_unbounded(&mail, &room), 0);
}

/* Once, and only where it is plain. */
static void test_try_push(void **state)
{
    airi_mail mail;
    airi_room room = { 0, 0 };
    spaced    links[3];

    (void)state;
    airi_mail_init(&mail);
    assert_true(airi_mail_try_push(&mail, &room, 2, &links[0].link) > AIRI_PUSHED_WAKE); /* closed */
    airi_mail_open(&mail);
    assert_int_equal(airi_mail_try_push(&mail, &room, 2, &links[0].link), AIRI_PUSHED);
    assert_ptr_equal(airi_mail_take(&mail), &links[0].link);
    assert_true(airi_mail_idle(&mail, 0));
    assert_int_equal(airi_mail_try_push(&mail, &room, 2, &links[1].link), AIRI_PUSHED_WAKE);
    assert_true(airi_mail_try_push(&mail, &room, 2, &links[2].link) > AIRI_PUSHED_WAKE); /* full */
    assert_int_equal(airi_mail_try_push(&mail, &room, UINT32_MAX, &links[2].link), AIRI_PUSHED);
    assert_int_equal(airi_room_used(&mail, &room), 3);
    (void)airi_mail_take(&mail);
    airi_store(&mail.word, (uint64_t)AIRI_MAIL_COUNT_MASK << AIRI_MAIL_COUNT_SHIFT, AIRI_RELAXED);
    assert_true(airi_mail_try_push(&mail, &room, UINT32_MAX, &links[0].link) >
                AIRI_PUSHED_WAKE); /* a lap to be noted */
    assert_int_equal(airi_mail_push_unbounded(&mail, &room, &links[0].link), AIRI_PUSHED);
}

/* More than the word can count. */
static void test_unbounded(void **state)
{
    airi_mail     mail;
    airi_room     room = { 0, 0 };
    spaced        one;
    const int32_t count = 3 * (int32_t)AIRI_ROOM_MAX;

    (void)state;
    airi_mail_init(&mail);
    airi_mail_open(&mail);
    for (int tenant = 0; tenant < 2; tenant++) {
        for (int32_t i = 0; i < count; i++) {
            (void)airi_mail_push_unbounded(&mail, &room, &one.link);
            (void)airi_mail_take(&mail);
        }
        assert_int_equal(airi_room_used_unbounded(&mail, &room), count);
        for (int32_t i = 0; i < count; i++)
            airi_room_begin(&room);
        assert_int_equal(airi_room_used_unbounded(&mail, &room), 0);
        airi_store(&room.laps, 0, AIRI_RELAXED); /* a bounded tenant notes none */
        airi_room_renew(&room);
        assert_int_equal(airi_room_used_unbounded(&mail, &room), 0);
    }
}

/* A sender that has gone round and not said so yet. */
static void test_lap_to_be_noted(void **state)
{
    airi_mail mail;
    airi_room room = { AIRI_MAIL_COUNT_MASK, 0 };
    spaced    one;

    (void)state;
    airi_mail_init(&mail);
    airi_store(&mail.word, (uint64_t)AIRI_MAIL_COUNT_MASK << AIRI_MAIL_COUNT_SHIFT, AIRI_RELAXED);
    (void)airi_mail_push_unbounded(&mail, &room, &one.link);
    assert_int_equal(airi_load(&room.laps, AIRI_RELAXED), 1);
    assert_int_equal(airi_room_used_unbounded(&mail, &room), 1);
    airi_store(&room.laps, 0, AIRI_RELAXED);
    assert_int_equal(airi_room_used_unbounded(&mail, &room), 1);
}

#define ROOM_MAX 3
#define TAKERS 4
#define TAKES 8000

typedef struct bounded {
    airi_room             room;
    airi_mail             mail;
    AIRI_ATOMIC(uint32_t) finished;
    AIRI_ATOMIC(uint32_t) accepted;
    uint32_t              most; /* at once: all of them accepted and not begun */
} bounded;

static spaced  room_links[TAKERS][TAKES];
static bounded bound;

static void *take_rooms(void *argument)
{
    uintptr_t me = (uintptr_t)argument;

    for (int i = 0; i < TAKES; i++) {
        if (airi_mail_push_within(&bound.mail, &bound.room, ROOM_MAX, &room_links[me][i].link) == AIRI_PUSH_FULL) {
            if (i % 16 == 0)
                rest();
            continue;
        }
        (void)airi_fetch_add(&bound.accepted, 1, AIRI_RELAXED);
    }
    (void)airi_fetch_add(&bound.finished, 1, AIRI_RELEASE);
    return NULL;
}

static uint32_t begin_all(airi_link *link)
{
    uint32_t count = 0;

    for (; link != NULL; link = link->next)
        count++;
    if (count > bound.most)
        bound.most = count;
    for (uint32_t i = 0; i < count; i++)
        airi_room_begin(&bound.room);
    return count;
}

static void test_room_threads(void **state)
{
    pthread_t takers[TAKERS];
    uint32_t  begun = 0;

    (void)state;
    airi_mail_init(&bound.mail);
    airi_mail_open(&bound.mail);
    for (uintptr_t i = 0; i < TAKERS; i++)
        assert_int_equal(pthread_create(&takers[i], NULL, take_rooms, (void *)i), 0);
    while (airi_load(&bound.finished, AIRI_ACQUIRE) < TAKERS)
        begun += begin_all(airi_mail_take(&bound.mail));
    begun += begin_all(airi_mail_take(&bound.mail));
    for (int i = 0; i < TAKERS; i++)
        assert_int_equal(pthread_join(takers[i], NULL), 0);
    assert_true(bound.most <= ROOM_MAX);
    assert_int_equal(begun, airi_load(&bound.accepted, AIRI_RELAXED));
    assert_int_equal(airi_room_used(&bound.mail, &bound.room), 0);
    assert_true(begun > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),        cmocka_unit_test(test_close),
        cmocka_unit_test(test_stress),       cmocka_unit_test(test_room),
        cmocka_unit_test(test_push_within),  cmocka_unit_test(test_unbounded),
        cmocka_unit_test(test_set_aside),    cmocka_unit_test(test_set_aside_unbounded),
        cmocka_unit_test(test_try_push),     cmocka_unit_test(test_lap_to_be_noted),
        cmocka_unit_test(test_room_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
