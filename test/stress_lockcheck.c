/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* libairt-lockcheck sees each way to take a lock of pthreads and of C11, says where, and has no effect otherwise. */
#define _GNU_SOURCE
#include "threads.h"

#include <errno.h>
#include <stdlib.h>

/* <threads.h> of C11 is hidden by the tests' own header of that name. glibc's mtx_t is its pthread_mutex_t. */
enum {
    MTX_TIMED = 2
};
int mtx_init(pthread_mutex_t *lock, int type);
int mtx_lock(pthread_mutex_t *lock);
int mtx_trylock(pthread_mutex_t *lock);
int mtx_timedlock(pthread_mutex_t *lock, const struct timespec *until);
int mtx_unlock(pthread_mutex_t *lock);

static pthread_mutex_t    mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t   rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_mutex_t    c11;
/* Long past: what waits must not. A lock that is free is taken all the same. */
static const struct timespec past = { 1, 0 };

#define WAYS(X)                                                                                                        \
    X(pthread_mutex_lock, (&mutex), pthread_mutex_unlock, &mutex)                                                      \
    X(pthread_mutex_trylock, (&mutex), pthread_mutex_unlock, &mutex)                                                   \
    X(pthread_mutex_timedlock, (&mutex, &past), pthread_mutex_unlock, &mutex)                                          \
    X(pthread_mutex_clocklock, (&mutex, CLOCK_MONOTONIC, &past), pthread_mutex_unlock, &mutex)                         \
    X(pthread_rwlock_rdlock, (&rwlock), pthread_rwlock_unlock, &rwlock)                                                \
    X(pthread_rwlock_tryrdlock, (&rwlock), pthread_rwlock_unlock, &rwlock)                                             \
    X(pthread_rwlock_timedrdlock, (&rwlock, &past), pthread_rwlock_unlock, &rwlock)                                    \
    X(pthread_rwlock_clockrdlock, (&rwlock, CLOCK_MONOTONIC, &past), pthread_rwlock_unlock, &rwlock)                   \
    X(pthread_rwlock_wrlock, (&rwlock), pthread_rwlock_unlock, &rwlock)                                                \
    X(pthread_rwlock_trywrlock, (&rwlock), pthread_rwlock_unlock, &rwlock)                                             \
    X(pthread_rwlock_timedwrlock, (&rwlock, &past), pthread_rwlock_unlock, &rwlock)                                    \
    X(pthread_rwlock_clockwrlock, (&rwlock, CLOCK_MONOTONIC, &past), pthread_rwlock_unlock, &rwlock)                   \
    X(pthread_spin_lock, (&spin), pthread_spin_unlock, &spin)                                                          \
    X(pthread_spin_trylock, (&spin), pthread_spin_unlock, &spin)                                                       \
    X(mtx_lock, (&c11), mtx_unlock, &c11)                                                                              \
    X(mtx_trylock, (&c11), mtx_unlock, &c11)                                                                           \
    X(mtx_timedlock, (&c11, &past), mtx_unlock, &c11)

typedef struct way {
    const char *name;
    int (*take)(void);
    int (*give)(void);
} way;
#define WAY_FUNCTIONS(takes, arguments, gives, lock)                                                                   \
    static int take_##takes(void)                                                                                      \
    {                                                                                                                  \
        return takes arguments;                                                                                        \
    }                                                                                                                  \
    static int give_##takes(void)                                                                                      \
    {                                                                                                                  \
        return gives(lock);                                                                                            \
    }
#define WAY_ENTRY(takes, arguments, gives, lock) { #takes, take_##takes, give_##takes },
WAYS(WAY_FUNCTIONS)
static const way ways[] = { WAYS(WAY_ENTRY) };
#define COUNT (sizeof ways / sizeof ways[0])

enum {
    TAKE = 1,
    GIVE = 2
};
struct turn {
    uint32_t way;
    uint32_t what;
};
struct held {
    int32_t status;
};
AIRT_KIND(turn, way, what)
AIRT_KIND(held, status)
AIRT_ANSWER(turn, held)
#define taker_ACCEPTS(KIND) KIND(turn)
AIRT_PROTOCOL(taker)
struct taker {
    char nothing;
};
AIRT_ON(taker, turn)
{
    int status = msg->what & TAKE ? ways[msg->way].take() : 0;

    if (status == 0 && (msg->what & GIVE) != 0)
        status = ways[msg->way].give();
    return airt_reply(ctx, turn, .status = status);
}
#define taker_HANDLES(ON, A) ON(A, turn)
AIRT_BEHAVIOR(taker)

/* What the hook was told of locks. */
static struct {
    _Atomic(int) count;
    airt_ref     who;
    char         behavior[16], message[16], text[300];
} told;

