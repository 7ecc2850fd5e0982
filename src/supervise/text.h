/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Text into a caller's memory: cut to its size and ended by a zero, counted on when full, like snprintf. */
#ifndef AIRI_SUPERVISE_TEXT_H
#define AIRI_SUPERVISE_TEXT_H

#include <airt/supervise.h>

typedef struct airi_text {
    char  *out;
    size_t size, length;
} airi_text;

/* An empty one. out may be NULL when size is 0. */
airi_text airi_text_of(char *out, size_t size);
void      airi_put(airi_text *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "100 ms", "infinity", "brutal kill". */
void        airi_put_ms(airi_text *to, uint32_t ms);
const char *airi_restart_text(airt_restart restart);

#endif
