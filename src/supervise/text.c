/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "supervise/text.h"

#include <stdarg.h>
#include <stdio.h>

airi_text airi_text_of(char *out, size_t size)
{
    if (size > 0)
        out[0] = '\0';
    return (airi_text){ out, size, 0 };
}

void airi_put(airi_text *to, const char *format, ...)
{
    size_t  left = to->length < to->size ? to->size - to->length : 0;
    va_list arguments;
    int     n;

    va_start(arguments, format);
    n = vsnprintf(left > 0 ? to->out + to->length : NULL, left, format, arguments);
    va_end(arguments);
    to->length += n > 0 ? (size_t)n : 0;
}

void airi_put_ms(airi_text *to, uint32_t ms)
{
    if (ms == AIRT_INFINITY)
        airi_put(to, "infinity");
    else if (ms == AIRT_BRUTAL_KILL)
        airi_put(to, "brutal kill");
    else
        airi_put(to, "%u ms", (unsigned)ms);
}

const char *airi_restart_text(airt_restart restart)
{
    static const char *const text[] = { "permanent", "transient", "temporary" };

    return (unsigned)restart < sizeof text / sizeof text[0] ? text[restart] : "unknown";
}
