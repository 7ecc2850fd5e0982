/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Records that a parser cannot survive, planted on purpose: to see that each ends its parser and nothing else. */
#ifndef PACKAGES_POISON_H
#define PACKAGES_POISON_H

#include <airt/airt.h>

#include <stdatomic.h>

#define POISON_TABLE(X)                                                                                                \
    X(POISON_NULL, "null dereference")                                                                                 \
    X(POISON_ABORT, "abort")                                                                                           \
    X(POISON_ILLEGAL, "illegal instruction")                                                                           \
    X(POISON_OVERFLOW, "stack overflow")                                                                               \
    X(POISON_LOOP, "endless loop")
#define POISON_ENUM(name, text) name,
enum poison_kind {
    POISON_TABLE(POISON_ENUM) POISON_KINDS
};
#undef POISON_ENUM

#define POISON_EACH_MAX 100u
#define POISON_TEXT_MAX 32u

struct poison {                /* a record that was planted, and what became of it */
    _Atomic uint64_t eaten_by; /* ref of the parser that met it */
    _Atomic bool     seen;     /* its fault was reported: here it is */
    airt_fault       fault;
};

/* Of the whole program: faults are reported by a hook, on any thread. */
extern struct poison poison_list[POISON_KINDS * POISON_EACH_MAX];

const char *poison_text(uint32_t number);
/* The text of the planted record with this number. */
size_t poison_write(uint32_t number, char text[POISON_TEXT_MAX]);
/* Whether a record is such a one. */
bool poison_read(airt_str text, uint32_t *out_number);
/* What a parser with all these bugs does with it: never returns. */
__attribute__((visibility("default"))) _Noreturn void poison_eat(airt_ref parser, uint32_t number);
/* From the report hook. */
void poison_reported(const airt_fault *fault);

#endif
