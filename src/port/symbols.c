/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names of signals, and of addresses for people. Not for signal handlers, but the names. */
#define _GNU_SOURCE
#include "port/signals.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>

const char *airi_signal_name(int signal)
{
    switch (signal) {
    case 0:
        return "a failed check";
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGFPE:
        return "SIGFPE";
    case SIGILL:
        return "SIGILL";
    case SIGABRT:
        return "SIGABRT";
    case SIGXCPU:
        return "SIGXCPU";
    default:
        return "a signal";
    }
}

int airi_symbol_print(uintptr_t address, char *out, size_t size)
{
    Dl_info info = { 0 };

    if (dladdr((void *)address, &info) == 0 || info.dli_fname == NULL)
        return snprintf(out, size, "0x%lx", (unsigned long)address);
    if (info.dli_sname != NULL)
        return snprintf(out, size, "%s+0x%lx in %s", info.dli_sname,
                        (unsigned long)(address - (uintptr_t)info.dli_saddr), info.dli_fname);
    return snprintf(out, size, "%s+0x%lx", info.dli_fname, (unsigned long)(address - (uintptr_t)info.dli_fbase));
}
