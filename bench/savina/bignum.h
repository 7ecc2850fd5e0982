/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Fixed-point numbers of any length, for pi: words of 32 bits, the whole part in word 0 and the fraction behind it, the
 * most significant first. Numbers are not negative; what falls off behind the last word is cut. Two numbers meet at
 * their last words: one that has fewer is smaller by as many words. */
#ifndef BENCH_SAVINA_BIGNUM_H
#define BENCH_SAVINA_BIGNUM_H

#include <stddef.h>
#include <stdint.h>

typedef struct bignum {
    uint32_t *word;
    size_t    count;
} bignum;

/* What a number is without its first words, which are 0: the same words, fewer to work through. */
bignum bignum_tail(bignum number, size_t skipped);
/* Words that hold so many decimal places, exact to the last even after 2^32 operations that cut. */
size_t bignum_words(size_t places);
/* number += other, number -= other; the other one is not longer. */
void bignum_add(bignum number, const uint32_t *other, size_t other_count);
void bignum_subtract(bignum number, const uint32_t *other, size_t other_count);
/* number += numerator / divisor, the numerator a word in place `at`; and the same taken away. */
void bignum_add_ratio(bignum number, size_t at, uint32_t numerator, uint32_t divisor);
void bignum_subtract_ratio(bignum number, size_t at, uint32_t numerator, uint32_t divisor);
/* quotient = number / divisor; both of one length, or one and the same. */
void bignum_divide(bignum quotient, bignum number, uint32_t divisor);
/* number *= factor; gives back what the whole part has no room for. */
uint32_t bignum_multiply(bignum number, uint32_t factor);
/* Writes that many decimal places and a NUL. The number is used up. */
void bignum_take_places(bignum number, char *text, size_t places);

#endif
