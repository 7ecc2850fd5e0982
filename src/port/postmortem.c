/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The post-mortem: text, written by a signal handler with what a signal handler may call. */
#define _GNU_SOURCE
#include "port/postmortem.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
    DIGITS_MAX = 24,
    COPY_BYTES = 2048,
    COPIES_MAX = 64
};

typedef struct out {
    int    file;
    size_t used;
    char   text[COPY_BYTES];
} out;

static void put_all(int file, const char *text, size_t size)
{
    while (size != 0) {
        ssize_t n = write(file, text, size);

        if (n <= 0)
            return; /* nowhere left to complain to */
        text += n;
        size -= (size_t)n;
    }
}

static void flush(out *o)
{
    put_all(o->file, o->text, o->used);
    o->used = 0;
}

static void put(out *o, const char *text)
{
    for (; *text != '\0'; text++) {
        if (o->used == sizeof o->text)
            flush(o);
        o->text[o->used++] = *text;
    }
}

static void put_number(out *o, uint64_t value, unsigned base)
{
    char  digits[DIGITS_MAX];
    char *at = digits + sizeof digits - 1;

    *at = '\0';
    do
        *--at = "0123456789abcdef"[value % base];
    while ((value /= base) != 0);
    put(o, base == 16 ? "0x" : "");
    put(o, at);
}

static void put_line(out *o, const char *name, uint64_t value, unsigned base)
{
    put(o, name);
    put_number(o, value, base);
    put(o, "\n");
}

static void put_trap(out *o, const airi_trap *trap, const airi_trap_who *who)
{
    put(o, "airt: a fault that could not be contained: ");
    put(o, airi_signal_name(trap->signal));
    put(o, "\n");
    put_line(o, "process ", (uint64_t)getpid(), 10);
    put_line(o, "actor ", who->ref, 16);
    put(o, "behaviour ");
    put(o, who->behavior != NULL ? who->behavior : "(no handler was running)");
    put(o, "\nmessage ");
    put(o, who->message != NULL ? who->message : "(none)");
    put(o, "\n");
    put_line(o, "si_code ", (uint64_t)(uint32_t)trap->code, 10);
    put_line(o, "address ", trap->address, 16);
    put_line(o, "pc ", trap->pc, 16);
    for (uint32_t i = 0; i < trap->frames; i++)
        put_line(o, "from ", trap->frame[i], 16);
}

static void put_map(out *o)
{
    int     map = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    ssize_t n;

    flush(o);
    for (int i = 0; map >= 0 && i < COPIES_MAX && (n = read(map, o->text, sizeof o->text)) > 0; i++)
        put_all(o->file, o->text, (size_t)n);
    if (map >= 0)
        (void)close(map);
}

void airi_postmortem(const airi_trap *trap, const airi_trap_who *who, const char *why_not_contained)
{
    out o = { .file = -1 };

    if (who->path == NULL)
        return;
    o.file = open(who->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
    if (o.file < 0)
        return;
    put_trap(&o, trap, who);
    put(&o, "why ");
    put(&o, why_not_contained);
    put(&o, "\nmap\n");
    put_map(&o);
    (void)close(o.file);
}
