/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Messages: kinds, their fields, blobs, the message in hand, bytes for the wire, text for people. Both languages read
 * the same declarations. A kind's name is a global name of the program, like a function's. */
#ifndef AIRT_MESSAGE_H
#define AIRT_MESSAGE_H

#include <airt/base.h>
#include <airt/fields.h>

/* The descriptor of a kind, made by AIRT_KIND; `job_run` has `job_run_kind`. Static data, read only, any thread.
 * Its address is its identity within a program; another module's copy of the same declaration is airt_kind_same. */
struct airt_kind {
    const char       *name;
    uint32_t          size;    /* of the struct */
    uint32_t          version; /* 1, or what AIRT_KIND_VERSIONED says */
    uint32_t          flags;   /* AIRI_KIND_... */
    uint32_t          field_count;
    const airt_field *fields; /* NULL for signals and LOCAL kinds */
    void (*drop)(void *body); /* LOCAL kinds only */
    const void *reserved[3];  /* zero */
};

#if UINTPTR_MAX == UINT64_MAX
AIRI_STATIC_ASSERT(sizeof(struct airt_kind) == 64 && offsetof(struct airt_kind, flags) == 16 &&
                       offsetof(struct airt_kind, fields) == 24 && offsetof(struct airt_kind, drop) == 32,
                   "layout frozen: programs lay out kinds");
AIRI_STATIC_ASSERT(sizeof(airt_field) == 32 && offsetof(airt_field, type) == 16,
                   "layout frozen: programs lay out fields");
AIRI_STATIC_ASSERT(sizeof(airt_blob) == 24 && sizeof(airt_str) == 16 && sizeof(airt_bytes) == 16, "layout frozen");
#endif

/* A kind and a struct of it; both lent. */
typedef struct airt_body {
    const airt_kind *kind;
    const void      *body;
} airt_body;

/* --- declaring kinds ---------------------------------------------------------------------------------------------- */

/* A kind is a plain struct and a list of its fields:
 *     struct job_run { uint32_t divisor; airt_str name; };
 *     AIRT_KIND(job_run, divisor, name)
 * A field is a bool, a fixed-width number, a float, a double, an enum, an airt_duration, airt_ref, airt_str, airt_bytes
 * or airt_blob, a typed ref marked REF(x), a struct of another kind marked NESTED(x, kind), or a fixed array of any of
 * these but REF (of char too, which is text). Up to 32, in the struct's order, all of them; no pointers; at most 64 KiB
 * and alignment 16. Text and bytes travel in the message's own allocation and live as long as it does; they lie there
 * one behind the other, so an airt_bytes is not aligned: memcpy a struct out of it, or use a blob, which is. */

