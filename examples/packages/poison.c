/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The bugs. They touch nothing but their own stack, call nothing but abort, and lie in the program: so the runtime may
 * end the handler wherever it is. */
#include "poison.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK "X-Poison: "

struct poison poison_list[POISON_KINDS * POISON_EACH_MAX];

const char *poison_text(uint32_t number)
{
    static const char *const text[] = {
#define POISON_TEXT(name, text) text,
        POISON_TABLE(POISON_TEXT)
#undef POISON_TEXT
    };

    return text[number % POISON_KINDS];
}

size_t poison_write(uint32_t number, char text[POISON_TEXT_MAX])
{
    return (size_t)snprintf(text, POISON_TEXT_MAX, MARK "%" PRIu32 "\n", number);
}

bool poison_read(airt_str text, uint32_t *out_number)
{
    size_t   at = sizeof MARK - 1;
    uint32_t number = 0;

    if (text.size <= at || memcmp(text.at, MARK, at) != 0)
        return false;
    for (; at < text.size && text.at[at] >= '0' && text.at[at] <= '9'; at++)
        number = 10 * number + (uint32_t)(text.at[at] - '0');
    *out_number = number;
    return number < sizeof poison_list / sizeof poison_list[0];
}

/* Not inlined, and seen by the dynamic linker, so that each has its name in the list of return addresses. */
#define BUG __attribute__((noinline, visibility("default")))
BUG void     poison_reads_null(void);
BUG void     poison_runs_illegal(void);
BUG unsigned poison_recurses(unsigned depth);
BUG void     poison_loops(void);

void poison_reads_null(void)
{
    volatile int *volatile nowhere = NULL; /* the compiler does not see that it is */

    *nowhere = 1;
}

void poison_runs_illegal(void)
{
#if defined(__x86_64__)
    __asm__ volatile("ud2");
#elif defined(__aarch64__)
    __asm__ volatile("udf #0");
#else
    __builtin_trap();
#endif
}

unsigned poison_recurses(unsigned depth)
{
    volatile char touched[512];

    touched[depth % sizeof touched] = (char)depth;
    return depth == 0
               ? 0
               : poison_recurses(depth + 1) + (unsigned)touched[0]; /* the end comes long before depth is 0 again */
}

void poison_loops(void)
{
    for (volatile uint64_t turns = 0;; turns++) {
    }
}

_Noreturn void poison_eat(airt_ref parser, uint32_t number)
{
    atomic_store(&poison_list[number].eaten_by, parser.bits);
    switch ((enum poison_kind)(number % POISON_KINDS)) {
    case POISON_NULL:
        poison_reads_null();
        break;
    case POISON_ILLEGAL:
        poison_runs_illegal();
        break;
    case POISON_OVERFLOW:
        (void)poison_recurses(1);
        break;
    case POISON_LOOP:
        poison_loops();
        break;
    case POISON_ABORT:
    case POISON_KINDS:
    default:
        break;
    }
    abort();
}

/* A parser eats one at a time, and its next one only after this. */
void poison_reported(const airt_fault *fault)
{
    for (size_t i = 0; i < sizeof poison_list / sizeof poison_list[0]; i++) {
        struct poison *poison = &poison_list[i];

        if (atomic_load(&poison->eaten_by) != fault->who.bits || atomic_load(&poison->seen))
            continue;
        poison->fault = *fault;
        atomic_store(&poison->seen, true);
        return;
    }
}
