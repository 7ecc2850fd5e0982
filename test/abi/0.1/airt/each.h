/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lists of macro arguments: how AIRT_KIND and the verbs walk what a user wrote. Nothing here is for users.
 * A list has 1 to 33 entries: 32 fields, and the empty entry that a verb's trailing comma makes. */
#ifndef AIRT_EACH_H
#define AIRT_EACH_H

#define AIRI_CAT(a, b) AIRI_CAT_(a, b)
#define AIRI_CAT_(a, b) a##b
#define AIRI_STRIP(...) __VA_ARGS__
#define AIRI_SECOND(a, b, ...) b

/* How many arguments; right up to 64, so that lists that are too long can be refused by name. */
#define AIRI_NARGS(...)                                                                                                \
    AIRI_NTH(__VA_ARGS__, 64, 63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42,  \
             41, 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16,   \
             15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, ~)
#define AIRI_NTH(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22,  \
                 a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, a35, a36, a37, a38, a39, a40, a41, a42,   \
                 a43, a44, a45, a46, a47, a48, a49, a50, a51, a52, a53, a54, a55, a56, a57, a58, a59, a60, a61, a62,   \
                 a63, a64, n, ...)                                                                                     \
    n

/* M(context, entry) for every entry. Eight at a step, so that an error shows a short chain of macros. */
#define AIRI_EACH(M, context, ...) AIRI_CAT(AIRI_EACH_, AIRI_NARGS(__VA_ARGS__))(M, context, __VA_ARGS__)
#define AIRI_EACH_1(M, c, d) M(c, d)
#define AIRI_EACH_2(M, c, d, e) M(c, d) M(c, e)
#define AIRI_EACH_3(M, c, d, e, f) M(c, d) M(c, e) M(c, f)
#define AIRI_EACH_4(M, c, d, e, f, g) M(c, d) M(c, e) M(c, f) M(c, g)
#define AIRI_EACH_5(M, c, d, e, f, g, h) M(c, d) M(c, e) M(c, f) M(c, g) M(c, h)
#define AIRI_EACH_6(M, c, d, e, f, g, h, i) M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i)
#define AIRI_EACH_7(M, c, d, e, f, g, h, i, j) M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j)
#define AIRI_EACH_8(M, c, d, e, f, g, h, i, j, k) M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k)
#define AIRI_EACH_9(M, c, d, e, f, g, h, i, j, k, ...)                                                                 \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_1(M, c, __VA_ARGS__)
#define AIRI_EACH_10(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_2(M, c, __VA_ARGS__)
#define AIRI_EACH_11(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_3(M, c, __VA_ARGS__)
#define AIRI_EACH_12(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_4(M, c, __VA_ARGS__)
#define AIRI_EACH_13(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_5(M, c, __VA_ARGS__)
#define AIRI_EACH_14(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_6(M, c, __VA_ARGS__)
#define AIRI_EACH_15(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_7(M, c, __VA_ARGS__)
#define AIRI_EACH_16(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_8(M, c, __VA_ARGS__)
#define AIRI_EACH_17(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_9(M, c, __VA_ARGS__)
#define AIRI_EACH_18(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_10(M, c, __VA_ARGS__)
#define AIRI_EACH_19(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_11(M, c, __VA_ARGS__)
#define AIRI_EACH_20(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_12(M, c, __VA_ARGS__)
#define AIRI_EACH_21(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_13(M, c, __VA_ARGS__)
#define AIRI_EACH_22(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_14(M, c, __VA_ARGS__)
#define AIRI_EACH_23(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_15(M, c, __VA_ARGS__)
#define AIRI_EACH_24(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_16(M, c, __VA_ARGS__)
#define AIRI_EACH_25(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_17(M, c, __VA_ARGS__)
#define AIRI_EACH_26(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_18(M, c, __VA_ARGS__)
#define AIRI_EACH_27(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_19(M, c, __VA_ARGS__)
#define AIRI_EACH_28(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_20(M, c, __VA_ARGS__)
#define AIRI_EACH_29(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_21(M, c, __VA_ARGS__)
#define AIRI_EACH_30(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_22(M, c, __VA_ARGS__)
#define AIRI_EACH_31(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_23(M, c, __VA_ARGS__)
#define AIRI_EACH_32(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_24(M, c, __VA_ARGS__)
#define AIRI_EACH_33(M, c, d, e, f, g, h, i, j, k, ...)                                                                \
    M(c, d) M(c, e) M(c, f) M(c, g) M(c, h) M(c, i) M(c, j) M(c, k) AIRI_EACH_25(M, c, __VA_ARGS__)