static void on_report(void *context, const airt_report *report)
{
    (void)context;
    if (report->kind != AIRT_REPORT_LOCK)
        return;
    told.who = report->who;
    (void)snprintf(told.behavior, sizeof told.behavior, "%s", report->behavior);
    (void)snprintf(told.message, sizeof told.message, "%s", report->message);
    (void)snprintf(told.text, sizeof told.text, "%s", report->text);
    atomic_fetch_add(&told.count, 1);
}

/* One thread: a lock is given back by who took it. */
static taker_ref begin(airt_system **system)
{
    taker_ref taker = { 0 };

    memset(&told, 0, sizeof told);
    assert_int_equal(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE), 0);
    assert_int_equal(mtx_init(&c11, MTX_TIMED), 0);
    OK(airt_system_create(&(airt_system_options){ .workers = 1, .stuck_ms = NEVER_STUCK, .report = on_report },
                          system));
    OK(airt_spawn(*system, taker, &taker, NULL));
    return taker;
}

static int turn_of(airt_system *system, taker_ref taker, uint32_t n, uint32_t what)
{
    struct held held = { -1 };

    OK(airt_ask(system, taker, &held, AIRT_SECONDS(60), turn, .way = n, .what = what));
    return held.status;
}

/* "call at file+0x12: held when the handler returned" */
static void check_text(const char *name)
{
    const char *at = strstr(told.text, " at ");
    const char *place = at != NULL ? strstr(at, "+0x") : NULL;

    assert_non_null(place);
    assert_int_equal(strncmp(told.text, name, strlen(name)), 0);
    assert_ptr_equal(told.text + strlen(name), at);
    assert_non_null(strstr(place, ": held when the handler returned"));
    assert_true(strtoul(place + 3, NULL, 16) != 0);
}

static void every_way_is_seen(void **state)
{
    airt_system *system = NULL;
    taker_ref    taker = begin(&system);

    (void)state;
    for (uint32_t n = 0; n < COUNT; n++) {
        assert_int_equal(turn_of(system, taker, n, TAKE | GIVE), 0);
        assert_int_equal(told.count, (int)n);
        assert_int_equal(turn_of(system, taker, n, TAKE), 0);
        OK(airt_system_quiesce(system, AIRT_SECONDS(60)));
        assert_int_equal(told.count, (int)n + 1);
        assert_true(airt_ref_same(told.who, taker.ref));
        assert_string_equal(told.behavior, "taker");
        assert_string_equal(told.message, "turn");
        check_text(ways[n].name);
        assert_int_equal(turn_of(system, taker, n, GIVE), 0);
    }
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
}

/* What is not got is not held. */
static void a_lock_that_is_not_got_is_not_held(void **state)
{
    airt_system *system = NULL;
    taker_ref    taker = begin(&system);

    (void)state;
    for (uint32_t n = 0; n < COUNT; n++) {
        if (strstr(ways[n].name, "try") == NULL && strstr(ways[n].name, "timed") == NULL &&
            strstr(ways[n].name, "clock") == NULL)
            continue;
        if (strstr(ways[n].name, "rd") != NULL)
            assert_int_equal(pthread_rwlock_wrlock(&rwlock), 0);
        else
            assert_int_equal(ways[n].take(), 0);
        assert_int_not_equal(turn_of(system, taker, n, TAKE), 0);
        assert_int_equal(ways[n].give(), 0);
    }
    OK(airt_system_quiesce(system, AIRT_SECONDS(60)));
    assert_int_equal(told.count, 0);
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
}

static void *takes_and_dies(void *robust)
{
    return pthread_mutex_lock(robust) == 0 ? robust : NULL;
}

/* The dead owner's mutex is the handler's, who is told of the death by its status. */
static void a_lock_of_a_dead_owner_is_held(void **state)
{
    airt_system        *system = NULL;
    taker_ref           taker = begin(&system);
    pthread_mutexattr_t robust;
    pthread_t           owner;
    void               *took = NULL;

    (void)state;
    assert_int_equal(pthread_mutexattr_init(&robust), 0);
    assert_int_equal(pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST), 0);
    assert_int_equal(pthread_mutex_init(&mutex, &robust), 0);
    assert_int_equal(pthread_create(&owner, NULL, takes_and_dies, &mutex), 0);
    assert_int_equal(pthread_join(owner, &took), 0);
    assert_ptr_equal(took, &mutex);
    assert_int_equal(turn_of(system, taker, 0, TAKE), EOWNERDEAD);
    OK(airt_system_quiesce(system, AIRT_SECONDS(60)));
    assert_int_equal(told.count, 1);
    check_text(ways[0].name);
    assert_int_equal(turn_of(system, taker, 0, GIVE), 0);
    OK(airt_system_stop(&system, AIRT_SECONDS(60)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_is_seen), cmocka_unit_test(a_lock_that_is_not_got_is_not_held),
        cmocka_unit_test(a_lock_of_a_dead_owner_is_held), /* the last: its mutex can be taken no more */
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
