/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "faulty.h"

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What the compiler must not know. */
static int *volatile nowhere;
static volatile int zero;
static void (*volatile call_nowhere)(void);
static void (*volatile leave_nowhere)(void) __attribute__((noreturn));
static volatile size_t sink;

int faulty_signal(faulty how)
{
#define FAULTY_SIGNAL(name, signal, text) signal,
    static const int signals[] = { FAULTY_TABLE(FAULTY_SIGNAL) };
#undef FAULTY_SIGNAL

    return signals[how];
}

const char *faulty_text(faulty how)
{
#define FAULTY_TEXT(name, signal, text) text,
    static const char *const texts[] = { FAULTY_TABLE(FAULTY_TEXT) };
#undef FAULTY_TEXT

    return texts[how];
}

bool faulty_here(faulty how)
{
#if defined(__x86_64__)
    (void)how;
    return true;
#else
    return how != FAULTY_DIVIDE; /* aarch64 divides by zero */
#endif
}

static __attribute__((noinline)) size_t recurse(size_t depth)
{
    volatile char room[256];

    room[depth % sizeof room] = (char)depth;
    return zero != 0 ? 0 : recurse(depth + 1) + (size_t)room[depth % sizeof room];
}

/* Mapped once: nobody unmaps what a fault leaves behind. */
static char *page_behind_end(void)
{
    static _Atomic(char *) page;
    char                  *at = atomic_load(&page);
    FILE                  *file = at == NULL ? tmpfile() : NULL;

    if (file == NULL)
        return at;
    at = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, fileno(file), 0);
    (void)fclose(file);
    atomic_store(&page, at);
    return at;
}

static void illegal(void)
{
#if defined(__x86_64__)
    __asm__ volatile("ud2");
#else
    __asm__ volatile("udf #0");
#endif
}

/* The call is the last instruction: where it would return to is no more of this function. */
static __attribute__((noinline, noreturn)) void call_nowhere_last(void)
{
    leave_nowhere();
}

void faulty_do(faulty how)
{
    char from[64] = "sixty-four bytes, too many for the compiler to copy by itself";

    switch (how) {
    case FAULTY_NULL:
        *nowhere = 1;
        break;
    case FAULTY_WILD:
        sink = (size_t) * (volatile int *)16;
        break;
    case FAULTY_NOWHERE:
        call_nowhere();
        break;
    case FAULTY_NOWHERE_LAST:
        call_nowhere_last();
    case FAULTY_COPY:
        memcpy(nowhere, from, strlen(from) + sink);
        break;
    case FAULTY_LENGTH:
        sink = strlen((const char *)nowhere);
        break;
    case FAULTY_STACK:
        sink = recurse(0);
        break;
    case FAULTY_BUS:
        sink = (size_t) * (volatile char *)page_behind_end();
        break;
    case FAULTY_DIVIDE:
        sink = (size_t)(100 / zero);
        break;
    case FAULTY_ILLEGAL:
        illegal();
        break;
    case FAULTY_ABORT:
        abort();
    case FAULTY_RAISE:
        (void)raise(SIGABRT);
        break;
    case FAULTY_CHECK:
        AIRT_CHECK(zero == 1);
        break;
    case FAULTY_CHECK_EQ:
        AIRT_CHECK_EQ(zero, 17);
        break;
    default:
        break;
    }
}

/* --- an actor that faults ----------------------------------------------------------------------------------------- */

struct faulty_actor {
    uint32_t how, place;
    uint64_t count;
};

AIRT_ON(faulty_actor, faulty_actor_start)
{
    faulty_do(msg->how);
    return AIRT_OK;
}
AIRT_ON(faulty_actor, faulty_ping)
{
    self->count++;
    return airt_reply(ctx, faulty_ping, .value = msg->value);
}
AIRT_ON(faulty_actor, faulty_go)
{
    self->how = msg->how;
    self->place = msg->place;
    switch ((faulty_place)msg->place) {
    case FAULTY_AFTER_AWAIT:
        AIRT_TRY(airt_sleep(ctx, AIRT_MS(1)));
        break;
    case FAULTY_IN_STOPPING:
        return AIRT_STOP;
    case FAULTY_IN_FAILED:
        return AIRT_EINVAL;
    default:
        break;
    }
    faulty_do(self->how);
    return AIRT_OK;
}
AIRT_ON(faulty_actor, airt_stopping)
{
    if (self->place == FAULTY_IN_STOPPING)
        faulty_do(self->how);
    return AIRT_OK;
}
AIRT_ON(faulty_actor, airt_failed)
{
    if (self->place == FAULTY_IN_FAILED)
        faulty_do(self->how);
    return AIRT_STOP;
}
#define faulty_actor_HANDLES(ON, A)                                                                                    \
    ON(A, faulty_actor_start)                                                                                          \
    ON(A, faulty_ping) ON(A, faulty_go) ON(A, airt_stopping) ON(A, airt_failed)
AIRT_BEHAVIOR(faulty_actor)

#define FAULTY_LIKE(name_, ...)                                                                                        \
    const airt_behavior name_ = { .struct_size = sizeof(airt_behavior),                                                \
                                  .state_size = sizeof(struct faulty_actor),                                           \
                                  .name = #name_,                                                                      \
                                  .receive = faulty_actor_receive,                                                     \
                                  .kinds = faulty_actor_kinds,                                                         \
                                  __VA_ARGS__ };
FAULTY_LIKE(faulty_blocking, .placement = AIRT_BLOCKING)
FAULTY_LIKE(faulty_dedicated, .placement = AIRT_DEDICATED)
FAULTY_LIKE(faulty_pinned, .pinned = true)

/* --- who watches it ----------------------------------------------------------------------------------------------- */

enum {
    WARDS = 4096
};
struct ward {
    uint64_t         who[WARDS];
    struct ward_told told[WARDS];
    uint32_t         count;
};

AIRT_ON(ward, ward_spawn)
{
    struct ward_spawned  spawned = { 0 };
    const airt_behavior *behavior = (const airt_behavior *)(uintptr_t)msg->behavior;
    airt_spawn_options   options = { .monitor = true, .start = AIRT_START(faulty_actor, .how = msg->how) };

    AIRT_TRY(airt_spawn_behavior(ctx, behavior, &spawned.ref.ref, &options));
    self->who[self->count % WARDS] = spawned.ref.bits;
    self->told[self->count++ % WARDS].status = AIRT_EPENDING;
    return airt_reply_body(ctx, &ward_spawned_kind, &spawned);
}
AIRT_ON(ward, ward_ask)
{
    struct ward_told told = { .status = AIRT_EDEAD };

    for (uint32_t i = 0; i < WARDS && i < self->count; i++)
        if (self->who[i] == msg->who)
            told = self->told[i];
    return airt_reply_body(ctx, &ward_told_kind, &told);
}
AIRT_ON(ward, airt_down)
{
    for (uint32_t i = 0; i < WARDS && i < self->count; i++)
        if (self->who[i] == msg->who.bits)
            self->told[i] = (struct ward_told){ msg->reason.exit, msg->reason.code, AIRT_OK };
    return AIRT_OK;
}
#define ward_HANDLES(ON, A) ON(A, ward_spawn) ON(A, ward_ask) ON(A, airt_down)
AIRT_BEHAVIOR(ward)