/* M(context, entry, next entry) for every two neighbours, then L(context, last entry). */
#define AIRI_PAIRS(M, L, context, ...) AIRI_CAT(AIRI_PAIRS_, AIRI_NARGS(__VA_ARGS__))(M, L, context, __VA_ARGS__)
#define AIRI_PAIRS_1(M, L, c, d) L(c, d)
#define AIRI_PAIRS_2(M, L, c, d, e) M(c, d, e) L(c, e)
#define AIRI_PAIRS_3(M, L, c, d, e, f) M(c, d, e) M(c, e, f) L(c, f)
#define AIRI_PAIRS_4(M, L, c, d, e, f, g) M(c, d, e) M(c, e, f) M(c, f, g) L(c, g)
#define AIRI_PAIRS_5(M, L, c, d, e, f, g, h) M(c, d, e) M(c, e, f) M(c, f, g) M(c, g, h) L(c, h)
#define AIRI_PAIRS_6(M, L, c, d, e, f, g, h, i) M(c, d, e) M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) L(c, i)
#define AIRI_PAIRS_7(M, L, c, d, e, f, g, h, i, j)                                                                     \
    M(c, d, e) M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) L(c, j)
#define AIRI_PAIRS_8(M, L, c, d, e, f, g, h, i, j, k)                                                                  \
    M(c, d, e) M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) L(c, k)
#define AIRI_PAIRS_9(M, L, c, d, e, f, g, h, i, j, k, l)                                                               \
    M(c, d, e) M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) L(c, l)
#define AIRI_PAIRS_10(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_2(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_11(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_3(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_12(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_4(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_13(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_5(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_14(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_6(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_15(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_7(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_16(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_8(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_17(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_9(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_18(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_10(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_19(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_11(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_20(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_12(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_21(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_13(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_22(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_14(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_23(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_15(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_24(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_16(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_25(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_17(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_26(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_18(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_27(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_19(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_28(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_20(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_29(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_21(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_30(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_22(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_31(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_23(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_32(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_24(M, L, c, l, __VA_ARGS__)
#define AIRI_PAIRS_33(M, L, c, d, e, f, g, h, i, j, k, l, ...)                                                         \
    M(c, d, e)                                                                                                         \
    M(c, e, f) M(c, f, g) M(c, g, h) M(c, h, i) M(c, i, j) M(c, j, k) M(c, k, l) AIRI_PAIRS_25(M, L, c, l, __VA_ARGS__)

/* A field of a list is `name`, or marked: REF(name) or NESTED(name, kind). AIRI_APPLY calls op_0(context, name),
 * op_1(context, name) or op_2(context, name, kind). */
#define AIRI_APPLY(op, context, field) AIRI_APPLY_1(op, context, AIRI_CAT(AIRI_MARK_, field), 0, (field), ~)
#define AIRI_APPLY_1(...) AIRI_APPLY_2(__VA_ARGS__)
#define AIRI_APPLY_2(op, context, probe, mark, args, ...) AIRI_APPLY_3(op##_##mark, context, AIRI_STRIP args)
#define AIRI_APPLY_3(...) AIRI_APPLY_4(__VA_ARGS__)
#define AIRI_APPLY_4(m, ...) m(__VA_ARGS__)
#define AIRI_MARK_REF(name) ~, 1, (name)
#define AIRI_MARK_NESTED(name, kind) ~, 2, (name, kind)

#define AIRI_NAME(field) AIRI_APPLY(AIRI_NAME, ~, field)
#define AIRI_NAME_0(context, name) name
#define AIRI_NAME_1(context, name) name
#define AIRI_NAME_2(context, name, kind) name

/* 1 when the arguments begin with a parenthesis, else 0: tells whether a list macro such as counter_ACCEPTS is
 * defined, for counter_ACCEPTS(AIRI_PAREN) is then `(kind) (kind)`, and else stays a word. */
#define AIRI_PAREN(kind) (kind)
#define AIRI_EATS(...) ~, 1,
#define AIRI_STARTS_PAREN(...) AIRI_STARTS_PAREN_1(AIRI_EATS __VA_ARGS__, 0, ~)
#define AIRI_STARTS_PAREN_1(...) AIRI_SECOND(__VA_ARGS__)

#endif
