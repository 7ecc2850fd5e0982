/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a field of a message may be, and how the compiler finds it out from the struct. Behind AIRT_KIND; programs use
 * the table of types only when they walk a kind themselves. */
#ifndef AIRT_FIELDS_H
#define AIRT_FIELDS_H

#include <airt/base.h>
#include <airt/each.h>

#ifdef __cplusplus
#include <type_traits>
#else
/* An expression that is an error with the text unless the condition holds. A block, not a struct: in a struct clang
 * takes a compound literal in the condition for one at file scope, whose members must be constants. */
#define AIRI_REQUIRE(cond, text)                                                                                       \
    ((void)sizeof(__extension__({                                                                                      \
        AIRI_STATIC_ASSERT(cond, text);                                                                                \
        1;                                                                                                             \
    })))
#endif

#define AIRT_BODY_MAX 65536u /* bytes of a struct and its views together; blobs lie outside */
#define AIRT_FIELDS_MAX 32u

/* A counted, immutable run of bytes, or a part of one; shared when sent, never copied. All zero: no blob.
 * Read it with `at` and `size`; made by airt_blob_new. */
typedef struct airt_blob {
    struct airi_blob_head *head;
    const uint8_t         *at;
    size_t                 size;
} airt_blob;

/* Types of fields. The numbers are on the wire: only append. */
typedef enum airt_field_type {
    AIRT_FIELD_REFUSED,
    AIRT_FIELD_BOOL,
    AIRT_FIELD_I8,
    AIRT_FIELD_U8,
    AIRT_FIELD_I16,
    AIRT_FIELD_U16,
    AIRT_FIELD_I32, /* also an enum with negative values */
    AIRT_FIELD_U32, /* also an enum without */
    AIRT_FIELD_I64,
    AIRT_FIELD_U64,
    AIRT_FIELD_F32,
    AIRT_FIELD_F64,
    AIRT_FIELD_DURATION,
    AIRT_FIELD_REF,  /* airt_ref, or a typed one marked REF(x) */
    AIRT_FIELD_CHAR, /* only as an array: text up to its first NUL, or all of it */
    AIRT_FIELD_STR,
    AIRT_FIELD_BYTES,
    AIRT_FIELD_BLOB,
    AIRT_FIELD_NESTED,
    AIRT_FIELD_TYPE_COUNT
} airt_field_type;

/* One field of a kind, as its descriptor lists it. */
typedef struct airt_field {
    const char      *name;
    const airt_kind *nested; /* AIRT_FIELD_NESTED: its kind; else NULL */
    uint32_t         type;   /* airt_field_type */
    uint32_t         offset;
    uint32_t         size;  /* of the whole field */
    uint32_t         count; /* elements of an array; 1 otherwise */
} airt_field;

/* What a kind as a whole is; a kind with no flag is copied by memcpy alone. */
#define AIRI_KIND_VIEWS 1u /* has airt_str or airt_bytes, nested ones included */
#define AIRI_KIND_BLOBS 2u
#define AIRI_KIND_LOCAL 4u /* holds pointers: never leaves the process, has a drop function */

/* A type packed into one constant: type, flags and the size of one element. */
#define AIRI_PACK(type, flags, unit) ((uint32_t)(type) | (flags) << 8 | (uint32_t)(unit) << 16)
#define AIRI_PACKED_TYPE(packed) ((packed)&255u)
#define AIRI_PACKED_FLAGS(packed) ((packed) >> 8 & 255u)
#define AIRI_PACKED_UNIT(packed) ((packed) >> 16)
#define AIRI_LONG(narrow, wide) (sizeof(long) == 8 ? (wide) : (narrow))

