/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bignum.h"

#include <stdbool.h>
#include <stdio.h>

enum {
    WORD_BITS = 32,
    GUARD_WORDS = 2, /* errors of 2^32 last places do not reach through them, but once in 2^32 */
    GROUP_PLACES = 9,
    GROUP = 1000000000
};

bignum bignum_tail(bignum number, size_t skipped)
{
    return (bignum){ number.word + skipped, number.count - skipped };
}

/* A decimal place is 3.33 bits. */
size_t bignum_words(size_t places)
{
    return 1 + (places * 10 / 3 + WORD_BITS) / WORD_BITS + GUARD_WORDS;
}

/* --- sums --------------------------------------------------------------------------------------------------------- */

static void carry_into(bignum number, size_t end)
{
    while (end > 0 && ++number.word[end - 1] == 0)
        end--;
}

static void borrow_from(bignum number, size_t end)
{
    while (end > 0 && number.word[end - 1]-- == 0)
        end--;
}

static void add_word(bignum number, size_t at, uint32_t word)
{
    number.word[at] += word;
    if (number.word[at] < word)
        carry_into(number, at);
}

static void subtract_word(bignum number, size_t at, uint32_t word)
{
    bool is_short = number.word[at] < word;

    number.word[at] -= word;
    if (is_short)
        borrow_from(number, at);
}

void bignum_add(bignum number, const uint32_t *other, size_t other_count)
{
    const size_t skipped = number.count - other_count;

    for (size_t i = other_count; i-- > 0;)
        add_word(number, skipped + i, other[i]);
}

void bignum_subtract(bignum number, const uint32_t *other, size_t other_count)
{
    const size_t skipped = number.count - other_count;

    for (size_t i = other_count; i-- > 0;)
        subtract_word(number, skipped + i, other[i]);
}

/* --- quotients ---------------------------------------------------------------------------------------------------- */

/* The next word of a long division. */
static uint32_t divide_word(uint32_t *remainder, uint32_t word, uint32_t divisor)
{
    uint64_t dividend = (uint64_t)*remainder << WORD_BITS | word;

    *remainder = (uint32_t)(dividend % divisor);
    return (uint32_t)(dividend / divisor);
}

void bignum_divide(bignum quotient, bignum number, uint32_t divisor)
{
    uint32_t remainder = 0;

    for (size_t i = 0; i < number.count; i++)
        quotient.word[i] = divide_word(&remainder, number.word[i], divisor);
}

void bignum_add_ratio(bignum number, size_t at, uint32_t numerator, uint32_t divisor)
{
    uint32_t remainder = 0;

    for (; at < number.count; at++, numerator = 0)
        add_word(number, at, divide_word(&remainder, numerator, divisor));
}

void bignum_subtract_ratio(bignum number, size_t at, uint32_t numerator, uint32_t divisor)
{
    uint32_t remainder = 0;

    for (; at < number.count; at++, numerator = 0)
        subtract_word(number, at, divide_word(&remainder, numerator, divisor));
}

/* --- decimal places ----------------------------------------------------------------------------------------------- */

uint32_t bignum_multiply(bignum number, uint32_t factor)
{
    uint64_t carry = 0;

    for (size_t i = number.count; i-- > 0; carry >>= WORD_BITS) {
        carry += (uint64_t)number.word[i] * factor;
        number.word[i] = (uint32_t)carry;
    }
    return (uint32_t)carry;
}

/* Nine places at a time are the whole part of a thousand million times the fraction. */
void bignum_take_places(bignum number, char *text, size_t places)
{
    const bignum fraction = bignum_tail(number, 1);

    for (size_t done = 0; done < places; done += GROUP_PLACES)
        (void)snprintf(text + done, places - done + 1, "%0*u", GROUP_PLACES, bignum_multiply(fraction, GROUP));
}