/* Names the fields of `struct kind` and makes kind_kind, and kind_sink: a ref to anything that takes this kind. */
#define AIRT_KIND(kind, ...) AIRT_KIND_VERSIONED(kind, 1, __VA_ARGS__)
/* The same with a version of its own, for those who tell revisions of a kind apart. Fields are only ever appended. */
#define AIRT_KIND_VERSIONED(kind, version, ...)                                                                        \
    AIRI_STATIC_ASSERT(sizeof(#__VA_ARGS__) > 1,                                                                       \
                       #kind ": no fields; a kind without any is AIRT_SIGNAL(" #kind "), which declares its struct");  \
    AIRI_KIND_FACTS(kind, __VA_ARGS__)                                                                                 \
    AIRI_KIND_WEAK(kind)                                                                                               \
    AIRI_KIND_DATA(kind, version, __VA_ARGS__)
/* A kind without fields; declares the struct too. */
#define AIRT_SIGNAL(kind)                                                                                              \
    struct kind {                                                                                                      \
        char airt_nothing;                                                                                             \
    };                                                                                                                 \
    AIRI_SINK(kind)                                                                                                    \
    AIRI_FLAGS_ARE(kind, 0u)                                                                                           \
    AIRI_KIND_WEAK(kind)                                                                                               \
    AIRI_KIND_OBJECT(kind, 1, 0, NULL, NULL)
/* A kind that may hold anything, pointers included, and cannot leave the process. Sending moves it: the message owns
 * what the body points to, and drop_fn(struct kind *) releases it exactly once, on any thread. What it points to
 * belongs to the message or lies outside, never in an actor's memory. drop_fn may not send, await or fail. */
#define AIRT_LOCAL_KIND(kind, drop_fn)                                                                                 \
    AIRI_CHECK_SIZE(kind)                                                                                              \
    AIRI_SINK(kind)                                                                                                    \
    AIRI_FLAGS_ARE(kind, AIRI_KIND_LOCAL)                                                                              \
    void                    drop_fn(struct kind *body);                                                                \
    AIRT_UNUSED static void airi_drop_##kind(void *body)                                                               \
    {                                                                                                                  \
        drop_fn((struct kind *)body);                                                                                  \
    }                                                                                                                  \
    AIRI_KIND_WEAK(kind)                                                                                               \
    AIRI_KIND_OBJECT(kind, 1, 0, NULL, airi_drop_##kind)
/* The kind that answers a request: makes request_answer (the struct) and request_call (for airt_ask_begin). */
#define AIRT_ANSWER(request, reply)                                                                                    \
    typedef struct request##_call {                                                                                    \
        airt_call call;                                                                                                \
    } request##_call;                                                                                                  \
    typedef struct reply                       request##_answer;                                                       \
    AIRT_UNUSED static inline const airt_kind *airi_answer_kind_of_##request(void)                                     \
    {                                                                                                                  \
        return &reply##_kind;                                                                                          \
    }

/* --- behind the declarations; not for users ----------------------------------------------------------------------- */

#define AIRI_SINK(kind)                                                                                                \
    typedef union kind##_sink {                                                                                        \
        uint64_t bits;                                                                                                 \
        airt_ref ref;                                                                                                  \
        char     accepts_##kind;                                                                                       \
    } kind##_sink;
/* Weak, so that every file may define it and the program has one. */
#define AIRI_KIND_WEAK(kind) extern const airt_kind kind##_kind __attribute__((weak));
#define AIRI_FLAGS_ARE(kind, flags)                                                                                    \
    enum {                                                                                                             \
        airi_flags_of_##kind = (int)(flags)                                                                            \
    };
#define AIRI_KIND_FACTS(kind, ...)                                                                                     \
    AIRI_SINK(kind)                                                                                                    \
    AIRI_CHECK_KIND(kind, __VA_ARGS__)                                                                                 \
    AIRI_FLAGS_ARE(kind, 0u AIRI_EACH(AIRI_FLAGS, kind, __VA_ARGS__))
#define AIRI_KIND_DATA(kind, version, ...)                                                                             \
    AIRT_UNUSED static const airt_field airi_fields_of_##kind[] = { AIRI_EACH(AIRI_ROW, kind, __VA_ARGS__) };          \
    AIRI_KIND_OBJECT(kind, version, AIRI_NARGS(__VA_ARGS__), airi_fields_of_##kind, NULL)
#define AIRI_KIND_OBJECT(kind, version, field_count, fields, drop)                                                     \
    const airt_kind kind##_kind = { #kind,       (uint32_t)sizeof(struct kind),                                        \
                                    version,     airi_flags_of_##kind,                                                 \
                                    field_count, fields,                                                               \
                                    drop,        { NULL, NULL, NULL } };
/* The runtime's own kinds live in the library, once, so that their addresses hold across modules. */
#define AIRI_RUNTIME_KIND(kind, ...)                                                                                   \
    AIRI_KIND_FACTS(kind, __VA_ARGS__)                                                                                 \
    AIRT_API extern const airt_kind kind##_kind;

/* The same without fields. */
#define AIRI_RUNTIME_SIGNAL(kind)                                                                                      \
    AIRI_SINK(kind)                                                                                                    \
    AIRI_FLAGS_ARE(kind, 0u)                                                                                           \
    AIRT_API extern const airt_kind kind##_kind;

/* A ctx or a system as an airt_from. gcc's -Wpedantic dislikes the conversion that airt_from stands for, so in programs
 * each function that takes one is also a macro of its own name; `(airt_stop)(...)` is the function itself. */
#ifdef __cplusplus
#define AIRI_FROM(from) (from)
#else
#define AIRI_FROM(from)                                                                                                \
    (AIRI_REQUIRE(_Generic((from), airt_ctx * : 1, airt_system * : 1, airt_from : 1, default : 0),                     \
                  "neither the ctx of a handler nor a system"),                                                        \
     _Generic((from), airt_system *                                                                                    \
              : airi_from_system, airt_from                                                                            \
              : airi_from_same, default                                                                                \
              : airi_from_ctx)(from))
static inline airt_from airi_from_ctx(airt_ctx *ctx)
{
    airt_from from;
    from.ctx = ctx;
    return from;
}
static inline airt_from airi_from_system(airt_system *system)
{
    airt_from from;
    from.system = system;
    return from;
}
static inline airt_from airi_from_same(airt_from from)
{
    return from;
}
#if !defined(AIRI_BUILDING) || defined(AIRI_FLAT)
#define AIRI_FROM_WRAPPED
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* --- identity ----------------------------------------------------------------------------------------------------- */
/* Unless said otherwise: Thread: any.  Blocks: no. */

/* The same declaration: one address, or equal name, version, size and fields (another module's copy). */
AIRT_API bool airt_kind_same(const airt_kind *a, const airt_kind *b);
/* The 64-bit identity of a declaration: FNV-1a of name, version and fields. Computed at every call. */
AIRT_API uint64_t airt_kind_id(const airt_kind *kind);
/* The entry of a NULL-terminated list that is the same kind; NULL: none. */
AIRT_API const airt_kind *airt_kind_match(const airt_kind *const kinds[], const airt_kind *kind);

/* --- blobs: large payloads, shared -------------------------------------------------------------------------------- */
/* Literals retain, they never take: sending a struct that holds a blob counts the blob up, and the message lets go when
 * it ends. A blob made in a handler is the handler's and is released when it returns; made outside it is the caller's
 * until airt_blob_drop. A blob read in a message lives as long as the message; airt_blob_keep is for longer. An empty
 * blob may arrive as no blob. Unless said otherwise: Thread: any; with a ctx its handler.  Blocks: no. */

/* A copy of the bytes, aligned to 16. No memory, or EKILLED: a blob for which airt_blob_none holds. Size 0 is a blob
 * like another. */
AIRT_API airt_blob airt_blob_new(airt_from from, const void *bytes, size_t size);
/* The same with the bytes still to be written at *out_bytes, by the caller, before the blob is sent. *out_bytes is
 * NULL when there is no memory. Saves the copy. */
AIRT_API airt_blob airt_blob_space(airt_from from, size_t size, void **out_bytes);
/* A part of a blob, without a copy; owned as by airt_blob_new. No blob when the part does not lie inside. */
AIRT_API airt_blob airt_blob_slice(airt_from from, airt_blob blob, size_t offset, size_t size);
/* Counts the blob up for *blob, a variable that outlives the handler: with a ctx the actor owns this reference
 * (released at the latest when its incarnation ends), with a system the caller. No blob: nothing to do.
 * Fails, *blob is then no blob: ENOMEM, EKILLED. */
AIRT_API AIRT_MUST_CHECK airt_status airt_blob_keep(airt_from from, airt_blob *blob);
/* Lets go of what airt_blob_keep, or outside airt_blob_new, made, and makes *blob no blob; twice is harmless. With a
 * ctx, a blob that was not kept stays the handler's. */
AIRT_API void airt_blob_drop(airt_from from, airt_blob *blob);
/* No blob. */
static inline bool airt_blob_none(airt_blob blob)
{
    return blob.head == NULL;
}

/* --- the message in hand ------------------------------------------------------------------------------------------ */

/* NORMAL is zero, because zero means default. Higher leaves first. */
typedef enum airt_priority {
    AIRT_NORMAL,
    AIRT_LOW,
    AIRT_HIGH,
    AIRT_CRITICAL
} airt_priority;

/* Unless said otherwise: Thread: the owner's, who has it in work, kept or built.  Blocks: no.  What is returned lives
 * as long as the message. */

/* Its kind. */
AIRT_API const airt_kind *airt_msg_kind(const airt_msg *msg);
/* Its body; airt_msg_as gives it as the struct it is. */
AIRT_API const void *airt_msg_body(const airt_msg *msg);
/* Who sent it: AIRT_NONE for a tell from outside. For an ask from outside it is the ref of the thread that waits. */
AIRT_API airt_ref airt_msg_sender(const airt_msg *msg);
/* What it was sent with. */
AIRT_API airt_priority airt_msg_priority(const airt_msg *msg);
/* Its trace id; 0: none. */
AIRT_API uint64_t airt_msg_trace(const airt_msg *msg);
/* When it expires, monotonic; INT64_MAX: never. */
AIRT_API int64_t airt_msg_deadline_ns(const airt_msg *msg);
/* For debuggers: prints the message to stderr. `call airt_debug_msg(msg)` in gdb.
 * Thread: any. */
AIRT_API void airt_debug_msg(const airt_msg *msg);

/* --- text --------------------------------------------------------------------------------------------------------- */
/* Unless said otherwise: Thread: any.  Blocks: no. */

/* Prints a body as `counter_add{amount=3}`, like snprintf: always ends with NUL when capacity is not 0, and returns the
 * length that the whole text has. Strings are escaped and cut after 64 bytes, bytes after 16, arrays after 16
 * elements, each marked by "...". NULL body: the name alone. Allocates: nothing. */
AIRT_API size_t airt_body_print(const airt_kind *kind, const void *body, char *text, size_t capacity);

/* --- bytes -------------------------------------------------------------------------------------------------------- */
/* A body as bytes: format, kind, version, and every field with its type and length, little-endian. A reader that has
 * fewer fields skips the rest; one that has more finds zeros. Refs travel as their bits, which mean something only in
 * the system that made them. Blobs travel as their bytes. Unless said otherwise: Thread: any; with a ctx its handler.
 * Blocks: no. */

/* *out_size is always what the body needs; bytes may be NULL with capacity 0, to ask. With too little room what is
 * written is of no use. Allocates: nothing.
 * Fails: ELIMIT (capacity too small, or a part of 4 GiB or more), EKIND (a LOCAL kind). */
AIRT_API AIRT_MUST_CHECK airt_status airt_encode(const airt_kind *kind, const void *body, void *bytes, size_t capacity,
                                                 size_t *out_size);
/* Reads bytes of a body of this kind into the struct *out_body. Views point into bytes, which the caller keeps; blobs
 * are new ones, owned as by airt_blob_new (outside: airt_body_clear). All bytes are checked before anything is made.
 * Takes: nothing.
 * Fails, *out_body untouched: EKIND (another kind, or a LOCAL one), EVERSION (format), EFORMAT; *out_body zeroed:
 * ENOMEM. */
AIRT_API AIRT_MUST_CHECK airt_status airt_decode(airt_from from, const airt_kind *kind, const void *bytes, size_t size,
                                                 void *out_body);
/* Tells of what kind encoded bytes are: the hash of its name (airt_kind_name_id) and its version.
 * Fails: EFORMAT, EVERSION. */
AIRT_API AIRT_MUST_CHECK airt_status airt_encoded_kind(const void *bytes, size_t size, uint64_t *out_name_id,
                                                       uint32_t *out_version);
/* The hash of a kind's name alone, FNV-1a of 64 bits: what encoded bytes carry. */
AIRT_API uint64_t airt_kind_name_id(const airt_kind *kind);
/* Lets go of every blob in a body made outside a handler by airt_decode; makes the body zero. */
AIRT_API void airt_body_clear(airt_from from, const airt_kind *kind, void *body);

#ifdef __cplusplus
}
#endif

#ifdef AIRI_FROM_WRAPPED
#define airt_blob_new(from, ...) airt_blob_new(AIRI_FROM(from), __VA_ARGS__)
#define airt_blob_space(from, ...) airt_blob_space(AIRI_FROM(from), __VA_ARGS__)
#define airt_blob_slice(from, ...) airt_blob_slice(AIRI_FROM(from), __VA_ARGS__)
#define airt_blob_keep(from, ...) airt_blob_keep(AIRI_FROM(from), __VA_ARGS__)
#define airt_blob_drop(from, ...) airt_blob_drop(AIRI_FROM(from), __VA_ARGS__)
#define airt_decode(from, ...) airt_decode(AIRI_FROM(from), __VA_ARGS__)
#define airt_body_clear(from, ...) airt_body_clear(AIRI_FROM(from), __VA_ARGS__)
#endif
#endif