/* X(x, C type, field type, flags). Base types, so that every fixed-width name meets exactly one of them. */
#define AIRI_FIELD_TABLE(X, x)                                                                                         \
    X(x, bool, AIRT_FIELD_BOOL, 0u)                                                                                    \
    X(x, signed char, AIRT_FIELD_I8, 0u)                                                                               \
    X(x, unsigned char, AIRT_FIELD_U8, 0u)                                                                             \
    X(x, short, AIRT_FIELD_I16, 0u)                                                                                    \
    X(x, unsigned short, AIRT_FIELD_U16, 0u)                                                                           \
    X(x, int, AIRT_FIELD_I32, 0u)                                                                                      \
    X(x, unsigned int, AIRT_FIELD_U32, 0u)                                                                             \
    X(x, long, AIRI_LONG(AIRT_FIELD_I32, AIRT_FIELD_I64), 0u)                                                          \
    X(x, unsigned long, AIRI_LONG(AIRT_FIELD_U32, AIRT_FIELD_U64), 0u)                                                 \
    X(x, long long, AIRT_FIELD_I64, 0u)                                                                                \
    X(x, unsigned long long, AIRT_FIELD_U64, 0u)                                                                       \
    X(x, float, AIRT_FIELD_F32, 0u)                                                                                    \
    X(x, double, AIRT_FIELD_F64, 0u)                                                                                   \
    X(x, airt_duration, AIRT_FIELD_DURATION, 0u)                                                                       \
    X(x, airt_ref, AIRT_FIELD_REF, 0u)                                                                                 \
    X(x, airt_str, AIRT_FIELD_STR, AIRI_KIND_VIEWS)                                                                    \
    X(x, airt_bytes, AIRT_FIELD_BYTES, AIRI_KIND_VIEWS)                                                                \
    X(x, airt_blob, AIRT_FIELD_BLOB, AIRI_KIND_BLOBS)

#ifdef __cplusplus
template <class T, bool = std::is_enum<T>::value> struct airi_field {
    static constexpr uint32_t packed = AIRI_PACK(AIRT_FIELD_REFUSED, 0u, 1);
};
#define AIRI_FIELD_TRAIT(x, c_type, type, flags)                                                                       \
    template <> struct airi_field<c_type, false> {                                                                     \
        static constexpr uint32_t packed = AIRI_PACK(type, flags, sizeof(c_type));                                     \
    };
AIRI_FIELD_TABLE(AIRI_FIELD_TRAIT, ~)
#undef AIRI_FIELD_TRAIT
template <class T> struct airi_field<T, true> : airi_field<typename std::underlying_type<T>::type> {};
template <class T, size_t N> struct airi_field<T[N], false> : airi_field<T> {};
template <class T, size_t N, size_t M> struct airi_field<T[N][M], false> : airi_field<void>{};
template <size_t N> struct airi_field<char[N], false> {
    static constexpr uint32_t packed = AIRI_PACK(AIRT_FIELD_CHAR, 0u, 1);
};
#define AIRI_MEMBER_PACKED(kind, name) (airi_field<decltype(kind::name)>::packed)
#define AIRI_MEMBER_IS(kind, name, c_type)                                                                             \
    (std::is_same<std::remove_all_extents<decltype(kind::name)>::type, c_type>::value)
#define AIRI_MEMBER_SIZE(kind, name) sizeof(kind::name)
#define AIRI_MEMBER_ALIGN(kind, name) alignof(decltype(kind::name))
#else
/* The span of x counted in elements of t, as a pointer to an array; 1 where x is no multiple, to be a valid type. */
#define AIRI_SPAN(x, t) t(*)[sizeof(x) / (sizeof(t)) + !(sizeof(x) / (sizeof(t)))]
#define AIRI_FIELD_CASE(x, c_type, type, flags)                                                                        \
    c_type * : AIRI_PACK(type, flags, sizeof(c_type)), AIRI_SPAN(x, c_type) : AIRI_PACK(type, flags, sizeof(c_type)),
#define AIRI_PACKED(x)                                                                                                 \
    _Generic(&(x), AIRI_FIELD_TABLE(AIRI_FIELD_CASE, x) AIRI_SPAN(x, char)                                             \
             : AIRI_PACK(AIRT_FIELD_CHAR, 0u, 1), default                                                              \
             : AIRI_PACK(AIRT_FIELD_REFUSED, 0u, 1))
