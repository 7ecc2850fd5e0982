/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The words every other header uses: version, status, duration, references, views.
 * Nothing here allocates or depends on a running system. Unless said otherwise: Thread: any.  Blocks: no. */
#ifndef AIRT_BASE_H
#define AIRT_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AIRT_VERSION_MAJOR 0
#define AIRT_VERSION_MINOR 1
#define AIRT_VERSION_PATCH 0
#define AIRT_VERSION_STRING "0.1.0"
#define AIRT_VERSION (AIRT_VERSION_MAJOR * 10000 + AIRT_VERSION_MINOR * 100 + AIRT_VERSION_PATCH)

#if defined(AIRI_BUILDING)
#define AIRT_API __attribute__((visibility("default")))
#else
#define AIRT_API
#endif
#define AIRT_MUST_CHECK __attribute__((warn_unused_result))
#define AIRT_UNUSED __attribute__((unused))

#ifdef __cplusplus
#define AIRI_STATIC_ASSERT(cond, text) static_assert(cond, text)
#else
/* Through an array's size to a literal: else clang prints the whole condition before the text. */
#define AIRI_STATIC_ASSERT(cond, text)                                                                                 \
    _Static_assert(_Generic((char(*)[1 + !(cond)])0, char(*)[1] : 1, default : 0), text)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Every status: name, text, and whether trying again later can help. One table; airt_status_text and the
 * documentation are made from it. The four verdicts are not failures: a handler returns AIRT_STOP for a normal
 * end, and an `airt_failed` handler chooses with STOP, RESUME, RESTART or ESCALATE. */
#define AIRT_STATUS_TABLE(X)                                                                                           \
    X(AIRT_OK, "ok", 0)                                                                                                \
    X(AIRT_STOP, "verdict: stop", 0)                                                                                   \
    X(AIRT_RESUME, "verdict: resume", 0)                                                                               \
    X(AIRT_RESTART, "verdict: restart", 0)                                                                             \
    X(AIRT_ESCALATE, "verdict: escalate", 0)                                                                           \
    X(AIRT_EFULL, "mailbox is full", 1)                                                                                \
    X(AIRT_EDEADLK, "waiting would close a cycle of waits", 0)                                                         \
    X(AIRT_ETIMEDOUT, "deadline passed", 1)                                                                            \
    X(AIRT_EDEAD, "actor is gone", 0)                                                                                  \
    X(AIRT_ENOMEM, "out of memory", 1)                                                                                 \
    X(AIRT_EKIND, "kind of message not handled", 0)                                                                    \
    X(AIRT_EREFUSED, "request refused by its server", 0)                                                               \
    X(AIRT_ENOREPLY, "handler returned without a reply", 0)                                                            \
    X(AIRT_EFAILED, "server failed while serving", 0)                                                                  \
    X(AIRT_EINVAL, "invalid argument", 0)                                                                              \
    X(AIRT_ESTOPPING, "stopping", 0)                                                                                   \
    X(AIRT_EKILLED, "killed", 0)                                                                                       \
    X(AIRT_ELIMIT, "a configured limit is reached", 1)                                                                 \
    X(AIRT_EEXIST, "name is taken", 0)                                                                                 \
    X(AIRT_ENOENT, "no such name", 1)                                                                                  \
    X(AIRT_EFORMAT, "malformed bytes", 0)                                                                              \
    X(AIRT_EVERSION, "unknown version", 0)                                                                             \
    X(AIRT_EPENDING, "not done yet", 1)                                                                                \
    X(AIRT_ELEFT, "actors or handlers are left", 1)                                                                    \
    X(AIRT_ESYSTEM, "operating system refused", 1)                                                                     \
    X(AIRT_ERUNNING, "it is running", 0)

#define AIRI_STATUS_ENUM(name, text, retry) name,
typedef enum airt_status {
    AIRT_STATUS_TABLE(AIRI_STATUS_ENUM) AIRI_STATUS_COUNT
} airt_status;
#undef AIRI_STATUS_ENUM

/* The text of a status, never NULL; "unknown status" outside the table. Owns: static text. */
AIRT_API const char *airt_status_text(airt_status status);
/* The C name of a status ("AIRT_EFULL"). Owns: static text. */
AIRT_API const char *airt_status_name(airt_status status);
/* Whether trying the same call again later can help. */
AIRT_API bool airt_status_retryable(airt_status status);
/* The library's own version, AIRT_VERSION of its build: the program's header may be older. */
AIRT_API int airt_version(void);
/* The same as text, "0.1.0". Owns: static text. */
AIRT_API const char *airt_version_string(void);

