/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Fault signals of threads that run handlers: who decides whether one is contained, and where the thread goes on then.
 * The table behind it is the process's, one of the library's two globals: signal handlers, threads that are watched,
 * modules whose code may be cut off. Counted: the first system that contains installs, the last restores. */
#ifndef AIRI_PORT_SIGNALS_H
#define AIRI_PORT_SIGNALS_H

#include "port/port.h"
#include "port/stack.h"

enum {
    AIRI_TRAP_FRAMES = 32,
    AIRI_TRAP_TEXT = 128,
    AIRI_RUNAWAY_SIGNAL = 24, /* SIGXCPU: what a handler that computes too long is interrupted by */
    AIRI_TRAP_THREADS = 4096  /* watched at once; faults of more are not contained */
};

/* What is known of a fault when it happens. Its own thread's. */
typedef struct airi_trap {
    int32_t   signal; /* 0: a failed check */
    int32_t   code;
    uintptr_t address;
    uintptr_t pc;
    uintptr_t end; /* frame address of the outermost frame: which stack it is on */
    uint32_t  frames;
    uint32_t  frames_seen;
    uintptr_t frame[AIRI_TRAP_FRAMES];
    char      text[AIRI_TRAP_TEXT];
} airi_trap;

typedef struct airi_trap_thread airi_trap_thread;

/* For the post-mortem; borrowed. */
typedef struct airi_trap_who {
    const char *path; /* NULL: nothing is written */
    const char *behavior;
    const char *message;
    uint64_t    ref;
} airi_trap_who;

/* A thread that runs handlers. The three functions are called where nothing but async-signal-safe calls may be made. */
struct airi_trap_thread {
    /* fixed before airi_trap_enter */
    const char *(*refuse)(airi_trap_thread *self, const airi_trap *trap); /* why not; NULL: perhaps. May not count. */
    airi_stack *(*admit)(airi_trap_thread *self, const airi_trap *trap);  /* where to go on; NULL: too many */
    void (*describe)(airi_trap_thread *self, airi_trap_who *out_who);
    char  *stack; /* alternate signal stack, for threads that have none; NULL: they have */
    size_t stack_bytes;
    /* its own thread's */
    airi_trap trap; /* the newest that was contained */
    uint32_t  slot;
    uint64_t  mask;      /* of blocked signals, to which a contained fault goes back */
    uint64_t  unblocked; /* watched ones that were blocked before: see airi_trap_enter */
    bool      dying;     /* writing a post-mortem */
    void     *walking;   /* where to go on when a look at what the fault has left faults, too; NULL: not looking */
    void     *before[3]; /* the alternate stack that was there */
    /* read by the watch */
    AIRI_ATOMIC(int32_t) tid; /* 0: not entered */
};

/* One more system contains. False: faults cannot be contained in this build or program; nothing was done. */
bool airi_signals_acquire(void);
void airi_signals_release(void);
/* Whether an address lies in code that may be cut off. */
airt_status airi_signals_register(const void *address);
void        airi_signals_unregister(const void *address);

/* Memory for an alternate stack, which the caller was permitted; NULL: none. */
char *airi_signal_stack_map(airt_world *world, size_t *out_bytes);
void  airi_signal_stack_unmap(airt_world *world, char *stack, size_t bytes);

/* From here to leave the calling thread's faults are looked at. */
void airi_trap_enter(airi_trap_thread *thread);
void airi_trap_leave(airi_trap_thread *thread);
/* Interrupts a thread that has entered, as if by SIGXCPU. Any thread; it may have left, and nothing happens. */
void airi_trap_nudge(airi_trap_thread *thread);

/* "name+0x12 in file", or what is known of it. Returns the length of the whole text, as snprintf. */
int airi_symbol_print(uintptr_t address, char *out, size_t size);
/* "SIGSEGV"; never NULL. */
const char *airi_signal_name(int signal);

#endif