#define AIRI_MEMBER(kind, name) (((struct kind *)0)->name)
#define AIRI_MEMBER_PACKED(kind, name) AIRI_PACKED(AIRI_MEMBER(kind, name))
#define AIRI_MEMBER_IS(kind, name, type)                                                                               \
    _Generic(&AIRI_MEMBER(kind, name), type * : 1, AIRI_SPAN(AIRI_MEMBER(kind, name), type) : 1, default : 0)
#define AIRI_MEMBER_SIZE(kind, name) sizeof(AIRI_MEMBER(kind, name))
#define AIRI_MEMBER_ALIGN(kind, name) __alignof__(AIRI_MEMBER(kind, name))
#endif

/* What a field adds to the flags of its kind. */
#define AIRI_FLAGS(kind, field) AIRI_APPLY(AIRI_FLAGS, kind, field)
#define AIRI_FLAGS_0(kind, name) | AIRI_PACKED_FLAGS(AIRI_MEMBER_PACKED(kind, name))
#define AIRI_FLAGS_1(kind, name) | 0u
#define AIRI_FLAGS_2(kind, name, nested) | (uint32_t)airi_flags_of_##nested

/* A field's row in the descriptor. */
#define AIRI_ROW(kind, field) AIRI_APPLY(AIRI_ROW, kind, field)
#define AIRI_ROW_AS(kind, name, nested, type, unit)                                                                    \
    { #name,                                                                                                           \
      nested,                                                                                                          \
      type,                                                                                                            \
      (uint32_t)offsetof(struct kind, name),                                                                           \
      (uint32_t)AIRI_MEMBER_SIZE(kind, name),                                                                          \
      (uint32_t)(AIRI_MEMBER_SIZE(kind, name) / (unit)) },
#define AIRI_ROW_0(kind, name)                                                                                         \
    AIRI_ROW_AS(kind, name, NULL, AIRI_PACKED_TYPE(AIRI_MEMBER_PACKED(kind, name)),                                    \
                AIRI_PACKED_UNIT(AIRI_MEMBER_PACKED(kind, name)))
#define AIRI_ROW_1(kind, name) AIRI_ROW_AS(kind, name, NULL, AIRT_FIELD_REF, sizeof(airt_ref))
#define AIRI_ROW_2(kind, name, nested) AIRI_ROW_AS(kind, name, &nested##_kind, AIRT_FIELD_NESTED, sizeof(struct nested))

/* Refuses what cannot travel, by name. */
#define AIRI_ALLOWED(kind, field) AIRI_APPLY(AIRI_ALLOWED, kind, field)
#define AIRI_ALLOWED_0(kind, name)                                                                                     \
    AIRI_STATIC_ASSERT(AIRI_PACKED_TYPE(AIRI_MEMBER_PACKED(kind, name)) != AIRT_FIELD_REFUSED,                         \
                       #kind "." #name ": a pointer, or another type that cannot travel in a message; see the list "   \
                             "in airt/message.h, and REF, NESTED and AIRT_LOCAL_KIND there");