typedef struct airt_system airt_system;
typedef struct airt_ctx    airt_ctx;
typedef struct airt_msg    airt_msg;
typedef struct airt_world  airt_world;
typedef struct airt_kind   airt_kind;

/* Where a call comes from: a handler's ctx, or a system when outside of any handler. Told apart by type in C
 * (transparent union) and C++ (converting constructors); the two objects also carry a tag that is checked. */
#ifdef __cplusplus
} /* a type with constructors cannot stand in extern "C" headers' plain style */
struct airt_from {
    void *from;
    airt_from(airt_ctx *ctx) : from(ctx) {}
    airt_from(airt_system *system) : from(system) {}
};
extern "C" {
#else
typedef union airt_from {
    airt_ctx    *ctx;
    airt_system *system;
} airt_from __attribute__((transparent_union));
#endif

/* An actor's address: 28 bits of slot index below 36 bits of generation. Copyable, comparable, sendable; it survives
 * restarts and never comes to mean another actor. All zero is AIRT_NONE: nobody. */
typedef struct airt_ref {
    uint64_t bits;
} airt_ref;

/* A request on its way: made by airt_ask_begin. All zero: it could not be made; its await says why. */
typedef struct airt_call {
    uint64_t bits;
} airt_call;

/* A span of time in nanoseconds. Made by AIRT_NS, AIRT_US, AIRT_MS, AIRT_SECONDS. */
typedef struct airt_duration {
    int64_t ns;
} airt_duration;

/* Views: the bytes are borrowed from the caller; sending copies them into the message. */
typedef struct airt_str {
    const char *at;
    size_t      size;
} airt_str;
typedef struct airt_bytes {
    const void *at;
    size_t      size;
} airt_bytes;

#ifdef __cplusplus
#define AIRI_LITERAL(type, ...) (type{ __VA_ARGS__ })
#else
#define AIRI_LITERAL(type, ...) ((type){ __VA_ARGS__ })
#endif
#define AIRT_NS(n) AIRI_LITERAL(airt_duration, AIRI_WHOLE_NUMBER(n))
#define AIRT_US(n) AIRI_LITERAL(airt_duration, AIRI_WHOLE_NUMBER(n) * 1000)
#define AIRT_MS(n) AIRI_LITERAL(airt_duration, AIRI_WHOLE_NUMBER(n) * 1000000)
#define AIRT_SECONDS(n) AIRI_LITERAL(airt_duration, AIRI_WHOLE_NUMBER(n) * 1000000000)
/* Integers only: half a second is AIRT_MS(500), and a cast alone would make it none. */
#define AIRI_WHOLE_NUMBER(n) ((int64_t)((n) | 0))
#define AIRT_FOREVER AIRI_LITERAL(airt_duration, INT64_MAX)
#define AIRT_NONE AIRI_LITERAL(airt_ref, 0)
#define AIRT_STR(literal) AIRI_LITERAL(airt_str, "" literal, sizeof(literal) - 1)

static inline bool airt_ref_same(airt_ref a, airt_ref b)
{
    return a.bits == b.bits;
}
static inline bool airt_ref_none(airt_ref ref)
{
    return ref.bits == 0;
}

/* "Let it crash": returns the status from the enclosing handler unless it is AIRT_OK. */
#define AIRT_TRY(expr)                                                                                                 \
    do {                                                                                                               \
        airt_status airi_status = (expr);                                                                              \
        if (airi_status != AIRT_OK)                                                                                    \
            return airi_status;                                                                                        \
    } while (0)

/* A programmer error: prints file, line and the condition, then aborts. On in every build. In the code of a handler whose
 * faults are contained it ends the actor instead, with AIRT_EXIT_CHECK. */
#define AIRT_CHECK(cond) ((cond) ? (void)0 : airi_check_failed(__FILE__, __LINE__, #cond))
#define AIRT_CHECK_EQ(a, b) airi_check_eq((long long)(a), (long long)(b), __FILE__, __LINE__, #a " == " #b)
/* What the two do when the condition failed; not for users. */
AIRT_API __attribute__((noreturn, cold)) void airi_check_failed(const char *file, int line, const char *text);
AIRT_API __attribute__((noreturn, cold)) void airi_check_eq_failed(const char *file, int line, const char *text,
                                                                   long long a, long long b);
static inline void airi_check_eq(long long a, long long b, const char *file, int line, const char *text)
{
    if (a != b)
        airi_check_eq_failed(file, line, text, a, b);
}

#ifdef __cplusplus
}
#endif
#endif