#define AIRI_ALLOWED_1(kind, name)                                                                                     \
    AIRI_STATIC_ASSERT(AIRI_MEMBER_SIZE(kind, name) == sizeof(airt_ref) && AIRI_MEMBER_SIZE(kind, name.bits),          \
                       #kind "." #name ": REF marks a typed ref, and this is none");
#define AIRI_ALLOWED_2(kind, name, nested)                                                                             \
    AIRI_STATIC_ASSERT(AIRI_MEMBER_IS(kind, name, struct nested),                                                      \
                       #kind "." #name ": NESTED says struct " #nested ", and it is none");                            \
    AIRI_STATIC_ASSERT(((uint32_t)airi_flags_of_##nested & AIRI_KIND_LOCAL) == 0,                                      \
                       #kind "." #name ": a LOCAL kind cannot be nested");

/* The list must name every field, in order: each begins where the one before it ends. */
#define AIRI_UP(offset, align) (((offset) + (align)-1) / (align) * (align))
#define AIRI_END(kind, name) (offsetof(struct kind, name) + AIRI_MEMBER_SIZE(kind, name))
#define AIRI_NEXT(kind, a, b) AIRI_NEXT_1(kind, AIRI_NAME(a), AIRI_NAME(b))
#define AIRI_NEXT_1(kind, a, b) AIRI_NEXT_2(kind, a, b)
#define AIRI_NEXT_2(kind, a, b)                                                                                        \
    AIRI_STATIC_ASSERT(offsetof(struct kind, b) == AIRI_UP(AIRI_END(kind, a), AIRI_MEMBER_ALIGN(kind, b)),             \
                       #kind ": the list of fields and the struct differ between " #a " and " #b);
#define AIRI_LAST(kind, a) AIRI_LAST_1(kind, AIRI_NAME(a))
#define AIRI_LAST_1(kind, a) AIRI_LAST_2(kind, a)
#define AIRI_LAST_2(kind, a)                                                                                           \
    AIRI_STATIC_ASSERT(sizeof(struct kind) == AIRI_UP(AIRI_END(kind, a), __alignof__(struct kind)),                    \
                       #kind ": the list of fields and the struct differ after " #a);
/* The first field lies at 0: an AIRI_FIRST that takes the list's head. */
#define AIRI_FIRST(kind, ...) AIRI_FIRST_1(kind, __VA_ARGS__, )
#define AIRI_FIRST_1(kind, a, ...) AIRI_FIRST_2(kind, AIRI_NAME(a))
#define AIRI_FIRST_2(kind, a) AIRI_FIRST_3(kind, a)
#define AIRI_FIRST_3(kind, a)                                                                                          \
    AIRI_STATIC_ASSERT(offsetof(struct kind, a) == 0, #kind ": the list of fields and the struct differ before " #a);

/* What hides in padding the offsets cannot show; one initialiser for each field of the list can, and the compiler
 * then names the field that is missing. (Not gcc in C, which warns about every `{0}` and cannot be told not to.) */
#if defined(__cplusplus)
#define AIRI_ZERO(kind, field) {},
#define AIRI_COMPLETE(kind, ...)                                                                                       \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic error \"-Wmissing-field-initializers\"")                    \
        AIRI_STATIC_ASSERT(sizeof(kind{ AIRI_EACH(AIRI_ZERO, kind, __VA_ARGS__) }) != 0, "");                          \
    _Pragma("GCC diagnostic pop")
#elif defined(__clang__)
#define AIRI_ZERO(kind, field) { 0 },
#define AIRI_COMPLETE(kind, ...)                                                                                       \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic error \"-Wmissing-field-initializers\"")                \
        _Pragma("clang diagnostic ignored \"-Wbraced-scalar-init\"")                                                   \
            AIRI_STATIC_ASSERT(sizeof((struct kind){ AIRI_EACH(AIRI_ZERO, kind, __VA_ARGS__) }) != 0, "");             \
    _Pragma("clang diagnostic pop")
#else
#define AIRI_COMPLETE(kind, ...)
#endif

#define AIRI_CHECK_SIZE(kind)                                                                                          \
    AIRI_STATIC_ASSERT(__alignof__(struct kind) <= 16, #kind ": payloads are aligned to 16 bytes at most");            \
    AIRI_STATIC_ASSERT(sizeof(struct kind) <= AIRT_BODY_MAX, #kind ": a body is at most 64 KiB; use an airt_blob");
#define AIRI_CHECK_KIND(kind, ...)                                                                                     \
    AIRI_STATIC_ASSERT(AIRI_NARGS(__VA_ARGS__) <= AIRT_FIELDS_MAX, #kind ": more than 32 fields; nest some");          \
    AIRI_CHECK_SIZE(kind)                                                                                              \
    AIRI_EACH(AIRI_ALLOWED, kind, __VA_ARGS__)                                                                         \
    AIRI_FIRST(kind, __VA_ARGS__)                                                                                      \
    AIRI_PAIRS(AIRI_NEXT, AIRI_LAST, kind, __VA_ARGS__)                                                                \
    AIRI_COMPLETE(kind, __VA_ARGS__)

#endif
